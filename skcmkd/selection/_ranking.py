"""Candidate teachers side by side: how surely each is one, and which to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from .._model_selection._resampling import half_samples, map_statistic, subsampling_interval
from .._utils._decisions import DISTIL, UNDECIDED, sign_of_interval
from .._validation._sklearn import draw_seed
from ._candidates import SelectionSettings, TeacherCandidate, make_candidates
from ._criteria import CRITERION_METRICS, block_average
from ._encoders import Repeat, encode_out_of_fold

# Less than this, in nats, a copy of a kept teacher seems to add: scores given twice are penalised less.
MIN_ADDED_NATS = 0.01
# Fewer rows that several teachers share say nothing of what one adds to the others.
MIN_SHARED_ROWS = 40
ADDED_COLUMNS = ["added", "added_standard_error", "added_lower", "added_upper", "added_probability"]


def rank_candidates(
    candidates: list[TeacherCandidate],
    repeats: Sequence[Repeat],
    student: str,
    encoders: Mapping[str, BaseEstimator],
    settings: SelectionSettings,
    random_state: np.random.RandomState,
    *,
    n_jobs: int | None,
    verbose: bool,
) -> pd.DataFrame:
    """One row per candidate, the best first: informations, criteria with their intervals, and the decision."""
    statistic: Callable[[np.ndarray], list[list[float]]] = partial(_metrics_on, candidates, settings)
    if settings.refit:
        statistic = partial(_metrics_refitted, repeats, student, encoders, settings)
    data = repeats[0].data
    sizes = [data.n_labeled, len(data.fold_ids) - data.n_labeled]
    draws = half_samples(sizes, settings.n_subsamples, random_state, data.groups)
    half_sample_metrics = map_statistic(statistic, draws, n_jobs=n_jobs, description="subsamples", verbose=verbose)
    rows = [
        _result_row(candidate, settings, half_sample_metrics[:, index]) for index, candidate in enumerate(candidates)
    ]
    results = pd.DataFrame(rows, index=pd.Index([candidate.name for candidate in candidates], name="teacher"))
    return results.sort_values(settings.metric, ascending=False, kind="stable")


def _result_row(
    candidate: TeacherCandidate, settings: SelectionSettings, half_sample_metrics: np.ndarray
) -> dict[str, Any]:
    """A candidate's row of the results, from its figures on halves of the rows."""
    n_rows = len(candidate.y)
    row: dict[str, Any] = {"n_rows": n_rows, "n_unlabeled": len(candidate.rows) - n_rows}
    # Encoders trained anew on each half have luck of their own in it already.
    repeat_errors = {} if settings.refit else candidate.repeat_standard_errors(settings)
    for (name, value), half_sample_values in zip(
        candidate.metrics(settings).items(), half_sample_metrics.T, strict=True
    ):
        row[name] = value
        if name in (*CRITERION_METRICS, "criterion"):
            repeat_error = repeat_errors.get(name, 0.0)
            row |= _add_interval(
                name, value, half_sample_values, n_rows, candidate.groups, settings.confidence, repeat_error
            )
    row["decision"] = sign_of_interval(row[f"{settings.metric}_lower"], row[f"{settings.metric}_upper"])
    row["best_alpha"] = candidate.best_alpha()
    return row


def _add_interval(
    name: str,
    value: float,
    half_sample_metrics: np.ndarray,
    n_rows: int,
    groups: np.ndarray | None,
    confidence: float,
    extra_se: float = 0.0,
) -> dict[str, float]:
    if not np.isnan(value):
        # Of few rows or groups a half may hold none: it says nothing.
        half_sample_metrics = half_sample_metrics[~np.isnan(half_sample_metrics)]
    n_units, dof = n_rows, None
    if groups is not None:
        n_units = len(np.unique(groups))
        dof = min(len(half_sample_metrics), n_units) - 1
    interval = subsampling_interval(value, half_sample_metrics, n_units, confidence, dof, extra_se)
    return {
        f"{name}_standard_error": interval.standard_error,
        f"{name}_lower": interval.lower,
        f"{name}_upper": interval.upper,
        f"{name}_probability": interval.probability_positive,
    }


