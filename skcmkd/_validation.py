"""Checks of what comes in, and the only home of scikit-learn's private helpers."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals
from scipy.sparse import hstack, issparse, vstack
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, check_array, gen_batches, get_tags
from sklearn.utils._indexing import _get_column_indices
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils._param_validation import StrOptions as _StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    _get_feature_names,
    _num_features,
    _num_samples,
    validate_data,
)

from ._frames import as_pandas, is_frame
from ._input_checks import as_array, as_column, as_labels, check_columns_of_fit, check_frame, check_same_length

__all__ = [
    "N_JOBS",
    "ROWS_OF_A_BLOCK",
    "ArrayLike",
    "HasMethods",
    "Interval",
    "StrOptions",
    "Table",
    "as_codes",
    "as_codes_of_any",
    "as_table",
    "check_choice",
    "check_columns_of_fit",
    "check_feature_names_in",
    "check_groups",
    "check_label_or_quantity",
    "check_labels",
    "check_missing_values",
    "check_modalities",
    "check_numbers",
    "check_quantities",
    "check_row_weights",
    "check_same_columns",
    "check_same_index",
    "check_same_length",
    "check_same_rows",
    "check_sample_weight",
    "check_text_columns",
    "check_tuple",
    "check_values",
    "column_positions",
    "draw_seed",
    "drop_teacher_columns",
    "feature_names",
    "in_single_precision",
    "join_groups",
    "keep_earlier_fit",
    "measured_rows",
    "n_columns_of",
    "n_rows_of",
    "set_seeds",
    "stack_columns",
    "stack_rows",
    "take_columns",
    "take_rows",
    "validate_numbers",
]

ArrayLike = Any  # what scikit-learn takes for one; numpy's own type does not follow it through validation
Table = Any  # array, sparse matrix or pandas DataFrame of shape (n_samples, n_columns)
Columns = Any  # names, positions, a slice, a boolean mask, or a callable that gives one of them for a table

check_feature_names_in = _check_feature_names_in
feature_names = _get_feature_names
n_columns_of = _num_features
n_rows_of = _num_samples
AT_MOST_NAMED = 5
# More different whole numbers than this, with few rows each, are a quantity such as an age.
MOST_CLASSES = 20
ROWS_OF_A_BLOCK = 8192
# Homes of the transformers that a pipeline often starts with and that read nothing but numbers.
STEPS_OF_NUMBERS = ("sklearn.preprocessing._data", "sklearn.impute.", "sklearn.decomposition.")
# joblib has no meaning for 0.
N_JOBS = [Interval(Integral, 1, None, closed="left"), Interval(Integral, None, -1, closed="right"), None]


class StrOptions(_StrOptions):
    """A closed set of names that an error lists in alphabetical order, whatever the hash seed."""

    def __str__(self) -> str:
        return f"a str among {{{', '.join(map(repr, sorted(self.options)))}}}"


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


def check_tuple(given: object, name: str, expected: str, length: int) -> None:
    """Raise unless side data come as a tuple of the expected length."""
    if not isinstance(given, tuple) or len(given) != length:
        got = f"a tuple of {len(given)}" if isinstance(given, tuple) else f"a {type(given).__name__}"
        raise ValueError(
            f"{name} must be a tuple {expected}, got {got}. A tuple, unlike a list or a table, is never cut by "
            "cross-validation."
        )


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


def check_labels(y: Any, name: str = "y") -> np.ndarray:
    """Class labels as a vector; a missing label is an error, not a class."""
    y = as_column(y, name)
    n_missing = int(pd.isna(y).sum())
    if n_missing:
        raise ValueError(
            f"{name} holds {n_missing} missing labels (NaN or None) among {len(y)} rows. Keep only labelled rows in "
            "X and y; the distillers take rows without a label beside them."
        )
    y = as_labels(y, name)
    check_classification_targets(y)
    return y


def check_label_or_quantity(y: Any) -> tuple[np.ndarray, bool]:
    """A label as a vector, and whether it is a class rather than a quantity.

    Numbers are a quantity when they are not whole, when more than half of them differ, or when there are more than 20
    different ones with fewer than ten rows each on average.
    """
    y = as_column(y, "y")
    values = pd.Series(y).infer_objects().to_numpy()
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        return check_labels(y), True
    n_rows, n_values = len(values), len(np.unique(values))
    if (values % 1 == 0).all() and n_values <= n_rows / 2 and (n_values <= MOST_CLASSES or n_values <= n_rows / 10):
        return check_labels(y), True
    if n_values < 2:
        raise ValueError(
            f"y is {values[0]} in all rows (n_samples={n_rows}): nothing to learn. Give a label that varies."
        )
    return values.astype(np.float64), False


def check_quantities(y: Any) -> np.ndarray:
    """One or several columns of finite numbers; one column as a vector."""
    values = np.ravel(np.asarray(y, dtype=object))
    if pd.api.types.infer_dtype(values, skipna=True) == "string":
        raise ValueError(f"y holds text such as {values[0]!r}, which is no quantity; for classes take PairedDistiller.")
    try:
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    except (ValueError, TypeError) as error:
        raise ValueError(f"{error} Keep only rows of X and y whose y is a finite number.") from error
    return y if y.ndim == 2 and y.shape[1] > 1 else as_column(y, "y")


def as_codes(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted classes and each row's position among them; at least two classes are needed."""
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class only, {classes.tolist()[0]!r}; a classifier needs rows of at least two classes."
        )
    return classes, codes


