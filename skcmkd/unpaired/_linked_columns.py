"""Columns that measure the same in both cohorts, and the teacher's features estimated from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .._linear_model._ridge import LeaveOutRidge, to_design_matrix
from .._validation._columns import column_indices
from .._validation._sklearn import feature_names, n_features, n_samples
from .._validation._table_checks import observed_rows
from .._validation._tables import Table, take_columns

# A column that varies less, relative to its mean, is constant but for rounding.
MIN_RELATIVE_STD = 1e-9


def resolve_linked_columns(X: Table, X_teacher: Table, linked_columns: Any) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the linked columns in both tables, each of shape (n_linked,).

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
    X_teacher : table of shape (n_teacher_samples, n_teacher_features)
    linked_columns : list of pairs or "names"
        (student's column, teacher's column); "names" links columns of the same name.
    """
    if isinstance(linked_columns, str):
        if linked_columns != "names":
            raise ValueError(
                f"linked_columns={linked_columns!r} must be 'names' or a list of pairs (student's column, teacher's)."
            )
        names, teacher_names = feature_names(X), feature_names(X_teacher)
        missing = names is None or teacher_names is None
        shared = [] if missing else [name for name in names if name in set(teacher_names)]
        if not shared:
            raise ValueError(
                "linked_columns='names' found no column of the same name in X and teacher_data[0]. Give DataFrames "
                "whose columns share names, or a list of pairs (student's column, teacher's)."
            )
        pairs = [(name, name) for name in shared]
    else:
        pairs = list(linked_columns) if isinstance(linked_columns, Iterable) else []
        if not pairs or not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
            raise ValueError(
                f"linked_columns={linked_columns!r} must be 'names' or a list of pairs (student's column, teacher's)."
            )
    student, teacher = zip(*pairs, strict=True)
    indices = (
        column_indices(X, list(student), "linked_columns"),
        column_indices(X_teacher, list(teacher), "linked_columns", "teacher_data[0]"),
    )
    for table, columns, name in ((X, indices[0], "X"), (X_teacher, indices[1], "teacher_data[0]")):
        _check_linked_numeric(take_columns(table, columns), name)
    return indices


def _check_linked_numeric(table: Table, name: str) -> None:
    """Raise on linked columns that hold categories: a regression needs numbers."""
    for column in getattr(table, "columns", ()):
        if not pd.api.types.is_numeric_dtype(table[column].dtype):
            raise ValueError(
                f"Linked column {column!r} of {name} has dtype {table[column].dtype}: only numbers can be linked. "
                "Encode it alike in both tables, or link other columns."
            )


def check_linked_values(table: Table, columns: np.ndarray, name: str) -> None:
    """Raise on a linked column without any value: nothing can be estimated from it."""
    for column in columns:
        if not observed_rows(take_columns(table, [column])).any():
            label = getattr(table, "columns", range(n_features(table)))[column]
            raise ValueError(
                f"Column {label!r} of {name} is linked and missing in all of its {n_samples(table)} rows. Leave it out "
                "of linked_columns."
            )


def impute_teacher_features(
    tables: Sequence[Table],
    X_teacher: Table,
    weights: np.ndarray,
    features: np.ndarray,
    groups: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Estimate the teacher's features of the student's rows from the linked columns.

    A ridge regression from these columns to the features is fitted to the teacher's rows. The student's columns, of
    all its tables together, are first brought to the mean and standard deviation that they have among the teacher's
    rows, weighted to the student's class priors.

    Parameters
    ----------
    tables : sequence of tables of shape (n_rows, n_linked)
        The student's.
    X_teacher : table of shape (n_teacher_samples, n_linked)
    weights : ndarray of shape (n_teacher_samples,)
    features : ndarray of shape (n_teacher_samples, n_features)
    groups : ndarray of shape (n_teacher_samples,), default=None

    Returns
    -------
    list of ndarray of shape (n_rows, n_features)
    """
    linked, student = to_design_matrix(X_teacher), [to_design_matrix(table) for table in tables]
    ridge = LeaveOutRidge().fit(linked, features, groups=groups)
    matched = match_moments(np.concatenate(student), linked, weights)
    return np.split(ridge.predict(matched).astype(np.float32), np.cumsum([len(part) for part in student])[:-1])


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
