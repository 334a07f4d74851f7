"""Informations about class labels, and between class scores, from out-of-fold class probabilities."""

from __future__ import annotations

import numpy as np
from scipy.stats import entropy
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d

from .._linear_model._logistic import make_default_classifier
from .._model_selection._folds import stratified_folds
from .._model_selection._pipelines import fit_with_metadata
from .._model_selection._probabilities import MIN_PROBABILITY, predict_smoothed_proba
from .._validation._sklearn import ArrayLike
from ._inputs import check_pair, label_entropy


def label_mutual_information(proba: ArrayLike, codes: ArrayLike) -> float:
    """Information of a model's class scores about the label, in nats: a lower bound from its log-loss.

    I(H; Y) >= H(Y) - mean_i(-log q_i,y_i), kept within [0, H(Y)].

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
        Class probabilities of rows that the model has not seen, q.
    codes : array-like of shape (n_samples,)
        Each row's class, as its column in ``proba``.

    Returns
    -------
    float
        Information in nats, between 0 and the label's entropy.

    Raises
    ------
    ValueError
        If the lengths differ, or values are missing or infinite.

    Notes
    -----
    Blind to what the model does not use: a badly calibrated or weak model reads low, never high.

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
    max_mi = label_entropy(y)
    log_loss = -np.log(np.clip(q[np.arange(len(y)), y], MIN_PROBABILITY, 1)).mean()
    return float(np.clip(max_mi - log_loss, 0, max_mi))


def classifier(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    cv: int = 5,
    random_state: int | np.random.RandomState | None = None,
) -> float:
    """Information of a table about a class label from a cross-validated classifier, in nats.

    I(X; Y) >= H(Y) - mean_i(-log q_i,y_i), kept within [0, H(Y)], where q_i are the class probabilities that a
    regularised logistic regression, its penalty chosen inside, gives to a row that it has not seen.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_columns) or (n_samples,)
        The table, finite.
    Y : array-like of shape (n_samples,)
        The class label: text, truth values, categories or whole numbers.
    cv : int, default=5
        Number of folds.
    random_state : int, RandomState or None, default=None
        Shuffles the rows into folds.

    Returns
    -------
    float
        Information in nats, between 0 and the label's entropy; 0 when the table is constant.

    Raises
    ------
    ValueError
        If neither side is a label, values are missing or infinite, or there are fewer than 2 rows per fold.

    Notes
    -----
    Blind to what a linear classifier does not see, such as classes that differ in spread alone; it reads low then,
    and never high but by chance.

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
        raise ValueError(f"cv={cv} must be at least 2: each row is measured by a part that has not seen it.")
    X, codes, label = check_pair(X, Y, least=2 * cv, estimator=f"classifier with cv={cv}")
    if not label:
        raise ValueError(
            "classifier measures information about a class label, and Y is a table or a quantity. Give text or whole "
            "numbers, or take another estimator, such as 'cca'."
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
    """Class probabilities of each row by the default classifier fitted to the other folds.

    All classes are alike where those hold one class only. The penalty is chosen with groups kept together.
    """
    proba = np.full((len(X), n_classes), 1 / n_classes)
    for fold in np.unique(fold_ids):
        train, held_out = fold_ids != fold, fold_ids == fold
        if len(np.unique(codes[train])) > 1:
            own = None if groups is None else groups[train]
            model = fit_with_metadata(make_default_classifier(), X[train], codes[train], None, own)
            proba[held_out] = predict_smoothed_proba(model, X[held_out], np.arange(n_classes), train.sum())
    return proba


def prediction_mutual_information(proba: ArrayLike, other_proba: ArrayLike) -> float:
    """Information between the class variables of two models, in nats.

    I = sum_jk P_jk log(P_jk / (p_j r_k)), p and r the margins of the joint P = mean_i q_i r_i': each model draws a
    class for each row from its own probabilities.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
        Class probabilities of one model on rows that it has not seen, q.
    other_proba : array-like of shape (n_samples, n_other_classes)
        Those of the other model, r.

    Returns
    -------
    float
        Information in nats, between 0 and the smaller entropy of the two class variables.

    Raises
    ------
    ValueError
        If the lengths differ, or values are missing or infinite.

    Notes
    -----
    Blind to what the models share beyond their classes. The product q_i r_i' treats the two draws as independent
    given the row, so unsure models share little, even when they are the same model.

    References
    ----------
    Cover, Thomas. Elements of Information Theory, 2nd edition, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd.information import prediction_mutual_information
    >>> sure = np.array([[1, 0], [0, 1]])
    >>> round(prediction_mutual_information(sure, sure), 3), prediction_mutual_information(sure, [[0.5, 0.5], [0.5, 0.5]])
    (0.693, 0.0)
    """
    q = check_array(proba, dtype=np.float64, input_name="proba")
    r = check_array(other_proba, dtype=np.float64, input_name="other_proba")
    check_consistent_length(q, r)
    joint = q.T @ r / len(q)
    joint /= joint.sum()
    information = entropy(joint.sum(axis=0)) + entropy(joint.sum(axis=1)) - entropy(joint.ravel())
    return max(float(information), 0.0)
