"""Inputs and training of the networks that estimate mutual information, for small tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation._sklearn import draw_seed
from ._inputs import pca_reduce

if TYPE_CHECKING:
    from skorch import NeuralNet


N_COMPONENTS = 50
N_HIDDEN = 64
VALIDATION_FRACTION = 0.25


def scaled_components(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leading principal components of both parts, with one common scale: mean variance 1 over the training rows.

    An error averaged over these columns is then a fraction of the variance, and one learning rate suits all tables.

    Parameters
    ----------
    train, test : ndarray of shape (n_train, n_features) and (n_test, n_features)

    Returns
    -------
    train, test : float32 ndarray of shape (n_train, rank) and (n_test, rank)
    """
    train, test = pca_reduce(train, test, N_COMPONENTS)
    if train.shape[1] == 0:
        return train.astype(np.float32), test.astype(np.float32)
    scale = np.sqrt((train**2).mean())
    return (train / scale).astype(np.float32), (test / scale).astype(np.float32)


def train_network_small(
    build_module: Callable[[], Any],
    row_loss: Callable[..., Any],
    X: np.ndarray,
    targets: Sequence[np.ndarray],
    *,
    batch_size: int,
    learning_rate: float,
    max_epochs: int,
    device: str,
    rng: np.random.RandomState,
) -> NeuralNet:
    """Train on three quarters of the rows; keep the weights of the best epoch on the remaining quarter."""
    from ..networks._training import train_network

    return train_network(
        build_module,
        row_loss,
        X,
        targets,
        validation_rows=rng.permutation(len(X)) < VALIDATION_FRACTION * len(X),
        max_epochs=max_epochs,
        patience=20,
        batch_size=batch_size,
        learning_rate=learning_rate,
        weight_decay=0.01,
        device=device,
        seed=draw_seed(rng),
    )
