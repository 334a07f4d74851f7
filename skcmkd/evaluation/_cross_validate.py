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

from .._distillation._delegate import seed_of
from .._model_selection._folds import check_not_repeated, stratified_folds
from .._model_selection._pipelines import class_weighted, fit_weighted
from .._model_selection._probabilities import predict_unseen_proba
from .._utils._parallel import run_each
from .._validation._sklearn import draw_seed, set_seeds
from .._validation._table_checks import check_missing_values, check_text_columns
from .._validation._tables import take_rows
from ..paired._teachers import pool
from ._input import Cohort, shuffle_measured, shuffle_teacher_columns

ALONE, DISTILLED, TEACHER, FUSED, SHUFFLED = "student alone", "distilled", "teacher", "fused", "shuffled teacher"


@dataclass(frozen=True)
class Answers:
    """What a fitted model says of held-out rows; ``proba`` is in the order of the sorted classes."""

    rows: np.ndarray
    prediction: np.ndarray
    proba: np.ndarray | None
    alpha: float


def split_rows(
    cv: Any, n_repeats: int, cohort: Cohort, random_state: np.random.RandomState
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and held-out rows of each fold of each repeat.

    A number of folds deals shuffled rows, or shuffled groups, out class by class (a group by its most frequent class).
    """
    n_rows = len(cohort.y)
    if not isinstance(n_repeats, Integral) or n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats!r} must be a whole number of at least 1.")
    if cv is not None and not isinstance(cv, Integral):
        check_not_repeated(cv, n_repeats)
        splitter = check_cv(cv, cohort.y, classifier=cohort.classes is not None)
        return list(splitter.split(np.zeros(n_rows), cohort.y, cohort.groups))
    n_folds = 5 if cv is None else int(cv)
    codes = np.zeros(n_rows, dtype=int) if cohort.classes is None else np.searchsorted(cohort.classes, cohort.y)
    unit_of, unit = np.arange(n_rows), "rows"
    if cohort.groups is not None:
        unit_of, unit = np.unique(cohort.groups, return_inverse=True)[1], "groups"
        codes = pd.crosstab(unit_of, codes).to_numpy().argmax(axis=1)
    if not 2 <= n_folds <= len(codes):
        raise ValueError(
            f"cv={cv!r} must be at least 2 and at most the number of {unit}, {len(codes)} (n_samples={n_rows}): each "
            f"fold holds out at least one of the {unit}. Change cv, or add {unit}."
        )
    splits = []
    for _ in range(n_repeats):
        order = random_state.permutation(len(codes))
        fold_of = np.empty(len(codes), dtype=int)
        fold_of[order] = stratified_folds(codes[order], n_folds)
        held_out = fold_of[unit_of]
        splits += [(np.flatnonzero(held_out != fold), np.flatnonzero(held_out == fold)) for fold in range(n_folds)]
    return splits


def fused_model(fused: BaseEstimator | str | None, distiller: BaseEstimator, cohort: Cohort) -> BaseEstimator | None:
    """The model of both tables, if there is one; raise where it cannot read them."""
    if fused is not None and fused != "teacher" and not hasattr(fused, "fit"):
        raise ValueError(f"fused={fused!r} must be an estimator, 'teacher' or None.")
    if isinstance(fused, str):
        own = cohort.teachers[0].model
        several = isinstance(distiller.teacher, Mapping)
        is_teacher = len(cohort.teachers) == 1 and distiller.teacher_sees == "both"
        fused = None if several or is_teacher or isinstance(own, FrozenEstimator) else clone(own)
    if fused is not None:
        table, measured = cohort.fused_table
        table = take_rows(table, measured)
        check_text_columns(table, fused, "X beside X_teacher", "fused")
        check_missing_values(table, fused, "X beside X_teacher", "fused")
    return fused


def ask_models(
    distiller: BaseEstimator,
    cohort: Cohort,
    splits: list[tuple[np.ndarray, np.ndarray]],
    fused: BaseEstimator | None,
    random_state: np.random.RandomState,
    *,
    n_jobs: int | None,
    verbose: bool,
) -> Iterator[dict[str, Answers]]:
    """The answers of every model, fold by fold.

    All models of all folds have the same seeds, so that the student alone and the distilled one differ in the teacher
    only.
    """
    alone = clone(distiller).set_params(alpha=0)
    # Only a distiller knows how several teachers are pooled; at any weight but 0 it trains them.
    teacher = cohort.teachers[0].model if len(cohort.teachers) == 1 else clone(distiller).set_params(alpha=1)
    models = {
        ALONE: alone,
        DISTILLED: distiller,
        TEACHER: teacher,
        FUSED: None if fused is None else set_seeds(clone(fused), seed_of(distiller.random_state)),
    }
    models = {name: model for name, model in models.items() if model is not None}
    run = partial(run_each, n_jobs=n_jobs, show=verbose)
    calls: list[tuple] = [(name, model, cohort, *split, None) for split in splits for name, model in models.items()]
    answers = run(_ask, calls, len(calls), description="report")
    folds = [
        dict(zip(models, answers[first : first + len(models)], strict=True))
        for first in range(0, len(answers), len(models))
    ]
    # The control has the weight that the distilled student took: one that chooses would leave the shuffled teacher.
    weights = [fold[DISTILLED].alpha for fold in folds]
    controls = [distiller if np.isnan(alpha) else clone(distiller).set_params(alpha=alpha) for alpha in weights]
    calls = [
        (SHUFFLED, control, cohort, *split, draw_seed(random_state))
        for control, split in zip(controls, splits, strict=True)
    ]
    for fold, control in zip(folds, run(_ask, calls, len(calls), description="control"), strict=True):
        yield {**fold, SHUFFLED: control}


def _ask(
    name: str, model: BaseEstimator, cohort: Cohort, train: np.ndarray, test: np.ndarray, shuffle_seed: int | None
) -> Answers:
    if name == TEACHER and len(cohort.teachers) > 1:
        return _ask_several(model, cohort, train, test)
    if name in (TEACHER, FUSED):
        table, measured = cohort.teachers[0].X, cohort.teachers[0].measured
        if name == FUSED:
            table, measured = cohort.fused_table
        weight = _weights_of(cohort, train)
        weight = None if weight is None else weight[measured[train]]
        train, test = train[measured[train]], test[measured[test]]
        groups = None if cohort.groups is None else cohort.groups[train]
        fitted = fit_weighted(clone(model), take_rows(table, train), cohort.y[train], weight, groups)
    else:
        table = cohort.X
        shuffler = None if shuffle_seed is None else np.random.RandomState(shuffle_seed)
        fitted = _fit_distiller(clone(model), cohort, train, shuffler)
        test = test[cohort.studied[test]]
    if len(test) == 0:
        return Answers(test, cohort.y[test], None, np.nan)
    held_out, proba = take_rows(table, test), None
    if cohort.classes is not None and hasattr(fitted, "predict_proba"):
        proba = predict_unseen_proba(fitted, held_out, cohort.classes, len(train))
    return Answers(test, np.asarray(fitted.predict(held_out)), proba, getattr(fitted, "alpha_", np.nan))


def _ask_several(distiller: BaseEstimator, cohort: Cohort, train: np.ndarray, test: np.ndarray) -> Answers:
    """The teachers of a fitted distiller, pooled with its weights over those that each row was measured on."""
    fitted = _fit_distiller(clone(distiller), cohort, train, None)
    classes = cohort.classes
    opinions = []
    for side in cohort.teachers:
        model, own = fitted.teacher_[side.name], side.measured[test]
        opinion = np.full((len(test), 1 if classes is None else len(classes)), np.nan)
        if own.any():
            table, n_training = take_rows(side.X, test[own]), int(side.measured[train].sum())
            if classes is None:
                opinion[own] = np.reshape(model.predict(table), (-1, 1))
            else:
                opinion[own] = predict_unseen_proba(model, table, classes, n_training)
        opinions.append(opinion)
    pooled = pool(opinions, np.array([fitted.teacher_weights_[side.name] for side in cohort.teachers]))
    known = ~np.isnan(pooled).any(axis=1)
    rows, pooled = test[known], pooled[known]
    if classes is None:
        return Answers(rows, pooled[:, 0], None, np.nan)
    return Answers(rows, classes[pooled.argmax(axis=1)], pooled, np.nan)


def _weights_of(cohort: Cohort, train: np.ndarray) -> np.ndarray | None:
    """Row weights of a training fold, as the distiller weighs them."""
    weight = None if cohort.sample_weight is None else cohort.sample_weight[train]
    return class_weighted(weight, cohort.class_weight, cohort.y[train])


def _fit_distiller(
    distiller: BaseEstimator, cohort: Cohort, train: np.ndarray, shuffler: np.random.RandomState | None
) -> BaseEstimator:
    given = {"sample_weight": cohort.sample_weight, "groups": cohort.groups}
    further: dict[str, Any] = {
        name: values[train]
        for name, values in given.items()
        if values is not None and has_fit_parameter(distiller, name)
    }
    X = take_rows(cohort.X, train)
    unlabeled, unlabeled_groups = cohort.unlabeled_beside(train)
    if cohort.student_positions is None:
        T = take_rows(cohort.teacher_table, train)
        if shuffler is not None:
            T = shuffle_measured(T, shuffler)
            unlabeled = None if unlabeled is None else (unlabeled[0], shuffle_measured(unlabeled[1], shuffler))
        further["X_teacher"] = T
    elif shuffler is not None:
        X = shuffle_teacher_columns(X, cohort.student_positions, shuffler)
        if unlabeled is not None:
            unlabeled = (shuffle_teacher_columns(unlabeled[0], cohort.student_positions, shuffler),)
    if unlabeled is not None and unlabeled_groups is not None:
        unlabeled = (*unlabeled, unlabeled_groups)
    return distiller.fit(X, cohort.y[train], unlabeled_pairs=unlabeled, **further)
