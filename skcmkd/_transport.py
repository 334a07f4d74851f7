"""Optimal transport between two cohorts: numpy in, numpy out, all of it through POT but one loop.

Costs are divided by the largest one before any solver sees them, so that the scale of the features never decides
whether a solver converges or underflows. No solver is differentiated: by the envelope theorem the derivative of
the minimised objective by the cost is the plan.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import xlogy

if TYPE_CHECKING:
    from torch import Tensor

COSTS = ("cosine", "euclidean", "cityblock", "chordal")
# A plan with less mass than this says that nothing matches anything: its gradient teaches nothing.
SMALLEST_MASS = 1e-12
# Below this share of the largest cost, entropy is lost in the rounding of the exponents: the plan is the exact one.
SMALLEST_REG = 1e-9
# Below this share of the largest cost, Sinkhorn started from the exact potentials is nearer after few iterations.
WARM_START_BELOW = 1e-2
TOLERANCE = 1e-9
SIMPLEX_PIVOTS = 10_000_000


@dataclass(frozen=True)
class Transport:
    """A plan of shape (n, m), and the objective's value at it; the plan is the value's derivative by the cost."""

    plan: np.ndarray
    value: float


def cost_matrix(A: np.ndarray, B: np.ndarray, cost: str) -> np.ndarray:
    """Cost of moving each row of A to each row of B.

    cosine: 1 - a.b / (|a| |b|); chordal: |a/|a| - b/|b||; euclidean: |a - b|; cityblock: sum |a_k - b_k|.
    A row of zeros has no direction: it counts as one more direction, at right angles to all others. So its cosine
    cost to any other row is 1 and its chordal cost sqrt(2), and both are 0 to another row of zeros.

    Parameters
    ----------
    A, B : array of shape (n, p) and (m, p)
    cost : {"cosine", "euclidean", "cityblock", "chordal"}

    Returns
    -------
    array of shape (n, m)

    Raises
    ------
    ValueError
        For an unknown cost, no rows, another number of columns on either side, or values that are not finite.
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    if cost not in COSTS:
        raise ValueError(f"cost={cost!r} is unknown; choose one of {', '.join(COSTS)}.")
    if A.ndim != 2 or B.ndim != 2 or A.shape[1] != B.shape[1] or A.size == 0 or B.size == 0:
        raise ValueError(f"Tables of shapes {A.shape} and {B.shape} have no cost; give rows with the same columns.")
    if not (np.isfinite(A).all() and np.isfinite(B).all()):
        raise ValueError("Features hold NaN or infinite values; impute or scale them before the transport.")
    if cost == "cosine":
        return cdist(_directions(A), _directions(B), "sqeuclidean") / 2
    if cost == "chordal":
        return cdist(_directions(A), _directions(B), "euclidean")
    return cdist(A, B, cost)


def _directions(A: np.ndarray) -> np.ndarray:
    """Rows of length one, with a last column that is the direction of the rows of zeros."""
    largest = np.abs(A).max(axis=1, keepdims=True)
    zero = largest == 0
    # Divided by the largest entry first, so that squares neither overflow nor vanish.
    scaled = np.hstack([A / np.where(zero, 1.0, largest), zero])
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True)


