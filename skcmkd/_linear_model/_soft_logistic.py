"""Logistic regression on soft targets: their cross-entropy itself, in place of rows repeated for each class."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils import compute_class_weight
from sklearn.utils.validation import validate_data

from .._utils._warnings import warn_user
from .._validation._tables import Table

# Parameters that the objective below supports. With the defaults of all others scikit-learn minimizes the same
# objective, by the same method.
SUPPORTED = {"C", "tol", "fit_intercept", "class_weight", "max_iter", "random_state", "intercept_scaling"}
DEFAULTS = {name: value for name, value in LogisticRegression().get_params().items() if name not in SUPPORTED}


def supports_soft_targets(model: BaseEstimator) -> bool:
    """Whether the model is scikit-learn's logistic regression with the objective of ``soft_cross_entropy``."""
    return type(model) is LogisticRegression and all(getattr(model, name) == value for name, value in DEFAULTS.items())


def soft_cross_entropy(
    parameters: np.ndarray, X: Table, target: np.ndarray, weight: np.ndarray, penalty: float, fit_intercept: bool
) -> tuple[float, np.ndarray]:
    """Mean cross-entropy sum_i w_i CE(t_i, softmax(W x_i + b)) / sum_i w_i + penalty/2 |W|^2, and its gradient.

    Parameters
    ----------
    parameters : ndarray of shape (n_scores * (n_features + fit_intercept),)
        Rows of W, each with its intercept at the end.
    X : table of shape (n_rows, n_features)
    target : ndarray of shape (n_scores, n_rows)
        w_i t_ik of each class k; of two classes the second alone, and the score of the first is 0.
    weight : ndarray of shape (n_rows,)
        w_i.
    penalty : float
    fit_intercept : bool

    Returns
    -------
    float, ndarray
        The objective, and its gradient with the shape of ``parameters``.
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
    """Fit a logistic regression in place to soft targets.

    Parameters
    ----------
    model : LogisticRegression
        One that ``supports_soft_targets``.
    X : table of shape (n_rows, n_features)
    target : ndarray of shape (n_rows, n_classes)
        Class probabilities times the row's weight.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    LogisticRegression
    """
    model._validate_params()
    X = validate_data(model, X, accept_sparse="csr", dtype=[np.float64, np.float32], order="C")
    if model.class_weight is not None:
        # A class without mass keeps none, whatever its weight.
        mass = target.sum(axis=0).clip(min=1e-300)
        target = target * compute_class_weight(model.class_weight, classes=classes, y=classes, sample_weight=mass)
    weight = target.sum(axis=1)
    free = np.ascontiguousarray(target.T[1:] if len(classes) == 2 else target.T)
    width = X.shape[1] + bool(model.fit_intercept)
    # In single precision the line search fails near the minimum.
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
        warn_user(
            f"The logistic regression of soft targets stopped after {result.nit} iterations: {result.message}. Raise "
            f"max_iter={model.max_iter}, or scale the columns, for example with StandardScaler.",
            ConvergenceWarning,
        )
    W = result.x.reshape(len(free), width).astype(X.dtype)
    model.classes_, model.n_iter_ = classes, np.array([result.nit], dtype=np.int32)
    model.coef_ = W[:, : X.shape[1]]
    model.intercept_ = W[:, -1] if model.fit_intercept else np.zeros(len(W), dtype=X.dtype)
    return model
