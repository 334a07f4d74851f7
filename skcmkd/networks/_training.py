"""The training loop of every network.

skorch does the epochs: history, early stopping, device. The batches are this package's: the table is moved to the
device once and each batch is a slice of a shuffled copy, because a DataLoader and skorch's bookkeeping of every batch
take longer than a step of a small network.
"""

import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import skorch
import torch
from skorch.callbacks import EarlyStopping, EpochTimer, PrintLog
from skorch.helper import predefined_split
from skorch.utils import noop
from torch import Tensor, nn

from ._devices import resolve_device

RowLoss = Callable[..., Tensor]
# Sets the gradients of a module and of a row loss for a batch, and returns the batch's loss.
Backward = Callable[[nn.Module, RowLoss, Tensor, Sequence[Tensor]], Tensor]
# All threads of a process share torch's generator, so one training at a time uses it.
GENERATOR_LOCK = threading.RLock()
PREDICT_BATCH_SIZE = 8192


class TensorDataset(torch.utils.data.Dataset):
    """Inputs and per-row targets as tensors on one device.

    Parameters
    ----------
    X : ndarray of float32 of shape (n_rows, n_features)
    targets : sequence of ndarray of shape (n_rows, ...)
    device : torch.device
    rows : ndarray of int, default=None
        Positions of the rows in the data set; None for all.
    """

    def __init__(
        self, X: np.ndarray, targets: Sequence[np.ndarray], device: torch.device, rows: np.ndarray | None = None
    ) -> None:
        self.columns = [torch.as_tensor(array, device=device) for array in (X, *targets)]
        self.rows = None if rows is None else torch.as_tensor(rows, device=device)

    def __len__(self) -> int:
        return len(self.columns[0]) if self.rows is None else len(self.rows)

    def __getitem__(self, rows: Any) -> list[Tensor]:
        return [column[rows if self.rows is None else self.rows[rows]] for column in self.columns]


class BatchIterator:
    """Batches of rows, shuffled anew each epoch if a generator is given.

    Parameters
    ----------
    dataset : TensorDataset
    batch_size : int
    generator : torch.Generator, default=None
    """

    def __init__(self, dataset: TensorDataset, batch_size: int, generator: torch.Generator | None = None) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.generator = generator

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        columns = self.dataset.columns
        if self.generator is not None:
            order = torch.randperm(len(self.dataset), generator=self.generator)
            columns = self.dataset[order.to(columns[0].device)]
        return zip(*(column.split(self.batch_size) for column in columns), strict=True)


def backpropagate(module: nn.Module, row_loss: RowLoss, X: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Set the gradients of the mean loss; the ``Backward`` of most losses."""
    loss = row_loss(module(X), *targets).mean()
    loss.backward()
    return loss


class MeanRowLoss(nn.Module):
    """The mean of a row loss, as skorch's criterion, and the function that sets its gradients.

    Parameters
    ----------
    row_loss : callable
        ``row_loss(output, *targets)`` gives one loss a row.
    backward : Backward, default=backpropagate
    """

    def __init__(self, row_loss: RowLoss, backward: Backward = backpropagate) -> None:
        super().__init__()
        # A loss with weights or a state starts each training anew.
        if hasattr(row_loss, "reset_parameters"):
            row_loss.reset_parameters()
        self.row_loss = row_loss
        self.backward = backward

    def forward(self, output: Tensor, *targets: Tensor) -> Tensor:
        return self.row_loss(output, *targets).mean()


class _EpochNet(skorch.NeuralNet):
    """skorch's network with one history entry an epoch instead of one a batch."""

    @property
    def _default_callbacks(self) -> list[Any]:
        return []

    def run_single_epoch(self, iterator: Any, training: bool, prefix: str, step_fn: Any, **fit_params: Any) -> None:
        if iterator is None:
            return
        self._set_training(training)
        total = torch.zeros((), device=self.device)
        with torch.set_grad_enabled(training):
            for X, *targets in iterator:
                if training:
                    self.optimizer_.zero_grad()
                    loss = self.criterion_.backward(self.module_, self.criterion_.row_loss, X, targets)
                    self.optimizer_.step()
                else:
                    loss = self.criterion_(self.module_(X), *targets)
                total += loss.detach() * len(X)
        mean = total.item() / len(iterator.dataset)
        if not np.isfinite(mean):
            raise ValueError(
                f"The {prefix} loss became {mean} in epoch {len(self.history)}. Lower learning_rate "
                f"(now {self.lr:g}), or look for extreme values among the columns."
            )
        self.history.record(f"{prefix}_loss", mean)
        if training and hasattr(self.criterion_.row_loss, "pop_epoch_losses"):
            for name, row_sum in self.criterion_.row_loss.pop_epoch_losses().items():
                self.history.record(f"{prefix}_{name}", row_sum / len(iterator.dataset))

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None, **fit_params: Any) -> "_EpochNet":
        # skorch's method catches every KeyboardInterrupt, the user's as well as early stopping's.
        if not self.initialized_:
            self.initialize()
        self.notify("on_train_begin", X=X, y=y)
        try:
            self.fit_loop(X, y, **fit_params)
        except KeyboardInterrupt:
            if not any(
                isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience
                for _, callback in self.callbacks_
            ):
                raise
        self.notify("on_train_end", X=X, y=y)
        return self


