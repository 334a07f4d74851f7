"""Rows, labels and soft targets that a student is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from .._validation._tables import Table, stack_rows, take_rows

# In y of a classification: the row has no label.
UNLABELED = -1
ROWS = {"rows": True}


@dataclass(frozen=True)
class TrainingData:
    """Rows to train a student on, labeled rows first.

    Attributes
    ----------
    X : table of shape (n_rows, n_features)
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Position of each row's class in ``classes``, -1 of an unlabeled row; or a continuous target, NaN there.
    soft_targets : ndarray of shape (n_rows, n_classes) or (n_rows, n_outputs)
        Out-of-fold probabilities or predictions of the teacher; a row of NaN has none.
    classes : ndarray of shape (n_classes,)
        Class labels; empty for a continuous target.
    teacher_classes : ndarray or None
        Classes in the teacher's training data; None for all.
    teacher_features : ndarray of shape (n_rows, n_teacher_features) or None
        The teacher's representation of each row; a row of NaN has none. With several teachers those that a row lacks
        are 0, the mean.
    sample_weight : ndarray of shape (n_rows,) or None
    groups : ndarray of shape (n_rows,) or None
        Group of each row, as numbers.
    X_teacher : table of shape (n_rows, n_teacher_columns) or None
        The teacher's, where the student's features are made of it; a row that is missing throughout has none.
    """

    X: Table = field(metadata=ROWS)
    y: np.ndarray = field(metadata=ROWS)
    soft_targets: np.ndarray = field(metadata=ROWS)
    classes: np.ndarray
    teacher_classes: np.ndarray | None = None
    teacher_features: np.ndarray | None = field(default=None, metadata=ROWS)
    sample_weight: np.ndarray | None = field(default=None, metadata=ROWS)
    groups: np.ndarray | None = field(default=None, metadata=ROWS)
    X_teacher: Table | None = field(default=None, metadata=ROWS)

    @property
    def is_regression(self) -> bool:
        return len(self.classes) == 0

    @property
    def labeled(self) -> np.ndarray:
        """Mask of the rows with a label."""
        return ~np.isnan(self.y.reshape(len(self.y), -1)).any(axis=1) if self.is_regression else self.y != UNLABELED

    @property
    def n_labeled(self) -> int:
        return int(self.labeled.sum())

    @property
    def has_soft_target(self) -> np.ndarray:
        """Mask of the rows with a soft target."""
        return ~np.isnan(self.soft_targets).any(axis=1)

    @property
    def target(self) -> np.ndarray:
        """Class labels or continuous targets of the labeled rows, as ``fit`` of a model takes them."""
        y = self.y[: self.n_labeled]
        return y if self.is_regression else self.classes[y]

    def teacher_class_indices(self) -> list[int] | None:
        """Positions of the classes in the teacher's training data, or None for all of them."""
        if self.teacher_classes is None:
            return None
        present = np.isin(self.classes, self.teacher_classes)
        return None if present.all() else np.flatnonzero(present).tolist()

    def take(self, rows: np.ndarray) -> TrainingData:
        """Some of the rows, and the classes of their labels; all classes if none has a label.

        Soft targets become probabilities given that the class is one of these.

        Parameters
        ----------
        rows : ndarray of bool of shape (n_rows,)
        """
        if rows.all():
            return self
        positions = np.flatnonzero(rows)
        part = replace(self, **{name: take_rows(values, positions) for name, values in self._row_fields()})
        return part if self.is_regression or not part.labeled.any() else part._drop_absent_classes()

    def labeled_rows(self) -> TrainingData:
        """The rows with a label."""
        return self.take(self.labeled)

    def _row_fields(self) -> list[tuple[str, Any]]:
        values = ((f.name, getattr(self, f.name)) for f in fields(self) if f.metadata.get("rows"))
        return [(name, value) for name, value in values if value is not None]

    def _drop_absent_classes(self) -> TrainingData:
        present = np.isin(np.arange(len(self.classes)), self.y)
        return replace(
            self,
            y=np.where(self.y == UNLABELED, UNLABELED, np.cumsum(present)[self.y] - 1),
            soft_targets=_renormalize(self.soft_targets, present),
            classes=self.classes[present],
        )


def stack_tables(tables: Sequence[Table]) -> Table:
    """Tables of the same columns, one above the other; a single table as it is."""
    stacked = tables[0]
    for table in tables[1:]:
        stacked = stack_rows(stacked, table)
    return stacked


def _renormalize(proba: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Probabilities given that the class is one of those present; uniform where these have probability 0."""
    kept = proba[:, present]
    total = kept.sum(axis=1, keepdims=True)
    return np.where(total == 0, 1 / max(present.sum(), 1), kept / np.where(total == 0, 1.0, total))
