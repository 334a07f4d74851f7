"""Tables from the results: who wins how often, what is gained on average, and what a bridge of each size gives."""

from pathlib import Path

import pandas as pd
from methods import LABELS_ONLY
from shared.summaries import read_results, summarise

RESULTS = Path(__file__).parent / "results"
SETTING = ["family", "setting", "n_labelled", "n_unlabeled", "n_bridge"]
PAIR = ["family", "student", "teacher"]
# A teacher counts as the better one from here on, in accuracy over all seeds of a pair and a setting.
BETTER = 0.05


def load_cells(folder: Path = RESULTS) -> pd.DataFrame:
    """All rows of the grid with the advantage of each cell's teacher over the student alone.

    The advantage is a mean over seeds, so that a cell is not chosen by the luck of its own test rows.
    """
    keys = [*PAIR, *SETTING[1:]]
    cells = read_results(folder, keys)
    alone = cells[cells["method"] == LABELS_ONLY]
    advantage = (alone["teacher_accuracy"] - alone["accuracy"]).groupby([alone[key] for key in keys]).mean()
    return cells.join(advantage.rename("advantage"), on=keys)


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
