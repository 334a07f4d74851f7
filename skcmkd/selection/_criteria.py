"""When to distil: the figures that criteria decide by, the families that measure them, the decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from .._model_selection._folds import stratified_folds
from .._model_selection._probabilities import log_ratio_coordinates
from ..information import class_information, label_information
from ..information._classifier import out_of_fold_proba

# The figure that each named criterion decides by; all are positive where they speak for the teacher.
FIGURE_OF = {"advantage": "advantage", "cch": "gap", "residual": "residual", "risk": "risk_reduction"}
FIGURES = tuple(FIGURE_OF.values())
# The weight that PairedDistiller is most often given: where the predicted risk is judged.
TYPICAL_WEIGHT = 0.5


@dataclass(frozen=True)
class Informations:
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
class Family:
    """One family of estimators for every information of a comparison, so that their errors are alike.

    ``between(H, H')`` and ``about_label(H, y)`` are in nats; ``join(parts, y, groups)`` makes one representation of
    several.
    """

    between: Callable[[np.ndarray, np.ndarray], float]
    about_label: Callable[[np.ndarray, np.ndarray], float]
    join: Callable[[list[np.ndarray], np.ndarray, np.ndarray | None], np.ndarray]

    def informations(
        self, teacher: np.ndarray, student: np.ndarray, y: np.ndarray, block_of: np.ndarray
    ) -> Informations:
        """The three informations, the labels being those of the first rows.

        Representations can be compared within a block of rows; blocks are averaged by their rows.
        """
        of_label = block_of[: len(y)]
        return Informations(
            average_over_blocks(lambda rows: self.between(teacher[rows], student[rows]), block_of),
            average_over_blocks(lambda rows: self.about_label(student[rows], y[rows]), of_label),
            average_over_blocks(lambda rows: self.about_label(teacher[rows], y[rows]), of_label),
        )


def average_over_blocks(measure: Callable[[np.ndarray], float], block_of: np.ndarray) -> float:
    """The measure of each block's rows, weighted by their number."""
    rows_of = [np.flatnonzero(block_of == block) for block in np.unique(block_of)]
    return sum((len(rows) / len(block_of) * measure(rows) for rows in rows_of), 0.0)


def class_score_family() -> Family:
    """Informations from class probabilities: their log-loss, and the joint of two models' class variables."""
    return Family(class_information, label_information, _stack_class_scores)


def estimator_family(estimator: Callable[..., float], seed: int) -> Family:
    """All informations by one estimator of ``skcmkd.information``, or a function of the same form."""
    seeded = partial(_measure, estimator, seed)
    return Family(seeded, seeded, _side_by_side)


def _measure(estimator: Callable[..., float], seed: int, H: np.ndarray, other: np.ndarray) -> float:
    nats = float(estimator(H, other, random_state=seed))
    if not np.isfinite(nats):
        raise ValueError(f"The estimator {estimator!r} gave {nats} for {len(H)} rows.")
    return nats


def _side_by_side(parts: list[np.ndarray], y: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    return np.hstack(parts)


def _stack_class_scores(parts: list[np.ndarray], codes: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    """Out-of-fold class probabilities of the labelled rows from several models' probabilities."""
    coordinates = np.hstack([log_ratio_coordinates(proba) for proba in parts])
    return out_of_fold_proba(coordinates, codes, parts[0].shape[1], stratified_folds(codes, 5, groups), groups)
