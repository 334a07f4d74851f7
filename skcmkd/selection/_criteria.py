"""Criteria: the metrics that they decide by, and the estimators of mutual information in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from .._utils._decisions import DISTIL, DO_NOT_DISTIL, UNDECIDED, sign_of_interval
from ..information import label_mutual_information, prediction_mutual_information

# A user's criterion: it takes the metrics of one candidate by name and returns a number.
Criterion = Callable[[Mapping[str, float]], float]
# The metric that each named criterion decides by, positive where it is in favor of the teacher.
METRIC_OF_CRITERION = {
    "auto": "added",
    "added": "added",
    "advantage": "advantage",
    "cch": "gap",
    "residual": "residual_criterion",
}
MI_NAMES = ("teacher_student", "student_label", "teacher_label")
# Metrics with an interval.
CRITERION_METRICS = ("gap", "advantage", "added", "residual_criterion", "risk_reduction")
# A teacher that adds less to the student, or to the teachers kept before it, is not worth having, in nats.
MIN_ADDED_NATS = 0.01
NO_PAIRS = "no unlabeled pairs: there no rule beats never distilling"
# The alpha of ``risk_reduction``.
RISK_ALPHA = 0.5


def check_criterion_name(criterion: object) -> None:
    """Raise where a metric's name is given and the criterion that decides by it has another."""
    for name, metric in METRIC_OF_CRITERION.items():
        if isinstance(criterion, str) and criterion == metric and metric not in METRIC_OF_CRITERION:
            raise ValueError(f"criterion={criterion!r} is a metric; the criterion that decides by it is {name!r}.")


def decisive_metric(criterion: str | Criterion) -> str:
    """Name of the metric that a criterion decides by."""
    return METRIC_OF_CRITERION[criterion] if isinstance(criterion, str) else "criterion"


def threshold_of(metric: str) -> float:
    """The value that a metric's interval must lie above."""
    return MIN_ADDED_NATS if metric == "added" else 0.0


def sign_of_metric(metric: str, lower: float, upper: float) -> str:
    """The decision by a metric's interval alone."""
    threshold = threshold_of(metric)
    return sign_of_interval(lower - threshold, upper - threshold)


def decide(metric: str, p_value: float, lower: float, upper: float, confidence: float) -> tuple[str, str]:
    """The decision by a metric's p-value, adjusted for all candidates, and its interval, and the reason in words.

    "distil" where the one-sided p-value is below (1 - confidence) / 2, the size of one end of the interval; "do not
    distil" where the interval lies below the threshold.
    """
    threshold = threshold_of(metric)
    if p_value < (1 - confidence) / 2:
        return DISTIL, f"{metric} is above {threshold:g} beyond chance (p-value {p_value:.2g})"
    if sign_of_metric(metric, lower, upper) == DO_NOT_DISTIL:
        return DO_NOT_DISTIL, f"the interval of {metric} lies below {threshold:g}"
    return UNDECIDED, f"{metric} is not shown to be above {threshold:g} (p-value {p_value:.2g})"


def metric_names(*, with_criterion: bool) -> list[str]:
    """Names of the metrics of each candidate, in their order."""
    return [*MI_NAMES, *CRITERION_METRICS, *(["criterion"] if with_criterion else [])]


@dataclass(frozen=True)
class MIEstimates:
    """Estimates of the three mutual information terms, in nats, that the criteria compare."""

    teacher_student: float
    student_label: float
    teacher_label: float

    @property
    def gap(self) -> float:
        """I(H_T; H_S) - I(H_S; Y), the complementarity gap of arXiv 2510.13182."""
        return self.teacher_student - self.student_label

    @property
    def advantage(self) -> float:
        """I(H_T; Y) - I(H_S; Y)."""
        return self.teacher_label - self.student_label


@dataclass(frozen=True)
class InformationEstimators:
    """Estimators of one kind for all mutual information of a comparison, so that their errors are alike.

    Attributes
    ----------
    mi : callable
        ``mi(H, H')`` of two representations of shape (n_rows, n_columns), in nats.
    label_mi : callable
        ``label_mi(H, y)``, in nats.
    takes_proba : bool, default=False
        Whether representations are class probabilities and the estimates functions of means over rows, as in
        ``_subsets.py``; all rows are then one block.
    """

    mi: Callable[[np.ndarray, np.ndarray], float]
    label_mi: Callable[[np.ndarray, np.ndarray], float]
    takes_proba: bool = False

    def estimate(self, teacher: np.ndarray, student: np.ndarray, y: np.ndarray, block_ids: np.ndarray) -> MIEstimates:
        """Estimate the three terms within each block of rows, and average them over blocks.

        Parameters
        ----------
        teacher, student : ndarray of shape (n_rows, n_columns)
        y : ndarray of shape (n_labeled,)
            Labels of the first rows.
        block_ids : ndarray of shape (n_rows,)
        """
        label_block_ids = block_ids[: len(y)]
        return MIEstimates(
            block_average(lambda rows: self.mi(teacher[rows], student[rows]), block_ids),
            block_average(lambda rows: self.label_mi(student[rows], y[rows]), label_block_ids),
            block_average(lambda rows: self.label_mi(teacher[rows], y[rows]), label_block_ids),
        )


def block_average(statistic: Callable[[np.ndarray], float], block_ids: np.ndarray) -> float:
    """Mean of the statistic of each block's rows, weighted by the number of rows."""
    rows_of_block = [np.flatnonzero(block_ids == block) for block in np.unique(block_ids)]
    return sum((len(rows) / len(block_ids) * statistic(rows) for rows in rows_of_block), 0.0)


def proba_estimators() -> InformationEstimators:
    """Estimators that take class probabilities: by their log-loss, and by the joint of two class variables."""
    return InformationEstimators(prediction_mutual_information, label_mutual_information, takes_proba=True)


def generic_estimators(estimator: Callable[..., float], seed: int) -> InformationEstimators:
    """Estimators that all call one function of ``skcmkd.information``, or a user's function of the same form."""
    seeded = partial(_checked_estimate, estimator, seed)
    return InformationEstimators(seeded, seeded)


def _checked_estimate(estimator: Callable[..., float], seed: int, X: np.ndarray, Y: np.ndarray) -> float:
    nats = float(estimator(X, Y, random_state=seed))
    if not np.isfinite(nats):
        raise ValueError(f"The estimator {estimator!r} gave {nats} for {len(X)} rows.")
    return nats
