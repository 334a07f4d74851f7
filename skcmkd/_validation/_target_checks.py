"""What is given as one value a row: labels, quantities, weights and groups."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_array
from sklearn.utils.multiclass import type_of_target

from ._array_checks import check_1d, check_label_dtype
from ._sklearn import as_sample_weight, check_tuple, n_samples
from ._tables import Table, check_same_index

# More different whole numbers than this, with few rows each, are a quantity such as an age.
MAX_CLASSES = 20


def check_labels(y: Any, name: str = "y") -> np.ndarray:
    """Class labels as a vector; a missing label is an error, not a class."""
    y = check_1d(y, name)
    n_missing = int(pd.isna(y).sum())
    if n_missing:
        raise ValueError(
            f"{name} holds {n_missing} missing labels (NaN or None) among {len(y)} rows. Keep only labelled rows in "
            "X and y; the distillers take rows without a label beside them."
        )
    y = check_label_dtype(y, name)
    if type_of_target(y) == "continuous":
        raise ValueError(
            f"Unknown label type: {name} is continuous, such as {reprlib.repr(y[0])}. For a continuous target take "
            "PairedDistillerRegressor, or turn it into classes, for example with pandas.cut."
        )
    return y


def check_target(y: Any) -> tuple[np.ndarray, bool]:
    """A label as a vector, and whether it is a class rather than a quantity.

    Numbers are a quantity when they are not whole, when more than half of them differ, or when there are more than 20
    different ones with fewer than ten rows each on average.
    """
    y = check_1d(y, "y")
    values = pd.Series(y).infer_objects().to_numpy()
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        return check_labels(y), True
    n_rows, n_values = len(values), len(np.unique(values))
    if (values % 1 == 0).all() and n_values <= n_rows / 2 and (n_values <= MAX_CLASSES or n_values <= n_rows / 10):
        return check_labels(y), True
    if n_values < 2:
        raise ValueError(
            f"y is {values[0]} in all rows (n_samples={n_rows}): nothing to learn. Give a label that varies."
        )
    return values.astype(np.float64), False


def check_continuous_target(y: Any) -> np.ndarray:
    """One or several columns of finite numbers; one column as a vector."""
    values = np.ravel(np.asarray(y, dtype=object))
    if pd.api.types.infer_dtype(values, skipna=True) == "string":
        raise ValueError(f"y holds text such as {values[0]!r}, which is no quantity; for classes take PairedDistiller.")
    try:
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    except (ValueError, TypeError) as error:
        raise ValueError(f"{error} Keep only rows of X and y whose y is a finite number.") from error
    return y if y.ndim == 2 and y.shape[1] > 1 else check_1d(y, "y")


def encode_labels(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted classes and each row's position among them; at least two classes are needed."""
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class only, {classes.tolist()[0]!r}; a classifier needs rows of at least two classes."
        )
    return classes, codes


def factorize(labels: Any, name: str) -> np.ndarray:
    """Each row's position among the sorted labels; a missing label is an error."""
    n_missing = int(pd.isna(labels).sum())
    if n_missing:
        raise ValueError(
            f"{name} holds {n_missing} missing labels (NaN or None) among {len(labels)} rows. Leave out those rows."
        )
    return np.unique(np.asarray(labels), return_inverse=True)[1]


def check_sample_weight(sample_weight: Any, X: Table) -> np.ndarray | None:
    """Row weights as given, or None; negative weights and weights that are all zero are errors."""
    if sample_weight is None:
        return None
    try:
        weight = as_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"sample_weight must hold a finite number of 0 or more for each of the {n_samples(X)} rows of X, not all 0 "
            f"(a teacher's table is given by name, X_teacher=...): {error}"
        ) from error
    if not weight.any():
        raise ValueError(
            f"sample_weight is 0 in all of its {len(weight)} rows: nothing to learn from. Give some rows a weight."
        )
    return weight


def normalized_sample_weight(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    """Row weights of mean one (weights of another scale would change a network's learning rate)."""
    weight = check_sample_weight(sample_weight, X)
    weight = np.ones(len(X)) if weight is None else weight
    return (weight / weight.mean()).astype(np.float32)


def check_groups(groups: Any, X: Table, name: str = "groups", base: str = "X") -> np.ndarray | None:
    """The group of each row as it was given, or None; a missing group is an error."""
    if groups is None:
        return None
    values = check_1d(groups, name)
    if len(values) != n_samples(X):
        raise ValueError(
            f"{name} has {len(values)} rows and {base} has {n_samples(X)}: give the group of each row of {base}."
        )
    check_same_index(X, groups, name, base)
    factorize(values, name)
    return np.asarray(values)


def pop_groups(given: Any, name: str, expected: str, length: int) -> tuple[tuple[Any, ...], Any]:
    """A tuple of side data, checked, and what groups it carries as one more element, or None."""
    if isinstance(given, tuple) and len(given) == length + 1 and (given[-1] is None or np.ndim(given[-1]) == 1):
        return given[:-1], given[-1]
    check_tuple(given, name, expected, length)
    return given, None


def check_comparable_groups(groups: np.ndarray | None, extra_groups: np.ndarray, name: str) -> np.ndarray:
    """The groups of the labelled rows, if those of pairs without a label, which ``name`` holds, can be the same."""
    if groups is None:
        raise ValueError(
            f"{name} names groups and X has none to compare them with. Give groups=, too, or leave them out."
        )
    of_rows, of_pairs = (np.asarray(given.tolist()).dtype.kind in "biuf" for given in (groups, extra_groups))
    if of_rows != of_pairs:
        kinds = ("numbers", "text") if of_pairs else ("text", "numbers")
        raise ValueError(
            f"{name} names groups by {kinds[0]}, such as {extra_groups.tolist()[0]!r}, and groups by {kinds[1]}, such as "
            f"{groups.tolist()[0]!r}: none could be the same. Name them alike."
        )
    return groups


def merge_group_ids(groups: np.ndarray, extra_groups: Sequence[tuple[int, np.ndarray | None]]) -> list[np.ndarray]:
    """Groups of several tables as numbers that mean the same in all of them.

    ``extra_groups`` are the other tables' numbers of rows and their groups; rows without any are groups of their own.
    """
    given = [groups, *(own for _, own in extra_groups if own is not None)]
    codes = pd.factorize(np.concatenate([np.asarray(part.tolist(), dtype=object) for part in given]))[0]
    parts = iter(np.split(codes, np.cumsum([len(part) for part in given])[:-1]))
    joined, n_groups = [next(parts)], codes.max() + 1
    for n_rows, own in extra_groups:
        joined.append(np.arange(n_groups, n_groups + n_rows) if own is None else next(parts))
        n_groups += n_rows if own is None else 0
    return joined
