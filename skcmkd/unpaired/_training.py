"""The rows that a student can be trained on when the teacher's cohort is another one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax

from .._distillation._student_loss import StudentLoss
from .._distillation._training_data import UNLABELED, TrainingData, stack_tables
from .._losses._teacher_cohort import TeacherCohort
from .._validation._sklearn import n_samples
from .._validation._tables import take_columns
from ._input import UnpairedData
from ._linked_features import impute_teacher_features
from ._teacher_fit import FittedTeacher

LABELED_ROW, BRIDGE_ROW, UNLABELED_ROW = range(3)


@dataclass(frozen=True)
class TrainingMode:
    """One way to train the student.

    Attributes
    ----------
    alignment : str
        A value of the distiller's parameter, but for "auto".
    use_bridge : bool
        Whether the student is trained on soft targets of single rows, too: those over the bridge or linked columns.
    """

    alignment: str
    use_bridge: bool

    @property
    def aligns(self) -> bool:
        """Whether features are aligned with the teacher's cohort."""
        return self.alignment not in ("none", "self_training")

    @property
    def name(self) -> str:
        """What the student is trained on beside the labels, in words, such as "prototypes and soft targets"."""
        parts = [] if self.alignment == "none" else [self.alignment]
        parts += ["soft targets"] * self.use_bridge
        return " and ".join(parts) or "labels alone"


LABELS_ONLY = TrainingMode("none", False)


@dataclass(frozen=True)
class UnpairedTraining:
    """All rows that a student can be trained on, with the teacher's soft targets and features of them.

    Attributes
    ----------
    data : TrainingData
        Labeled rows, then samples of the bridge, then unlabeled rows.
    origin : ndarray of shape (n_rows,)
        ``LABELED_ROW``, ``BRIDGE_ROW`` or ``UNLABELED_ROW``.
    alpha : float or "auto"
        The teacher's share; "auto" depends on the numbers of rows.
    loss : StudentLoss
        Of every mode; its alpha and the name of its alignment are replaced. Without a teacher it has no alignment.
    reference_cohort : TeacherCohort or None
        The teacher's cohort with which the features of every student are compared.
    """

    data: TrainingData
    origin: np.ndarray
    alpha: float | str
    loss: StudentLoss
    reference_cohort: TeacherCohort | None = None

    @property
    def has_bridge(self) -> bool:
        """Whether any row has a soft target."""
        return bool(self.data.has_soft_target.any())

    @property
    def has_unlabeled(self) -> bool:
        return bool((self.origin == UNLABELED_ROW).any())

    def training_data(self, mode: TrainingMode) -> TrainingData:
        """The rows that a mode uses; without soft targets and teacher features unless it uses the bridge."""
        unlabeled = self.origin == UNLABELED_ROW
        has_linked = bool(self.data.has_soft_target[unlabeled].any())
        rows = self.origin == LABELED_ROW
        if mode.use_bridge:
            rows = rows | (self.origin == BRIDGE_ROW)
        if mode.aligns or (mode.use_bridge and has_linked):
            rows = rows | unlabeled
        data = self.data.take(rows)
        if mode.use_bridge:
            return data
        return replace(data, soft_targets=np.full_like(data.soft_targets, np.nan), teacher_features=None)

    def mode_loss(self, mode: TrainingMode, data: TrainingData) -> StudentLoss:
        """The loss of a mode on its training data."""
        alignment = self.loss.alignment
        alignment = replace(alignment, name=mode.alignment) if alignment and mode.aligns else None
        alpha = auto_alpha(data) if isinstance(self.alpha, str) else self.alpha
        return replace(self.loss, alpha=alpha if data.has_soft_target.any() else 0.0, alignment=alignment)

    def exclude(self, held_out: np.ndarray) -> UnpairedTraining:
        """The rows but some labeled ones, given by position, and but the bridge and unlabeled rows of their groups."""
        keep = np.ones(len(self.origin), dtype=bool)
        keep[held_out] = False
        if self.data.groups is not None:
            same_group = np.isin(self.data.groups, self.data.groups[held_out])
            keep &= (self.origin == LABELED_ROW) | ~same_group
        return replace(self, data=self.data.take(keep), origin=self.origin[keep])

    def permute_teacher(self, random_state: np.random.RandomState) -> UnpairedTraining:
        """Negative control: the classes of the teacher's rows, and its soft targets of single rows, permuted."""
        alignment = self.loss.alignment
        if alignment is not None:
            alignment = replace(alignment, cohort=alignment.cohort.permuted(random_state))
        order = np.arange(len(self.origin))
        for origin in (LABELED_ROW, UNLABELED_ROW, BRIDGE_ROW):
            rows = np.flatnonzero((self.origin == origin) & self.data.has_soft_target)
            if len(rows):
                order[rows] = rows[random_state.permutation(len(rows))]
        features = self.data.teacher_features
        data = replace(
            self.data,
            soft_targets=self.data.soft_targets[order],
            teacher_features=None if features is None else features[order],
        )
        return replace(self, data=data, loss=replace(self.loss, alignment=alignment))


