"""Teachers' opinions of rows that they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator

from .._distillation._representations import choose_representation, represent_by
from .._distillation._targets import Target
from .._distillation._teacher_features import standardise_features, unseen_features
from .._distillation._training_data import Lesson
from .._model_selection._pipelines import fit_weighted
from .._utils._parallel import run_each
from .._validation._sklearn import n_rows_of
from .._validation._tables import take_rows
from ._pairs import Pairs
from ._teachers import TeacherSide, pool

if TYPE_CHECKING:
    from .._distillation._objectives import Objective


# Two folds judge students, or the first alone where so many rows, or groups, judge there: more were dearer and no
# better.
N_JUDGES, ENOUGH_TO_JUDGE = 2, 1000
# An unlabelled pair whose group has no labelled row is held out in none of them.
NO_FOLD = -1
# Weights of several teachers, from the opinions of each on labelled rows it has not seen, the student's own where
# asked for, the labels, and the rows' weights, if any.
Weigh = Callable[[Sequence[np.ndarray], np.ndarray | None, np.ndarray, np.ndarray | None], np.ndarray]


@dataclass
class Opinion:
    """What a model fitted without some folds says of their rows and of the unlabelled pairs.

    The model itself, and the rows that it was fitted to, are kept only where they are needed later.
    """

    model: BaseEstimator | None
    training_rows: np.ndarray
    rows: np.ndarray
    opinion: np.ndarray
    unlabeled_opinion: np.ndarray


class Opinions:
    """Opinions of teachers that were fitted without each fold and, to judge students, without each two.

    Where fold j judges the student, the teacher without folds j and k gives fold k's targets. So no target has seen the
    rows that judge it, for k - 1 fits with one judge and 2k - 3 with two. Several teachers are pooled with weights that
    have not seen them either. ``student``, where given, has its own opinion formed in the same way for the weights.

    A pair without a label of a group that has labelled rows, too, is treated as these are: it gets the opinion of a
    teacher that has not seen the group, and teaches nothing where the group judges.
    """

    def __init__(
        self,
        target: Target,
        pairs: Pairs,
        sides: Sequence[TeacherSide],
        fold_of: np.ndarray,
        *,
        weigh: Weigh,
        student: BaseEstimator | None = None,
        unlabeled_weight: Callable[[np.ndarray], np.ndarray] | None = None,
        objective: Objective | None = None,
        representation: str = "auto",
        judged: bool,
        n_jobs: int | None,
        verbose: bool,
    ) -> None:
        self.target = target
        self.pairs = pairs
        self.fold_of = fold_of
        self.folds = range(int(fold_of.max()) + 1)
        self.weigh = weigh
        self.unlabeled_weight = unlabeled_weight
        self.objective = objective
        self.sides = list(sides)
        self.methods: list[str] = []
        if objective is not None and objective.needs_features:
            self.methods = [choose_representation(side.model, representation) for side in sides]
        # The folds that judge students, where students are to be judged.
        self.judges = self.folds[: _count_judges(pairs, fold_of) if judged else 0]
        if judged and len(self.folds) < 3:
            raise ValueError(
                f"alpha='auto' and calibrate=True need at least 3 folds, one to judge and two for the teacher's "
                f"targets; cv gives {len(self.folds)}. Raise cv, or set alpha to a number and calibrate to False."
            )
        self.unlabeled_fold = _fold_of_unlabeled(pairs, fold_of)
        formed_by = [*self.sides]
        if student is not None:
            formed_by.append(TeacherSide("student", student, pairs.X, pairs.studied, None, np.zeros(0, dtype=bool)))
        left_out: list[tuple[int, ...]] = [(), *((fold,) for fold in self.folds)]
        left_out += [two for two in combinations(self.folds, 2) if set(two) & set(self.judges)]
        jobs = [(place, out) for place in range(len(formed_by)) for out in left_out]
        # Lessons are of the whole, and without each judge: only these hear of unlabelled pairs.
        taught = [(), *((judge,) for judge in self.judges)]
        calls = (
            (
                target,
                formed_by[place],
                pairs,
                fold_of,
                out,
                bool(self.methods),
                # Of pairs without a label these folds' are asked for.
                np.isin(self.unlabeled_fold, [*out, NO_FOLD] if out in taught else out),
            )
            for place, out in jobs
        )
        fits = run_each(_form_opinion, calls, len(jobs), n_jobs=n_jobs, description="teacher", show=verbose)
        self._formed = dict(zip(jobs, fits, strict=True))
        # Found once for each set of judges: to learn weights is a search.
        self._found_weights: dict[tuple[int, ...], np.ndarray] = {}

    @property
    def n_teachers(self) -> int:
        """How many teachers there are."""
        return len(self.sides)

    @property
    def teachers(self) -> list[BaseEstimator]:
        """The teachers fitted to all of their measured rows."""
        return [self._formed[place, ()].model for place in range(self.n_teachers)]

    def lesson(self) -> Lesson:
        """All labelled rows that the student can study, each with the opinion of teachers that have not seen it."""
        return self._lesson(())

    def lesson_without(self, judge: int) -> Lesson:
        """The same outside one fold, with opinions that have seen neither the row nor that fold."""
        return self._lesson((judge,))

    def weights(self) -> np.ndarray:
        """Weights of the teachers, from all labelled rows."""
        return self._weights(())

    def opinion_of_rows(self, judges: tuple[int, ...] = ()) -> np.ndarray:
        """Pooled opinion of every labelled row outside the judging folds, NaN where there is none."""
        if self.n_teachers == 0:
            return np.full((len(self.pairs.y), self.target.width), np.nan)
        return pool(self._unseen(judges), self._weights(judges))

    def _unseen(self, judges: tuple[int, ...]) -> list[np.ndarray]:
        return [self._unseen_by(place, judges) for place in range(self.n_teachers)]

    def _unseen_by(self, place: int, judges: tuple[int, ...]) -> np.ndarray:
        opinion = np.full((len(self.pairs.y), self.target.width), np.nan)
        for fold, formed in self._formed_without(place, judges):
            own = self.fold_of[formed.rows] == fold
            opinion[formed.rows[own]] = formed.opinion[own]
        return opinion

    def _unlabeled_by(self, place: int, judges: tuple[int, ...]) -> np.ndarray:
        opinion = self._formed[place, judges].unlabeled_opinion.copy()
        for fold, formed in self._formed_without(place, judges):
            own = self.unlabeled_fold == fold
            opinion[own] = formed.unlabeled_opinion[own]
        return opinion

    def _formed_without(self, place: int, judges: tuple[int, ...]) -> Iterator[tuple[int, Opinion]]:
        """Each fold that does not judge, and what a teacher says that has seen neither it nor those that do."""
        return (
            (fold, self._formed[place, tuple(sorted((fold, *judges)))]) for fold in self.folds if fold not in judges
        )

    def _weights(self, judges: tuple[int, ...]) -> np.ndarray:
        if self.n_teachers == 1:
            return np.ones(1)
        if judges not in self._found_weights:
            self._found_weights[judges] = self._find_weights(judges)
        return self._found_weights[judges]

    def _find_weights(self, judges: tuple[int, ...]) -> np.ndarray:
        own = (self.n_teachers, ()) in self._formed
        rows = np.flatnonzero(~np.isin(self.fold_of, judges))
        student = self._unseen_by(self.n_teachers, judges)[rows] if own else None
        weight = self.pairs.sample_weight
        weight = None if weight is None else weight[rows]
        return self.weigh([opinion[rows] for opinion in self._unseen(judges)], student, self.pairs.y[rows], weight)

    def _lesson(self, judges: tuple[int, ...]) -> Lesson:
        pairs = self.pairs
        X_unlabeled, unlabeled_groups, unlabeled = None, None, np.empty((0, self.target.width))
        further = ~np.isin(self.unlabeled_fold, judges)
        if further.any() and self.n_teachers:
            X_unlabeled = take_rows(pairs.X_unlabeled, further)
            unlabeled_groups = None if pairs.unlabeled_groups is None else pairs.unlabeled_groups[further]
            formed = [self._unlabeled_by(place, judges)[further] for place in range(self.n_teachers)]
            unlabeled = pool(formed, self._weights(judges))
        lesson = Lesson(
            pairs.X,
            pairs.y,
            self.opinion_of_rows(judges),
            X_unlabeled,
            unlabeled,
            self.target.classes,
            weight=pairs.sample_weight,
            unlabeled_weight=self.unlabeled_weight(unlabeled) if self.unlabeled_weight and len(unlabeled) else None,
            groups=pairs.groups,
            unlabeled_groups=unlabeled_groups,
            objective=self.objective,
            taught_classes=self._taught_classes(),
        )
        if self.methods:
            lesson.features, features = self._features(judges)
            lesson.unlabeled_features = features[further]
        rows = pairs.studied & ~np.isin(self.fold_of, judges)
        return lesson if rows.all() else lesson.of_rows(np.flatnonzero(rows))

    def _taught_classes(self) -> np.ndarray | None:
        """Classes that some teacher knows: a ready one may lack those that its cohort had not."""
        if not self.sides or len(self.target.classes) == 0:
            return None
        return np.unique(np.concatenate([teacher.classes_ for teacher in self.teachers]))

    def _features(self, judges: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """The teachers' features side by side, of each row by ones that have not seen it; unknown is 0, the mean."""
        found = [self._features_of(place, judges) for place in range(self.n_teachers)]
        labelled, unlabeled = (np.hstack([np.nan_to_num(parts[k]) for parts in found]) for k in range(2))
        return labelled, unlabeled

    def _features_of(self, place: int, judges: tuple[int, ...]) -> list[np.ndarray]:
        side, method = self.sides[place], self.methods[place]
        whole = self._formed[place, judges].model
        parts: list[list[tuple[np.ndarray, np.ndarray]]] = [[], []]
        for fold, formed in self._formed_without(place, judges):
            # A ready teacher is the same one in every fold, whichever process it comes back from.
            own = whole if isinstance(side.model, FrozenEstimator) else formed.model
            seen = side.X if own is whole else take_rows(side.X, formed.training_rows)
            cross = partial(unseen_features, own, whole, seen)
            rows = formed.rows[self.fold_of[formed.rows] == fold]
            if len(rows):
                parts[0].append((rows, cross(take_rows(side.X, rows), method)))
            rows = np.flatnonzero(side.unlabeled_measured & (self.unlabeled_fold == fold))
            if len(rows):
                parts[1].append((rows, cross(take_rows(side.X_unlabeled, rows), method)))
        rows = np.flatnonzero(side.unlabeled_measured & (self.unlabeled_fold == NO_FOLD))
        if len(rows):
            parts[1].append((rows, represent_by(whole, take_rows(side.X_unlabeled, rows), method)))
        n_features = parts[0][0][1].shape[1]
        lengths = (len(self.fold_of), len(side.unlabeled_measured))
        features = [np.full((length, n_features), np.nan) for length in lengths]
        for table, found in zip(features, parts, strict=True):
            for rows, part in found:
                table[rows] = part
        return standardise_features(features)


