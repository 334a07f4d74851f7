"""What a student takes from a teacher's cohort: representation, head, and estimates for the student's rows."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from .._distillation._representations import _with_opposite, represent_by
from .._linear_model._ridge import TunedRidge, as_design
from .._losses._teacher_cohort import TeacherCohort
from .._model_selection._cross_fitting import unseen_proba
from .._model_selection._folds import assign_folds
from .._model_selection._pipelines import final_step
from .._model_selection._probabilities import log_ratio_coordinates
from .._validation._tables import Table, in_single_precision
from ..networks._base import network_head
from ..networks._mlp import NetworkClassifier
from ._input import SideData

# A column that varies less, relative to its mean, is constant but for rounding.
SMALLEST_SPREAD = 1e-9
# Where the student's rows have folds of their own making.
TEACHER_FOLDS = 5


def unseen_opinions(teacher: BaseEstimator, side: SideData, cv: Any, n_jobs: int | None) -> np.ndarray:
    """Probabilities of the teacher's own rows by teachers that have not seen them."""
    return unseen_proba(teacher, side.X_teacher, side.y_teacher, _teacher_folds(side, cv), n_jobs, side.teacher_groups)


def unseen_predictions(teacher: BaseEstimator, side: SideData, cv: Any, n_jobs: int | None) -> np.ndarray:
    """The same for a teacher that gives no probabilities: its classes."""
    folds = PredefinedSplit(_teacher_folds(side, cv))
    return cross_val_predict(teacher, side.X_teacher, side.y_teacher, cv=folds, n_jobs=n_jobs)


def _teacher_folds(side: SideData, cv: Any) -> np.ndarray:
    n_folds = cv if isinstance(cv, Integral) else TEACHER_FOLDS
    return assign_folds(n_folds, side.y_teacher, groups=side.teacher_groups)


def represent_own_rows(
    teacher: BaseEstimator, side: SideData, method: str, cv: Any, n_jobs: int | None, proba: np.ndarray | None = None
) -> np.ndarray:
    """The teacher's representation of its own rows; of probabilities those of teachers that have not seen the row."""
    if method != "predict_proba":
        return represent_by(teacher, side.X_teacher, method, np.unique(side.y_teacher))
    return _with_opposite(log_ratio_coordinates(unseen_opinions(teacher, side, cv, n_jobs) if proba is None else proba))


def build_cohort(
    teacher: BaseEstimator, own_features: np.ndarray, y: np.ndarray, classes: np.ndarray, codes: np.ndarray, method: str
) -> TeacherCohort:
    """The cohort of a fitted teacher, given its rows' representations, for a student with the given labels."""
    known = np.isin(classes, y)
    shares = np.bincount(codes, minlength=len(classes)) * known
    rows = np.isin(y, classes)
    own_codes = np.searchsorted(classes, y[rows])
    centre = own_features.mean(axis=0, where=rows[:, None])
    features = in_single_precision(lambda block: block - centre, own_features)
    features = features if rows.all() else features[rows]
    unit = float(np.sqrt(np.vdot(features, features) / features.size)) or 1.0
    features /= np.float32(unit)
    coef, intercept = _head_of(teacher, features, own_codes, classes, centre, unit, method)
    shares = shares / shares.sum()
    former = np.bincount(own_codes, minlength=len(classes)) / len(own_codes)
    intercept[known] += np.log(shares[known] / former[known])
    return TeacherCohort(
        features,
        own_codes,
        shares.astype(np.float32),
        coef.astype(np.float32),
        intercept.astype(np.float32),
        centre,
        unit,
    )


def _head_of(
    teacher: BaseEstimator,
    features: np.ndarray,
    codes: np.ndarray,
    classes: np.ndarray,
    centre: np.ndarray,
    unit: float,
    method: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of each of the student's classes, linear in the features: a network's own head, or a fitted one."""
    coef, intercept = np.zeros((len(classes), features.shape[1])), np.zeros(len(classes))
    model = final_step(teacher.estimator if isinstance(teacher, FrozenEstimator) else teacher)
    if method == "transform" and isinstance(model, NetworkClassifier):
        own_coef, own_intercept = network_head(model)
        known = np.isin(classes, model.classes_)
        own = np.searchsorted(model.classes_, classes[known])
        coef[known], intercept[known] = own_coef[own] * unit, own_intercept[own] + own_coef[own] @ centre
        return coef, intercept
    present = np.unique(codes)
    if len(present) > 1:
        fitted = LogisticRegression(max_iter=1000).fit(features, codes)
        # Two classes have one row of coefficients, the second's against the first.
        coef[present[-len(fitted.coef_) :]] = fitted.coef_
        intercept[present[-len(fitted.coef_) :]] = fitted.intercept_
    return coef, intercept


def shift_shares(proba: np.ndarray, shares: np.ndarray, former: np.ndarray) -> np.ndarray:
    """Probabilities after a change of the class shares: each times its share over the former one, divided by the sum.

    Saerens et al. 2002, equation 4, with known shares. A class that had no share before is left at 0.
    """
    moved = proba * np.where(former > 0, shares / np.where(former > 0, former, 1.0), 0.0)
    total = moved.sum(axis=1, keepdims=True)
    return np.where(total > 0, moved / np.where(total > 0, total, 1.0), proba)


def estimate_features(
    tables: Sequence[Table],
    X_teacher: Table,
    weights: np.ndarray,
    features: np.ndarray,
    groups: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Estimate the teacher's features of the student's rows from columns that measure the same in both cohorts.

    Ridge regression from these columns to the features, fitted to the teacher's rows. The student's columns, of all
    its tables together, are first brought to the mean and spread that they have among the teacher's rows, weighted to
    the student's class shares.
    """
    linked, own = as_design(X_teacher), [as_design(table) for table in tables]
    ridge = TunedRidge().fit(linked, features, groups=groups)
    moved = match_moments(np.concatenate(own), linked, weights)
    return np.split(ridge.predict(moved).astype(np.float32), np.cumsum([len(part) for part in own])[:-1])


def match_moments(values: np.ndarray, like: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Columns shifted and stretched to the mean and spread of others, whose rows are weighted."""
    mean, spread = _moments(values, np.ones(len(values)))
    wanted_mean, wanted_spread = _moments(like, weights)
    varies = spread > SMALLEST_SPREAD * np.abs(mean)
    return (values - mean) * np.where(varies, wanted_spread / np.where(varies, spread, 1.0), 1.0) + wanted_mean


def _moments(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and standard deviation of each column's known values."""
    known = np.ma.masked_invalid(values)
    mean = np.ma.average(known, axis=0, weights=weights)
    variance = np.ma.average((known - mean) ** 2, axis=0, weights=weights)
    return np.ma.filled(mean, 0.0), np.sqrt(np.ma.filled(variance, 0.0))
