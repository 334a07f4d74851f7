"""Tables from the results: gains by method, and two requirements, of the automatic weight and of distillation."""

from pathlib import Path

import numpy as np
import pandas as pd
from cells import CLASSES, FAMILIES
from methods import (
    ALONE,
    AUTO,
    CONFIDENT,
    COUPLED,
    DEFAULT,
    FEATURES,
    FEATURES_PERMUTED,
    FIXED,
    IMPUTED,
    ONE_ROUND,
    ONE_ROUND_PERMUTED,
    PAST,
    PERMUTED,
    SELF_TRAINING,
    STACKED,
    TWO_ROUNDS,
)
from shared.scoring import SCORES
from shared.storage import write_table
from shared.summaries import OUTCOMES, interval_over_splits, read_results, summarize

RESULTS = Path(__file__).parent / "results"
PAIR = ["family", "student", "teacher"]
SETTING = ["family", "n_labeled", "n_unlabeled"]
KEYS = [*PAIR, *SETTING[1:]]
BASELINES = (SELF_TRAINING, CONFIDENT, IMPUTED)
ALLOWED_HARM = 0.05
# A teacher is better than the student from here on.
MIN_ADVANTAGE = 0.02
# Cells where distillation must beat the baselines.
PROOF = {"family": "digits", "n_labeled": 100, "n_unlabeled": 900}


def plain(method: str) -> str:
    """A method's name without its learner's."""
    return method.rpartition(": ")[2]


def load_cells(folder: Path = RESULTS) -> pd.DataFrame:
    """All rows of the grid with the advantage of each cell's teacher over the network alone, in its first score.

    The advantage is a mean over seeds, so that the noise of its own test rows does not select a cell.
    """
    cells = read_results(folder, KEYS)
    cells["label"] = [FAMILIES[family].label for family in cells["family"]]
    first = cells["accuracy"] if "r2" not in cells else cells["accuracy"].fillna(cells["r2"])
    alone = cells["method"] == ALONE
    advantage = (cells["teacher_score"] - first)[alone].groupby([cells.loc[alone, key] for key in KEYS]).mean()
    return cells.join(advantage.rename("advantage"), on=KEYS)


def scores_of(cells: pd.DataFrame) -> tuple[str, ...]:
    """The scores that these cells have."""
    return SCORES if (cells["label"] == CLASSES).all() else ("r2",)


def gains(cells: pd.DataFrame) -> pd.DataFrame:
    """Mean gains, their intervals, wins, ties and losses of each method, by family and numbers of samples."""
    by, times = [*SETTING, "learner"], ("seconds", "teacher_seconds")
    labels = cells.groupby("label", sort=False)
    return pd.concat([summarize(part, by, scores_of(part), times) for _, part in labels], ignore_index=True)


def harm(cells: pd.DataFrame) -> pd.DataFrame:
    """Fraction of the cells in which the automatic weight is worse than the student alone by over a standard error.

    By family, and for all families together.
    """
    auto = cells[cells["method"].map(plain) == AUTO]
    table = []
    for (learner, label), part in auto.groupby(["learner", "label"], sort=False):
        groups = [("all", part), *part.groupby("family", sort=False)]
        for family, rows in groups:
            row = {"learner": learner, "label": label, "family": family, "cells": len(rows)}
            for score in scores_of(rows):
                scored = rows[rows[f"{score}_gain"].notna()]
                row[f"{score}, share worse"] = (scored[f"{score}_gain"] < -scored[f"{score}_gain_error"]).mean()
            table.append(row | {"share distilled": (rows["alpha"] > 0).mean()})
    return pd.DataFrame(table)


def against_fixed(cells: pd.DataFrame, score: str = "accuracy") -> pd.DataFrame:
    """The automatic weight's mean gain beside that of the best fixed one, in cells that have all of them.

    The best fixed weight is the one with the largest mean gain over these cells; 0, the student alone, is one of them.
    """
    named = cells.assign(method=cells["method"].map(plain))
    named = named[named["method"].isin([AUTO, *FIXED]) & named[f"{score}_gain"].notna()]
    table = []
    for learner, part in named.groupby("learner", sort=False):
        wide = part.pivot_table(index=[*KEYS, "seed"], columns="method", values=f"{score}_gain").dropna()
        if not {AUTO, *FIXED} <= set(wide.columns):
            continue
        pairs = np.where(wide.index.get_level_values("n_unlabeled") > 0, "with unlabeled pairs", "labeled pairs only")
        groups = [("all", "all", wide), *((name, "all", rows) for name, rows in wide.groupby(pairs))]
        groups += [(name, family, rows) for (name, family), rows in wide.groupby([pairs, "family"], sort=False)]
        for name, family, rows in groups:
            means = rows[list(FIXED)].mean()
            best = means.idxmax() if means.max() > 0 else ALONE
            fixed = rows[best] if best != ALONE else 0 * rows[AUTO]
            seeds = rows.index.get_level_values("seed").to_series(index=rows.index)
            mean, lower, upper = interval_over_splits(rows[AUTO] - fixed, seeds)
            row = {"learner": learner, "pairs": name, "family": family, "score": score, "cells": len(rows)}
            row |= {"auto": rows[AUTO].mean(), "best fixed": best, "its gain": fixed.mean()}
            table.append(row | {"auto less fixed": mean, "lower": lower, "upper": upper} | means.to_dict())
    return pd.DataFrame(table)


