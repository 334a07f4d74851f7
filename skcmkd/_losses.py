"""Losses of one row each: pure torch functions, the student's output first, then the target.

None of them averages: the caller weights the rows and takes the mean, so that rows without a label or
without a teacher enter by a weight of zero.
"""

from torch import Tensor
from torch.nn import functional as F

# A teacher such as a 1-nearest-neighbour classifier says exactly 0; its logarithm must stay finite.
SMALLEST_PROBABILITY = 1e-7


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy CE(y, p) = -log p_y, in nats, for each row."""
    return F.cross_entropy(logits, labels, reduction="none")


def soft_target_divergence(logits: Tensor, teacher_proba: Tensor, temperature: float) -> Tensor:
    """Divergence tau^2 KL(q^tau || p^tau), in nats, for each row.

    q^tau is proportional to q^(1/tau); p^tau is softmax(logits / tau). The factor tau^2 keeps the
    gradient's scale when tau changes (Hinton et al. 2015, section 2.1).
    """
    log_p = F.log_softmax(logits / temperature, dim=1)
    log_q = F.log_softmax(teacher_proba.clamp_min(SMALLEST_PROBABILITY).log() / temperature, dim=1)
    return temperature**2 * (log_q.exp() * (log_q - log_p)).sum(dim=1)


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Error |y - p|^2 averaged over outputs, for each row."""
    return (prediction - target).square().mean(dim=1)


def distillation_loss(
    logits: Tensor,
    labels: Tensor,
    label_weight: Tensor,
    teacher_proba: Tensor,
    teacher_weight: Tensor,
    *,
    temperature: float,
) -> Tensor:
    """Mixed loss a CE(y, p) + b tau^2 KL(q^tau || p^tau), in nats, for each row with its own weights a and b."""
    divergence = soft_target_divergence(logits, teacher_proba, temperature)
    return label_weight * cross_entropy(logits, labels) + teacher_weight * divergence


def weighted_cross_entropy(logits: Tensor, labels: Tensor, label_weight: Tensor) -> Tensor:
    """Weighted loss w CE(y, p), in nats, for each row with its weight w."""
    return label_weight * cross_entropy(logits, labels)


def weighted_squared_error(prediction: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted error w |y - p|^2 averaged over outputs, for each row with its weight w."""
    return weight * squared_error(prediction, target)
