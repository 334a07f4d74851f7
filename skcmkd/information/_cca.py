"""Mutual information from held-out canonical correlations."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import KFold
from sklearn.utils import check_random_state

from .._validation._sklearn import ArrayLike
from ._inputs import RELATIVE_RANK, check_pair, label_entropy, one_hot, pca_reduce


def _whiten(X: np.ndarray) -> np.ndarray:
    """Whitening matrix W, W' Cov(X) W = I, of centered and uncorrelated columns (principal components)."""
    _U, s, Vt = np.linalg.svd(X, full_matrices=False)
    keep = s > RELATIVE_RANK * s[0]
    return Vt[keep].T / s[keep] * np.sqrt(len(X))


def _held_out_scores(
    X: np.ndarray, Y: np.ndarray, train: np.ndarray, test: np.ndarray, n_components: int, n_pairs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the held-out rows on the canonical pairs of the training rows, two arrays (n_test, n_pairs)."""
    X_train, X_test = pca_reduce(X[train], X[test], n_components)
    Y_train, Y_test = pca_reduce(Y[train], Y[test], n_components)
    if X_train.shape[1] == 0 or Y_train.shape[1] == 0:
        return np.zeros((len(test), n_pairs)), np.zeros((len(test), n_pairs))
    Wx, Wy = _whiten(X_train), _whiten(Y_train)
    U, _, Vt = np.linalg.svd((X_train @ Wx).T @ (Y_train @ Wy) / len(train), full_matrices=False)
    a, b = X_test @ Wx @ U[:, :n_pairs], Y_test @ Wy @ Vt[:n_pairs].T
    padding = ((0, 0), (0, n_pairs - a.shape[1]))
    return np.pad(a, padding), np.pad(b, padding)


def cca(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    n_components: int = 20,
    n_pairs: int = 20,
    cv: int = 5,
    random_state: int | np.random.RandomState | None = None,
) -> float:
    """Mutual information of two tables from held-out canonical correlations, in nats.

    I = -1/2 sum_j log(1 - r_j^2), where r_j > 0 is the out-of-fold correlation of the j-th canonical pair, with its
    square corrected for the expectation of n uncorrelated rows: (n r_j^2 - 1) / (n - 1). On the training rows of each
    fold both tables are standardized and reduced to their leading principal components, which are not scaled again;
    out-of-fold scores of all folds are pooled. The estimate for a label is at most its entropy.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features_x) or (n_samples,)
        First variable, finite.
    Y : array-like of shape (n_samples, n_features_y) or (n_samples,)
        Second variable, finite, or a class label.
    n_components : int, default=20
        Principal components kept of each table, at most.
    n_pairs : int, default=20
        Canonical pairs, at most.
    cv : int, default=5
        Number of folds.
    random_state : int, RandomState or None, default=None
        Shuffles the rows into folds.

    Returns
    -------
    float
        Mutual information in nats, 0 or more; 0 when X or Y is constant.

    Raises
    ------
    ValueError
        If X and Y differ in rows, hold NaN or infinity, or have fewer than 2 rows per fold.

    Notes
    -----
    Misses dependence without correlation, such as y = x^2. With heavy tails single rows dominate the correlations.
    With more columns than rows the estimate is biased downwards, not upwards, because the directions are fitted to
    training rows. Checked up to 5000 rows and 500 columns in each table: for 1 nat it gives .90 with 10 columns and 250
    rows, .90 with a signal of 4 dimensions in 500 columns and 250 rows; for independent tables .01 in both. For a label
    it is not a lower bound: it can be too high, up to the entropy.

    References
    ----------
    Hotelling, H. (1936). Relations between two sets of variates. Biometrika 28, 321-377; the Gaussian identity
    I = -1/2 sum log(1 - r^2) holds for population correlations.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd.information import cca
    >>> rng = np.random.RandomState(0)
    >>> x = rng.normal(size=(500, 3))
    >>> nats = cca(x, x + rng.normal(size=(500, 3)), random_state=0)
    >>> round(nats, 1)  # the true value is 1.5 log 2, 1.04 nats
    1.0
    """
    if cv < 2:
        raise ValueError(f"cv={cv} must be at least 2: each row is scored by a model that was not fitted to it.")
    X, Y, y_is_label = check_pair(X, Y, min_samples=2 * cv, estimator=f"cca with cv={cv}")
    max_mi = label_entropy(Y) if y_is_label else np.inf
    Y = one_hot(Y) if y_is_label else Y
    if X.shape[1] == 0 or Y.shape[1] == 0:
        return 0.0
    a, b = np.zeros((len(X), n_pairs)), np.zeros((len(X), n_pairs))
    folds = KFold(cv, shuffle=True, random_state=check_random_state(random_state))
    for train, test in folds.split(X):
        a[test], b[test] = _held_out_scores(X, Y, train, test, n_components, n_pairs)
    # Scores are centered at the training mean, and the sign of a pair is arbitrary in each fold: no mean over folds.
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    r = np.divide((a * b).sum(axis=0), scale, out=np.zeros(n_pairs), where=scale > 0)
    # A negative out-of-fold correlation is noise, not information.
    r_squared = np.clip((len(X) * r**2 - 1) / (len(X) - 1), 0, 1 - np.finfo(float).eps)
    return min(float(-0.5 * np.log1p(-r_squared[r > 0]).sum()) + 0.0, max_mi)
