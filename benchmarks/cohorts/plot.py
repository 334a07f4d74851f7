"""The figure of the page on real cohorts: gains with their intervals, by the selector's decision."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.lines import Line2D
from summary import RESULTS, load_results, name_task, order_rows

IMAGES = Path(__file__).parents[2] / "docs" / "images"
# Colors that the color-blind can distinguish; each has a marker of its own.
DECISIONS = {"distil": ("#0072B2", "o"), "undecided": ("#E69F00", "D"), "do not distil": ("#D55E00", "s")}
CONTROL = "#8a8a8a"
STRIPES = ("#f3f3f3", "white")
# Gains are cut here: a few labels make intervals that would squeeze the others.
LIMIT = 60


def draw(table: pd.DataFrame) -> plt.Figure:
    """A row for each task, the largest gain first: the gain and below it that of the permuted teacher."""
    rows = order_rows(table)
    figure, ax = plt.subplots(figsize=(6.8, 1.6 + 0.66 * len(rows)), layout="constrained")
    for position, row in rows.iterrows():
        color, marker = DECISIONS[row["decision"]]
        for label, shift, kind, style in (("gain", 0.08, color, marker), ("permuted", 0.32, CONTROL, "x")):
            ends = [[row[label] - row[f"{label}_lower"]], [row[f"{label}_upper"] - row[label]]]
            ax.errorbar(row[label], position + shift, xerr=ends, color=kind, marker=style, ms=6, lw=1.6)
        ground = {"facecolor": STRIPES[position % 2], "lw": 0, "pad": 0}
        name = f"{name_task(row)}, {row['n_labeled']} + {row['n_pairs']}"
        ax.text(1 - LIMIT, position - 0.28, name, va="center", fontsize=9, bbox=ground)
        ax.text(1 - LIMIT, position + 0.04, row["verdict"], va="center", fontsize=10)
    for position in range(0, len(rows), 2):
        ax.axhspan(position - 0.5, position + 0.5, color=STRIPES[0], zorder=0)
    ax.axvline(0, color="black", lw=0.8)
    ax.set_yticks([])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(-LIMIT, LIMIT)
    ax.set_xlabel("Brier score lower than the student alone's, % (90 % interval)")
    ax.spines[["top", "right", "left"]].set_visible(False)
    handles = [
        Line2D([], [], color=color, marker=marker, ms=6, label=f"selector: {name}")
        for name, (color, marker) in DECISIONS.items()
        if name in set(rows["decision"])
    ]
    handles.append(Line2D([], [], color=CONTROL, marker="x", ms=6, label="control: permuted teacher"))
    figure.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False)
    return figure


def main(images: Path = IMAGES, folder: Path = RESULTS) -> None:
    """Draw from the results and save."""
    draw(load_results(folder)).savefig(images / "cohorts.png", dpi=150)


if __name__ == "__main__":
    main()
