"""Tables, labels and groups of ``UnpairedDistiller.fit``, checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._distillation._pair_checks import check_pairs, warn_of_another_scale, warn_of_labeled_rows
from .._utils._warnings import warn_user
from .._validation._array_checks import check_same_length
from .._validation._table_checks import (
    check_no_infinity,
    check_no_label_in_student,
    check_target_leakage,
    observed_rows,
)
from .._validation._tables import Table, as_table, check_same_columns, check_same_index, take_rows
from .._validation._target_checks import (
    check_comparable_groups,
    check_groups,
    check_labels,
    merge_group_ids,
    pop_groups,
)
from ._linked_columns import check_linked_values, resolve_linked_columns

BRIDGE_NAMES = ("bridge[0]", "bridge[1]")


@dataclass(frozen=True)
class UnpairedData:
    """Both cohorts, the student's unlabeled rows, and samples with both modalities.

    Attributes
    ----------
    X : table of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
        Class labels.
    X_teacher : table of shape (n_teacher_samples, n_teacher_features) or None
    y_teacher : ndarray of shape (n_teacher_samples,) or None
    X_unlabeled : table of shape (n_unlabeled, n_features) or None
    X_bridge, X_teacher_bridge : tables of n_bridge rows, or None
    linked_indices : pair of ndarray of int, or None
        Positions of the linked columns in X and in X_teacher.
    groups, unlabeled_groups, bridge_groups : ndarray of int, or None
        Numbers that mean the same in the three tables.
    teacher_groups : ndarray of shape (n_teacher_samples,) or None
    """

    X: Table
    y: np.ndarray
    X_teacher: Table | None = None
    y_teacher: Any = None
    X_unlabeled: Table | None = None
    X_bridge: Table | None = None
    X_teacher_bridge: Table | None = None
    linked_indices: Any = None
    groups: np.ndarray | None = None
    unlabeled_groups: np.ndarray | None = None
    bridge_groups: np.ndarray | None = None
    teacher_groups: np.ndarray | None = None

    def student_tables(self) -> dict[str, Table]:
        """The tables that the student reads, by the names that the user knows them by."""
        tables = {"X": self.X, "unlabeled[0]": self.X_unlabeled, BRIDGE_NAMES[0]: self.X_bridge}
        return {name: table for name, table in tables.items() if table is not None}


def check_unpaired_data(
    X: Table,
    y: np.ndarray,
    groups: np.ndarray | None,
    teacher_data: tuple[Any, ...] | None,
    unlabeled: tuple[Any, ...] | None,
    bridge: tuple[Any, ...] | None,
    linked_columns: Any,
) -> UnpairedData:
    """Check the arguments of ``fit`` against each other; rows that were not measured are left out.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    groups : ndarray of shape (n_samples,) or None
        The student's cohort, already checked.
    teacher_data, unlabeled, bridge : tuple or None
        Arguments of ``fit``.
    linked_columns : list of pairs, "names" or None
        The distiller's parameter.
    """
    check_no_label_in_student(X, y)
    data = UnpairedData(X, y)
    if unlabeled is not None:
        X_unlabeled, unlabeled_groups = _check_unlabeled(X, unlabeled)
        data = replace(data, X_unlabeled=X_unlabeled, unlabeled_groups=unlabeled_groups)
    if teacher_data is None:
        if bridge is not None or linked_columns is not None:
            name = "bridge" if bridge is not None else "linked_columns"
            raise ValueError(
                f"{name} was given without teacher_data, the cohort that the teacher is fitted to. Give "
                "teacher_data=(X_teacher, y_teacher), or fit the student's model itself."
            )
        return _merge_groups(data, groups)
    X_teacher, y_teacher, teacher_groups = _check_teacher_data(y, teacher_data)
    data = replace(data, X_teacher=X_teacher, y_teacher=y_teacher, teacher_groups=teacher_groups)
    if bridge is not None:
        X_bridge, X_teacher_bridge, bridge_groups = _check_bridge(X, X_teacher, bridge)
        data = replace(data, X_bridge=X_bridge, X_teacher_bridge=X_teacher_bridge, bridge_groups=bridge_groups)
    if linked_columns is not None:
        columns, teacher_columns = resolve_linked_columns(X, X_teacher, linked_columns)
        check_linked_values(X, columns, "X")
        if data.X_unlabeled is not None:
            check_linked_values(data.X_unlabeled, columns, "unlabeled[0]")
        check_linked_values(X_teacher, teacher_columns, "teacher_data[0]")
        data = replace(data, linked_indices=(columns, teacher_columns))
    return _merge_groups(data, groups)


def _merge_groups(data: UnpairedData, groups: np.ndarray | None) -> UnpairedData:
    """Groups of X, of the unlabeled rows and of the bridge as numbers that mean the same in all three."""
    if groups is None:
        if data.unlabeled_groups is not None or data.bridge_groups is not None:
            name = "unlabeled[1]" if data.unlabeled_groups is not None else "bridge[2]"
            raise ValueError(f"{name} names groups, and X has none to compare them with. Give groups=, too.")
        return data
    for extra, name in ((data.unlabeled_groups, "unlabeled[1]"), (data.bridge_groups, "bridge[2]")):
        if extra is not None:
            check_comparable_groups(groups, extra, name)
    n_rows = (0 if table is None else table.shape[0] for table in (data.X_unlabeled, data.X_bridge))
    ids, unlabeled, bridge = merge_group_ids(
        groups, list(zip(n_rows, (data.unlabeled_groups, data.bridge_groups), strict=True))
    )
    return replace(data, groups=ids, unlabeled_groups=unlabeled, bridge_groups=bridge)


def _check_teacher_data(y: np.ndarray, teacher_data: Any) -> tuple[Table, np.ndarray, np.ndarray | None]:
    teacher_data, groups = pop_groups(teacher_data, "teacher_data", "(X_teacher, y_teacher)", 2)
    name = "teacher_data[0]"
    X_teacher, y_teacher = as_table(teacher_data[0], name), check_labels(teacher_data[1], "teacher_data[1]")
    check_same_index(X_teacher, teacher_data[1], "teacher_data[1]", name)
    check_same_length(X_teacher, y_teacher, "teacher_data[1]", name)
    groups = check_groups(groups, X_teacher, "teacher_data[2]", name)
    check_target_leakage(X_teacher, y_teacher, name, "teacher")
    check_no_infinity(X_teacher, name)
    observed = observed_rows(X_teacher)
    if not observed.any():
        raise ValueError(
            f"{name} is missing in all of its {len(observed)} rows: there is nothing to fit a teacher to. Leave "
            "teacher_data out to train the student alone."
        )
    X_teacher, y_teacher = take_rows(X_teacher, observed), y_teacher[observed]
    classes, teacher_classes = np.unique(y), np.unique(y_teacher)
    if len(teacher_classes) < 2:
        raise ValueError(
            f"teacher_data[1] holds one class only, {teacher_classes.tolist()[0]!r}; a teacher needs rows of at least "
            "two."
        )
    if not np.isin(classes, teacher_classes).any():
        raise ValueError(
            f"The two cohorts have no class in common: y has {classes.tolist()[:5]} and teacher_data[1] has "
            f"{teacher_classes.tolist()[:5]}. Give the same classes the same names in both. (cross_val_predict "
            "with method='predict_proba' turns y into 0, 1, ...: there give whole numbers from 0 in both.)"
        )
    return X_teacher, y_teacher, None if groups is None else groups[observed]


def warn_of_unshared_classes(classes: np.ndarray, teacher_classes: np.ndarray) -> None:
    """Warn of classes that one cohort lacks."""
    missing = np.setdiff1d(classes, teacher_classes).tolist()
    unknown = np.setdiff1d(teacher_classes, classes).tolist()
    if missing or unknown:
        parts = [f"{missing} are missing in the teacher's cohort and are learned from labels alone"] * bool(missing)
        parts += [f"{unknown} are missing in y and will not be predicted"] * bool(unknown)
        warn_user(f"The cohorts do not have the same classes: {'; '.join(parts)}.")


def _check_unlabeled(X: Table, unlabeled: Any) -> tuple[Table | None, np.ndarray | None]:
    (table,), groups = pop_groups(unlabeled, "unlabeled", "(X_unlabeled,)", 1)
    name = "unlabeled[0]"
    table = as_table(table, name)
    groups = check_groups(groups, table, "unlabeled[1]", name)
    check_same_columns(X, table, name, "X")
    check_no_infinity(table, name)
    warn_of_another_scale(X, table, name)
    if groups is None:
        warn_of_labeled_rows(X, table, name)
    observed = observed_rows(table)
    if not observed.any():
        if len(observed):
            warn_user(f"{name} is missing in all of its {len(observed)} rows: they are not used.")
        return None, None
    return take_rows(table, observed), None if groups is None else groups[observed]


def _check_bridge(X: Table, X_teacher: Table, bridge: Any) -> tuple[Table | None, Table | None, np.ndarray | None]:
    bridge, groups = pop_groups(bridge, "bridge", "(X_bridge, X_teacher_bridge)", 2)
    X_bridge, X_teacher_bridge = (as_table(table, name) for table, name in zip(bridge, BRIDGE_NAMES, strict=True))
    complete = check_pairs(X, X_teacher, (X_bridge, X_teacher_bridge), BRIDGE_NAMES, ("X", "teacher_data[0]"))
    groups = check_groups(groups, X_bridge, "bridge[2]", BRIDGE_NAMES[0])
    if not complete.any():
        return None, None, None
    groups = None if groups is None else groups[complete]
    return take_rows(X_bridge, complete), take_rows(X_teacher_bridge, complete), groups
