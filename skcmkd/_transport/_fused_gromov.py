"""Fused Gromov-Wasserstein transport between cohorts that have no columns in common."""

from __future__ import annotations

import numpy as np

from ._plan import Transport, check_cost, max_abs, normalize_weights, transport
from ._solvers import fused_gromov_plan, scatter_plan


def fused_gromov(
    label_cost: np.ndarray,
    source_structure: np.ndarray,
    target_structure: np.ndarray,
    source_weights: np.ndarray | None = None,
    target_weights: np.ndarray | None = None,
    *,
    alpha: float = 0.5,
    max_iter: int = 1000,
) -> Transport:
    """Fused Gromov-Wasserstein plan between rows that have no columns in common.

    min_P (1 - alpha) <M, P> + alpha sum_ijkl (C1_ik - C2_jl)^2 P_ij P_kl with P 1 = a and P' 1 = b.

    Parameters
    ----------
    label_cost : array of shape (n, m)
        M: what is known of each pair without a common space, such as whether the labels differ.
    source_structure, target_structure : array of shape (n, n) and (m, m)
        C1 and C2: distances within each cohort.
    source_weights, target_weights : array of shape (n,) and (m,), default None (equal weights)
    alpha : float, default 0.5
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
        As ``transport`` does; also for structures whose sizes do not fit and an alpha outside 0 to 1.

    References
    ----------
    Vayer et al., "Optimal Transport for Structured Data with Application on Graphs", ICML 2019.
    """
    M, C1, C2 = (
        check_cost(np.asarray(part, dtype=np.float64)) for part in (label_cost, source_structure, target_structure)
    )
    n, m = M.shape
    if C1.shape != (n, n) or C2.shape != (m, m):
        raise ValueError(f"Structures of shapes {C1.shape} and {C2.shape} do not fit a label cost of shape {M.shape}.")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha={alpha} is outside 0 to 1.")
    a, b = normalize_weights(source_weights, n), normalize_weights(target_weights, m)
    if alpha == 0:
        return transport(M, a, b)
    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    # The objective is quadratic in the structures: they are divided by the root of what divides the label cost.
    scale = max(max_abs((1 - alpha) * M), max_abs(C1) ** 2, max_abs(C2) ** 2)
    structures = (C1[np.ix_(rows, rows)] / scale**0.5, C2[np.ix_(columns, columns)] / scale**0.5)
    part = fused_gromov_plan(M[np.ix_(rows, columns)] / scale, structures, a[rows], b[columns], alpha, max_iter)
    plan = scatter_plan(part, (n, m), rows, columns)
    return Transport(plan, float((1 - alpha) * np.sum(M * plan) + alpha * gromov_energy(plan, C1, C2)))


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
