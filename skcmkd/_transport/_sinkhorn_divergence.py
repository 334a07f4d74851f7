"""How far two cohorts' distributions of features are apart: the Sinkhorn divergence."""

from __future__ import annotations

import numpy as np

from ._costs import cost_matrix
from ._plan import normalize_weights, transport


def sinkhorn_divergence(
    A: np.ndarray,
    B: np.ndarray,
    cost: str,
    *,
    source_weights: np.ndarray | None = None,
    target_weights: np.ndarray | None = None,
    reg: float = 0.0,
    max_rows: int = 1000,
    max_iter: int = 1000,
) -> float:
    """Sinkhorn divergence between two tables, 0 for equal distributions.

    S(A, B) = OT(A, B) - OT(A, A) / 2 - OT(B, B) / 2, in units of the cost, OT being the value of ``transport``.

    Parameters
    ----------
    A, B : array of shape (n, p) and (m, p)
    cost : {"cosine", "euclidean", "cityblock", "chordal"}
    source_weights, target_weights, reg, max_iter
        As for ``transport``.
    max_rows : int, default 1000
        A longer table is represented by this many of its rows, evenly spaced: memory grows with the square of it.

    Returns
    -------
    float
        Not negative; rounding below 0 is set to 0.

    Raises
    ------
    ValueError
        As ``cost_matrix`` and ``transport`` do.

    References
    ----------
    Feydy et al., "Interpolating between Optimal Transport and MMD using Sinkhorn Divergences", AISTATS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd._transport._sinkhorn_divergence import sinkhorn_divergence
    >>> sinkhorn_divergence(np.array([[0.0], [1.0]]), np.array([[3.0], [2.0]]), "euclidean")
    2.0
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    rows, columns = _subsample(len(A), max_rows), _subsample(len(B), max_rows)
    a, b = normalize_weights(source_weights, len(A))[rows], normalize_weights(target_weights, len(B))[columns]
    A, B = A[rows], B[columns]

    def value(X: np.ndarray, Y: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
        return transport(cost_matrix(X, Y, cost), x, y, reg=reg, max_iter=max_iter).value

    return max(value(A, B, a, b) - value(A, A, a, a) / 2 - value(B, B, b, b) / 2, 0.0)


def _subsample(n: int, max_rows: int) -> np.ndarray:
    return np.arange(n) if n <= max_rows else np.linspace(0, n - 1, max_rows).round().astype(int)
