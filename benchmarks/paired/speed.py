"""Processor time of distilling on one thread, beside the fits that it cannot do without.

With a fixed weight: the whole fit beside the teacher's cross-validation and the student alone. With ``alpha="auto"``:
the fit less the teacher's cross-validation, beside the student alone. The teacher's cross-validation is done by hand:
the same fits and predictions on the distiller's own folds, each on rows cut out of the table. The contenders take turns
in a new random order in each repeat, each repeat on other rows, so that all meet the same load of the machine.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression

from skcmkd import NetworkClassifier, PairedDistiller
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd.datasets import load_digit_views, make_gaussian_modalities
from skcmkd.paired._soft_targets import ENOUGH_TO_JUDGE, N_JUDGES

RESULTS = Path(__file__).parent / "results"
ALPHA, N_FOLDS = 0.5, 5
N_UNLABELED = 900
Tables = dict[str, Any]


def digit_pairs(n_rows: int, seed: int) -> Tables:
    """Ten classes: Zernike moments taught by profile correlations, and further pairs without a label."""
    digits = load_digit_views()
    order = np.random.RandomState(seed).permutation(len(digits.target))
    rows, further = order[:n_rows], order[n_rows : n_rows + N_UNLABELED]
    views = [digits.data[digits.modalities[name]].to_numpy() for name in ("zernike", "profile_correlations")]
    views = [(view - view.mean(axis=0)) / view.std(axis=0) for view in views]
    return {
        "X": views[0][rows],
        "y": digits.target.to_numpy()[rows],
        "X_teacher": views[1][rows],
        "unlabeled_pairs": tuple(view[further] for view in views),
    }


def two_class_pairs(n_rows: int, seed: int) -> Tables:
    """Two simulated classes, 50 columns a modality."""
    drawn = make_gaussian_modalities(n_rows, n_noise=44, random_state=seed)
    X, X_teacher = (drawn.data[drawn.modalities[name]].to_numpy() for name in ("student", "teacher"))
    return {"X": X, "y": drawn.target.to_numpy(), "X_teacher": X_teacher, "unlabeled_pairs": None}


def linear() -> BaseEstimator:
    """A linear student."""
    return LogisticRegression()


def network() -> NetworkClassifier:
    """The default student."""
    return NetworkClassifier(device="cpu", random_state=0)


def network_of_30_epochs() -> NetworkClassifier:
    """A student that runs all of its epochs on all of its rows, whatever its targets."""
    return NetworkClassifier(validation_fraction=0.0, max_epochs=30, device="cpu", random_state=0)


CELLS: dict[str, tuple[Callable[[int, int], Tables], int, Callable[[], BaseEstimator]]] = {
    "digits, 100 rows, network": (digit_pairs, 100, network),
    "digits, 300 rows, network": (digit_pairs, 300, network),
    "digits, 300 rows, network of 30 epochs": (digit_pairs, 300, network_of_30_epochs),
    "digits, 300 rows, linear": (digit_pairs, 300, linear),
    "two classes, 300 rows, network": (two_class_pairs, 300, network),
    "two classes, 300 rows, linear": (two_class_pairs, 300, linear),
    "two classes, 20000 rows, linear": (two_class_pairs, 20_000, linear),
}


def seconds_of(fit: Callable[[], Any]) -> float:
    """Processor time of a call."""
    begin = time.process_time()
    fit()
    return time.process_time() - begin


def cross_validate(teacher: BaseEstimator, tables: Tables, n_judges: int = 0, unlabeled: bool = False) -> None:
    """The teacher fitted to all rows, without each fold, and without each two of which one judges the student."""
    X, y, folds = tables["X_teacher"], tables["y"], range(N_FOLDS)
    # Other folds would be other fits: a network's early stopping ends elsewhere.
    fold_of = make_fold_ids(N_FOLDS, y)
    left_out = [(), *((fold,) for fold in folds), *(two for two in combinations(folds, 2) if two[0] < n_judges)]
    for out in left_out:
        unseen = np.isin(fold_of, out)
        model = clone(teacher).fit(X[~unseen], y[~unseen])
        if out:
            model.predict_proba(X[unseen])
        # What is taught of unlabelled pairs to a student of all rows, and of those outside a judging fold.
        if unlabeled and all(fold < n_judges for fold in out) and len(out) < 2:
            model.predict_proba(tables["unlabeled_pairs"][1])


def fixed_contenders(tables: Tables, student: Callable[[], BaseEstimator]) -> dict[str, Callable[[], float]]:
    """Seconds of the whole fit with a fixed weight, and of its parts; the teacher is of the student's kind."""
    X, y = tables["X"], tables["y"]
    distiller = PairedDistiller(student(), student(), alpha=ALPHA, random_state=0)
    return {
        "student alone": lambda: seconds_of(lambda: student().fit(X, y)),
        "teacher": lambda: seconds_of(lambda: cross_validate(student(), tables)),
        "distilled": lambda: seconds_of(lambda: distiller.fit(X, y, X_teacher=tables["X_teacher"])),
    }


