"""Scores of held-out risks under censoring, and their gains over another model, each with an interval."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .._model_selection._intervals import MODELS, Interval, make_interval
from ..survival._horizon import label_at
from ..survival._pairs import auc_pairs, harrell_pairs, sum_pairs, uno_pairs
from ..survival._scores import brier_rows
from ._scores import Design, compares_splits
from ._survival_models import UNCENSORED, Outcome

# Whether more is better.
HIGHER_IS_BETTER = {"brier": -1, "auc": 1, "uno_c": 1, "harrell_c": 1}


def score_model(held_out: pd.DataFrame, outcome: Outcome, model: str) -> dict[str, float]:
    """Number of rows and scores of a model on the rows that it predicted.

    Parameters
    ----------
    held_out : DataFrame
        As ``SurvivalReport.held_out_``.
    outcome : Outcome
    model : str
    """
    rows = held_out[held_out[model].notna()]
    scores: dict[str, float] = {"n_rows": rows.index.get_level_values("row").nunique()}
    scores["brier"] = _row_means(rows, outcome, model).mean()
    for score in ("auc", "uno_c", "harrell_c"):
        units = np.zeros(len(outcome.time), dtype=int)
        scores[score] = float(_ratio(*_pair_totals(rows, outcome, model, score, units, 1))[-1])
    return scores


def compare_models(held_out: pd.DataFrame, outcome: Outcome, model: str, base: str, design: Design) -> pd.DataFrame:
    """The gain of a model over another on the rows that both predicted, a row a score.

    The Brier score is a mean over rows; the others are ratios of sums over pairs of held-out rows of a split, with the
    jackknife over units as standard error, times the factor of the splits. With enough splits the distilled
    student and its control are compared by their scores of each split.

    Parameters
    ----------
    held_out : DataFrame
        As ``SurvivalReport.held_out_``.
    outcome : Outcome
    model, base : str
    design : Design
    """
    rows = held_out[held_out[[model, base]].notna().all(axis=1)]
    scored, units = np.unique(design.unit_ids, return_inverse=True)
    gain = _row_means(rows, outcome, base) - _row_means(rows, outcome, model)
    row_ids = gain.index.to_numpy()
    intervals = {"brier": design.interval(gain.to_numpy(), row_ids)}
    in_use = np.unique(units[row_ids])
    for score in ("auc", "uno_c", "harrell_c"):
        ratios = [
            _ratio(*_pair_totals(rows, outcome, name, score, units, len(scored)), without_units=True)
            for name in (model, base)
        ]
        difference = ratios[0] - ratios[1]
        intervals[score] = _jackknife_interval(difference[-1], difference[:-1][in_use], design)
    if compares_splits(model, base, rows.index.get_level_values("split").nunique()):
        by_split = _split_gains(rows, outcome, model, base)
        intervals = {
            score: design.interval_of_splits(by_split[score].to_numpy(), interval.value)
            for score, interval in intervals.items()
        }
    result = {
        score: {
            "n_rows": len(row_ids),
            "gain": interval.value,
            "standard_error": interval.standard_error,
            "lower": interval.lower,
            "upper": interval.upper,
        }
        for score, interval in intervals.items()
    }
    return pd.DataFrame.from_dict(result, orient="index").astype({"n_rows": int}).rename_axis("score")


def _split_gains(rows: pd.DataFrame, outcome: Outcome, model: str, base: str) -> pd.DataFrame:
    """Gain of a model over another in the held-out rows of each split, a column a score; NaN without any pair."""
    gains = []
    for _, part in rows.groupby(level="split"):
        found, other = (score_model(part, outcome, name) for name in (model, base))
        gains.append({score: sign * (found[score] - other[score]) for score, sign in HIGHER_IS_BETTER.items()})
    return pd.DataFrame(gains)


def _row_means(rows: pd.DataFrame, outcome: Outcome, model: str) -> pd.Series:
    """Part of each row in the Brier score, averaged over the repeats that held it out."""
    held = outcome.take(rows.index.get_level_values("row").to_numpy())
    label = label_at(held.time, held.event, held.horizon)
    values = brier_rows(label, rows[UNCENSORED].to_numpy(), rows[model].to_numpy())
    return pd.Series(values, rows.index).groupby(level="row").mean()


def _pair_totals(
    rows: pd.DataFrame, outcome: Outcome, model: str, score: str, units: np.ndarray, n_units: int
) -> tuple[np.ndarray, np.ndarray]:
    """Concordant and all pairs within the splits: sums over the pairs of each unit, then over all."""
    totals = np.zeros((2, n_units + 1))
    for _, part in rows.groupby(level="split"):
        positions = part.index.get_level_values("row").to_numpy()
        held, uncensored = outcome.take(positions), part[UNCENSORED].to_numpy()
        if score == "harrell_c":
            pairs = harrell_pairs(held.time, held.event)
        else:
            of_score = auc_pairs if score == "auc" else uno_pairs
            pairs = of_score(held.time, held.event, held.horizon, uncensored)
        totals += sum_pairs(*pairs, part[model].to_numpy(), units[positions], n_units)
    return totals[0], totals[1]


def _ratio(concordant: np.ndarray, total: np.ndarray, *, without_units: bool = False) -> np.ndarray:
    """The score of all pairs, last, and before it that of the pairs without each unit."""
    if without_units:
        concordant, total = (np.append(sums[-1] - sums[:-1], sums[-1]) for sums in (concordant, total))
    # Without a single pair there is no score.
    return np.divide(concordant, total, out=np.full(len(total), np.nan), where=total > 0)


def _jackknife_interval(value: float, without_unit: np.ndarray, design: Design) -> Interval:
    n_units = len(without_unit)
    deviations = without_unit - without_unit.mean() if n_units else without_unit
    error = design.factor * np.sqrt((n_units - 1) / max(n_units, 1) * (deviations**2).sum())
    return make_interval(value, error, n_units - 1, design.confidence, method="corrected jackknife", estimand=MODELS)
