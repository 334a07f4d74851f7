import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier
from skcmkd._soft_targets import Lesson, check_student, fit_student, row_weights


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


def test_repeated_rows_minimise_the_soft_cross_entropy(lesson):
    """The weighted-row form against a direct minimisation of the soft objective, to 1e-6."""
    alpha, C = 0.4, 0.5
    student = fit_student(LogisticRegression(C=C, tol=1e-12, max_iter=10_000), lesson, alpha, 2.0)
    X = np.concatenate([lesson.X, lesson.X_unlabeled])
    proba = np.concatenate([lesson.teacher_proba, lesson.unlabeled_proba])
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
        lesson.teacher_proba,
        scaler.transform(lesson.X_unlabeled),
        lesson.unlabeled_proba,
        lesson.classes,
    )
    direct = fit_student(model.__class__(**model.get_params()), by_hand, 0.5, 2.0)
    np.testing.assert_array_equal(pipeline.predict_proba(lesson.X), direct.predict_proba(scaler.transform(lesson.X)))


def test_teacher_alone_keeps_all_classes(lesson):
    lesson.teacher_proba[:, 2] = 0
    lesson.unlabeled_proba[:, 2] = 0
    assert list(fit_student(LogisticRegression(), lesson, 1.0, 2.0).classes_) == [0, 1, 2]


def test_network_follows_a_sure_teacher(lesson):
    """At alpha = 1 the network learns the teacher's classes, whatever the labels."""
    rule = (lesson.X[:, 0] > 0).astype(int)
    lesson.teacher_proba = np.eye(3)[rule]
    lesson.unlabeled_proba = np.eye(3)[(lesson.X_unlabeled[:, 0] > 0).astype(int)]
    network = NetworkClassifier(max_epochs=100, validation_fraction=0, random_state=0)
    assert (fit_student(network, lesson, 1.0, 1.0).predict(lesson.X) == rule).mean() > 0.9


def test_lesson_of_rows_has_their_classes(lesson):
    rows = np.flatnonzero(lesson.y != 1)
    part = lesson.of_rows(rows)
    assert list(part.classes) == [0, 2]
    taught = ~np.isnan(part.teacher_proba[:, 0])
    assert taught.sum() == (~np.isnan(lesson.teacher_proba[rows, 0])).sum()
    np.testing.assert_allclose(part.teacher_proba[taught].sum(axis=1), 1)
    np.testing.assert_allclose(part.unlabeled_proba.sum(axis=1), 1)


def test_student_that_takes_no_weights():
    with pytest.raises(ValueError, match="KNeighborsClassifier cannot be taught: its fit takes no sample_weight"):
        check_student(make_pipeline(StandardScaler(), KNeighborsClassifier()))
