"""Checks of vectors with one value a row: labels, continuous targets, weights and groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_array
from sklearn.utils.multiclass import type_of_target

from ._array_checks import check_1d, check_label_dtype
from ._sklearn import as_sample_weight, check_tuple, n_samples
from ._tables import Table, check_same_index, check_unique_labels

# More different whole numbers than this, with few rows each, are a continuous target such as an age.
MAX_CLASSES = 20


def check_labels(y: Any, name: str = "y") -> np.ndarray:
    """Return class labels as a vector of shape (n_samples,); a missing label is an error, not a class."""
    y = check_1d(y, name)
    n_missing = int(pd.isna(y).sum())
    if n_missing:
        raise ValueError(
            f"{name} holds {n_missing} missing labels (NaN or None) among {len(y)} rows. "
            + (
                "Keep only labeled rows in X and y, and give the others as unlabeled_pairs (PairedDistiller, "
                "CCHSelector), or as unlabeled or bridge (UnpairedDistiller)."
                if name == "y"
                else "Keep only its labeled rows."
            )
        )
    y = check_label_dtype(y, name)
    if type_of_target(y) == "continuous":
        fraction = next(value for value in y.tolist() if value % 1)
        raise ValueError(
            f"Unknown label type: {name} is continuous, such as {fraction}. For a continuous target take "
            "PairedDistillerRegressor, or turn it into classes, for example with pandas.cut."
        )
    return y


def check_target(y: Any) -> tuple[np.ndarray, bool]:
    """Return the target as a vector, and whether it holds classes rather than a continuous target.

    Numbers are a continuous target if they are not whole, if more than half of them differ, or if there are more than
    20 different ones with fewer than ten rows each on average.

    Parameters
    ----------
    y : array-like of shape (n_samples,)

    Returns
    -------
    y : ndarray of shape (n_samples,)
    is_class : bool
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
    """Return finite numbers of shape (n_samples,) or (n_samples, n_outputs); one column becomes a vector."""
    values = np.ravel(np.asarray(y, dtype=object))
    if pd.api.types.infer_dtype(values, skipna=True) == "string":
        raise ValueError(
            f"y holds text such as {values[0]!r}, and must hold numbers; for classes take PairedDistiller."
        )
    try:
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    except (ValueError, TypeError) as error:
        raise ValueError(f"{error} Keep only rows of X and y whose y is a finite number.") from error
    return y if y.ndim == 2 and y.shape[1] > 1 else check_1d(y, "y")


def encode_labels(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes and each row's position among them; raises unless there are at least two classes."""
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class only, {classes.tolist()[0]!r}; a classifier needs rows of at least two classes."
        )
    return classes, codes


def factorize(labels: Any, name: str) -> np.ndarray:
    """Return each row's position among the sorted labels; a missing label is an error."""
    n_missing = int(pd.isna(labels).sum())
    if n_missing:
        raise ValueError(
            f"{name} holds {n_missing} missing labels (NaN or None) among {len(labels)} rows. Leave out those rows."
        )
    return np.unique(np.asarray(labels), return_inverse=True)[1]


def check_sample_weight(sample_weight: Any, X: Table) -> np.ndarray | None:
    """Return row weights of shape (n_samples,), or None; negative weights and weights that are all zero are errors."""
    if sample_weight is None:
        return None
    try:
        weight = as_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"sample_weight must hold a finite number of 0 or more for each of the {n_samples(X)} rows of X, not all 0 "
            f"(pass a teacher's table by name, X_teacher=...): {error}"
        ) from error
    if not weight.any():
        raise ValueError(
            f"sample_weight is 0 in all of its {len(weight)} rows: nothing to learn from. Give some rows a weight."
        )
    return weight


def normalize_weight(weight: np.ndarray | None) -> np.ndarray | None:
    """Row weights of mean one over the rows of positive weight, or None.

    A constant factor of the weights would change the strength of a model's penalty. Rows of weight 0 do not count.
    """
    return weight if weight is None or not weight.any() else weight / weight[weight > 0].mean()


def normalized_sample_weight(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    """Return row weights of mean one: other scales would change a network's learning rate."""
    weight = check_sample_weight(sample_weight, X)
    weight = np.ones(len(X)) if weight is None else weight
    return (weight / weight.mean()).astype(np.float32)


def check_groups(groups: Any, X: Table, name: str = "groups", base: str = "X") -> np.ndarray | None:
    """Return the group of each row, or None; a missing group is an error."""
    if groups is None:
        return None
    values = check_1d(groups, name)
    check_unique_labels(X, groups, name, base)
    if len(values) != n_samples(X):
        raise ValueError(
            f"{name} has {len(values)} rows and {base} has {n_samples(X)}: give the group of each row of {base}."
        )
    check_same_index(X, groups, name, base)
    factorize(values, name)
    return np.asarray(values)


def pop_groups(tables: Any, name: str, expected: str, length: int) -> tuple[tuple[Any, ...], Any]:
    """Split a checked tuple into its first ``length`` elements and the groups, its optional last element, or None."""
    if isinstance(tables, tuple) and len(tables) == length + 1 and (tables[-1] is None or np.ndim(tables[-1]) == 1):
        return tables[:-1], tables[-1]
    check_tuple(tables, name, expected, length)
    return tables, None


def check_comparable_groups(groups: np.ndarray | None, extra_groups: np.ndarray, name: str) -> np.ndarray:
    """Return the groups of the labeled rows; raises unless those of the unlabeled pairs, ``name``, are of one type."""
    if groups is None:
        raise ValueError(
            f"{name} names groups and X has none to compare them with. Give groups=, too, or leave them out."
        )
    kinds = ["numbers" if np.asarray(ids.tolist()).dtype.kind in "biuf" else "text" for ids in (extra_groups, groups)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"{name} names groups by {kinds[0]}, such as {extra_groups.tolist()[0]!r}, and groups by {kinds[1]}, such "
            f"as {groups.tolist()[0]!r}: none could be the same. Name them alike."
        )
    return groups


def merge_group_ids(groups: np.ndarray, extra_groups: Sequence[tuple[int, np.ndarray | None]]) -> list[np.ndarray]:
    """Number the groups of several tables, with one number for a group in all of them.

    Parameters
    ----------
    groups : ndarray of shape (n_samples,)
    extra_groups : list of (n_rows, ndarray of shape (n_rows,) or None)
        Groups of the other tables. Without groups each row of a table is a group.

    Returns
    -------
    list of ndarray of int, one for each table
    """
    known = [groups, *(extra for _, extra in extra_groups if extra is not None)]
    ids = pd.factorize(np.concatenate([np.asarray(part.tolist(), dtype=object) for part in known]))[0]
    parts = iter(np.split(ids, np.cumsum([len(part) for part in known])[:-1]))
    merged, n_groups = [next(parts)], ids.max() + 1
    for n_rows, extra in extra_groups:
        merged.append(np.arange(n_groups, n_groups + n_rows) if extra is None else next(parts))
        n_groups += n_rows if extra is None else 0
    return merged
