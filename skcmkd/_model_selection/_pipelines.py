"""Fitting a model, or the last step of a pipeline, with row weights, groups or another fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import compute_sample_weight
from sklearn.utils.metadata_routing import MetadataRouter, get_routing_for_object, process_routing
from sklearn.utils.validation import has_fit_parameter

from .._validation._sklearn import n_samples
from .._validation._tables import Table, stack_rows, take_rows


def final_estimator(model: BaseEstimator) -> BaseEstimator:
    """Last step of a pipeline, or the model itself."""
    return model.steps[-1][1] if isinstance(model, Pipeline) else model


def fit_final_estimator(
    model: BaseEstimator, X: Table, y: np.ndarray, fit: Callable[[BaseEstimator, Table], BaseEstimator]
) -> BaseEstimator:
    """Fit a pipeline's transformers to the labeled rows and its last step by ``fit``; any other model by ``fit``.

    Parameters
    ----------
    model : estimator
        Fitted in place.
    X : table of shape (n_rows, n_features)
        Labeled rows first.
    y : ndarray of shape (n_labeled, ...)
    fit : callable
        ``fit(last step, all rows, transformed)`` returns the fitted model that replaces the last step.

    Returns
    -------
    estimator
    """
    X = fit_transformers(model, X, y)
    if not isinstance(model, Pipeline):
        return fit(model, X)
    name, last = model.steps[-1]
    model.steps = [*model.steps[:-1], (name, fit(last, X))]
    return model


def fit_transformers(model: BaseEstimator, X: Table, y: np.ndarray) -> Table:
    """Fit a pipeline's transformers in place to the first ``len(y)`` rows and transform all rows.

    Raises
    ------
    ValueError
        If a step changes the rows: labels, weights and soft targets would belong to others.
    """
    if not isinstance(model, Pipeline) or len(model.steps) == 1:
        return X
    check_keeps_rows(model)
    transformers, labeled = model[:-1], np.arange(n_samples(X)) < len(y)
    transformed = _same_rows(model, transformers.fit_transform(take_rows(X, labeled), y), int(labeled.sum()))
    if not labeled.all():
        unlabeled = transformers.transform(take_rows(X, ~labeled))
        transformed = stack_rows(transformed, _same_rows(model, unlabeled, int((~labeled).sum())))
    model.steps = [*transformers.steps, model.steps[-1]]
    return transformed


def check_keeps_rows(model: BaseEstimator) -> None:
    """Raise if a step before the last of a pipeline, or of a pipeline inside it, resamples the rows."""
    sampler = _find_sampler(model)
    if sampler is not None:
        name, step = sampler
        raise ValueError(
            f"The step {name!r} of the pipeline, a {step.__class__.__name__}, resamples the rows in fit, but each row "
            f"has a label, a weight or a soft target that is passed beside it. Leave the sampler out; in its place set "
            "class_weight, give a sample_weight, or resample the rows of all tables before fit."
        )


def _find_sampler(model: BaseEstimator) -> tuple[str, BaseEstimator] | None:
    """Name and estimator of the first step before the last that has ``fit_resample``, as those of imbalanced-learn."""
    if not isinstance(model, Pipeline):
        return None
    for name, step in model.steps:
        if step is not model.steps[-1][1] and hasattr(step, "fit_resample"):
            return name, step
        if (inner := _find_sampler(step)) is not None:
            return f"{name}__{inner[0]}", inner[1]
    return None


def _same_rows(model: Pipeline, transformed: Table, n_rows: int) -> Table:
    """What the steps before the last return, unless its number of rows is another."""
    if n_samples(transformed) != n_rows:
        steps = ", ".join(repr(name) for name, _ in model.steps[:-1])
        raise ValueError(
            f"The steps {steps} of the pipeline return {n_samples(transformed)} rows for {n_rows}, but each row has a "
            "label, a weight or a soft target that is passed beside it. Leave out the step that changes the number of "
            "rows; select or resample the rows of all tables before fit."
        )
    return transformed


def fit_accepts(model: BaseEstimator, parameter: str) -> bool:
    """Whether the fit of a model, or of a pipeline's last step, takes a parameter of this name and uses it."""
    model = final_estimator(model)
    return has_fit_parameter(model, parameter) and not withheld_by_routing(model, parameter)


def withheld_by_routing(model: BaseEstimator, parameter: str) -> bool:
    """Whether a model of other models would not pass them a parameter of ``fit`` that they take.

    With metadata routing enabled it raises where they have not said whether they request it, and passes nothing on
    where they do not.
    """
    if not get_config()["enable_metadata_routing"]:
        return False
    try:
        routing = get_routing_for_object(model)
        if not isinstance(routing, MetadataRouter):
            return False
        process_routing(model, "fit", **{parameter: True})
    except (UnsetMetadataPassedError, NotImplementedError, TypeError):
        return True
    parts = [
        part.router
        for name, part in routing
        if name != "$self_request"
        and any(callee.startswith("fit") for caller, callee in part.mapping if caller == "fit")
    ]
    return not all(part.consumes("fit", [parameter]) for part in parts)


def apply_class_weight(
    sample_weight: np.ndarray | None, class_weight: Mapping[Any, float] | str | None, y: np.ndarray
) -> np.ndarray | None:
    """Row weights times class weights, of shape (n_rows,); None without either."""
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
    """Fit with those of the row weights and groups that the model, or a pipeline's last step, accepts.

    Parameters
    ----------
    model : estimator
        Fitted in place; a FrozenEstimator stays as it is.
    X : table of shape (n_rows, n_features)
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    sample_weight, groups : ndarray of shape (n_rows,) or None
        None is not passed.

    Returns
    -------
    estimator
    """
    metadata = {"sample_weight": sample_weight, "groups": groups}
    extra = {name: value for name, value in metadata.items() if value is not None and fit_accepts(model, name)}
    if not extra or isinstance(model, FrozenEstimator):
        return model.fit(X, y)
    return fit_final_estimator(model, X, y, lambda last, X: last.fit(X, y, **extra))
