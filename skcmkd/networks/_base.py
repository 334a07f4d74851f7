"""What the two networks have in common: parameters, outputs, representation and state.

torch is imported when a network is fitted or predicts, not before, so that an estimator with a network as its default
model is created without loading it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from numbers import Integral, Real
from operator import attrgetter
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._utils._doc_link import DocLinkMixin
from .._validation._sklearn import ArrayLike, Interval, StrOptions, default_output, draw_seed
from .._validation._table_checks import validate_numeric_data
from ._fit import DEFAULT_LINEAR_WEIGHT, TrainedNetwork, TrainingSettings

NETWORK_CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like"],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "max_epochs": [Interval(Integral, 1, None, closed="left")],
    "patience": [Interval(Integral, 1, None, closed="left")],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "refit": ["boolean"],
    "linear_weight": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
    "device": [str],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


def training_settings(network: Network) -> TrainingSettings:
    """The network's parameters as plain values, with a seed drawn from its ``random_state``."""
    layers = np.ravel(network.hidden_layer_sizes)
    sizes = tuple(int(size) for size in layers) if layers.dtype.kind in "iu" else ()
    if not sizes or min(sizes) < 1:
        raise ValueError(
            f"hidden_layer_sizes={network.hidden_layer_sizes!r} must name at least one layer of one unit or more, in "
            "whole numbers such as (128, 64): the last layer is the representation that transform gives."
        )
    values = {field.name: getattr(network, field.name) for field in fields(TrainingSettings) if field.name != "seed"}
    values |= {"hidden_layer_sizes": sizes, "verbose": int(network.verbose)}
    if is_classifier(network) and network.linear_weight == "auto":
        values["linear_weight"] = DEFAULT_LINEAR_WEIGHT
    return TrainingSettings(**values, seed=draw_seed(check_random_state(network.random_state)))


def forward_in_batches(network: Network, X: ArrayLike, part: str | None = None) -> np.ndarray:
    """Outputs of the trained module, or of its named part, for each row of X.

    Parameters
    ----------
    network : Network
    X : array-like of shape (n_samples, n_features)
    part : str or None
        Dotted name of a submodule.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
        In the precision of X.
    """
    check_is_fitted(network)
    X = validate_numeric_data(network, X, reset=False)
    from ._training import predict_in_batches

    module_part = attrgetter(part) if part else (lambda module: module)
    with default_output():
        output = predict_in_batches(network.net_, module_part, X, network.scaler_.transform)
    return output.astype(X.dtype, copy=False)


class Network(DocLinkMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base of the two networks: their parameters, fitted attributes and representation."""

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (128, 64),
        *,
        dropout: float = 0.0,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        batch_size: int = 32,
        max_epochs: int = 200,
        patience: int = 20,
        validation_fraction: float = 0.25,
        refit: bool = True,
        linear_weight: float | str = "auto",
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.refit = refit
        self.linear_weight = linear_weight
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = NETWORK_CONSTRAINTS

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Give the representation: the last hidden layer's output.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples, hidden_layer_sizes[-1])
            The representation, in the precision of X.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If X has other columns than in ``fit``, or holds missing or infinite values.
        """
        return forward_in_batches(self, X, "represent")

    def _set_trained(self, trained: TrainedNetwork) -> None:
        """Write the fitted attributes of a training."""
        self.net_, self.scaler_ = trained.net, trained.scaler
        self.n_iter_ = len(trained.net.history)
        self._n_features_out = int(np.ravel(self.hidden_layer_sizes)[-1])

    def __getstate__(self) -> dict[str, Any]:
        """Plain values and arrays: reading a file of them needs neither torch nor pickle."""
        state = {**super().__getstate__()}
        if "net_" in state:
            from ._state import network_to_arrays

            state["net_"] = network_to_arrays(self.net_)
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        # Files of earlier versions hold networks without a linear part.
        super().__setstate__({"linear_weight": 0.0, **state})
        if "net_" in state:
            from ._state import network_from_arrays

            self.net_ = network_from_arrays(state["net_"], self.device)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def head_parameters(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Weights and intercepts of the last layer, whose input is the representation, without the linear part.

    Returns
    -------
    weights : ndarray of shape (n_outputs, n_features_out)
    intercepts : ndarray of shape (n_outputs,)
    """
    head = network.net_.module_.head
    return tuple(part.detach().cpu().double().numpy() for part in (head.weight, head.bias))
