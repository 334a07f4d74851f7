"""The grid of cells and methods. Continues where it was stopped; one file of results for each family.

Every row is one method in one cell: its scores on the test rows, and its gain on labels only with the standard error
of that gain over the test rows. The seconds of processor time leave out the teacher, which methods
and cells share. A fit that fails is kept with its error and without scores, and is not tried again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import simulated
import torch
from cohorts import TABLES, Cell, Cohorts, cells, draw, load_table
from methods import LABELS_ONLY, METHODS, make_teacher, suits
from shared.cached_networks import uncached_seconds
from shared.grid import Grid
from shared.scoring import SCORES, compare, score_rows, try_fit

RESULTS = Path(__file__).parent / "results"
FAMILIES = (*TABLES, simulated.FAMILY)


def draw_cohorts(cell: Cell, breast_tcga: Path | None) -> Cohorts:
    """The tables of a cell; each process loads a family once."""
    if cell.family == simulated.FAMILY:
        return simulated.draw_simulated(cell)
    return draw(load_table(cell.family, breast_tcga), cell)


def all_cells(family: str, seed: int, breast_tcga: Path | None) -> Iterator[Cell]:
    """Every cell of a family with this seed."""
    return simulated.cells(seed) if family == simulated.FAMILY else cells(load_table(family, breast_tcga), seed)


def chosen_by(model: Any) -> str:
    """The alignment that a distiller used, and whether it used soft targets of single rows, as of a bridge."""
    return getattr(model, "best_alignment_", "") + ", bridge" * getattr(model, "used_bridge_", False)


def run_cell(cell: Cell, breast_tcga: Path | None, names: list[str]) -> pd.DataFrame:
    """One row for each of the methods."""
    torch.set_num_threads(1)
    cohorts = draw_cohorts(cell, breast_tcga)
    teacher = make_teacher(cell.seed).fit(*cohorts.teacher_data)
    teacher_accuracy = score_rows(teacher, *cohorts.teacher_test)["accuracy"].mean()
    alone, table = None, []
    for name in [LABELS_ONLY, *(name for name in names if name != LABELS_ONLY)]:
        begin = uncached_seconds()
        model, failure = try_fit(METHODS[name], cohorts, cohorts.seed)
        row = {"method": name, "chosen": chosen_by(model), "seconds": uncached_seconds() - begin}
        row |= {"n_test": len(cohorts.y_test), "teacher_accuracy": teacher_accuracy, "failure": failure}
        rows = {score: np.full(len(cohorts.y_test), np.nan) for score in SCORES}
        if model is not None:
            rows = score_rows(model, cohorts.X_test, cohorts.y_test)
        alone = rows if alone is None else alone
        if name in names:
            table.append(cell.key | row | compare(rows, alone))
    return pd.DataFrame(table)


GRID = Grid(RESULTS, FAMILIES, tuple(METHODS), all_cells, suits, run_cell)


if __name__ == "__main__":
    GRID.run(__doc__)
