"""Pairs of rows whose order a risk may have right, and their weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ._horizon import label_at, weight_of

BATCH_ROWS = 256
# Weight of each pair of some rows (first) with all rows (second), of shape (n_first, n_samples).
PairWeight = Callable[[np.ndarray], np.ndarray]


def auc_pairs(
    time: np.ndarray, event: np.ndarray, horizon: float, uncensored: np.ndarray
) -> tuple[np.ndarray, PairWeight]:
    """Rows with the event by the horizon, and the weight of each pair of them with rows without it.

    Parameters
    ----------
    time, event : ndarray of shape (n_samples,)
    horizon : float
    uncensored : ndarray of shape (n_samples,)
        G(min(time, horizon)-).
    """
    label = label_at(time, event, horizon)
    weight = weight_of(label, uncensored)
    later = np.where(label == 0, weight, 0.0)
    return np.flatnonzero(label == 1), lambda first: weight[first, None] * later


def harrell_pairs(time: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, PairWeight]:
    """Rows with an event, and the pairs of them with later rows."""
    return np.flatnonzero(event), lambda first: _is_later(time, event, first).astype(float)


def uno_pairs(
    time: np.ndarray, event: np.ndarray, horizon: float, uncensored: np.ndarray
) -> tuple[np.ndarray, PairWeight]:
    """Rows with an event by the horizon, and the weight of each pair of them with later rows; as ``auc_pairs``."""
    first = np.flatnonzero(event & (time <= horizon))
    return first, lambda rows: _is_later(time, event, rows) / uncensored[rows, None] ** 2


def sum_pairs(
    first: np.ndarray, pair_weight: PairWeight, risk: np.ndarray, units: np.ndarray, n_units: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the concordant pairs and of all pairs: sums over the pairs of each unit, then over all of them.

    Parameters
    ----------
    first : ndarray of int of shape (n_first,)
        Rows that come first in a pair.
    pair_weight : callable
        Weights of the pairs of some of them with all rows.
    risk : ndarray of shape (n_samples,)
    units : ndarray of int of shape (n_samples,)
        Unit of each row, from 0 to ``n_units`` - 1.
    n_units : int

    Returns
    -------
    concordant, total : ndarray of shape (n_units + 1,)
        A pair within a unit counts once for it; the last number is the sum over all pairs.
    """
    sums = np.zeros((2, n_units + 1))
    for start in range(0, len(first), BATCH_ROWS):
        rows = first[start : start + BATCH_ROWS]
        weight = pair_weight(rows)
        difference = risk[rows, None] - risk
        concordant = weight * ((difference > 0) + 0.5 * (difference == 0))
        other_unit = units[rows, None] != units
        for values, total in zip((concordant, weight), sums, strict=True):
            total[-1] += values.sum()
            total[:-1] += np.bincount(units[rows], values.sum(axis=1), minlength=n_units)
            total[:-1] += np.bincount(units, (values * other_unit).sum(axis=0), minlength=n_units)
    return sums[0], sums[1]


def _is_later(time: np.ndarray, event: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Whether each row's event comes after those of the first rows; censoring at the same time is later."""
    return (time > time[first, None]) | ((time == time[first, None]) & ~event)
