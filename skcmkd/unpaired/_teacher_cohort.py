"""The teacher, fitted to its own cohort: the cohort's representation, and the head that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from .._distillation._representations import mirror_single_score, teacher_representation
from .._losses._teacher_cohort import TeacherCohort
from .._model_selection._cross_fitting import check_training_classes, cross_fit, cross_fit_proba
from .._model_selection._folds import make_fold_ids
from .._model_selection._pipelines import final_estimator, fit_with_metadata
from .._model_selection._probabilities import centered_log_ratio
from .._validation._failures import explain_failure
from .._validation._tables import Table, apply_as_float32
from ..networks._base import head_parameters
from ..networks._mlp import NetworkClassifier
from ._input import UnpairedData

# Folds of the teacher's cohort where cv is a splitter, which is for the student's rows.
N_TEACHER_FOLDS = 5


@dataclass(frozen=True)
class FittedTeacher:
    """A teacher fitted to its cohort.

    Attributes
    ----------
    model : fitted estimator
    method : str
        The method that represents a row.
    cohort : TeacherCohort
    features : ndarray of shape (n_teacher_samples, n_features)
        The representation of its own rows, unscaled.
    source_priors : ndarray of shape (n_classes,)
        Frequencies of the student's classes in the teacher's cohort.
    error : float
        Share of its own rows that it predicts wrong, out of fold; NaN unless it was asked for.
    """

    model: BaseEstimator
    method: str
    cohort: TeacherCohort
    features: np.ndarray
    source_priors: np.ndarray
    error: float


def fit_teacher(
    teacher: BaseEstimator,
    data: UnpairedData,
    classes: np.ndarray,
    method: str,
    *,
    needs_error: bool,
    cv: Any,
    n_jobs: int | None,
) -> FittedTeacher:
    """Fit the teacher in place to its cohort, and represent the cohort.

    Parameters
    ----------
    teacher : estimator
    data : UnpairedData
    classes : ndarray of shape (n_classes,)
        The student's.
    method : {"transform", "decision_function", "predict_proba"}
        Represents a row; probabilities are out of fold, as log-ratios.
    needs_error : bool
        Whether to cross-fit the teacher for its error.
    cv, n_jobs
        The distiller's parameters.
    """
    with explain_failure(teacher, "teacher", partial(_tables_of, data)):
        model = fit_with_metadata(teacher, data.X_teacher, data.y_teacher, None, data.teacher_groups)
        proba, error = None, np.nan
        if needs_error:
            proba, prediction = _oof_predictions(teacher, data, cv, n_jobs)
            error = float((prediction != data.y_teacher).mean())
        features = represent_cohort(model, data, method, cv, n_jobs, proba)
    cohort = make_cohort(model, features, data.y_teacher, classes, np.searchsorted(classes, data.y), method)
    source_priors = np.array([(data.y_teacher == label).mean() for label in classes])
    return FittedTeacher(model, method, cohort, features, source_priors, error)


def represent_cohort(
    teacher: BaseEstimator,
    data: UnpairedData,
    method: str,
    cv: Any,
    n_jobs: int | None,
    proba: np.ndarray | None = None,
) -> np.ndarray:
    """A fitted teacher's representation of its own rows; from probabilities, ``proba`` if given, out of fold."""
    if method != "predict_proba":
        return teacher_representation(teacher, data.X_teacher, method, np.unique(data.y_teacher))
    proba = _oof_proba(teacher, data, cv, n_jobs) if proba is None else proba
    return mirror_single_score(centered_log_ratio(proba))


