"""Two figures: how many samples with both modalities are needed, and one alignment in detail."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cohorts import Setting
from shared.summaries import CONFIDENCE
from sklearn.model_selection import train_test_split
from tables import BETTER, RESULTS, load_cells

from skcmkd import AlignmentDisplay, UnpairedDistiller
from skcmkd._model_selection._intervals import wald_interval
from skcmkd.datasets import load_digit_views

IMAGES = Path(__file__).parents[2] / "docs" / "images"
METHODS = {
    "auto": ("#0072B2", "o", "the default"),
    "none": ("#D55E00", "s", "soft targets on the bridge alone"),
}
FAMILY = "digits"


def draw_gains(ax: plt.Axes, cells: pd.DataFrame) -> None:
    """Mean gain of each method over student-teacher pairs, with its interval over them; a hollow point is one split."""
    for shift, (method, (color, marker, label)) in zip((-2, 2), METHODS.items(), strict=True):
        rows = cells[(cells["method"] == method) & (cells["advantage"] >= BETTER)]
        for n_bridge, part in rows.groupby("n_bridge"):
            gains = 100 * part.groupby(["student", "teacher"])["accuracy_gain"].mean().to_numpy()
            mean, lower, upper = interval_over_pairs(gains)
            fill = {"mfc": "white"} if len(set(part["seed"])) == 1 else {}
            ends = [[mean - lower], [upper - mean]]
            ax.errorbar(n_bridge + shift, mean, yerr=ends, fmt=marker, color=color, capsize=3, lw=1.5, ms=7, **fill)
        ax.plot([], [], marker, color=color, label=label)
    ax.plot([], [], "o", color="#767676", mfc="white", label="measured in one split")
    ax.set_xticks([0, 30, 100, 200, 300])
    ax.set_xlabel("bridge samples")


def interval_over_pairs(gains: np.ndarray) -> tuple[float, float, float]:
    """Mean and 90 % t-interval over the student-teacher pairs."""
    interval = wald_interval(gains, CONFIDENCE)
    return interval.value, interval.lower, interval.upper


def draw_pairs(ax: plt.Axes, cells: pd.DataFrame) -> None:
    """Each pair's gain by the default, by the advantage of its teacher, with and without a bridge."""
    auto = cells[cells["method"] == "auto"]
    for n_bridge, color, marker in ((0, "#767676", "x"), (30, "#56B4E9", "^"), (100, "#0072B2", "o")):
        rows = auto[auto["n_bridge"] == n_bridge]
        if rows.empty:
            continue
        means = rows.groupby(["student", "teacher"])[["advantage", "accuracy_gain"]].mean()
        label = f"{n_bridge} samples" if n_bridge else "none"
        ax.scatter(
            100 * means["advantage"], 100 * means["accuracy_gain"], s=30, color=color, marker=marker, label=label
        )
    ax.axhline(0, color="black", lw=0.6)
    ax.axvline(0, color="black", lw=0.6)
    ax.set_xlabel("teacher's accuracy less the student's, points")
    ax.legend(title="bridge", frameon=False)


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
    plt.rcParams["font.size"] = 11
    draw_alignment().savefig(images / "alignment.png", dpi=150)
    cells = load_cells(folder)
    cells = cells[(cells["family"] == FAMILY) & (cells["n_labeled"] == 100) & (cells["setting"] == Setting.name)]
    cells = cells[cells["n_unlabeled"] == 0]
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(6.4, 8.2), sharey=True, layout="constrained")
    draw_gains(upper, cells)
    upper.set_title(f"Teachers better by {100 * BETTER:.0f} points or more", loc="left")
    upper.legend(loc="upper left", frameon=False)
    draw_pairs(lower, cells)
    lower.set_title("Each student and teacher, by the default", loc="left")
    for ax in (upper, lower):
        ax.axhline(0, color="black", lw=0.6)
        ax.set_ylabel("gain over labels only, points of accuracy")
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(images / "unpaired-bridge.png", dpi=150)


if __name__ == "__main__":
    main()
