"""Two cohorts that share classes but no sample: the cells of the benchmark.

The student's cohort has labels and the student's columns, the teacher's cohort labels and other columns. A bridge is
a few extra samples with both; unlabeled rows have the student's columns alone; test rows belong to neither cohort.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# Code that several benchmarks share lies in the folder beside this one.
sys.path.append(str(Path(__file__).parents[1]))
from shared.samples import (
    CARCINOMA_LABELS,
    breast_tables,
    carcinoma_tables,
    complete_rows,
    digit_tables,
    stratified_order,
)

PAIRED = "paired"
LINKED = "linked columns"


@dataclass(frozen=True)
class Setting:
    """How the samples are split; ``name`` describes what is special about the cohorts."""

    n_labeled: int
    n_teacher: int
    n_unlabeled: int = 0
    n_bridge: int = 0
    name: str = "disjoint"


@dataclass(frozen=True)
class Cell:
    """One comparison: student, teacher, how the samples are split, and the seed of all random numbers."""

    family: str
    student: str
    teacher: str
    setting: Setting
    seed: int

    @property
    def key(self) -> dict[str, Any]:
        """The columns of a table of results that identify the cell."""
        names = {"family": self.family, "student": self.student, "teacher": self.teacher}
        setting = asdict(self.setting)
        return names | {"setting": setting.pop("name")} | setting | {"seed": self.seed}


@dataclass(frozen=True)
class Cohorts(Cell):
    """A cell with its tables; ``truth`` is the best possible classifier where that is known."""

    X: pd.DataFrame
    y: pd.Series
    teacher_data: tuple[pd.DataFrame, pd.Series]
    unlabeled: tuple[pd.DataFrame] | None
    bridge: tuple[pd.DataFrame, pd.DataFrame] | None
    X_test: pd.DataFrame
    y_test: pd.Series
    teacher_test: tuple[pd.DataFrame, pd.Series]
    truth: Any = None

    @property
    def linked_columns(self) -> str | None:
        """The declared columns that measure the same thing in both modalities."""
        return "names" if self.setting.name == LINKED else None


@dataclass(frozen=True)
class Table:
    """Samples with several modalities, each a table with missing rows where it was not measured.

    ``pools`` has the numbers of samples kept for the test, the labeled rows, the teacher and the bridge, so that a
    larger setting holds the samples of a smaller one; the rest is left for unlabeled rows.
    """

    family: str
    modalities: Mapping[str, pd.DataFrame]
    target: pd.Series
    pools: Sequence[int]
    settings: Sequence[Setting]


def draw(table: Table, cell: Cell) -> Cohorts:
    """Split the complete samples; those that lack a modality are extra test rows of the modality that they have."""
    setting = cell.setting
    complete = complete_rows(table.modalities)
    order = stratified_order(complete, table.target.to_numpy(), cell.seed)
    test, labeled, teacher, bridge, rest = np.split(order, np.cumsum(table.pools))
    labeled = labeled[: setting.n_labeled]
    teacher = labeled if setting.name == PAIRED else teacher[: setting.n_teacher]
    bridge, rest = bridge[: setting.n_bridge], rest[: setting.n_unlabeled]
    sizes = (setting.n_labeled, setting.n_teacher, setting.n_bridge, setting.n_unlabeled)
    if tuple(map(len, (labeled, teacher, bridge, rest))) != sizes:
        raise ValueError(f"The pools of {table.family} are too small for {setting}.")
    X, T, y = table.modalities[cell.student], table.modalities[cell.teacher], table.target
    test = np.append(test, np.flatnonzero(~complete))
    test_X, test_T = (test[part.iloc[test].notna().all(axis=1).to_numpy()] for part in (X, T))
    return Cohorts(
        **vars(cell),
        X=X.iloc[labeled],
        y=y.iloc[labeled],
        teacher_data=(T.iloc[teacher], y.iloc[teacher]),
        unlabeled=(X.iloc[rest],) if len(rest) else None,
        bridge=(X.iloc[bridge], T.iloc[bridge]) if len(bridge) else None,
        X_test=X.iloc[test_X],
        y_test=y.iloc[test_X],
        teacher_test=(T.iloc[test_T], y.iloc[test_T]),
    )


def cells(table: Table, seed: int) -> Iterator[Cell]:
    """Every setting of every ordered pair of modalities."""
    for setting in table.settings:
        for student, teacher in permutations(table.modalities, 2):
            if setting.name != LINKED or set(table.modalities[student]) & set(table.modalities[teacher]):
                yield Cell(table.family, student, teacher, setting, seed)


@cache
def load_digits() -> Table:
    """Six views of 2000 handwritten digits."""
    settings = [Setting(n, 600) for n in (100, 300)]
    settings += [Setting(100, 600, n_bridge=n) for n in (10, 30, 100, 300)]
    settings += [Setting(n, 600, n_unlabeled=300) for n in (100, 300)]
    settings += [Setting(n, n, name=PAIRED) for n in (100, 300)]
    settings += [Setting(300, 600, n_bridge=100), Setting(100, 600, n_unlabeled=300, n_bridge=100)]
    return Table("digits", *digit_tables(), (500, 300, 600, 300), settings)


@cache
def load_carcinoma(label: str) -> Table:
    """Adrenocortical carcinomas; RNA and copy number of the same genes bear the genes' names in both tables."""
    tables, target = carcinoma_tables(label)
    tables = {name: part.rename(columns=lambda c: c.split("_", 1)[1]) for name, part in tables.items()}
    settings = [Setting(25, 25), Setting(25, 25, name=LINKED), Setting(25, 25, name=PAIRED)]
    return Table(f"carcinoma {label}", tables, target, (26, 25, 25, 0), settings)


@cache
def load_breast(folder: Path | None) -> Table:
    """Breast TCGA from a folder of Parquet files or of breast.TCGA.rda, or from the user's cache."""
    settings = [Setting(45, 45), Setting(45, 45, n_bridge=20), Setting(45, 45, name=PAIRED)]
    return Table("breast TCGA", *breast_tables(folder), (40, 45, 45, 20), settings)


def load_table(family: str, breast_tcga: Path | None = None) -> Table:
    """The table of a family by its name."""
    if family == "digits":
        return load_digits()
    if family == "breast TCGA":
        return load_breast(breast_tcga)
    return load_carcinoma(family.removeprefix("carcinoma "))


TABLES = ("digits", "breast TCGA", *(f"carcinoma {label}" for label in CARCINOMA_LABELS))
