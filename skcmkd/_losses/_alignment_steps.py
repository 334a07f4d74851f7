"""Training steps of the alignments: their gradients, most of all those of the bilevel ones.

In a bilevel step the gradient of the labels is taken at a copy of the student that the alignment has moved.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._transport._solvers import published_cost
from ..networks._modules import MLP
from ..networks._training import backpropagate
from ._alignment import AlignmentLoss
from ._alignment_targets import AlignmentTargets
from ._alignment_terms import pairwise_cost, published_label_term

MAX_GRAD_NORM = 5.0
PUBLISHED_REG = 0.1
PUBLISHED_ITERATIONS = 100
PUBLISHED_WEIGHT_DECAY = 0.05


def prototype_gradient(module: nn.Module, loss: AlignmentLoss, X: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Set the gradients of a step towards the prototypes and return its loss.

    The alignment's gradient by the mapped features is written out: automatic differentiation of so short a formula
    would take a third of the time of the student's step.
    """
    rows = AlignmentTargets(*targets)
    if loss.spec.cost == "cityblock" and not loss.all_labeled_and_shared:
        return backpropagate(module, loss, X, targets)
    logits, features = module(X)
    distillation = loss.distillation(logits, *rows.distillation).mean()
    projected = loss.projection(features)
    with torch.no_grad():
        alignment, gradient = loss.prototype_loss_and_grad(logits, projected, rows)
    torch.autograd.backward([distillation, projected], [None, loss.spec.weight * gradient])
    loss.log_step(len(X), distillation, alignment)
    return distillation.detach().add(alignment, alpha=loss.spec.weight)


def bilevel_gradient(module: MLP, loss: AlignmentLoss, X: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Set the gradients of a first-order bilevel step and return its loss.

    With theta the student's weights and r the inner learning rate: theta' = theta - r grad A(theta), A the transport
    within classes; theta'' = theta' - r grad D(theta'), D the discrepancy of the heads. The student's gradient is
    that of the distillation loss at theta''. The map between the two spaces follows A and D themselves.
    """
    weights, projection = list(module.parameters()), list(loss.projection.parameters())
    initial_weights = [weight.detach().clone() for weight in weights]
    alignment = torch.zeros((), device=X.device)
    for term in (loss.bilevel_feature_loss, loss.label_loss):
        for _ in range(loss.spec.inner_steps):
            batch = loss.make_batch(*module(X), *targets)
            if len(batch.codes) == 0:
                break
            value = term(batch)
            gradients = torch.autograd.grad(value, [*weights, *projection], allow_unused=True)
            _sgd_step_(weights, gradients, loss.spec.inner_learning_rate)
            _add_gradients(projection, gradients[len(weights) :])
            alignment += value.detach() / loss.spec.inner_steps
    value = _backward_at(module, module, loss, X, targets)
    with torch.no_grad():
        for weight, before in zip(weights, initial_weights, strict=True):
            weight.copy_(before)
    loss.log_step(len(X), value, alignment)
    return value


def published_gradient(module: MLP, loss: AlignmentLoss, X: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Set the gradients of a step of the published procedure and return its loss.

    A deep copy of the student takes steps by a fresh AdamW, on its representation down the entropic transport cost to
    teacher rows drawn with the same labels, and on its head down the label term, which has no gradient to the teacher.
    Features are cut to the shorter of the two sizes, costs are not normalized, and Sinkhorn's iterations run outside
    the log domain and are differentiated one by one.
    """
    inner_module = copy.deepcopy(module)
    codes = AlignmentTargets(*targets).codes
    rows = AlignmentTargets(*targets).labeled & loss.shared[codes]
    alignment = torch.zeros((), device=X.device)
    if rows.any():
        X_aligned, codes = X[rows], codes[rows]
        teacher_features = _unscaled_features(loss, loss.sample_rows_of_classes(codes))
        size = min(teacher_features.shape[1], module.head.in_features)
        optimizer = _fresh_optimizer(inner_module.represent, loss.spec.inner_learning_rate)
        for _ in range(loss.spec.inner_steps):
            features = inner_module.represent(X_aligned)[:, :size]
            cost = pairwise_cost(features, teacher_features[:, :size], loss.spec.cost)
            value = published_cost(cost, reg=PUBLISHED_REG, n_iterations=PUBLISHED_ITERATIONS)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            alignment += value.detach() / loss.spec.inner_steps
        features = inner_module.represent(X_aligned).detach()
        teacher_logits = F.linear(features[:, :size], *_unscaled_head(loss, size))
        optimizer = _fresh_optimizer(inner_module.head, loss.spec.inner_learning_rate)
        for _ in range(loss.spec.inner_steps):
            value = published_label_term(inner_module.head(features), teacher_logits, codes)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    value = _backward_at(inner_module, module, loss, X, targets)
    loss.log_step(len(X), value, alignment)
    return value


BACKWARD_FUNCTIONS = {
    "prototypes": prototype_gradient,
    "classwise": backpropagate,
    "feature": backpropagate,
    "joint": backpropagate,
    "fused_gromov": backpropagate,
    "bilevel": bilevel_gradient,
    "published": published_gradient,
}


def _unscaled_features(loss: AlignmentLoss, rows: Tensor) -> Tensor:
    """Features of rows of the cohort as the teacher's model returns them, neither centered nor scaled."""
    return loss.cohort_features[rows] * loss.feature_scale + loss.mean


def _unscaled_head(loss: AlignmentLoss, size: int) -> tuple[Tensor, Tensor]:
    """The teacher's head on the first ``size`` of its unscaled features."""
    coef = loss.coef / loss.feature_scale
    return coef[:, :size], loss.intercept - coef @ loss.mean


def _sgd_step_(weights: Iterable[nn.Parameter], gradients: Iterable[Tensor | None], learning_rate: float) -> None:
    with torch.no_grad():
        for weight, gradient in zip(weights, gradients, strict=False):
            if gradient is not None:
                weight.sub_(gradient, alpha=learning_rate)


def _add_gradients(parameters: Iterable[nn.Parameter], gradients: Iterable[Tensor | None]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if gradient is not None:
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient


def _backward_at(
    inner_module: nn.Module, module: nn.Module, loss: AlignmentLoss, X: Tensor, targets: Sequence[Tensor]
) -> Tensor:
    """Give the student the gradient of the distillation loss at the copy, and return that loss."""
    logits, _ = inner_module(X)
    value = loss.distillation(logits, *AlignmentTargets(*targets).distillation).mean()
    gradients = torch.autograd.grad(value, list(inner_module.parameters()))
    for parameter, gradient in zip(module.parameters(), gradients, strict=True):
        parameter.grad = gradient
    nn.utils.clip_grad_norm_(module.parameters(), MAX_GRAD_NORM)
    return value


def _fresh_optimizer(part: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(part.parameters(), lr=learning_rate, weight_decay=PUBLISHED_WEIGHT_DECAY)
