"""What a student can be taught from when the teacher's cohort is another one, and the ways of doing so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, clone

from .._distillation._fit_student import fit_student
from .._distillation._representations import represent_by
from .._distillation._training_data import Lesson
from .._losses._teacher_cohort import Alignment
from .._model_selection._pipelines import final_step, fit_weighted
from .._model_selection._probabilities import predict_aligned_proba
from .._validation._sklearn import n_rows_of
from .._validation._tables import Table, stack_rows, take_columns, take_rows
from .._validation._target_checks import join_groups
from ..networks._mlp import NetworkClassifier
from ._input import SideData
from ._teacher_cohort import build_cohort, estimate_features, shift_shares

# What a class-aware alignment is tried by when the choice is left to cross-validation.
DEFAULT_ALIGNMENT = "prototypes"
# A student's guess is taken for a label where it is at least this probable, as in SelfTrainingClassifier.
CONFIDENT = 0.75


@dataclass(frozen=True)
class Candidate:
    """An alignment, and whether rows tied to the teacher (by a bridge or linked columns) are taught its opinion."""

    alignment: str
    tied: bool

    @property
    def uses_cohort(self) -> bool:
        """Whether features are aligned with the teacher's cohort."""
        return self.alignment not in ("none", "self_training")


LABELS_ONLY = Candidate("none", False)


@dataclass(frozen=True)
class Ties:
    """The teacher's probabilities and features of some rows, known or estimated; NaN where they are not."""

    proba: np.ndarray
    features: np.ndarray


@dataclass(frozen=True)
class Material:
    """All that a student can be taught from: its own rows, and what came of the teacher's cohort.

    ``ties`` are of the labelled rows, ``unlabeled_ties`` of the student's further rows, ``bridge_ties`` of the bridge;
    ``yardstick`` is the teacher's cohort that every student is measured by. Groups are numbers that mean the same in
    the three tables, or None in all.
    """

    X: Table
    y: np.ndarray
    classes: np.ndarray
    alpha: Any
    temperature: float
    X_unlabeled: Table | None = None
    X_bridge: Table | None = None
    ties: Ties | None = None
    unlabeled_ties: Ties | None = None
    bridge_ties: Ties | None = None
    alignment: Any = None
    taught_classes: np.ndarray | None = None
    yardstick: Any = None
    groups: np.ndarray | None = None
    unlabeled_groups: np.ndarray | None = None
    bridge_groups: np.ndarray | None = None

    @property
    def is_tied(self) -> bool:
        """Whether anything but the labels ties the two cohorts."""
        return self.ties is not None or self.bridge_ties is not None

    def lesson(self, candidate: Candidate) -> Lesson:
        """What the student is taught as this candidate."""
        further: list[tuple[Table, Ties | None]] = []
        groups: list[Any] = []
        if candidate.tied and self.X_bridge is not None:
            further.append((self.X_bridge, self.bridge_ties))
            groups.append(self.bridge_groups)
        if self.X_unlabeled is not None and (candidate.uses_cohort or (candidate.tied and self.unlabeled_ties)):
            further.append((self.X_unlabeled, self.unlabeled_ties if candidate.tied else None))
            groups.append(self.unlabeled_groups)
        proba, anchors = self._side_by_side([(self.X, self.ties if candidate.tied else None)])
        further_proba, further_anchors = self._side_by_side(further)
        X_unlabeled = further[0][0] if further else None
        for table, _ in further[1:]:
            X_unlabeled = stack_rows(X_unlabeled, table)
        return Lesson(
            self.X,
            self.y,
            proba,
            X_unlabeled,
            further_proba,
            self.classes,
            self.taught_classes,
            replace(self.alignment, name=candidate.alignment) if candidate.uses_cohort else None,
            anchors,
            further_anchors,
            groups=self.groups,
            unlabeled_groups=None if self.groups is None or not groups else np.concatenate(groups),
        )

    def _side_by_side(self, parts: list[tuple[Table, Ties | None]]) -> tuple[np.ndarray, np.ndarray | None]:
        """Probabilities and features of tables one above the other; NaN where there is no tie."""
        proba = [
            np.full((n_rows_of(table), len(self.classes)), np.nan) if ties is None else ties.proba
            for table, ties in parts
        ]
        known = [ties.features for _, ties in parts if ties is not None]
        features = None
        if known:
            features = np.concatenate(
                [
                    np.full((n_rows_of(table), known[0].shape[1]), np.nan, dtype=np.float32)
                    if ties is None
                    else ties.features
                    for table, ties in parts
                ]
            )
        return np.concatenate([np.empty((0, len(self.classes))), *proba]), features

    def without_groups(self, groups: np.ndarray) -> Material:
        """The same without further rows of some groups: those that a student is judged on."""

        def keep(X: Table | None, ties: Ties | None, own: np.ndarray | None) -> tuple[Any, Any, Any]:
            if X is None or own is None:
                return X, ties, own
            others = ~np.isin(own, groups)
            if not others.any():
                return None, None, None
            kept = None if ties is None else Ties(ties.proba[others], ties.features[others])
            return take_rows(X, others), kept, own[others]

        unlabeled = keep(self.X_unlabeled, self.unlabeled_ties, self.unlabeled_groups)
        bridge = keep(self.X_bridge, self.bridge_ties, self.bridge_groups)
        return replace(
            self,
            **dict(zip(("X_unlabeled", "unlabeled_ties", "unlabeled_groups"), unlabeled, strict=True)),
            **dict(zip(("X_bridge", "bridge_ties", "bridge_groups"), bridge, strict=True)),
        )

    def with_groups(self, groups: np.ndarray | None, side: SideData) -> Material:
        """The same with the groups of the labelled rows, and with those of further rows that were given."""
        if groups is None:
            return self
        tables = [(self.X_unlabeled, side.unlabeled_groups), (self.X_bridge, side.bridge_groups)]
        further = [(0, None) if X is None else (n_rows_of(X), own) for X, own in tables]
        own, unlabeled, bridge = join_groups(groups, further)
        return replace(self, groups=own, unlabeled_groups=unlabeled, bridge_groups=bridge)

    def with_shuffled_teacher(self, random_state: np.random.RandomState) -> Material:
        """The same with a teacher that knows nothing: its rows' classes, and its opinions of tied rows, permuted."""

        def shuffle(ties: Ties | None) -> Ties | None:
            if ties is None:
                return None
            order = random_state.permutation(len(ties.proba))
            return Ties(ties.proba[order], ties.features[order])

        alignment = self.alignment
        if alignment is not None:
            alignment = replace(alignment, cohort=alignment.cohort.shuffled(random_state))
        return replace(
            self,
            alignment=alignment,
            ties=shuffle(self.ties),
            unlabeled_ties=shuffle(self.unlabeled_ties),
            bridge_ties=shuffle(self.bridge_ties),
        )


