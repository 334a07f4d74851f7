"""Candidate teachers side by side: their metrics with intervals, the decisions, and the teachers to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from .._model_selection._intervals import standard_error_of_mean, subsampling_interval
from .._model_selection._resampling import half_samples, map_statistic
from .._utils._decisions import DISTIL, DO_NOT_DISTIL, UNDECIDED
from .._validation._sklearn import draw_seed
from ._added import AddedInformation
from ._candidates import TeacherCandidate, make_candidates
from ._criteria import CRITERION_METRICS, MIN_ADDED_NATS, NO_PAIRS, decide
from ._encoders import Repeat, encode_out_of_fold
from ._settings import SelectionSettings
from ._subsets import metrics_on_subsets, subset_means

# What a teacher adds to others cannot be estimated from fewer rows that all of them share.
MIN_SHARED_ROWS = 40
ENDS = ("", "_standard_error", "_lower", "_upper", "_probability")
ADDED_COLUMNS = [f"added_to_kept{end}" for end in ENDS]


def rank_candidates(
    candidates: list[TeacherCandidate],
    repeats: Sequence[Repeat],
    student: str,
    settings: SelectionSettings,
    random_state: np.random.RandomState,
) -> pd.DataFrame:
    """One row per candidate, best first: metrics, their intervals from half-samples, and the decision.

    Parameters
    ----------
    candidates : list of TeacherCandidate
    repeats : sequence of Repeat
        What the candidates were made from: with ``refit`` they are made again on each half of the rows.
    student : str
    settings : SelectionSettings
    random_state : RandomState
        Draws the halves.
    """
    data = repeats[0].data
    sizes = [data.n_labeled, len(data.fold_ids) - data.n_labeled]
    halves = half_samples(sizes, settings.n_subsamples, random_state, data.groups)
    if settings.estimators.takes_proba and not settings.refit:
        half_sample_metrics = np.stack([metrics_on_subsets(each, settings, halves) for each in candidates], axis=1)
    else:
        statistic: Callable[[np.ndarray], list[list[float]]] = partial(_metrics_on, candidates, settings)
        if settings.refit:
            statistic = partial(_metrics_refitted, repeats, student, settings)
        half_sample_metrics = map_statistic(
            statistic, halves, n_jobs=settings.n_jobs, description="subsamples", verbose=settings.verbose
        )
    rows = [
        _result_row(candidate, settings, half_sample_metrics[:, index]) for index, candidate in enumerate(candidates)
    ]
    results = pd.DataFrame(rows, index=pd.Index([candidate.name for candidate in candidates], name="teacher"))
    return results.sort_values(settings.metric, ascending=False, kind="stable")


def _result_row(
    candidate: TeacherCandidate, settings: SelectionSettings, half_sample_metrics: np.ndarray
) -> dict[str, Any]:
    """A candidate's row of the results.

    Parameters
    ----------
    candidate : TeacherCandidate
    settings : SelectionSettings
    half_sample_metrics : ndarray of shape (n_subsamples, n_metrics)
    """
    n_rows = len(candidate.y)
    row: dict[str, Any] = {"n_rows": n_rows, "n_unlabeled": len(candidate.rows) - n_rows}
    # The spread over halves includes the variance between repeats where the encoders are refitted on each half.
    repeat_errors = {} if settings.refit else candidate.repeat_standard_errors(settings)
    for (name, value), half_sample_values in zip(
        candidate.metrics(settings).items(), half_sample_metrics.T, strict=True
    ):
        row[name] = value
        if name in (*CRITERION_METRICS, "criterion"):
            repeat_error = repeat_errors.get(name, 0.0)
            row |= _interval_columns(
                name, value, half_sample_values, n_rows, candidate.groups, settings.confidence, repeat_error
            )
    row["decision"], row["reason"] = DO_NOT_DISTIL, NO_PAIRS
    if settings.decides_by_metric(row["n_unlabeled"]):
        metric = settings.metric
        row["decision"], row["reason"] = decide(metric, row[f"{metric}_lower"], row[f"{metric}_upper"])
    row["best_alpha"] = candidate.best_alpha()
    return row


def _interval_columns(
    name: str,
    value: float,
    half_sample_values: np.ndarray,
    n_rows: int,
    groups: np.ndarray | None,
    confidence: float,
    extra_se: float = 0.0,
) -> dict[str, float]:
    """Standard error, interval and probability of a metric, by column name."""
    if not np.isnan(value):
        # With few rows or groups a half may hold none of the candidate's: it has no value.
        half_sample_values = half_sample_values[~np.isnan(half_sample_values)]
    n_units, dof = n_rows, None
    if groups is not None:
        n_units = len(np.unique(groups))
        dof = min(len(half_sample_values), n_units) - 1
    interval = subsampling_interval(value, half_sample_values, n_units, confidence, dof, extra_se)
    return {
        f"{name}_standard_error": interval.standard_error,
        f"{name}_lower": interval.lower,
        f"{name}_upper": interval.upper,
        f"{name}_probability": interval.probability_positive,
    }


def _metrics_on(candidates: list[TeacherCandidate], settings: SelectionSettings, rows: np.ndarray) -> list[list[float]]:
    return [list(candidate.metrics(settings, rows).values()) for candidate in candidates]


def _metrics_refitted(
    repeats: Sequence[Repeat], student: str, settings: SelectionSettings, rows: np.ndarray
) -> list[list[float]]:
    parts = [repeat.data.take(rows) for repeat in repeats]
    refitted = [Repeat(part, encode_out_of_fold(part, settings.encoders, settings.representation)) for part in parts]
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
    """Names of the best candidate and, one by one, of those that add most to the student and the selected ones.

    What a candidate adds is ``AddedInformation`` of the pool of the student, the selected teachers and the candidate,
    with its interval, on the rows where all were measured. It is NaN, and the candidate is not selected, where these
    rows are too few. The second output holds these estimates, a row per candidate.
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
            name: _added_information(
                [by_name[each] for each in selected], by_name[name], settings, draw_seed(random_state)
            )
            for name in remaining
        }
        added |= added_now
        significant = {
            name: row["added_to_kept"] for name, row in added_now.items() if row["added_to_kept_lower"] > MIN_ADDED_NATS
        }
        if not significant:
            break
        best = max(significant, key=lambda name: significant[name])
        selected.append(best)
        remaining.remove(best)
    return selected, pd.DataFrame(list(added.values()), index=list(added), columns=ADDED_COLUMNS).reindex(results.index)


