"""What the cells of a table hold, and whether a model can take it."""

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
N_PROBE_ROWS = 100


def check_target_leakage(X_teacher: Table, y: np.ndarray, table: str = "the teacher's table") -> None:
    """Raise when a column of the teacher's table is the label itself, left in by mistake."""
    if issparse(X_teacher):
        return
    names = getattr(X_teacher, "columns", range(n_features(X_teacher)))
    targets = y.reshape(len(y), -1).T
    for name in names:
        column = X_teacher[name].to_numpy() if hasattr(X_teacher, "columns") else X_teacher[:, name]
        # Most columns differ in the first rows: the others need not be looked at.
        if any(_equal(column[:N_PROBE_ROWS], t[:N_PROBE_ROWS]) and _equal(column, t) for t in targets):
            raise ValueError(
                f"Column {name!r} of {table} equals the label in every row: the teacher would copy it. Leave it out."
            )


def _equal(column: np.ndarray, target: np.ndarray) -> bool:
    # A missing value equals nothing; pandas' own would equal "perhaps".
    known = ~pd.isna(column)
    return bool(known.all() and (np.asarray(column, dtype=object) == np.asarray(target, dtype=object)).all())


def observed_rows(X: Table) -> np.ndarray:
    """Mask of the rows that are not missing throughout: a row of missing values was not measured."""
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
            # Other objects in an array are named by the model's own message.
            text &= np.array([isinstance(cell, str) for cell in cells], dtype=bool)
        if text.any():
            return (
                f"Column {column!r} of {name} has dtype {values.dtype} and holds {reprlib.repr(cells[text][0])}, "
                f"which is not a number. Encode it, for example with an OneHotEncoder in the {role}'s pipeline, "
                "or leave it out."
            )
    return None


def describe_missing_values(X: Table, model: BaseEstimator, name: str, role: str) -> str | None:
    """Where a table holds missing values, and how a model that takes none can be given them, or None."""
    if issparse(X):
        return None
    missing = _missing_values(X)
    if not missing.any():
        return None
    column = int(missing.any(axis=0).argmax())
    names = getattr(X, "columns", range(missing.shape[1]))
    return (
        f"Input {name} contains NaN: {int(missing.sum())} values, the first in column {names[column]!r}, and the "
        f"{role} {model.__class__.__name__} takes none. Put an imputer first: "
        f"{role}=make_pipeline(SimpleImputer(), {model.__class__.__name__}())."
    )


def validate_numeric_data(network: BaseEstimator, X: Any, *y: Any, **options: Any) -> Any:
    """X, and y if given, as scikit-learn checks them for a model of plain numbers; text is named with its column."""
    try:
        return validate_data(network, X, *y, dtype=(np.float64, np.float32), **options)
    except ValueError:
        # Of a list, or of what is no table at all, scikit-learn's message stands.
        if hasattr(X, "columns") or (isinstance(X, np.ndarray) and X.ndim == 2):
            check_numeric(X, "X", "network")
        raise


def _missing_values(X: Table) -> np.ndarray:
    return np.asarray(pd.isna(as_pandas(X) if is_frame(X) else X))
