"""Bilevel steps: the label's gradient is taken where a step of alignment would lead, and applied to the student."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from ._aligned_loss import AlignedLoss
from ._alignment import pairwise_cost, published_label_term
from ._modules import Perceptron
from ._training import backpropagate
from ._transport import published_cost

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
    here: dict[str, Tensor] = dict(module.named_parameters())
    mapping = list(loss.map.parameters())
    alignment = torch.zeros((), device=X.device)
    if len(loss.batch_to_align(module(X), *targets).codes):
        for term in (loss.to_same_class_and_anchors, loss.to_labels):
            for _ in range(loss.chosen.inner_steps):
                value = term(loss.batch_to_align(functional_call(module, here, (X,)), *targets))
                gradients = torch.autograd.grad(value, [*here.values(), *mapping], allow_unused=True)
                here = _descend(here, gradients, loss.chosen.inner_learning_rate)
                _set_gradients(mapping, gradients[len(here) :])
                alignment = alignment + value.detach() / loss.chosen.inner_steps
    return _apply(module, here, loss, X, targets, alignment)


def published_gradient(module: Perceptron, loss: AlignedLoss, X: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Set the gradients of a step of the published procedure and return its loss.

    A deep copy of the student takes steps by a fresh AdamW, on its representation down the entropic transport cost to
    teacher rows drawn with the same labels, and on its head down the label term, whose teacher's half has no gradient.
    Features are cut to the shorter of the two sizes, costs are not normalised, and Sinkhorn's iterations run outside
    the log domain and are differentiated one by one.
    """
    ahead = copy.deepcopy(module)
    batch = loss.batch_to_align(module(X), *targets)
    alignment = torch.zeros((), device=X.device)
    rows = batch.labelled
    if rows.any():
        used = ~targets[-3] | loss.known[targets[0]]
        own, codes = X[used][rows], batch.codes[rows]
        teacher = loss.raw_features(loss.draw_rows_of(codes))
        size = min(teacher.shape[1], batch.features.shape[1])
        optimizer = _fresh_optimizer(ahead.represent, loss.chosen.inner_learning_rate)
        for _ in range(loss.chosen.inner_steps):
            features = ahead.represent(own)
            cost = pairwise_cost(features[:, :size], teacher[:, :size], loss.chosen.cost)
            value = published_cost(cost, reg=PUBLISHED_REG, n_iterations=PUBLISHED_ITERATIONS)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            alignment = alignment + value.detach() / loss.chosen.inner_steps
        features = ahead.represent(own).detach()
        teacher_logits = F.linear(features[:, :size], *loss.raw_head(size))
        optimizer = _fresh_optimizer(ahead.head, loss.chosen.inner_learning_rate)
        for _ in range(loss.chosen.inner_steps):
            value = published_label_term(ahead.head(features), teacher_logits, codes)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    return _apply(module, dict(ahead.named_parameters()), loss, X, targets, alignment)


BACKWARD = {
    "prototypes": backpropagate,
    "classwise": backpropagate,
    "feature": backpropagate,
    "joint": backpropagate,
    "fused_gromov": backpropagate,
    "bilevel": bilevel_gradient,
    "published": published_gradient,
}


def _descend(weights: dict[str, Tensor], gradients: Iterable[Tensor | None], learning_rate: float) -> dict[str, Tensor]:
    return {
        name: (value if gradient is None else value - learning_rate * gradient).detach().requires_grad_()
        for (name, value), gradient in zip(weights.items(), gradients, strict=False)
    }


def _set_gradients(parameters: Iterable[nn.Parameter], gradients: Iterable[Tensor | None]) -> None:
    """Add to the gradients that are there."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if gradient is not None:
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient


def _apply(
    module: nn.Module,
    ahead: dict[str, Tensor],
    loss: AlignedLoss,
    X: Tensor,
    targets: Sequence[Tensor],
    alignment: Tensor,
) -> Tensor:
    """Give the student the gradient of the distillation loss at the weights ahead."""
    value = loss.row_loss(functional_call(module, ahead, (X,)), *targets).mean()
    _set_gradients(module.parameters(), torch.autograd.grad(value, list(ahead.values())))
    nn.utils.clip_grad_norm_(module.parameters(), LARGEST_GRADIENT)
    loss.record(len(X), distillation=value, alignment=alignment)
    return value


def _fresh_optimizer(part: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(part.parameters(), lr=learning_rate, weight_decay=PUBLISHED_WEIGHT_DECAY)
