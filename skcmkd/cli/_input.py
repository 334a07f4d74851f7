"""The labeled samples of a table, its unlabeled pairs, and which rows a model can be trained on."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .._validation._target_checks import check_target
from ._clean_table import drop_missing_labels
from ._data_checks import check_constants, check_label_spelling, check_label_unknown, check_leakage, check_row_ids
from ._errors import DataError
from ._modalities import find_column
from ._read_table import as_text, with_point
from ._samples import MIN_FOLDS, Samples, check_name_lengths, make_samples, read_input
from ._text import count, is_are, is_number, quote, truncate

MIN_ROWS_PER_FOLD = 4


@dataclass(frozen=True)
class CliData:
    """Labeled samples and unlabeled pairs, with the columns of every modality side by side.

    Attributes
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Labeled rows; missing values where a modality was not measured.
    y : ndarray of shape (n_samples,)
        Class labels as text, 0 and 1 of an event by a horizon, or a continuous target.
    unlabeled : DataFrame of shape (n_unlabeled, n_features)
        Rows without a label that have the student's modality and a teacher's.
    modalities : dict of str to list of str
        Columns of each modality.
    student : str
    classes : ndarray of shape (n_classes,) or None
        Sorted; None for a continuous target.
    groups, unlabeled_groups : ndarray of shape (n_samples,) and (n_unlabeled,), or None
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of an event by a horizon.
    batch : Series of shape (n_samples,) or None
        Missing where it is not known.
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
    sample_weight: np.ndarray | None = None
    batch: pd.Series | None = None

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


def load_data(options: argparse.Namespace) -> CliData:
    """Read the table that the options of ``advise`` and ``distill`` name, and its label."""
    notes: list[str] = []
    table, modalities = read_input(options, {"label": options.label}, notes)
    if modalities is None and options.label in table.columns:
        # Parquet has a missing value of its own, so that no text means one.
        keep_na = options.keep_na_labels or options.table.suffix.lower() == ".parquet"
        labels = drop_missing_labels(table[options.label], keep_na, notes)
        table[options.label] = with_point(labels, options.decimal)
    try:
        return make_data(
            table,
            options.label,
            options.student,
            options.teacher,
            modalities=modalities,
            groups=options.groups,
            batch=options.batch,
            n_folds=options.folds,
            notes=notes,
        )
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
    batch: str | None = None,
    n_folds: int = 5,
    notes: Sequence[str] = (),
) -> CliData:
    """Sort columns into modalities, unless they are given, and rows into labeled ones and unlabeled pairs.

    ``notes`` are those of reading the table; others are added.
    """
    target = as_text(find_column(table, label, "--label"))
    names = {"groups": groups, "batch": batch}
    samples = make_samples(table, student, teachers, [label], modalities=modalities, notes=notes, **names)
    known, useful = target.notna().to_numpy(), samples.observed.any(axis=1).to_numpy()
    y, classes = _parse_target(target[known], label, len(target))
    notes = samples.notes
    notes += _hints_on_classes(classes)
    if not useful[known].all():
        n_empty = int((known & ~useful).sum())
        notes.append(f"{count(n_empty, 'labeled row')} without any measurement {is_are(n_empty)} left out.")
    check_size(samples, known, y, label, classes, n_folds)
    rest = int((~known & ~samples.has_both).sum())
    if rest:
        rows = count(rest, "row")
        notes.append(f"{rows} without a label and without both student and teacher {is_are(rest)} left out.")
    return label_samples(samples, known & useful, y[useful[known]], classes, n_folds, pairs=~known & samples.has_both)


def label_samples(
    samples: Samples, labeled: np.ndarray, y: np.ndarray, classes: np.ndarray | None, n_folds: int, *, pairs: np.ndarray
) -> CliData:
    """The labeled rows and the unlabeled pairs, given by masks, with the modalities that can be learned from.

    Parameters
    ----------
    samples : Samples
        What is left out is appended to its notes.
    labeled, pairs : ndarray of bool of shape (n_rows,)
    y : ndarray of shape (n_labeled,)
    classes : ndarray of shape (n_classes,) or None
        Sorted; None for a continuous target.
    n_folds : int
    """
    has_student, notes = samples.has_student, samples.notes
    kept = _usable_modalities(
        samples.observed[labeled & has_student], y[has_student[labeled]], samples.student, classes, n_folds, notes
    )
    X = pd.concat([samples.numbers[name] for name in kept], axis=1)
    columns = {name: list(samples.numbers[name].columns) for name in kept}
    notes += [*check_row_ids(X, columns), *check_constants(X, columns)]
    groups = None if samples.groups is None else samples.groups.to_numpy().astype(str)
    return CliData(
        X[labeled],
        y,
        X[pairs],
        columns,
        samples.student,
        classes,
        None if groups is None else groups[labeled],
        None if groups is None else groups[pairs],
        notes,
        check_leakage(X[labeled], y, classes),
        batch=None if samples.batch is None else samples.batch[labeled],
    )


def check_size(
    samples: Samples, known: np.ndarray, y: np.ndarray, label: str, classes: np.ndarray | None, n_folds: int
) -> None:
    """Raise when there are too few labeled rows with the student's modality, of a class too."""
    has_student = samples.has_student
    y = y[has_student[known]]
    least = MIN_ROWS_PER_FOLD * n_folds
    if len(y) < least:
        raise DataError(
            f"{count(len(y), 'row')} with both the label {quote(label)} and the student's modality: too few for "
            f"{n_folds} folds, which need {least}. {lower_folds(len(y) // MIN_ROWS_PER_FOLD, 'Add rows')}"
        )
    units = np.arange(len(y)) if samples.groups is None else samples.groups[known & has_student].to_numpy()
    what = "row" if samples.groups is None else "group"
    for one in [None] if classes is None else classes.tolist():
        n_units = len(np.unique(units if one is None else units[y == one]))
        if n_units < n_folds:
            of = f"the label {quote(label)}" if one is None else f"class {quote(one)} of {quote(label)}"
            merge = "" if one is None else ", leave that class out (empty its label), or merge it with another"
            raise DataError(
                f"{of} has {count(n_units, what)} with the student's modality, fewer than {n_folds} folds. "
                f"{lower_folds(n_units, f'Add some{merge}')}"
                + "".join(f" Note: {hint}" for hint in _hints_on_classes(classes))
            )


def _hints_on_classes(classes: np.ndarray | None) -> list[str]:
    """What looks wrong in the names of the classes; a continuous target has none."""
    names = [] if classes is None else list(classes)
    return [*check_label_spelling(names), *check_label_unknown(names)]


def lower_folds(n_folds: int, remedy: str) -> str:
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
        n_labeled = count(len(values), "labeled row")
        rest = n_rows - len(values)
        others = f" and missing in the other {rest}" if rest else ""
        raise DataError(
            f"the label {quote(label)} is {quote(values.iloc[0])} in all {n_labeled}{others}: two "
            "classes at least are needed. Add rows of another class, or name another column with --label."
            + (" An empty cell is no class: write its name." if rest else "")
        )
    if all(map(is_number, values)):
        numbers = values.astype(float).to_numpy()
        if not check_target(numbers)[1]:
            return numbers, None
    text = check_name_lengths(values).to_numpy().astype(str)
    return text, np.unique(text)


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
                f"{truncate(name)} is left out: measured beside the student in {count(len(y_observed), 'labeled row')}"
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
