"""Draws of two variables with known mutual information, to test estimators."""

from __future__ import annotations

from numbers import Real

import numpy as np
from scipy.linalg import block_diag
from scipy.optimize import brentq
from scipy.special import digamma, gammaln, ndtr
from sklearn.utils import Bunch, check_random_state

from skcmkd.datasets._bunch import check_count
from skcmkd.datasets._simulated import RandomState, class_mean_mi

TASKS = ("normal", "half_cube", "spiral", "swiss_roll", "student_t", "asinh", "low_rank", "mixture")
# Latent coordinates of each variable of "low_rank".
LOW_RANK = 4
# Class means this far apart determine the class in double precision.
MAX_SEPARATION = 100.0


def half_cube(x: np.ndarray) -> np.ndarray:
    """sign(x) |x|^(3/2) of each coordinate, which lengthens the tails."""
    return x * np.sqrt(np.abs(x))


def spiral(x: np.ndarray, i: int, j: int) -> np.ndarray:
    """Rotate coordinates i and j by |x|^2 / d radians; the norm of a row stays, so the map is invertible."""
    angle = (x**2).sum(axis=1) / x.shape[1]
    rotated = x.copy()
    rotated[:, i] = np.cos(angle) * x[:, i] - np.sin(angle) * x[:, j]
    rotated[:, j] = np.sin(angle) * x[:, i] + np.cos(angle) * x[:, j]
    return rotated


def swiss_roll(u: np.ndarray) -> np.ndarray:
    """Map every number u of [0, 1] to two: (t cos t, t sin t) / 21 with t = 3 pi / 2 (1 + 2 u)."""
    t = 1.5 * np.pi * (1 + 2 * u)
    return np.hstack([t * np.cos(t), t * np.sin(t)]) / 21


def normal_correlation(n_columns: int, information: float, dense: bool) -> np.ndarray:
    """Correlation matrix of two jointly normal variables of n_columns coordinates with the given information.

    Sparse: coordinate i of X with coordinate i of Y, I = -d/2 log(1 - r^2).
    Dense: all correlations are c; the only canonical correlation is d c / (1 + (d - 1) c).
    """
    d = n_columns
    if dense:
        r = np.sqrt(-np.expm1(-2 * information))
        c = r / (d - (d - 1) * r)
        return (1 - c) * np.eye(2 * d) + c
    r = np.sqrt(-np.expm1(-2 * information / d))
    return np.kron([[1, r], [r, 1]], np.eye(d))


def normal_information(covariance: np.ndarray) -> float:
    """I = 1/2 log(det S_xx det S_yy / det S) of the first and the second half of the coordinates."""
    d = len(covariance) // 2
    blocks = (covariance[:d, :d], covariance[d:, d:], covariance)
    x, y, both = (np.linalg.slogdet(block)[1] for block in blocks)
    return max(float(0.5 * (x + y - both)), 0.0)  # negative values are rounding errors


def student_t_mi(n_columns: int, degrees_of_freedom: float) -> float:
    """Mutual information of the halves of a multivariate Student distribution, minus that of the normal.

    The entropy of d coordinates is 1/2 log det S + h(d) with S the dispersion, so the difference is 2 h(d) - h(2 d).
    Terms of h(d) proportional to d cancel.
    """

    def entropy(d: int) -> float:
        half = (degrees_of_freedom + d) / 2
        tail = half * (digamma(half) - digamma(degrees_of_freedom / 2))
        return tail - gammaln(half) + gammaln(degrees_of_freedom / 2)

    return float(2 * entropy(n_columns) - entropy(2 * n_columns))


