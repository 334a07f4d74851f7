"""Data of an unpaired fit beside X and y: the teacher's cohort, rows without a label, a bridge, linked columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from .._validation._array_checks import check_same_length
from .._validation._columns import column_positions
from .._validation._sklearn import feature_names, n_columns_of, n_rows_of
from .._validation._table_checks import (
    check_missing_values,
    check_not_the_label,
    check_text_columns,
    check_values,
    measured_rows,
)
from .._validation._tables import (
    Table,
    as_table,
    check_same_columns,
    check_same_index,
    check_same_rows,
    take_columns,
    take_rows,
)
from .._validation._target_checks import check_groups, check_labels, split_groups

BRIDGE = ("bridge[0]", "bridge[1]")


@dataclass(frozen=True)
class SideData:
    """The teacher's cohort, the student's rows without a label, samples with both modalities, columns of both.

    Groups are as they were given, or None.
    """

    X_teacher: Table | None = None
    y_teacher: Any = None
    X_unlabeled: Table | None = None
    X_bridge: Table | None = None
    X_teacher_bridge: Table | None = None
    links: tuple[np.ndarray, np.ndarray] | None = None
    teacher_groups: np.ndarray | None = None
    unlabeled_groups: np.ndarray | None = None
    bridge_groups: np.ndarray | None = None


def check_side_data(
    X: Table,
    y: np.ndarray,
    teacher_data: tuple[Any, ...] | None,
    unlabeled: tuple[Any, ...] | None,
    bridge: tuple[Any, ...] | None,
    linked_columns: Any,
    student: BaseEstimator,
    teacher: BaseEstimator,
) -> SideData:
    """Side data in one form, checked against X and against each other; rows that were not measured are left out."""
    X_unlabeled = unlabeled_groups = None
    if unlabeled is not None:
        X_unlabeled, unlabeled_groups = _check_unlabeled(X, unlabeled, student)
    if teacher_data is None:
        if bridge is not None or linked_columns is not None:
            name = "bridge" if bridge is not None else "linked_columns"
            raise ValueError(
                f"{name} was given without teacher_data: the teacher learns from its own cohort. Give "
                "teacher_data=(X_teacher, y_teacher), or take the student's own model."
            )
        return SideData(X_unlabeled=X_unlabeled, unlabeled_groups=unlabeled_groups)
    X_teacher, y_teacher, teacher_groups = _check_teacher_data(y, teacher_data, teacher)
    X_bridge = X_teacher_bridge = bridge_groups = None
    if bridge is not None:
        X_bridge, X_teacher_bridge, bridge_groups = _check_bridge(X, X_teacher, bridge, student, teacher)
    links = None
    if linked_columns is not None:
        links = find_links(X, X_teacher, linked_columns)
        sides = ((X, links[0], "X"), (X_unlabeled, links[0], "unlabeled[0]"), (X_teacher, links[1], "teacher_data[0]"))
        for table, columns, name in sides:
            if table is not None:
                _check_linked_values(table, columns, name)
    return SideData(
        X_teacher,
        y_teacher,
        X_unlabeled,
        X_bridge,
        X_teacher_bridge,
        links,
        teacher_groups,
        unlabeled_groups,
        bridge_groups,
    )


def _check_teacher_data(
    y: np.ndarray, teacher_data: Any, teacher: BaseEstimator
) -> tuple[Table, np.ndarray, np.ndarray | None]:
    teacher_data, groups = split_groups(teacher_data, "teacher_data", "(X_teacher, y_teacher)", 2)
    name = "teacher_data[0]"
    X_teacher, y_teacher = as_table(teacher_data[0], name), check_labels(teacher_data[1], "teacher_data[1]")
    check_same_length(X_teacher, y_teacher, "teacher_data[1]", name)
    groups = check_groups(groups, X_teacher, "teacher_data[2]", name)
    check_same_index(X_teacher, teacher_data[1], "teacher_data[1]", name)
    check_not_the_label(X_teacher, y_teacher, name)
    check_text_columns(X_teacher, teacher, name, "teacher")
    check_values(X_teacher, name)
    measured = measured_rows(X_teacher)
    if not measured.any():
        raise ValueError(
            f"{name} is missing in all of its {len(measured)} rows: nothing to learn from. Leave teacher_data out to "
            "train the student alone."
        )
    X_teacher, y_teacher = take_rows(X_teacher, measured), y_teacher[measured]
    groups = None if groups is None else groups[measured]
    check_missing_values(X_teacher, teacher, name, "teacher")
    own, other = np.unique(y), np.unique(y_teacher)
    if len(other) < 2:
        raise ValueError(
            f"teacher_data[1] holds one class only, {other.tolist()[0]!r}; a teacher needs rows of at least two."
        )
    if not np.isin(own, other).any():
        raise ValueError(
            f"The two cohorts have no class in common: y has {own.tolist()[:5]} and teacher_data[1] has "
            f"{other.tolist()[:5]}. Give the same classes the same names in both. (cross_val_predict "
            "with method='predict_proba' turns y into 0, 1, ...: there give whole numbers from 0 in both.)"
        )
    return X_teacher, y_teacher, groups


def _check_unlabeled(X: Table, unlabeled: Any, student: BaseEstimator) -> tuple[Table | None, np.ndarray | None]:
    (table,), groups = split_groups(unlabeled, "unlabeled", "(X_unlabeled,)", 1)
    name = "unlabeled[0]"
    table = as_table(table, name)
    groups = check_groups(groups, table, "unlabeled[1]", name)
    check_same_columns(X, table, name, "X")
    check_text_columns(table, student, name, "student")
    check_values(table, name)
    measured = measured_rows(table)
    table = take_rows(table, measured)
    check_missing_values(table, student, name, "student")
    if not measured.any():
        return None, None
    return table, None if groups is None else groups[measured]


def _check_bridge(
    X: Table, X_teacher: Table, bridge: Any, student: BaseEstimator, teacher: BaseEstimator
) -> tuple[Table | None, Table | None, np.ndarray | None]:
    bridge, groups = split_groups(bridge, "bridge", "(X_bridge, X_teacher_bridge)", 2)
    own, other = (as_table(table, name) for table, name in zip(bridge, BRIDGE, strict=True))
    check_same_columns(X, own, BRIDGE[0], "X")
    check_same_columns(X_teacher, other, BRIDGE[1], "teacher_data[0]")
    check_same_rows(own, other, BRIDGE[1], BRIDGE[0])
    groups = check_groups(groups, own, "bridge[2]", BRIDGE[0])
    sides = ((own, student, "student"), (other, teacher, "teacher"))
    for (table, model, role), name in zip(sides, BRIDGE, strict=True):
        check_text_columns(table, model, name, role)
        check_values(table, name)
    complete = measured_rows(own) & measured_rows(other)
    if not complete.any():
        return None, None, None
    own, other = take_rows(own, complete), take_rows(other, complete)
    check_missing_values(own, student, BRIDGE[0], "student")
    check_missing_values(other, teacher, BRIDGE[1], "teacher")
    return own, other, None if groups is None else groups[complete]


def _check_linked_values(table: Table, columns: np.ndarray, name: str) -> None:
    """Raise on a linked column without any value: nothing can be estimated from it."""
    for column in columns:
        if not measured_rows(take_columns(table, [column])).any():
            label = getattr(table, "columns", range(n_columns_of(table)))[column]
            raise ValueError(
                f"Column {label!r} of {name} is linked and missing in all of its {n_rows_of(table)} rows. Leave it out "
                "of linked_columns."
            )


def find_links(X: Table, X_teacher: Table, linked_columns: Any) -> tuple[np.ndarray, np.ndarray]:
    """Positions of columns that measure the same in both tables: those of one name, or the given pairs."""
    if isinstance(linked_columns, str):
        if linked_columns != "names":
            raise ValueError(
                f"linked_columns={linked_columns!r} must be 'names' or a list of pairs (student's column, teacher's)."
            )
        names, others = feature_names(X), feature_names(X_teacher)
        shared = [] if names is None or others is None else [name for name in names if name in set(others)]
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
    own, other = zip(*pairs, strict=True)
    places = (
        column_positions(X, list(own), "linked_columns"),
        column_positions(X_teacher, list(other), "linked_columns", "teacher_data[0]"),
    )
    for table, place, name in ((X, places[0], "X"), (X_teacher, places[1], "teacher_data[0]")):
        _check_linked_numbers(take_columns(table, place), name)
    return places


def _check_linked_numbers(table: Table, name: str) -> None:
    """Raise on linked columns that hold categories: those of two tables cannot be compared by a regression."""
    for column in getattr(table, "columns", ()):
        if not pd.api.types.is_numeric_dtype(table[column].dtype):
            raise ValueError(
                f"Linked column {column!r} of {name} has dtype {table[column].dtype}: only numbers can be linked. "
                "Encode it alike in both tables, or link other columns."
            )
