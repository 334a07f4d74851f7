"""NetworkClassifier and NetworkRegressor: small networks behind plain scikit-learn estimators.

torch is imported when a network is fitted or evaluated, not before: an estimator that merely names a
network as its default costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.preprocessing import StandardScaler
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from ._documentation import DocumentationLink
from ._network_training import of_positive_weight, train_on
from ._row_values import as_codes, check_groups, check_labels, check_row_weights
from ._table_values import validate_numbers
from ._validation import ArrayLike, Interval, keep_earlier_fit

if TYPE_CHECKING:
    from ._cohorts import Alignment
    from ._objectives import Objective

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


def _evaluate(network: _Network, X: ArrayLike, part: str | None = None) -> np.ndarray:
    """Outputs of the trained module, or of its named part, for each row of X."""
    check_is_fitted(network)
    X = validate_numbers(network, X, reset=False)
    from ._training import apply_in_blocks

    module_part = attrgetter(part) if part else (lambda module: module)
    output = apply_in_blocks(network.net_, module_part, X, network.scaler_.transform)
    return output.astype(X.dtype, copy=False)


class _Network(DocumentationLink, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What the two networks have in common: their parameters and their representation."""

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
        return _evaluate(self, X, "represent")

    def __getstate__(self) -> dict[str, Any]:
        """Everything as plain values and arrays: a file of it needs neither torch nor pickle to be read."""
        state = {**super().__getstate__()}
        if "net_" in state:
            from ._network_state import state_of_network

            state["net_"] = state_of_network(self.net_)
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__({**state})
        if "net_" in state:
            from ._network_state import network_of_state

            self.net_ = network_of_state(state["net_"], self.device)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def fit_soft_targets(
    network: NetworkClassifier,
    X: ArrayLike,
    y: ArrayLike,
    label_weight: np.ndarray,
    teacher_proba: np.ndarray,
    teacher_weight: np.ndarray,
    temperature: float,
    *,
    taught_classes: Sequence[int] | None = None,
    alignment: Alignment | None = None,
    row_ties: Sequence[np.ndarray] = (),
    groups: np.ndarray | None = None,
    objective: Objective | None = None,
    teacher_features: np.ndarray | None = None,
) -> NetworkClassifier:
    """Fit the network in place to labels and to a teacher's class probabilities, each row with two weights.

    Classes are those of y, sorted; the columns of ``teacher_proba`` follow them. With an ``alignment`` the network is
    also aligned with a teacher's cohort; ``row_ties`` are the further targets of each row that this takes. An
    ``objective`` other than soft targets takes their place, and has no alignment beside it; what it matches of the
    teacher's representation is in ``teacher_features``, read only where ``teacher_weight`` is above 0.
    """
    from ._losses import DistillationLoss

    with keep_earlier_fit(network):
        network._validate_params()
        X, y = validate_numbers(network, X, y)
        network.classes_, codes = as_codes(y)
        if alignment is None and not (heard := label_weight + teacher_weight > 0).all():
            # A row of weight 0 must not set the scale of a column, nor be held out.
            X, codes, label_weight, teacher_proba, teacher_weight = (
                a[heard] for a in (X, codes, label_weight, teacher_proba, teacher_weight)
            )
            groups, teacher_features = (None if a is None else a[heard] for a in (groups, teacher_features))
        targets = [codes, *(a.astype(np.float32) for a in (label_weight, teacher_proba, teacher_weight)), *row_ties]
        strata = np.where(label_weight > 0, codes, -1)
        n_classes = len(network.classes_)
        distillation = DistillationLoss(temperature, taught_classes, taught=bool(teacher_weight.any()))
        if objective is not None and not objective.is_soft_targets and distillation.taught:
            from ._objectives import loss_of_objective
            from ._training import backpropagate

            n_features = int(np.ravel(network.hidden_layer_sizes)[-1])
            loss, features = loss_of_objective(objective, distillation, X, targets, teacher_features, n_features)
            train_on(network, X, loss, [*targets, features], n_classes, strata, backpropagate, groups)
            network.net_.module_.shows_features = False
        elif alignment is None:
            train_on(network, X, distillation, targets, n_classes, strata, groups=groups)
        else:
            from ._aligned_loss import AlignedLoss
            from ._lookahead import BACKWARD

            n_features = int(np.ravel(network.hidden_layer_sizes)[-1])
            labelled, _, anchored = row_ties
            complete = bool((labelled & alignment.cohort.known[codes]).all())
            tied = bool(anchored.any())
            aligned_loss = AlignedLoss(alignment, distillation, n_features, complete=complete, tied=tied)
            train_on(network, X, aligned_loss, targets, n_classes, strata, BACKWARD[alignment.name], groups)
            network.net_.module_.shows_features = False
    return network


