"""Temperature scaling of probabilities, by their log-loss on held-out rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._validation._tables import Table

MIN_PROBABILITY = 1e-12
# Probabilities that are never wrong would be sharpened, and uninformative ones flattened, without end.
MAX_LOG_TEMPERATURE = 5.0


def scale_proba(proba: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities p^(1/T), normalized: flatter for T above 1, sharper below; the order of classes stays."""
    return softmax(np.log(np.clip(proba, MIN_PROBABILITY, 1)) / temperature, axis=1)


def fit_temperature(proba: np.ndarray, codes: np.ndarray, weight: np.ndarray | None = None) -> float:
    """The T with the least mean log-loss of p^(1/T) on held-out rows.

    Parameters
    ----------
    proba : ndarray of shape (n_rows, n_classes)
    codes : ndarray of shape (n_rows,)
        Column of each row's class.
    weight : ndarray of shape (n_rows,) or None
    """
    log_proba = np.log(np.clip(proba, MIN_PROBABILITY, 1))
    rows = np.arange(len(codes))

    def log_loss(log_temperature: float) -> float:
        log_p_true = log_softmax(log_proba / np.exp(log_temperature), axis=1)[rows, codes]
        return float(-np.average(log_p_true, weights=weight))

    limit = MAX_LOG_TEMPERATURE
    return float(np.exp(minimize_scalar(log_loss, bounds=(-limit, limit), method="bounded").x))


class TemperatureScaled(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose probabilities are p^(1/temperature), normalized.

    Guo, Pleiss, Sun, Weinberger. On calibration of modern neural networks. arXiv 1706.04599, section 4.2.
    """

    def __init__(self, estimator: BaseEstimator, temperature: float) -> None:
        self.estimator = estimator
        self.temperature = temperature

    def fit(self, X: Table, y: np.ndarray) -> TemperatureScaled:
        """Leave the classifier as it is."""
        check_is_fitted(self.estimator)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def classes_(self) -> np.ndarray:
        return self.estimator.classes_

    @property
    def n_features_in_(self) -> int:
        return self.estimator.n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:
        return self.estimator.feature_names_in_

    def predict(self, X: Table) -> np.ndarray:
        return self.estimator.predict(X)

    def predict_proba(self, X: Table) -> np.ndarray:
        return scale_proba(self.estimator.predict_proba(X), self.temperature)

    @available_if(lambda self: hasattr(self.estimator, "transform"))
    def transform(self, X: Table) -> np.ndarray:
        return self.estimator.transform(X)

    def __sklearn_tags__(self) -> Any:
        return get_tags(self.estimator)
