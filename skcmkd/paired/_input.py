"""What the paired distillers are given, in either form, checked and brought to one."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from .._validation._columns import Columns, column_indices
from .._validation._sklearn import N_JOBS, ArrayLike, HasMethods, Interval, StrOptions, feature_names, n_features
from .._validation._table_checks import UNLABELED_PAIRS_NAMES, check_no_infinity, check_target_leakage, observed_rows
from .._validation._tables import (
    Table,
    as_table,
    check_same_columns,
    check_same_index,
    check_same_rows,
    take_columns,
    take_rows,
)
from .._validation._target_checks import check_comparable_groups, check_groups, check_sample_weight, pop_groups
from ._data import PairedData, PairedTables

TeacherColumns = Columns | Mapping[str, Columns]
# What both paired distillers may be given.
PARAMETER_CONSTRAINTS: dict[str, Any] = {
    "student": [HasMethods(["fit", "predict"]), None],
    "teacher": [HasMethods(["fit", "predict"]), dict, None],
    "student_columns": "no_validation",
    "teacher_columns": "no_validation",
    "teacher_input": [StrOptions({"teacher", "both"})],
    "teacher_weights": [StrOptions({"equal", "learned"}), dict],
    "alpha": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto", "analytic"})],
    "cv": ["cv_object"],
    "n_jobs": N_JOBS,
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


def split_tables(
    X: Table,
    X_teacher: Table | None,
    unlabeled_pairs: tuple[Any, ...] | None,
    student_columns: Columns,
    teacher_columns: TeacherColumns,
) -> PairedTables:
    """The student's and the teacher's table, from two tables or from one that holds both modalities.

    Parameters
    ----------
    X, X_teacher, unlabeled_pairs
        As they were given to ``fit``.
    student_columns, teacher_columns
        The distiller's parameters.
    """
    if student_columns is None:
        return _from_two_tables(X, X_teacher, unlabeled_pairs, teacher_columns)
    if X_teacher is not None:
        raise ValueError(
            "X_teacher was given although student_columns says that X holds both modalities. Give one of the two."
        )
    return _from_one_table(X, unlabeled_pairs, student_columns, teacher_columns)


def _from_two_tables(
    X: Table, X_teacher: Table | None, unlabeled_pairs: tuple[Any, ...] | None, teacher_columns: TeacherColumns
) -> PairedTables:
    n_columns = n_features(X)
    if X_teacher is None:
        if unlabeled_pairs is not None:
            pop_groups(unlabeled_pairs, "unlabeled_pairs", "(X_unlabeled, X_teacher_unlabeled)", 2)
            raise ValueError(
                "unlabeled_pairs were given without X_teacher: the teacher learns from labeled rows. Give "
                "X_teacher, or set student_columns if X holds both modalities."
            )
        return PairedTables(X, None, {}, n_columns)
    unlabeled: dict[str, Any] = {}
    if unlabeled_pairs is not None:
        pair, groups = pop_groups(unlabeled_pairs, "unlabeled_pairs", "(X_unlabeled, X_teacher_unlabeled)", 2)
        X_unlabeled, X_teacher_unlabeled = (
            as_table(table, name) for table, name in zip(pair, UNLABELED_PAIRS_NAMES, strict=True)
        )
        groups = check_groups(groups, X_unlabeled, "unlabeled_pairs[2]", UNLABELED_PAIRS_NAMES[0])
        unlabeled = {
            "X_unlabeled": X_unlabeled,
            "X_teacher_unlabeled": X_teacher_unlabeled,
            "unlabeled_groups": groups,
        }
    X_teacher = as_table(X_teacher, "X_teacher")
    columns = teacher_column_indices(X_teacher, teacher_columns, None)
    return PairedTables(X, X_teacher, columns, n_columns, **unlabeled)


def _from_one_table(
    X: Table, unlabeled_pairs: tuple[Any, ...] | None, student_columns: Columns, teacher_columns: TeacherColumns
) -> PairedTables:
    student = column_indices(X, student_columns, "student_columns")
    form: dict[str, Any] = {"n_table_columns": n_features(X), "student_columns": student}
    if unlabeled_pairs is not None:
        (table,), groups = pop_groups(unlabeled_pairs, "unlabeled_pairs", "(table,) of both modalities", 1)
    columns = teacher_column_indices(X, teacher_columns, student)
    teacher = np.setdiff1d(np.arange(n_features(X)), student)
    if len(teacher) == 0:
        return PairedTables(take_columns(X, student), None, {}, **form)
    if unlabeled_pairs is not None:
        table = as_table(table, UNLABELED_PAIRS_NAMES[0])
        check_same_columns(X, table, UNLABELED_PAIRS_NAMES[0], "X")
        form["unlabeled_groups"] = check_groups(groups, table, UNLABELED_PAIRS_NAMES[1], UNLABELED_PAIRS_NAMES[0])
        form["X_unlabeled"], form["X_teacher_unlabeled"] = take_columns(table, student), take_columns(table, teacher)
    if not columns:
        raise ValueError(
            f"teacher_columns={reprlib.repr(teacher_columns)} names none of the columns of X, and X has "
            f"{len(teacher)} columns that are not the student's. Name the teacher's columns as X does."
        )
    return PairedTables(take_columns(X, student), take_columns(X, teacher), columns, **form)


def teacher_column_indices(
    X: Table, teacher_columns: TeacherColumns, student: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Positions of each teacher's columns in the teacher's table.

    X is the teacher's table, or, where the student's positions are given, the table of both modalities. Of such a
    table a selector before may have taken a teacher away: a modality none of whose names is there is left out.
    """
    candidates = np.arange(n_features(X))
    if student is not None:
        candidates = np.setdiff1d(candidates, student)
    if teacher_columns is None:
        return {"": np.arange(len(candidates))}
    several = isinstance(teacher_columns, Mapping)
    named = teacher_columns if several else {"": teacher_columns}
    present = set(() if feature_names(X) is None else feature_names(X))
    index = np.full(n_features(X), -1)
    index[candidates] = np.arange(len(candidates))
    indices = {}
    for name, columns in named.items():
        parameter = f"teacher_columns[{name!r}]" if several else "teacher_columns"
        if student is not None and _is_missing(columns, present):
            continue
        positions = column_indices(X, columns, parameter, "X_teacher" if student is None else "X")
        if (index[positions] < 0).any():
            raise ValueError(f"{parameter} and student_columns share columns of X; give each column to one of the two.")
        indices[name] = index[positions]
    return indices


