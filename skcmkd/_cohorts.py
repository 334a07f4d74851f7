"""What a student takes from a teacher's cohort: representation, head, and estimates for the student's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from ._costs import cost_matrix
from ._cross_fitting import predict_aligned_proba, unseen_proba
from ._fitting import final_step
from ._folds import assign_folds
from ._network_base import network_head
from ._networks import NetworkClassifier
from ._ridge import TunedRidge, as_design
from ._side_data import SideData
from ._tables import Table, in_single_precision
from .information import log_ratio_coordinates

# The mean cost between two rows is a unit of measure: so many rows tell it well enough.
ROWS_FOR_SCALE = 300
# A column that varies less, relative to its mean, is constant but for rounding.
SMALLEST_SPREAD = 1e-9
# Where the student's rows have folds of their own making.
TEACHER_FOLDS = 5
REPRESENTATIONS = ("transform", "decision_function", "predict_proba")


@dataclass(frozen=True)
class TeacherCohort:
    """The teacher's cohort in the space of the teacher's representation, centred and in units of its spread.

    Attributes
    ----------
    features : ndarray of shape (n_rows, n_features)
        Rows of the classes that the student's cohort has, too.
    codes : ndarray of shape (n_rows,)
        Their classes, as positions among the student's.
    shares : ndarray of shape (n_classes,)
        Shares of the classes in the student's cohort, among those that both cohorts have; 0 for the others.
    coef, intercept : ndarray of shape (n_classes, n_features) and (n_classes,)
        The teacher's head: scores of each class from the representation, corrected for the student's class shares.
    centre, unit : ndarray of shape (n_features,), float
        What the teacher's own features were centred at and divided by.
    """

    features: np.ndarray
    codes: np.ndarray
    shares: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    centre: np.ndarray
    unit: float

    @property
    def known(self) -> np.ndarray:
        """Mask of the classes that both cohorts have."""
        return self.shares > 0

    @property
    def prototypes(self) -> np.ndarray:
        """Mean representation of each class; 0 for a class that the cohort lacks."""
        return np.stack(
            [
                self.features[self.codes == code].mean(axis=0) if known else np.zeros(self.features.shape[1])
                for code, known in enumerate(self.known)
            ]
        ).astype(np.float32)

    def scale_of(self, cost: str) -> float:
        """Mean cost between two rows."""
        rows = np.linspace(0, len(self.features) - 1, min(len(self.features), ROWS_FOR_SCALE)).astype(int)
        mean = cost_matrix(self.features[rows], self.features[rows], cost).mean()
        return float(mean) if mean > 0 else 1.0

    def of_classes(self, present: np.ndarray) -> TeacherCohort:
        """The cohort among some of the student's classes; itself, and no copy, among all of them."""
        if present.all():
            return self
        rows = present[self.codes]
        shares = self.shares[present]
        return replace(
            self,
            features=self.features[rows],
            codes=(np.cumsum(present) - 1)[self.codes[rows]],
            shares=(shares / max(shares.sum(), np.finfo(float).tiny)).astype(np.float32),
            coef=self.coef[present],
            intercept=self.intercept[present],
        )

    def shuffled(self, random_state: np.random.RandomState) -> TeacherCohort:
        """A cohort whose rows lost their classes, and a head that says their shares: a teacher that knows nothing."""
        shares = np.log(np.where(self.known, self.shares, 1)).astype(np.float32)
        return replace(
            self, codes=random_state.permutation(self.codes), coef=np.zeros_like(self.coef), intercept=shares
        )

    def place(self, own_features: np.ndarray) -> np.ndarray:
        """The teacher's own features of other rows, in the cohort's space."""
        return in_single_precision(lambda block: (block - self.centre) / self.unit, own_features)


@dataclass(frozen=True)
class Alignment:
    """How a student is aligned with a cohort, and how strongly."""

    name: str
    cohort: Any  # a TeacherCohort, once the teacher is fitted
    weight: float
    cost: str
    reg: float
    reg_m: float | None
    inner_steps: int
    inner_learning_rate: float

    def of_classes(self, present: np.ndarray) -> Alignment:
        """The same with a cohort among some of the student's classes."""
        return replace(self, cohort=self.cohort.of_classes(present))


def choose_representation(teacher: BaseEstimator, representation: str) -> str:
    """The method whose output represents a row; for "auto" the first that the teacher has."""
    wanted = REPRESENTATIONS if representation == "auto" else (representation,)
    for method in wanted:
        if hasattr(teacher, method):
            return method
    has = [method for method in REPRESENTATIONS if hasattr(teacher, method)]
    raise ValueError(
        f"The teacher {teacher.__class__.__name__} has no {' or '.join(wanted)} to represent a row by; it has "
        f"{', '.join(has) or 'none of those that can'}. Set representation to one of these, or give another teacher."
    )


def represent_by(teacher: BaseEstimator, X: Table, method: str, classes: np.ndarray | None = None) -> np.ndarray:
    """The teacher's representation of each row: a transform, decision scores, or log-ratios of probabilities.

    ``classes`` are those of its cohort, where a ready teacher knows more.
    """
    if method == "predict_proba":
        classes = teacher.classes_ if classes is None else classes
        return _with_opposite(log_ratio_coordinates(predict_aligned_proba(teacher, X, classes)))
    values = getattr(teacher, method)(X)
    values = np.asarray(values.toarray() if issparse(values) else values, dtype=np.float64)
    values = _with_opposite(values.reshape(len(values), -1))
    if not np.isfinite(values).all():
        raise ValueError(
            f"{teacher.__class__.__name__}.{method} gave NaN or infinity for "
            f"{int((~np.isfinite(values)).any(axis=1).sum())} of {len(values)} rows; give a teacher that does not, or "
            "set representation to another of its methods."
        )
    return values


def _with_opposite(values: np.ndarray) -> np.ndarray:
    """A single score beside its opposite, as of two classes: alone it has no direction that could be turned."""
    return np.hstack([-values, values]) if values.shape[1] == 1 else values


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
