"""What a teacher adds to the student against what distilling with the default pool gains, on the digit views.

Every ordered pair of views, and for each student a teacher whose rows are shuffled; 100 labeled rows, 900 pairs without
a label, 1000 test rows. About five minutes of one core for each split::

    python benchmarks/decisions/added.py --splits 2
"""

import argparse

import numpy as np
import pandas as pd
from gains import RESULTS, make_linear_student, score
from remembering import Remembering, forget
from scipy.stats import norm
from sklearn.model_selection import train_test_split

from skcmkd import CCHSelector, PairedDistiller
from skcmkd._linear_model._logistic import make_default_classifier
from skcmkd._model_selection._choices import holm
from skcmkd.datasets import load_digit_views
from skcmkd.selection._criteria import MIN_ADDED_NATS

N_LABELED, N_TEST = 100, 1000
SHUFFLED = "shuffled"
METRICS = ("added", "advantage", "gap")
HARMFUL = -0.01
# Of the error of the rows, with five folds.
CORRECTION = 1.5


def run_split(seed: int) -> pd.DataFrame:
    """A row for each student and teacher: the gain over the student alone, and the metrics with their lower ends."""
    digits = load_digit_views()
    X, X_test, y, y_test = train_test_split(
        digits.data, digits.target, test_size=N_TEST, stratify=digits.target, random_state=seed
    )
    X, pairs, y, _ = train_test_split(X, y, train_size=N_LABELED, stratify=y, random_state=seed)
    teacher, rows = Remembering(make_default_classifier()), []
    for student, columns in digits.modalities.items():
        model = make_linear_student(X[columns], y)
        alone = score(model.fit(X[columns], y), X_test[columns], y_test)
        tables = {name: digits.data[names] for name, names in digits.modalities.items()}
        control = tables["profile_correlations" if student != "profile_correlations" else "fourier"]
        order = np.random.RandomState(seed).permutation(len(control))
        tables[SHUFFLED] = pd.DataFrame(control.to_numpy()[order], control.index).add_prefix("shuffled_")
        whole = pd.concat(tables.values(), axis=1)
        modalities = {name: list(table) for name, table in tables.items()}
        selector = CCHSelector(modalities, student, random_state=0)
        results = selector.fit(whole.loc[X.index], y, unlabeled_pairs=(whole.loc[pairs.index],)).results_
        for name in results.index:
            both = [*columns, *modalities[name]]
            distiller = PairedDistiller(model, teacher, student_columns=columns, random_state=0)
            distiller.fit(whole.loc[X.index, both], y, unlabeled_pairs=(whole.loc[pairs.index, both],))
            distilled = score(distiller, X_test[columns], y_test)
            row = {"seed": seed, "student": student, "teacher": name, "alpha": distiller.alpha_}
            row["accuracy_gain"] = distilled["accuracy"] - alone["accuracy"]
            row["log_loss_gain"] = alone["log_loss"] - distilled["log_loss"]
            rows.append(
                row | results.loc[name, [m + end for m in METRICS for end in ("", "_lower", "_upper")]].to_dict()
            )
        forget()
    return pd.DataFrame(rows)


def summarize(cells: pd.DataFrame) -> pd.DataFrame:
    """Of each metric its rank correlation with the gains, and what "distil when sure" does."""
    real = cells[cells["teacher"] != SHUFFLED]
    summary = {}
    for metric in METRICS:
        threshold = 0.01 if metric == "added" else 0.0
        accepted, gain = cells[f"{metric}_lower"] > threshold, cells["accuracy_gain"]
        refused = cells[f"{metric}_upper"] < threshold
        summary[metric] = {
            "Spearman, points": real[metric].corr(real["accuracy_gain"], "spearman"),
            "Spearman, nats": real[metric].corr(real["log_loss_gain"], "spearman"),
            "distil, %": 100 * accepted.mean(),
            "distil and a gain, %": 100 * (accepted & (gain > 0)).mean(),
            "distil and worse by a point, %": 100 * (accepted & (gain < HARMFUL)).mean(),
            "refused, %": 100 * refused.mean(),
            "not distil and a gain above a point, %": 100 * (~accepted & (gain > -HARMFUL)).mean(),
            "mean gain of accepted, points": 100 * gain[accepted].mean(),
            "mean gain of others, points": 100 * gain[~accepted].mean(),
            "shuffled teachers accepted": (accepted & (cells["teacher"] == SHUFFLED)).sum(),
        }
    return pd.DataFrame(summary)


def count_candidates(cells: pd.DataFrame) -> pd.DataFrame:
    """What each step of caution does to "distil" by what is added, from stored rows.

    The stored intervals are of the rows and the repeats; half their width times ``CORRECTION`` is at most a little more
    than that of a selector that corrects the rows alone.
    """
    error = (cells["added_upper"] - cells["added_lower"]) / 2 / norm.ppf(0.95)
    gain, steps = cells["accuracy_gain"], {}
    for name, factor in (("stored", 1.0), ("corrected", CORRECTION)):
        p_values = pd.Series(norm.sf((cells["added"] - MIN_ADDED_NATS) / (factor * error)), cells.index)
        by_student = p_values.groupby([cells["seed"], cells["student"]])
        for title, values in ((name, p_values), (f"{name}, Holm", by_student.transform(holm))):
            accepted = values < 0.05
            steps[title] = {
                "distil, %": 100 * accepted.mean(),
                "distil and worse by a point, %": 100 * (accepted & (gain < HARMFUL)).mean(),
                "not distil and a gain above a point, %": 100 * (~accepted & (gain > -HARMFUL)).mean(),
                "mean gain of accepted, points": 100 * gain[accepted].mean(),
                "mean gain of others, points": 100 * gain[~accepted].mean(),
            }
    return pd.DataFrame(steps).T


def main() -> None:
    """Run the splits, store the rows, print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--counting", action="store_true", help="only evaluate the stored rows")
    options = parser.parse_args()
    path, parts = RESULTS / "added.csv", []
    if options.counting:
        counted = count_candidates(pd.read_csv(path)).rename_axis("rule")
        counted.round(2).to_csv(RESULTS / "added_counting.csv")
        summarize(pd.read_csv(path)).T.rename_axis("metric").round(3).to_csv(RESULTS / "added_summary.csv")
        print(counted.round(1).to_string())
        return
    for seed in range(options.splits):
        parts.append(run_split(seed))
        cells = pd.concat(parts)
        cells.to_csv(path, index=False, float_format="%.5g")
    print(f"{len(cells)} cells")
    print(summarize(cells).round(2).to_string())


if __name__ == "__main__":
    main()
