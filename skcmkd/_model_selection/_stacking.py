"""Stacking: the weights of least out-of-fold loss of several models' predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, nnls
from scipy.special import log_softmax, softmax

# One certain mistake must not rule the weights.
MIN_PROBABILITY = 1e-6


def log_linear_pool(proba: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Log-linear pool q = softmax(sum_m w_m log q_m), of shape (n_rows, n_classes).

    Parameters
    ----------
    proba : ndarray of shape (n_members, n_rows, n_classes)
    weights : ndarray of shape (n_members,)
    """
    return softmax(np.tensordot(weights, _log(proba), 1), axis=1)


def fit_log_linear_stack(
    proba: np.ndarray, target: np.ndarray, sample_weight: np.ndarray, center: np.ndarray
) -> np.ndarray:
    """Weights w >= 0 of a log-linear pool: least sum_i s_i CE(y_i, q_i) + 1/2 |w - c|^2.

    The penalty is that of a weak prior, since few rows tell the weights of models that agree. With a single model its
    weight is an inverse temperature.

    Parameters
    ----------
    proba : ndarray of shape (n_members, n_rows, n_classes)
        Out-of-fold.
    target : ndarray of shape (n_rows, n_classes)
        One-hot labels.
    sample_weight : ndarray of shape (n_rows,)
        Divided by their mean.
    center : ndarray of shape (n_members,)
        c, the weights without any row.

    Returns
    -------
    ndarray of shape (n_members,)

    References
    ----------
    Genest, Zidek. Combining probability distributions: a critique and an annotated bibliography. Statistical Science
    1 (1986). Wolpert. Stacked generalization. Neural Networks 5 (1992).
    """
    log_q = _log(proba)
    s = sample_weight / sample_weight.mean() if len(sample_weight) else sample_weight

    def penalized_loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        log_pool = log_softmax(np.tensordot(w, log_q, 1), axis=1)
        residual = s[:, None] * (np.exp(log_pool) - target)
        loss = -(s @ (target * log_pool).sum(axis=1)) + ((w - center) ** 2).sum() / 2
        return loss, np.einsum("mnk,nk->m", log_q, residual) + w - center

    bounds = [(0, None)] * len(center)
    return minimize(penalized_loss, np.maximum(center, 0.1), jac=True, method="L-BFGS-B", bounds=bounds).x


@dataclass(frozen=True)
class LogLinearStack:
    """Log-linear pool softmax(sum_m w_m log q_m).

    Attributes
    ----------
    weights : ndarray of shape (n_members,)
    """

    weights: np.ndarray

    def __call__(self, proba: np.ndarray) -> np.ndarray:
        """Pooled probabilities, (n_rows, n_classes), of probabilities (n_members, n_rows, n_classes)."""
        return log_linear_pool(proba, self.weights)


@dataclass(frozen=True)
class LinearStack:
    """Linear pool b_k + sum_m w_mk t_mk of each output k.

    Attributes
    ----------
    coef : ndarray of shape (n_members, n_outputs)
    intercept : ndarray of shape (n_outputs,)
    """

    coef: np.ndarray
    intercept: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """Means over the outputs, (n_members,)."""
        return self.coef.mean(axis=1)

    def __call__(self, predictions: np.ndarray) -> np.ndarray:
        """Pooled prediction, (n_rows, n_outputs), of predictions (n_members, n_rows, n_outputs)."""
        return np.einsum("mnk,mk->nk", predictions, self.coef) + self.intercept


def fit_linear_stack(
    predictions: np.ndarray, target: np.ndarray, sample_weight: np.ndarray, center: np.ndarray
) -> LinearStack:
    """Weights w >= 0 and intercept: least sum_i s_i (y_i - b - sum_m w_m t_mi)^2 + Var(y) |w - c|^2.

    Parameters
    ----------
    predictions : ndarray of shape (n_members, n_rows, n_outputs)
        Out-of-fold.
    target : ndarray of shape (n_rows, n_outputs)
    sample_weight : ndarray of shape (n_rows,)
        Divided by their mean.
    center : ndarray of shape (n_members,)
        c, the weights without any row.

    Returns
    -------
    LinearStack

    References
    ----------
    Breiman. Stacked regressions. Machine Learning 24 (1996).
    """
    n_members, n_rows, n_outputs = predictions.shape
    coef, intercept = np.repeat(center[:, None], n_outputs, axis=1), np.zeros(n_outputs)
    if n_rows == 0:
        return LinearStack(coef, intercept)
    s = np.sqrt(sample_weight / sample_weight.mean())
    for k in range(n_outputs):
        t, y = predictions[:, :, k].T, target[:, k]
        t_mean, y_mean = (np.average(values, axis=0, weights=sample_weight) for values in (t, y))
        # The penalty as further rows of the least-squares problem.
        scale = y.std() * np.eye(n_members)
        A = np.vstack([s[:, None] * (t - t_mean), scale])
        coef[:, k] = nnls(A, np.concatenate([s * (y - y_mean), scale @ center]))[0]
        intercept[k] = y_mean - t_mean @ coef[:, k]
    return LinearStack(coef, intercept)


def fit_stack(
    predictions: np.ndarray, target: np.ndarray, sample_weight: np.ndarray, center: np.ndarray, *, of_classes: bool
) -> LogLinearStack | LinearStack:
    """The pool of least out-of-fold loss: log-linear for probabilities of classes, linear for a continuous target.

    Parameters
    ----------
    predictions, target, sample_weight, center
        As in ``fit_log_linear_stack`` and ``fit_linear_stack``.
    of_classes : bool
    """
    if of_classes:
        return LogLinearStack(fit_log_linear_stack(predictions, target, sample_weight, center))
    return fit_linear_stack(predictions, target, sample_weight, center)


def _log(proba: np.ndarray) -> np.ndarray:
    return np.log(np.clip(proba, MIN_PROBABILITY, 1))
