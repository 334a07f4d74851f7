"""Rows, labels and soft targets given to a student."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .._validation._tables import Table, take_rows

if TYPE_CHECKING:
    from .._losses._teacher_cohort import Alignment
    from ._objectives import Objective


@dataclass
class Lesson:
    """What a student is taught: labelled rows, further rows without a label, and the teacher's opinion.

    ``opinion`` (labelled rows) and ``unlabeled_opinion`` are (n, n_classes) probabilities, or (n, n_targets)
    predictions where ``classes`` is empty; a row of NaN has no teacher. ``weight`` and ``unlabeled_weight`` are row
    weights, all 1 when None. For alignment with a teacher's cohort, ``anchors`` and ``unlabeled_anchors`` are the
    teacher's features of the rows, known or estimated; a row of NaN has none.
    """

    X: Table
    y: np.ndarray
    opinion: np.ndarray
    X_unlabeled: Table | None
    unlabeled_opinion: np.ndarray
    classes: np.ndarray
    taught_classes: np.ndarray | None = None
    alignment: Alignment | None = None
    anchors: np.ndarray | None = None
    unlabeled_anchors: np.ndarray | None = None
    weight: np.ndarray | None = None
    unlabeled_weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    unlabeled_groups: np.ndarray | None = None
    objective: Objective | None = None
    features: np.ndarray | None = None
    unlabeled_features: np.ndarray | None = None

    @property
    def of_quantity(self) -> bool:
        """Whether numbers are taught, and not classes."""
        return len(self.classes) == 0

    def taught_positions(self) -> list[int] | None:
        """Positions of the classes that the teacher knows, or None when it knows all of them."""
        if self.taught_classes is None:
            return None
        known = np.isin(self.classes, self.taught_classes)
        return None if known.all() else np.flatnonzero(known).tolist()

    def of_rows(self, rows: np.ndarray) -> Lesson:
        """The lesson on some of the labelled rows, with the classes that they have."""
        y = self.y[rows]
        some = replace(
            self,
            X=take_rows(self.X, rows),
            y=y,
            opinion=self.opinion[rows],
            weight=None if self.weight is None else self.weight[rows],
            groups=None if self.groups is None else self.groups[rows],
            features=None if self.features is None else self.features[rows],
        )
        if self.of_quantity:
            return some
        present = np.isin(self.classes, y)
        alignment = None if self.alignment is None else self.alignment.of_classes(present)
        return replace(
            some,
            opinion=_restrict(some.opinion, present),
            unlabeled_opinion=_restrict(self.unlabeled_opinion, present),
            classes=self.classes[present],
            # With no class left that both cohorts have there is nothing to align.
            alignment=alignment if alignment is not None and alignment.cohort.known.any() else None,
            anchors=None if self.anchors is None else self.anchors[rows],
        )


def _restrict(proba: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Probabilities given that the class is one of those present; uniform where they had no mass."""
    kept = proba[:, present]
    total = kept.sum(axis=1, keepdims=True)
    return np.where(total == 0, 1 / present.sum(), kept / np.where(total == 0, 1.0, total))
