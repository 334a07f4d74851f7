"""Distance of a student's features and probabilities from the teacher's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge

from .._losses._teacher_cohort import TeacherCohort
from .._model_selection._pipelines import final_estimator
from .._model_selection._row_scores import kl_divergence
from .._transport._costs import cost_matrix
from .._transport._plan import transport
from .._transport._sinkhorn_divergence import sinkhorn_divergence
from .._validation._tables import Table, take_rows
from ..networks._mlp import NetworkClassifier

# Entropic regularization of the metric, in mean costs: exact transport between two samples of one distribution is not
# 0, and with debiasing this much entropy brings it near 0.
METRIC_REG = 0.1
MAX_METRIC_ROWS = 200
MAX_ITER = 100


@dataclass(frozen=True)
class AlignmentMeasure:
    """Feature and label alignment of a fitted network student on held-out rows, as a function of the two.

    Every student is compared with the same cohort, by a ridge regression from its features to the prototypes of the
    classes that is fitted to its training rows: all but the held-out ones.

    Attributes
    ----------
    X : table of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    cohort : TeacherCohort
    cost : str
    """

    X: Table
    y: np.ndarray
    cohort: TeacherCohort
    cost: str

    def __call__(self, student: BaseEstimator, held_out: np.ndarray, proba: np.ndarray) -> tuple[float, float] | None:
        """The two terms, NaN where no class is shared; None of a student that is no network.

        ``proba`` are the student's probabilities of the held-out rows, (len(held_out), n_classes).
        """
        if not isinstance(final_estimator(student), NetworkClassifier):
            return None
        train = np.setdiff1d(np.arange(len(self.y)), held_out)
        return alignment_metrics(student, self.X, self.y, self.cohort, self.cost, train, held_out, proba)


def alignment_metrics(
    student: BaseEstimator,
    X: Table,
    y: np.ndarray,
    cohort: TeacherCohort,
    cost: str,
    train: np.ndarray,
    held_out: np.ndarray,
    proba: np.ndarray,
) -> tuple[float, float]:
    """Feature and label alignment of held-out rows whose class the teacher's cohort has; NaN without any.

    Features: debiased transport cost to the teacher's rows, in mean costs between two of these. Labels: mean KL of the
    student's probabilities from those of the teacher's head, in nats.

    Parameters
    ----------
    student : fitted estimator
    X : table of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    cohort : TeacherCohort
    cost : str
    train, held_out : ndarray of int
        Positions of the student's training rows and of the rows to measure.
    proba : ndarray of shape (len(held_out), n_classes)
        The student's probabilities of the held-out rows.
    """
    codes = np.searchsorted(cohort.classes, y)
    shared = cohort.shared[codes[held_out]]
    if not cohort.shared[codes[train]].any() or not shared.any():
        return np.nan, np.nan
    X_held_out, proba = take_rows(X, held_out[shared]), proba[shared]
    projected = project_to_teacher(student, cohort, take_rows(X, train), codes[train], X_held_out)
    n_rows = np.bincount(cohort.codes, minlength=len(cohort.classes))
    scale = cohort.mean_cost(cost)
    features = sinkhorn_divergence(
        projected,
        cohort.features,
        cost,
        target_weights=(cohort.class_priors / np.maximum(n_rows, 1))[cohort.codes],
        reg=METRIC_REG * scale,
        max_rows=MAX_METRIC_ROWS,
        max_iter=MAX_ITER,
    )
    p = proba[:, cohort.shared] / proba[:, cohort.shared].sum(axis=1, keepdims=True)
    t = softmax((projected @ cohort.coef.T + cohort.intercept)[:, cohort.shared], axis=1)
    return features / scale, float(kl_divergence(t, p).mean())


def project_to_teacher(
    fitted: BaseEstimator, cohort: TeacherCohort, X: Table, codes: np.ndarray, X_new: Table
) -> np.ndarray:
    """A student's features of new rows in the teacher's space, of shape (n_new, n_teacher_features).

    By ridge regression to the prototypes of the classes, fitted to the rows of X whose class the teacher's cohort has.

    Parameters
    ----------
    fitted : fitted student
    cohort : TeacherCohort
    X : table of shape (n_samples, n_features)
    codes : ndarray of shape (n_samples,)
        Classes of the rows of X, as positions in ``cohort.classes``.
    X_new : table of shape (n_new, n_features)
    """
    shared = cohort.shared[codes]
    ridge = Ridge().fit(_transform(fitted, take_rows(X, np.flatnonzero(shared))), cohort.prototypes[codes[shared]])
    # For one column scikit-learn returns a vector.
    return ridge.predict(_transform(fitted, X_new)).reshape(-1, cohort.features.shape[1])


def class_transport_plan(
    projected: np.ndarray, codes: np.ndarray, cohort: TeacherCohort, rows: np.ndarray, cost: str
) -> pd.DataFrame:
    """Mass that exact transport moves from the student's rows of each class to the teacher's of each class.

    A square table of the classes that both cohorts have, with the student's class priors on either side.

    Parameters
    ----------
    projected : ndarray of shape (n_samples, n_teacher_features)
        The student's features in the teacher's space.
    codes : ndarray of shape (n_samples,)
    cohort : TeacherCohort
    rows : ndarray of int
        Rows of the cohort to transport to.
    cost : str
    """
    shared = cohort.shared[codes]
    one_hot = [np.eye(len(cohort.classes))[:, part] for part in (codes[shared], cohort.codes[rows])]
    weights = [cohort.class_priors @ (part / np.maximum(part.sum(axis=1, keepdims=True), 1)) for part in one_hot]
    plan = transport(cost_matrix(projected[shared], cohort.features[rows], cost), *weights).plan
    classes = pd.Index(cohort.classes[cohort.shared])
    mass = (one_hot[0] @ plan @ one_hot[1].T)[np.ix_(cohort.shared, cohort.shared)]
    return pd.DataFrame(mass, index=classes.rename("student"), columns=classes.rename("teacher"))


def _transform(student: BaseEstimator, X: Table) -> np.ndarray:
    return np.asarray(student.transform(X), dtype=np.float64)
