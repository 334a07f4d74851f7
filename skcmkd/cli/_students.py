"""``skcmkd distill`` and ``skcmkd predict``: a student from one table, and its answers for another."""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier

from .._utils._atomic_write import replacing
from .._validation._table_checks import measured_rows
from ..persistence._skops import load_student, save_student
from ._anndata import is_annotated, read_annotated
from ._console import complain, make_console, show
from ._errors import DataError
from ._input import Cohort, open_cohort
from ._output_path import check_output
from ._pipeline import Lesson, teach
from ._read_table import as_numbers, read_table
from ._text import as_warning, defuse, name_some, quote, shorten
from ._text_tables import decision_sheet, modality_sheet

N_FOLDS = 5
N_DIGITS = 6  # of probabilities


def run_distill(options: argparse.Namespace) -> int:
    """Select and distil on all rows, say what was decided, and save the student."""
    check_output(options.out, "--out", [options.table])
    console = make_console()
    cohort = open_cohort(options, N_FOLDS)
    for note in [*cohort.leaks, *cohort.notes]:
        complain(note)
    lesson = teach(
        cohort,
        np.arange(len(cohort.y)),
        options.model,
        options.seed,
        n_jobs=options.jobs,
        verbose=int(sys.stderr.isatty()),
    )
    with replacing(options.out) as draft:
        save_student(lesson.distiller.student_, draft)
    of_classes = cohort.classes is not None
    show(
        console,
        modality_sheet(cohort.X, cohort.y, cohort.modalities, cohort.student, cohort.unlabeled, of_classes),
    )
    show(console, decision_sheet(lesson.selector))
    console.print()
    for sentence in [*map(as_warning, cohort.leaks), say_decision(cohort, lesson)]:
        console.print(sentence)
    console.print(f"Student: {shorten(options.out, 200)}")
    return 0


def say_decision(cohort: Cohort, lesson: Lesson) -> str:
    """What was decided, and the weight."""
    student, alpha = quote(cohort.student), lesson.distiller.alpha_
    if not lesson.selector.teachers_:
        return f"No teacher is kept: {student} was trained alone."
    teacher = quote(lesson.teacher)
    if alpha == 0:
        return f"{teacher} is kept, but held-out rows gave it no weight: {student} was trained alone."
    return f"{teacher} taught {student} with the weight {alpha:g} ({1 - alpha:g} for the labels)."


def run_predict(options: argparse.Namespace) -> int:
    """The student's answers for the rows of a table."""
    check_output(options.out, "--out", [options.table, options.model])
    if not options.model.is_file():
        raise DataError(f"there is no file {quote(options.model, 200)}.")
    student = load_student(options.model)
    columns = columns_of(student)
    table = read_measurements(options, columns)
    lacking = [name for name in columns if name not in table.columns]
    if lacking:
        raise DataError(
            f"{quote(options.table, 200)} lacks {len(lacking)} of the student's {len(columns)} columns: "
            f"{name_some(lacking, 5)}."
        )
    answers = answer(student, as_numbers(table, columns))
    n_missing = int(answers.iloc[:, 0].isna().sum())
    if n_missing:
        complain(f"{n_missing} of {len(answers)} rows have none of the student's measurements: no answer.")
    answers.index = answers.index.map(defuse)
    name = table.index.name or "row"
    answers.index.name = "row" if name in answers.columns else name
    safe = answers.reset_index().rename(columns=defuse)
    safe = safe.apply(lambda column: column.map(defuse) if column.dtype == object else column)
    if options.out is None:
        safe.to_csv(sys.stdout, index=False, lineterminator="\n")
        return 0
    with replacing(options.out) as draft:
        safe.to_csv(draft, index=False, lineterminator="\n")
    return 0


def read_measurements(options: argparse.Namespace, columns: list[str]) -> pd.DataFrame:
    """The table with the student's columns, whatever else it has."""
    if is_annotated(options.table):
        modalities = list(dict.fromkeys(name.split(":")[0] for name in columns))
        return read_annotated(options.table, None, None, modalities, options.split_by)[0]
    return read_table(
        options.table,
        index=options.index,
        numbered=options.no_index,
        is_measurement=set(columns).__contains__,
        separator=options.separator,
        decimal=options.decimal,
    )


def columns_of(student: BaseEstimator) -> list[str]:
    """Names of the columns that a student reads."""
    names = getattr(student, "feature_names_in_", None)
    if names is None:
        raise DataError("the student was fitted to columns without names. Fit it to a table that has them.")
    return [str(name) for name in names]


def answer(student: BaseEstimator, X: pd.DataFrame) -> pd.DataFrame:
    """The predicted class and each one's probability, or the quantity; missing where nothing was measured."""
    measured = measured_rows(X)
    found = pd.DataFrame(index=X.index)
    found["predicted"] = pd.Series(np.nan, index=X.index, dtype=object)
    if not measured.any():
        raise DataError("no row has any of the student's measurements.")
    rows = X[measured]
    predicted = student.predict(rows)
    if not is_classifier(student):
        found["predicted"] = np.nan
        found.loc[measured, "predicted"] = predicted.astype(float)
        return found
    found.loc[measured, "predicted"] = predicted.astype(str)
    for label, column in zip(student.classes_, student.predict_proba(rows).T, strict=True):
        found[f"probability_{label}"] = np.nan
        found.loc[measured, f"probability_{label}"] = column.round(N_DIGITS)
    return found
