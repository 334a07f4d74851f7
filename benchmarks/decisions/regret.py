"""Gain, regret and harm of a rule's choices, and how well its metric ranks, with bootstrap intervals.

A decision is a data set, a student, a number of labeled rows, unlabeled pairs or none, and a split. The rule uses
the training rows of that split and chooses one of the other modalities as the teacher, or none. The value of its choice
is the cell's gain, the mean over the splits, so that the noise of one split's test rows does not count as harm.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

DECISION = ["family", "table", "n_labeled", "student", "n_unlabeled", "seed"]
CLUSTER = ["family", "table", "student"]
HARMFUL = -0.01
N_BOOTSTRAP, N_RANKING_BOOTSTRAP = 1000, 100


@dataclass(frozen=True)
class Rule:
    """Accept a candidate when ``accepts`` (a column) is above ``threshold``; of those take the largest ``metric``."""

    name: str
    metric: str
    accepts: str
    threshold: float = 0.0


def weigh_harm(gain: np.ndarray) -> np.ndarray:
    """Losses count twice."""
    return gain - np.maximum(-gain, 0)


def decide(cells: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """Value of the rule's choice in each decision; a candidate whose metric is NaN is not accepted."""
    accepted = cells[cells[rule.accepts].gt(rule.threshold) & cells[rule.metric].notna()]
    chosen = accepted.loc[accepted.groupby(DECISION)[rule.metric].idxmax()].set_index(DECISION)
    best = cells.groupby(DECISION)["gain"].max().clip(lower=0)
    gain = chosen["gain"].reindex(best.index).fillna(0.0)
    own_gain = chosen["own_gain"].reindex(best.index).fillna(0.0)
    return pd.DataFrame(
        {
            "says yes": best.index.isin(chosen.index).astype(float),
            "gain": gain,
            "best gain": best,
            "regret": best - gain,
            "harm-weighted regret": best - weigh_harm(gain),
            "harmful": (gain < HARMFUL).astype(float),
            "harm-weighted regret, split by split": best - weigh_harm(own_gain),
        },
        index=best.index,
    )


def rank_correlation(metric: np.ndarray, gain: np.ndarray) -> float:
    """Spearman's correlation, NaN where one side is constant."""
    a, b = rankdata(metric), rankdata(gain)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else np.nan


def area(metric: np.ndarray, gain: np.ndarray) -> float:
    """AUC of the metric for a positive gain, NaN where all gains have one sign."""
    helps = gain > 0
    n_helps, n_not = helps.sum(), (~helps).sum()
    if n_helps == 0 or n_not == 0:
        return np.nan
    return float((rankdata(metric)[helps].sum() - n_helps * (n_helps + 1) / 2) / (n_helps * n_not))


def by_family(decisions: pd.DataFrame) -> pd.DataFrame:
    """Mean over the decisions of a cluster (data set and student), then over the clusters of a family."""
    return decisions.groupby(CLUSTER).mean().groupby("family").mean()


def draw_clusters(families: np.ndarray, random_state: int, n_draws: int) -> list[np.ndarray]:
    """Positions of clusters, drawn with replacement within each family."""
    rng = np.random.RandomState(random_state)
    groups = [np.flatnonzero(families == family) for family in np.unique(families)]
    return [np.concatenate([rng.choice(group, len(group)) for group in groups]) for _ in range(n_draws)]


def with_ends(name: str, value: float, drawn: np.ndarray) -> dict[str, float]:
    """A value with its 90 % bootstrap interval."""
    low, high = np.quantile(drawn, [0.05, 0.95])
    return {name: value, f"{name}, lower": float(low), f"{name}, upper": float(high)}


def summarize_decisions(decisions: pd.DataFrame, random_state: int = 0) -> dict[str, float]:
    """Mean over the decisions of a cluster, over the clusters of a family, over families."""
    clusters = decisions.groupby(CLUSTER).mean()
    families = clusters.index.get_level_values("family").to_numpy()
    names, position, sizes = np.unique(families, return_inverse=True, return_counts=True)
    weight = 1 / sizes[position] / len(names)
    values = clusters.to_numpy()
    drawn = np.array([weight[p] @ values[p] for p in draw_clusters(families, random_state, N_BOOTSTRAP)])
    values_and_ends = {}
    for column, name in enumerate(clusters):
        values_and_ends |= with_ends(name, float(weight @ values[:, column]), drawn[:, column])
    return values_and_ends


def summarize_ranking(cells: pd.DataFrame, metric: str, random_state: int = 0) -> dict[str, float]:
    """Spearman and AUC of a metric with the gain within each family, averaged over families."""
    known = cells[cells[metric].notna()]
    grouped = {key: part[[metric, "gain"]].to_numpy() for key, part in known.groupby(CLUSTER)}
    families, parts = np.array([key[0] for key in grouped]), list(grouped.values())

    def measure(drawn: np.ndarray) -> np.ndarray:
        by_family = [drawn[families[drawn] == family] for family in np.unique(families)]
        rows = [np.concatenate([parts[p] for p in positions]).T for positions in by_family]
        values = np.array([(rank_correlation(*r), area(*r)) for r in rows])
        n_known = (~np.isnan(values)).sum(axis=0)
        return np.where(n_known > 0, np.nansum(values, axis=0) / np.maximum(n_known, 1), np.nan)

    whole = measure(np.arange(len(parts)))
    drawn = np.array([measure(p) for p in draw_clusters(families, random_state, N_RANKING_BOOTSTRAP)])
    return with_ends("Spearman", whole[0], drawn[:, 0]) | with_ends("AUC", whole[1], drawn[:, 1])


def evaluate(cells: pd.DataFrame, rules: list[Rule], reference: Rule) -> pd.DataFrame:
    """One row per rule, the least harm-weighted regret first; "excess regret" is that over the reference rule's."""
    rows, ranking = [], {}
    least = decide(cells, reference)["harm-weighted regret"]
    for rule in rules:
        if rule.metric not in ranking:
            ranking[rule.metric] = summarize_ranking(cells, rule.metric)
        decisions = decide(cells, rule)
        decisions["excess regret"] = decisions["harm-weighted regret"] - least
        row = {"rule": rule.name} | summarize_decisions(decisions)
        rows.append(row | (ranking[rule.metric] if np.isfinite(rule.threshold) else {}))
    return pd.DataFrame(rows).sort_values("harm-weighted regret")
