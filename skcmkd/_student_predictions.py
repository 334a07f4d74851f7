"""Predictions of a distiller: its student's, from the student's modality alone."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from ._networks import NetworkClassifier
from ._validation import Table, as_table, draw_seed


class StudentPredictions(ClassifierMixin):
    """What a distiller does once it is fitted: it hands rows to ``student_``.

    A distiller has the parameter ``student``; one that takes both modalities in one table says in ``_student_table``
    which columns are the student's.
    """

    student: BaseEstimator | None
    student_: BaseEstimator

    def predict(self, X: Table) -> np.ndarray:
        """Predict the class of each row from the student's modality.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table; after a fit to one table that holds both modalities the teacher's columns may be there
            and are not looked at.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels.
        """
        check_is_fitted(self)
        return self.student_.predict(self._student_table(X))

    @available_if(lambda self: hasattr(self._student_or_default(), "predict_proba"))
    def predict_proba(self, X: Table) -> np.ndarray:
        """Predict the probability of each class from the student's modality.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, as in ``predict``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of ``classes_``.
        """
        check_is_fitted(self)
        return self.student_.predict_proba(self._student_table(X))

    @available_if(lambda self: hasattr(self._student_or_default(), "decision_function"))
    def decision_function(self, X: Table) -> np.ndarray:
        """Give the student's decision scores.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, as in ``predict``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Scores, as the student gives them.
        """
        check_is_fitted(self)
        return self.student_.decision_function(self._student_table(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        student = get_tags(self._student_or_default())
        tags.input_tags = student.input_tags
        tags.classifier_tags = student.classifier_tags
        tags.non_deterministic = student.non_deterministic
        return tags

    def _student_or_default(self) -> BaseEstimator:
        if hasattr(self, "student_"):
            return self.student_
        return NetworkClassifier() if self.student is None else self.student

    def _student_table(self, X: Table) -> Table:
        """The student's columns, checked against those of fit."""
        X = as_table(X, estimator=self)
        validate_data(self, X, reset=False, skip_check_array=True)
        return X


def clone_or_network(model: BaseEstimator | None) -> BaseEstimator:
    """An unfitted copy of the given model, a network where none is given."""
    return NetworkClassifier() if model is None else clone(model)


def seed_of(random_state: int | np.random.RandomState | None) -> int | None:
    """The given seed itself, so that the student alone can be repeated outside; None stays None."""
    if random_state is None or isinstance(random_state, Integral):
        return None if random_state is None else int(random_state)
    return draw_seed(check_random_state(random_state))
