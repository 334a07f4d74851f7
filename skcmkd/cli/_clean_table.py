"""What is in a table and measures nothing: empty rows and columns, row counters, labels that read as missing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ._errors import DataError
from ._read_table import NA_TEXTS, as_text
from ._text import abbreviate, quote, truncate

# What pandas calls a column without a name when it writes the table again.
COUNTER_NAME = re.compile(r"Unnamed: \d+(\.\d+)*|level_\d+|index", re.IGNORECASE)
MAX_TEXTS = 5


def drop_counters(table: pd.DataFrame, reserved: Sequence[str], notes: list[str]) -> pd.DataFrame:
    """Leave out the columns that number the rows: 0, 1, 2 or 1, 2, 3 and so on, or pandas' name and no number twice."""
    counters = [name for name in table.columns if name not in reserved and _numbers_rows(name, table[name])]
    if counters:
        number, are = ("numbers", "is") if len(counters) == 1 else ("number", "are")
        notes.append(
            f"{abbreviate(counters)} {number} the rows and {are} left out. If that is a measurement, change the order "
            "of the rows."
        )
    return table.drop(columns=counters)


def drop_missing_labels(values: pd.Series, keep_na: bool, notes: list[str]) -> pd.Series:
    """The label as text, missing where the cell is empty, and where it holds a text for missing unless these are kept.

    Parameters
    ----------
    values : Series of shape (n_rows,)
        As written.
    keep_na : bool
    notes : list of str
        A note with the number of rows and the texts is appended.
    """
    text = as_text(values)
    reads_as_missing = text.isin(NA_TEXTS)
    if keep_na or not reads_as_missing.any():
        return text
    counts = text[reads_as_missing].value_counts()
    named = ", ".join(f"{quote(name)} {count} times" for name, count in counts.head(MAX_TEXTS).items())
    notes.append(
        f"{int(reads_as_missing.sum())} of {len(text)} rows are read as rows without a label, for {quote(values.name)} "
        f"holds {named}. If that is a class, add --keep-na-labels."
    )
    return text.mask(reads_as_missing, None)


def drop_empty_columns(numbers: Mapping[str, pd.DataFrame], student: str, notes: list[str]) -> dict[str, pd.DataFrame]:
    """The modalities without columns that are empty in all rows; raise where none of the student's is left."""
    kept = {}
    for name, part in numbers.items():
        empty = list(part.columns[part.isna().all()])
        if not empty:
            kept[name] = part
            continue
        if len(empty) == part.shape[1] and name == student:
            raise DataError(
                f"the student's modality {quote(student)} is empty: {abbreviate(empty)} hold no value in any row. Fill "
                "them in, or name another modality with --student."
            )
        if len(empty) < part.shape[1]:
            notes.append(f"{abbreviate(empty)} of {truncate(name)} hold no value in any row: left out.")
        kept[name] = part.drop(columns=empty) if len(empty) < part.shape[1] else part
    return kept


def _numbers_rows(name: str, values: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(values.dtype) or values.isna().any() or len(values) < 2:
        return False
    numbers, counter = values.to_numpy(dtype=np.float64), np.arange(len(values))
    if (numbers == counter).all() or (numbers == counter + 1).all():
        return True
    return bool(COUNTER_NAME.fullmatch(str(name)) and values.is_unique and (numbers % 1 == 0).all())
