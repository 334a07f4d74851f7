"""How a network estimator is trained: which rows are held out, how its table is scaled, when it stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state, gen_batches

from .._validation._sklearn import draw_seed
from .._validation._tables import BLOCK_ROWS, apply_as_float32

# Fewer rows than this leave no held-out set worth listening to: all epochs are run.
MIN_ROWS_FOR_EARLY_STOPPING = 20


def early_stopping_mask(
    strata: np.ndarray | None, n_rows: int, fraction: float, seed: int, groups: np.ndarray | None = None
) -> np.ndarray | None:
    """Mask of the rows held out for early stopping, or None when there are too few rows to spare any.

    Every stratum keeps its share where each has two rows or more; otherwise the rows are drawn plainly. Rows of a
    group are held out together: whole groups are drawn then, without strata.
    """
    n_held_out = min(int(np.ceil(fraction * n_rows)), n_rows - 1)
    if n_held_out == 0 or n_rows < MIN_ROWS_FOR_EARLY_STOPPING:
        return None
    if groups is not None:
        names, codes = np.unique(groups, return_inverse=True)
        if len(names) < 2:
            return None
        n_groups = min(int(np.ceil(fraction * len(names))), len(names) - 1)
        return np.random.RandomState(seed).permutation(len(names))[codes] < n_groups
    if strata is not None:
        sizes = np.unique(strata, return_counts=True)[1]
        if sizes.min() < 2 or len(sizes) > min(n_held_out, n_rows - n_held_out):
            strata = None
    rows = train_test_split(np.arange(n_rows), test_size=n_held_out, stratify=strata, random_state=seed)[1]
    mask = np.zeros(n_rows, dtype=bool)
    mask[rows] = True
    return mask


def drop_zero_weight(
    weight: np.ndarray, X: np.ndarray, y: np.ndarray, groups: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """X, y, weights and groups without the rows of weight 0: they must not set the scale of a column or target."""
    nonzero = weight > 0
    if nonzero.all():
        return X, y, weight, groups
    weight = weight[nonzero] / weight[nonzero].mean()
    return X[nonzero], y[nonzero], weight, None if groups is None else groups[nonzero]


def fit_scaler(network: Any, X: np.ndarray) -> np.ndarray:
    """The standardised columns of X in single precision; sets ``scaler_``."""
    network.scaler_ = StandardScaler()
    for rows in gen_batches(len(X), BLOCK_ROWS):
        network.scaler_.partial_fit(X[rows])
    return apply_as_float32(network.scaler_.transform, X)


def module_factory(network: Any, n_inputs: int, n_outputs: int, return_features: bool = False) -> Callable[[], Any]:
    """What builds the network's module, by its parameters; sets the number of features that ``transform`` gives."""
    from ._modules import MLP

    given = np.ravel(network.hidden_layer_sizes)
    sizes = [int(size) for size in given] if given.dtype.kind in "iu" else []
    if not sizes or min(sizes) < 1:
        raise ValueError(
            f"hidden_layer_sizes={network.hidden_layer_sizes!r} must name at least one layer of one unit or more, in "
            "whole numbers such as (128, 64): the last layer is the representation that transform gives."
        )
    network._n_features_out = sizes[-1]
    return partial(MLP, n_inputs, sizes, n_outputs, network.dropout, return_features)


def train_with_early_stopping(
    network: Any,
    build_module: Callable[[], Any],
    row_loss: Callable[..., Any],
    X: np.ndarray,
    targets: Sequence[np.ndarray],
    held_out: np.ndarray | None,
    seed: int,
    backward: Any = None,
) -> Any:
    """Train a module with the network's settings; with rows held out, stop early and, if set, train again on all."""
    from ._training import backpropagate, train_network

    fit_net = partial(
        train_network,
        build_module,
        row_loss,
        X,
        targets,
        patience=network.patience,
        batch_size=network.batch_size,
        learning_rate=network.learning_rate,
        weight_decay=network.weight_decay,
        device=network.device,
        seed=seed,
        verbose=int(network.verbose),
        backward=backward or backpropagate,
    )
    net = fit_net(max_epochs=network.max_epochs, validation_rows=held_out)
    if held_out is not None and network.refit:
        losses = [epoch["valid_loss"] for epoch in net.history]
        net = fit_net(max_epochs=int(np.argmin(losses)) + 1, validation_rows=None)
    return net


def fit_network(
    network: Any,
    X: np.ndarray,
    row_loss: Callable[..., Any],
    targets: Sequence[np.ndarray],
    n_outputs: int,
    strata: np.ndarray | None,
    backward: Any = None,
    groups: np.ndarray | None = None,
) -> None:
    """Standardise X, hold rows out, train; sets ``scaler_``, ``net_`` and ``n_iter_``.

    With a ``backward`` of its own the loss sees the representation beside the output.
    """
    seed = draw_seed(check_random_state(network.random_state))
    build_module = module_factory(network, X.shape[1], n_outputs, backward is not None)
    held_out = early_stopping_mask(strata, len(X), network.validation_fraction, seed, groups)
    table = fit_scaler(network, X)
    network.net_ = train_with_early_stopping(network, build_module, row_loss, table, targets, held_out, seed, backward)
    network.n_iter_ = len(network.net_.history)
