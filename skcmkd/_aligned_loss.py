"""The loss of a network student that is trained on labels and aligned with a teacher's cohort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._alignment import (
    class_cost,
    class_shares,
    gromov_cost,
    label_discrepancy,
    matched_cost,
    pairwise_cost,
    prototype_cost,
    transported_cost,
)
from ._losses import DistillationLoss

if TYPE_CHECKING:
    from ._cohorts import Alignment


class Batch(NamedTuple):
    """Student rows of a batch: what the student gives for them, and what is known of them.

    ``anchors`` are the teacher's features of the rows marked in ``anchored``.
    """

    logits: Tensor
    features: Tensor
    codes: Tensor
    labelled: Tensor
    anchors: Tensor
    anchored: Tensor

    def of_rows(self, rows: Tensor) -> Batch:
        return Batch(*(part[rows] for part in self))


class AlignedLoss(nn.Module):
    """Distillation loss of each row and, while training, ``weight`` times the alignment of the batch.

    The student's output holds its logits and, beside them, its representation. A linear map, learned with the
    student, takes the representation to the space of the teacher's.
    """

    features: Tensor
    codes: Tensor
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
        n_features: int,
        temperature: float,
        taught_classes: Sequence[int] | None,
        *,
        complete: bool,
        tied: bool,
    ) -> None:
        super().__init__()
        # Known beforehand, so that no step has to look: every row has a label that the teacher's cohort has, too; some
        # row has anchors.
        self.complete, self.tied = complete, tied
        self.chosen = alignment
        self.distillation = DistillationLoss(temperature, taught_classes)
        cohort = alignment.cohort
        self.scale = cohort.scale_of(alignment.cost)
        # Rows of a class lie side by side, so that a row of a class is drawn by its place.
        order = cohort.codes.argsort(kind="stable")
        sizes = torch.bincount(torch.as_tensor(cohort.codes), minlength=len(cohort.known))
        buffers = {
            "features": cohort.features[order],
            "codes": cohort.codes[order],
            "known": cohort.known,
            "shares": cohort.shares,
            "prototypes": cohort.prototypes,
            "coef": cohort.coef,
            "intercept": cohort.intercept,
            "centre": cohort.centre,
            "sizes": sizes,
            "starts": sizes.cumsum(0) - sizes,
        }
        for name, values in buffers.items():
            self.register_buffer(name, torch.as_tensor(values))
        self.unit = cohort.unit
        # Its first weights come from a generator of their own: the student starts as it does alone.
        self.map = nn.utils.skip_init(nn.Linear, n_features, cohort.features.shape[1])
        nn.init.orthogonal_(self.map.weight, generator=torch.Generator().manual_seed(0))
        nn.init.zeros_(self.map.bias)
        self.sums: dict[str, Tensor] = {}

    def forward(self, output: Tensor, *targets: Tensor) -> Tensor:
        rows = self.row_loss(output, *targets)
        if not self.training:
            return rows
        alignment = self.alignment(output, *targets)
        self.record(len(rows), distillation=rows.mean(), alignment=alignment)
        return rows + self.chosen.weight * alignment

    def row_loss(self, output: Tensor, *targets: Tensor) -> Tensor:
        """Distillation loss of each row, from its first four targets."""
        logits, _ = self._split(output)
        return self.distillation(logits, *targets[:4])

    def alignment(self, output: Tensor, *targets: Tensor) -> Tensor:
        """Alignment of the batch: of its rows whose class the teacher's cohort has, or may have."""
        batch = self.batch_to_align(output, *targets)
        if len(batch.codes) == 0:
            return output.sum() * 0
        terms = {
            "prototypes": self.to_prototypes,
            "classwise": self.to_same_class,
            "feature": self.to_features,
            "joint": self.to_features_and_labels,
            "fused_gromov": self.to_structure,
        }
        value = terms[self.chosen.name](batch)
        return value + self.to_anchors(batch) if self.tied else value

    def to_same_class_and_anchors(self, batch: Batch) -> Tensor:
        """The feature term of a bilevel step."""
        return self.to_same_class(batch) + (self.to_anchors(batch) if self.tied else 0.0)

    def to_prototypes(self, batch: Batch) -> Tensor:
        """Mean cost to the prototype of the row's class."""
        if self.complete:
            own = self.prototypes[batch.codes]
            return matched_cost(self.map(batch.features), own, self.chosen.cost).mean() / self.scale
        cost = pairwise_cost(self.map(batch.features), self.prototypes, self.chosen.cost) / self.scale
        return prototype_cost(cost, batch.logits, batch.codes, batch.labelled, self.known)

    def to_same_class(self, batch: Batch) -> Tensor:
        """Transport to teacher rows of the classes of the batch; another class costs."""
        rows, weights = self._draw_teacher_rows(self._shares_of(batch), len(batch.codes))
        cost = self._transport_cost(batch, rows)
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
        teacher_logits = F.linear(self.map(batch.features), self.coef, self.intercept)
        return label_discrepancy(batch.logits[:, self.known], teacher_logits[:, self.known])

    def to_features_and_labels(self, batch: Batch) -> Tensor:
        """Both terms of the bound."""
        return self.to_features(batch) + self.to_labels(batch)

    def to_structure(self, batch: Batch) -> Tensor:
        """Transport that keeps costs within the cohorts: no map between the spaces."""
        rows, weights = self._draw_teacher_rows(self._shares_of(batch), len(batch.codes))
        own = pairwise_cost(batch.features, batch.features, self.chosen.cost)
        # The mean cost between two student rows is the unit on their side.
        own = own / own.detach().mean().clamp_min(torch.finfo(own.dtype).eps)
        teacher = pairwise_cost(self.features[rows], self.features[rows], self.chosen.cost) / self.scale
        return gromov_cost(
            class_cost(batch.logits, batch.codes, batch.labelled, self.codes[rows]), own, teacher, weights
        )

    def to_anchors(self, batch: Batch) -> Tensor:
        """Mean cost to the teacher's features of the same row, where they are known or estimated."""
        known = batch.anchored
        if not known.any():
            return batch.features.sum() * 0
        cost = matched_cost(self.map(batch.features[known]), batch.anchors[known], self.chosen.cost)
        return cost.mean() / self.scale

    def batch_to_align(self, output: Tensor, *targets: Tensor) -> Batch:
        """The batch's rows whose class the teacher's cohort has, or may have."""
        logits, features = self._split(output)
        codes, *_, labelled, anchors, anchored = targets
        batch = Batch(logits, features, codes, labelled, anchors, anchored)
        return batch if self.complete else batch.of_rows(~labelled | self.known[codes])

    def record(self, n_rows: int, **parts: Tensor) -> None:
        """Add to the epoch's sums over rows."""
        for name, value in parts.items():
            self.sums[name] = self.sums.get(name, 0.0) + n_rows * value.detach()

    def _split(self, output: Tensor) -> tuple[Tensor, ...]:
        return output.tensor_split([len(self.known)], dim=1)

    def _transport_cost(self, batch: Batch, rows: Tensor) -> Tensor:
        cost = pairwise_cost(self.map(batch.features), self.features[rows], self.chosen.cost) / self.scale
        if not self.tied:
            return cost
        # A row whose teacher features are known, or estimated, goes where these are.
        tied = pairwise_cost(batch.anchors, self.features[rows], self.chosen.cost) / self.scale
        return cost + batch.anchored[:, None] * tied

    def _shares_of(self, batch: Batch) -> Tensor:
        return class_shares(batch.logits, batch.codes, batch.labelled, self.known)

    def _draw_teacher_rows(self, shares: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Rows of the teacher's cohort, of a class drawn for each student row, and their weights.

        A cohort no larger than the batch is taken whole, its rows weighted to the same class shares.
        """
        if len(self.codes) <= n:
            weights = (shares.mean(dim=0) / self.sizes.clamp_min(1))[self.codes]
            return torch.arange(len(self.codes), device=weights.device), weights
        rows = self.draw_rows_of(torch.multinomial(shares, 1)[:, 0])
        return rows, torch.ones(n, device=rows.device)

    def draw_rows_of(self, classes: Tensor) -> Tensor:
        """A row of the teacher's cohort for each of the classes."""
        size = self.sizes[classes]
        within = (torch.rand(len(classes), device=classes.device) * size).long().minimum(size - 1)
        return self.starts[classes] + within

    def raw_features(self, rows: Tensor) -> Tensor:
        """The teacher's own features, neither centred nor scaled."""
        return self.features[rows] * self.unit + self.centre

    def raw_head(self, size: int) -> tuple[Tensor, Tensor]:
        """The teacher's head on the first of its own features."""
        coef = self.coef / self.unit
        return coef[:, :size], self.intercept - coef @ self.centre
