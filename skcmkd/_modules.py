"""Torch modules of the networks."""

from collections.abc import Sequence

from torch import Tensor, nn


class Perceptron(nn.Module):
    """Rectified linear layers, the last of which is the representation, and a linear head."""

    def __init__(self, n_inputs: int, hidden_layer_sizes: Sequence[int], n_outputs: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for size in hidden_layer_sizes:
            layers += [nn.Linear(n_inputs, size), nn.ReLU(), nn.Dropout(dropout)]
            n_inputs = size
        self.represent = nn.Sequential(*layers)
        self.head = nn.Linear(n_inputs, n_outputs)

    def forward(self, X: Tensor) -> Tensor:
        return self.head(self.represent(X))
