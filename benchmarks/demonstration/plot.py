"""The figure of the start page, light and dark: gains of the demonstration with their paired 90 % intervals."""

from pathlib import Path

import matplotlib as mpl
import pandas as pd

mpl.use("Agg")
import matplotlib.pyplot as plt

RESULTS = Path(__file__).parent / "results" / "demonstration.csv"
IMAGES = Path(__file__).parents[2] / "docs" / "images"
ROWS = {
    ("digits", "distilled"): "digits: 100 labels, 900 unlabeled pairs",
    ("digits", "shuffled teacher"): "digits: permuted teacher (control)",
    ("carcinoma", "distilled"): "tumors: all 76 labeled",
}
# Colors that the color-blind can distinguish, on white and on the site's dark background.
INK = {"light": "#1a1a1a", "dark": "#dddddd"}
BETTER, OTHER = {"light": "#0072B2", "dark": "#56B4E9"}, {"light": "#767676", "dark": "#aaaaaa"}


def draw(scores: pd.DataFrame, mode: str) -> plt.Figure:
    """One row for each study; right of zero the student became better."""
    ink = INK[mode]
    figure, ax = plt.subplots(figsize=(5.6, 3.1), layout="constrained")
    for place, (key, label) in enumerate(ROWS.items()):
        row = scores.loc[key]
        color = BETTER[mode] if row["lower"] > 0 else OTHER[mode]
        ends = [[row["brier_gain"] - row["lower"]], [row["upper"] - row["brier_gain"]]]
        ax.errorbar(
            row["brier_gain"], place, xerr=ends, fmt="o" if row["lower"] > 0 else "s", color=color, ms=8, lw=2.5
        )
        alone = scores.loc[(key[0], "student alone"), "accuracy"]
        text = f"accuracy {alone:.3f} to {row['accuracy']:.3f}"
        ax.annotate(text, (max(row["upper"], 0), place), (10, 0), textcoords="offset points", va="center", color=ink)
        ax.annotate(label, (0, place), (4, 13), textcoords="offset points", color=ink, weight="bold")
    ax.axvline(0, color=ink, lw=1)
    ax.set_yticks([])
    ax.set_ylim(len(ROWS) - 0.4, -0.75)
    ax.set_xlim(-0.03, 0.215)
    ax.set_xticks([0, 0.05, 0.1, 0.15])
    ax.set_xlabel("gain in Brier score, 90 % interval", color=ink)
    ax.tick_params(colors=ink)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(ink)
    return figure


def main(folder: Path = IMAGES) -> None:
    """Write both pictures."""
    scores = pd.read_csv(RESULTS).set_index(["data", "model"])
    settings = {"font.size": 12, "svg.hashsalt": "skcmkd", "svg.fonttype": "path"}
    for mode in INK:
        with mpl.rc_context(settings):
            figure = draw(scores, mode)
            figure.savefig(folder / f"gain-{mode}.svg", transparent=True, metadata={"Date": None})
            plt.close(figure)


if __name__ == "__main__":
    main()