def as_codes_of_any(labels: Any, name: str) -> np.ndarray:
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
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"sample_weight must hold a finite number of 0 or more for each of the {n_rows_of(X)} rows of X, not all 0 "
            f"(a teacher's table is given by name, X_teacher=...): {error}"
        ) from error
    if not weight.any():
        raise ValueError(
            f"sample_weight is 0 in all of its {len(weight)} rows: nothing to learn from. Give some rows a weight."
        )
    return weight


def check_groups(groups: Any, X: Table, name: str = "groups", base: str = "X") -> np.ndarray | None:
    """The group of each row as it was given, or None; a missing group is an error."""
    if groups is None:
        return None
    values = as_column(groups, name)
    if len(values) != n_rows_of(X):
        raise ValueError(
            f"{name} has {len(values)} rows and {base} has {n_rows_of(X)}: give the group of each row of {base}."
        )
    check_same_index(X, groups, name, base)
    as_codes_of_any(values, name)
    return np.asarray(values)


def join_groups(groups: np.ndarray, further: Sequence[tuple[int, np.ndarray | None]]) -> list[np.ndarray]:
    """Groups of several tables as numbers that mean the same in all of them.

    ``further`` are the other tables' numbers of rows and their groups; rows without any are groups of their own.
    """
    given = [groups, *(own for _, own in further if own is not None)]
    codes = pd.factorize(np.concatenate([np.asarray(part.tolist(), dtype=object) for part in given]))[0]
    parts = iter(np.split(codes, np.cumsum([len(part) for part in given])[:-1]))
    joined, n_groups = [next(parts)], codes.max() + 1
    for n_rows, own in further:
        joined.append(np.arange(n_groups, n_groups + n_rows) if own is None else next(parts))
        n_groups += n_rows if own is None else 0
    return joined


