from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier
from skcmkd._distillation._fit_student import check_student, fit_student, row_weights
from skcmkd._distillation._training_data import Lesson
from skcmkd._linear_model._soft_logistic import supports_soft_targets
from skcmkd._losses._teacher_cohort import Alignment
from skcmkd._model_selection._pipelines import final_estimator
from skcmkd.unpaired._teacher_cohort import build_cohort


@pytest.fixture
def lesson():
    rng = np.random.RandomState(0)
    X, X_unlabeled = rng.normal(size=(30, 3)), rng.normal(size=(50, 3))
    y = rng.randint(3, size=30)
    proba = softmax(rng.normal(size=(30, 3)), axis=1)
    proba[:4] = np.nan
    unlabeled = softmax(rng.normal(size=(50, 3)), axis=1)
    return Lesson(X, y, proba, X_unlabeled, unlabeled, np.arange(3))


def test_row_weights_mix_the_means():
    labelled, taught = np.arange(10) < 4, np.arange(10) > 1
    a, b = row_weights(labelled, taught, 0.25)
    loss, divergence = np.random.RandomState(0).uniform(size=(2, 10))
    n_speaking = 0.75 * 4 + 0.25 * 8
    expected = n_speaking * (0.75 * loss[labelled].mean() + 0.25 * divergence[taught].mean())
    np.testing.assert_allclose(a @ loss + b @ divergence, expected)


def test_row_weights_where_every_row_has_both():
    everyone = np.ones(7, dtype=bool)
    a, b = row_weights(everyone, everyone, 0.3)
    np.testing.assert_allclose(a, 0.7)
    np.testing.assert_allclose(b, 0.3)


@pytest.mark.parametrize(("solver", "by_targets"), [("lbfgs", True), ("newton-cg", False)])
def test_linear_student_minimises_the_soft_cross_entropy(lesson, solver, by_targets):
    """Weighted rows and targets themselves against a direct minimisation of the soft objective, to 1e-6."""
    alpha, C = 0.4, 0.5
    student = LogisticRegression(C=C, tol=1e-10, max_iter=10_000, solver=solver)
    assert supports_soft_targets(student) == by_targets
    student = fit_student(student, lesson, alpha, 2.0)
    X = np.concatenate([lesson.X, lesson.X_unlabeled])
    proba = np.concatenate([lesson.opinion, lesson.unlabeled_opinion])
    taught = ~np.isnan(proba).any(axis=1)
    n_speaking = (1 - alpha) * 30 + alpha * taught.sum()

    def objective(parameters):
        W, b = parameters[:9].reshape(3, 3), parameters[9:]
        log_p = log_softmax(X @ W.T + b, axis=1)
        label = -log_p[np.arange(30), lesson.y].mean()
        teacher = -(proba[taught] * log_p[taught]).sum(axis=1).mean()
        return C * n_speaking * ((1 - alpha) * label + alpha * teacher) + 0.5 * (W**2).sum()

    best = minimize(objective, np.zeros(12), method="BFGS", options={"gtol": 1e-8})
    expected = softmax(X @ best.x[:9].reshape(3, 3).T + best.x[9:], axis=1)
    np.testing.assert_allclose(student.predict_proba(X), expected, atol=1e-6)


@pytest.mark.parametrize("student", [LogisticRegression(), NetworkClassifier(max_epochs=5, random_state=0)])
def test_alpha_zero_is_the_student_alone(lesson, student):
    alone = student.fit(lesson.X, lesson.y).predict_proba(lesson.X)
    taught = fit_student(student, lesson, 0.0, 2.0).predict_proba(lesson.X)
    np.testing.assert_array_equal(taught, alone)


@pytest.mark.parametrize("model", [LogisticRegression(C=0.5), NetworkClassifier(max_epochs=8, random_state=0)])
def test_pipeline_is_its_steps(lesson, model):
    """Transformers see the labelled rows; the last step is taught on what they give."""
    pipeline = fit_student(make_pipeline(StandardScaler(), model), lesson, 0.5, 2.0)
    scaler = StandardScaler().fit(lesson.X)
    by_hand = Lesson(
        scaler.transform(lesson.X),
        lesson.y,
        lesson.opinion,
        scaler.transform(lesson.X_unlabeled),
        lesson.unlabeled_opinion,
        lesson.classes,
    )
    direct = fit_student(model.__class__(**model.get_params()), by_hand, 0.5, 2.0)
    np.testing.assert_array_equal(pipeline.predict_proba(lesson.X), direct.predict_proba(scaler.transform(lesson.X)))


