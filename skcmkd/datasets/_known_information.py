"""Two sides of known mutual information: what an estimator is held against."""

from __future__ import annotations

from numbers import Real

import numpy as np
from scipy.linalg import block_diag
from scipy.optimize import brentq
from scipy.special import digamma, gammaln, ndtr
from sklearn.utils import Bunch, check_random_state

from ._bunch import check_count
from ._simulated import RandomState, class_mean_mi

TASKS = ("normal", "half_cube", "spiral", "swiss_roll", "student_t", "asinh", "low_rank", "mixture")
# Latent coordinates a side of "low_rank".
LOW_RANK = 4
# Class means this far apart leave no doubt about the class in double precision.
MAX_SEPARATION = 100.0


def half_cube(x: np.ndarray) -> np.ndarray:
    """sign(x) |x|^(3/2), coordinate by coordinate: lengthens the tails."""
    return x * np.sqrt(np.abs(x))


def spiral(x: np.ndarray, i: int, j: int) -> np.ndarray:
    """Turn coordinates i and j by |x|^2 / d radians: rows far from the centre are turned further.

    The length of a row stays, so turning back undoes it.
    """
    angle = (x**2).sum(axis=1) / x.shape[1]
    turned = x.copy()
    turned[:, i] = np.cos(angle) * x[:, i] - np.sin(angle) * x[:, j]
    turned[:, j] = np.sin(angle) * x[:, i] + np.cos(angle) * x[:, j]
    return turned


def swiss_roll(u: np.ndarray) -> np.ndarray:
    """Roll every number u of [0, 1] up into two: (t cos t, t sin t) / 21 with t = 3 pi / 2 (1 + 2 u)."""
    t = 1.5 * np.pi * (1 + 2 * u)
    return np.hstack([t * np.cos(t), t * np.sin(t)]) / 21


def normal_correlation(n_columns: int, information: float, dense: bool) -> np.ndarray:
    """Correlation matrix of two sides of n_columns jointly normal coordinates with the given information.

    Sparse: coordinate i of one side with coordinate i of the other, I = -d/2 log(1 - r^2).
    Dense: every two coordinates alike, c; the only canonical correlation is d c / (1 + (d - 1) c).
    """
    d = n_columns
    if dense:
        r = np.sqrt(-np.expm1(-2 * information))
        c = r / (d - (d - 1) * r)
        return (1 - c) * np.eye(2 * d) + c
    r = np.sqrt(-np.expm1(-2 * information / d))
    return np.kron([[1, r], [r, 1]], np.eye(d))


def normal_information(covariance: np.ndarray) -> float:
    """I = 1/2 log(det S_xx det S_yy / det S), the first half of the coordinates against the second."""
    d = len(covariance) // 2
    blocks = (covariance[:d, :d], covariance[d:, d:], covariance)
    x, y, both = (np.linalg.slogdet(block)[1] for block in blocks)
    return max(float(0.5 * (x + y - both)), 0.0)  # below zero it is rounding


def student_t_mi(n_columns: int, degrees_of_freedom: float) -> float:
    """What two sides of a multivariate Student distribution share beyond the normal's information.

    The entropy of d coordinates is 1/2 log det S + h(d) with S the dispersion, so h(d) + h(d) - h(2 d) is left.
    Terms of h(d) in proportion to d cancel.
    """

    def entropy(d: int) -> float:
        half = (degrees_of_freedom + d) / 2
        surplus = half * (digamma(half) - digamma(degrees_of_freedom / 2))
        return surplus - gammaln(half) + gammaln(degrees_of_freedom / 2)

    return float(2 * entropy(n_columns) - entropy(2 * n_columns))


