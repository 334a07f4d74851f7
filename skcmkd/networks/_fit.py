"""Training of a network estimator: held-out rows, scaling of the table, early stopping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from .._validation._sklearn import default_output
from .._validation._tables import BLOCK_ROWS, apply_as_float32

if TYPE_CHECKING:
    import skorch

    from ._training import RowLoss

# With fewer rows the loss of the held-out ones is too noisy to stop by: all epochs are run.
MIN_ROWS_FOR_EARLY_STOPPING = 20
# Of linear_weight="auto" where no rows are held out to choose by.
DEFAULT_LINEAR_WEIGHT = 0.5


@dataclass(frozen=True)
class TrainingSettings:
    """A network's parameters for one training, as plain values.

    Attributes
    ----------
    hidden_layer_sizes : tuple of int
        At least one layer; the last is the representation.
    dropout, learning_rate, weight_decay, batch_size, max_epochs, patience, validation_fraction, refit
        The network's parameters.
    linear_weight, device, verbose
        The network's parameters.
    seed : int
        Drawn from the network's ``random_state``.
    """

    hidden_layer_sizes: tuple[int, ...]
    dropout: float
    learning_rate: float
    weight_decay: float
    batch_size: int
    max_epochs: int
    patience: int
    validation_fraction: float
    refit: bool
    linear_weight: float | str
    device: str
    verbose: int
    seed: int


@dataclass(frozen=True)
class TrainedNetwork:
    """What a training gives.

    Attributes
    ----------
    net : skorch.NeuralNet
        Trimmed for prediction; its history has an entry for each epoch.
    scaler : StandardScaler
        Fitted to the columns that the module was trained on.
    """

    net: skorch.NeuralNet
    scaler: StandardScaler


def early_stopping_mask(
    strata: np.ndarray | None,
    n_rows: int,
    fraction: float,
    seed: int,
    groups: np.ndarray | None = None,
    counted: np.ndarray | None = None,
) -> np.ndarray | None:
    """Mask of the rows held out for early stopping, or None if there are too few rows to hold any out.

    The proportions of the strata are kept if each has two rows or more; otherwise rows are drawn without strata. Rows
    of a group are held out together: whole groups are drawn then, without strata.

    Parameters
    ----------
    strata : ndarray of shape (n_rows,) or None
    n_rows : int
    fraction : float
        Proportion of the rows, or of the groups, to hold out.
    seed : int
    groups : ndarray of shape (n_rows,), default=None
    counted : ndarray of bool of shape (n_rows,), default=None
        Rows with a loss to stop by: rows are drawn from these, or groups that have some, with all of their rows.

    Returns
    -------
    ndarray of bool of shape (n_rows,), or None
    """
    if counted is not None and not counted.all():
        strata, counted_groups = (None if a is None else a[counted] for a in (strata, groups))
        held_out = early_stopping_mask(strata, int(counted.sum()), fraction, seed, counted_groups)
        if held_out is None:
            return None
        mask = np.zeros(n_rows, dtype=bool)
        mask[counted] = held_out
        return mask if groups is None else np.isin(groups, groups[mask])
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
    """Leave out the rows of weight 0, which must not set the scale of a column or target.

    Parameters
    ----------
    weight : ndarray of shape (n_rows,)
    X : ndarray of shape (n_rows, n_features)
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    groups : ndarray of shape (n_rows,) or None

    Returns
    -------
    X, y, weight, groups
        The rows of positive weight, with weights of mean one.
    """
    nonzero = weight > 0
    if nonzero.all():
        return X, y, weight, groups
    weight = weight[nonzero] / weight[nonzero].mean()
    return X[nonzero], y[nonzero], weight, None if groups is None else groups[nonzero]


def fit_scaler(X: np.ndarray) -> tuple[StandardScaler, np.ndarray]:
    """Fit a scaler to X, and standardize X with it.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)

    Returns
    -------
    scaler : StandardScaler
    table : ndarray of float32 of shape (n_rows, n_features)
    """
    scaler = StandardScaler()
    for rows in gen_batches(len(X), BLOCK_ROWS):
        scaler.partial_fit(X[rows])
    with default_output():
        return scaler, apply_as_float32(scaler.transform, X)


def module_factory(
    settings: TrainingSettings, n_inputs: int, n_outputs: int, return_features: bool = False
) -> Callable[[], Any]:
    """A function without arguments that builds the network's module with new weights."""
    from ._modules import MLP

    return partial(MLP, n_inputs, settings.hidden_layer_sizes, n_outputs, settings.dropout, return_features)


