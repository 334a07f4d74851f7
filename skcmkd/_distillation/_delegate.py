"""Predictions of a distiller: its student's, from the student's modality alone."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone, is_classifier, is_regressor
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._utils._doc_link import DocLinkMixin
from .._validation._array_checks import check_columns_of_fit
from .._validation._columns import select_student_columns
from .._validation._failures import explain_failure
from .._validation._sklearn import draw_seed, n_features
from .._validation._tables import Table, as_table, take_columns
from ..networks._mlp import NetworkClassifier, NetworkRegressor


class StudentMixin(DocLinkMixin, BaseEstimator):
    """What a distiller does once it is fitted: it hands rows to ``student_``.

    A distiller has the parameter ``student``. One that was fitted to both modalities in one table keeps the positions
    of the student's columns, and how many columns there were, in ``_student_columns`` and ``_n_table_columns``.
    """

    student: BaseEstimator | None
    student_: BaseEstimator
    _default_student: type[BaseEstimator]
    _student_columns: np.ndarray | None = None
    _n_table_columns: int

    def predict(self, X: Table) -> np.ndarray:
        """Predict the target of each row from the student's modality.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table; after a fit to one table that holds both modalities the teacher's columns may be there
            and are not looked at.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Class labels, or numbers.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If X lacks columns of the student, has other columns than in ``fit``, or holds what the student cannot
            take, such as missing values.
        """
        check_is_fitted(self)
        return self._predict_with_student("predict", X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        student = get_tags(self._get_student())
        tags.input_tags = student.input_tags
        tags.classifier_tags = student.classifier_tags
        tags.regressor_tags = student.regressor_tags
        tags.target_tags.multi_output = tags.estimator_type == "regressor" and student.target_tags.multi_output
        tags.non_deterministic = student.non_deterministic
        return tags

    def _get_student(self) -> BaseEstimator:
        if hasattr(self, "student_"):
            return self.student_
        return self._default_student() if self.student is None else self.student

    def _predict_with_student(self, method: str, X: Table) -> np.ndarray:
        X = self._student_table(X)
        with explain_failure(self.student_, "student", lambda: {"X": X}):
            return getattr(self.student_, method)(X)

    def _student_table(self, X: Table) -> Table:
        """The student's columns of a table with or without the teacher's, checked against those of fit."""
        X = as_table(X, estimator=self)
        if self._student_columns is not None:
            names = getattr(self, "feature_names_in_", None)
            selected = select_student_columns(X, names) if names is not None else None
            if selected is not None:
                X = selected
            elif n_features(X) == self._n_table_columns:
                X = take_columns(X, self._student_columns)
        check_columns_of_fit(self, X)
        return X


class ClassifierStudentMixin(ClassifierMixin, StudentMixin):
    """The same for classes, with their probabilities."""

    _default_student = NetworkClassifier

    @available_if(lambda self: hasattr(self._get_student(), "predict_proba"))
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

        Raises
        ------
        NotFittedError, ValueError
            As in ``predict``.
        """
        check_is_fitted(self)
        return self._predict_with_student("predict_proba", X)

    @available_if(lambda self: hasattr(self._get_student(), "decision_function"))
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

        Raises
        ------
        NotFittedError, ValueError
            As in ``predict``.
        """
        check_is_fitted(self)
        return self._predict_with_student("decision_function", X)


class RegressorStudentMixin(RegressorMixin, StudentMixin):
    """The same for quantities."""

    _default_student = NetworkRegressor


def check_estimator_type(student: BaseEstimator, *, classes: bool) -> None:
    """Raise on a regressor that is to learn classes, and on a classifier that is to learn a quantity."""
    name = student.__class__.__name__
    if classes and is_regressor(student):
        raise ValueError(
            f"The student {name} is a regressor and y holds classes. Give a classifier; for a quantity take "
            "PairedDistillerRegressor."
        )
    if not classes and is_classifier(student):
        raise ValueError(
            f"The student {name} is a classifier and y holds a quantity. Give a regressor; for classes take "
            "PairedDistiller."
        )


def clone_or_default(model: BaseEstimator | None, network: type[BaseEstimator] = NetworkClassifier) -> BaseEstimator:
    """An unfitted copy of the given model, a network where none is given."""
    return network() if model is None else clone(model)


def resolve_seed(random_state: int | np.random.RandomState | None) -> int | None:
    """The given seed itself, so that the student alone can be repeated outside; None stays None."""
    if random_state is None or isinstance(random_state, Integral):
        return None if random_state is None else int(random_state)
    return draw_seed(check_random_state(random_state))
