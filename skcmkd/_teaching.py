"""A teacher's targets for rows it has not seen, and the weight that the teacher deserves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from ._cross_fitting import predict_aligned_proba, predict_left_out
from ._pairs import Pairs
from ._parallel import run_each
from ._resampling import one_standard_error_choice
from ._soft_targets import Lesson, fit_student
from ._validation import take_rows

# Weights of the teacher that alpha="auto" weighs against each other; 0 is the student alone.
ALPHAS = (0.0, 0.25, 0.5, 0.75)


@dataclass
class Opinion:
    """What a teacher fitted without some folds says of their rows and of the unlabelled pairs.

    The teacher itself is kept only where no fold was left out.
    """

    teacher: BaseEstimator | None
    rows: np.ndarray
    proba: np.ndarray
    unlabeled_proba: np.ndarray


class Opinions:
    """Opinions of teachers that were fitted without each fold and, to choose alpha, without each two.

    The teacher without folds k and l serves twice: it gives fold l's targets where fold k judges the student, and
    fold k's where fold l does. So no target has seen the rows that judge it, for k (k - 1) / 2 fits.
    """

    def __init__(
        self,
        teacher: BaseEstimator,
        pairs: Pairs,
        fold_of: np.ndarray,
        *,
        leave_two_out: bool,
        n_jobs: int | None,
        verbose: bool,
    ) -> None:
        self.pairs = pairs
        self.fold_of = fold_of
        self.folds = range(int(fold_of.max()) + 1)
        if leave_two_out and len(self.folds) < 3:
            raise ValueError(
                f"alpha='auto' needs at least 3 folds, one to judge and two for the teacher's targets; cv gives "
                f"{len(self.folds)}. Raise cv, or set alpha to a number."
            )
        left_out: list[tuple[int, ...]] = [(), *((fold,) for fold in self.folds)]
        if leave_two_out:
            left_out += combinations(self.folds, 2)
        calls = ((teacher, pairs, fold_of, out) for out in left_out)
        fits = run_each(_form_opinion, calls, len(left_out), n_jobs=n_jobs, description="teacher", show=verbose)
        self._without = dict(zip(left_out, fits, strict=True))

    @property
    def teacher(self) -> BaseEstimator | None:
        """The teacher fitted to all measured rows."""
        return self._without[()].teacher

    def lesson(self) -> Lesson:
        """All labelled rows, each with the opinion of a teacher that has not seen it."""
        return self._lesson(())

    def lesson_without(self, judge: int) -> Lesson:
        """The labelled rows outside one fold, with opinions that have seen neither the row nor that fold."""
        lesson = self._lesson((judge,))
        rows = np.flatnonzero(self.fold_of != judge)
        return lesson.of_rows(rows)

    def _lesson(self, judges: tuple[int, ...]) -> Lesson:
        pairs = self.pairs
        proba = np.full((len(pairs.y), len(pairs.classes)), np.nan)
        for fold in self.folds:
            if fold not in judges:
                opinion = self._without[tuple(sorted((fold, *judges)))]
                own = self.fold_of[opinion.rows] == fold
                proba[opinion.rows[own]] = opinion.proba[own]
        unlabeled = self._without[judges].unlabeled_proba
        return Lesson(pairs.X, pairs.y, proba, pairs.X_unlabeled, unlabeled, pairs.classes)


def _form_opinion(teacher: BaseEstimator, pairs: Pairs, fold_of: np.ndarray, left_out: Sequence[int]) -> Opinion:
    model, rows, proba = predict_left_out(
        teacher, pairs.X_teacher, pairs.y, pairs.measured, fold_of, left_out, pairs.classes
    )
    unlabeled = np.empty((0, len(pairs.classes)))
    if pairs.X_teacher_unlabeled is not None and len(left_out) < 2:
        unlabeled = predict_aligned_proba(model, pairs.X_teacher_unlabeled, pairs.classes)
    return Opinion(None if left_out else model, rows, proba, unlabeled)


def choose_alpha(
    student: BaseEstimator, opinions: Opinions, temperature: float, *, n_jobs: int | None, verbose: bool
) -> tuple[float, pd.DataFrame]:
    """The teacher's weight by cross-validation, and the scores it was chosen by.

    Students are judged by the Brier score of held-out rows, a proper score that one confident mistake cannot rule.
    """
    jobs = [(fold, alpha) for fold in opinions.folds for alpha in ALPHAS]
    calls = (
        (
            student,
            opinions.lesson_without(fold),
            alpha,
            temperature,
            opinions.pairs,
            np.flatnonzero(opinions.fold_of == fold),
        )
        for fold, alpha in jobs
    )
    fits = run_each(_judge_student, calls, len(jobs), n_jobs=n_jobs, description="alpha", show=verbose)
    losses = np.empty((len(opinions.pairs.y), len(ALPHAS)))
    for (fold, alpha), loss in zip(jobs, fits, strict=True):
        losses[opinions.fold_of == fold, ALPHAS.index(alpha)] = loss
    excess = losses - losses[:, [0]]
    scores = pd.DataFrame(
        {
            "brier": losses.mean(axis=0),
            "excess": excess.mean(axis=0),
            "standard_error": excess.std(axis=0, ddof=1) / np.sqrt(len(losses)),
        },
        index=pd.Index(ALPHAS, name="alpha"),
    )
    return ALPHAS[one_standard_error_choice(losses)], scores


def _judge_student(
    student: BaseEstimator, lesson: Lesson, alpha: float, temperature: float, pairs: Pairs, rows: np.ndarray
) -> np.ndarray:
    """Brier score |onehot(y) - p|^2 of each held-out row."""
    fitted = fit_student(clone(student), lesson, alpha, temperature)
    held_out = take_rows(pairs.X, rows)
    truth = pairs.y[rows, None] == pairs.classes
    if hasattr(fitted, "predict_proba"):
        proba = predict_aligned_proba(fitted, held_out, pairs.classes)
    else:
        proba = fitted.predict(held_out)[:, None] == pairs.classes
    return ((proba - truth.astype(float)) ** 2).sum(axis=1)
