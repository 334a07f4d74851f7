"""Predicted teacher features over a bridge, alone and beside the soft targets of the product of experts.

The map from the student's columns to the teacher's scores is fitted to the bridge, which has no labels; the teacher is
fitted to its cohort. Linear students and teachers of the digits, 100 labeled rows, 600 of the teacher; penalties are
chosen on the labels alone. Gains are over the same student alone, on test rows.
"""

import argparse
from pathlib import Path

import pandas as pd
from cohorts import Cohorts, Setting, cells, draw, load_table
from shared.scoring import compare, score_rows
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from soft_targets import make_models, permute_bridge, summarize

from skcmkd import PredictedTeacherFeatures, UnpairedDistiller

RESULTS = Path(__file__).parent / "results" / "bridge_features.csv"
SIZES = (30, 100)


def on_features(student: BaseEstimator, teacher: BaseEstimator, cohorts: Cohorts) -> BaseEstimator:
    """The student's last step behind features that are fitted to the bridge."""
    fitted = FrozenEstimator(clone(teacher).fit(*cohorts.teacher_data))
    features = PredictedTeacherFeatures(teacher=fitted, standardize=True)
    features.fit(cohorts.X, cohorts.y, unlabeled_pairs=cohorts.bridge)
    return make_pipeline(FrozenEstimator(features), student[-1])


def run_cell(cohorts: Cohorts, seed: int) -> pd.DataFrame:
    """A row for features, for soft targets and for both, and for each with a permuted teacher."""
    student, teacher = make_models("linear", cohorts, seed)
    test = cohorts.X_test, cohorts.y_test
    alone = score_rows(clone(student).fit(cohorts.X, cohorts.y), *test)
    table = []
    for tail, tables in {"": cohorts, ", permuted teacher": permute_bridge(cohorts, seed)}.items():
        wide = on_features(student, teacher, tables)
        data = {"teacher_data": tables.teacher_data, "bridge": tables.bridge}
        models = {"features": clone(wide).fit(tables.X, tables.y)}
        for name, model in {"soft targets": student, "both": wide}.items():
            distiller = UnpairedDistiller(model, teacher, alignment="none", check_alignment=False, random_state=seed)
            models[name] = distiller.fit(tables.X, tables.y, **data)
        table += [{"method": name + tail} | compare(score_rows(model, *test), alone) for name, model in models.items()]
    return pd.DataFrame(table)


def main() -> None:
    """Run every pair of views, write the rows and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="seeds of the splits")
    seeds, digits, parts = parser.parse_args().seeds, load_table("digits"), []
    for seed in seeds:
        for cell in cells(digits, seed):
            if cell.setting in [Setting(100, 600, n_bridge=size) for size in SIZES]:
                parts.append(run_cell(draw(digits, cell), seed).assign(**cell.key))
    table = pd.concat(parts)
    table.to_csv(RESULTS, index=False, float_format="%.5g")
    print(summarize(table, ["n_bridge", "method"]).round(3).to_string())


if __name__ == "__main__":
    main()
