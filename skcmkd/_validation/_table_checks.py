"""What the cells of a table hold, and whether a model can take it."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import validate_data

from ._dataframes import as_pandas, is_frame
from ._sklearn import n_columns_of
from ._tables import Table, as_table

NAMES = ("unlabeled_pairs[0]", "unlabeled_pairs[1]")
FEW_ROWS = 100


def check_not_the_label(X_teacher: Table, y: np.ndarray, table: str = "the teacher's table") -> None:
    """Raise when a column of the teacher's table is the label itself, left in by mistake."""
    if issparse(X_teacher):
        return
    names = getattr(X_teacher, "columns", range(n_columns_of(X_teacher)))
    targets = y.reshape(len(y), -1).T
    for name in names:
        column = X_teacher[name].to_numpy() if hasattr(X_teacher, "columns") else X_teacher[:, name]
        # Most columns differ in the first rows: the others need not be looked at.
        if any(_equal(column[:FEW_ROWS], t[:FEW_ROWS]) and _equal(column, t) for t in targets):
            raise ValueError(
                f"Column {name!r} of {table} equals the label in every row: the teacher would copy it. Leave it out."
            )


def _equal(column: np.ndarray, target: np.ndarray) -> bool:
    # A missing value equals nothing; pandas' own would equal "perhaps".
    known = ~pd.isna(column)
    return bool(known.all() and (np.asarray(column, dtype=object) == np.asarray(target, dtype=object)).all())


# Homes of the transformers that a pipeline often starts with and that read nothing but numbers.
STEPS_OF_NUMBERS = ("sklearn.preprocessing._data", "sklearn.impute.", "sklearn.decomposition.")


def measured_rows(X: Table) -> np.ndarray:
    """Mask of the rows that are not missing throughout: a row of missing values was not measured."""
    if issparse(X):
        return np.ones(X.shape[0], dtype=bool)
    return np.logical_not(_missing_values(X).all(axis=1))


def check_values(X: Table, name: str) -> None:
    """Raise on infinite values, naming the first column that holds one."""
    if issparse(X):
        columns = [(None, X.data)] if X.dtype.kind == "f" else []
    elif hasattr(X, "columns"):
        columns = [(column, X[column].to_numpy()) for column in X.columns]
    else:
        columns = [(None, X)]
    for column, values in columns:
        if values.dtype.kind == "f" and np.isinf(values).any():
            where = f"column {column!r} of {name}" if column is not None else name
            raise ValueError(
                f"Input {name} contains infinity: {int(np.isinf(values).sum())} values in {where}. Replace them "
                "by a finite value, or by NaN and put an imputer first in the model's pipeline."
            )


def reads_plain_numbers(model: BaseEstimator) -> bool:
    """Whether a model surely has no preprocessing of its own: one of known make that holds no other model."""
    known = model.__class__.__module__.startswith(("sklearn.", "skcmkd."))
    return known and not any(hasattr(model, part) for part in ("steps", "estimator", "estimators", "transformers"))


def check_text_columns(X: Table, model: BaseEstimator, name: str, role: str) -> None:
    """Raise on what is no number in a column that goes to a model, or a pipeline's first step, that takes none."""
    first = model.steps[0][1] if isinstance(model, Pipeline) else model
    if first is not model and not first.__class__.__module__.startswith(STEPS_OF_NUMBERS):
        return
    if reads_plain_numbers(first) and getattr(first, "strategy", "mean") in ("mean", "median"):
        check_numbers(X, name, role, categories=hasattr(first, "categorical_features"))


def check_numbers(X: Table, name: str, role: str, *, categories: bool = False) -> None:
    """Raise on text or dates in a column, naming the column and the first such value.

    ``categories`` are let through where the model takes them as they are.
    """
    named = hasattr(X, "columns")
    if not named:
        if issparse(X) or X.dtype.kind in "biuf":
            return
        X = pd.DataFrame(X)
    for column, dtype in X.dtypes.items():
        if pd.api.types.is_numeric_dtype(dtype) or (categories and isinstance(dtype, pd.CategoricalDtype)):
            continue
        values = X[column]
        if values.dtype.kind in "mM" or isinstance(values.dtype, pd.PeriodDtype):
            raise ValueError(
                f"Column {column!r} of {name} has dtype {values.dtype}: dates and times are not numbers. Turn it into "
                "one, such as the days since a fixed day, or leave it out."
            )
        cells = values.to_numpy(dtype=object)
        numbers = pd.to_numeric(pd.Series(cells), errors="coerce")
        text = numbers.isna().to_numpy() & ~_missing_values(values)
        if not named:
            # Of other objects in an array the model speaks itself.
            text &= np.array([isinstance(cell, str) for cell in cells], dtype=bool)
        if text.any():
            raise ValueError(
                f"Column {column!r} of {name} has dtype {values.dtype} and holds {reprlib.repr(cells[text][0])}, "
                f"which is not a number. Encode it, for example with an OneHotEncoder in the {role}'s pipeline, "
                "or leave it out."
            )


def validate_numbers(network: BaseEstimator, X: Any, *y: Any, **options: Any) -> Any:
    """X, and y if given, as scikit-learn checks them for a model of plain numbers; text is named with its column."""
    try:
        return validate_data(network, X, *y, dtype=(np.float64, np.float32), **options)
    except ValueError as error:
        if "could not convert" in str(error):
            check_numbers(as_table(X), "X", "network")
        raise


def check_missing_values(X: Table, model: BaseEstimator, name: str, role: str) -> None:
    """Raise on missing values that go to a model without preprocessing that takes none."""
    if issparse(X) or not reads_plain_numbers(model) or get_tags(model).input_tags.allow_nan:
        return
    missing = _missing_values(X)
    if missing.any():
        column = int(missing.any(axis=0).argmax())
        names = getattr(X, "columns", range(missing.shape[1]))
        raise ValueError(
            f"Input {name} contains NaN: {int(missing.sum())} values, the first in column {names[column]!r}, and the "
            f"{role} {model.__class__.__name__} takes none. Put an imputer first: "
            f"{role}=make_pipeline(SimpleImputer(), {model.__class__.__name__}())."
        )


def _missing_values(X: Table) -> np.ndarray:
    return np.asarray(pd.isna(as_pandas(X) if is_frame(X) else X))
