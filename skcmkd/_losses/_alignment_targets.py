"""Targets of a student that is aligned with a teacher's cohort, and the rows of a batch that are aligned."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor


class AlignmentTargets(NamedTuple):
    """Targets of each row: arrays of the whole training data, or tensors of a batch.

    Attributes
    ----------
    codes : of shape (n_rows,)
        Class as a position among the student's classes; any number where there is no label.
    label_weight, teacher_weight : of shape (n_rows,)
    soft_targets : of shape (n_rows, n_classes)
    labeled : bool, of shape (n_rows,)
    teacher_features : of shape (n_rows, n_teacher_features)
    has_teacher_features : bool, of shape (n_rows,)
    """

    codes: Any
    label_weight: Any
    soft_targets: Any
    teacher_weight: Any
    labeled: Any
    teacher_features: Any
    has_teacher_features: Any

    @property
    def distillation(self) -> tuple[Any, Any, Any, Any]:
        """Those of ``DistillationLoss``."""
        return self[:4]


class Batch(NamedTuple):
    """Student rows of a batch: the student's outputs, labels, and the teacher's features of single rows.

    Attributes
    ----------
    logits : tensor of shape (n_rows, n_classes)
    features : tensor of shape (n_rows, n_features)
        The student's representation.
    projected : tensor of shape (n_rows, n_teacher_features)
        ``features``, mapped to the space of the teacher's representation.
    codes : tensor of shape (n_rows,)
        Class of each row, as a position among the student's classes; any number where there is no label.
    labeled : tensor of bool of shape (n_rows,)
    teacher_features : tensor of shape (n_rows, n_teacher_features)
        The teacher's representation of the same sample, measured or estimated.
    has_teacher_features : tensor of bool of shape (n_rows,)
        Rows for which ``teacher_features`` holds values; without any it may have no columns.
    """

    logits: Tensor
    features: Tensor
    projected: Tensor
    codes: Tensor
    labeled: Tensor
    teacher_features: Tensor
    has_teacher_features: Tensor

    def take(self, rows: Tensor) -> Batch:
        """Some of the rows, given by a mask."""
        return Batch(*(part[rows] for part in self))
