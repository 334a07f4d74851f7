"""Fitting a model, or the last step of a pipeline, with more than a table and a label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import compute_sample_weight
from sklearn.utils.validation import has_fit_parameter

from .._validation._sklearn import n_samples
from .._validation._tables import Table, stack_rows, take_rows


def final_estimator(model: BaseEstimator) -> BaseEstimator:
    """The model at a pipeline's end, or the model itself."""
    return model.steps[-1][1] if isinstance(model, Pipeline) else model


def fit_final_estimator(
    model: BaseEstimator, X: Table, y: np.ndarray, fit: Callable[[BaseEstimator, Table], BaseEstimator]
) -> BaseEstimator:
    """Fit a pipeline's transformers to the labeled rows, and its last step by ``fit``; any other model by ``fit`` alone.

    The first ``len(y)`` rows of X are labeled. ``fit`` gets the model and all rows, transformed. It may return another
    model than it was given: the pipeline's last step is replaced.
    """
    X = fit_transformers(model, X, y)
    if not isinstance(model, Pipeline):
        return fit(model, X)
    name, last = model.steps[-1]
    model.steps = [*model.steps[:-1], (name, fit(last, X))]
    return model


def fit_transformers(model: BaseEstimator, X: Table, y: np.ndarray) -> Table:
    """All rows as a pipeline's transformers, fitted in place to the first ``len(y)`` of them, give them to its last step."""
    if not isinstance(model, Pipeline) or len(model.steps) == 1:
        return X
    transformers, labeled = model[:-1], np.arange(n_samples(X)) < len(y)
    transformed = transformers.fit_transform(take_rows(X, labeled), y)
    if not labeled.all():
        transformed = stack_rows(transformed, transformers.transform(take_rows(X, ~labeled)))
    model.steps = [*transformers.steps, model.steps[-1]]
    return transformed


def fit_accepts(model: BaseEstimator, parameter: str) -> bool:
    """Whether the fit of a model, or of a pipeline's last step, has a parameter of this name."""
    return has_fit_parameter(final_estimator(model), parameter)


def apply_class_weight(
    sample_weight: np.ndarray | None, class_weight: Mapping[Any, float] | str | None, y: np.ndarray
) -> np.ndarray | None:
    """Row weights times those of the rows' classes; None where neither is given."""
    if class_weight is None:
        return sample_weight
    try:
        balance = compute_sample_weight(class_weight, y)
    except (ValueError, TypeError):
        balance = np.full(len(y), np.nan)
    if not (np.isfinite(balance).all() and (balance >= 0).all() and balance.any()):
        raise ValueError(
            f"class_weight={class_weight!r} must give the classes of y, {np.unique(y).tolist()[:5]}, finite weights "
            "of 0 or more, and not 0 to all of them."
        )
    return balance if sample_weight is None else balance * sample_weight


def fit_with_metadata(
    model: BaseEstimator,
    X: Table,
    y: np.ndarray,
    sample_weight: np.ndarray | None,
    groups: np.ndarray | None = None,
) -> BaseEstimator:
    """Fit with row weights and groups where the model, or a pipeline's last step, takes them; None is not passed."""
    metadata = {"sample_weight": sample_weight, "groups": groups}
    extra = {name: value for name, value in metadata.items() if value is not None and fit_accepts(model, name)}
    if not extra or isinstance(model, FrozenEstimator):
        return model.fit(X, y)
    return fit_final_estimator(model, X, y, lambda last, X: last.fit(X, y, **extra))
