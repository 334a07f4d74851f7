"""Columns that measure the same in both cohorts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from .._validation._columns import column_indices
from .._validation._sklearn import feature_names, n_features, n_samples
from .._validation._table_checks import observed_rows
from .._validation._tables import Table, take_columns


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
