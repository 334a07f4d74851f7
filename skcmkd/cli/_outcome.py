"""Time to an event in a table: times and events of the rows, and the labeled rows of a horizon."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation._survival_models import Outcome
from ..survival import horizon_labels
from ._data_checks import check_time_leakage
from ._errors import DataError, UsageError
from ._input import CliData, label_samples, lower_folds
from ._modalities import find_column
from ._read_table import as_text, with_point
from ._samples import Samples, make_samples, read_input
from ._text import abbreviate, count, is_are, is_number, quote

EVENTS = {"false": False, "true": True}
OUTCOME_OPTIONS = ("time", "event", "horizon")


@dataclass(frozen=True)
class HorizonData:
    """The rows of a study of the risk at a horizon.

    Attributes
    ----------
    data : CliData
        Rows that are known at the horizon, labels 0 and 1 with weights, and all unlabeled pairs.
    X : DataFrame of shape (n_outcomes, n_features)
        All rows with an outcome, those censored before the horizon too.
    outcome : Outcome
        Theirs.
    groups : ndarray of shape (n_outcomes,) or None
    further_pairs : tuple (table, groups or None) or None
        Pairs without an outcome.
    """

    data: CliData
    X: pd.DataFrame
    outcome: Outcome
    groups: np.ndarray | None
    further_pairs: tuple[pd.DataFrame, np.ndarray | None] | None

    @property
    def unlabeled_pairs(self) -> tuple[Any, ...] | None:
        """The pairs without an outcome as the tuple that a report takes."""
        if self.further_pairs is None:
            return None
        table, groups = self.further_pairs
        return (table,) if groups is None else (table, groups)


@dataclass(frozen=True)
class FollowUp:
    """The rows of a table that have a measurement, with times and events where these are known.

    Attributes
    ----------
    samples : Samples
    time, event : Series of shape (n_rows,)
        Time of 0 or more, and 1 or 0; NaN in both where the outcome is not known.
    """

    samples: Samples
    time: pd.Series
    event: pd.Series

    @property
    def notes(self) -> list[str]:
        """What was left out and what looks wrong, whatever the horizon."""
        return self.samples.notes

    def at(self, horizon: float, n_folds: int) -> HorizonData:
        """The rows that are known at a horizon with their labels and weights, and all others; raise where few are."""
        has_outcome = self.time.notna().to_numpy()
        time, event = self.time[has_outcome].to_numpy(), self.event[has_outcome].to_numpy() == 1
        try:
            labels = horizon_labels(time, event, horizon)
        except ValueError as error:
            options = f"--time {quote(self.time.name)} --event {quote(self.event.name)} --horizon {horizon:g}"
            raise DataError(f"{options}: {error}") from error
        label = np.full(len(has_outcome), np.nan)
        label[has_outcome] = labels.label
        self._check_size(label, horizon, n_folds)
        known, samples = ~np.isnan(label), replace(self.samples, notes=[])
        y, classes = label[known].astype(int), np.array([0, 1])
        try:
            data = label_samples(samples, known, y, classes, n_folds, pairs=~known & samples.has_both)
        except DataError as error:
            raise DataError(f"--horizon {horizon:g}: {error} Or give another horizon.") from error
        X = pd.concat([samples.numbers[name] for name in data.modalities], axis=1)
        groups = None if samples.groups is None else samples.groups.to_numpy().astype(str)
        further = ~has_outcome & samples.has_both
        followed = check_time_leakage(X[has_outcome], self.time[has_outcome], self.event[has_outcome])
        return HorizonData(
            replace(data, sample_weight=labels.sample_weight[labels.known], leaks=[*data.leaks, *followed]),
            X[has_outcome],
            Outcome(time, event, labels.horizon),
            None if groups is None else groups[has_outcome],
            (X[further], None if groups is None else groups[further]) if further.any() else None,
        )

    def _check_size(self, label: np.ndarray, horizon: float, n_folds: int) -> None:
        """Every fold needs a row, or a group, with the event by the horizon and one without."""
        groups = self.samples.groups
        units = np.arange(len(label)) if groups is None else groups.to_numpy()
        for one, what, remedy in (
            (1, "with the event by then", "a later"),
            (0, "followed to it without one", "an earlier"),
        ):
            n_units = len(np.unique(units[(label == one) & self.samples.has_student]))
            if n_units < n_folds:
                kind = "row" if groups is None else "group"
                times = self.time.dropna()
                raise DataError(
                    f"--horizon {horizon:g}: {count(n_units, kind)} {what} and with the student's modality, fewer than "
                    f"{n_folds} folds. {lower_folds(n_units, f'Give {remedy} horizon or more rows')} The times go from "
                    f"{times.min():g} to {times.max():g}: is the horizon in their unit?"
                )


def is_outcome_wanted(options: argparse.Namespace) -> bool:
    """Whether a time to an event is to be predicted, and not a label; raise where the options do not tell."""
    given = [f"--{name}" for name in OUTCOME_OPTIONS if getattr(options, name) is not None]
    lacking = [f"--{name}" for name in OUTCOME_OPTIONS if getattr(options, name) is None]
    if options.label is not None and given:
        raise UsageError(
            f"--label {quote(options.label)} and {_join(given)} were given: a label is predicted, or the risk of an "
            f"event by a horizon. Leave out --label, or {_join(given)}."
        )
    if options.label is None and not given:
        raise UsageError(
            "it is not said what to predict. Give --label COL, or --time COL, --event COL and --horizon TIME for the "
            "risk of an event by a time."
        )
    if given and lacking:
        meaning = {"--time": "COL", "--event": "COL", "--horizon": "TIME"}
        needed = _join([f"{name} {meaning[name]}" for name in lacking])
        raise UsageError(f"{_join(given)} {'needs' if len(given) == 1 else 'need'} {needed}, too.")
    return bool(given)


def horizons_of(options: argparse.Namespace) -> list[float]:
    """The horizons, each once, in rising order."""
    return sorted(set(options.horizon))


def load_follow_up(options: argparse.Namespace) -> FollowUp:
    """Read the table that the options of ``advise`` and ``distill`` name, and its times and events."""
    notes: list[str] = []
    table, modalities = read_input(options, {"time": options.time, "event": options.event}, notes)
    if modalities is None and options.time in table.columns:
        table[options.time] = with_point(table[options.time], options.decimal)
    return make_follow_up(
        table,
        options.time,
        options.event,
        options.student,
        options.teacher,
        modalities=modalities,
        groups=options.groups,
        batch=options.batch,
        notes=notes,
    )


def make_follow_up(
    table: pd.DataFrame,
    time: str,
    event: str,
    student: str,
    teachers: Sequence[str] | None = None,
    *,
    modalities: Mapping[str, Sequence[str]] | None = None,
    groups: str | None = None,
    batch: str | None = None,
    notes: Sequence[str] = (),
) -> FollowUp:
    """Sort columns into modalities, unless they are given, and read times and events; both empty are no outcome."""
    if time == event:
        raise UsageError(f"--time and --event both name {quote(time)}. Give a column for each.")
    times, events = _parse_outcome(
        find_column(table, time, "--time"), find_column(table, event, "--event", _has_events)
    )
    names = {"groups": groups, "batch": batch}
    samples = make_samples(table, student, teachers, [time, event], modalities=modalities, notes=notes, **names)
    useful, has_outcome = samples.observed.any(axis=1).to_numpy(), times.notna().to_numpy()
    if not useful[has_outcome].all():
        n_empty = int((has_outcome & ~useful).sum())
        samples.notes.append(f"{count(n_empty, 'row')} without any measurement {is_are(n_empty)} left out.")
    rest = int((~has_outcome & ~samples.has_both).sum())
    if rest:
        samples.notes.append(
            f"{count(rest, 'row')} without time and event and without both student and teacher {is_are(rest)} left out."
        )
    kept = useful & (has_outcome | samples.has_both)
    return FollowUp(samples.take(kept), times[kept], events[kept])


def _parse_outcome(times: pd.Series, events: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Times and events as numbers, missing in both where both cells are empty; raise naming the sample."""
    time, event = as_text(times), as_text(events)
    known = time.notna() & event.notna()
    half = (time.notna() != event.notna()).to_numpy()
    if half.any():
        row = int(half.argmax())
        given, lacking = (times, events) if pd.notna(time.iloc[row]) else (events, times)
        raise DataError(
            f"{_place(given, row)} holds {quote(given.iloc[row])}, and {quote(lacking.name)} is empty there; "
            f"{count(half.sum(), 'row')} with only one of the two. Fill both in (of a row without the event 0, and the "
            "last contact as its time), or empty both: such a row is a pair without an outcome."
        )
    if not known.any():
        raise DataError(
            f"--time {quote(times.name)} and --event {quote(events.name)} are empty in all {len(times)} rows: there is "
            "nothing to learn from."
        )
    is_time = time[known].map(lambda text: is_number(text) and float(text) >= 0).to_numpy(dtype=bool)
    if not is_time.all():
        row = np.flatnonzero(known)[int((~is_time).argmax())]
        raise DataError(
            f"--time: {_place(times, row)} holds {quote(time.iloc[row])}; {int((~is_time).sum())} of {len(is_time)} "
            "times are negative or no number. A time runs from the start of the follow-up to the event or to the last "
            "contact: mend it, or empty time and event of that row."
        )
    is_event = event[known].map(lambda text: _event_of(text) is not None).to_numpy(dtype=bool)
    if not is_event.all():
        row = np.flatnonzero(known)[int((~is_event).argmax())]
        raise DataError(
            f"--event: {_place(events, row)} holds {quote(event.iloc[row])}. An event is 1 where it was seen and 0 "
            f"where the row was censored (True and False are read, too); the column has "
            f"{abbreviate(sorted(event[known].unique()), 5)}. Write 1 and 0 in their place."
        )
    return (
        time[known].astype(float).reindex(times.index),
        event[known].map(_event_of).astype(float).reindex(events.index),
    )


def _has_events(values: pd.Series) -> bool:
    known = as_text(values.dropna().head(100))
    return bool(len(known)) and all(_event_of(text) is not None for text in known)


def _event_of(text: str) -> bool | None:
    if is_number(text):
        return {0.0: False, 1.0: True}.get(float(text))
    return EVENTS.get(text.lower())


def _place(values: pd.Series, row: int) -> str:
    return f"column {quote(values.name)}, row {row + 1} (sample {quote(values.index[row])})"


def _join(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
