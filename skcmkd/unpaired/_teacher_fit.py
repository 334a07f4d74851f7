"""The teacher, fitted to its cohort: the representation of the cohort, and a linear head on it."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from .._distillation._representations import choose_representation, mirror_single_score, teacher_representation
from .._distillation._select import without_refit
from .._losses._teacher_cohort import TeacherCohort
from .._model_selection._cross_fitting import check_training_classes, cross_fit, cross_fit_proba
from .._model_selection._folds import make_fold_ids
from .._model_selection._pipelines import final_estimator, fit_with_metadata
from .._model_selection._probabilities import centered_log_ratio, predict_proba_for
from .._validation._failures import explain_failure
from .._validation._tables import Table, apply_as_float32
from ..networks._base import head_parameters
from ..networks._mlp import NetworkClassifier
from ._class_priors import adjust_priors, fit_class_offsets
from ._input import BRIDGE_NAMES, UnpairedData

# Folds of the teacher's cohort for its error and its class offsets, one number a class: more of them cost more and
# tell the same.
N_TEACHER_FOLDS = 2
# For probabilities that represent the cohort, when ``cv`` is a splitter, which splits the student's rows.
N_REPRESENTATION_FOLDS = 5
# Alignments that read the teacher's head.
HEAD_ALIGNMENTS = ("joint", "bilevel", "published")


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
        Representation of the cohort, unscaled.
    source_priors : ndarray of shape (n_classes,)
        Frequencies of the student's classes in the teacher's cohort.
    class_offsets : ndarray of shape (n_classes,)
        Added to log-probabilities, these have the source priors on average over the cohort; 0 where not needed.
    error : float
        Out-of-fold error rate on the cohort; NaN where it was not computed.
    """

    model: BaseEstimator
    method: str
    cohort: TeacherCohort
    features: np.ndarray
    source_priors: np.ndarray
    class_offsets: np.ndarray
    error: float

    def bridge_targets(self, data: UnpairedData) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities, (n_bridge, n_classes), and features, (n_bridge, n_features), of the bridge samples.

        The probabilities are moved to the cohort's class priors by offsets, and from these to the student's.
        """
        X, cohort = data.X_teacher_bridge, self.cohort
        with explain_failure(self.model, "teacher", lambda: {BRIDGE_NAMES[1]: X}):
            proba = predict_proba_for(self.model, X, cohort.classes)
            features = teacher_representation(self.model, X, self.method, np.unique(data.y_teacher))
        proba = adjust_priors(proba, cohort.class_priors, self.source_priors, self.class_offsets)
        return proba, cohort.standardize(features)


def fit_teacher(
    teacher: BaseEstimator,
    data: UnpairedData,
    classes: np.ndarray,
    representation: str,
    *,
    alignment: str,
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
    representation : {"auto", "transform", "decision_function", "predict_proba"}
        The method that represents a row; probabilities are out of fold, as log-ratios.
    alignment : str
        The distiller's parameter.
    needs_error : bool
        Whether to cross-fit the teacher for its error.
    cv, n_jobs
        The distiller's parameters.
    """
    method, offsets = choose_representation(teacher, representation), np.zeros(len(classes))
    labels = {"teacher_data[1]": data.y_teacher}
    with explain_failure(teacher, "teacher", lambda: {"teacher_data[0]": data.X_teacher}, labels):
        model = fit_with_metadata(teacher, data.X_teacher, data.y_teacher, None, data.teacher_groups)
        proba, error = None, np.nan
        uses_head = needs_error or data.linked_indices is not None or alignment in HEAD_ALIGNMENTS
        folds = _teacher_folds(data, method, cv)
        if needs_error:
            proba, prediction = _oof_predictions(teacher, data, folds, n_jobs)
            error = float((prediction != data.y_teacher).mean())
        elif needs_offsets(model, data, method, uses_head=uses_head):
            proba = _oof_proba(teacher, data, folds, n_jobs)
        features = represent_cohort(model, data, method, cv, n_jobs, proba)
    if proba is not None and needs_offsets(model, data, method, uses_head=uses_head):
        offsets = _class_offsets(proba, data.y_teacher, classes)
    codes = np.searchsorted(classes, data.y)
    cohort = make_cohort(model, features, data.y_teacher, classes, codes, method, offsets)
    source_priors = np.array([(data.y_teacher == label).mean() for label in classes])
    return FittedTeacher(model, method, cohort, features, source_priors, offsets, error)


def needs_offsets(teacher: BaseEstimator, data: UnpairedData, method: str, *, uses_head: bool) -> bool:
    """Whether the teacher's probabilities are used as they are, over a bridge or by the head of a network.

    A logistic regression of the features has the cohort's class priors by itself.
    """
    by_head = uses_head and _has_network_head(teacher, method)
    return hasattr(teacher, "predict_proba") and (data.X_bridge is not None or by_head)


