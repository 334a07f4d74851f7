"""One figure: the cost of each rule, and each cell's gain against the published gap and the best metric."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from gains import RESULTS, read_table
from rules import CELL, load_cells

FIGURE = Path(__file__).parents[2] / "docs" / "images" / "decisions.png"
REGIMES = {"labeled pairs": ("#767676", "s"), "with unlabeled pairs": ("#0072B2", "o")}
FAMILIES = {"digits": "o", "wisconsin": "s", "carcinoma": "^", "breast TCGA": "D", "simulated": "x"}
PANELS = {
    "classifier predictions gap": "published gap (class scores), nats",
    "classifier predictions advantage": "teacher's advantage, nats",
}
SHOWN = {
    "never": "never",
    "always the most accurate teacher": "always",
    "CCH, classifier predictions": "CCH, predictions, classifier",
    "CCH, ksg predictions": "CCH, predictions, ksg",
    "CCH, ksg predictions, when sure": "CCH, predictions, ksg, when sure",
    "CCH, cca predictions": "CCH, predictions, cca",
    "CCH, ksg embedding": "CCH, embeddings, ksg",
    "CCH, gaussian embedding": "CCH, embeddings, gaussian",
    "residual ratio": "residual",
    "predicted risk at 1/2": "risk",
    "advantage, classifier predictions": "advantage",
    "advantage, classifier predictions, when sure": "advantage, when sure",
    "advantage, ksg predictions, when sure": "advantage by ksg, when sure",
    "advantage, when sure, and CCH (ksg)": "advantage, when sure, and CCH",
    "teacher more accurate": "teacher more accurate",
    "rows left out of a smoother": "rows left out of a ridge regression",
}


def draw_costs(ax: plt.Axes, rules: pd.DataFrame) -> None:
    """Harm-weighted regret of each rule with its interval, the best on top."""
    both = rules[rules["regime"] == "both"].set_index("rule")["harm-weighted regret"]
    names = both.loc[[name for name in SHOWN if name in both]].sort_values(ascending=False).index
    for shift, (regime, (color, marker)) in zip((-0.15, 0.15), REGIMES.items(), strict=True):
        of_regime = rules[rules["regime"] == regime].set_index("rule").loc[names]
        center = 100 * of_regime["harm-weighted regret"].to_numpy()
        ends = 100 * of_regime[["harm-weighted regret, lower", "harm-weighted regret, upper"]].to_numpy().T
        error = np.abs(ends - center)
        ax.errorbar(center, np.arange(len(names)) + shift, xerr=error, fmt=marker, color=color, ms=5, label=regime)
    ax.set_yticks(range(len(names)), [SHOWN[name] for name in names])
    ax.set_xlabel("harm-weighted regret, points of accuracy")
    ax.set_title("What a rule's choices cost", loc="left")
    ax.legend(loc="upper right", frameon=False)


def draw_cells(ax: plt.Axes, cells: pd.DataFrame, metric: str) -> None:
    """Each cell's gain against the mean of a metric."""
    means = cells.groupby(CELL)[[metric, "gain"]].mean().reset_index()
    for family, marker in FAMILIES.items():
        for regime, (color, _) in REGIMES.items():
            shown = means[(means["family"] == family) & ((means["n_unlabeled"] > 0) == regime.startswith("with"))]
            ax.scatter(shown[metric], 100 * shown["gain"], s=14, marker=marker, color=color, linewidths=0.8, alpha=0.7)
        ax.scatter([], [], marker=marker, color="black", s=14, label=family)
    ax.axhline(0, color="black", lw=0.6)
    ax.axvline(0, color="black", lw=0.6)
    ax.set_xlabel(PANELS[metric])
    ax.set_ylabel("gain, points of accuracy")


def main(path: Path = FIGURE) -> None:
    """Draw from the results and save."""
    rules = read_table(RESULTS / "rules.csv")
    main_part = (rules["students"] == "linear") & (rules["weight"].astype(str) == "0.5")
    rules = rules[main_part & (rules["score"] == "accuracy") & (rules["splits"] == "all")]
    cells = load_cells("linear", "0.5", "accuracy")
    figure = plt.figure(figsize=(11, 6.4), layout="constrained")
    left, upper, lower = (figure.add_subplot(grid) for grid in _panels(figure))
    draw_costs(left, rules)
    for ax, name in zip((upper, lower), PANELS, strict=True):
        draw_cells(ax, cells, name)
    upper.set_title("Gain of each cell against a metric", loc="left")
    lower.legend(loc="lower right", frameon=False, fontsize="small")
    for ax in (left, upper, lower):
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def _panels(figure: plt.Figure) -> tuple:
    grid = figure.add_gridspec(2, 2, width_ratios=(1.1, 1))
    return grid[:, 0], grid[0, 1], grid[1, 1]


if __name__ == "__main__":
    main()
