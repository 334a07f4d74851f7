"""Accuracy that one view of handwritten digits gains from another that is present only in fit.

100 labeled digits, 900 pairs without a label, 1000 test digits that have the student's view alone.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from sklearn.metrics import log_loss

from skcmkd import NetworkClassifier, PairedDistiller
from skcmkd.datasets import load_digit_views

RESULTS = Path(__file__).parent / "results" / "digit_pairs.csv"
PAIRS = (  # student, teacher
    ("zernike", "profile_correlations"),
    ("fourier", "pixels"),
    ("profile_correlations", "morphology"),
)
SEEDS = range(5)
N_LABELED, N_TRAINING = 100, 1000
KEYS = ["student", "teacher", "alpha", "unlabeled"]


def fit_and_score(model, digits, student, test, fit):
    """Fit by the given function; accuracy and log-loss on the test rows, and the seconds of the fit."""
    begin = time.perf_counter()
    fit(model)
    seconds = time.perf_counter() - begin
    X, y = digits.data[digits.modalities[student]].iloc[test], digits.target.iloc[test]
    proba = model.predict_proba(X)
    return {
        "accuracy": np.mean(model.classes_[proba.argmax(axis=1)] == y),
        "log_loss": log_loss(y, proba, labels=model.classes_),
        "seconds": seconds,
    }


def run_pair(digits, student, teacher, seed):
    """Score the student alone and distilled in four ways, on one split; a row each."""
    torch.set_num_threads(1)
    order = np.random.RandomState(seed).permutation(len(digits.target))
    labeled, unlabeled, test = np.split(order, [N_LABELED, N_TRAINING])
    X, X_teacher = (digits.data[digits.modalities[name]] for name in (student, teacher))
    y = digits.target.iloc[labeled]
    scored = fit_and_score(
        NetworkClassifier(random_state=seed),
        digits,
        student,
        test,
        lambda network: network.fit(X.iloc[labeled], y),
    )
    row = {"student": student, "teacher": teacher, "seed": seed}
    rows = [row | {"alpha": "alone", "unlabeled": 0} | scored]
    for alpha in (0.5, "auto"):
        for pairs in (None, (X.iloc[unlabeled], X_teacher.iloc[unlabeled])):
            distiller = PairedDistiller(alpha=alpha, random_state=seed)
            scored = fit_and_score(
                distiller,
                digits,
                student,
                test,
                lambda model, pairs=pairs: model.fit(
                    X.iloc[labeled], y, X_teacher=X_teacher.iloc[labeled], unlabeled_pairs=pairs
                ),
            )
            scores = {"alpha_": distiller.alpha_, "teacher_accuracy": np.nan}
            if distiller.teacher_ is not None:  # None where all rows have a label and alpha is "auto"
                scores["teacher_accuracy"] = distiller.teacher_.score(X_teacher.iloc[test], digits.target.iloc[test])
            setting = {"alpha": str(alpha), "unlabeled": 0 if pairs is None else len(unlabeled)}
            rows.append(row | setting | scored | scores)
    return rows


def summarize(table):
    """Means over the seeds, and the gain on the student alone in points with its standard error."""
    alone = table[table.alpha == "alone"].set_index(["student", "teacher", "seed"])
    results = table.join(alone[["accuracy", "log_loss"]].add_suffix("_alone"), on=alone.index.names)
    results["gain"] = 100 * (results.accuracy - results.accuracy_alone)
    results["log_loss_change"] = results.log_loss - results.log_loss_alone
    groups = results.groupby(KEYS, sort=False)
    columns = ["accuracy", "teacher_accuracy", "gain", "log_loss", "log_loss_change", "alpha_", "seconds"]
    summary = groups[columns].mean()
    summary.insert(3, "gain_se", groups.gain.sem())
    return summary.reset_index()


def main():
    """Run all pairs and seeds, write the rows and print the summary."""
    digits = load_digit_views()
    jobs = [(*pair, seed) for pair in PAIRS for seed in SEEDS]
    parts = Parallel(n_jobs=2, verbose=5)(delayed(run_pair)(digits, *job) for job in jobs)
    table = pd.DataFrame([row for part in parts for row in part])
    RESULTS.parent.mkdir(exist_ok=True)
    table.to_csv(RESULTS, index=False, float_format="%.4f")
    print(f"Means over {len(SEEDS)} seeds; gain in points of accuracy, with its standard error")
    print(summarize(table).to_string(index=False, float_format="%.3f", na_rep=""))


if __name__ == "__main__":
    main()
