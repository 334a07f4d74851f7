"""Soft targets over a bridge and over linked columns: the teacher alone, or a product with the student's own model.

Linear and network students; no alignment, so that nothing but the soft targets differs; beside them the default of
networks, which also tries prototypes. The penalty of a linear student is chosen on its labels alone, that of a linear
teacher on its cohort. In the control the teacher's rows of the bridge are permuted; linked columns have no control.
Gains are over the same student alone, on test rows.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import simulated
import torch
from cohorts import LINKED, Cell, Cohorts, Setting, cells, draw, load_table
from shared.cached_networks import CachedNetworkClassifier
from shared.scoring import compare, score_rows
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, UnpairedDistiller

RESULTS = Path(__file__).parent / "results" / "soft_targets.csv"
SETTING = Setting(100, 600, n_bridge=100)
PENALTIES = {"logisticregression__C": np.logspace(-3, 1, 9)}
KINDS = ("linear", "network")
DEFAULT = "default"
METHODS: dict[str, dict[str, Any]] = {
    "teacher": {"alignment": "none", "soft_targets": "teacher"},
    "product": {"alignment": "none"},
    DEFAULT: {},
}


def tuned_linear(X: Any, y: Any) -> BaseEstimator:
    """A logistic regression of standardized columns, its penalty chosen by cross-validation; not fitted."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    search = GridSearchCV(model, PENALTIES, scoring="neg_log_loss", cv=5, refit=False)
    return model.set_params(**search.fit(X, y).best_params_)


def make_models(kind: str, cohorts: Cohorts, seed: int) -> tuple[BaseEstimator, BaseEstimator]:
    """Student and teacher."""
    if kind == "network":
        return NetworkClassifier(random_state=seed), CachedNetworkClassifier(random_state=seed)
    return tuned_linear(cohorts.X, cohorts.y), tuned_linear(*cohorts.teacher_data)


def permute_bridge(cohorts: Cohorts, seed: int) -> Cohorts:
    """The teacher's rows of the bridge belong to other samples."""
    X, X_teacher = cohorts.bridge
    order = np.random.RandomState(seed).permutation(len(X))
    return replace(cohorts, bridge=(X, X_teacher.iloc[order].set_axis(X.index)))


def run_cell(cohorts: Cohorts, kind: str, seed: int) -> pd.DataFrame:
    """A row for each kind of soft targets, and for each with a permuted teacher."""
    student, teacher = make_models(kind, cohorts, seed)
    test = cohorts.X_test, cohorts.y_test
    alone = score_rows(student.fit(cohorts.X, cohorts.y), *test)
    table = [{"method": "labels only"} | compare(alone, alone)]
    variants = {"": cohorts}
    if cohorts.bridge is not None:
        variants[", permuted teacher"] = permute_bridge(cohorts, seed)
    for tail, tables in variants.items():
        for name, options in METHODS.items():
            if name == DEFAULT and (tail or kind != "network"):
                continue
            distiller = UnpairedDistiller(
                student,
                teacher,
                **options,
                linked_columns=tables.linked_columns,
                check_alignment=False,
                random_state=seed,
            )
            data = {"teacher_data": tables.teacher_data, "bridge": tables.bridge, "unlabeled": tables.unlabeled}
            distiller.fit(tables.X, tables.y, **data)
            table.append({"method": name + tail} | compare(score_rows(distiller, *test), alone))
    teacher_accuracy = score_rows(teacher.fit(*cohorts.teacher_data), *cohorts.teacher_test)["accuracy"].mean()
    return pd.DataFrame(table).assign(kind=kind, teacher_accuracy=teacher_accuracy)


def draw_cells(families: list[str], seed: int) -> list[tuple[Cell, Cohorts]]:
    """Digits over a bridge of 100; simulated cohorts over a bridge of 100 and over linked columns."""
    drawn = []
    if "digits" in families:
        digits = load_table("digits")
        drawn += [(cell, draw(digits, cell)) for cell in cells(digits, seed) if cell.setting == SETTING]
    if simulated.FAMILY in families:
        for cell in simulated.cells(seed):
            if cell.setting.name == LINKED or cell.setting.n_bridge == SETTING.n_bridge:
                drawn.append((cell, simulated.draw_simulated(cell)))
    return drawn


def summarize(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Mean gains in points and nats, and the share of cells that are worse by more than a point."""
    groups = table[table["method"] != "labels only"].groupby(by)
    return pd.DataFrame(
        {
            "cells": groups.size(),
            "points": 100 * groups["accuracy_gain"].mean(),
            "nats": groups["log_loss_gain"].mean(),
            "worse by a point, %": 100 * groups["accuracy_gain"].agg(lambda gain: (gain < -0.01).mean()),
        }
    )


def main() -> None:
    """Run what is asked for, write the rows and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="seeds of the splits")
    parser.add_argument("--only", nargs="+", choices=["digits", simulated.FAMILY], default=["digits", simulated.FAMILY])
    parser.add_argument("--students", nargs="+", choices=KINDS, default=list(KINDS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    done = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=["family", "seed", "kind"])
    for seed in options.seeds:
        for kind in options.students:
            for family in options.only:
                if ((done["family"] == family) & (done["seed"] == seed) & (done["kind"] == kind)).any():
                    continue
                parts = [
                    run_cell(cohorts, kind, seed).assign(**cell.key) for cell, cohorts in draw_cells([family], seed)
                ]
                done = pd.concat([done, *parts])
                done.to_csv(RESULTS, index=False, float_format="%.5g")
    print(summarize(done, ["family", "setting", "kind", "method"]).round(3).to_string())


if __name__ == "__main__":
    main()
