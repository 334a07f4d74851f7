"""What is compared: a name, and a function that fits a classifier of the student's table to two cohorts.

The network of the student is the same for all, with the same batches, epochs at most, held-out rows and early
stopping. None of them uses a test row.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from cohorts import LINKED, PAIRED, Cell, Cohorts
from shared.cached_networks import CachedNetworkClassifier
from simulated import FAMILY
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_predict

from skcmkd import NetworkClassifier, PairedDistiller, UnpairedDistiller
from skcmkd._distillation._fit_student import fit_student
from skcmkd._distillation._student_loss import StudentLoss
from skcmkd._distillation._training_data import TrainingData

ALPHA, TEMPERATURE, FOLDS = 0.5, 2.0, 5
PRODUCT = "none, product of experts"
LABELS_ONLY, SELF_TRAINING = "labels only", "self-training, no teacher"
PERMUTED = "prototypes, labels of the teacher's cohort shuffled"
CODES = "prototypes, one code a class, no teacher"
RANDOM_CODES = "prototypes, a random code a class, no teacher"
N_RANDOM = 64
ALIGNMENTS = (
    "none",
    "self_training",
    "prototypes",
    "classwise",
    "feature",
    "joint",
    "bilevel",
    "published",
    "fused_gromov",
)
Method = Callable[[Cohorts, int], Any]


def make_student(seed: int) -> NetworkClassifier:
    """The student, with the library's defaults."""
    return NetworkClassifier(random_state=seed)


def make_teacher(seed: int) -> CachedNetworkClassifier:
    """The teacher: the same kind of network, fitted once for all methods and cells."""
    return CachedNetworkClassifier(random_state=seed)


def fit_labels_only(cohorts: Cohorts, seed: int) -> BaseEstimator:
    """The student alone."""
    return make_student(seed).fit(cohorts.X, cohorts.y)


def fit_self_training(cohorts: Cohorts, seed: int) -> BaseEstimator:
    """Pseudo-labels by the student itself on all rows without a label; no teacher."""
    tables = [tables[0] for tables in (cohorts.unlabeled, cohorts.bridge) if tables is not None]
    distiller = UnpairedDistiller(make_student(seed), alignment="self_training", check_alignment=False)
    return distiller.fit(cohorts.X, cohorts.y, unlabeled=(pd.concat(tables),))


def fit_aligned(cohorts: Cohorts, seed: int, alignment: str, soft_targets: str = "teacher") -> BaseEstimator:
    """``UnpairedDistiller`` with one alignment, or with its own choice."""
    distiller = UnpairedDistiller(
        make_student(seed),
        make_teacher(seed),
        alignment=alignment,
        soft_targets=soft_targets,
        linked_columns=cohorts.linked_columns,
        check_alignment=False,
        random_state=seed,
    )
    return distiller.fit(
        cohorts.X,
        cohorts.y,
        teacher_data=cohorts.teacher_data,
        unlabeled=cohorts.unlabeled,
        bridge=cohorts.bridge,
    )


def fit_permuted(cohorts: Cohorts, seed: int) -> BaseEstimator:
    """The default alignment with a good teacher whose cohort's labels were permuted: the gain without the teacher."""
    X, y = cohorts.teacher_data
    teacher = FrozenEstimator(make_teacher(seed).fit(X, y))
    permuted = np.random.RandomState(seed).permutation(np.asarray(y))
    distiller = UnpairedDistiller(
        make_student(seed), teacher, alignment="prototypes", check_alignment=False, random_state=seed
    )
    return distiller.fit(cohorts.X, cohorts.y, teacher_data=(X, permuted), unlabeled=cohorts.unlabeled)


