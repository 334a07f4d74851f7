"""Both modalities in one table or in two: how a distiller's fit begins, and which columns it predicts from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from ._pairs import check_two_tables, split_one_table
from ._validation import (
    ArrayLike,
    Table,
    as_table,
    check_labels,
    check_missing_values,
    check_same_index,
    check_text_columns,
    check_values,
    column_positions,
    drop_teacher_columns,
    n_columns_of,
    take_columns,
)


def read_both_modalities(
    distiller: BaseEstimator,
    X: Table,
    y: ArrayLike,
    X_teacher: Table | None,
    unlabeled_pairs: tuple[Table, ...] | None,
    *,
    check_target: Callable[[Any], np.ndarray] = check_labels,
) -> tuple[Table, np.ndarray, Table | None, tuple[Table, ...] | None]:
    """Student's table, target, teacher's table and further pairs, from either form, by ``student_columns``.

    Sets what the distiller knows of its columns, and what ``student_table`` needs.
    """
    X = as_table(X, estimator=distiller)
    distiller._student_positions = None
    if distiller.student_columns is None:
        X_teacher, unlabeled_pairs = check_two_tables(X_teacher, unlabeled_pairs)
    else:
        distiller._student_positions = column_positions(X, distiller.student_columns, "student_columns")
        distiller._n_table_columns = n_columns_of(X)
        X, X_teacher, unlabeled_pairs = split_one_table(X, distiller._student_positions, X_teacher, unlabeled_pairs)
    validate_data(distiller, X, y, skip_check_array=True)
    check_same_index(X, y, "y")
    y = check_target(y)
    check_consistent_length(X, y)
    return X, y, X_teacher, unlabeled_pairs


def check_student_values(X: Table, student: BaseEstimator) -> None:
    """Raise on values of the student's table that the student cannot take."""
    check_text_columns(X, student, "X", "student")
    check_values(X, "X")
    check_missing_values(X, student, "X", "student")


def student_table(distiller: BaseEstimator, X: Table) -> Table:
    """The student's columns of a table with or without the teacher's."""
    X = as_table(X, estimator=distiller)
    if distiller._student_positions is not None:
        names = getattr(distiller, "feature_names_in_", None)
        selected = drop_teacher_columns(X, names) if names is not None else None
        if selected is not None:
            X = selected
        elif n_columns_of(X) == distiller._n_table_columns:
            X = take_columns(X, distiller._student_positions)
    validate_data(distiller, X, reset=False, skip_check_array=True)
    return X
