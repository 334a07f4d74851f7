"""Displays of a selection in scikit-learn's form; matplotlib is imported when something is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from .._utils._decisions import DISTIL, DO_NOT_DISTIL, UNDECIDED
from .._utils._plotting import DECISION_STYLES, escape_label, row_axes
from .._validation._array_checks import check_same_length
from .._validation._sklearn import ArrayLike, check_choice
from .._validation._tables import Table
from ._criteria import NO_PAIRS, decisive_metric, sign_of_metric, threshold_of
from ._matrix import cch_matrix
from ._selector import CCHSelector

AXIS_LABELS = {
    "added": "what the teacher adds, $I(H_S, H_T; Y) - I(H_S; Y)$, nats",
    "advantage": "teacher's advantage $I(H_T; Y) - I(H_S; Y)$, nats",
    "gap": "complementarity gap $I(H_T; H_S) - I(H_S; Y)$, nats",
    "residual_criterion": "residual criterion $1 - Cov(e, u) / Var(e)$",
    "risk_reduction": "predicted saving of the linear student's excess risk",
    "criterion": "criterion",
}


def _interval_signs(results: pd.DataFrame, metric: str) -> np.ndarray:
    """Decision of each row by the interval of a metric, which need not be the metric that the selector decides by."""
    ends = results[[f"{metric}_lower", f"{metric}_upper"]].to_numpy()
    return np.array([sign_of_metric(metric, lower, upper) for lower, upper in ends])


def _check_metric(metric: str, results: pd.DataFrame) -> str:
    """The metric, if the results have it."""
    check_choice("metric", metric, [name for name in AXIS_LABELS if name in results and results[name].notna().any()])
    return metric


class CCHDisplay:
    """Draw a metric of each candidate teacher, with its interval and the decision.

    Parameters
    ----------
    results : DataFrame
        ``CCHSelector.results_``; ``gap`` and ``advantage`` are in nats.
    metric : {"added", "advantage", "gap", "residual_criterion", "risk_reduction", "criterion"}
        Metric to draw.
    student : str
        Name of the student's modality, for the title.
    decisions : array-like of shape (n_candidates,), default=None
        Decision of each row of the results. None is by the interval of the metric alone.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the drawing.
    figure_ : matplotlib Figure
        Figure of the axes.

    Examples
    --------
    >>> from skcmkd import CCHDisplay, CCHSelector
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(200, random_state=0)
    >>> selector = CCHSelector(drawn.modalities, student="student", random_state=0)
    >>> display = CCHDisplay.from_estimator(selector.fit(drawn.data, drawn.target))
    >>> display.ax_.get_yticklabels()[0].get_text()
    'teacher'
    """

    def __init__(self, results: pd.DataFrame, metric: str, student: str, decisions: ArrayLike | None = None) -> None:
        self.results = results
        self.metric = metric
        self.student = student
        self.decisions = decisions

    @classmethod
    def from_estimator(cls, selector: CCHSelector, *, metric: str | None = None, ax: Any = None) -> CCHDisplay:
        """Draw a fitted selector.

        Parameters
        ----------
        selector : CCHSelector
            Fitted.
        metric : {"added", "advantage", "gap", "residual_criterion", "risk_reduction", "criterion"}, default=None
            Metric to draw; None is the one that the selector decides by.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        CCHDisplay
            The display.

        Raises
        ------
        ValueError
            If ``results_`` has no such metric.
        """
        if not hasattr(selector, "modalities"):
            raise ValueError(
                f"CCHDisplay draws a fitted CCHSelector, and got a {type(selector).__name__}. Give the selector; for a "
                "distiller take DistillationReport or AlignmentDisplay."
            )
        check_is_fitted(selector)
        results, decisive = selector.results_, decisive_metric(selector.criterion)
        metric = _check_metric(metric or decisive, results)
        return cls(results, metric, selector.student, results["decision"] if metric == decisive else None).plot(ax=ax)

    def plot(self, ax: Any = None) -> CCHDisplay:
        """Draw the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        CCHDisplay
            The display.
        """
        results = self.results.iloc[::-1]
        refused = self.metric == "added" and "reason" in results and bool((results["reason"] == NO_PAIRS).all())
        title = f"Who should teach '{escape_label(self.student)}'?" + (" Nobody: no unlabeled pairs" if refused else "")
        ax = row_axes(ax, list(results.index), title, AXIS_LABELS[self.metric])
        value, lower, upper = (results[self.metric + end].to_numpy() for end in ("", "_lower", "_upper"))
        decision = np.full(len(results), DO_NOT_DISTIL) if refused else _interval_signs(results, self.metric)
        if self.decisions is not None:
            decision = np.asarray(self.decisions)[::-1]
        ax.axvline(threshold_of(self.metric), color="black", linewidth=0.8)
        for name, style in DECISION_STYLES.items():
            rows = np.flatnonzero(decision == name)
            if len(rows):
                errors = [value[rows] - lower[rows], upper[rows] - value[rows]]
                ax.errorbar(
                    value[rows],
                    rows,
                    xerr=errors,
                    label=name,
                    linestyle="none",
                    capsize=4,
                    markersize=8,
                    **style,
                )
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
        self.ax_, self.figure_ = ax, ax.figure
        return self


class CCHMatrixDisplay:
    """Draw a metric of every ordered pair of modalities: rows are students, columns their teachers.

    Parameters
    ----------
    matrix : DataFrame
        Output of ``cch_matrix``; ``gap`` and ``advantage`` are in nats.
    metric : {"added", "advantage", "gap", "residual_criterion", "risk_reduction", "criterion"}
        Metric to draw. A pair whose interval contains zero (``added``: 0.01) has a question mark.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the drawing.
    figure_ : matplotlib Figure
        Figure of the axes.

    Examples
    --------
    >>> from skcmkd import CCHMatrixDisplay, CCHSelector
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(200, random_state=0)
    >>> selector = CCHSelector(drawn.modalities, student="student", n_subsamples=50, random_state=0)
    >>> display = CCHMatrixDisplay.from_estimator(selector, drawn.data, drawn.target)
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['teacher', 'student']
    """

    def __init__(self, matrix: pd.DataFrame, metric: str) -> None:
        self.matrix = matrix
        self.metric = metric

    @classmethod
    def from_estimator(
        cls,
        selector: CCHSelector,
        X: Table,
        y: ArrayLike,
        *,
        unlabeled_pairs: tuple[Table, ...] | None = None,
        metric: str | None = None,
        ax: Any = None,
    ) -> CCHMatrixDisplay:
        """Compute the metrics of every ordered pair of the selector's modalities and draw one.

        Parameters
        ----------
        selector : CCHSelector
            The modalities and how to score them; it need not be fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
            All modalities side by side.
        y : array-like of shape (n_samples,)
            Class labels, or a continuous target.
        unlabeled_pairs : tuple of one table, default=None
            As in ``CCHSelector.fit``.
        metric : {"added", "advantage", "gap", "residual_criterion", "risk_reduction", "criterion"}, default=None
            Metric to draw; None is the one that the selector decides by.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        CCHMatrixDisplay
            The display.

        Raises
        ------
        ValueError
            If there is no such metric, or as ``cch_matrix``.
        """
        matrix = cch_matrix(selector, X, y, unlabeled_pairs=unlabeled_pairs)
        return cls(matrix, _check_metric(metric or decisive_metric(selector.criterion), matrix)).plot(ax=ax)

    def plot(self, ax: Any = None) -> CCHMatrixDisplay:
        """Draw the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        CCHMatrixDisplay
            The display.
        """
        import matplotlib.pyplot as plt

        names = list(dict.fromkeys(self.matrix.index.get_level_values("student")))
        if ax is None:
            size = 2.5 + 0.8 * len(names)
            ax = plt.subplots(figsize=(size + 1.5, size), layout="constrained")[1]
        pairs = [(names.index(student), names.index(teacher)) for student, teacher in self.matrix.index.tolist()]
        values = np.full((len(names), len(names)), np.nan)
        values[tuple(np.transpose(pairs))] = self.matrix[self.metric]
        largest = float(np.nanmax(np.abs(values)))
        image = ax.imshow(values, cmap="PuOr_r", vmin=-largest, vmax=largest)
        for (row, column), decision in zip(pairs, _interval_signs(self.matrix, self.metric), strict=True):
            value = values[row, column]
            text = f"{value:+.2f}" + (" ?" if decision == UNDECIDED else "")
            color = "white" if abs(value) > 0.6 * largest else "black"
            ax.text(column, row, text, ha="center", va="center", color=color)
        label = [escape_label(name) for name in names]
        ax.set_xticks(range(len(names)), label, rotation=30, ha="right")
        ax.set_yticks(range(len(names)), label)
        ax.set_xlabel("teacher")
        ax.set_ylabel("student")
        ax.set_title("Who should teach whom? (? undecided)", loc="left")
        ax.spines[:].set_visible(False)
        ax.figure.colorbar(image, ax=ax, label=AXIS_LABELS[self.metric], shrink=0.8)
        self.ax_, self.figure_ = ax, ax.figure
        return self


class GainDisplay:
    """Draw the gain that distillation brought against the metric that predicts it, one point per case.

    Points in the upper right and lower left quarters are those where the metric has the sign of the gain.

    Parameters
    ----------
    predicted : ndarray of shape (n_cases,)
        Metric of each case, such as the gap.
    gain : ndarray of shape (n_cases,)
        Score of the distilled student less that of the student trained alone.
    metric : str, default="gap"
        Name of the metric: one of ``results_``, or any text.
    gain_name : str, default="gain in accuracy"
        Name of the gain.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the drawing.
    figure_ : matplotlib Figure
        Figure of the axes.

    Examples
    --------
    >>> from skcmkd import GainDisplay
    >>> display = GainDisplay.from_predictions([-0.2, 0.1, 0.4], [-0.03, 0.0, 0.05])
    >>> display.ax_.get_ylabel()
    'gain in accuracy'
    """

    def __init__(
        self, predicted: np.ndarray, gain: np.ndarray, metric: str = "gap", gain_name: str = "gain in accuracy"
    ) -> None:
        self.predicted = predicted
        self.gain = gain
        self.metric = metric
        self.gain_name = gain_name

    @classmethod
    def from_predictions(
        cls,
        predicted: ArrayLike,
        gain: ArrayLike,
        *,
        metric: str = "gap",
        gain_name: str = "gain in accuracy",
        ax: Any = None,
    ) -> GainDisplay:
        """Draw the realized gain against the predicted metric.

        Parameters
        ----------
        predicted : array-like of shape (n_cases,)
            Metric of each case.
        gain : array-like of shape (n_cases,)
            Realized gain of each case.
        metric : str, default="gap"
            Name of the metric: one of ``results_``, or any text.
        gain_name : str, default="gain in accuracy"
            Name of the gain.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        GainDisplay
            The display.

        Raises
        ------
        ValueError
            If the two differ in length, or hold NaN or infinity.
        """
        predicted = check_array(predicted, ensure_2d=False, dtype=np.float64, input_name="predicted")
        gain = check_array(gain, ensure_2d=False, dtype=np.float64, input_name="gain")
        check_same_length(predicted, gain, "gain", "predicted")
        return cls(predicted, gain, metric, gain_name).plot(ax=ax)

    def plot(self, ax: Any = None) -> GainDisplay:
        """Draw the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        GainDisplay
            The display.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            ax = plt.subplots(figsize=(6, 4.5), layout="constrained")[1]
        same_sign = np.sign(self.predicted) == np.sign(self.gain)
        for mask, decision, label in ((same_sign, DISTIL, "sign right"), (~same_sign, DO_NOT_DISTIL, "sign wrong")):
            style = DECISION_STYLES[decision]
            ax.scatter(self.predicted[mask], self.gain[mask], label=f"{label}: {mask.sum()}", alpha=0.7, **style)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set_xlabel(AXIS_LABELS.get(self.metric, self.metric))
        ax.set_ylabel(self.gain_name)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, loc="best")
        self.ax_, self.figure_ = ax, ax.figure
        return self
