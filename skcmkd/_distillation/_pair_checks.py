"""Checks of further samples against the tables of ``fit``: columns, scale, and rows that are in both."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from .._utils._warnings import warn_user
from .._validation._table_checks import check_no_infinity, observed_rows
from .._validation._tables import (
    Table,
    check_same_columns,
    check_same_rows,
    labels_in,
    may_be_row_numbers,
    take_columns,
    take_rows,
)

# Enough to tell scales, and quick. Quartiles of fewer rows than the least number differ by chance.
MIN_ROWS, MAX_ROWS, MAX_COLUMNS = 20, 1000, 100
# Two tables of one scale differ by more in hardly any column: 2 interquartile ranges are 2.7 standard deviations.
MAX_SHIFT, MAX_RATIO = 2.0, 4.0
# Fewer rows of the same numbers and values may be a coincidence where the labels are row numbers.
MIN_SHARED_ROW_NUMBERS = 3


def check_pairs(
    X: Table, X_teacher: Table, pair: tuple[Table, Table], names: tuple[str, str], bases: tuple[str, str]
) -> np.ndarray:
    """Check both tables of further samples against the two tables of ``fit``; mask of the samples that have both.

    Parameters
    ----------
    X, X_teacher : tables of ``fit``
    pair : tables of shape (n_pairs, n_features) and (n_pairs, n_teacher_features)
    names, bases : pairs of str
        Names of the tables of the pair, and of those of ``fit``, in errors.
    """
    for base, table, name, base_name in zip((X, X_teacher), pair, names, bases, strict=True):
        check_same_columns(base, table, name, base_name)
    check_same_rows(*pair, names[1], names[0])
    for base, table, name, base_name in zip((X, X_teacher), pair, names, bases, strict=True):
        check_no_infinity(table, name)
        warn_of_another_scale(base, table, name, base_name)
    has_first, has_second = (observed_rows(table) for table in pair)
    complete = has_first & has_second
    if len(complete) and not complete.any():
        warn_user(
            f"None of the {len(complete)} samples of {names[0].split('[')[0]} has both modalities: the student's is "
            f"missing in {int((~has_first).sum())}, the teacher's in {int((~has_second).sum())}. They are not used; "
            "give samples in which both were measured."
        )
    return complete


def warn_of_another_scale(X: Table, other: Table, name: str, base: str = "X") -> None:
    """Warn where most columns of two tables differ in median or spread by more than samples of one kind do.

    Both tables have the same columns. A scaler before an estimator changes X and not what is passed beside it.
    """
    columns = _numeric_columns(X, other)
    if len(columns) == 0:
        return
    quartiles = np.stack([_quartiles(take_columns(table, columns)) for table in (X, other)])
    medians, spreads = quartiles[:, 1], quartiles[:, 2] - quartiles[:, 0]
    varies = (spreads > 0).all(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shifted = np.abs(medians[0] - medians[1]) > MAX_SHIFT * spreads.max(axis=0)
        scaled = spreads.max(axis=0) > MAX_RATIO * spreads.min(axis=0)
    differs = varies & (shifted | scaled)
    if differs.sum() <= varies.sum() / 2:
        return
    first = int(differs.argmax())
    column = list(X.columns)[columns[first]] if hasattr(X, "columns") else int(columns[first])
    (median, other_median), (spread, other_spread) = medians[:, first], spreads[:, first]
    warn_user(
        f"{name} has another scale than {base}: column {column!r} has median {other_median:.3g} and interquartile "
        f"range {other_spread:.3g} there, {median:.3g} and {spread:.3g} in {base}, and {int(differs.sum())} of "
        f"{int(varies.sum())} columns differ that much. If a step before this estimator scales {base}, as in a "
        f"Pipeline with set_output, {name} does not pass it: put the scaler inside the student's or the teacher's own "
        "pipeline."
    )


def warn_of_labeled_rows(X: Table, other: Table, name: str) -> None:
    """Warn where rows of a table have the label and the values of a row of X: samples are in both.

    Both tables have the same columns.
    """
    if not isinstance(X, pd.DataFrame) or not isinstance(other, pd.DataFrame):
        return
    shared = X.index[labels_in(X.index, other.index)]
    shared = shared.difference(X.index[X.index.duplicated()]).difference(other.index[other.index.duplicated()])
    columns = _evenly(X.shape[1], MAX_COLUMNS)
    rows, other_rows = (_comparable(table.loc[shared].iloc[:, columns]) for table in (X, other))
    same = (rows == other_rows).all(axis=1) & (rows != None).any(axis=1)  # noqa: E711 - elementwise
    if may_be_row_numbers(X.index) or may_be_row_numbers(other.index):
        same &= same.all() and len(same) >= MIN_SHARED_ROW_NUMBERS
    if same.any():
        warn_user(
            f"{int(same.sum())} rows of {name} are rows of X, with the same row label and values, such as "
            f"{shared[same].tolist()[0]!r}. They count as samples without a label although their label is known, and "
            f"in a cross-validation rows of the test fold would be among them. Leave the rows of X out of {name}."
        )


def _comparable(rows: pd.DataFrame) -> np.ndarray:
    """Cells as objects, None where missing."""
    values = rows.to_numpy(dtype=object, copy=True)
    values[pd.isna(values)] = None
    return values


def _numeric_columns(X: Table, other: Table) -> np.ndarray:
    """Positions of some columns that hold numbers in both tables."""
    if issparse(X) or issparse(other):
        return np.zeros(0, dtype=int)
    numeric = [_is_numeric(table) for table in (X, other)]
    positions = np.flatnonzero(numeric[0] & numeric[1])
    return positions[_evenly(len(positions), MAX_COLUMNS)]


def _is_numeric(table: Table) -> np.ndarray:
    if hasattr(table, "columns"):
        return np.array([pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes], dtype=bool)
    return np.full(table.shape[1], table.dtype.kind in "iuf")


def _quartiles(table: Table) -> np.ndarray:
    """Quartiles of each column over some rows, of shape (3, n_columns); 0 of a column with few values."""
    table = take_rows(table, np.flatnonzero(observed_rows(table)))
    table = take_rows(table, _evenly(table.shape[0], MAX_ROWS))
    values = table.to_numpy(dtype=np.float64, na_value=np.nan) if hasattr(table, "columns") else table.astype(float)
    values = np.where(np.isfinite(values), values, np.nan)
    enough = (~np.isnan(values)).sum(axis=0) >= MIN_ROWS
    quartiles = np.zeros((3, values.shape[1]))
    if enough.any():
        quartiles[:, enough] = np.nanpercentile(values[:, enough], [25, 50, 75], axis=0)
    return quartiles


def _evenly(n: int, n_most: int) -> np.ndarray:
    """Positions from 0 to n - 1, at most ``n_most``, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, n_most)).astype(int)) if n else np.zeros(0, dtype=int)
