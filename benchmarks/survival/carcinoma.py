"""Death within three years of 90 adrenocortical carcinomas: copy number as the student, RNA as the teacher.

`SurvivalReport` with five folds and four repeats, linear models with five penalties, `alpha="auto"` and 0.5. A row for
each model of each report; read the penalty that is best for the student alone.
"""

import argparse
from itertools import product
from pathlib import Path

import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import PairedDistiller, SurvivalReport
from skcmkd.datasets import load_adrenal_carcinoma

RESULTS = Path(__file__).parent / "results" / "carcinoma.csv"
PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1)
HORIZON = 3 * 365


def report_with(penalty, weight):
    """All models of a report, a row a model."""
    carcinoma = load_adrenal_carcinoma(label="vital_status")
    cnv, rna = carcinoma.modalities["cnv"], carcinoma.modalities["rna"]
    measured = carcinoma.data[cnv].notna().all(axis=1)
    clinical = carcinoma.clinical[measured]
    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=penalty, max_iter=1000))
    report = SurvivalReport.from_estimator(
        PairedDistiller(model, model, student_columns=cnv, alpha=weight),
        carcinoma.data.loc[measured, [*cnv, *rna]],
        clinical["time_days"],
        clinical["event"],
        horizon=HORIZON,
        n_repeats=4,
        random_state=0,
    )
    return report.to_frame().assign(C=penalty, weight=weight, **report.counts_).reset_index()


def main():
    """Every report; rows are written after each."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows = []
    for penalty, weight in product(PENALTIES, ("auto", 0.5)):
        rows.append(report_with(penalty, weight))
        RESULTS.parent.mkdir(exist_ok=True)
        pd.concat(rows).round(4).to_csv(RESULTS, index=False)
    table = pd.concat(rows).set_index(["C", "weight", "model"])
    print(table[["n_rows", "alpha", "brier", "brier_gain", "brier_lower", "brier_upper", "auc"]].round(3).to_string())


if __name__ == "__main__":
    main()
