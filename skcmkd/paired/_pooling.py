"""How the soft targets of several teachers are pooled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from .._distillation._targets import Target

# Bound on log weight ratios, so that the optimizer stops when the best weight is 0.
MAX_LOG_RATIO = 12.0
# Weights of several teachers from the out-of-fold predictions of each for labeled rows, the targets of these rows and
# their sample weights or None.
PoolingRule = Callable[[Sequence[np.ndarray], np.ndarray, np.ndarray | None], np.ndarray]


def linear_pool(predictions: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Linear pool sum_m w_m q_m / sum_m w_m of each row over the teachers that predict it.

    Parameters
    ----------
    predictions : sequence of ndarray of shape (n_rows, n_outputs)
        Of each teacher; a row of NaN has no prediction.
    weights : ndarray of shape (n_teachers,)

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
        A row without any prediction, or with those of teachers of weight 0 alone, is NaN.
    """
    if len(predictions) == 1:
        return predictions[0]
    known = np.stack([~np.isnan(q).any(axis=1) for q in predictions])
    w = known * weights[:, None]
    total = w.sum(axis=0)
    pooled = sum(w_m[:, None] * np.nan_to_num(q_m) for w_m, q_m in zip(w, predictions, strict=True))
    return np.where(total[:, None] > 0, pooled / np.where(total > 0, total, 1.0)[:, None], np.nan)


def learned_weights(
    predictions: Sequence[np.ndarray], y: np.ndarray, target: Target, sample_weight: np.ndarray | None = None
) -> np.ndarray:
    """Weights whose pool has the least mean out-of-fold loss: Brier score, or squared error.

    Parameters
    ----------
    predictions : sequence of ndarray of shape (n_rows, n_outputs)
        Out-of-fold, of each teacher; a row of NaN has no prediction.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    target : ClassificationTarget or RegressionTarget
    sample_weight : ndarray of shape (n_rows,) or None

    Returns
    -------
    ndarray of shape (n_teachers,)
    """
    known = ~np.all([np.isnan(q).any(axis=1) for q in predictions], axis=0)
    row_weight = None if sample_weight is None else sample_weight[known]
    predictions = [q[known] for q in predictions]

    def weights_of(log_ratios: np.ndarray) -> np.ndarray:
        return softmax(np.concatenate([[0.0], log_ratios]).clip(-MAX_LOG_RATIO, MAX_LOG_RATIO))

    result = minimize(
        lambda log_ratios: np.average(
            target.row_losses(linear_pool(predictions, weights_of(log_ratios)), y[known]), weights=row_weight
        ),
        np.zeros(len(predictions) - 1),
    )
    return weights_of(result.x)


def fixed_weights(teacher_weights: Any, names: Sequence[str]) -> np.ndarray:
    """Weights of the named teachers, fixed or equal; they add up to 1."""
    if isinstance(teacher_weights, str):
        return np.full(len(names), 1 / len(names))
    weights = np.array([teacher_weights[name] for name in names], dtype=np.float64)
    if not weights.any():
        raise ValueError(
            f"teacher_weights={teacher_weights!r} gives 0 to all teachers that are present: {list(names)}."
        )
    return weights / weights.sum()


def make_pooling_rule(teacher_weights: Any, names: Sequence[str], target: Target) -> PoolingRule:
    """The rule that the parameter ``teacher_weights`` names."""
    if teacher_weights == "learned":
        return lambda predictions, y, sample_weight: learned_weights(predictions, y, target, sample_weight)
    return lambda predictions, y, sample_weight: fixed_weights(teacher_weights, names)


def check_teacher_weights(teacher_weights: Any, teacher_columns: Any) -> None:
    """Raise unless fixed weights name the teachers of ``teacher_columns``, are finite, not negative and not all 0."""
    if isinstance(teacher_weights, str):
        return
    known = list(teacher_columns) if isinstance(teacher_columns, Mapping) else []
    unmatched = sorted(set(known) ^ set(teacher_weights))
    if unmatched:
        raise ValueError(
            f"teacher_weights as a dict must name the teachers of teacher_columns as a dict, "
            f"{', '.join(map(repr, known)) or 'which is none'}; not in both: {', '.join(map(repr, unmatched))}."
        )
    numbers = all(isinstance(weight, Real) for weight in teacher_weights.values())
    weights = np.array(list(teacher_weights.values()), dtype=np.float64) if numbers else np.full(1, np.nan)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ValueError(f"teacher_weights={teacher_weights!r} must be finite, not negative, and not all 0.")