def transport(
    cost: np.ndarray,
    source_weights: np.ndarray | None = None,
    target_weights: np.ndarray | None = None,
    *,
    reg: float = 0.0,
    reg_m: float | None = None,
    max_iter: int = 1000,
) -> Transport:
    """Plan P of least cost between two weighted sets of rows.

    min_P <P, C> + reg KL(P | a b') with P 1 = a and P' 1 = b, or, when ``reg_m`` is given, with
    reg_m KL(P 1 | a) + reg_m KL(P' 1 | b) in place of these two conditions. KL(p | q) = sum p log(p/q) - p + q.

    Parameters
    ----------
    cost : array of shape (n, m)
    source_weights, target_weights : array of shape (n,) and (m,), default None (equal weights)
        Not negative; divided by their sum. A row of weight 0 takes no part.
    reg : float, default 0.0
        Entropic regularisation in units of the cost. 0 is exact (network simplex), above 0 Sinkhorn in the log domain.
        Less than 1e-9 of the largest cost is treated as 0: double precision cannot tell them apart.
    reg_m : float or None, default None
        Price of mass that is not moved, in units of the cost; None and infinity keep all mass.
    max_iter : int, default 1000
        Most iterations of the iterative cases (all but the exact one).

    Returns
    -------
    Transport
        The plan, and the minimised objective with all its terms, whose derivative by C is the plan.

    Raises
    ------
    ValueError
        For an empty cost, a cost or weights that are not finite, a plan that is not finite or has no mass.

    Notes
    -----
    A plan that has not converged after ``max_iter`` is returned without a warning: it still says what goes where.
    Balanced, its rows then sum to ``a`` exactly and its columns to ``b`` nearly; the plan is the derivative of the
    value nearly. Below reg = 0.01 of the largest cost Sinkhorn starts from the exact potentials: after 1000 iterations
    the columns are off by less than 3e-3 in all, where a cold start leaves up to 0.75 (n = 32 to 128, reg from 1e-6).
    Unbalanced without entropy, the plan of the majorisation is replaced by the exact one between its two marginals;
    the value then exceeds a quasi-Newton search's by less than 1e-4 of the largest cost (measured from 6 x 5 to
    32 x 32, reg_m from 0.1 to 100 times that cost; below 1e-5 up to 1 times).
    Unbalanced with entropy is the one loop that is not POT's: both of POT's return a plan of zeros at reg = 3e-4
    of the largest cost, and its stabilised one a wrong plan at 1e-3 (n = 32, reg_m = 1).

    References
    ----------
    Cuturi, "Sinkhorn Distances", NeurIPS 2013. Chapel et al., "Unbalanced Optimal Transport through Non-negative
    Penalized Linear Regression", NeurIPS 2021. Sejourne, Vialard, Peyre, "Faster Unbalanced Optimal Transport:
    Translation Invariant Sinkhorn and 1-D Frank-Wolfe", AISTATS 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd._transport import transport
    >>> transport(np.array([[0.0, 1.0], [1.0, 0.0]])).plan
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    cost = _finite(np.asarray(cost, dtype=np.float64))
    a, b = _weights(source_weights, cost.shape[0]), _weights(target_weights, cost.shape[1])
    if not (reg >= 0 and np.isfinite(reg)):
        raise ValueError(f"reg={reg} is no regularisation; give a finite number, 0 for exact transport.")
    if reg_m is not None and not reg_m > 0:
        raise ValueError(f"reg_m={reg_m} leaves nothing to transport; give a number above 0, or None to keep all mass.")
    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    C, a_in, b_in = np.ascontiguousarray(cost[np.ix_(rows, columns)]), a[rows], b[columns]
    scale = _scale(C)
    C = C / scale
    reg = 0.0 if reg / scale < SMALLEST_REG else reg / scale
    reg_m = None if reg_m is None or np.isinf(reg_m) else reg_m / scale
    part = _minimise(C, a_in, b_in, reg, reg_m, max_iter)
    _check_mass(part, reg_m)
    value = float(np.sum(part * C)) + reg * _divergence(part, a_in[:, None] * b_in)
    if reg_m is not None:
        value += reg_m * (_divergence(part.sum(axis=1), a_in) + _divergence(part.sum(axis=0), b_in))
    return Transport(_placed(part, cost.shape, rows, columns), scale * value)


def _minimise(
    C: np.ndarray, a: np.ndarray, b: np.ndarray, reg: float, reg_m: float | None, max_iter: int
) -> np.ndarray:
    if reg_m is not None:
        minimise = partial(_unbalanced_sinkhorn, reg=reg) if reg > 0 else _unbalanced_exact
        return minimise(C, a, b, reg_m=reg_m, max_iter=max_iter)
    if reg == 0:
        return _exact(C, a, b)[0]
    start = None
    if reg < WARM_START_BELOW:
        _, f, g = _exact(C, a, b)
        start = (f / reg + np.log(a), g / reg + np.log(b))
    return _pot().bregman.sinkhorn_log(
        a, b, C, reg, numItermax=max_iter, stopThr=TOLERANCE, warn=False, warmstart=start
    )


def _exact(C: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Plan and both potentials by the network simplex."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan, log = _pot().emd(a, b, C, numItermax=SIMPLEX_PIVOTS, log=True)
    if log["warning"] is not None:
        raise ValueError(f"Exact transport of {C.shape} rows failed: {log['warning']} Give a reg above 0.")
    return plan, log["u"], log["v"]


def _unbalanced_exact(C: np.ndarray, a: np.ndarray, b: np.ndarray, *, reg_m: float, max_iter: int) -> np.ndarray:
    plan = _pot().unbalanced.mm_unbalanced(a, b, C, reg_m, numItermax=max_iter, stopThr=1e-12)
    _check_mass(plan, reg_m)
    # The marginals settle long before the plan does, whose entries off the optimum only fade: transport exactly
    # between the marginals, which can but lower the objective.
    p, q, mass = plan.sum(axis=1), plan.sum(axis=0), plan.sum()
    rows, columns = np.flatnonzero(p), np.flatnonzero(q)
    inner = np.ascontiguousarray(C[np.ix_(rows, columns)])
    part = _exact(inner, p[rows] / mass, q[columns] / mass)[0]
    # The best mass in closed form: the objective is t (s + 2 reg_m log t) - 2 reg_m t + 2 reg_m for the plan t P.
    p, q = part.sum(axis=1), part.sum(axis=0)
    slope = np.sum(part * inner) + reg_m * np.sum(xlogy(p, p / a[rows])) + reg_m * np.sum(xlogy(q, q / b[columns]))
    return _placed(np.exp(-slope / (2 * reg_m)) * part, C.shape, rows, columns)


def _unbalanced_sinkhorn(
    C: np.ndarray, a: np.ndarray, b: np.ndarray, *, reg: float, reg_m: float, max_iter: int
) -> np.ndarray:
    """Sinkhorn's updates of the potentials f and g (in units of reg), damped by reg_m / (reg_m + reg)."""
    damping, price = reg_m / (reg_m + reg), reg_m / reg
    log_a, log_b, K = np.log(a), np.log(b), -C / reg
    f, g = np.zeros(len(a)), np.zeros(len(b))
    if reg < WARM_START_BELOW:
        # Without entropy the best potential follows from the mass that each row keeps.
        kept = _unbalanced_exact(C, a, b, reg_m=reg_m, max_iter=max_iter).sum(axis=0)
        g = -price * np.log(np.maximum(kept, np.finfo(float).tiny) / b)
    for _ in range(max_iter):
        before = f
        f = -damping * _log_sum_exp(K + (g + log_b), 1)
        g = -damping * _log_sum_exp(K + (f + log_a)[:, None], 0)
        # The best constant to move from one potential to the other in closed form: without it a large reg_m is slow.
        shift = price / 2 * (_log_sum_exp(log_a - f / price, 0) - _log_sum_exp(log_b - g / price, 0))
        f, g = f + shift, g - shift
        if np.abs(f - before).max() < TOLERANCE:
            break
    return np.exp(K + (f + log_a)[:, None] + (g + log_b))


