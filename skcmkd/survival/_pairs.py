"""Pairs of rows whose order a risk may have right, and their weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ._horizon import check_positive, label_and_weight
from ._kaplan_meier import KaplanMeier

BATCH_ROWS = 256
# Weight of each pair of some rows (first) with all rows (second), of shape (n_first, n_samples).
PairWeight = Callable[[np.ndarray], np.ndarray]


def auc_pairs(
    time: np.ndarray, event: np.ndarray, horizon: float, censoring: KaplanMeier
) -> tuple[np.ndarray, PairWeight]:
    """Rows with the event by the horizon, and the weight of each pair of them with rows without it."""
    label, weight = label_and_weight(time, event, horizon, censoring)
    later = np.where(label == 0, weight, 0.0)
    return np.flatnonzero(label == 1), lambda first: weight[first, None] * later


def harrell_pairs(time: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, PairWeight]:
    """Rows with an event, and the pairs of them with later rows."""
    return np.flatnonzero(event), lambda first: _is_later(time, event, first).astype(float)


def uno_pairs(
    time: np.ndarray, event: np.ndarray, horizon: float, censoring: KaplanMeier
) -> tuple[np.ndarray, PairWeight]:
    """Rows with an event by the horizon, and the weight of each pair of them with later rows."""
    first = np.flatnonzero(event & (time <= horizon))
    uncensored = np.ones(len(time))
    uncensored[first] = check_positive(censoring.before(time[first]), horizon)
    return first, lambda rows: _is_later(time, event, rows) / uncensored[rows, None] ** 2


def sum_pairs(
    first: np.ndarray, pair_weight: PairWeight, risk: np.ndarray, units: np.ndarray
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
        Unit of each row, from 0.

    Returns
    -------
    concordant, total : ndarray of shape (n_units + 1,)
        A pair within a unit counts once for it; the last number is the sum over all pairs.
    """
    n_units = int(units.max(initial=-1)) + 1
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
