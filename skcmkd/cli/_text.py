"""Text from a table, made fit for one line of a terminal, a figure, or a cell of a spreadsheet."""

from __future__ import annotations

import math

MAX_LENGTH = 40
# What a spreadsheet takes for the beginning of a formula, in some languages in full width, too.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def truncate(value: object, max_length: int = MAX_LENGTH) -> str:
    """One printable line, with an ellipsis where it was cut; control characters are written out."""
    text = str(value)
    whole = len(text) <= max_length
    text = text if whole else text[: max_length - 3]
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return line if whole else f"{line}..."


def quote(value: object, max_length: int = MAX_LENGTH) -> str:
    """The same in quotes."""
    return f"'{truncate(value, max_length)}'"


def abbreviate(names: list[str], max_names: int = 3) -> str:
    """The first names in quotes, and how many more there are."""
    rest = f" and {len(names) - max_names} more" if len(names) > max_names else ""
    return ", ".join(map(quote, names[:max_names])) + rest


def count(number: int, what: str) -> str:
    """So many things, in the plural where there is not one: 1 row, 2 rows."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def is_are(number: int) -> str:
    """The verb that goes with so many."""
    return "is" if number == 1 else "are"


def as_warning(message: str) -> str:
    """A sentence that stands out among others."""
    return f"Warning: {message}"


def is_number(text: str) -> bool:
    """Whether a text is a finite number."""
    try:
        return "_" not in text and math.isfinite(float(text))
    except ValueError:
        return False


def escape_formula(value: object) -> object:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before the sign that begins one."""
    if isinstance(value, str) and value.startswith(FORMULA_SIGNS) and not is_number(value):
        return f"'{value}"
    return value


def plot_safe(value: object) -> str:
    """Short text of letters that matplotlib's font has; displays see to dollar signs."""
    from matplotlib.font_manager import findfont, get_font

    letters = get_font(findfont("DejaVu Sans")).get_charmap()
    return "".join(c if ord(c) in letters else "?" for c in truncate(value, 28))
