"""Solvers of optimal transport, all of them POT's.

Numpy in, numpy out, for rows of positive weight at a cost whose largest entry is 1; the published one takes tensors.
"""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


# A solver that failed without an error leaves a plan of zeros.
MIN_MASS = 1e-12
# Below this share of the largest cost, Sinkhorn started from the exact potentials is nearer after few iterations.
WARM_START_BELOW = 1e-2
TOLERANCE = 1e-9
SIMPLEX_PIVOTS = 10_000_000


def solve(C: np.ndarray, a: np.ndarray, b: np.ndarray, reg: float, max_iter: int) -> np.ndarray:
    """Plan of least cost, of shape (n, m): exact without entropy, else by Sinkhorn in the log domain.

    Parameters
    ----------
    C : ndarray of shape (n, m)
    a, b : ndarray of shape (n,) and (m,)
        Positive weights that sum to 1.
    reg : float
    max_iter : int
    """
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


def fused_gromov_plan(
    label_cost: np.ndarray,
    structures: tuple[np.ndarray, np.ndarray],
    a: np.ndarray,
    b: np.ndarray,
    alpha: float,
    max_iter: int,
) -> np.ndarray:
    """Plan of shape (n, m) between rows of a label cost and a structure on either side, by the conditional gradient.

    Parameters
    ----------
    label_cost : ndarray of shape (n, m)
    structures : pair of ndarray of shape (n, n) and (m, m)
    a, b : ndarray of shape (n,) and (m,)
    alpha : float in (0, 1]
        Weight of the structures.
    max_iter : int
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan = _pot().gromov.fused_gromov_wasserstein(label_cost, *structures, a, b, alpha=alpha, max_iter=max_iter)
    check_plan(plan)
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
    cost and its gradient are 0 without a warning.

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


def check_plan(plan: np.ndarray) -> None:
    """Raise on a plan that is not finite or moves nothing."""
    mass = plan.sum()
    if not np.isfinite(mass) or mass < MIN_MASS:
        raise ValueError(f"The plan's mass is {mass:.3g}; give a larger reg, or scale the features.")


def _pot() -> ModuleType:
    # POT imports torch where it is installed, which takes seconds.
    import ot

    return ot
