"""Error of an estimate: intervals from half-samples, p-values from permuted rows, standard errors of means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as t_distribution

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


@dataclass(frozen=True)
class Interval:
    """A value with its standard error, its interval and the probability that it is positive."""

    value: float
    standard_error: float
    lower: float
    upper: float
    probability_positive: float


def subsampling_interval(
    value: float,
    half_sample_values: np.ndarray,
    n_units: int,
    confidence: float,
    dof: int | None = None,
    extra_se: float = 0.0,
) -> Interval:
    """Student's interval of a statistic, with the standard error of its values on half-samples.

    The units are what was drawn: independent rows, or groups of dependent rows. To first order a statistic is a mean of
    one contribution a unit, so its error falls with the number of units n, whatever the number of rows in each.

    A subsample of m of the n units is part of the whole, and Var(theta_m - theta_n) = (1/m - 1/n) s^2 for a mean, so
    deviations are scaled by sqrt(m / (n - m)) to have the error s^2 / n of the whole: 1 for exact halves. (The factor
    sqrt(m / n) is for m much smaller than n; at m = n/2 it gives intervals a third too short.) Deviations are taken
    from the mean of the half-samples, since a statistic of fewer rows has more bias. Quantiles of the deviations cover
    no better, and lie above 0 more often where there is no difference.

    Parameters
    ----------
    value : float
        Statistic of all rows.
    half_sample_values : ndarray of shape (n_subsamples,)
    n_units : int
    confidence : float in (0, 1)
    dof : int, default=None
        Degrees of freedom; None is one less than the half-samples. A dozen units determine their spread poorly, however
        many half-samples are drawn of them.
    extra_se : float, default=0
        Standard error of another source of variance, independent of the rows.

    Returns
    -------
    Interval
    """
    m = n_units // 2
    standard_error = float(np.hypot(np.sqrt(m / (n_units - m)) * half_sample_values.std(ddof=1), extra_se))
    error = t_distribution(len(half_sample_values) - 1 if dof is None else dof)
    margin = float(error.ppf((1 + confidence) / 2)) * standard_error
    # Without any spread the sign is certain.
    probability = float(error.cdf(value / standard_error)) if standard_error > 0 else float(value > 0)
    return Interval(value, standard_error, value - margin, value + margin, probability)


def standard_error_of_mean(values: np.ndarray, groups: np.ndarray | None = None) -> float:
    """Standard error of a mean over rows: s / sqrt(n), or by groups of dependent rows.

    With e_g the sum of the deviations of group g's rows from the mean and G groups,
    se^2 = G / (G - 1) sum_g e_g^2 / n^2: for groups of one row s^2 / n. NaN for a single group.
    """
    if groups is None:
        return float(values.std(ddof=1) / np.sqrt(len(values)))
    sums = np.bincount(np.unique(groups, return_inverse=True)[1], weights=values - values.mean())
    n_groups = len(sums)
    return float(np.sqrt(n_groups / (n_groups - 1) * (sums**2).sum()) / len(values)) if n_groups > 1 else np.nan


def permutation_p_value(value: float, permuted: np.ndarray) -> float:
    """P-value (b + 1) / (m + 1), where b of the m permuted values reach the value (Phipson and Smyth 2010)."""
    return float((np.sum(permuted >= value) + 1) / (len(permuted) + 1))


def one_standard_error_rule(losses: np.ndarray, groups: np.ndarray | None = None) -> int:
    """Column of ``losses`` (n_rows, n_candidates): the first candidate within a standard error of the best.

    The standard error is that of the paired difference, sd(loss_j - loss_best) / sqrt(n) or by groups, so that the
    first candidate is kept unless another is better beyond noise (Breiman et al. 1984, with pairs).
    """
    best = int(np.argmin(losses.mean(axis=0)))
    difference = losses - losses[:, [best]]
    standard_error = np.array([standard_error_of_mean(column, groups) for column in difference.T])
    return int(np.argmax(difference.mean(axis=0) <= standard_error))
