"""The target of a distillation, classes or continuous: predictions in one form, and the loss of each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from .._model_selection._cross_fitting import check_training_classes, describe_held_out
from .._model_selection._pipelines import check_keeps_rows
from .._model_selection._probabilities import predict_proba_for, predict_smoothed_proba
from .._model_selection._row_scores import brier_score, squared_error
from .._validation._array_checks import check_finite_output
from .._validation._tables import Table
from ._fit_student import check_accepts_soft_targets


@dataclass(frozen=True)
class ClassificationTarget:
    """Classes: predictions are probabilities in the order of ``classes``, and the loss is the Brier score.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
    """

    classes: np.ndarray
    loss_name: ClassVar[str] = "brier"

    @property
    def n_outputs(self) -> int:
        return len(self.classes)

    def predict(self, model: BaseEstimator, X: Table, n_training: int | None = None) -> np.ndarray:
        """Probabilities of shape (n_rows, n_classes); 1 for the predicted class if the model has none.

        With the number of training rows, a class that is not among them gets the probability of one row.
        """
        if not hasattr(model, "predict_proba"):
            return (model.predict(X)[:, None] == self.classes).astype(float)
        if n_training is None or np.isin(self.classes, model.classes_).all():
            return predict_proba_for(model, X, self.classes)
        return predict_smoothed_proba(model, X, self.classes, n_training)

    def row_losses(self, prediction: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Brier score of each row, a proper score that one confident mistake cannot dominate."""
        return brier_score(prediction, np.searchsorted(self.classes, y))

    def encode(self, y: np.ndarray) -> np.ndarray:
        """One-hot labels of shape (n_rows, n_classes)."""
        return (y[:, None] == self.classes).astype(float)

    def check_training_labels(self, y: np.ndarray, estimator: BaseEstimator, excluded_folds: Sequence[int]) -> None:
        """Raise unless there are at least two classes."""
        check_training_classes(y, estimator, excluded_folds)

    def check_teacher(self, teacher: BaseEstimator) -> None:
        """Raise unless it predicts probabilities."""
        if not hasattr(teacher, "predict_proba"):
            raise ValueError(
                f"The teacher {teacher.__class__.__name__} has no predict_proba, which soft targets need. Use one "
                "that has, or wrap it in CalibratedClassifierCV."
            )

    def check_student(self, student: BaseEstimator) -> None:
        """Raise unless it can be trained on soft targets."""
        check_accepts_soft_targets(student)


@dataclass(frozen=True)
class RegressionTarget:
    """One or several continuous targets: predictions have a column for each, and the loss is the squared error.

    Attributes
    ----------
    n_outputs : int
    """

    n_outputs: int
    loss_name: ClassVar[str] = "squared_error"
    classes: ClassVar[np.ndarray] = np.empty(0)

    def predict(self, model: BaseEstimator, X: Table, n_training: int | None = None) -> np.ndarray:
        """Finite predictions of shape (n_rows, n_outputs)."""
        prediction = np.asarray(model.predict(X), dtype=np.float64)
        prediction = prediction.reshape(len(prediction), -1)
        if prediction.shape[1] != self.n_outputs:
            raise ValueError(
                f"{model.__class__.__name__}.predict gave {prediction.shape[1]} numbers a row and y has "
                f"{self.n_outputs}; give a model of the same target."
            )
        check_finite_output(prediction, f"{model.__class__.__name__}.predict")
        return prediction

    def row_losses(self, prediction: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Squared error of each row, averaged over the outputs."""
        return squared_error(prediction, self.encode(y))

    def encode(self, y: np.ndarray) -> np.ndarray:
        """The target as a table of shape (n_rows, n_outputs)."""
        return y.reshape(len(y), -1)

    def check_training_labels(self, y: np.ndarray, estimator: BaseEstimator, excluded_folds: Sequence[int]) -> None:
        """Raise unless there is a row."""
        if len(y) == 0:
            raise ValueError(
                f"No rows with measured values remain to fit {estimator.__class__.__name__}"
                f"{describe_held_out(excluded_folds)}. Give another cv, or measure more rows."
            )

    def check_teacher(self, teacher: BaseEstimator) -> None:
        """Any regressor will do."""

    def check_student(self, student: BaseEstimator) -> None:
        """Raise if it is a pipeline that resamples rows; any other regressor will do."""
        check_keeps_rows(student)


# Both have the same methods.
Target = ClassificationTarget | RegressionTarget
