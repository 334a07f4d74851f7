"""The models of a report, all fitted to the same folds and asked about the same held-out rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import check_cv
from sklearn.utils.validation import has_fit_parameter

from .._distillation._delegate import resolve_seed
from .._model_selection._folds import check_not_repeated, stratified_folds
from .._model_selection._pipelines import apply_class_weight, fit_with_metadata
from .._model_selection._probabilities import predict_smoothed_proba
from .._utils._parallel import parallel_map
from .._validation._failures import explain_failure
from .._validation._sklearn import draw_seed, set_random_states
from .._validation._tables import take_rows
from ..paired._pooling import linear_pool
from ._input import ReportData, permute_observed_rows, permute_teacher_columns

ALONE, DISTILLED, TEACHER, FUSED, SHUFFLED = "student alone", "distilled", "teacher", "fused", "shuffled teacher"


@dataclass(frozen=True)
class Predictions:
    """What a fitted model says of held-out rows; ``proba`` is in the order of the sorted classes."""

    rows: np.ndarray
    prediction: np.ndarray
    proba: np.ndarray | None
    alpha: float


def make_splits(
    cv: Any, n_repeats: int, data: ReportData, random_state: np.random.RandomState
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and held-out rows of each fold of each repeat.

    A number of folds deals shuffled rows, or shuffled groups, out class by class (a group by its most frequent class).
    """
    n_rows = len(data.y)
    if not isinstance(n_repeats, Integral) or n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats!r} must be a whole number of at least 1.")
    if cv is not None and not isinstance(cv, Integral):
        check_not_repeated(cv, n_repeats)
        splitter = check_cv(cv, data.y, classifier=data.classes is not None)
        return list(splitter.split(np.zeros(n_rows), data.y, data.groups))
    n_folds = 5 if cv is None else int(cv)
    codes = np.zeros(n_rows, dtype=int) if data.classes is None else np.searchsorted(data.classes, data.y)
    unit_ids, unit = np.arange(n_rows), "rows"
    if data.groups is not None:
        unit_ids, unit = np.unique(data.groups, return_inverse=True)[1], "groups"
        codes = pd.crosstab(unit_ids, codes).to_numpy().argmax(axis=1)
    if not 2 <= n_folds <= len(codes):
        raise ValueError(
            f"cv={cv!r} must be at least 2 and at most the number of {unit}, {len(codes)} (n_samples={n_rows}): each "
            f"fold holds out at least one of the {unit}. Change cv, or add {unit}."
        )
    splits = []
    for _ in range(n_repeats):
        order = random_state.permutation(len(codes))
        fold_ids = np.empty(len(codes), dtype=int)
        fold_ids[order] = stratified_folds(codes[order], n_folds)
        held_out = fold_ids[unit_ids]
        splits += [(np.flatnonzero(held_out != fold), np.flatnonzero(held_out == fold)) for fold in range(n_folds)]
    return splits


def make_fused_model(
    fused: BaseEstimator | str | None, distiller: BaseEstimator, data: ReportData
) -> BaseEstimator | None:
    """The model of both tables, if there is one; raise where it cannot read them."""
    if fused is not None and fused != "teacher" and not hasattr(fused, "fit"):
        raise ValueError(f"fused={fused!r} must be an estimator, 'teacher' or None.")
    if isinstance(fused, str):
        own = data.teachers[0].model
        several = isinstance(distiller.teacher, Mapping)
        is_teacher = len(data.teachers) == 1 and distiller.teacher_input == "both"
        fused = None if several or is_teacher or isinstance(own, FrozenEstimator) else clone(own)
    return fused


def cross_validate_models(
    distiller: BaseEstimator,
    data: ReportData,
    splits: list[tuple[np.ndarray, np.ndarray]],
    fused: BaseEstimator | None,
    random_state: np.random.RandomState,
    *,
    n_jobs: int | None,
    verbose: bool,
) -> Iterator[dict[str, Predictions]]:
    """The answers of every model, fold by fold.

    All models of all folds have the same seeds, so that the student alone and the distilled one differ in the teacher
    only.
    """
    alone = clone(distiller).set_params(alpha=0)
    # Only a distiller knows how several teachers are pooled; at any weight but 0 it trains them.
    teacher = data.teachers[0].model if len(data.teachers) == 1 else clone(distiller).set_params(alpha=1)
    models = {
        ALONE: alone,
        DISTILLED: distiller,
        TEACHER: teacher,
        FUSED: None if fused is None else set_random_states(clone(fused), resolve_seed(distiller.random_state)),
    }
    models = {name: model for name, model in models.items() if model is not None}
    run = partial(parallel_map, n_jobs=n_jobs, verbose=verbose)
    calls: list[tuple] = [(name, model, data, *split, None) for split in splits for name, model in models.items()]
    predictions = run(_fit_and_predict, calls, len(calls), description="report")
    folds = [
        dict(zip(models, predictions[first : first + len(models)], strict=True))
        for first in range(0, len(predictions), len(models))
    ]
    # The control has the weight that the distilled student took: one that chooses would leave the shuffled teacher.
    weights = [fold[DISTILLED].alpha for fold in folds]
    controls = [distiller if np.isnan(alpha) else clone(distiller).set_params(alpha=alpha) for alpha in weights]
    calls = [
        (SHUFFLED, control, data, *split, draw_seed(random_state))
        for control, split in zip(controls, splits, strict=True)
    ]
    for fold, control in zip(folds, run(_fit_and_predict, calls, len(calls), description="control"), strict=True):
        yield {**fold, SHUFFLED: control}


