"""Tables from the results: wins of each method, mean gains, and gains by the size of the bridge."""

from pathlib import Path

import pandas as pd
from methods import LABELS_ONLY
from shared.storage import write_table
from shared.summaries import OUTCOMES, read_results, summarize

RESULTS = Path(__file__).parent / "results"
SETTING = ["family", "setting", "n_labeled", "n_unlabeled", "n_bridge"]
PAIR = ["family", "student", "teacher"]
# A teacher counts as the better one from here on, in accuracy over all seeds of a pair and a setting.
BETTER = 0.05


def load_cells(folder: Path = RESULTS) -> pd.DataFrame:
    """All rows of the grid with the advantage of each cell's teacher over the student alone.

    The advantage is a mean over seeds, so that the noise of its own test rows does not select a cell.
    """
    keys = [*PAIR, *SETTING[1:]]
    cells = read_results(folder, keys)
    alone = cells[cells["method"] == LABELS_ONLY]
    advantage = (alone["teacher_accuracy"] - alone["accuracy"]).groupby([alone[key] for key in keys]).mean()
    return cells.join(advantage.rename("advantage"), on=keys)


def choices_of_auto(cells: pd.DataFrame) -> pd.DataFrame:
    """How often each alignment was chosen, and its mean gain there."""
    chosen = cells[(cells["method"] == "auto") & cells["chosen"].notna()]
    return chosen.groupby([*SETTING, "chosen"])["accuracy_gain"].agg(["size", "mean"]).reset_index()


def bridge_curve(cells: pd.DataFrame) -> pd.DataFrame:
    """Gains by the size of the bridge, over all pairs and over those whose teacher is the better one."""
    rows = cells[(cells["setting"] == "disjoint") & (cells["n_unlabeled"] == 0) & (cells["n_labeled"] == 100)]
    sizes = rows.groupby("family")["n_bridge"].transform("nunique")
    rows = rows[sizes > 1]
    by = ["family", "n_bridge"]
    parts = [summarize(rows, by).assign(pairs="all")]
    better = rows[rows["advantage"] >= BETTER]
    if len(better):
        parts.append(summarize(better, by).assign(pairs="better teacher"))
    return pd.concat(parts)


def main() -> None:
    """Write the tables and print the main ones."""
    cells = load_cells()
    summary, curve, chosen = summarize(cells, SETTING), bridge_curve(cells), choices_of_auto(cells)
    for name, table in {"summary": summary, "bridge": curve, "chosen": chosen}.items():
        write_table(table, RESULTS / f"{name}.csv", float_format="%.4g")
    shown = ["method", "cells", "failures", "accuracy", "log_loss", "seconds"]
    shown += [f"accuracy {part}" for part in (*OUTCOMES, "gain", "gain, lower", "gain, upper")]
    shown += ["log_loss wins", "log_loss losses", "log_loss gain"]
    for key, rows in summary.groupby(SETTING, sort=False):
        print(", ".join(f"{name} {value}" for name, value in zip(SETTING, key, strict=True)))
        print(rows[shown].round(4).to_string(index=False), end="\n\n")
    print(chosen.round(4).to_string(index=False), end="\n\n")
    shown = ["family", "pairs", "method", "n_bridge", "cells", "accuracy gain", "accuracy gain, lower"]
    print(curve.sort_values(["family", "pairs", "method", "n_bridge"])[shown].round(4).to_string(index=False))


if __name__ == "__main__":
    main()
