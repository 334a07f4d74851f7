"""Checks of what comes in, and the only home of scikit-learn's private helpers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse, vstack
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, check_array, column_or_1d, get_tags
from sklearn.utils._indexing import _get_column_indices
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    _get_feature_names,
    _num_features,
    _num_samples,
)

__all__ = [
    "ArrayLike",
    "HasMethods",
    "Interval",
    "StrOptions",
    "Table",
    "as_codes",
    "as_table",
    "check_choice",
    "check_feature_names_in",
    "check_labels",
    "check_modalities",
    "check_row_weights",
    "check_same_columns",
    "check_same_rows",
    "check_text_columns",
    "check_values",
    "check_vector",
    "column_positions",
    "draw_seed",
    "drop_teacher_columns",
    "feature_names",
    "keep_earlier_fit",
    "measured_rows",
    "n_columns_of",
    "n_rows_of",
    "set_seeds",
    "stack_rows",
    "take_columns",
    "take_rows",
]

ArrayLike = Any  # what scikit-learn takes for one; numpy's own type does not follow it through validation
Table = Any  # array, sparse matrix or DataFrame of shape (n_samples, n_columns)
Columns = Any  # names, positions, a slice, a boolean mask, or a callable that gives one of them for a table

check_feature_names_in = _check_feature_names_in
feature_names = _get_feature_names
n_columns_of = _num_features
n_rows_of = _num_samples
AT_MOST_NAMED = 5


@contextmanager
def keep_earlier_fit(estimator: BaseEstimator) -> Iterator[None]:
    """Give a fitted estimator its attributes back when the block fails or is interrupted."""
    earlier = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(earlier)
        raise


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise unless the value is one of a closed set."""
    if value not in choices:
        raise ValueError(f"{name}={value!r} must be one of {', '.join(map(repr, choices))}.")


# Seeds


def draw_seed(random_state: np.random.RandomState) -> int:
    """A seed for a generator that does not take numpy's state."""
    return int(random_state.randint(np.iinfo(np.int32).max))


def set_seeds(estimator: BaseEstimator, seed: int | None) -> BaseEstimator:
    """Set every ``random_state`` of an estimator and its parts that is still None."""
    if seed is not None:
        unset = {
            name: seed
            for name, value in estimator.get_params(deep=True).items()
            if name.rpartition("__")[2] == "random_state" and value is None
        }
        estimator.set_params(**unset)
    return estimator


# Labels and weights


def check_labels(y: Any) -> np.ndarray:
    """Class labels as a vector; a missing label is an error, not a class."""
    y = column_or_1d(y, warn=True)
    n_missing = int(pd.isna(y).sum())
    if n_missing:
        raise ValueError(
            f"y holds {n_missing} missing labels (NaN or None) among {len(y)} rows. Keep only labelled rows in "
            "X and y; rows that have both modalities but no label can be given as unlabeled_pairs."
        )
    check_classification_targets(y)
    return y


def check_vector(y: Any) -> np.ndarray:
    """A column as a vector, with scikit-learn's warning."""
    return column_or_1d(y, warn=True)


def as_codes(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted classes and each row's position among them; at least two classes are needed."""
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class only, {classes.tolist()[0]!r}; a classifier needs rows of at least two classes."
        )
    return classes, codes


