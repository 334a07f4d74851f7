"""Out-of-fold predictions: each row by a model that was not fitted to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._utils._parallel import parallel_map
from .._validation._tables import Table, take_rows
from ._pipelines import fit_with_metadata
from ._probabilities import predict_proba_for

# predict(fitted model, rows of X): an array, or several, with a row each.
Predict = Callable[[BaseEstimator, Table], Any]
# check(labels to train on, estimator, excluded folds): raises where they are too few.
Check = Callable[[np.ndarray, BaseEstimator, Sequence[int]], None]


@dataclass(frozen=True)
class FoldFit:
    """A model fitted without some folds, and its predictions for them.

    Attributes
    ----------
    model : fitted estimator or None
        None unless ``keep_model``.
    train_rows, rows : ndarray of int
        Positions of the training rows, and of the rows of the excluded folds.
    prediction : ndarray of shape (len(rows), n_outputs)
        Or whatever else ``predict`` returns.
    """

    model: Any
    train_rows: np.ndarray
    rows: np.ndarray
    prediction: Any


def describe_held_out(folds: Sequence[int]) -> str:
    """The folds that are held out, in words; nothing of none."""
    return f" when fold {[int(fold) for fold in folds]} is held out" if len(folds) else ""


def check_training_classes(y: np.ndarray, estimator: BaseEstimator, excluded_folds: Sequence[int]) -> None:
    """Raise unless the training labels hold at least two classes."""
    # Sorting the labels of each training part would take a tenth of the time of fitting a linear model to it.
    if len(y) == 0 or (y == y[0]).all():
        n_classes = min(len(y), 1)
        raise ValueError(
            f"Only {len(y)} rows with measured values remain to fit {estimator.__class__.__name__}"
            f"{describe_held_out(excluded_folds)}, and they hold {n_classes} classes; at least 2 are needed. "
            f"{'Give another cv, or measure' if len(excluded_folds) else 'Measure'} more rows."
        )


def fit_without_folds(
    estimator: BaseEstimator,
    X: Table,
    y: np.ndarray,
    fold_ids: np.ndarray,
    excluded_folds: Sequence[int],
    predict: Predict,
    check: Check,
    observed: np.ndarray | None = None,
    sample_weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    keep_model: bool = False,
) -> FoldFit:
    """Fit a clone to the rows outside the excluded folds and predict the rows inside.

    Parameters
    ----------
    estimator : estimator
    X : table of shape (n_samples, n_features)
    y : ndarray of shape (n_labeled,) or (n_labeled, n_outputs)
        Of the first rows of X: others are predicted only.
    fold_ids : ndarray of shape (n_samples,)
    excluded_folds : sequence of int
    predict, check : callables
    observed : ndarray of shape (n_samples,), default=None
        Mask of the rows to fit to and to predict; None for all.
    sample_weight, groups : ndarray of shape (n_labeled,), default=None
        Passed to the fit of a model that takes them.
    keep_model : bool, default=False
        Models are large, and costly to send between processes.

    Returns
    -------
    FoldFit
    """
    observed = np.ones(len(fold_ids), dtype=bool) if observed is None else observed
    held_out = np.isin(fold_ids, excluded_folds)
    train, rows = np.flatnonzero((observed & ~held_out)[: len(y)]), np.flatnonzero(observed & held_out)
    check(y[train], estimator, excluded_folds)
    weight, groups = (None if a is None else a[train] for a in (sample_weight, groups))
    model = fit_with_metadata(clone(estimator), take_rows(X, train), y[train], weight, groups)
    prediction = predict(model, take_rows(X, rows)) if len(rows) else np.empty((0, 0))
    return FoldFit(model if keep_model else None, train, rows, prediction)


def cross_fit(
    estimator: BaseEstimator,
    X: Table,
    y: np.ndarray,
    fold_ids: np.ndarray,
    predict: Predict,
    check: Check,
    *,
    groups: np.ndarray | None = None,
    n_jobs: int | None,
) -> np.ndarray:
    """Predict each row by a clone fitted without its fold.

    Parameters
    ----------
    estimator : estimator
    X : table of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    fold_ids : ndarray of shape (n_samples,)
    predict, check : callables
    groups : ndarray of shape (n_samples,), default=None

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
    """
    folds = range(int(fold_ids.max()) + 1)
    calls: Any = ((estimator, X, y, fold_ids, (fold,), predict, check, None, None, groups) for fold in folds)
    fits = parallel_map(fit_without_folds, calls, len(folds), n_jobs=n_jobs, description="teacher", verbose=False)
    prediction = np.empty((len(y), *fits[0].prediction.shape[1:]), dtype=fits[0].prediction.dtype)
    for fit in fits:
        prediction[fit.rows] = fit.prediction
    return prediction


def cross_fit_proba(
    estimator: BaseEstimator,
    X: Table,
    y: np.ndarray,
    fold_ids: np.ndarray,
    n_jobs: int | None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Out-of-fold probabilities of each row, in the order of the sorted classes."""
    predict = partial(predict_proba_for, classes=np.unique(y))
    return cross_fit(estimator, X, y, fold_ids, predict, check_training_classes, groups=groups, n_jobs=n_jobs)