def _fit_and_predict(
    name: str, model: BaseEstimator, data: ReportData, train: np.ndarray, test: np.ndarray, shuffle_seed: int | None
) -> Predictions:
    if name == TEACHER and len(data.teachers) > 1:
        return _predict_pooled_teachers(model, data, train, test)
    if name in (TEACHER, FUSED):
        table, observed = data.teachers[0].X, data.teachers[0].observed
        if name == FUSED:
            table, observed = data.fused_table
        weight = _training_weights(data, train)
        weight = None if weight is None else weight[observed[train]]
        train, test = train[observed[train]], test[observed[test]]
        groups = None if data.groups is None else data.groups[train]
        role, X_train = ("fused", "X beside X_teacher") if name == FUSED else ("teacher", "X_teacher")
        with explain_failure(model, role, lambda: {X_train: take_rows(table, train)}):
            fitted = fit_with_metadata(clone(model), take_rows(table, train), data.y[train], weight, groups)
    else:
        table = data.X
        shuffler = None if shuffle_seed is None else np.random.RandomState(shuffle_seed)
        fitted = _fit_distiller(clone(model), data, train, shuffler)
        test = test[data.has_student[test]]
    if len(test) == 0:
        return Predictions(test, data.y[test], None, np.nan)
    held_out, proba = take_rows(table, test), None
    if data.classes is not None and hasattr(fitted, "predict_proba"):
        proba = predict_smoothed_proba(fitted, held_out, data.classes, len(train))
    return Predictions(test, np.asarray(fitted.predict(held_out)), proba, getattr(fitted, "alpha_", np.nan))


def _predict_pooled_teachers(
    distiller: BaseEstimator, data: ReportData, train: np.ndarray, test: np.ndarray
) -> Predictions:
    """The teachers of a fitted distiller, pooled with its weights over those that each row was measured on."""
    fitted = _fit_distiller(clone(distiller), data, train, None)
    classes = data.classes
    probas = []
    for side in data.teachers:
        model, own = fitted.teacher_[side.name], side.observed[test]
        proba_of_teacher = np.full((len(test), 1 if classes is None else len(classes)), np.nan)
        if own.any():
            table, n_training = take_rows(side.X, test[own]), int(side.observed[train].sum())
            if classes is None:
                proba_of_teacher[own] = np.reshape(model.predict(table), (-1, 1))
            else:
                proba_of_teacher[own] = predict_smoothed_proba(model, table, classes, n_training)
        probas.append(proba_of_teacher)
    pooled = linear_pool(probas, np.array([fitted.teacher_weights_[side.name] for side in data.teachers]))
    known = ~np.isnan(pooled).any(axis=1)
    rows, pooled = test[known], pooled[known]
    if classes is None:
        return Predictions(rows, pooled[:, 0], None, np.nan)
    return Predictions(rows, classes[pooled.argmax(axis=1)], pooled, np.nan)


def _training_weights(data: ReportData, train: np.ndarray) -> np.ndarray | None:
    """Row weights of a training fold, as the distiller weighs them."""
    weight = None if data.sample_weight is None else data.sample_weight[train]
    return apply_class_weight(weight, data.class_weight, data.y[train])


def _fit_distiller(
    distiller: BaseEstimator, data: ReportData, train: np.ndarray, shuffler: np.random.RandomState | None
) -> BaseEstimator:
    inputs = {"sample_weight": data.sample_weight, "groups": data.groups}
    unlabeled_pairs: dict[str, Any] = {
        name: values[train]
        for name, values in inputs.items()
        if values is not None and has_fit_parameter(distiller, name)
    }
    X = take_rows(data.X, train)
    unlabeled, unlabeled_groups = data.unlabeled_for(train)
    if data.student_positions is None:
        T = take_rows(data.X_teacher, train)
        if shuffler is not None:
            T = permute_observed_rows(T, shuffler)
            unlabeled = None if unlabeled is None else (unlabeled[0], permute_observed_rows(unlabeled[1], shuffler))
        unlabeled_pairs["X_teacher"] = T
    elif shuffler is not None:
        X = permute_teacher_columns(X, data.student_positions, shuffler)
        if unlabeled is not None:
            unlabeled = (permute_teacher_columns(unlabeled[0], data.student_positions, shuffler),)
    if unlabeled is not None and unlabeled_groups is not None:
        unlabeled = (*unlabeled, unlabeled_groups)
    return distiller.fit(X, data.y[train], unlabeled_pairs=unlabeled, **unlabeled_pairs)
