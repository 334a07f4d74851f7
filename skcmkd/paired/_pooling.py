"""How the predictions of several models become one soft target: stacked, or averaged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from .._distillation._targets import Target
from .._model_selection._stacking import LinearStack, LogLinearStack, fit_stack
from ._teachers import STUDENT

STACKED = "stacked"
# Bound on log weight ratios, so that the optimizer stops when the best weight is 0.
MAX_LOG_RATIO = 12.0


@dataclass(frozen=True)
class AveragePool:
    """Linear pool sum_m w_m q_m / sum_m w_m of each row over the members that predict it.

    Attributes
    ----------
    weights : ndarray of shape (n_members,)
    """

    weights: np.ndarray

    def __call__(self, predictions: Sequence[np.ndarray]) -> np.ndarray:
        """Pooled prediction, (n_rows, n_outputs); a row without a prediction of positive weight is NaN.

        Parameters
        ----------
        predictions : sequence of ndarray of shape (n_rows, n_outputs)
            Of each member; a row of NaN has no prediction.
        """
        if len(predictions) == 1:
            return predictions[0]
        w = ~np.isnan(np.stack(predictions)).any(axis=2) * self.weights[:, None]
        total = w.sum(axis=0)
        pooled = sum(w_m[:, None] * np.nan_to_num(q_m) for w_m, q_m in zip(w, predictions, strict=True))
        return np.where(total[:, None] > 0, pooled / np.where(total > 0, total, 1.0)[:, None], np.nan)


@dataclass(frozen=True)
class StackedPool:
    """Log-linear pool of probabilities, or linear pool of continuous predictions, with weights of least loss.

    A row is pooled over the members that predict it, with weights that are fitted to the labeled rows that all of these
    predict. A row that no teacher predicts has no soft target.

    Attributes
    ----------
    target : ClassificationTarget or RegressionTarget
    n_teachers : int
        Members from this position on are no teachers: the student's own model.
    predictions : list of ndarray of shape (n_samples, n_outputs)
        Of each member for the labeled rows, out-of-fold; a row of NaN has no prediction.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,) or None
    """

    target: Target
    n_teachers: int
    predictions: Sequence[np.ndarray]
    y: np.ndarray
    sample_weight: np.ndarray | None = None
    _stacks: dict[tuple[int, ...], LogLinearStack | LinearStack] = field(default_factory=dict)

    @property
    def weights(self) -> np.ndarray:
        """Weights of the members where all predict, (n_members,); for several outputs their means."""
        return self._stack(tuple(range(len(self.predictions)))).weights

    def __call__(self, predictions: Sequence[np.ndarray]) -> np.ndarray:
        """Pooled prediction, (n_rows, n_outputs), of members' predictions for the same rows; NaN without a teacher."""
        values = np.stack(predictions)
        known = ~np.isnan(values).any(axis=2)
        pooled = np.full(values.shape[1:], np.nan)
        for pattern in np.unique(known[:, known[: self.n_teachers].any(axis=0)], axis=1).T:
            members, rows = np.flatnonzero(pattern), (known == pattern[:, None]).all(axis=0)
            pooled[rows] = self._stack(tuple(members))(values[members][:, rows])
        return pooled

    def _stack(self, members: tuple[int, ...]) -> LogLinearStack | LinearStack:
        """The pool of some members, fitted once."""
        if members not in self._stacks:
            values = np.stack([self.predictions[member] for member in members])
            weight = np.ones(len(self.y)) if self.sample_weight is None else self.sample_weight
            rows = ~np.isnan(values).any(axis=(0, 2)) & (weight > 0)
            target, of_classes = self.target.encode(self.y[rows]), len(self.target.classes) > 0
            self._stacks[members] = fit_stack(
                values[:, rows], target, weight[rows], self._center(members), of_classes=of_classes
            )
        return self._stacks[members]

    def _center(self, members: tuple[int, ...]) -> np.ndarray:
        """Weights without any row: the student's own model alone, or equal ones of teachers."""
        is_own = np.asarray(members) >= self.n_teachers
        return is_own.astype(float) if is_own.any() else np.full(len(members), 1 / len(members))


Pool = AveragePool | StackedPool
# A pool from the out-of-fold predictions of each member for labeled rows, the targets of these rows and their sample
# weights or None.
PoolingRule = Callable[[Sequence[np.ndarray], np.ndarray, np.ndarray | None], Pool]


def learned_weights(
    predictions: Sequence[np.ndarray], y: np.ndarray, target: Target, sample_weight: np.ndarray | None = None
) -> np.ndarray:
    """Weights whose average has the least mean out-of-fold loss: Brier score, or squared error.

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
            target.row_losses(AveragePool(weights_of(log_ratios))(predictions), y[known]), weights=row_weight
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
    if teacher_weights == STACKED:
        return lambda predictions, y, weight: StackedPool(target, len(names), predictions, y, weight)
    if teacher_weights == "learned" and len(names) > 1:
        return lambda predictions, y, weight: AveragePool(learned_weights(predictions, y, target, weight))
    return lambda predictions, y, weight: AveragePool(fixed_weights(teacher_weights, names))


def check_teacher_weights(teacher_weights: Any, teacher_columns: Any) -> None:
    """Raise unless fixed weights name the teachers of ``teacher_columns``, are finite, not negative and not all 0."""
    if isinstance(teacher_weights, str):
        if teacher_weights == STACKED and isinstance(teacher_columns, Mapping) and STUDENT in teacher_columns:
            raise ValueError(
                f"teacher_columns names a teacher {STUDENT!r}, which is the name of the student's own model in the "
                "pool. Give the teacher another name."
            )
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
