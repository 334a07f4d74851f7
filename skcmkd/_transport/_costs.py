"""Costs of moving a row of features to another: what optimal transport makes least."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

COSTS = ("cosine", "euclidean", "cityblock", "chordal")


def cost_matrix(A: np.ndarray, B: np.ndarray, cost: str) -> np.ndarray:
    """Cost of moving each row of A to each row of B.

    cosine: 1 - a.b / (|a| |b|); chordal: |a/|a| - b/|b||; euclidean: |a - b|; cityblock: sum |a_k - b_k|.
    A row of zeros has no direction: it counts as one more direction, at right angles to all others. So its cosine
    cost to any other row is 1 and its chordal cost sqrt(2), and both are 0 to another row of zeros.

    Parameters
    ----------
    A, B : array of shape (n, p) and (m, p)
    cost : {"cosine", "euclidean", "cityblock", "chordal"}

    Returns
    -------
    array of shape (n, m)

    Raises
    ------
    ValueError
        For an unknown cost, no rows, another number of columns on either side, or values that are not finite.
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    if cost not in COSTS:
        raise ValueError(f"cost={cost!r} is unknown; choose one of {', '.join(COSTS)}.")
    if A.ndim != 2 or B.ndim != 2 or A.shape[1] != B.shape[1] or A.size == 0 or B.size == 0:
        raise ValueError(f"Tables of shapes {A.shape} and {B.shape} have no cost; give rows with the same columns.")
    if not (np.isfinite(A).all() and np.isfinite(B).all()):
        raise ValueError("Features hold NaN or infinite values; impute or scale them before the transport.")
    if cost == "cosine":
        return cdist(_normalize_rows(A), _normalize_rows(B), "sqeuclidean") / 2
    if cost == "chordal":
        return cdist(_normalize_rows(A), _normalize_rows(B), "euclidean")
    return cdist(A, B, cost)


def _normalize_rows(A: np.ndarray) -> np.ndarray:
    """Rows of length one, with a last column that is the direction of the rows of zeros."""
    largest = np.abs(A).max(axis=1, keepdims=True)
    zero = largest == 0
    # Divided by the largest entry first, so that squares neither overflow nor vanish.
    scaled = np.hstack([A / np.where(zero, 1.0, largest), zero])
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
