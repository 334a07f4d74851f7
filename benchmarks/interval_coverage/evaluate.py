"""All intervals on the same stored losses: coverage, width and size of each, by cell, score and estimand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from models import scores_of
from settings import CONFIDENCE, ROWS_A_GROUP, Cell
from tables import advantage_of_modalities

from skcmkd._model_selection._intervals import (
    Interval,
    conservative_z_interval,
    corrected_rows_interval,
    corrected_t_interval,
    repeated_interval,
    subsampling_interval,
    wald_interval,
)
from skcmkd._model_selection._resampling import half_samples
from skcmkd._model_selection._standard_errors import overlap_factor, repeat_error
from skcmkd.selection._criteria import threshold_of

N_SUBSAMPLES = 200
# A score of whose two mean losses half the logarithm of the ratio is taken: information of normal errors, in nats.
LOG_RATIO = ("selector", "continuous")


@dataclass(frozen=True)
class Gains:
    """What the intervals take: gains of rows, base less model.

    Attributes
    ----------
    rows : ndarray of shape (n_draws, n_repeats, n_rows)
        Of a ratio of mean losses the rows' contributions to first order.
    fold_ids : ndarray of shape (n_draws, n_repeats, n_rows)
    groups : ndarray of shape (n_rows,) or None
    halves : ndarray of shape (n_draws, M, 2) or None
    models : ndarray of shape (n_draws, n_repeats)
        Truth of the models of each repeat.
    expected : float
        Mean truth of models of all rows, over the draws; 0 where it is so by construction.
    """

    rows: np.ndarray
    fold_ids: np.ndarray
    groups: np.ndarray | None
    halves: np.ndarray | None
    models: np.ndarray
    expected: float


def gain_of(losses: np.ndarray, *, log_ratio: bool) -> np.ndarray:
    """Gain by mean losses (..., 2) of base and model: their difference, or half the logarithm of their ratio."""
    if log_ratio:
        losses = np.log(losses) / 2
    return losses[..., 0] - losses[..., 1]


def row_gains(losses: np.ndarray, *, log_ratio: bool) -> np.ndarray:
    """Gains of rows (..., n_rows) by losses (..., n_rows, 2), whose mean is the gain of the mean losses.

    d/dm of log(m) / 2 is 1 / (2 m), so a row's contribution to the ratio is that of l / (2 m) - 1 / 2.
    """
    if not log_ratio:
        return losses[..., 0] - losses[..., 1]
    mean = losses.mean(axis=-2, keepdims=True)
    return gain_of(mean, log_ratio=True) + ((losses / mean - 1) / 2) @ np.array([1.0, -1.0])


def is_exactly_zero(cell: Cell, score: str) -> bool:
    """Whether base and model have the same distribution, so that no gain is expected by any score."""
    return cell.gain == "null" or (cell.gain == "tie" and score == "advantage")


def gains_of(cell: Cell, arrays: dict[str, np.ndarray], score: str) -> Gains:
    """Gains of a cell's draws by one score."""
    s, log_ratio = scores_of(cell).index(score), (cell.product, cell.target) == LOG_RATIO
    losses = arrays["losses"][:, :, :, s].astype(float)
    fold_losses, final = (arrays[name][..., s, :].astype(float) for name in ("fold_losses", "final_losses"))
    halves = (
        gain_of(arrays["half_losses"][..., s, :].astype(float), log_ratio=log_ratio)
        if "half_losses" in arrays
        else None
    )
    sizes = np.stack([(arrays["fold_ids"] == fold).sum(axis=-1) for fold in range(fold_losses.shape[2])], axis=-1)
    by_repeat = np.einsum("drkl,drk->drl", fold_losses, sizes / sizes.sum(axis=-1, keepdims=True))
    return Gains(
        row_gains(losses, log_ratio=log_ratio),
        arrays["fold_ids"],
        np.arange(cell.n_rows) // ROWS_A_GROUP if cell.grouped else None,
        halves,
        gain_of(by_repeat, log_ratio=log_ratio),
        0.0 if is_exactly_zero(cell, score) else float(gain_of(final, log_ratio=log_ratio).mean()),
    )


def half_sampling(
    gains: Gains, draw: int, n_repeats: int, confidence: float, halves: np.ndarray, factor: float
) -> Interval:
    """As the selector computes it: half-samples of the rows with the full factor, and the variance between repeats.

    ``halves`` (N_SUBSAMPLES, n_rows) are weights of the rows of each half, with sum 1.
    """
    rows, units = gains.rows[draw, :n_repeats], gains.groups
    n_units = rows.shape[1] if units is None else len(np.unique(units))
    values, error = halves @ rows.mean(axis=0), repeat_error(rows.mean(axis=1))
    dof = min(N_SUBSAMPLES, n_units) - 1
    return subsampling_interval(float(rows.mean()), values, n_units, confidence, dof, error, factor)


