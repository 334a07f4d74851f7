"""Losses of one row each: pure torch functions, the student's output first, then the target.

None of them averages: the caller weights the rows and takes the mean, so that rows without a label or
without a teacher get a weight of zero.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..networks._losses import MIN_PROBABILITY, cross_entropy, weighted_cross_entropy

# Constant teacher features are predicted exactly: their learned variance must not reach zero.
MIN_VARIANCE = 1e-5


def soft_target_divergence(logits: Tensor, teacher_proba: Tensor, temperature: float) -> Tensor:
    """Divergence tau^2 KL(q^tau || p^tau), in nats, for each row.

    q^tau is proportional to q^(1/tau); p^tau is softmax(logits / tau). The factor tau^2 keeps the
    gradient's scale when tau changes (Hinton et al. 2015, section 2.1).
    """
    log_p = F.log_softmax(logits / temperature, dim=1)
    log_q = F.log_softmax(teacher_proba.clamp_min(MIN_PROBABILITY).log() / temperature, dim=1)
    return temperature**2 * (log_q.exp() * (log_q - log_p)).sum(dim=1)


def decoupled_kd_loss(
    logits: Tensor, teacher_proba: Tensor, labels: Tensor, temperature: float, *, alpha: float = 1.0, beta: float = 8.0
) -> Tensor:
    """Divergence tau^2 [alpha KL(b_q || b_p) + beta KL(q_rest || p_rest)], in nats, for each row.

    With c the row's label, b = (q_c, 1 - q_c) is the distribution of "label or not", and q_rest is q given "not".
    KL(q || p) itself has alpha = 1 and beta = 1 - q_c (Zhao et al. 2022, "Decoupled knowledge distillation", CVPR,
    section 3). For a row without a label give the teacher's most probable class.
    """
    log_p = F.log_softmax(logits / temperature, dim=1)
    log_q = F.log_softmax(teacher_proba.clamp_min(MIN_PROBABILITY).log() / temperature, dim=1)
    if logits.shape[1] == 1:
        return log_p[:, 0]
    is_label = F.one_hot(labels, logits.shape[1]).bool()
    # The logarithm of 1 - p_c as a sum over the other classes: the difference would round to 0.
    rest_p, rest_q = (log.masked_fill(is_label, -torch.inf).logsumexp(dim=1) for log in (log_p, log_q))
    target = log_q[is_label].exp() * (log_q[is_label] - log_p[is_label]) + rest_q.exp() * (rest_q - rest_p)
    conditional_p, conditional_q = log_p - rest_p[:, None], log_q - rest_q[:, None]
    non_target = (conditional_q.exp() * (conditional_q - conditional_p)).masked_fill(is_label, 0.0).sum(dim=1)
    return temperature**2 * (alpha * target + beta * non_target)


def hint_loss(projected: Tensor, teacher_features: Tensor, feature_weight: Tensor | None = None) -> Tensor:
    """Error sum_d w_d (m_d - t_d)^2 / D of the student's mapped features as a hint of the teacher's, for each row.

    Romero et al. 2015, "FitNets", ICLR, equation 3, divided by the number D of features. All weights are 1 unless
    given (Xue et al. 2023, "The modality focusing hypothesis", arXiv 2206.06487).
    """
    error = (projected - teacher_features).square()
    return (error if feature_weight is None else feature_weight * error).mean(dim=1)


def vid_loss(mean: Tensor, raw_variance: Tensor, teacher_features: Tensor) -> Tensor:
    """Mean over the teacher's features d of -log N(t_d; m_d, v_d), in nats, for each row.

    The variance v_d = log(1 + exp(r_d)) is learned and the same for all rows. Up to the teacher's entropy the mean loss
    is minus a lower bound of I(t; m), divided by the number of features (Ahn et al. 2019, "Variational information
    distillation", CVPR, section 2).
    """
    variance = F.softplus(raw_variance) + MIN_VARIANCE
    error = (teacher_features - mean).square()
    return 0.5 * (error / variance + variance.log() + math.log(2 * math.pi)).mean(dim=1)


def distillation_loss(
    logits: Tensor,
    labels: Tensor,
    label_weight: Tensor,
    teacher_proba: Tensor,
    teacher_weight: Tensor,
    *,
    temperature: float,
    teacher_classes: Sequence[int] | None = None,
) -> Tensor:
    """Mixed loss a CE(y, p) + b tau^2 KL(q^tau || p^tau), in nats, for each row with its own weights a and b.

    With ``teacher_classes``, those that the teacher was fitted to, the divergence is between the probabilities given
    that the class is one of these.
    """
    known_logits = logits
    if teacher_classes is not None:
        known_logits, teacher_proba = logits[:, teacher_classes], teacher_proba[:, teacher_classes]
    divergence = soft_target_divergence(known_logits, teacher_proba, temperature)
    return label_weight * cross_entropy(logits, labels) + teacher_weight * divergence


class DistillationLoss(nn.Module):
    """``distillation_loss`` in training; on held-out rows each row counts once: its two weights sum to 1.

    Training weights balance labeled rows against rows of soft targets. Where one kind is rare, as ten samples with both
    modalities, one held-out row of that kind would decide when training stops.

    Parameters
    ----------
    temperature : float
    teacher_classes : sequence of int or None
        Positions of the classes that the teacher was fitted to; None for all.
    has_teacher : bool, default=True
        Whether any row has a soft target; without one the divergence is not computed.
    """

    def __init__(self, temperature: float, teacher_classes: Sequence[int] | None, *, has_teacher: bool = True) -> None:
        super().__init__()
        self.temperature, self.teacher_classes, self.has_teacher = temperature, teacher_classes, has_teacher

    def forward(
        self, logits: Tensor, labels: Tensor, label_weight: Tensor, teacher_proba: Tensor, teacher_weight: Tensor
    ) -> Tensor:
        if not self.training:
            total = label_weight + teacher_weight
            total = total.where(total > 0, torch.ones_like(total))
            label_weight, teacher_weight = label_weight / total, teacher_weight / total
        if not self.has_teacher:
            return weighted_cross_entropy(logits, labels, label_weight)
        return distillation_loss(
            logits,
            labels,
            label_weight,
            teacher_proba,
            teacher_weight,
            temperature=self.temperature,
            teacher_classes=self.teacher_classes,
        )


def mutual_loss(
    logits: Tensor,
    labels: Tensor,
    student_weight: Tensor,
    teacher_weight: Tensor,
    pair_weight: Tensor,
    *,
    temperature: float,
) -> Tensor:
    """Loss a_S CE(y, p_S) + a_T CE(y, p_T) + b tau^2 [KL(p_T^tau || p_S^tau) + KL(p_S^tau || p_T^tau)], in nats.

    For each row with its own weights a_S, a_T and b; ``logits`` holds both networks' side by side. The first
    distribution of each divergence is a target: no gradient goes through it (Zhang et al. 2018, equation 6).
    """
    student, teacher = logits.chunk(2, dim=1)
    student_loss = soft_target_divergence(student, teacher.detach().softmax(dim=1), temperature)
    teacher_loss = soft_target_divergence(teacher, student.detach().softmax(dim=1), temperature)
    label_loss = student_weight * cross_entropy(student, labels) + teacher_weight * cross_entropy(teacher, labels)
    return label_loss + pair_weight * (student_loss + teacher_loss)


class MutualLoss(nn.Module):
    """``mutual_loss`` in training; on held-out rows each network's cross-entropy where its weight is above 0.

    Two untrained networks agree on every row, so their divergence does not show when to stop.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(
        self, logits: Tensor, labels: Tensor, student_weight: Tensor, teacher_weight: Tensor, pair_weight: Tensor
    ) -> Tensor:
        if self.training:
            return mutual_loss(
                logits, labels, student_weight, teacher_weight, pair_weight, temperature=self.temperature
            )
        student, teacher = logits.chunk(2, dim=1)
        student_mask, teacher_mask = (student_weight > 0).to(logits), (teacher_weight > 0).to(logits)
        return student_mask * cross_entropy(student, labels) + teacher_mask * cross_entropy(teacher, labels)
