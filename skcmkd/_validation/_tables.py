"""Tables of any kind: conversion, selection of rows and columns, stacking, and comparison of rows and columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals
from scipy.sparse import hstack, issparse, vstack
from sklearn.base import BaseEstimator
from sklearn.utils import gen_batches

from ._array_checks import check_2d, check_frame
from ._dataframes import as_pandas, is_frame
from ._sklearn import n_features, n_samples, safe_indexing

Table = Any  # array, sparse matrix or pandas DataFrame of shape (n_samples, n_columns)
MAX_LISTED = 5
BLOCK_ROWS = 8192


def as_table(X: Any, name: str = "X", estimator: BaseEstimator | None = None, sparse: bool = True) -> Table:
    """Return DataFrames as pandas', so that models find their columns by name; anything else as a 2-D array."""
    if is_frame(X):
        X = as_pandas(X, name)
        check_frame(X, name)
        return X
    return check_2d(X, name, estimator, sparse)


def apply_as_float32(function: Callable[[np.ndarray], np.ndarray], X: np.ndarray) -> np.ndarray:
    """Apply a function to blocks of rows, so that no second table in double precision is held in memory.

    Parameters
    ----------
    function : callable
        Gives an array of the shape of its input.
    X : ndarray of shape (n_samples, n_features)

    Returns
    -------
    ndarray of float32 of shape (n_samples, n_features)
    """
    values = np.empty(X.shape, dtype=np.float32)
    for rows in gen_batches(len(X), BLOCK_ROWS):
        values[rows] = function(X[rows])
    return values


def take_rows(X: Table, rows: np.ndarray) -> Table:
    """Rows of a table, by positions or a mask; the table itself, without a copy, if the mask selects all."""
    if rows.dtype == bool and rows.all():
        return X
    return X[rows] if isinstance(X, np.ndarray) else safe_indexing(X, rows)


def take_columns(X: Table, positions: Sequence[int] | np.ndarray) -> Table:
    """Columns of a table, by positions."""
    return safe_indexing(X, np.asarray(positions, dtype=int), axis=1)


def stack_columns(left: Table, right: Table) -> Table:
    """One table beside another, row for row; raises if both have a column of one name."""
    if issparse(left) or issparse(right):
        return hstack([left, right], format="csr")
    if not hasattr(left, "columns") and not hasattr(right, "columns"):
        return np.hstack([left, right])
    left, right = (
        as_pandas(table) if is_frame(table) else pd.DataFrame(np.asarray(table)).add_prefix("column_")
        for table in (left, right)
    )
    left, right = (table.reset_index(drop=True) for table in (left, right))
    shared = [repr(name) for name in left.columns if name in set(right.columns)]
    if shared:
        raise ValueError(
            f"Both tables have columns of the same name: {abbreviate(shared)}. Rename those of one, such as "
            'X_teacher.add_prefix("teacher_").'
        )
    return pd.concat([left, right], axis=1)


def stack_rows(upper: Table, lower: Table) -> Table:
    """One table above another."""
    if is_frame(upper):
        upper, lower = as_pandas(upper), as_pandas(lower)
        upper, lower = upper.copy(deep=False), lower.copy(deep=False)
        # Categoricals with different categories would become plain text, and one-hot encoders would give more columns.
        for column in upper.columns[[isinstance(dtype, pd.CategoricalDtype) for dtype in upper.dtypes]]:
            both = union_categoricals([upper[column], lower[column].astype("category")], ignore_order=True)
            upper[column] = pd.Categorical(upper[column], categories=both.categories)
            lower[column] = pd.Categorical(lower[column], categories=both.categories)
        return pd.concat([upper, lower])
    if issparse(upper):
        return vstack([upper, lower], format="csr")
    return np.concatenate([np.asarray(upper), np.asarray(lower)])


def check_same_rows(X: Table, other: Table, name: str, base: str = "X") -> None:
    """Raise unless two tables have as many rows, and the same row order where both have row labels."""
    check_unique_labels(X, other, name, base)
    if n_samples(other) != n_samples(X):
        raise ValueError(
            f"{name} has {n_samples(other)} rows and {base} has {n_samples(X)}: give one row of {name} for each row "
            f"of {base}. For samples whose teacher modality was not measured, fill the row with NaN."
        )
    check_same_index(X, other, name, base)


def check_same_index(X: Table, other: Any, name: str, base: str = "X") -> None:
    """Raise if the row labels of both say that a sample would be paired with a different one."""
    check_unique_labels(X, other, name, base)
    index, other_index = _differing_indices(X, other)
    if index is None or other_index is None:
        return
    same_position = (
        f"if each row of {name} belongs to the row of {base} at the same position, drop the labels of both with "
        "reset_index(drop=True)"
    )
    shared = labels_in(index, other_index)
    if not shared.any():
        raise ValueError(
            f"No row label of {name} is one of {base}: the first is {other_index.tolist()[0]!r} in {name} and "
            f"{index.tolist()[0]!r} in {base}. Name the rows of both alike and order them with "
            f"{name}.reindex({base}.index); or, {same_position}, or give {name}.to_numpy()."
        )
    labels, other_labels = X.index, other.index
    if _is_text(labels) != _is_text(other_labels):
        text, numbers = (base, name) if _is_text(labels) else (name, base)
        raise ValueError(
            f"The row labels of {text} are text and those of {numbers} are not: {labels.tolist()[0]!r} in {base} and "
            f"{other_labels.tolist()[0]!r} in {name}; as text they are the same in another order, or overlap. Make "
            f"them alike with {numbers}.index = {numbers}.index.astype(str), then take {name}.reindex({base}.index); "
            f"or, {same_position}."
        )
    if shared.all():
        raise ValueError(
            f"The rows of {name} carry the same labels as those of {base} in another order: reorder them with "
            f"{name}.loc[{base}.index], or drop the labels with reset_index(drop=True) if the rows do match."
        )
    raise ValueError(
        f"The row labels of {name} and {base} differ: {index[~shared].tolist()[0]!r} of {base} is not in {name}, but "
        f"{int(shared.sum())} others are. Bring {name} to the rows of {base} with {name}.reindex({base}.index), or "
        "drop the labels with reset_index(drop=True) if the rows do match."
    )


