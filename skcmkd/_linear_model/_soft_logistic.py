"""Logistic regression of soft targets, by their cross-entropy itself and not by repeated rows."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils import compute_class_weight
from sklearn.utils.validation import validate_data

from .._validation._tables import Table

# With all but these settings as they come, scikit-learn minimises the objective below, by the same method.
SUPPORTED = {"C", "tol", "fit_intercept", "class_weight", "max_iter", "random_state", "intercept_scaling"}
DEFAULTS = {name: value for name, value in LogisticRegression().get_params().items() if name not in SUPPORTED}


def supports_soft_targets(model: BaseEstimator) -> bool:
    """Whether the model is scikit-learn's logistic regression with settings whose objective is the one below."""
    return type(model) is LogisticRegression and all(getattr(model, name) == value for name, value in DEFAULTS.items())


def soft_cross_entropy(
    parameters: np.ndarray, X: Table, target: np.ndarray, weight: np.ndarray, penalty: float, fit_intercept: bool
) -> tuple[float, np.ndarray]:
    """Mean cross-entropy sum_i w_i CE(t_i, softmax(W x_i + b)) / sum_i w_i + penalty/2 |W|^2, and its gradient.

    Row k of ``target`` is w_i t_ik. Of two classes it has the second alone, and the first one's score is zero.
    """
    W = parameters.reshape(len(target), -1)
    slope, intercept = (W[:, :-1], W[:, -1:]) if fit_intercept else (W, 0.0)
    scores = slope @ X.T + intercept
    is_binary = len(target) == 1
    top = np.maximum(scores[0], 0) if is_binary else scores.max(axis=0)
    proba = np.exp(scores - top)
    total = proba.sum(axis=0) + (np.exp(-top) if is_binary else 0)
    cross_entropy = weight @ (top + np.log(total)) - (target * scores).sum()
    residual = proba * (weight / total) - target
    gradient = np.empty_like(W)
    gradient[:, : slope.shape[1]] = residual @ X / weight.sum() + penalty * slope
    if fit_intercept:
        gradient[:, -1] = residual.sum(axis=1) / weight.sum()
    return cross_entropy / weight.sum() + penalty / 2 * (slope**2).sum(), gradient.ravel()


def fit_soft_logistic(
    model: LogisticRegression, X: Table, target: np.ndarray, classes: np.ndarray
) -> LogisticRegression:
    """Fit in place to the rows' targets, shape (n_rows, n_classes): class probabilities times the row's weight."""
    model._validate_params()
    X = validate_data(model, X, accept_sparse="csr", dtype=[np.float64, np.float32], order="C")
    if model.class_weight is not None:
        # A class without mass stays without, however much it would weigh.
        mass = target.sum(axis=0).clip(min=1e-300)
        target = target * compute_class_weight(model.class_weight, classes=classes, y=classes, sample_weight=mass)
    weight = target.sum(axis=1)
    free = np.ascontiguousarray(target.T[1:] if len(classes) == 2 else target.T)
    width = X.shape[1] + bool(model.fit_intercept)
    # Beyond single precision the search along a line finds no way down.
    table = X.astype(np.float64, copy=False)
    result = minimize(
        soft_cross_entropy,
        np.zeros(len(free) * width),
        (table, free, weight, 1 / (model.C * weight.sum()), model.fit_intercept),
        method="L-BFGS-B",
        jac=True,
        options={"maxiter": model.max_iter, "maxls": 50, "gtol": model.tol, "ftol": 64 * np.finfo(float).eps},
    )
    if result.status != 0:
        warnings.warn(
            f"The logistic regression of soft targets stopped after {result.nit} iterations: {result.message}. Raise "
            f"max_iter={model.max_iter}, or scale the columns, for example with StandardScaler.",
            ConvergenceWarning,
            stacklevel=2,
        )
    W = result.x.reshape(len(free), width).astype(X.dtype)
    model.classes_, model.n_iter_ = classes, np.array([result.nit], dtype=np.int32)
    model.coef_ = W[:, : X.shape[1]]
    model.intercept_ = W[:, -1] if model.fit_intercept else np.zeros(len(W), dtype=X.dtype)
    return model
