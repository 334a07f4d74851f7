"""Candidate teachers side by side: how surely each is one, and which to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from .._model_selection._resampling import draw_halves, evaluate_each, subsampling_interval
from .._utils._decisions import DISTIL, UNDECIDED, decide
from .._validation._sklearn import draw_seed
from ._candidates import Candidate, Judgement, gather_candidates
from ._criteria import FIGURES, average_over_blocks
from ._encoders import Deal, represent

# Less than this, in nats, a copy of a kept teacher seems to add: scores given twice are penalised less.
LEAST_ADDED = 0.01
# Fewer rows that several teachers share say nothing of what one adds to the others.
FEWEST_SHARED_ROWS = 40
ADDED_COLUMNS = ["added", "added_standard_error", "added_lower", "added_upper", "added_probability"]


def judge(
    candidates: list[Candidate],
    deals: Sequence[Deal],
    student: str,
    encoders: Mapping[str, BaseEstimator],
    judgement: Judgement,
    random_state: np.random.RandomState,
    *,
    n_jobs: int | None,
    show: bool,
) -> pd.DataFrame:
    """One row per candidate, the best first: informations, criteria with their intervals, and the decision."""
    statistic: Callable[[np.ndarray], list[list[float]]] = partial(_figures_among, candidates, judgement)
    if judgement.refit:
        statistic = partial(_figures_trained_anew, deals, student, encoders, judgement)
    cohort = deals[0].cohort
    sizes = [cohort.n_labelled, len(cohort.fold_of) - cohort.n_labelled]
    draws = draw_halves(sizes, judgement.n_subsamples, random_state, cohort.groups)
    halves = evaluate_each(statistic, draws, n_jobs=n_jobs, description="subsamples", show=show)
    rows = [_result(candidate, judgement, halves[:, place]) for place, candidate in enumerate(candidates)]
    results = pd.DataFrame(rows, index=pd.Index([candidate.name for candidate in candidates], name="teacher"))
    return results.sort_values(judgement.figure, ascending=False, kind="stable")


def _result(candidate: Candidate, judgement: Judgement, halves: np.ndarray) -> dict[str, Any]:
    """A candidate's row of the results, from its figures on halves of the rows."""
    n_rows = len(candidate.y)
    row: dict[str, Any] = {"n_rows": n_rows, "n_unlabeled": len(candidate.rows) - n_rows}
    # Encoders trained anew on each half have luck of their own in it already.
    of_dealing = {} if judgement.refit else candidate.errors_of_dealing(judgement)
    for (name, value), of_halves in zip(candidate.figures(judgement).items(), halves.T, strict=True):
        row[name] = value
        if name in (*FIGURES, "criterion"):
            luck = of_dealing.get(name, 0.0)
            row |= _with_error(name, value, of_halves, n_rows, candidate.groups, judgement.confidence, luck)
    row["decision"] = decide(row[f"{judgement.figure}_lower"], row[f"{judgement.figure}_upper"])
    row["best_alpha"] = candidate.best_weight()
    return row


def _with_error(
    name: str,
    value: float,
    halves: np.ndarray,
    n_rows: int,
    groups: np.ndarray | None,
    confidence: float,
    further_error: float = 0.0,
) -> dict[str, float]:
    if not np.isnan(value):
        # Of few rows or groups a half may hold none: it says nothing.
        halves = halves[~np.isnan(halves)]
    n_units, n_degrees = n_rows, None
    if groups is not None:
        n_units = len(np.unique(groups))
        n_degrees = min(len(halves), n_units) - 1
    found = subsampling_interval(value, halves, n_units, confidence, n_degrees, further_error)
    return {
        f"{name}_standard_error": found.standard_error,
        f"{name}_lower": found.lower,
        f"{name}_upper": found.upper,
        f"{name}_probability": found.probability_positive,
    }


def _figures_among(candidates: list[Candidate], judgement: Judgement, rows: np.ndarray) -> list[list[float]]:
    return [list(candidate.figures(judgement, rows).values()) for candidate in candidates]


def _figures_trained_anew(
    deals: Sequence[Deal], student: str, encoders: Mapping[str, BaseEstimator], judgement: Judgement, rows: np.ndarray
) -> list[list[float]]:
    parts = [deal.cohort.of_rows(rows) for deal in deals]
    anew = [Deal(part, represent(part, encoders, judgement.representation)) for part in parts]
    return [list(candidate.figures(judgement).values()) for candidate in gather_candidates(anew, student, judgement)]


def keep_teachers(
    results: pd.DataFrame,
    candidates: list[Candidate],
    judgement: Judgement,
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
    kept, added = list(accepted[:1]), dict[str, dict[str, float]]()
    by_name = {candidate.name: candidate for candidate in candidates}
    remaining = [name for name in accepted if name not in kept]
    while remaining and (max_teachers is None or len(kept) < max_teachers):
        found = {
            name: _information_added([by_name[k] for k in kept], by_name[name], judgement, draw_seed(random_state))
            for name in remaining
        }
        added |= found
        surely = {name: row["added"] for name, row in found.items() if row["added_lower"] > LEAST_ADDED}
        if not surely:
            break
        best = max(surely, key=lambda name: surely[name])
        kept.append(best)
        remaining.remove(best)
    return kept, pd.DataFrame(list(added.values()), index=list(added), columns=ADDED_COLUMNS).reindex(results.index)


def _information_added(kept: list[Candidate], new: Candidate, judgement: Judgement, seed: int) -> dict[str, float]:
    """I(H_kept, H_c; Y) - I(H_kept; Y) in nats, with its interval."""
    everyone = [*kept, new]
    rows = new.rows[: len(new.y)]
    for candidate in kept:
        rows = np.intersect1d(rows, candidate.rows[: len(candidate.y)])
    position = np.searchsorted(new.rows, rows)
    y = new.y[position]
    groups = None if new.groups is None else new.groups[position]
    n_units = len(rows) if groups is None else len(np.unique(groups))
    if len(rows) < FEWEST_SHARED_ROWS or n_units < 2 or len(np.unique(y)) < 2:
        return dict.fromkeys(ADDED_COLUMNS, np.nan)
    family = judgement.family
    of_deals = []
    for deal, comparison in enumerate(new.comparisons):
        parts = [one.comparisons[deal].teacher[np.searchsorted(one.rows, rows)] for one in everyone]
        joined = family.join(parts[:-1], y, groups), family.join(parts, y, groups)
        of_deals.append((*joined, comparison.block_of[position]))

    def gain(before: np.ndarray, after: np.ndarray, own: np.ndarray) -> float:
        return family.about_label(after[own], y[own]) - family.about_label(before[own], y[own])

    def gain_in_blocks(before: np.ndarray, after: np.ndarray, block_of: np.ndarray, among: np.ndarray) -> float:
        return average_over_blocks(lambda rows: gain(before, after, among[rows]), block_of[among])

    def statistic(among: np.ndarray) -> float:
        return float(np.mean([gain_in_blocks(*deal, among) for deal in of_deals]))

    draws = draw_halves([len(rows)], judgement.n_subsamples, np.random.RandomState(seed), groups)
    value = statistic(np.arange(len(rows)))
    halves = np.array([statistic(draw) for draw in draws])
    return {"added": value} | _with_error("added", value, halves, len(rows), groups, judgement.confidence)