class ClassCodes(ClassifierMixin, BaseEstimator):
    """A teacher whose table is the label itself, one column a class: no information beyond the classes.

    It represents a class by its column, or by a random normal vector of the class.
    """

    def __init__(self, code_seed: int | None = None) -> None:
        self.code_seed = code_seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> "ClassCodes":
        """Keep the classes."""
        self.classes_ = np.unique(y)
        self.codes_ = np.eye(len(self.classes_))
        if self.code_seed is not None:
            self.codes_ = np.random.RandomState(self.code_seed).normal(size=(len(self.classes_), N_RANDOM))
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """The label's code."""
        return np.asarray(X) @ self.codes_

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The label."""
        return self.classes_[np.asarray(X).argmax(axis=1)]


def fit_codes(cohorts: Cohorts, seed: int, *, random: bool) -> BaseEstimator:
    """The default alignment with one code a class in place of a teacher."""
    y = np.asarray(cohorts.teacher_data[1])
    codes = (y[:, None] == np.unique(y)).astype(float)
    distiller = UnpairedDistiller(
        make_student(seed),
        ClassCodes(seed if random else None),
        alignment="prototypes",
        check_alignment=False,
        random_state=seed,
    )
    return distiller.fit(cohorts.X, cohorts.y, teacher_data=(codes, y), unlabeled=cohorts.unlabeled)


def teacher_soft_targets(cohorts: Cohorts, seed: int) -> np.ndarray:
    """Out-of-fold probabilities of the student's classes for each row of the teacher's cohort.

    A class that the teacher's cohort lacks has probability zero.
    """
    X, y = cohorts.teacher_data
    classes = np.unique(cohorts.y)
    proba = cross_val_predict(make_teacher(seed), X, y, cv=FOLDS, method="predict_proba")
    shared = np.isin(np.unique(y), classes)
    soft_targets = np.zeros((len(y), len(classes)))
    soft_targets[:, np.isin(classes, np.unique(y))] = proba[:, shared]
    return soft_targets / soft_targets.sum(axis=1, keepdims=True).clip(min=1e-12)


def fit_by_class(cohorts: Cohorts, seed: int, targets: Callable[[np.ndarray, int, int], np.ndarray]) -> BaseEstimator:
    """Soft targets for the labeled rows, taken class by class from the teacher's cohort.

    ``targets(soft_targets, n, seed)`` makes those of n student rows of a class from the soft targets of the teacher's
    rows of that class. Rows of a class that the teacher's cohort lacks are trained on their label alone.
    """
    soft_targets, y_teacher = teacher_soft_targets(cohorts, seed), np.asarray(cohorts.teacher_data[1])
    classes, y = np.unique(np.asarray(cohorts.y), return_inverse=True)
    proba = np.full((len(y), len(classes)), np.nan)
    for code, label in enumerate(classes):
        rows = y == code
        if (y_teacher == label).any():
            proba[rows] = targets(soft_targets[y_teacher == label], rows.sum(), seed + code)
    data = TrainingData(cohorts.X, y, proba, classes)
    return fit_student(make_student(seed), data, StudentLoss(ALPHA, TEMPERATURE))


def random_rows(soft_targets: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Soft targets of rows drawn at random."""
    return soft_targets[np.random.RandomState(seed).randint(len(soft_targets), size=n)]


def class_mean(soft_targets: np.ndarray, n: int, seed: int) -> np.ndarray:
    """The class's mean of softened targets, such that the student's temperature softens it to that mean again."""
    softened = soft_targets.clip(min=1e-7) ** (1 / TEMPERATURE)
    mean = (softened / softened.sum(axis=1, keepdims=True)).mean(axis=0) ** TEMPERATURE
    return np.tile(mean / mean.sum(), (n, 1))


def fit_pairs(cohorts: Cohorts, seed: int) -> BaseEstimator:
    """The paired distiller, where the cohorts are the same samples: soft targets of the very row."""
    distiller = PairedDistiller(
        make_student(seed),
        make_teacher(seed),
        teacher_weights="equal",
        alpha=ALPHA,
        temperature=TEMPERATURE,
        cv=FOLDS,
        random_state=seed,
    )
    return distiller.fit(cohorts.X, cohorts.y, X_teacher=cohorts.teacher_data[0])


def best_possible(cohorts: Cohorts, seed: int) -> Any:
    """The best possible classifier of the student's table."""
    return cohorts.truth


METHODS: dict[str, Method] = {
    LABELS_ONLY: fit_labels_only,
    SELF_TRAINING: fit_self_training,
    "auto": partial(fit_aligned, alignment="auto", soft_targets="product"),
    PRODUCT: partial(fit_aligned, alignment="none", soft_targets="product"),
    **{name: partial(fit_aligned, alignment=name) for name in ALIGNMENTS},
    PERMUTED: fit_permuted,
    CODES: partial(fit_codes, random=False),
    RANDOM_CODES: partial(fit_codes, random=True),
    "soft targets by row": partial(fit_by_class, targets=random_rows),
    "soft targets by class": partial(fit_by_class, targets=class_mean),
    "soft targets by pair": fit_pairs,
    "best possible": best_possible,
}


def suits(name: str, cell: Cell) -> bool:
    """Whether a method applies to a cell and does not only repeat another one."""
    setting = cell.setting
    has_row_targets = setting.n_bridge > 0 or setting.name == LINKED
    if name in ("none", PRODUCT):
        return has_row_targets
    if name == "self_training":
        return has_row_targets and setting.n_unlabeled > 0
    if name in (PERMUTED, CODES, RANDOM_CODES):
        return not has_row_targets
    if name == SELF_TRAINING:
        return setting.n_bridge + setting.n_unlabeled > 0
    if name == "soft targets by pair":
        return setting.name == PAIRED
    return name != "best possible" or cell.family == FAMILY
