"""The data sets of the benchmark, and how each is split."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from skcmkd.datasets import fetch_breast_tcga, load_adrenal_carcinoma, load_digit_views, make_gaussian_modalities

SIMULATED_ROWS = 3000
SIGNALS = {"none": 0.0, "weak": 0.5, "medium": 1.0, "strong": 2.0}
SIMULATIONS = {
    "two classes": {"n_classes": 2, "shared_signal": 0.7},
    "four classes": {"n_classes": 4, "shared_signal": 0.7},
    "many noise columns": {"n_classes": 2, "shared_signal": 0.7, "n_noise": 60},
    # What the modalities share is large and says next to nothing about the label.
    "shared nuisance": {"n_classes": 2, "shared_signal": 0.2, "n_shared": 10},
}
CARCINOMA_LABELS = ("vital_status", "C1A.C1B", "MethyLevel")
# Protein was measured on 45 tumors only: too few to train on and to test.
CARCINOMA_MODALITIES = ("cnv", "rna", "mirna")
WISCONSIN_MODALITIES = ("mean", "error", "worst")


@dataclass(frozen=True)
class Table:
    """A data set with several modalities, and the sizes at which it is run.

    ``sizes`` are pairs (labeled rows, unlabeled pairs: 0 where the data have no more rows).
    """

    family: str
    name: str
    data: pd.DataFrame
    modalities: Mapping[str, list[str]]
    target: pd.Series
    n_test: int
    sizes: Sequence[tuple[int, int]]
    n_splits: int


@dataclass(frozen=True)
class Split:
    """Positions of the rows of one split; ``test`` is the same at every size."""

    labeled: np.ndarray
    unlabeled: np.ndarray
    test: np.ndarray


def split(table: Table, n_labeled: int, n_unlabeled: int, seed: int) -> Split:
    """Test rows, then labeled, then unlabeled rows of one shuffled order, each prefix stratified by class.

    Rows that lack a modality serve as further test rows of the students that they have.
    """
    rng = np.random.RandomState(seed)
    complete = np.all([table.data[columns].notna().all(axis=1) for columns in table.modalities.values()], axis=0)
    rank = np.full(len(table.target), np.inf)
    for label in np.unique(table.target):
        rows = np.flatnonzero(complete & (table.target == label).to_numpy())
        rank[rng.permutation(rows)] = (np.arange(len(rows)) + rng.uniform(size=len(rows))) / len(rows)
    order = np.argsort(rank, kind="stable")
    test, pool = order[: table.n_test], order[table.n_test : complete.sum()]
    return Split(
        pool[:n_labeled], pool[n_labeled : n_labeled + n_unlabeled], np.append(test, np.flatnonzero(~complete))
    )


def load_tables(breast_tcga: Path | None) -> Iterator[Table]:
    """All data sets; breast TCGA only where it can be found."""
    digits = load_digit_views()
    sizes = [(60, 400), (150, 400), (400, 400)]
    yield Table("digits", "digits", digits.data, digits.modalities, digits.target, 1000, sizes, 5)
    yield load_wisconsin()
    for label in CARCINOMA_LABELS:
        carcinoma = load_adrenal_carcinoma(label=label)
        modalities = {name: carcinoma.modalities[name] for name in CARCINOMA_MODALITIES}
        yield Table(
            "carcinoma", f"carcinoma {label}", carcinoma.data, modalities, carcinoma.target, 26, [(25, 25), (50, 0)], 10
        )
    breast = load_breast(breast_tcga)
    if breast is not None:
        yield breast
    for position, (name, settings) in enumerate(SIMULATIONS.items()):
        drawn = make_gaussian_modalities(SIMULATED_ROWS, specific_signal=SIGNALS, random_state=position, **settings)
        yield Table("simulated", f"simulated {name}", drawn.data, drawn.modalities, drawn.target, 2000, sizes, 5)


def load_wisconsin() -> Table:
    """Breast tumors of Wisconsin: mean, standard error and worst value of ten measures of a tumor's cell nuclei."""
    bunch = load_breast_cancer(as_frame=True)
    modalities = {name: [c for c in bunch.data if name in c.split()] for name in WISCONSIN_MODALITIES}
    sizes = [(30, 150), (60, 150), (150, 150)]
    return Table("wisconsin", "wisconsin", bunch.data, modalities, bunch.target, 250, sizes, 10)


def load_breast(folder: Path | None) -> Table | None:
    """Breast TCGA from a folder of Parquet files or from the cache of ``fetch_breast_tcga``, or None."""
    if folder is not None and (folder / "mirna.parquet").exists():
        tables = {
            name: pd.read_parquet(folder / f"{name}.parquet").add_prefix(f"{name}_")
            for name in ("mirna", "mrna", "protein")
        }
        target = pd.read_parquet(folder / "y.parquet")["y"].astype(object)
        data = pd.concat([table.reindex(target.index) for table in tables.values()], axis=1)
        modalities = {name: list(table.columns) for name, table in tables.items()}
    else:
        try:
            breast = fetch_breast_tcga(data_home=folder, download=False)
        except (FileNotFoundError, ImportError) as error:
            print(f"Breast TCGA is left out: {error} Call skcmkd.datasets.fetch_breast_tcga() once to have it.")
            return None
        data, modalities, target = breast.data, breast.modalities, breast.target
    return Table("breast TCGA", "breast TCGA", data, modalities, target, 50, [(40, 60), (100, 0)], 10)
