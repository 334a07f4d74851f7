"""Drawing of a distillation report; matplotlib is imported when something is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .._utils._decisions import DISTIL, DO_NOT_DISTIL, UNDECIDED, sign_of_interval
from .._utils._plotting import DECISION_STYLES, row_axes, truncate
from ._baseline import MAJORITY, MEAN
from ._cross_validate import ALONE, DISTILLED
from ._text import format_interval

# Name in a sentence, unit of the axis, and how much of the score makes one unit.
SCORES = {
    "accuracy": ("accuracy", "percentage points", 100),
    "recall": ("recall", "percentage points", 100),
    "brier": ("Brier score", "squared probability", 1),
    "r2": ("$R^2$", "share of the variance", 1),
    "squared_error": ("squared error", "squared units of the target", 1),
}
DECISION_LABELS = {DISTIL: "better", DO_NOT_DISTIL: "worse", UNDECIDED: "interval holds 0"}
MAX_LABEL_LENGTH = 28


def displayed_scores(frame: pd.DataFrame) -> list[str]:
    """The scores that a report displays: the Brier score only where the student has probabilities."""
    scores = ["r2", "squared_error"] if "r2" in frame else ["accuracy", "brier"]
    return [score for score in scores if frame[f"{score}_gain"].notna().any()]


def format_report(frame: pd.DataFrame, confidence: float) -> str:
    """The report as text: for each model its scores, and its gains over the student alone with their intervals."""
    shown = frame[["n_rows"]].rename(columns={"n_rows": "rows"}).rename_axis(None)
    for score in displayed_scores(frame):
        parts = frame[[score, f"{score}_gain", f"{score}_lower", f"{score}_upper"]].to_numpy()
        shown[score] = [_format_gain(*row) for row in parts]
    for metric in ("balanced_accuracy", "roc_auc"):
        if metric in frame and frame[metric].notna().any():
            shown[metric] = ["-" if np.isnan(value) else f"{value:.3f}" for value in frame[metric]]
    head = f"DistillationReport, gains over the student alone with {100 * confidence:g} % intervals"
    return f"{head}\n{shown.to_string()}"


def plot_report(frame: pd.DataFrame, per_class: pd.DataFrame | None, confidence: float, axes: Any) -> np.ndarray:
    """Draw gains over the student alone: a column for each score, models above and classes below."""
    scores = displayed_scores(frame)
    gains = frame[[f"{score}_gain" for score in scores]].notna().any(axis=1)
    # What is lost without any model would leave no room for the gains.
    baseline = frame.index.intersection([MAJORITY, MEAN])
    models: pd.DataFrame = frame[gains].drop(index=baseline)
    panels: list[list[tuple[pd.DataFrame, str, str]]] = [[(models, score, score) for score in scores]]
    if per_class is not None:
        classes = per_class.loc[[DISTILLED]].droplevel("model")
        panels.append([(classes, score, "recall" if score == "accuracy" else score) for score in scores])
    axes = _axes(axes, panels)
    for row, line in zip(axes, panels, strict=True):
        for column, (ax, (rows, score, prefix)) in enumerate(zip(row, line, strict=True)):
            _plot_gains(ax, rows, prefix, with_labels=column == 0)
            if rows is models:
                title = [f"{n.capitalize()}: {_format_value(frame[score][n], score)}" for n in [ALONE, *baseline]]
                ax.set_title("\n".join(title), loc="left", fontsize="medium")
            elif column == 0:
                ax.set_title("Distilled student, by class (rows)", loc="left", fontsize="medium")
    figure = axes.flat[0].figure
    handles = {label: handle for ax in axes.flat for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    if not figure.legends:
        names = [label for label in DECISION_LABELS.values() if label in handles]
        figure.legend([handles[name] for name in names], names, loc="outside lower center", ncols=3, frameon=False)
        figure.suptitle(f"Gain over the student alone, {100 * confidence:g} % intervals (right is better)")
    return axes


def _axes(axes: Any, panels: list[list[tuple[pd.DataFrame, str, str]]]) -> np.ndarray:
    shape = (len(panels), len(panels[0]))
    if axes is not None:
        flat_axes = np.atleast_1d(np.asarray(axes, dtype=object))
        if flat_axes.size != np.prod(shape):
            raise ValueError(f"axes holds {flat_axes.size} axes and the report needs {shape[0]} x {shape[1]} of them.")
        return flat_axes.reshape(shape)
    import matplotlib.pyplot as plt

    heights = [1.0 + 0.38 * len(line[0][0]) for line in panels]
    size = (2.5 + 4.0 * shape[1], 1.0 + sum(heights))
    return plt.subplots(*shape, figsize=size, squeeze=False, height_ratios=heights, layout="constrained")[1]


def _plot_gains(ax: Any, rows: pd.DataFrame, prefix: str, *, with_labels: bool) -> None:
    """The gain of each row with its interval, the first row on top."""
    rows = rows.iloc[::-1]
    what, suffix, scale = SCORES[prefix]
    names = [truncate(name, MAX_LABEL_LENGTH) for name in rows.index]
    if rows.index.name == "class":
        names = [f"{name} ({n})" for name, n in zip(names, rows["n_rows"], strict=True)]
    row_axes(ax, names, "", f"gain in {what}, {suffix}")
    if not with_labels:
        ax.set_yticklabels([])
    ax.locator_params(axis="x", nbins=6)
    ax.ticklabel_format(axis="x", scilimits=(-3, 5))
    ax.axvline(0, color="black", linewidth=0.8)
    value, lower, upper = (scale * rows[f"{prefix}_{end}"].to_numpy(dtype=float) for end in ("gain", "lower", "upper"))
    decision = np.array([sign_of_interval(*ends) for ends in zip(lower, upper, strict=True)])
    for name, style in DECISION_STYLES.items():
        rows_of_decision = np.flatnonzero((decision == name) & ~np.isnan(value))
        if len(rows_of_decision):
            errors = np.nan_to_num(
                [value[rows_of_decision] - lower[rows_of_decision], upper[rows_of_decision] - value[rows_of_decision]]
            )
            ax.errorbar(
                value[rows_of_decision],
                rows_of_decision,
                xerr=errors,
                label=DECISION_LABELS[name],
                linestyle="none",
                capsize=4,
                markersize=7,
                **style,
            )


def _format_value(value: float, score: str) -> str:
    what, _, scale = SCORES[score]
    if score == "accuracy":
        return f"{what} {scale * value:.1f} %"
    return f"{what} {value:.3g}"


def _format_gain(value: float, gain: float, lower: float, upper: float) -> str:
    if np.isnan(value):
        return "-"
    if np.isnan(gain):
        return f"{value:.3g}"
    texts = format_interval(gain, lower, upper)
    return f"{value:.3g}, gain {texts[0]} ({texts[1]} to {texts[2]})"
