"""Processor time of distillation on one thread, beside the fits that it consists of.

With a fixed weight: the whole fit beside the teacher's cross-validation and the student alone. With ``alpha="auto"``:
the fit less the teacher's cross-validation, beside the student alone. The default, with unlabeled pairs and a linear
teacher: the whole fit beside the student alone on the labeled rows. The teacher's cross-validation is done by hand:
the same fits and predictions on the distiller's own folds, each on rows cut out of the table. The contenders take turns
in a new random order in each repeat, each repeat on other rows, so that all run under the same load of the machine.
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
from skcmkd.paired._cross_fitted_teachers import MIN_UNITS_FOR_ONE_VAL_FOLD, N_VAL_FOLDS

RESULTS = Path(__file__).parent / "results"
ALPHA, N_FOLDS = 0.5, 5
N_UNLABELED = 900
Tables = dict[str, Any]


def digit_pairs(n_rows: int, seed: int) -> Tables:
    """Ten classes: Zernike moments with profile correlations as the teacher, and unlabeled pairs."""
    digits = load_digit_views()
    order = np.random.RandomState(seed).permutation(len(digits.target))
    rows, unlabeled = order[:n_rows], order[n_rows : n_rows + N_UNLABELED]
    views = [digits.data[digits.modalities[name]].to_numpy() for name in ("zernike", "profile_correlations")]
    views = [(view - view.mean(axis=0)) / view.std(axis=0) for view in views]
    return {
        "X": views[0][rows],
        "y": digits.target.to_numpy()[rows],
        "X_teacher": views[1][rows],
        "unlabeled_pairs": tuple(view[unlabeled] for view in views),
    }


def two_class_pairs(n_rows: int, seed: int) -> Tables:
    """Two simulated classes, 50 columns a modality."""
    data = make_gaussian_modalities(n_rows, n_noise=44, random_state=seed)
    X, X_teacher = (data.data[data.modalities[name]].to_numpy() for name in ("student", "teacher"))
    return {"X": X, "y": data.target.to_numpy(), "X_teacher": X_teacher, "unlabeled_pairs": None}


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


def cross_validate(teacher: BaseEstimator, tables: Tables, n_val_folds: int = 0, unlabeled: bool = False) -> None:
    """Fit the teacher to all rows, without each fold, and without each two folds of which one is a validation fold."""
    X, y, folds = tables["X_teacher"], tables["y"], range(N_FOLDS)
    # The distiller's own folds: with others a network's early stopping ends elsewhere.
    fold_ids = make_fold_ids(N_FOLDS, y)
    pairs = [pair for pair in combinations(folds, 2) if pair[0] < n_val_folds]
    for excluded in [(), *((fold,) for fold in folds), *pairs]:
        held_out = np.isin(fold_ids, excluded)
        model = clone(teacher).fit(X[~held_out], y[~held_out])
        if excluded:
            model.predict_proba(X[held_out])
        # Soft targets of unlabeled pairs, for a student of all rows and for those validated on a fold.
        if unlabeled and all(fold < n_val_folds for fold in excluded) and len(excluded) < 2:
            model.predict_proba(tables["unlabeled_pairs"][1])


def fixed_contenders(tables: Tables, student: Callable[[], BaseEstimator]) -> dict[str, Callable[[], float]]:
    """Seconds of the whole fit with a fixed weight, and of its parts; the teacher is of the student's kind."""
    X, y = tables["X"], tables["y"]
    distiller = PairedDistiller(student(), student(), teacher_weights="equal", alpha=ALPHA, random_state=0)
    return {
        "student alone": lambda: seconds_of(lambda: student().fit(X, y)),
        "teacher": lambda: seconds_of(lambda: cross_validate(student(), tables)),
        "distilled": lambda: seconds_of(lambda: distiller.fit(X, y, X_teacher=tables["X_teacher"])),
    }


