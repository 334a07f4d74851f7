"""Class probabilities in a given order of classes, and their log-ratios."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from .._validation._sklearn import ArrayLike
from .._validation._tables import Table


def predict_proba_for(model: BaseEstimator, X: Table, classes: np.ndarray) -> np.ndarray:
    """Probabilities in the order of ``classes``; a class that the model does not know gets 0.

    Mass on classes that are not in ``classes`` is spread back over the others.
    """
    if not hasattr(model, "predict_proba"):
        raise ValueError(
            f"{model.__class__.__name__} has no predict_proba, which is needed here. Use a model that has, or wrap it "
            "in CalibratedClassifierCV."
        )
    columns = {label: position for position, label in enumerate(classes.tolist())}
    known = [(source, columns[c]) for source, c in enumerate(model.classes_.tolist()) if c in columns]
    if not known:
        raise ValueError(
            f"The teacher knows the classes {model.classes_.tolist()} and y has {classes.tolist()}: none in common. "
            "Give a teacher of these classes, or name them alike."
        )
    model_proba = np.asarray(model.predict_proba(X), dtype=np.float64)
    if not np.isfinite(model_proba).all():
        raise ValueError(
            f"{model.__class__.__name__}.predict_proba gave NaN or infinity for "
            f"{int((~np.isfinite(model_proba)).any(axis=1).sum())} of {len(model_proba)} rows; give a model that does not."
        )
    proba = np.zeros((len(model_proba), len(classes)))
    source, target = zip(*known, strict=True)
    proba[:, target] = model_proba[:, source]
    total = proba.sum(axis=1, keepdims=True)
    return np.where(total > 0, proba / np.where(total > 0, total, 1.0), 1 / len(classes))


def predict_smoothed_proba(model: BaseEstimator, X: Table, classes: np.ndarray, n_training: int) -> np.ndarray:
    """Probabilities in the order of ``classes``; a class that the model could not know gets that of one row.

    Left at zero, one row of a rare class would cost more than all others can make good.
    """
    missing_classes = ~np.isin(classes, model.classes_)
    return (n_training * predict_proba_for(model, X, classes) + missing_classes) / (n_training + missing_classes.sum())


MIN_PROBABILITY = 1e-7


def centered_log_ratio(proba: ArrayLike) -> np.ndarray:
    """Turn class probabilities into K - 1 unbounded coordinates: log q_k minus its mean over classes.

    The last class is left out, since the K centred logarithms sum to zero. For two classes the coordinate is half
    the log odds.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
        Class probabilities; below 1e-7 they count as 1e-7.

    Returns
    -------
    ndarray of shape (n_samples, n_classes - 1)
        The coordinates.

    Raises
    ------
    ValueError
        If ``proba`` is no table, or values are missing or infinite.

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
    log_q = np.log(np.clip(proba, MIN_PROBABILITY, 1))
    return (log_q - log_q.mean(axis=1, keepdims=True))[:, :-1]
