"""Paired distillation, of classes and of continuous targets: soft targets, alpha, student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone

from .._distillation._delegate import check_estimator_type
from .._distillation._fit_student import check_accepts_sample_weight
from .._distillation._objectives import Objective
from .._distillation._select import ValidationScores
from .._distillation._student_loss import StudentLoss
from .._distillation._targets import ClassificationTarget, Target
from .._linear_model._ridge import to_design_matrix
from .._model_selection._folds import make_fold_ids
from .._model_selection._pipelines import final_estimator
from .._model_selection._row_order import order_by_content
from .._utils._warnings import warn_user
from .._validation._failures import explain_failure, may_be_refused
from .._validation._table_checks import UNLABELED_PAIRS_NAMES, check_no_infinity
from .._validation._tables import take_rows
from ..networks._mlp import NetworkClassifier
from ._alpha import alpha_table, choose_alpha, cross_validate_alpha, equal_row_weights_alpha
from ._cross_fitted_teachers import CrossFittedTeachers
from ._data import PairedData, fit_alone
from ._further_rounds import resolve_rounds
from ._pooling import STACKED, make_pooling_rule
from ._student_features import fit_student_on_features, make_student_features
from ._teachers import STUDENT, TEACHER, TeacherInputs, own_model
from ._temperature_scaling import TemperatureScaled, fit_temperature


@dataclass(frozen=True)
class DistillationResult:
    """Student, teachers and soft targets after a paired distillation.

    Attributes
    ----------
    student : fitted estimator
    teachers : dict of str to fitted estimator
        Empty when no teacher was used.
    teacher_weights : dict of str to float
        By name of the teachers, and of the student's own model where it is in the pool.
    alpha : float
    alpha_scores : DataFrame or None
    soft_targets : ndarray of shape (n_samples, n_outputs) or None
        Out-of-fold, of the labeled rows.
    n_folds : int or None
        None when no fold was held out.
    """

    student: BaseEstimator
    teachers: dict[str, BaseEstimator]
    teacher_weights: dict[str, float]
    alpha: float = 0.0
    alpha_scores: pd.DataFrame | None = None
    soft_targets: np.ndarray | None = None
    n_folds: int | None = None

    def named_teachers(self, has_names: bool) -> tuple[Any, dict[str, float] | None]:
        """``teacher_`` and ``teacher_weights_``: by name where ``teacher_columns`` is a dict."""
        if not self.teachers:
            return None, None
        if has_names:
            return self.teachers, self.teacher_weights
        (teacher,) = self.teachers.values()
        weights = {name or TEACHER: weight for name, weight in self.teacher_weights.items()}
        return teacher, weights if STUDENT in weights else None


def distill(
    student: BaseEstimator,
    teachers: Sequence[TeacherInputs],
    data: PairedData,
    target: Target,
    loss: StudentLoss,
    *,
    alpha: float | str,
    teacher_weights: str | Mapping[str, float],
    n_rounds: int | str,
    student_features: str,
    representation: str = "auto",
    calibrate: bool = False,
    cv: Any,
    n_jobs: int | None,
    verbose: bool,
) -> DistillationResult:
    """Cross-fit the teachers, choose alpha, and fit the student in place.

    Parameters
    ----------
    student : estimator
    teachers : list of TeacherInputs
        Empty where there is no teacher's table.
    data : PairedData
    target : ClassificationTarget or RegressionTarget
    loss : StudentLoss
        Its alpha is replaced.
    alpha, teacher_weights, n_rounds, student_features, representation, calibrate, cv, n_jobs, verbose
        The distiller's parameters.
    """
    check_models(student, teachers, data, target)
    check_calibrate(student, calibrate)
    models = {teacher.name: teacher.model for teacher in teachers}
    features = make_student_features(student_features, models, data.teacher_columns, cv=cv, n_jobs=n_jobs)
    own = own_model(student, data, target) if teacher_weights == STACKED else None
    # Soft targets of a pool with the student's own model need no trial: the pool tells how much the teacher adds.
    trusts_pool = alpha == "auto" and own is not None and loss.objective.is_soft_targets
    if trusts_pool and teachers:
        alpha = equal_row_weights_alpha(data)
        if alpha == 0 and features is None:
            _warn_of_labels_alone(data)
    teachers = [] if alpha == 0 and features is None else teachers
    _warn_of_what_is_not_used(student, teachers, own, data, alpha, teacher_weights)
    with explain_failure(student, "student", lambda: _student_tables(data), {"y": data.y}):
        if not teachers and not calibrate:
            return DistillationResult(fit_alone(student, data.X, data, data.has_student), {}, {})
        if teachers:
            target.check_student(student)
            check_objective(loss.objective, student, alpha)
            if own is None and may_be_refused(student, _student_tables(data)):
                # Tried before the teachers, which may take long.
                trial = fit_alone(clone(student), data.X, data, data.has_student)
                if data.X_unlabeled is not None:
                    trial.predict(data.X_unlabeled)
    names = [teacher.name for teacher in teachers]
    parallel: dict[str, Any] = {"n_jobs": n_jobs, "verbose": verbose}
    fit = partial(fit_student_on_features, features=features)
    strata = _missingness_pattern(data, teachers)
    order = order_by_content(data.X if issparse(data.X) else to_design_matrix(data.X), data.y)
    fold_ids = make_fold_ids(
        cv, data.y, classes=len(target.classes) > 0, groups=data.groups, strata=strata, order=order
    )
    cross_fitted = CrossFittedTeachers(
        target,
        teachers,
        make_pooling_rule(teacher_weights, names, target),
        own if teachers else None,
        needs_features=bool(teachers) and loss.objective.needs_features,
        representation=representation,
        n_rounds=1 if own is None else resolve_rounds(n_rounds, [student, *models.values()], target),
        keeps_teacher_table=features is not None,
    ).fit(data, fold_ids, needs_validation=calibrate or alpha == "auto", **parallel)
    with explain_failure(student, "student", lambda: _student_tables(data), {"y": data.y}):
        best_alpha, scores = choose_alpha(alpha, student, cross_fitted, loss, fit=fit, **parallel)
        training_data = cross_fitted.training_data(labeled_soft_targets=not trusts_pool)
        student = fit(student, training_data, replace(loss, alpha=best_alpha))
        if calibrate:
            validation = scores or cross_validate_alpha(
                student, cross_fitted, (best_alpha,), loss, fit=fit, labeled_soft_targets=not trusts_pool, **parallel
            )
            student = _scale_temperature(student, validation, best_alpha)
    return DistillationResult(
        student,
        dict(zip(names, cross_fitted.models_, strict=True)),
        cross_fitted.named_weights() if teachers else {},
        best_alpha,
        alpha_table(scores) if scores is not None else None,
        cross_fitted.soft_targets() if teachers else None,
        int(fold_ids.max()) + 1,
    )


def check_models(student: BaseEstimator, teachers: Sequence[TeacherInputs], data: PairedData, target: Target) -> None:
    """Raise before any fit if a student or teacher lacks what it needs."""
    check_estimator_type(student, classes=isinstance(target, ClassificationTarget))
    if data.sample_weight is not None:
        check_accepts_sample_weight(student, "sample_weight or class_weight")
    for teacher in teachers:
        target.check_teacher(teacher.model)
    check_no_infinity(take_rows(data.X, data.has_student), "X")
    missing = np.setdiff1d(target.classes, data.y[data.has_student]).tolist()
    if missing:
        raise ValueError(
            f"Class {missing[0]!r} has rows of the teacher's table alone: X is missing throughout in all of them, so "
            "no student can learn it. Leave these rows out."
        )


def check_calibrate(student: BaseEstimator, calibrate: bool) -> None:
    """Raise if probabilities are to be scaled and the student predicts none."""
    if calibrate and not hasattr(student, "predict_proba"):
        raise ValueError(
            f"calibrate=True scales probabilities, and the student {student.__class__.__name__} has no predict_proba. "
            "Use one that has, or set calibrate to False."
        )


def check_objective(objective: Objective, student: BaseEstimator, alpha: float | str) -> None:
    """Raise if the student is no network, or its head is not trained, with an objective other than soft targets."""
    if objective.is_soft_targets:
        return
    names = [term for term, _ in objective.terms]
    if alpha == "analytic":
        raise ValueError(
            f"alpha='analytic' is a formula for soft targets. Set alpha to a number or to 'auto' for "
            f"objective={names!r}."
        )
    if alpha == 1 and objective.ignores_logits:
        raise ValueError(
            f"With alpha=1 and objective={names!r} nothing trains the student's last layer. Lower alpha, or add "
            "('soft_targets', 1.0) to the objective."
        )
    model = final_estimator(student)
    if not isinstance(model, NetworkClassifier):
        raise ValueError(
            f"objective={names!r} needs a network as student, and {model.__class__.__name__} is none. Use "
            "NetworkClassifier, or objective='soft_targets'."
        )


def _warn_of_labels_alone(data: PairedData) -> None:
    if data.n_incomplete_pairs:
        # The check of the pairs has warned that none has both modalities.
        return
    y = data.y
    has_mark = y.dtype.kind in "if" and y.min() == -1 and len(np.unique(y)) > 2
    warn_user(
        "All rows have a label, and soft targets of labeled rows help no student on average, so with alpha='auto' the "
        "student is trained alone. Give samples without a label as unlabeled_pairs; or set alpha to a number, above 0 "
        "to distill all the same, or 0 to train the student alone without this warning."
        + (
            f" y is -1 in {int((y == -1).sum())} rows, and -1 is a class here: if it marks rows without a label, as in "
            "sklearn.semi_supervised, take these out of X and y and give them as unlabeled_pairs."
            if has_mark
            else ""
        )
    )


def _warn_of_what_is_not_used(
    student: BaseEstimator,
    teachers: Sequence[TeacherInputs],
    own: TeacherInputs | None,
    data: PairedData,
    alpha: float | str,
    teacher_weights: str | Mapping[str, float],
) -> None:
    """Warn of an alpha without a teacher, and of a stacked pool that cannot hold the student's own model."""
    if not teachers and data.student_columns is None and alpha not in ("auto", 0):
        warn_user(
            f"alpha={alpha!r} was given without a teacher's table, so the student is trained alone, on the labels. "
            "Give X_teacher, or set student_columns if X holds both modalities."
        )
    if teachers and teacher_weights == STACKED and own is None:
        name = final_estimator(student).__class__.__name__
        warn_user(
            f"The student {name} has no predict_proba, so its own model is not in the pool of teacher_weights="
            "'stacked': the soft targets are the teacher's alone, and a weak teacher can do harm. Give "
            f"CalibratedClassifierCV({name}()) as the student, or set teacher_weights='equal' to accept that."
        )


