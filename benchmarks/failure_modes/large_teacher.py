"""Large ensembles into small trees: a forest of 200 trees teaches one small tree, or few small boosted ones.

The stand-in for what AutoGluon's ``TabularPredictor.distill`` does with its ensembles and TabTune's ``TabDistiller``
with tabular foundation models: the teacher is far larger than the student. Both have the teacher in the student's own
table; beside that, the teacher has another table. "Labeled rows, weight 0.7" has TabTune's documented defaults (soft
labels out of five folds, alpha = 0.7), as far as a tree can have them: it has no temperature. In the control the
teacher's rows are permuted.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from common import Samples, distill, labeled_only, nats, permute_teacher, points, split, split_digits, summarize
from no_transfer import PERMUTED, TRUE
from shared.scoring import compare, score_rows
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.tree import DecisionTreeClassifier

SAME, OTHER = "the student's table", "another table"
TREE, BOOSTED = "small tree", "boosted trees"
N_SEEDS = 6
SOFT, DEFAULT = "labeled rows, weight 0.7", "default"
BY = ["student", "teacher_table", "method", "teacher"]


def make_student(kind: str) -> BaseEstimator:
    """A tree of at most 16 leaves, its smallest leaf a share of the weight; or 30 boosted trees of 8 leaves."""
    if kind == TREE:
        return DecisionTreeClassifier(max_leaf_nodes=16, min_weight_fraction_leaf=0.02, random_state=0)
    return HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=8, early_stopping=False, random_state=0)


def make_teacher() -> BaseEstimator:
    """The large ensemble."""
    return ExtraTreesClassifier(200, min_samples_leaf=2, random_state=0)


def simulated(teacher_table: str, seed: int) -> Samples:
    """Clusters in twenty columns; the student has ten of them, the other table the other ten."""
    X, y = make_classification(
        3000, 20, n_informative=12, n_redundant=4, n_classes=3, n_clusters_per_class=2, class_sep=1.2, random_state=seed
    )
    return split(X[:, :10], X[:, :10] if teacher_table == SAME else X[:, 10:], y, (2000, 100, 900), np.arange(3000))


def digits(teacher_table: str, seed: int) -> Samples:
    """Zernike moments; the other table has the pixels."""
    return split_digits("zernike", "zernike" if teacher_table == SAME else "pixels", (1000, 100, 900), seed)


# Ten classes make ten times as many boosted trees, and ten times as many rows: the digits have the small tree alone.
FAMILIES: dict[str, tuple[Callable[[str, int], Samples], tuple[str, ...]]] = {
    "simulated": (simulated, (TREE, BOOSTED)),
    "digits": (digits, (TREE,)),
}


def cells() -> Iterator[dict[str, Any]]:
    """Every family, student and table of the teacher, one seed before the next."""
    for seed in range(N_SEEDS):
        for family, (_, students) in FAMILIES.items():
            for student in students:
                for table in (SAME, OTHER):
                    yield {"family": family, "student": student, "teacher_table": table, "seed": seed}


def run_cell(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each method and teacher: gains over the same student alone, and its accuracy beside the teacher's."""
    drawn = FAMILIES[cell["family"]][0](cell["teacher_table"], cell["seed"])
    student, teacher = make_student(cell["student"]), make_teacher()
    test = drawn.X_test, drawn.y_test
    alone = score_rows(student.fit(drawn.X, drawn.y), *test)
    known = teacher.fit(drawn.X_teacher, drawn.y).score(drawn.X_teacher_test, drawn.y_test)
    fixed = {"teacher_weights": "equal", "alpha": 0.7}
    shuffled = permute_teacher(drawn, cell["seed"])
    fits = [
        (SOFT, TRUE, teacher, labeled_only(drawn), fixed),
        (SOFT, PERMUTED, teacher, labeled_only(shuffled), fixed),
        (DEFAULT, TRUE, teacher, drawn, {}),
        (DEFAULT, PERMUTED, teacher, shuffled, {}),
    ]
    rows = []
    for method, name, model, samples, settings in fits:
        gains = compare(score_rows(distill(student, model, samples, **settings), *test), alone)
        row = {"method": method, "teacher": name, "teacher_accuracy": known, "alone": alone["accuracy"].mean()}
        rows.append(cell | row | gains | {"retention": gains["accuracy"] / known})
    return rows


def means(table: pd.DataFrame) -> pd.DataFrame:
    """Mean gains over the families: points, nats, Brier score; and the share of the teacher's accuracy in percent."""
    gains = {"accuracy_gain": points, "log_loss_gain": nats, "brier_gain": nats, "retention": points}
    table = table.assign(alone_retention=table["alone"] / table["teacher_accuracy"])
    return summarize(table, BY, gains | {"alone_retention": points})
