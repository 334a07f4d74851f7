"""Real cohorts with class labels: what the student and the teacher have, and how the samples are split."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# Code that several benchmarks share lies in the folder beside this one.
sys.path.append(str(Path(__file__).parents[1]))
from shared.samples import (
    Samples,
    blood_cell_tables,
    breast_tables,
    carcinoma_tables,
    cell_line_tables,
    complete_rows,
    cut_order,
    nutrimouse_tables,
    stratified_order,
)


@dataclass(frozen=True)
class Task:
    """A question to a cohort: the label, which table teaches which, and the numbers of samples of each split."""

    cohort: str
    label: str
    student: str
    teacher: str
    n_labeled: int
    n_pairs: int
    n_test: int
    n_splits: int

    @property
    def key(self) -> dict[str, Any]:
        """The columns of a table of results that identify the task."""
        return {name: getattr(self, name) for name in KEYS}


KEYS = ["cohort", "label", "student", "teacher", "n_labeled", "n_pairs"]


@dataclass(frozen=True)
class Split:
    """Both tables of labeled samples, of unlabeled pairs, and of test samples."""

    X: pd.DataFrame
    X_teacher: pd.DataFrame
    y: pd.Series
    pairs: tuple[pd.DataFrame, pd.DataFrame] | None
    X_test: pd.DataFrame
    X_teacher_test: pd.DataFrame
    y_test: pd.Series


# Tables of each cohort by the folder of fetched data, which may be None, and the label.
LOADERS: dict[str, Callable[[Path | None, str], Samples]] = {
    "blood cells": lambda folder, label: blood_cell_tables(),
    "cell lines": lambda folder, label: cell_line_tables(),
    "breast tumors": lambda folder, label: breast_tables(folder and folder / "breast_tcga"),
    "carcinoma": lambda folder, label: carcinoma_tables(label),
    "nutrimouse": lambda folder, label: nutrimouse_tables(folder / "nutrimouse", "y" if label == "diet" else label),
}
# These need the folder of data, or the table in the user's cache.
FETCHED = ("breast tumors", "nutrimouse")
BREAST, SUBTYPE = "breast tumors", "subtype"
TASKS = (
    Task("blood cells", "cell type", "panel", "rna", 60, 400, 200, 10),
    Task("cell lines", "cell line", "chromatin", "rna", 60, 787, 200, 10),
    Task(BREAST, SUBTYPE, "mirna", "mrna", 40, 120, 60, 10),
    Task(BREAST, SUBTYPE, "mirna", "mrna", 80, 80, 60, 10),
    Task("carcinoma", "C1A.C1B", "cnv", "rna", 25, 25, 26, 6),
    Task("carcinoma", "vital_status", "cnv", "rna", 25, 25, 26, 6),
    Task("nutrimouse", "diet", "gene", "lipid", 25, 5, 10, 10),
    Task("nutrimouse", "genotype", "lipid", "gene", 20, 10, 10, 10),
    Task("cell lines", "cell line", "rna", "chromatin", 60, 787, 200, 5),
    # Every row has a label.
    Task("blood cells", "cell type", "panel", "rna", 460, 0, 200, 3),
    Task("cell lines", "cell line", "chromatin", "rna", 847, 0, 200, 3),
    Task(BREAST, SUBTYPE, "mirna", "mrna", 160, 0, 60, 3),
    Task("carcinoma", "C1A.C1B", "cnv", "rna", 50, 0, 26, 3),
)


def load(task: Task, folder: Path | None) -> Samples:
    """Both tables and the label; raise where a fetched table is not there."""
    if task.cohort == "nutrimouse" and folder is None:
        raise FileNotFoundError("nutrimouse is read from the folder given as --data.")
    tables, target = LOADERS[task.cohort](folder, task.label)
    return {name: tables[name] for name in (task.student, task.teacher)}, target


def draw(task: Task, folder: Path | None, seed: int) -> Split:
    """Test, labeled and other samples with both tables, in an order stratified by class."""
    tables, target = load(task, folder)
    complete = complete_rows(tables)
    target = pd.Series(np.unique(target, return_inverse=True)[1], index=target.index, name=task.label)
    order = stratified_order(complete, target.to_numpy(), seed)
    test, labeled, pairs = cut_order(order, (task.n_test, task.n_labeled, task.n_pairs), task.cohort)
    X, T = tables[task.student], tables[task.teacher]
    return Split(
        X=X.iloc[labeled],
        X_teacher=T.iloc[labeled],
        y=target.iloc[labeled],
        pairs=(X.iloc[pairs], T.iloc[pairs]) if len(pairs) else None,
        X_test=X.iloc[test],
        X_teacher_test=T.iloc[test],
        y_test=target.iloc[test],
    )


def all_splits() -> Iterator[tuple[Task, int]]:
    """Every task with each of its seeds."""
    for task in TASKS:
        yield from ((task, seed) for seed in range(task.n_splits))
