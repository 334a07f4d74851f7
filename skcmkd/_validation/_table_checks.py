"""Checks of the cells of a table: the label itself, missing values, infinity, text and dates."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from ._dataframes import as_pandas, is_frame
from ._sklearn import n_features
from ._tables import Table

UNLABELED_PAIRS_NAMES = ("unlabeled_pairs[0]", "unlabeled_pairs[1]")
N_PROBE_ROWS, MIN_ROWS_OF_LEAKAGE = 100, 20


def check_target_leakage(table: Table, y: np.ndarray, name: str, role: str) -> None:
    """Raise when a column of a table is the label, or the label under another coding, left in by mistake.

    Another coding is a one-to-one map of the label's values, such as 0 for "healthy" and 1 for "ill". Where most values
    of a target differ any column of different values would be one: there only equality counts.
    """
    if issparse(table):
        return
    columns = getattr(table, "columns", range(n_features(table)))
    targets = [(target, *_first_rows(target)) for target in y.reshape(len(y), -1).T]
    for label in columns:
        column = table[label].to_numpy() if hasattr(table, "columns") else table[:, label]
        for target, first, n_values in targets:
            # Most columns differ in the first rows, and then the other rows are not compared.
            if _equal(column[:N_PROBE_ROWS], target[:N_PROBE_ROWS]) and _equal(column, target):
                raise ValueError(
                    f"Column {label!r} of {name} equals the label in every row: the {role} would copy it. Leave it out."
                )
            if 1 < n_values <= len(target) / 2 and _is_coding(column, first, n_values):
                value, coded = np.asarray(column).tolist()[0], target.tolist()[0]
                raise ValueError(
                    f"Column {label!r} of {name} is the label under another coding, such as {value!r} for {coded!r}, "
                    f"in every row: the {role} would copy it. Leave it out."
                )


def check_no_label_in_student(X: Table, y: np.ndarray) -> None:
    """The same of the student's table, from 20 rows on: in fewer, one of many columns may equal the label by chance."""
    if len(y) >= MIN_ROWS_OF_LEAKAGE:
        check_target_leakage(X, y, "X", "student")


def _equal(column: np.ndarray, target: np.ndarray) -> bool:
    # A missing value equals nothing; a comparison with pandas.NA would itself be missing.
    return bool(
        not pd.isna(column).any() and (np.asarray(column, dtype=object) == np.asarray(target, dtype=object)).all()
    )


def _first_rows(target: np.ndarray) -> tuple[np.ndarray, int]:
    """For each row the first row of the same value, and the number of values."""
    _, first, codes = np.unique(target, return_index=True, return_inverse=True)
    return first[codes.ravel()], len(first)


def _is_coding(column: np.ndarray, first: np.ndarray, n_values: int) -> bool:
    """Whether a column has one value for each value of the target, and another for each."""
    column = np.asarray(column)
    probe = first[:N_PROBE_ROWS]
    if not _equal(column[:N_PROBE_ROWS], column[probe]) or not _equal(column, column[first]):
        return False
    return len(pd.unique(column[np.unique(first)])) == n_values


def observed_rows(X: Table) -> np.ndarray:
    """Mask of the rows with at least one value: a row of missing values was not measured.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)

    Returns
    -------
    ndarray of bool of shape (n_samples,)
    """
    if issparse(X):
        return np.ones(X.shape[0], dtype=bool)
    return np.logical_not(_missing_values(X).all(axis=1))


def check_no_infinity(X: Table, name: str) -> None:
    """Raise on infinite values, naming the first column that holds one."""
    reason = describe_infinity(X, name)
    if reason is not None:
        raise ValueError(reason)


def describe_infinity(X: Table, name: str) -> str | None:
    """Where a table holds infinite values, or None."""
    if issparse(X):
        columns = [(None, X.data)] if X.dtype.kind == "f" else []
    elif hasattr(X, "columns"):
        columns = [(column, X[column].to_numpy()) for column in X.columns]
    else:
        columns = [(None, X)]
    for column, values in columns:
        if values.dtype.kind == "f" and np.isinf(values).any():
            where = f"column {column!r} of {name}" if column is not None else name
            return (
                f"Input {name} contains infinity: {int(np.isinf(values).sum())} values in {where}. Replace them "
                "by a finite value, or by NaN and put an imputer first in the model's pipeline."
            )
    return None


