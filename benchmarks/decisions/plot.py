"""One figure: the cost of each rule, and each cell's gain against the published gap and the best metric."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from gains import RESULTS, read_table
from rules import CELL, load_cells

FIGURE = Path(__file__).parents[2] / "docs" / "images" / "decisions.png"
REGIMES = {"labeled pairs": ("#767676", "s"), "with unlabeled pairs": ("#0072B2", "o")}
METRICS = {
    "classifier predictions gap": "gap of predictions, nats",
    "classifier predictions advantage": "advantage, nats",
}
# The names of the page's table.
SHOWN = {
    "never": "never distill",
    "always the most accurate teacher": "always distill",
    "CCH, classifier predictions": "gap of predictions (log-loss)",
    "CCH, ksg predictions, when sure": "gap of predictions (nearest neighbors), when sure",
    "CCH, cca embedding": "gap of embeddings (canonical correlations)",
    "CCH, ksg embedding": "gap of embeddings (nearest neighbors)",
    "CCH, gaussian embedding": "gap of embeddings (Gaussian)",
    "residual ratio": "residual ratio below one",
    "predicted risk at 1/2": "predicted risk",
    "advantage, classifier predictions": "advantage above zero",
    "advantage, classifier predictions, when sure": "advantage, when sure",
    "advantage, ksg predictions, when sure": "advantage (nearest neighbors), when sure",
    "teacher more accurate": "teacher more accurate",
}
N_BINS = 8


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
    ax.set_xlabel("cost (harm-weighted regret), points of accuracy")
    ax.legend(loc="upper right", frameon=False)


def draw_cells(ax: plt.Axes, cells: pd.DataFrame, metric: str, regime: str) -> None:
    """Each cell's gain against the mean of a metric, and the mean gain in bins of equally many cells."""
    means = cells[(cells["n_unlabeled"] > 0) == regime.startswith("with")].groupby(CELL)[[metric, "gain"]].mean()
    color = REGIMES[regime][0]
    ax.scatter(means[metric], 100 * means["gain"], s=9, color=color, linewidths=0, alpha=0.35)
    binned = means.groupby(pd.qcut(means[metric], N_BINS), observed=True).mean()
    ax.plot(binned[metric], 100 * binned["gain"], "-o", color="black", lw=1.5, ms=4)
    ax.axhline(0, color="black", lw=0.6)
    ax.axvline(0, color="black", lw=0.6)


def main(path: Path = FIGURE) -> None:
    """Draw from the results and save."""
    rules = read_table(RESULTS / "rules.csv")
    main_part = (rules["students"] == "linear") & (rules["weight"].astype(str) == "0.5")
    rules = rules[main_part & (rules["score"] == "accuracy") & (rules["splits"] == "all")]
    cells = load_cells("linear", "0.5", "accuracy")
    figure = plt.figure(figsize=(9, 9), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.1, 1))
    draw_costs(upper.subplots(), rules)
    axes = lower.subplots(2, 2, sharex="row", sharey=True)
    for row, (metric, label) in zip(axes, METRICS.items(), strict=True):
        for ax, regime in zip(row, REGIMES, strict=True):
            draw_cells(ax, cells, metric, regime)
            ax.set_xlabel(label)
    for ax, regime in zip(axes[0], REGIMES, strict=True):
        ax.set_title(regime, loc="left")
    for ax in axes[:, 0]:
        ax.set_ylabel("gain, points")
    for ax in figure.get_axes():
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
