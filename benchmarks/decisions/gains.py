"""The gain of distillation: accuracy and log-loss on test rows, distilled and trained alone.

A cell is a data set, a student's and a teacher's modality, a number of labeled rows, and unlabeled pairs or none.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from remembering import Remembering, forget
from sklearn.base import BaseEstimator
from tables import Split, Table, load_tables, split

from skcmkd import NetworkClassifier, PairedDistiller
from skcmkd._linear_model._logistic import make_default_classifier

# Code that several benchmarks share lies in the folder beside this one.
sys.path.append(str(Path(__file__).parents[1]))
from shared.students import make_linear_student

RESULTS = Path(__file__).parent / "results"
# Column names and texts of the stored tables have the British spelling.
DOUBLE_L = re.compile("(?<=label)l(?=ed)")
WEIGHTS = {"linear": (0.25, 0.5), "network": (0.5,)}
TASK = ["table", "n_labeled", "seed"]
# Networks cost a hundred times as much: the digit views alone, fewer sizes and splits.
NETWORK_SPLITS, NETWORK_SIZES = 2, (60, 150)
# alpha="auto" takes ten times the fits; it is run on the first splits.
AUTO_SPLITS = {"digits": 1, "simulated": 1, "wisconsin": 3, "carcinoma": 3, "breast TCGA": 3}
SMALLEST_PROBABILITY = 1e-7


def score(model: BaseEstimator, X: pd.DataFrame, y: pd.Series) -> dict[str, float]:
    """Accuracy and log-loss on test rows."""
    proba = model.predict_proba(X)
    label_proba = proba[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    return {
        "accuracy": float(np.mean(model.classes_[proba.argmax(axis=1)] == y)),
        "log_loss": float(-np.log(np.clip(label_proba, SMALLEST_PROBABILITY, 1)).mean()),
    }


def cross_validated_gain(scores: pd.DataFrame | None) -> dict[str, float]:
    """Gain in Brier score at alpha 1/2 on validation folds and its standard error; NaN without alpha="auto"."""
    at_half = (
        (np.nan, np.nan) if scores is None else (-scores.loc[0.5, "difference"], scores.loc[0.5, "standard_error"])
    )
    return dict(zip(("cross_validated", "cross_validated_error"), map(float, at_half), strict=True))


def run_task(table: Table, rows: Split, kind: str, seed: int) -> pd.DataFrame:
    """Every ordered pair of modalities, with and without unlabeled pairs, at each alpha; one split."""
    y = table.target.iloc[rows.labeled]
    teacher = Remembering(make_default_classifier())
    results = []
    for student in table.modalities:
        X = table.data[table.modalities[student]]
        test = rows.test[X.iloc[rows.test].notna().all(axis=1).to_numpy()]
        test_rows = (X.iloc[test], table.target.iloc[test])
        X_labeled = X.iloc[rows.labeled]
        model = NetworkClassifier(random_state=seed) if kind == "network" else make_linear_student(X_labeled, y)
        alone = score(PairedDistiller(model, alpha=0).fit(X_labeled, y), *test_rows)
        weights = (*WEIGHTS[kind], "auto") if kind == "linear" and seed < AUTO_SPLITS[table.family] else WEIGHTS[kind]
        for teacher_name in table.modalities:
            if teacher_name == student:
                continue
            T = table.data[table.modalities[teacher_name]]
            for n_unlabeled in sorted({0, len(rows.unlabeled)}):
                unlabeled = rows.unlabeled[:n_unlabeled]
                for weight in weights:
                    distiller = PairedDistiller(
                        model, teacher, teacher_weights="equal", alpha=weight, random_state=seed
                    ).fit(
                        X_labeled,
                        y,
                        X_teacher=T.iloc[rows.labeled],
                        unlabeled_pairs=(X.iloc[unlabeled], T.iloc[unlabeled]) if n_unlabeled else None,
                    )
                    results.append(
                        {
                            "student": student,
                            "teacher": teacher_name,
                            "n_unlabeled": n_unlabeled,
                            "weight": weight,
                            "weight_used": distiller.alpha_,
                        }
                        | {f"{name}_alone": value for name, value in alone.items()}
                        | score(distiller, *test_rows)
                        | cross_validated_gain(distiller.alpha_scores_)
                    )
    forget()
    task = {"family": table.family, "table": table.name, "n_labeled": len(rows.labeled), "seed": seed}
    return pd.DataFrame([task | row for row in results])


def tasks(tables: list[Table], kind: str) -> Iterator[tuple[Table, int, int, int]]:
    """Table, labeled rows, unlabeled pairs and seed of each task, one split of all tables before the next."""
    for seed in range(max(table.n_splits for table in tables)):
        for table in tables:
            for n_labeled, n_unlabeled in table.sizes:
                is_run = kind == "linear" or (
                    table.family == "digits" and seed < NETWORK_SPLITS and n_labeled in NETWORK_SIZES
                )
                if is_run and seed < table.n_splits:
                    yield table, n_labeled, n_unlabeled, seed


def resume(path: Path, keys: list[str]) -> set[tuple]:
    """Keys of the tasks whose rows the file already has."""
    return set(map(tuple, read_table(path)[keys].to_numpy())) if path.exists() else set()


def read_table(path: Path) -> pd.DataFrame:
    """A stored table, in the spelling of the code."""
    table = pd.read_csv(path).rename(columns=lambda name: DOUBLE_L.sub("", name))
    return table.replace(DOUBLE_L, "", regex=True)


def append(path: Path, part: pd.DataFrame) -> None:
    """Add the rows of one task, so that an interrupted run can be continued."""
    path.parent.mkdir(exist_ok=True)
    part.to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.5g")


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Options that all steps share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument(
        "--breast-tcga", type=Path, help="folder of breast.TCGA.rda or of Parquet files; default: the user's cache"
    )
    return parser


def main() -> None:
    """Run the tasks that are not yet in the results."""
    parser = arguments(__doc__)
    parser.add_argument("--students", choices=list(WEIGHTS), default="linear")
    options = parser.parse_args()
    path = RESULTS / f"gains_{options.students}.csv.gz"
    done = resume(path, TASK)
    todo = [
        (table, split(table, n_labeled, n_unlabeled, seed), options.students, seed)
        for table, n_labeled, n_unlabeled, seed in tasks(list(load_tables(options.breast_tcga)), options.students)
        if (table.name, n_labeled, seed) not in done
    ]
    parts = Parallel(n_jobs=options.jobs, return_as="generator_unordered", verbose=5)(
        delayed(run_task)(*task) for task in todo
    )
    for part in parts:
        append(path, part)


if __name__ == "__main__":
    main()
