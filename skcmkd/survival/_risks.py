"""Students of several horizons as one model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, get_tags

from .._validation._sklearn import ArrayLike
from .._validation._tables import Table
from ._outcome import check_horizon


class HorizonRisks(BaseEstimator):
    """Fitted students of one modality, one for each horizon: the risk of the event by each of them.

    With p_h the student of horizon h and x the columns of its modality::

        predict(x) = (p_h1(event by h1 | x), p_h2(event by h2 | x), ...)

    Each student is fitted to the labels of its own horizon (:func:`horizon_labels`): a risk by a later horizon may be
    below that by an earlier one. ``skcmkd distill --horizon`` saves this model.

    Parameters
    ----------
    students : sequence of classifiers
        Fitted, with classes 0 and 1, such as ``student_`` of a distiller; all with the same columns.
    horizons : sequence of float
        Horizon of each, rising, in the unit of time.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the students.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names; there if the students were fitted to a DataFrame.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skcmkd.datasets import make_survival_modalities
    >>> from skcmkd.survival import HorizonRisks, horizon_labels
    >>> drawn = make_survival_modalities(200, random_state=0)
    >>> X, horizons = drawn.data[drawn.modalities["student"]], (0.5, 1.0)
    >>> students = []
    >>> for horizon in horizons:
    ...     params = horizon_labels(drawn.time, drawn.event, horizon).fit_params(X)
    ...     students.append(LogisticRegression().fit(params["X"], params["y"], params["sample_weight"]))
    >>> HorizonRisks(students, horizons).predict(X).shape
    (200, 2)
    """

    def __init__(self, students: Sequence[BaseEstimator], horizons: Sequence[float]) -> None:
        self.students = students
        self.horizons = horizons

    def fit(self, X: Table | ArrayLike, y: ArrayLike | None = None) -> HorizonRisks:
        """Do nothing: the students are fitted.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Not used.
        y : array-like of shape (n_samples,), default=None
            Not used.

        Returns
        -------
        HorizonRisks
            The model.
        """
        return self

    def predict(self, X: Table | ArrayLike) -> np.ndarray:
        """Predict the probability of the event by each horizon.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The students' columns.

        Returns
        -------
        ndarray of shape (n_samples, n_horizons)
            Risks in [0, 1].

        Raises
        ------
        ValueError
            If the horizons do not rise or are not as many as the students, a student has other classes than 0 and 1, or
            the columns are not those of the students.
        """
        horizons = [check_horizon(horizon) for horizon in self.horizons]
        if len(horizons) != len(self.students) or not horizons or (np.diff(horizons) <= 0).any():
            raise ValueError(
                f"horizons={list(self.horizons)!r} must rise, one for each of the {len(self.students)} students."
            )
        for student, horizon in zip(self.students, horizons, strict=True):
            if not np.array_equal(student.classes_, [0, 1]):
                raise ValueError(
                    f"The student of horizon={horizon:g} has the classes {list(student.classes_)!r}, and the risk is "
                    "the probability of 1 of 0 and 1. Fit it to the labels of horizon_labels."
                )
        return np.column_stack([student.predict_proba(X)[:, 1] for student in self.students])

    @property
    def n_features_in_(self) -> int:
        """Number of columns of the students."""
        return self.students[0].n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns of the students."""
        return self.students[0].feature_names_in_

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        first = self.students[0]
        tags.input_tags = get_tags(first[0] if isinstance(first, Pipeline) else first).input_tags
        return tags
