"""Generalized distillation without transfer: the gain with the true teacher, and what is left of it without knowledge.

Provodin, van den Akker, Katsimerou, Kaptein, Pechenizkiy. Rethinking knowledge transfer in learning using privileged
information. arXiv 2408.14319: gains of generalized distillation (Lopez-Paz and others, arXiv 1511.03643) need not come
from the privileged information. Two controls keep everything but the knowledge: a teacher whose rows are permuted, and
one that predicts the class frequencies for every row, which is label smoothing. Students are linear with a tuned
penalty, the default network, and the same network's hidden layers after ten epochs, which are not trained to the end.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from common import Samples, distill, labeled_only, nats, permute_teacher, points, split_digits, summarize, tuned_linear
from shared.scoring import compare, score_rows
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier

from skcmkd import NetworkClassifier
from skcmkd.information import make_default_classifier

# Student, and a teacher that is more accurate.
VIEWS = ("zernike", "pixels")
SIZES = (1000, 100, 900)  # test, labeled, unlabeled
SEEDS = {"linear": 8, "ten epochs": 6, "network": 3}
AVERAGED, DEFAULT = "averaged, weight 0.5", "default"
SETTINGS: dict[str, dict[str, Any]] = {AVERAGED: {"teacher_weights": "equal", "alpha": 0.5}, DEFAULT: {}}
LABELED, UNLABELED = "labeled pairs only", "with unlabeled pairs"
TRUE, PERMUTED, FREQUENCIES = "true", "permuted", "class frequencies"
BY = ["pairs", "student", "method", "teacher"]


def make_student(kind: str, samples: Samples) -> BaseEstimator:
    """The student of a kind, not fitted."""
    if kind == "linear":
        return tuned_linear(samples)
    if kind == "network":
        return NetworkClassifier(random_state=0)
    return NetworkClassifier(max_epochs=10, validation_fraction=0.0, refit=False, linear_weight=0.0, random_state=0)


def cells() -> Iterator[dict[str, Any]]:
    """Every split of every student."""
    for kind, n_seeds in SEEDS.items():
        for seed in range(n_seeds):
            yield {"student": kind, "seed": seed}


def run_cell(cell: dict[str, Any], sizes: tuple[int, int, int] = SIZES) -> list[dict[str, Any]]:
    """A row for each method, teacher and kind of pairs: gains over the same student alone."""
    drawn = split_digits(*VIEWS, sizes, cell["seed"])
    student, teacher = make_student(cell["student"], drawn), make_default_classifier()
    test = drawn.X_test, drawn.y_test
    alone = score_rows(student.fit(drawn.X, drawn.y), *test)
    known = teacher.fit(drawn.X_teacher, drawn.y).score(drawn.X_teacher_test, drawn.y_test)
    rows = []
    for pairs, samples in ((LABELED, labeled_only(drawn)), (UNLABELED, drawn)):
        teachers = {
            TRUE: (teacher, samples),
            PERMUTED: (teacher, permute_teacher(samples, cell["seed"])),
            FREQUENCIES: (DummyClassifier(strategy="prior"), samples),
        }
        for method, settings in SETTINGS.items():
            # Without unlabeled pairs the default trains the student alone, whoever the teacher is.
            names = [TRUE] if method == DEFAULT and pairs == LABELED else list(teachers)
            for name in names:
                model, tables = teachers[name]
                fitted = distill(student, model, tables, **settings)
                gains = compare(score_rows(fitted, *test), alone)
                rows.append(cell | {"pairs": pairs, "method": method, "teacher": name, "knows": known} | gains)
    return rows


def means(table: pd.DataFrame) -> pd.DataFrame:
    """Mean gains in points of accuracy and in nats."""
    return summarize(table, BY, {"accuracy_gain": points, "log_loss_gain": nats})


def transferred(table: pd.DataFrame) -> pd.DataFrame:
    """The gain with the true teacher less that with the permuted one, cell by cell: what is transferred."""
    keys = [*BY[:-1], "seed"]
    gains = ["accuracy_gain", "log_loss_gain"]
    wide = {name: part.set_index(keys)[gains] for name, part in table.groupby("teacher")}
    return summarize(
        (wide[TRUE] - wide[PERMUTED]).dropna().reset_index(), BY[:-1], dict(zip(gains, (points, nats), strict=True))
    )
