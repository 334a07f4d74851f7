"""Kaplan-Meier curves of the event and of the censoring."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

from .._validation._sklearn import ArrayLike, check_confidence
from .._validation._target_checks import check_groups
from ._outcome import check_time_and_event


@dataclass(frozen=True)
class KaplanMeier:
    """A product-limit curve, a step function that is continuous from the right.

    Parameters
    ----------
    time : ndarray of shape (n_times,)
        Times at which the curve steps down, sorted.
    survival : ndarray of shape (n_times,)
        Value of the curve at and after each of them; 1 before the first.
    n_at_risk, n_events : ndarray of shape (n_times,)
        Number of rows still followed just before each step, and number of rows that leave with it.
    follow_up : ndarray of shape (n_samples,)
        The times of all rows, sorted.
    variance : ndarray of shape (n_times,)
        Variance of log S at each step, infinite where the curve is 0.

    Examples
    --------
    >>> from skcmkd.survival import kaplan_meier
    >>> curve = kaplan_meier([1, 2, 2, 3], [1, 1, 0, 0])
    >>> curve.at([0.5, 2]).tolist(), curve.before([2]).tolist()
    ([1.0, 0.5], [0.75])
    """

    time: np.ndarray
    survival: np.ndarray
    n_at_risk: np.ndarray
    n_events: np.ndarray
    follow_up: np.ndarray
    variance: np.ndarray

    def at(self, times: ArrayLike) -> np.ndarray:
        """Evaluate the curve, S(t).

        Parameters
        ----------
        times : array-like of shape (n_points,)
            Where to evaluate it; beyond the last time it keeps its last value.

        Returns
        -------
        ndarray of shape (n_points,)
            Values in [0, 1].
        """
        return np.append(1.0, self.survival)[np.searchsorted(self.time, np.asarray(times), side="right")]

    def before(self, times: ArrayLike) -> np.ndarray:
        """Evaluate the curve just before each time, S(t-).

        Parameters
        ----------
        times : array-like of shape (n_points,)
            Where to evaluate it.

        Returns
        -------
        ndarray of shape (n_points,)
            Values in [0, 1].
        """
        return np.append(1.0, self.survival)[np.searchsorted(self.time, np.asarray(times), side="left")]

    def count_at_risk(self, times: ArrayLike) -> np.ndarray:
        """Count the rows that are still followed at each time.

        Parameters
        ----------
        times : array-like of shape (n_points,)
            Where to count.

        Returns
        -------
        ndarray of int of shape (n_points,)
            Number of rows whose time is at least this one.
        """
        return len(self.follow_up) - np.searchsorted(self.follow_up, np.asarray(times), side="left")

    def interval(self, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Pointwise interval of the curve by the variance of log(-log S), which stays within [0, 1].

        The variance is Greenwood's where each row is a group of its own.

        Parameters
        ----------
        confidence : float in (0, 1), default=0.95
            Probability of each interval.

        Returns
        -------
        lower : ndarray of shape (n_times,)
            Lower end at each step; NaN where the curve is 0.
        upper : ndarray of shape (n_times,)
            Upper end.

        Raises
        ------
        ValueError
            If ``confidence`` does not lie between 0 and 1.
        """
        check_confidence(confidence)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_survival = np.log(self.survival)
            margin = norm.ppf((1 + confidence) / 2) * np.sqrt(self.variance) / log_survival
            lower, upper = (np.exp(log_survival * np.exp(sign * margin)) for sign in (-1, 1))
        known = self.survival > 0
        return np.where(known, lower, np.nan), np.where(known, upper, np.nan)