def gather_material(
    X: Table,
    y: np.ndarray,
    classes: np.ndarray,
    side: SideData,
    teacher: BaseEstimator,
    own_features: np.ndarray,
    method: str,
    alignment: Alignment,
    *,
    alpha: float | str,
    temperature: float,
) -> Material:
    """What a student can be taught from, given a fitted teacher and its representation of its own rows."""
    codes = np.searchsorted(classes, y)
    cohort = build_cohort(teacher, own_features, side.y_teacher, classes, codes, method)
    former = np.array([(side.y_teacher == label).mean() for label in classes])

    tables = [X] if side.X_unlabeled is None else [X, side.X_unlabeled]
    linked_ties: list[Ties | None] = [None, None]
    if side.links is not None and alpha != 0:
        own, other = side.links
        place = np.searchsorted(classes, side.y_teacher).clip(max=len(classes) - 1)
        weights = (cohort.shares / np.where(former > 0, former, 1.0))[place]
        estimates = estimate_features(
            [take_columns(table, own) for table in tables],
            take_columns(side.X_teacher, other),
            np.where(np.isin(side.y_teacher, classes), weights, 0.0),
            cohort.place(own_features),
            side.teacher_groups,
        )
        for i, features in enumerate(estimates):
            linked_ties[i] = Ties(_softmax_over(cohort.known, features @ cohort.coef.T + cohort.intercept), features)
    bridge_ties = None
    if side.X_bridge is not None and alpha != 0:
        proba = predict_aligned_proba(teacher, side.X_teacher_bridge, classes)
        own = represent_by(teacher, side.X_teacher_bridge, method, np.unique(side.y_teacher))
        bridge_ties = Ties(shift_shares(proba, cohort.shares, former), cohort.place(own))
    return Material(
        X,
        y,
        classes,
        alpha,
        temperature,
        X_unlabeled=side.X_unlabeled,
        X_bridge=None if bridge_ties is None else side.X_bridge,
        ties=linked_ties[0],
        unlabeled_ties=linked_ties[1],
        bridge_ties=bridge_ties,
        alignment=replace(alignment, cohort=cohort),
        yardstick=cohort,
        taught_classes=classes[cohort.known],
    )