def train_network(
    build_module: Callable[[], nn.Module],
    row_loss: RowLoss,
    X: np.ndarray,
    targets: Sequence[np.ndarray],
    *,
    validation_rows: np.ndarray | None,
    max_epochs: int,
    patience: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    device: str,
    seed: int,
    verbose: int = 0,
    backward: Backward = backpropagate,
) -> skorch.NeuralNet:
    """Train a module, and return it in a skorch network. Torch's global random state is left as it was.

    Parameters
    ----------
    build_module : callable
        Builds the module with new weights.
    row_loss : callable
        ``row_loss(output, *targets)`` gives one loss a row.
    X : ndarray of float32 of shape (n_rows, n_features)
    targets : sequence of ndarray of shape (n_rows, ...)
    validation_rows : ndarray of bool of shape (n_rows,) or None
        Rows that are not trained on: the weights are those of the epoch with the least mean loss over them. With None
        all epochs are run.
    max_epochs, patience, batch_size, learning_rate, weight_decay, device, seed, verbose
        As in ``TrainingSettings``.
    backward : Backward, default=backpropagate
        Sets the gradients of a step.
    """
    where = resolve_device(device)
    # The shuffling of each epoch copies the rows anyway, so the table need not be copied without the held-out ones.
    table = TensorDataset(X, targets, where, None if validation_rows is None else np.flatnonzero(~validation_rows))
    callbacks: list[Any] = [EpochTimer()] if verbose else []
    held_out = None
    if validation_rows is not None:
        rows = [target[validation_rows] for target in targets]
        held_out = predefined_split(TensorDataset(X[validation_rows], rows, where))
        callbacks.append(EarlyStopping(patience=patience, threshold=0.0, load_best=True, sink=noop))
    if verbose:
        callbacks.append(PrintLog())
    with GENERATOR_LOCK, torch.random.fork_rng(devices=[where] if where.type == "cuda" else []):
        # torch.manual_seed would also queue a seed for devices that are not forked here.
        torch.default_generator.manual_seed(seed)
        if where.type == "cuda":
            torch.cuda.manual_seed(seed)
        net = _EpochNet(
            build_module(),
            MeanRowLoss(row_loss, backward),
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=weight_decay,
            optimizer__fused=True,
            lr=learning_rate,
            max_epochs=max_epochs,
            batch_size=batch_size,
            iterator_train=BatchIterator,
            iterator_train__generator=torch.Generator().manual_seed(seed),
            iterator_valid=BatchIterator,
            iterator_valid__batch_size=PREDICT_BATCH_SIZE,
            dataset=TensorDataset,
            train_split=held_out,
            callbacks=callbacks,
            device=where,
            verbose=verbose,
        )
        net.fit(table)
    # A fitted model must not keep the held-out rows, nor the optimizer.
    history = list(net.history)
    net.trim_for_prediction()
    net.history.extend(history)
    return net


def wrap_module(module: nn.Module, device: torch.device, history: Iterable[Mapping[str, Any]]) -> skorch.NeuralNet:
    """A trained module as a skorch network, with the metrics of its epochs as history."""
    # skorch needs a criterion to initialize; the trimming removes it.
    net = _EpochNet(module, nn.Identity, device=device).initialize()
    net.trim_for_prediction()
    for epoch in history:
        net.history.new_epoch()
        for name, value in epoch.items():
            net.history.record(name, value)
    return net


def wrap_submodule(net: skorch.NeuralNet, part: nn.Module) -> skorch.NeuralNet:
    """A part of a trained module as a skorch network, with the history of the whole."""
    return wrap_module(part, net.device, net.history)


def predict_in_batches(
    net: skorch.NeuralNet,
    part: Callable[[nn.Module], nn.Module],
    X: np.ndarray,
    prepare: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> np.ndarray:
    """Outputs of a part of the trained module for each row of X, computed in blocks of rows.

    In double precision, so that the output of a row does not depend on the other rows.

    Parameters
    ----------
    net : skorch.NeuralNet
    part : callable
        Gives the part of a module.
    X : ndarray of shape (n_rows, n_features)
    prepare : callable, default=numpy.asarray
        Transforms a block of rows.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
    """
    precision = torch.float32 if str(net.device).startswith("mps") else torch.float64
    module = copy.deepcopy(part(net.module_)).to(dtype=precision).eval()
    outputs = np.empty((len(X), 0))
    with torch.inference_mode():
        for start in range(0, len(X), PREDICT_BATCH_SIZE):
            rows = slice(start, start + PREDICT_BATCH_SIZE)
            block = module(torch.as_tensor(prepare(X[rows])).to(net.device, precision))
            if start == 0:
                outputs = np.empty((len(X), *block.shape[1:]))
            outputs[rows] = block.cpu().double().numpy()
    return outputs
