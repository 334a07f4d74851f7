"""The map from the student's table to what is predicted of the teacher, and its output as a block of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags

from .._distillation._targets import RegressionTarget
from .._distillation._training_data import stack_tables
from .._model_selection._pipelines import final_estimator, fit_with_metadata
from .._utils._parallel import parallel_map
from .._validation._failures import explain_failure
from .._validation._sklearn import n_features
from .._validation._table_checks import observed_rows
from .._validation._tables import Table, take_rows
from .._validation._target_checks import normalize_weight
from ._data import PairedData
from ._map_targets import Excluded, MapTargets

# Predictions whose variance is below this fraction of their targets' are constant, up to rounding.
MIN_RELATIVE_VARIANCE = 1e-18


@dataclass(frozen=True)
class PredictedBlock:
    """Features (f(x) - mean) * factor, with f the fitted map.

    Attributes
    ----------
    predictor : fitted regressor
    mean : ndarray of shape (n_predicted,)
    factor : float
    """

    predictor: BaseEstimator | None
    mean: np.ndarray
    factor: float

    def transform(self, X: Table) -> np.ndarray:
        """The block of some rows, (n_rows, n_predicted); NaN where the student's table is missing throughout."""
        observed = observed_rows(X)
        block = np.full((len(observed), len(self.mean)), np.nan)
        if observed.any():
            prediction = predict_numbers(self.predictor, take_rows(X, observed), len(self.mean))
            block[observed] = (prediction - self.mean) * self.factor
        return block


def predict_numbers(predictor: BaseEstimator, X: Table, n_predicted: int) -> np.ndarray:
    """Finite predictions of shape (n_rows, n_predicted)."""
    with explain_failure(predictor, "predictor", lambda: {"X": X}):
        return RegressionTarget(n_predicted).predict(predictor, X)


def fit_blocks(
    predictor: BaseEstimator,
    data: PairedData,
    targets: MapTargets,
    excluded: Sequence[Excluded],
    *,
    scale: float,
    n_jobs: int | None,
) -> list[PredictedBlock]:
    """One map for each set of excluded folds, fitted to the pairs outside these folds.

    Parameters
    ----------
    predictor : regressor
        Cloned.
    data : PairedData
    targets : callable
        What is predicted of each pair.
    excluded : sequence of tuple of int
    scale : float
    n_jobs : int or None
    """
    X = data.X if data.X_unlabeled is None else stack_tables([data.X, data.X_unlabeled])
    usable = np.concatenate([data.usable, np.ones(data.n_unlabeled, dtype=bool)])
    calls = (
        (predictor, X, usable, len(data.y), targets(out), data.row_weight, data.group_ids, scale) for out in excluded
    )
    return parallel_map(fit_block, calls, len(excluded), n_jobs=n_jobs, description="map", verbose=False)


def fit_block(
    predictor: BaseEstimator,
    X: Table,
    usable: np.ndarray,
    n_labeled: int,
    targets: np.ndarray,
    sample_weight: np.ndarray | None,
    groups: np.ndarray | None,
    scale: float,
) -> PredictedBlock:
    """Fit a clone of the predictor to the usable pairs with a target, and scale its predictions of labeled rows.

    Parameters
    ----------
    predictor : regressor
    X : table of shape (n_pairs, n_features)
        The student's, labeled rows first.
    usable : ndarray of shape (n_pairs,)
        Mask of the pairs that have the student's modality and a weight above 0.
    n_labeled : int
    targets : ndarray of shape (n_pairs, n_predicted)
        A row of NaN has none.
    sample_weight, groups : ndarray of shape (n_pairs,) or None
    scale : float
    """
    rows, n_predicted = usable & ~np.isnan(targets).any(axis=1), targets.shape[1]
    if rows.sum() < 2:
        raise ValueError(
            f"Only {int(rows.sum())} pairs with both modalities remain to fit the predictor "
            f"{predictor.__class__.__name__}; at least 2 are needed. Give another cv, or more pairs."
        )
    y = targets[rows]
    weight, groups = (None if a is None else a[rows] for a in (normalize_weight(sample_weight), groups))
    with explain_failure(predictor, "predictor", lambda: {"X": take_rows(X, rows)}):
        fitted = _fit_predictor(predictor, take_rows(X, rows), y, weight, groups)
    reference = usable & (np.arange(len(usable)) < n_labeled)
    prediction = predict_numbers(fitted, take_rows(X, reference), n_predicted)
    variance = prediction.var(axis=0).sum()
    is_constant = variance <= MIN_RELATIVE_VARIANCE * y.var(axis=0).sum()
    factor = 0.0 if is_constant else scale * float(np.sqrt(n_features(X) / variance))
    return PredictedBlock(fitted, prediction.mean(axis=0), factor)


def _fit_predictor(
    predictor: BaseEstimator, X: Table, y: np.ndarray, weight: np.ndarray | None, groups: np.ndarray | None
) -> BaseEstimator:
    n_predicted = y.shape[1]
    try:
        return fit_with_metadata(clone(predictor), X, y if n_predicted > 1 else y[:, 0], weight, groups)
    except ValueError as error:
        model = final_estimator(predictor)
        if n_predicted == 1 or get_tags(model).target_tags.multi_output:
            raise
        raise ValueError(
            f"{error} ({n_predicted} numbers are predicted of each row, and the predictor {model.__class__.__name__} "
            f"predicts one: give MultiOutputRegressor({model.__class__.__name__}()).)"
        ) from error


def cross_fitted_block(blocks: Sequence[PredictedBlock], X: Table, fold_ids: np.ndarray) -> np.ndarray:
    """Features of each labeled row by the map of its fold, (n_samples, n_predicted)."""
    features = np.empty((len(fold_ids), len(blocks[0].mean)))
    for fold, block in enumerate(blocks):
        features[fold_ids == fold] = block.transform(take_rows(X, fold_ids == fold))
    return features
