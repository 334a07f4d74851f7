"""Which columns make which modality."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence

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
    left are grouped by their text before the first separator, two at least; columns of text alone are in none then.
    """
    names = [name for name in table.columns if name not in reserved]
    modalities = {prefix: _starting_with(names, prefix) for prefix in _check_prefixes(student, teachers or [])}
    taken = {name for columns in modalities.values() for name in columns}
    rest = [name for name in names if name not in taken]
    if teachers is not None:
        return modalities, rest
    candidates: dict[str, list[str]] = {}
    for name in rest:
        prefix = SEPARATOR.split(name)[0]
        if prefix and prefix != name and prefix != student and has_numbers(table[name]):
            candidates.setdefault(prefix, []).append(name)
    # A column by itself, such as the age at diagnosis or the number of a patient, is a teacher only where it is named.
    modalities |= {_like(student, prefix, columns): columns for prefix, columns in candidates.items() if columns[1:]}
    kept = {name for columns in modalities.values() for name in columns}
    left_out = [name for name in rest if name not in kept]
    if len(modalities) == 1:
        commas = "".join(f"{hint}. " for hint in find_decimal_commas(table, left_out))
        single = [prefix for prefix, columns in candidates.items() if not columns[1:]]
        named = f" Or name a column by itself with --teacher, such as {quote(single[0])}." if single else ""
        raise DataError(
            f"{commas}Apart from {quote(student)} no two columns of numbers have a prefix in common, such as rna in "
            f"rna_TP53: there is no teacher. Name the columns of a modality alike.{named}"
        )
    return modalities, left_out


def _like(student: str, prefix: str, columns: Sequence[str]) -> str:
    """The name of a modality, with its separator where the student's prefix was written with one."""
    signs = {name[len(prefix)] for name in columns}
    return prefix + signs.pop() if SEPARATOR.fullmatch(student[-1]) and len(signs) == 1 else prefix


def find_column(
    table: pd.DataFrame, name: str, option: str, is_likely: Callable[[pd.Series], bool] | None = None
) -> pd.Series:
    """The column of that name; raise with the names that come near where there is none, or the likely columns first."""
    if name in table.columns:
        return table[name]
    if name == table.index.name:
        return pd.Series(table.index, index=table.index, name=name)
    near = difflib.get_close_matches(name[:200], [str(column)[:200] for column in table.columns], n=3, cutoff=0.6)
    likely = [] if is_likely is None else [column for column in table.columns if is_likely(table[column])]
    others = [column for column in table.columns if column not in likely]
    hint = f"Did you mean {abbreviate(near)}?" if near else f"There are {abbreviate([*likely, *others])}."
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