def half_weights(gains: Gains) -> np.ndarray:
    """Weights of the rows of each half, (N_SUBSAMPLES, n_rows)."""
    n_rows = gains.rows.shape[2]
    weights = np.zeros((N_SUBSAMPLES, n_rows))
    halves = half_samples([n_rows], N_SUBSAMPLES, np.random.RandomState(0), gains.groups)
    for weight, half in zip(weights, halves, strict=True):
        weight[half] = 1 / len(half)
    return weights


def intervals_of(gains: Gains, c: float) -> Iterator[tuple[str, int, list[Interval]]]:
    """Methods: name, number of repeats, and the interval of each draw at the confidence c."""
    halves = half_weights(gains)
    draws = range(len(gains.rows))
    n_folds = int(gains.fold_ids.max()) + 1
    full = overlap_factor(n_folds, n_folds - 1)
    for r in sorted({1, gains.rows.shape[1]}):
        factor = overlap_factor(n_folds, n_folds - 1, r)
        rows, folds = gains.rows[:, :r], gains.fold_ids[:, :r]
        yield "wald", r, [wald_interval(rows[d], c, gains.groups) for d in draws]
        yield "corrected rows", r, [corrected_rows_interval(rows[d], factor, c, gains.groups) for d in draws]
        yield "corrected t", r, [corrected_t_interval(rows[d], folds[d], c) for d in draws]
        yield "half-sampling", r, [half_sampling(gains, d, r, c, halves, full) for d in draws]
        if r > 1:
            yield "fully corrected rows", r, [corrected_rows_interval(rows[d], full, c, gains.groups) for d in draws]
            yield "repeated", r, [repeated_interval(rows[d], c, gains.groups) for d in draws]
        if gains.halves is not None:
            yield "conservative z", r, [conservative_z_interval(rows[d].mean(), gains.halves[d], c) for d in draws]


def evaluate_cell(cell: Cell, arrays: dict[str, np.ndarray], scores: Sequence[str] | None = None) -> pd.DataFrame:
    """One row for each score (None: all of the cell), method, number of repeats and estimand."""
    rows, confidence = [], CONFIDENCE[cell.product]
    for score in scores_of(cell) if scores is None else [name for name in scores_of(cell) if name in scores]:
        gains = gains_of(cell, arrays, score)
        for method, n_repeats, intervals in intervals_of(gains, confidence):
            key = cell.key | {"score": score, "method": method, "n_repeats": n_repeats, "confidence": confidence}
            truths = {"models": gains.models[:, :n_repeats].mean(axis=1), "expected": gains.expected}
            if score == "advantage" and (modalities := advantage_of_modalities(cell)) is not None:
                truths["modalities"] = modalities
            rows += [
                key | {"estimand": estimand} | summarize(intervals, truth, threshold_of(score))
                for estimand, truth in truths.items()
            ]
    return pd.DataFrame(rows)


def summarize(intervals: list[Interval], truth: np.ndarray | float, threshold: float = 0.0) -> dict[str, float]:
    """Coverage of the truth, mean width, and how often the interval lies above and below a threshold."""
    value, error, lower, upper = (
        np.array([getattr(each, name) for each in intervals]) for name in ("value", "standard_error", "lower", "upper")
    )
    return {
        "n_draws": len(intervals),
        "truth": np.mean(truth),
        "bias": np.mean(value - truth),
        "sd_of_error": np.std(value - truth, ddof=1),
        "mean_standard_error": error.mean(),
        "coverage": ((lower <= truth) & (truth <= upper)).mean(),
        "width": (upper - lower).mean(),
        "above_threshold": (lower > threshold).mean(),
        "below_threshold": (upper < threshold).mean(),
    }


def repeat_statistics(cell: Cell, arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    """How much one repeat of the folds differs from another, and how often the two decide differently."""
    rows = []
    for score in scores_of(cell) if cell.n_repeats > 1 else ():
        gains = gains_of(cell, arrays, score)
        by_repeat = gains.rows.mean(axis=2)
        signs = [
            [sign(wald_interval(of_draw[repeat], CONFIDENCE[cell.product], gains.groups)) for of_draw in gains.rows]
            for repeat in (0, 1)
        ]
        rows.append(
            cell.key
            | {
                "score": score,
                "n_draws": len(by_repeat),
                "sd_between_repeats": np.sqrt(by_repeat.var(axis=1, ddof=1).mean()),
                "sd_between_draws": by_repeat[:, 0].std(ddof=1),
                "decided_differently": np.mean(np.not_equal(*signs)),
            }
        )
    return pd.DataFrame(rows)


def sign(interval: Interval) -> int:
    """1 where the interval lies above zero, -1 where below, else 0."""
    return int(interval.lower > 0) - int(interval.upper < 0)
