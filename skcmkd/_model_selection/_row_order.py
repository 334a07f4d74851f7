"""An order of rows that does not depend on the order that they come in."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.sparsefuncs import mean_variance_axis


def order_by_content(X: Any, y: np.ndarray) -> np.ndarray:
    """A haphazard order of the rows that depends on their values and not on the order that they come in.

    Folds of rows in such an order are the same for every order of the same rows. The rows are sorted by one random
    combination of their standardized columns, then by y, and permuted, always alike.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_rows, n_columns)
        Numbers; a missing value counts as 0.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)

    Returns
    -------
    ndarray of shape (n_rows,)
        Positions of the rows.
    """
    rng = np.random.RandomState(0)
    direction = rng.normal(size=X.shape[1])
    X = X if issparse(X) else np.nan_to_num(X)
    with np.errstate(all="ignore"):
        # Means are the same for all rows and change no order.
        variance = mean_variance_axis(X.tocsr(), axis=0)[1] if issparse(X) else X.var(axis=0)
        spread = np.sqrt(variance)
        direction = np.divide(direction, spread, out=np.zeros_like(direction), where=np.isfinite(spread) & (spread > 0))
        key = X @ direction
    codes = np.unique(y.reshape(len(y), -1)[:, 0], return_inverse=True)[1]
    return np.lexsort((codes, key))[rng.permutation(len(y))]
