"""``skcmkd distill`` and ``skcmkd predict``: a student from one table, and its predictions for another."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from sklearn.base import BaseEstimator, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from .._utils._atomic_write import atomic_write
from .._validation._table_checks import observed_rows
from ..evaluation._check import BaselineCheck, compare_with_baseline, compare_with_kaplan_meier
from ..evaluation._input import ReportData
from ..persistence._skops import load_student, save_student
from ..selection._selector import CCHSelector
from ..survival import HorizonRisks
from ._anndata import is_annotated, read_annotated
from ._conclusion import is_refused
from ._console import make_console, print_error, print_heading, print_table
from ._errors import DataError
from ._input import CliData, load_data
from ._outcome import HorizonData, horizons_of, is_outcome_wanted, load_follow_up
from ._output_path import check_output
from ._pipeline import NoSelector, fit_select_distill
from ._read_table import as_numbers, read_table
from ._risk import name_horizon
from ._text import abbreviate, as_warning, escape_formula, quote, truncate
from ._text_tables import TextTable, decision_table, modality_table

N_DIGITS = 6  # of probabilities
MAX_NAMES = 5


def run_distill(options: argparse.Namespace) -> int:
    """Select and distill on all rows, print what was decided, and save the student."""
    check_output(options.out, "--out", [options.table])
    console = make_console()
    if is_outcome_wanted(options):
        student = distill_risks(options, console)
    else:
        data = load_data(options)
        print_notes([*data.leaks, *data.notes])
        selector, distiller = fit_student(data, options)
        of_classes = data.classes is not None
        table = modality_table(data.X, data.y, data.modalities, data.student, data.unlabeled, of_classes)
        useless = warn_of_useless_student(data, selector, distiller, options)
        print_student(console, data, selector, distiller.alpha_, table, useless)
        student = distiller.student_
    with atomic_write(options.out) as tmp_path:
        save_student(student, tmp_path)
    console.print(f"Student: {truncate(options.out, 200)}")
    return 0


def distill_risks(options: argparse.Namespace, console: Console) -> HorizonRisks:
    """A student of the risk at each horizon, selected and distilled on all rows."""
    follow_up, horizons = load_follow_up(options), horizons_of(options)
    print_notes(follow_up.notes)
    students = []
    for study in [follow_up.at(horizon, options.folds) for horizon in horizons]:
        data, what = study.data, name_horizon(options.event, study.outcome.horizon)
        print_notes([note for note in [*data.leaks, *data.notes] if note not in follow_up.notes])
        selector, distiller = fit_student(data, options)
        labels = np.where(data.y == 1, what, f"no {what}")
        table = modality_table(data.X, labels, data.modalities, data.student, data.unlabeled)
        useless = warn_of_useless_risk(study, selector, distiller, options)
        if len(horizons) > 1:
            print_heading(console, what)
        print_student(console, data, selector, distiller.alpha_, table, useless)
        students.append(distiller.student_)
    return HorizonRisks(students, horizons)


def print_notes(notes: Sequence[str]) -> None:
    """One line each on standard error."""
    for note in notes:
        print_error(note)


def fit_student(data: CliData, options: argparse.Namespace) -> tuple[CCHSelector | NoSelector, BaseEstimator]:
    """Selector and distiller, fitted to all rows."""
    verbose = int(sys.stderr.isatty())
    return fit_select_distill(data, options.model, options.seed, options.jobs, verbose, alone=options.alone)


def print_student(
    console: Console,
    data: CliData,
    selector: CCHSelector | NoSelector,
    alpha: float,
    table: TextTable,
    useless: Sequence[str],
) -> None:
    """The tables, the warnings and the decision."""
    print_table(console, table)
    if isinstance(selector, CCHSelector):
        print_table(console, decision_table(selector))
    console.print()
    for warning in useless:
        print_error(as_warning(warning))
    for sentence in [*map(as_warning, [*data.leaks, *useless]), describe_decision(selector, alpha)]:
        console.print(sentence)
    if alpha > 0:
        console.print(
            f"Whether that helps is not measured here: skcmkd advise measures whether this student predicts better "
            f"than {quote(data.student)} alone. If it does not, keep that one with --alone."
        )


def describe_decision(selector: CCHSelector | NoSelector, alpha: float) -> str:
    """What was decided, and the weight."""
    student = quote(selector.student)
    if isinstance(selector, NoSelector):
        return f"{student} was trained alone, as --alone asks."
    if not selector.teachers_:
        reason = " (no row without a label, where a teacher would pay)" if is_refused(selector) else ""
        return f"No teacher is kept{reason}: {student} was trained alone."
    teacher = quote(selector.teachers_[0])
    if alpha == 0:
        return f"{teacher} is kept, but no row without a label has both modalities: {student} was trained alone."
    return f"{teacher} taught {student} with the weight {alpha:.2g} ({1 - alpha:.2g} for the labels)."


def warn_of_useless_student(
    data: CliData, selector: CCHSelector | NoSelector, distiller: BaseEstimator, options: argparse.Namespace
) -> list[str]:
    """A sentence where the student is not shown to be better on held-out rows than the largest class, or the mean.

    The kept teacher is that of all rows, the student's penalty and all fits those of the training rows of each fold.
    """
    rows = ReportData(selector.transform(data.X), data.y, data.classes, groups=data.groups)
    pairs = None if data.unlabeled_pairs is None else (selector.transform(data.unlabeled), data.unlabeled_groups)
    check = compare_with_baseline(distiller, rows, pairs, options.folds, **check_settings(selector, options))
    return describe_useless(check, data, quote(options.label), f"the {check.baseline}", options)


def warn_of_useless_risk(
    study: HorizonData, selector: CCHSelector | NoSelector, distiller: BaseEstimator, options: argparse.Namespace
) -> list[str]:
    """A sentence where the risk is not shown to be better on held-out rows than that of Kaplan-Meier for all."""
    pairs = study.further_pairs
    check = compare_with_kaplan_meier(
        distiller,
        selector.transform(study.X),
        study.outcome,
        options.folds,
        groups=study.groups,
        unlabeled_pairs=None if pairs is None else (selector.transform(pairs[0]), pairs[1]),
        **check_settings(selector, options),
    )
    what, baseline = name_horizon(options.event, study.outcome.horizon), f"{check.baseline}, the same risk for all"
    return describe_useless(check, study.data, what, baseline, options)


def check_settings(selector: CCHSelector | NoSelector, options: argparse.Namespace) -> dict[str, Any]:
    """How both checks are run: with the intervals of the decisions."""
    return {"confidence": selector.confidence, "random_state": options.seed, "n_jobs": options.jobs}


def describe_useless(
    check: BaselineCheck, data: CliData, what: str, baseline: str, options: argparse.Namespace
) -> list[str]:
    """A sentence, or none where the student is better."""
    if check.is_better:
        return []
    return [
        f"{quote(data.student)} is not shown to predict {what} better than {baseline} ({check.text}; {options.folds} "
        "folds of held-out rows). skcmkd advise shows what the teacher would bring."
    ]


def run_predict(options: argparse.Namespace) -> int:
    """Write the student's predictions for the rows of a table."""
    check_output(options.out, "--out", [options.table, options.model])
    if not options.model.is_file():
        raise DataError(f"there is no file {quote(options.model, 200)}.")
    student = load_student(options.model)
    columns = student_columns(student)
    table = read_student_table(options, columns)
    check_student_columns(table, columns, options.table, student)
    X = as_numbers(table, columns)
    empty = list(X.columns[X.isna().all()])
    if empty and len(empty) < len(columns):
        print_error(f"{abbreviate(empty)} hold no value in any row: the student predicts without them.")
    predictions = predict_table(student, X)
    n_missing = int(predictions.iloc[:, 0].isna().sum())
    if n_missing:
        print_error(f"{n_missing} of {len(predictions)} rows have none of the student's measurements: no answer.")
    if isinstance(student, HorizonRisks):
        print_notes(check_rising(predictions))
    predictions.index = predictions.index.map(escape_formula)
    name = table.index.name or "row"
    predictions.index.name = "row" if name in predictions.columns else name
    safe = predictions.reset_index().rename(columns=escape_formula)
    safe = safe.apply(lambda column: column.map(escape_formula) if column.dtype == object else column)
    if options.out is None:
        safe.to_csv(sys.stdout, index=False, lineterminator="\n")
        return 0
    with atomic_write(options.out) as tmp_path:
        safe.to_csv(tmp_path, index=False, lineterminator="\n")
    return 0


