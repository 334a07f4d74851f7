"""DataFrames of other packages: converted to pandas' on input, and to the requested kind on output."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def is_frame(X: Any) -> bool:
    """Whether a table, of any package, has columns with names."""
    return hasattr(X, "columns") or type(X).__name__ == "LazyFrame"


def as_pandas(X: Any, name: str = "X") -> pd.DataFrame:
    """Return a DataFrame of any package as pandas', so that models and column selectors read one kind."""
    if isinstance(X, pd.DataFrame):
        return X
    if _is_polars(X) and hasattr(X, "to_pandas"):
        return _polars_as_pandas(X)
    if hasattr(X, "to_pandas"):
        return X.to_pandas()
    # Lazy frames of polars and dask.
    remedy = next((f" Call {name}.{method}() first." for method in ("collect", "compute") if hasattr(X, method)), "")
    kind = f"{type(X).__module__.split('.')[0]}.{type(X).__name__}"
    raise TypeError(f"{name} is a {kind}: give a DataFrame of pandas or polars, or an array.{remedy}")


def to_output_container(table: Any, columns: np.ndarray, requested: str) -> Any:
    """Return a table as it is ("default"), or as a DataFrame of "pandas" or "polars" with these column names."""
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
    """Convert numbers to numbers with NaN for null, and keep text and categories; ``to_pandas`` would need pyarrow."""
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
