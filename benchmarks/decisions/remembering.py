"""A classifier that is fitted once for the same rows."""

from __future__ import annotations

from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import get_tags

_fitted: dict[str, Any] = {}


def forget() -> None:
    """Free the models that were kept."""
    _fitted.clear()


class Remembering(ClassifierMixin, BaseEstimator):
    """Fit a classifier, or take the one that this process has already fitted to the same table and labels.

    The same teacher is used for many students, weights and estimators of mutual information, on the same folds.
    """

    def __init__(self, classifier: BaseEstimator) -> None:
        self.classifier = classifier

    def fit(self, X: Any, y: Any) -> Remembering:
        """Fit, or take the stored model."""
        key = joblib.hash((repr(self.classifier), list(getattr(X, "columns", [])), np.asarray(X), np.asarray(y)))
        if key not in _fitted:
            _fitted[key] = clone(self.classifier).fit(X, y)
        self.model_ = _fitted[key]
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities."""
        return self.model_.predict_proba(X)

    def predict(self, X: Any) -> np.ndarray:
        """Class labels."""
        return self.model_.predict(X)

    def transform(self, X: Any) -> np.ndarray:
        """The representation by a network."""
        return self.model_.transform(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.classifier).input_tags
        return tags
