import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime
from scipy.sparse import csr_array, csr_matrix
from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import PairedDistiller
from skcmkd._linear_model._soft_logistic import fit_soft_logistic, soft_cross_entropy, supports_soft_targets

N_ROWS, N_COLUMNS = 60, 4


def draw(n_classes, seed=0):
    """Rows, and soft targets of differing weight; some rows have weight 0, and some targets are certain."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(N_ROWS, N_COLUMNS)) + np.array([0, 3, 0, -1])
    target = softmax(3 * rng.normal(size=(N_ROWS, n_classes)), axis=1)
    target[:20] = np.eye(n_classes)[np.arange(20) % n_classes]
    target *= rng.uniform(0.2, 2, size=(N_ROWS, 1))
    target[50:55] = 0
    return X, target


def repeated_rows(model, X, target):
    """scikit-learn's fit to each row once for each class."""
    rows, codes = np.indices(target.shape).reshape(2, -1)
    return model.fit(X[rows], codes, target.ravel())


SETTINGS = {
    "usual": {},
    "strong penalty": {"C": 0.01},
    "no penalty": {"C": np.inf},
    "no intercept": {"fit_intercept": False},
    "weighted classes": {"class_weight": {0: 3.0, 1: 0.5}},
    "balanced": {"class_weight": "balanced"},
}


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("setting", SETTINGS)
def test_same_optimum_as_repeated_rows(n_classes, setting):
    X, target = draw(n_classes)
    precise = {"tol": 1e-10, "max_iter": 10_000, **SETTINGS[setting]}
    expected = repeated_rows(LogisticRegression(**precise), X, target)
    result = fit_soft_logistic(LogisticRegression(**precise), X, target, np.arange(n_classes))
    np.testing.assert_allclose(result.coef_, expected.coef_, atol=1e-5)
    np.testing.assert_allclose(result.intercept_, expected.intercept_, atol=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_fitted_attributes_are_those_of_scikit_learn(n_classes):
    X, target = draw(n_classes)
    frame = pd.DataFrame(X, columns=list("abcd"))
    rows, codes = np.indices(target.shape).reshape(2, -1)
    names = np.array(["no", "perhaps", "yes"])[:n_classes]
    expected = LogisticRegression().fit(frame.iloc[rows], names[codes], target.ravel())
    result = fit_soft_logistic(LogisticRegression(), frame, target, names)
    assert set(vars(result)) == set(vars(expected))
    for name in ("classes_", "feature_names_in_"):
        np.testing.assert_array_equal(getattr(result, name), getattr(expected, name))
    for name in ("coef_", "intercept_", "n_iter_"):
        left, right = getattr(result, name), getattr(expected, name)
        assert (left.shape, left.dtype) == (right.shape, right.dtype)
    assert result.n_features_in_ == N_COLUMNS
    assert abs(int(result.n_iter_[0]) - int(expected.n_iter_[0])) <= 2
    np.testing.assert_allclose(result.predict_proba(frame), expected.predict_proba(frame), atol=1e-3)


@pytest.mark.parametrize("form", [csr_array, csr_matrix, np.asfortranarray])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_forms_of_the_table(form, n_classes):
    X, target = draw(n_classes)
    classes = np.arange(n_classes)
    expected = fit_soft_logistic(LogisticRegression(tol=1e-8), X, target, classes)
    result = fit_soft_logistic(LogisticRegression(tol=1e-8), form(X), target, classes)
    np.testing.assert_allclose(result.coef_, expected.coef_, atol=1e-6)


def test_single_precision_stays_single():
    X, target = draw(3)
    expected = fit_soft_logistic(LogisticRegression(), X, target, np.arange(3))
    result = fit_soft_logistic(LogisticRegression(), X.astype(np.float32), target, np.arange(3))
    assert result.coef_.dtype == result.intercept_.dtype == np.float32
    assert result.predict_proba(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(result.coef_, expected.coef_, atol=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_gradient_is_that_of_the_objective(n_classes, fit_intercept):
    X, target = draw(n_classes)
    free = target.T[1:] if n_classes == 2 else target.T
    arguments = X, free, target.sum(axis=1), 0.3, fit_intercept
    point = np.random.RandomState(1).normal(size=len(free) * (N_COLUMNS + fit_intercept))
    expected = approx_fprime(point, lambda W: soft_cross_entropy(W, *arguments)[0], 1e-7)
    np.testing.assert_allclose(soft_cross_entropy(point, *arguments)[1], expected, atol=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_objective_is_the_mean_cross_entropy_and_the_penalty(n_classes):
    X, target = draw(n_classes)
    free = target.T[1:] if n_classes == 2 else target.T
    W = np.random.RandomState(1).normal(size=(len(free), N_COLUMNS + 1))
    scores = X @ W[:, :-1].T + W[:, -1]
    if n_classes == 2:
        scores = np.column_stack([np.zeros(N_ROWS), scores])
    cross_entropy = -(target * np.log(softmax(scores, axis=1))).sum() / target.sum()
    expected = cross_entropy + 0.3 / 2 * (W[:, :-1] ** 2).sum()
    np.testing.assert_allclose(soft_cross_entropy(W.ravel(), X, free, target.sum(axis=1), 0.3, True)[0], expected)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_scores_beyond_the_range_of_the_exponential(n_classes):
    """exp(1000) overflows; the objective does not."""
    target = np.eye(n_classes)[[0, 1]]
    free = target.T[1:] if n_classes == 2 else target.T
    W = np.zeros((len(free), 1))
    W[-1 if n_classes == 2 else 1] = 1000.0
    X = np.array([[1.0], [-1.0]])
    value, gradient = soft_cross_entropy(W.ravel(), X, free, np.ones(2), 0.0, False)
    scores = np.column_stack([np.zeros(2), X @ W.T]) if n_classes == 2 else X @ W.T
    assert value == pytest.approx(-(target * log_softmax(scores, axis=1)).sum() / 2)
    assert value >= 1000
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 3.0}])
def test_class_without_mass(class_weight):
    """A class without mass is among the classes, and class weights do not change it."""
    X, target = draw(3)
    target[:, 1] = 0
    result = fit_soft_logistic(LogisticRegression(class_weight=class_weight), X, target, np.arange(3))
    np.testing.assert_array_equal(result.classes_, [0, 1, 2])
    assert result.predict_proba(X)[:, 1].max() < 0.1


def test_warns_where_scikit_learn_does():
    X, target = draw(3)
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        result = fit_soft_logistic(LogisticRegression(max_iter=2), X, target, np.arange(3))
    assert result.n_iter_ == 2


def test_wrong_settings_raise_as_in_scikit_learn():
    with pytest.raises(ValueError, match="'C' parameter of LogisticRegression"):
        fit_soft_logistic(LogisticRegression(C=-1), *draw(2), np.arange(2))


class Subclass(LogisticRegression):
    """A student that may override ``fit``."""


@pytest.mark.parametrize(
    ("model", "supported"),
    [
        (LogisticRegression(), True),
        (LogisticRegression(C=np.inf, tol=1e-6, max_iter=7, class_weight="balanced", fit_intercept=False), True),
        (LogisticRegression(random_state=0, intercept_scaling=2), True),
        (LogisticRegression(solver="liblinear"), False),
        (LogisticRegression(solver="saga"), False),
        (LogisticRegression(solver="saga", l1_ratio=0.5), False),
        (LogisticRegression(penalty="l1", solver="liblinear"), False),
        (LogisticRegression(warm_start=True), False),
        (Subclass(), False),
    ],
    ids=str,
)
def test_which_students_are_supported(model, supported):
    assert supports_soft_targets(model) == supported


@pytest.mark.parametrize("as_pipeline", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_distilled_students_equal_those_of_repeated_rows(n_classes, as_pipeline):
    """A subclass falls back on repeated rows, and LogisticRegression() does not; both minimize one objective."""
    rng = np.random.RandomState(0)
    y = rng.randint(n_classes, size=80)
    X, T = rng.normal(size=(80, 3)) + y[:, None], rng.normal(size=(80, 4)) + 2 * y[:, None]
    assert supports_soft_targets(LogisticRegression())
    proba = []
    for student_class in (LogisticRegression, Subclass):
        student = student_class(tol=1e-8, max_iter=1000)
        student = make_pipeline(StandardScaler(), student) if as_pipeline else student
        distiller = PairedDistiller(student, LogisticRegression(), alpha=0.7, random_state=0).fit(X, y, X_teacher=T)
        proba.append(distiller.predict_proba(X))
    np.testing.assert_allclose(proba[0], proba[1], atol=1e-5)
