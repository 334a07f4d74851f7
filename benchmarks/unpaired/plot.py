"""One figure: how many samples with both modalities are needed."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from methods import SELF_TRAINING
from tables import BETTER, RESULTS, bridge_curve, load_cells

FIGURE = Path(__file__).parents[2] / "docs" / "images" / "unpaired-bridge.png"
METHODS = {
    "auto": ("#0072B2", "o", "the default"),
    "none": ("#D55E00", "s", "soft targets on the bridge alone"),
    "classwise": ("#009E73", "^", "class-aware transport"),
    SELF_TRAINING: ("#767676", "D", "self-training, no teacher"),
}
FAMILY = "digits"


def draw_gains(ax: plt.Axes, curve: pd.DataFrame, pairs: str) -> None:
    """Mean gain of each method with its interval over splits."""
    sizes = sorted(curve["n_bridge"].unique())
    own = curve[(curve["family"] == FAMILY) & (curve["pairs"] == pairs)]
    shifts = np.linspace(-0.12, 0.12, len(METHODS))
    for shift, (method, (colour, marker, label)) in zip(shifts, METHODS.items(), strict=True):
        rows = own[own["method"] == method].sort_values("n_bridge")
        if rows.empty:
            continue
        gain = 100 * rows["accuracy gain"].to_numpy()
        ends = 100 * rows[["accuracy gain, lower", "accuracy gain, upper"]].to_numpy().T
        places = np.searchsorted(sizes, rows["n_bridge"]) + shift
        ax.errorbar(places, gain, yerr=np.abs(ends - gain), marker=marker, color=colour, ms=5, label=label)
    ax.set_xticks(range(len(sizes)), sizes)
    ax.axhline(0, color="black", lw=0.6)
    ax.set_xlabel("samples with both modalities, without labels")
    ax.set_ylabel("gain on labels only, points of accuracy")


def draw_pairs(ax: plt.Axes, cells: pd.DataFrame) -> None:
    """Each pair's gain by the default, by the advantage of its teacher, with and without a bridge."""
    auto = cells[(cells["method"] == "auto") & (cells["family"] == FAMILY) & (cells["n_labelled"] == 100)]
    auto = auto[(auto["setting"] == "disjoint") & (auto["n_unlabeled"] == 0)]
    for n_bridge, colour in ((0, "#767676"), (30, "#56B4E9"), (100, "#0072B2")):
        rows = auto[auto["n_bridge"] == n_bridge]
        if rows.empty:
            continue
        means = rows.groupby(["student", "teacher"])[["advantage", "accuracy_gain"]].mean()
        label = f"{n_bridge} samples" if n_bridge else "none"
        ax.scatter(100 * means["advantage"], 100 * means["accuracy_gain"], s=16, color=colour, label=label)
    ax.axhline(0, color="black", lw=0.6)
    ax.axvline(0, color="black", lw=0.6)
    ax.set_xlabel("teacher's accuracy less the student's, points")
    ax.set_ylabel("gain by the default, points of accuracy")
    ax.legend(title="bridge", frameon=False, fontsize="small")


def main(path: Path = FIGURE, folder: Path = RESULTS) -> None:
    """Draw from the results and save."""
    cells = load_cells(folder)
    curve = bridge_curve(cells)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    draw_gains(left, curve, "better teacher")
    left.set_title(f"Teachers better by {100 * BETTER:.0f} points or more", loc="left")
    left.legend(loc="upper left", frameon=False)
    draw_pairs(right, cells)
    right.set_title("Each student and teacher", loc="left")
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
