"""All intervals on the same stored losses: coverage, width and size of each, by cell, score and estimand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from models import scores_of
from settings import ROWS_A_GROUP, Cell

from skcmkd._model_selection._intervals import (
    Interval,
    conservative_z_interval,
    corrected_t_interval,
    repeat_error,
    repeated_interval,
    subsampling_interval,
    wald_interval,
)
from skcmkd._model_selection._resampling import half_samples

N_SUBSAMPLES = 200
CONFIDENCES = (0.9, 0.95)
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
        Mean truth of models of all rows, over the draws.
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
        float(gain_of(final, log_ratio=log_ratio).mean()),
    )


def half_sampling(gains: Gains, draw: int, n_repeats: int, confidence: float, halves: np.ndarray) -> Interval:
    """As the selector computes it: half-samples of the rows, and the variance that is left between repeats.

    ``halves`` (N_SUBSAMPLES, n_rows) are weights of the rows of each half, with sum 1.
    """
    rows = gains.rows[draw, :n_repeats]
    n_units, dof = rows.shape[1], None
    if gains.groups is not None:
        n_units = len(np.unique(gains.groups))
        dof = min(N_SUBSAMPLES, n_units) - 1
    return subsampling_interval(
        float(rows.mean()), halves @ rows.mean(axis=0), n_units, confidence, dof, repeat_error(rows.mean(axis=1))
    )


def half_weights(gains: Gains) -> np.ndarray:
    """Weights of the rows of each half, (N_SUBSAMPLES, n_rows)."""
    n_rows = gains.rows.shape[2]
    weights = np.zeros((N_SUBSAMPLES, n_rows))
    for weight, half in zip(
        weights, half_samples([n_rows], N_SUBSAMPLES, np.random.RandomState(0), gains.groups), strict=True
    ):
        weight[half] = 1 / len(half)
    return weights


def intervals_of(gains: Gains) -> Iterator[tuple[str, int, Callable[[int, float], Interval]]]:
    """Methods: name, number of repeats, and the interval of a draw at a confidence."""
    halves = half_weights(gains)
    for r in sorted({1, gains.rows.shape[1]}):
        yield "wald", r, lambda d, c, r=r: wald_interval(gains.rows[d, :r], c, gains.groups)
        yield "corrected t", r, lambda d, c, r=r: corrected_t_interval(gains.rows[d, :r], gains.fold_ids[d, :r], c)
        yield "half-sampling", r, lambda d, c, r=r: half_sampling(gains, d, r, c, halves)
        if r > 1:
            yield "repeated", r, lambda d, c, r=r: repeated_interval(gains.rows[d, :r], c, gains.groups)
        if gains.halves is not None:
            yield (
                "conservative z",
                r,
                lambda d, c, r=r: conservative_z_interval(gains.rows[d, :r].mean(), gains.halves[d], c),
            )


def evaluate_cell(cell: Cell, arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    """One row for each score, method, number of repeats, confidence and estimand."""
    rows = []
    for score in scores_of(cell):
        gains = gains_of(cell, arrays, score)
        for method, n_repeats, interval_of in intervals_of(gains):
            for confidence in CONFIDENCES:
                found = [interval_of(draw, confidence) for draw in range(len(gains.rows))]
                key = cell.key | {"score": score, "method": method, "n_repeats": n_repeats, "confidence": confidence}
                truths = {"models": gains.models[:, :n_repeats].mean(axis=1), "expected": gains.expected}
                rows += [key | {"estimand": name, **summarize(found, truth)} for name, truth in truths.items()]
    return pd.DataFrame(rows)


def summarize(intervals: list[Interval], truth: np.ndarray | float) -> dict[str, float]:
    """Coverage of the truth, mean width, and how often the interval lies above and below zero."""
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
        "above_zero": (lower > 0).mean(),
        "below_zero": (upper < 0).mean(),
    }
