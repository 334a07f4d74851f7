"""The figures of the page: the gain of each method over the student alone, and the report of the page's example."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from learners import LINEAR_TEACHER
from methods import ALONE, AUTO, DEFAULT, FIXED, IMPUTED, PERMUTED, POOLED, SELF_TRAINING
from page import LINEAR_METHODS, whole_splits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import MIN_ADVANTAGE, RESULTS, load_cells, plain

from skcmkd import DistillationReport, PairedDistiller
from skcmkd.datasets import load_digit_views

IMAGES = Path(__file__).parents[2] / "docs" / "images"
FAMILY, N_LABELED, LEARNER = "digits", 100, LINEAR_TEACHER
NAMES = {
    DEFAULT: "the default",
    PERMUTED: "the default, permuted teacher",
    AUTO: 'averaged, alpha "auto"',
    **{name: f"averaged, {name}" for name in FIXED},
    **{name: f"pool, alpha {alpha}" for name, alpha in POOLED.items()},
    SELF_TRAINING: "self-training",
}
# Colors that the color-blind can distinguish; each has a marker of its own.
TEACHERS = {"better by two points": ("#0072B2", "o"), "not better": ("#D55E00", "s")}


def choose_rows(cells: pd.DataFrame) -> pd.DataFrame:
    """The rows that are shown, in the runs that all of their methods have, and whether the teacher is better."""
    cells = cells.assign(method=cells["method"].map(plain))
    shown = (cells["family"] == FAMILY) & (cells["n_labeled"] == N_LABELED) & (cells["learner"] == LEARNER)
    # The teacher on imputed columns loses so much that the others could not be told apart.
    shown &= cells["method"].isin(LINEAR_METHODS) & ~cells["method"].isin([ALONE, IMPUTED])
    rows = pd.concat([whole_splits(part) for _, part in cells[shown].groupby("n_unlabeled")])
    return rows.assign(standing=np.where(rows["advantage"] > MIN_ADVANTAGE, *TEACHERS))


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
    ax.set_yticks(range(len(order)), [NAMES.get(name, name) for name in order])
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.set_xlabel("gain on the student alone, points of accuracy")
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)


def draw(cells: pd.DataFrame) -> plt.Figure:
    """Two panels that share their methods and their scale."""
    rows = choose_rows(cells)
    means = rows.sort_values("n_unlabeled").groupby(["n_unlabeled", "method"])["accuracy_gain"].mean()
    means = means.groupby("method").last()  # with unlabeled pairs, where it ran there
    order = means.sort_values(ascending=False).index.tolist()
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