def auto_contenders(tables: Tables, student: Callable[[], BaseEstimator]) -> dict[str, Callable[[], float]]:
    """Seconds of the student alone, of the fits with a fixed and a chosen weight, and of their linear teachers."""
    X, y = tables["X"], tables["y"]

    def distil(alpha: float | str, unlabeled: bool) -> float:
        distiller = PairedDistiller(student(), LogisticRegression(), alpha=alpha, random_state=0)
        pairs = tables["unlabeled_pairs"] if unlabeled else None
        return seconds_of(lambda: distiller.fit(X, y, X_teacher=tables["X_teacher"], unlabeled_pairs=pairs))

    def teach(n_judges: int, unlabeled: bool) -> float:
        return seconds_of(lambda: cross_validate(LogisticRegression(), tables, n_judges, unlabeled))

    n_judges = 1 if len(y) >= N_FOLDS * ENOUGH_TO_JUDGE else N_JUDGES
    contenders = {"student alone": lambda: seconds_of(lambda: student().fit(X, y))}
    for unlabeled, suffix in ((False, ""), (True, ", unlabeled")):
        if unlabeled and tables["unlabeled_pairs"] is None:
            continue
        contenders |= {
            f"fixed{suffix}": partial(distil, ALPHA, unlabeled),
            f"fixed{suffix}: teacher": partial(teach, 0, unlabeled),
            f"auto{suffix}": partial(distil, "auto", unlabeled),
            f"auto{suffix}: teacher": partial(teach, n_judges, unlabeled),
        }
    return contenders


PARTS = {"fixed": fixed_contenders, "auto": auto_contenders}


def take_turns(part: str, cells: list[str], n_repeats: int, seed: int = 0) -> pd.DataFrame:
    """The seconds of each contender in each cell and repeat; the first round warms up and is not counted."""
    rng, rows = np.random.RandomState(seed), []
    for cell in cells:
        draw, n_rows, student = CELLS[cell]
        for repeat in range(-1, n_repeats):
            contenders = PARTS[part](draw(n_rows, max(repeat, 0)), student)
            found = {name: contenders[name]() for name in rng.permutation(list(contenders))}
            if repeat >= 0:
                rows.append({"cell": cell, "repeat": repeat} | {name: found[name] for name in contenders})
    return pd.DataFrame(rows)


def summarise(table: pd.DataFrame, part: str) -> pd.DataFrame:
    """Median seconds; median and quartiles of the ratios within a repeat, and the ratio of the repeats' totals.

    A network stops early where it does: by the median a fit beside a student that happened to stop soon is dear.
    """
    if part == "fixed":
        compared = {"whole to its parts": (table["distilled"], table["teacher"] + table["student alone"])}
    else:
        compared = {}
        for suffix in ("", ", unlabeled"):
            if f"auto{suffix}" in table:
                auto, fixed = (table[name] - table[f"{name}: teacher"] for name in (f"auto{suffix}", f"fixed{suffix}"))
                compared[f"auto{suffix}, to alone"] = (auto, table["student alone"])
                compared[f"auto{suffix}, to fixed"] = (auto, fixed)
    told = table.drop(columns="repeat").groupby("cell", sort=False).median().round(3)
    for name, (whole, measure) in compared.items():
        of_cell = (whole / measure).groupby(table["cell"], sort=False)
        low, middle, high = (of_cell.quantile(quantile) for quantile in (0.25, 0.5, 0.75))
        sums = (part.where(whole.notna()).groupby(table["cell"], sort=False) for part in (whole, measure))
        of_whole, of_measure = (part.sum(min_count=1) for part in sums)
        totals = of_whole / of_measure
        figures = zip(middle, low, high, totals, strict=True)
        told[name] = [f"{m:.2f} ({a:.2f}-{b:.2f}), of totals {t:.2f}" for m, a, b, t in figures]
    return told


def main() -> None:
    """Time what is asked for, write the rows and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--cells", nargs="+", choices=list(CELLS), default=list(CELLS))
    given = parser.parse_args()
    torch.set_num_threads(1)
    RESULTS.mkdir(exist_ok=True)
    for part in given.parts:
        table = take_turns(part, given.cells, given.repeats)
        table.to_csv(RESULTS / f"speed_{part}.csv", index=False, float_format="%.5g")
        print(f"{part}, seconds")
        print(summarise(table, part).to_string())


if __name__ == "__main__":
    main()