def debiased_cost(
    A: np.ndarray,
    B: np.ndarray,
    cost: str,
    *,
    source_weights: np.ndarray | None = None,
    target_weights: np.ndarray | None = None,
    reg: float = 0.0,
    reg_m: float | None = None,
    max_rows: int = 1000,
    max_iter: int = 1000,
) -> float:
    """Sinkhorn divergence between two tables, 0 for equal distributions.

    S(A, B) = OT(A, B) - OT(A, A) / 2 - OT(B, B) / 2, in units of the cost, OT being the value of ``transport``.
    Both tables weigh 1 in all, so the term of the difference in mass that unbalanced transport adds is 0.

    Parameters
    ----------
    A, B : array of shape (n, p) and (m, p)
    cost : {"cosine", "euclidean", "cityblock", "chordal"}
    source_weights, target_weights, reg, reg_m, max_iter
        As for ``transport``.
    max_rows : int, default 1000
        A longer table is represented by this many of its rows, evenly spaced: memory grows with the square of it.

    Returns
    -------
    float
        Not negative; rounding below 0 is set to 0.

    Raises
    ------
    ValueError
        As ``cost_matrix`` and ``transport`` do.

    References
    ----------
    Feydy et al., "Interpolating between Optimal Transport and MMD using Sinkhorn Divergences", AISTATS 2019.
    Sejourne et al., "Sinkhorn Divergences for Unbalanced Optimal Transport", arXiv 1910.12958.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd._transport import debiased_cost
    >>> debiased_cost(np.array([[0.0], [1.0]]), np.array([[3.0], [2.0]]), "euclidean")
    2.0
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    rows, columns = _evenly_spaced(len(A), max_rows), _evenly_spaced(len(B), max_rows)
    a, b = _weights(source_weights, len(A))[rows], _weights(target_weights, len(B))[columns]
    A, B = A[rows], B[columns]
    value_of = partial(_value, cost=cost, reg=reg, reg_m=reg_m, max_iter=max_iter)
    return max(value_of(A, B, a, b) - value_of(A, A, a, a) / 2 - value_of(B, B, b, b) / 2, 0.0)


def _value(A: np.ndarray, B: np.ndarray, a: np.ndarray, b: np.ndarray, *, cost: str, **options: float | None) -> float:
    return transport(cost_matrix(A, B, cost), a, b, **options).value  # type: ignore[arg-type]


def fused_gromov(
    label_cost: np.ndarray,
    source_structure: np.ndarray,
    target_structure: np.ndarray,
    source_weights: np.ndarray | None = None,
    target_weights: np.ndarray | None = None,
    *,
    share: float = 0.5,
    max_iter: int = 1000,
) -> Transport:
    """Fused Gromov-Wasserstein plan between rows that have no columns in common.

    min_P (1 - share) <M, P> + share sum_ijkl (C1_ik - C2_jl)^2 P_ij P_kl with P 1 = a and P' 1 = b.

    Parameters
    ----------
    label_cost : array of shape (n, m)
        M: what is known of each pair without a common space, such as whether the labels differ.
    source_structure, target_structure : array of shape (n, n) and (m, m)
        C1 and C2: distances within each cohort.
    source_weights, target_weights : array of shape (n,) and (m,), default None (equal weights)
    share : float, default 0.5
        Weight of the structures, from 0 (``label_cost`` alone) to 1.
    max_iter : int, default 1000
        Most steps of the conditional gradient.

    Returns
    -------
    Transport
        The plan and the objective at it. The problem is not convex: the plan is a local minimum, reached from a b'.

    Raises
    ------
    ValueError
        As ``transport`` does; also for structures whose sizes do not fit and a share outside 0 to 1.

    References
    ----------
    Vayer et al., "Optimal Transport for Structured Data with Application on Graphs", ICML 2019.
    """
    M, C1, C2 = (
        _finite(np.asarray(part, dtype=np.float64)) for part in (label_cost, source_structure, target_structure)
    )
    n, m = M.shape
    if C1.shape != (n, n) or C2.shape != (m, m):
        raise ValueError(f"Structures of shapes {C1.shape} and {C2.shape} do not fit a label cost of shape {M.shape}.")
    if not 0 <= share <= 1:
        raise ValueError(f"share={share} is outside 0 to 1.")
    a, b = _weights(source_weights, n), _weights(target_weights, m)
    if share == 0:
        return transport(M, a, b)
    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    # The objective is quadratic in the structures: they are divided by the root of what divides the label cost.
    scale = max(_scale((1 - share) * M), _scale(C1) ** 2, _scale(C2) ** 2)
    structures = (C1[np.ix_(rows, rows)] / scale**0.5, C2[np.ix_(columns, columns)] / scale**0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        part = _pot().gromov.fused_gromov_wasserstein(
            M[np.ix_(rows, columns)] / scale, *structures, a[rows], b[columns], alpha=share, max_iter=max_iter
        )
    _check_mass(part, None)
    plan = _placed(part, (n, m), rows, columns)
    return Transport(plan, float((1 - share) * np.sum(M * plan) + share * gromov_energy(plan, C1, C2)))


def gromov_energy(plan: np.ndarray, source_structure: np.ndarray, target_structure: np.ndarray) -> float:
    """Distortion sum_ijkl (C1_ik - C2_jl)^2 P_ij P_kl of a plan, without an array of four dimensions.

    With the square opened: p' C1^2 p + q' C2^2 q - 2 <P, C1 P C2'>, p and q being the sums of rows and columns.

    Parameters
    ----------
    plan : array of shape (n, m)
    source_structure, target_structure : array of shape (n, n) and (m, m)

    Returns
    -------
    float
    """
    p, q = plan.sum(axis=1), plan.sum(axis=0)
    crossed = np.sum(plan * (source_structure @ plan @ target_structure.T))
    return float(p @ source_structure**2 @ p + q @ target_structure**2 @ q - 2 * crossed)


def published_cost(cost: Tensor, *, reg: float = 0.1, n_iterations: int = 100) -> Tensor:
    """Entropic cost as the published procedure computes it: for comparison only, ``transport`` is the one to use.

    <P, C> with P from Sinkhorn outside the log domain, equal weights, differentiated through its iterations.

    Parameters
    ----------
    cost : tensor of shape (n, m)
    reg : float, default 0.1
    n_iterations : int, default 100

    Returns
    -------
    tensor with one number

    Notes
    -----
    Where cost / reg is above about 100 (single precision; about 750 in double) exp(-cost / reg) underflows, and the
    cost and its gradient are 0 without a word.

    References
    ----------
    Tran et al., "Cross-Modal Knowledge Distillation without Paired Data: Theoretical Foundation and Algorithm",
    ICML 2026, arXiv 2606.10504.
    """
    n, m = cost.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _pot().sinkhorn2(
            cost.new_full((n,), 1 / n), cost.new_full((m,), 1 / m), cost, reg, numItermax=n_iterations
        )


def _pot() -> ModuleType:
    # POT imports torch where it is installed, which takes seconds.
    import ot

    return ot


def _finite(cost: np.ndarray) -> np.ndarray:
    if cost.ndim != 2 or cost.size == 0:
        raise ValueError(
            f"A cost of shape {cost.shape} has nothing to transport; give at least one row on either side."
        )
    if not np.isfinite(cost).all():
        worst = cost[~np.isfinite(cost)][0]
        raise ValueError(f"The cost holds {worst}; scale the features or lower the learning rate.")
    return cost


def _weights(weights: np.ndarray | None, n: int) -> np.ndarray:
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


def _placed(part: np.ndarray, shape: tuple[int, ...], rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The plan of some rows and columns as one of all of them."""
    plan = np.zeros(shape)
    plan[np.ix_(rows, columns)] = part
    return plan


def _scale(values: np.ndarray) -> float:
    return float(np.abs(values).max()) or 1.0


def _check_mass(plan: np.ndarray, reg_m: float | None) -> None:
    mass = plan.sum()
    if not np.isfinite(mass):
        raise ValueError(f"The plan's mass is {mass}; give a larger reg, or scale the features.")
    if mass < SMALLEST_MASS:
        remedy = "" if reg_m is None else f" reg_m is {reg_m:.3g} of the largest cost: give a larger one, or None."
        raise ValueError(f"The plan's mass is {mass:.3g}: nothing is transported.{remedy}")


def _divergence(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p | q) = sum p log(p/q) - p + q, in nats."""
    return float(np.sum(xlogy(p, p / q) - p + q))


def _log_sum_exp(values: np.ndarray, axis: int) -> np.ndarray:
    largest = values.max(axis=axis, keepdims=True)
    return np.log(np.exp(values - largest).sum(axis=axis)) + largest.squeeze(axis)


def _evenly_spaced(n: int, most: int) -> np.ndarray:
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).round().astype(int)
