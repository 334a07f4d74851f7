"""Proper scores of single rows: what every comparison of models is made of."""

from __future__ import annotations

import numpy as np

# As in scikit-learn's log_loss: one row that a model calls impossible costs at most 36 nats.
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
    return -np.log(np.maximum(proba[np.arange(len(codes)), codes], MIN_PROBABILITY))


def brier_score(proba: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Brier score |onehot(y) - p|^2 of each row: 0 is best, 2 is worst; shapes as in ``log_loss``."""
    return ((proba - np.eye(proba.shape[1])[codes]) ** 2).sum(axis=1)


def squared_error(prediction: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared error of each row, averaged over the columns of a target of several.

    Parameters
    ----------
    prediction, y : ndarray of shape (n_rows, n_outputs)

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    return ((prediction - y) ** 2).mean(axis=1)
