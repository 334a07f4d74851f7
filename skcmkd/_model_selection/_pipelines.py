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

from .._validation._tables import Table


def final_step(model: BaseEstimator) -> BaseEstimator:
    """The model at a pipeline's end, or the model itself."""
    return model.steps[-1][1] if isinstance(model, Pipeline) else model


def fit_final_step(
    model: BaseEstimator,
    X: Table,
    y: np.ndarray,
    X_further: Table | None,
    fit: Callable[[BaseEstimator, Table, Table | None], BaseEstimator],
) -> BaseEstimator:
    """Fit a pipeline's transformers to X and y, and its last step by ``fit``; any other model by ``fit`` alone.

    ``fit`` gets the model, X and further rows, both transformed. It may return another model than it was given: the
    pipeline's last step is replaced.
    """
    X, X_further = fit_transformers(model, X, y, X_further)
    if not isinstance(model, Pipeline):
        return fit(model, X, X_further)
    name, last = model.steps[-1]
    model.steps = [*model.steps[:-1], (name, fit(last, X, X_further))]
    return model


def fit_transformers(
    model: BaseEstimator, X: Table, y: np.ndarray, X_further: Table | None
) -> tuple[Table, Table | None]:
    """X and further rows as a pipeline's transformers, fitted to X and y in place, give them to its last step."""
    if not isinstance(model, Pipeline) or len(model.steps) == 1:
        return X, X_further
    transformers = model[:-1]
    X = transformers.fit_transform(X, y)
    X_further = None if X_further is None else transformers.transform(X_further)
    model.steps = [*transformers.steps, model.steps[-1]]
    return X, X_further


def takes(model: BaseEstimator, parameter: str) -> bool:
    """Whether the fit of a model, or of a pipeline's last step, has a parameter of this name."""
    return has_fit_parameter(final_step(model), parameter)


def class_weighted(
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


def fit_weighted(
    model: BaseEstimator,
    X: Table,
    y: np.ndarray,
    sample_weight: np.ndarray | None,
    groups: np.ndarray | None = None,
) -> BaseEstimator:
    """Fit with row weights and groups where the model, or a pipeline's last step, takes them; None is not passed."""
    given = {"sample_weight": sample_weight, "groups": groups}
    extra = {name: value for name, value in given.items() if value is not None and takes(model, name)}
    if not extra or isinstance(model, FrozenEstimator):
        return model.fit(X, y)
    return fit_final_step(model, X, y, None, lambda last, X, _: last.fit(X, y, **extra))
