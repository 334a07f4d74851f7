"""Losses of single rows: every comparison of models averages one of them."""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy

# As in scikit-learn's log_loss: a row whose class has probability 0 costs 36 nats.
MIN_PROBABILITY = float(np.finfo(np.float64).eps)


def log_loss(proba: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Log-loss -log p_y of each row, in nats.

    Parameters
    ----------
    proba : ndarray of shape (n_rows, n_classes)
    codes : ndarray of shape (n_rows,)
        Column of each row's class.

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    return -np.log(np.clip(proba[np.arange(len(codes)), codes], MIN_PROBABILITY, 1))


def kl_divergence(target: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """Divergence sum_k t_k log(t_k / p_k) of each row, in nats.

    Parameters
    ----------
    target, proba : ndarray of shape (n_rows, n_classes)

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    return (xlogy(target, target) - xlogy(target, np.clip(proba, MIN_PROBABILITY, 1))).sum(axis=1)


def brier_score(proba: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Brier score |onehot(y) - p|^2 of each row: 0 is best, 2 is worst; shapes as in ``log_loss``."""
    return ((proba - np.eye(proba.shape[1])[codes]) ** 2).sum(axis=1)


def squared_error(prediction: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared error of each row, averaged over the outputs.

    Parameters
    ----------
    prediction, y : ndarray of shape (n_rows,) or (n_rows, n_outputs)

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    errors = (prediction - y) ** 2
    return errors if errors.ndim == 1 else errors.mean(axis=1)
