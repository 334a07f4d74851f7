"""Optimal transport between two weighted sets of rows: the plan and the value of its objective.

Costs are divided by the largest one before any solver sees them, so that the scale of the features never decides
whether a solver converges or underflows. No solver is differentiated: by the envelope theorem the derivative of
the minimized objective by the cost is the plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from ._solvers import check_plan, scatter_plan, solve

# Below this share of the largest cost, entropy is lost in the rounding of the exponents: the plan is the exact one.
SMALLEST_REG = 1e-9


@dataclass(frozen=True)
class Transport:
    """A plan of shape (n, m), and the objective's value at it; the plan is the value's derivative by the cost."""

    plan: np.ndarray
    value: float


def transport(
    cost: np.ndarray,
    source_weights: np.ndarray | None = None,
    target_weights: np.ndarray | None = None,
    *,
    reg: float = 0.0,
    max_iter: int = 1000,
) -> Transport:
    """Plan P of least cost between two weighted sets of rows.

    min_P <P, C> + reg KL(P | a b') with P 1 = a and P' 1 = b. KL(p | q) = sum p log(p/q) - p + q.

    Parameters
    ----------
    cost : array of shape (n, m)
    source_weights, target_weights : array of shape (n,) and (m,), default None (equal weights)
        Not negative; divided by their sum. A row of weight 0 takes no part.
    reg : float, default 0.0
        Entropic regularization in units of the cost. 0 is exact (network simplex), above 0 Sinkhorn in the log domain.
        Less than 1e-9 of the largest cost is treated as 0: double precision cannot tell them apart.
    max_iter : int, default 1000
        Most iterations of Sinkhorn.

    Returns
    -------
    Transport
        The plan, and the minimized objective with all its terms, whose derivative by C is the plan.

    Raises
    ------
    ValueError
        For an empty cost, a cost or weights that are not finite, a plan that is not finite or has no mass.

    Notes
    -----
    A plan that has not converged after ``max_iter`` is returned without a warning: it still shows what goes where.
    Its rows then sum to ``a`` exactly and its columns to ``b`` nearly; the plan is the derivative of the value nearly.
    Below reg = 0.01 of the largest cost Sinkhorn starts from the exact potentials: after 1000 iterations the columns
    are off by less than 3e-3 in all, where a cold start leaves up to 0.75 (n = 32 to 128, reg from 1e-6).

    References
    ----------
    Cuturi, "Sinkhorn Distances", NeurIPS 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd._transport._plan import transport
    >>> transport(np.array([[0.0, 1.0], [1.0, 0.0]])).plan
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    cost = check_cost(np.asarray(cost, dtype=np.float64))
    a, b = normalize_weights(source_weights, cost.shape[0]), normalize_weights(target_weights, cost.shape[1])
    if not (reg >= 0 and np.isfinite(reg)):
        raise ValueError(f"reg={reg} is no regularization; give a finite number, 0 for exact transport.")
    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    C, a_in, b_in = np.ascontiguousarray(cost[np.ix_(rows, columns)]), a[rows], b[columns]
    scale = max_abs(C)
    C = C / scale
    reg = 0.0 if reg / scale < SMALLEST_REG else reg / scale
    part = solve(C, a_in, b_in, reg, max_iter)
    check_plan(part)
    value = float(np.sum(part * C)) + reg * _divergence(part, a_in[:, None] * b_in)
    return Transport(scatter_plan(part, cost.shape, rows, columns), scale * value)


def check_cost(cost: np.ndarray) -> np.ndarray:
    """A cost as it is; raise on one without rows, or that is not finite."""
    if cost.ndim != 2 or cost.size == 0:
        raise ValueError(
            f"A cost of shape {cost.shape} has nothing to transport; give at least one row on either side."
        )
    if not np.isfinite(cost).all():
        worst = cost[~np.isfinite(cost)][0]
        raise ValueError(f"The cost holds {worst}; scale the features or lower the learning rate.")
    return cost


def normalize_weights(weights: np.ndarray | None, n: int) -> np.ndarray:
    """Weights that sum to one; equal ones for None."""
    if weights is None:
        return np.full(n, 1 / max(n, 1))
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (n,):
        raise ValueError(f"Weights of shape {weights.shape} do not fit {n} rows; give one a row.")
    total = weights.sum()
    if not (np.isfinite(total) and total > 0 and (weights >= 0).all()):
        raise ValueError(f"Weights from {weights.min()} that sum to {total}; give none below 0 and one above 0.")
    return weights / total


def max_abs(values: np.ndarray) -> float:
    """What divides a cost: its largest entry, or 1 where all are 0."""
    return float(np.abs(values).max()) or 1.0


def _divergence(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p | q) = sum p log(p/q) - p + q, in nats."""
    return float(np.sum(xlogy(p, p / q) - p + q))
