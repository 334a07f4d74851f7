"""Fitting a model, or the last step of a pipeline, with more than a table and a label."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from ._validation import Table


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
    if not isinstance(model, Pipeline):
        return fit(model, X, X_further)
    head = model.steps[:-1]
    if head:
        transformers = model[:-1]
        X = transformers.fit_transform(X, y)
        X_further = None if X_further is None else transformers.transform(X_further)
        head = transformers.steps
    name, last = model.steps[-1]
    model.steps = [*head, (name, fit(last, X, X_further))]
    return model


def takes(model: BaseEstimator, parameter: str) -> bool:
    """Whether the fit of a model, or of a pipeline's last step, has a parameter of this name."""
    return has_fit_parameter(final_step(model), parameter)


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
