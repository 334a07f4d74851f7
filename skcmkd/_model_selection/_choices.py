"""Choices among candidates that count the error of their comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._standard_errors import standard_error_of_mean


def one_standard_error_rule(losses: np.ndarray, groups: np.ndarray | None = None) -> int:
    """Column of ``losses`` (n_rows, n_candidates): the first candidate within a standard error of the best.

    The standard error is that of the paired difference, sd(loss_j - loss_best) / sqrt(n) or by groups, so that the
    first candidate is kept unless another is better beyond noise (Breiman et al. 1984, with pairs).
    """
    best = int(np.argmin(losses.mean(axis=0)))
    difference = losses - losses[:, [best]]
    standard_error = np.array([standard_error_of_mean(column, groups) for column in difference.T])
    return int(np.argmax(difference.mean(axis=0) <= standard_error))


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """P-values adjusted for their number, p_(k) -> max_{j <= k} min(1, (m - j + 1) p_(j)); NaN is not counted.

    Rejecting those at most a has a probability of at most a of one false rejection or more, however they depend on each
    other.

    References
    ----------
    Holm. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6 (1979).
    """
    adjusted = np.array(p_values, dtype=float)
    order = np.argsort(adjusted)[: int((~np.isnan(adjusted)).sum())]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * adjusted[order]), 1)
    return adjusted
