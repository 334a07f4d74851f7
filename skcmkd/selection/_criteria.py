"""When to distil: the figures that criteria decide by, the families that measure them, the decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from .._model_selection._folds import stratified_folds
from .._model_selection._probabilities import centered_log_ratio
from ..information import label_mutual_information, prediction_mutual_information
from ..information._classifier import out_of_fold_proba

# The figure that each named criterion decides by; all are positive where they speak for the teacher.
METRIC_OF_CRITERION = {
    "advantage": "advantage",
    "cch": "gap",
    "residual": "residual_criterion",
    "risk": "risk_reduction",
}
CRITERION_METRICS = tuple(METRIC_OF_CRITERION.values())
# The weight that PairedDistiller is most often given: where the predicted risk is judged.
TYPICAL_WEIGHT = 0.5


@dataclass(frozen=True)
class MutualInformations:
    """The three informations, in nats, that the criteria compare."""

    teacher_student: float
    student_label: float
    teacher_label: float

    @property
    def gap(self) -> float:
        """I(H_T; H_S) - I(H_S; Y), the complementarity gap of arXiv 2510.13182."""
        return self.teacher_student - self.student_label

    @property
    def advantage(self) -> float:
        """I(H_T; Y) - I(H_S; Y): what the teacher knows more about the label."""
        return self.teacher_label - self.student_label


@dataclass(frozen=True)
class InformationEstimators:
    """One family of estimators for every information of a comparison, so that their errors are alike.

    ``mi(H, H')`` and ``label_mi(H, y)`` are in nats; ``concatenate(parts, y, groups)`` makes one representation of
    several.
    """

    mi: Callable[[np.ndarray, np.ndarray], float]
    label_mi: Callable[[np.ndarray, np.ndarray], float]
    concatenate: Callable[[list[np.ndarray], np.ndarray, np.ndarray | None], np.ndarray]

    def estimate(
        self, teacher: np.ndarray, student: np.ndarray, y: np.ndarray, block_ids: np.ndarray
    ) -> MutualInformations:
        """The three informations, the labels being those of the first rows.

        Representations can be compared within a block of rows; blocks are averaged by their rows.
        """
        label_mi = block_ids[: len(y)]
        return MutualInformations(
            block_average(lambda rows: self.mi(teacher[rows], student[rows]), block_ids),
            block_average(lambda rows: self.label_mi(student[rows], y[rows]), label_mi),
            block_average(lambda rows: self.label_mi(teacher[rows], y[rows]), label_mi),
        )


def block_average(statistic: Callable[[np.ndarray], float], block_ids: np.ndarray) -> float:
    """The measure of each block's rows, weighted by their number."""
    rows_of_block = [np.flatnonzero(block_ids == block) for block in np.unique(block_ids)]
    return sum((len(rows) / len(block_ids) * statistic(rows) for rows in rows_of_block), 0.0)


def proba_estimators() -> InformationEstimators:
    """Informations from class probabilities: their log-loss, and the joint of two models' class variables."""
    return InformationEstimators(prediction_mutual_information, label_mutual_information, _stack_proba)


def generic_estimators(estimator: Callable[..., float], seed: int) -> InformationEstimators:
    """All informations by one estimator of ``skcmkd.information``, or a function of the same form."""
    seeded = partial(_checked_estimate, estimator, seed)
    return InformationEstimators(seeded, seeded, _hstack)


def _checked_estimate(estimator: Callable[..., float], seed: int, H: np.ndarray, other: np.ndarray) -> float:
    nats = float(estimator(H, other, random_state=seed))
    if not np.isfinite(nats):
        raise ValueError(f"The estimator {estimator!r} gave {nats} for {len(H)} rows.")
    return nats


def _hstack(parts: list[np.ndarray], y: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    return np.hstack(parts)


def _stack_proba(parts: list[np.ndarray], codes: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    """Out-of-fold class probabilities of the labelled rows from several models' probabilities."""
    coordinates = np.hstack([centered_log_ratio(proba) for proba in parts])
    return out_of_fold_proba(coordinates, codes, parts[0].shape[1], stratified_folds(codes, 5, groups), groups)
