"""Input of the paired distillers: tables in either form, brought to one and checked."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np

from .._distillation._pair_checks import check_pairs, warn_of_labeled_rows
from .._utils._warnings import warn_user
from .._validation._columns import Columns, column_indices
from .._validation._sklearn import N_JOBS, ArrayLike, HasMethods, Interval, StrOptions, feature_names, n_features
from .._validation._table_checks import (
    UNLABELED_PAIRS_NAMES,
    check_no_infinity,
    check_no_label_in_student,
    check_target_leakage,
    observed_rows,
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
from .._validation._target_checks import (
    check_comparable_groups,
    check_groups,
    check_sample_weight,
    pop_groups,
)
from ._data import PairedData

TeacherColumns = Columns | Mapping[str, Columns]
# Of both paired distillers.
PARAMETER_CONSTRAINTS: dict[str, Any] = {
    "student": [HasMethods(["fit", "predict"]), None],
    "teacher": [HasMethods(["fit", "predict"]), dict, None],
    "student_columns": "no_validation",
    "teacher_columns": "no_validation",
    "teacher_input": [StrOptions({"teacher", "both"})],
    "n_rounds": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "student_features": [StrOptions({"own", "predicted_teacher"})],
    "teacher_weights": [StrOptions({"stacked", "equal", "learned"}), dict],
    "alpha": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto", "analytic"})],
    "cv": ["cv_object"],
    "n_jobs": N_JOBS,
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


def check_paired_data(
    X: Table,
    y: np.ndarray,
    sample_weight: ArrayLike | None,
    groups: ArrayLike | None,
    X_teacher: Table | None,
    unlabeled_pairs: tuple[Any, ...] | None,
    student_columns: Columns,
    teacher_columns: TeacherColumns,
) -> PairedData:
    """Check the arguments of ``fit`` against each other; unlabeled pairs that lack a modality are left out.

    Parameters
    ----------
    X : table of shape (n_samples, n_columns)
        The student's, or that of both modalities.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Already checked.
    sample_weight, groups, X_teacher, unlabeled_pairs
        Arguments of ``fit``.
    student_columns, teacher_columns
        The distiller's parameters.
    """
    data = split_tables(X, y, X_teacher, student_columns, teacher_columns)
    check_no_label_in_student(data.X, y)
    pairs = None if unlabeled_pairs is None else _open_pairs(X, data, unlabeled_pairs)
    check_same_index(data.X, sample_weight, "sample_weight")
    data = replace(data, sample_weight=check_sample_weight(sample_weight, data.X), groups=check_groups(groups, data.X))
    if pairs is not None and pairs[2] is not None:
        name = "unlabeled_pairs[2]" if data.student_columns is None else UNLABELED_PAIRS_NAMES[1]
        check_comparable_groups(data.groups, pairs[2], name)
    if data.X_teacher is None:
        # In the one-table form a selector may have removed the teacher and left rows that have its modality alone.
        is_alone = data.student_columns is None or not data.has_student.any()
        return replace(data, has_student=np.ones(len(y), dtype=bool)) if is_alone else data
    name = data.teacher_table_name
    check_same_rows(data.X, data.X_teacher, name)
    check_no_infinity(data.X_teacher, name)
    if not observed_rows(data.X_teacher).any():
        raise ValueError(
            f"{name} {'is' if data.student_columns is None else 'are'} missing in all {len(y)} rows: nothing to learn "
            "from. Leave them out to train the student alone."
        )
    check_target_leakage(data.X_teacher, y, "the teacher's table", "teacher")
    if not data.has_student.any():
        raise ValueError(f"X is missing in all of its {len(y)} rows: the student has nothing to learn from.")
    return data if pairs is None else _add_complete_pairs(data, *pairs)


def split_tables(
    X: Table, y: np.ndarray, X_teacher: Table | None, student_columns: Columns, teacher_columns: TeacherColumns
) -> PairedData:
    """The student's and the teacher's table, from two tables or from one that holds both modalities.

    Parameters
    ----------
    X, y, X_teacher, student_columns, teacher_columns
        As in ``check_paired_data``.
    """
    if student_columns is None:
        data = PairedData(X, y, observed_rows(X))
        if X_teacher is None:
            _warn_of_teacher_columns(X, teacher_columns)
            return data
        X_teacher = as_table(X_teacher, "X_teacher")
        columns = teacher_column_indices(X_teacher, teacher_columns, None)
        return replace(data, X_teacher=X_teacher, teacher_columns=columns)
    if X_teacher is not None:
        raise ValueError(
            "X_teacher was given although student_columns is set, so that X holds both modalities. Give one of the two."
        )
    student = column_indices(X, student_columns, "student_columns")
    columns = teacher_column_indices(X, teacher_columns, student)
    teacher = np.setdiff1d(np.arange(n_features(X)), student)
    X_student = take_columns(X, student)
    data = PairedData(X_student, y, observed_rows(X_student), student_columns=student)
    if len(teacher) == 0:
        return data
    if not columns:
        raise ValueError(
            f"teacher_columns={reprlib.repr(teacher_columns)} names none of the columns of X, and X has "
            f"{len(teacher)} columns that are not the student's. Name the teacher's columns as X does."
        )
    return replace(data, X_teacher=take_columns(X, teacher), teacher_columns=columns)


def _open_pairs(
    X: Table, data: PairedData, unlabeled_pairs: tuple[Any, ...]
) -> tuple[Table, Table, np.ndarray | None] | None:
    """Both tables of the unlabeled pairs, in the form of the labeled rows, and their groups; None without a teacher."""
    names = UNLABELED_PAIRS_NAMES
    if data.student_columns is None:
        tables = open_pair_tables(unlabeled_pairs)
        if data.X_teacher is None:
            raise ValueError(
                "unlabeled_pairs were given without X_teacher: the teacher learns from labeled rows. Give "
                "X_teacher, or set student_columns if X holds both modalities."
            )
        return tables
    (table,), groups = pop_groups(unlabeled_pairs, "unlabeled_pairs", "(table,) of both modalities", 1)
    table = as_table(table, names[0])
    if data.X_teacher is None:
        _warn_of_wider_pairs(X, table)
        return None
    check_same_columns(X, table, names[0], "X")
    groups = check_groups(groups, table, names[1], names[0])
    teacher = np.setdiff1d(np.arange(n_features(X)), data.student_columns)
    return take_columns(table, data.student_columns), take_columns(table, teacher), groups


def open_pair_tables(unlabeled_pairs: tuple[Any, ...]) -> tuple[Table, Table, np.ndarray | None]:
    """Both tables of unlabeled pairs that come as two tables, and their groups."""
    names = UNLABELED_PAIRS_NAMES
    pair, groups = pop_groups(unlabeled_pairs, "unlabeled_pairs", "(X_unlabeled, X_teacher_unlabeled)", 2)
    X_unlabeled, X_teacher_unlabeled = (as_table(table, name) for table, name in zip(pair, names, strict=True))
    return X_unlabeled, X_teacher_unlabeled, check_groups(groups, X_unlabeled, "unlabeled_pairs[2]", names[0])


def _add_complete_pairs(
    data: PairedData, X_unlabeled: Table, X_teacher_unlabeled: Table, groups: np.ndarray | None
) -> PairedData:
    """The data with the unlabeled pairs that have both modalities."""
    pair, bases = (X_unlabeled, X_teacher_unlabeled), ("X", data.teacher_table_name)
    complete = check_pairs(data.X, data.X_teacher, pair, data.pair_names, bases)
    if groups is None:
        warn_of_labeled_rows(data.X, X_unlabeled, data.pair_names[0])
    return add_pairs(data, X_unlabeled, X_teacher_unlabeled, groups, complete)


def add_pairs(
    data: PairedData,
    X_unlabeled: Table,
    X_teacher_unlabeled: Table,
    groups: np.ndarray | None,
    complete: np.ndarray,
) -> PairedData:
    """The data with the unlabeled pairs of a mask; without any there are none."""
    data = replace(data, n_incomplete_pairs=int((~complete).sum()))
    if not complete.any():
        return data
    return replace(
        data,
        X_unlabeled=take_rows(X_unlabeled, complete),
        X_teacher_unlabeled=take_rows(X_teacher_unlabeled, complete),
        unlabeled_groups=None if groups is None else groups[complete],
    )


def _warn_of_teacher_columns(X: Table, teacher_columns: TeacherColumns) -> None:
    """Warn where X holds columns of a teacher and all of X is given to the student."""
    named = list(teacher_columns.values()) if isinstance(teacher_columns, Mapping) else [teacher_columns]
    present = set(() if feature_names(X) is None else feature_names(X))
    texts = [name for columns in named for name in _text_names(columns) if name in present]
    if texts:
        warn_user(
            f"teacher_columns names {texts[0]!r} of X, but there is no teacher's table, so the student is trained "
            "alone, on all columns of X. Name the student's in student_columns, or give the teacher's as X_teacher."
        )


def _warn_of_wider_pairs(X: Table, X_unlabeled: Table) -> None:
    """Warn where the unlabeled pairs have columns beside the student's, and X has none.

    Where both have the student's alone, an earlier selector may have kept no teacher.
    """
    n_more = n_features(X_unlabeled) - n_features(X)
    if n_more > 0:
        warn_user(
            f"{UNLABELED_PAIRS_NAMES[0]} has {n_more} columns more than X, which has the student's {n_features(X)} "
            "columns and none of a teacher: the student is trained alone, without the pairs. Give X with the teacher's "
            "columns, too."
        )


def _text_names(columns: Columns) -> list[str]:
    """Names among columns that are given by name."""
    columns = [columns] if isinstance(columns, str) else columns
    is_listed = isinstance(columns, Iterable) and not isinstance(columns, Mapping)
    return [column for column in columns if isinstance(column, str)] if is_listed else []


def teacher_column_indices(
    X: Table, teacher_columns: TeacherColumns, student: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Positions of each teacher's columns in the teacher's table.

    Parameters
    ----------
    X : table of shape (n_samples, n_columns)
        The teacher's, or, with the positions of the student's columns, that of both modalities. From such a table an
        earlier selector may have removed a teacher: a modality none of whose column names is present is left out, if
        each column of the table belongs to the student or to another teacher.
    teacher_columns
        The distiller's parameter.
    student : ndarray of int or None
    """
    candidates = np.arange(n_features(X))
    if student is not None:
        candidates = np.setdiff1d(candidates, student)
    if teacher_columns is None:
        return {"": np.arange(len(candidates))}
    has_names = isinstance(teacher_columns, Mapping)
    named = teacher_columns if has_names else {"": teacher_columns}
    present = set(() if feature_names(X) is None else feature_names(X))
    index = np.full(n_features(X), -1)
    index[candidates] = np.arange(len(candidates))
    indices = {}
    absent = []
    for name, columns in named.items():
        parameter = f"teacher_columns[{name!r}]" if has_names else "teacher_columns"
        if student is not None and _is_missing(columns, present):
            absent.append((columns, parameter))
            continue
        positions = column_indices(X, columns, parameter, "X_teacher" if student is None else "X")
        if (index[positions] < 0).any():
            raise ValueError(f"{parameter} and student_columns share columns of X; give each column to one of the two.")
        indices[name] = index[positions]
    if indices and absent and len(np.unique(np.concatenate(list(indices.values())))) < len(candidates):
        # A selector would have removed the columns that belong to no modality, too: the name is misspelt.
        column_indices(X, *absent[0])
    return indices


def _is_missing(columns: Columns, present: set[str]) -> bool:
    """Whether columns are given by names of which a table has none."""
    named = not callable(columns) and not isinstance(columns, (slice, range)) and len(present) > 0
    columns = [columns] if isinstance(columns, str) else columns
    return named and len(columns) > 0 and all(isinstance(column, str) and column not in present for column in columns)
