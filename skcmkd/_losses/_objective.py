"""The loss of a network student that is taught by any of the objectives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from ..networks._losses import MIN_PROBABILITY, cross_entropy
from ._relational import (
    amid_loss,
    cc_loss,
    ckd_loss,
    crd_loss,
    pkdot_loss,
    rkd_angle_loss,
    rkd_distance_loss,
    shared_specific_loss,
    sp_loss,
)
from ._soft_targets import (
    DistillationLoss,
    decoupled_kd_loss,
    hint_loss,
    soft_target_divergence,
    vid_loss,
)

# f(student_logits, student_features, teacher_proba, teacher_features) -> one loss a row.
Term: TypeAlias = str | Callable[..., Any]
# Where both sides are mapped to a common code, it has so many dimensions.
EMBEDDING_DIM = 32
# softplus(r) = 1: standardised features have variance 1 before anything is learned.
RAW_UNIT_VARIANCE = float(np.log(np.expm1(1.0)))


class TeacherBatch(NamedTuple):
    """Rows of a batch that have a teacher: what the student gives for them, and what the teacher does.

    ``labels`` are classes among those that the teacher knows, guessed by the teacher where there is no label.
    """

    logits: Tensor
    features: Tensor
    labels: Tensor
    teacher_proba: Tensor
    teacher_features: Tensor


@dataclass(frozen=True)
class TermConfig:
    """Sizes of what is compared, and the settings of the terms."""

    features: int
    teacher_features: int
    classes: int
    temperature: float
    feature_weights: np.ndarray | None = None


class FunctionTerm(nn.Module):
    """A term without weights of its own."""

    def __init__(self, function: Callable[[TeacherBatch], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, rows: TeacherBatch) -> Tensor:
        return self.function(rows)


class HintTerm(nn.Module):
    """The student's features, mapped to the teacher's space, and how far they miss."""

    feature_weights: Tensor | None

    def __init__(self, config: TermConfig, feature_weights: np.ndarray | None = None) -> None:
        super().__init__()
        self.map = _linear(config.features, config.teacher_features)
        self.register_buffer(
            "feature_weights",
            None if feature_weights is None else torch.as_tensor(feature_weights, dtype=torch.float32),
        )

    def forward(self, rows: TeacherBatch) -> Tensor:
        return hint_loss(self.map(rows.features), rows.teacher_features, self.feature_weights)


class VIDTerm(nn.Module):
    """A Gaussian of the teacher's features, its mean linear in the student's."""

    def __init__(self, config: TermConfig) -> None:
        super().__init__()
        self.map = _linear(config.features, config.teacher_features)
        self.raw_variance = nn.Parameter(torch.empty(config.teacher_features))

    def forward(self, rows: TeacherBatch) -> Tensor:
        return vid_loss(self.map(rows.features), self.raw_variance, rows.teacher_features)


class CRDTerm(nn.Module):
    """The student's features, mapped to the teacher's space, against the other rows' teacher features."""

    def __init__(self, config: TermConfig) -> None:
        super().__init__()
        self.map = _linear(config.features, config.teacher_features)

    def forward(self, rows: TeacherBatch) -> Tensor:
        return crd_loss(self.map(rows.features), rows.teacher_features)


class AMIDTerm(nn.Module):
    """Codes of both sides, and of an auxiliary modality: here the teacher's log-probabilities of the classes."""

    def __init__(self, config: TermConfig) -> None:
        super().__init__()
        self.map = _linear(config.features, EMBEDDING_DIM)
        self.teacher_map = _linear(config.teacher_features, EMBEDDING_DIM)
        self.auxiliary_map = _linear(config.classes, EMBEDDING_DIM)

    def forward(self, rows: TeacherBatch) -> Tensor:
        scores = rows.teacher_proba.clamp_min(MIN_PROBABILITY).log()
        return amid_loss(self.map(rows.features), self.teacher_map(rows.teacher_features), self.auxiliary_map(scores))


