"""The rows that a student can be trained on when the teacher's cohort is another one, and the modes of doing so."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, clone

from .._distillation._fit_student import fit_student
from .._distillation._representations import teacher_representation
from .._distillation._student_loss import StudentLoss
from .._distillation._training_data import UNLABELED, TrainingData, stack_tables
from .._losses._teacher_cohort import AlignmentSpec, TeacherCohort
from .._model_selection._pipelines import final_estimator
from .._model_selection._probabilities import predict_proba_for
from .._validation._failures import explain_failure
from .._validation._sklearn import n_samples
from .._validation._tables import take_columns, take_rows
from ..networks._mlp import NetworkClassifier
from ._input import BRIDGE_NAMES, UnpairedData
from ._linked_columns import impute_teacher_features
from ._teacher_cohort import FittedTeacher, adjust_priors

# The alignment that alignment="auto" tries.
AUTO_ALIGNMENT = "prototypes"
# A predicted class at least this probable becomes a pseudo-label, as in SelfTrainingClassifier.
PSEUDO_LABEL_THRESHOLD = 0.75
LABELED_ROW, BRIDGE_ROW, UNLABELED_ROW = range(3)


@dataclass(frozen=True)
class TrainingMode:
    """An alignment, and whether soft targets over the bridge or the linked columns are used beside it."""

    alignment: str
    use_bridge: bool

    @property
    def aligns(self) -> bool:
        """Whether features are aligned with the teacher's cohort."""
        return self.alignment not in ("none", "self_training")


LABELS_ONLY = TrainingMode("none", False)


@dataclass(frozen=True)
class UnpairedTraining:
    """All rows that a student can be trained on, with the teacher's soft targets and features of them.

    Attributes
    ----------
    data : TrainingData
        Labeled rows, then samples of the bridge, then unlabeled rows.
    origin : ndarray of shape (n_rows,)
        Which of the three each row is.
    alpha : float or "auto"
    temperature : float
    alignment : AlignmentSpec or None
        None without a teacher.
    reference_cohort : TeacherCohort or None
        The teacher's cohort that every student is compared with.
    """

    data: TrainingData
    origin: np.ndarray
    alpha: float | str
    temperature: float
    alignment: AlignmentSpec | None = None
    reference_cohort: TeacherCohort | None = None

    @property
    def has_bridge(self) -> bool:
        """Whether the teacher gives soft targets of single rows."""
        return bool(self.data.has_soft_target.any())

    @property
    def has_unlabeled(self) -> bool:
        return bool((self.origin == UNLABELED_ROW).any())

    def training_data(self, mode: TrainingMode) -> TrainingData:
        """The rows that a mode uses, with what it uses of the teacher."""
        unlabeled = self.origin == UNLABELED_ROW
        linked = bool(self.data.has_soft_target[unlabeled].any())
        rows = self.origin == LABELED_ROW
        if mode.use_bridge:
            rows = rows | (self.origin == BRIDGE_ROW)
        if mode.aligns or (mode.use_bridge and linked):
            rows = rows | unlabeled
        data = self.data.take(rows)
        if mode.use_bridge:
            return data
        return replace(data, soft_targets=np.full_like(data.soft_targets, np.nan), teacher_features=None)

    def loss(self, mode: TrainingMode, data: TrainingData) -> StudentLoss:
        """The loss of a mode on some data."""
        alignment = replace(self.alignment, name=mode.alignment) if self.alignment and mode.aligns else None
        alpha = auto_alpha(data) if isinstance(self.alpha, str) else self.alpha
        return StudentLoss(alpha if data.has_soft_target.any() else 0.0, self.temperature, alignment=alignment)

    def exclude(self, held_out: np.ndarray) -> UnpairedTraining:
        """Without some labeled rows, and without other rows of their groups."""
        keep = np.ones(len(self.origin), dtype=bool)
        keep[held_out] = False
        if self.data.groups is not None:
            own = np.isin(self.data.groups, self.data.groups[held_out])
            keep &= (self.origin == LABELED_ROW) | ~own
        return replace(self, data=self.data.take(keep), origin=self.origin[keep])

    def permute_teacher(self, random_state: np.random.RandomState) -> UnpairedTraining:
        """Negative control: the classes of the teacher's rows, and its soft targets of single rows, permuted."""
        alignment = self.alignment
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
        return replace(self, data=data, alignment=alignment)


def auto_alpha(data: TrainingData) -> float:
    """The share at which a row with a soft target weighs as much as a labeled row."""
    n_soft = int(data.has_soft_target.sum())
    return n_soft / (n_soft + data.n_labeled)


def make_training(
    data: UnpairedData,
    classes: np.ndarray,
    teacher: FittedTeacher | None,
    alignment: AlignmentSpec | None,
    *,
    alpha: float | str,
    temperature: float,
) -> UnpairedTraining:
    """Stack the student's rows, with the soft targets and features that a fitted teacher has of them."""
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
            soft_targets[rows], features[rows] = _bridge_targets(data, classes, teacher)
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
    return UnpairedTraining(stacked, origin, alpha, temperature, alignment, cohort)


