"""Rows on which a graph is compared with its student, and a table as a graph takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_float_dtype, is_numeric_dtype

from .._validation._tables import Table

# Rows of a sample; columns that are tried one by one.
MAX_TRIED = 200
UNKNOWN = "an unknown category"
# Relative size of rounding errors in single precision after a few steps.
NOISE = 1e-6


def graph_input(X: Table, by_name: bool) -> Table:
    """Numbers in single precision, in one array or column by column; text and categories as text."""
    if not by_name:
        try:
            return np.asarray(X, dtype=np.float32)
        except ValueError:
            return np.asarray(X, dtype=str)
    return pd.DataFrame({name: X[name].astype(np.float32 if is_numeric_dtype(X[name]) else object) for name in X})


@dataclass(frozen=True)
class Sample:
    """Rows for one comparison."""

    rows: Table
    positions: np.ndarray  # of the rows in X
    kind: str  # ends "on rows of X"
    is_present: bool  # whether X itself holds such values


def sample_rows(X: Table, predict: Callable[[Table], Any]) -> Iterator[Sample]:
    """Some rows of X as they are, with missing values and with unknown categories, where ``predict`` takes such rows.

    Numbers are rounded to single precision. Rows whose text is missing are left out: ONNX has no missing text.
    """
    frame = pd.DataFrame(X)
    numbers = [name for name in frame if is_numeric_dtype(frame[name]) and not is_bool_dtype(frame[name])]
    texts = [name for name in frame if not is_numeric_dtype(frame[name])]
    has_missing = bool(frame[numbers].isna().any(axis=None))
    complete = np.flatnonzero(frame[texts].notna().all(axis=1))
    positions = complete[np.linspace(0, len(complete) - 1, min(len(complete), MAX_TRIED)).astype(int)]
    if len(positions) == 0:
        return
    frame = _map_columns(frame.iloc[positions], _floats(frame), _round_to_single_precision)

    def like_table(rows: pd.DataFrame) -> Table:
        return rows if isinstance(X, pd.DataFrame) else rows.to_numpy()

    def taken(names: list[Any], change: Callable[[pd.Series], pd.Series]) -> list[Any]:
        """The columns that may hold changed values: all of them, or those that may alone."""

        def is_taken(some: list[Any]) -> bool:
            try:
                predict(like_table(_map_columns(frame.iloc[:2], some, change)))
            except Exception:  # a model may raise anything
                return False
            return True

        if not names or is_taken(names):
            return names
        return [name for name in names[:MAX_TRIED] if is_taken([name])]

    try:
        predict(like_table(frame))
    except Exception as error:  # a model may raise anything
        raise ValueError(
            "The student does not take the numbers of X in single precision, in which a graph computes, such as "
            f"fractions that it has as categories: {error} Round them before fit, or keep the student with "
            "save_student."
        ) from error
    yield Sample(like_table(frame), positions, "", is_present=True)
    random_state = np.random.RandomState(0)
    for kind, names, change, is_present in (
        (" with missing values", numbers, lambda column: _with_missing_values(column, random_state), has_missing),
        (" with an unknown category", texts, lambda column: pd.Series(UNKNOWN, column.index, dtype=object), False),
    ):
        if some := taken(names, change):
            yield Sample(like_table(_map_columns(frame, some, change)), positions, kind, is_present)


def with_noise(X: Table, random_state: np.random.RandomState) -> Table:
    """The rows with noise of the size of rounding errors in every column of fractions."""
    frame = pd.DataFrame(X)

    def add_noise(column: pd.Series) -> pd.Series:
        scale = column.abs() + np.nan_to_num(column.std())
        return column + NOISE * scale * random_state.uniform(-1, 1, len(column))

    frame = _map_columns(frame, _floats(frame), add_noise)
    return frame if isinstance(X, pd.DataFrame) else frame.to_numpy()


def _floats(frame: pd.DataFrame) -> list[Any]:
    return [name for name in frame if is_float_dtype(frame[name])]


def _map_columns(frame: pd.DataFrame, names: list[Any], change: Callable[[pd.Series], pd.Series]) -> pd.DataFrame:
    changed = {name: change(frame[name]) for name in names}
    return pd.DataFrame({name: changed.get(name, frame[name]) for name in frame}, index=frame.index)


def _round_to_single_precision(column: pd.Series) -> pd.Series:
    return column.astype(np.float32).astype(column.dtype)


def _with_missing_values(column: pd.Series, random_state: np.random.RandomState) -> pd.Series:
    """Half of the values missing, the first among them."""
    is_missing = random_state.uniform(size=len(column)) < 0.5
    is_missing[:1] = True
    return (column if is_float_dtype(column) else column.astype(np.float64)).mask(is_missing)
