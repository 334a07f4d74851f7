"""Fitting a student by one mode of training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from .._distillation._delegate import check_estimator_type
from .._distillation._fit_student import check_accepts_soft_targets, fit_student
from .._distillation._student_loss import StudentLoss
from .._distillation._training_data import UNLABELED, TrainingData, stack_tables
from .._model_selection._pipelines import final_estimator
from .._model_selection._probabilities import predict_proba_for
from .._validation._tables import take_rows
from ..networks._mlp import NetworkClassifier
from ._training import UNLABELED_ROW, TrainingMode, UnpairedTraining, auto_alpha

# A predicted class at least this probable becomes a pseudo-label, as in SelfTrainingClassifier.
PSEUDO_LABEL_THRESHOLD = 0.75


def check_student(student: BaseEstimator, alignment: str, *, uses_soft_targets: bool) -> None:
    """Raise unless the student can be trained by the alignment of the distiller's parameter."""
    check_estimator_type(student, classes=True)
    if not uses_soft_targets:
        return
    if alignment in ("auto", "none", "self_training"):
        check_accepts_soft_targets(student)
    elif not isinstance(final_estimator(student), NetworkClassifier):
        raise ValueError(
            f"alignment={alignment!r} aligns a network's representation, and the student is a "
            f"{final_estimator(student).__class__.__name__}. Use NetworkClassifier, or a Pipeline that ends in one, or "
            "one of the alignments 'none' and 'self_training'."
        )


def fit_mode(student: BaseEstimator, training: UnpairedTraining, mode: TrainingMode) -> BaseEstimator:
    """Fit the student in place by a mode and return it.

    Parameters
    ----------
    student : estimator
    training : UnpairedTraining
        The rows to fit to; a student that is to be validated gets those outside the validation fold.
    mode : TrainingMode
    """
    data = training.training_data(mode)
    if not isinstance(final_estimator(student), NetworkClassifier) and data.teacher_class_indices() is not None:
        data = impute_missing_classes(data, fit_student(clone(student), data, StudentLoss()))
    loss = training.mode_loss(mode, data)
    if mode.alignment != "self_training" or not training.has_unlabeled:
        return fit_student(student, data, loss)
    base_student = fit_student(clone(student), data, loss)
    data = add_pseudo_labels(impute_missing_classes(data, base_student), training, base_student)
    return fit_student(student, data, replace(loss, alpha=auto_alpha(data)))


def impute_missing_classes(data: TrainingData, base_student: BaseEstimator) -> TrainingData:
    """Soft targets in which a student fitted before predicts the classes that the teacher was not fitted to.

    The teacher's probabilities are then scaled to what the student leaves to its classes. A network's loss needs no
    imputation: it leaves the other classes out.
    """
    if data.teacher_class_indices() is None:
        return data
    rows = data.has_soft_target
    soft_targets = data.soft_targets.copy()
    if rows.any():
        known = np.isin(data.classes, np.asarray(data.teacher_classes))
        proba = predict_proba_for(base_student, take_rows(data.X, rows), data.classes)
        shared = soft_targets[rows] * proba[:, known].sum(axis=1, keepdims=True)
        soft_targets[rows] = np.where(known, shared, proba)
    return replace(data, soft_targets=soft_targets, teacher_classes=None)


def add_pseudo_labels(data: TrainingData, training: UnpairedTraining, base_student: BaseEstimator) -> TrainingData:
    """Append the unlabeled rows; the soft target of a row that the student predicts with confidence is its class."""
    rows = np.flatnonzero(training.origin == UNLABELED_ROW)
    X_unlabeled, groups = take_rows(training.data.X, rows), training.data.groups
    proba = predict_proba_for(base_student, X_unlabeled, data.classes)
    confident = proba.max(axis=1) >= PSEUDO_LABEL_THRESHOLD
    one_hot = np.eye(len(data.classes))[proba.argmax(axis=1)]
    return replace(
        data,
        X=stack_tables([data.X, X_unlabeled]),
        y=np.concatenate([data.y, np.full(len(proba), UNLABELED)]),
        soft_targets=np.concatenate([data.soft_targets, np.where(confident[:, None], one_hot, np.nan)]),
        teacher_features=None,
        groups=None if data.groups is None or groups is None else np.concatenate([data.groups, groups[rows]]),
    )


def training_history(student: BaseEstimator) -> pd.DataFrame | None:
    """Losses of each epoch of a network student."""
    model = final_estimator(student)
    if not isinstance(model, NetworkClassifier):
        return None
    return pd.DataFrame(list(model.net_.history)).drop(columns="batches")
