"""The loss of a student, and the weights of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ._objectives import SOFT_TARGETS, Objective

if TYPE_CHECKING:
    from .._losses._teacher_cohort import AlignmentSpec


@dataclass(frozen=True)
class StudentLoss:
    """The loss (1 - alpha) mean_labeled CE(y, p) + alpha mean_soft tau^2 KL(q^tau || p^tau) + weight A.

    Attributes
    ----------
    alpha : float in [0, 1]
        The teacher's share; 0 is the loss of the labels alone.
    temperature : float
        tau; used by network students alone.
    objective : Objective
        What a network matches of the teacher in place of the divergence KL.
    alignment : AlignmentSpec or None
        The alignment A with the teacher's cohort, and its weight.
    """

    alpha: float = 0.0
    temperature: float = 1.0
    objective: Objective = SOFT_TARGETS
    alignment: AlignmentSpec | None = None

    @property
    def uses_labels_only(self) -> bool:
        return self.alpha == 0 and self.alignment is None


def loss_weights(
    labeled: np.ndarray, has_soft_target: np.ndarray, alpha: float, sample_weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weights a_i of a row's label and b_i of its soft target, with n_l labeled rows and n_s rows of soft targets.

    sum_i a_i CE_i + b_i KL_i = n [(1 - alpha) mean_labeled CE + alpha mean_soft KL].

    n is an effective number of rows: it keeps the strength of a student's regularization in step with the data, and
    a_i = 1 - alpha, b_i = alpha if every row has both. It is n = (1 - alpha) n_l + alpha n_s or, if no row has
    both, Kish's effective number 1 / ((1 - alpha)^2 / n_l + alpha^2 / n_s), so that every row weighs 1 at
    alpha = n_s / (n_l + n_s). With row weights w the means are weighted and n_l, n_s are sums of weights.
    """
    if sample_weight is not None:
        disjoint = not (labeled & has_soft_target & (sample_weight > 0)).any()
        labeled, has_soft_target = labeled * sample_weight, has_soft_target * sample_weight
    else:
        disjoint = not (labeled & has_soft_target).any()
    n_l, n_s = labeled.sum() or 1, has_soft_target.sum() or 1
    n = (1 - alpha) * n_l + alpha * n_s
    if disjoint:
        n = 1 / ((1 - alpha) ** 2 / n_l + alpha**2 / n_s)
    return labeled * ((1 - alpha) * n / n_l), has_soft_target * (alpha * n / n_s)
