"""The models of a survival report: on each split labels at the horizon, and weights, from its training rows alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.pipeline import Pipeline

from .._model_selection._pipelines import final_estimator
from .._utils._parallel import parallel_map
from .._validation._sklearn import ArrayLike, draw_seed
from .._validation._tables import Table, stack_rows, take_rows
from .._validation._target_checks import check_comparable_groups, merge_group_ids
from ..survival import horizon_labels, kaplan_meier
from ..survival._horizon import check_both_outcomes, check_outcome_rows, label_at, uncensored_probability
from ..survival._outcome import check_followed_to, check_horizon
from ._cross_validate import SplitResult, evaluate_split
from ._estimators import check_estimator, is_unpaired, make_paired_models
from ._input import SideTables, check_report_data
from ._paired import PairedModels
from ._pipeline import PipelineModels, check_transform_input

KAPLAN_MEIER, UNCENSORED = "Kaplan-Meier", "uncensored"
# Rows by what is known of them at the horizon; folds are stratified by it.
BEYOND, EVENT, CENSORED = 0, 1, 2


@dataclass(frozen=True)
class Outcome:
    """Time to an event, and the horizon of the risks.

    Attributes
    ----------
    time : ndarray of shape (n_samples,)
    event : ndarray of bool of shape (n_samples,)
    horizon : float
    """

    time: np.ndarray
    event: np.ndarray
    horizon: float

    def take(self, rows: np.ndarray) -> Outcome:
        """Some of the rows, given by position."""
        return Outcome(self.time[rows], self.event[rows], self.horizon)

    def states(self) -> np.ndarray:
        """What is known of each row at the horizon."""
        label = label_at(self.time, self.event, self.horizon)
        return np.where(np.isnan(label), CENSORED, label).astype(int)


@dataclass(frozen=True)
class SurvivalSplit:
    """What a split gives for its held-out rows.

    Attributes
    ----------
    held_out : DataFrame
        Index: positions among the rows of the report. ``uncensored``, G(min(time, horizon)-) by the training rows, and
        the risk by each model; NaN where a model has none.
    alphas : dict of str to float
        The teacher's weight in each model.
    choice : dict
        What was chosen on the training rows.
    """

    held_out: pd.DataFrame
    alphas: dict[str, float]
    choice: dict[str, Any]


def check_outcome(X: Table, time: ArrayLike, event: ArrayLike, horizon: float) -> Outcome:
    """The outcome of the rows of a table; raise where nothing could be learned at the horizon."""
    times, events = check_outcome_rows(X, time, event)
    outcome = Outcome(times, events, check_horizon(horizon))
    check_followed_to(times, outcome.horizon)
    check_both_outcomes(times, events, outcome.horizon)
    return outcome


def make_survival_models(
    estimator: BaseEstimator,
    X: Table,
    outcome: Outcome,
    X_teacher: Table | None,
    unlabeled_pairs: tuple[Any, ...] | None,
    groups: ArrayLike | None,
    fused: BaseEstimator | str | None,
) -> PairedModels | PipelineModels:
    """The models of a distiller, with the state of each row at the horizon as label: folds are stratified by it.

    Parameters
    ----------
    estimator, X, X_teacher, unlabeled_pairs, groups, fused
        As passed to ``SurvivalReport.from_estimator``.
    outcome : Outcome
    """
    check_estimator(estimator)
    distiller = final_estimator(estimator)
    if is_unpaired(distiller) or not is_classifier(distiller):
        raise ValueError(
            f"A {distiller.__class__.__name__} gives no risk at a horizon that censored rows can be weighted for. Give "
            "a PairedDistiller, or a Pipeline that ends in one; of pseudo_observations a DistillationReport."
        )
    states = outcome.states()
    models = make_paired_models(
        estimator, check_report_data(distiller, X, states, None, groups), X_teacher, unlabeled_pairs, fused
    )
    if isinstance(estimator, Pipeline) and (states == CENSORED).any():
        # The censored rows of a split become unlabeled pairs.
        check_transform_input(estimator, SideTables((models.data.X,)))
    return with_group_numbers(models)


def with_group_numbers(models: PairedModels | PipelineModels) -> PairedModels | PipelineModels:
    """The models with groups as numbers, for unlabeled pairs without groups a group each."""
    groups, pairs = models.data.groups, models.unlabeled_pairs
    if pairs is not None and pairs.groups is not None:
        check_comparable_groups(groups, pairs.groups, "unlabeled_pairs")
    if groups is None:
        return models
    more = [] if pairs is None else [(len(pairs.tables[0]), pairs.groups)]
    ids, *pair_ids = merge_group_ids(groups, more)
    data = replace(models.data, groups=ids)
    return replace(models, data=data, unlabeled_pairs=pairs and replace(pairs, groups=pair_ids[0]))


def cross_validate_risks(
    models: PairedModels | PipelineModels,
    outcome: Outcome,
    splits: list[tuple[np.ndarray, np.ndarray]],
    random_state: np.random.RandomState,
    *,
    evaluate: Callable[..., SplitResult] = evaluate_split,
    n_jobs: int | None,
    verbose: bool,
) -> list[SurvivalSplit]:
    """Fit all models on each split, or those of ``evaluate``, and predict the risks of its held-out rows."""
    calls = [(models, outcome, train, test, draw_seed(random_state), evaluate) for train, test in splits]
    return parallel_map(predict_risks, calls, len(calls), n_jobs=n_jobs, description="report", verbose=verbose)


def predict_risks(
    models: PairedModels | PipelineModels,
    outcome: Outcome,
    train: np.ndarray,
    test: np.ndarray,
    permutation_seed: int,
    evaluate: Callable[..., SplitResult],
) -> SurvivalSplit:
    """Fit all models on one split: rows with a label weighted, censored ones as unlabeled pairs.

    Labels, weights and the Kaplan-Meier baseline come from the training rows; the models get no outcome of others.
    """
    training = outcome.take(train)
    try:
        labels = horizon_labels(training.time, training.event, training.horizon)
    except ValueError as error:
        raise ValueError(
            f"The {len(train)} training rows of a split cannot be used: {error} Or give fewer folds, or other groups."
        ) from error
    known, censored = train[labels.known], train[~labels.known]
    rows = np.concatenate([known, test])
    data = models.data.take(rows, take_rows(models.data.X, rows))
    weight, y = np.ones(len(rows)), np.zeros(len(rows), dtype=int)
    y[: len(known)] = labels.label[labels.known]
    weight[: len(known)] = labels.sample_weight[labels.known]
    reduced = replace(
        models,
        data=replace(data, y=y, classes=np.array([BEYOND, EVENT]), sample_weight=weight),
        X_teacher=None if models.X_teacher is None else take_rows(models.X_teacher, rows),
        unlabeled_pairs=_add_censored(models, censored),
    )
    result = evaluate(reduced, np.arange(len(known)), np.arange(len(known), len(rows)), permutation_seed)
    held_out = pd.DataFrame(
        {UNCENSORED: uncensored_probability(outcome.time[test], outcome.horizon, labels.censoring)}, index=test
    )
    for name, made in result.predictions.items():
        held_out[name] = np.nan
        if made.proba is not None:
            held_out.loc[rows[made.rows], name] = made.proba[:, EVENT]
    held_out[KAPLAN_MEIER] = 1 - kaplan_meier(training.time, training.event).at([training.horizon])[0]
    alphas = {name: made.alpha for name, made in result.predictions.items()}
    return SurvivalSplit(held_out, alphas, result.choice)


def _add_censored(models: PairedModels | PipelineModels, censored: np.ndarray) -> SideTables | None:
    """The unlabeled pairs, and below them the censored rows."""
    pairs, groups = models.unlabeled_pairs, models.data.groups
    if len(censored) == 0:
        return pairs
    tables = [models.data.X] if models.X_teacher is None else [models.data.X, models.X_teacher]
    parts = [take_rows(table, censored) for table in tables]
    if pairs is not None:
        parts = [stack_rows(*both) for both in zip(pairs.tables, parts, strict=True)]
    if groups is None:
        return SideTables(tuple(parts))
    ids = groups[censored]
    return SideTables(tuple(parts), ids if pairs is None else np.concatenate([pairs.groups, ids]))
