"""Two modalities side by side, from whichever form they were given in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import gen_batches

from ._validation import (
    ROWS_OF_A_BLOCK,
    Table,
    as_table,
    check_missing_values,
    check_same_columns,
    check_same_rows,
    check_text_columns,
    check_tuple,
    check_values,
    measured_rows,
    n_columns_of,
    take_columns,
    take_rows,
)

NAMES = ("unlabeled_pairs[0]", "unlabeled_pairs[1]")


@dataclass
class Pairs:
    """Both modalities, side by side: labelled rows, and further pairs without a label."""

    X: Table
    y: np.ndarray
    X_teacher: Table
    measured: np.ndarray
    X_unlabeled: Table | None
    X_teacher_unlabeled: Table | None
    classes: np.ndarray


def check_two_tables(
    X_teacher: Table | None, unlabeled_pairs: tuple[Table, ...] | None
) -> tuple[Table | None, tuple[Table, ...] | None]:
    """The teacher's side of the two-table form."""
    if unlabeled_pairs is not None:
        check_tuple(unlabeled_pairs, "unlabeled_pairs", "(X_unlabeled, X_teacher_unlabeled)", 2)
        if X_teacher is None:
            raise ValueError(
                "unlabeled_pairs were given without X_teacher: the teacher learns from labelled rows. Give "
                "X_teacher, or set student_columns if X holds both modalities."
            )
        unlabeled_pairs = tuple(as_table(table, name) for table, name in zip(unlabeled_pairs, NAMES, strict=True))
    return None if X_teacher is None else as_table(X_teacher, "X_teacher"), unlabeled_pairs


def split_one_table(
    X: Table, student: np.ndarray, X_teacher: Table | None, unlabeled_pairs: tuple[Table, ...] | None
) -> tuple[Table, Table | None, tuple[Table, ...] | None]:
    """The two-table form of one table: the student's columns, and all others, if any, as the teacher's."""
    if X_teacher is not None:
        raise ValueError(
            "X_teacher was given although student_columns says that X holds both modalities. Give one of the two."
        )
    if unlabeled_pairs is not None:
        check_tuple(unlabeled_pairs, "unlabeled_pairs", "(table,) of both modalities", 1)
    teacher = np.setdiff1d(np.arange(n_columns_of(X)), student)
    if len(teacher) == 0:
        return take_columns(X, student), None, None
    if unlabeled_pairs is not None:
        table = as_table(unlabeled_pairs[0], NAMES[0])
        check_same_columns(X, table, NAMES[0], "X")
        unlabeled_pairs = (take_columns(table, student), take_columns(table, teacher))
    return take_columns(X, student), take_columns(X, teacher), unlabeled_pairs


def check_pairs(
    X: Table,
    y: np.ndarray,
    classes: np.ndarray,
    X_teacher: Table,
    unlabeled_pairs: tuple[Table, ...] | None,
    teacher: BaseEstimator,
) -> Pairs:
    """Both modalities, checked against each other; pairs that lack one of them are left out."""
    if not hasattr(teacher, "predict_proba"):
        raise ValueError(
            f"The teacher {teacher.__class__.__name__} has no predict_proba, which soft targets need. Use one "
            "that has, or wrap it in CalibratedClassifierCV."
        )
    check_same_rows(X, X_teacher, "X_teacher")
    check_text_columns(X_teacher, teacher, "X_teacher", "teacher")
    check_values(X_teacher, "X_teacher")
    measured = measured_rows(X_teacher)
    if not measured.any():
        raise ValueError(
            f"X_teacher is missing in all of its {len(measured)} rows: nothing to learn from. Leave it out to "
            "train the student alone."
        )
    check_missing_values(take_rows(X_teacher, measured), teacher, "X_teacher", "teacher")
    _check_not_the_label(X_teacher, y)
    pairs = Pairs(X, y, X_teacher, measured, None, None, classes)
    if unlabeled_pairs is None:
        return pairs
    X_unlabeled, X_teacher_unlabeled = unlabeled_pairs
    check_same_columns(X, X_unlabeled, NAMES[0], "X")
    check_same_columns(X_teacher, X_teacher_unlabeled, NAMES[1], "X_teacher")
    check_same_rows(X_unlabeled, X_teacher_unlabeled, NAMES[1], NAMES[0])
    for table, name in zip(unlabeled_pairs, NAMES, strict=True):
        check_values(table, name)
    complete = measured_rows(X_unlabeled) & measured_rows(X_teacher_unlabeled)
    if complete.any():
        pairs.X_unlabeled = take_rows(X_unlabeled, complete)
        pairs.X_teacher_unlabeled = take_rows(X_teacher_unlabeled, complete)
    return pairs


def _check_not_the_label(X_teacher: Table, y: np.ndarray) -> None:
    """Raise when a column of the teacher's table is the label itself, left in by mistake."""
    if issparse(X_teacher):
        return
    columns = np.arange(n_columns_of(X_teacher))
    # By blocks, for objects take five times the room; the first block rules nearly all columns out.
    for rows in gen_batches(len(y), ROWS_OF_A_BLOCK):
        block = take_columns(take_rows(X_teacher, np.r_[rows]), columns)
        columns = columns[(np.asarray(block, dtype=object) == y[rows, None]).all(axis=0)]
        if len(columns) == 0:
            return
    column = int(columns[0])
    name = getattr(X_teacher, "columns", range(column + 1))[column]
    raise ValueError(
        f"Column {name!r} of the teacher's table equals y in every row: the teacher would copy the label. Leave it out."
    )
