"""The teacher's representation of rows that it has not seen, in one space, and which of its features matter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator

from .._linear_model._ridge import LeaveOutRidge
from .._validation._tables import Table, take_rows
from ._representations import teacher_representation

# A feature that varies less, relative to its size, is constant but for rounding.
MIN_RELATIVE_STD = 1e-9
N_FOCUS_FOLDS = 5


def oof_features(
    fold_teacher: BaseEstimator,
    teacher: BaseEstimator,
    X_train: Table,
    held_out: Table,
    method: str,
) -> np.ndarray:
    """Features of held-out rows by a teacher that has not seen them, in the space of the teacher of all rows.

    Two fits of one model have different spaces: hidden units come in another order. A ridge regression from the fold
    teacher's features to the teacher's, fitted to the rows that both have seen, takes the held-out rows across.

    Parameters
    ----------
    fold_teacher, teacher : fitted estimators
        The teacher fitted to ``X_train``, and to all rows. The same object twice, as of a ready teacher, needs no map.
    X_train, held_out : tables of shape (n_seen, n_columns) and (n_held_out, n_columns)
        Rows of the teacher's table.
    method : {"transform", "decision_function", "predict_proba"}
        What represents a row; see ``choose_representation``.

    Returns
    -------
    ndarray of shape (n_held_out, n_features)
    """
    if fold_teacher is teacher:
        return teacher_representation(teacher, held_out, method)
    from_fold, requested = (teacher_representation(model, X_train, method) for model in (fold_teacher, teacher))
    return LeaveOutRidge().fit(from_fold, requested).predict(teacher_representation(fold_teacher, held_out, method))


def standardize_features(parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Parts of one table of features with columns of mean 0 and deviation 1 over all parts; constant columns are 0.

    A row with NaN has no teacher: it does not count, and stays.
    """
    together = np.concatenate(parts)
    known = together[~np.isnan(together).any(axis=1)]
    if len(known) == 0:
        return [part.astype(np.float32) for part in parts]
    center, spread = known.mean(axis=0), known.std(axis=0)
    varies = spread > MIN_RELATIVE_STD * np.abs(known).max(axis=0)
    factor = varies / np.where(varies, spread, 1.0)
    return [((part - center) * factor).astype(np.float32) for part in parts]


def modality_focus_weights(X_student: Table, codes: np.ndarray, teacher_features: np.ndarray) -> np.ndarray:
    """Weight of each of the teacher's features: its relevance to the label times how well the student can know it.

    w_d = r_d s_d / mean(r s), with r_d the share of the feature's variance that lies between classes, and s_d the share
    that a ridge regression on the student's table foretells of held-out rows, at least 0. So the features that both
    modalities have in common and that decide the class count most. All weights are 1 where no feature has both.

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
    """Share of each feature's variance that a ridge regression foretells of held-out rows, at least 0."""
    n = len(features)
    if n < N_FOCUS_FOLDS:
        return np.ones(features.shape[1])
    errors = np.zeros(features.shape[1])
    fold_ids = np.arange(n) % N_FOCUS_FOLDS
    for fold in range(N_FOCUS_FOLDS):
        rows, others = np.flatnonzero(fold_ids == fold), np.flatnonzero(fold_ids != fold)
        ridge = LeaveOutRidge().fit(take_rows(X, others), features[others])
        errors += ((features[rows] - ridge.predict(take_rows(X, rows))) ** 2).sum(axis=0)
    return np.maximum(1 - errors / total, 0.0)
