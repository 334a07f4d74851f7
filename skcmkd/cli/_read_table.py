"""Tables from files, read as they are: names once, every sample once, text kept as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ._errors import DataError, UsageError
from ._text import abbreviate, count, is_are, is_number, quote

SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
SPREADSHEETS = (".xlsx", ".xls", ".ods")
# What pandas reads as missing, beside an empty cell.
NA_TEXTS = (
    *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
MAX_ROWS_READ = 100
# Names of columns that have none, until it is known whether they hold anything.
UNNAMED = "\0unnamed column "
KINDS = ".csv, .tsv, .txt (also with .gz), .parquet, .h5mu and .h5ad"


def read_table(
    path: Path,
    *,
    text: Sequence[str] = (),
    label: str | None = None,
    index: str | None = None,
    numbered: bool = False,
    is_measurement: Callable[[str], bool] = lambda name: False,
    separator: str | None = None,
    decimal: str = ".",
    notes: list[str] | None = None,
) -> pd.DataFrame:
    """A table with the sample names as its index.

    Columns in ``text`` stay as they are written; in a text file the ``label``, too, keeps what pandas would read as
    missing. Rows without any cell, and columns without a name and any cell, are left out: ``notes`` gets a line for
    each. The index is the column of that name; otherwise the first column,
    unless that is in ``text`` or ``is_measurement``; with ``numbered`` the rows are numbered from 0.
    """
    if not path.is_file():
        raise DataError(f"there is no file {quote(path, 200)}.")
    kind = Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    as_written = [*text, *([] if label is None else [label])]
    if kind == ".parquet":
        table = _read_parquet(path)
    elif kind in SEPARATORS:
        sign = separator or SEPARATORS[kind]
        table = _read_text(path, as_written, label, index, numbered, is_measurement, sign, decimal)
        table = _drop_empty(table, path, [] if notes is None else notes)
    else:
        hint = " Save the sheet as CSV in UTF-8." if kind in SPREADSHEETS else ""
        raise UsageError(f"{quote(path, 200)}: the kinds of table are {KINDS}; got {quote(kind)}.{hint}")
    if not len(table):
        raise DataError(f"{quote(path, 200)} has no rows below its header.")
    table = _with_index(table, as_written, index, numbered, is_measurement)
    _check_samples(table.index)
    return table


def _read_parquet(path: Path) -> pd.DataFrame:
    if find_spec("pyarrow") is None:
        raise UsageError(f'{quote(path, 200)} needs pyarrow: pip install "skcmkd[parquet]".')
    try:
        table = pd.read_parquet(path, engine="pyarrow")
    except Exception as error:  # a broken file raises what its reader met
        raise DataError(f"{quote(path, 200)} cannot be read as parquet: {error}") from error
    names = [str(name) for name in table.columns]
    _check_names(names, path)
    return table.set_axis(names, axis="columns")


def _read_text(
    path: Path,
    text: Sequence[str],
    label: str | None,
    index: str | None,
    numbered: bool,
    is_measurement: Callable[[str], bool],
    separator: str,
    decimal: str,
) -> pd.DataFrame:
    common: dict[str, Any] = {"sep": separator, "encoding": "utf-8", "engine": "c"}
    try:
        names = _read_names(path, common)
        if names[0].lower().startswith("sep="):  # a line for spreadsheets; the sign is lost where it parts cells
            separator = names[0][4:5] or separator
            common |= {"sep": separator, "skiprows": 1}
            names = _read_names(path, common)
        names = [name.strip() for name in names]
        _check_names(names, path)
        _check_separator(names, path, separator, lambda name: name == label or is_measurement(name))
        names = [name or (f"{UNNAMED}{i}" if i else name) for i, name in enumerate(names)]
        # A sample or a class named 007 is not 7.
        as_written = [*text, index, None if numbered or is_measurement(names[0]) else names[0]]
        kinds = {name: str for name in names if name in as_written}
        common |= {"header": 0, "dtype": kinds, "decimal": decimal, "low_memory": False}
        table = _read_cells(path, names, label, common)
        if not isinstance(table.index, pd.RangeIndex):  # more cells in a row than names
            more = range(len(names), len(names) + table.index.nlevels)
            table = _read_cells(path, [*names, *(f"{UNNAMED}{i}" for i in more)], label, common)
            if not table.filter(like=UNNAMED).isna().all(axis=None):
                raise DataError(
                    f"{quote(path, 200)} has more cells in a row than names in its header ({len(names)}). Name every "
                    "column, the sample's too."
                )
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{quote(path, 200)} is empty.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{quote(path, 200)} is not text in UTF-8 (byte {error.object[error.start]:#x}). Save it as UTF-8."
        ) from error
    except (pd.errors.ParserError, OSError, EOFError) as error:
        what = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise DataError(f"{quote(path, 200)} cannot be read as a table: {what}") from error
    return table


def _read_cells(path: Path, names: list[str], label: str | None, common: dict[str, Any]) -> pd.DataFrame:
    """The table, in which the label keeps the texts that would be missing elsewhere."""
    if label not in names:
        return pd.read_csv(path, names=names, **common)
    kinds = {name: kind for name, kind in common["dtype"].items() if name != label}
    # With a sign before it no text is one for a missing value.
    options: dict[str, Any] = common | {"dtype": kinds, "converters": {label: "={}".format}}
    table = pd.read_csv(path, names=names, **options)
    as_written = table[label].str[1:]
    table[label] = as_written.mask(as_written == "")
    return table


def _drop_empty(table: pd.DataFrame, path: Path, notes: list[str]) -> pd.DataFrame:
    """Without rows that have no cell, and without columns that have neither name nor cell."""
    unnamed = [name for name in table.columns if name.startswith(UNNAMED)]
    if unnamed:
        filled = [name for name in unnamed if table[name].notna().any()]
        if filled:
            position = int(filled[-1].removeprefix(UNNAMED)) + 1
            raise DataError(f"{quote(path, 200)}: column {position} of {table.shape[1]} has no name. Give it one.")
        n_unnamed = len(unnamed)
        columns = count(n_unnamed, "column")
        notes.append(f"{columns} without a name and without a value {is_are(n_unnamed)} left out.")
        table = table.drop(columns=unnamed)
    # Rows that lack the first cell are few: the others need no look.
    suspects = np.flatnonzero(table.iloc[:, 0].isna())
    empty = suspects[table.iloc[suspects].isna().all(axis=1).to_numpy()]
    if len(empty):
        notes.append(f"{count(len(empty), 'row')} without a value {is_are(len(empty))} left out.")
        table = table.drop(index=table.index[empty]).reset_index(drop=True)
    return table


def _read_names(path: Path, common: dict[str, Any]) -> list[str]:
    # Read apart, since pandas renames a name that comes twice.
    header = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False, **common)
    return [str(name) for name in header.iloc[0]]


def _check_names(names: list[str], path: Path) -> None:
    counts = pd.Series(names, dtype=object).value_counts()
    twice = [name for name in counts.index[counts > 1] if name]
    if twice:
        raise DataError(f"{quote(path, 200)} has several columns of the name {abbreviate(twice)}. Rename all but one.")


def _check_separator(names: list[str], path: Path, separator: str, is_wanted: Callable[[str], bool]) -> None:
    """Raise where another sign separates the cells: it is in the only name, or its parts alone are names in use."""
    header, is_one = separator.join(names), len(names) == 1
    if not is_one and any(map(is_wanted, names)):
        return
    for other, option in ((";", "';'"), ("\t", "tab"), (",", "','"), ("|", "'|'")):
        if other == separator or other not in header or header.count(other) < header.count(separator):
            continue
        if is_one or any(is_wanted(name.strip()) for name in header.split(other)):
            found = "one column" if is_one else f"{len(names)} columns"
            commas = " --decimal ','" if other != "," and _has_decimal_commas(path, other) else ""
            raise DataError(
                f"{quote(path, 200)} has {found}, {abbreviate(names)}. Its cells are separated by something else: try "
                f"--separator {option}{commas}."
            )
    if is_one:
        raise DataError(
            f"{quote(path, 200)} has one column, {quote(names[0])}. A label and a modality need at least two."
        )


def _has_decimal_commas(path: Path, separator: str) -> bool:
    """Whether a cell of the first rows is a number with a comma, where this sign separates the cells."""
    rows = pd.read_csv(path, sep=separator, header=None, skiprows=1, nrows=MAX_ROWS_READ, dtype=str, encoding="utf-8")
    return any(rows[name].str.strip().str.fullmatch(DECIMAL_COMMA).any() for name in rows)


def _with_index(
    table: pd.DataFrame, text: Sequence[str], index: str | None, numbered: bool, is_measurement: Callable[[str], bool]
) -> pd.DataFrame:
    if numbered:
        return table.reset_index(drop=True)
    if index is not None:
        if index not in table.columns:
            raise DataError(f"--index {quote(index)} is no column of the table.")
        return table.set_index(index)
    if not isinstance(table.index, pd.RangeIndex):
        return table  # a parquet file with names of its own
    first = table.columns[0]
    if first in text or is_measurement(first):
        return table
    values = table[first].astype(str)
    if all(is_number(value) and float(value) % 1 for value in values.head(20)):
        raise DataError(
            f"the first column, {quote(first)}, holds {quote(values.iloc[0])} and the like: no sample names. Say which "
            "column names the samples with --index, or number the rows with --no-index."
        )
    return table.set_index(first)


def _check_samples(names: pd.Index) -> None:
    if isinstance(names, pd.RangeIndex):
        return
    missing = np.flatnonzero(names.isna())
    if len(missing):
        raise DataError(
            f"row {missing[0] + 1} has no sample name in {quote(names.name)}. Fill it in, or number the rows with "
            "--no-index."
        )
    again = np.flatnonzero(names.duplicated())
    if len(again):
        rows = np.flatnonzero(names == names[again[0]])[:2] + 1
        raise DataError(
            f"sample {quote(names[again[0]])} is in rows {rows[0]} and {rows[1]}. Keep one row a sample, say which "
            "column names the samples with --index, or number the rows with --no-index."
        )


def as_text(values: pd.Series) -> pd.Series:
    """Text without blanks around it, missing where there is none; whole numbers without a decimal point."""
    if pd.api.types.is_float_dtype(values.dtype):
        known = values.dropna().astype(float)
        if (known % 1 == 0).all():
            values = values.astype("Int64")
    stripped = values.astype("string").str.strip()
    return stripped.mask(stripped == "").astype(object).where(lambda cell: cell.notna(), None)


def with_point(values: pd.Series, decimal: str) -> pd.Series:
    """Numbers that were written as text, with a point for their decimal sign; a column of anything else as it is."""
    text = as_text(values)
    pointed = text.str.replace(decimal, ".", n=1, regex=False)
    return pointed if all(map(is_number, pointed.dropna())) else values


def as_numbers(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The columns as numbers; raise on a cell that is none, naming column, row and value."""
    numbers = {name: _column_of_numbers(table[name]) for name in columns}
    return pd.DataFrame(numbers, index=table.index, columns=list(columns))


def has_numbers(values: pd.Series) -> bool:
    """Whether any cell is a number, or none is known."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return True
    text = as_text(values).dropna()
    return text.empty or any(map(is_number, text))


def _column_of_numbers(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(values.dtype) and values.dtype.kind != "c":
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = np.isinf(numbers)
    else:
        text = as_text(values)
        parsed = pd.to_numeric(text, errors="coerce")
        numbers = parsed.to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = (np.isnan(numbers) & text.notna().to_numpy()) | np.isinf(numbers)
    if wrong.any():
        row, n_wrong = int(wrong.argmax()), int(wrong.sum())
        cell = str(values.iloc[row])
        hint = "Leave the cell empty where nothing was measured, or the column out."
        if is_number(cell.replace(",", ".", 1)) and "," in cell:
            hint = "If that is a decimal comma, add --decimal ','."
        raise DataError(
            f"column {quote(values.name)}, row {row + 1} (sample {quote(values.index[row])}) holds {quote(cell)}, "
            f"which is no finite number; {count(n_wrong, 'cell')} of this column {is_are(n_wrong)} like that. {hint}"
        )
    return numbers
