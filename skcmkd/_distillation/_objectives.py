"""What a network student matches of its teacher, as the parameter ``objective`` names it."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from .._losses._objective_records import OBJECTIVES, Term


@dataclass(frozen=True)
class Objective:
    """A weighted sum of terms.

    Attributes
    ----------
    terms : tuple of (str or callable, float)
        Names of single objectives or callables, each with its weight.
    """

    terms: tuple[tuple[Term, float], ...]

    @property
    def needs_features(self) -> bool:
        """Whether a term compares representations, as a callable may."""
        return any(callable(term) or OBJECTIVES[term].uses_features for term, _ in self.terms)

    @property
    def ignores_logits(self) -> bool:
        """Whether no term depends on the student's class scores; a callable may."""
        return not any(callable(term) or not OBJECTIVES[term].uses_features for term, _ in self.terms)

    @property
    def is_soft_targets(self) -> bool:
        """Whether soft targets of weight 1 are the only term."""
        return self == SOFT_TARGETS


SOFT_TARGETS = Objective((("soft_targets", 1.0),))


def resolve_objective(objective: Any) -> Objective:
    """The objective that a name, a callable, or a list of names, callables and pairs with a weight stands for.

    A name alone has its default weight, a callable alone has weight 1.
    """
    if isinstance(objective, Objective):
        return objective
    parts = list(objective) if isinstance(objective, list | tuple) else [objective]
    if not parts:
        raise ValueError(f"objective={objective!r} names no term. {_options_message()}")
    terms: list[tuple[Term, float]] = []
    for part in parts:
        is_pair = isinstance(part, list | tuple) and len(part) == 2
        term, weight = part if is_pair else (part, None)
        record = OBJECTIVES.get(term) if isinstance(term, str) else None
        if record is None and not callable(term):
            raise ValueError(f"objective={objective!r} holds {term!r}, which is unknown. {_options_message()}")
        if weight is None:
            weight = 1.0 if record is None else record.default_weight
        if not isinstance(weight, Real) or isinstance(weight, bool) or not 0 < float(weight) < np.inf:
            raise ValueError(f"The weight of {term!r} in objective={objective!r} must be a positive number.")
        terms += [(term, float(weight))] if record is None else record.terms(float(weight))
    return Objective(tuple(terms))


def _options_message() -> str:
    return (
        f"Choose among {', '.join(OBJECTIVES)}; give a callable f(student_logits, student_features, teacher_proba, "
        'teacher_features); or a list of these, alone or with a weight as in [("soft_targets", 1.0), ("hints", 0.1)].'
    )
