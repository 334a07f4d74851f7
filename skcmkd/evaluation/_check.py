"""Whether a student predicts at all: its held-out rows beside the baseline's, in fewer fits than a report takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from .._utils._parallel import parallel_map
from ._baseline import name_baseline, with_baseline
from ._cross_validate import ALONE, Predictions, SplitResult, make_splits
from ._input import ReportData, SideTables
from ._paired import PairedModels
from ._scores import Design, collect_row_scores, paired_difference, splits_factor
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
        The difference with its interval, of classes both accuracies, too.
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
    pairs = None if unlabeled_pairs is None else SideTables(unlabeled_pairs[:1], unlabeled_pairs[1])
    models = PairedModels(distiller, data, None, pairs)
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


def _predict_held_out(models: PairedModels, train: np.ndarray, test: np.ndarray) -> Predictions:
    split = models.split(train, test)
    return split.predict(split.fit_distilled())
