"""Torch modules of the networks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class MLP(nn.Module):
    """Rectified linear layers, the last of which is the representation, and a linear head.

    With ``return_features`` the output is a pair, the head's and the representation, for losses that look at both.
    """

    def __init__(
        self,
        n_inputs: int,
        hidden_layer_sizes: Sequence[int],
        n_outputs: int,
        dropout: float,
        return_features: bool = False,
    ) -> None:
        super().__init__()
        self.return_features = return_features
        layers: list[nn.Module] = []
        for size in hidden_layer_sizes:
            layers += [nn.Linear(n_inputs, size), nn.ReLU(), nn.Dropout(dropout)]
            n_inputs = size
        self.represent = nn.Sequential(*layers)
        self.head = nn.Linear(n_inputs, n_outputs)

    def forward(self, X: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        features = self.represent(X)
        output = self.head(features)
        return (output, features) if self.return_features else output


class ParallelModules(nn.Module):
    """Two modules, each on its own columns of one table: the first on the first ``n_first``; outputs side by side."""

    def __init__(self, n_first: int, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.n_first = n_first
        self.first = first
        self.second = second

    def forward(self, pair: Tensor) -> Tensor:
        own, other = pair.tensor_split([self.n_first], dim=1)
        return torch.cat([self.first(own), self.second(other)], dim=1)
