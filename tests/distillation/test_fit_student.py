from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier
from skcmkd._distillation._fit_student import check_accepts_soft_targets, fit_student
from skcmkd._distillation._student_loss import StudentLoss, loss_weights
from skcmkd._distillation._training_data import UNLABELED, TrainingData
from skcmkd._linear_model._soft_logistic import supports_soft_targets
from skcmkd._losses._teacher_cohort import AlignmentSpec
from skcmkd._model_selection._pipelines import final_estimator
from skcmkd.unpaired._teacher_fit import make_cohort


@pytest.fixture
def data():
    """30 labeled rows, of which the first four have no teacher, and 50 unlabeled rows."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(80, 3))
    y = np.append(rng.randint(3, size=30), np.full(50, UNLABELED))
    proba = softmax(rng.normal(size=(80, 3)), axis=1)
    proba[:4] = np.nan
    return TrainingData(X, y, proba, np.arange(3))


def test_loss_weights_mix_the_means():
    labeled, has_soft_target = np.arange(10) < 4, np.arange(10) > 1
    a, b = loss_weights(labeled, has_soft_target, 0.25)
    loss, divergence = np.random.RandomState(0).uniform(size=(2, 10))
    n = 0.75 * 4 + 0.25 * 8
    expected = n * (0.75 * loss[labeled].mean() + 0.25 * divergence[has_soft_target].mean())
    np.testing.assert_allclose(a @ loss + b @ divergence, expected)


def test_loss_weights_where_every_row_has_both():
    every_row = np.ones(7, dtype=bool)
    a, b = loss_weights(every_row, every_row, 0.3)
    np.testing.assert_allclose(a, 0.7)
    np.testing.assert_allclose(b, 0.3)


def test_loss_weights_of_separate_rows():
    """Every row weighs 1 at alpha = n_s / (n_l + n_s), and n is Kish's effective number of rows."""
    labeled = np.arange(10) < 4
    a, b = loss_weights(labeled, ~labeled, 0.6)
    np.testing.assert_allclose(a + b, 1)
    a, b = loss_weights(labeled, ~labeled, 0.3)
    total = a + b
    np.testing.assert_allclose(total.sum(), total.sum() ** 2 / (total**2).sum())
    np.testing.assert_allclose(b.sum() / total.sum(), 0.3)


def test_loss_weights_with_row_weights_are_those_of_repeated_rows():
    labeled, has_soft_target = np.arange(6) < 4, np.arange(6) > 1
    repeats = np.array([1, 2, 0, 3, 1, 2])
    a, b = loss_weights(labeled, has_soft_target, 0.4, repeats.astype(float))
    repeated_a, repeated_b = loss_weights(np.repeat(labeled, repeats), np.repeat(has_soft_target, repeats), 0.4)
    for weights, repeated in ((a, repeated_a), (b, repeated_b)):
        np.testing.assert_allclose(
            weights[repeats > 0] / repeats[repeats > 0], repeated[np.cumsum(repeats)[repeats > 0] - 1]
        )
        assert (weights[repeats == 0] == 0).all()


@pytest.mark.parametrize(("solver", "by_targets"), [("lbfgs", True), ("newton-cg", False)])
def test_linear_student_minimizes_the_soft_cross_entropy(data, solver, by_targets):
    """Weighted rows, and the targets themselves, against a direct minimization of the soft objective, to 1e-6."""
    alpha, C = 0.4, 0.5
    student = LogisticRegression(C=C, tol=1e-10, max_iter=10_000, solver=solver)
    assert supports_soft_targets(student) == by_targets
    student = fit_student(student, data, StudentLoss(alpha, 2.0))
    X, proba, soft = data.X, data.soft_targets, data.has_soft_target
    n = (1 - alpha) * 30 + alpha * soft.sum()

    def objective(parameters):
        W, b = parameters[:9].reshape(3, 3), parameters[9:]
        log_p = log_softmax(X @ W.T + b, axis=1)
        label = -log_p[np.arange(30), data.y[:30]].mean()
        teacher = -(proba[soft] * log_p[soft]).sum(axis=1).mean()
        return C * n * ((1 - alpha) * label + alpha * teacher) + 0.5 * (W**2).sum()

    best = minimize(objective, np.zeros(12), method="BFGS", options={"gtol": 1e-8})
    expected = softmax(X @ best.x[:9].reshape(3, 3).T + best.x[9:], axis=1)
    np.testing.assert_allclose(student.predict_proba(X), expected, atol=1e-6)


@pytest.mark.parametrize("student", [LogisticRegression(), NetworkClassifier(max_epochs=5, random_state=0)])
def test_alpha_zero_is_the_student_alone(data, student):
    X, y = data.X[:30], data.y[:30]
    alone = clone(student).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(fit_student(student, data, StudentLoss()).predict_proba(X), alone)


