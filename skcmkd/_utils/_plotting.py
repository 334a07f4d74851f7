"""Colors, labels and axes that the displays share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._decisions import DISTIL, DO_NOT_DISTIL, UNDECIDED

# Color-blind readers can tell apart blue, orange and gray of Okabe and Ito (2008); the markers differ as well.
DECISION_STYLES = {
    DISTIL: {"color": "#0072B2", "marker": "o"},
    DO_NOT_DISTIL: {"color": "#D55E00", "marker": "X"},
    UNDECIDED: {"color": "#767676", "marker": "D"},
}
# Characters; a figure of matplotlib's default size has no room for more.
MAX_LABEL_LENGTH = 40


def truncate(name: object, max_length: int) -> str:
    """The name on one line, cut to at most ``max_length`` characters."""
    text = " ".join(str(name).split())
    return text if len(text) <= max_length else f"{text[: max_length - 1].rstrip()}…"


def escape_label(name: object) -> str:
    """The name as a label: on one line, cut, and with dollar signs escaped, which would start mathematics."""
    return truncate(name, MAX_LABEL_LENGTH).replace("$", r"\$")


def row_axes(ax: Any, names: Sequence[str], title: str, xlabel: str) -> Any:
    """Axes with one labeled row for each name, from the bottom up; ``ax`` is None for new ones."""
    import matplotlib.pyplot as plt

    if ax is None:
        ax = plt.subplots(figsize=(7, 1.6 + 0.45 * len(names)), layout="constrained")[1]
    ax.set_yticks(range(len(names)), [escape_label(name) for name in names])
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set_xlabel(xlabel)
    ax.set_title(title, loc="left")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