def check_row_weights(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    """Row weights of mean one (weights of another scale would change a network's learning rate)."""
    weight = check_sample_weight(sample_weight, X)
    weight = np.ones(len(X)) if weight is None else weight
    return (weight / weight.mean()).astype(np.float32)


# Tables


def as_table(X: Any, name: str = "X", estimator: BaseEstimator | None = None, sparse: bool = True) -> Table:
    """DataFrames as pandas', so that models find their columns by name; all else as a 2-D array."""
    if is_frame(X):
        X = as_pandas(X, name)
        check_frame(X, name)
        return X
    return as_array(X, name, estimator, sparse)


def in_single_precision(function: Callable[[np.ndarray], np.ndarray], X: np.ndarray) -> np.ndarray:
    """A function of the rows of a table, block by block: no second table in double precision beside it."""
    values = np.empty(X.shape, dtype=np.float32)
    for rows in gen_batches(len(X), ROWS_OF_A_BLOCK):
        values[rows] = function(X[rows])
    return values


def take_rows(X: Table, rows: np.ndarray) -> Table:
    """Rows of a table, by positions or a mask; the table itself where the mask takes all."""
    if rows.dtype == bool and rows.all():
        return X
    return X[rows] if isinstance(X, np.ndarray) else _safe_indexing(X, rows)


def take_columns(X: Table, positions: Sequence[int] | np.ndarray) -> Table:
    """Columns of a table, by positions."""
    return _safe_indexing(X, np.asarray(positions, dtype=int), axis=1)


def stack_columns(left: Table, right: Table) -> Table:
    """One table beside another, row for row; raises where the two share a column's name."""
    if issparse(left) or issparse(right):
        return hstack([left, right], format="csr")
    if not hasattr(left, "columns") and not hasattr(right, "columns"):
        return np.hstack([left, right])
    left, right = (
        as_pandas(table) if is_frame(table) else pd.DataFrame(np.asarray(table)).add_prefix("column_")
        for table in (left, right)
    )
    left, right = (table.reset_index(drop=True) for table in (left, right))
    shared = [repr(name) for name in left.columns if name in set(right.columns)]
    if shared:
        raise ValueError(
            f"Both tables have columns of the same name: {_name_some(shared)}. Rename those of one, such as "
            'X_teacher.add_prefix("teacher_").'
        )
    return pd.concat([left, right], axis=1)


def stack_rows(upper: Table, lower: Table) -> Table:
    """One table above another."""
    if is_frame(upper):
        upper, lower = as_pandas(upper), as_pandas(lower)
        upper, lower = upper.copy(deep=False), lower.copy(deep=False)
        # Categoricals with other categories would become plain text, and one-hot encoders would see other columns.
        for column in upper.columns[[isinstance(dtype, pd.CategoricalDtype) for dtype in upper.dtypes]]:
            both = union_categoricals([upper[column], lower[column].astype("category")], ignore_order=True)
            upper[column] = pd.Categorical(upper[column], categories=both.categories)
            lower[column] = pd.Categorical(lower[column], categories=both.categories)
        return pd.concat([upper, lower])
    if issparse(upper):
        return vstack([upper, lower], format="csr")
    return np.concatenate([np.asarray(upper), np.asarray(lower)])


def _missing_values(X: Table) -> np.ndarray:
    return np.asarray(pd.isna(as_pandas(X) if is_frame(X) else X))


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


def check_same_rows(X: Table, other: Table, name: str, base: str = "X") -> None:
    """Raise unless two tables have a row for a row, and the same row order where both are labelled."""
    if n_rows_of(other) != n_rows_of(X):
        raise ValueError(
            f"{name} has {n_rows_of(other)} rows and {base} has {n_rows_of(X)}: give one row of {name} for each row "
            f"of {base}. For samples whose teacher modality was not measured, fill the row with NaN."
        )
    check_same_index(X, other, name, base)


def check_same_index(X: Table, other: Any, name: str, base: str = "X") -> None:
    """Raise where both carry row labels that overlap but do not match: a sample would be paired with another."""
    index, other_index = getattr(X, "index", None), getattr(other, "index", None)
    if not isinstance(index, pd.Index) or not isinstance(other_index, pd.Index) or index.equals(other_index):
        return
    shared = index.isin(other_index)
    if shared.all():
        raise ValueError(
            f"The rows of {name} carry the same labels as those of {base} in another order: reorder them with "
            f"{name}.loc[{base}.index], or drop the labels with reset_index(drop=True) if the rows do match."
        )
    counted = isinstance(index, pd.RangeIndex) or isinstance(other_index, pd.RangeIndex)
    if shared.any() and not counted:
        raise ValueError(
            f"The row labels of {name} and {base} differ: {index[~shared][0]!r} of {base} is not in {name}, but "
            f"{int(shared.sum())} others are. Bring {name} to the rows of {base} with {name}.reindex({base}.index), or "
            "drop the labels with reset_index(drop=True) if the rows do match."
        )


def check_same_columns(X: Table, other: Table, name: str, base: str) -> None:
    """Raise unless two tables are of one kind and have the same columns in the same order."""
    if hasattr(X, "columns") != hasattr(other, "columns") or issparse(X) != issparse(other):
        kinds = [f"{n} is a {type(table).__name__}" for n, table in ((base, X), (name, other))]
        raise ValueError(
            f"{kinds[0]} and {kinds[1]}: give both alike. If a step before the distiller changed {base}, it did not "
            f"see {name}: put a scaler or imputer into the student's or the teacher's own pipeline."
        )
    names, other_names = list(getattr(X, "columns", [])), list(getattr(other, "columns", []))
    if names != other_names:
        unshared = set(names) ^ set(other_names)
        odd = [repr(c) for c in dict.fromkeys([*names, *other_names]) if c in unshared]
        detail = f"not in both: {_name_some(odd)}" if odd else "they are in another order"
        raise ValueError(f"{name} must have the columns of {base}; {detail}.")
    if n_columns_of(X) != n_columns_of(other):
        raise ValueError(f"{name} has {n_columns_of(other)} columns and {base} has {n_columns_of(X)}: give the same.")


def _name_some(names: Sequence[str]) -> str:
    more = f" and {len(names) - AT_MOST_NAMED} more" if len(names) > AT_MOST_NAMED else ""
    return ", ".join(names[:AT_MOST_NAMED]) + more


# Columns and modalities


def column_positions(X: Table, columns: Columns, what: str, table: str = "X") -> np.ndarray:
    """Positions of the columns meant by names, positions, a slice, a mask or a callable."""
    if callable(columns):
        columns = columns(X)
    if isinstance(columns, (str, int, np.integer)):
        columns = [columns]
    elif isinstance(columns, range):
        columns = list(columns)
    elif isinstance(columns, (pd.Index, pd.Series)):
        columns = columns.to_numpy()
    if not isinstance(columns, (slice, Iterable)) or isinstance(columns, (Mapping, Set)):
        raise ValueError(
            f"{what}={reprlib.repr(columns)} is a {type(columns).__name__}: give a list of names or positions, a "
            "slice, a boolean mask, or a callable that gives one of them."
        )
    if not isinstance(columns, slice):
        columns = list(columns)
        is_mask = bool(columns) and all(isinstance(value, (bool, np.bool_)) for value in columns)
        if is_mask and len(columns) != n_columns_of(X):
            raise ValueError(
                f"{what} is a mask of {len(columns)} values and {table} has {n_columns_of(X)} columns: give one value "
                "a column."
            )
    names = feature_names(X)
    labels = getattr(X, "columns", None)
    if labels is None and not isinstance(columns, slice) and any(isinstance(value, str) for value in columns):
        raise ValueError(
            f"{what}={reprlib.repr(columns)} names columns, and {table} is an array of {n_columns_of(X)} columns "
            "without names. Give a DataFrame, or positions."
        )
    if names is None and isinstance(labels, pd.Index) and not labels.equals(pd.RangeIndex(len(labels))):
        raise ValueError(
            f"The columns of {table} have names that are not all text, such as {labels.tolist()[0]!r}, so {what} could "
            f"mean names or positions. Rename them: {table}.columns = {table}.columns.astype(str)."
        )
    if names is not None and not isinstance(columns, slice):
        known = set(names)
        unknown = [repr(c) for c in columns if isinstance(c, str) and c not in known]
        if unknown:
            raise ValueError(
                f"{what} names {len(unknown)} columns that {table} does not have: {_name_some(unknown)}. {table} has "
                f"{len(names)} columns: {_name_some([repr(c) for c in names])}."
            )
    try:
        positions = np.asarray(_get_column_indices(X, columns), dtype=int) % max(n_columns_of(X), 1)
    except ValueError as error:
        raise ValueError(
            f"{what}={reprlib.repr(columns)} does not fit {table} with {n_columns_of(X)} columns "
            f"(n_features={n_columns_of(X)}): {error}"
        ) from error
    if len(positions) == 0:
        raise ValueError(
            f"{what} selects none of the columns of {table} (n_features={n_columns_of(X)}); name at least one."
        )
    if len(np.unique(positions)) < len(positions):
        raise ValueError(f"{what} names a column of {table} twice; name each once.")
    return positions


def check_modalities(X: Table, modalities: Mapping[str, Columns], student: str) -> dict[str, np.ndarray]:
    """Positions of each modality's columns; raise on unknown, empty or overlapping modalities."""
    if not isinstance(modalities, Mapping) or len(modalities) < 2:
        raise ValueError(
            "modalities must be a dict of at least two modalities, name to columns, such as "
            f"{{'rna': [...], 'protein': [...]}}; got {reprlib.repr(modalities)}."
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
    position = {name: place for place, name in enumerate(present)}
    missing = [repr(name) for name in names if name not in position]
    if missing:
        raise ValueError(
            f"X lacks {len(missing)} of the student's {len(names)} columns: {_name_some(missing)}. Give the columns "
            "named in feature_names_in_; the teacher's may be absent."
        )
    return take_columns(X, [position[name] for name in names])
