"""The same samples have both modalities: the cells of the benchmark.

Some training samples have a label, others none; test samples have the student's modality and belong to neither.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd._linear_model._logistic import make_default_classifier
from skcmkd.datasets import make_gaussian_modalities

# Code that several benchmarks share lies in the folder beside this one.
sys.path.append(str(Path(__file__).parents[1]))
from shared.samples import (
    CARCINOMA_LABELS,
    breast_tables,
    carcinoma_tables,
    complete_rows,
    cut_order,
    digit_tables,
    stratified_order,
)
from truth import Truth

N_SIMULATED = {"n_test": 4000, "n_training": 1000}
SIMULATED = {"n_noise": 20, "specific_signal": {"weak": 0.0, "fair": 1.0, "strong": 2.0}}
RIDGES = np.logspace(-2, 4, 25)
CLASSES, CONTINUOUS = "classes", "continuous"


@dataclass(frozen=True)
class Cell:
    """One comparison: student, teacher, numbers of samples, and the seed of all random numbers."""

    family: str
    student: str
    teacher: str
    n_labeled: int
    n_unlabeled: int
    seed: int

    @property
    def key(self) -> dict[str, Any]:
        """The columns of a table of results that identify the cell."""
        return {name: getattr(self, name) for name in Cell.__dataclass_fields__}

    @property
    def label(self) -> str:
        """The kind of target: classes or continuous."""
        return FAMILIES[self.family].label


def make_ridge() -> BaseEstimator:
    """A ridge regression that chooses its penalty by leaving one row out."""
    return make_pipeline(StandardScaler(), RidgeCV(RIDGES))


@dataclass(frozen=True)
class Samples(Cell):
    """A cell with its tables; ``truth`` is the best possible model of the student's table where that is known."""

    X: pd.DataFrame
    X_teacher: pd.DataFrame
    y: pd.Series
    unlabeled_pairs: tuple[pd.DataFrame, pd.DataFrame] | None
    X_test: pd.DataFrame
    y_test: pd.Series
    teacher_test: tuple[pd.DataFrame, pd.Series]
    truth: Truth | None = None

    @cached_property
    def penalty(self) -> float:
        """The penalty that suits a linear student without a teacher."""
        if self.label == CLASSES:
            return make_default_classifier().fit(self.X, self.y)[-1].C_
        return make_ridge().fit(self.X, self.y)[-1].alpha_

    @cached_property
    def teacher_penalty(self) -> float:
        """The penalty that suits a linear teacher of classes."""
        return make_default_classifier().fit(self.X_teacher, self.y)[-1].C_

    @cached_property
    def all_pairs(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Both tables of all training samples, with a label or without."""
        if self.unlabeled_pairs is None:
            return self.X, self.X_teacher
        return tuple(map(pd.concat, zip((self.X, self.X_teacher), self.unlabeled_pairs, strict=True)))


@dataclass(frozen=True)
class Source:
    """Samples with several modalities, the truth about each where it is known."""

    modalities: Mapping[str, pd.DataFrame]
    target: pd.Series
    truths: Mapping[str, Truth] | None = None


@dataclass(frozen=True)
class Family:
    """Samples of a family and how they are split: the number of test samples, and (labeled, unlabeled) of the others.

    For one seed a larger setting holds the samples of a smaller one, and all settings have the same test samples.
    """

    load: Callable[[int, Path | None], Source]
    names: Sequence[str]
    n_test: int
    sizes: Sequence[tuple[int, int]]
    label: str = CLASSES


def simulate(seed: int, n_classes: int | None) -> Source:
    """Three modalities with a weak, a fair and a strong signal of the label beside the shared one."""
    data = make_gaussian_modalities(sum(N_SIMULATED.values()), n_classes=n_classes, random_state=seed, **SIMULATED)
    modalities = {name: data.data[columns] for name, columns in data.modalities.items()}
    truths = {
        name: Truth.of(columns, signal, n_classes)
        for (name, columns), signal in zip(data.modalities.items(), SIMULATED["specific_signal"].values(), strict=True)
    }
    return Source(modalities, data.target, truths)


@cache
def diabetes() -> Source:
    """442 patients: four bedside measurements, six of the blood serum; the target is the disease's progression."""
    table, target = load_diabetes(return_X_y=True, as_frame=True)
    bedside = ["age", "sex", "bmi", "bp"]
    return Source({"bedside": table[bedside], "serum": table.drop(columns=bedside)}, target)


TUMOR_SIZES = ((25, 0), (25, 25), (50, 0))
LARGE_SIZES = ((100, 0), (100, 900), (300, 0), (300, 700))
SIMULATED_NAMES = tuple(SIMULATED["specific_signal"])
FAMILIES = {
    "digits": Family(
        lambda seed, folder: Source(*digit_tables()),
        ("fourier", "profile_correlations", "karhunen_loeve", "pixels", "zernike", "morphology"),
        1000,
        LARGE_SIZES,
    ),
    **{
        f"carcinoma {label}": Family(
            lambda seed, folder, label=label: Source(*carcinoma_tables(label)),
            ("cnv", "rna", "mirna"),
            26,
            TUMOR_SIZES,
        )
        for label in CARCINOMA_LABELS
    },
    "breast TCGA": Family(
        lambda seed, folder: Source(*breast_tables(folder)),
        ("mirna", "mrna", "protein"),
        40,
        ((40, 0), (40, 70), (110, 0)),
    ),
    "simulated": Family(lambda seed, folder: simulate(seed, 3), SIMULATED_NAMES, N_SIMULATED["n_test"], LARGE_SIZES),
    "simulated, continuous": Family(
        lambda seed, folder: simulate(seed, None),
        SIMULATED_NAMES,
        N_SIMULATED["n_test"],
        ((60, 0), (60, 600), (200, 0), (200, 600)),
        CONTINUOUS,
    ),
    "diabetes": Family(
        lambda seed, folder: diabetes(),
        ("bedside", "serum"),
        142,
        ((60, 0), (60, 240), (150, 0), (150, 150)),
        CONTINUOUS,
    ),
}


def all_cells(family: str, seed: int, breast_tcga: Path | None = None) -> Iterator[Cell]:
    """Every setting of every ordered pair of modalities."""
    for n_labeled, n_unlabeled in FAMILIES[family].sizes:
        for student, teacher in permutations(FAMILIES[family].names, 2):
            yield Cell(family, student, teacher, n_labeled, n_unlabeled, seed)


def split_samples(cell: Cell, breast_tcga: Path | None = None) -> Samples:
    """Split the complete samples; those that lack a modality are extra test rows of the modality that they have."""
    family = FAMILIES[cell.family]
    source = family.load(cell.seed, breast_tcga)
    target = source.target
    complete = complete_rows(source.modalities)
    if family.label == CLASSES:
        # All labels as numbers: some of the baselines take no others.
        target = pd.Series(np.unique(target, return_inverse=True)[1], index=target.index, name="y")
        order = stratified_order(complete, target.to_numpy(), cell.seed)
    else:
        order = np.random.RandomState(cell.seed).permutation(np.flatnonzero(complete))
    test, labeled, unlabeled = cut_order(order, (family.n_test, cell.n_labeled, cell.n_unlabeled), cell.family)
    X, T = source.modalities[cell.student], source.modalities[cell.teacher]
    test = np.append(test, np.flatnonzero(~complete))
    test_X, test_T = (test[part.iloc[test].notna().all(axis=1).to_numpy()] for part in (X, T))
    return Samples(
        **vars(cell),
        X=X.iloc[labeled],
        X_teacher=T.iloc[labeled],
        y=target.iloc[labeled],
        unlabeled_pairs=(X.iloc[unlabeled], T.iloc[unlabeled]) if len(unlabeled) else None,
        X_test=X.iloc[test_X],
        y_test=target.iloc[test_X],
        teacher_test=(T.iloc[test_T], target.iloc[test_T]),
        truth=None if source.truths is None else source.truths[cell.student],
    )
