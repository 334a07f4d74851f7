"""What distilling really gains: accuracy and log-loss on test rows, taught and alone.

A cell is a data set, a student's and a teacher's modality, a number of labelled rows, and unlabelled pairs or none.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from remembering import Remembering, forget
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import Split, Table, load_tables, split

from skcmkd import NetworkClassifier, PairedDistiller
from skcmkd._linear_model._logistic import make_default_classifier

RESULTS = Path(__file__).parent / "results"
WEIGHTS = {"linear": (0.25, 0.5), "network": (0.5,)}
TASK = ["table", "n_labelled", "seed"]
# Networks cost a hundred times as much: the digit views alone, fewer sizes and splits.
NETWORK_SPLITS, NETWORK_SIZES = 2, (60, 150)
# The automatic weight costs ten times the fits; it is tried on the first splits.
AUTO_SPLITS = {"digits": 1, "simulated": 1, "wisconsin": 3, "carcinoma": 3, "breast TCGA": 3}
SMALLEST_PROBABILITY = 1e-7


def make_linear_student(X: pd.DataFrame, y: pd.Series) -> BaseEstimator:
    """A logistic regression whose penalty suits the student alone; it stays the same when taught."""
    penalty = make_default_classifier().fit(X, y)[-1].C_
    return make_pipeline(
        SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(C=penalty, max_iter=1000, tol=1e-3)
    )


def score(model: BaseEstimator, X: pd.DataFrame, y: pd.Series) -> dict[str, float]:
    """Accuracy and log-loss on test rows."""
    proba = model.predict_proba(X)
    own = proba[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    return {
        "accuracy": float(np.mean(model.classes_[proba.argmax(axis=1)] == y)),
        "log_loss": float(-np.log(np.clip(own, SMALLEST_PROBABILITY, 1)).mean()),
    }


def cross_validated_gain(scores: pd.DataFrame | None) -> dict[str, float]:
    """Brier score gained at weight 1/2 on held-out training rows and its standard error, where "auto" looked."""
    at_half = (
        (np.nan, np.nan) if scores is None else (-scores.loc[0.5, "difference"], scores.loc[0.5, "standard_error"])
    )
    return dict(zip(("cross_validated", "cross_validated_error"), map(float, at_half), strict=True))


def run_task(table: Table, rows: Split, kind: str, seed: int) -> pd.DataFrame:
    """Every ordered pair of modalities, with and without unlabelled pairs, at each weight; one split."""
    y = table.target.iloc[rows.labelled]
    teacher = Remembering(make_default_classifier())
    found = []
    for student in table.modalities:
        X = table.data[table.modalities[student]]
        test = rows.test[X.iloc[rows.test].notna().all(axis=1).to_numpy()]
        judge = (X.iloc[test], table.target.iloc[test])
        X_labelled = X.iloc[rows.labelled]
        learner = NetworkClassifier(random_state=seed) if kind == "network" else make_linear_student(X_labelled, y)
        alone = score(PairedDistiller(learner, alpha=0).fit(X_labelled, y), *judge)
        weights = (*WEIGHTS[kind], "auto") if kind == "linear" and seed < AUTO_SPLITS[table.family] else WEIGHTS[kind]
        for other in table.modalities:
            if other == student:
                continue
            T = table.data[table.modalities[other]]
            for n_unlabeled in sorted({0, len(rows.unlabeled)}):
                further = rows.unlabeled[:n_unlabeled]
                for weight in weights:
                    distiller = PairedDistiller(learner, teacher, alpha=weight, random_state=seed).fit(
                        X_labelled,
                        y,
                        X_teacher=T.iloc[rows.labelled],
                        unlabeled_pairs=(X.iloc[further], T.iloc[further]) if n_unlabeled else None,
                    )
                    found.append(
                        {
                            "student": student,
                            "teacher": other,
                            "n_unlabeled": n_unlabeled,
                            "weight": weight,
                            "weight_used": distiller.alpha_,
                        }
                        | {f"{name}_alone": value for name, value in alone.items()}
                        | score(distiller, *judge)
                        | cross_validated_gain(distiller.alpha_scores_)
                    )
    forget()
    place = {"family": table.family, "table": table.name, "n_labelled": len(rows.labelled), "seed": seed}
    return pd.DataFrame([place | row for row in found])


def tasks(tables: list[Table], kind: str) -> Iterator[tuple[Table, int, int, int]]:
    """Table, labelled rows, unlabelled pairs and seed of each task, one split of all tables before the next."""
    for seed in range(max(table.n_splits for table in tables)):
        for table in tables:
            for n_labelled, n_unlabeled in table.sizes:
                wanted = kind == "linear" or (
                    table.family == "digits" and seed < NETWORK_SPLITS and n_labelled in NETWORK_SIZES
                )
                if wanted and seed < table.n_splits:
                    yield table, n_labelled, n_unlabeled, seed


def resume(path: Path, keys: list[str]) -> set[tuple]:
    """Keys of the tasks whose rows the file already has."""
    return set(map(tuple, pd.read_csv(path, usecols=keys)[keys].to_numpy())) if path.exists() else set()


def append(path: Path, part: pd.DataFrame) -> None:
    """Add the rows of one task, so that an interrupted run can go on."""
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
    """Run what is not yet in the results."""
    parser = arguments(__doc__)
    parser.add_argument("--students", choices=list(WEIGHTS), default="linear")
    given = parser.parse_args()
    path = RESULTS / f"gains_{given.students}.csv.gz"
    done = resume(path, TASK)
    todo = [
        (table, split(table, n_labelled, n_unlabeled, seed), given.students, seed)
        for table, n_labelled, n_unlabeled, seed in tasks(list(load_tables(given.breast_tcga)), given.students)
        if (table.name, n_labelled, seed) not in done
    ]
    parts = Parallel(n_jobs=given.jobs, return_as="generator_unordered", verbose=5)(
        delayed(run_task)(*task) for task in todo
    )
    for part in parts:
        append(path, part)


if __name__ == "__main__":
    main()