def _draw_normal(rng: np.random.RandomState, n: int, correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Jointly normal rows, the first half of the coordinates and the second."""
    values = rng.standard_normal((n, len(correlation))) @ np.linalg.cholesky(correlation).T
    X, Y = np.hsplit(values, 2)
    return X, Y


def _draw_low_rank(
    rng: np.random.RandomState, n: int, n_columns: int, correlation: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Latent sides U, W read as U A + noise and W B + noise, and what comes through the noise."""
    U, W = _draw_normal(rng, n, correlation)
    A, B = (rng.standard_normal((U.shape[1], n_columns)) for _ in range(2))
    X, Y = (latent @ loading + rng.standard_normal((n, n_columns)) for latent, loading in ((U, A), (W, B)))
    loadings = block_diag(A, B)
    return X, Y, normal_information(loadings.T @ correlation @ loadings + np.eye(2 * n_columns))


def _draw_mixture(
    rng: np.random.RandomState, n: int, n_columns: int, n_classes: int, information: float
) -> tuple[np.ndarray, np.ndarray]:
    """Normal columns around class means in equal steps on a line; the label is what was drawn first.

    The columns' mean holds all that they tell of the label, so the separation is found in one dimension.
    """
    line = np.arange(n_classes) - (n_classes - 1) / 2
    if not information < class_mean_mi(MAX_SEPARATION * line):
        raise ValueError(
            f"information={information} must be below the label's entropy, log({n_classes}) = "
            f"{np.log(n_classes):.4g} nats. Lower it, or ask for more classes."
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

    All tasks but "mixture" start from jointly normal sides U and W with I(U; W) = ``information``. A map of one side
    that can be undone changes no information; noise and heavy tails do, and the truth that is returned holds that.

    ============== =============================================================== ====================
    task           what is drawn                                                   truth
    ============== =============================================================== ====================
    "normal"       X = U, Y = W                                                    ``information``
    "half_cube"    sign(u) abs(u)^(3/2) of every number                            ``information``
    "spiral"       two columns of each side turned by abs(u)^2 / n_columns radians ``information``
    "swiss_roll"   Y = Phi(W); every Phi(u) rolled up into two columns of X        ``information``
    "student_t"    U and W divided by one sqrt(chi2 / degrees_of_freedom) a row    more
    "asinh"        arsinh of every number of "student_t"                           more
    "low_rank"     4 columns of U and of W, read through ``n_columns`` noisy ones  less
    "mixture"      Y a class, X normal columns around the means of the classes     ``information``
    ============== =============================================================== ====================

    Parameters
    ----------
    task : str
        One of the above.
    n_samples : int, default=1000
        Number of rows.
    information : float >= 0, default=1.0
        Nats that the draw starts from; below log(n_classes) in "mixture".
    n_columns : int, default=2
        Columns of each side before the noise columns; "swiss_roll" makes two of each of X, and "spiral" needs two.
    n_noise_columns : int, default=0
        Independent normal columns put after those of X, and those of Y where Y is a table.
    n_classes : int, default=3
        Equally likely classes of "mixture", their means in equal steps on a line.
    dense : bool, default=False
        Every two columns of U and W are correlated alike. By default column i of one side is correlated with
        column i of the other alone, and the information is spread evenly. Has no meaning in "mixture".
    degrees_of_freedom : float > 0, default=3.0
        Of "student_t" and "asinh": the smaller, the heavier the tails, and the more they tell.
    random_state : int, RandomState or None, default=None
        Seed.

    Returns
    -------
    Bunch
        ``X`` (ndarray of shape (n_samples, n_columns_of_X)), ``Y`` (ndarray, a table, or in "mixture" a vector of
        class numbers), ``information`` (float, the truth in nats), ``DESCR``.

    Raises
    ------
    ValueError
        If the task is unknown, a number is out of its range, or a label cannot hold so much information.

    Notes
    -----
    With the dispersion of "normal", and h the entropy of a standard Student distribution of so many coordinates,
    "student_t" has I = ``information`` + 2 h(n_columns) - h(2 n_columns): the common divisor of a row tells each
    side how long the other is, even where ``information=0`` and nothing is correlated. The truth of "low_rank" is that
    of the drawn loadings, 1/2 log(det S_xx det S_yy / det S): near ``information`` when columns are many.

    References
    ----------
    Czyz, P., Grabowski, F., Vogt, J. E., Beerenwinkel, N., Marx, A. (2023). Beyond normal: on the evaluation of
    mutual information estimators. NeurIPS, arXiv 2306.11078; the transformed tasks.

    Examples
    --------
    >>> from skcmkd.datasets import make_known_information
    >>> drawn = make_known_information("student_t", 500, information=0.5, random_state=0)
    >>> drawn.X.shape, drawn.Y.shape, round(drawn.information, 3)
    ((500, 2), (500, 2), 0.611)
    """
    if task not in TASKS:
        raise ValueError(f"task={task!r} is unknown. Take one of {', '.join(map(repr, TASKS))}.")
    least = {
        "n_samples": (n_samples, 1),
        "n_columns": (n_columns, 2 if task == "spiral" else 1),
        "n_noise_columns": (n_noise_columns, 0),
        "n_classes": (n_classes, 2),
    }
    for name, (value, smallest) in least.items():
        check_count(name, value, smallest, task)
    if not isinstance(information, Real) or not 0 <= information < np.inf:
        raise ValueError(f"information={information!r} must be finite and at least 0 nats.")
    if not 0 < degrees_of_freedom < np.inf:
        raise ValueError(f'degrees_of_freedom={degrees_of_freedom} must be finite and positive; "normal" has no tails.')
    rng = check_random_state(random_state)
    truth = float(information)
    if task == "mixture":
        X, Y = _draw_mixture(rng, n_samples, n_columns, n_classes, information)
    elif task == "low_rank":
        X, Y, truth = _draw_low_rank(rng, n_samples, n_columns, normal_correlation(LOW_RANK, information, dense))
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
        truth += student_t_mi(n_columns, degrees_of_freedom)
        if task == "asinh":
            X, Y = np.arcsinh(X), np.arcsinh(Y)
    X = np.hstack([X, rng.standard_normal((n_samples, n_noise_columns))])
    if task != "mixture":
        Y = np.hstack([Y, rng.standard_normal((n_samples, n_noise_columns))])
    return Bunch(X=X, Y=Y, information=truth, DESCR=make_known_information.__doc__ or "")
