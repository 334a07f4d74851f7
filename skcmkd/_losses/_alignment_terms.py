"""Alignment of a batch of student rows with rows of the teacher's cohort: torch functions of features and logits.

Plans come from ``_transport`` without a gradient: by the envelope theorem the plan itself is the derivative of the
transport's value by the cost, so the cost alone carries the gradient.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from .._transport._fused_gromov import fused_gromov
from .._transport._plan import Transport, transport

# Cost, in mean costs, of moving a row to a row of another class: mass does so only where the weights force it.
CLASS_MISMATCH_COST = 10.0
# Costs between directions: a row's length does not matter.
SCALE_FREE_COSTS = ("cosine", "chordal")


def normalize_rows(rows: Tensor, cost: str) -> Tensor:
    """Rows divided by their length for a cost between directions, else as they are; a row of zeros stays."""
    return rows / _lengths(rows) if cost in SCALE_FREE_COSTS else rows


def _lengths(rows: Tensor) -> Tensor:
    return _avoid_zero(torch.linalg.vector_norm(rows, dim=1, keepdim=True))


def _avoid_zero(lengths: Tensor) -> Tensor:
    return lengths + (lengths == 0)


def pairwise_cost(rows: Tensor, teacher_rows: Tensor, cost: str) -> Tensor:
    """Cost of moving each row to each of the teacher's, as in ``cost_matrix``: cosine, euclidean, cityblock or chordal.

    Parameters
    ----------
    rows : tensor of shape (n, p)
    teacher_rows : tensor of shape (m, p)
    cost : str

    Returns
    -------
    tensor of shape (n, m)
    """
    rows, teacher_rows = normalize_rows(rows, cost), normalize_rows(teacher_rows, cost)
    if cost == "cosine":
        return 1 - rows @ teacher_rows.T
    return torch.cdist(
        rows, teacher_rows, p=1.0 if cost == "cityblock" else 2.0, compute_mode="donot_use_mm_for_euclid_dist"
    )


def rowwise_cost(rows: Tensor, teacher_rows: Tensor, cost: str) -> Tensor:
    """Cost of moving each row to the teacher's row at the same position."""
    rows, teacher_rows = normalize_rows(rows, cost), normalize_rows(teacher_rows, cost)
    if cost == "cosine":
        return 1 - (rows * teacher_rows).sum(dim=1)
    return torch.linalg.vector_norm(rows - teacher_rows, ord=1 if cost == "cityblock" else 2, dim=1)


def rowwise_cost_and_grad(rows: Tensor, teacher_rows: Tensor, cost: str) -> tuple[Tensor, Tensor]:
    """``rowwise_cost`` and its derivative by the rows, written out; ``teacher_rows`` are ``normalize_rows`` already.

    With d = x / |x| the cosine cost 1 - d.b has the derivative ((d.b) d - b) / |x|, and the chord |d - b| the same
    divided by |d - b|.
    """
    if cost in SCALE_FREE_COSTS:
        length = _lengths(rows)
        rows = rows / length
        similarity = (rows * teacher_rows).sum(dim=1, keepdim=True)
        gradient = (similarity * rows - teacher_rows) / length
        if cost == "cosine":
            return 1 - similarity, gradient
        chord = torch.linalg.vector_norm(rows - teacher_rows, dim=1, keepdim=True)
        return chord, gradient / _avoid_zero(chord)
    difference = rows - teacher_rows
    if cost == "cityblock":
        return difference.abs().sum(dim=1), difference.sign()
    distance = torch.linalg.vector_norm(difference, dim=1, keepdim=True)
    return distance, difference / _avoid_zero(distance)


def expected_cost_and_grad(rows: Tensor, teacher_rows: Tensor, weights: Tensor, cost: str) -> tuple[Tensor, Tensor]:
    """Sum over j of w_ij c(x_i, b_j) and its derivative by the rows; the teacher's rows b_j are normalized already.

    As in ``rowwise_cost_and_grad``, with the weighted mean of the b_j in the place of b: w_ij is divided by the
    distance first where the cost is one. "cityblock" has no such form.

    Parameters
    ----------
    rows : tensor of shape (n, p)
    teacher_rows : tensor of shape (m, p)
    weights : tensor of shape (n, m)
    cost : {"cosine", "chordal", "euclidean"}

    Returns
    -------
    value : tensor of shape (n,)
    gradient : tensor of shape (n, p)
    """
    length = _lengths(rows) if cost in SCALE_FREE_COSTS else rows.new_ones(())
    rows = rows / length
    if cost == "cosine":
        target = weights @ teacher_rows
        similarity = (rows * target).sum(dim=1, keepdim=True)
        return weights.sum(dim=1) - similarity[:, 0], (similarity * rows - target) / length
    distance = torch.cdist(rows, teacher_rows, compute_mode="donot_use_mm_for_euclid_dist")
    pull = torch.where(distance > 0, weights / _avoid_zero(distance), 0.0)
    gradient = pull.sum(dim=1, keepdim=True) * rows - pull @ teacher_rows
    if cost in SCALE_FREE_COSTS:
        gradient = (gradient - (gradient * rows).sum(dim=1, keepdim=True) * rows) / length
    return (weights * distance).sum(dim=1), gradient


def transport_cost(cost: Tensor, target_weights: Tensor, *, reg: float) -> Tensor:
    """Value of the transport with the given costs, from rows of equal weight; its gradient by the costs is the plan."""
    result = transport(_as_array(cost), None, _as_array(target_weights), reg=reg)
    linear = (_plan_tensor(result, cost) * cost).sum()
    return linear + (result.value - linear.detach())