def auto_alpha(data: TrainingData) -> float:
    """The share at which a row with a soft target weighs as much as a labeled row."""
    n_soft = int(data.has_soft_target.sum())
    return n_soft / (n_soft + data.n_labeled)


def make_training(
    data: UnpairedData,
    classes: np.ndarray,
    teacher: FittedTeacher | None,
    loss: StudentLoss,
    alpha: float | str,
) -> UnpairedTraining:
    """Stack the student's rows, with the soft targets and features of a fitted teacher.

    Parameters
    ----------
    data : UnpairedData
    classes : ndarray of shape (n_classes,)
        The student's.
    teacher : FittedTeacher or None
    loss : StudentLoss
        With the alignment, if there is a teacher.
    alpha : float or "auto"
    """
    use_soft_targets = teacher is not None and alpha != 0
    bridge = data.X_bridge if use_soft_targets else None
    tables = [(LABELED_ROW, data.X, data.groups), (BRIDGE_ROW, bridge, data.bridge_groups)]
    tables += [(UNLABELED_ROW, data.X_unlabeled, data.unlabeled_groups)]
    parts = [(origin, table, groups) for origin, table, groups in tables if table is not None]
    origin = np.concatenate([np.full(n_samples(table), origin) for origin, table, _ in parts])
    soft_targets = np.full((len(origin), len(classes)), np.nan)
    features = None
    if teacher is not None:
        features = np.full((len(origin), teacher.cohort.features.shape[1]), np.nan, dtype=np.float32)
        if use_soft_targets and data.linked_indices is not None:
            linked = origin != BRIDGE_ROW
            features[linked] = _linked_features(data, classes, teacher)
            scores = features[linked] @ teacher.cohort.coef.T + teacher.cohort.intercept
            soft_targets[linked] = softmax(np.where(teacher.cohort.shared, scores, -np.inf), axis=1)
        if bridge is not None:
            rows = origin == BRIDGE_ROW
            soft_targets[rows], features[rows] = teacher.bridge_targets(data)
    y = np.full(len(origin), UNLABELED)
    y[: len(data.y)] = np.searchsorted(classes, data.y)
    stacked = TrainingData(
        stack_tables([table for _, table, _ in parts]),
        y,
        soft_targets,
        classes,
        None if teacher is None else classes[teacher.cohort.shared],
        features,
        groups=None if data.groups is None else np.concatenate([groups for _, _, groups in parts]),
    )
    cohort = None if teacher is None else teacher.cohort
    return UnpairedTraining(stacked, origin, alpha, loss, cohort)


def _linked_features(data: UnpairedData, classes: np.ndarray, teacher: FittedTeacher) -> np.ndarray:
    """The teacher's features of labeled, then unlabeled rows, estimated from the linked columns.

    The moments of the linked columns are compared at the student's class priors: rows of the teacher's cohort are
    weighted to these, those of classes that the student lacks by 0.
    """
    columns, teacher_columns = data.linked_indices
    tables = [take_columns(table, columns) for table in (data.X, data.X_unlabeled) if table is not None]
    priors, source = teacher.cohort.class_priors, teacher.source_priors
    codes = np.searchsorted(classes, data.y_teacher).clip(max=len(classes) - 1)
    weights = (priors / np.where(source > 0, source, 1.0))[codes]
    return impute_teacher_features(
        stack_tables(tables),
        take_columns(data.X_teacher, teacher_columns),
        np.where(np.isin(data.y_teacher, classes), weights, 0.0),
        teacher.cohort.standardize(teacher.features),
        data.teacher_groups,
    )
