"""The teacher's cohort in the space of its representation, and how a student is aligned with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._transport._costs import cost_matrix
from .._validation._tables import in_single_precision

# The mean cost between two rows is a unit of measure: so many rows tell it well enough.
ROWS_FOR_SCALE = 300


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
