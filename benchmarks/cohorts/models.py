"""What is compared in a split of a cohort with class labels, and the selector's decision about it."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from class_tasks import Split
from shared.samples import permute_rows
from shared.students import make_linear_student
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier

from skcmkd import CCHSelector, PairedDistiller
from skcmkd.information import make_default_classifier

ALONE, DISTILLED, LINEAR_TEACHER = "student alone", "distilled", "distilled, linear teacher"
FORCED, PERMUTED, FUSED, TEACHER, BASELINE = "distilled, alpha 1/2", "permuted teacher", "fused", "teacher", "majority"
DECISION_COLUMNS = ["decision", "reason", "added", "added_lower", "added_upper"]


def distill(split: Split, student: BaseEstimator, seed: int, **settings: Any) -> BaseEstimator:
    """The paired distiller with the package's defaults, but for ``settings``."""
    with warnings.catch_warnings():
        # The student is trained alone where all rows have a label.
        warnings.filterwarnings("ignore", "All rows have a label")
        return PairedDistiller(student, random_state=seed, **settings).fit(
            split.X, split.y, X_teacher=split.X_teacher, unlabeled_pairs=split.pairs
        )


def permute(split: Split, seed: int) -> Split:
    """The teacher's rows belong to other samples: what is gained without anything to learn from the teacher."""
    rng = np.random.RandomState(seed)
    pairs = split.pairs and (split.pairs[0], permute_rows(split.pairs[1], rng))
    return replace(split, X_teacher=permute_rows(split.X_teacher, rng), pairs=pairs)


def side_by_side(X: pd.DataFrame, T: pd.DataFrame) -> pd.DataFrame:
    """Both tables as one."""
    return pd.concat([X, T], axis=1)


# A fitted model, and the table of the test samples that it predicts.
Fitted = tuple[BaseEstimator, pd.DataFrame]


def models_of(split: Split, seed: int) -> dict[str, Callable[[], Fitted]]:
    """Each model by its name, to be fitted; without pairs the automatic weight is 0, and 1/2 is what it refuses."""
    student, forced = make_linear_student(split.X, split.y), {} if split.pairs else {"alpha": 0.5}

    def of_student(model: BaseEstimator) -> Fitted:
        return model, split.X_test

    both = side_by_side(split.X, split.X_teacher), side_by_side(split.X_test, split.X_teacher_test)
    linear = make_default_classifier
    models: dict[str, Callable[[], Fitted]] = {
        ALONE: lambda: of_student(student.fit(split.X, split.y)),
        DISTILLED: lambda: of_student(distill(split, student, seed)),
        LINEAR_TEACHER: lambda: of_student(distill(split, student, seed, teacher=linear(), **forced)),
        PERMUTED: lambda: of_student(distill(permute(split, seed), student, seed, **forced)),
        TEACHER: lambda: (linear().fit(split.X_teacher, split.y), split.X_teacher_test),
        FUSED: lambda: (linear().fit(both[0], split.y), both[1]),
        BASELINE: lambda: of_student(DummyClassifier(strategy="prior").fit(split.X, split.y)),
    }
    if forced:
        models[FORCED] = lambda: of_student(distill(split, student, seed, **forced))
    return models


def decide(X: pd.DataFrame, T: pd.DataFrame, y: Any, pairs: Any) -> dict[str, Any]:
    """The selector's decision about the teacher with its defaults, and what the teacher adds to the student."""
    selector = CCHSelector({"student": list(X), "teacher": list(T)}, student="student", random_state=0)
    further = None if pairs is None else (side_by_side(*pairs),)
    row = selector.fit(side_by_side(X, T), y, unlabeled_pairs=further).results_.loc["teacher"]
    return row[DECISION_COLUMNS].to_dict()