def _added_information(
    selected: list[TeacherCandidate], new: TeacherCandidate, settings: SelectionSettings, seed: int
) -> dict[str, float]:
    """What a candidate adds to the student and the selected teachers, with its interval."""
    rows = new.rows[: len(new.y)]
    for candidate in selected:
        rows = np.intersect1d(rows, candidate.rows[: len(candidate.y)])
    position = np.searchsorted(new.rows, rows)
    groups = None if new.groups is None else new.groups[position]
    n_units = len(rows) if groups is None else len(np.unique(groups))
    pools = [_pool_of_repeat([*selected, new], rows, repeat) for repeat in range(len(new.repeats))]
    by_repeat = [pool for pool in pools if pool is not None]
    if len(rows) < MIN_SHARED_ROWS or n_units < 2 or not by_repeat:
        return dict.fromkeys(ADDED_COLUMNS, np.nan)
    values = np.array([each.of_means(each.row_losses.mean(axis=0)) for each in by_repeat])
    repeat_error = standard_error_of_mean(values) if len(values) > 1 else 0.0
    halves = half_samples([len(rows)], settings.n_subsamples, np.random.RandomState(seed), groups)
    half_sample_values = np.mean([each.of_means(subset_means(each.row_losses, halves)) for each in by_repeat], axis=0)
    value, name = float(values.mean()), ADDED_COLUMNS[0]
    return {name: value} | _interval_columns(
        name, value, half_sample_values, len(rows), groups, settings.confidence, repeat_error
    )


def _pool_of_repeat(models: list[TeacherCandidate], rows: np.ndarray, repeat: int) -> AddedInformation | None:
    """The pool of the student and all models on labeled rows that all have; None where one gives no predictions."""
    parts = []
    for model in models:
        pair = model.repeats[repeat].added
        if pair is None:
            return None
        parts.append(pair.take(np.searchsorted(model.rows, rows)))
    teachers = [part.members[-1] for part in parts]
    return replace(parts[0], members=[parts[0].members[0], *teachers])