def kaplan_meier(time: ArrayLike, event: ArrayLike, groups: ArrayLike | None = None) -> KaplanMeier:
    """Estimate the probability of no event up to each time.

    With d_j events and Y_j rows at risk at the event time t_j::

        S(t) = prod_{t_j <= t} (1 - d_j / Y_j)

    A row that is censored at an event time is at risk there: censoring comes after the events of the same time.

    With groups g the variance of log S(t) is that of a sum of independent groups (Ying and Wei), which is Greenwood's,
    sum d_j / (Y_j (Y_j - d_j)), where each row is a group of its own. With d_ij and Y_ij of row i::

        sum_g (sum_{i in g} sum_{t_j <= t} (d_ij - Y_ij d_j / Y_j) / (Y_j - d_j))^2

    Parameters
    ----------
    time : array-like of shape (n_samples,)
        Time to the event or to censoring, of 0 or more.
    event : array-like of shape (n_samples,)
        1 where the event was seen, 0 where the row was censored.
    groups : array-like of shape (n_samples,), default=None
        Groups of rows that may depend on each other, such as the samples of a patient; None takes each row as
        independent. The curve is the same, its interval is not.

    Returns
    -------
    KaplanMeier
        The curve.

    Raises
    ------
    ValueError
        If a time is negative, missing or infinite, an event is neither 0 nor 1, or the lengths differ.

    References
    ----------
    Kaplan, Meier. Nonparametric estimation from incomplete observations. JASA 1958. Ying, Wei. The Kaplan-Meier
    estimate for dependent failure time observations. Journal of Multivariate Analysis 50, 1994.

    Examples
    --------
    >>> from skcmkd.survival import kaplan_meier
    >>> kaplan_meier([1, 2, 2, 3], [1, 1, 0, 0]).survival.tolist()
    [0.75, 0.5]
    """
    time, event = check_time_and_event(time, event)
    curve = product_limit(time, event)
    group_ids = check_groups(groups, time, base="time")
    if group_ids is None:
        return curve
    return replace(curve, variance=_variance_over_groups(curve, time, event, group_ids))


def kaplan_meier_of_censoring(time: ArrayLike, event: ArrayLike) -> KaplanMeier:
    """Estimate the probability G(t) of not being censored up to each time.

    With c_j censored rows, d_j events and Y_j rows at risk at the censoring time t_j::

        G(t) = prod_{t_j <= t} (1 - c_j / (Y_j - d_j))

    Censoring comes after the events of the same time, whose rows are no longer at risk of it. With S of
    :func:`kaplan_meier`, S(t) G(t) is then the share of rows with a time above t.

    Parameters
    ----------
    time : array-like of shape (n_samples,)
        Time to the event or to censoring, of 0 or more.
    event : array-like of shape (n_samples,)
        1 where the event was seen, 0 where the row was censored.

    Returns
    -------
    KaplanMeier
        The curve; its ``n_events`` are censored rows.

    Raises
    ------
    ValueError
        If a time is negative, missing or infinite, an event is neither 0 nor 1, or the lengths differ.

    References
    ----------
    Graf, Schmoor, Sauerbrei, Schumacher. Assessment and comparison of prognostic classification schemes for survival
    data. Statistics in Medicine 18, 1999.

    Examples
    --------
    >>> from skcmkd.survival import kaplan_meier_of_censoring
    >>> kaplan_meier_of_censoring([1, 2, 2, 3], [1, 1, 0, 0]).survival.tolist()
    [0.5, 0.0]
    """
    time, event = check_time_and_event(time, event)
    return product_limit(time, ~event, leaves_first=event)


def product_limit(time: np.ndarray, steps: np.ndarray, leaves_first: np.ndarray | None = None) -> KaplanMeier:
    """The curve that steps down at the times of some rows.

    Parameters
    ----------
    time : ndarray of shape (n_samples,)
    steps : ndarray of bool of shape (n_samples,)
        Rows at whose time it steps down.
    leaves_first : ndarray of bool of shape (n_samples,) or None
        Rows that are not at risk at their own time any more.
    """
    times, n_events = np.unique(time[steps], return_counts=True)
    follow_up = np.sort(time)
    n_at_risk = len(time) - np.searchsorted(follow_up, times, side="left")
    if leaves_first is not None:
        gone = np.sort(time[leaves_first])
        n_at_risk -= np.searchsorted(gone, times, side="right") - np.searchsorted(gone, times, side="left")
    survival = np.cumprod(1 - n_events / n_at_risk)
    with np.errstate(divide="ignore"):
        variance = np.cumsum(n_events / (n_at_risk * (n_at_risk - n_events)))
    return KaplanMeier(times, survival, n_at_risk, n_events, follow_up, variance)


def _variance_over_groups(curve: KaplanMeier, time: np.ndarray, event: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Variance of log S at each step, where groups are independent and their rows are not."""
    codes = np.unique(groups, return_inverse=True)[1]
    influence, variance = np.zeros(codes.max() + 1), np.full(len(curve.time), np.inf)
    # A step at a time: all steps at once would need a table of rows and steps.
    for j, (step, n_at_risk, n_events) in enumerate(zip(curve.time, curve.n_at_risk, curve.n_events, strict=True)):
        if n_events == n_at_risk:
            break
        n_expected = (time >= step) * n_events / n_at_risk
        excess = (event & (time == step)) - n_expected
        influence += np.bincount(codes, excess, minlength=len(influence)) / (n_at_risk - n_events)
        variance[j] = (influence**2).sum()
    return variance
