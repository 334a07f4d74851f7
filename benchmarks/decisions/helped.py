"""How often distilling at the weight 0.5 helps or harms, over all cells and by what the selector's advantage decides.

A row for each regime and decision: the share of the cells that gain, the share that lose more than a point, and their
number. Over all cells the shares are means of the families' shares; by decision, those of all splits. Linear students;
a minute::

    python benchmarks/decisions/helped.py
"""

import pandas as pd
from gains import RESULTS
from rules import ADVANTAGE, CELL, load_cells

HARMFUL = -0.01
REGIMES = {False: "labeled pairs", True: "with unlabeled pairs"}
TABLE = RESULTS / "helped.csv"


def decide(cells: pd.DataFrame) -> pd.Series:
    """The decision by the interval of the advantage: its lower end, and as far above the estimate its upper one."""
    lower = cells[f"{ADVANTAGE}_lower"]
    decisions = pd.Series("undecided", cells.index)
    decisions[lower > 0] = "distil"
    decisions[2 * cells[ADVANTAGE] - lower < 0] = "do not distil"
    return decisions


def count(cells: pd.DataFrame) -> pd.DataFrame:
    """Shares of cells that gain and that lose more than a point."""
    cells = cells.assign(
        regime=(cells["n_unlabeled"] > 0).map(REGIMES),
        helped=cells["gain"] > 0,
        harmful=cells["gain"] < HARMFUL,
        decision=decide(cells),
    )
    shares = {"helped": ("helped", "mean"), "harmful": ("harmful", "mean"), "cells": ("gain", "size")}
    by_family = cells.drop_duplicates(CELL).groupby(["regime", "family"]).agg(**shares)
    over_all = by_family.groupby("regime").agg({"helped": "mean", "harmful": "mean", "cells": "sum"})
    by_decision = cells.groupby(["regime", "decision"]).agg(**shares)
    return pd.concat([over_all.assign(decision="any").reset_index(), by_decision.reset_index()])


def main() -> None:
    """Count and store."""
    table = count(load_cells("linear", "0.5", "accuracy"))
    table[["regime", "decision", "cells", "helped", "harmful"]].to_csv(TABLE, index=False, float_format="%.4f")
    print(table.to_string())


if __name__ == "__main__":
    main()
