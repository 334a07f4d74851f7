"""The tables of a selection, checked, and their out-of-fold encodings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .._distillation._pair_checks import warn_of_another_scale, warn_of_labeled_rows
from .._linear_model._ridge import to_design_matrix
from .._model_selection._folds import make_repeated_fold_ids
from .._validation._array_checks import check_same_length
from .._validation._sklearn import ArrayLike, n_samples
from .._validation._table_checks import UNLABELED_PAIRS_NAMES, check_no_infinity, check_numeric, observed_rows
from .._validation._tables import (
    Table,
    as_table,
    check_same_columns,
    check_same_index,
    stack_rows,
    take_columns,
    take_rows,
)
from .._validation._target_checks import check_comparable_groups, check_groups, check_target, encode_labels, pop_groups
from ._encoders import ModalityData, Repeat, encode_out_of_fold
from ._settings import SelectionSettings


def check_selection_target(X: Table, y: ArrayLike) -> tuple[np.ndarray, np.ndarray | None]:
    """Labels of the rows of X, and the sorted classes; None for a continuous target."""
    check_same_index(X, y, "y")
    y, is_class = check_target(y)
    check_same_length(X, y, "y")
    return y, encode_labels(y)[0] if is_class else None


def check_unlabeled_pairs(X: Table, unlabeled_pairs: tuple[Any, ...] | None, groups: np.ndarray | None) -> Table | None:
    """Samples without a label, less those of a group that has a labeled row: they add no independent evidence."""
    if unlabeled_pairs is None:
        return None
    expected = "(table,) of one table with the columns of X"
    (unlabeled,), unlabeled_groups = pop_groups(unlabeled_pairs, "unlabeled_pairs", expected, 1)
    unlabeled = as_table(unlabeled, UNLABELED_PAIRS_NAMES[0], sparse=False)
    check_same_columns(X, unlabeled, UNLABELED_PAIRS_NAMES[0], "X")
    unlabeled_groups = check_groups(unlabeled_groups, unlabeled, UNLABELED_PAIRS_NAMES[1], UNLABELED_PAIRS_NAMES[0])
    warn_of_another_scale(X, unlabeled, UNLABELED_PAIRS_NAMES[0])
    if unlabeled_groups is None:
        warn_of_labeled_rows(X, unlabeled, UNLABELED_PAIRS_NAMES[0])
        return unlabeled
    is_new = ~np.isin(unlabeled_groups, check_comparable_groups(groups, unlabeled_groups, UNLABELED_PAIRS_NAMES[1]))
    return take_rows(unlabeled, is_new) if is_new.any() else None


def make_repeats(
    X: Table,
    y: np.ndarray,
    classes: np.ndarray | None,
    columns: Mapping[str, np.ndarray],
    groups: np.ndarray | None,
    unlabeled: Table | None,
    settings: SelectionSettings,
    random_state: np.random.RandomState,
) -> list[Repeat]:
    """Assign the rows to folds as often as asked, and encode every modality out of fold each time.

    Parameters
    ----------
    X : table of shape (n_labeled, n_features)
    y : ndarray of shape (n_labeled,)
    classes : ndarray of shape (n_classes,) or None
        None for a continuous target.
    columns : mapping of str to ndarray of int
        Positions of each modality's columns in X.
    groups : ndarray of shape (n_labeled,) or None
    unlabeled : table of shape (n_unlabeled, n_features) or None
    settings : SelectionSettings
    random_state : RandomState
        Shuffles the rows of all repeats after the first.
    """
    repeated_fold_ids = make_repeated_fold_ids(
        settings.cv, y, settings.n_repeats, random_state, classes=classes is not None, groups=groups
    )
    if unlabeled is not None:
        X = stack_rows(X, unlabeled)
        # Each of these rows is encoded by the encoder of one fold, as the labeled rows are.
        unlabeled_ids = np.arange(n_samples(unlabeled))
        repeated_fold_ids = [np.append(ids, unlabeled_ids % (ids.max() + 1)) for ids in repeated_fold_ids]
    tables = {name: take_columns(X, positions) for name, positions in columns.items()}
    observed = {name: observed_rows(table) for name, table in tables.items()}
    for name in tables:
        tables[name] = _check_modality(tables[name], name, observed[name][: len(y)], name in settings.default_encoders)
    data = ModalityData(tables, observed, y, classes, repeated_fold_ids[0], groups)
    repeats = []
    for fold_ids in repeated_fold_ids:
        part = replace(data, fold_ids=fold_ids)
        encodings = encode_out_of_fold(
            part, settings.encoders, settings.representation, n_jobs=settings.n_jobs, verbose=settings.verbose
        )
        repeats.append(Repeat(part, encodings))
    return repeats


def _check_modality(table: Table, name: str, has_modality: np.ndarray, uses_default_encoder: bool) -> Table:
    """The table as its encoder takes it; ``has_modality`` is the mask of the labeled rows where it was measured."""
    if uses_default_encoder:
        check_numeric(table, f"modality {name!r}", "encoder", categories=True)
    check_no_infinity(table, f"modality {name!r}")
    if not has_modality.any():
        raise ValueError(
            f"Modality {name!r} is missing in all {len(has_modality)} rows: nothing to measure. Leave it "
            "out of modalities."
        )
    # Slicing arrays takes a tenth of the time of slicing DataFrames, and the default encoders use no column names.
    return to_design_matrix(table) if uses_default_encoder else table
