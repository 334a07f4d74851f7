"""The rows that a report scores, and the tables beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils import column_or_1d

from .._validation._array_checks import check_same_length
from .._validation._sklearn import ArrayLike
from .._validation._table_checks import observed_rows
from .._validation._tables import Table, as_table, check_same_index, take_rows
from .._validation._target_checks import check_groups, check_labels, check_sample_weight, encode_labels, pop_groups


@dataclass(frozen=True)
class ReportData:
    """The rows that are held out in turn.

    Attributes
    ----------
    X : table of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
        Class labels, or a continuous target.
    classes : ndarray of shape (n_classes,) or None
        Sorted; None for a continuous target.
    sample_weight : ndarray of shape (n_samples,) or None
    groups : ndarray of shape (n_samples,) or None
    """

    X: Table
    y: np.ndarray
    classes: np.ndarray | None = None
    sample_weight: np.ndarray | None = None
    groups: np.ndarray | None = None

    def take(self, rows: np.ndarray, X: Table) -> ReportData:
        """Some of the rows, given by position, with another table that holds just these."""
        weight, groups = (None if values is None else values[rows] for values in (self.sample_weight, self.groups))
        return replace(self, X=X, y=self.y[rows], sample_weight=weight, groups=groups)

    def held_out_groups(self, train: np.ndarray) -> np.ndarray | None:
        """Groups of the rows that are not among the training rows; None without groups."""
        return None if self.groups is None else np.delete(self.groups, train)


@dataclass(frozen=True)
class SideTables:
    """Tables that go into every fit whole, such as unlabeled pairs, and the group of each of their rows.

    Attributes
    ----------
    tables : tuple of tables of n_rows rows
    groups : ndarray of shape (n_rows,) or None
        Named as the groups of ``ReportData``.
    """

    tables: tuple[Table, ...]
    groups: np.ndarray | None = None

    def exclude(self, groups: np.ndarray | None) -> SideTables | None:
        """Without the rows of some groups; None where no row is left."""
        if groups is None or self.groups is None:
            return self
        kept = ~np.isin(self.groups, groups)
        if not kept.any():
            return None
        return SideTables(tuple(take_rows(table, kept) for table in self.tables), self.groups[kept])

    def as_tuple(self) -> tuple[Any, ...]:
        """The tuple that ``fit`` of a distiller takes."""
        return self.tables if self.groups is None else (*self.tables, self.groups)


def check_report_data(
    distiller: BaseEstimator, X: Table, y: ArrayLike, sample_weight: ArrayLike | None, groups: ArrayLike | None
) -> ReportData:
    """The rows, checked as far as folds and scores need it; the distiller's ``fit`` checks the rest."""
    X = as_table(X, estimator=distiller)
    check_same_index(X, y, "y")
    check_same_index(X, sample_weight, "sample_weight")
    sample_weight, groups = check_sample_weight(sample_weight, X), check_groups(groups, X)
    y, classes = column_or_1d(y, warn=True), None
    if is_classifier(distiller):
        y = check_labels(y)
        classes = encode_labels(y)[0]
    else:
        y = y.astype(np.float64)
        if not np.isfinite(y).all():
            raise ValueError(
                f"y holds NaN or infinity in {int((~np.isfinite(y)).sum())} of {len(y)} rows. Keep only labeled rows "
                "in X and y."
            )
    check_same_length(X, y, "y")
    return ReportData(X, y, classes, sample_weight, groups)


def check_side_tables(values: tuple[Any, ...] | None, name: str, expected: str, n_tables: int) -> SideTables | None:
    """A tuple of tables, with or without groups; None where there is none."""
    if values is None:
        return None
    tables, groups = pop_groups(values, name, expected, n_tables)
    tables = tuple(as_table(table, f"{name}[{position}]") for position, table in enumerate(tables))
    return SideTables(tables, check_groups(groups, tables[0], f"{name}[{n_tables}]", f"{name}[0]"))


def check_teacher_cohort(teacher_data: tuple[Any, ...]) -> ReportData:
    """The observed rows of a teacher's own cohort, with their labels."""
    (X, y), groups = pop_groups(teacher_data, "teacher_data", "(X_teacher, y_teacher)", 2)
    X, y = as_table(X, "teacher_data[0]"), check_labels(y, "teacher_data[1]")
    check_same_length(X, y, "teacher_data[1]", "teacher_data[0]")
    groups = check_groups(groups, X, "teacher_data[2]", "teacher_data[0]")
    rows = np.flatnonzero(observed_rows(X))
    return ReportData(X, y, np.unique(y), groups=groups).take(rows, take_rows(X, rows))
