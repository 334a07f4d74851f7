"""The data that a report is about, checked, and both modalities side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.utils import column_or_1d
from sklearn.utils.validation import has_fit_parameter, validate_data

from .._distillation._delegate import resolve_seed
from .._validation._array_checks import check_same_length
from .._validation._sklearn import ArrayLike, n_features, n_samples
from .._validation._table_checks import observed_rows
from .._validation._tables import Table, as_table, check_same_rows, stack_columns, take_columns, take_rows
from .._validation._target_checks import check_labels, encode_labels
from ..paired._data import PairedData
from ..paired._input import check_row_values, split_tables
from ..paired._teachers import TeacherInputs, prepare_teachers


@dataclass(frozen=True)
class ReportData:
    """Both modalities in the form that they were given in, and side by side.

    ``student_positions`` is None in the two-table form, where ``X`` is the student's table. Of one table,
    ``X_teacher`` holds the columns that are not the student's. ``teachers`` are the distiller's, unfitted, each
    with what it sees; ``teacher_columns`` are the positions of what they see of the teacher's table.
    """

    X: Table
    y: np.ndarray
    X_teacher: Table
    student_positions: np.ndarray | None
    unlabeled_pairs: tuple[Table, ...] | None
    unlabeled_groups: np.ndarray | None
    sample_weight: np.ndarray | None
    groups: np.ndarray | None
    classes: np.ndarray | None
    class_weight: Mapping[Any, float] | str | None
    teachers: tuple[TeacherInputs, ...]
    teacher_columns: np.ndarray

    @property
    def student_table(self) -> Table:
        """The student's columns."""
        return self.X if self.student_positions is None else take_columns(self.X, self.student_positions)

    @property
    def has_student(self) -> np.ndarray:
        """Mask of the rows that have the student's modality."""
        return observed_rows(self.student_table)

    @property
    def fused_table(self) -> tuple[Table, np.ndarray]:
        """All that teachers and student see, and the mask of the rows that have both.

        The teacher's columns come first: a pipeline that finds them by position still does.
        """
        teachers = take_columns(self.X_teacher, self.teacher_columns)
        return stack_columns(teachers, self.student_table), observed_rows(teachers) & self.has_student

    def unlabeled_for(self, train: np.ndarray) -> tuple[tuple[Table, ...] | None, np.ndarray | None]:
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


def check_report_data(
    distiller: BaseEstimator,
    X: Table,
    y: ArrayLike,
    X_teacher: Table | None,
    unlabeled_pairs: tuple[Any, ...] | None,
    sample_weight: ArrayLike | None,
    groups: ArrayLike | None,
) -> ReportData:
    """What came in, checked as far as the report itself needs; the distiller's fit checks the rest."""
    X = as_table(X, estimator=distiller)
    inputs = split_tables(X, X_teacher, unlabeled_pairs, distiller.student_columns, distiller.teacher_columns)
    validate_data(clone(distiller), inputs.X, y, skip_check_array=True)
    sample_weight, groups = check_row_values(inputs, y, sample_weight, groups)
    if inputs.X_teacher is None:
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
        classes = encode_labels(y)[0]
    else:
        y = y.astype(np.float64)
        if not np.isfinite(y).all():
            raise ValueError(
                f"y holds NaN or infinity in {int((~np.isfinite(y)).sum())} of {len(y)} rows. Keep only labelled rows "
                "in X and y."
            )
    check_same_length(inputs.X, y, "y")
    check_same_rows(inputs.X, inputs.X_teacher, "X_teacher")
    tables = None
    if unlabeled_pairs is not None:
        tables = tuple(as_table(table) for table in unlabeled_pairs[: 2 if inputs.student_columns is None else 1])
    data = PairedData(inputs.X, y, observed_rows(inputs.X), inputs.X_teacher)
    teachers = prepare_teachers(
        data,
        inputs.teacher_columns,
        distiller.teacher,
        distiller._default_student,
        is_named=isinstance(distiller.teacher_columns, Mapping),
        teacher_input=distiller.teacher_input,
        seed=resolve_seed(distiller.random_state),
    )
    return ReportData(
        X,
        y,
        inputs.X_teacher,
        inputs.student_columns,
        tables,
        inputs.unlabeled_groups,
        sample_weight,
        groups,
        classes,
        getattr(distiller, "class_weight", None),
        tuple(teachers),
        np.unique(np.concatenate(list(inputs.teacher_columns.values()))),
    )


def permute_observed_rows(T: Table, random_state: np.random.RandomState) -> Table:
    """The table with its measured rows in another order; row labels and unmeasured rows stay where they are."""
    observed = np.flatnonzero(observed_rows(T))
    order = np.arange(n_samples(T))
    order[observed] = random_state.permutation(observed)
    shuffled = take_rows(T, order)
    return shuffled.set_axis(T.index) if isinstance(T, pd.DataFrame) else shuffled


def permute_teacher_columns(X: Table, student: np.ndarray, random_state: np.random.RandomState) -> Table:
    """One table of both modalities with the measured rows of the teacher's columns in another order."""
    teacher = np.setdiff1d(np.arange(n_features(X)), student)
    shuffled = permute_observed_rows(take_columns(X, teacher), random_state)
    mixed = take_columns(stack_columns(take_columns(X, student), shuffled), np.argsort(np.append(student, teacher)))
    return mixed.set_axis(X.index) if isinstance(X, pd.DataFrame) else mixed
