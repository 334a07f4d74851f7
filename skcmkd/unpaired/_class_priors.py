"""A teacher's probabilities at the student's class priors."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

# Standard deviation of the normal prior of an offset, in nats: classes that the teacher separates determine none.
OFFSET_SCALE = 3.0


def fit_class_offsets(proba: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Offsets b of the classes with the least log-loss of softmax(log q + b), on average zero.

    At the optimum the mean probability of each class is its frequency among the rows, but for the weak prior
    sum_k b_k^2 / (2 OFFSET_SCALE^2): a teacher that was fitted at other class priors, or with balanced classes, then
    has those of its cohort, from which they can be shifted.

    Parameters
    ----------
    proba : ndarray of shape (n_rows, n_classes)
        Out-of-fold probabilities q of the teacher; clipped at 1 / n_rows.
    codes : ndarray of shape (n_rows,)
        Column of each row's class.

    Returns
    -------
    ndarray of shape (n_classes,)
        0 for a class to which the teacher gives no row any mass: it was not fitted to it.
    """
    offsets = np.zeros(proba.shape[1])
    known = np.any(proba > 0, axis=0)
    rows = known[codes]
    if known.sum() < 2 or not rows.any():
        return offsets
    log_q = np.log(proba[np.ix_(rows, known)].clip(min=1 / len(proba)))
    is_label = (codes[rows, None] == np.arange(proba.shape[1]))[:, known]
    n_rows = len(log_q)

    def loss(b: np.ndarray) -> tuple[float, np.ndarray]:
        log_p = log_softmax(log_q + b, axis=1)
        value = -log_p[is_label].sum() + (b**2).sum() / (2 * OFFSET_SCALE**2)
        gradient = (np.exp(log_p) - is_label).sum(axis=0) + b / OFFSET_SCALE**2
        return value / n_rows, gradient / n_rows

    result = minimize(loss, np.zeros(known.sum()), jac=True, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-9})
    offsets[known] = result.x - result.x.mean()
    return offsets


def adjust_priors(
    proba: np.ndarray, priors: np.ndarray, source_priors: np.ndarray, offsets: np.ndarray | None = None
) -> np.ndarray:
    """Probabilities at other class priors: q_k exp(b_k) priors_k / source_priors_k, divided by the sum over classes.

    Saerens et al. 2002, equation 2.4, with known priors. A class of source prior 0 has probability 0.

    Parameters
    ----------
    proba : ndarray of shape (n_rows, n_classes)
    priors, source_priors : ndarray of shape (n_classes,)
    offsets : ndarray of shape (n_classes,), default=None
        b, with which the probabilities have the source priors on average; None for 0.
    """
    ratio = np.where(source_priors > 0, priors / np.where(source_priors > 0, source_priors, 1.0), 0.0)
    adjusted = proba * (ratio if offsets is None else ratio * np.exp(offsets))
    total = adjusted.sum(axis=1, keepdims=True)
    return np.where(total > 0, adjusted / np.where(total > 0, total, 1.0), proba)
