"""What the teacher's scores or columns, predicted from the student's table, add to a linear student; digits.

100 labeled digits, 900 unlabeled pairs or none, 1000 test digits that have the student's view alone. The student
is a logistic regression whose penalty is chosen by log-loss on five folds. Writes a row for each method and prints mean
gains over the student alone, in points of accuracy and nats of log-loss.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline

from skcmkd import PredictedTeacherFeatures
from skcmkd.datasets import load_digit_views

sys.path.append(str(Path(__file__).parents[1]))
from shared.samples import stratified_order

RESULTS = Path(__file__).parent / "results" / "predicted_features.csv"
N_LABELED, N_TRAINING = 100, 1000
PREDICTED = ("scores", "columns", "components")
CS = np.logspace(-3, 0, 7)


def make_student(predicted: str) -> Pipeline:
    """A linear student on its columns and the predicted features."""
    model = LogisticRegressionCV(Cs=CS, scoring="neg_log_loss", l1_ratios=(0,), use_legacy_attributes=False)
    return make_pipeline(PredictedTeacherFeatures(predicted, standardize=True, random_state=0), model)


def methods(T: np.ndarray, seed: int) -> Iterator[tuple[str, str, np.ndarray | None]]:
    """Name, what is predicted and the teacher's table of each method; controls have its rows permuted."""
    yield "alone", "scores", None
    for predicted in PREDICTED:
        yield predicted, predicted, T
    permuted = np.random.RandomState(seed).permutation(T)
    for predicted in PREDICTED:
        yield f"{predicted}, permuted", predicted, permuted


def run_pair(digits: pd.DataFrame, student: str, teacher: str, seed: int) -> list[dict]:
    """Score all methods of one student and teacher on one split."""
    order = stratified_order(np.ones(len(digits.target), dtype=bool), digits.target.to_numpy(), seed)
    labeled, unlabeled, test = np.split(order, [N_LABELED, N_TRAINING])
    X, T = (digits.data[digits.modalities[name]].to_numpy() for name in (student, teacher))
    y = digits.target.to_numpy()
    rows = []
    for n_unlabeled in (len(unlabeled), 0):
        for name, predicted, table in methods(T, seed):
            given = {}
            if table is not None:
                given["X_teacher"] = table[labeled]
                if n_unlabeled:
                    given["unlabeled_pairs"] = (X[unlabeled], table[unlabeled])
            model = make_student(predicted)
            model.fit(X[labeled], y[labeled], **{f"{model.steps[0][0]}__{key}": part for key, part in given.items()})
            proba = model.predict_proba(X[test])
            scores = {"accuracy": np.mean(model.predict(X[test]) == y[test]), "log_loss": log_loss(y[test], proba)}
            setting = {"student": student, "teacher": teacher, "seed": seed, "n_unlabeled": n_unlabeled}
            rows.append(setting | {"method": name} | scores)
    return rows


def summarize(table: pd.DataFrame) -> pd.DataFrame:
    """Mean gains over the student alone and their standard errors."""
    keys = ["student", "teacher", "seed", "n_unlabeled"]
    alone = table[table.method == "alone"].set_index(keys)
    joined = table.join(alone[["accuracy", "log_loss"]].add_suffix("_alone"), on=keys)
    joined["points"] = 100 * (joined.accuracy - joined.accuracy_alone)
    joined["nats"] = joined.log_loss_alone - joined.log_loss
    groups = joined[joined.method != "alone"].groupby(["n_unlabeled", "method"], sort=False)
    return groups.agg(
        cells=("points", "size"),
        points=("points", "mean"),
        points_se=("points", "sem"),
        nats=("nats", "mean"),
        nats_se=("nats", "sem"),
    )


def main() -> None:
    """Run the pairs of views that are asked for, write the rows and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=30, help="so many ordered pairs of views, evenly spaced")
    parser.add_argument("--seeds", type=int, default=1, help="splits")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args()
    digits = load_digit_views()
    pairs = list(permutations(digits.modalities, 2))
    chosen = [pairs[index] for index in np.linspace(0, len(pairs) - 1, options.pairs).astype(int)]
    jobs = [delayed(run_pair)(digits, *pair, seed) for seed in range(options.seeds) for pair in chosen]
    table = pd.DataFrame([row for part in Parallel(options.jobs, verbose=5)(jobs) for row in part])
    RESULTS.parent.mkdir(exist_ok=True)
    table.to_csv(RESULTS, index=False, float_format="%.4f")
    print(summarize(table).to_string(float_format="%.3f"))


if __name__ == "__main__":
    main()
