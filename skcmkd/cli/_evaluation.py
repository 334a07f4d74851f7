"""Student alone, distilled student, teacher and shuffled teacher on rows that none has seen, selection in each fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils import Bunch

from .._model_selection._pipelines import fit_with_metadata
from .._model_selection._probabilities import predict_smoothed_proba
from .._utils._parallel import parallel_map
from ..evaluation._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER, Predictions, make_splits
from ..evaluation._input import permute_teacher_columns
from ..evaluation._report import DistillationReport
from ..evaluation._scores import collect_row_scores
from ._input import CliData
from ._pipeline import FittedPipeline, fit_pipeline, make_teacher


@dataclass(frozen=True)
class Evaluation:
    """The report of all folds, and for each of them the teacher, whether it was kept, and its weight."""

    report: DistillationReport
    selections: pd.DataFrame


def evaluate(
    data: CliData, kind: str, *, n_folds: int, n_repeats: int, seed: int, n_jobs: int | None, verbose: bool
) -> Evaluation:
    """Fit all models to each fold and score them on the rows held out."""
    random_state = np.random.RandomState(seed)
    fold_splits = Bunch(y=data.y, classes=data.classes, groups=data.groups)
    splits = make_splits(n_folds, n_repeats, fold_splits, random_state)
    calls = [(data, train, test, kind, seed) for train, test in splits]
    found = parallel_map(predict_fold, calls, len(calls), n_jobs=n_jobs, description="folds", verbose=verbose)
    rows, agreement, alphas = collect_row_scores(data.y, [predictions for predictions, _ in found], data.classes)
    table = pd.DataFrame(alphas, index=pd.RangeIndex(len(alphas), name="split"))[[DISTILLED, SHUFFLED]]
    report = DistillationReport(rows, agreement, table, data.y, classes=data.classes, groups=data.groups)
    return Evaluation(report, pd.DataFrame([choice for _, choice in found]))


def predict_fold(
    data: CliData, train: np.ndarray, test: np.ndarray, kind: str, seed: int
) -> tuple[dict[str, Predictions], dict[str, object]]:
    """What each model says of the held-out rows, and what was chosen without them."""
    fitted = fit_pipeline(data.exclude_groups(None if data.groups is None else data.groups[test]), train, kind, seed)
    alpha = fitted.distiller.alpha_
    test = test[data.observed(data.student)[test]]
    columns = data.student_columns

    def predict_with(model: BaseEstimator) -> Predictions:
        return _predict(model, data, columns, test, len(train), alpha)

    predictions = {DISTILLED: predict_with(fitted.distiller)}
    if alpha == 0:  # each of the three is the student alone
        predictions |= {ALONE: predictions[DISTILLED], SHUFFLED: predictions[DISTILLED]}
    else:
        pairs = fitted.fit_params["unlabeled_pairs"]
        predictions[ALONE] = predict_with(fitted.refit(0, fitted.table, pairs))
        predictions[SHUFFLED] = predict_with(_shuffled(fitted, columns, alpha, np.random.RandomState(seed)))
    predictions[TEACHER] = _predict_teacher(fitted, data, train, test, kind, seed)
    order = [ALONE, DISTILLED, TEACHER, SHUFFLED]
    choice = {"teacher": fitted.teacher, "kept": bool(fitted.selector.teachers_), "alpha": alpha}
    return {name: predictions[name] for name in order}, choice


def _shuffled(
    fitted: FittedPipeline, columns: list[str], alpha: float, random_state: np.random.RandomState
) -> BaseEstimator:
    """The distiller with the teacher's measured rows in random order, those of unlabelled pairs too."""
    positions = fitted.table.columns.get_indexer(pd.Index(columns))
    table = permute_teacher_columns(fitted.table, positions, random_state)
    pairs = fitted.fit_params["unlabeled_pairs"]
    if pairs is not None:
        pairs = (permute_teacher_columns(pairs[0], positions, random_state), *pairs[1:])
    return fitted.refit(alpha, table, pairs)


def _predict_teacher(
    fitted: FittedPipeline, data: CliData, train: np.ndarray, test: np.ndarray, kind: str, seed: int
) -> Predictions:
    """The kept teacher, or the first candidate, on the rows where it was measured."""
    columns, observed = data.modalities[fitted.teacher], data.observed(fitted.teacher)
    train, test = train[observed[train]], test[observed[test]]
    model = fitted.distiller.teacher_
    if model is None:
        model = clone(make_teacher(kind, data.classes is not None, seed))
        groups = None if data.groups is None else data.groups[train]
        fit_with_metadata(model, data.X.iloc[train][columns], data.y[train], None, groups)
    return _predict(model, data, columns, test, len(train), np.nan)


def _predict(
    model: BaseEstimator, data: CliData, columns: list[str], test: np.ndarray, n_training: int, alpha: float
) -> Predictions:
    if len(test) == 0:
        return Predictions(test, data.y[test], None, np.nan)
    held_out, proba = data.X.iloc[test][columns], None
    if data.classes is not None:
        proba = predict_smoothed_proba(model, held_out, data.classes, n_training)
    return Predictions(test, np.asarray(model.predict(held_out)), proba, alpha)
