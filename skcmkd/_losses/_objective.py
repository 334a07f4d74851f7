"""The loss of a network student that is taught by any of the objectives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from ..networks._losses import SMALLEST_PROBABILITY, cross_entropy
from ._relational import (
    auxiliary_information,
    comparative_error,
    contrastive,
    correlation_congruence,
    relational_angle,
    relational_distance,
    shared_specific,
    similarity_preserving,
    similarity_transport,
)
from ._soft_targets import (
    DistillationLoss,
    decoupled_divergence,
    hint_error,
    soft_target_divergence,
    variational_information,
)

# f(student_logits, student_features, teacher_proba, teacher_features) -> one loss a row.
Term: TypeAlias = str | Callable[..., Any]
# Where both sides are mapped to a common code, it has so many dimensions.
CODE_SIZE = 32
# softplus(r) = 1: standardised features have variance 1 before anything is learned.
RAW_UNIT_VARIANCE = float(np.log(np.expm1(1.0)))


class TaughtRows(NamedTuple):
    """Rows of a batch that have a teacher: what the student gives for them, and what the teacher does.

    ``labels`` are classes among those that the teacher knows, guessed by the teacher where there is no label.
    """

    logits: Tensor
    features: Tensor
    labels: Tensor
    teacher_proba: Tensor
    teacher_features: Tensor


@dataclass(frozen=True)
class Sizes:
    """Sizes of what is compared, and the settings of the terms."""

    features: int
    teacher_features: int
    classes: int
    temperature: float
    focus: np.ndarray | None = None


class Formula(nn.Module):
    """A term without weights of its own."""

    def __init__(self, formula: Callable[[TaughtRows], Tensor]) -> None:
        super().__init__()
        self.formula = formula

    def forward(self, rows: TaughtRows) -> Tensor:
        return self.formula(rows)


class Hints(nn.Module):
    """The student's features, mapped to the teacher's space, and how far they miss."""

    focus: Tensor | None

    def __init__(self, sizes: Sizes, focus: np.ndarray | None = None) -> None:
        super().__init__()
        self.map = _linear(sizes.features, sizes.teacher_features)
        self.register_buffer("focus", None if focus is None else torch.as_tensor(focus, dtype=torch.float32))

    def forward(self, rows: TaughtRows) -> Tensor:
        return hint_error(self.map(rows.features), rows.teacher_features, self.focus)


class VariationalInformation(nn.Module):
    """A Gaussian of the teacher's features, its mean linear in the student's."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.map = _linear(sizes.features, sizes.teacher_features)
        self.raw_variance = nn.Parameter(torch.empty(sizes.teacher_features))

    def forward(self, rows: TaughtRows) -> Tensor:
        return variational_information(self.map(rows.features), self.raw_variance, rows.teacher_features)


class Contrast(nn.Module):
    """The student's features, mapped to the teacher's space, against the other rows' teacher features."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.map = _linear(sizes.features, sizes.teacher_features)

    def forward(self, rows: TaughtRows) -> Tensor:
        return contrastive(self.map(rows.features), rows.teacher_features)


class AuxiliaryInformation(nn.Module):
    """Codes of both sides, and of an auxiliary modality: here the teacher's log-probabilities of the classes."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.map = _linear(sizes.features, CODE_SIZE)
        self.teacher_map = _linear(sizes.teacher_features, CODE_SIZE)
        self.auxiliary_map = _linear(sizes.classes, CODE_SIZE)

    def forward(self, rows: TaughtRows) -> Tensor:
        scores = rows.teacher_proba.clamp_min(SMALLEST_PROBABILITY).log()
        return auxiliary_information(
            self.map(rows.features), self.teacher_map(rows.teacher_features), self.auxiliary_map(scores)
        )


