"""What a rule's choices are worth: gain, regret and harm, and how well its figure ranks, with bootstrap intervals.

A decision is a data set, a student, a number of labelled rows, unlabelled pairs or none, and a split. The rule sees the
training rows of that split and names one of the other modalities as the teacher, or none. Its choice is worth the
cell's gain, the mean over the splits, so that the noise of one split's test rows is not called harm.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

DECISION = ["family", "table", "n_labelled", "student", "n_unlabeled", "seed"]
CLUSTER = ["family", "table", "student"]
HARMFUL = -0.01
N_BOOTSTRAP = 1000


@dataclass(frozen=True)
class Rule:
    """Accept a candidate when ``accepts`` (a column) is above ``threshold``; of those take the largest ``figure``."""

    name: str
    figure: str
    accepts: str
    threshold: float = 0.0


def weigh_harm(gain: np.ndarray) -> np.ndarray:
    """Losses count twice."""
    return gain - np.maximum(-gain, 0)


def decide(cells: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """What the rule's choice is worth in each decision; a figure that could not be measured speaks against."""
    accepted = cells[cells[rule.accepts].gt(rule.threshold) & cells[rule.figure].notna()]
    chosen = accepted.loc[accepted.groupby(DECISION)[rule.figure].idxmax()].set_index(DECISION)
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
            "gain of the split": own_gain,
        },
        index=best.index,
    )


def rank_correlation(figure: np.ndarray, gain: np.ndarray) -> float:
    """Spearman's correlation, NaN where one side is constant."""
    a, b = rankdata(figure), rankdata(gain)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else np.nan


def area(figure: np.ndarray, gain: np.ndarray) -> float:
    """AUC of the figure for a positive gain, NaN where all gains have one sign."""
    helps = gain > 0
    return float(roc_auc_score(helps, figure)) if 0 < helps.sum() < len(helps) else np.nan


def draw_clusters(families: pd.Series, rng: np.random.RandomState) -> np.ndarray:
    """Positions of clusters drawn with replacement within each family."""
    positions = np.arange(len(families))
    return np.concatenate(
        [rng.choice(positions[families == family], (families == family).sum()) for family in pd.unique(families)]
    )


def summarise_decisions(decisions: pd.DataFrame, rng: np.random.RandomState) -> dict[str, float]:
    """Mean over decisions of a cluster (data set and student), over clusters of a family, over families."""
    clusters = decisions.groupby(CLUSTER).mean()
    families = pd.Series(clusters.index.get_level_values("family"))
    weight = 1 / families.map(families.value_counts()).to_numpy() / families.nunique()
    values = clusters.to_numpy()
    drawn = np.array([weight[p] @ values[p] for p in (draw_clusters(families, rng) for _ in range(N_BOOTSTRAP))])
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    found = {}
    for position, name in enumerate(clusters):
        found |= {
            name: float(weight @ values[:, position]),
            f"{name}, lower": float(low[position]),
            f"{name}, upper": float(high[position]),
        }
    return found


def summarise_ranking(
    cells: pd.DataFrame, figure: str, rng: np.random.RandomState, n_bootstrap: int = 100
) -> dict[str, float]:
    """Spearman and AUC within each family, averaged over families."""
    known = cells[cells[figure].notna()]
    parts = {key: part[[figure, "gain"]].to_numpy() for key, part in known.groupby(CLUSTER)}
    keys = list(parts)
    families = pd.Series([key[0] for key in keys])

    def measure(drawn: np.ndarray, statistic: Callable[[np.ndarray, np.ndarray], float]) -> float:
        per_family = []
        for family in pd.unique(families):
            rows = np.concatenate([parts[keys[p]] for p in drawn if families[p] == family])
            per_family.append(statistic(rows[:, 0], rows[:, 1]))
        return float(np.nanmean(per_family))

    draws = [draw_clusters(families, rng) for _ in range(n_bootstrap)]
    found = {}
    for name, statistic in (("Spearman", rank_correlation), ("AUC", area)):
        low, high = np.quantile([measure(drawn, statistic) for drawn in draws], [0.05, 0.95])
        found |= {name: measure(np.arange(len(keys)), statistic), f"{name}, lower": low, f"{name}, upper": high}
    return found


def evaluate(cells: pd.DataFrame, rules: list[Rule]) -> pd.DataFrame:
    """One row per rule."""
    rows, ranking = [], {}
    for rule in rules:
        if rule.figure not in ranking:
            ranking[rule.figure] = summarise_ranking(cells, rule.figure, np.random.RandomState(0))
        row = {"rule": rule.name} | summarise_decisions(decide(cells, rule), np.random.RandomState(0))
        rows.append(row | (ranking[rule.figure] if np.isfinite(rule.threshold) else {}))
    return pd.DataFrame(rows).sort_values("harm-weighted regret")
