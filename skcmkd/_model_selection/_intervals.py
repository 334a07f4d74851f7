"""Intervals of a cross-validated difference: each names its method and what it is an interval of.

Three numbers hide behind "the gain" of one model over another:

- ``MODELS``, of the models as trained: how much better they predict further rows. Given the training sets, rows are
  the only source of variance.
- ``EXPECTED``, the expectation at this sample size, over training sets of so many rows. Training sets of two folds
  share rows, so that the variance that comes with them does not show between the folds and needs a correction.
- ``MODALITIES``, of the modalities themselves, with models fitted to infinitely many rows: no interval here is of it.

Differences are arrays (n_repeats, n_rows) of out-of-fold scores, or (n_rows,) for one repeat; a row that a repeat did
not score is NaN. ``fold_ids`` have the same shape. Rows of a group may depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from ._standard_errors import n_units, repeat_error, standard_error_of_mean

MODELS, EXPECTED, MODALITIES = "the models as trained", "the expectation at this sample size", "the modalities"


@dataclass(frozen=True)
class Interval:
    """An estimate, its standard error and its interval.

    Attributes
    ----------
    value, standard_error, lower, upper : float
        The last three are NaN where there is only one independent unit.
    dof : float
        Degrees of freedom of Student's distribution of the error; infinite for a normal one.
    method, estimand : str
        How the standard error was estimated, and what the interval is of.
    """

    value: float
    standard_error: float
    lower: float
    upper: float
    dof: float
    method: str
    estimand: str

    @property
    def p_value(self) -> float:
        """One-sided p-value of the hypothesis that the estimand is at most 0."""
        return self.p_value_above(0.0)

    @property
    def probability_positive(self) -> float:
        """1 less the one-sided p-value."""
        return 1 - self.p_value

    def p_value_above(self, threshold: float) -> float:
        """One-sided p-value of the hypothesis that the estimand is at most the threshold."""
        if self.standard_error > 0:
            t = (threshold - self.value) / self.standard_error
            return float(ndtr(t) if np.isinf(self.dof) else stdtr(self.dof, t))
        # Without any spread the sign is certain.
        return float(self.value <= threshold) if self.standard_error == 0 else np.nan


def make_interval(
    value: float, standard_error: float, dof: float, confidence: float, *, method: str, estimand: str
) -> Interval:
    """The interval value -+ t_dof((1 + confidence) / 2) standard_error; a normal one for infinite dof."""
    value, standard_error = float(value), float(standard_error)
    if not dof > 0:
        return Interval(value, np.nan, np.nan, np.nan, dof, method, estimand)
    end = (1 + confidence) / 2
    # Without SciPy's distribution objects, which take a thousand times as long.
    margin = float(ndtri(end) if np.isinf(dof) else stdtrit(dof, end)) * standard_error
    return Interval(value, standard_error, value - margin, value + margin, dof, method, estimand)


def wald_interval(differences: np.ndarray, confidence: float, groups: np.ndarray | None = None) -> Interval:
    """Student's interval of the mean over rows: the models as trained.

    Repeats of a row are averaged first, so that rows, not predictions, are counted; se is that of
    ``standard_error_of_mean``, with one degree of freedom less than rows or groups. For models that hardly change with
    one row the mean over folds has, given the training sets, the variance of a mean over independent rows.

    Parameters
    ----------
    differences : ndarray of shape (n_repeats, n_rows) or (n_rows,)
    confidence : float in (0, 1)
    groups : ndarray of shape (n_rows,), default=None

    References
    ----------
    Bayle, Bayle, Janson, Mackey. Cross-validation confidence intervals for test error. NeurIPS 2020.
    """
    return _interval_of_rows(differences, confidence, groups, method="wald", estimand=MODELS)


def repeated_interval(differences: np.ndarray, confidence: float, groups: np.ndarray | None = None) -> Interval:
    """Interval of repeated cross-validation, se^2 = se_rows^2 + s_repeats^2 / n_repeats: the models as trained.

    The second part is the variance between the means of the repeats, which is left after averaging over so many
    assignments of rows to folds. All repeats share the rows, so no number of them shows what other rows would give.

    Parameters
    ----------
    differences : ndarray of shape (n_repeats, n_rows)
    confidence : float in (0, 1)
    groups : ndarray of shape (n_rows,), default=None

    References
    ----------
    Fava. Repeated cross-fitting. arXiv 2511.04957 (it covers too rarely in comparisons).
    """
    error = repeat_error(_repeat_means(differences))
    return _interval_of_rows(differences, confidence, groups, extra_se=error, method="repeated", estimand=MODELS)


def corrected_t_interval(differences: np.ndarray, fold_ids: np.ndarray, confidence: float) -> Interval:
    """Corrected resampled t interval of (repeated) cross-validation: the expectation at this sample size.

    ``split_interval`` of the means of the folds of every repeat. Folds that keep groups together make it one by groups.

    Parameters
    ----------
    differences, fold_ids : ndarray of shape (n_repeats, n_rows) or (n_rows,)
    confidence : float in (0, 1)

    References
    ----------
    Nadeau, Bengio. Inference for the generalization error. Machine Learning 52 (2003).
    Bouckaert, Frank. Evaluating the replicability of significance tests for comparing learning algorithms. PAKDD 2004.
    """
    means, ratios = [], []
    for of_repeat, folds in zip(np.atleast_2d(differences), np.atleast_2d(fold_ids), strict=True):
        for fold in np.unique(folds):
            values = of_repeat[folds == fold]
            values = values[~np.isnan(values)]
            if len(values):
                means.append(values.mean())
                ratios.append((folds == fold).sum() / max((folds != fold).sum(), 1))
    value = _mean(_row_means(differences, None)[0])
    return split_interval(np.array(means), _mean(np.array(ratios)), confidence, value=value)


def corrected_rows_interval(
    differences: np.ndarray, factor: float, confidence: float, groups: np.ndarray | None = None
) -> Interval:
    """Wald's interval corrected for training sets that share rows: the models as trained.

    se^2 = factor^2 se_rows^2 + s_repeats^2 / R. The factor sqrt(1 + n / n_train) is that of the corrected resampled t
    interval, with the variance between splits from the rows (``overlap_factor``): five folds have four degrees of
    freedom, their rows many more. It was derived for the expectation at this sample size, which it covers less often
    than the models as trained: folds train on fewer rows (``benchmarks/interval_coverage``).

    Parameters
    ----------
    differences : ndarray of shape (n_repeats, n_rows) or (n_rows,)
    factor : float
        ``overlap_factor`` of all rows, also where the differences are those of some.
    confidence : float in (0, 1)
    groups : ndarray of shape (n_rows,), default=None

    References
    ----------
    Nadeau, Bengio. Inference for the generalization error. Machine Learning 52 (2003).
    """
    error = repeat_error(_repeat_means(differences))
    return _interval_of_rows(
        differences, confidence, groups, factor=factor, extra_se=error, method="corrected rows", estimand=MODELS
    )


def split_interval(
    split_means: np.ndarray, test_train_ratio: float, confidence: float, *, value: float | None = None
) -> Interval:
    """Corrected resampled t interval of J splits, se^2 = (1 / J + n_test / n_train) s^2: the expected difference.

    With r the correlation between two splits, a mean over J has variance s^2 (1 / J + r / (1 - r)), where s^2 is the
    variance between the splits. r cannot be estimated without bias; n_test / (n_test + n_train) takes its place. J - 1
    degrees of freedom.

    Parameters
    ----------
    split_means : ndarray of shape (J,)
        Mean difference on the test rows of each split.
    test_train_ratio : float
        n_test / n_train.
    confidence : float in (0, 1)
    value : float, default=None
        The estimate; None is the mean of the splits.

    References
    ----------
    Nadeau, Bengio. Inference for the generalization error. Machine Learning 52 (2003).
    """
    n_splits = len(split_means)
    spread = split_means.std(ddof=1) if n_splits > 1 else np.nan
    error = np.sqrt(1 / max(n_splits, 1) + test_train_ratio) * spread
    return make_interval(
        _mean(split_means) if value is None else value,
        error,
        n_splits - 1,
        confidence,
        method="corrected t",
        estimand=EXPECTED,
    )


def conservative_z_interval(value: float, half_values: np.ndarray, confidence: float) -> Interval:
    """Conservative Z interval, se^2 = sum_m (a_m - b_m)^2 / (2 M): the expectation at this sample size.

    a_m and b_m are the estimates on the two disjoint halves of the rows in the m-th of M random partitions, each cross-
    validated anew within its half. They are independent, so se^2 is without bias the variance of the estimate of half
    of the rows, which is larger than that of all: the interval is too wide rather than too narrow.

    Parameters
    ----------
    value : float
        Estimate on all rows.
    half_values : ndarray of shape (M, 2)
    confidence : float in (0, 1)

    References
    ----------
    Nadeau, Bengio. Inference for the generalization error. Machine Learning 52 (2003).
    """
    error = np.sqrt(((half_values[:, 0] - half_values[:, 1]) ** 2).mean() / 2)
    return make_interval(value, error, np.inf, confidence, method="conservative z", estimand=EXPECTED)


def subsampling_interval(
    value: float,
    half_sample_values: np.ndarray,
    n_units: int,
    confidence: float,
    dof: int | None = None,
    extra_se: float = 0.0,
    factor: float = 1.0,
    estimand: str = MODELS,
) -> Interval:
    """Student's interval of a statistic, with the standard error of its values on half-samples.

    The units are what was drawn: independent rows, or groups of dependent rows. To first order a statistic is a mean of
    one contribution a unit, so its error falls with the number of units n, whatever the number of rows in each.

    A subsample of m of the n units is part of the whole, and Var(theta_m - theta_n) = (1/m - 1/n) s^2 for a mean, so
    deviations are scaled by sqrt(m / (n - m)) to have the error s^2 / n of the whole: 1 for exact halves. (The factor
    sqrt(m / n) is for m much smaller than n; at m = n/2 it gives intervals a third too short.) Deviations are taken
    from the mean of the half-samples, since a statistic of fewer rows has more bias. Quantiles of the deviations cover
    no better, and lie above 0 more often where there is no difference.

    Parameters
    ----------
    value : float
        Statistic of all rows.
    half_sample_values : ndarray of shape (n_subsamples,)
    n_units : int
    confidence : float
        In (0, 1).
    dof : int, default=None
        Degrees of freedom; None is one less than the half-samples. A dozen units determine their spread poorly, however
        many half-samples are drawn of them.
    extra_se : float, default=0
        Standard error of another source of variance, independent of the rows.
    factor : float, default=1
        Of the error by half-samples, such as ``overlap_factor``.
    estimand : str, default=MODELS
        ``EXPECTED`` with ``overlap_factor``, or where the models were fitted again on each half.

    References
    ----------
    Politis, Romano, Wolf. Subsampling. Springer 1999.
    """
    m = n_units // 2
    error = np.hypot(factor * np.sqrt(m / (n_units - m)) * half_sample_values.std(ddof=1), extra_se)
    dof = len(half_sample_values) - 1 if dof is None else dof
    return make_interval(value, error, dof, confidence, method="half-sampling", estimand=estimand)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def _interval_of_rows(
    differences: np.ndarray,
    confidence: float,
    groups: np.ndarray | None,
    *,
    factor: float = 1.0,
    extra_se: float = 0.0,
    method: str,
    estimand: str,
) -> Interval:
    rows, row_groups = _row_means(differences, groups)
    error, dof = factor * standard_error_of_mean(rows, row_groups), n_units(rows, row_groups) - 1
    return make_interval(_mean(rows), np.hypot(error, extra_se), dof, confidence, method=method, estimand=estimand)


def _row_means(differences: np.ndarray, groups: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Means over the repeats that scored a row, and the groups of these rows."""
    differences = np.atleast_2d(differences)
    scored = ~np.isnan(differences).all(axis=0)
    return np.nanmean(differences[:, scored], axis=0), None if groups is None else groups[scored]


def _repeat_means(differences: np.ndarray) -> np.ndarray:
    scored = (row[~np.isnan(row)] for row in np.atleast_2d(differences))
    return np.array([row.mean() for row in scored if len(row)])
