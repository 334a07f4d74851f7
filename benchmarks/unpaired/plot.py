"""Two figures: how many samples with both modalities are needed, and one alignment in detail."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from tables import BETTER, RESULTS, bridge_curve, load_cells

from skcmkd import AlignmentDisplay, UnpairedDistiller
from skcmkd.datasets import load_digit_views

IMAGES = Path(__file__).parents[2] / "docs" / "images"
METHODS = {
    "auto": ("#0072B2", "o", "the default"),
    "none": ("#D55E00", "s", "soft targets on the bridge alone"),
}
FAMILY = "digits"


def draw_gains(ax: plt.Axes, curve: pd.DataFrame, pairs: str) -> None:
    """Mean gain of each method with its interval over splits; a hollow point is one split and has none."""
    part = curve[(curve["family"] == FAMILY) & (curve["pairs"] == pairs)]
    for shift, (method, (color, marker, label)) in zip((-2, 2), METHODS.items(), strict=True):
        rows = part[part["method"] == method].sort_values("n_bridge")
        positions, gain = rows["n_bridge"] + shift, 100 * rows["accuracy gain"]
        ends = 100 * rows[["accuracy gain, lower", "accuracy gain, upper"]].to_numpy().T
        single = rows["seeds"] == 1
        ax.errorbar(
            positions, gain, yerr=np.abs(ends - gain.to_numpy()), fmt="none", ecolor=color, capsize=3, elinewidth=1.5
        )
        ax.plot(positions[~single], gain[~single], marker, color=color, ms=6, label=label)
        ax.plot(positions[single], gain[single], marker, color=color, ms=6, mfc="white")
    ax.plot([], [], "o", color="#767676", mfc="white", label="one split")
    ax.set_xticks([0, 30, 100, 200, 300])
    ax.axhline(0, color="black", lw=0.6)
    ax.set_xlabel("bridge samples")
    ax.set_ylabel("gain on labels only, points of accuracy")


def draw_pairs(ax: plt.Axes, cells: pd.DataFrame) -> None:
    """Each pair's gain by the default, by the advantage of its teacher, with and without a bridge."""
    auto = cells[(cells["method"] == "auto") & (cells["family"] == FAMILY) & (cells["n_labeled"] == 100)]
    auto = auto[(auto["setting"] == "disjoint") & (auto["n_unlabeled"] == 0)]
    for n_bridge, color in ((0, "#767676"), (30, "#56B4E9"), (100, "#0072B2")):
        rows = auto[auto["n_bridge"] == n_bridge]
        if rows.empty:
            continue
        means = rows.groupby(["student", "teacher"])[["advantage", "accuracy_gain"]].mean()
        label = f"{n_bridge} samples" if n_bridge else "none"
        ax.scatter(100 * means["advantage"], 100 * means["accuracy_gain"], s=16, color=color, label=label)
    ax.axhline(0, color="black", lw=0.6)
    ax.axvline(0, color="black", lw=0.6)
    ax.set_xlabel("teacher's accuracy less the student's, points")
    ax.set_ylabel("gain by the default, points of accuracy")
    ax.legend(title="bridge", frameon=False, fontsize="small")


def draw_alignment() -> plt.Figure:
    """The example of the page "Without pairs", with rows that no model was trained on."""
    digits = load_digit_views()
    student, teacher = (digits.data[digits.modalities[name]] for name in ("zernike", "profile_correlations"))
    y = digits.target
    rows, test = train_test_split(y.index, test_size=1000, stratify=y, random_state=0)
    train, rest = train_test_split(rows, train_size=100, stratify=y[rows], random_state=0)
    teacher_rows, both = train_test_split(rest, train_size=600, stratify=y[rest], random_state=0)
    distiller = UnpairedDistiller(alignment="prototypes", random_state=0).fit(
        student.loc[train],
        y[train],
        teacher_data=(teacher.loc[teacher_rows], y[teacher_rows]),
        bridge=(student.loc[both[:100]], teacher.loc[both[:100]]),
    )
    return AlignmentDisplay.from_estimator(
        distiller,
        student.loc[train],
        y[train],
        teacher_data=(teacher.loc[teacher_rows], y[teacher_rows]),
        test_data=(student.loc[test], y[test]),
    ).figure_


def main(images: Path = IMAGES, folder: Path = RESULTS) -> None:
    """Draw from the results and save."""
    draw_alignment().savefig(images / "alignment.png", dpi=110)
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
    figure.savefig(images / "unpaired-bridge.png", dpi=110)


if __name__ == "__main__":
    main()