def read_student_table(options: argparse.Namespace, columns: list[str]) -> pd.DataFrame:
    """The table with the student's columns, whatever else it has."""
    if is_annotated(options.table):
        modalities = list(dict.fromkeys(name.split(":")[0] for name in columns))
        return read_annotated(options.table, {}, modalities, options.split_by)[0]
    return read_table(
        options.table,
        index=options.index,
        numbered=options.no_index,
        is_measurement=set(columns).__contains__,
        separator=options.separator,
        decimal=options.decimal,
    )


def check_student_columns(table: pd.DataFrame, columns: list[str], path: Path, student: BaseEstimator) -> None:
    """Raise where the table lacks columns of the student; names that come near are in the message."""
    lacking = [name for name in columns if name not in table.columns]
    if not lacking:
        return
    others = [str(name) for name in table.columns if name not in columns]
    near = {name: difflib.get_close_matches(name[:200], others, n=1, cutoff=0.6) for name in lacking[:MAX_NAMES]}
    renamed = [f"{quote(found[0])} to {quote(name)}" for name, found in near.items() if found]
    remedy = f"Rename {', '.join(renamed)}?" if renamed else "Give each a column of that name."
    if isinstance(student, HorizonRisks):
        student = student.students[0]
    if get_tags(student[0] if isinstance(student, Pipeline) else student).input_tags.allow_nan:
        remedy += " One that was not measured may be a column of empty cells."
    raise DataError(
        f"{quote(path, 200)} lacks {len(lacking)} of the student's {len(columns)} columns: "
        f"{abbreviate(lacking, MAX_NAMES)}. {remedy}"
    )