def _class_offsets(proba: np.ndarray, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Offsets of the student's classes, (n_classes,), from probabilities of the sorted classes of the cohort."""
    teacher_classes, codes = np.unique(y, return_inverse=True)
    offsets, shared = np.zeros(len(classes)), np.isin(classes, teacher_classes)
    offsets[shared] = fit_class_offsets(proba, codes)[np.searchsorted(teacher_classes, classes[shared])]
    return offsets


def represent_cohort(
    teacher: BaseEstimator,
    data: UnpairedData,
    method: str,
    cv: Any,
    n_jobs: int | None,
    proba: np.ndarray | None = None,
) -> np.ndarray:
    """Representation of the cohort by a fitted teacher, of shape (n_teacher_samples, n_features).

    Parameters
    ----------
    teacher : fitted estimator
    data : UnpairedData
    method : {"transform", "decision_function", "predict_proba"}
    cv, n_jobs
        The distiller's parameters.
    proba : ndarray of shape (n_teacher_samples, n_teacher_classes), default=None
        Out-of-fold probabilities, where they are there already.
    """
    if method != "predict_proba":
        return teacher_representation(teacher, data.X_teacher, method, np.unique(data.y_teacher))
    proba = _oof_proba(teacher, data, _teacher_folds(data, method, cv), n_jobs) if proba is None else proba
    return mirror_single_score(centered_log_ratio(proba))


def make_cohort(
    teacher: BaseEstimator,
    features: np.ndarray,
    y: np.ndarray,
    classes: np.ndarray,
    codes: np.ndarray,
    method: str,
    class_offsets: np.ndarray | None = None,
) -> TeacherCohort:
    """The cohort of a fitted teacher, centered and scaled, for a student with labels ``codes``.

    Parameters
    ----------
    teacher : fitted estimator
    features : ndarray of shape (n_teacher_samples, n_features)
    y : ndarray of shape (n_teacher_samples,)
    classes : ndarray of shape (n_classes,)
        The student's.
    codes : ndarray of shape (n_samples,)
        Positions of the student's labels in ``classes``.
    method : {"transform", "decision_function", "predict_proba"}
        The method that gave ``features``.
    class_offsets : ndarray of shape (n_classes,), default=None
        Added to the scores of a network's head; None for 0.
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
    if class_offsets is not None and _has_network_head(teacher, method):
        intercept[shared] += class_offsets[shared]
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
    """Coefficients (n_classes, n_features) and intercepts (n_classes,) of scores that are linear in the features.

    The head of a network; else a logistic regression of ``codes``, fitted to ``features``. Zero for a class that the
    cohort lacks.
    """
    coef, intercept = np.zeros((len(classes), features.shape[1])), np.zeros(len(classes))
    if _has_network_head(teacher, method):
        model = _final_model(teacher)
        network_coef, network_intercept = head_parameters(model)
        shared = np.isin(classes, model.classes_)
        rows = np.searchsorted(model.classes_, classes[shared])
        coef[shared], intercept[shared] = (
            network_coef[rows] * scale,
            network_intercept[rows] + network_coef[rows] @ mean,
        )
        return coef, intercept
    present = np.unique(codes)
    if len(present) > 1:
        head = LogisticRegression(max_iter=1000).fit(features, codes)
        # Two classes have one row of coefficients, the second's against the first.
        coef[present[-len(head.coef_) :]] = head.coef_
        intercept[present[-len(head.coef_) :]] = head.intercept_
    return coef, intercept


def _has_network_head(teacher: BaseEstimator, method: str) -> bool:
    return method == "transform" and isinstance(_final_model(teacher), NetworkClassifier)


def _final_model(teacher: BaseEstimator) -> Any:
    return final_estimator(teacher.estimator if isinstance(teacher, FrozenEstimator) else teacher)


def _oof_predictions(
    teacher: BaseEstimator, data: UnpairedData, folds: np.ndarray, n_jobs: int | None
) -> tuple[np.ndarray | None, np.ndarray]:
    """Out-of-fold probabilities of the cohort, None for a teacher that has none, and predicted classes."""
    if hasattr(teacher, "predict_proba"):
        proba = _oof_proba(teacher, data, folds, n_jobs)
        return proba, np.unique(data.y_teacher)[proba.argmax(axis=1)]
    prediction = cross_fit(
        without_refit(teacher),
        data.X_teacher,
        data.y_teacher,
        folds,
        _predict,
        check_training_classes,
        groups=data.teacher_groups,
        n_jobs=n_jobs,
    )
    return None, prediction


def _oof_proba(teacher: BaseEstimator, data: UnpairedData, folds: np.ndarray, n_jobs: int | None) -> np.ndarray:
    return cross_fit_proba(without_refit(teacher), data.X_teacher, data.y_teacher, folds, n_jobs, data.teacher_groups)


def _teacher_folds(data: UnpairedData, method: str, cv: Any) -> np.ndarray:
    """Fold of each row of the cohort; where probabilities represent it, as many folds as the student's rows have."""
    n_folds: Any = N_TEACHER_FOLDS
    if method == "predict_proba":
        n_folds = cv if isinstance(cv, Integral) else N_REPRESENTATION_FOLDS
    if data.teacher_groups is None:
        # A small cohort has fewer folds, at least 2.
        n_folds = max(2, min(n_folds, np.unique(data.y_teacher, return_counts=True)[1].max()))
    return make_fold_ids(n_folds, data.y_teacher, groups=data.teacher_groups)


def _predict(model: BaseEstimator, X: Table) -> np.ndarray:
    return model.predict(X)
