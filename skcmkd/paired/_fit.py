"""How the paired distillers teach, whether they predict a class or a quantity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._distillation._fit_student import fit_student
from .._distillation._objectives import Objective
from .._distillation._targets import ClassTarget, Target
from .._linear_model._excess_risk import linear_residuals
from .._model_selection._folds import assign_folds
from .._model_selection._pipelines import fit_weighted
from .._validation._sklearn import n_rows_of
from .._validation._tables import take_rows
from ._alpha import Trial, candidate_weight, try_weights
from ._input import ANALYTIC, AUTO, GAP, LEARNED, Given, check_given, check_objective, make_models
from ._pairs import Pairs
from ._soft_targets import Opinions
from ._teachers import TeacherSide, check_weights, gap_weights, given_weights, learn_weights
from ._temperature_scaling import TemperatureScaled, calibration_temperature


def teach(
    distiller: Any,
    target: Target,
    given: Given,
    y: np.ndarray,
    *,
    temperature: float = 1.0,
    calibrate: bool = False,
    unlabeled_weight: Callable[[np.ndarray], np.ndarray] | None = None,
    objective: Objective | None = None,
    representation: str = "auto",
) -> np.ndarray | None:
    """Form the teachers' opinions, choose the weight, train the student; sets the distiller's fitted attributes.

    Returns the pooled out-of-fold opinion of each labelled row, or None where no teacher was used.
    """
    check_weights(distiller.teacher_weights, distiller.teacher_columns)
    names = list(given.teacher_positions) if given.X_teacher is not None else []
    student, teachers = make_models(distiller, names)
    distiller.teacher_, distiller.teacher_weights_ = None, None
    distiller.alpha_, distiller.alpha_scores_ = 0.0, None
    pairs, sides = check_given(distiller, target, given, y, student, teachers)
    if distiller.alpha == 0:
        sides = []
    if not sides and not calibrate:
        rows = np.flatnonzero(pairs.studied)
        weight, groups = (None if a is None else a[rows] for a in (pairs.sample_weight, pairs.groups))
        distiller.student_ = fit_weighted(student, take_rows(pairs.X, pairs.studied), y[rows], weight, groups)
        return None
    if sides:
        target.check_student(student)
        check_objective(objective, student, distiller.alpha)
    if calibrate and not hasattr(student, "predict_proba"):
        raise ValueError(
            f"calibrate=True scales probabilities, and the student {student.__class__.__name__} has no predict_proba. "
            "Use one that has, or set calibrate to False."
        )
    parallel: dict[str, Any] = {"n_jobs": distiller.n_jobs, "verbose": bool(distiller.verbose)}
    opinions = Opinions(
        target,
        pairs,
        sides,
        assign_folds(
            distiller.cv,
            y,
            classes=isinstance(target, ClassTarget),
            groups=pairs.groups,
            pattern=_pattern_of(pairs, sides),
        ),
        weigh=partial(weigh_teachers, distiller.teacher_weights, names, target),
        student=student if distiller.teacher_weights == GAP and len(sides) > 1 else None,
        unlabeled_weight=unlabeled_weight,
        objective=objective,
        representation=representation,
        judged=calibrate or distiller.alpha == AUTO,
        **parallel,
    )
    attempt = partial(try_weights, student, opinions, temperature=temperature, **parallel)
    trial = None
    if sides and distiller.alpha == AUTO:
        trial = attempt(alphas=(0.0, candidate_weight(pairs)))
        distiller.alpha_, distiller.alpha_scores_ = trial.choice(), trial.scores(target.loss_name)
    elif sides:
        distiller.alpha_ = analytic_weight(opinions) if distiller.alpha == ANALYTIC else float(distiller.alpha)
    lesson = opinions.lesson()
    distiller.student_ = fit_student(student, lesson, distiller.alpha_, temperature)
    if calibrate and isinstance(target, ClassTarget):
        trial = trial or attempt(alphas=(distiller.alpha_,))
        distiller.student_ = calibrated(distiller.student_, trial, distiller.alpha_, pairs, target)
    if not sides:
        return None
    named = isinstance(distiller.teacher_columns, Mapping)
    distiller.teacher_ = dict(zip(names, opinions.teachers, strict=True)) if named else opinions.teachers[0]
    distiller.teacher_weights_ = dict(zip(names, opinions.weights().tolist(), strict=True)) if named else None
    return opinions.opinion_of_rows()


def _pattern_of(pairs: Pairs, sides: Sequence[TeacherSide]) -> np.ndarray | None:
    """Which modalities each row was measured on, as a number: every fold gets its share of each pattern.

    None where every row has them all.
    """
    masks = np.column_stack([pairs.studied, *(side.measured for side in sides)])
    if masks.all():
        return None
    return np.unique(masks, axis=0, return_inverse=True)[1].ravel()


def weigh_teachers(
    teacher_weights: str | Mapping[str, float],
    names: Sequence[str],
    target: Target,
    opinions: Sequence[np.ndarray],
    student: np.ndarray | None,
    y: np.ndarray,
    sample_weight: np.ndarray | None,
) -> np.ndarray:
    """Weights of several teachers by the chosen rule."""
    if teacher_weights == LEARNED:
        return learn_weights(opinions, y, target, sample_weight)
    if student is not None:
        return gap_weights(opinions, student, y, target)
    return given_weights(teacher_weights, names)


def analytic_weight(opinions: Opinions) -> float:
    """The weight in closed form: where a linear student's excess risk is least, to first order."""
    pairs, opinion = opinions.pairs, opinions.opinion_of_rows()
    rows = np.flatnonzero(pairs.heard & ~np.isnan(opinion).any(axis=1))
    n_unlabeled = 0 if pairs.X_unlabeled is None else n_rows_of(pairs.X_unlabeled)
    residuals = linear_residuals(
        take_rows(pairs.X, rows),
        opinions.target.as_numbers(pairs.y[rows]),
        opinion[rows],
        opinions.fold_of[rows],
        len(rows) / (len(rows) + n_unlabeled),
        None if pairs.groups is None else pairs.groups[rows],
    )
    return residuals.best_weight()


def calibrated(student: BaseEstimator, trial: Trial, alpha: float, pairs: Pairs, target: ClassTarget) -> BaseEstimator:
    """The student with the temperature that fits the rows held out in the trial best."""
    y, weight = pairs.y[trial.rows], pairs.sample_weight
    codes = np.searchsorted(target.classes, y)
    weight = None if weight is None else weight[trial.rows]
    # Of a class that a student has not met it could say nothing.
    met = trial.opinions[alpha][np.arange(len(codes)), codes] > 0
    codes, opinion, weight = codes[met], trial.opinions[alpha][met], None if weight is None else weight[met]
    return TemperatureScaled(student, calibration_temperature(opinion, codes, weight))