def test_teacher_alone_keeps_all_classes(lesson):
    lesson.opinion[:, 2] = 0
    lesson.unlabeled_opinion[:, 2] = 0
    assert list(fit_student(LogisticRegression(), lesson, 1.0, 2.0).classes_) == [0, 1, 2]


def test_network_follows_a_sure_teacher(lesson):
    """At alpha = 1 the network learns the teacher's classes, whatever the labels."""
    rule = (lesson.X[:, 0] > 0).astype(int)
    lesson.opinion = np.eye(3)[rule]
    lesson.unlabeled_opinion = np.eye(3)[(lesson.X_unlabeled[:, 0] > 0).astype(int)]
    network = NetworkClassifier(max_epochs=100, validation_fraction=0, random_state=0)
    assert (fit_student(network, lesson, 1.0, 1.0).predict(lesson.X) == rule).mean() > 0.9


def test_training_data_of_rows_has_their_classes(lesson):
    rows = np.flatnonzero(lesson.y != 1)
    part = lesson.take(rows)
    assert list(part.classes) == [0, 2]
    taught = ~np.isnan(part.opinion[:, 0])
    assert taught.sum() == (~np.isnan(lesson.opinion[rows, 0])).sum()
    np.testing.assert_allclose(part.opinion[taught].sum(axis=1), 1)
    np.testing.assert_allclose(part.unlabeled_opinion.sum(axis=1), 1)


def test_student_that_takes_no_weights():
    with pytest.raises(ValueError, match="KNeighborsClassifier cannot be taught: its fit takes no sample_weight"):
        check_student(make_pipeline(StandardScaler(), KNeighborsClassifier()))


# Alignment with a teacher's cohort

NETWORK = NetworkClassifier((8, 4), max_epochs=5, random_state=0)


def align(lesson, **changed):
    """The lesson with a cohort of 40 rows and two features, their classes far apart, and nobody's opinion."""
    rng = np.random.RandomState(1)
    y = rng.randint(3, size=40)
    features = rng.normal(size=(40, 2)) + 4 * np.array([[0, 1], [1, 0], [-1, -1]])[y]
    teacher = LogisticRegression().fit(features, y)
    cohort = build_cohort(teacher, features, y, lesson.classes, lesson.y, "decision_function")
    settings = {"name": "prototypes", "weight": 1.0, "cost": "euclidean", "reg": 0.0, "reg_m": None}
    alignment = Alignment(cohort=cohort, inner_steps=1, inner_learning_rate=0.01, **{**settings, **changed})
    return replace(
        lesson,
        opinion=np.full((30, 3), np.nan),
        unlabeled_opinion=np.full((50, 3), np.nan),
        alignment=alignment,
    )


def test_alignment_of_weight_zero_is_the_student_alone(lesson):
    alone = fit_student(NetworkClassifier(**NETWORK.get_params()), replace(lesson, X_unlabeled=None), 0.0, 1.0)
    aligned = replace(align(lesson, weight=0.0), X_unlabeled=None, unlabeled_opinion=np.empty((0, 3)))
    found = fit_student(NetworkClassifier(**NETWORK.get_params()), aligned, 0.5, 1.0)
    np.testing.assert_allclose(found.predict_proba(lesson.X), alone.predict_proba(lesson.X), atol=1e-6)


def test_fitted_network_keeps_nothing_of_the_alignment(lesson):
    """Its output is its scores again."""
    found = fit_student(NetworkClassifier(**NETWORK.get_params()), align(lesson), 0.5, 1.0)
    assert not found.net_.module_.return_features
    assert found.predict_proba(lesson.X).shape == (30, 3)
    assert all(np.isfinite(epoch["train_alignment"]) for epoch in found.net_.history)


