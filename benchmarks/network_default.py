"""The default networks against a tuned linear model, at small and larger numbers of rows.

Classes of digits (six views), tumors (four tables) and, with ``--data``, of cells (two panels of two tables); numbers
for the regressor. Beside the default network, its hidden layers alone with a tenth of the rows held out. Each model is
fitted to n random rows and scored on at most 1000 others:

    python benchmarks/network_default.py --data FOLDER

FOLDER holds ``pbmc_panel`` and ``snare``, a Parquet file for each modality and ``y.parquet`` with the column ``y``.
It continues where it was stopped: tables in ``results/network_default.csv`` are not run again.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, NetworkRegressor
from skcmkd.datasets import load_adrenal_carcinoma, load_digit_views
from skcmkd.information import make_default_classifier

RESULTS = Path(__file__).parent / "results" / "network_default.csv"
SIZES = (60, 100, 300, 1000)
MIN_TEST_ROWS, MAX_TEST_ROWS = 15, 1000
CLASSIFIERS = {
    "linear": lambda seed: make_default_classifier(),
    "hidden layers alone": lambda seed: NetworkClassifier(linear_weight=0, validation_fraction=0.1, random_state=seed),
    "default": lambda seed: NetworkClassifier(random_state=seed),
}
REGRESSORS = {
    "linear": lambda seed: make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))),
    "hidden layers alone": lambda seed: NetworkRegressor(linear_weight=0, validation_fraction=0.1, random_state=seed),
    "default": lambda seed: NetworkRegressor(random_state=seed),
}
KEYS = ["task", "table", "view", "n", "seed"]


def complete(X, y):
    """The rows of X without missing values, and their labels."""
    rows = X.notna().all(axis=1)
    return X[rows].to_numpy(float), y[rows].to_numpy()


def tables_of_classes(folder):
    """Name, view, columns and labels of each table."""
    for name in ("pbmc_panel", "snare") if folder else ():
        y = pd.read_parquet(folder / name / "y.parquet")["y"]
        for path in sorted((folder / name).glob("*.parquet")):
            if path.stem != "y":
                yield name, path.stem, *complete(pd.read_parquet(path), y)
    for name, bunch in (("tumors", load_adrenal_carcinoma()), ("digits", load_digit_views())):
        for view, columns in bunch.modalities.items():
            yield name, view, *complete(bunch.data[columns], bunch.target)


def tables_of_numbers(folder):
    """Name, view, columns and continuous target of each table."""
    yield "diabetes", "all", *load_diabetes(return_X_y=True)
    digits = load_digit_views()
    target = digits.data[digits.modalities["morphology"]].iloc[:, -1].to_numpy(float)
    for view in ("fourier", "karhunen_loeve", "zernike", "profile_correlations"):
        yield "digits", view, digits.data[digits.modalities[view]].to_numpy(float), target
    for name, view, other in (("pbmc_panel", "panel", "rna"), ("snare", "atac", "rna")) if folder else ():
        X, Y = (pd.read_parquet(folder / name / f"{part}.parquet").to_numpy(float) for part in (view, other))
        yield name, view, X, Y[:, Y.std(axis=0).argmax()]


TASKS = {"classes": tables_of_classes, "numbers": tables_of_numbers}


def scores(model, X, y):
    """Accuracy and log-loss of a classifier, R2 of a regressor."""
    if not hasattr(model, "predict_proba"):
        return {"score": model.score(X, y)}
    proba = model.predict_proba(X).clip(1e-7, 1)
    known = np.isin(y, model.classes_)
    losses = -np.log(proba[known, np.searchsorted(model.classes_, y[known])])
    return {"score": np.mean(model.classes_[proba.argmax(axis=1)] == y), "log_loss": losses.mean()}


def run_table(task, name, view, X, y, seeds):
    """A row for each number of rows, seed and model."""
    rows = []
    for n in (n for n in SIZES if n <= len(y) - MIN_TEST_ROWS):
        for seed in range(seeds):
            order = np.random.RandomState(seed).permutation(len(y))
            train, test = order[:n], order[n:][-MAX_TEST_ROWS:]
            for kind, make in (CLASSIFIERS if task == "classes" else REGRESSORS).items():
                begin = time.process_time()
                model = make(seed).fit(X[train], y[train])
                row = {"task": task, "table": name, "view": view, "n": n, "seed": seed, "model": kind}
                rows.append(row | {"seconds": time.process_time() - begin} | scores(model, X[test], y[test]))
    return rows


def summarize(table):
    """Points of score ahead of the linear model: means, cells behind by more than 1 point, rows by more than 4."""
    linear = table[table.model == "linear"].set_index(KEYS)
    table = table.join(linear[["score", "log_loss"]].add_suffix("_linear"), on=KEYS)
    table["points"] = 100 * (table.score - table.score_linear)
    table["log_loss_gain"] = table.log_loss_linear - table.log_loss
    cells = table.groupby(["task", "n", "model", "table", "view"]).points.mean()
    groups = table.groupby(["task", "n", "model"])
    summary = groups[["points", "log_loss_gain", "seconds"]].mean()
    summary["worst_seed"] = groups.points.min()
    summary["seeds_behind_4"] = groups.points.agg(lambda points: (points < -4).mean())
    of_cells = cells.groupby(["task", "n", "model"])
    summary["worst_cell"] = of_cells.min()
    summary["cells_behind_1"] = of_cells.agg(lambda points: (points < -1).mean())
    return summary


def main():
    """Run all tables, write the rows and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the tables of cells")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(TASKS), default=list(TASKS), help="kinds of target")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = pd.read_csv(RESULTS).to_dict("records") if RESULTS.exists() else []
    done = {(row["task"], row["table"], row["view"]) for row in rows}
    for task in options.only:
        for name, view, X, y in TASKS[task](options.data):
            if (task, name, view) in done:
                continue
            print(task, name, view, flush=True)
            rows += run_table(task, name, view, X, y, options.seeds)
            pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.4f")
    print(summarize(pd.DataFrame(rows)).round(3).to_string())


if __name__ == "__main__":
    main()
