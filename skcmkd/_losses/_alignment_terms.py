"""Alignment of a batch of student rows with rows of the teacher's cohort: torch functions of features and scores.

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

# A row of one class goes to a row of another only where the batch leaves no other way: this many mean costs.
COST_OF_ANOTHER_CLASS = 10.0
# Costs between directions: a row's length does not matter.
OF_DIRECTIONS = ("cosine", "chordal")


def directions(rows: Tensor, cost: str) -> Tensor:
    """Rows as the cost sees them: of length one where only their direction counts; a row of zeros stays."""
    return rows / _lengths(rows) if cost in OF_DIRECTIONS else rows


def _lengths(rows: Tensor) -> Tensor:
    return _nonzero(torch.linalg.vector_norm(rows, dim=1, keepdim=True))


def _nonzero(lengths: Tensor) -> Tensor:
    return lengths + (lengths == 0)


def pairwise_cost(rows: Tensor, others: Tensor, cost: str) -> Tensor:
    """Cost of moving each row to each other row: cosine, euclidean, cityblock or chordal, as in ``cost_matrix``."""
    rows, others = directions(rows, cost), directions(others, cost)
    if cost == "cosine":
        return 1 - rows @ others.T
    return torch.cdist(rows, others, p=1.0 if cost == "cityblock" else 2.0, compute_mode="donot_use_mm_for_euclid_dist")


def matched_cost(rows: Tensor, others: Tensor, cost: str) -> Tensor:
    """Cost of moving each row to the other row at its own place."""
    rows, others = directions(rows, cost), directions(others, cost)
    if cost == "cosine":
        return 1 - (rows * others).sum(dim=1)
    return torch.linalg.vector_norm(rows - others, ord=1 if cost == "cityblock" else 2, dim=1)


def matched_gradient(rows: Tensor, others: Tensor, cost: str) -> tuple[Tensor, Tensor]:
    """``matched_cost`` and its derivative by the rows, written out; ``others`` are ``directions`` already.

    With d = x / |x| the cosine cost 1 - d.b has the derivative ((d.b) d - b) / |x|, and the chord |d - b| the same
    divided by |d - b|.
    """
    if cost in OF_DIRECTIONS:
        length = _lengths(rows)
        rows = rows / length
        similarity = (rows * others).sum(dim=1, keepdim=True)
        gradient = (similarity * rows - others) / length
        if cost == "cosine":
            return 1 - similarity, gradient
        chord = torch.linalg.vector_norm(rows - others, dim=1, keepdim=True)
        return chord, gradient / _nonzero(chord)
    difference = rows - others
    if cost == "cityblock":
        return difference.abs().sum(dim=1), difference.sign()
    distance = torch.linalg.vector_norm(difference, dim=1, keepdim=True)
    return distance, difference / _nonzero(distance)


def transported_cost(cost: Tensor, target_weights: Tensor, *, reg: float, reg_m: float | None) -> Tensor:
    """Value of the transport with the given costs, from rows of equal weight; its gradient by the costs is the plan."""
    found = transport(_as_array(cost), None, _as_array(target_weights), reg=reg, reg_m=reg_m)
    linear = (_plan_like(found, cost) * cost).sum()
    return linear + (found.value - linear.detach())


def classwise_cost(cost: Tensor, codes: Tensor, teacher_codes: Tensor) -> Tensor:
    """Value of the exact transport of each class to itself, both sides with the same class shares.

    It is ``transported_cost`` where another class costs too much to go to, found by blocks. Between as many rows on
    either side the plan is an assignment (Birkhoff), whose solver is ten times as fast as the network simplex.
    """
    costs, plan = _as_array(cost), np.zeros(cost.shape, dtype=np.float32 if cost.dtype == torch.float32 else None)
    own, others = codes.cpu().numpy(), teacher_codes.cpu().numpy()
    for code in np.unique(own):
        rows, columns = np.flatnonzero(own == code), np.flatnonzero(others == code)
        block = costs[np.ix_(rows, columns)]
        if len(rows) == len(columns):
            matched, partners = linear_sum_assignment(block)
            plan[rows[matched], columns[partners]] = 1 / len(own)
        else:
            plan[np.ix_(rows, columns)] = transport(block).plan * (len(rows) / len(own))
    return (torch.as_tensor(plan, dtype=cost.dtype, device=cost.device) * cost).sum()


def gromov_cost(class_costs: Tensor, structure: Tensor, teacher_structure: Tensor, target_weights: Tensor) -> Tensor:
    """Value of the fused Gromov-Wasserstein transport, (<M, P> + sum (C_ik - D_jl)^2 P_ij P_kl) / 2.

    It compares costs among the student's rows, C, with costs among the teacher's, D, so the two spaces need no common
    map. The gradient is taken with the plan held fixed.
    """
    found = fused_gromov(
        _as_array(class_costs),
        _as_array(structure),
        _as_array(teacher_structure),
        None,
        _as_array(target_weights),
        share=0.5,
    )
    plan = _plan_like(found, structure)
    energy = (structure**2 * _outer(plan.sum(dim=1))).sum() + (teacher_structure**2 * _outer(plan.sum(dim=0))).sum()
    energy = energy - 2 * (structure @ plan @ teacher_structure * plan).sum()
    return ((plan * class_costs).sum() + energy) / 2


def _outer(weights: Tensor) -> Tensor:
    return weights[:, None] * weights


def _as_array(values: Tensor) -> np.ndarray:
    return values.detach().double().cpu().numpy()


def _plan_like(found: Transport, cost: Tensor) -> Tensor:
    return torch.as_tensor(found.plan, dtype=cost.dtype, device=cost.device)


def class_cost(logits: Tensor, codes: Tensor, labelled: Tensor, teacher_codes: Tensor) -> Tensor:
    """Cost between a row's class and a teacher row's: -log p_i(y_j) without a label, 0 or a fixed cost with one."""
    known = COST_OF_ANOTHER_CLASS * (codes[:, None] != teacher_codes).to(logits.dtype)
    if labelled.all():
        return known
    guessed = -F.log_softmax(logits.detach(), dim=1)[:, teacher_codes]
    return torch.where(labelled[:, None], known, guessed.clamp_max(COST_OF_ANOTHER_CLASS))


def prototype_cost(cost: Tensor, logits: Tensor, codes: Tensor, labelled: Tensor, known: Tensor) -> Tensor:
    """Mean over rows of sum_k r_ik c_ik, the cost to each class's prototype; r is the label, or the student's guess.

    As much as a row may belong to a class that the teacher's cohort lacks, it is left where it is.
    """
    guess = logits.detach().softmax(dim=1)
    shares = torch.where(labelled[:, None], F.one_hot(codes, logits.shape[1]).to(guess.dtype), guess)
    return (shares * cost.masked_fill(~known, 0.0)).sum(dim=1).mean()


def class_shares(logits: Tensor, codes: Tensor, labelled: Tensor, known: Tensor) -> Tensor:
    """Each row's class, or the student's guess of it among the classes that the teacher's cohort has; no gradient."""
    guess = logits.detach().masked_fill(~known, -torch.inf).softmax(dim=1)
    return torch.where(labelled[:, None], F.one_hot(codes, logits.shape[1]).to(guess.dtype), guess)


def label_discrepancy(logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Mean divergence KL(t || p) of the student's head from the teacher's on the same features, in nats.

    It is 0 where the heads agree, and has a gradient through both heads to the student's features.
    """
    log_p, log_t = F.log_softmax(logits, dim=1), F.log_softmax(teacher_logits, dim=1)
    return (log_t.exp() * (log_t - log_p)).sum(dim=1).mean()


def published_label_term(logits: Tensor, teacher_logits: Tensor, codes: Tensor) -> Tensor:
    """Label alignment as published: mean of CE(s, y) - kappa CE(t, y), kappa = t(y), without a gradient through t.

    So its gradient is that of CE(s, y) alone: a second helping of the label, whatever the teacher says.
    """
    with torch.no_grad():
        teacher = F.cross_entropy(teacher_logits, codes, reduction="none")
        teacher = (-teacher).exp() * teacher
    return (F.cross_entropy(logits, codes, reduction="none") - teacher).mean()
