"""DataFrames of other packages: taken in as pandas, and given out as the caller wants them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def is_frame(X: Any) -> bool:
    """Whether a table has columns with names, of whatever package."""
    return hasattr(X, "columns") or type(X).__name__ == "LazyFrame"


def as_pandas(X: Any, name: str = "X") -> pd.DataFrame:
    """A DataFrame of any package as pandas': models and their column selectors then find one kind."""
    if isinstance(X, pd.DataFrame):
        return X
    if _is_polars(X) and hasattr(X, "to_pandas"):
        return _polars_as_pandas(X)
    if hasattr(X, "to_pandas"):
        return X.to_pandas()
    later = next((f" Call {name}.{method}() first." for method in ("collect", "compute") if hasattr(X, method)), "")
    kind = f"{type(X).__module__.split('.')[0]}.{type(X).__name__}"
    raise TypeError(f"{name} is a {kind}: give a DataFrame of pandas or polars, or an array.{later}")


def to_output_container(table: Any, columns: np.ndarray, requested: str) -> Any:
    """A table as it is ("default"), or as a DataFrame of "pandas" or "polars" with the given names of columns."""
    if requested == "pandas":
        return as_pandas(table) if is_frame(table) else pd.DataFrame(table, columns=columns)
    if requested == "polars" and not _is_polars(table):
        try:
            import polars as pl
        except ImportError as error:
            raise ImportError("transform='polars' needs the package polars: pip install polars.") from error
        if isinstance(table, pd.DataFrame):
            return pl.from_pandas(table)
        return pl.DataFrame(table, schema=list(columns), orient="row")
    return table


def _is_polars(X: Any) -> bool:
    return type(X).__module__.split(".")[0] == "polars"


def _polars_as_pandas(X: Any) -> pd.DataFrame:
    """Numbers as numbers with NaN for null, text and categories as such; polars' own way needs pyarrow as well."""
    if len(set(X.dtypes)) == 1 and X.dtypes[0].is_float():
        return pd.DataFrame(X.to_numpy(), columns=X.columns)
    return pd.DataFrame({name: _polars_column(X[name]) for name in X.columns})


def _polars_column(values: Any) -> Any:
    kind = str(values.dtype).split("(")[0]
    if kind == "Boolean":
        return values.to_numpy() if values.null_count() == 0 else pd.array(values.to_list(), dtype="boolean")
    if kind in ("Categorical", "Enum"):
        categories = values.dtype.categories.to_list() if kind == "Enum" else None
        return pd.Categorical(values.to_list(), categories=categories)
    if kind == "Decimal":
        return np.array(values.to_list(), dtype=np.float64)
    return values.to_numpy()