def test_pipeline_is_aligned_on_what_its_steps_give(lesson):
    aligned = align(lesson)
    pipeline = fit_student(make_pipeline(StandardScaler(), NetworkClassifier(**NETWORK.get_params())), aligned, 0, 1.0)
    scaler = StandardScaler().fit(lesson.X)
    inside = replace(aligned, X=scaler.transform(lesson.X), X_unlabeled=scaler.transform(lesson.X_unlabeled))
    direct = fit_student(NetworkClassifier(**NETWORK.get_params()), inside, 0, 1.0)
    np.testing.assert_array_equal(pipeline.predict_proba(lesson.X), direct.predict_proba(scaler.transform(lesson.X)))
    assert final_estimator(pipeline) is pipeline[-1]


def test_anchors_of_either_kind_change_the_student_and_none_do_not(lesson):
    aligned = align(lesson)
    without = fit_student(NetworkClassifier(**NETWORK.get_params()), aligned, 0.0, 1.0).predict_proba(lesson.X)
    nowhere = {"anchors": np.full((30, 2), np.nan), "unlabeled_anchors": np.full((50, 2), np.nan)}
    somewhere = {name: np.where(np.arange(len(a))[:, None] < 9, 3.0, a) for name, a in nowhere.items()}
    for changed, same in (
        (nowhere, True),
        ({"anchors": nowhere["anchors"]}, True),
        ({"anchors": somewhere["anchors"]}, False),
        ({"unlabeled_anchors": somewhere["unlabeled_anchors"]}, False),
    ):
        found = fit_student(NetworkClassifier(**NETWORK.get_params()), replace(aligned, **changed), 0.0, 1.0)
        assert (found.predict_proba(lesson.X) == without).all() == same


def test_anchored_rows_go_to_their_anchors(lesson):
    """The linear map of the representation that fits the anchors best leaves less of them than before."""
    target = lesson.X[:, :2] * [1, -1]
    aligned = replace(align(lesson, weight=20.0), anchors=target.astype(np.float32))
    long = {**NETWORK.get_params(), "max_epochs": 60}

    def left_over(found):
        design = np.column_stack([found.transform(lesson.X), np.ones(30)])
        return ((target - design @ np.linalg.lstsq(design, target, rcond=None)[0]) ** 2).mean()

    with_anchors = fit_student(NetworkClassifier(**long), aligned, 0.0, 1.0)
    without = fit_student(NetworkClassifier(**long), replace(aligned, anchors=None), 0.0, 1.0)
    assert left_over(with_anchors) < 0.5 * left_over(without)


def test_positions_of_the_classes_that_the_teacher_knows(lesson):
    assert lesson.taught_positions() is None
    assert replace(lesson, teacher_classes=np.array([0, 1, 2, 7])).taught_positions() is None
    part = replace(lesson, teacher_classes=np.array([2, 0]))
    assert part.taught_positions() == [0, 2]
    assert part.take(np.flatnonzero(lesson.y != 0)).taught_positions() == [1]


def test_soft_target_of_a_class_that_the_teacher_does_not_know_is_not_used(lesson):
    """What it says of such a class, and of no other, may be anything."""
    taught = np.array([0, 2])
    spoiled = replace(lesson, teacher_classes=taught)
    spoiled.opinion, spoiled.unlabeled_opinion = lesson.opinion.copy(), lesson.unlabeled_opinion.copy()
    spoiled.opinion[:, 1] = spoiled.unlabeled_opinion[:, 1] = 0.9
    heard = fit_student(NetworkClassifier(**NETWORK.get_params()), replace(lesson, teacher_classes=taught), 0.5, 1.0)
    found = fit_student(NetworkClassifier(**NETWORK.get_params()), spoiled, 0.5, 1.0)
    np.testing.assert_array_equal(found.predict_proba(lesson.X), heard.predict_proba(lesson.X))


def test_training_data_of_rows_takes_its_alignment_along(lesson):
    anchors = np.arange(60.0).reshape(30, 2)
    rows = np.flatnonzero(lesson.y != 1)
    part = replace(align(lesson), anchors=anchors).take(rows)
    np.testing.assert_array_equal(part.anchors, anchors[rows])
    assert set(part.alignment.cohort.codes) == {0, 1}
    np.testing.assert_allclose(part.alignment.cohort.shares.sum(), 1)
