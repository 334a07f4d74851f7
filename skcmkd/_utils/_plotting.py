"""Colors, labels and axes that the displays share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._decisions import DISTIL, DO_NOT_DISTIL, UNDECIDED

# Blue, orange and grey of Okabe and Ito (2008) keep apart for colour-blind readers; the markers differ as well.
DECISION_STYLES = {
    DISTIL: {"color": "#0072B2", "marker": "o"},
    DO_NOT_DISTIL: {"color": "#D55E00", "marker": "X"},
    UNDECIDED: {"color": "#767676", "marker": "D"},
}
# Characters; a figure of the usual size has no room for more.
MAX_LABEL_LENGTH = 40


def truncate(name: object, max_length: int) -> str:
    """A name on one line, cut where it is longer than so many letters."""
    text = " ".join(str(name).split())
    return text if len(text) <= max_length else f"{text[: max_length - 1].rstrip()}…"


def escape_label(name: object) -> str:
    """A name on a figure: on one line, not too long for it, and without mathematics between dollar signs."""
    return truncate(name, MAX_LABEL_LENGTH).replace("$", r"\$")


def row_axes(ax: Any, names: Sequence[str], title: str, xlabel: str) -> Any:
    """The given axes, or new ones, with a labelled line for each name from the bottom up."""
    import matplotlib.pyplot as plt

    if ax is None:
        ax = plt.subplots(figsize=(7, 1.6 + 0.45 * len(names)), layout="constrained")[1]
    ax.set_yticks(range(len(names)), [escape_label(name) for name in names])
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set_xlabel(xlabel)
    ax.set_title(title, loc="left")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
