"""How often the selector's 90 % interval of the gap contains the truth, and how often it decides for a gap of zero.

Joint Gaussian modalities and a continuous target, 300 draws a setting. Two truths: that of the modalities (the paper's
theorem), and that of encoders fitted to this many rows, whose mutual information is less; it is taken as the mean
estimate over the draws.
"""

import argparse
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed

from skcmkd import CCHSelector
from skcmkd.datasets import make_joint_gaussian

RESULTS = Path(__file__).parent / "results" / "gap.csv"
SETTINGS = {  # correlations teacher-student, student-label, teacher-label
    "gap above zero": (0.8, 0.5, 0.7),
    "tie": (0.6, 0.6, 0.6),
    "gap below zero": (0.5, 0.7, 0.5),
}
N_DRAWS = 300
N_ROWS = (100, 400)
# Columns a side, and whether the encoders are refitted on each half (as "auto" does for a continuous target).
DESIGNS = ((1, True), (20, True))
N_SUBSAMPLES = 40


def select_on_draw(seed, setting, n_rows, n_features, refit):
    """The gap of one draw, its interval and its decision."""
    teacher_student, student_label, teacher_label = SETTINGS[setting]
    drawn = make_joint_gaussian(
        n_rows,
        teacher_student=teacher_student,
        student_label=student_label,
        teacher_label=teacher_label,
        n_teacher_features=n_features,
        n_student_features=n_features,
        random_state=seed,
    )
    selector = CCHSelector(
        drawn.modalities,
        "student",
        criterion="cch",
        n_repeats=1,
        n_subsamples=N_SUBSAMPLES,
        refit=refit,
        random_state=seed,
    ).fit(drawn.data, drawn.target)
    row = selector.results_.iloc[0]
    return {
        "modalities": drawn.shared_information["teacher", "student"] - drawn.label_information["student"],
        **row[["gap", "gap_standard_error", "gap_lower", "gap_upper", "decision"]],
    }


def coverage(setting, n_rows, n_features, refit, n_jobs):
    """Coverage of both truths and the share of each decision."""
    draws = pd.DataFrame(
        Parallel(n_jobs)(delayed(select_on_draw)(seed, setting, n_rows, n_features, refit) for seed in range(N_DRAWS))
    )
    truths = {"modalities": draws["modalities"].iloc[0], "trained": draws["gap"].mean()}
    row = {"setting": setting, "n_rows": n_rows, "n_features": n_features, "refit": refit}
    for name, truth in truths.items():
        row[f"gap_of_{name}"] = round(truth, 4)
        row[f"coverage_of_{name}"] = draws["gap_lower"].le(truth).mul(draws["gap_upper"].ge(truth)).mean()
    row["sd_of_gap"] = round(draws["gap"].std(), 4)
    row["mean_standard_error"] = round(draws["gap_standard_error"].mean(), 4)
    for decision in ("distil", "undecided", "do not distil"):
        row[decision.replace(" ", "_")] = (draws["decision"] == decision).mean()
    return row


def main():
    """Run every setting; rows are written after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    jobs = parser.parse_args().jobs
    rows = []
    for n_features, refit in DESIGNS:
        for n_rows in N_ROWS:
            for setting in SETTINGS:
                rows.append(coverage(setting, n_rows, n_features, refit, jobs))
                pd.DataFrame(rows).to_csv(RESULTS, index=False)
    print(pd.DataFrame(rows).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
