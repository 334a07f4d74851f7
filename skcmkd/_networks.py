"""NetworkClassifier and NetworkRegressor: small networks behind plain scikit-learn estimators.

torch is imported when a network is fitted or evaluated, not before: an estimator that merely names a
network as its default costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral, Real
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ._validation import (
    Interval,
    as_codes,
    check_row_weights,
    draw_seed,
    keep_earlier_fit,
)

# Fewer rows than this leave no held-out set worth listening to: all epochs are run.
FEWEST_ROWS_TO_HOLD_OUT = 20

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
    "device": [str],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


def hold_out_rows(strata: np.ndarray | None, n_rows: int, fraction: float, seed: int) -> np.ndarray | None:
    """Mask of the rows held out for early stopping, or None when there are too few rows to spare any.

    Every stratum keeps its share where each has two rows or more; otherwise the rows are drawn plainly.
    """
    n_held_out = int(np.ceil(fraction * n_rows))
    if n_held_out == 0 or n_rows < FEWEST_ROWS_TO_HOLD_OUT:
        return None
    if strata is not None:
        sizes = np.unique(strata, return_counts=True)[1]
        if sizes.min() < 2 or len(sizes) > min(n_held_out, n_rows - n_held_out):
            strata = None
    rows = train_test_split(np.arange(n_rows), test_size=n_held_out, stratify=strata, random_state=seed)[1]
    mask = np.zeros(n_rows, dtype=bool)
    mask[rows] = True
    return mask


def _train(
    network: NetworkClassifier | NetworkRegressor,
    X: np.ndarray,
    row_loss: Callable[..., Any],
    targets: Sequence[np.ndarray],
    n_outputs: int,
    strata: np.ndarray | None,
) -> None:
    """Standardise X, hold rows out, train; sets ``scaler_``, ``net_`` and ``n_iter_``."""
    from ._modules import Perceptron
    from ._training import train_network

    seed = draw_seed(check_random_state(network.random_state))
    sizes = [int(size) for size in np.ravel(network.hidden_layer_sizes)]
    if not sizes or min(sizes) < 1:
        raise ValueError(
            f"hidden_layer_sizes={network.hidden_layer_sizes!r} must name at least one layer of one unit "
            "or more: the last layer is the representation that transform gives."
        )
    network.scaler_ = StandardScaler().fit(X)
    network._n_features_out = sizes[-1]
    fit_network = partial(
        train_network,
        partial(Perceptron, X.shape[1], sizes, n_outputs, network.dropout),
        row_loss,
        network.scaler_.transform(X).astype(np.float32),
        targets,
        patience=network.patience,
        batch_size=network.batch_size,
        learning_rate=network.learning_rate,
        weight_decay=network.weight_decay,
        device=network.device,
        seed=seed,
        verbose=int(network.verbose),
    )
    held_out = hold_out_rows(strata, len(X), network.validation_fraction, seed)
    network.net_ = fit_network(max_epochs=network.max_epochs, validation_rows=held_out)
    if held_out is not None and network.refit:
        losses = [epoch["valid_loss"] for epoch in network.net_.history]
        network.net_ = fit_network(max_epochs=int(np.argmin(losses)) + 1, validation_rows=None)
    network.n_iter_ = len(network.net_.history)


def _evaluate(network: Any, X: ArrayLike, part: str | None = None) -> np.ndarray:
    """Outputs of the trained module, or of its named part, for each row of X."""
    check_is_fitted(network)
    X = validate_data(network, X, reset=False, dtype=(np.float64, np.float32))
    from ._training import apply_in_blocks

    module_part = attrgetter(part) if part else (lambda module: module)
    output = apply_in_blocks(network.net_, module_part, network.scaler_.transform(X))
    return output.astype(X.dtype, copy=False)


class NetworkClassifier(ClassifierMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
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
        validation_fraction: float = 0.1,
        refit: bool = True,
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
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = NETWORK_CONSTRAINTS

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> NetworkClassifier:
        from ._losses import weighted_cross_entropy

        with keep_earlier_fit(self):
            self._validate_params()
            X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
            check_classification_targets(y)
            weight = check_row_weights(sample_weight, X)
            self.classes_, codes = as_codes(y)
            targets = (codes, weight)
            _train(self, X, weighted_cross_entropy, targets, len(self.classes_), strata=codes)
        return self

    def fit_soft_targets(
        self,
        X: ArrayLike,
        y: ArrayLike,
        label_weight: np.ndarray,
        teacher_proba: np.ndarray,
        teacher_weight: np.ndarray,
        temperature: float,
    ) -> NetworkClassifier:
        from ._losses import distillation_loss

        with keep_earlier_fit(self):
            self._validate_params()
            X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
            self.classes_, codes = as_codes(y)
            targets = (
                codes,
                label_weight.astype(np.float32),
                teacher_proba.astype(np.float32),
                teacher_weight.astype(np.float32),
            )
            strata = np.where(label_weight > 0, codes, -1)
            row_loss = partial(distillation_loss, temperature=temperature)
            _train(self, X, row_loss, targets, len(self.classes_), strata)
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        logits = _evaluate(self, X)
        proba = np.exp(logits - logits.max(axis=1, keepdims=True))
        return proba / proba.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> np.ndarray:
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def transform(self, X: ArrayLike) -> np.ndarray:
        return _evaluate(self, X, "represent")