def _draw_normal(rng: np.random.RandomState, n: int, correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Jointly normal rows: the first and the second half of the coordinates."""
    values = rng.standard_normal((n, len(correlation))) @ np.linalg.cholesky(correlation).T
    X, Y = np.hsplit(values, 2)
    return X, Y


def _draw_low_rank(
    rng: np.random.RandomState, n: int, n_columns: int, correlation: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """X = U A + noise, Y = W B + noise of latent U and W, and I(X; Y)."""
    U, W = _draw_normal(rng, n, correlation)
    A, B = (rng.standard_normal((U.shape[1], n_columns)) for _ in range(2))
    X, Y = (latent @ loading + rng.standard_normal((n, n_columns)) for latent, loading in ((U, A), (W, B)))
    loadings = block_diag(A, B)
    return X, Y, normal_information(loadings.T @ correlation @ loadings + np.eye(2 * n_columns))


def _draw_mixture(
    rng: np.random.RandomState, n: int, n_columns: int, n_classes: int, information: float
) -> tuple[np.ndarray, np.ndarray]:
    """Normal columns around class means in equal steps on a line, and the class.

    The mean of the columns is sufficient for the class, so the separation is found in one dimension.
    """
    line = np.arange(n_classes) - (n_classes - 1) / 2
    if not information < class_mean_mi(MAX_SEPARATION * line):
        raise ValueError(
            f"information={information} must be below the label's entropy, log({n_classes}) = "
            f"{np.log(n_classes):.4g} nats. Lower it, or raise n_classes."
        )
    separation = 0.0
    if information > 0:
        separation = brentq(lambda s: class_mean_mi(s * line) - information, 0, MAX_SEPARATION)
    label = rng.randint(n_classes, size=n)
    mean = separation / np.sqrt(n_columns) * line[label]
    return mean[:, None] + rng.standard_normal((n, n_columns)), label


def make_known_information(
    task: str,
    n_samples: int = 1000,
    *,
    information: float = 1.0,
    n_columns: int = 2,
    n_noise_columns: int = 0,
    n_classes: int = 3,
    dense: bool = False,
    degrees_of_freedom: float = 3.0,
    random_state: RandomState = None,
) -> Bunch:
    """Draw two tables, or a table and a label, whose mutual information is known.

    All tasks but "mixture" start from jointly normal U and W with I(U; W) = ``information``. Invertible maps of U or W
    keep it; noise lowers and heavy tails raise it, which the returned value includes.

    ============== =============================================================== ====================
    task           X and Y                                                         I(X; Y)
    ============== =============================================================== ====================
    "normal"       X = U, Y = W                                                    ``information``
    "half_cube"    sign(u) abs(u)^(3/2) of every number                            ``information``
    "spiral"       two columns of each rotated by abs(u)^2 / n_columns radians     ``information``
    "swiss_roll"   Y = Phi(W); every Phi(u) mapped to two columns of X             ``information``
    "student_t"    U and W divided by one sqrt(chi2 / degrees_of_freedom) a row    more
    "asinh"        arsinh of every number of "student_t"                           more
    "low_rank"     4 columns of U and of W, in ``n_columns`` noisy mixtures        less
    "mixture"      Y a class, X normal columns around the means of the classes     ``information``
    ============== =============================================================== ====================

    Parameters
    ----------
    task : str
        One of the above.
    n_samples : int, default=1000
        Number of rows.
    information : float >= 0, default=1.0
        I(U; W) in nats; below log(n_classes) in "mixture".
    n_columns : int, default=2
        Columns of X and of Y before the noise columns; "swiss_roll" makes two of each of X, and "spiral" needs two.
    n_noise_columns : int, default=0
        Independent normal columns appended to X, and to Y where Y is a table.
    n_classes : int, default=3
        Equally likely classes of "mixture", their means in equal steps on a line.
    dense : bool, default=False
        All columns of U and W have the same correlations. By default column i of U is correlated only with column i of
        W, with the same correlation for all i. Not used in "mixture".
    degrees_of_freedom : float > 0, default=3.0
        Of "student_t" and "asinh": the smaller, the heavier the tails, and the larger I(X; Y).
    random_state : int, RandomState or None, default=None
        Seed.

    Returns
    -------
    Bunch
        ``X`` (ndarray of shape (n_samples, n_columns_of_X)), ``Y`` (ndarray, a table, or in "mixture" a vector of
        class numbers), ``information`` (float, I(X; Y) in nats), ``DESCR``.

    Raises
    ------
    ValueError
        If the task is unknown, a number is out of its range, or ``information`` exceeds the entropy of the label.

    Notes
    -----
    With the dispersion of "normal", and h(d) the entropy of the standard Student distribution of d coordinates,
    "student_t" has I = ``information`` + 2 h(n_columns) - h(2 n_columns): X and Y share the divisor of a row, even at
    ``information=0``. I(X; Y) of "low_rank" is that of the drawn loadings, 1/2 log(det S_xx det S_yy / det S): near
    ``information`` with many columns.

    References
    ----------
    Czyz, P., Grabowski, F., Vogt, J. E., Beerenwinkel, N., Marx, A. (2023). Beyond normal: on the evaluation of
    mutual information estimators. NeurIPS, arXiv 2306.11078; the transformed tasks.

    Examples
    --------
    >>> data = make_known_information("student_t", 500, information=0.5, random_state=0)
    >>> data.X.shape, data.Y.shape, round(data.information, 3)
    ((500, 2), (500, 2), 0.611)
    """
    if task not in TASKS:
        raise ValueError(f"task={task!r} is unknown. Take one of {', '.join(map(repr, TASKS))}.")
    counts = {
        "n_samples": (n_samples, 1),
        "n_columns": (n_columns, 2 if task == "spiral" else 1),
        "n_noise_columns": (n_noise_columns, 0),
        "n_classes": (n_classes, 2),
    }
    for name, (value, minimum) in counts.items():
        check_count(name, value, minimum, task)
    if not isinstance(information, Real) or not 0 <= information < np.inf:
        raise ValueError(f"information={information!r} must be finite and at least 0 nats.")
    if not 0 < degrees_of_freedom < np.inf:
        raise ValueError(f'degrees_of_freedom={degrees_of_freedom} must be finite and positive; "normal" has no tails.')
    rng = check_random_state(random_state)
    mutual_information = float(information)
    if task == "mixture":
        X, Y = _draw_mixture(rng, n_samples, n_columns, n_classes, information)
    elif task == "low_rank":
        X, Y, mutual_information = _draw_low_rank(
            rng, n_samples, n_columns, normal_correlation(LOW_RANK, information, dense)
        )
    else:
        X, Y = _draw_normal(rng, n_samples, normal_correlation(n_columns, information, dense))
    if task == "half_cube":
        X, Y = half_cube(X), half_cube(Y)
    elif task == "spiral":
        X, Y = spiral(X, 0, 1), spiral(Y, n_columns - 2, n_columns - 1)
    elif task == "swiss_roll":
        X, Y = swiss_roll(ndtr(X)), ndtr(Y)
    elif task in ("student_t", "asinh"):
        scale = np.sqrt(rng.chisquare(degrees_of_freedom, size=(n_samples, 1)) / degrees_of_freedom)
        X, Y = X / scale, Y / scale
        mutual_information += student_t_mi(n_columns, degrees_of_freedom)
        if task == "asinh":
            X, Y = np.arcsinh(X), np.arcsinh(Y)
    X = np.hstack([X, rng.standard_normal((n_samples, n_noise_columns))])
    if task != "mixture":
        Y = np.hstack([Y, rng.standard_normal((n_samples, n_noise_columns))])
    return Bunch(X=X, Y=Y, information=mutual_information, DESCR=make_known_information.__doc__ or "")
