"""The loss of a network student that is trained on labels and on any of the objectives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..networks._losses import cross_entropy
from . import _objective_terms
from ._objective_records import OBJECTIVES, Term
from ._objective_terms import RAW_UNIT_VARIANCE, FunctionTerm, TeacherBatch, TermConfig, VIDTerm
from ._soft_targets import DistillationLoss


def _build_term(term: Term, config: TermConfig) -> nn.Module:
    if isinstance(term, str):
        return getattr(_objective_terms, OBJECTIVES[term].builder)(config)

    def checked(rows: TeacherBatch) -> Tensor:
        loss = term(rows.logits, rows.features, rows.teacher_proba, rows.teacher_features)
        if not isinstance(loss, Tensor) or loss.shape != rows.labels.shape:
            got = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
            raise ValueError(
                f"The objective {term!r} must return a tensor of one loss a row, shape ({len(rows.labels)},), for "
                f"{len(rows.labels)} rows; it returned {got}."
            )
        return loss

    return FunctionTerm(checked)


class ObjectiveLoss(nn.Module):
    """Loss a CE(y, p) + b sum_j w_j term_j of each row; on held-out rows that of ``DistillationLoss``.

    The student's output is the pair of its logits and its representation. Terms take only the rows of the batch that
    have a soft target, b > 0. Linear maps between representations are learned with the student.

    Parameters
    ----------
    terms : sequence of (str or callable, float)
        Each term and its weight w_j.
    distillation : DistillationLoss
    n_features, n_teacher_features, n_classes : int
    feature_weights : ndarray of shape (n_teacher_features,), default=None
        Weights of "mfh".
    """

    teacher_classes: Tensor

    def __init__(
        self,
        terms: Sequence[tuple[Term, float]],
        distillation: DistillationLoss,
        n_features: int,
        n_teacher_features: int,
        n_classes: int,
        feature_weights: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.distillation = distillation
        teacher_classes = range(n_classes) if distillation.teacher_classes is None else distillation.teacher_classes
        self.register_buffer("teacher_classes", torch.tensor(list(teacher_classes)))
        config = TermConfig(
            n_features, n_teacher_features, len(self.teacher_classes), distillation.temperature, feature_weights
        )
        self.terms = nn.ModuleList(_build_term(term, config) for term, _ in terms)
        self.weights = [term_weight for _, term_weight in terms]
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start again: a separate generator draws the maps, so that the student starts as it does alone."""
        generator = torch.Generator().manual_seed(0)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                weight = nn.init.orthogonal_(torch.empty(part.weight.shape), generator=generator)
                part.weight.data.copy_(weight)
                part.bias.data.zero_()
            elif isinstance(part, VIDTerm):
                part.raw_variance.data.fill_(RAW_UNIT_VARIANCE)

    def forward(
        self,
        output: tuple[Tensor, Tensor],
        labels: Tensor,
        label_weight: Tensor,
        teacher_proba: Tensor,
        teacher_weight: Tensor,
        teacher_features: Tensor,
    ) -> Tensor:
        logits, features = output
        if not self.training:
            return self.distillation(logits, labels, label_weight, teacher_proba, teacher_weight)
        loss = label_weight * cross_entropy(logits, labels)
        has_teacher = teacher_weight.nonzero()[:, 0]
        if len(has_teacher) == 0:
            return loss
        labeled = label_weight[has_teacher] > 0
        parts = (part[has_teacher] for part in (logits, features, labels, teacher_proba, teacher_features))
        teacher_loss = self._teacher_loss(TeacherBatch(*parts), labeled)
        return loss.index_add(0, has_teacher, teacher_weight[has_teacher] * teacher_loss)

    def _teacher_loss(self, rows: TeacherBatch, labeled: Tensor) -> Tensor:
        """Weighted sum of the terms for each row with a soft target; ``labeled`` is the mask of those with a label."""
        logits, proba = rows.logits[:, self.teacher_classes], rows.teacher_proba[:, self.teacher_classes]
        is_label = rows.labels[:, None] == self.teacher_classes
        # A label that the teacher was not fitted to has no column among its probabilities.
        labeled = labeled & is_label.any(dim=1)
        labels = torch.where(labeled, is_label.int().argmax(dim=1), proba.argmax(dim=1))
        rows = rows._replace(logits=logits, labels=labels, teacher_proba=proba)
        parts = [term_weight * term(rows) for term_weight, term in zip(self.weights, self.terms, strict=True)]
        return torch.stack(parts).sum(dim=0)
