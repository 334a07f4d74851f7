"""Pseudo-observations: a number for every row, also the censored ones."""

from __future__ import annotations

import numpy as np
from sklearn.utils import gen_batches

from .._validation._sklearn import ArrayLike, check_choice
from ._outcome import check_followed_to, check_horizon, check_time_and_event

KINDS = ("survival", "restricted_mean")
BATCH_ROWS = 256


def pseudo_observations(time: ArrayLike, event: ArrayLike, horizon: float, *, kind: str = "survival") -> np.ndarray:
    """Give every row, also a censored one, a number that a regression can be fitted to.

    With theta a function of the Kaplan-Meier curve S of all n rows, and theta_{-i} that of the rows without row i::

        y_i = n theta - (n - 1) theta_{-i}
        theta = S(h)  or the restricted mean  int_0^h S(t) dt

    Regressed on columns, y_i estimates theta given these columns. Without censoring before the horizon y_i is
    1{time_i > h}, or min(time_i, h). Compute them from the training rows only.

    Parameters
    ----------
    time : array-like of shape (n_samples,)
        Time to the event or to censoring, of 0 or more. :func:`time_and_event` splits other forms of an outcome.
    event : array-like of shape (n_samples,)
        1 where the event was seen, 0 where the row was censored.
    horizon : float
        Above 0, in the unit of time.
    kind : {"survival", "restricted_mean"}, default="survival"
        The survival probability at the horizon, or the mean time without event up to the horizon.

    Returns
    -------
    ndarray of shape (n_samples,)
        Pseudo-observations; they may lie below 0 or above 1.

    Raises
    ------
    ValueError
        If time or event are not as described, there are fewer than 3 rows, the horizon is beyond the last time, all
        rows are censored, or the kind is unknown.

    Notes
    -----
    They take censoring to be independent of the columns. Time grows with the square of the number of rows.

    References
    ----------
    Andersen, Klein, Rosthoj. Biometrika 90, 2003, pages 15 to 27.

    Examples
    --------
    >>> from skcmkd.survival import pseudo_observations
    >>> pseudo_observations([1, 2, 4, 5], [1, 0, 1, 0], horizon=3).round(2).tolist()
    [0.0, 1.0, 1.0, 1.0]
    """
    time, event = check_time_and_event(time, event)
    horizon = check_horizon(horizon)
    check_choice("kind", kind, KINDS)
    n_rows = len(time)
    if n_rows < 3:
        raise ValueError(f"Pseudo-observations need at least 3 rows, got n_samples={n_rows}. Give more rows.")
    check_followed_to(time, horizon)
    if not event.any():
        raise ValueError(f"event is 0 in all {n_rows} rows: all are censored. Check that 1 marks the event.")
    steps, n_events = np.unique(time[event & (time <= horizon)], return_counts=True)
    n_at_risk = n_rows - np.searchsorted(np.sort(time), steps, side="left")
    widths = np.diff(np.concatenate([[0.0], steps, [horizon]]))

    def estimate(n_events: np.ndarray, n_at_risk: np.ndarray) -> np.ndarray:
        """Theta of each row of counts, of shape (n_curves, n_steps)."""
        survival = np.cumprod(1 - n_events / np.maximum(n_at_risk, 1), axis=1)
        if kind == "survival":
            return survival[:, -1] if len(steps) else np.ones(len(n_events))
        return widths[0] + survival @ widths[1:]

    theta = estimate(n_events[None], n_at_risk[None])[0]
    left_out = np.empty(n_rows)
    for rows in gen_batches(n_rows, BATCH_ROWS):
        is_event = (time[rows, None] == steps) & event[rows, None]
        left_out[rows] = estimate(n_events - is_event, n_at_risk - (time[rows, None] >= steps))
    return n_rows * theta - (n_rows - 1) * left_out
