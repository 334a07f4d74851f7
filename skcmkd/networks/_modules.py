"""Torch modules of the networks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class MLP(nn.Module):
    """Rectified linear layers, the last of which is the representation, and a linear head.

    Parameters
    ----------
    n_inputs : int
    hidden_layer_sizes : sequence of int
        The last is the size of the representation.
    n_outputs : int
    dropout : float
    return_features : bool, default=False
        Whether the output is a pair, with the representation, for losses of both.

    Attributes
    ----------
    represent : torch.nn.Sequential
        From (n_rows, n_inputs) to (n_rows, hidden_layer_sizes[-1]).
    head : torch.nn.Linear
        From the representation to (n_rows, n_outputs).
    linear : torch.nn.Linear or None
        From (n_rows, n_inputs) to (n_rows, n_outputs). With it the output is
        ``(1 - linear_weight) * head(represent(X)) + linear_weight * linear(X)``.
    linear_weight : float
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
        self.linear: nn.Linear | None = None
        self.linear_weight = 0.0

    def forward(self, X: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        features = self.represent(X)
        output = self.head(features)
        if self.linear is not None:
            output = (1 - self.linear_weight) * output + self.linear_weight * self.linear(X)
        return (output, features) if self.return_features else output


class ParallelModules(nn.Module):
    """Two modules, the first on the first ``n_first`` columns of a table, the second on the rest; outputs stacked.

    Parameters
    ----------
    n_first : int
    first, second : torch.nn.Module
    """

    def __init__(self, n_first: int, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.n_first = n_first
        self.first = first
        self.second = second

    def forward(self, table: Tensor) -> Tensor:
        X, Y = table.tensor_split([self.n_first], dim=1)
        return torch.cat([self.first(X), self.second(Y)], dim=1)
