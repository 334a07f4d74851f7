"""Bunch of every data set: one DataFrame, its modalities, the target and a description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

DATA = files("skcmkd.datasets") / "data"


def check_count(name: str, value: Any, minimum: int, task: str = "") -> None:
    """Raise unless a number of rows, columns or classes is whole and large enough."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < minimum:
        raise ValueError(
            f"{name}={value!r} must be a whole number of at least {minimum}{f' for {task!r}' if task else ''}."
        )


def check_finite(name: str, value: Any) -> None:
    """Raise unless a value is a finite number."""
    if not isinstance(value, Real) or not np.isfinite(float(value)):
        raise ValueError(f"{name}={value!r} must be a finite number.")


def modality_frame(
    name: str, values: np.ndarray, columns: Iterable[object], index: np.ndarray | pd.Index
) -> pd.DataFrame:
    """Table of a modality, columns prefixed with its name, because several modalities can measure the same gene."""
    return pd.DataFrame(values, index=pd.Index(index), columns=[f"{name}_{column}" for column in columns])


def make_bunch(tables: Mapping[str, pd.DataFrame], target: pd.Series, description: str, **more: Any) -> Bunch:
    """Join the tables on the rows of the target; samples without a modality have missing values in its columns."""
    data = pd.concat([table.reindex(target.index) for table in tables.values()], axis=1)
    modalities = {name: list(table.columns) for name, table in tables.items()}
    return Bunch(data=data, modalities=modalities, target=target, DESCR=description, **more)


def load_npz(name: str) -> dict[str, np.ndarray]:
    """Arrays of a shipped table."""
    with (DATA / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)


def read_description(name: str) -> str:
    """Description of a table: source, license, citation."""
    return (DATA / f"{name}.rst").read_text(encoding="utf-8")
