"""Losses of labels and continuous targets, as torch functions."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

# Probabilities of some teachers, such as a 1-nearest-neighbor classifier, are exactly 0; the logarithm must be finite.
MIN_PROBABILITY = 1e-7


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy CE(y, p) = -log p_y, in nats, for each row."""
    return F.cross_entropy(logits, labels, reduction="none")


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Error |y - p|^2 averaged over outputs, for each row."""
    return (prediction - target).square().mean(dim=1)


def weighted_cross_entropy(logits: Tensor, labels: Tensor, label_weight: Tensor) -> Tensor:
    """Weighted loss w CE(y, p), in nats, for each row with its weight w."""
    return label_weight * cross_entropy(logits, labels)


def weighted_squared_error(prediction: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted error w |y - p|^2 averaged over outputs, for each row with its weight w."""
    return weight * squared_error(prediction, target)


def info_nce_loss(scores: Tensor) -> Tensor:
    """Loss -log(exp s_ii / mean_j exp s_ij), in nats, of each row of scores of shape (n_rows, n_rows)."""
    diagonal = torch.arange(len(scores), device=scores.device)
    return cross_entropy(scores, diagonal) - math.log(len(scores))
