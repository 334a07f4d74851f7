"""Out-of-fold representations by a teacher in one space, and weights of their features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator

from .._linear_model._ridge import LeaveOutRidge
from .._validation._tables import Table, take_rows
from ._representations import teacher_representation

# Below this ratio of standard deviation to size a feature is constant but for rounding.
MIN_RELATIVE_STD = 1e-9
N_FOCUS_FOLDS = 5


def oof_features(
    fold_teacher: BaseEstimator,
    teacher: BaseEstimator,
    X_train: Table,
    held_out: Table,
    method: str,
) -> np.ndarray:
    """Out-of-fold features of held-out rows, in the space of the teacher fitted to all rows.

    Two fits of one model have different spaces: hidden units come in another order. A ridge regression from the fold
    teacher's features to the teacher's, fitted to the training rows of both, maps the held-out rows.

    Parameters
    ----------
    fold_teacher, teacher : fitted estimators
        The teacher fitted to ``X_train``, and to all rows. The same object twice, of a frozen teacher, needs no map.
    X_train, held_out : tables of shape (n_train, n_columns) and (n_held_out, n_columns)
        Rows of the teacher's table.
    method : {"transform", "decision_function", "predict_proba"}
        What represents a row; see ``choose_representation``.

    Returns
    -------
    ndarray of shape (n_held_out, n_features)
    """
    if fold_teacher is teacher:
        return teacher_representation(teacher, held_out, method)
    features_of_fold, features = (teacher_representation(model, X_train, method) for model in (fold_teacher, teacher))
    return (
        LeaveOutRidge().fit(features_of_fold, features).predict(teacher_representation(fold_teacher, held_out, method))
    )


def standardize_features(parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Parts of one table with columns of mean 0 and standard deviation 1 over all parts; constant columns become 0.

    A row with NaN has no teacher: it is left out of mean and deviation, and stays NaN.
    """
    stacked = np.concatenate(parts)
    known = stacked[~np.isnan(stacked).any(axis=1)]
    if len(known) == 0:
        return [part.astype(np.float32) for part in parts]
    center, spread = known.mean(axis=0), known.std(axis=0)
    varies = spread > MIN_RELATIVE_STD * np.abs(known).max(axis=0)
    factor = varies / np.where(varies, spread, 1.0)
    return [((part - center) * factor).astype(np.float32) for part in parts]


def modality_focus_weights(X_student: Table, codes: np.ndarray, teacher_features: np.ndarray) -> np.ndarray:
    """Weight of each of the teacher's features: its relevance to the label times its predictability by the student.

    w_d = r_d s_d / mean(r s), with r_d the fraction of the feature's variance between classes, and s_d the out-of-fold
    R2 of a ridge regression on the student's table, at least 0. So features that both modalities share and that
    separate the classes have the largest weights. All weights are 1 if all products are 0.

    Parameters
    ----------
    X_student : table of shape (n_rows, n_columns)
    codes : ndarray of shape (n_rows,)
        Classes as whole numbers.
    teacher_features : ndarray of shape (n_rows, n_features)

    Returns
    -------
    ndarray of shape (n_features,)
        Mean 1.

    References
    ----------
    Xue, Gao, Ren, Zhao. The modality focusing hypothesis. arXiv 2206.06487, section 4; there the weights come from
    the gradients of networks that are trained for it.
    """
    features = np.asarray(teacher_features, dtype=np.float64)
    features = features - features.mean(axis=0)
    total = (features**2).sum(axis=0)
    safe = np.where(total > 0, total, 1.0)
    sizes = np.bincount(codes)[:, None]
    means = np.stack([features[codes == code].sum(axis=0) for code in range(len(sizes))]) / np.maximum(sizes, 1)
    weights = (sizes * means**2).sum(axis=0) / safe * _oof_r2(X_student, features, safe)
    mean = weights.mean()
    return weights / mean if mean > 0 else np.ones_like(weights)


def _oof_r2(X: Table, features: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Out-of-fold R2 of each feature by ridge regression, at least 0."""
    n = len(features)
    if n < N_FOCUS_FOLDS:
        return np.ones(features.shape[1])
    errors = np.zeros(features.shape[1])
    fold_ids = np.arange(n) % N_FOCUS_FOLDS
    for fold in range(N_FOCUS_FOLDS):
        rows, train_rows = np.flatnonzero(fold_ids == fold), np.flatnonzero(fold_ids != fold)
        ridge = LeaveOutRidge().fit(take_rows(X, train_rows), features[train_rows])
        errors += ((features[rows] - ridge.predict(take_rows(X, rows))) ** 2).sum(axis=0)
    return np.maximum(1 - errors / total, 0.0)
