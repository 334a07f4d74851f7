"""The grid of cells and methods. Continues where it was stopped; one file of results for each family.

Every row is one method in one cell: its scores on the test rows, and its gain on the same student alone with the
standard error of that gain over the test rows. ``seconds`` of processor time leave out the teachers' networks, which
methods and cells share; ``teacher_seconds`` is the time of these without the cache. A fit that fails is kept with
its error and without scores, and is not tried again.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import peer
import torch
from cells import CLASSES, FAMILIES, Cell, Samples, all_cells, split_samples
from learners import make_teacher
from methods import METHODS, alone_of, suits
from shared.cached_networks import teacher_seconds, uncached_seconds
from shared.grid import Grid
from shared.scoring import compare, score_rows, try_fit

# The columns of a method's row, and the scores of each test row.
Outcome = tuple[dict[str, Any], dict[str, np.ndarray]]
RESULTS = Path(__file__).parent / "results"
MAX_RECALLED = 200
_recalled: dict[tuple, Outcome] = {}


def score(model: Any, X: pd.DataFrame, y: pd.Series, label: str) -> dict[str, np.ndarray]:
    """Scores of each test row; of a continuous target its part of R^2 = mean of 1 - (y - p)^2 / Var(y)."""
    if label == CLASSES:
        return score_rows(model, X, y)
    y = y.to_numpy()
    return {"r2": 1 - (y - model.predict(X)) ** 2 / y.var()}


def score_teacher(samples: Samples, learner: str) -> float:
    """Accuracy, or R^2, of the teacher on the test rows that it was measured on."""
    teacher = make_teacher(samples, learner, samples.seed).fit(samples.X_teacher, samples.y)
    return next(iter(score(teacher, *samples.teacher_test, samples.label).values())).mean()


def run_method(samples: Samples, name: str) -> Outcome:
    """The columns of a method's row, and the scores of each test row; NaN where it failed."""
    method = METHODS[name]
    begin, teacher_begin = uncached_seconds(), teacher_seconds()
    model, failure = try_fit(method.fit, samples, samples.seed, method.learner)
    row = {
        "learner": method.learner,
        "method": name,
        "alpha": getattr(model, "alpha_", np.nan),
        "seconds": uncached_seconds() - begin,
        "teacher_seconds": teacher_seconds() - teacher_begin,
        "n_test": len(samples.y_test),
        "failure": failure,
    }
    if model is not None:
        return row, score(model, samples.X_test, samples.y_test, samples.label)
    names = ("accuracy", "log_loss", "brier") if samples.label == CLASSES else ("r2",)
    return row, {name: np.full(len(samples.y_test), np.nan) for name in names}


def run_or_recall(samples: Samples, name: str) -> Outcome:
    """The same for a method that uses no teacher, kept for the student's other teachers."""
    if METHODS[name].uses_teacher:
        return run_method(samples, name)
    key = (*(value for column, value in samples.key.items() if column != "teacher"), name)
    if key not in _recalled:
        if len(_recalled) == MAX_RECALLED:
            del _recalled[next(iter(_recalled))]
        _recalled[key] = run_method(samples, name)
    return _recalled[key]


def run_cell(cell: Cell, breast_tcga: Path | None, names: list[str]) -> pd.DataFrame:
    """One row for each of the methods."""
    torch.set_num_threads(1)
    samples = split_samples(cell, breast_tcga)
    teacher = {learner: score_teacher(samples, learner) for learner in {METHODS[name].learner for name in names}}
    baselines = dict.fromkeys(map(alone_of, names))
    rows = {name: run_or_recall(samples, name) for name in [*baselines, *(n for n in names if n not in baselines)]}
    table = []
    for name in names:
        row, scores = rows[name]
        row = row | {"teacher_score": teacher[row["learner"]]}
        table.append(cell.key | row | compare(scores, rows[alone_of(name)][1]))
    return pd.DataFrame(table)


GRID = Grid(RESULTS, tuple(FAMILIES), tuple(METHODS), all_cells, suits, run_cell)


if __name__ == "__main__":
    if not peer.AVAILABLE:
        print(peer.explain_absence())
    GRID.run(__doc__)
