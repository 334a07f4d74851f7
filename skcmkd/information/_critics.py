"""Cross-fitted lower bounds on mutual information by a trained critic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.model_selection import KFold
from sklearn.utils import check_random_state

from .._validation._sklearn import ArrayLike
from ._inputs import check_pair, label_entropy, one_hot
from ._training import N_HIDDEN, scaled_components, train_network_small

N_FACTORS = 16
# Rows that are paired with each other when the bound is evaluated: the scores of 4096 rows take 134 MB.
MAX_BLOCK = 4096


def cross_fitted_bound(
    X: ArrayLike,
    Y: ArrayLike,
    build_loss: Callable[[], Callable[..., Any]],
    *,
    cv: int,
    max_epochs: int,
    device: str,
    random_state: int | np.random.RandomState | None,
    estimator: str,
) -> float:
    """Minus the mean out-of-fold row loss of a critic, at least 0: a critic of constant scores has the bound 0.

    For a label it is at most the label's entropy.

    Parameters
    ----------
    X, Y : array-like
    build_loss : callable
        Makes the row loss of a fold, a function of the critic's output.
    cv : int
    max_epochs : int
    device : str
    random_state : int, RandomState or None
    estimator : str
        Name in errors.

    Returns
    -------
    float
        In nats.
    """
    X, Y, y_is_label = check_pair(X, Y, min_samples=2 * cv, estimator=f"{estimator} with cv={cv}")
    max_mi = label_entropy(Y) if y_is_label else np.inf
    Y = one_hot(Y) if y_is_label else Y
    rng = check_random_state(random_state)
    folds = KFold(cv, shuffle=True, random_state=rng)
    losses = [
        _held_out_losses(X, Y, train, test, build_loss(), max_epochs, device, rng) for train, test in folds.split(X)
    ]
    return min(max(-float(np.concatenate(losses).mean()), 0.0), max_mi)


def _held_out_losses(
    X: np.ndarray,
    Y: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    row_loss: Callable[..., Any],
    max_epochs: int,
    device: str,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Losses of the held-out rows, (n_test,), by a critic trained on the training rows; pairs are within blocks."""
    X_train, X_test = scaled_components(X[train], X[test])
    Y_train, Y_test = scaled_components(Y[train], Y[test])
    p, q = X_train.shape[1], Y_train.shape[1]
    if p == 0 or q == 0:
        return np.zeros(len(test))
    from ..networks._training import predict_in_batches
    from ._modules import SeparableCritic, WithRowLoss

    net = train_network_small(
        lambda: SeparableCritic(p, q, N_FACTORS, N_HIDDEN),
        row_loss,
        np.hstack([X_train, Y_train]),
        (),
        batch_size=128,
        learning_rate=0.001,
        max_epochs=max_epochs,
        device=device,
        rng=rng,
    )
    blocks = np.array_split(np.hstack([X_test, Y_test]), math.ceil(len(test) / MAX_BLOCK))
    return np.concatenate(
        [predict_in_batches(net, lambda critic: WithRowLoss(critic, row_loss), block) for block in blocks]
    )
