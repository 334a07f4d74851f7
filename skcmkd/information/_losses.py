"""Losses of the trained estimators of mutual information, as torch functions."""

import math

import torch
from torch import Tensor, nn

from ..networks._losses import cross_entropy, info_nce_loss, squared_error

# Scores are log density ratios. Without a limit one outlying pair of held-out rows can dominate the mean of
# exponentials.
MAX_SCORE = 8.0


def reconstruction_error(output: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Error |x - x(u)|^2 + |y - y(u)|^2, each averaged over its columns, for each row; u is the latent of x."""
    x_hat, y_hat = output.tensor_split([x.shape[1]], dim=1)
    return squared_error(x_hat, x) + squared_error(y_hat, y)


def cross_reconstruction_error(output: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Error |x - x(u)|^2 + |y - y(u)|^2 + |y - y(v)|^2 + |x - x(v)|^2, each averaged over its columns, for each row.

    u and v are the latents of x and y; ``output`` holds the four reconstructions in this order.
    """
    from_x, from_y = output.chunk(2, dim=1)
    return reconstruction_error(from_x, x, y) + reconstruction_error(from_y, y, x)


def label_reconstruction_error(output: Tensor, x: Tensor, labels: Tensor) -> Tensor:
    """Error |x - x(u)|^2 averaged over columns, plus CE(y, p(u)), for each row; u is the latent of x."""
    x_hat, logits = output.tensor_split([x.shape[1]], dim=1)
    return squared_error(x_hat, x) + cross_entropy(logits, labels)


def critic_scores(factors: Tensor) -> Tensor:
    """Score s_ij = c tanh(a_i' b_j / c) of each pair of rows; ``factors`` holds the columns of a, then of b."""
    a, b = factors.chunk(2, dim=1)
    return MAX_SCORE * torch.tanh(a @ b.T / MAX_SCORE)


def info_nce(factors: Tensor) -> Tensor:
    """Loss -log(exp s_ii / mean_j exp s_ij) of each row, in nats; its mean is minus the InfoNCE bound.

    That is the cross-entropy of the matching pair among the n pairs of a row in the batch, minus log n.
    """
    return info_nce_loss(critic_scores(factors))


class DonskerVaradhanLoss(nn.Module):
    """Loss -s_ii + log mean_{j != k} exp s_jk of each row, in nats; its mean is minus the Donsker-Varadhan bound.

    The gradient of the logarithm is biased, because its denominator is the mean of the same batch. In training mode the
    denominator is a moving average over batches (Belghazi et al. 2018, section 3.2); the value is that of the bound.
    """

    log_average: Tensor

    def __init__(self, rate: float = 0.1) -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("log_average", torch.tensor(torch.nan))

    def reset_parameters(self) -> None:
        """Restart the moving average."""
        self.log_average = torch.full_like(self.log_average, torch.nan)

    def forward(self, factors: Tensor) -> Tensor:
        scores = critic_scores(factors)
        positives, n = scores.diagonal(), len(scores)
        if n == 1:
            # A batch of one row has no negative pairs.
            return positives * 0
        negatives = scores.masked_fill(torch.eye(n, dtype=torch.bool, device=scores.device), -torch.inf)
        log_mean = negatives.flatten().logsumexp(dim=0) - math.log(n * (n - 1))
        if not self.training:
            return log_mean - positives
        value = log_mean.detach()
        average = torch.logaddexp(self.log_average + math.log1p(-self.rate), value + math.log(self.rate))
        self.log_average = torch.where(self.log_average.isnan(), value, average)
        ratio = (log_mean - self.log_average).exp()
        return value + ratio - ratio.detach() - positives
