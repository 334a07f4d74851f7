"""Student alone, distilled student, teacher and shuffled teacher on rows that none has seen, selection in each fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils import Bunch

from .._model_selection._pipelines import fit_weighted
from .._model_selection._probabilities import predict_unseen_proba
from .._utils._parallel import run_each
from ..evaluation._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER, Answers, split_rows
from ..evaluation._input import shuffle_teacher_columns
from ..evaluation._report import DistillationReport
from ..evaluation._scores import gather_rows
from ._input import Cohort
from ._pipeline import Lesson, make_teacher, teach


@dataclass(frozen=True)
class Evaluation:
    """The report of all folds, and for each of them the teacher, whether it was kept, and its weight."""

    report: DistillationReport
    choices: pd.DataFrame


def evaluate(
    cohort: Cohort, kind: str, *, n_folds: int, n_repeats: int, seed: int, n_jobs: int | None, show: bool
) -> Evaluation:
    """Fit all models to each fold and score them on the rows held out."""
    random_state = np.random.RandomState(seed)
    dealt = Bunch(y=cohort.y, classes=cohort.classes, groups=cohort.groups)
    splits = split_rows(n_folds, n_repeats, dealt, random_state)
    calls = [(cohort, train, test, kind, seed) for train, test in splits]
    found = run_each(ask_fold, calls, len(calls), n_jobs=n_jobs, description="folds", show=show)
    rows, agreement, alphas = gather_rows(cohort.y, [answers for answers, _ in found], cohort.classes)
    table = pd.DataFrame(alphas, index=pd.RangeIndex(len(alphas), name="split"))[[DISTILLED, SHUFFLED]]
    report = DistillationReport(rows, agreement, table, cohort.y, classes=cohort.classes, groups=cohort.groups)
    return Evaluation(report, pd.DataFrame([choice for _, choice in found]))


def ask_fold(
    cohort: Cohort, train: np.ndarray, test: np.ndarray, kind: str, seed: int
) -> tuple[dict[str, Answers], dict[str, object]]:
    """What each model says of the held-out rows, and what was chosen without them."""
    lesson = teach(cohort.without_pairs_of(None if cohort.groups is None else cohort.groups[test]), train, kind, seed)
    alpha = lesson.distiller.alpha_
    test = test[cohort.measured(cohort.student)[test]]
    columns = cohort.student_columns

    def ask(model: BaseEstimator) -> Answers:
        return _answers(model, cohort, columns, test, len(train), alpha)

    answers = {DISTILLED: ask(lesson.distiller)}
    if alpha == 0:  # each of the three is the student alone
        answers |= {ALONE: answers[DISTILLED], SHUFFLED: answers[DISTILLED]}
    else:
        pairs = lesson.further["unlabeled_pairs"]
        answers[ALONE] = ask(lesson.again(0, lesson.table, pairs))
        answers[SHUFFLED] = ask(_shuffled(lesson, columns, alpha, np.random.RandomState(seed)))
    answers[TEACHER] = _ask_teacher(lesson, cohort, train, test, kind, seed)
    order = [ALONE, DISTILLED, TEACHER, SHUFFLED]
    choice = {"teacher": lesson.teacher, "kept": bool(lesson.selector.teachers_), "alpha": alpha}
    return {name: answers[name] for name in order}, choice


def _shuffled(lesson: Lesson, columns: list[str], alpha: float, random_state: np.random.RandomState) -> BaseEstimator:
    """The distiller with the teacher's measured rows in random order, those of unlabelled pairs too."""
    positions = lesson.table.columns.get_indexer(pd.Index(columns))
    table = shuffle_teacher_columns(lesson.table, positions, random_state)
    pairs = lesson.further["unlabeled_pairs"]
    if pairs is not None:
        pairs = (shuffle_teacher_columns(pairs[0], positions, random_state), *pairs[1:])
    return lesson.again(alpha, table, pairs)


def _ask_teacher(lesson: Lesson, cohort: Cohort, train: np.ndarray, test: np.ndarray, kind: str, seed: int) -> Answers:
    """The kept teacher, or the first candidate, on the rows where it was measured."""
    columns, measured = cohort.modalities[lesson.teacher], cohort.measured(lesson.teacher)
    train, test = train[measured[train]], test[measured[test]]
    model = lesson.distiller.teacher_
    if model is None:
        model = clone(make_teacher(kind, cohort.classes is not None, seed))
        groups = None if cohort.groups is None else cohort.groups[train]
        fit_weighted(model, cohort.X.iloc[train][columns], cohort.y[train], None, groups)
    return _answers(model, cohort, columns, test, len(train), np.nan)


def _answers(
    model: BaseEstimator, cohort: Cohort, columns: list[str], test: np.ndarray, n_training: int, alpha: float
) -> Answers:
    if len(test) == 0:
        return Answers(test, cohort.y[test], None, np.nan)
    held_out, proba = cohort.X.iloc[test][columns], None
    if cohort.classes is not None:
        proba = predict_unseen_proba(model, held_out, cohort.classes, n_training)
    return Answers(test, np.asarray(model.predict(held_out)), proba, alpha)
