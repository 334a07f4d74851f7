"""Decisions by the sign of an interval."""

from __future__ import annotations

DISTIL, DO_NOT_DISTIL, UNDECIDED = "distil", "do not distil", "undecided"
# Two informations that are both nothing may differ by this much, in nats.
NEGLIGIBLE = 1e-6


def decide(lower: float, upper: float) -> str:
    """Three-valued: undecided when the interval holds zero."""
    if lower > NEGLIGIBLE:
        return DISTIL
    return DO_NOT_DISTIL if upper < -NEGLIGIBLE else UNDECIDED
