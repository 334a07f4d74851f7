"""The teacher's cohort in the space of its representation, and how a student is aligned with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .._transport._costs import cost_matrix
from .._validation._tables import apply_as_float32

# Number of rows used to estimate the mean pairwise cost, the unit of all costs.
N_SCALE_ROWS = 300


@dataclass(frozen=True)
class TeacherCohort:
    """The teacher's cohort in the space of the teacher's representation, centered and scaled.

    Attributes
    ----------
    features : ndarray of shape (n_rows, n_features)
        Representation of the rows whose class the student's cohort has, too.
    codes : ndarray of shape (n_rows,)
        Their classes, as positions in ``classes``.
    classes : ndarray of shape (n_classes,)
        The student's classes.
    class_priors : ndarray of shape (n_classes,)
        Frequencies of the classes in the student's cohort, among those that both cohorts have; 0 for the others.
    coef, intercept : ndarray of shape (n_classes, n_features) and (n_classes,)
        The teacher's head: scores of each class from the representation, adjusted to the student's class priors.
    mean, scale : ndarray of shape (n_features,), float
        Subtracted from the teacher's unscaled features, and their divisor.
    """

    features: np.ndarray
    codes: np.ndarray
    classes: np.ndarray
    class_priors: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    mean: np.ndarray
    scale: float

    @property
    def shared(self) -> np.ndarray:
        """Mask of the classes that both cohorts have."""
        return self.class_priors > 0

    @property
    def prototypes(self) -> np.ndarray:
        """Mean representation of each class, (n_classes, n_features); 0 for a class that the cohort lacks."""
        return np.stack(
            [
                self.features[self.codes == code].mean(axis=0) if shared else np.zeros(self.features.shape[1])
                for code, shared in enumerate(self.shared)
            ]
        ).astype(np.float32)

    def mean_cost(self, cost: str) -> float:
        """Mean cost between two rows."""
        rows = np.linspace(0, len(self.features) - 1, min(len(self.features), N_SCALE_ROWS)).astype(int)
        mean = cost_matrix(self.features[rows], self.features[rows], cost).mean()
        return float(mean) if mean > 0 else 1.0

    def take_classes(self, classes: np.ndarray) -> TeacherCohort:
        """The cohort restricted to some of the student's classes; the same object for all of them."""
        present = np.isin(self.classes, classes)
        if present.all():
            return self
        rows = present[self.codes]
        priors = self.class_priors[present]
        return replace(
            self,
            features=self.features[rows],
            codes=(np.cumsum(present) - 1)[self.codes[rows]],
            classes=self.classes[present],
            class_priors=(priors / max(priors.sum(), np.finfo(float).tiny)).astype(np.float32),
            coef=self.coef[present],
            intercept=self.intercept[present],
        )

    def permuted(self, random_state: np.random.RandomState) -> TeacherCohort:
        """Negative control: classes of the rows permuted, and a head that predicts the class priors."""
        log_priors = np.log(np.where(self.shared, self.class_priors, 1)).astype(np.float32)
        return replace(
            self, codes=random_state.permutation(self.codes), coef=np.zeros_like(self.coef), intercept=log_priors
        )

    def standardize(self, features: np.ndarray) -> np.ndarray:
        """The teacher's unscaled features of other rows, in the cohort's space."""
        return apply_as_float32(lambda block: (block - self.mean) / self.scale, features)


@dataclass(frozen=True)
class AlignmentSpec:
    """How a student is aligned with a cohort, and how strongly; see ``UnpairedDistiller`` for the parameters.

    Attributes
    ----------
    name : str
        A key of ``BACKWARD_FUNCTIONS``.
    cohort : TeacherCohort
    weight : float
        Weight of the alignment, in nats for each mean cost.
    cost : {"cosine", "euclidean", "cityblock", "chordal"}
    reg : float
        Entropic regularization, in mean costs.
    inner_steps, inner_learning_rate : int, float
        Steps of "bilevel" and "published" on the copy.
    """

    name: str
    cohort: TeacherCohort
    weight: float
    cost: str
    reg: float
    inner_steps: int
    inner_learning_rate: float

    def take_classes(self, classes: np.ndarray) -> AlignmentSpec | None:
        """The specification for some of the student's classes; None when the cohort has none of them."""
        cohort = self.cohort.take_classes(classes)
        return replace(self, cohort=cohort) if cohort.shared.any() else None
