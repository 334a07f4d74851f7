"""Two modalities side by side, from whichever form they were given in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._validation._sklearn import n_columns_of
from .._validation._table_checks import (
    NAMES,
    check_missing_values,
    check_not_the_label,
    check_text_columns,
    check_values,
    measured_rows,
)
from .._validation._tables import Table, as_table, check_same_columns, check_same_rows, take_columns, take_rows
from .._validation._target_checks import check_groups, split_groups


@dataclass
class Pairs:
    """Both modalities, side by side: labelled rows, and further pairs without a label.

    ``measured`` and ``studied`` say which labelled rows have the teacher's modality and the student's.
    """

    X: Table
    y: np.ndarray
    X_teacher: Table
    measured: np.ndarray
    studied: np.ndarray
    X_unlabeled: Table | None = None
    X_teacher_unlabeled: Table | None = None
    sample_weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    unlabeled_groups: np.ndarray | None = None

    @property
    def heard(self) -> np.ndarray:
        """Mask of the labelled rows that have the student's modality and a weight above 0."""
        return self.studied if self.sample_weight is None else self.studied & (self.sample_weight > 0)


@dataclass(frozen=True)
class Unlabeled:
    """Pairs without a label: the student's table, the teacher's, and the group of each row, or None."""

    X: Table
    X_teacher: Table
    groups: np.ndarray | None = None


def check_two_tables(
    X_teacher: Table | None, unlabeled_pairs: tuple[Any, ...] | None
) -> tuple[Table | None, Unlabeled | None]:
    """The teacher's side of the two-table form."""
    unlabeled = None
    if unlabeled_pairs is not None:
        tables, groups = split_groups(unlabeled_pairs, "unlabeled_pairs", "(X_unlabeled, X_teacher_unlabeled)", 2)
        if X_teacher is None:
            raise ValueError(
                "unlabeled_pairs were given without X_teacher: the teacher learns from labelled rows. Give "
                "X_teacher, or set student_columns if X holds both modalities."
            )
        X_unlabeled, X_teacher_unlabeled = (as_table(table, name) for table, name in zip(tables, NAMES, strict=True))
        groups = check_groups(groups, X_unlabeled, "unlabeled_pairs[2]", NAMES[0])
        unlabeled = Unlabeled(X_unlabeled, X_teacher_unlabeled, groups)
    return None if X_teacher is None else as_table(X_teacher, "X_teacher"), unlabeled


def split_one_table(
    X: Table, student: np.ndarray, X_teacher: Table | None, unlabeled_pairs: tuple[Any, ...] | None
) -> tuple[Table, Table | None, Unlabeled | None]:
    """The two-table form of one table: the student's columns, and all others, if any, as the teacher's."""
    if X_teacher is not None:
        raise ValueError(
            "X_teacher was given although student_columns says that X holds both modalities. Give one of the two."
        )
    unlabeled = None
    if unlabeled_pairs is not None:
        (table,), groups = split_groups(unlabeled_pairs, "unlabeled_pairs", "(table,) of both modalities", 1)
    teacher = np.setdiff1d(np.arange(n_columns_of(X)), student)
    if len(teacher) == 0:
        return take_columns(X, student), None, None
    if unlabeled_pairs is not None:
        table = as_table(table, NAMES[0])
        check_same_columns(X, table, NAMES[0], "X")
        groups = check_groups(groups, table, NAMES[1], NAMES[0])
        unlabeled = Unlabeled(take_columns(table, student), take_columns(table, teacher), groups)
    return take_columns(X, student), take_columns(X, teacher), unlabeled


def check_pairs(
    X: Table,
    y: np.ndarray,
    X_teacher: Table,
    unlabeled: Unlabeled | None,
    sample_weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> Pairs:
    """Both modalities, checked against each other; pairs without a label that lack one of them are left out."""
    check_same_rows(X, X_teacher, "X_teacher")
    check_values(X_teacher, "X_teacher")
    measured = measured_rows(X_teacher)
    if not measured.any():
        raise ValueError(
            f"X_teacher is missing in all of its {len(measured)} rows: nothing to learn from. Leave it out to "
            "train the student alone."
        )
    check_not_the_label(X_teacher, y)
    studied = measured_rows(X)
    if not studied.any():
        raise ValueError(f"X is missing in all of its {len(studied)} rows: the student has nothing to learn from.")
    pairs = Pairs(X, y, X_teacher, measured, studied, sample_weight=sample_weight, groups=groups)
    if unlabeled is None:
        return pairs
    check_same_columns(X, unlabeled.X, NAMES[0], "X")
    check_same_columns(X_teacher, unlabeled.X_teacher, NAMES[1], "X_teacher")
    check_same_rows(unlabeled.X, unlabeled.X_teacher, NAMES[1], NAMES[0])
    tables = (unlabeled.X, unlabeled.X_teacher)
    for table, name in zip(tables, NAMES, strict=True):
        check_values(table, name)
    complete = measured_rows(unlabeled.X) & measured_rows(unlabeled.X_teacher)
    if complete.any():
        pairs.X_unlabeled, pairs.X_teacher_unlabeled = (take_rows(table, complete) for table in tables)
        pairs.unlabeled_groups = None if unlabeled.groups is None else unlabeled.groups[complete]
    return pairs


def check_teacher_table(
    teacher: BaseEstimator, X_teacher: Table, measured: np.ndarray, name: str = "X_teacher"
) -> None:
    """Raise on text or missing values that the teacher cannot take."""
    check_text_columns(X_teacher, teacher, "X_teacher", "teacher")
    check_missing_values(take_rows(X_teacher, measured), teacher, "X_teacher", "teacher")
