"""The data that a report is about, checked, and both modalities side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import hstack, issparse
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import has_fit_parameter

from ._pairs import check_two_tables, split_one_table
from ._validation import (
    ArrayLike,
    Table,
    as_codes,
    as_table,
    check_labels,
    check_same_index,
    check_same_rows,
    column_positions,
    measured_rows,
    n_columns_of,
    n_rows_of,
    take_columns,
    take_rows,
)


@dataclass(frozen=True)
class Cohort:
    """Both modalities in the form that they were given in, and side by side.

    ``student_positions`` is None in the two-table form, where ``X`` is the student's table. Of one table,
    ``teacher_table`` holds the columns that are not the student's.
    """

    X: Table
    y: np.ndarray
    teacher_table: Table
    student_positions: np.ndarray | None
    unlabeled_pairs: tuple[Table, ...] | None
    sample_weight: np.ndarray | None
    groups: np.ndarray | None
    classes: np.ndarray | None

    @property
    def student_table(self) -> Table:
        """The student's columns."""
        return self.X if self.student_positions is None else take_columns(self.X, self.student_positions)

    @property
    def studied(self) -> np.ndarray:
        """Mask of the rows that have the student's modality."""
        return measured_rows(self.student_table)

    @property
    def measured(self) -> np.ndarray:
        """Mask of the rows that have a teacher."""
        return measured_rows(self.teacher_table)


def check_distiller(distiller: BaseEstimator) -> None:
    """Raise unless the estimator distils from paired tables."""
    name = distiller.__class__.__name__
    parameters = distiller.get_params(deep=False) if hasattr(distiller, "get_params") else {}
    lacking = [part for part in ("student", "teacher", "alpha") if part not in parameters]
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
    unlabeled_pairs: tuple[Table, ...] | None,
    sample_weight: ArrayLike | None,
    groups: ArrayLike | None,
) -> Cohort:
    """What came in, checked as far as the report itself needs; the distiller's fit checks the rest."""
    X = as_table(X, estimator=distiller)
    check_same_index(X, y, "y")
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
    weight = None if sample_weight is None else column_or_1d(sample_weight).astype(np.float64)
    groups = None if groups is None else column_or_1d(groups)
    check_consistent_length(X, y, weight, groups)
    positions, pairs = None, unlabeled_pairs
    if distiller.student_columns is None:
        T, pairs = check_two_tables(X_teacher, unlabeled_pairs)
    else:
        positions = column_positions(X, distiller.student_columns, "student_columns")
        T = split_one_table(X, positions, X_teacher, unlabeled_pairs)[1]
        pairs = None if unlabeled_pairs is None else (as_table(unlabeled_pairs[0], "unlabeled_pairs[0]"),)
    if T is None:
        raise ValueError(
            "There is no teacher's table, so nothing to compare the student alone with. Give X_teacher, or set the "
            "distiller's student_columns where X holds both modalities."
        )
    check_same_rows(X, T, "X_teacher")
    return Cohort(X, y, T, positions, pairs, weight, groups, classes)


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
    return take_columns(beside(take_columns(X, student), shuffled), np.argsort(np.concatenate([student, teacher])))


def beside(left: Table, right: Table) -> Table:
    """One table to the left of another with the same rows."""
    if issparse(left) or issparse(right):
        return hstack([left, right], format="csr")
    if isinstance(left, pd.DataFrame) or isinstance(right, pd.DataFrame):
        frames = [
            table.reset_index(drop=True)
            if isinstance(table, pd.DataFrame)
            else pd.DataFrame(table).add_prefix(f"{side}_")
            for table, side in ((left, "left"), (right, "right"))
        ]
        index = left.index if isinstance(left, pd.DataFrame) else right.index
        return pd.concat(frames, axis=1).set_axis(index)
    return np.concatenate([np.asarray(left), np.asarray(right)], axis=1)
