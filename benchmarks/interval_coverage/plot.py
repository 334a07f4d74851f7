"""Draw the figure of the page on intervals: coverage against width, a point for each cell and method."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from choice import TOLERANCE, decisive_rows, read_coverage
from settings import CONFIDENCE

FOLDER = Path(__file__).parent
IMAGES = FOLDER.parents[1] / "docs" / "images"
STYLES = {
    "wald": ("#767676", "o"),
    "repeated": ("#0072B2", "s"),
    "half-sampling": ("#E69F00", "^"),
    "corrected rows": ("#D55E00", "P"),
    "fully corrected rows": ("#000000", "X"),
    "corrected t": ("#009E73", "D"),
    "conservative z": ("#CC79A7", "v"),
}
N_REPEATS = 3
PANELS = {"report": "Report", "advantage": "Selector, advantage", "added": "Selector, added"}


def draw_panel(ax: plt.Axes, rows: pd.DataFrame, confidence: float) -> None:
    """Cells as small points; of each method the mean width and the lowest coverage as a large one."""
    for line, style in ((confidence, "-"), (confidence - TOLERANCE, ":")):
        ax.axhline(100 * line, color="black", linewidth=0.8, linestyle=style)
    for method, (color, marker) in STYLES.items():
        shown = rows[rows["method"] == method]
        if shown.empty:
            continue
        ax.scatter(shown["relative_width"], 100 * shown["coverage"], s=10, marker=marker, color=color, alpha=0.35, lw=0)
        width = np.exp(np.log(shown["relative_width"]).mean())
        ax.scatter(
            width, 100 * shown["coverage"].min(), s=70, marker=marker, color=color, edgecolor="black", label=method
        )
    ax.set_xscale("log")
    ax.set_xticks([0.8, 1, 1.5, 2, 3], ["0.8", "1", "1.5", "2", "3"])
    ax.xaxis.set_minor_locator(plt.NullLocator())


def main(images: Path = IMAGES) -> None:
    """One panel for the report and for each metric of the selector."""
    table = read_coverage(FOLDER / "results" / "coverage.csv.gz")
    rows = decisive_rows(table)
    rows = rows[(rows["n_repeats"] == N_REPEATS) & (rows["estimand"] == "expected")]
    figure, axes = plt.subplots(3, 1, figsize=(6.4, 9.6), sharex=True, sharey=True, layout="constrained")
    for ax, (part, title) in zip(axes, PANELS.items(), strict=True):
        shown = rows[rows["part"] == part]
        confidence = CONFIDENCE[shown["product"].iloc[0]]
        draw_panel(ax, shown, confidence)
        ax.set_title(f"{title}, {100 * confidence:g} % intervals", loc="left")
        ax.set_ylabel("coverage, % of draws")
    axes[-1].set_xlabel('width (that of "wald" with one repeat is 1)')
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(images / "interval-coverage.png", dpi=150)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
