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
    SCALE_FREE_COSTS,
    blockwise_transport_cost,
    class_mismatch_cost,
    class_posteriors,
    gromov_cost,
    head_divergence,
    normalize_rows,
    pairwise_cost,
    prototype_cost,
    rowwise_cost,
    rowwise_cost_and_grad,
    transport_cost,
)
from ._soft_targets import DistillationLoss

if TYPE_CHECKING:
    from ._teacher_cohort import AlignmentSpec


# Rows of a class from which its own call of the solver takes less time than its share of one call for all classes.
MIN_ROWS_PER_CLASS_SOLVE = 16
MIN_COSINE_COST = 1e-6


class Batch(NamedTuple):
    """Student rows of a batch: what the student gives for them, and what is known of them.

    ``projected`` are the features taken to the teacher's space; ``teacher_features`` are the teacher's own features of the rows
    marked in ``has_teacher_features``.
    """

    logits: Tensor
    features: Tensor
    projected: Tensor
    codes: Tensor
    labeled: Tensor
    teacher_features: Tensor
    has_teacher_features: Tensor

    def take(self, rows: Tensor) -> Batch:
        return Batch(*(part[rows] for part in self))


class AlignmentLoss(nn.Module):
    """Distillation loss of each row and, while training, ``weight`` times the alignment of the batch.

    The student's output is the pair of its logits and its representation. A linear map, learned with the
    student, takes the representation to the space of the teacher's.
    """

    features: Tensor
    codes: Tensor
    order: Tensor
    shared: Tensor
    class_priors: Tensor
    prototypes: Tensor
    coef: Tensor
    intercept: Tensor
    mean: Tensor
    sizes: Tensor
    starts: Tensor

    def __init__(
        self,
        alignment: AlignmentSpec,
        distillation: DistillationLoss,
        n_features: int,
        *,
        all_labeled_and_shared: bool,
        has_row_targets: bool,
    ) -> None:
        super().__init__()
        # Known beforehand, so that no step has to look: every row has a label that the teacher's cohort has, too; some
        # row has anchors; the teacher's cohort lacks a class.
        self.all_labeled_and_shared, self.has_row_targets = all_labeled_and_shared, has_row_targets
        self.spec = alignment
        self.distillation = distillation
        cohort = alignment.cohort
        self.missing_class = not cohort.shared.all()
        self.scale = cohort.mean_cost(alignment.cost)
        sizes = torch.bincount(torch.as_tensor(cohort.codes), minlength=len(cohort.shared))
        buffers = {
            "features": cohort.features,
            "codes": cohort.codes,
            # Rows class by class, so that a row of a class is drawn by its place.
            "order": cohort.codes.argsort(kind="stable"),
            "shared": cohort.shared,
            "class_priors": cohort.class_priors,
            "prototypes": normalize_rows(torch.as_tensor(cohort.prototypes), alignment.cost),
            "coef": cohort.coef,
            "intercept": cohort.intercept,
            "mean": cohort.mean.astype(np.float32),
            "sizes": sizes,
            "starts": sizes.cumsum(0) - sizes,
        }
        for name, values in buffers.items():
            self.register_buffer(name, torch.as_tensor(values))
        self.feature_scale = cohort.scale
        self.projection = nn.utils.skip_init(nn.Linear, n_features, cohort.features.shape[1])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start afresh: the map from a generator of its own, so that the student starts as it does alone."""
        first = nn.init.orthogonal_(
            torch.empty(self.projection.weight.shape), generator=torch.Generator().manual_seed(0)
        )
        self.projection.weight.data.copy_(first)
        self.projection.bias.data.zero_()
        # Of each step of the epoch its rows, and the parts of its loss.
        self.step_log: list[tuple[int, Tensor, Tensor]] = []

    def forward(self, output: tuple[Tensor, Tensor], *targets: Tensor) -> Tensor:
        logits, features = output
        rows = self.distillation(logits, *targets[:4])
        if not self.training:
            return rows
        alignment = self.alignment(logits, features, *targets)
        self.log_step(len(rows), rows.mean(), alignment)
        return rows + self.spec.weight * alignment

    def alignment(self, logits: Tensor, features: Tensor, *targets: Tensor) -> Tensor:
        """Alignment of the batch: of its rows whose class the teacher's cohort has, or may have."""
        batch = self.make_batch(logits, features, *targets)
        if len(batch.codes) == 0:
            return features.sum() * 0
        value = ALIGNMENT_TERMS[self.spec.name](self, batch)
        return value + self.row_target_loss(batch) if self.has_row_targets else value

    def bilevel_feature_loss(self, batch: Batch) -> Tensor:
        """The feature term of a bilevel step."""
        return self.classwise_loss(batch) + (self.row_target_loss(batch) if self.has_row_targets else 0.0)

    def prototype_loss(self, batch: Batch) -> Tensor:
        """Mean cost to the prototype of the row's class."""
        if self.all_labeled_and_shared:
            student = self.prototypes.index_select(0, batch.codes)
            return rowwise_cost(batch.projected, student, self.spec.cost).mean() / self.scale
        cost = pairwise_cost(batch.projected, self.prototypes, self.spec.cost) / self.scale
        return prototype_cost(cost, batch.logits, batch.codes, batch.labeled, self.shared)

    def classwise_loss(self, batch: Batch) -> Tensor:
        """Transport to teacher rows of the classes of the batch; another class costs."""
        rows, weights = self._sample_rows_like(batch)
        cost = self._transport_cost(batch, rows)
        if self._solve_by_class(batch):
            return blockwise_transport_cost(cost, batch.codes, self.codes[rows])
        cost = cost + class_mismatch_cost(batch.logits, batch.codes, batch.labeled, self.codes[rows])
        return transport_cost(cost, weights, reg=self.spec.reg)

    def feature_loss(self, batch: Batch) -> Tensor:
        """Transport to teacher rows, whatever their class; classes have the shares of the student's cohort."""
        rows, weights = self._sample_teacher_rows(self.class_priors.expand(len(batch.codes), -1), len(batch.codes))
        return transport_cost(self._transport_cost(batch, rows), weights, reg=self.spec.reg)

    def label_loss(self, batch: Batch) -> Tensor:
        """Discrepancy of the student's head from the teacher's, on the student's features."""
        teacher_logits = F.linear(batch.projected, self.coef, self.intercept)
        if self.missing_class:
            return head_divergence(batch.logits[:, self.shared], teacher_logits[:, self.shared])
        return head_divergence(batch.logits, teacher_logits)

    def joint_loss(self, batch: Batch) -> Tensor:
        """Both terms of the bound."""
        return self.feature_loss(batch) + self.label_loss(batch)

    def gromov_loss(self, batch: Batch) -> Tensor:
        """Transport that keeps costs within the cohorts: no map between the spaces."""
        rows, weights = self._sample_rows_like(batch)
        student = pairwise_cost(batch.features, batch.features, self.spec.cost)
        # The mean cost between two student rows is the unit on their side. Angles below rounding are none.
        smallest = MIN_COSINE_COST if self.spec.cost in SCALE_FREE_COSTS else torch.finfo(student.dtype).tiny
        student = student / student.mean().clamp_min(smallest)
        teacher = pairwise_cost(self.features[rows], self.features[rows], self.spec.cost) / self.scale
        return gromov_cost(
            class_mismatch_cost(batch.logits, batch.codes, batch.labeled, self.codes[rows]), student, teacher, weights
        )

    def row_target_loss(self, batch: Batch) -> Tensor:
        """Mean cost to the teacher's features of the same row, where they are known or estimated."""
        cost = rowwise_cost(batch.projected, batch.teacher_features, self.spec.cost)
        return (cost * batch.has_teacher_features).sum() / (batch.has_teacher_features.sum().clamp_min(1) * self.scale)

    def make_batch(self, logits: Tensor, features: Tensor, *targets: Tensor) -> Batch:
        """The batch's rows whose class the teacher's cohort has, or may have."""
        codes, *_, labeled, teacher_features, has_teacher_features = targets
        batch = Batch(
            logits, features, self.projection(features), codes, labeled, teacher_features, has_teacher_features
        )
        return batch.take(~labeled | self.shared[codes]) if self.missing_class else batch

    def log_step(self, n_rows: int, distillation: Tensor, alignment: Tensor) -> None:
        """Remember the parts of a step's loss, until ``pop_epoch_losses`` asks for them."""
        self.step_log.append((n_rows, distillation.detach(), alignment.detach()))

    def pop_epoch_losses(self) -> dict[str, float]:
        """Sums over rows of the parts, since this was last asked."""
        n_rows, *parts = zip(*self.step_log, strict=True)
        self.step_log = []
        sums = (torch.stack(part).cpu().double() @ torch.tensor(n_rows).double() for part in parts)
        return dict(zip(("distillation", "alignment"), (total.item() for total in sums), strict=True))

    def _transport_cost(self, batch: Batch, rows: Tensor) -> Tensor:
        cost = pairwise_cost(batch.projected, self.features[rows], self.spec.cost) / self.scale
        if not self.has_row_targets:
            return cost
        # A row whose teacher features are known, or estimated, goes where these are.
        at_anchor = pairwise_cost(batch.teacher_features, self.features[rows], self.spec.cost) / self.scale
        return cost + batch.has_teacher_features[:, None] * at_anchor

    def _solve_by_class(self, batch: Batch) -> bool:
        """Whether no mass moves between classes, and blocks are large enough to be worth a call each."""
        is_exact = self.spec.reg == 0
        large = len(batch.codes) >= MIN_ROWS_PER_CLASS_SOLVE * int(self.shared.sum())
        return is_exact and large and bool(batch.labeled.all())

    def _sample_rows_like(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Rows of the teacher's cohort of the classes that the batch has, or may have, and their weights."""
        n = len(batch.codes)
        if self.all_labeled_and_shared and n < len(self.codes):
            return self.sample_rows_of_classes(batch.codes), batch.projected.new_ones(n)
        return self._sample_teacher_rows(class_posteriors(batch.logits, batch.codes, batch.labeled, self.shared), n)

    def _sample_teacher_rows(self, class_priors: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Rows of the teacher's cohort, of a class drawn for each student row, and their weights.

        A cohort no larger than the batch is taken whole, its rows weighted to the same class shares.
        """
        if len(self.codes) <= n:
            weights = (class_priors.mean(dim=0) / self.sizes.clamp_min(1))[self.codes]
            return torch.arange(len(self.codes), device=weights.device), weights
        rows = self.sample_rows_of_classes(torch.multinomial(class_priors, 1)[:, 0])
        return rows, class_priors.new_ones(n)

    def sample_rows_of_classes(self, classes: Tensor) -> Tensor:
        """A row of the teacher's cohort for each of the classes."""
        size = self.sizes[classes]
        within = (torch.rand(len(classes), device=classes.device) * size).long().minimum(size - 1)
        return self.order[self.starts[classes] + within]

    def unscaled_features(self, rows: Tensor) -> Tensor:
        """The teacher's own features, neither centred nor scaled."""
        return self.features[rows] * self.feature_scale + self.mean

    def unscaled_head(self, size: int) -> tuple[Tensor, Tensor]:
        """The teacher's head on the first of its own features."""
        coef = self.coef / self.feature_scale
        return coef[:, :size], self.intercept - coef @ self.mean


ALIGNMENT_TERMS = {
    "prototypes": AlignmentLoss.prototype_loss,
    "classwise": AlignmentLoss.classwise_loss,
    "feature": AlignmentLoss.feature_loss,
    "joint": AlignmentLoss.joint_loss,
    "fused_gromov": AlignmentLoss.gromov_loss,
}


def prototype_gradient(module: nn.Module, loss: AlignmentLoss, X: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Set the gradients of a step towards the prototypes and return its loss.

    Where every row has a label the alignment's gradient is written out: it is so short a formula that to record and
    replay it would take a third of the student's own step.
    """
    if loss.has_row_targets or not loss.all_labeled_and_shared:
        return backpropagate(module, loss, X, targets)
    logits, features = module(X)
    distillation = loss.distillation(logits, *targets[:4]).mean()
    projected = loss.projection(features)
    cost, gradient = rowwise_cost_and_grad(
        projected.detach(), loss.prototypes.index_select(0, targets[0]), loss.spec.cost
    )
    alignment = cost.mean() / loss.scale
    factor = loss.spec.weight / (loss.scale * len(X))
    torch.autograd.backward([distillation, projected], [None, factor * gradient])
    loss.log_step(len(X), distillation, alignment)
    return distillation.detach().add(alignment, alpha=loss.spec.weight)
