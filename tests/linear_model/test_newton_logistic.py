import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skcmkd._linear_model import _logistic
from skcmkd._linear_model._logistic import GroupLogisticRegressionCV
from skcmkd._linear_model._newton_logistic import newton_logistic


def draw(n_classes, n=60, n_columns=5, seed=0):
    rng = np.random.RandomState(seed)
    y = np.r_[np.arange(n_classes), rng.randint(n_classes, size=n - n_classes)]
    return rng.normal(size=(n, n_columns)) + np.eye(n_classes, n_columns)[y], y


def fit_all(X, y, weights, C):
    """Parameters of all models from zero, and the probabilities of the scored classes."""
    n_classes = y.max() + 1
    scored = np.arange(1 if n_classes == 2 else 0, n_classes)
    target = (y == scored[:, None]).astype(float)
    start = np.zeros((len(weights), len(scored), X.shape[1] + 1))
    return newton_logistic(np.column_stack([X, np.ones(len(X))]), target, weights, C, start)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("C", [1e-4, 1.0, 100.0])
def test_models_are_those_of_scikit_learn(n_classes, C):
    """Three models at once: of all rows, of some of them, and with weights."""
    X, y = draw(n_classes)
    rng = np.random.RandomState(1)
    weights = np.stack([np.ones(60), (np.arange(60) % 4 != 3).astype(float), rng.uniform(0.2, 3, size=60)])
    parameters, proba = fit_all(X, y, weights, C)
    for model, (W, p) in enumerate(zip(parameters, proba, strict=True)):
        exact = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12, max_iter=1000)
        exact.fit(X, y, sample_weight=weights[model])
        np.testing.assert_allclose(p, exact.predict_proba(X).T[-len(p) :], atol=1e-7)
        np.testing.assert_allclose(W[:, :-1], exact.coef_, atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_large_and_separable_columns_converge(n_classes):
    """Probabilities of 0 and 1, whose curvature vanishes, and columns that no one standardized."""
    X, y = draw(n_classes)
    for table in (X * 1e6, 50 * np.eye(n_classes)[y], np.zeros((60, 1))):
        _, proba = fit_all(table, y, np.ones((1, 60)), 10.0)
        assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba[0, -1], (y == n_classes - 1).mean(), atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_both_ways_to_fit_the_folds_agree(n_classes, monkeypatch):
    """With a class that two rows have, which some folds lack, in groups; L-BFGS at its smallest tolerance."""
    X, y = draw(n_classes, n=90)
    y[y == n_classes - 1] = np.where(np.arange((y == n_classes - 1).sum()) < 2, n_classes - 1, 0)
    groups = np.arange(90) // 2
    by_newton = GroupLogisticRegressionCV().fit(X, y, groups=groups)
    monkeypatch.setattr(_logistic, "MAX_NEWTON_PARAMETERS", 0)
    monkeypatch.setattr(
        _logistic, "_make_lbfgs", lambda: LogisticRegression(max_iter=10000, tol=1e-12, warm_start=True)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        by_lbfgs = GroupLogisticRegressionCV().fit(X, y, groups=groups)
    assert by_newton.C_ == by_lbfgs.C_
    np.testing.assert_allclose(by_newton.predict_proba(X), by_lbfgs.predict_proba(X), atol=1e-5)
