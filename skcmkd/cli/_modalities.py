"""Which columns make which modality."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import pandas as pd

from ._data_checks import find_decimal_commas
from ._errors import DataError, UsageError
from ._read_table import has_numbers
from ._text import abbreviate, quote

SEPARATOR = re.compile(r"[_.:|/\- ]")


def pick_modalities(
    table: pd.DataFrame, student: str, teachers: Sequence[str] | None, reserved: Sequence[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Columns of each modality, the student's first, and the names of the columns that are in none.

    A prefix selects the columns that start with it, but for the reserved ones. Without teachers the columns that are
    left are grouped by their text before the first separator; columns of text alone are in none then.
    """
    names = [name for name in table.columns if name not in reserved]
    modalities = {prefix: _starting_with(names, prefix) for prefix in _check_prefixes(student, teachers or [])}
    taken = {name for columns in modalities.values() for name in columns}
    rest = [name for name in names if name not in taken]
    if teachers is not None:
        return modalities, rest
    left_out = []
    for name in rest:
        prefix = SEPARATOR.split(name)[0]
        if prefix and prefix != name and prefix != student and has_numbers(table[name]):
            modalities.setdefault(prefix, []).append(name)
        else:
            left_out.append(name)
    if len(modalities) == 1:
        commas = "".join(f" Or {hint}" for hint in find_decimal_commas(table, left_out))
        raise DataError(
            f"apart from {quote(student)} no column of numbers has a prefix, such as rna in rna_TP53: there is no "
            "teacher. Name the columns of a modality alike." + commas
        )
    return modalities, left_out


def find_column(table: pd.DataFrame, name: str, option: str) -> pd.Series:
    """The column of that name; raise with the names that come near where there is none."""
    if name in table.columns:
        return table[name]
    if name == table.index.name:
        return pd.Series(table.index, index=table.index, name=name)
    near = difflib.get_close_matches(name[:200], [str(column)[:200] for column in table.columns], n=3, cutoff=0.6)
    hint = f"Did you mean {abbreviate(near)}?" if near else f"There are {abbreviate(list(table.columns))}."
    raise DataError(f"{option} {quote(name)} is no column of the table. {hint}")


def _check_prefixes(student: str, teachers: Sequence[str]) -> list[str]:
    prefixes = [student, *teachers]
    if not all(prefixes):
        raise UsageError("an empty prefix would select every column. Name the beginning of the modality's columns.")
    for position, prefix in enumerate(prefixes):
        for other in prefixes[position + 1 :]:
            short, long = sorted([prefix, other], key=len)
            if long.startswith(short):
                raise UsageError(
                    f"every column of {quote(long)} also starts with {quote(short)}. Write the prefix with what "
                    f"follows it, such as {quote(short + '_')}."
                )
    return prefixes


def _starting_with(names: Sequence[str], prefix: str) -> list[str]:
    columns = [name for name in names if name.startswith(prefix)]
    if not columns:
        starts = list(dict.fromkeys(SEPARATOR.split(name)[0] for name in names))
        near = difflib.get_close_matches(prefix[:200], [start[:200] for start in starts], n=3, cutoff=0.5) or starts
        raise DataError(f"no column starts with {quote(prefix)}. The table has {abbreviate(near)}.")
    return columns
