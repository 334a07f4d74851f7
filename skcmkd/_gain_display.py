"""Displays of what distilling brought; matplotlib is imported when something is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_array

from ._criteria import DISTIL, DO_NOT_DISTIL
from ._display import LABELS, STYLES, axes_of_rows
from ._input_checks import check_same_length
from ._validation import ArrayLike


class GainDisplay:
    """A criterion's figure against the gain that distilling really brought, a point a case.

    Points in the upper right and lower left quarters are those where the figure's sign was right.

    Parameters
    ----------
    predicted : ndarray of shape (n_cases,)
        The figure of each case, such as the gap.
    gain : ndarray of shape (n_cases,)
        The score of the distilled student less that of the student alone.
    figure : str, default="gap"
        Name of the figure: one of ``results_``, or any text.
    gain_name : str, default="gain in accuracy"
        Name of the gain.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure that holds it.

    Examples
    --------
    >>> from skcmkd import GainDisplay
    >>> display = GainDisplay.from_predictions([-0.2, 0.1, 0.4], [-0.03, 0.0, 0.05])
    >>> display.ax_.get_ylabel()
    'gain in accuracy'
    """

    def __init__(
        self, predicted: np.ndarray, gain: np.ndarray, figure: str = "gap", gain_name: str = "gain in accuracy"
    ) -> None:
        self.predicted = predicted
        self.gain = gain
        self.figure = figure
        self.gain_name = gain_name

    @classmethod
    def from_predictions(
        cls,
        predicted: ArrayLike,
        gain: ArrayLike,
        *,
        figure: str = "gap",
        gain_name: str = "gain in accuracy",
        ax: Any = None,
    ) -> GainDisplay:
        """Draw predicted against realised.

        Parameters
        ----------
        predicted : array-like of shape (n_cases,)
            The figure of each case.
        gain : array-like of shape (n_cases,)
            The realised gain of each case.
        figure : str, default="gap"
            Name of the figure: one of ``results_``, or any text.
        gain_name : str, default="gain in accuracy"
            Name of the gain.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

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
        return cls(predicted, gain, figure, gain_name).plot(ax=ax)

    def plot(self, ax: Any = None) -> GainDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        GainDisplay
            The display.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            ax = plt.subplots(figsize=(6, 4.5), layout="constrained")[1]
        right = np.sign(self.predicted) == np.sign(self.gain)
        for mask, decision, label in ((right, DISTIL, "sign right"), (~right, DO_NOT_DISTIL, "sign wrong")):
            style = STYLES[decision]
            ax.scatter(self.predicted[mask], self.gain[mask], label=f"{label}: {mask.sum()}", alpha=0.7, **style)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set_xlabel(LABELS.get(self.figure, self.figure))
        ax.set_ylabel(self.gain_name)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, loc="best")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def plot_scores(scores: pd.DataFrame, title: str, xlabel: str, ax: Any = None) -> Any:
    """Draw mean scores with one standard error; index the models, columns ``mean`` and ``standard_error``."""
    scores = scores.iloc[::-1]
    ax = axes_of_rows(ax, list(scores.index), title, xlabel)
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
