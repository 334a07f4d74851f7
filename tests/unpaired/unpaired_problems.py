"""Simulated cohorts with three classes, and the training data that the distiller makes of them."""

from dataclasses import replace

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skcmkd import NetworkClassifier
from skcmkd._distillation._student_loss import StudentLoss
from skcmkd._distillation._training_data import TrainingData
from skcmkd._losses._teacher_cohort import AlignmentSpec
from skcmkd.unpaired._input import UnpairedData
from skcmkd.unpaired._teacher_fit import fit_teacher, make_cohort
from skcmkd.unpaired._training import LABELED_ROW, UnpairedTraining, make_training

LOGISTIC = LogisticRegression()
NETWORK = NetworkClassifier((8, 4), max_epochs=5, random_state=0, linear_weight=0)
CLASSES = np.arange(3)


def draw_samples():
    """200 samples with both modalities, 5 and 7 columns; the first column of each measures the same."""
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=200)
    y[[0, 100]] = 2
    X = rng.normal(size=(200, 5)) + 1.5 * rng.normal(size=(3, 5))[y]
    X_teacher = rng.normal(size=(200, 7)) + 1.5 * rng.normal(size=(3, 7))[y]
    X_teacher[:, 0] = 3 * X[:, 0] + 7 + 0.1 * rng.normal(size=200)
    return X, X_teacher, y


def draw_data(rows=slice(0, 50), cohort=slice(100, 180), **changed):
    """50 labeled rows, 30 unlabeled ones, a bridge of 20 samples, and a cohort of 80."""
    X, X_teacher, y = draw_samples()
    data = UnpairedData(
        X[rows],
        y[rows],
        X_teacher=X_teacher[cohort],
        y_teacher=y[cohort],
        X_unlabeled=X[50:80],
        X_bridge=X[80:100],
        X_teacher_bridge=X_teacher[80:100],
        linked_indices=(np.array([0]), np.array([0])),
    )
    return replace(data, **changed)


def train(data, teacher=LOGISTIC, classes=CLASSES, method="decision_function", alpha="auto"):
    """The training data, and the fitted teacher."""
    fitted = fit_teacher(clone(teacher), data, classes, method, alignment="auto", needs_error=False, cv=5, n_jobs=None)
    spec = AlignmentSpec("prototypes", fitted.cohort, 1.0, "euclidean", 0.0, 1, 0.01)
    return make_training(data, classes, fitted, StudentLoss(alignment=spec), alpha), fitted


def without_teacher(data):
    """Training data of a student that has no teacher."""
    data = UnpairedData(data.X, data.y)
    return make_training(data, CLASSES, None, StudentLoss(), "auto")


def draw_training():
    """90 labeled rows of 5 columns, and a cohort of 120 rows with two features."""
    rng = np.random.RandomState(0)
    y, y_teacher = rng.randint(3, size=90), rng.randint(3, size=120)
    X = rng.normal(size=(90, 5)) + 1.5 * rng.normal(size=(3, 5))[y]
    features = rng.normal(size=(120, 2)) + 3 * np.array([[0, 1], [1, 0], [-1, -1]])[y_teacher]
    teacher = LogisticRegression().fit(features, y_teacher)
    cohort = make_cohort(teacher, features, y_teacher, CLASSES, y, "decision_function")
    spec = AlignmentSpec("prototypes", cohort, 1.0, "euclidean", 0.0, 1, 0.01)
    data = TrainingData(X, y, np.full((90, 3), np.nan), CLASSES, CLASSES)
    return UnpairedTraining(data, np.full(90, LABELED_ROW), "auto", StudentLoss(alignment=spec), cohort)
