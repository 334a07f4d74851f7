"""When to distil: the gap, the teacher's advantage, their errors, and the decisions that follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .information import cca, class_information, label_information, log_ratio_coordinates

DISTIL, DO_NOT_DISTIL, UNDECIDED = "distil", "do not distil", "undecided"
# The figure of Informations that each criterion decides by.
FIGURE_OF = {"advantage": "advantage", "cch": "gap"}


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


def measure_informations(
    teacher_proba: np.ndarray, student_proba: np.ndarray, codes: np.ndarray, family: str, seed: int, rows: np.ndarray
) -> Informations:
    """Informations between out-of-fold class scores and the label on some rows, all three by one family."""
    teacher_proba, student_proba, codes = teacher_proba[rows], student_proba[rows], codes[rows]
    if family == "classifier":
        return Informations(
            class_information(teacher_proba, student_proba),
            label_information(student_proba, codes),
            label_information(teacher_proba, codes),
        )
    teacher, student = log_ratio_coordinates(teacher_proba), log_ratio_coordinates(student_proba)
    label = np.eye(student_proba.shape[1])[codes]
    return Informations(
        cca(teacher, student, random_state=seed),
        cca(student, label, random_state=seed),
        cca(teacher, label, random_state=seed),
    )


def subsample(
    statistic: Callable[[np.ndarray], Sequence[float]],
    n_rows: int,
    n_subsamples: int,
    random_state: np.random.RandomState,
) -> np.ndarray:
    """The statistic of random halves of the rows, drawn without replacement: (n_subsamples, n_statistics)."""
    return np.array([statistic(np.sort(random_state.permutation(n_rows)[: n_rows // 2])) for _ in range(n_subsamples)])


@dataclass(frozen=True)
class Interval:
    """A value with its standard error, its interval and the probability that it is positive."""

    value: float
    standard_error: float
    lower: float
    upper: float
    probability_positive: float

    @property
    def decision(self) -> str:
        """Three-valued: undecided when the interval holds zero."""
        if self.lower > 0:
            return DISTIL
        return DO_NOT_DISTIL if self.upper < 0 else UNDECIDED


def subsampling_interval(value: float, halves: np.ndarray, n_rows: int, confidence: float) -> Interval:
    """Interval of a statistic from its values on halves of the rows.

    A subsample of m of n rows shares them with the whole, and Var(theta_m - theta_n) = (1/m - 1/n) s^2 for a mean,
    so deviations are scaled by sqrt(m / (n - m)) to have the error s^2 / n of the whole: 1 for exact halves.
    (The factor sqrt(m / n) is for m much smaller than n; at m = n/2 it gives intervals a third too short.)
    Deviations are taken from their own mean, since a statistic of fewer rows has more bias.
    """
    m = n_rows // 2
    deviation = np.sqrt(m / (n_rows - m)) * (halves - halves.mean())
    low, high = np.quantile(deviation, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(
        value,
        float(deviation.std(ddof=1)),
        float(value - high),
        float(value - low),
        float(np.mean(value - deviation > 0)),
    )


def one_standard_error_choice(losses: np.ndarray) -> int:
    """Column of ``losses`` (n_rows, n_candidates) to take: the first within one standard error of the best.

    The standard error is that of the paired difference, sd(loss_j - loss_best) / sqrt(n), so the rule asks for
    evidence before it leaves the first candidate (Breiman et al. 1984, with pairs).
    """
    best = int(np.argmin(losses.mean(axis=0)))
    excess = losses - losses[:, [best]]
    standard_error = excess.std(axis=0, ddof=1) / np.sqrt(len(losses))
    return int(np.argmax(excess.mean(axis=0) <= standard_error))
