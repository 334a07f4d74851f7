"""Resampling: random halves of the rows, a statistic of many draws, p-values from permuted rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._utils._parallel import parallel_map


def half_samples(
    sizes: Sequence[int], n_subsamples: int, random_state: np.random.RandomState, groups: np.ndarray | None = None
) -> list[np.ndarray]:
    """Draw random halves of the rows without replacement: half of each block of adjacent rows.

    Parameters
    ----------
    sizes : sequence of int
        Number of rows of each block.
    n_subsamples : int
    random_state : RandomState
    groups : ndarray of shape (sizes[0],), default=None
        Half of the groups of the first block are drawn, each with all of its rows.

    Returns
    -------
    list of ndarray of int
        Sorted rows of each half.
    """
    starts = np.cumsum([0, *sizes[:-1]])
    units = [np.arange(size) for size in sizes]
    if groups is not None:
        units[0] = np.unique(groups, return_inverse=True)[1]
    return [
        np.concatenate(
            [start + _random_half(unit_ids, random_state) for start, unit_ids in zip(starts, units, strict=True)]
        )
        for _ in range(n_subsamples)
    ]


def _random_half(unit_ids: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
    """Rows of a random half of the units."""
    n_units = unit_ids.max(initial=-1) + 1
    chosen = np.zeros(n_units, dtype=bool)
    chosen[random_state.permutation(n_units)[: n_units // 2]] = True
    return np.flatnonzero(chosen[unit_ids])


def map_statistic(
    statistic: Callable[[Any], Any],
    draws: Sequence[Any],
    *,
    n_jobs: int | None = None,
    description: str = "",
    verbose: bool = False,
) -> np.ndarray:
    """Statistic of each draw, of shape (n_draws, ...), in the order of the draws."""
    calls = ((draw,) for draw in draws)
    return np.array(parallel_map(statistic, calls, len(draws), n_jobs=n_jobs, description=description, verbose=verbose))


def permutation_p_value(value: float, permuted: np.ndarray) -> float:
    """P-value (b + 1) / (m + 1), where b of the m permuted values reach the value (Phipson and Smyth 2010)."""
    return float((np.sum(permuted >= value) + 1) / (len(permuted) + 1))