def blockwise_transport_cost(cost: Tensor, codes: Tensor, teacher_codes: Tensor) -> Tensor:
    """Value of the exact transport of each class to itself, both with the same class frequencies.

    It equals ``transport_cost`` where moving to another class costs too much, and is solved class by class. Between
    equally many rows the plan is an assignment (Birkhoff), whose solver is ten times as fast as the network simplex.
    """
    costs, plan = _as_array(cost), np.zeros(cost.shape, dtype=np.float32 if cost.dtype == torch.float32 else None)
    row_codes, column_codes = codes.cpu().numpy(), teacher_codes.cpu().numpy()
    for code in np.unique(row_codes):
        rows, columns = np.flatnonzero(row_codes == code), np.flatnonzero(column_codes == code)
        block = costs[np.ix_(rows, columns)]
        if len(rows) == len(columns):
            row_indices, column_indices = linear_sum_assignment(block)
            plan[rows[row_indices], columns[column_indices]] = 1 / len(row_codes)
        else:
            plan[np.ix_(rows, columns)] = transport(block).plan * (len(rows) / len(row_codes))
    return (torch.as_tensor(plan, dtype=cost.dtype, device=cost.device) * cost).sum()


def gromov_cost(class_costs: Tensor, structure: Tensor, teacher_structure: Tensor, target_weights: Tensor) -> Tensor:
    """Value of the fused Gromov-Wasserstein transport, (<M, P> + sum (C_ik - D_jl)^2 P_ij P_kl) / 2.

    It compares costs among the student's rows, C, with costs among the teacher's, D, so the two spaces need no common
    map. The gradient is taken with the plan held fixed.
    """
    result = fused_gromov(
        _as_array(class_costs),
        _as_array(structure),
        _as_array(teacher_structure),
        None,
        _as_array(target_weights),
        alpha=0.5,
    )
    plan = _plan_tensor(result, structure)
    energy = (structure**2 * _outer(plan.sum(dim=1))).sum() + (teacher_structure**2 * _outer(plan.sum(dim=0))).sum()
    energy = energy - 2 * (structure @ plan @ teacher_structure * plan).sum()
    return ((plan * class_costs).sum() + energy) / 2


def _outer(weights: Tensor) -> Tensor:
    return weights[:, None] * weights


def _as_array(values: Tensor) -> np.ndarray:
    return values.detach().double().cpu().numpy()


def _plan_tensor(result: Transport, cost: Tensor) -> Tensor:
    return torch.as_tensor(result.plan, dtype=cost.dtype, device=cost.device)


def class_mismatch_cost(logits: Tensor, codes: Tensor, labeled: Tensor, teacher_codes: Tensor) -> Tensor:
    """Cost between a row's class and a teacher row's: -log p_i(y_j) without a label, 0 or a fixed cost with one."""
    label_cost = CLASS_MISMATCH_COST * (codes[:, None] != teacher_codes).to(logits.dtype)
    if labeled.all():
        return label_cost
    expected_cost = -F.log_softmax(logits.detach(), dim=1)[:, teacher_codes]
    return torch.where(labeled[:, None], label_cost, expected_cost.clamp_max(CLASS_MISMATCH_COST))


def prototype_cost(cost: Tensor, logits: Tensor, codes: Tensor, labeled: Tensor, shared: Tensor) -> Tensor:
    """Mean over rows of sum_k r_ik c_ik, c_ik the cost to the prototype of class k, r the ``prototype_weights``."""
    return (prototype_weights(logits, codes, labeled, shared) * cost).sum(dim=1).mean()


def prototype_weights(logits: Tensor, codes: Tensor, labeled: Tensor, shared: Tensor) -> Tensor:
    """Weight of each class in a row's cost: the label, or the prediction; 0 of classes that the cohort lacks."""
    proba = logits.detach().softmax(dim=1)
    return torch.where(labeled[:, None], F.one_hot(codes, logits.shape[1]).to(proba.dtype), proba) * shared


def class_posteriors(logits: Tensor, codes: Tensor, labeled: Tensor, shared: Tensor) -> Tensor:
    """Each row's class, or the student's prediction among the classes that the teacher's cohort has; no gradient."""
    proba = logits.detach().masked_fill(~shared, -torch.inf).softmax(dim=1)
    return torch.where(labeled[:, None], F.one_hot(codes, logits.shape[1]).to(proba.dtype), proba)


def head_divergence(logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Mean divergence KL(t || p) of the student's head from the teacher's on the same features, in nats.

    It is 0 where the heads agree. Its gradient flows through both heads to the student's features.
    """
    log_p, log_t = F.log_softmax(logits, dim=1), F.log_softmax(teacher_logits, dim=1)
    return (log_t.exp() * (log_t - log_p)).sum(dim=1).mean()


def published_label_term(logits: Tensor, teacher_logits: Tensor, codes: Tensor) -> Tensor:
    """Label alignment as published: mean of CE(s, y) - kappa CE(t, y), kappa = t(y), without a gradient through t.

    So its gradient is that of CE(s, y) alone: the label counts twice, and the teacher does not matter.
    """
    with torch.no_grad():
        teacher = F.cross_entropy(teacher_logits, codes, reduction="none")
        teacher = (-teacher).exp() * teacher
    return (F.cross_entropy(logits, codes, reduction="none") - teacher).mean()
