"""Class probabilities of rows that a model has not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._utils._parallel import run_each
from .._validation._tables import Table, take_rows
from ._pipelines import fit_weighted
from ._probabilities import predict_aligned_proba


def check_training_classes(y: np.ndarray, estimator: BaseEstimator, left_out: Sequence[int]) -> None:
    """Raise unless the labels to train on hold at least two classes."""
    # To sort all labels of each training part takes a tenth of fitting a linear model to it.
    if len(y) == 0 or (y == y[0]).all():
        n_classes = min(len(y), 1)
        raise ValueError(
            f"Only {len(y)} rows with measured values remain to fit {estimator.__class__.__name__} when fold "
            f"{[int(fold) for fold in left_out]} is held out, and they hold {n_classes} classes; at least 2 are "
            "needed. Give another cv, or measure more rows."
        )


def unseen_proba(
    estimator: BaseEstimator,
    X: Table,
    y: np.ndarray,
    fold_of: np.ndarray,
    n_jobs: int | None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Probabilities of each row by a clone that has not seen it, in the order of the sorted classes."""
    classes = np.unique(y)
    folds = range(int(fold_of.max()) + 1)
    calls = ((estimator, X, y, fold_of == fold, classes, fold, groups) for fold in folds)
    proba = np.empty((len(y), len(classes)))
    parts = run_each(_fit_and_predict, calls, len(folds), n_jobs=n_jobs, description="teacher", show=False)
    for fold, part in zip(folds, parts, strict=True):
        proba[fold_of == fold] = part
    return proba


def _fit_and_predict(
    estimator: BaseEstimator,
    X: Table,
    y: np.ndarray,
    held_out: np.ndarray,
    classes: np.ndarray,
    fold: int,
    groups: np.ndarray | None,
) -> np.ndarray:
    train = np.flatnonzero(~held_out)
    check_training_classes(y[train], estimator, [fold])
    own = None if groups is None else groups[train]
    model = fit_weighted(clone(estimator), take_rows(X, train), y[train], None, own)
    return predict_aligned_proba(model, take_rows(X, np.flatnonzero(held_out)), classes)
