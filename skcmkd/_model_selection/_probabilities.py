"""Class probabilities in a given order of classes, and their log-ratios."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from .._validation._array_checks import check_finite_output
from .._validation._sklearn import ArrayLike
from .._validation._tables import Table


def predict_proba_for(model: BaseEstimator, X: Table, classes: np.ndarray) -> np.ndarray:
    """Predict probabilities in the order of ``classes``; a class that the model was not fitted to gets 0.

    Classes of the model that are not in ``classes`` are left out, and the other probabilities divided by their sum.

    Parameters
    ----------
    model : fitted classifier
    X : table of shape (n_rows, n_features)
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    ndarray of shape (n_rows, n_classes)
        Uniform where the model gives the classes no mass at all.
    """
    if not hasattr(model, "predict_proba"):
        raise ValueError(
            f"{model.__class__.__name__} has no predict_proba, which is needed here. Use a model that has one, or wrap "
            "it in CalibratedClassifierCV."
        )
    columns = {label: position for position, label in enumerate(classes.tolist())}
    known = [(source, columns[c]) for source, c in enumerate(model.classes_.tolist()) if c in columns]
    if not known:
        raise ValueError(
            f"The teacher was fitted to the classes {model.classes_.tolist()} and y has {classes.tolist()}: none in "
            "common. Give a teacher of these classes, or name them alike."
        )
    model_proba = np.asarray(model.predict_proba(X), dtype=np.float64)
    check_finite_output(model_proba, f"{model.__class__.__name__}.predict_proba")
    proba = np.zeros((len(model_proba), len(classes)))
    source, target = zip(*known, strict=True)
    proba[:, target] = model_proba[:, source]
    total = proba.sum(axis=1, keepdims=True)
    return np.where(total > 0, proba / np.where(total > 0, total, 1.0), 1 / len(classes))


def predict_smoothed_proba(model: BaseEstimator, X: Table, classes: np.ndarray, n_training: int) -> np.ndarray:
    """Predict probabilities in the order of ``classes``; a class missing from the training rows gets mass 1 / n.

    Left at zero, a single row of a rare class would dominate the log-loss.

    Parameters
    ----------
    model : fitted classifier
    X : table of shape (n_rows, n_features)
    classes : ndarray of shape (n_classes,)
    n_training : int
        Number of rows that the model was fitted to.

    Returns
    -------
    ndarray of shape (n_rows, n_classes)
    """
    missing_classes = ~np.isin(classes, model.classes_)
    return (n_training * predict_proba_for(model, X, classes) + missing_classes) / (n_training + missing_classes.sum())


# Smaller probabilities would rule the coordinates of log-ratios.
LOG_RATIO_MIN_PROBABILITY = 1e-7


def centered_log_ratio(proba: ArrayLike) -> np.ndarray:
    """Turn class probabilities into unbounded coordinates: log q_k minus its mean over classes, one for each class.

    Of two classes the first alone, which is half the log odds; the other is its negative. Of more classes none is left
    out, although the coordinates sum to zero: without the last one the names of the classes would matter.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
        Class probabilities, clipped at 1e-7.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), or (n_samples, 1) of two classes
        Centered logarithms.

    Raises
    ------
    ValueError
        If ``proba`` is not two-dimensional, or values are missing or infinite.

    References
    ----------
    Aitchison, J. (1982). The statistical analysis of compositional data. JRSS B 44, 139-177.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd.information import centered_log_ratio
    >>> centered_log_ratio(np.array([[0.5, 0.5], [0.8, 0.2]])).round(2).tolist()
    [[0.0], [0.69]]
    """
    proba = check_array(proba, dtype=np.float64, input_name="proba")
    log_q = np.log(np.clip(proba, LOG_RATIO_MIN_PROBABILITY, 1))
    centered = log_q - log_q.mean(axis=1, keepdims=True)
    n_classes = proba.shape[1]
    return centered[:, : n_classes - 1] if n_classes <= 2 else centered
