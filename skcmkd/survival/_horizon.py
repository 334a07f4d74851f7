"""Class labels at a horizon, with weights that make up for the rows censored before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation._array_checks import check_same_length
from .._validation._sklearn import ArrayLike
from .._validation._tables import Table, as_table, check_same_index, check_same_rows, take_rows
from .._validation._target_checks import check_groups
from ._kaplan_meier import KaplanMeier, kaplan_meier_of_censoring
from ._outcome import check_followed_to, check_horizon, check_time_and_event


@dataclass(frozen=True)
class HorizonLabels:
    """Whether each row had the event by the horizon, and its weight.

    Parameters
    ----------
    label : ndarray of shape (n_samples,)
        1.0 with the event up to the horizon, 0.0 without, NaN where the row was censored before the horizon.
    sample_weight : ndarray of shape (n_samples,)
        1 / G(min(time, horizon)-) of the rows with a label, 0 of the others; they sum to the number of rows.
    known : ndarray of bool of shape (n_samples,)
        Rows with a label.
    horizon : float
        In the unit of time.
    censoring : KaplanMeier
        G, estimated from these rows.

    Examples
    --------
    >>> from skcmkd.survival import horizon_labels
    >>> horizon_labels([1, 2, 4, 5], [1, 0, 1, 0], horizon=3).known.tolist()
    [True, False, True, True]
    """

    label: np.ndarray
    sample_weight: np.ndarray
    known: np.ndarray
    horizon: float
    censoring: KaplanMeier

    def fit_params(self, X: Table, X_teacher: Table | None = None, groups: ArrayLike | None = None) -> dict[str, Any]:
        """What ``fit`` of a distiller takes: labeled rows with their weights, and censored rows as unlabeled pairs.

        ``PairedDistiller(...).fit(**labels.fit_params(X, X_teacher))`` trains a student to predict the risk at the
        horizon.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, or both modalities when the distiller's ``student_columns`` is set.
        X_teacher : DataFrame or array-like of shape (n_samples, n_teacher_features), default=None
            The teacher's table.
        groups : array-like of shape (n_samples,), default=None
            Groups of rows that may depend on each other, such as samples of one patient.

        Returns
        -------
        dict
            ``X``, ``y`` (0 or 1), ``sample_weight``, and ``X_teacher``, ``groups`` and ``unlabeled_pairs`` where
            there are some.

        Raises
        ------
        ValueError
            If the tables and the labels differ in length.
        """
        tables = [as_table(X)] if X_teacher is None else [as_table(X), as_table(X_teacher, "X_teacher")]
        check_same_length(tables[0], self.label, "the outcome")
        check_same_rows(tables[0], tables[-1], "X_teacher")
        groups = check_groups(groups, tables[0])
        known = [take_rows(table, self.known) for table in tables]
        params: dict[str, Any] = {
            "X": known[0],
            "y": self.label[self.known].astype(int),
            "sample_weight": self.sample_weight[self.known],
        }
        if X_teacher is not None:
            params["X_teacher"] = known[1]
        if groups is not None:
            params["groups"] = groups[self.known]
        if not self.known.all():
            censored = [take_rows(table, ~self.known) for table in tables]
            params["unlabeled_pairs"] = (*censored, *([] if groups is None else [groups[~self.known]]))
        return params


def horizon_labels(time: ArrayLike, event: ArrayLike, horizon: float) -> HorizonLabels:
    """Label each row by whether the event came by the horizon, weighted against censoring.

    With h the horizon and G the probability of not being censored (:func:`kaplan_meier_of_censoring`)::

        label_i  = 1 if time_i <= h and event_i,   0 if time_i > h, or time_i = h and censored,   else missing
        weight_i = 1 / G(min(time_i, h)-) where there is a label, else 0

    A row that was censored before h has no label, and is an unlabeled pair to a distiller. The weighted mean of the
    labels is the Kaplan-Meier estimate of the event by h, 1 - S(h), exactly.

    Give a fit the training rows only: G must not be estimated with rows that are predicted.

    Parameters
    ----------
    time : array-like of shape (n_samples,)
        Time to the event or to censoring, of 0 or more. :func:`time_and_event` splits other forms of an outcome.
    event : array-like of shape (n_samples,)
        1 where the event was seen, 0 where the row was censored.
    horizon : float
        Above 0, in the unit of time.

    Returns
    -------
    HorizonLabels
        Labels, weights and the mask of rows with a label.

    Raises
    ------
    ValueError
        If time or event are not as described, the horizon is beyond the last time, all rows are censored, no event
        came by the horizon, or no row was followed to it without an event.

    Notes
    -----
    The weights take censoring to be independent of the event and of the tables. Where, say, the sicker patients are
    lost early, they are wrong, and so are all scores that use them.

    References
    ----------
    Graf, Schmoor, Sauerbrei, Schumacher. Assessment and comparison of prognostic classification schemes for survival
    data. Statistics in Medicine 18, 1999. Vock et al. Adapting machine learning techniques to censored time-to-event
    health record data. Journal of Biomedical Informatics 61, 2016.

    Examples
    --------
    >>> from skcmkd.survival import horizon_labels
    >>> labels = horizon_labels([1, 2, 4, 5], [1, 0, 1, 0], horizon=3)
    >>> labels.label.tolist()
    [1.0, nan, 0.0, 0.0]
    >>> labels.sample_weight.round(3).tolist()
    [1.0, 0.0, 1.5, 1.5]
    """
    time, event = check_time_and_event(time, event)
    horizon = check_horizon(horizon)
    check_followed_to(time, horizon)
    check_both_outcomes(time, event, horizon)
    censoring = kaplan_meier_of_censoring(time, event)
    label = label_at(time, event, horizon)
    weight = weight_of(label, uncensored_probability(time, horizon, censoring))
    return HorizonLabels(label, weight, ~np.isnan(label), horizon, censoring)


def check_both_outcomes(time: np.ndarray, event: np.ndarray, horizon: float) -> None:
    """Raise unless some row had the event by the horizon, and some row was followed to it without one."""
    if not event.any():
        raise ValueError(
            f"event is 0 in all {len(event)} rows: all are censored, and there is nothing to learn from. Check that 1 "
            "marks the event."
        )
    if not (event & (time <= horizon)).any():
        first = float(time[event].min())
        raise ValueError(
            f"No event came by horizon={horizon:g}; the first of {int(event.sum())} is at {first:g}. Give a later "
            "horizon, in the unit of time."
        )
    if not (time > horizon).any() and not (~event & (time == horizon)).any():
        raise ValueError(
            f"No row was followed to horizon={horizon:g} without an event: there is one class only. Give an earlier "
            "horizon."
        )


def label_at(time: np.ndarray, event: np.ndarray, horizon: float) -> np.ndarray:
    """1.0 with the event up to the horizon, 0.0 without it, NaN where censored before."""
    label = np.where(event & (time <= horizon), 1.0, np.nan)
    label[(time > horizon) | (~event & (time == horizon))] = 0.0
    return label


def uncensored_probability(time: np.ndarray, horizon: float, censoring: KaplanMeier) -> np.ndarray:
    """G(min(time, horizon)-) of each row, by the censoring distribution of any rows; raise where it is 0."""
    uncensored = censoring.before(np.minimum(time, horizon))
    if not (uncensored > 0).all():
        raise ValueError(
            f"All rows that the censoring is estimated from are censored before horizon={horizon:g}: rows that were "
            "followed longer have no weight. Give an earlier horizon, or more rows to estimate the censoring from."
        )
    return uncensored


def weight_of(label: np.ndarray, uncensored: np.ndarray) -> np.ndarray:
    """Weight of each row, 0 without a label."""
    return np.where(np.isnan(label), 0.0, 1 / uncensored)


def check_outcome_rows(X: Table, time: ArrayLike, event: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Time and event for the rows of a table."""
    for name, values in (("time", time), ("event", event)):
        check_same_index(X, values, name)
    times, events = check_time_and_event(time, event)
    check_same_length(X, times, "time")
    return times, events
