"""Lower bounds on an information by a critic: trained on some folds, evaluated on the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.model_selection import KFold
from sklearn.utils import check_random_state

from .._validation._sklearn import ArrayLike
from ._inputs import check_pair, one_hot
from ._training import N_HIDDEN, scaled_components, train_network_small

N_FACTORS = 16
# Rows that are scored against each other when the bound is evaluated: the scores of 4096 rows take 134 MB.
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
    """Mean over folds of minus the row loss on rows that the fold's critic has not seen; 0 where that is negative.

    A critic that says 0 everywhere proves the bound 0, so a negative mean proves nothing less than 0.
    """
    X, Y, label = check_pair(X, Y, least=2 * cv, estimator=f"{estimator} with cv={cv}")
    Y = one_hot(Y) if label else Y
    rng = check_random_state(random_state)
    folds = KFold(cv, shuffle=True, random_state=rng)
    losses = [
        _held_out_losses(X, Y, train, test, build_loss(), max_epochs, device, rng) for train, test in folds.split(X)
    ]
    return max(-float(np.concatenate(losses).mean()), 0.0)


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
    """The row losses of the held-out rows, in blocks of rows that are scored against each other."""
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
