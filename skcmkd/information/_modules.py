"""Torch modules of the trained estimators of mutual information."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class ResidualMLP(nn.Module):
    """A linear map plus one hidden layer, so that linear dependence needs no hidden unit."""

    def __init__(self, n_inputs: int, n_hidden: int, n_outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_inputs, n_outputs)
        self.nonlinear = nn.Sequential(nn.Linear(n_inputs, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_outputs))

    def forward(self, X: Tensor) -> Tensor:
        return self.linear(X) + self.nonlinear(X)


class LatentEncoder(nn.Module):
    """Encoder of x to a latent of at most ``n_latent`` dimensions, with decoders to x and to y."""

    def __init__(self, n_inputs: int, n_outputs: int, n_latent: int, n_hidden: int) -> None:
        super().__init__()
        n_latent = min(n_latent, n_inputs)
        self.encode = ResidualMLP(n_inputs, n_hidden, n_latent)
        self.decode_input = ResidualMLP(n_latent, n_hidden, n_inputs)
        self.decode_output = ResidualMLP(n_latent, n_hidden, n_outputs)

    def forward(self, X: Tensor) -> Tensor:
        latent = self.encode(X)
        return torch.cat([self.decode_input(latent), self.decode_output(latent)], dim=1)


class CrossAutoencoder(nn.Module):
    """Reconstruction of x and y from the latent of x, then of y and x from the latent of y.

    The input holds the columns of x, then those of y.
    """

    def __init__(self, n_x: int, n_y: int, n_latent: int, n_hidden: int) -> None:
        super().__init__()
        self.sizes = [n_x, n_y]
        self.from_x = LatentEncoder(n_x, n_y, n_latent, n_hidden)
        self.from_y = LatentEncoder(n_y, n_x, n_latent, n_hidden)

    def forward(self, pair: Tensor) -> Tensor:
        x, y = pair.split(self.sizes, dim=1)
        return torch.cat([self.from_x(x), self.from_y(y)], dim=1)


class SeparableCritic(nn.Module):
    """Factors of x and of y, whose inner products are the scores of pairs of rows.

    The input holds the columns of x, then those of y. Scores start at 0, so that an untrained critic has the bound 0.
    """

    def __init__(self, n_x: int, n_y: int, n_factors: int, n_hidden: int) -> None:
        super().__init__()
        self.sizes = [n_x, n_y]
        self.from_x = ResidualMLP(n_x, n_hidden, n_factors)
        self.from_y = ResidualMLP(n_y, n_hidden, n_factors)
        for layer in (self.from_y.linear, self.from_y.nonlinear[-1]):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def forward(self, pair: Tensor) -> Tensor:
        x, y = pair.split(self.sizes, dim=1)
        return torch.cat([self.from_x(x), self.from_y(y)], dim=1)


class WithRowLoss(nn.Module):
    """A module followed by its row loss: the output is the loss of each row."""

    def __init__(self, module: nn.Module, row_loss: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.module = module
        self.row_loss = row_loss

    def forward(self, X: Tensor) -> Tensor:
        return self.row_loss(self.module(X))