def _metrics_on(candidates: list[TeacherCandidate], settings: SelectionSettings, rows: np.ndarray) -> list[list[float]]:
    return [list(candidate.metrics(settings, rows).values()) for candidate in candidates]


def _metrics_refitted(
    repeats: Sequence[Repeat],
    student: str,
    encoders: Mapping[str, BaseEstimator],
    settings: SelectionSettings,
    rows: np.ndarray,
) -> list[list[float]]:
    parts = [repeat.data.take(rows) for repeat in repeats]
    refitted = [Repeat(part, encode_out_of_fold(part, encoders, settings.representation)) for part in parts]
    return [list(candidate.metrics(settings).values()) for candidate in make_candidates(refitted, student, settings)]


def select_teachers(
    results: pd.DataFrame,
    candidates: list[TeacherCandidate],
    settings: SelectionSettings,
    *,
    max_teachers: int | None,
    keep_undecided: bool,
    random_state: np.random.RandomState,
) -> tuple[list[str], pd.DataFrame]:
    """The best candidate, and then one by one whoever adds most about the label to those already kept.

    What a candidate adds is I(H_kept, H_c; Y) - I(H_kept; Y), with its interval, on the rows where all were measured;
    NaN, and nothing is added, where these are too few.
    """
    decision = results["decision"]
    accepted = decision.index[decision == DISTIL]
    if keep_undecided and accepted.empty:
        accepted = decision.index[decision == UNDECIDED]
    selected, added = list(accepted[:1]), dict[str, dict[str, float]]()
    by_name = {candidate.name: candidate for candidate in candidates}
    remaining = [name for name in accepted if name not in selected]
    while remaining and (max_teachers is None or len(selected) < max_teachers):
        added_now = {
            name: _added_information([by_name[k] for k in selected], by_name[name], settings, draw_seed(random_state))
            for name in remaining
        }
        added |= added_now
        significant = {name: row["added"] for name, row in added_now.items() if row["added_lower"] > MIN_ADDED_NATS}
        if not significant:
            break
        best = max(significant, key=lambda name: significant[name])
        selected.append(best)
        remaining.remove(best)
    return selected, pd.DataFrame(list(added.values()), index=list(added), columns=ADDED_COLUMNS).reindex(results.index)


def _added_information(
    selected: list[TeacherCandidate], new: TeacherCandidate, settings: SelectionSettings, seed: int
) -> dict[str, float]:
    """I(H_kept, H_c; Y) - I(H_kept; Y) in nats, with its interval."""
    models = [*selected, new]
    rows = new.rows[: len(new.y)]
    for candidate in selected:
        rows = np.intersect1d(rows, candidate.rows[: len(candidate.y)])
    position = np.searchsorted(new.rows, rows)
    y = new.y[position]
    groups = None if new.groups is None else new.groups[position]
    n_units = len(rows) if groups is None else len(np.unique(groups))
    if len(rows) < MIN_SHARED_ROWS or n_units < 2 or len(np.unique(y)) < 2:
        return dict.fromkeys(ADDED_COLUMNS, np.nan)
    estimators = settings.estimators
    of_repeats = []
    for repeat, comparison in enumerate(new.repeats):
        parts = [one.repeats[repeat].teacher[np.searchsorted(one.rows, rows)] for one in models]
        joined = estimators.concatenate(parts[:-1], y, groups), estimators.concatenate(parts, y, groups)
        of_repeats.append((*joined, comparison.block_ids[position]))

    def gain(before: np.ndarray, after: np.ndarray, own: np.ndarray) -> float:
        return estimators.label_mi(after[own], y[own]) - estimators.label_mi(before[own], y[own])

    def gain_in_blocks(before: np.ndarray, after: np.ndarray, block_ids: np.ndarray, subset: np.ndarray) -> float:
        return block_average(lambda rows: gain(before, after, subset[rows]), block_ids[subset])

    def statistic(subset: np.ndarray) -> float:
        return float(np.mean([gain_in_blocks(*repeat, subset) for repeat in of_repeats]))

    draws = half_samples([len(rows)], settings.n_subsamples, np.random.RandomState(seed), groups)
    value = statistic(np.arange(len(rows)))
    half_sample_metrics = np.array([statistic(draw) for draw in draws])
    return {"added": value} | _add_interval("added", value, half_sample_metrics, len(rows), groups, settings.confidence)