def check_numeric(X: Table, name: str, role: str, *, categories: bool = False) -> None:
    """Raise on text or dates in a column, naming the column and the first such value.

    ``categories`` are let through where the model takes them as they are.
    """
    reason = describe_text(X, name, role, categories=categories)
    if reason is not None:
        raise ValueError(reason)


def describe_text(X: Table, name: str, role: str, *, categories: bool = False) -> str | None:
    """The first column of a table with text or dates, and its first such value, or None; as ``check_numeric``."""
    named = hasattr(X, "columns")
    if not named:
        if issparse(X) or X.dtype.kind in "biuf":
            return None
        X = pd.DataFrame(X)
    for column, dtype in X.dtypes.items():
        if pd.api.types.is_numeric_dtype(dtype) or (categories and isinstance(dtype, pd.CategoricalDtype)):
            continue
        values = X[column]
        if values.dtype.kind in "mM" or isinstance(values.dtype, pd.PeriodDtype):
            return (
                f"Column {column!r} of {name} has dtype {values.dtype}: dates and times are not numbers. Turn it into "
                "one, such as the days since a fixed day, or leave it out."
            )
        cells = values.to_numpy(dtype=object)
        numbers = pd.to_numeric(pd.Series(cells), errors="coerce")
        text = numbers.isna().to_numpy() & ~_missing_values(values)
        if not named:
            # The model's own message names other objects in an array.
            text &= np.array([isinstance(cell, str) for cell in cells], dtype=bool)
        if text.any():
            return (
                f"Column {column!r} of {name} has dtype {values.dtype} and holds {reprlib.repr(cells[text][0])}, "
                f"which is not a number. Encode it, for example with an OneHotEncoder in the {role}'s pipeline, "
                "or leave it out."
            )
    return None


def describe_empty_column(X: Table, name: str) -> str | None:
    """The first column of a table that is missing in all rows, or None."""
    if issparse(X):
        return None
    missing = _missing_values(X)
    if len(missing) == 0 or not missing.all(axis=0).any():
        return None
    first, empty = (_column_name(X, int(columns.argmax())) for columns in (missing.any(axis=0), missing.all(axis=0)))
    return (
        f"Input {name} contains NaN: {int(missing.sum())} values, the first in column {first!r}. Column {empty!r} is "
        f"missing in all of its {len(missing)} rows, and an imputer has no value to fill it with. Leave it out."
    )


def describe_missing_values(
    X: Table, model: BaseEstimator, name: str, role: str, *, certain: bool = True
) -> str | None:
    """Where a table holds missing values, and how a model that takes none can be given them, or None.

    ``certain``: whether the model takes none for sure.
    """
    if issparse(X):
        return None
    missing = _missing_values(X)
    if not missing.any():
        return None
    column = _column_name(X, int(missing.any(axis=0).argmax()))
    model_name = model.__class__.__name__
    return (
        f"Input {name} contains NaN: {int(missing.sum())} values, the first in column {column!r}"
        + (
            f", and the {role} {model_name} takes none. Put"
            if certain
            else f". If the {role} {model_name} takes none, put"
        )
        + f" an imputer first: {role}=make_pipeline(SimpleImputer(), {model_name}())."
    )


def validate_numeric_data(network: BaseEstimator, X: Any, *y: Any, **options: Any) -> Any:
    """X, and y if given, validated by scikit-learn as numbers; the error about text names the column."""
    try:
        return validate_data(network, X, *y, dtype=(np.float64, np.float32), **options)
    except ValueError:
        # If X is not a table, scikit-learn's message stays.
        if isinstance(X, list) and X and isinstance(X[0], list):
            X = pd.DataFrame(X)
        if hasattr(X, "columns") or (isinstance(X, np.ndarray) and X.ndim == 2):
            check_numeric(X, "X", "network")
        raise


def _missing_values(X: Table) -> np.ndarray:
    return np.asarray(pd.isna(as_pandas(X) if is_frame(X) else X))


def _column_name(X: Table, position: int) -> Any:
    return list(X.columns)[position] if hasattr(X, "columns") else position
