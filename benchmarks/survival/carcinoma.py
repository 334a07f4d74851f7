"""Death within three years of 90 adrenocortical carcinomas: copy number as the student, RNA as the teacher.

`SurvivalReport` with five folds and four repeats, linear models with five penalties, `alpha="auto"` and 0.5. A row for
each model of each report; read the penalty that is best for the student alone.
"""

import argparse
import sys
from itertools import product
from pathlib import Path

import pandas as pd

# Code that several benchmarks share lies in the folder beside this one.
sys.path.append(str(Path(__file__).parents[1]))
from shared.survival import carcinoma_survival, report_on

RESULTS = Path(__file__).parent / "results" / "carcinoma.csv"
PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1)


def main():
    """Every report; rows are written after each."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows = []
    for penalty, weight in product(PENALTIES, ("auto", 0.5)):
        rows.append(report_on(carcinoma_survival(), penalty, weight))
        RESULTS.parent.mkdir(exist_ok=True)
        pd.concat(rows).round(4).to_csv(RESULTS, index=False)
    table = pd.concat(rows).set_index(["C", "weight", "model"])
    print(table[["n_rows", "alpha", "brier", "brier_gain", "brier_lower", "brier_upper", "auc"]].round(3).to_string())


if __name__ == "__main__":
    main()
