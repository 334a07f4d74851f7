"""Display of Kaplan-Meier curves; matplotlib is imported when something is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier

from .._utils._plotting import escape_label
from .._validation._array_checks import check_1d, check_same_length
from .._validation._sklearn import ArrayLike
from .._validation._tables import Table
from .._validation._target_checks import check_groups
from ._horizon import check_outcome_rows
from ._kaplan_meier import KaplanMeier, kaplan_meier
from ._outcome import check_horizon, check_time_and_event

# Okabe and Ito (2008); the line styles differ as well.
COLORS = ("#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7", "#000000")
STYLES = ("-", "--", "-.", ":")
NAMES = {2: ("low", "high"), 3: ("low", "medium", "high")}
N_COUNTS = 6
LINE_HEIGHT = 0.22  # inches


class KaplanMeierDisplay:
    """Draw the Kaplan-Meier curves of several groups, with the numbers at risk below.

    Bands are pointwise intervals; ticks on a curve are censored rows.

    Parameters
    ----------
    curves : dict of str to KaplanMeier
        The curve of each group, in the order of drawing.
    horizon : float, default=None
        Drawn as a vertical line; None draws none.
    confidence : float in (0, 1), default=0.95
        Probability of the bands.
    xlabel : str, default="time"
        Label of the time axis, with the unit.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure of the axes.

    Examples
    --------
    >>> from skcmkd.survival import KaplanMeierDisplay
    >>> time, event, risk = [5, 8, 3, 9], [1, 0, 1, 0], [0.8, 0.1, 0.7, 0.4]
    >>> display = KaplanMeierDisplay.from_predictions(time, event, risk, n_groups=2)
    >>> list(display.curves)
    ['low risk', 'high risk']
    """

    def __init__(
        self,
        curves: Mapping[str, KaplanMeier],
        horizon: float | None = None,
        confidence: float = 0.95,
        xlabel: str = "time",
    ) -> None:
        self.curves = curves
        self.horizon = horizon
        self.confidence = confidence
        self.xlabel = xlabel

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Table,
        time: ArrayLike,
        event: ArrayLike,
        *,
        n_groups: int = 2,
        thresholds: Sequence[float] | None = None,
        horizon: float | None = None,
        confidence: float = 0.95,
        xlabel: str = "time",
        ax: Any = None,
    ) -> KaplanMeierDisplay:
        """Draw the groups that a fitted model tells apart, on rows that it was not fitted to.

        Parameters
        ----------
        estimator : fitted estimator
            A classifier of two classes, whose probability of the second is the risk, or a regressor of a risk.
        X : DataFrame or array-like of shape (n_samples, n_features)
            Held-out rows.
        time : array-like of shape (n_samples,)
            Time to the event or to censoring, of 0 or more.
        event : array-like of shape (n_samples,)
            1 where the event was seen, 0 where the row was censored.
        n_groups : int, default=2
            Number of groups of equal size by risk.
        thresholds : sequence of float, default=None
            Risks that separate the groups, in place of equal sizes; better, as they are not chosen on these rows.
        horizon : float, default=None
            Drawn as a vertical line; None draws none.
        confidence : float in (0, 1), default=0.95
            Probability of the bands.
        xlabel : str, default="time"
            Label of the time axis, with the unit.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        KaplanMeierDisplay
            The display.

        Raises
        ------
        ValueError
            If the classifier has more than two classes, the lengths differ, a group would be empty, or ``confidence``
            does not lie between 0 and 1.
        """
        time, event = check_outcome_rows(X, time, event)
        if is_classifier(estimator):
            proba = estimator.predict_proba(X)
            if proba.shape[1] != 2:
                raise ValueError(
                    f"{estimator.__class__.__name__} was fitted to {proba.shape[1]} classes, and the risk is the "
                    "probability of the second of two. Fit it to the labels of horizon_labels."
                )
            risk = proba[:, 1]
        else:
            risk = estimator.predict(X)
        return cls.from_predictions(
            time,
            event,
            risk,
            n_groups=n_groups,
            thresholds=thresholds,
            horizon=horizon,
            confidence=confidence,
            xlabel=xlabel,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        time: ArrayLike,
        event: ArrayLike,
        risk: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        n_groups: int = 2,
        thresholds: Sequence[float] | None = None,
        horizon: float | None = None,
        confidence: float = 0.95,
        xlabel: str = "time",
        ax: Any = None,
    ) -> KaplanMeierDisplay:
        """Draw groups by predicted risk.

        Parameters
        ----------
        time : array-like of shape (n_samples,)
            Time to the event or to censoring, of 0 or more.
        event : array-like of shape (n_samples,)
            1 where the event was seen, 0 where the row was censored.
        risk : array-like of shape (n_samples,)
            Predicted risk, of any scale; rows where it is missing are left out.
        groups : array-like of shape (n_samples,), default=None
            Rows that may depend on each other, such as those of a patient, for the bands (:func:`kaplan_meier`).
        n_groups : int, default=2
            Number of groups of equal size by risk.
        thresholds : sequence of float, default=None
            Risks that separate the groups, in place of equal sizes; better, as they are not chosen on these rows.
        horizon : float, default=None
            Drawn as a vertical line; None draws none.
        confidence : float in (0, 1), default=0.95
            Probability of the bands.
        xlabel : str, default="time"
            Label of the time axis, with the unit.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        KaplanMeierDisplay
            The display.

        Raises
        ------
        ValueError
            If the lengths differ, a group would be empty, or ``confidence`` does not lie between 0 and 1.
        """
        times, events = check_time_and_event(time, event)
        risk = check_1d(risk, "risk").astype(np.float64)
        check_same_length(times, risk, "risk", "time")
        horizon = None if horizon is None else check_horizon(horizon)
        units = check_groups(groups, times, base="time")
        predicted = np.isfinite(risk)
        times, events, risk = times[predicted], events[predicted], risk[predicted]
        units = None if units is None else units[predicted]
        if thresholds is None:
            if n_groups < 1 or n_groups > len(risk):
                raise ValueError(f"n_groups={n_groups!r} must be from 1 to the number of rows, {len(risk)}.")
            thresholds = np.quantile(risk, np.arange(1, n_groups) / n_groups).tolist()
        group = np.searchsorted(np.sort(thresholds), risk, side="left")
        n_groups = len(thresholds) + 1
        sizes = np.bincount(group, minlength=n_groups)
        if not sizes.all():
            raise ValueError(
                f"The thresholds {np.round(np.sort(thresholds), 4).tolist()} of risk put no row into some group: its "
                f"{len(np.unique(risk))} values lie between {risk.min():.4g} and {risk.max():.4g}. Give fewer groups, "
                "or other thresholds."
            )
        names = NAMES.get(n_groups, tuple(f"{k + 1} of {n_groups}" for k in range(n_groups)))
        curves = {
            f"{name} risk" if n_groups > 1 else "all": kaplan_meier(
                times[group == k], events[group == k], None if units is None else units[group == k]
            )
            for k, name in enumerate(names)
        }
        return cls(curves, horizon, confidence, xlabel).plot(ax=ax)

    def plot(self, ax: Any = None) -> KaplanMeierDisplay:
        """Draw the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on, with room below for a line of each group; None makes a figure.

        Returns
        -------
        KaplanMeierDisplay
            The display.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            height = 4.0 + LINE_HEIGHT * len(self.curves)
            ax = plt.subplots(figsize=(6.4, height), layout="constrained")[1]
        end = max(curve.follow_up[-1] for curve in self.curves.values())
        for position, (name, curve) in enumerate(self.curves.items()):
            color, style = COLORS[position % len(COLORS)], STYLES[position % len(STYLES)]
            _plot_curve(ax, curve, self.confidence, color=color, linestyle=style, label=escape_label(name))
        if self.horizon is not None:
            ax.axvline(self.horizon, color="black", linewidth=0.8, linestyle=":")
        ax.set(xlim=(0, end), ylim=(0, 1.02), ylabel="probability of no event")
        ax.locator_params(axis="x", nbins=N_COUNTS)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, loc="best")
        self._write_counts(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _write_counts(self, ax: Any) -> None:
        """The numbers at risk below the ticks, a line for each group; the axis label above them."""
        ticks = [tick for tick in ax.get_xticks() if ax.get_xlim()[0] <= tick <= ax.get_xlim()[1]]
        ax.set_xticks(ticks)
        lines = [("at risk", [""] * len(ticks))] + [
            (escape_label(name), [str(count) for count in curve.count_at_risk(ticks)])
            for name, curve in self.curves.items()
        ]
        ax.set_xlabel(self.xlabel)
        for line, (name, counts) in enumerate(lines):
            below = -40 - 72 * LINE_HEIGHT * line
            place = {"xycoords": ax.get_xaxis_transform(), "textcoords": "offset points", "va": "top"}
            ax.annotate(name, (0, 0), (-16, below), ha="right", fontsize="small", **place)
            for tick, count in zip(ticks, counts, strict=True):
                ax.annotate(count, (tick, 0), (0, below), ha="center", fontsize="small", **place)


def _plot_curve(ax: Any, curve: KaplanMeier, confidence: float, *, color: str, linestyle: str, label: str) -> None:
    times = np.concatenate([[0.0], curve.time, curve.follow_up[-1:]])
    n_steps = np.searchsorted(curve.time, times, side="right")
    lower, upper = (np.append(1.0, values)[n_steps] for values in curve.interval(confidence))
    ax.step(times, curve.at(times), where="post", color=color, linestyle=linestyle, label=label)
    ax.fill_between(times, lower, upper, step="post", color=color, alpha=0.15, linewidth=0)
    censored = np.setdiff1d(curve.follow_up, curve.time)
    ax.plot(censored, curve.at(censored), linestyle="none", marker="|", markersize=7, color=color)
