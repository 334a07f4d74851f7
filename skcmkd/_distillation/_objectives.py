"""What a student is asked to match of its teacher, and how much each part counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

# f(student_logits, student_features, teacher_proba, teacher_features) -> one loss a row.
Term: TypeAlias = str | Callable[..., Any]
# Weight of each objective where none is given: a power of 10 chosen on one pair of digit views (zernike taught by
# profile correlations, 100 labels, 300 unlabelled pairs), alone and beside soft targets, and tried on two other pairs.
DEFAULT_WEIGHTS: dict[str, float] = {
    "soft_targets": 1.0,
    "dkd": 0.1,
    "ckd": 0.1,
    "hints": 10.0,
    "mfh": 10.0,
    "vid": 10.0,
    "rkd_distance": 10.0,
    "rkd_angle": 10.0,
    "rkd": 10.0,
    "sp": 100.0,
    "cc": 10.0,
    "pkdot": 10.0,
    "crd": 1.0,
    "amid": 1.0,
    "shared_specific": 1.0,
}
# Both relations, angles twice as much as distances (Park et al. 2019, section 4).
COMPOSITES = {"rkd": (("rkd_distance", 1.0), ("rkd_angle", 2.0))}
# These look at class probabilities alone.
LOGIT_OBJECTIVES = ("soft_targets", "dkd", "ckd")


@dataclass(frozen=True)
class Objective:
    """Terms, each with its weight: names of single objectives, or callables."""

    terms: tuple[tuple[Term, float], ...]

    @property
    def needs_features(self) -> bool:
        """Whether a term looks at representations."""
        return any(term not in LOGIT_OBJECTIVES for term, _ in self.terms)

    @property
    def ignores_logits(self) -> bool:
        """Whether no term looks at the student's class scores, as a callable may."""
        return not any(term in LOGIT_OBJECTIVES or callable(term) for term, _ in self.terms)

    @property
    def is_soft_targets(self) -> bool:
        """Whether soft targets with weight 1 are all that is asked."""
        return self == SOFT_TARGETS


SOFT_TARGETS = Objective((("soft_targets", 1.0),))


def resolve_objective(objective: Any) -> Objective:
    """The objective that is meant by a name, a callable, or a list of names, callables and pairs with a weight.

    A name alone has its default weight, a callable alone has weight 1.
    """
    if isinstance(objective, Objective):
        return objective
    parts = list(objective) if isinstance(objective, list | tuple) else [objective]
    if not parts:
        raise ValueError(f"objective={objective!r} asks for nothing. {_options_message()}")
    terms: list[tuple[Term, float]] = []
    for part in parts:
        is_pair = isinstance(part, list | tuple) and len(part) == 2
        name, weight = part if is_pair else (part, None)
        if not callable(name) and not (isinstance(name, str) and name in DEFAULT_WEIGHTS):
            raise ValueError(f"objective={objective!r} holds {name!r}, which is unknown. {_options_message()}")
        if weight is None:
            weight = DEFAULT_WEIGHTS[name] if isinstance(name, str) else 1.0
        if not isinstance(weight, Real) or isinstance(weight, bool) or not 0 < float(weight) < np.inf:
            raise ValueError(f"The weight of {name!r} in objective={objective!r} must be a positive number.")
        terms_alone = COMPOSITES.get(name, ((name, 1.0),)) if isinstance(name, str) else ((name, 1.0),)
        terms += [(single, weight_of_part * float(weight)) for single, weight_of_part in terms_alone]
    return Objective(tuple(terms))


def _options_message() -> str:
    return (
        f"Choose among {', '.join(DEFAULT_WEIGHTS)}; give a callable f(student_logits, student_features, teacher_proba, "
        'teacher_features); or a list of these, alone or with a weight as in [("soft_targets", 1.0), ("hints", 0.1)].'
    )
