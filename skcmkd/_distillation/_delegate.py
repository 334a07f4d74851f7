"""Predictions of a fitted distiller: those of its student, from the student's modality alone."""

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
    """Prediction methods of a fitted distiller, which pass the student's columns to ``student_``.

    After a fit to one table of both modalities, ``_student_columns`` holds the positions of the student's columns and
    ``_n_table_columns`` the number of columns of the table; otherwise ``_student_columns`` is None.
    """

    student: BaseEstimator | None
    student_: BaseEstimator
    teacher_: Any
    _default_student: type[BaseEstimator]
    _student_columns: np.ndarray | None = None
    _n_table_columns: int

    def predict(self, X: Table) -> np.ndarray:
        """Predict the target of each row from the student's modality.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table. A paired distiller that was fitted to one table of both modalities ignores the
            teacher's columns in it.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels or continuous predictions; of shape (n_samples, n_targets) for a regressor of several targets.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If X lacks columns of the student, has other columns than in ``fit``, or holds values that the student does
            not support, such as missing ones.
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
        X = take_student_columns(self, X)
        try:
            check_columns_of_fit(self, X)
        except ValueError as error:
            if not self._may_lack_student_columns(X):
                raise
            raise ValueError(
                f"{error} Or, if X in fit held the teacher's columns beside the student's, fit again: name the "
                "student's in student_columns, or give the teacher's as X_teacher."
            ) from error
        return X

    def _may_lack_student_columns(self, X: Table) -> bool:
        """Whether a fit without a teacher's table had more columns than X, which may be the teacher's."""
        in_two_tables = hasattr(self, "student_columns") and self._student_columns is None
        return in_two_tables and self.teacher_ is None and n_features(X) < self.n_features_in_


class ClassifierStudentMixin(ClassifierMixin, StudentMixin):
    """The same for classes, with probabilities."""

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
        """Compute the student's decision scores.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, as in ``predict``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Scores of the student.

        Raises
        ------
        NotFittedError, ValueError
            As in ``predict``.
        """
        check_is_fitted(self)
        return self._predict_with_student("decision_function", X)


class RegressorStudentMixin(RegressorMixin, StudentMixin):
    """The same for continuous targets."""

    _default_student = NetworkRegressor


def take_student_columns(estimator: Any, X: Table) -> Table:
    """The student's columns of a table with or without the teacher's, not yet checked against those of fit.

    Parameters
    ----------
    estimator : fitted estimator
        With ``_student_columns`` and ``_n_table_columns``, as in ``StudentMixin``.
    X : table of shape (n_samples, n_columns)
    """
    X = as_table(X, estimator=estimator)
    if estimator._student_columns is None:
        return X
    names = getattr(estimator, "feature_names_in_", None)
    selected = select_student_columns(X, names) if names is not None else None
    if selected is not None:
        return selected
    if n_features(X) == estimator._n_table_columns:
        return take_columns(X, estimator._student_columns)
    return X


def check_estimator_type(student: BaseEstimator, *, classes: bool) -> None:
    """Raise if the student is a regressor and the target classes, or a classifier and the target continuous."""
    name = student.__class__.__name__
    if classes and is_regressor(student):
        raise ValueError(
            f"The student {name} is a regressor and y holds classes. Give a classifier; for a continuous "
            "target take PairedDistillerRegressor."
        )
    if not classes and is_classifier(student):
        raise ValueError(
            f"The student {name} is a classifier and y is continuous. Give a regressor; for classes take "
            "PairedDistiller."
        )


def clone_or_default(model: BaseEstimator | None, network: type[BaseEstimator] = NetworkClassifier) -> BaseEstimator:
    """An unfitted copy of the model; a network for None."""
    return network() if model is None else clone(model)


def resolve_seed(random_state: int | np.random.RandomState | None) -> int | None:
    """An integer as it is, so that the student alone can be refitted with it; a drawn one of a generator; or None."""
    if random_state is None or isinstance(random_state, Integral):
        return None if random_state is None else int(random_state)
    return draw_seed(check_random_state(random_state))
