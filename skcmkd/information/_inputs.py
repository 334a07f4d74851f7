"""The two sides of a mutual information: what comes in, made into numbers and class codes."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from scipy.stats import entropy
from sklearn.decomposition import PCA

from .._validation._array_checks import check_same_length
from .._validation._sklearn import ArrayLike
from .._validation._table_checks import check_no_infinity
from .._validation._tables import check_same_index
from .._validation._target_checks import factorize

# A component with less than this share of the largest standard deviation is rounding, not data.
RELATIVE_RANK = 1e-6
# Up to this many, categories may all differ.
FEW_ROWS = 20
# Of a double, in powers of two: its square, and sums of many squares, are far from the limits.
MAX_EXPONENT = 300


def is_discrete(Y: ArrayLike) -> bool:
    """Whether a side is a class label: one column of text, truth values, categories or whole numbers.

    Numbers that count or measure are given as floats.
    """
    if isinstance(Y, np.ndarray) and Y.dtype.kind == "f":
        return False
    column = _single_column(Y)
    if column is None:
        return False
    kind = column.dtype
    return not pd.api.types.is_float_dtype(kind) and not pd.api.types.is_complex_dtype(kind)


def to_numeric(X: ArrayLike, name: str) -> np.ndarray:
    """A side as a finite float table: text, truth values and categories become one column a category.

    Columns that do not vary carry no information and are left out, so a constant side has no column.
    """
    if isinstance(X, np.ndarray) and X.dtype.kind in "iuf" and X.ndim <= 2 and len(X) and np.isfinite(X).all():
        # Arrays without anything to name in an error need no pandas: subsamples come here by the thousand.
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
    for position, number in enumerate(numeric):
        values = table.iloc[:, position]
        if number:
            blocks.append(values.to_numpy(dtype=np.float64)[:, None])
        else:
            codes, kinds = pd.factorize(values, sort=False)
            if len(kinds) > max(len(table) / 2, FEW_ROWS):
                raise ValueError(
                    f"Column {table.columns[position]!r} of {name} holds {len(kinds)} different texts in {len(table)} "
                    "rows: it names the rows and measures nothing. Leave it out."
                )
            blocks.append(np.eye(len(kinds))[codes])
    numbers = _rescale_extremes(np.hstack(blocks) if blocks else np.empty((len(table), 0)))
    return numbers[:, np.ptp(numbers, axis=0) > 0]


def _rescale_extremes(numbers: np.ndarray) -> np.ndarray:
    """Columns whose squares would overflow or vanish, divided by a power of two: no information depends on a scale."""
    exponents = np.frexp(np.abs(numbers).max(axis=0, initial=0.0))[1]
    extreme = np.abs(exponents) > MAX_EXPONENT
    if extreme.any():
        numbers = numbers.copy()
        numbers[:, extreme] = np.ldexp(numbers[:, extreme], -exponents[extreme])
    return numbers


def check_pair(X: ArrayLike, Y: ArrayLike, *, least: int, estimator: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Both sides as arrays, and whether the second is a label, then a vector of class codes.

    A label given as X changes places with Y, since information is symmetric; of two labels, X becomes one column
    a class. Raises ValueError when the sides differ in rows, hold NaN or infinity, or have fewer rows than ``least``.
    """
    names = ("X", "Y")
    for side, name in zip((X, Y), names, strict=True):
        if issparse(side) or np.ndim(side) not in (1, 2) or np.iscomplexobj(side):
            kind = type(side).__name__
            given = f"a {kind} of shape {side.shape}" if hasattr(side, "shape") else f"{reprlib.repr(side)}, a {kind}"
            raise ValueError(
                f"{name} is {given}, and a column or a table of real numbers or categories is wanted, a row for each "
                "sample. Give a DataFrame, a Series or a dense array."
            )
    check_same_length(X, Y, "Y")
    check_same_index(X, Y, "Y")
    if is_discrete(X) and not is_discrete(Y):
        X, Y, names = Y, X, ("Y", "X")
    n = len(X)
    if n < least:
        raise ValueError(f"{estimator} needs at least {least} rows, got {n}. Add rows, or lower its settings.")
    if is_discrete(X):
        X = pd.Series(np.asarray(_single_column(X))).astype("category")
    if not is_discrete(Y):
        return to_numeric(X, names[0]), to_numeric(Y, names[1]), False
    return to_numeric(X, names[0]), factorize(_single_column(Y), names[1]), True


def label_entropy(codes: np.ndarray) -> float:
    """H(Y) in nats: no table can say more about a label."""
    return float(entropy(np.bincount(codes)))


def one_hot(codes: np.ndarray) -> np.ndarray:
    """One column a class."""
    return np.eye(codes.max() + 1)[codes]


def reduce_columns(train: np.ndarray, test: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardise columns, keep the leading principal components of the training rows, scale nothing afterwards."""
    spread = train.std(axis=0)
    keep = spread > 0
    center, spread = train[:, keep].mean(axis=0), spread[keep]
    train, test = (train[:, keep] - center) / spread, (test[:, keep] - center) / spread
    if not keep.any():
        return train, test
    if train.shape[1] > 1:
        pca = PCA(min(n_components, *train.shape), svd_solver="full").fit(train)
        train, test = pca.transform(train), pca.transform(test)
    scale = train.std(axis=0)
    full_rank = scale > RELATIVE_RANK * scale.max()
    return train[:, full_rank], test[:, full_rank]


def _single_column(side: ArrayLike) -> Any:
    """The values of a side that has one column, as a pandas Series, else None."""
    if isinstance(side, pd.Series):
        return side
    if isinstance(side, pd.DataFrame):
        return side.iloc[:, 0] if side.shape[1] == 1 else None
    values = np.asarray(side)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    return pd.Series(values).infer_objects() if values.ndim == 1 else None
