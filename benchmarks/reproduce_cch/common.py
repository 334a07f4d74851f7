"""The folder of the results, and what the parts have in common."""

import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("Agg")
import matplotlib.pyplot as plt

RESULTS = Path(__file__).parent / "results"
# Column names and texts of the stored tables have the British spelling.
DOUBLE_L = re.compile("(?<=label)l(?=ed)")
BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "#767676"


def read_table(name):
    """A stored table, in the spelling of the code."""
    table = pd.read_csv(RESULTS / f"{name}.csv").rename(columns=lambda column: DOUBLE_L.sub("", column))
    return table.replace(DOUBLE_L, "", regex=True)


def save_table(table, name):
    """Write the rows as CSV."""
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / f"{name}.csv", index=False, float_format="%.4g")


def new_figure(n_columns, n_rows=1, width=3.6, height=3.2, **sharing):
    """Panels without upper and right frame, in reading order; small, so that a phone shows large letters."""
    size = (width * n_columns, height * n_rows)
    figure, axes = plt.subplots(n_rows, n_columns, figsize=size, layout="constrained", squeeze=False, **sharing)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes.ravel()


def save_figure(figure, name):
    """Write the figure as PNG."""
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / f"{name}.png", dpi=160)
    plt.close(figure)


def crossing(x, y):
    """Where a curve first comes from below zero to stay above it, by linear interpolation; NaN if it does not."""
    order = np.argsort(x)
    x, y = np.asarray(x, dtype=float)[order], np.asarray(y, dtype=float)[order]
    below = np.flatnonzero(y <= 0)
    if len(below) == 0 or below[-1] == len(y) - 1:
        return np.nan
    left = below[-1]
    return x[left] - y[left] * (x[left + 1] - x[left]) / (y[left + 1] - y[left])
