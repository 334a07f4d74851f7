"""The samples of a table: modalities as numbers, the label, groups, and which rows a model can be trained on."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .._validation._table_checks import observed_rows
from .._validation._target_checks import check_target
from ._anndata import is_annotated, read_annotated
from ._clean_table import drop_counters, drop_empty_columns, drop_missing_labels
from ._data_checks import (
    check_label_spelling,
    check_leakage,
    check_repeated_subjects,
    check_row_ids,
    find_decimal_commas,
)
from ._errors import DataError, UsageError
from ._modalities import find_column, pick_modalities
from ._read_table import as_numbers, as_text, read_table, with_point
from ._text import abbreviate, is_number, quote, truncate

MIN_ROWS_PER_FOLD, MIN_FOLDS = 4, 2
# numpy gives every row the room of the longest name.
MAX_NAME_LENGTH = 200


@dataclass(frozen=True)
class CliData:
    """Labeled samples and unlabeled pairs, with the columns of every modality side by side.

    Attributes
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Labeled rows; missing values where a modality was not measured.
    y : ndarray of shape (n_samples,)
        Class labels as text, or a continuous target.
    unlabeled : DataFrame of shape (n_unlabeled, n_features)
        Rows without a label that have the student's modality and a teacher's.
    modalities : dict of str to list of str
        Columns of each modality.
    student : str
    classes : ndarray of shape (n_classes,) or None
        Sorted; None for a continuous target.
    groups, unlabeled_groups : ndarray of shape (n_samples,) and (n_unlabeled,), or None
    notes : list of str
        What was left out and what looks wrong.
    leaks : list of str
        Columns that determine the label alone.
    """

    X: pd.DataFrame
    y: np.ndarray
    unlabeled: pd.DataFrame
    modalities: dict[str, list[str]]
    student: str
    classes: np.ndarray | None
    groups: np.ndarray | None = None
    unlabeled_groups: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    @property
    def student_columns(self) -> list[str]:
        """Names of the student's columns."""
        return self.modalities[self.student]

    @property
    def unlabeled_pairs(self) -> tuple[Any, ...] | None:
        """The tuple that selector and distiller take, with groups where there are some; None without pairs."""
        if not len(self.unlabeled):
            return None
        return (self.unlabeled,) if self.unlabeled_groups is None else (self.unlabeled, self.unlabeled_groups)


def measurement_test(prefixes: Sequence[str]) -> Callable[[str], bool]:
    """Whether a column is one of the named modalities'."""
    return lambda name: any(name.startswith(prefix) for prefix in prefixes)


def load_data(options: argparse.Namespace) -> CliData:
    """Read the table that the options of ``advise`` and ``distill`` name."""
    if options.folds < MIN_FOLDS:
        raise UsageError(f"--folds {options.folds}: at least {MIN_FOLDS} are needed to hold rows out.")
    grouping = {"groups": options.groups, "n_folds": options.folds}
    if is_annotated(options.table):
        teachers = None if options.teacher is None else [options.student, *options.teacher]
        table, modalities = read_annotated(options.table, options.label, options.groups, teachers, options.split_by)
        if options.student not in modalities:
            raise DataError(
                f"--student {quote(options.student)} is none of the modalities {abbreviate(list(modalities))}."
            )
        return make_data(table, options.label, options.student, modalities=modalities, **grouping)
    reserved = [name for name in (options.label, options.groups) if name]
    notes: list[str] = []
    table = read_table(
        options.table,
        text=[options.groups] if options.groups else [],
        label=options.label,
        index=options.index,
        numbered=options.no_index,
        is_measurement=measurement_test([options.student, *(options.teacher or [])]),
        separator=options.separator,
        decimal=options.decimal,
        notes=notes,
    )
    if options.label in table.columns:
        # Parquet has a missing value of its own, so that no text means one.
        keep_na = options.keep_na_labels or options.table.suffix.lower() == ".parquet"
        labels = drop_missing_labels(table[options.label], keep_na, notes)
        table[options.label] = with_point(labels, options.decimal)
    table = drop_counters(table, reserved, notes)
    try:
        return make_data(table, options.label, options.student, options.teacher, notes=notes, **grouping)
    except DataError as error:  # what was left out may be what is missing
        raise DataError(" ".join([str(error), *(f"Note: {note}" for note in notes)])) from error


def make_data(
    table: pd.DataFrame,
    label: str,
    student: str,
    teachers: Sequence[str] | None = None,
    *,
    modalities: Mapping[str, Sequence[str]] | None = None,
    groups: str | None = None,
    n_folds: int = 5,
    notes: Sequence[str] = (),
) -> CliData:
    """Sort columns into modalities, unless they are given, and rows into labeled ones and unlabeled pairs.

    ``notes`` are those of reading the table; others are added.
    """
    target = as_text(find_column(table, label, "--label"))
    grouping = None if groups is None else _parse_groups(find_column(table, groups, "--groups"))
    notes = list(notes)
    if modalities is None:
        modalities, left_out = pick_modalities(table, student, teachers, [name for name in (label, groups) if name])
        notes += [f"In no modality: {abbreviate(left_out)}."] if left_out else []
        notes += find_decimal_commas(table, left_out)
    if groups is None:
        notes += check_repeated_subjects(table, label)
    numbers = {name: as_numbers(table, columns) for name, columns in modalities.items()}
    numbers = drop_empty_columns(numbers, student, notes)
    observed = pd.DataFrame({name: observed_rows(part) for name, part in numbers.items()}, index=table.index)
    known = target.notna().to_numpy()
    y, classes = _parse_target(target[known], label, len(target))
    notes += check_label_spelling([] if classes is None else list(classes))
    useful = observed.any(axis=1).to_numpy()
    if not useful[known].all():
        notes.append(f"{int((known & ~useful).sum())} labeled rows without any measurement are left out.")
    has_student = observed[student].to_numpy()
    groups_of_student = None if grouping is None else grouping[known & has_student]
    check_size(y[has_student[known]], label, classes, n_folds, groups_of_student)
    y = y[useful[known]]
    pair = ~known & has_student & observed.drop(columns=student).any(axis=1).to_numpy()
    rest = int((~known & ~pair).sum())
    if rest:
        notes.append(f"{rest} rows without a label and without both student and teacher are left out.")
    labeled = known & useful
    kept = _usable_modalities(
        observed[labeled & has_student], y[has_student[labeled]], student, classes, n_folds, notes
    )
    X = pd.concat([numbers[name] for name in kept], axis=1)
    columns = {name: list(numbers[name].columns) for name in kept}
    notes += check_row_ids(X, columns)
    return CliData(
        X[labeled],
        y,
        X[pair],
        columns,
        student,
        classes,
        None if grouping is None else grouping[labeled],
        None if grouping is None else grouping[pair],
        notes,
        check_leakage(X[labeled], y, classes),
    )