def check_unique_labels(X: Table, other: Any, name: str, base: str = "X") -> None:
    """Raise if the row labels of both overlap but do not match, and one table repeats a label.

    Any advice to reorder by label would then give a sample the values of another.
    """
    indices = _differing_indices(X, other)
    if indices[0] is None or not labels_in(*indices).any():
        return
    for labels, table in zip(indices, (base, name), strict=True):
        if labels is None or labels.is_unique:
            continue
        label = labels[labels.duplicated()].tolist()[0]
        count = labels.tolist().count(label)
        raise ValueError(
            f"The row label {label!r} of {table} appears {'twice' if count == 2 else f'{count} times'}, and the row "
            f"labels of {base} and {name} differ: no label says which rows belong together. Give each row a label of "
            f"its own; or, if each row of {name} belongs to the row of {base} at the same position, drop the labels "
            "with reset_index(drop=True)."
        )


def _differing_indices(X: Table, other: Any) -> tuple[pd.Index, pd.Index] | tuple[None, None]:
    """Row labels of both, as text if one's are, where they differ; (None, None) where they match or say nothing.

    The labels 0, 1, ... of a new DataFrame count only if the other labels are the same in another order. Where no label
    is in both, such numbers may be positions, and so may those that a fold of a cross-validation has left of them.
    """
    index, other_index = getattr(X, "index", None), getattr(other, "index", None)
    if not isinstance(index, pd.Index) or not isinstance(other_index, pd.Index) or index.equals(other_index):
        return None, None
    same_length = len(index) == len(other_index)
    may_be_positions = may_be_row_numbers(index) or may_be_row_numbers(other_index)
    has_default_labels = isinstance(index, pd.RangeIndex) or isinstance(other_index, pd.RangeIndex)
    if _is_text(index) != _is_text(other_index) and index.nlevels == other_index.nlevels:
        has_default_labels = may_be_positions
        index, other_index = (_as_text(labels) for labels in (index, other_index))
        if index.equals(other_index):
            return None, None
    shared = labels_in(index, other_index)
    if not shared.any():
        return (None, None) if may_be_positions or not same_length else (index, other_index)
    if has_default_labels and not (shared.all() and same_length):
        return None, None
    return index, other_index


def may_be_row_numbers(index: pd.Index) -> bool:
    """Whether row labels may be the numbers 0, 1, ... of a new DataFrame, or those that a selection of rows has left.

    Of a hundred rows at most a thousand are expected to be selected from.
    """
    if isinstance(index, pd.RangeIndex):
        return True
    is_whole = pd.api.types.is_integer_dtype(index.dtype) and not isinstance(index, pd.MultiIndex)
    return len(index) == 0 or bool(is_whole and index.min() >= 0 and index.max() < 10 * len(index))


def labels_in(index: pd.Index, other_index: pd.Index) -> np.ndarray:
    """Mask of the labels that are in another index; labels of other numbers of levels are not."""
    if index.nlevels != other_index.nlevels:
        return np.zeros(len(index), dtype=bool)
    return index.isin(other_index)


def _is_text(index: pd.Index) -> bool:
    return not isinstance(index, pd.MultiIndex) and len(index) > 0 and pd.api.types.is_string_dtype(index)


def _as_text(index: pd.Index) -> pd.Index:
    return pd.Index([str(label) for label in index.tolist()], dtype=object)


def check_same_columns(X: Table, other: Table, name: str, base: str) -> None:
    """Raise unless two tables are of one kind and have the same columns in the same order."""
    if hasattr(X, "columns") != hasattr(other, "columns") or issparse(X) != issparse(other):
        kinds = [f"{n} is a {type(table).__name__}" for n, table in ((base, X), (name, other))]
        raise ValueError(
            f"{kinds[0]} and {kinds[1]}: give both alike. A step before the distiller changes {base} and not "
            f"{name}: put a scaler or imputer into the student's or the teacher's own pipeline."
        )
    names, compared_names = list(getattr(X, "columns", [])), list(getattr(other, "columns", []))
    # A tuple beside X passes the steps of a Pipeline only if that is asked for.
    in_pipeline = (
        f"If a step before the distiller, such as a selector, changes the columns of {base}, set "
        "transform_input=['unlabeled_pairs'] in the Pipeline; else give"
        if name == "unlabeled_pairs[0]"
        else "Give"
    )
    if names != compared_names:
        present, compared = set(names), set(compared_names)
        lacking = [repr(column) for column in names if column not in compared]
        more = [repr(column) for column in compared_names if column not in present]
        reasons = [f"it lacks {abbreviate(lacking)}"] * bool(lacking) + [f"{base} lacks {abbreviate(more)}"] * bool(
            more
        )
        reason = " and ".join(reasons) or "they are in another order"
        remedy = "both the same columns" if reasons else f"{name}[{base}.columns]"
        raise ValueError(f"{name} must have the columns of {base}: {reason}. {in_pipeline} {remedy}.")
    if n_features(X) != n_features(other):
        raise ValueError(
            f"{name} has {n_features(other)} columns and {base} has {n_features(X)}. {in_pipeline} both the same "
            "columns."
        )


def abbreviate(names: Sequence[str]) -> str:
    """Join names with commas; of a long list the first few, and the number of the others."""
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more
