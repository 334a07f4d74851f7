"""Real cohorts: what distilling brings, beside the selector's decision. Continues where it was stopped.

    python benchmarks/cohorts/run.py [--data FOLDER] [--only NAME ...]

``results/classes.csv``: a row for each task, split and model, with its scores on the test samples, its gain over the
student alone and the standard error of that over the test samples. ``results/survival.csv``: the reports on risks at a
horizon, five folds and two repeats, by penalty. ``results/decisions.csv``: what the selector decided on the training
samples of each split, and on all samples of a survival table. FOLDER holds ``breast_tcga`` and ``nutrimouse``, a
Parquet file for each table; without it the breast tumors come from the user's cache, and what is not there is left out.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from class_tasks import KEYS, TASKS, Split, all_splits, draw, load
from gene_survival import PANELS
from models import decide, models_of
from shared.scoring import compare, score_rows
from shared.survival import SurvivalCohort, report_on
from survival_tasks import CARCINOMA, SURVIVAL, survival_cohorts

from skcmkd.survival import horizon_labels

RESULTS = Path(__file__).parent / "results"
# Of the student; the best for it alone is read. The teacher has hundreds of genes.
PENALTIES, TEACHER_PENALTY = (0.01, 0.1, 1.0), 0.003


def balanced_hits(hits: np.ndarray, y: pd.Series) -> np.ndarray:
    """Hits weighted so that their mean is the balanced accuracy, the mean accuracy over classes."""
    counts = y.value_counts()
    return hits * (len(y) / len(counts)) / counts.loc[y].to_numpy()


def run_models(split: Split, seed: int) -> list[dict[str, Any]]:
    """A row for each model."""
    table, alone = [], None
    for name, fit in models_of(split, seed).items():
        model, X_test = fit()
        scores = score_rows(model, X_test, split.y_test)
        scores["balanced_accuracy"] = balanced_hits(scores["accuracy"], split.y_test)
        alone = scores if alone is None else alone
        alpha = getattr(model, "alpha_", np.nan)
        table.append({"model": name, "alpha": alpha, "n_test": len(split.y_test)} | compare(scores, alone))
    return table


def decide_survival(cohort: SurvivalCohort) -> dict[str, Any]:
    """The decision on the rows with a label at the horizon, the censored ones being pairs without one."""
    labels = horizon_labels(cohort.time, cohort.event, cohort.horizon)
    known, X, T = labels.known, cohort.X, cohort.X_teacher
    return decide(X[known], T[known], labels.label[known], (X[~known], T[~known]))


def stored(path: Path, keys: list[str]) -> set[tuple]:
    """Keys of the rows that a file has."""
    return set(pd.read_csv(path)[keys].itertuples(index=False, name=None)) if path.exists() else set()


def append(path: Path, rows: list[dict[str, Any]]) -> None:
    """Add rows to a file."""
    path.parent.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.5g")


def run_classes(results: Path, folder: Path | None, only: list[str]) -> None:
    """Every split of every task that is not yet in the results."""
    keys, absent = [*KEYS, "seed"], set()
    done = stored(results / "classes.csv", keys)
    for task, seed in all_splits():
        if task.cohort not in only or task.cohort in absent or (*task.key.values(), seed) in done:
            continue
        try:
            load(task, folder)
        except (FileNotFoundError, ImportError) as error:
            print(f"{task.cohort} is left out: {error}")
            absent.add(task.cohort)
            continue
        split = draw(task, folder, seed)
        key = task.key | {"seed": seed}
        decision = decide(split.X, split.X_teacher, split.y, split.pairs)
        append(results / "classes.csv", [key | row for row in run_models(split, seed)])
        append(results / "decisions.csv", [key | decision])


def run_survival(results: Path, only: list[str]) -> None:
    """Every report that is not yet in the results; those of the carcinoma are in ``benchmarks/survival/results``."""
    done, decided = (
        stored(results / "survival.csv", ["cohort", "C"]),
        stored(results / "decisions.csv", ["cohort", "label"]),
    )
    for name, cohort in survival_cohorts(only):
        for penalty in PENALTIES:
            if name != CARCINOMA and (name, penalty) not in done:
                rows = report_on(cohort, penalty, "auto", teacher_penalty=TEACHER_PENALTY, n_repeats=2)
                append(results / "survival.csv", [{"cohort": name} | row for row in rows.to_dict("records")])
        if (name, SURVIVAL) not in decided:
            known = horizon_labels(cohort.time, cohort.event, cohort.horizon).known
            counts = {"n_labeled": int(known.sum()), "n_pairs": int((~known).sum())}
            key = dict.fromkeys(KEYS, "") | {"cohort": name, "label": SURVIVAL} | counts | {"seed": 0}
            append(results / "decisions.csv", [key | decide_survival(cohort)])


def main() -> None:
    """Run what is not yet in the results."""
    names = list(dict.fromkeys([task.cohort for task in TASKS] + list(PANELS)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of breast_tcga and nutrimouse")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    options = parser.parse_args()
    torch.set_num_threads(1)
    run_classes(RESULTS, options.data, options.only)
    run_survival(RESULTS, options.only)


if __name__ == "__main__":
    main()