def _is_missing(columns: Columns, present: set[str]) -> bool:
    named = not callable(columns) and not isinstance(columns, (slice, range)) and len(present) > 0
    columns = [columns] if isinstance(columns, str) else columns
    return named and len(columns) > 0 and all(isinstance(column, str) and column not in present for column in columns)


def check_row_values(
    tables: PairedTables, y: ArrayLike, sample_weight: ArrayLike | None, groups: ArrayLike | None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Weights and groups of the rows of X, checked against it; y is checked for its row labels."""
    X = tables.X
    check_same_index(X, y, "y")
    check_same_index(X, sample_weight, "sample_weight")
    weight, groups = check_sample_weight(sample_weight, X), check_groups(groups, X)
    if tables.unlabeled_groups is not None:
        name = "unlabeled_pairs[2]" if tables.student_columns is None else UNLABELED_PAIRS_NAMES[1]
        check_comparable_groups(groups, tables.unlabeled_groups, name)
    return weight, groups


def make_paired_data(
    tables: PairedTables,
    y: np.ndarray,
    sample_weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> PairedData:
    """Both modalities, checked against each other; unlabeled pairs that lack one of them are left out."""
    X, X_teacher = tables.X, tables.X_teacher
    if X_teacher is None:
        # In the one-table form a selector may have taken the teacher away, and left rows that it alone was measured on.
        observed = np.ones(len(y), dtype=bool) if tables.student_columns is None else observed_rows(X)
        has_student = observed if observed.any() else ~observed
        return PairedData(X, y, has_student, sample_weight=sample_weight, groups=groups)
    check_same_rows(X, X_teacher, "X_teacher")
    check_no_infinity(X_teacher, "X_teacher")
    if not observed_rows(X_teacher).any():
        raise ValueError(
            f"X_teacher is missing in all of its {len(y)} rows: nothing to learn from. Leave it out to "
            "train the student alone."
        )
    check_target_leakage(X_teacher, y)
    has_student = observed_rows(X)
    if not has_student.any():
        raise ValueError(f"X is missing in all of its {len(y)} rows: the student has nothing to learn from.")
    return PairedData(X, y, has_student, X_teacher, *_complete_pairs(tables, sample_weight, groups))


def _complete_pairs(
    tables: PairedTables, sample_weight: np.ndarray | None, groups: np.ndarray | None
) -> tuple[Table | None, Table | None, np.ndarray | None, np.ndarray | None, np.ndarray | None]:
    """The unlabeled pairs that have both modalities; weights and groups of the labeled rows; groups of the pairs."""
    pair = tables.X_unlabeled, tables.X_teacher_unlabeled
    if pair[0] is None:
        return None, None, sample_weight, groups, None
    check_same_columns(tables.X, pair[0], UNLABELED_PAIRS_NAMES[0], "X")
    check_same_columns(tables.X_teacher, pair[1], UNLABELED_PAIRS_NAMES[1], "X_teacher")
    check_same_rows(*pair, UNLABELED_PAIRS_NAMES[1], UNLABELED_PAIRS_NAMES[0])
    for table, name in zip(pair, UNLABELED_PAIRS_NAMES, strict=True):
        check_no_infinity(table, name)
    complete = observed_rows(pair[0]) & observed_rows(pair[1])
    if not complete.any():
        return None, None, sample_weight, groups, None
    X_unlabeled, X_teacher_unlabeled = (take_rows(table, complete) for table in pair)
    unlabeled_groups = None if tables.unlabeled_groups is None else tables.unlabeled_groups[complete]
    return X_unlabeled, X_teacher_unlabeled, sample_weight, groups, unlabeled_groups
