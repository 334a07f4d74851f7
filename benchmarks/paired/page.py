"""The page's tables: each method, and each rival beside the default, in the runs that all of a table have in common.

A run is a student, a teacher and a split. Gains are fractions of accuracy or of R^2, and nats of log-loss. A run is won
or lost when its gain is beyond its standard error over the test rows; it is a point worse when it loses over 0.01.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cells  # noqa: F401 - puts the shared code on the path
import pandas as pd
from learners import LINEAR, LINEAR_TEACHER, NETWORK
from methods import (
    ALONE,
    AUTO,
    COUPLED,
    DEFAULT,
    FEATURES,
    FEATURES_PERMUTED,
    FIXED,
    IMPUTED,
    MUTUAL,
    ONE_ROUND,
    ONE_ROUND_PERMUTED,
    PAST,
    PEER,
    PEER_OUT_OF_FOLD,
    PERMUTED,
    POOLED,
    SELF_TRAINING,
    STACKED,
    TWO_ROUNDS,
    objective_methods,
)
from tables import MIN_ADVANTAGE, RESULTS, SETTING, load_cells, plain

RUN = ["student", "teacher", "seed"]
NAMES = ("table", "labels", "pairs", "models")  # of the setting and the learner
MODELS = {LINEAR: "linear, network teacher", LINEAR_TEACHER: "linear", NETWORK: "network"}
OTHERS = (SELF_TRAINING, IMPUTED, STACKED)
LINEAR_METHODS = (ALONE, DEFAULT, PERMUTED, *POOLED, AUTO, "analytic", *FIXED, *OTHERS)
NETWORK_METHODS = (AUTO, *FIXED, "objective hints", "objective mfh", MUTUAL, *OTHERS, PEER, PEER_OUT_OF_FOLD)
OBJECTIVES = ("alpha 0.5", *(name for name in objective_methods() if "+" not in name))
RIVALS = (PERMUTED, ONE_ROUND, ONE_ROUND_PERMUTED, TWO_ROUNDS, PAST, COUPLED, FEATURES, FEATURES_PERMUTED)


def common_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """The runs that every one of the methods has."""
    return rows[rows.groupby(RUN)["method"].transform("size") == rows["method"].nunique()]


def whole_splits(rows: pd.DataFrame) -> pd.DataFrame:
    """The splits in which every one of the methods has all pairs of modalities."""
    rows = common_runs(rows)
    n_runs = rows.groupby("seed")["method"].transform("size")
    return rows[n_runs == n_runs.max()]


def describe(runs: pd.DataFrame) -> dict[str, Any]:
    """Gains of one method in its runs, also by whether the teacher is better, and its outcomes."""
    score = "accuracy" if runs["accuracy_gain"].notna().any() else "r2"
    gain, error, better = runs[f"{score}_gain"], runs[f"{score}_gain_error"], runs["advantage"] > MIN_ADVANTAGE
    return {
        "gain": gain.mean(),
        "better teacher": gain[better].mean(),
        "other teacher": gain[~better].mean(),
        "nats": runs["log_loss_gain"].mean(),
        "won": int((gain > error).sum()),
        "level": int((gain.abs() <= error).sum()),
        "lost": int((gain < -error).sum()),
        "a point worse": (gain < -0.01).mean(),
        "seconds": runs["seconds"].mean(),
    }


def counts(runs: pd.DataFrame) -> dict[str, int]:
    """Number of runs, of splits, and of runs with a better teacher."""
    first = runs[runs["method"] == runs["method"].iloc[0]]
    better = (first["advantage"] > MIN_ADVANTAGE).sum()
    return {"runs": len(first), "splits": first["seed"].nunique(), "runs, better teacher": int(better)}


def of_methods(rows: pd.DataFrame, learner: str, names: Iterable[str]) -> pd.DataFrame:
    """A row for each method and setting."""
    rows = rows[(rows["learner"] == learner) & rows["method"].isin(list(names))]
    table = []
    for key, part in rows.groupby(SETTING, sort=False):
        part = whole_splits(part)
        shared = dict(zip(NAMES, (*key, MODELS.get(learner, learner)), strict=True)) | counts(part)
        table += [shared | {"method": name} | describe(runs) for name, runs in part.groupby("method", sort=False)]
    return pd.DataFrame(table)


def of_rivals(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each rival and setting: its gains, and those of the default in the same runs."""
    rows = rows[rows["learner"].isin(MODELS) & (rows["n_unlabeled"] > 0)]
    rows = rows.assign(learner=rows["learner"].map(MODELS))
    table = []
    for rival in RIVALS:
        pair = rows[rows["method"].isin([DEFAULT, rival])]
        for key, part in pair.groupby([*SETTING, "learner"], sort=False):
            part = common_runs(part)
            if part["method"].nunique() < 2:
                continue
            row = dict(zip(NAMES, key, strict=True)) | {"rival": rival} | counts(part)
            default = describe(part[part["method"] == DEFAULT])
            row |= {f"default, {name}": value for name, value in default.items()}
            table.append(row | describe(part[part["method"] == rival]))
    return pd.DataFrame(table)


def main(folder: Path = RESULTS) -> None:
    """Write the tables."""
    rows = load_cells(folder)
    rows["method"] = rows["method"].map(plain)
    tables = {
        "methods": of_methods(rows, LINEAR_TEACHER, LINEAR_METHODS),
        "networks": of_methods(rows, NETWORK, NETWORK_METHODS),
        "objectives": of_methods(rows, NETWORK, OBJECTIVES),
        "rivals": of_rivals(rows),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
