"""Input of the estimators of mutual information: two variables as numbers or class codes."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from scipy.stats import entropy
from sklearn.decomposition import PCA

from .._validation._array_checks import check_same_length
from .._validation._sklearn import ArrayLike, default_output
from .._validation._table_checks import check_no_infinity
from .._validation._tables import check_same_index
from .._validation._target_checks import factorize

# Components with less than this fraction of the largest standard deviation are rounding errors.
RELATIVE_RANK = 1e-6
# With up to this many rows all categories may differ.
FEW_ROWS = 20
# Exponent of 2 up to which squares of doubles, and sums of many of them, neither overflow nor vanish.
MAX_EXPONENT = 300


def is_discrete(Y: ArrayLike) -> bool:
    """Whether a variable is a class label: one column of text, truth values, categories or whole numbers.

    Floats are continuous.
    """
    if isinstance(Y, np.ndarray) and Y.dtype.kind == "f":
        return False
    column = _single_column(Y)
    if column is None:
        return False
    kind = column.dtype
    return not pd.api.types.is_float_dtype(kind) and not pd.api.types.is_complex_dtype(kind)


def to_numeric(X: ArrayLike, name: str) -> np.ndarray:
    """Turn a variable into a finite table of floats, (n_samples, n_varying), constant columns left out.

    Text, truth values and categories become one column for each category.
    """
    if isinstance(X, np.ndarray) and X.dtype.kind in "iuf" and X.ndim <= 2 and len(X) and np.isfinite(X).all():
        # Thousands of subsamples: finite arrays skip pandas, which only serves to name columns in errors.
        numbers = _rescale_extremes(X.astype(np.float64, copy=False).reshape(len(X), -1))
        return numbers[:, np.ptp(numbers, axis=0) > 0]
    table = X if isinstance(X, (pd.DataFrame, pd.Series)) else pd.DataFrame(np.asarray(X))
    table = table.to_frame() if isinstance(table, pd.Series) else table
    if not len(table):
        raise ValueError(f"{name} has no rows.")
    check_no_infinity(table, name)
    missing = table.isna().to_numpy()
    if missing.any():
        column = table.columns[int(missing.any(axis=0).argmax())]
        raise ValueError(
            f"Input {name} contains NaN: {int(missing.sum())} values, the first in column {column!r}. Impute them, or "
            "leave out the rows."
        )
    table = table.infer_objects()
    numeric = [pd.api.types.is_numeric_dtype(t) and not pd.api.types.is_bool_dtype(t) for t in table.dtypes]
    dated = [column for column, t in zip(table.columns, table.dtypes, strict=True) if t.kind in "mM"]
    if dated:
        raise ValueError(
            f"Column {dated[0]!r} of {name} holds dates or durations. Give them as numbers, such as days since a start."
        )
    blocks = []
    for position, is_numeric in enumerate(numeric):
        values = table.iloc[:, position]
        if is_numeric:
            blocks.append(values.to_numpy(dtype=np.float64)[:, None])
        else:
            codes, kinds = pd.factorize(values, sort=False)
            if len(kinds) > max(len(table) / 2, FEW_ROWS):
                raise ValueError(
                    f"Column {table.columns[position]!r} of {name} holds {len(kinds)} different texts in {len(table)} "
                    "rows: it is an identifier of the rows. Leave it out."
                )
            blocks.append(np.eye(len(kinds))[codes])
    numbers = _rescale_extremes(np.hstack(blocks) if blocks else np.empty((len(table), 0)))
    return numbers[:, np.ptp(numbers, axis=0) > 0]


def _rescale_extremes(numbers: np.ndarray) -> np.ndarray:
    """Divide columns whose squares would overflow or vanish by a power of two; mutual information has no scale."""
    exponents = np.frexp(np.abs(numbers).max(axis=0, initial=0.0))[1]
    extreme = np.abs(exponents) > MAX_EXPONENT
    if extreme.any():
        numbers = numbers.copy()
        numbers[:, extreme] = np.ldexp(numbers[:, extreme], -exponents[extreme])
    return numbers


def check_pair(X: ArrayLike, Y: ArrayLike, *, min_samples: int, estimator: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Validate both variables; a class label given as X is swapped with Y, since mutual information is symmetric.

    Parameters
    ----------
    X, Y : array-like of shape (n_samples, n_features) or (n_samples,)
    min_samples : int
    estimator : str
        Name in errors.

    Returns
    -------
    X : ndarray of shape (n_samples, n_varying)
        Of two labels, one column for each class.
    Y : ndarray of shape (n_samples, n_varying) or (n_samples,)
        Class codes when it is a label.
    y_is_label : bool

    Raises
    ------
    ValueError
        If the variables differ in rows, hold NaN or infinity, or have fewer rows than ``min_samples``.
    """
    names = ("X", "Y")
    for values, name in zip((X, Y), names, strict=True):
        if issparse(values) or np.ndim(values) not in (1, 2) or np.iscomplexobj(values):
            kind = type(values).__name__
            shown = (
                f"a {kind} of shape {values.shape}" if hasattr(values, "shape") else f"{reprlib.repr(values)}, a {kind}"
            )
            raise ValueError(
                f"{name} is {shown}. It must be a column or a table of real numbers or categories, a row for each "
                "sample. Give a DataFrame, a Series or a dense array."
            )
    check_same_index(X, Y, "Y")
    check_same_length(X, Y, "Y")
    if is_discrete(X) and not is_discrete(Y):
        X, Y, names = Y, X, ("Y", "X")
    n = len(X)
    if n < min_samples:
        raise ValueError(f"{estimator} needs at least {min_samples} rows, got {n}. Add rows, or lower its settings.")
    if is_discrete(X):
        X = pd.Series(np.asarray(_single_column(X))).astype("category")
    if not is_discrete(Y):
        return to_numeric(X, names[0]), to_numeric(Y, names[1]), False
    return to_numeric(X, names[0]), factorize(_single_column(Y), names[1]), True


