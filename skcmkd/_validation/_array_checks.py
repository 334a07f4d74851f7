"""Checks of tables and vectors as a user gives them; each error names the value and the remedy."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.validation import validate_data

from ._sklearn import feature_names

LABEL_HINT = "Give text or whole numbers, for example with y.astype(str)."


def check_2d(X: Any, name: str, estimator: BaseEstimator | None, sparse: bool) -> Any:
    """Return a table without column names as a 2-D array of any dtype."""
    # Some sparse matrices are dicts.
    if not issparse(X) and (X is None or np.isscalar(X) or isinstance(X, (dict, set))):
        value = "None" if X is None else f"{reprlib.repr(X)}, a {type(X).__name__}"
        raise ValueError(
            f"Reshape your data: {name} is {value}, and must be a table of one row a sample. Give a DataFrame or a 2-D "
            "array; read a file with pandas.read_csv first, and turn a dict of columns into one with pandas.DataFrame."
        )
    if isinstance(X, pd.Series) or (isinstance(X, np.ndarray) and X.ndim != 2):
        shape = X.shape
        raise ValueError(
            f"Reshape your data: {name} has shape {shape}, and must be a table of one row a sample"
            + (". Give 2 dimensions." if len(shape) != 1 else f"; of one column give {_as_one_column(X, name)}.")
        )
    check_not_complex(X, name)
    return check_array(
        X,
        accept_sparse=("csr", "csc") if sparse else False,
        dtype=None,
        ensure_all_finite=False,
        input_name=name,
        estimator=estimator,
    )


def _as_one_column(X: Any, name: str) -> str:
    return f"{name}.to_frame()" if isinstance(X, pd.Series) else f"{name}.reshape(-1, 1)"


def check_not_complex(X: Any, name: str) -> None:
    """Raise on complex numbers: no model here can take them."""
    dtypes = X.dtypes if hasattr(X, "columns") else [getattr(X, "dtype", None)]
    if any(getattr(dtype, "kind", None) == "c" for dtype in dtypes):
        raise ValueError(
            f"Complex data not supported: {name} holds complex numbers. Give real ones, such as the real and the "
            "imaginary part in columns of their own."
        )


def check_frame(X: Any, name: str) -> None:
    """Raise on a DataFrame without columns, with two columns of one name, or with complex numbers."""
    names = list(X.columns)
    if not names:
        raise ValueError(f"{name} has no columns (shape={X.shape}): name at least one where you select them.")
    if len(set(names)) < len(names):
        repeated = next(column for position, column in enumerate(names) if column in names[:position])
        raise ValueError(
            f"{name} has {names.count(repeated)} columns named {repeated!r}, so the name is ambiguous. "
            f"Rename them, or keep the first with {name}.loc[:, ~{name}.columns.duplicated()]."
        )
    check_not_complex(X, name)


def check_1d(y: Any, name: str) -> np.ndarray:
    """Return one value a row as a vector of shape (n_samples,)."""
    try:
        y = column_or_1d(y, warn=True)
    except (ValueError, TypeError) as error:
        value = f"an array of shape {y.shape}" if hasattr(y, "shape") else f"{reprlib.repr(y)}, a {type(y).__name__}"
        raise ValueError(
            f"{name} should be a 1d array, one value a row; got {value}. Give one column of a table; of classes in "
            "indicator columns, table.idxmax(axis=1)."
        ) from error

    if len(y) == 0:
        raise ValueError(f"{name} holds no value: there are 0 rows to learn from. Check the selection of rows.")
    return y


def check_label_dtype(y: np.ndarray, name: str) -> np.ndarray:
    """Return labels of one dtype that can be sorted; numbers in an array of objects become numbers."""
    if y.dtype == object:
        inferred = pd.Series(y).infer_objects().to_numpy()
        y = inferred if inferred.dtype != object else y
    if y.dtype.kind in "mM":
        raise ValueError(f"{name} holds dates or durations, such as {y[0]!s}, which are not classes. {LABEL_HINT}")
    if y.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} holds complex numbers such as {y[0]!s}. {LABEL_HINT}")
    if y.dtype.kind == "f" and np.isinf(y).any():
        raise ValueError(
            f"Input {name} contains infinity or a value too large for dtype('{y.dtype}'). {int(np.isinf(y).sum())} of "
            f"{len(y)} labels are infinite: keep only rows with a finite one."
        )
    if y.dtype == object and not all(isinstance(value, str) for value in y):
        first = {type(value).__name__: value for value in reversed(y)}
        examples = " and ".join(f"{reprlib.repr(value)} ({kind})" for kind, value in reversed(first.items()))
        raise ValueError(f"Unknown label type: {name} holds {examples}, which have no common order. {LABEL_HINT}")
    return y


def check_same_length(X: Any, values: Any, name: str, base: str = "X") -> None:
    """Raise unless there is a value for each row of a table."""
    n_rows, n_values = (len(rows) if not issparse(rows) else rows.shape[0] for rows in (X, values))
    if n_rows != n_values:
        raise ValueError(
            f"{name} has {n_values} rows and {base} has {n_rows}: give one for each row of {base}, in the same order."
        )


def check_finite_output(values: np.ndarray, source: str, remedy: str = "give a model that does not") -> None:
    """Raise on NaN or infinity in what a model's method, the ``source``, gave for the rows of a table."""
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        raise ValueError(f"{source} gave NaN or infinity for {(~finite).sum()} of {len(values)} rows; {remedy}.")


def check_columns_of_fit(estimator: BaseEstimator, X: Any) -> None:
    """Raise unless a table has the columns that the estimator was fitted to, in their order."""
    fitted, present = getattr(estimator, "feature_names_in_", None), feature_names(X)
    try:
        validate_data(estimator, X, reset=False, skip_check_array=True)
    except ValueError as error:
        if fitted is None or present is None or np.array_equal(fitted, present):
            raise
        kind = estimator.__class__.__name__
        raise ValueError(
            f"{error}Give X[fitted.feature_names_in_], where fitted is this {kind}: the columns of fit, in that order."
        ) from error
