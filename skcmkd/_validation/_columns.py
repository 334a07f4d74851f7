"""Selecting columns of a table: the student's, a modality's."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np
import pandas as pd

from ._sklearn import feature_names, get_column_indices, n_features
from ._tables import Table, abbreviate, take_columns

Columns = Any  # names, positions, a slice, a boolean mask, or a callable that gives one of them for a table


def column_indices(X: Table, columns: Columns, what: str, table: str = "X") -> np.ndarray:
    """Positions of the columns that names, positions, a slice, a mask or a callable select.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
    columns : str, int, list, slice, mask of shape (n_features,) or callable
    what, table : str
        The parameter and the table that errors name.

    Returns
    -------
    ndarray of int of shape (n_selected,)
    """
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
        if is_mask and len(columns) != n_features(X):
            raise ValueError(
                f"{what} is a mask of {len(columns)} values and {table} has {n_features(X)} columns: give one value "
                "a column."
            )
    names = feature_names(X)
    labels = getattr(X, "columns", None)
    if labels is None and not isinstance(columns, slice) and any(isinstance(value, str) for value in columns):
        raise ValueError(
            f"{what}={reprlib.repr(columns)} names columns, and {table} is an array of {n_features(X)} columns "
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
            plural = "s" * (len(unknown) > 1)
            raise ValueError(
                f"{what} names {len(unknown)} column{plural} that {table} does not have: {abbreviate(unknown)}. "
                f"{table} has {len(names)} columns: {abbreviate([repr(c) for c in names])}."
            )
    try:
        positions = np.asarray(get_column_indices(X, columns), dtype=int) % max(n_features(X), 1)
    except ValueError as error:
        raise ValueError(
            f"{what}={reprlib.repr(columns)} does not fit {table} with {n_features(X)} columns "
            f"(n_features={n_features(X)}): {error}"
        ) from error
    if len(positions) == 0:
        raise ValueError(
            f"{what} selects none of the columns of {table} (n_features={n_features(X)}); name at least one."
        )
    if len(np.unique(positions)) < len(positions):
        raise ValueError(f"{what} names a column of {table} twice; name each once.")
    return positions


def student_table(X: Table, student_columns: Columns) -> Table:
    """The student's columns of a table of both modalities; the table itself where ``student_columns`` is None."""
    return X if student_columns is None else take_columns(X, column_indices(X, student_columns, "student_columns"))


def check_modalities(X: Table, modalities: Mapping[str, Columns], student: str) -> dict[str, np.ndarray]:
    """Positions of each modality's columns; raise on unknown, empty or overlapping modalities."""
    if not isinstance(modalities, Mapping) or len(modalities) < 2:
        raise ValueError(
            "modalities must be a dict of at least two modalities, name to columns, such as "
            f"{{'rna': [...], 'protein': [...]}}; got {reprlib.repr(modalities)}."
        )
    if student not in modalities:
        raise ValueError(f"student={student!r} is not among the modalities: {', '.join(map(str, modalities))}.")
    positions = {name: column_indices(X, columns, f"modalities[{name!r}]") for name, columns in modalities.items()}
    owner: dict[int, str] = {}
    names = feature_names(X)
    for name, selected in positions.items():
        for position in selected:
            if position in owner:
                column = names[position] if names is not None else position
                raise ValueError(
                    f"Modalities overlap: column {column!r} belongs to both {owner[position]!r} and {name!r}. Give "
                    "each column to one modality."
                )
            owner[int(position)] = name
    return positions


def select_student_columns(X: Table, names: np.ndarray) -> Table | None:
    """The student's columns of a table with column names, or None where it has no names."""
    present = feature_names(X)
    if present is None:
        return None
    position = {name: index for index, name in enumerate(present)}
    missing = [repr(name) for name in names if name not in position]
    if missing:
        raise ValueError(
            f"X lacks {len(missing)} of the student's {len(names)} columns: {abbreviate(missing)}. Give the columns "
            "named in feature_names_in_; the teacher's may be absent."
        )
    return take_columns(X, [position[name] for name in names])
