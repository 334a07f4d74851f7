"""What represents a modality in the estimates: its encoder's predictions, or its encoder's embedding."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from .._linear_model._logistic import make_default_classifier
from .._linear_model._ridge import LeaveOutRidge
from .._validation._tables import Table
from ..networks._mlp import NetworkClassifier, NetworkRegressor


class Predictions:
    """Class probabilities, or predictions of a continuous target; ``classes`` is None for the latter."""

    name = "predictions"
    n_folds = 5
    # The default encoders are linear models: refitting one on each half, or for several repeats, takes seconds.
    is_fast = True

    def default_encoder(self, classes: np.ndarray | None) -> BaseEstimator:
        return LeaveOutRidge() if classes is None else make_default_classifier()

    def default_estimator(self, classes: np.ndarray | None) -> str:
        """Name of the mutual information estimator that "auto" stands for."""
        return "gaussian" if classes is None else "classifier"

    def required_method(self, classes: np.ndarray | None) -> str:
        """Method that an encoder must have."""
        return "predict" if classes is None else "predict_proba"

    def embed(self, model: BaseEstimator, X: Table) -> np.ndarray | None:
        """No embedding is needed."""
        return None

    def block_ids(self, fold_ids: np.ndarray) -> np.ndarray:
        """Block of each row, of shape (n_rows,): one block, since predictions of all encoders have the same meaning."""
        return np.zeros(len(fold_ids), dtype=int)


class Embedding:
    """The encoder's ``transform`` of the rows; ``classes`` is None for a continuous target."""

    name = "embedding"
    # Embeddings are compared within each fold, so folds must be large.
    n_folds = 2
    is_fast = False

    def default_encoder(self, classes: np.ndarray | None) -> BaseEstimator:
        network = NetworkRegressor() if classes is None else NetworkClassifier()
        model = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), network)
        return model.set_output(transform="default")

    def default_estimator(self, classes: np.ndarray | None) -> str:
        """Name of the mutual information estimator that "auto" stands for."""
        return "ksg"

    def required_method(self, classes: np.ndarray | None) -> str:
        """Method that an encoder must have."""
        return "transform"

    def embed(self, model: BaseEstimator, X: Table) -> np.ndarray | None:
        """Embedding of the rows, of shape (n_rows, n_components)."""
        return np.asarray(model.transform(X), dtype=float)

    def block_ids(self, fold_ids: np.ndarray) -> np.ndarray:
        """Block of each row, of shape (n_rows,): its fold, since the coordinates of two networks have no relation."""
        return fold_ids


Representation = Predictions | Embedding
REPRESENTATIONS: dict[str, Representation] = {each.name: each for each in (Predictions(), Embedding())}