def _student_tables(data: PairedData) -> dict[str, Any]:
    tables = {"X": take_rows(data.X, data.has_student)}
    return tables if data.X_unlabeled is None else tables | {UNLABELED_PAIRS_NAMES[0]: data.X_unlabeled}


def _missingness_pattern(data: PairedData, teachers: Sequence[TeacherInputs]) -> np.ndarray | None:
    """Which modalities each row has, as the number of a pattern, to stratify folds by; None if all rows have all.

    Returns
    -------
    ndarray of shape (n_samples,) or None
    """
    masks = np.column_stack([data.has_student, *(teacher.observed for teacher in teachers)])
    if masks.all():
        return None
    return np.unique(masks, axis=0, return_inverse=True)[1].ravel()


def _scale_temperature(student: BaseEstimator, scores: ValidationScores, alpha: float) -> BaseEstimator:
    """The student with the temperature of least log-loss on the validation folds."""
    # A row whose class was absent from its student's training rows has no probability to be scaled.
    rows = scores.in_training
    proba = scores.predictions[scores.candidates.index(alpha)][rows]
    weight = None if scores.sample_weight is None else scores.sample_weight[rows]
    codes = np.searchsorted(scores.target.classes, scores.y[rows])
    return TemperatureScaled(student, fit_temperature(proba, codes, weight))