def check_size(y: np.ndarray, label: str, classes: np.ndarray | None, n_folds: int, groups: np.ndarray | None) -> None:
    """Raise when there are too few labeled rows with the student's modality, of a class too."""
    least = MIN_ROWS_PER_FOLD * n_folds
    if len(y) < least:
        raise DataError(
            f"{len(y)} rows have both the label {quote(label)} and the student's modality: too few for {n_folds} "
            f"folds, which need {least}. {_lower_folds(len(y) // MIN_ROWS_PER_FOLD, 'Add rows')}"
        )
    units = np.arange(len(y)) if groups is None else groups
    what = "row(s)" if groups is None else "group(s)"
    for one in [None] if classes is None else classes.tolist():
        n_units = len(np.unique(units if one is None else units[y == one]))
        if n_units < n_folds:
            of = f"the label {quote(label)}" if one is None else f"class {quote(one)} of {quote(label)}"
            merge = "" if one is None else ", leave that class out (empty its label), or merge it with another"
            raise DataError(
                f"{of} has {n_units} {what} with the student's modality, fewer than {n_folds} folds. "
                f"{_lower_folds(n_units, f'Add some{merge}')}"
                + "".join(f" Note: {hint}" for hint in check_label_spelling([] if classes is None else list(classes)))
            )


def _lower_folds(n_folds: int, remedy: str) -> str:
    """A remedy, and the option that asks for fewer folds; of two, one would be left to train on."""
    return f"{remedy}, or lower the folds: --folds {n_folds}." if n_folds > MIN_FOLDS else f"{remedy}."


def _parse_target(values: pd.Series, label: str, n_rows: int) -> tuple[np.ndarray, np.ndarray | None]:
    """The label of each row and its sorted classes, None for a continuous target; classes are text, as written."""
    if values.empty:
        raise DataError(
            f"the label {quote(label)} is missing in all {n_rows} rows: there is nothing to learn from. Name another "
            "column with --label, or fill it in for the rows whose label is known."
        )
    if values.nunique() < 2:
        rest = n_rows - len(values)
        others = f" and missing in the other {rest}" if rest else ""
        raise DataError(
            f"the label {quote(label)} is {quote(values.iloc[0])} in all {len(values)} labeled rows{others}: two "
            "classes at least are needed. Add rows of another class, or name another column with --label."
            + (" An empty cell is no class: write its name." if rest else "")
        )
    if all(map(is_number, values)):
        numbers = values.astype(float).to_numpy()
        if not check_target(numbers)[1]:
            return numbers, None
    text = _check_name_lengths(values)
    return text, np.unique(text)


def _parse_groups(values: pd.Series) -> np.ndarray:
    text = as_text(values)
    if text.isna().any():
        row = int(text.isna().to_numpy().argmax())
        raise DataError(
            f"row {row + 1} (sample {quote(values.index[row])}) has no group in {quote(values.name)}. Fill it in."
        )
    return _check_name_lengths(text)


def _check_name_lengths(values: pd.Series) -> np.ndarray:
    """The names of classes or groups; raise on one too long to be a name."""
    longest = values.str.len().max()
    if longest > MAX_NAME_LENGTH:
        raise DataError(
            f"{quote(values.name)} holds a value of {longest:g} letters; a class or a group has at most "
            f"{MAX_NAME_LENGTH}."
        )
    return values.to_numpy().astype(str)


def _usable_modalities(
    observed: pd.DataFrame, y: np.ndarray, student: str, classes: np.ndarray | None, n_folds: int, notes: list[str]
) -> list[str]:
    """The modalities with enough rows: a candidate needs rows of two classes in every fold; others go to the notes."""
    kept, left_out = [student], []
    for name in observed.columns.drop(student):
        y_observed = y[observed[name].to_numpy()]
        counts = np.sort(np.unique(y_observed, return_counts=True)[1])[::-1]
        enough = len(y_observed) >= MIN_ROWS_PER_FOLD * n_folds
        if enough and (classes is None or (len(counts) > 1 and counts[1] >= 2 * n_folds)):
            kept.append(name)
        else:
            left_out.append(
                f"{truncate(name)} is left out: measured beside the student in {len(y_observed)} labeled rows"
                + (", too few." if not enough else ", too few of a second class.")
            )
    if len(kept) == 1:
        raise DataError(
            f"no teacher is left. {' '.join(left_out)} A teacher needs {MIN_ROWS_PER_FOLD * n_folds} labeled rows with "
            f"both modalities for {n_folds} folds{'' if classes is None else ', of two classes'}: add some, or lower "
            "--folds."
        )
    notes += left_out
    return kept
