"""The samples of a table: modalities as numbers, groups and batches, before any label."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .._validation._table_checks import observed_rows
from ._anndata import is_annotated, read_annotated
from ._clean_table import drop_counters, drop_empty_columns
from ._data_checks import check_repeated_subjects, find_decimal_commas
from ._errors import DataError, UsageError
from ._modalities import find_column, pick_modalities
from ._read_table import as_numbers, as_text, read_table
from ._text import abbreviate, quote

MIN_FOLDS = 2
# numpy gives every row the room of the longest name.
MAX_NAME_LENGTH = 200


@dataclass(frozen=True)
class Samples:
    """The rows of a table.

    Attributes
    ----------
    numbers : dict of str to DataFrame of n_samples rows
        Columns of each modality, missing values where it was not measured.
    observed : DataFrame of shape (n_samples, n_modalities)
        Whether a row has any cell of a modality.
    student : str
    groups, batch : Series of shape (n_samples,) or None
        Text; a batch may be missing.
    notes : list of str
        What was left out and what looks wrong.
    """

    numbers: dict[str, pd.DataFrame]
    observed: pd.DataFrame
    student: str
    groups: pd.Series | None = None
    batch: pd.Series | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def has_student(self) -> np.ndarray:
        """Mask of the rows that have the student's modality."""
        return self.observed[self.student].to_numpy()

    @property
    def has_both(self) -> np.ndarray:
        """Mask of the rows that have the student's modality and a teacher's."""
        others = self.observed.drop(columns=self.student)
        return self.has_student & others.any(axis=1).to_numpy()

    def take(self, rows: np.ndarray) -> Samples:
        """Some of the rows, given by a mask."""
        return Samples(
            {name: part[rows] for name, part in self.numbers.items()},
            self.observed[rows],
            self.student,
            None if self.groups is None else self.groups[rows],
            None if self.batch is None else self.batch[rows],
            self.notes,
        )


def read_input(
    options: argparse.Namespace, outcome: Mapping[str, str], notes: list[str]
) -> tuple[pd.DataFrame, dict[str, list[str]] | None]:
    """The table that the options of ``advise`` and ``distill`` name, and its modalities if the file has them.

    Parameters
    ----------
    options : Namespace
    outcome : dict of str to str
        Columns of what is predicted, by option: the label, or time and event.
    notes : list of str
        Lines on what was left out are appended.
    """
    if options.folds < MIN_FOLDS:
        raise UsageError(f"--folds {options.folds}: at least {MIN_FOLDS} are needed to hold rows out.")
    columns = dict(outcome) | {role: name for role in ("groups", "batch") if (name := getattr(options, role))}
    if is_annotated(options.table):
        names = None if options.teacher is None else [options.student, *options.teacher]
        table, modalities = read_annotated(options.table, columns, names, options.split_by)
        if options.student not in modalities:
            raise DataError(
                f"--student {quote(options.student)} is none of the modalities {abbreviate(list(modalities))}."
            )
        return table, modalities
    table = read_table(
        options.table,
        text=[name for role, name in columns.items() if role != "label"],
        label=options.label,
        index=options.index,
        numbered=options.no_index,
        is_measurement=measurement_test([options.student, *(options.teacher or [])]),
        separator=options.separator,
        decimal=options.decimal,
        notes=notes,
    )
    return drop_counters(table, list(columns.values()), notes), None


def measurement_test(prefixes: Sequence[str]) -> Callable[[str], bool]:
    """Whether a column is one of the named modalities'."""
    return lambda name: any(name.startswith(prefix) for prefix in prefixes)


def make_samples(
    table: pd.DataFrame,
    student: str,
    teachers: Sequence[str] | None,
    outcome: Sequence[str],
    *,
    modalities: Mapping[str, Sequence[str]] | None = None,
    groups: str | None = None,
    batch: str | None = None,
    notes: Sequence[str] = (),
) -> Samples:
    """Sort columns into modalities, unless they are given; the columns of the outcome, groups and batch are in none."""
    grouping = None if groups is None else _parse_groups(find_column(table, groups, "--groups"))
    batches = None if batch is None else check_name_lengths(as_text(find_column(table, batch, "--batch")))
    notes = list(notes)
    reserved = [*outcome, *(name for name in (groups, batch) if name)]
    if modalities is None:
        modalities, left_out = pick_modalities(table, student, teachers, reserved)
        notes += [f"In no modality: {abbreviate(left_out)}."] if left_out else []
        notes += find_decimal_commas(table, left_out)
    if groups is None:
        notes += check_repeated_subjects(table, reserved)
    numbers = {name: as_numbers(table, columns) for name, columns in modalities.items()}
    numbers = drop_empty_columns(numbers, student, notes)
    observed = pd.DataFrame({name: observed_rows(part) for name, part in numbers.items()}, index=table.index)
    return Samples(numbers, observed, student, grouping, batches, notes)


def _parse_groups(values: pd.Series) -> pd.Series:
    text = as_text(values)
    if text.isna().any():
        row = int(text.isna().to_numpy().argmax())
        raise DataError(
            f"row {row + 1} (sample {quote(values.index[row])}) has no group in {quote(values.name)}. Fill it in."
        )
    return check_name_lengths(text)


def check_name_lengths(values: pd.Series) -> pd.Series:
    """The names of classes, groups or batches; raise on one too long to be a name."""
    longest = values.str.len().max()
    if longest > MAX_NAME_LENGTH:
        raise DataError(
            f"{quote(values.name)} holds a value of {longest:g} letters; a class, a group or a batch has at most "
            f"{MAX_NAME_LENGTH}."
        )
    return values
