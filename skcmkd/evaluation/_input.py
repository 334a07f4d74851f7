"""The data that a report is about, checked, and both modalities side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.utils import column_or_1d
from sklearn.utils.validation import has_fit_parameter

from .._validation._array_checks import check_same_length
from .._validation._columns import column_positions
from .._validation._sklearn import ArrayLike, n_columns_of, n_rows_of
from .._validation._table_checks import measured_rows
from .._validation._tables import Table, as_table, check_same_rows, stack_columns, take_columns, take_rows
from .._validation._target_checks import as_codes, check_labels
from ..paired._input import make_models, open_tables
from ..paired._pairs import Pairs
from ..paired._teachers import TeacherSide, gather_sides


@dataclass(frozen=True)
class Cohort:
    """Both modalities in the form that they were given in, and side by side.

    ``student_positions`` is None in the two-table form, where ``X`` is the student's table. Of one table,
    ``teacher_table`` holds the columns that are not the student's. ``teachers`` are the distiller's, unfitted, each
    with what it sees; ``taught_columns`` are the positions of what they see of the teacher's table.
    """

    X: Table
    y: np.ndarray
    teacher_table: Table
    student_positions: np.ndarray | None
    unlabeled_pairs: tuple[Table, ...] | None
    unlabeled_groups: np.ndarray | None
    sample_weight: np.ndarray | None
    groups: np.ndarray | None
    classes: np.ndarray | None
    class_weight: Mapping[Any, float] | str | None
    teachers: tuple[TeacherSide, ...]
    taught_columns: np.ndarray

    @property
    def student_table(self) -> Table:
        """The student's columns."""
        return self.X if self.student_positions is None else take_columns(self.X, self.student_positions)

    @property
    def studied(self) -> np.ndarray:
        """Mask of the rows that have the student's modality."""
        return measured_rows(self.student_table)

    @property
    def fused_table(self) -> tuple[Table, np.ndarray]:
        """All that teachers and student see, and the mask of the rows that have both.

        The teacher's columns come first: a pipeline that finds them by position still does.
        """
        teachers = take_columns(self.teacher_table, self.taught_columns)
        return stack_columns(teachers, self.student_table), measured_rows(teachers) & self.studied

    def unlabeled_beside(self, train: np.ndarray) -> tuple[tuple[Table, ...] | None, np.ndarray | None]:
        """Pairs without a label and their groups, less those of groups that have rows outside the training rows."""
        if self.unlabeled_pairs is None or self.unlabeled_groups is None:
            return self.unlabeled_pairs, None
        held_out = np.delete(np.asarray(self.groups), train)
        kept = ~np.isin(self.unlabeled_groups, held_out)
        if not kept.any():
            return None, None
        return tuple(take_rows(table, kept) for table in self.unlabeled_pairs), self.unlabeled_groups[kept]


def check_distiller(distiller: BaseEstimator) -> None:
    """Raise unless the estimator distils from paired tables."""
    if isinstance(distiller, type):
        raise ValueError(f"The report needs an estimator, and got the class {distiller.__name__}: write brackets, ().")
    name = distiller.__class__.__name__
    parameters = distiller.get_params(deep=False) if hasattr(distiller, "get_params") else {}
    lacking = [part for part in ("student", "teacher", "teacher_columns", "alpha") if part not in parameters]
    if lacking or not has_fit_parameter(distiller, "X_teacher"):
        lack = f"has no parameter {lacking[0]!r}" if lacking else "takes no X_teacher in fit"
        raise ValueError(
            f"The report compares a distiller of paired data with its parts, but {name} {lack}. Give a "
            "PairedDistiller or a PairedDistillerRegressor; of a Pipeline, its last step."
        )
    if not is_classifier(distiller) and not is_regressor(distiller):
        raise ValueError(f"{name} is neither a classifier nor a regressor: there is no score to compare by.")


def check_cohort(
    distiller: BaseEstimator,
    X: Table,
    y: ArrayLike,
    X_teacher: Table | None,
    unlabeled_pairs: tuple[Any, ...] | None,
    sample_weight: ArrayLike | None,
    groups: ArrayLike | None,
) -> Cohort:
    """What came in, checked as far as the report itself needs; the distiller's fit checks the rest."""
    given = open_tables(clone(distiller), X, y, X_teacher, unlabeled_pairs, sample_weight, groups)
    if given.X_teacher is None:
        lack = "There is no teacher's table, so nothing to compare the student alone with."
        if distiller.student_columns is None:
            remedy = "Give X_teacher, or set the distiller's student_columns where X holds both modalities."
        else:
            remedy = (
                "The table has the student's columns alone: the selector before it kept no teacher, or the "
                "teacher's columns were left out. Train the student alone, or give them, too."
            )
        raise ValueError(f"{lack} {remedy}")
    y, classes = column_or_1d(y, warn=True), None
    if is_classifier(distiller):
        y = check_labels(y)
        classes = as_codes(y)[0]
    else:
        y = y.astype(np.float64)
        if not np.isfinite(y).all():
            raise ValueError(
                f"y holds NaN or infinity in {int((~np.isfinite(y)).sum())} of {len(y)} rows. Keep only labelled rows "
                "in X and y."
            )
    check_same_length(given.X, y, "y")
    check_same_rows(given.X, given.X_teacher, "X_teacher")
    X, positions = as_table(X), None
    if distiller.student_columns is not None:
        positions = column_positions(X, distiller.student_columns, "student_columns")
    tables = None
    if unlabeled_pairs is not None:
        tables = tuple(as_table(table) for table in unlabeled_pairs[: 2 if positions is None else 1])
    models = make_models(distiller, list(given.teacher_positions))[1]
    pairs = Pairs(given.X, y, given.X_teacher, measured_rows(given.X_teacher), measured_rows(given.X))
    teachers = gather_sides(pairs, models, given.teacher_positions, sees_student=distiller.teacher_sees == "both")
    return Cohort(
        X,
        y,
        given.X_teacher,
        positions,
        tables,
        None if given.unlabeled is None else given.unlabeled.groups,
        given.sample_weight,
        given.groups,
        classes,
        getattr(distiller, "class_weight", None),
        tuple(teachers),
        np.unique(np.concatenate(list(given.teacher_positions.values()))),
    )


def shuffle_measured(T: Table, random_state: np.random.RandomState) -> Table:
    """The table with its measured rows in another order; row labels and unmeasured rows stay where they are."""
    measured = np.flatnonzero(measured_rows(T))
    order = np.arange(n_rows_of(T))
    order[measured] = random_state.permutation(measured)
    shuffled = take_rows(T, order)
    return shuffled.set_axis(T.index) if isinstance(T, pd.DataFrame) else shuffled


def shuffle_teacher_columns(X: Table, student: np.ndarray, random_state: np.random.RandomState) -> Table:
    """One table of both modalities with the measured rows of the teacher's columns in another order."""
    teacher = np.setdiff1d(np.arange(n_columns_of(X)), student)
    shuffled = shuffle_measured(take_columns(X, teacher), random_state)
    mixed = take_columns(stack_columns(take_columns(X, student), shuffled), np.argsort(np.append(student, teacher)))
    return mixed.set_axis(X.index) if isinstance(X, pd.DataFrame) else mixed
