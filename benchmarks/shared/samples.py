"""The data of several benchmarks: modalities as tables, and samples in an order stratified by class."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from skcmkd.datasets import (
    fetch_breast_tcga,
    load_adrenal_carcinoma,
    load_blood_cells,
    load_cell_lines,
    load_digit_views,
)

Samples = tuple[dict[str, pd.DataFrame], pd.Series]
# Protein was measured on 45 carcinomas only: too few to split.
CARCINOMA_MODALITIES = ("cnv", "rna", "mirna")
CARCINOMA_LABELS = ("vital_status", "C1A.C1B")


@cache
def digit_tables() -> Samples:
    """Six views of 2000 handwritten digits."""
    digits = load_digit_views()
    return {name: digits.data[columns] for name, columns in digits.modalities.items()}, digits.target


@cache
def carcinoma_tables(label: str) -> Samples:
    """Adrenocortical carcinomas: copy number, RNA, microRNA."""
    bunch = load_adrenal_carcinoma(label=label)
    return {name: bunch.data[bunch.modalities[name]] for name in CARCINOMA_MODALITIES}, bunch.target


@cache
def breast_tables(folder: Path | None) -> Samples:
    """Breast TCGA from a folder of Parquet files or of breast.TCGA.rda, or from the user's cache."""
    if folder is not None and (folder / "mirna.parquet").exists():
        target = pd.read_parquet(folder / "y.parquet")["y"].astype(object)
        names = ("mirna", "mrna", "protein")
        return {name: pd.read_parquet(folder / f"{name}.parquet").reindex(target.index) for name in names}, target
    bunch = fetch_breast_tcga(data_home=folder, download=False)
    return {name: bunch.data[columns] for name, columns in bunch.modalities.items()}, bunch.target


@cache
def blood_cell_tables() -> Samples:
    """Blood cells: a panel of 20 genes, and 480 others."""
    cells = load_blood_cells()
    return {name: cells.data[columns] for name, columns in cells.modalities.items()}, cells.target


@cache
def cell_line_tables() -> Samples:
    """Cells of four lines: open chromatin and RNA."""
    cells = load_cell_lines()
    return {name: cells.data[columns] for name, columns in cells.modalities.items()}, cells.target


@cache
def nutrimouse_tables(folder: Path, label: str) -> Samples:
    """40 mice: expression of 120 genes and 21 fatty acids of the liver; ``label`` is "y", the diet, or "genotype"."""
    target = pd.read_parquet(folder / "y.parquet")[label].astype(object)
    return {
        name: pd.read_parquet(folder / f"{name}.parquet").reindex(target.index) for name in ("gene", "lipid")
    }, target


def complete_rows(modalities: dict[str, pd.DataFrame]) -> np.ndarray:
    """Mask of the samples with every value of every modality."""
    return np.all([part.notna().all(axis=1) for part in modalities.values()], axis=0)


def stratified_order(complete: np.ndarray, target: np.ndarray, seed: int) -> np.ndarray:
    """Positions of the complete rows, permuted so that every stretch has the class frequencies of the whole."""
    rng = np.random.RandomState(seed)
    rank = np.full(len(target), np.inf)
    for label in np.unique(target):
        rows = np.flatnonzero(complete & (target == label))
        rank[rng.permutation(rows)] = (np.arange(len(rows)) + rng.uniform(size=len(rows))) / len(rows)
    return np.argsort(rank, kind="stable")[: complete.sum()]


def cut_order(order: np.ndarray, sizes: Sequence[int], name: str) -> list[np.ndarray]:
    """Parts of these sizes, one after the other; raise where there are too few samples."""
    if sum(sizes) > len(order):
        raise ValueError(
            f"{name} has {len(order)} complete samples, too few for parts of {', '.join(map(str, sizes))}."
        )
    return np.split(order, np.cumsum(sizes))[:-1]


def permute_rows(table: pd.DataFrame, rng: np.random.RandomState) -> pd.DataFrame:
    """The rows in another order under the old labels."""
    return table.iloc[rng.permutation(len(table))].set_axis(table.index)
