"""What is predicted, a class or a quantity: what a model says of it, and how good that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from .._model_selection._cross_fitting import check_training_classes
from .._model_selection._probabilities import predict_aligned_proba
from .._validation._tables import Table
from ._fit_student import check_student


@dataclass(frozen=True)
class ClassTarget:
    """A class; an opinion holds its probabilities in the order of ``classes``, and its loss is the Brier score."""

    classes: np.ndarray
    loss_name: ClassVar[str] = "brier"

    @property
    def width(self) -> int:
        return len(self.classes)

    def opinion(self, model: BaseEstimator, X: Table) -> np.ndarray:
        """Probabilities; of a model that has none, 1 for the class that it predicts."""
        if hasattr(model, "predict_proba"):
            return predict_aligned_proba(model, X, self.classes)
        return (model.predict(X)[:, None] == self.classes).astype(float)

    def losses(self, opinion: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Brier score |onehot(y) - p|^2, a proper score that one confident mistake cannot rule."""
        return ((opinion - self.as_numbers(y)) ** 2).sum(axis=1)

    def as_numbers(self, y: np.ndarray) -> np.ndarray:
        """1 in the column of the class."""
        return (y[:, None] == self.classes).astype(float)

    def check_training(self, y: np.ndarray, estimator: BaseEstimator, left_out: Sequence[int]) -> None:
        """At least two classes."""
        check_training_classes(y, estimator, left_out)

    def check_teacher(self, teacher: BaseEstimator) -> None:
        """It gives probabilities."""
        if not hasattr(teacher, "predict_proba"):
            raise ValueError(
                f"The teacher {teacher.__class__.__name__} has no predict_proba, which soft targets need. Use one "
                "that has, or wrap it in CalibratedClassifierCV."
            )

    def check_student(self, student: BaseEstimator) -> None:
        """It takes row weights, to be shown each row once per class, or soft targets themselves."""
        check_student(student)


@dataclass(frozen=True)
class QuantityTarget:
    """One or several numbers; an opinion holds the prediction of each, and its loss is the squared error."""

    width: int
    loss_name: ClassVar[str] = "squared_error"
    classes: ClassVar[np.ndarray] = np.empty(0)

    def opinion(self, model: BaseEstimator, X: Table) -> np.ndarray:
        """Predictions, which must be finite."""
        given = np.asarray(model.predict(X), dtype=np.float64)
        given = given.reshape(len(given), -1)
        if given.shape[1] != self.width:
            raise ValueError(
                f"{model.__class__.__name__}.predict gave {given.shape[1]} numbers a row and y has {self.width}; give "
                "a model of the same target."
            )
        if not np.isfinite(given).all():
            raise ValueError(
                f"{model.__class__.__name__}.predict gave NaN or infinity for "
                f"{int((~np.isfinite(given)).any(axis=1).sum())} of {len(given)} rows; give a model that does not."
            )
        return given

    def losses(self, opinion: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Squared error averaged over the target's columns."""
        return ((opinion - self.as_numbers(y)) ** 2).mean(axis=1)

    def as_numbers(self, y: np.ndarray) -> np.ndarray:
        """A column a number."""
        return y.reshape(len(y), -1)

    def check_training(self, y: np.ndarray, estimator: BaseEstimator, left_out: Sequence[int]) -> None:
        """At least one row."""
        if len(y) == 0:
            raise ValueError(
                f"No rows with measured values remain to fit {estimator.__class__.__name__} when fold "
                f"{[int(fold) for fold in left_out]} is held out. Give another cv, or measure more rows."
            )

    def check_teacher(self, teacher: BaseEstimator) -> None:
        """Any that predicts."""

    def check_student(self, student: BaseEstimator) -> None:
        """Any that predicts."""


# What both can do: the opinion that a fitted model has of each row, shape (n_rows, width); the truth as such an
# opinion; the loss of each row; and checks of labels, teachers and students.
Target = ClassTarget | QuantityTarget
