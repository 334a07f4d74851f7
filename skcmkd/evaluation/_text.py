"""Numbers as text that agrees with the decision by them."""

from __future__ import annotations

from .._utils._decisions import TOLERANCE

MAX_DECIMALS = 7


def format_interval(value: float, lower: float, upper: float, decimals: int = 3) -> tuple[str, str, str]:
    """A value and the ends of its interval, signed, with so many decimals that no end which decides looks like zero.

    What is zero to the decision is printed as zero.
    """
    numbers = [0.0 if abs(number) <= TOLERANCE else number for number in (value, lower, upper)]
    while decimals < MAX_DECIMALS and any(end and not float(f"{end:.{decimals}f}") for end in numbers[1:]):
        decimals += 1
    # Added to zero, a negative number that is rounded to zero loses its sign.
    first, second, third = (f"{round(number, decimals) + 0.0:+.{decimals}f}" for number in numbers)
    return first, second, third