def make_cohort(
    teacher: BaseEstimator, features: np.ndarray, y: np.ndarray, classes: np.ndarray, codes: np.ndarray, method: str
) -> TeacherCohort:
    """The cohort of a fitted teacher, given the representation of its rows, for a student with the given labels.

    Parameters
    ----------
    teacher : fitted estimator
    features : ndarray of shape (n_teacher_samples, n_features)
    y : ndarray of shape (n_teacher_samples,)
    classes : ndarray of shape (n_classes,)
        The student's.
    codes : ndarray of shape (n_samples,)
        Positions of the student's labels in ``classes``.
    method : str
    """
    shared = np.isin(classes, y)
    counts = np.bincount(codes, minlength=len(classes)) * shared
    rows = np.isin(y, classes)
    teacher_codes = np.searchsorted(classes, y[rows])
    mean = features.mean(axis=0, where=rows[:, None])
    features = apply_as_float32(lambda block: block - mean, features)
    features = features if rows.all() else features[rows]
    scale = float(np.sqrt(np.vdot(features, features) / features.size)) or 1.0
    features /= np.float32(scale)
    coef, intercept = _linear_head(teacher, features, teacher_codes, classes, mean, scale, method)
    priors = counts / counts.sum()
    source_priors = np.bincount(teacher_codes, minlength=len(classes)) / len(teacher_codes)
    intercept[shared] += np.log(priors[shared] / source_priors[shared])
    return TeacherCohort(
        features,
        teacher_codes,
        classes,
        priors.astype(np.float32),
        coef.astype(np.float32),
        intercept.astype(np.float32),
        mean,
        scale,
    )


def _linear_head(
    teacher: BaseEstimator,
    features: np.ndarray,
    codes: np.ndarray,
    classes: np.ndarray,
    mean: np.ndarray,
    scale: float,
    method: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of each of the student's classes, linear in the features: a network's own head, or a fitted one."""
    coef, intercept = np.zeros((len(classes), features.shape[1])), np.zeros(len(classes))
    model = final_estimator(teacher.estimator if isinstance(teacher, FrozenEstimator) else teacher)
    if method == "transform" and isinstance(model, NetworkClassifier):
        network_coef, network_intercept = head_parameters(model)
        known = np.isin(classes, model.classes_)
        rows = np.searchsorted(model.classes_, classes[known])
        coef[known], intercept[known] = network_coef[rows] * scale, network_intercept[rows] + network_coef[rows] @ mean
        return coef, intercept
    present = np.unique(codes)
    if len(present) > 1:
        head = LogisticRegression(max_iter=1000).fit(features, codes)
        # Two classes have one row of coefficients, the second's against the first.
        coef[present[-len(head.coef_) :]] = head.coef_
        intercept[present[-len(head.coef_) :]] = head.intercept_
    return coef, intercept


def adjust_priors(proba: np.ndarray, priors: np.ndarray, source_priors: np.ndarray) -> np.ndarray:
    """Probabilities under other class priors: each times its prior over the former one, divided by the sum.

    Saerens et al. 2002, equation 4, with known priors. A class that had no prior before is left at 0.
    """
    moved = proba * np.where(source_priors > 0, priors / np.where(source_priors > 0, source_priors, 1.0), 0.0)
    total = moved.sum(axis=1, keepdims=True)
    return np.where(total > 0, moved / np.where(total > 0, total, 1.0), proba)


def _oof_predictions(
    teacher: BaseEstimator, data: UnpairedData, cv: Any, n_jobs: int | None
) -> tuple[np.ndarray | None, np.ndarray]:
    """Out-of-fold probabilities of the teacher's own rows, None where it has none, and classes."""
    if hasattr(teacher, "predict_proba"):
        proba = _oof_proba(teacher, data, cv, n_jobs)
        return proba, np.unique(data.y_teacher)[proba.argmax(axis=1)]
    prediction = cross_fit(
        teacher,
        data.X_teacher,
        data.y_teacher,
        _teacher_folds(data, cv),
        _predict,
        check_training_classes,
        groups=data.teacher_groups,
        n_jobs=n_jobs,
    )
    return None, prediction


def _oof_proba(teacher: BaseEstimator, data: UnpairedData, cv: Any, n_jobs: int | None) -> np.ndarray:
    folds = _teacher_folds(data, cv)
    return cross_fit_proba(teacher, data.X_teacher, data.y_teacher, folds, n_jobs, data.teacher_groups)


def _teacher_folds(data: UnpairedData, cv: Any) -> np.ndarray:
    n_folds = cv if isinstance(cv, Integral) else N_TEACHER_FOLDS
    return make_fold_ids(n_folds, data.y_teacher, groups=data.teacher_groups)


def _predict(model: BaseEstimator, X: Table) -> np.ndarray:
    return model.predict(X)


def _tables_of(data: UnpairedData) -> dict[str, Table]:
    return {"teacher_data[0]": data.X_teacher}
