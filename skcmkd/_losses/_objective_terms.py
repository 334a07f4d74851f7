"""Terms of an objective: each a module that gives one loss for each row of a batch that has a teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..networks._losses import MIN_PROBABILITY
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
from ._soft_targets import decoupled_kd_loss, hint_loss, soft_target_divergence, vid_loss

# Dimensions of the space that both representations are mapped to.
EMBEDDING_DIM = 32
# softplus(r) = 1: standardized features have variance 1 before training.
RAW_UNIT_VARIANCE = float(np.log(np.expm1(1.0)))


class TeacherBatch(NamedTuple):
    """Outputs of student and teacher for the rows of a batch that have a soft target.

    Attributes
    ----------
    logits : tensor of shape (n_rows, n_teacher_classes)
        The student's, of the classes that the teacher was fitted to.
    features : tensor of shape (n_rows, n_features)
        The student's representation.
    labels : tensor of shape (n_rows,)
        Position of each row's class among these classes; the teacher's most probable class where there is no label.
    teacher_proba : tensor of shape (n_rows, n_teacher_classes)
    teacher_features : tensor of shape (n_rows, n_teacher_features)
    """

    logits: Tensor
    features: Tensor
    labels: Tensor
    teacher_proba: Tensor
    teacher_features: Tensor


@dataclass(frozen=True)
class TermConfig:
    """Sizes of the representations, and the settings of the terms.

    Attributes
    ----------
    features, teacher_features, classes : int
        Sizes of the student's and the teacher's representation, and the number of classes of the teacher.
    temperature : float
    feature_weights : ndarray of shape (n_teacher_features,) or None
        Weights of "mfh".
    """

    features: int
    teacher_features: int
    classes: int
    temperature: float
    feature_weights: np.ndarray | None = None


class FunctionTerm(nn.Module):
    """A term without parameters to learn."""

    def __init__(self, function: Callable[[TeacherBatch], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, rows: TeacherBatch) -> Tensor:
        return self.function(rows)


class HintTerm(nn.Module):
    """Squared error of the student's features, mapped to the teacher's space."""

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
    """Embeddings of both representations, and of an auxiliary modality: the teacher's log-probabilities."""

    def __init__(self, config: TermConfig) -> None:
        super().__init__()
        self.map = _linear(config.features, EMBEDDING_DIM)
        self.teacher_map = _linear(config.teacher_features, EMBEDDING_DIM)
        self.auxiliary_map = _linear(config.classes, EMBEDDING_DIM)

    def forward(self, rows: TeacherBatch) -> Tensor:
        scores = rows.teacher_proba.clamp_min(MIN_PROBABILITY).log()
        return amid_loss(self.map(rows.features), self.teacher_map(rows.teacher_features), self.auxiliary_map(scores))


class SharedSpecificTerm(nn.Module):
    """Features of student and teacher, each mapped to a shared and to a specific part."""

    def __init__(self, config: TermConfig) -> None:
        super().__init__()
        self.map = _linear(config.features, 2 * EMBEDDING_DIM)
        self.teacher_map = _linear(config.teacher_features, 2 * EMBEDDING_DIM)

    def forward(self, rows: TeacherBatch) -> Tensor:
        shared, specific = self.map(rows.features).chunk(2, dim=1)
        return shared_specific_loss(shared, specific, *self.teacher_map(rows.teacher_features).chunk(2, dim=1))


def _linear(n_inputs: int, n_outputs: int) -> nn.Linear:
    """A layer whose weights are set later, so that no random number is drawn now."""
    return nn.utils.skip_init(nn.Linear, n_inputs, n_outputs)


def soft_targets_term(config: TermConfig) -> nn.Module:
    return FunctionTerm(lambda rows: soft_target_divergence(rows.logits, rows.teacher_proba, config.temperature))


def dkd_term(config: TermConfig) -> nn.Module:
    return FunctionTerm(
        lambda rows: decoupled_kd_loss(rows.logits, rows.teacher_proba, rows.labels, config.temperature)
    )


def ckd_term(config: TermConfig) -> nn.Module:
    return FunctionTerm(lambda rows: ckd_loss(rows.logits, rows.teacher_proba, config.temperature))


def mfh_term(config: TermConfig) -> nn.Module:
    return HintTerm(config, config.feature_weights)


def pkdot_term(config: TermConfig) -> nn.Module:
    return FunctionTerm(lambda rows: pkdot_loss(rows.features, rows.teacher_features, rows.teacher_proba.amax(dim=1)))


def _feature_term(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[TermConfig], nn.Module]:
    return lambda config: FunctionTerm(lambda rows: function(rows.features, rows.teacher_features))


rkd_distance_term = _feature_term(rkd_distance_loss)
rkd_angle_term = _feature_term(rkd_angle_loss)
sp_term = _feature_term(sp_loss)
cc_term = _feature_term(cc_loss)