def _count_judges(pairs: Pairs, fold_of: np.ndarray) -> int:
    """How many folds judge students."""
    judging = pairs.heard & (fold_of == 0)
    n_units = judging.sum() if pairs.groups is None else len(np.unique(pairs.groups[judging]))
    return 1 if n_units >= ENOUGH_TO_JUDGE else N_JUDGES


def _fold_of_unlabeled(pairs: Pairs, fold_of: np.ndarray) -> np.ndarray:
    """The fold that holds out the labelled rows of each unlabelled pair's group; NO_FOLD where there are none."""
    if pairs.groups is None or pairs.unlabeled_groups is None:
        return np.full(0 if pairs.X_unlabeled is None else n_rows_of(pairs.X_unlabeled), NO_FOLD)
    fold_of_group = dict(zip(pairs.groups, fold_of, strict=True))
    return np.array([fold_of_group.get(group, NO_FOLD) for group in pairs.unlabeled_groups])


def _form_opinion(
    target: Target,
    side: TeacherSide,
    pairs: Pairs,
    fold_of: np.ndarray,
    left_out: Sequence[int],
    keep_model: bool,
    asked: np.ndarray,
) -> Opinion:
    """``asked``: the mask of the unlabelled pairs that this model is to speak of."""
    unseen = np.isin(fold_of, left_out)
    train, rows = np.flatnonzero(side.measured & ~unseen), np.flatnonzero(side.measured & unseen)
    target.check_training(pairs.y[train], side.model, left_out)
    weight, groups = (None if given is None else given[train] for given in (pairs.sample_weight, pairs.groups))
    model = fit_weighted(clone(side.model), take_rows(side.X, train), pairs.y[train], weight, groups)
    opinion = target.opinion(model, take_rows(side.X, rows)) if len(rows) else np.empty((0, target.width))
    unlabeled = np.full((len(side.unlabeled_measured), target.width), np.nan)
    if len(target.classes):
        # Of a class that it has not met a teacher has no opinion, rather than the opinion that there is none.
        opinion[~np.isin(pairs.y[rows], model.classes_)] = np.nan
    known = side.unlabeled_measured & asked[: len(side.unlabeled_measured)]
    if known.any():
        unlabeled[known] = target.opinion(model, take_rows(side.X_unlabeled, known))
    keep_model = keep_model or not left_out
    return Opinion(model if keep_model else None, train if keep_model else train[:0], rows, opinion, unlabeled)


def confidence(proba: np.ndarray) -> np.ndarray:
    """Weight 1 - H(q) / log K of each row's probabilities, divided by the mean: 0 for a teacher that knows nothing."""
    entropy = -(proba * np.log(np.clip(proba, 1e-300, None))).sum(axis=1)
    sure = np.nan_to_num((1 - entropy / np.log(proba.shape[1])).clip(min=0))
    return sure / sure.mean() if sure.any() else np.ones(len(sure))
