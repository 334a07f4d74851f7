"""The figures of the page: the gain of each method over the student alone, and the report of the page's example."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from methods import ALONE, AUTO, BEST, METHODS, PEER, PEER_OUT_OF_FOLD
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import RESULTS, load_cells

from skcmkd import DistillationReport, PairedDistiller
from skcmkd.datasets import load_digit_views

IMAGES = Path(__file__).parents[2] / "docs" / "images"
FAMILY, N_LABELED, LEARNER = "digits", 100, "network"
# In the tables only: variants that differ little from the drawn methods.
VARIANTS = "soft targets \\+"
# Colors that the color-blind can distinguish; each has a marker of its own.
TEACHERS = {"the more accurate one": ("#0072B2", "o"), "the less accurate one": ("#D55E00", "s")}


def choose_rows(cells: pd.DataFrame) -> pd.DataFrame:
    """The network's rows of the family that is shown, grouped by whether the teacher is more accurate."""
    shown = (cells["family"] == FAMILY) & (cells["n_labeled"] == N_LABELED) & (cells["learner"] == LEARNER)
    shown &= ~cells["method"].isin([ALONE, BEST]) & ~cells["method"].str.contains(VARIANTS)
    rows = cells[shown & cells["accuracy_gain"].notna()]
    # Only splits of the default, and methods that ran in all of its cells, can be compared with it.
    rows = rows[rows["seed"].isin(rows.loc[rows["method"] == AUTO, "seed"])]
    n_cells = rows.groupby(["n_unlabeled", "method"])["seed"].transform("size")
    rows = rows[n_cells == n_cells.groupby(rows["n_unlabeled"]).transform("max")]
    return rows.assign(standing=np.where(rows["advantage"] > 0, *TEACHERS))


def draw_gains(ax: plt.Axes, rows: pd.DataFrame, order: list[str]) -> None:
    """The gain of each method in every run, and its mean, apart for better and for worse teachers."""
    for shift, (standing, (color, marker)) in zip((-0.17, 0.17), TEACHERS.items(), strict=True):
        for position, method in enumerate(order):
            gains = 100 * rows.loc[(rows["method"] == method) & (rows["standing"] == standing), "accuracy_gain"]
            ax.plot(gains, np.full(len(gains), position + shift), "|", color=color, ms=6, alpha=0.35)
            if len(gains):
                ax.plot(gains.mean(), position + shift, marker, color=color, ms=7, mec="white", mew=0.8)
        ax.plot([], [], marker, color=color, ms=7, label=standing)
    for position in range(0, len(order), 2):
        ax.axhspan(position - 0.5, position + 0.5, color="#f3f3f3", zorder=0)
    ax.axvline(0, color="black", lw=0.8)
    ax.set_yticks(range(len(order)), order)
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.set_xlabel("gain on the student alone, points of accuracy")
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)


def draw(cells: pd.DataFrame) -> plt.Figure:
    """Two panels that share their methods and their scale."""
    rows = choose_rows(cells)
    # Stored rows of other packages are drawn whether or not these are installed.
    known = [name for name in dict.fromkeys([*METHODS, PEER, PEER_OUT_OF_FOLD]) if name in set(rows["method"])]
    means = rows.sort_values("n_unlabeled").groupby(["n_unlabeled", "method"])["accuracy_gain"].mean()
    means = means.groupby("method").last()  # with unlabeled pairs, where it ran there
    order = sorted(known, key=lambda name: -means[name])
    size = (11, 1.4 + 0.33 * len(order))
    figure, panels = plt.subplots(1, 2, figsize=size, sharey=True, sharex=True, layout="constrained")
    for ax, part in zip(panels, (rows[rows["n_unlabeled"] == 0], rows[rows["n_unlabeled"] > 0]), strict=True):
        draw_gains(ax, part, order)
        extra = "" if part["n_unlabeled"].eq(0).all() else f" and {part['n_unlabeled'].iloc[0]} unlabeled"
        ax.set_title(f"{N_LABELED} labeled{extra} pairs", loc="left")
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, title="the teacher is", loc="outside lower center", ncols=2, frameon=False)
    return figure


def draw_report() -> plt.Figure:
    """The report of the page's example."""
    digits = load_digit_views()
    student, teacher = (digits.modalities[name] for name in ("zernike", "profile_correlations"))
    X, rest, y, _ = train_test_split(digits.data, digits.target, train_size=100, stratify=digits.target, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    distiller = PairedDistiller(model, model, student_columns=student, alpha=0.5)
    both = [*student, *teacher]
    report = DistillationReport.from_estimator(
        distiller, X[both], y, unlabeled_pairs=(rest[both][:300],), random_state=0
    )
    return report.plot().figure_


def main(images: Path = IMAGES, folder: Path = RESULTS) -> None:
    """Draw from the results and save."""
    draw(load_cells(folder)).savefig(images / "paired-gains.png", dpi=110)
    draw_report().savefig(images / "report.png", dpi=110)


if __name__ == "__main__":
    main()