class SharedSpecific(nn.Module):
    """Both sides' features, each mapped to a part that both have and to one that is its own."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.map = _linear(sizes.features, 2 * CODE_SIZE)
        self.teacher_map = _linear(sizes.teacher_features, 2 * CODE_SIZE)

    def forward(self, rows: TaughtRows) -> Tensor:
        shared, specific = self.map(rows.features).chunk(2, dim=1)
        return shared_specific(shared, specific, *self.teacher_map(rows.teacher_features).chunk(2, dim=1))


def _linear(n_inputs: int, n_outputs: int) -> nn.Linear:
    """A layer whose weights are set later, so that no random number is drawn here."""
    return nn.utils.skip_init(nn.Linear, n_inputs, n_outputs)


def _of_features(formula: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Sizes], nn.Module]:
    return lambda sizes: Formula(lambda rows: formula(rows.features, rows.teacher_features))


TERMS: dict[str, Callable[[Sizes], nn.Module]] = {
    "soft_targets": lambda sizes: Formula(
        lambda rows: soft_target_divergence(rows.logits, rows.teacher_proba, sizes.temperature)
    ),
    "dkd": lambda sizes: Formula(
        lambda rows: decoupled_divergence(rows.logits, rows.teacher_proba, rows.labels, sizes.temperature)
    ),
    "ckd": lambda sizes: Formula(lambda rows: comparative_error(rows.logits, rows.teacher_proba, sizes.temperature)),
    "hints": Hints,
    "mfh": lambda sizes: Hints(sizes, sizes.focus),
    "vid": VariationalInformation,
    "rkd_distance": _of_features(relational_distance),
    "rkd_angle": _of_features(relational_angle),
    "sp": _of_features(similarity_preserving),
    "cc": _of_features(correlation_congruence),
    "pkdot": lambda sizes: Formula(
        lambda rows: similarity_transport(rows.features, rows.teacher_features, rows.teacher_proba.amax(dim=1))
    ),
    "crd": Contrast,
    "amid": AuxiliaryInformation,
    "shared_specific": SharedSpecific,
}


def _build_term(term: Term, sizes: Sizes) -> nn.Module:
    if isinstance(term, str):
        return TERMS[term](sizes)

    def checked(rows: TaughtRows) -> Tensor:
        found = term(rows.logits, rows.features, rows.teacher_proba, rows.teacher_features)
        if not isinstance(found, Tensor) or found.shape != rows.labels.shape:
            got = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
            raise ValueError(
                f"The objective {term!r} must give a tensor of one loss a row, shape ({len(rows.labels)},), for "
                f"{len(rows.labels)} rows; it gave {got}."
            )
        return found

    return Formula(checked)


class ObjectiveLoss(nn.Module):
    """Loss a CE(y, p) + b sum_j w_j term_j of each row; on held-out rows that of ``DistillationLoss``.

    The student's output is the pair of its logits and its representation. Terms see only the rows of the batch that
    have a teacher, b > 0. Linear maps between representations are learned with the student.
    """

    taught_classes: Tensor

    def __init__(
        self,
        terms: Sequence[tuple[Term, float]],
        distillation: DistillationLoss,
        n_features: int,
        n_teacher_features: int,
        n_classes: int,
        focus: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.distillation = distillation
        taught = range(n_classes) if distillation.taught_classes is None else distillation.taught_classes
        self.register_buffer("taught_classes", torch.tensor(list(taught)))
        sizes = Sizes(n_features, n_teacher_features, len(self.taught_classes), distillation.temperature, focus)
        self.terms = nn.ModuleList(_build_term(term, sizes) for term, _ in terms)
        self.shares = [weight for _, weight in terms]
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start afresh: maps from a generator of their own, so that the student starts as it does alone."""
        generator = torch.Generator().manual_seed(0)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                first = nn.init.orthogonal_(torch.empty(part.weight.shape), generator=generator)
                part.weight.data.copy_(first)
                part.bias.data.zero_()
            elif isinstance(part, VariationalInformation):
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
        taught = teacher_weight.nonzero()[:, 0]
        if len(taught) == 0:
            return loss
        known = label_weight[taught] > 0
        parts = (part[taught] for part in (logits, features, labels, teacher_proba, teacher_features))
        matched = self.match(TaughtRows(*parts), known)
        return loss.index_add(0, taught, teacher_weight[taught] * matched)

    def match(self, rows: TaughtRows, known: Tensor) -> Tensor:
        """The weighted sum of the terms, for each taught row; ``known`` says which labels are known."""
        logits, proba = rows.logits[:, self.taught_classes], rows.teacher_proba[:, self.taught_classes]
        own = rows.labels[:, None] == self.taught_classes
        # A label that the teacher never met is no class of its probabilities.
        known = known & own.any(dim=1)
        labels = torch.where(known, own.int().argmax(dim=1), proba.argmax(dim=1))
        rows = rows._replace(logits=logits, labels=labels, teacher_proba=proba)
        parts = [share * term(rows) for share, term in zip(self.shares, self.terms, strict=True)]
        return torch.stack(parts).sum(dim=0)