@pytest.mark.parametrize("model", [LogisticRegression(C=0.5), NetworkClassifier(max_epochs=8, random_state=0)])
def test_pipeline_is_its_steps(data, model):
    """Transformers are fitted to the labeled rows; the last step is trained on the transformed table."""
    pipeline = fit_student(make_pipeline(StandardScaler(), clone(model)), data, StudentLoss(0.5, 2.0))
    scaler = StandardScaler().fit(data.X[:30])
    direct = fit_student(clone(model), replace(data, X=scaler.transform(data.X)), StudentLoss(0.5, 2.0))
    np.testing.assert_array_equal(pipeline.predict_proba(data.X), direct.predict_proba(scaler.transform(data.X)))


def test_teacher_alone_keeps_all_classes(data):
    data.soft_targets[:, 2] = 0
    assert list(fit_student(LogisticRegression(), data, StudentLoss(1.0)).classes_) == [0, 1, 2]


def test_network_follows_a_certain_teacher(data):
    """At alpha = 1 the network learns the teacher's classes, whatever the labels."""
    rule = (data.X[:, 0] > 0).astype(int)
    network = NetworkClassifier(max_epochs=100, validation_fraction=0, random_state=0)
    fit_student(network, replace(data, soft_targets=np.eye(3)[rule]), StudentLoss(1.0))
    assert (network.predict(data.X) == rule).mean() > 0.9


def test_a_label_of_weight_zero_does_not_change_a_student_on_repeated_rows(data):
    """Its rows are kept for their class alone."""
    labeled = data.labeled_rows()
    weight = (np.arange(30) % 3 > 0).astype(float)
    student = LogisticRegression(solver="newton-cg", tol=1e-10)
    weighted = fit_student(clone(student), replace(labeled, sample_weight=weight), StudentLoss(0.5))
    absent = fit_student(clone(student), labeled.take(weight > 0), StudentLoss(0.5))
    np.testing.assert_allclose(weighted.coef_, absent.coef_, rtol=1e-5)


def test_students_that_take_no_weights():
    with pytest.raises(
        ValueError, match="KNeighborsClassifier cannot be trained on soft targets: its fit takes no sample_weight"
    ):
        check_accepts_soft_targets(make_pipeline(StandardScaler(), KNeighborsClassifier()))
    check_accepts_soft_targets(make_pipeline(StandardScaler(), NetworkClassifier()))


# Continuous targets


@pytest.fixture
def continuous():
    """30 rows with a target, of which the first four have no teacher, and 20 without a target; two outputs."""
    rng = np.random.RandomState(0)
    y, soft_targets = rng.normal(size=(2, 50, 2))
    y[30:], soft_targets[:4] = np.nan, np.nan
    return TrainingData(rng.normal(size=(50, 3)), y, soft_targets, np.empty(0))


def test_mixed_targets_minimize_both_squared_errors(continuous):
    """The weighted least-squares solution of both means, by normal equations."""
    alpha, data = 0.3, continuous
    student = fit_student(LinearRegression(), data, StudentLoss(alpha))
    rows, soft = np.arange(30), np.flatnonzero(data.has_soft_target)
    A = np.hstack([data.X, np.ones((50, 1))])[np.concatenate([rows, soft])]
    b = np.concatenate([data.y[rows], data.soft_targets[soft]])
    w = np.concatenate([np.full(30, (1 - alpha) / 30), np.full(len(soft), alpha / len(soft))])[:, None]
    coef = np.linalg.solve(A.T @ (w * A), A.T @ (w * b))
    np.testing.assert_allclose(student.coef_, coef[:-1].T)
    np.testing.assert_allclose(student.intercept_, coef[-1])


