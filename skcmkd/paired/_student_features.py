"""Students that are trained on their columns beside what these tell of the teacher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from .._distillation._fit_student import fit_student
from .._distillation._student_loss import StudentLoss
from .._distillation._training_data import TrainingData, stack_tables
from .._model_selection._pipelines import fit_transformers
from .._validation._tables import Table, take_rows
from ._predicted_features import PredictedTeacherFeatures

OWN = "own"
# Steps of the fitted student.
FEATURES_STEP, STUDENT_STEP = "predicted_teacher", "student"


def make_student_features(
    student_features: str,
    models: Mapping[str, BaseEstimator],
    teacher_columns: Mapping[str, np.ndarray],
    *,
    cv: Any,
    n_jobs: int | None,
) -> PredictedTeacherFeatures | None:
    """The unfitted transformer that the parameter ``student_features`` names; None for the student's own columns.

    Parameters
    ----------
    student_features : {"own", "predicted_teacher"}
    models : dict of str to estimator
        The unfitted teachers by name; empty where there is no teacher's table.
    teacher_columns : dict of str to ndarray of int
        Positions of each teacher's columns in its table.
    cv, n_jobs
        The distiller's parameters. A splitter assigns all rows to folds, and the features need folds of a part of
        them: five then.
    """
    if student_features == OWN or not models:
        return None
    if len(models) > 1:
        raise ValueError(
            f"student_features={student_features!r} predicts the scores of one teacher, and teacher_columns names "
            f"{len(models)}. Give the columns of one, or all of them as a list, or set student_features to 'own'."
        )
    ((name, model),) = models.items()
    cv = cv if isinstance(cv, int) else 5
    return PredictedTeacherFeatures(teacher=model, teacher_columns=teacher_columns[name], cv=cv, n_jobs=n_jobs)


def fit_student_on_features(
    student: BaseEstimator, data: TrainingData, loss: StudentLoss, *, features: PredictedTeacherFeatures | None
) -> BaseEstimator:
    """``fit_student``, with the predicted features between the student's transformers and its last step.

    The features of labeled rows are cross-fitted; those of unlabeled pairs are by the map of all pairs. All come from
    the rows of ``data``, so that a student is scored on rows that its features have not seen.

    Parameters
    ----------
    student : estimator
    data : TrainingData
        With the teacher's table.
    loss : StudentLoss
    features : PredictedTeacherFeatures or None
        Cloned. None fits the student to its own columns.

    Returns
    -------
    estimator
        The student; with features a Pipeline, which holds nothing of the teacher.
    """
    if features is None:
        return fit_student(student, data, loss)
    X = fit_transformers(student, data.X, data.target)
    before, (name, last) = [], (STUDENT_STEP, student)
    if isinstance(student, Pipeline):
        *before, (name, last) = student.steps
    features, labeled = clone(features), data.labeled
    weight, groups = (None if a is None else a[labeled] for a in (data.sample_weight, data.groups))
    pairs: tuple[Table, ...] | None = None
    if not labeled.all():
        pairs = (take_rows(X, ~labeled), take_rows(data.X_teacher, ~labeled))
        pairs = pairs if data.groups is None else (*pairs, data.groups[~labeled])
    parts = [
        features.fit_transform(
            take_rows(X, labeled),
            data.target,
            weight,
            groups=groups,
            X_teacher=take_rows(data.X_teacher, labeled),
            unlabeled_pairs=pairs,
        )
    ]
    if pairs is not None:
        parts.append(features.transform(pairs[0]))
    features.set_params(teacher=None, teacher_columns=None)
    fitted = fit_student(last, replace(data, X=stack_tables(parts), X_teacher=None), loss)
    return Pipeline([*before, (FEATURES_STEP, features), (name, fitted)])
