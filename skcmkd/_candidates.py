"""Candidate teachers side by side: what speaks for each, how surely, and which to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from ._criteria import DISTIL, FIGURES, TYPICAL_WEIGHT, UNDECIDED, Family, average_over_blocks, decide
from ._representations import Deal, View, represent
from ._resampling import draw_halves, error_of_mean, evaluate_each, subsampling_interval
from ._residuals import Residuals, linear_residuals
from ._tables import take_rows
from ._validation import draw_seed
from .information import log_ratio_coordinates

# Less than this, in nats, a copy of a kept teacher seems to add: scores given twice are penalised less.
LEAST_ADDED = 0.01
# Fewer rows that several teachers share say nothing of what one adds to the others.
FEWEST_SHARED_ROWS = 40
INFORMATIONS = ("teacher_student", "student_label", "teacher_label")
ADDED_COLUMNS = ["added", "added_standard_error", "added_lower", "added_upper", "added_probability"]
Criterion = Callable[[Mapping[str, float]], float]


@dataclass(frozen=True)
class Judgement:
    """How candidates are judged: what is compared, by which family, and how the error is found."""

    family: Family
    representation: str
    probabilities: bool
    coordinates: bool
    criterion: Criterion | None
    figure: str
    n_subsamples: int
    confidence: float
    refit: bool


@dataclass(frozen=True)
class Comparison:
    """A teacher's and the student's representations of the same rows, from one deal of the folds."""

    teacher: np.ndarray
    student: np.ndarray
    block_of: np.ndarray
    residuals: Residuals | None


@dataclass(frozen=True)
class Candidate:
    """A teacher on the rows where it and the student were both measured, labelled rows first."""

    name: str
    rows: np.ndarray
    y: np.ndarray
    comparisons: Sequence[Comparison]
    groups: np.ndarray | None = None

    def figures(self, judgement: Judgement, among: np.ndarray | None = None) -> dict[str, float]:
        """Informations and criteria, on all rows or on those among the given ones; NaN where none has a label.

        They are means over the deals of the folds.
        """
        return self._figures(judgement, self.comparisons, among)

    def errors_of_dealing(self, judgement: Judgement) -> dict[str, float]:
        """Standard errors of the figures from the luck of the deals; 0 where one deal says nothing of it."""
        of_deals = [self._figures(judgement, [comparison]) for comparison in self.comparisons]
        if len(of_deals) == 1:
            return dict.fromkeys(of_deals[0], 0.0)
        return {name: error_of_mean(np.array([one[name] for one in of_deals])) for name in of_deals[0]}

    def best_weight(self) -> float:
        """The mean over the deals of the weight of least predicted risk; NaN where the teacher predicts nothing."""
        weights = [np.nan if one.residuals is None else one.residuals.best_weight() for one in self.comparisons]
        return float(np.mean(weights))

    def _figures(
        self, judgement: Judgement, comparisons: Sequence[Comparison], among: np.ndarray | None = None
    ) -> dict[str, float]:
        kept = np.arange(len(self.rows)) if among is None else np.flatnonzero(np.isin(self.rows, among))
        if not (kept < len(self.y)).any():
            names = [*INFORMATIONS, *FIGURES, "criterion"]
            return dict.fromkeys(names if judgement.criterion is not None else names[:-1], np.nan)
        of_deals = [self._compare(judgement, comparison, kept) for comparison in comparisons]
        figures = {name: float(np.mean([one[name] for one in of_deals])) for name in of_deals[0]}
        if judgement.criterion is not None:
            given = judgement.criterion(dict(figures))
            if not isinstance(given, Real) or not np.isfinite(given):
                raise ValueError(
                    f"The criterion {judgement.criterion!r} gave {given} for {self.name!r}. Give "
                    f"a function whose value is always a finite number; it gets {', '.join(figures)}."
                )
            figures["criterion"] = float(given)
        return figures

    def _compare(self, judgement: Judgement, comparison: Comparison, kept: np.ndarray) -> dict[str, float]:
        """The figures of one deal, on some of the rows."""
        labelled = kept[kept < len(self.y)]
        try:
            found = judgement.family.informations(
                comparison.teacher[kept], comparison.student[kept], self.y[labelled], comparison.block_of[kept]
            )
        except ValueError as error:
            raise ValueError(
                f"Candidate {self.name!r} could not be judged on {len(kept)} of the {len(self.rows)} rows where it and "
                "the student were both measured (intervals take half of the rows, embeddings are measured within "
                f"each fold): {error}"
            ) from error
        figures = {
            "teacher_student": found.teacher_student,
            "student_label": found.student_label,
            "teacher_label": found.teacher_label,
            "gap": found.gap,
            "advantage": found.advantage,
            "residual": np.nan,
            "risk_reduction": np.nan,
        }
        if comparison.residuals is not None:
            residuals = comparison.residuals.of_rows(labelled)
            figures["residual"] = 1 - residuals.ratio()
            figures["risk_reduction"] = 1 - residuals.relative_risk(TYPICAL_WEIGHT)
        return figures


def gather_candidates(deals: Sequence[Deal], student: str, judgement: Judgement) -> list[Candidate]:
    """Every other modality as a candidate teacher of the student."""
    return [_gather_candidate(deals, student, name, judgement) for name in deals[0].views if name != student]


def _gather_candidate(deals: Sequence[Deal], student: str, teacher: str, judgement: Judgement) -> Candidate:
    cohort = deals[0].cohort
    rows = np.flatnonzero(cohort.measured[student] & cohort.measured[teacher])
    labelled = rows[rows < cohort.n_labelled]
    if len(labelled) < 4:
        raise ValueError(
            f"Only {len(labelled)} labelled rows have both the student {student!r} and {teacher!r} measured; to judge "
            "a candidate takes at least 4, and many more for a decision. Leave it out of modalities."
        )
    comparisons = [_compare(deal, student, teacher, judgement, rows) for deal in deals]
    return Candidate(teacher, rows, cohort.target[labelled], comparisons, cohort.groups_of(labelled))


def _compare(deal: Deal, student: str, teacher: str, judgement: Judgement, rows: np.ndarray) -> Comparison:
    cohort, labelled = deal.cohort, rows[rows < deal.cohort.n_labelled]
    H_teacher, H_student = (
        _representation(deal.views[name], name, judgement, cohort.fold_of)[rows] for name in (teacher, student)
    )
    residuals = None
    predictions = deal.views[teacher].predictions
    if predictions is None and judgement.figure in ("residual", "risk_reduction"):
        raise ValueError(
            f"The criterion needs predictions, and the encoder of {teacher!r} gives none. Give one that has "
            "predict_proba, or decide by 'advantage' or 'cch'."
        )
    if predictions is not None:
        y = cohort.target[labelled]
        residuals = linear_residuals(
            take_rows(cohort.tables[student], labelled),
            y[:, None] if cohort.classes is None else np.eye(len(cohort.classes))[y],
            predictions[labelled],
            cohort.fold_of[labelled],
            labelled_share=len(labelled) / len(rows),
            groups=cohort.groups_of(labelled),
        )
    # Predictions of all folds' models mean the same; the coordinates of an embedding are each network's own.
    block_of = cohort.fold_of[rows] if judgement.representation == "embedding" else np.zeros(len(rows), dtype=int)
    return Comparison(H_teacher, H_student, block_of, residuals)


def _representation(view: View, name: str, judgement: Judgement, fold_of: np.ndarray) -> np.ndarray:
    H = view.embedding if judgement.representation == "embedding" else view.predictions
    if H is None:
        raise ValueError(f"The encoder of {name!r} gives no {judgement.representation}.")
    if judgement.probabilities:
        return H
    H = log_ratio_coordinates(H) if judgement.coordinates else H.copy()
    # Every encoder of a fold starts from the same mean of the other folds' labels: left in, unrelated modalities
    # would share it.
    for fold in np.unique(fold_of):
        own = (fold_of == fold) & ~np.isnan(H).any(axis=1)
        if own.any():
            H[own] -= H[own].mean(axis=0)
    return H


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
