"""Standard errors of a mean over rows, over repeats, and over folds whose training sets share rows."""

from __future__ import annotations

import numpy as np


def standard_error_of_mean(values: np.ndarray, groups: np.ndarray | None = None) -> float:
    """Standard error of a mean over rows: s / sqrt(n), or by groups of dependent rows.

    With e_g the sum of the deviations of group g's rows from the mean and G groups,
    se^2 = G / (G - 1) sum_g e_g^2 / n^2: for groups of one row s^2 / n. NaN for a single row or group.
    """
    if n_units(values, groups) < 2:
        return np.nan
    if groups is None:
        return float(values.std(ddof=1) / np.sqrt(len(values)))
    sums = np.bincount(np.unique(groups, return_inverse=True)[1], weights=values - values.mean())
    n_groups = len(sums)
    return float(np.sqrt(n_groups / (n_groups - 1) * (sums**2).sum()) / len(values))


def repeat_error(repeat_values: np.ndarray) -> float:
    """Standard error of the mean of an estimate over repeats of the folds; 0 with one repeat."""
    return standard_error_of_mean(repeat_values) if len(repeat_values) > 1 else 0.0


def overlap_factor(n_rows: int, n_train: float, n_repeats: float = 1) -> float:
    """Factor sqrt(1 / R + n / n_train) of the standard error of a mean over n rows, each predicted R times out of fold.

    Nadeau and Bengio's variance s_splits^2 (1 / J + n_test / n_train), with s^2 / n_test of the rows in place of the
    variance between J = R n / n_test splits, which a handful of folds estimates poorly. The part of the training sets
    is then s^2 / n_train, as if a training row moved the difference as much as a test row does.

    References
    ----------
    Nadeau, Bengio. Inference for the generalization error. Machine Learning 52 (2003).
    """
    return float(np.sqrt(1 / n_repeats + n_rows / n_train))


def n_units(values: np.ndarray, groups: np.ndarray | None) -> int:
    """Number of independent units: of rows, or of groups."""
    return len(values) if groups is None else len(np.unique(groups))
