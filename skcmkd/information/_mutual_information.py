"""Mutual information by any of the estimators, with its standard error, interval and p-value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from .._model_selection._intervals import EXPECTED, subsampling_interval
from .._model_selection._resampling import half_samples, map_statistic, permutation_p_value
from .._validation._sklearn import ArrayLike, check_choice, check_confidence, draw_seed
from ._cca import cca
from ._classifier import classifier
from ._gaussian import gaussian
from ._infonce import infonce
from ._inputs import check_pair
from ._ksg import ksg
from ._latent import latent
from ._mine import mine

ESTIMATORS: dict[str, Callable[..., float]] = {
    "cca": cca,
    "classifier": classifier,
    "gaussian": gaussian,
    "infonce": infonce,
    "ksg": ksg,
    "latent": latent,
    "mine": mine,
}
# These train networks: they have a device, and a hundred half-samples take minutes.
TRAINED = ("infonce", "latent", "mine")


@dataclass(frozen=True)
class MutualInformationEstimate:
    """Estimate of mutual information, in nats, with its standard error; ``float()`` returns the value.

    Parameters
    ----------
    value : float
        The estimate, minus ``bias`` with ``bias_correction``.
    standard_error : float
        Standard error by subsampling; NaN without subsamples.
    lower, upper : float
        Ends of the interval; NaN without subsamples.
    p_value : float
        (b + 1) / (m + 1), where b of the m permuted estimates reach the estimate; NaN without permutations.
    bias : float
        Mean estimate of permuted rows, whose mutual information is zero; NaN without permutations.
    n_samples : int
        Number of rows.
    estimator : str
        Name of the estimator.

    Examples
    --------
    >>> from skcmkd import mutual_information
    >>> from skcmkd.datasets import make_joint_gaussian
    >>> data = make_joint_gaussian(500, n_teacher_features=1, n_student_features=1, random_state=0)
    >>> X_teacher, X_student = (data.data[data.modalities[name]] for name in ("teacher", "student"))
    >>> estimate = mutual_information(X_teacher, X_student, estimator="gaussian")
    >>> estimate.n_samples, round(float(estimate), 2), round(data.shared_information["teacher", "student"], 2)
    (500, 0.52, 0.51)
    """

    value: float
    standard_error: float
    lower: float
    upper: float
    p_value: float
    bias: float
    n_samples: int
    estimator: str

    def __float__(self) -> float:
        return self.value


def mutual_information(
    X: ArrayLike,
    Y: ArrayLike,
    estimator: str | Callable[..., float] = "cca",
    *,
    n_subsamples: int | None = None,
    n_permutations: int = 0,
    bias_correction: bool = False,
    confidence: float = 0.9,
    device: str = "auto",
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> MutualInformationEstimate:
    """Mutual information of two tables, or of a table and a label, in nats, with its standard error.

    I(X; Y) = E log p(x, y) / (p(x) p(y)). The interval comes from random halves of the rows, drawn without
    replacement (repeated rows of a bootstrap are at distance zero, which biases nearest neighbors); the p-value from
    permutations of the rows of Y.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features_x) or (n_samples,)
        First variable. Text, truth values and categories become one column for each category; constant columns are left
        out.
    Y : array-like of shape (n_samples, n_features_y) or (n_samples,)
        Second variable. One column of text, truth values, categories or whole numbers is a class label; give counts as
        floats.
    estimator : {"cca", "classifier", "gaussian", "infonce", "ksg", "latent", "mine"} or callable, default="cca"
        - "cca": out-of-fold canonical correlations; also for more columns than rows.
        - "classifier": for a label, its entropy minus the out-of-fold log-loss of a classifier.
        - "gaussian": canonical correlations of the shrunk covariance; for few columns.
        - "ksg": nearest neighbors; for few columns, and any form of dependence.
        - "latent": nearest neighbors in trained latents.
        - "mine", "infonce": trained critics.

        Or a callable ``(X, Y, *, random_state) -> nats``, such as ``functools.partial(ksg, n_neighbors=5)``.
    n_subsamples : int or None, default=None
        Number of random halves for the interval, 0 for none. None is 100, and 0 for "latent", "mine" and "infonce",
        which train networks for each.
    n_permutations : int, default=0
        Permutations for the p-value and the bias.
    bias_correction : bool, default=False
        Whether to subtract the mean estimate of permuted rows from the estimate and its interval. It corrects the bias
        under independence, not the bias under dependence.
    confidence : float, default=0.9
        Confidence of the interval.
    device : {"auto", "cpu", "cuda"} or str, default="auto"
        Torch device of the trained estimators; "auto" is CUDA where there is one.
    n_jobs : int or None, default=None
        Parallel repetitions; changes nothing but time.
    random_state : int, RandomState or None, default=None
        Seed of the estimator, the half-samples and the permutations.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    MutualInformationEstimate
        ``value``, ``standard_error``, ``lower``, ``upper``, ``p_value``, ``bias``, ``n_samples``, ``estimator``.

    Raises
    ------
    ValueError
        If the estimator is unknown, X and Y differ in rows, hold NaN or infinity, there are too few rows for the
        estimator, or ``bias_correction`` is set without permutations.

    References
    ----------
    Politis, D., Romano, J., Wolf, M. (1999). Subsampling. Springer. Phipson, B., Smyth, G. (2010). Permutation p-values
    should never be zero. Statistical Applications in Genetics and Molecular Biology 9, 39.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd import mutual_information
    >>> rng = np.random.RandomState(0)
    >>> x = rng.normal(size=(500, 3))
    >>> mi = mutual_information(x, x + rng.normal(size=(500, 3)), n_permutations=19, random_state=0)
    >>> round(mi.value, 1), mi.lower < 1.04 < mi.upper, mi.p_value  # the true value is 1.5 log 2, 1.04 nats
    (1.0, True, 0.05)
    """
    function = estimator.func if isinstance(estimator, partial) else estimator
    name = function if isinstance(function, str) else getattr(function, "__name__", repr(function))
    if isinstance(estimator, str):
        check_choice("estimator", estimator, sorted(ESTIMATORS))
        estimator = ESTIMATORS[estimator]
        if name in TRAINED:
            estimator = partial(estimator, device=device)
    elif not callable(estimator):
        raise ValueError(
            f"estimator={estimator!r} must be one of {', '.join(map(repr, sorted(ESTIMATORS)))}, or a callable "
            "(X, Y, *, random_state) -> nats."
        )
    if n_subsamples is not None and (not isinstance(n_subsamples, Integral) or n_subsamples < 0 or n_subsamples == 1):
        raise ValueError(f"n_subsamples={n_subsamples!r} must be 0 (no interval), at least 2, or None.")
    if not isinstance(n_permutations, Integral) or n_permutations < 0:
        raise ValueError(f"n_permutations={n_permutations!r} must be a whole number of 0 or more.")
    check_confidence(confidence)
    if bias_correction and n_permutations < 1:
        raise ValueError(
            f"bias_correction subtracts the mean of permuted estimates, and n_permutations={n_permutations} makes "
            "none. Set n_permutations to 20 or more."
        )
    X, Y, _ = check_pair(X, Y, min_samples=2, estimator=name)
    rng = check_random_state(random_state)
    seed = draw_seed(rng)
    estimate = partial(_estimate, estimator, X, Y, seed)
    all_rows = np.arange(len(X))
    value = estimate((all_rows, all_rows))
    if not np.isfinite(value):
        raise ValueError(f"The estimator {name} gave {value} for {len(X)} rows; use one that gives a finite number.")
    if n_subsamples is None:
        n_subsamples = 0 if name in TRAINED else 100
    half_sample_rows = [(rows, rows) for rows in half_samples([len(X)], n_subsamples, rng)]
    permutations = [(all_rows, rng.permutation(len(X))) for _ in range(n_permutations)]
    try:
        values = map_statistic(
            estimate, half_sample_rows + permutations, n_jobs=n_jobs, description=name, verbose=bool(verbose)
        )
    except ValueError as error:
        raise ValueError(
            f"The {len(X)} rows could be measured, but not halves of them, which the interval needs: {error} "
            "Set n_subsamples=0 to do without."
        ) from error
    half_sample_values, permuted = values[:n_subsamples], values[n_subsamples:]
    standard_error = lower = upper = p_value = bias = np.nan
    if n_permutations:
        p_value, bias = permutation_p_value(value, permuted), float(permuted.mean())
        value -= bias if bias_correction else 0.0
    if n_subsamples:
        interval = subsampling_interval(value, half_sample_values, len(X), confidence, estimand=EXPECTED)
        standard_error, lower, upper = interval.standard_error, interval.lower, interval.upper
    return MutualInformationEstimate(value, standard_error, lower, upper, p_value, bias, len(X), name)


def _estimate(
    estimator: Callable[..., float], X: np.ndarray, Y: np.ndarray, seed: int, rows: tuple[np.ndarray, np.ndarray]
) -> float:
    """Estimate from some rows of X paired with some rows of Y; adding zero turns -0.0 into 0.0."""
    return float(estimator(X[rows[0]], Y[rows[1]], random_state=seed)) + 0.0
