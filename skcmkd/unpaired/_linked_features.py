"""The teacher's features, estimated from the columns that measure the same in both cohorts."""

from __future__ import annotations

import numpy as np

from .._linear_model._ridge import LeaveOutRidge, to_design_matrix
from .._validation._tables import Table

# A column that varies less, relative to its mean, is constant but for rounding.
MIN_RELATIVE_STD = 1e-9


def impute_teacher_features(
    X: Table,
    X_teacher: Table,
    weights: np.ndarray,
    features: np.ndarray,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Estimate the teacher's features of the student's rows from the linked columns.

    A ridge regression from these columns to the features is fitted to the teacher's rows. The student's columns are
    first brought to the mean and standard deviation that they have among the teacher's
    rows, weighted to the student's class priors.

    Parameters
    ----------
    X : table of shape (n_rows, n_linked)
        The student's.
    X_teacher : table of shape (n_teacher_samples, n_linked)
    weights : ndarray of shape (n_teacher_samples,)
    features : ndarray of shape (n_teacher_samples, n_features)
    groups : ndarray of shape (n_teacher_samples,), default=None

    Returns
    -------
    ndarray of shape (n_rows, n_features)
    """
    linked = to_design_matrix(X_teacher)
    ridge = LeaveOutRidge().fit(linked, features, groups=groups)
    return ridge.predict(match_moments(to_design_matrix(X), linked, weights)).astype(np.float32)


def match_moments(values: np.ndarray, reference: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Columns shifted and scaled to the mean and standard deviation of the reference's, whose rows are weighted.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
    reference : ndarray of shape (n_reference_rows, n_columns)
    weights : ndarray of shape (n_reference_rows,)
    """
    mean, std = _weighted_moments(values, np.ones(len(values)))
    new_mean, new_std = _weighted_moments(reference, weights)
    varies = std > MIN_RELATIVE_STD * np.abs(mean)
    return (values - mean) * np.where(varies, new_std / np.where(varies, std, 1.0), 1.0) + new_mean


def _weighted_moments(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and standard deviation of each column's known values."""
    known = np.ma.masked_invalid(values)
    mean = np.ma.average(known, axis=0, weights=weights)
    variance = np.ma.average((known - mean) ** 2, axis=0, weights=weights)
    return np.ma.filled(mean, 0.0), np.sqrt(np.ma.filled(variance, 0.0))
