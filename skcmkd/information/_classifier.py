"""Mutual information of tables and class labels, and of two models' classes, from out-of-fold probabilities."""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d

from .._linear_model._logistic import make_default_classifier
from .._model_selection._folds import stratified_folds
from .._model_selection._pipelines import fit_with_metadata
from .._model_selection._probabilities import predict_smoothed_proba
from .._model_selection._row_scores import log_loss
from .._validation._sklearn import ArrayLike
from ._inputs import check_pair


def label_mutual_information(proba: ArrayLike, codes: ArrayLike) -> float:
    """Mutual information of a model's class scores and the label, in nats: a lower bound from its log-loss.

    I(H; Y) >= H(Y) - mean_i(-log q_i,y_i), clipped to [0, H(Y)].

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
        Out-of-fold class probabilities q; the log-loss clips them at 2.2e-16, as scikit-learn does.
    codes : array-like of shape (n_samples,)
        Each row's class, as its column in ``proba``.

    Returns
    -------
    float
        Mutual information in nats, between 0 and the label's entropy.

    Raises
    ------
    ValueError
        If the lengths differ, or values are missing or infinite.

    Notes
    -----
    A weak or badly calibrated model lowers the estimate, and none raises it.

    References
    ----------
    McAllester, D., Stratos, K. (2020). Formal limitations on the measurement of mutual information. AISTATS, the
    difference-of-entropies form.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd.information import label_mutual_information
    >>> round(label_mutual_information(np.array([[1, 0], [0, 1]]), [0, 1]), 3)  # log 2
    0.693
    """
    q = check_array(proba, dtype=np.float64, input_name="proba")
    y = column_or_1d(codes)
    check_consistent_length(q, y)
    return float(label_mi_of_means(np.bincount(y) / len(y), log_loss(q, y).mean()))


def label_mi_of_means(class_frequencies: np.ndarray, mean_log_loss: np.ndarray) -> np.ndarray:
    """``label_mutual_information`` of several sets of rows: H(Y) - mean log-loss, clipped to [0, H(Y)].

    Parameters
    ----------
    class_frequencies : ndarray of shape (..., n_classes)
    mean_log_loss : ndarray of shape (...)

    Returns
    -------
    ndarray of shape (...)
    """
    max_mi = -xlogy(class_frequencies, class_frequencies).sum(axis=-1)
    return np.clip(max_mi - mean_log_loss, 0, max_mi)


def classifier(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    cv: int = 5,
    random_state: int | np.random.RandomState | None = None,
) -> float:
    """Mutual information of a table and a class label from a cross-validated classifier, in nats.

    I(X; Y) >= H(Y) - mean_i(-log q_i,y_i), clipped to [0, H(Y)], where q_i are out-of-fold class probabilities of a
    logistic regression with a cross-validated penalty.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features) or (n_samples,)
        Table, finite.
    Y : array-like of shape (n_samples,)
        Class label: text, truth values, categories or whole numbers.
    cv : int, default=5
        Number of folds.
    random_state : int, RandomState or None, default=None
        Shuffles the rows into folds.

    Returns
    -------
    float
        Mutual information in nats, between 0 and the label's entropy; 0 when the table is constant.

    Raises
    ------
    ValueError
        If neither X nor Y is a label, values are missing or infinite, or there are fewer than 2 rows per fold.

    Notes
    -----
    Too low where a linear classifier does not separate the classes, such as classes that differ in spread alone, and
    too high only by chance.

    References
    ----------
    McAllester, D., Stratos, K. (2020). Formal limitations on the measurement of mutual information. AISTATS, the
    difference-of-entropies form.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skcmkd.information import classifier
    >>> X, y = load_iris(return_X_y=True)
    >>> round(classifier(X, y, random_state=0), 1)  # the label's entropy is log 3, 1.1 nats
    1.0
    """
    if cv < 2:
        raise ValueError(f"cv={cv} must be at least 2: each row is scored by a model that was not fitted to it.")
    X, codes, y_is_label = check_pair(X, Y, min_samples=2 * cv, estimator=f"classifier with cv={cv}")
    if not y_is_label:
        raise ValueError(
            "classifier measures information about a class label, and Y is a table or a continuous target. Give text "
            "or whole numbers, or take another estimator, such as 'cca'."
        )
    n_classes = codes.max() + 1
    if X.shape[1] == 0 or n_classes < 2:
        return 0.0
    order = check_random_state(random_state).permutation(len(X))
    X, codes = X[order], codes[order]
    proba = out_of_fold_proba(X, codes, n_classes, stratified_folds(codes, cv))
    return label_mutual_information(proba, codes)


