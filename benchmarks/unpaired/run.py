"""The grid of cells and methods. Goes on where it was stopped; one file of results for each family.

Every row is one method in one cell: its scores on the test rows, and its gain on labels only with the standard error
of that gain over the test rows. The seconds of processor time leave out the teacher, which methods
and cells share. A fit that fails is kept with its error and without scores, and is not tried again.
"""

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import simulated
import torch
from cohorts import TABLES, Cell, Cohorts, cells, draw, load_table
from joblib import Parallel, delayed
from methods import LABELS_ONLY, METHODS, make_teacher, suits
from remembering import own_seconds

RESULTS = Path(__file__).parent / "results"
FAMILIES = (*TABLES, simulated.FAMILY)
SCORES = ("accuracy", "log_loss", "brier")
SMALLEST_PROBABILITY = 1e-7


def score_rows(model: Any, X: pd.DataFrame, y: pd.Series) -> dict[str, np.ndarray]:
    """Accuracy, log-loss and Brier score of each test row; a class that the model does not know has probability 0."""
    proba = model.predict_proba(X)
    hit = np.asarray(y)[:, None] == np.asarray(model.classes_)
    return {
        "accuracy": hit[np.arange(len(hit)), proba.argmax(axis=1)].astype(float),
        "log_loss": -np.log((proba * hit).sum(axis=1).clip(SMALLEST_PROBABILITY, 1)),
        "brier": ((proba - hit) ** 2).sum(axis=1) + ~hit.any(axis=1),
    }


def compare(rows: dict[str, np.ndarray], alone: dict[str, np.ndarray]) -> dict[str, float]:
    """Each score, how much better it is than that of labels only, and the standard error over the test rows."""
    found = {}
    for score, values in rows.items():
        better = values - alone[score] if score == "accuracy" else alone[score] - values
        found[score] = values.mean()
        found[f"{score}_gain"] = better.mean()
        found[f"{score}_gain_error"] = better.std(ddof=1) / np.sqrt(len(better))
    return found


def deal(cell: Cell, breast_tcga: Path | None) -> Cohorts:
    """The tables of a cell; each process loads a family once."""
    if cell.family == simulated.FAMILY:
        return simulated.draw_simulated(cell)
    return draw(load_table(cell.family, breast_tcga), cell)


def all_cells(family: str, seed: int, breast_tcga: Path | None) -> Iterator[Cell]:
    """Every cell of a family with this seed."""
    return simulated.cells(seed) if family == simulated.FAMILY else cells(load_table(family, breast_tcga), seed)


def chosen_by(model: Any) -> str:
    """The alignment that a distiller used, and whether tied rows were taught the teacher's opinion."""
    return getattr(model, "best_alignment_", "") + ", tied" * getattr(model, "is_tied_", False)


def run_cell(cell: Cell, breast_tcga: Path | None, names: list[str]) -> pd.DataFrame:
    """One row for each of the methods."""
    torch.set_num_threads(1)
    cohorts = deal(cell, breast_tcga)
    teacher = make_teacher(cell.seed).fit(*cohorts.teacher_data)
    teacher_accuracy = score_rows(teacher, *cohorts.teacher_test)["accuracy"].mean()
    alone, found = None, []
    for name in [LABELS_ONLY, *(name for name in names if name != LABELS_ONLY)]:
        begin = own_seconds()
        model, failure = fit(name, cohorts)
        row = {"method": name, "chosen": chosen_by(model), "seconds": own_seconds() - begin}
        row |= {"n_test": len(cohorts.y_test), "teacher_accuracy": teacher_accuracy, "failure": failure}
        rows = {score: np.full(len(cohorts.y_test), np.nan) for score in SCORES}
        if model is not None:
            rows = score_rows(model, cohorts.X_test, cohorts.y_test)
        alone = rows if alone is None else alone
        if name in names:
            found.append(cell.place | row | compare(rows, alone))
    return pd.DataFrame(found)


def fit(name: str, cohorts: Cohorts) -> tuple[Any, str]:
    """The fitted model, or None and what went wrong: one failure does not end a run of hours."""
    with warnings.catch_warnings():
        # That a cohort lacks a class is what some settings are about.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return METHODS[name](cohorts, cohorts.seed), ""
        except ValueError as error:
            return None, str(error)


def file_of(family: str) -> Path:
    """Where a family's results are kept."""
    return RESULTS / f"{family.replace(' ', '_')}.csv.gz"


def resume(family: str, keys: list[str]) -> set[tuple]:
    """Cells and methods that the file already has."""
    path = file_of(family)
    return set(pd.read_csv(path, usecols=keys)[keys].itertuples(index=False, name=None)) if path.exists() else set()


def todo(given: argparse.Namespace) -> Iterator[tuple[Cell, Path | None, list[str]]]:
    """Cells that lack a method, one seed of all families before the next."""
    done: dict[str, set[tuple]] = {}
    for seed in range(given.seeds):
        for family in given.only:
            for cell in all_cells(family, seed, given.breast_tcga):
                place = cell.place
                if any(str(place[key]) != value for key, value in given.where):
                    continue
                if family not in done:
                    done[family] = resume(family, [*place, "method"])
                wanted = [name for name in given.methods if suits(name, cell)]
                missing = [name for name in wanted if (*place.values(), name) not in done[family]]
                if missing:
                    yield cell, given.breast_tcga, missing


def arguments() -> argparse.ArgumentParser:
    """What may be asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seeds", type=int, default=10, help="splits of each setting")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=FAMILIES, metavar="FAMILY")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="METHOD")
    parser.add_argument(
        "--where",
        nargs="+",
        type=lambda text: tuple(text.split("=", 1)),
        default=[],
        metavar="KEY=VALUE",
        help="cells of this kind alone, such as setting=disjoint n_bridge=0 student=zernike",
    )
    parser.add_argument("--breast-tcga", type=Path, help="folder of Parquet files or of breast.TCGA.rda")
    return parser


def main() -> None:
    """Run what is not yet in the results."""
    given = arguments().parse_args()
    tasks = list(todo(given))
    runs = (delayed(run_cell)(*task) for task in tasks)
    for part in Parallel(n_jobs=given.jobs, return_as="generator_unordered", verbose=5)(runs):
        path = file_of(part["family"].iloc[0])
        path.parent.mkdir(exist_ok=True)
        part.to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.5g")


if __name__ == "__main__":
    main()
