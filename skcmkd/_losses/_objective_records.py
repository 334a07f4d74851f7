"""The named objectives of a network student, one record each; importing this module loads no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

# A name, or f(student_logits, student_features, teacher_proba, teacher_features) -> one loss a row.
Term: TypeAlias = str | Callable[..., Any]


@dataclass(frozen=True)
class ObjectiveRecord:
    """A named objective.

    Attributes
    ----------
    name : str
        A value of the parameter ``objective``.
    default_weight : float
    builder : str
        Name in ``_objective_terms.py`` of what makes the term from a ``TermConfig``; empty for a sum.
    uses_features : bool
        Whether it compares representations; otherwise it compares class scores alone.
    parts : tuple of (str, float)
        Names and weights of the objectives that a sum consists of.
    """

    name: str
    default_weight: float
    builder: str = ""
    uses_features: bool = True
    parts: tuple[tuple[str, float], ...] = ()

    def terms(self, weight: float) -> tuple[tuple[str, float], ...]:
        """Single objectives, each with its weight, when this one has the given weight."""
        return tuple((name, part * weight) for name, part in self.parts or ((self.name, 1.0),))


# Default weights are powers of 10 chosen on one pair of digit views (zernike as student, profile correlations as
# teacher, 100 labels, 300 unlabeled pairs), alone and beside soft targets, and tried on two other pairs.
_RECORDS = (
    ObjectiveRecord("soft_targets", 1.0, "soft_targets_term", uses_features=False),
    ObjectiveRecord("dkd", 0.1, "dkd_term", uses_features=False),
    ObjectiveRecord("ckd", 0.1, "ckd_term", uses_features=False),
    ObjectiveRecord("hints", 10.0, "HintTerm"),
    ObjectiveRecord("mfh", 10.0, "mfh_term"),
    ObjectiveRecord("vid", 10.0, "VIDTerm"),
    ObjectiveRecord("rkd_distance", 10.0, "rkd_distance_term"),
    ObjectiveRecord("rkd_angle", 10.0, "rkd_angle_term"),
    # Both relations, angles twice as much as distances (Park et al. 2019, section 4).
    ObjectiveRecord("rkd", 10.0, parts=(("rkd_distance", 1.0), ("rkd_angle", 2.0))),
    ObjectiveRecord("sp", 100.0, "sp_term"),
    ObjectiveRecord("cc", 10.0, "cc_term"),
    ObjectiveRecord("pkdot", 10.0, "pkdot_term"),
    ObjectiveRecord("crd", 1.0, "CRDTerm"),
    ObjectiveRecord("amid", 1.0, "AMIDTerm"),
    ObjectiveRecord("shared_specific", 1.0, "SharedSpecificTerm"),
)
OBJECTIVES: dict[str, ObjectiveRecord] = {record.name: record for record in _RECORDS}