def out_of_fold_proba(
    X: np.ndarray, codes: np.ndarray, n_classes: int, fold_ids: np.ndarray, groups: np.ndarray | None = None
) -> np.ndarray:
    """Out-of-fold class probabilities of the default classifier, uniform where the training rows are of one class.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
    codes : ndarray of shape (n_rows,)
        Classes as whole numbers from 0.
    n_classes : int
    fold_ids : ndarray of shape (n_rows,)
    groups : ndarray of shape (n_rows,), default=None
        Kept together when the penalty is chosen.

    Returns
    -------
    ndarray of shape (n_rows, n_classes)
    """
    proba = np.full((len(X), n_classes), 1 / n_classes)
    for fold in np.unique(fold_ids):
        train, held_out = fold_ids != fold, fold_ids == fold
        if len(np.unique(codes[train])) > 1:
            train_groups = None if groups is None else groups[train]
            model = fit_with_metadata(make_default_classifier(), X[train], codes[train], None, train_groups)
            proba[held_out] = predict_smoothed_proba(model, X[held_out], np.arange(n_classes), train.sum())
    return proba


def prediction_mutual_information(proba: ArrayLike, other_proba: ArrayLike) -> float:
    """Mutual information of the class variables of two models, in nats.

    I = sum_jk P_jk log(P_jk / (p_j r_k)), p and r the margins of the joint P = mean_i q_i r_i': the class variable of a
    model is drawn for each row from its probabilities.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
        Out-of-fold class probabilities q of the first model.
    other_proba : array-like of shape (n_samples, n_other_classes)
        Out-of-fold class probabilities r of the second model.

    Returns
    -------
    float
        Mutual information in nats, between 0 and the smaller entropy of the two class variables.

    Raises
    ------
    ValueError
        If the lengths differ, or values are missing or infinite.

    Notes
    -----
    Representations can share more than the classes that are drawn from them. The product q_i r_i' treats the two
    draws as independent given the row, so uncertain predictions share little, even when both models are the same.

    References
    ----------
    Cover, Thomas. Elements of Information Theory, 2nd edition, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd.information import prediction_mutual_information
    >>> certain, uniform = np.eye(2), np.full((2, 2), 0.5)
    >>> round(prediction_mutual_information(certain, certain), 3), prediction_mutual_information(certain, uniform)
    (0.693, 0.0)
    """
    q = check_array(proba, dtype=np.float64, input_name="proba")
    r = check_array(other_proba, dtype=np.float64, input_name="other_proba")
    check_consistent_length(q, r)
    return float(joint_mi(q.T @ r / len(q)))


def joint_mi(joint: np.ndarray) -> np.ndarray:
    """Mutual information of several joint distributions of two class variables, in nats.

    Parameters
    ----------
    joint : ndarray of shape (..., n_classes, n_other_classes)
        Not negative; divided by its sum.

    Returns
    -------
    ndarray of shape (...)
    """
    joint = joint / joint.sum(axis=(-2, -1), keepdims=True)
    margins = joint.sum(axis=-1), joint.sum(axis=-2)
    entropies = [-xlogy(p, p).sum(axis=-1) for p in margins]
    return np.maximum(entropies[0] + entropies[1] + xlogy(joint, joint).sum(axis=(-2, -1)), 0.0)
