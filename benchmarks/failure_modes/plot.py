"""Draw the figure of the page: the gain of the student while the teacher comes nearer to the label."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from common import RESULTS
from no_transfer import LABELED, UNLABELED
from too_good import PATHS, SETTINGS

IMAGES = Path(__file__).parents[2] / "docs" / "images"
# Colors that the color-blind can distinguish; each has a marker of its own.
STYLES = (("#000000", "o"), ("#D55E00", "s"), ("#E69F00", "D"), ("#0072B2", "^"), ("#56B4E9", "v"))


def draw(ax: plt.Axes, means: pd.DataFrame) -> None:
    """Mean gain in nats of each method, with its 90 % interval."""
    for method, (color, marker) in zip(SETTINGS, STYLES, strict=True):
        part = means[means["method"] == method]
        x = part["teacher_accuracy"]
        ax.plot(x, part["log_loss_gain"], color=color, marker=marker, ms=4, lw=1.4, label=method)
        ax.fill_between(x, part["log_loss_gain_lower"], part["log_loss_gain_upper"], color=color, alpha=0.15, lw=0)
    ax.axhline(0, color="0.6", lw=0.8)


def main(images: Path = IMAGES) -> None:
    """A row of panels for each path, without and with unlabeled pairs."""
    means = pd.read_csv(RESULTS / "too_good_means.csv")
    figure, axes = plt.subplots(2, 2, figsize=(7, 7.4), sharex=True, sharey=True)
    for row, path in zip(axes, PATHS, strict=True):
        for ax, pairs in zip(row, (LABELED, UNLABELED), strict=True):
            draw(ax, means[(means["path"] == path) & (means["pairs"] == pairs)])
            ax.set_title(f"knows {path};\n{pairs}", fontsize=10, loc="left")
        row[0].set_ylabel("gain in log-loss, nats")
    for ax in axes[1]:
        ax.set_xlabel("accuracy of the teacher's table")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="lower center", ncols=2, frameon=False)
    figure.tight_layout(rect=(0, 0.12, 1, 1))
    figure.savefig(images / "failure-modes.png", dpi=150)


if __name__ == "__main__":
    main()