def check_row_weights(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    """Row weights of mean one (weights of another scale would change a network's learning rate)."""
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    return (weight / weight.mean()).astype(np.float32)


# Tables


def as_table(X: Any, name: str = "X", estimator: BaseEstimator | None = None, sparse: bool = True) -> Table:
    """DataFrames as they are, so that models find their columns by name; all else as a 2-D array."""
    if hasattr(X, "columns"):
        return X
    return check_array(
        X,
        accept_sparse=("csr", "csc") if sparse else False,
        dtype=None,
        ensure_all_finite=False,
        input_name=name,
        estimator=estimator,
    )


def take_rows(X: Table, rows: np.ndarray) -> Table:
    """Rows of a table, by positions or a mask."""
    return _safe_indexing(X, rows)


def take_columns(X: Table, positions: Sequence[int] | np.ndarray) -> Table:
    """Columns of a table, by positions."""
    return _safe_indexing(X, np.asarray(positions, dtype=int), axis=1)


def stack_rows(upper: Table, lower: Table) -> Table:
    """One table above another."""
    if hasattr(upper, "iloc"):
        return pd.concat([upper, lower])
    if issparse(upper):
        return vstack([upper, lower], format="csr")
    return np.concatenate([np.asarray(upper), np.asarray(lower)])


def _missing_values(X: Table) -> np.ndarray:
    return np.asarray(pd.isna(X.to_pandas() if hasattr(X, "to_pandas") else X))


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


def check_text_columns(X: Table, model: BaseEstimator, name: str, role: str) -> None:
    """Raise on text in a column that goes to a model without preprocessing of its own."""
    tags = get_tags(model).input_tags
    if not hasattr(X, "columns") or isinstance(model, Pipeline) or tags.string or tags.categorical:
        return
    for column in X.columns:
        values = X[column]
        if pd.api.types.is_numeric_dtype(values.dtype):
            continue
        numbers = pd.to_numeric(pd.Series(values.to_numpy(dtype=object)), errors="coerce")
        text = numbers.isna().to_numpy() & ~_missing_values(values)
        if text.any():
            raise ValueError(
                f"Column {column!r} of {name} has dtype {values.dtype} and holds {values.to_numpy()[text][0]!r}, "
                f"which is not a number. Encode it, for example with an OneHotEncoder in the {role}'s pipeline, "
                "or leave it out."
            )


def check_same_rows(X: Table, other: Table, name: str, base: str = "X") -> None:
    """Raise unless two tables have a row for a row, and the same row order where both are labelled."""
    if n_rows_of(other) != n_rows_of(X):
        raise ValueError(
            f"{name} has {n_rows_of(other)} rows and {base} has {n_rows_of(X)}: give one row of {name} for each row "
            f"of {base}. For samples whose teacher modality was not measured, fill the row with NaN."
        )
    index, other_index = getattr(X, "index", None), getattr(other, "index", None)
    if isinstance(index, pd.Index) and isinstance(other_index, pd.Index) and not index.equals(other_index):
        order = other_index.get_indexer(index) if other_index.is_unique and index.is_unique else np.array([-1])
        if (order >= 0).all():
            raise ValueError(
                f"The rows of {name} carry the same labels as those of {base} in another order: reorder them with "
                f"{name}.loc[{base}.index], or drop the labels with reset_index(drop=True) if the rows do match."
            )


def check_same_columns(X: Table, other: Table, name: str, base: str) -> None:
    """Raise unless two tables are of one kind and have the same columns in the same order."""
    if hasattr(X, "columns") != hasattr(other, "columns"):
        kinds = [f"{n} is a {type(table).__name__}" for n, table in ((base, X), (name, other))]
        raise ValueError(
            f"{kinds[0]} and {kinds[1]}: give both alike. If a step before the distiller changed {base}, it did not "
            f"see {name}: put a scaler or imputer into the student's or the teacher's own pipeline."
        )
    names, other_names = feature_names(X), feature_names(other)
    if names is not None and other_names is not None and list(names) != list(other_names):
        odd = [repr(c) for c in [*names, *other_names] if (c in names) != (c in other_names)]
        detail = f"not in both: {_name_some(odd)}" if odd else "they are in another order"
        raise ValueError(f"{name} must have the columns of {base}; {detail}.")
    if n_columns_of(X) != n_columns_of(other):
        raise ValueError(f"{name} has {n_columns_of(other)} columns and {base} has {n_columns_of(X)}: give the same.")


def _name_some(names: Sequence[str]) -> str:
    more = f" and {len(names) - AT_MOST_NAMED} more" if len(names) > AT_MOST_NAMED else ""
    return ", ".join(names[:AT_MOST_NAMED]) + more


# Columns and modalities


def column_positions(X: Table, columns: Columns, what: str) -> np.ndarray:
    """Positions of the columns meant by names, positions, a slice, a mask or a callable."""
    if callable(columns):
        columns = columns(X)
    if isinstance(columns, (str, int, np.integer)):
        columns = [columns]
    elif isinstance(columns, (pd.Index, pd.Series)):
        columns = columns.to_numpy()
    names = feature_names(X)
    if names is not None and not isinstance(columns, slice):
        wanted = list(columns)
        unknown = [repr(c) for c in wanted if isinstance(c, str) and c not in set(names)]
        if unknown:
            raise ValueError(
                f"{what} names {len(unknown)} columns that X does not have: {_name_some(unknown)}. X has "
                f"{len(names)} columns: {_name_some([repr(c) for c in names])}."
            )
    try:
        positions = np.asarray(_get_column_indices(X, columns), dtype=int) % max(n_columns_of(X), 1)
    except ValueError as error:
        raise ValueError(
            f"{what}={columns!r} does not fit X with {n_columns_of(X)} columns (n_features={n_columns_of(X)}): {error}"
        ) from error
    if len(positions) == 0:
        raise ValueError(f"{what} selects none of the columns of X (n_features={n_columns_of(X)}); name at least one.")
    if len(np.unique(positions)) < len(positions):
        raise ValueError(f"{what} names a column of X twice; name each once.")
    return positions


def check_modalities(X: Table, modalities: Mapping[str, Columns], student: str) -> dict[str, np.ndarray]:
    """Positions of each modality's columns; raise on unknown, empty or overlapping modalities."""
    if not isinstance(modalities, Mapping) or len(modalities) < 2:
        raise ValueError(
            "modalities must be a dict of at least two modalities, name to columns, such as "
            f"{{'rna': [...], 'protein': [...]}}; got {modalities!r}."
        )
    if student not in modalities:
        raise ValueError(f"student={student!r} is not among the modalities: {', '.join(map(str, modalities))}.")
    positions = {name: column_positions(X, columns, f"modalities[{name!r}]") for name, columns in modalities.items()}
    owner: dict[int, str] = {}
    names = feature_names(X)
    for name, own in positions.items():
        for position in own:
            if position in owner:
                column = names[position] if names is not None else position
                raise ValueError(
                    f"Modalities overlap: column {column!r} belongs to both {owner[position]!r} and {name!r}. Give "
                    "each column to one modality."
                )
            owner[int(position)] = name
    return positions


def drop_teacher_columns(X: Table, names: np.ndarray) -> Table | None:
    """The student's columns of a table with column names, or None where it has no names."""
    present = feature_names(X)
    if present is None:
        return None
    missing = [repr(name) for name in names if name not in set(present)]
    if missing:
        raise ValueError(
            f"X lacks {len(missing)} of the student's {len(names)} columns: {_name_some(missing)}. Give the columns "
            "named in feature_names_in_; the teacher's may be absent."
        )
    return take_columns(X, [list(present).index(name) for name in names])