def auto_contenders(tables: Tables, student: Callable[[], BaseEstimator]) -> dict[str, Callable[[], float]]:
    """Seconds of the student alone, of the fits with a fixed and a chosen weight, and of their linear teachers."""
    X, y = tables["X"], tables["y"]

    def distill(alpha: float | str, unlabeled: bool) -> float:
        distiller = PairedDistiller(
            student(), LogisticRegression(), teacher_weights="equal", alpha=alpha, random_state=0
        )
        pairs = tables["unlabeled_pairs"] if unlabeled else None
        return seconds_of(lambda: distiller.fit(X, y, X_teacher=tables["X_teacher"], unlabeled_pairs=pairs))

    def fit_teachers(n_val_folds: int, unlabeled: bool) -> float:
        return seconds_of(lambda: cross_validate(LogisticRegression(), tables, n_val_folds, unlabeled))

    n_val_folds = 1 if len(y) >= N_FOLDS * MIN_UNITS_FOR_ONE_VAL_FOLD else N_VAL_FOLDS
    contenders = {"student alone": lambda: seconds_of(lambda: student().fit(X, y))}
    for unlabeled, suffix in ((False, ""), (True, ", unlabeled")):
        if unlabeled and tables["unlabeled_pairs"] is None:
            continue
        contenders |= {
            f"fixed{suffix}": partial(distill, ALPHA, unlabeled),
            f"fixed{suffix}: teacher": partial(fit_teachers, 0, unlabeled),
            f"auto{suffix}": partial(distill, "auto", unlabeled),
            f"auto{suffix}: teacher": partial(fit_teachers, n_val_folds, unlabeled),
        }
    return contenders


def default_contenders(tables: Tables, student: Callable[[], BaseEstimator]) -> dict[str, Callable[[], float]]:
    """Seconds of the whole default fit with unlabeled pairs, and of the student alone; none without pairs."""
    X, y, pairs = tables["X"], tables["y"], tables["unlabeled_pairs"]
    if pairs is None:
        return {}
    distiller = PairedDistiller(student(), LogisticRegression(), random_state=0)
    return {
        "student alone": lambda: seconds_of(lambda: student().fit(X, y)),
        "default": lambda: seconds_of(
            lambda: distiller.fit(X, y, X_teacher=tables["X_teacher"], unlabeled_pairs=pairs)
        ),
    }


PARTS = {"fixed": fixed_contenders, "auto": auto_contenders, "default": default_contenders}


def take_turns(part: str, cells: list[str], n_repeats: int, seed: int = 0) -> pd.DataFrame:
    """The seconds of each contender in each cell and repeat; the first round warms up and is not counted."""
    rng, rows = np.random.RandomState(seed), []
    for cell in cells:
        draw, n_rows, student = CELLS[cell]
        for repeat in range(-1, n_repeats):
            contenders = PARTS[part](draw(n_rows, max(repeat, 0)), student)
            if not contenders:
                break
            seconds = {name: contenders[name]() for name in rng.permutation(list(contenders))}
            if repeat >= 0:
                rows.append({"cell": cell, "repeat": repeat} | {name: seconds[name] for name in contenders})
    return pd.DataFrame(rows)


def summarize(table: pd.DataFrame, part: str) -> pd.DataFrame:
    """Median seconds; median and quartiles of the ratios within a repeat, and the ratio of the repeats' totals.

    Early stopping ends at different epochs: the median alone compares with students that happened to stop soon.
    """
    if part == "fixed":
        compared = {"whole to its parts": (table["distilled"], table["teacher"] + table["student alone"])}
    elif part == "default":
        compared = {"default, to alone": (table["default"], table["student alone"])}
    else:
        compared = {}
        for suffix in ("", ", unlabeled"):
            if f"auto{suffix}" in table:
                auto, fixed = (table[name] - table[f"{name}: teacher"] for name in (f"auto{suffix}", f"fixed{suffix}"))
                compared[f"auto{suffix}, to alone"] = (auto, table["student alone"])
                compared[f"auto{suffix}, to fixed"] = (auto, fixed)
    summary = table.drop(columns="repeat").groupby("cell", sort=False).median().round(3)
    for name, (whole, measure) in compared.items():
        of_cell = (whole / measure).groupby(table["cell"], sort=False)
        low, middle, high = (of_cell.quantile(quantile) for quantile in (0.25, 0.5, 0.75))
        sums = (part.where(whole.notna()).groupby(table["cell"], sort=False) for part in (whole, measure))
        of_whole, of_measure = (part.sum(min_count=1) for part in sums)
        totals = of_whole / of_measure
        ratios = zip(middle, low, high, totals, strict=True)
        summary[name] = [f"{m:.2f} ({a:.2f}-{b:.2f}), of totals {t:.2f}" for m, a, b, t in ratios]
    return summary


def main() -> None:
    """Time the requested parts, write the rows and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--cells", nargs="+", choices=list(CELLS), default=list(CELLS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    RESULTS.mkdir(exist_ok=True)
    for part in options.parts:
        table = take_turns(part, options.cells, options.repeats)
        table.to_csv(RESULTS / f"speed_{part}.csv", index=False, float_format="%.5g")
        print(f"{part}, seconds")
        print(summarize(table, part).to_string())


if __name__ == "__main__":
    main()