def _softmax_over(known: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Probabilities of the known classes, 0 of the others."""
    return softmax(np.where(known, scores, -np.inf), axis=1)


def list_candidates(student: BaseEstimator, material: Material) -> list[Candidate]:
    """What "auto" chooses among, the student alone first."""
    alignments = ["none"]
    if material.alignment is not None and isinstance(final_step(student), NetworkClassifier):
        alignments.append(DEFAULT_ALIGNMENT)
    candidates = [Candidate(alignment, tied) for tied in sorted({False, material.is_tied}) for alignment in alignments]
    if material.X_unlabeled is not None:
        candidates.append(Candidate("self_training", material.is_tied))
    return candidates


def fit_candidate(
    student: BaseEstimator, material: Material, candidate: Candidate, rows: np.ndarray | None = None
) -> BaseEstimator:
    """Fit the student in place as this candidate, to all labelled rows or some of them."""
    lesson = material.lesson(candidate)
    if rows is not None:
        lesson = lesson.of_rows(rows)
    if lesson.taught_positions() is not None and not isinstance(final_step(student), NetworkClassifier):
        lesson = say_the_rest(lesson, fit_weighted(clone(student), lesson.X, lesson.y, None, lesson.groups))
    if candidate.alignment != "self_training" or material.X_unlabeled is None:
        return _fit_lesson(student, lesson, material.alpha, material.temperature)
    guesser = _fit_lesson(clone(student), lesson, material.alpha, material.temperature)
    lesson = say_the_rest(lesson, guesser)
    proba = predict_aligned_proba(guesser, material.X_unlabeled, lesson.classes)
    sure = proba.max(axis=1) >= CONFIDENT
    guessed = np.where(sure[:, None], np.eye(len(lesson.classes))[proba.argmax(axis=1)], np.nan)
    X_further = material.X_unlabeled
    if lesson.X_unlabeled is not None:
        X_further = stack_rows(lesson.X_unlabeled, X_further)
    further = np.concatenate([lesson.unlabeled_opinion, guessed])
    groups = None
    if material.unlabeled_groups is not None:
        parts = [lesson.unlabeled_groups, material.unlabeled_groups]
        groups = np.concatenate([part for part in parts if part is not None])
    lesson = replace(lesson, X_unlabeled=X_further, unlabeled_opinion=further, unlabeled_groups=groups)
    return _fit_lesson(student, lesson, "auto", material.temperature)


def say_the_rest(lesson: Lesson, guesser: BaseEstimator) -> Lesson:
    """The lesson with the guesser's probabilities for the classes that the teacher never met.

    The teacher's are then those given that the class is one of its own. A network's loss can do without: it leaves the
    other classes out.
    """
    if lesson.taught_positions() is None:
        return lesson
    known = np.isin(lesson.classes, np.asarray(lesson.taught_classes))

    def fill(X: Table | None, proba: np.ndarray) -> np.ndarray:
        if X is None or np.isnan(proba).all():
            return proba
        guess = predict_aligned_proba(guesser, X, lesson.classes)
        filled = np.where(known, proba * guess[:, known].sum(axis=1, keepdims=True), guess)
        return np.where(np.isnan(proba), np.nan, filled)

    return replace(
        lesson,
        opinion=fill(lesson.X, lesson.opinion),
        unlabeled_opinion=fill(lesson.X_unlabeled, lesson.unlabeled_opinion),
        taught_classes=None,
    )


def _fit_lesson(student: BaseEstimator, lesson: Lesson, alpha: float | str, temperature: float) -> BaseEstimator:
    n_taught = sum(int((~np.isnan(proba).any(axis=1)).sum()) for proba in (lesson.opinion, lesson.unlabeled_opinion))
    share = n_taught / (n_taught + len(lesson.y)) if isinstance(alpha, str) else alpha
    return fit_student(student, lesson, share if n_taught else 0.0, temperature)
