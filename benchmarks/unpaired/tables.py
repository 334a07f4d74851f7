"""Tables from the results: who wins how often, what is gained on average, and what a bridge of each size gives."""

from pathlib import Path

import numpy as np
import pandas as pd
from methods import LABELS_ONLY
from scipy.stats import t as student_t

RESULTS = Path(__file__).parent / "results"
SETTING = ["family", "setting", "n_labelled", "n_unlabeled", "n_bridge"]
PAIR = ["family", "student", "teacher"]
SCORES = ("accuracy", "log_loss", "brier")
CONFIDENCE = 0.9
# A teacher counts as the better one from here on, in accuracy over all seeds of a pair and a setting.
BETTER = 0.05


def load_cells(folder: Path = RESULTS) -> pd.DataFrame:
    """All rows of the grid with the advantage of each cell's teacher over the student alone.

    The advantage is a mean over seeds, so that a cell is not chosen by the luck of its own test rows.
    """
    parts = [pd.read_csv(path) for path in sorted(folder.glob("*.csv.gz"))]
    cells = pd.concat(parts, ignore_index=True)
    keys = [*PAIR, *SETTING[1:]]
    repeated = cells.duplicated([*keys, "seed", "method"])
    if repeated.any():
        raise ValueError(f"{repeated.sum()} rows of the results are there twice.")
    alone = cells[cells["method"] == LABELS_ONLY]
    advantage = (alone["teacher_accuracy"] - alone["accuracy"]).groupby([alone[key] for key in keys]).mean()
    return cells.join(advantage.rename("advantage"), on=keys)


def interval_over_splits(gain: pd.Series, seed: pd.Series) -> tuple[float, float, float]:
    """Mean gain over cells, and the ends of its interval.

    Cells of one seed share their samples, so the means of the seeds are what is independent: a t-interval of those.
    """
    means = gain.groupby(seed).mean()
    if len(means) < 2:
        return gain.mean(), np.nan, np.nan
    half = student_t.ppf(0.5 + CONFIDENCE / 2, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
    return means.mean(), means.mean() - half, means.mean() + half


def count(rows: pd.DataFrame, score: str) -> dict[str, float]:
    """Wins, ties and losses of cells: a tie is a gain of at most its standard error over the test rows, either way."""
    rows = rows[rows[f"{score}_gain"].notna()]
    gain, error = rows[f"{score}_gain"], rows[f"{score}_gain_error"]
    mean, lower, upper = interval_over_splits(gain, rows["seed"])
    return {
        f"{score} wins": int((gain > error).sum()),
        f"{score} ties": int((gain.abs() <= error).sum()),
        f"{score} losses": int((gain < -error).sum()),
        f"{score} share of losses": (gain < -error).mean(),
        f"{score} gain": mean,
        f"{score} gain, lower": lower,
        f"{score} gain, upper": upper,
    }


def summarise(cells: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """One row for each group and method."""
    found = []
    for key, rows in cells.groupby([*by, "method"], sort=False):
        row = dict(zip([*by, "method"], key, strict=True)) | {"cells": len(rows), "seeds": rows["seed"].nunique()}
        row |= {"failures": rows["accuracy"].isna().sum()}
        row |= {score: rows[score].mean() for score in SCORES} | {"seconds": rows["seconds"].mean()}
        for score in SCORES:
            row |= count(rows, score)
        found.append(row)
    return pd.DataFrame(found)


def what_auto_chose(cells: pd.DataFrame) -> pd.DataFrame:
    """How often each alignment was chosen, and what it gained where it was."""
    chosen = cells[(cells["method"] == "auto") & cells["chosen"].notna()]
    return chosen.groupby([*SETTING, "chosen"])["accuracy_gain"].agg(["size", "mean"]).reset_index()


def bridge_curve(cells: pd.DataFrame) -> pd.DataFrame:
    """Gains by the size of the bridge, over all pairs and over those whose teacher is the better one."""
    tied = cells[(cells["setting"] == "disjoint") & (cells["n_unlabeled"] == 0) & (cells["n_labelled"] == 100)]
    sizes = tied.groupby("family")["n_bridge"].transform("nunique")
    tied = tied[sizes > 1]
    by = ["family", "n_bridge"]
    parts = [summarise(tied, by).assign(pairs="all")]
    better = tied[tied["advantage"] >= BETTER]
    if len(better):
        parts.append(summarise(better, by).assign(pairs="better teacher"))
    return pd.concat(parts)


def main() -> None:
    """Write the tables and print the main ones."""
    cells = load_cells()
    summary, curve, chosen = summarise(cells, SETTING), bridge_curve(cells), what_auto_chose(cells)
    for name, table in {"summary": summary, "bridge": curve, "chosen": chosen}.items():
        table.to_csv(RESULTS / f"{name}.csv", index=False, float_format="%.4g")
    shown = ["method", "cells", "failures", "accuracy", "log_loss", "seconds"]
    shown += [f"accuracy {part}" for part in ("wins", "ties", "losses", "gain", "gain, lower", "gain, upper")]
    shown += ["log_loss wins", "log_loss losses", "log_loss gain"]
    for key, rows in summary.groupby(SETTING, sort=False):
        print(", ".join(f"{name} {value}" for name, value in zip(SETTING, key, strict=True)))
        print(rows[shown].round(4).to_string(index=False), end="\n\n")
    print(chosen.round(4).to_string(index=False), end="\n\n")
    shown = ["family", "pairs", "method", "n_bridge", "cells", "accuracy gain", "accuracy gain, lower"]
    print(curve.sort_values(["family", "pairs", "method", "n_bridge"])[shown].round(4).to_string(index=False))


if __name__ == "__main__":
    main()
