"""Whether a student predicts at all: its held-out rows beside the baseline's, in fewer fits than a report takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state

from .._utils._parallel import parallel_map
from ._baseline import name_baseline, with_baseline
from ._cross_validate import ALONE, Predictions, SplitResult, make_splits
from ._input import ReportData, SideTables
from ._paired import PairedModels
from ._scores import Design, collect_row_scores, paired_difference, splits_factor
from ._survival_models import KAPLAN_MEIER, Outcome, cross_validate_risks, with_group_numbers
from ._survival_scores import compare_models, score_model
from ._verdict import describe_difference, sign


@dataclass(frozen=True)
class BaselineCheck:
    """A student beside the baseline.

    Attributes
    ----------
    is_better : bool
        Whether the interval of the difference lies above zero.
    baseline : str
    text : str
        The difference with its interval, of classes both accuracies, of risks the AUC, too.
    """

    is_better: bool
    baseline: str
    text: str


def compare_with_baseline(
    distiller: BaseEstimator,
    data: ReportData,
    unlabeled_pairs: tuple[Any, np.ndarray | None] | None,
    n_folds: int,
    *,
    confidence: float,
    random_state: int,
    n_jobs: int | None = None,
) -> BaselineCheck:
    """Fit a distiller without each fold in turn, and compare its predictions with those that read nothing.

    Parameters
    ----------
    distiller : PairedDistiller or PairedDistillerRegressor
        Of one table of both modalities; its student has probabilities, if it is a classifier.
    data : ReportData
    unlabeled_pairs : tuple (table, groups or None) or None
    n_folds : int
    confidence : float in (0, 1)
    random_state : int
        Seed of the folds.
    n_jobs : int or None, default=None
    """
    models = _make_models(distiller, data, unlabeled_pairs)
    splits = make_splits(n_folds, 1, data, check_random_state(random_state))
    calls = [(models, train, test) for train, test in splits]
    predictions = parallel_map(
        _predict_held_out, calls, len(calls), n_jobs=n_jobs, description="held-out rows", verbose=False
    )
    results = [SplitResult({ALONE: prediction}) for prediction in predictions]
    rows = collect_row_scores(data.y, with_baseline(results, splits, data), data.classes)[0]
    baseline, score = name_baseline(data.classes), "squared_error" if data.classes is None else "brier"
    unit_ids = np.arange(len(data.y)) if data.groups is None else data.groups
    row = paired_difference(rows, ALONE, score, Design(unit_ids, confidence, splits_factor(splits)), baseline)
    text = describe_difference(row, score, confidence)
    if data.classes is not None:
        text += f"; accuracy {rows[ALONE, 'accuracy'].mean():.3f} against {rows[baseline, 'accuracy'].mean():.3f}"
    return BaselineCheck(sign(row) > 0, baseline, text)


def compare_with_kaplan_meier(
    distiller: BaseEstimator,
    X: Any,
    outcome: Outcome,
    n_folds: int,
    *,
    groups: np.ndarray | None,
    unlabeled_pairs: tuple[Any, np.ndarray | None] | None,
    confidence: float,
    random_state: int,
    n_jobs: int | None = None,
) -> BaselineCheck:
    """Fit a distiller without each fold in turn, and compare its risks with the one that Kaplan-Meier gives all rows.

    Parameters
    ----------
    distiller : PairedDistiller
        Of one table of both modalities.
    X : table of shape (n_samples, n_features)
        All rows with an outcome.
    outcome : Outcome
    n_folds : int
    groups : ndarray of shape (n_samples,) or None
    unlabeled_pairs : tuple (table, groups or None) or None
        Rows without an outcome.
    confidence : float in (0, 1)
    random_state : int
        Seed of the folds.
    n_jobs : int or None, default=None
    """
    states = outcome.states()
    data = ReportData(X, states, np.unique(states), groups=groups)
    models = with_group_numbers(_make_models(distiller, data, unlabeled_pairs))
    random = check_random_state(random_state)
    splits = make_splits(n_folds, 1, models.data, random)
    results = cross_validate_risks(
        models, outcome, splits, random, evaluate=_evaluate_distilled, n_jobs=n_jobs, verbose=False
    )
    index = pd.RangeIndex(len(splits), name="split")
    held_out = pd.concat([result.held_out for result in results], keys=index, names=["split", "row"])
    unit_ids = np.arange(len(states)) if models.data.groups is None else models.data.groups
    design = Design(unit_ids, confidence, splits_factor(splits))
    gains = compare_models(held_out, outcome, ALONE, KAPLAN_MEIER, design).loc["brier"]
    row = {part: float(pd.Series(gains)[part]) for part in ("gain", "lower", "upper")}
    area = score_model(held_out, outcome, ALONE)["auc"]
    return BaselineCheck(
        sign(row) > 0, KAPLAN_MEIER, f"{describe_difference(row, 'brier', confidence)}; AUC {area:.3f}"
    )


def _make_models(
    distiller: BaseEstimator, data: ReportData, unlabeled_pairs: tuple[Any, np.ndarray | None] | None
) -> PairedModels:
    """A copy of the distiller with its data; the splits are run in parallel, so no fit is, and none shows a bar."""
    pairs = None if unlabeled_pairs is None else SideTables(unlabeled_pairs[:1], unlabeled_pairs[1])
    return PairedModels(clone(distiller).set_params(n_jobs=None, verbose=0), data, None, pairs)


def _evaluate_distilled(models: PairedModels, train: np.ndarray, test: np.ndarray, seed: int) -> SplitResult:
    return SplitResult({ALONE: _predict_held_out(models, train, test)})


def _predict_held_out(models: PairedModels, train: np.ndarray, test: np.ndarray) -> Predictions:
    split = models.split(train, test)
    return split.predict(split.fit_distilled())
