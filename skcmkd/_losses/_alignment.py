"""The loss of a network student that is trained on labels and aligned with a teacher's cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._alignment_targets import AlignmentTargets, Batch
from ._alignment_terms import (
    SCALE_FREE_COSTS,
    blockwise_transport_cost,
    class_mismatch_cost,
    class_posteriors,
    expected_cost_and_grad,
    gromov_cost,
    head_divergence,
    normalize_rows,
    pairwise_cost,
    prototype_cost,
    prototype_weights,
    rowwise_cost,
    rowwise_cost_and_grad,
    transport_cost,
)
from ._soft_targets import DistillationLoss

if TYPE_CHECKING:
    from ._teacher_cohort import AlignmentSpec


# Minimum number of rows per class from which one solve per class is faster than one solve for all.
MIN_ROWS_PER_CLASS_SOLVE = 16
MIN_COSINE_COST = 1e-6


class AlignmentLoss(nn.Module):
    """Distillation loss of each row plus, in training, ``spec.weight`` times the alignment A of the batch.

    The student's output is the pair of its logits and its representation f. A linear map M, learned with the student,
    takes f to the space of the teacher's representation. A is one of ``ALIGNMENT_TERMS`` plus ``row_target_loss``.

    Parameters
    ----------
    spec : AlignmentSpec
        The alignment, its weight, and the teacher's cohort, of n_teacher_samples rows.
    distillation : DistillationLoss
        Loss of labels and soft targets, for each row.
    n_features : int
        Size of the student's representation.
    all_labeled_and_shared : bool
        Whether every row of the training data has a label that the teacher's cohort has, too. Given beforehand, so
        that no step has to look.
    has_row_targets : bool
        Whether any row of the training data has teacher features.

    Attributes
    ----------
    cohort_features : tensor of shape (n_teacher_samples, n_teacher_features)
    cohort_codes : tensor of shape (n_teacher_samples,)
        Class of each row of the cohort, as a position among the student's classes.
    order, sizes, starts : tensor of shape (n_teacher_samples,), (n_classes,) and (n_classes,)
        Rows of the cohort sorted by class, the number of rows of each class, and where its rows start in ``order``.
    shared : tensor of bool of shape (n_classes,)
        Classes that the cohort has.
    class_priors : tensor of shape (n_classes,)
    prototypes : tensor of shape (n_classes, n_teacher_features)
        Mean representation of each class, of length one where the cost looks at directions alone.
    coef, intercept : tensor of shape (n_classes, n_teacher_features) and (n_classes,)
        The teacher's head.
    mean : tensor of shape (n_teacher_features,)
    feature_scale, mean_cost : float
        Divisor of the teacher's features, and mean cost between two rows of the cohort: the unit of all costs.
    projection : Linear
        The map M.
    step_log : list of (int, tensor, tensor)
        Number of rows, distillation loss and alignment of each step of the epoch.
    """

    cohort_features: Tensor
    cohort_codes: Tensor
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
        spec: AlignmentSpec,
        distillation: DistillationLoss,
        n_features: int,
        *,
        all_labeled_and_shared: bool,
        has_row_targets: bool,
    ) -> None:
        super().__init__()
        self.all_labeled_and_shared, self.has_row_targets = all_labeled_and_shared, has_row_targets
        self.spec, self.distillation, cohort = spec, distillation, spec.cohort
        self.missing_class = not cohort.shared.all()
        self.mean_cost = cohort.mean_cost(spec.cost)
        sizes = torch.bincount(torch.as_tensor(cohort.codes), minlength=len(cohort.shared))
        buffers = {
            "cohort_features": cohort.features,
            "cohort_codes": cohort.codes,
            # Sorted by class, so that a row of a class is drawn by its position.
            "order": cohort.codes.argsort(kind="stable"),
            "shared": cohort.shared,
            "class_priors": cohort.class_priors,
            "prototypes": normalize_rows(torch.as_tensor(cohort.prototypes), spec.cost),
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
        """Start again: a separate generator draws the map, so that the student starts as it does alone."""
        weight = nn.init.orthogonal_(
            torch.empty(self.projection.weight.shape), generator=torch.Generator().manual_seed(0)
        )
        self.projection.weight.data.copy_(weight)
        self.projection.bias.data.zero_()
        self.step_log: list[tuple[int, Tensor, Tensor]] = []

    def forward(self, output: tuple[Tensor, Tensor], *targets: Tensor) -> Tensor:
        logits, features = output
        distillation = self.distillation(logits, *AlignmentTargets(*targets).distillation)
        if not self.training:
            return distillation
        alignment = self.alignment(logits, features, *targets)
        self.log_step(len(distillation), distillation.mean(), alignment)
        return distillation + self.spec.weight * alignment

    def alignment(self, logits: Tensor, features: Tensor, *targets: Tensor) -> Tensor:
        """Alignment of the batch: of its rows whose class the teacher's cohort has, or may have."""
        batch = self.make_batch(logits, features, *targets)
        if len(batch.codes) == 0:
            return features.sum() * 0
        value = ALIGNMENT_TERMS[self.spec.name](self, batch)
        return value + self.row_target_loss(batch) if self.has_row_targets else value

    def bilevel_feature_loss(self, batch: Batch) -> Tensor:
        """Feature term of a bilevel step: transport within classes, and the cost to the teacher's features."""
        return self.classwise_loss(batch) + (self.row_target_loss(batch) if self.has_row_targets else 0.0)

    def prototype_loss(self, batch: Batch) -> Tensor:
        """Mean cost to the prototype of the row's class."""
        if self.all_labeled_and_shared:
            prototypes = self.prototypes.index_select(0, batch.codes)
            return rowwise_cost(batch.projected, prototypes, self.spec.cost).mean() / self.mean_cost
        cost = self._pairwise_cost(batch.projected, self.prototypes)
        return prototype_cost(cost, batch.logits, batch.codes, batch.labeled, self.shared)

    def prototype_loss_and_grad(
        self, logits: Tensor, projected: Tensor, rows: AlignmentTargets
    ) -> tuple[Tensor, Tensor]:
        """``prototype_loss`` plus ``row_target_loss`` of a batch, and the derivative by the mapped features."""
        name, n_rows = self.spec.cost, len(projected)
        if self.all_labeled_and_shared:
            cost, gradient = rowwise_cost_and_grad(projected, self.prototypes.index_select(0, rows.codes), name)
        else:
            posteriors = prototype_weights(logits, rows.codes, rows.labeled, self.shared)
            cost, gradient = expected_cost_and_grad(projected, self.prototypes, posteriors, name)
        if self.missing_class:
            aligned = ~rows.labeled | self.shared[rows.codes]
            n_rows = aligned.sum().clamp_min(1)
        value, gradient = cost.sum() / n_rows, gradient / n_rows
        if self.has_row_targets:
            teacher_rows, counted = normalize_rows(rows.teacher_features, name), rows.has_teacher_features
            if self.missing_class:
                counted = counted & aligned
            weight = (counted / counted.sum().clamp_min(1))[:, None].to(projected.dtype)
            row_cost, row_gradient = rowwise_cost_and_grad(projected, teacher_rows, name)
            value, gradient = value + (weight[:, 0] * row_cost.flatten()).sum(), gradient + weight * row_gradient
        return value / self.mean_cost, gradient / self.mean_cost

    def classwise_loss(self, batch: Batch) -> Tensor:
        """Transport to teacher rows of the classes of the batch; a row of another class costs more."""
        rows, weights = self._sample_rows_like(batch)
        cost = self._transport_cost(batch, rows)
        if self._solve_by_class(batch):
            return blockwise_transport_cost(cost, batch.codes, self.cohort_codes[rows])
        cost = cost + class_mismatch_cost(batch.logits, batch.codes, batch.labeled, self.cohort_codes[rows])
        return transport_cost(cost, weights, reg=self.spec.reg)

    def feature_loss(self, batch: Batch) -> Tensor:
        """Transport to teacher rows of any class; classes have the frequencies of the student's cohort."""
        rows, weights = self._sample_teacher_rows(self.class_priors.expand(len(batch.codes), -1), len(batch.codes))
        return transport_cost(self._transport_cost(batch, rows), weights, reg=self.spec.reg)

    def label_loss(self, batch: Batch) -> Tensor:
        """Divergence of the student's head from the teacher's, on the student's features."""
        logits, teacher_logits = batch.logits, F.linear(batch.projected, self.coef, self.intercept)
        if self.missing_class:
            logits, teacher_logits = logits[:, self.shared], teacher_logits[:, self.shared]
        return head_divergence(logits, teacher_logits)

    def joint_loss(self, batch: Batch) -> Tensor:
        """Both terms of the bound of arXiv 2606.10504: features and labels."""
        return self.feature_loss(batch) + self.label_loss(batch)

    def gromov_loss(self, batch: Batch) -> Tensor:
        """Fused Gromov-Wasserstein transport: it compares costs within the cohorts and needs no map between them."""
        rows, weights = self._sample_rows_like(batch)
        structure = pairwise_cost(batch.features, batch.features, self.spec.cost)
        # The mean cost between two student rows is their unit. Angles smaller than rounding count as none.
        min_cost = MIN_COSINE_COST if self.spec.cost in SCALE_FREE_COSTS else torch.finfo(structure.dtype).tiny
        structure = structure / structure.mean().clamp_min(min_cost)
        teacher_structure = self._pairwise_cost(self.cohort_features[rows], self.cohort_features[rows])
        class_costs = class_mismatch_cost(batch.logits, batch.codes, batch.labeled, self.cohort_codes[rows])
        return gromov_cost(class_costs, structure, teacher_structure, weights)

    def row_target_loss(self, batch: Batch) -> Tensor:
        """Mean cost to the teacher's features of the same row, over the rows that have these."""
        cost = rowwise_cost(batch.projected, batch.teacher_features, self.spec.cost)
        n_rows = batch.has_teacher_features.sum().clamp_min(1)
        return (cost * batch.has_teacher_features).sum() / (n_rows * self.mean_cost)

    def make_batch(self, logits: Tensor, features: Tensor, *targets: Tensor) -> Batch:
        """The batch's rows whose class the teacher's cohort has, or may have."""
        rows = AlignmentTargets(*targets)
        row_features = rows.teacher_features, rows.has_teacher_features
        batch = Batch(logits, features, self.projection(features), rows.codes, rows.labeled, *row_features)
        return batch.take(~rows.labeled | self.shared[rows.codes]) if self.missing_class else batch

    def log_step(self, n_rows: int, distillation: Tensor, alignment: Tensor) -> None:
        """Store the parts of a step's loss for ``pop_epoch_losses``."""
        self.step_log.append((n_rows, distillation.detach(), alignment.detach()))

    def pop_epoch_losses(self) -> dict[str, float]:
        """Sums over rows of the parts of the loss, since the last call."""
        n_rows, *parts = zip(*self.step_log, strict=True)
        self.step_log = []
        sums = (torch.stack(part).cpu().double() @ torch.tensor(n_rows).double() for part in parts)
        return dict(zip(("distillation", "alignment"), (total.item() for total in sums), strict=True))

    def _pairwise_cost(self, rows: Tensor, teacher_rows: Tensor) -> Tensor:
        """Cost of moving each row to each of the teacher's, in mean costs."""
        return pairwise_cost(rows, teacher_rows, self.spec.cost) / self.mean_cost

    def _transport_cost(self, batch: Batch, rows: Tensor) -> Tensor:
        cost = self._pairwise_cost(batch.projected, self.cohort_features[rows])
        if not self.has_row_targets:
            return cost
        # A row with teacher features of its sample is moved to teacher rows near these.
        teacher_cost = self._pairwise_cost(batch.teacher_features, self.cohort_features[rows])
        return cost + batch.has_teacher_features[:, None] * teacher_cost

    def _solve_by_class(self, batch: Batch) -> bool:
        """Whether no mass moves between classes, and classes are large enough for one solve each to be faster."""
        large = len(batch.codes) >= MIN_ROWS_PER_CLASS_SOLVE * int(self.shared.sum())
        return self.spec.reg == 0 and large and bool(batch.labeled.all())

    def _sample_rows_like(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Rows of the teacher's cohort of the classes that the batch has, or may have, and their weights."""
        n = len(batch.codes)
        if self.all_labeled_and_shared and n < len(self.cohort_codes):
            return self.sample_rows_of_classes(batch.codes), batch.projected.new_ones(n)
        return self._sample_teacher_rows(class_posteriors(batch.logits, batch.codes, batch.labeled, self.shared), n)

    def _sample_teacher_rows(self, class_priors: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Rows of the teacher's cohort, of a class drawn for each student row, and their weights.

        A cohort no larger than the batch is taken whole, its rows weighted to the same class priors.
        """
        if len(self.cohort_codes) <= n:
            weights = (class_priors.mean(dim=0) / self.sizes.clamp_min(1))[self.cohort_codes]
            return torch.arange(len(self.cohort_codes), device=weights.device), weights
        rows = self.sample_rows_of_classes(torch.multinomial(class_priors, 1)[:, 0])
        return rows, class_priors.new_ones(n)

    def sample_rows_of_classes(self, classes: Tensor) -> Tensor:
        """A row of the teacher's cohort for each of the classes."""
        size = self.sizes[classes]
        within = (torch.rand(len(classes), device=classes.device) * size).long().minimum(size - 1)
        return self.order[self.starts[classes] + within]


ALIGNMENT_TERMS = {
    "prototypes": AlignmentLoss.prototype_loss,
    "classwise": AlignmentLoss.classwise_loss,
    "feature": AlignmentLoss.feature_loss,
    "joint": AlignmentLoss.joint_loss,
    "fused_gromov": AlignmentLoss.gromov_loss,
}
