"""A fitted model's representation of rows: a transform, decision scores, or log-ratios of probabilities."""

from __future__ import annotations

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

from .._model_selection._probabilities import centered_log_ratio, predict_proba_for
from .._validation._array_checks import check_finite_output
from .._validation._tables import Table

REPRESENTATIONS = ("transform", "decision_function", "predict_proba")


def choose_representation(teacher: BaseEstimator, representation: str) -> str:
    """The method whose output represents a row; for "auto" the first of ``REPRESENTATIONS`` that the teacher has."""
    candidates = REPRESENTATIONS if representation == "auto" else (representation,)
    for method in candidates:
        if hasattr(teacher, method):
            return method
    has = [method for method in REPRESENTATIONS if hasattr(teacher, method)]
    raise ValueError(
        f"The teacher {teacher.__class__.__name__} has no {' or '.join(candidates)} to represent a row by; it has "
        f"{', '.join(has) or 'none of those that can'}. Set representation to one of these, or give another teacher."
    )


def teacher_representation(
    teacher: BaseEstimator, X: Table, method: str, classes: np.ndarray | None = None
) -> np.ndarray:
    """The teacher's representation of each row: a transform, decision scores, or log-ratios of probabilities.

    Parameters
    ----------
    teacher : fitted estimator
    X : table of shape (n_rows, n_columns)
    method : {"transform", "decision_function", "predict_proba"}
    classes : ndarray of shape (n_classes,), default=None
        Classes of the probabilities, if a frozen teacher was fitted to more; None for all of the teacher's.

    Returns
    -------
    ndarray of shape (n_rows, n_features)
    """
    if method == "predict_proba":
        classes = teacher.classes_ if classes is None else classes
        return mirror_single_score(centered_log_ratio(predict_proba_for(teacher, X, classes)))
    values = getattr(teacher, method)(X)
    values = np.asarray(values.toarray() if issparse(values) else values, dtype=np.float64)
    values = mirror_single_score(values.reshape(len(values), -1))
    remedy = "give a teacher that does not, or set representation to another of its methods"
    check_finite_output(values, f"{teacher.__class__.__name__}.{method}", remedy)
    return values


def mirror_single_score(values: np.ndarray) -> np.ndarray:
    """[-s, s] of a single score s, as of two classes, so that cosine costs are defined."""
    return np.hstack([-values, values]) if values.shape[1] == 1 else values
