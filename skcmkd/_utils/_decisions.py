"""Decisions by the sign of an interval."""

from __future__ import annotations

DISTIL, DO_NOT_DISTIL, UNDECIDED = "distil", "do not distil", "undecided"
# Estimates of mutual information that is zero may differ by this much, in nats.
TOLERANCE = 1e-6


def sign_of_interval(lower: float, upper: float) -> str:
    """The decision: undecided when the interval contains zero."""
    if lower > TOLERANCE:
        return DISTIL
    return DO_NOT_DISTIL if upper < -TOLERANCE else UNDECIDED
