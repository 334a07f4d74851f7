"""Displays in scikit-learn's form; matplotlib is imported when something is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from ._criteria import DISTIL, DO_NOT_DISTIL, FIGURE_OF, UNDECIDED
from ._validation import check_choice

if TYPE_CHECKING:
    from ._selector import CCHSelector

# Blue, orange and grey of Okabe and Ito (2008) keep apart for colour-blind readers; the markers differ as well.
STYLES = {
    DISTIL: {"color": "#0072B2", "marker": "o"},
    DO_NOT_DISTIL: {"color": "#D55E00", "marker": "X"},
    UNDECIDED: {"color": "#767676", "marker": "D"},
}
LABELS = {
    "advantage": "teacher's advantage $I(H_T; Y) - I(H_S; Y)$, nats",
    "gap": "complementarity gap $I(H_T; H_S) - I(H_S; Y)$, nats",
}


def _axes_of_rows(ax: Any, names: Sequence[str], title: str, xlabel: str) -> Any:
    """The given axes, or new ones, with a labelled line for each name from the bottom up."""
    import matplotlib.pyplot as plt

    if ax is None:
        ax = plt.subplots(figsize=(7, 1.6 + 0.45 * len(names)), layout="constrained")[1]
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set_xlabel(xlabel)
    ax.set_title(title, loc="left")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


class CCHDisplay:
    """The criterion of each candidate teacher, with its interval and the decision.

    Parameters
    ----------
    results : DataFrame
        ``CCHSelector.results_``.
    figure : {"advantage", "gap"}
        Which figure to draw, in nats.
    student : str
        Name of the student's modality, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure that holds it.

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

    def __init__(self, results: pd.DataFrame, figure: str, student: str) -> None:
        self.results = results
        self.figure = figure
        self.student = student

    @classmethod
    def from_estimator(cls, selector: CCHSelector, *, figure: str | None = None, ax: Any = None) -> CCHDisplay:
        """Draw a fitted selector.

        Parameters
        ----------
        selector : CCHSelector
            Fitted.
        figure : {"advantage", "gap"}, default=None
            Which figure to draw; None is the one that decided.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        CCHDisplay
            The display.

        Raises
        ------
        ValueError
            If the figure is neither of the two.
        """
        check_is_fitted(selector)
        figure = figure or FIGURE_OF[selector.criterion]
        check_choice("figure", figure, list(LABELS))
        return cls(selector.results_, figure, selector.student).plot(ax=ax)

    def plot(self, ax: Any = None) -> CCHDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        CCHDisplay
            The display.
        """
        results = self.results.iloc[::-1]
        title = f"Who should teach {self.student!r}?"
        ax = _axes_of_rows(ax, list(results.index), title, LABELS[self.figure])
        value, lower, upper = (results[self.figure + end].to_numpy() for end in ("", "_lower", "_upper"))
        # The decision is read off the drawn interval: it may not be the figure that decided the selection.
        decision = np.where(lower > 0, DISTIL, np.where(upper < 0, DO_NOT_DISTIL, UNDECIDED))
        ax.axvline(0, color="black", linewidth=0.8)
        for name, style in STYLES.items():
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


def plot_scores(scores: pd.DataFrame, title: str, xlabel: str, ax: Any = None) -> Any:
    """Draw mean scores with one standard error; index the models, columns ``mean`` and ``standard_error``."""
    scores = scores.iloc[::-1]
    ax = _axes_of_rows(ax, list(scores.index), title, xlabel)
    ax.errorbar(
        scores["mean"].to_numpy(),
        range(len(scores)),
        xerr=scores["standard_error"].to_numpy(),
        linestyle="none",
        marker="o",
        markersize=8,
        capsize=4,
        color="#0072B2",
    )
    return ax
