"""The loss of a network student that is trained on labels and aligned with a teacher's cohort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..networks._training import backpropagate
from ._alignment_terms import (
    OF_DIRECTIONS,
    class_cost,
    class_shares,
    classwise_cost,
    directions,
    gromov_cost,
    label_discrepancy,
    matched_cost,
    matched_gradient,
    pairwise_cost,
    prototype_cost,
    transported_cost,
)
from ._soft_targets import DistillationLoss

if TYPE_CHECKING:
    from ._teacher_cohort import Alignment


# Rows of a class from which its own call of the solver takes less time than its share of one call for all classes.
ROWS_OF_BLOCK = 16
SMALLEST_ANGLE = 1e-6


class Batch(NamedTuple):
    """Student rows of a batch: what the student gives for them, and what is known of them.

    ``mapped`` are the features taken to the teacher's space; ``anchors`` are the teacher's own features of the rows
    marked in ``anchored``.
    """

    logits: Tensor
    features: Tensor
    mapped: Tensor
    codes: Tensor
    labelled: Tensor
    anchors: Tensor
    anchored: Tensor

    def of_rows(self, rows: Tensor) -> Batch:
        return Batch(*(part[rows] for part in self))


class AlignedLoss(nn.Module):
    """Distillation loss of each row and, while training, ``weight`` times the alignment of the batch.

    The student's output is the pair of its logits and its representation. A linear map, learned with the
    student, takes the representation to the space of the teacher's.
    """

    features: Tensor
    codes: Tensor
    order: Tensor
    known: Tensor
    shares: Tensor
    prototypes: Tensor
    coef: Tensor
    intercept: Tensor
    centre: Tensor
    sizes: Tensor
    starts: Tensor

    def __init__(
        self,
        alignment: Alignment,
        distillation: DistillationLoss,
        n_features: int,
        *,
        complete: bool,
        tied: bool,
    ) -> None:
        super().__init__()
        # Known beforehand, so that no step has to look: every row has a label that the teacher's cohort has, too; some
        # row has anchors; the teacher's cohort lacks a class.
        self.complete, self.tied = complete, tied
        self.chosen = alignment
        self.distillation = distillation
        cohort = alignment.cohort
        self.lacks_class = not cohort.known.all()
        self.scale = cohort.scale_of(alignment.cost)
        sizes = torch.bincount(torch.as_tensor(cohort.codes), minlength=len(cohort.known))
        buffers = {
            "features": cohort.features,
            "codes": cohort.codes,
            # Rows class by class, so that a row of a class is drawn by its place.
            "order": cohort.codes.argsort(kind="stable"),
            "known": cohort.known,
            "shares": cohort.shares,
            "prototypes": directions(torch.as_tensor(cohort.prototypes), alignment.cost),
            "coef": cohort.coef,
            "intercept": cohort.intercept,
            "centre": cohort.centre.astype(np.float32),
            "sizes": sizes,
            "starts": sizes.cumsum(0) - sizes,
        }
        for name, values in buffers.items():
            self.register_buffer(name, torch.as_tensor(values))
        self.unit = cohort.unit
        self.map = nn.utils.skip_init(nn.Linear, n_features, cohort.features.shape[1])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start afresh: the map from a generator of its own, so that the student starts as it does alone."""
        first = nn.init.orthogonal_(torch.empty(self.map.weight.shape), generator=torch.Generator().manual_seed(0))
        self.map.weight.data.copy_(first)
        self.map.bias.data.zero_()
        # Of each step of the epoch its rows, and the parts of its loss.
        self.steps: list[tuple[int, Tensor, Tensor]] = []

    def forward(self, output: tuple[Tensor, Tensor], *targets: Tensor) -> Tensor:
        logits, features = output
        rows = self.distillation(logits, *targets[:4])
        if not self.training:
            return rows
        alignment = self.alignment(logits, features, *targets)
        self.record(len(rows), rows.mean(), alignment)
        return rows + self.chosen.weight * alignment

    def alignment(self, logits: Tensor, features: Tensor, *targets: Tensor) -> Tensor:
        """Alignment of the batch: of its rows whose class the teacher's cohort has, or may have."""
        batch = self.batch_to_align(logits, features, *targets)
        if len(batch.codes) == 0:
            return features.sum() * 0
        value = TERMS[self.chosen.name](self, batch)
        return value + self.to_anchors(batch) if self.tied else value

    def to_same_class_and_anchors(self, batch: Batch) -> Tensor:
        """The feature term of a bilevel step."""
        return self.to_same_class(batch) + (self.to_anchors(batch) if self.tied else 0.0)

    def to_prototypes(self, batch: Batch) -> Tensor:
        """Mean cost to the prototype of the row's class."""
        if self.complete:
            own = self.prototypes.index_select(0, batch.codes)
            return matched_cost(batch.mapped, own, self.chosen.cost).mean() / self.scale
        cost = pairwise_cost(batch.mapped, self.prototypes, self.chosen.cost) / self.scale
        return prototype_cost(cost, batch.logits, batch.codes, batch.labelled, self.known)

    def to_same_class(self, batch: Batch) -> Tensor:
        """Transport to teacher rows of the classes of the batch; another class costs."""
        rows, weights = self._draw_rows_like(batch)
        cost = self._transport_cost(batch, rows)
        if self._splits_by_class(batch):
            return classwise_cost(cost, batch.codes, self.codes[rows])
        cost = cost + class_cost(batch.logits, batch.codes, batch.labelled, self.codes[rows])
        return transported_cost(cost, weights, reg=self.chosen.reg, reg_m=self.chosen.reg_m)

    def to_features(self, batch: Batch) -> Tensor:
        """Transport to teacher rows, whatever their class; classes have the shares of the student's cohort."""
        rows, weights = self._draw_teacher_rows(self.shares.expand(len(batch.codes), -1), len(batch.codes))
        return transported_cost(
            self._transport_cost(batch, rows), weights, reg=self.chosen.reg, reg_m=self.chosen.reg_m
        )

    def to_labels(self, batch: Batch) -> Tensor:
        """Discrepancy of the student's head from the teacher's, on the student's features."""
        teacher_logits = F.linear(batch.mapped, self.coef, self.intercept)
        if self.lacks_class:
            return label_discrepancy(batch.logits[:, self.known], teacher_logits[:, self.known])
        return label_discrepancy(batch.logits, teacher_logits)

    def to_features_and_labels(self, batch: Batch) -> Tensor:
        """Both terms of the bound."""
        return self.to_features(batch) + self.to_labels(batch)

    def to_structure(self, batch: Batch) -> Tensor:
        """Transport that keeps costs within the cohorts: no map between the spaces."""
        rows, weights = self._draw_rows_like(batch)
        own = pairwise_cost(batch.features, batch.features, self.chosen.cost)
        # The mean cost between two student rows is the unit on their side. Angles below rounding are none.
        smallest = SMALLEST_ANGLE if self.chosen.cost in OF_DIRECTIONS else torch.finfo(own.dtype).tiny
        own = own / own.mean().clamp_min(smallest)
        teacher = pairwise_cost(self.features[rows], self.features[rows], self.chosen.cost) / self.scale
        return gromov_cost(
            class_cost(batch.logits, batch.codes, batch.labelled, self.codes[rows]), own, teacher, weights
        )

    def to_anchors(self, batch: Batch) -> Tensor:
        """Mean cost to the teacher's features of the same row, where they are known or estimated."""
        cost = matched_cost(batch.mapped, batch.anchors, self.chosen.cost)
        return (cost * batch.anchored).sum() / (batch.anchored.sum().clamp_min(1) * self.scale)

    def batch_to_align(self, logits: Tensor, features: Tensor, *targets: Tensor) -> Batch:
        """The batch's rows whose class the teacher's cohort has, or may have."""
        codes, *_, labelled, anchors, anchored = targets
        batch = Batch(logits, features, self.map(features), codes, labelled, anchors, anchored)
        return batch.of_rows(~labelled | self.known[codes]) if self.lacks_class else batch

    def record(self, n_rows: int, distillation: Tensor, alignment: Tensor) -> None:
        """Remember the parts of a step's loss, until ``take_sums`` asks for them."""
        self.steps.append((n_rows, distillation.detach(), alignment.detach()))

    def take_sums(self) -> dict[str, float]:
        """Sums over rows of the parts, since this was last asked."""
        n_rows, *parts = zip(*self.steps, strict=True)
        self.steps = []
        sums = (torch.stack(part).cpu().double() @ torch.tensor(n_rows).double() for part in parts)
        return dict(zip(("distillation", "alignment"), (total.item() for total in sums), strict=True))

    def _transport_cost(self, batch: Batch, rows: Tensor) -> Tensor:
        cost = pairwise_cost(batch.mapped, self.features[rows], self.chosen.cost) / self.scale
        if not self.tied:
            return cost
        # A row whose teacher features are known, or estimated, goes where these are.
        tied = pairwise_cost(batch.anchors, self.features[rows], self.chosen.cost) / self.scale
        return cost + batch.anchored[:, None] * tied

    def _splits_by_class(self, batch: Batch) -> bool:
        """Whether no mass moves between classes, and blocks are large enough to be worth a call each."""
        is_exact = self.chosen.reg == 0 and self.chosen.reg_m is None
        large = len(batch.codes) >= ROWS_OF_BLOCK * int(self.known.sum())
        return is_exact and large and bool(batch.labelled.all())

    def _draw_rows_like(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Rows of the teacher's cohort of the classes that the batch has, or may have, and their weights."""
        n = len(batch.codes)
        if self.complete and n < len(self.codes):
            return self.draw_rows_of(batch.codes), batch.mapped.new_ones(n)
        return self._draw_teacher_rows(class_shares(batch.logits, batch.codes, batch.labelled, self.known), n)

    def _draw_teacher_rows(self, shares: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Rows of the teacher's cohort, of a class drawn for each student row, and their weights.

        A cohort no larger than the batch is taken whole, its rows weighted to the same class shares.
        """
        if len(self.codes) <= n:
            weights = (shares.mean(dim=0) / self.sizes.clamp_min(1))[self.codes]
            return torch.arange(len(self.codes), device=weights.device), weights
        rows = self.draw_rows_of(torch.multinomial(shares, 1)[:, 0])
        return rows, shares.new_ones(n)

    def draw_rows_of(self, classes: Tensor) -> Tensor:
        """A row of the teacher's cohort for each of the classes."""
        size = self.sizes[classes]
        within = (torch.rand(len(classes), device=classes.device) * size).long().minimum(size - 1)
        return self.order[self.starts[classes] + within]

    def raw_features(self, rows: Tensor) -> Tensor:
        """The teacher's own features, neither centred nor scaled."""
        return self.features[rows] * self.unit + self.centre

    def raw_head(self, size: int) -> tuple[Tensor, Tensor]:
        """The teacher's head on the first of its own features."""
        coef = self.coef / self.unit
        return coef[:, :size], self.intercept - coef @ self.centre


TERMS = {
    "prototypes": AlignedLoss.to_prototypes,
    "classwise": AlignedLoss.to_same_class,
    "feature": AlignedLoss.to_features,
    "joint": AlignedLoss.to_features_and_labels,
    "fused_gromov": AlignedLoss.to_structure,
}


def prototype_gradient(module: nn.Module, loss: AlignedLoss, X: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Set the gradients of a step towards the prototypes and return its loss.

    Where every row has a label the alignment's gradient is written out: it is so short a formula that to record and
    replay it would take a third of the student's own step.
    """
    if loss.tied or not loss.complete:
        return backpropagate(module, loss, X, targets)
    logits, features = module(X)
    distillation = loss.distillation(logits, *targets[:4]).mean()
    mapped = loss.map(features)
    cost, gradient = matched_gradient(mapped.detach(), loss.prototypes.index_select(0, targets[0]), loss.chosen.cost)
    alignment = cost.mean() / loss.scale
    factor = loss.chosen.weight / (loss.scale * len(X))
    torch.autograd.backward([distillation, mapped], [None, factor * gradient])
    loss.record(len(X), distillation, alignment)
    return distillation.detach().add(alignment, alpha=loss.chosen.weight)
