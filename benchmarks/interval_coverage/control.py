"""Distilled against shuffled teacher, from rows and by the corrected t, also where the teacher knows something.

A row for each cell and number of repeats: how often the interval of the distilled student less the control lies above
zero by each method, how often a report says "distil" (the gain over the student alone is above zero by its rows, too),
and the width of the corrected t over that of the rows. A minute of a free core::

    python benchmarks/interval_coverage/control.py
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from draws import N_FOLDS, make_fold_ids
from fast import as_target, distill_linear, fit_linear
from models import row_losses
from settings import CONFIDENCE, REPORT, ROWS_A_GROUP, Cell
from tables import Rows, draw_tables, take

from skcmkd._model_selection._intervals import corrected_rows_interval, corrected_t_interval
from skcmkd._model_selection._standard_errors import overlap_factor

RESULTS = Path(__file__).parent / "results"
CELLS = (
    Cell(REPORT, "null", "2 classes", 500),
    Cell(REPORT, "null", "continuous", 500),
    Cell(REPORT, "small", "2 classes", 200),
    Cell(REPORT, "small", "continuous", 200),
    Cell(REPORT, "clear", "2 classes", 60),
    Cell(REPORT, "clear", "2 classes", 100),
)
ALPHA, N_REPEATS = 0.5, 3


def control_losses(cell: Cell, train: Rows, pairs: Rows | None, held_out: Rows, random: np.random.RandomState):
    """Held-out losses of the student alone, the distilled one and the control, (n_rows, 3)."""
    n, labels = len(train.y), as_target(train.y, cell.n_classes)
    T = train.T if pairs is None else np.concatenate([train.T, pairs.T])
    shuffled = T[random.permutation(len(T))]
    of_pairs = None if pairs is None else replace(pairs, T=shuffled[n:])
    models = (
        fit_linear(train.S, labels, np.ones((1, n)), of_classes=cell.n_classes is not None)[0],
        distill_linear(train, train.T, pairs, ALPHA, cell.n_classes),
        distill_linear(train, shuffled[:n], of_pairs, ALPHA, cell.n_classes),
    )
    return np.column_stack([row_losses(cell, model(held_out.S), held_out.y)[:, 0] for model in models])


def compare(cell: Cell, seed: int) -> Iterator[dict[str, float]]:
    """One draw, with one repeat and with three."""
    labeled, pairs, _ = draw_tables(cell, cell.random_state(seed, 2))
    random = cell.random_state(seed, 3)
    fold_ids = np.stack([make_fold_ids(cell, labeled, random) for _ in range(N_REPEATS)])
    losses = np.empty((*fold_ids.shape, 3))
    for repeat, folds in enumerate(fold_ids):
        for fold in range(N_FOLDS):
            train, held_out = (take(labeled, np.flatnonzero(mask)) for mask in (folds != fold, folds == fold))
            losses[repeat, folds == fold] = control_losses(cell, train, pairs, held_out, random)
    confidence, factor = CONFIDENCE[REPORT], overlap_factor(N_FOLDS, N_FOLDS - 1)
    groups = np.arange(cell.n_rows) // ROWS_A_GROUP if cell.grouped else None
    for n_repeats in (1, N_REPEATS):
        alone, control = (losses[:n_repeats, :, base] - losses[:n_repeats, :, 1] for base in (0, 2))
        gain = corrected_rows_interval(alone, factor, confidence, groups)
        rows = corrected_rows_interval(control, factor, confidence, groups)
        of_splits = corrected_t_interval(control, fold_ids[:n_repeats], confidence)
        yield {
            "n_repeats": n_repeats,
            "rows_above": rows.lower > 0,
            "corrected_t_above": of_splits.lower > 0,
            "rows_distil": min(rows.lower, gain.lower) > 0,
            "corrected_t_distil": min(of_splits.lower, gain.lower) > 0,
            "width": np.log((of_splits.upper - of_splits.lower) / (rows.upper - rows.lower)),
        }


def main() -> None:
    """Draw all cells and store the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=60)
    n_draws = parser.parse_args().draws
    table = []
    for cell in CELLS:
        drawn = pd.DataFrame([row for seed in range(n_draws) for row in compare(cell, seed)]).astype(float)
        means = drawn.groupby("n_repeats").mean().assign(n_draws=n_draws, **cell.key)
        means["width"] = np.exp(means["width"])
        table.append(means.reset_index().astype({"n_repeats": int}).round(3))
        print(table[-1].to_string(), flush=True)
    keys = [*CELLS[0].key, "n_repeats", "n_draws"]
    table = pd.concat(table)
    table[[*keys, *table.columns.drop(keys)]].to_csv(RESULTS / "control.csv", index=False)


if __name__ == "__main__":
    main()
