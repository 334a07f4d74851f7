"""Solvers of optimal transport, all of them POT's but one loop.

Numpy in, numpy out, for rows of positive weight at a cost whose largest entry is 1; the published one takes tensors.
"""

from __future__ import annotations

import warnings
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import xlogy

if TYPE_CHECKING:
    from torch import Tensor


# A plan with less mass than this says that nothing matches anything: its gradient teaches nothing.
MIN_MASS = 1e-12
# Below this share of the largest cost, Sinkhorn started from the exact potentials is nearer after few iterations.
WARM_START_BELOW = 1e-2
TOLERANCE = 1e-9
SIMPLEX_PIVOTS = 10_000_000


def solve(C: np.ndarray, a: np.ndarray, b: np.ndarray, reg: float, reg_m: float | None, max_iter: int) -> np.ndarray:
    """Plan of least cost by the solver that suits ``reg`` and ``reg_m``."""
    if reg_m is not None:
        minimize = partial(_unbalanced_sinkhorn, reg=reg) if reg > 0 else _unbalanced_exact
        return minimize(C, a, b, reg_m=reg_m, max_iter=max_iter)
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
    check_plan(plan, reg_m)
    # The marginals settle long before the plan does, whose entries off the optimum only fade: transport exactly
    # between the marginals, which can but lower the objective.
    p, q, mass = plan.sum(axis=1), plan.sum(axis=0), plan.sum()
    rows, columns = np.flatnonzero(p), np.flatnonzero(q)
    inner = np.ascontiguousarray(C[np.ix_(rows, columns)])
    part = _exact(inner, p[rows] / mass, q[columns] / mass)[0]
    # The best mass in closed form: the objective is t (s + 2 reg_m log t) - 2 reg_m t + 2 reg_m for the plan t P.
    p, q = part.sum(axis=1), part.sum(axis=0)
    slope = np.sum(part * inner) + reg_m * np.sum(xlogy(p, p / a[rows])) + reg_m * np.sum(xlogy(q, q / b[columns]))
    return scatter_plan(np.exp(-slope / (2 * reg_m)) * part, C.shape, rows, columns)


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


def fused_gromov_plan(
    label_cost: np.ndarray,
    structures: tuple[np.ndarray, np.ndarray],
    a: np.ndarray,
    b: np.ndarray,
    alpha: float,
    max_iter: int,
) -> np.ndarray:
    """Plan between rows of a label cost and a structure on either side, by the conditional gradient."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan = _pot().gromov.fused_gromov_wasserstein(label_cost, *structures, a, b, alpha=alpha, max_iter=max_iter)
    check_plan(plan, None)
    return plan


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


def scatter_plan(part: np.ndarray, shape: tuple[int, ...], rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The plan of some rows and columns as one of all of them."""
    plan = np.zeros(shape)
    plan[np.ix_(rows, columns)] = part
    return plan


def check_plan(plan: np.ndarray, reg_m: float | None) -> None:
    """Raise on a plan that is not finite or moves nothing."""
    mass = plan.sum()
    if not np.isfinite(mass):
        raise ValueError(f"The plan's mass is {mass}; give a larger reg, or scale the features.")
    if mass < MIN_MASS:
        remedy = "" if reg_m is None else f" reg_m is {reg_m:.3g} of the largest cost: give a larger one, or None."
        raise ValueError(f"The plan's mass is {mass:.3g}: nothing is transported.{remedy}")


def _pot() -> ModuleType:
    # POT imports torch where it is installed, which takes seconds.
    import ot

    return ot


def _log_sum_exp(values: np.ndarray, axis: int) -> np.ndarray:
    largest = values.max(axis=axis, keepdims=True)
    return np.log(np.exp(values - largest).sum(axis=axis)) + largest.squeeze(axis)