def student_columns(student: BaseEstimator) -> list[str]:
    """Names of the columns that a student reads."""
    names = getattr(student, "feature_names_in_", None)
    if names is None:
        raise DataError("the student was fitted to columns without names. Fit it to a table that has them.")
    return [str(name) for name in names]


def predict_table(student: BaseEstimator, X: pd.DataFrame) -> pd.DataFrame:
    """The predicted class and each class's probability, the predicted number, or the risk of an event by each horizon.

    Missing where nothing was measured.
    """
    observed = observed_rows(X)
    predictions = pd.DataFrame(index=X.index)
    if not observed.any():
        raise DataError("no row has any of the student's measurements.")
    rows = X[observed]
    if isinstance(student, HorizonRisks):
        names = [f"risk_{name_number(horizon)}" for horizon in student.horizons]
        risks = pd.DataFrame(student.predict(rows).round(N_DIGITS), index=rows.index, columns=names)
        return risks.reindex(X.index)
    predictions["predicted"] = pd.Series(np.nan, index=X.index, dtype=object)
    predicted = student.predict(rows)
    if not is_classifier(student):
        predictions["predicted"] = np.nan
        predictions.loc[observed, "predicted"] = predicted.astype(float)
        return predictions
    predictions.loc[observed, "predicted"] = predicted.astype(str)
    for label, column in zip(student.classes_, student.predict_proba(rows).T, strict=True):
        predictions[f"probability_{label}"] = np.nan
        predictions.loc[observed, f"probability_{label}"] = column.round(N_DIGITS)
    return predictions


def check_rising(risks: pd.DataFrame) -> list[str]:
    """A note where a risk by a later horizon is below that by an earlier one, for each horizon has its own student."""
    falling = (risks.diff(axis=1).iloc[:, 1:] < 0).any(axis=1)
    if not falling.any():
        return []
    return [
        f"in {int(falling.sum())} of {len(risks)} rows the risk by a later horizon is below that by an earlier one: "
        "each horizon has a student of its own."
    ]


def name_number(value: float) -> str:
    """A number as it is written by hand: 1095 and 0.5."""
    return f"{value:.10g}"
