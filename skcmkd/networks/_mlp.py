"""NetworkClassifier and NetworkRegressor: small networks behind plain scikit-learn estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from .._validation._sklearn import ArrayLike, default_output, restore_on_error
from .._validation._table_checks import validate_numeric_data
from .._validation._target_checks import check_groups, check_labels, encode_labels, normalized_sample_weight
from ._base import Network, forward_in_batches, training_settings
from ._fit import drop_zero_weight, early_stopping_mask, fit_network


class NetworkClassifier(ClassifierMixin, Network):
    """A small neural network that classifies the rows of a table.

    Standardized columns, softmax of the mean of two sets of scores: rectified linear layers, which minimize the
    weighted mean of -log p_y (nats) by AdamW with early stopping on held-out rows, and a linear model, which minimizes
    the same with a ridge penalty. Predictions are computed in double precision.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(128, 64)
        Units of each hidden layer; the last is the representation that ``transform`` gives.
    dropout : float in [0, 1), default=0.0
        Proportion of hidden units set to 0 in each training step.
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
    validation_fraction : float in [0, 1), default=0.25
        Proportion of rows held out for early stopping, stratified by class; 0, or fewer than 20 rows, runs all
        epochs.
    refit : bool, default=True
        After early stopping, train again on all rows for the number of epochs with the least held-out loss. False
        restores the weights of that epoch and leaves the held-out rows unused.
    linear_weight : float in [0, 1) or "auto", default="auto"
        Weight w of a linear model in the output, which is
        (1 - w) * hidden layers + w * linear model of the standardized columns; 0 leaves it out. The linear model has a
        ridge penalty chosen by cross-validation. "auto" is 1/2.
    device : {"auto", "cpu", "cuda"} or str, default="auto"
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
        Standardizes the columns of X.
    n_iter_ : int
        Epochs that the network was trained for.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, when X had string names in fit.

    See Also
    --------
    NetworkRegressor : The same for continuous targets.
    PairedDistiller : Trains such a network on soft targets from another modality.

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

    @restore_on_error
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
            If X holds missing or infinite values, y has one class, the device is not available, or the loss becomes
            infinite.
        """
        from ._losses import weighted_cross_entropy

        self._validate_params()
        X, y = validate_numeric_data(self, X, y)
        weight = normalized_sample_weight(sample_weight, X)
        self.classes_, codes = encode_labels(check_labels(y))
        X, codes, weight, groups = drop_zero_weight(weight, X, codes, check_groups(groups, X))
        settings = training_settings(self)
        held_out = early_stopping_mask(codes, len(X), settings.validation_fraction, settings.seed, groups)
        n_classes = len(self.classes_)
        self._set_trained(
            fit_network(
                settings,
                X,
                weighted_cross_entropy,
                (codes, weight),
                n_classes,
                held_out,
                linear_loss=weighted_cross_entropy,
                strata=codes,
                groups=groups,
            )
        )
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
        return softmax(forward_in_batches(self, X), axis=1)

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
        return self.classes_[forward_in_batches(self, X).argmax(axis=1)]


class NetworkRegressor(RegressorMixin, Network):
    """A small neural network that predicts one or several numbers from the rows of a table.

    Standardized columns and targets, weighted mean of two predictions: rectified linear layers, which minimize the
    weighted mean of (y - p)^2 by AdamW with early stopping on held-out rows, and a linear model, which minimizes the
    same with a ridge penalty. Predictions are computed in double precision.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(128, 64)
        Units of each hidden layer; the last is the representation that ``transform`` gives.
    dropout : float in [0, 1), default=0.0
        Proportion of hidden units set to 0 in each training step.
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
    validation_fraction : float in [0, 1), default=0.25
        Proportion of rows held out for early stopping, drawn at random; 0, or fewer than 20 rows, runs all
        epochs.
    refit : bool, default=True
        After early stopping, train again on all rows for the number of epochs with the least held-out loss. False
        restores the weights of that epoch and leaves the held-out rows unused.
    linear_weight : float in [0, 1) or "auto", default="auto"
        Weight w of a linear model in the output, which is
        (1 - w) * hidden layers + w * linear model of the standardized columns; 0 leaves it out. The linear model has a
        ridge penalty chosen by cross-validation. "auto" is the one of 1/4, 1/2, 3/4 and 1 with the least
        squared error over the held-out rows, which neither part is fitted to then; 1/2 where no rows are held out.
    device : {"auto", "cpu", "cuda"} or str, default="auto"
        Torch device; "auto" is CUDA where there is one, else the processor.
    random_state : int, RandomState or None, default=None
        Seed of held-out rows, initial weights, batches and dropout.
    verbose : int, default=0
        1 prints a line for each epoch.

    Attributes
    ----------
    target_scaler_ : StandardScaler
        Standardizes the targets.
    net_ : skorch.NeuralNet
        The trained network, trimmed for prediction; ``net_.module_`` is the torch module and ``net_.history`` holds
        the loss of each epoch.
    scaler_ : StandardScaler
        Standardizes the columns of X.
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
    Breiman (1996). Stacked regressions. Machine Learning 24, 49-64: the weight of the linear model.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skcmkd import NetworkRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> NetworkRegressor(max_epochs=30, random_state=0).fit(X, y).score(X, y) > 0.4
    True
    """

    @restore_on_error
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
            If X or y holds missing or infinite values, the device is not available, or the loss becomes infinite.
        """
        from ._losses import weighted_squared_error

        self._validate_params()
        X, y = validate_numeric_data(self, X, y, multi_output=True, y_numeric=True)
        y = y if y.ndim == 1 or y.shape[1] > 1 else column_or_1d(y, warn=True)
        weight = normalized_sample_weight(sample_weight, X)
        X, y, weight, groups = drop_zero_weight(weight, X, y, check_groups(groups, X))
        self._one_target = y.ndim == 1
        target = y.reshape(len(y), -1)
        self.target_scaler_ = StandardScaler().fit(target)
        with default_output():
            targets = self.target_scaler_.transform(target).astype(np.float32), weight
        settings = training_settings(self)
        held_out = early_stopping_mask(None, len(X), settings.validation_fraction, settings.seed, groups)
        self._set_trained(
            fit_network(
                settings,
                X,
                weighted_squared_error,
                targets,
                target.shape[1],
                held_out,
                linear_loss=weighted_squared_error,
                groups=groups,
            )
        )
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
        prediction = self.target_scaler_.inverse_transform(forward_in_batches(self, X))
        return prediction[:, 0] if self._one_target else prediction

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
