"""How near a student's features and labels are to the teacher's."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import softmax, xlogy
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge

from .._losses._teacher_cohort import TeacherCohort
from .._transport._costs import cost_matrix
from .._transport._plan import transport
from .._transport._sinkhorn_divergence import debiased_cost
from .._validation._tables import Table, take_rows
from ._candidates import Material

# Of the measure, not of the training: exact transport between samples of one distribution is not 0, and debiasing by
# this much entropy, in mean costs, brings it near.
REG_OF_MEASURE = 0.1
ROWS_FOR_TRANSPORT = 200
MOST_ITERATIONS = 100


def measure_alignment(
    fitted: BaseEstimator, material: Material, rows: np.ndarray, held_out: np.ndarray, proba: np.ndarray
) -> tuple[float, float]:
    """Feature and label alignment of a fitted student on held-out rows whose class the teacher's cohort has.

    The yardstick is the same for every student: ridge regression from its features to the prototypes of the classes,
    fitted to its training rows. Features: debiased transport cost to the teacher's rows, in mean costs between two of
    these. Labels: KL of the student's probabilities from those of the teacher's head, in nats.
    """
    cohort, cost = material.yardstick or material.alignment.cohort, material.alignment.cost
    codes = np.searchsorted(material.classes, material.y[rows])
    judged = cohort.known[np.searchsorted(material.classes, material.y[held_out])]
    if not cohort.known[codes].any() or not judged.any():
        return np.nan, np.nan
    X, proba = take_rows(material.X, held_out[judged]), proba[judged]
    mapped = map_to_teacher(fitted, cohort, take_rows(material.X, rows), codes, X)
    weights = (cohort.shares / np.maximum(np.bincount(cohort.codes, minlength=len(cohort.shares)), 1))[cohort.codes]
    scale = cohort.scale_of(cost)
    features = debiased_cost(
        mapped,
        cohort.features,
        cost,
        target_weights=weights,
        reg=REG_OF_MEASURE * scale,
        max_rows=ROWS_FOR_TRANSPORT,
        max_iter=MOST_ITERATIONS,
    )
    scores = (mapped @ cohort.coef.T + cohort.intercept)[:, cohort.known]
    heard = proba[:, cohort.known] / proba[:, cohort.known].sum(axis=1, keepdims=True)
    teacher = softmax(scores, axis=1)
    labels = (xlogy(teacher, teacher) - teacher * np.log(np.maximum(heard, 1e-12))).sum(axis=1).mean()
    return features / scale, float(labels)


def map_to_teacher(
    fitted: BaseEstimator, cohort: TeacherCohort, X: Table, codes: np.ndarray, X_new: Table
) -> np.ndarray:
    """A student's features of new rows in the teacher's space, by ridge regression to the prototypes of the classes.

    The regression is fitted to the given rows, those of classes that the teacher's cohort has.
    """
    known = cohort.known[codes]
    ridge = Ridge().fit(_features_of(fitted, take_rows(X, np.flatnonzero(known))), cohort.prototypes[codes[known]])
    # For one column scikit-learn gives a vector.
    return ridge.predict(_features_of(fitted, X_new)).reshape(-1, cohort.features.shape[1])


def plan_between_classes(
    mapped: np.ndarray, codes: np.ndarray, cohort: TeacherCohort, rows: np.ndarray, cost: str, classes: np.ndarray
) -> pd.DataFrame:
    """Mass that exact transport moves from the student's rows of each class to the teacher's of each class.

    Classes that both cohorts have, with their shares in the student's cohort on either side.
    """
    used = cohort.known[codes]
    sides = [np.eye(len(classes))[:, part] for part in (codes[used], cohort.codes[rows])]
    weights = [cohort.shares @ (side / np.maximum(side.sum(axis=1, keepdims=True), 1)) for side in sides]
    plan = transport(cost_matrix(mapped[used], cohort.features[rows], cost), *weights).plan
    shared = pd.Index(classes[cohort.known])
    summed = (sides[0] @ plan @ sides[1].T)[np.ix_(cohort.known, cohort.known)]
    return pd.DataFrame(summed, index=shared.rename("student"), columns=shared.rename("teacher"))


def _features_of(student: BaseEstimator, X: Table) -> np.ndarray:
    return np.asarray(student.transform(X), dtype=np.float64)
