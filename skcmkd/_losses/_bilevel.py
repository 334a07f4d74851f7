"""Bilevel steps: the label's gradient is taken where a step of alignment would lead, and applied to the student."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._transport._solvers import published_cost
from ..networks._modules import Perceptron
from ..networks._training import backpropagate
from ._alignment import AlignedLoss, prototype_gradient
from ._alignment_terms import pairwise_cost, published_label_term

LARGEST_GRADIENT = 5.0
PUBLISHED_REG = 0.1
PUBLISHED_ITERATIONS = 100
PUBLISHED_WEIGHT_DECAY = 0.05


def bilevel_gradient(module: Perceptron, loss: AlignedLoss, X: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Set the gradients of a first-order bilevel step and return its loss.

    With theta the student's weights and r the inner learning rate: theta' = theta - r grad A(theta), A the transport
    within classes; theta'' = theta' - r grad D(theta'), D the discrepancy of the heads. The student's gradient is
    that of the distillation loss at theta''. The map between the two spaces follows A and D themselves.
    """
    weights, mapping = list(module.parameters()), list(loss.map.parameters())
    here = [weight.detach().clone() for weight in weights]
    alignment = torch.zeros((), device=X.device)
    for term in (loss.to_same_class_and_anchors, loss.to_labels):
        for _ in range(loss.chosen.inner_steps):
            batch = loss.batch_to_align(*module(X), *targets)
            if len(batch.codes) == 0:
                break
            value = term(batch)
            gradients = torch.autograd.grad(value, [*weights, *mapping], allow_unused=True)
            _descend(weights, gradients, loss.chosen.inner_learning_rate)
            _add_gradients(mapping, gradients[len(weights) :])
            alignment += value.detach() / loss.chosen.inner_steps
    value = _gradient_at(module, module, loss, X, targets)
    with torch.no_grad():
        for weight, before in zip(weights, here, strict=True):
            weight.copy_(before)
    loss.record(len(X), value, alignment)
    return value


def published_gradient(module: Perceptron, loss: AlignedLoss, X: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Set the gradients of a step of the published procedure and return its loss.

    A deep copy of the student takes steps by a fresh AdamW, on its representation down the entropic transport cost to
    teacher rows drawn with the same labels, and on its head down the label term, whose teacher's half has no gradient.
    Features are cut to the shorter of the two sizes, costs are not normalised, and Sinkhorn's iterations run outside
    the log domain and are differentiated one by one.
    """
    ahead = copy.deepcopy(module)
    codes, *_, labelled, _, _ = targets
    rows = labelled & loss.known[codes]
    alignment = torch.zeros((), device=X.device)
    if rows.any():
        own, codes = X[rows], codes[rows]
        teacher = loss.raw_features(loss.draw_rows_of(codes))
        size = min(teacher.shape[1], module.head.in_features)
        optimizer = _fresh_optimizer(ahead.represent, loss.chosen.inner_learning_rate)
        for _ in range(loss.chosen.inner_steps):
            cost = pairwise_cost(ahead.represent(own)[:, :size], teacher[:, :size], loss.chosen.cost)
            value = published_cost(cost, reg=PUBLISHED_REG, n_iterations=PUBLISHED_ITERATIONS)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            alignment += value.detach() / loss.chosen.inner_steps
        features = ahead.represent(own).detach()
        teacher_logits = F.linear(features[:, :size], *loss.raw_head(size))
        optimizer = _fresh_optimizer(ahead.head, loss.chosen.inner_learning_rate)
        for _ in range(loss.chosen.inner_steps):
            value = published_label_term(ahead.head(features), teacher_logits, codes)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    value = _gradient_at(ahead, module, loss, X, targets)
    loss.record(len(X), value, alignment)
    return value


BACKWARD = {
    "prototypes": prototype_gradient,
    "classwise": backpropagate,
    "feature": backpropagate,
    "joint": backpropagate,
    "fused_gromov": backpropagate,
    "bilevel": bilevel_gradient,
    "published": published_gradient,
}


def _descend(weights: Iterable[nn.Parameter], gradients: Iterable[Tensor | None], learning_rate: float) -> None:
    with torch.no_grad():
        for weight, gradient in zip(weights, gradients, strict=False):
            if gradient is not None:
                weight.sub_(gradient, alpha=learning_rate)


def _add_gradients(parameters: Iterable[nn.Parameter], gradients: Iterable[Tensor | None]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if gradient is not None:
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient


def _gradient_at(
    ahead: nn.Module, module: nn.Module, loss: AlignedLoss, X: Tensor, targets: Sequence[Tensor]
) -> Tensor:
    """Give the student the gradient of the distillation loss at the module ahead, and return that loss."""
    logits, _ = ahead(X)
    value = loss.distillation(logits, *targets[:4]).mean()
    gradients = torch.autograd.grad(value, list(ahead.parameters()))
    for parameter, gradient in zip(module.parameters(), gradients, strict=True):
        parameter.grad = gradient
    nn.utils.clip_grad_norm_(module.parameters(), LARGEST_GRADIENT)
    return value


def _fresh_optimizer(part: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(part.parameters(), lr=learning_rate, weight_decay=PUBLISHED_WEIGHT_DECAY)