def label_entropy(codes: np.ndarray) -> float:
    """H(Y) in nats, the upper bound of any mutual information with the label."""
    return float(entropy(np.bincount(codes)))


def one_hot(codes: np.ndarray) -> np.ndarray:
    """Indicator columns, (n_samples, n_classes)."""
    return np.eye(codes.max() + 1)[codes]


def standardize(Z: np.ndarray) -> np.ndarray:
    """Columns of mean zero and standard deviation one."""
    Z = np.ascontiguousarray(Z) - Z.mean(axis=0)
    return Z / Z.std(axis=0)


def pca_reduce(train: np.ndarray, test: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardize columns and project both parts on the leading principal components of the training rows.

    Parameters
    ----------
    train, test : ndarray of shape (n_train, n_features) and (n_test, n_features)
    n_components : int

    Returns
    -------
    train, test : ndarray of shape (n_train, rank) and (n_test, rank)
        Not scaled again; rank is at most n_components.
    """
    spread = train.std(axis=0)
    keep = spread > 0
    center, spread = train[:, keep].mean(axis=0), spread[keep]
    train, test = (train[:, keep] - center) / spread, (test[:, keep] - center) / spread
    if not keep.any():
        return train, test
    if train.shape[1] > 1:
        pca = PCA(min(n_components, *train.shape), svd_solver="full").fit(train)
        with default_output():
            train, test = pca.transform(train), pca.transform(test)
    scale = train.std(axis=0)
    full_rank = scale > RELATIVE_RANK * scale.max()
    return train[:, full_rank], test[:, full_rank]


def _single_column(variable: ArrayLike) -> Any:
    """The only column of a variable as a pandas Series; None if there are several."""
    if isinstance(variable, pd.Series):
        return variable
    if isinstance(variable, pd.DataFrame):
        return variable.iloc[:, 0] if variable.shape[1] == 1 else None
    values = np.asarray(variable)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    return pd.Series(values).infer_objects() if values.ndim == 1 else None
