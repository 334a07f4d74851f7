"""Candidate teachers side by side: their metrics with intervals, the decisions, and the teachers to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from .._model_selection._choices import holm
from .._model_selection._intervals import EXPECTED, MODELS, Interval, subsampling_interval
from .._model_selection._resampling import half_samples, map_statistic
from .._model_selection._standard_errors import overlap_factor, repeat_error
from .._utils._decisions import DISTIL, DO_NOT_DISTIL, TOLERANCE, UNDECIDED
from .._validation._sklearn import draw_seed
from ._added import AddedInformation
from ._candidates import TeacherCandidate, make_candidates
from ._criteria import CRITERION_METRICS, MIN_ADDED_NATS, NO_PAIRS, decide, threshold_of
from ._encoders import Repeat, encode_out_of_fold
from ._settings import SelectionSettings
from ._subsets import metrics_on_subsets, subset_means

# What a teacher adds to others cannot be estimated from fewer rows that all of them share.
MIN_SHARED_ROWS = 40
ADDED = "added"
ENDS = ("", "_standard_error", "_lower", "_upper", "_p_value")
ADDED_COLUMNS = [f"added_to_kept{end}" for end in ENDS]


def rank_candidates(
    candidates: list[TeacherCandidate],
    repeats: Sequence[Repeat],
    student: str,
    settings: SelectionSettings,
    random_state: np.random.RandomState,
) -> pd.DataFrame:
    """One row per candidate, best first: metrics, their intervals from half-samples, p-values and the decision.

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
    results["p_value_holm"] = holm(results["p_value"].to_numpy())
    results[["decision", "reason"]] = [_decision(row, settings) for _, row in results.iterrows()]
    results["best_alpha"] = [candidate.best_alpha() for candidate in candidates]
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
    n_rows, decisive = len(candidate.y), settings.metric
    units = np.arange(n_rows) if candidate.groups is None else candidate.groups
    row: dict[str, Any] = {"n_rows": n_rows, "n_unlabeled": len(candidate.rows) - n_rows}
    p_value = np.nan
    repeat_errors = candidate.repeat_errors(settings)
    for (name, value), half_sample_values in zip(
        candidate.metrics(settings).items(), half_sample_metrics.T, strict=True
    ):
        row[name] = value
        if name in (*CRITERION_METRICS, "criterion"):
            of_metric = partial(
                _interval,
                value,
                half_sample_values,
                repeat_errors[name],
                candidate,
                units,
                settings,
                refitted=settings.refit,
            )
            test = of_metric(corrected=name != ADDED)
            row |= _interval_columns(name, of_metric(), test)
            if name == decisive and settings.decides_by_metric(row["n_unlabeled"]):
                p_value = test.p_value_above(threshold_of(name) + TOLERANCE)
    return row | {"p_value": p_value}


def _decision(row: pd.Series, settings: SelectionSettings) -> tuple[str, str]:
    """The decision on a candidate, and the reason in words."""
    if not settings.decides_by_metric(row["n_unlabeled"]):
        return DO_NOT_DISTIL, NO_PAIRS
    metric = settings.metric
    return decide(metric, row["p_value_holm"], row[f"{metric}_lower"], row[f"{metric}_upper"], settings.confidence)


def _interval(
    value: float,
    half_sample_values: np.ndarray,
    error_of_repeats: float,
    candidate: TeacherCandidate,
    units: np.ndarray,
    settings: SelectionSettings,
    *,
    refitted: bool,
    corrected: bool = True,
) -> Interval:
    """Interval of a metric by its values on half-samples, and what the folds add to its error.

    Encoders refitted on each half show the variance of training. Else Nadeau and Bengio's factor stands for it, beside
    the variance that is left between repeats. The test of what a teacher adds leaves the factor out: a pool with a
    teacher that adds nothing predicts on the mean no better than the student, so that its size is small without, as in
    other comparisons of nested models (Clark and West, Journal of Econometrics 138, 2007).

    Parameters
    ----------
    value : float
    half_sample_values : ndarray of shape (n_subsamples,)
    error_of_repeats : float
        ``repeat_error``.
    candidate : TeacherCandidate
    units : ndarray of shape (n_rows,)
        Group of each row, or its position.
    settings : SelectionSettings
    refitted : bool
        Whether the values on half-samples are those of encoders refitted on them.
    corrected : bool, default=True
        Whether the error counts that training sets share rows.
    """
    if not np.isnan(value):
        # With few rows or groups a half may hold none of the candidate's: it has no value.
        half_sample_values = half_sample_values[~np.isnan(half_sample_values)]
    n_units, n_folds = len(np.unique(units)), candidate.n_folds
    return subsampling_interval(
        value,
        half_sample_values,
        n_units,
        settings.confidence,
        min(len(half_sample_values), n_units) - 1,
        extra_se=0.0 if refitted else error_of_repeats,
        factor=1.0 if refitted or not corrected else overlap_factor(n_folds, n_folds - 1),
        estimand=EXPECTED if refitted else MODELS,
    )


def _interval_columns(name: str, interval: Interval, test: Interval) -> dict[str, float]:
    """Standard error and interval of a metric, and the p-value of a test, by column name."""
    return {
        f"{name}_standard_error": interval.standard_error,
        f"{name}_lower": interval.lower,
        f"{name}_upper": interval.upper,
        f"{name}_p_value": test.p_value,
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
        added |= {name: columns for name, (columns, _) in added_now.items()}
        p_values = holm([p_value for _, p_value in added_now.values()])
        significant = {
            name: columns["added_to_kept"]
            for (name, (columns, _)), p_value in zip(added_now.items(), p_values, strict=True)
            if p_value < (1 - settings.confidence) / 2
        }
        if not significant:
            break
        best = max(significant, key=lambda name: significant[name])
        selected.append(best)
        remaining.remove(best)
    return selected, pd.DataFrame(list(added.values()), index=list(added), columns=ADDED_COLUMNS).reindex(results.index)


def _added_information(
    selected: list[TeacherCandidate], new: TeacherCandidate, settings: SelectionSettings, seed: int
) -> tuple[dict[str, float], float]:
    """What a candidate adds to the student and the selected teachers, with its interval, and the p-value of little."""
    rows = new.rows[: len(new.y)]
    for candidate in selected:
        rows = np.intersect1d(rows, candidate.rows[: len(candidate.y)])
    position = np.searchsorted(new.rows, rows)
    groups = None if new.groups is None else new.groups[position]
    units = rows if groups is None else groups
    pools = [_pool_of_repeat([*selected, new], rows, repeat) for repeat in range(len(new.repeats))]
    by_repeat = [pool for pool in pools if pool is not None]
    if len(rows) < MIN_SHARED_ROWS or len(np.unique(units)) < 2 or not by_repeat:
        return dict.fromkeys(ADDED_COLUMNS, np.nan), np.nan
    values = np.array([each.of_means(each.row_losses.mean(axis=0)) for each in by_repeat])
    halves = half_samples([len(rows)], settings.n_subsamples, np.random.RandomState(seed), groups)
    half_sample_values = np.mean([each.of_means(subset_means(each.row_losses, halves)) for each in by_repeat], axis=0)
    value, name = float(values.mean()), ADDED_COLUMNS[0]
    of_pool = partial(_interval, value, half_sample_values, repeat_error(values), new, units, settings, refitted=False)
    test = of_pool(corrected=False)
    return {name: value} | _interval_columns(name, of_pool(), test), test.p_value_above(MIN_ADDED_NATS)


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