def train_with_early_stopping(
    settings: TrainingSettings,
    build_module: Callable[[], Any],
    row_loss: RowLoss,
    X: np.ndarray,
    targets: Sequence[np.ndarray],
    held_out: np.ndarray | None,
    backward: Callable[..., Any] | None = None,
) -> tuple[skorch.NeuralNet, skorch.NeuralNet]:
    """Train a module; with rows held out, stop early and, if set, train again on all rows.

    Parameters
    ----------
    settings : TrainingSettings
    build_module : callable
        Builds the module anew for each training.
    row_loss : callable
        ``row_loss(output, *targets)`` gives one loss a row.
    X : ndarray of float32 of shape (n_rows, n_features)
        Standardized columns.
    targets : sequence of ndarray of shape (n_rows, ...)
    held_out : ndarray of bool of shape (n_rows,) or None
    backward : callable, default=None
        Sets the gradients of a step; None for those of the mean loss.

    Returns
    -------
    stopped, net : skorch.NeuralNet
        The network that is not trained on the held-out rows, and the one to predict with; one and the same where no
        other was trained.
    """
    from ._training import backpropagate, train_network

    fit_net = partial(
        train_network,
        build_module,
        row_loss,
        X,
        targets,
        patience=settings.patience,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        device=settings.device,
        seed=settings.seed,
        verbose=settings.verbose,
        backward=backward or backpropagate,
    )
    stopped = fit_net(max_epochs=settings.max_epochs, validation_rows=held_out)
    if held_out is None or not settings.refit:
        return stopped, stopped
    losses = [epoch["valid_loss"] for epoch in stopped.history]
    return stopped, fit_net(max_epochs=int(np.argmin(losses)) + 1, validation_rows=None)


def fit_network(
    settings: TrainingSettings,
    X: np.ndarray,
    row_loss: RowLoss,
    targets: Sequence[np.ndarray],
    n_outputs: int,
    held_out: np.ndarray | None,
    *,
    linear_loss: RowLoss | None,
    strata: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    return_features: bool = False,
    backward: Callable[..., Any] | None = None,
) -> TrainedNetwork:
    """Standardize X, train a module on it, and fit its linear part.

    The two are fitted apart, so that neither changes the other; the output is their weighted mean.

    Parameters
    ----------
    settings : TrainingSettings
    X : ndarray of shape (n_rows, n_features)
    row_loss : callable
        ``row_loss(output, *targets)`` gives one loss a row.
    targets : sequence of ndarray of shape (n_rows, ...)
    n_outputs : int
    held_out : ndarray of bool of shape (n_rows,) or None
        Rows to stop early by, from ``early_stopping_mask``.
    linear_loss : callable or None
        ``linear_loss(output, *targets)`` of the linear part, one loss a row; None leaves the linear part out.
    strata, groups : ndarray of shape (n_rows,), default=None
        Strata and groups of the folds by which the linear part's penalty is chosen.
    return_features : bool, default=False
        Whether the loss reads the representation beside the output, as a pair.
    backward : callable, default=None
        Sets the gradients of a step; None for those of the mean loss.
    """
    build_module = module_factory(settings, X.shape[1], n_outputs, return_features)
    scaler, table = fit_scaler(X)
    stopped, net = train_with_early_stopping(settings, build_module, row_loss, table, targets, held_out, backward)
    stopped.module_.return_features = net.module_.return_features = False
    if linear_loss is not None and settings.linear_weight != 0:
        from ._linear_part import choose_linear_weight, fit_linear_part, linear_folds
        from ._training import predict_in_batches

        folds = linear_folds(strata, len(table), settings.seed, groups)
        linear, out_of_fold = fit_linear_part(linear_loss, table, targets, n_outputs, folds)
        weight = settings.linear_weight
        if weight == "auto" and held_out is None:
            weight = DEFAULT_LINEAR_WEIGHT
        elif weight == "auto":
            hidden = predict_in_batches(stopped, lambda module: module, table[held_out])
            rows = [target[held_out] for target in targets]
            weight = choose_linear_weight(linear_loss, hidden, out_of_fold[held_out], rows)
        net.module_.linear, net.module_.linear_weight = linear.to(net.device), weight
    return TrainedNetwork(net, scaler)