def _linked_features(data: UnpairedData, classes: np.ndarray, teacher: FittedTeacher) -> np.ndarray:
    """The teacher's features of labeled, then unlabeled rows, estimated from the linked columns."""
    own, other = data.linked_indices
    tables = [data.X] if data.X_unlabeled is None else [data.X, data.X_unlabeled]
    priors, source = teacher.cohort.class_priors, teacher.source_priors
    codes = np.searchsorted(classes, data.y_teacher).clip(max=len(classes) - 1)
    weights = (priors / np.where(source > 0, source, 1.0))[codes]
    estimates = impute_teacher_features(
        [take_columns(table, own) for table in tables],
        take_columns(data.X_teacher, other),
        np.where(np.isin(data.y_teacher, classes), weights, 0.0),
        teacher.cohort.standardize(teacher.features),
        data.teacher_groups,
    )
    return np.concatenate(estimates)


def _bridge_targets(data: UnpairedData, classes: np.ndarray, teacher: FittedTeacher) -> tuple[np.ndarray, np.ndarray]:
    """The teacher's probabilities of the bridge samples, at the student's class priors, and its features of them."""
    with explain_failure(teacher.model, "teacher", lambda: {BRIDGE_NAMES[1]: data.X_teacher_bridge}):
        proba = predict_proba_for(teacher.model, data.X_teacher_bridge, classes)
        features = teacher_representation(
            teacher.model, data.X_teacher_bridge, teacher.method, np.unique(data.y_teacher)
        )
    return adjust_priors(proba, teacher.cohort.class_priors, teacher.source_priors), teacher.cohort.standardize(
        features
    )


def auto_modes(student: BaseEstimator, training: UnpairedTraining) -> list[TrainingMode]:
    """What "auto" chooses among, the labels alone first."""
    alignments = ["none"]
    if training.alignment is not None and isinstance(final_estimator(student), NetworkClassifier):
        alignments.append(AUTO_ALIGNMENT)
    modes = [
        TrainingMode(alignment, use_bridge)
        for use_bridge in sorted({False, training.has_bridge})
        for alignment in alignments
    ]
    if training.has_unlabeled:
        modes.append(TrainingMode("self_training", training.has_bridge))
    return modes


def fixed_modes(alignment: str, training: UnpairedTraining) -> list[TrainingMode]:
    """The labels alone, and the mode of an alignment that was asked for; last without it where data for it lack."""
    mode = TrainingMode(alignment, training.has_bridge)
    missing_cohort = mode.aligns and training.alignment is None
    missing_unlabeled = alignment == "self_training" and not training.has_unlabeled
    if missing_cohort or missing_unlabeled:
        mode = TrainingMode("none", training.has_bridge)
    return [LABELS_ONLY, mode]


def fit_mode(student: BaseEstimator, training: UnpairedTraining, mode: TrainingMode) -> BaseEstimator:
    """Fit the student in place by a mode and return it."""
    data = training.training_data(mode)
    if not isinstance(final_estimator(student), NetworkClassifier) and data.teacher_class_indices() is not None:
        data = impute_missing_classes(data, fit_student(clone(student), data, StudentLoss()))
    loss = training.loss(mode, data)
    if mode.alignment != "self_training" or not training.has_unlabeled:
        return fit_student(student, data, loss)
    base_student = fit_student(clone(student), data, loss)
    data = add_pseudo_labels(impute_missing_classes(data, base_student), training, base_student)
    return fit_student(student, data, replace(loss, alpha=auto_alpha(data)))


def impute_missing_classes(data: TrainingData, base_student: BaseEstimator) -> TrainingData:
    """Soft targets with the student's own probabilities for the classes that the teacher does not know.

    The teacher's are then those given that the class is one of its own. A network's loss needs no imputation: it leaves
    the other classes out.
    """
    if data.teacher_class_indices() is None:
        return data
    rows = data.has_soft_target
    soft_targets = data.soft_targets.copy()
    if rows.any():
        known = np.isin(data.classes, np.asarray(data.teacher_classes))
        proba = predict_proba_for(base_student, take_rows(data.X, rows), data.classes)
        shared = soft_targets[rows] * proba[:, known].sum(axis=1, keepdims=True)
        soft_targets[rows] = np.where(known, shared, proba)
    return replace(data, soft_targets=soft_targets, teacher_classes=None)


def add_pseudo_labels(data: TrainingData, training: UnpairedTraining, base_student: BaseEstimator) -> TrainingData:
    """The unlabeled rows once more, those that the student is confident of with its class as their soft target."""
    unlabeled = training.data.take(training.origin == UNLABELED_ROW)
    proba = predict_proba_for(base_student, unlabeled.X, data.classes)
    confident = proba.max(axis=1) >= PSEUDO_LABEL_THRESHOLD
    one_hot = np.eye(len(data.classes))[proba.argmax(axis=1)]
    return replace(
        data,
        X=stack_tables([data.X, unlabeled.X]),
        y=np.concatenate([data.y, np.full(len(proba), UNLABELED)]),
        soft_targets=np.concatenate([data.soft_targets, np.where(confident[:, None], one_hot, np.nan)]),
        teacher_features=None,
        groups=None if data.groups is None else np.concatenate([data.groups, unlabeled.groups]),
    )
