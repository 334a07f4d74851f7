"""Torch modules of the trained estimators of mutual information."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class ResidualMLP(nn.Module):
    """A linear map plus rectified linear units beside it, so that linear links need no hidden unit."""

    def __init__(self, n_inputs: int, n_hidden: int, n_outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_inputs, n_outputs)
        self.nonlinear = nn.Sequential(nn.Linear(n_inputs, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_outputs))

    def forward(self, X: Tensor) -> Tensor:
        return self.linear(X) + self.nonlinear(X)


class LatentEncoder(nn.Module):
    """One table's encoder to a few latent dimensions, with a decoder back to it and one to the other side.

    The latent has no more dimensions than the table has columns.
    """

    def __init__(self, n_inputs: int, n_others: int, n_latent: int, n_hidden: int) -> None:
        super().__init__()
        n_latent = min(n_latent, n_inputs)
        self.encode = ResidualMLP(n_inputs, n_hidden, n_latent)
        self.decode_own = ResidualMLP(n_latent, n_hidden, n_inputs)
        self.decode_other = ResidualMLP(n_latent, n_hidden, n_others)

    def forward(self, X: Tensor) -> Tensor:
        latent = self.encode(X)
        return torch.cat([self.decode_own(latent), self.decode_other(latent)], dim=1)


class CrossAutoencoder(nn.Module):
    """Two tables side by side, each rebuilt from its own latent and from the other's.

    The output holds x and y rebuilt from x's latent, then y and x rebuilt from y's.
    """

    def __init__(self, n_x: int, n_y: int, n_latent: int, n_hidden: int) -> None:
        super().__init__()
        self.sizes = [n_x, n_y]
        self.x_side = LatentEncoder(n_x, n_y, n_latent, n_hidden)
        self.y_side = LatentEncoder(n_y, n_x, n_latent, n_hidden)

    def forward(self, pair: Tensor) -> Tensor:
        x, y = pair.split(self.sizes, dim=1)
        return torch.cat([self.x_side(x), self.y_side(y)], dim=1)


class SeparableCritic(nn.Module):
    """Two tables side by side, each mapped to the factors whose inner products score every pair of rows.

    It starts at zero, the score of independent tables: a critic that learns nothing reads no information.
    """

    def __init__(self, n_x: int, n_y: int, n_factors: int, n_hidden: int) -> None:
        super().__init__()
        self.sizes = [n_x, n_y]
        self.x_side = ResidualMLP(n_x, n_hidden, n_factors)
        self.y_side = ResidualMLP(n_y, n_hidden, n_factors)
        for layer in (self.y_side.linear, self.y_side.nonlinear[-1]):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def forward(self, pair: Tensor) -> Tensor:
        x, y = pair.split(self.sizes, dim=1)
        return torch.cat([self.x_side(x), self.y_side(y)], dim=1)


class WithRowLoss(nn.Module):
    """A module followed by its row loss, so that the losses of rows can be had as a module's output."""

    def __init__(self, module: nn.Module, row_loss: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.module = module
        self.row_loss = row_loss

    def forward(self, X: Tensor) -> Tensor:
        return self.row_loss(self.module(X))