def proof(cells: pd.DataFrame, score: str = "accuracy") -> pd.DataFrame:
    """Each pair whose teacher alone is more accurate than the student, with few labels and many unlabeled pairs.

    Mean accuracy of every method of the network, over the seeds that have all of them; ``auto beats`` and ``fixed
    beats``: whether distillation, with the automatic or with the best fixed weight of all pairs, is better than every
    baseline.
    """
    part = cells[(cells["advantage"] > 0) & (cells["learner"] == "network")]
    for key, value in PROOF.items():
        part = part[part[key] == value]
    wide = part.pivot_table(index=["student", "teacher", "seed"], columns="method", values=score, sort=False)
    shown = [name for name in (ALONE, AUTO, *FIXED, *BASELINES, STACKED) if name in wide]
    table = wide[shown].dropna().groupby(["student", "teacher"], sort=False).mean()
    baselines = table[[name for name in BASELINES if name in table]].max(axis=1)
    fixed = [name for name in FIXED if name in table]
    table.insert(0, "teacher's accuracy", part.groupby(["student", "teacher"], sort=False)["teacher_score"].mean())
    if AUTO in table:
        table["auto beats"] = table[AUTO] > baselines
    if fixed:
        table["fixed beats"] = table[table[fixed].mean().idxmax()] > baselines
    return table.reset_index()


def mean_text(gains: pd.Series, digits: int = 1) -> str:
    """The mean with its sign; nothing where there are no cells."""
    return f"{gains.mean():+.{digits}f}" if len(gains) else ""


def of_default(cells: pd.DataFrame) -> pd.DataFrame:
    """The default, its controls and its rivals where there are unlabeled pairs: mean gains.

    In points of accuracy (of R^2) and nats, also with teachers that are better than the student by ``MIN_ADVANTAGE``
    and with the others; and the share of cells that lose over a point.
    """
    names = {
        DEFAULT: "default",
        PERMUTED: "teacher's rows permuted",
        ONE_ROUND: "one round",
        ONE_ROUND_PERMUTED: "one round, teacher's rows permuted",
        TWO_ROUNDS: "two rounds",
        PAST: "surrogate of both tables",
        COUPLED: "coupled training",
        FEATURES: "default on predicted features",
        FEATURES_PERMUTED: "the same, teacher's rows permuted",
    }
    rows = cells[cells["method"].map(plain).isin(names) & (cells["n_unlabeled"] > 0)]
    table = []
    for key, part in rows.groupby([*SETTING, "learner", rows["method"].map(plain)], sort=False):
        score = "accuracy" if part["accuracy_gain"].notna().any() else "r2"
        points, better = 100 * part[f"{score}_gain"], part["advantage"] > MIN_ADVANTAGE
        row = dict(
            zip(("table", "labels", "pairs", "student", "soft targets"), (*key[:-1], names[key[-1]]), strict=True)
        )
        row |= {"cells": len(part), "splits": part["seed"].nunique(), "points": mean_text(points)}
        row |= {"better teacher": mean_text(points[better]), "other teacher": mean_text(points[~better])}
        row["nats"] = "" if score == "r2" else mean_text(part["log_loss_gain"], 3)
        table.append(row | {"worse by a point": f"{(points < -1).mean():.0%}"})
    return pd.DataFrame(table)


def main(folder: Path = RESULTS) -> None:
    """Write the tables and print the main ones."""
    cells = load_cells(folder)
    classes = cells[cells["label"] == CLASSES]
    comparisons = [against_fixed(classes, score) for score in SCORES]
    if "r2" in cells:
        comparisons.append(against_fixed(cells[cells["label"] != CLASSES], "r2"))
    tables = {
        "gains": gains(cells),
        "harm": harm(cells),
        "against_fixed": pd.concat(comparisons, ignore_index=True),
        "proof": proof(cells),
        "default": of_default(cells),
    }
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv", float_format="%.4g")
    parts = ("gain", "gain, lower", "gain, upper", *OUTCOMES)
    for key, rows in tables["gains"].groupby([*SETTING, "learner"], sort=False):
        print(", ".join(f"{name} {value}" for name, value in zip([*SETTING, "learner"], key, strict=True)))
        first = "accuracy" if rows["accuracy"].notna().any() else "r2"
        shown = ["method", "cells", "failures", first, *(f"{first} {part}" for part in parts)]
        shown += ["log_loss", "log_loss gain", "log_loss losses"] * (first == "accuracy")
        print(rows[[*shown, "seconds", "teacher_seconds"]].round(4).to_string(index=False), end="\n\n")
    print(f"Worse than alone by more than a standard error; at most {ALLOWED_HARM} is allowed")
    print(tables["harm"].round(4).to_string(index=False), end="\n\n")
    print(tables["against_fixed"].round(4).to_string(index=False), end="\n\n")
    print(tables["proof"].round(3).to_string(index=False))
    for name in ("auto beats", "fixed beats"):
        if name in tables["proof"]:
            print(f"{name} every baseline in {tables['proof'][name].sum()} of {len(tables['proof'])} pairs")


if __name__ == "__main__":
    main()