def network_head(network: _Network) -> tuple[np.ndarray, np.ndarray]:
    """Weights and intercepts of the last layer, which the representation goes through."""
    head = network.net_.module_.head
    return tuple(part.detach().cpu().double().numpy() for part in (head.weight, head.bias))


class NetworkClassifier(ClassifierMixin, _Network):
    """A small neural network that classifies the rows of a table.

    Standardised columns, rectified linear layers, softmax; minimises the weighted mean of -log p_y (nats) by AdamW
    with early stopping on held-out rows. Predictions are computed in double precision.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(128, 64)
        Units of each hidden layer; the last is the representation that ``transform`` gives.
    dropout : float in [0, 1), default=0.0
        Share of hidden units silenced in each training step.
    learning_rate : float > 0, default=1e-3
        Step size of AdamW.
    weight_decay : float >= 0, default=1e-2
        Decoupled weight decay of AdamW.
    batch_size : int, default=32
        Rows of a training step.
    max_epochs : int, default=200
        Passes over the rows, at most.
    patience : int, default=20
        Epochs without improvement on the held-out rows after which training stops.
    validation_fraction : float in [0, 1), default=0.1
        Share of rows held out for early stopping, stratified by class; 0, or fewer than 20 rows, runs all
        epochs.
    refit : bool, default=True
        After early stopping, train again on all rows for the number of epochs that was best. On 100 rows this
        is worth more than the time it costs. False restores the best epoch's weights and leaves the held-out
        rows unused.
    device : str, default="auto"
        Torch device; "auto" is CUDA where there is one, else the processor.
    random_state : int, RandomState or None, default=None
        Seed of held-out rows, initial weights, batches and dropout.
    verbose : int, default=0
        1 prints a line for each epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    net_ : skorch.NeuralNet
        The trained network, trimmed for prediction; ``net_.module_`` is the torch module and ``net_.history`` holds
        the loss of each epoch.
    scaler_ : StandardScaler
        Standardises the columns of X.
    n_iter_ : int
        Epochs that the network was trained for.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, when X had string names in fit.

    See Also
    --------
    NetworkRegressor : The same for continuous targets.
    PairedDistiller : Teaches such a network from another modality.

    References
    ----------
    Rumelhart, Hinton, Williams (1986). Learning representations by back-propagating errors. Nature 323, 533-536.
    Loshchilov, Hutter. Decoupled weight decay regularization. arXiv 1711.05101, algorithm 2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skcmkd import NetworkClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = NetworkClassifier(max_epochs=30, random_state=0).fit(X, y)
    >>> network.score(X, y) > 0.9
    True
    >>> network.transform(X).shape
    (150, 64)
    """

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *, groups: ArrayLike | None = None
    ) -> NetworkClassifier:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : array-like of shape (n_samples,)
            Class labels, at least two classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row's loss; only the weights' proportions matter.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, such as the patient: rows of a group are held out together for early stopping.

        Returns
        -------
        NetworkClassifier
            The network itself.

        Raises
        ------
        ValueError
            If X holds missing or infinite values, y has one class, the device is not there, or the loss becomes
            infinite.
        """
        from ._losses import weighted_cross_entropy

        with keep_earlier_fit(self):
            self._validate_params()
            X, y = validate_numbers(self, X, y)
            weight = check_row_weights(sample_weight, X)
            self.classes_, codes = as_codes(check_labels(y))
            X, codes, weight, groups = of_positive_weight(weight, X, codes, check_groups(groups, X))
            train_on(self, X, weighted_cross_entropy, (codes, weight), len(self.classes_), strata=codes, groups=groups)
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If X has other columns than in ``fit``, or holds missing or infinite values.
        """
        return softmax(_evaluate(self, X), axis=1)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If X has other columns than in ``fit``, or holds missing or infinite values.
        """
        check_is_fitted(self)
        return self.classes_[_evaluate(self, X).argmax(axis=1)]


class NetworkRegressor(RegressorMixin, _Network):
    """A small neural network that predicts one or several numbers from the rows of a table.

    Standardised columns and targets, rectified linear layers, linear output; minimises the weighted mean of
    (y - p)^2 by AdamW with early stopping on held-out rows. Predictions are computed in double precision.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(128, 64)
        Units of each hidden layer; the last is the representation that ``transform`` gives.
    dropout : float in [0, 1), default=0.0
        Share of hidden units silenced in each training step.
    learning_rate : float > 0, default=1e-3
        Step size of AdamW.
    weight_decay : float >= 0, default=1e-2
        Decoupled weight decay of AdamW.
    batch_size : int, default=32
        Rows of a training step.
    max_epochs : int, default=200
        Passes over the rows, at most.
    patience : int, default=20
        Epochs without improvement on the held-out rows after which training stops.
    validation_fraction : float in [0, 1), default=0.1
        Share of rows held out for early stopping, drawn at random; 0, or fewer than 20 rows, runs all
        epochs.
    refit : bool, default=True
        After early stopping, train again on all rows for the number of epochs that was best. On 100 rows this
        is worth more than the time it costs. False restores the best epoch's weights and leaves the held-out
        rows unused.
    device : str, default="auto"
        Torch device; "auto" is CUDA where there is one, else the processor.
    random_state : int, RandomState or None, default=None
        Seed of held-out rows, initial weights, batches and dropout.
    verbose : int, default=0
        1 prints a line for each epoch.

    Attributes
    ----------
    target_scaler_ : StandardScaler
        Standardises the targets.
    net_ : skorch.NeuralNet
        The trained network, trimmed for prediction; ``net_.module_`` is the torch module and ``net_.history`` holds
        the loss of each epoch.
    scaler_ : StandardScaler
        Standardises the columns of X.
    n_iter_ : int
        Epochs that the network was trained for.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, when X had string names in fit.

    See Also
    --------
    NetworkClassifier : The same for class labels.

    References
    ----------
    Rumelhart, Hinton, Williams (1986). Learning representations by back-propagating errors. Nature 323, 533-536.
    Loshchilov, Hutter. Decoupled weight decay regularization. arXiv 1711.05101, algorithm 2.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skcmkd import NetworkRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> NetworkRegressor(max_epochs=30, random_state=0).fit(X, y).score(X, y) > 0.4
    True
    """

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *, groups: ArrayLike | None = None
    ) -> NetworkRegressor:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Finite targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row's loss; only the weights' proportions matter.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, such as the patient: rows of a group are held out together for early stopping.

        Returns
        -------
        NetworkRegressor
            The network itself.

        Raises
        ------
        ValueError
            If X or y holds missing or infinite values, the device is not there, or the loss becomes infinite.
        """
        from ._losses import weighted_squared_error

        with keep_earlier_fit(self):
            self._validate_params()
            X, y = validate_numbers(self, X, y, multi_output=True, y_numeric=True)
            y = y if y.ndim == 1 or y.shape[1] > 1 else column_or_1d(y, warn=True)
            weight = check_row_weights(sample_weight, X)
            X, y, weight, groups = of_positive_weight(weight, X, y, check_groups(groups, X))
            self._one_target = y.ndim == 1
            target = y.reshape(len(y), -1)
            self.target_scaler_ = StandardScaler().fit(target)
            target = self.target_scaler_.transform(target).astype(np.float32)
            train_on(self, X, weighted_squared_error, (target, weight), target.shape[1], strata=None, groups=groups)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If X has other columns than in ``fit``, or holds missing or infinite values.
        """
        check_is_fitted(self)
        prediction = self.target_scaler_.inverse_transform(_evaluate(self, X))
        return prediction[:, 0] if self._one_target else prediction

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
