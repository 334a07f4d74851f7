"""Two cohorts that share classes but no sample: the cells of the benchmark.

The student's cohort has labels and the student's columns, the teacher's cohort labels and other columns. A bridge is
a few further samples with both; unlabelled rows have the student's columns alone; test rows belong to neither cohort.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skcmkd.datasets import fetch_breast_tcga, load_adrenal_carcinoma, load_digit_views

PAIRED = "paired"
LINKED = "linked columns"
# Protein was measured on 45 carcinomas only: too few for two cohorts and a test.
CARCINOMA_MODALITIES = ("cnv", "rna", "mirna")
CARCINOMA_LABELS = ("vital_status", "C1A.C1B")


@dataclass(frozen=True)
class Setting:
    """How the samples are dealt out; ``name`` says what is special about the cohorts."""

    n_labelled: int
    n_teacher: int
    n_unlabeled: int = 0
    n_bridge: int = 0
    name: str = "disjoint"


@dataclass(frozen=True)
class Cell:
    """One comparison: who is taught by whom, how the samples are dealt out, and the seed of all that is random."""

    family: str
    student: str
    teacher: str
    setting: Setting
    seed: int

    @property
    def place(self) -> dict[str, Any]:
        """The keys of the cell in a table of results."""
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
        """What is said about columns that measure the same thing in both modalities."""
        return "names" if self.setting.name == LINKED else None


@dataclass(frozen=True)
class Table:
    """Samples with several modalities, each a table with missing rows where it was not measured.

    ``pools`` says how many samples are kept for the test, the labelled rows, the teacher and the bridge, so that a
    larger setting holds the samples of a smaller one; the rest is left for unlabelled rows.
    """

    family: str
    modalities: Mapping[str, pd.DataFrame]
    target: pd.Series
    pools: Sequence[int]
    settings: Sequence[Setting]


def stratified_order(complete: np.ndarray, target: np.ndarray, seed: int) -> np.ndarray:
    """Positions of the complete rows, shuffled so that every stretch has the classes in their shares."""
    rng = np.random.RandomState(seed)
    rank = np.full(len(target), np.inf)
    for label in np.unique(target):
        own = np.flatnonzero(complete & (target == label))
        rank[rng.permutation(own)] = (np.arange(len(own)) + rng.uniform(size=len(own))) / len(own)
    return np.argsort(rank, kind="stable")[: complete.sum()]


def draw(table: Table, cell: Cell) -> Cohorts:
    """Deal the complete samples out; those that lack a modality are further test rows of what they have."""
    setting = cell.setting
    complete = np.all([part.notna().all(axis=1) for part in table.modalities.values()], axis=0)
    order = stratified_order(complete, table.target.to_numpy(), cell.seed)
    test, labelled, taught, bridge, rest = np.split(order, np.cumsum(table.pools))
    labelled = labelled[: setting.n_labelled]
    taught = labelled if setting.name == PAIRED else taught[: setting.n_teacher]
    bridge, rest = bridge[: setting.n_bridge], rest[: setting.n_unlabeled]
    wanted = (setting.n_labelled, setting.n_teacher, setting.n_bridge, setting.n_unlabeled)
    if tuple(map(len, (labelled, taught, bridge, rest))) != wanted:
        raise ValueError(f"The pools of {table.family} are too small for {setting}.")
    X, T, y = table.modalities[cell.student], table.modalities[cell.teacher], table.target
    test = np.append(test, np.flatnonzero(~complete))
    test_X, test_T = (test[part.iloc[test].notna().all(axis=1).to_numpy()] for part in (X, T))
    return Cohorts(
        **vars(cell),
        X=X.iloc[labelled],
        y=y.iloc[labelled],
        teacher_data=(T.iloc[taught], y.iloc[taught]),
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
    digits = load_digit_views()
    settings = [Setting(n, 600) for n in (100, 300)]
    settings += [Setting(100, 600, n_bridge=n) for n in (10, 30, 100, 300)]
    settings += [Setting(n, 600, n_unlabeled=300) for n in (100, 300)]
    settings += [Setting(n, n, name=PAIRED) for n in (100, 300)]
    settings += [Setting(300, 600, n_bridge=100), Setting(100, 600, n_unlabeled=300, n_bridge=100)]
    views = {name: digits.data[columns] for name, columns in digits.modalities.items()}
    return Table("digits", views, digits.target, (500, 300, 600, 300), settings)


@cache
def load_carcinoma(label: str) -> Table:
    """Adrenocortical carcinomas; RNA and copy number of the same genes bear the genes' names in both tables."""
    bunch = load_adrenal_carcinoma(label=label)
    tables = {name: bunch.data[bunch.modalities[name]] for name in CARCINOMA_MODALITIES}
    tables = {name: part.rename(columns=lambda c: c.split("_", 1)[1]) for name, part in tables.items()}
    settings = [Setting(25, 25), Setting(25, 25, name=LINKED), Setting(25, 25, name=PAIRED)]
    return Table(f"carcinoma {label}", tables, bunch.target, (26, 25, 25, 0), settings)


@cache
def load_breast(folder: Path | None) -> Table:
    """Breast TCGA from a folder of Parquet files or of breast.TCGA.rda, or from the user's cache."""
    if folder is not None and (folder / "mirna.parquet").exists():
        target = pd.read_parquet(folder / "y.parquet")["y"].astype(object)
        names = ("mirna", "mrna", "protein")
        tables = {name: pd.read_parquet(folder / f"{name}.parquet").reindex(target.index) for name in names}
    else:
        bunch = fetch_breast_tcga(data_home=folder, download=False)
        target = bunch.target
        tables = {name: bunch.data[columns] for name, columns in bunch.modalities.items()}
    settings = [Setting(45, 45), Setting(45, 45, n_bridge=20), Setting(45, 45, name=PAIRED)]
    return Table("breast TCGA", tables, target, (40, 45, 45, 20), settings)


def load_table(family: str, breast_tcga: Path | None = None) -> Table:
    """The table of a family by its name."""
    if family == "digits":
        return load_digits()
    if family == "breast TCGA":
        return load_breast(breast_tcga)
    return load_carcinoma(family.removeprefix("carcinoma "))


TABLES = ("digits", "breast TCGA", *(f"carcinoma {label}" for label in CARCINOMA_LABELS))
