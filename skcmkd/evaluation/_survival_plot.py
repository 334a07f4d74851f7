"""Drawing and text of a survival report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .._utils._decisions import sign_of_interval
from .._utils._plotting import DECISION_STYLES, row_axes
from ._survival_scores import HIGHER_IS_BETTER

SCORE_NAMES = {"brier": "Brier score", "auc": "AUC at the horizon", "uno_c": "Uno's C", "harrell_c": "Harrell's C"}


def plot_gains(differences: pd.DataFrame, score: str, alone: float, ax: Any) -> Any:
    """Draw each model's gain in a score with its interval, the first on top; ``alone`` is the student's own score."""
    frame, what = differences.xs(score, level="score").iloc[::-1], SCORE_NAMES[score]
    ax = row_axes(ax, list(frame.index), f"Student alone: {what} {alone:.3f}", f"gain in {what} (right is better)")
    ax.axvline(0, color="black", linewidth=0.8)
    for position, (gain, lower, upper) in enumerate(frame[["gain", "lower", "upper"]].to_numpy()):
        if np.isfinite([gain, lower, upper]).all():
            style = DECISION_STYLES[sign_of_interval(lower, upper)]
            ends = [[gain - lower], [upper - gain]]
            ax.errorbar([gain], [position], xerr=ends, linestyle="none", capsize=4, markersize=7, **style)
    return ax


def format_survival_report(frame: pd.DataFrame, counts: Mapping[str, int], horizon: float, confidence: float) -> str:
    """The report as text: for each model its scores, and its gains over the student alone with their intervals."""
    shown = frame[["n_rows"]].rename(columns={"n_rows": "rows"}).rename_axis(None)
    for score in HIGHER_IS_BETTER:
        parts = frame[[score, f"{score}_gain", f"{score}_lower", f"{score}_upper"]].to_numpy()
        shown[score] = [_format_gain(*row) for row in parts]
    return (
        f"SurvivalReport at {horizon:g}: {counts['event']} rows with the event, {counts['beyond']} without, "
        f"{counts['censored']} censored before. Gains over the student alone with {100 * confidence:g} % "
        f"intervals\n{shown.to_string()}"
    )


def _format_gain(value: float, gain: float, lower: float, upper: float) -> str:
    if np.isnan(value):
        return "-"
    return f"{value:.3f}" if np.isnan(gain) else f"{value:.3f}, gain {gain:+.3f} ({lower:+.3f} to {upper:+.3f})"