def test_a_regressor_without_weights_is_fitted_where_all_rows_weigh_the_same(continuous):
    complete = continuous.take(np.arange(50) // 4 % 7 > 0).labeled_rows()
    complete = complete.take(complete.has_soft_target)
    student = fit_student(KNeighborsRegressor(), complete, StudentLoss(0.3))
    direct = KNeighborsRegressor().fit(complete.X, 0.7 * complete.y + 0.3 * complete.soft_targets)
    np.testing.assert_allclose(student.predict(continuous.X), direct.predict(continuous.X))
    with pytest.raises(ValueError, match=r"KNeighborsRegressor takes no sample_weight.*rows differ in weight"):
        fit_student(KNeighborsRegressor(), continuous, StudentLoss(0.3))


# Alignment with a teacher's cohort

NETWORK = NetworkClassifier((8, 4), max_epochs=5, linear_weight=0, random_state=0)


def without_soft_targets(data):
    return replace(data, soft_targets=np.full_like(data.soft_targets, np.nan))


def make_alignment(data, **changed):
    """Alignment with a cohort of 40 rows and two features whose classes are far apart."""
    rng = np.random.RandomState(1)
    y = rng.randint(3, size=40)
    features = rng.normal(size=(40, 2)) + 4 * np.array([[0, 1], [1, 0], [-1, -1]])[y]
    teacher = LogisticRegression().fit(features, y)
    cohort = make_cohort(teacher, features, y, data.classes, data.y[data.labeled], "decision_function")
    settings = {"name": "prototypes", "weight": 1.0, "cost": "euclidean", "reg": 0.0}
    return AlignmentSpec(cohort=cohort, inner_steps=1, inner_learning_rate=0.01, **{**settings, **changed})


def fit_aligned(data, alpha=0.0, network=NETWORK, **changed):
    return fit_student(clone(network), data, StudentLoss(alpha, alignment=make_alignment(data, **changed)))


def test_alignment_of_weight_zero_is_the_student_alone(data):
    labeled = without_soft_targets(data.labeled_rows())
    alone = clone(NETWORK).fit(labeled.X, labeled.y)
    student = fit_aligned(labeled, alpha=0.5, weight=0.0)
    np.testing.assert_allclose(student.predict_proba(data.X), alone.predict_proba(data.X), atol=1e-6)


def test_fitted_network_keeps_nothing_of_the_alignment(data):
    """Its output are class scores again."""
    student = fit_aligned(without_soft_targets(data), alpha=0.5)
    assert not student.net_.module_.return_features
    assert student.predict_proba(data.X).shape == (80, 3)
    assert all(np.isfinite(epoch["train_alignment"]) for epoch in student.net_.history)


def test_pipeline_is_aligned_on_the_transformed_table(data):
    data = without_soft_targets(data)
    pipeline = fit_aligned(data, network=make_pipeline(StandardScaler(), NETWORK))
    X = StandardScaler().fit(data.X[:30]).transform(data.X)
    direct = fit_student(clone(NETWORK), replace(data, X=X), StudentLoss(alignment=make_alignment(data)))
    np.testing.assert_array_equal(pipeline.predict_proba(data.X), direct.predict_proba(X))
    assert final_estimator(pipeline) is pipeline[-1]


@pytest.mark.parametrize("rows", [slice(0, 9), slice(30, 39)], ids=["labeled", "unlabeled"])
def test_teacher_features_of_either_kind_of_row_change_the_student_and_missing_ones_do_not(data, rows):
    data = without_soft_targets(data)
    without = fit_aligned(data).predict_proba(data.X)
    features = np.full((80, 2), np.nan, dtype=np.float32)
    missing = fit_aligned(replace(data, teacher_features=features)).predict_proba(data.X)
    np.testing.assert_array_equal(missing, without)
    features[rows] = 3.0
    assert (fit_aligned(replace(data, teacher_features=features)).predict_proba(data.X) != without).any()


def test_rows_with_teacher_features_are_aligned_with_them(data):
    """The linear map of the representation that fits the features best leaves less of them than before."""
    data = without_soft_targets(data)
    target = data.X[:30, :2] * [1, -1]
    features = np.vstack([target, np.full((50, 2), np.nan)]).astype(np.float32)
    long = clone(NETWORK).set_params(max_epochs=60)

    def residual(student):
        design = np.column_stack([student.transform(data.X[:30]), np.ones(30)])
        return ((target - design @ np.linalg.lstsq(design, target, rcond=None)[0]) ** 2).mean()

    with_features = fit_aligned(replace(data, teacher_features=features), network=long, weight=20.0)
    assert residual(with_features) < 0.5 * residual(fit_aligned(data, network=long, weight=20.0))


def test_the_alignment_has_the_classes_of_the_training_data(data):
    """A fit without a class equals one with the cohort of the other classes."""
    part = without_soft_targets(data).take(data.y != 1)
    alignment = make_alignment(data)
    assert set(alignment.take_classes(part.classes).cohort.codes) == {0, 1}
    np.testing.assert_allclose(alignment.take_classes(part.classes).cohort.class_priors.sum(), 1)
    student = fit_student(clone(NETWORK), part, StudentLoss(alignment=alignment))
    direct = fit_student(clone(NETWORK), part, StudentLoss(alignment=alignment.take_classes(part.classes)))
    assert list(student.classes_) == [0, 2]
    np.testing.assert_array_equal(student.predict_proba(data.X), direct.predict_proba(data.X))


def test_soft_targets_of_classes_absent_from_the_teacher_are_not_used(data):
    """The probabilities of such a class, and of no other, may be anything."""
    data = replace(data, teacher_classes=np.array([0, 2]))
    expected = fit_student(clone(NETWORK), data, StudentLoss(0.5)).predict_proba(data.X)
    spoiled = replace(data, soft_targets=data.soft_targets.copy())
    spoiled.soft_targets[:, 1] = 0.9
    student = fit_student(clone(NETWORK), spoiled, StudentLoss(0.5))
    np.testing.assert_array_equal(student.predict_proba(data.X), expected)