class SharedSpecificTerm(nn.Module):
    """Both sides' features, each mapped to a part that both have and to one that is its own."""

    def __init__(self, config: TermConfig) -> None:
        super().__init__()
        self.map = _linear(config.features, 2 * EMBEDDING_DIM)
        self.teacher_map = _linear(config.teacher_features, 2 * EMBEDDING_DIM)

    def forward(self, rows: TeacherBatch) -> Tensor:
        shared, specific = self.map(rows.features).chunk(2, dim=1)
        return shared_specific_loss(shared, specific, *self.teacher_map(rows.teacher_features).chunk(2, dim=1))


def _linear(n_inputs: int, n_outputs: int) -> nn.Linear:
    """A layer whose weights are set later, so that no random number is drawn here."""
    return nn.utils.skip_init(nn.Linear, n_inputs, n_outputs)


def _feature_term(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[TermConfig], nn.Module]:
    return lambda config: FunctionTerm(lambda rows: function(rows.features, rows.teacher_features))


OBJECTIVE_TERMS: dict[str, Callable[[TermConfig], nn.Module]] = {
    "soft_targets": lambda config: FunctionTerm(
        lambda rows: soft_target_divergence(rows.logits, rows.teacher_proba, config.temperature)
    ),
    "dkd": lambda config: FunctionTerm(
        lambda rows: decoupled_kd_loss(rows.logits, rows.teacher_proba, rows.labels, config.temperature)
    ),
    "ckd": lambda config: FunctionTerm(lambda rows: ckd_loss(rows.logits, rows.teacher_proba, config.temperature)),
    "hints": HintTerm,
    "mfh": lambda config: HintTerm(config, config.feature_weights),
    "vid": VIDTerm,
    "rkd_distance": _feature_term(rkd_distance_loss),
    "rkd_angle": _feature_term(rkd_angle_loss),
    "sp": _feature_term(sp_loss),
    "cc": _feature_term(cc_loss),
    "pkdot": lambda config: FunctionTerm(
        lambda rows: pkdot_loss(rows.features, rows.teacher_features, rows.teacher_proba.amax(dim=1))
    ),
    "crd": CRDTerm,
    "amid": AMIDTerm,
    "shared_specific": SharedSpecificTerm,
}


def _build_term(term: Term, config: TermConfig) -> nn.Module:
    if isinstance(term, str):
        return OBJECTIVE_TERMS[term](config)

    def checked(rows: TeacherBatch) -> Tensor:
        found = term(rows.logits, rows.features, rows.teacher_proba, rows.teacher_features)
        if not isinstance(found, Tensor) or found.shape != rows.labels.shape:
            got = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
            raise ValueError(
                f"The objective {term!r} must give a tensor of one loss a row, shape ({len(rows.labels)},), for "
                f"{len(rows.labels)} rows; it gave {got}."
            )
        return found

    return FunctionTerm(checked)


class ObjectiveLoss(nn.Module):
    """Loss a CE(y, p) + b sum_j w_j term_j of each row; on held-out rows that of ``DistillationLoss``.

    The student's output is the pair of its logits and its representation. Terms see only the rows of the batch that
    have a teacher, b > 0. Linear maps between representations are learned with the student.
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
        """Start afresh: maps from a generator of their own, so that the student starts as it does alone."""
        generator = torch.Generator().manual_seed(0)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                first = nn.init.orthogonal_(torch.empty(part.weight.shape), generator=generator)
                part.weight.data.copy_(first)
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
        known = label_weight[has_teacher] > 0
        parts = (part[has_teacher] for part in (logits, features, labels, teacher_proba, teacher_features))
        matched = self._teacher_loss(TeacherBatch(*parts), known)
        return loss.index_add(0, has_teacher, teacher_weight[has_teacher] * matched)

    def _teacher_loss(self, rows: TeacherBatch, known: Tensor) -> Tensor:
        """The weighted sum of the terms, for each taught row; ``known`` says which labels are known."""
        logits, proba = rows.logits[:, self.teacher_classes], rows.teacher_proba[:, self.teacher_classes]
        own = rows.labels[:, None] == self.teacher_classes
        # A label that the teacher never met is no class of its probabilities.
        known = known & own.any(dim=1)
        labels = torch.where(known, own.int().argmax(dim=1), proba.argmax(dim=1))
        rows = rows._replace(logits=logits, labels=labels, teacher_proba=proba)
        parts = [term_weight * term(rows) for term_weight, term in zip(self.weights, self.terms, strict=True)]
        return torch.stack(parts).sum(dim=0)
