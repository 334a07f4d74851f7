"""``skcmkd distill`` and ``skcmkd predict``: a student from one table, and its predictions for another."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from .._utils._atomic_write import atomic_write
from .._validation._table_checks import observed_rows
from ..evaluation._check import compare_with_baseline
from ..evaluation._input import ReportData
from ..persistence._skops import load_student, save_student
from ..selection._selector import CCHSelector
from ._anndata import is_annotated, read_annotated
from ._conclusion import is_refused
from ._console import make_console, print_error, print_table
from ._errors import DataError
from ._input import CliData, load_data
from ._output_path import check_output
from ._pipeline import fit_select_distill
from ._read_table import as_numbers, read_table
from ._text import abbreviate, as_warning, escape_formula, quote, truncate
from ._text_tables import decision_table, modality_table

N_DIGITS = 6  # of probabilities
MAX_NAMES = 5


def run_distill(options: argparse.Namespace) -> int:
    """Select and distill on all rows, print what was decided, and save the student."""
    check_output(options.out, "--out", [options.table])
    console = make_console()
    data = load_data(options)
    for note in [*data.leaks, *data.notes]:
        print_error(note)
    selector, distiller = fit_select_distill(
        data, options.model, options.seed, n_jobs=options.jobs, verbose=int(sys.stderr.isatty())
    )
    with atomic_write(options.out) as tmp_path:
        save_student(distiller.student_, tmp_path)
    of_classes = data.classes is not None
    print_table(
        console,
        modality_table(data.X, data.y, data.modalities, data.student, data.unlabeled, of_classes),
    )
    print_table(console, decision_table(selector))
    console.print()
    useless = warn_of_useless_student(data, selector, distiller, options)
    for warning in useless:
        print_error(as_warning(warning))
    for sentence in [*map(as_warning, [*data.leaks, *useless]), describe_decision(selector, distiller.alpha_)]:
        console.print(sentence)
    console.print(f"Student: {truncate(options.out, 200)}")
    return 0


def describe_decision(selector: CCHSelector, alpha: float) -> str:
    """What was decided, and the weight."""
    student = quote(selector.student)
    if not selector.teachers_:
        reason = " (no row without a label, where a teacher would pay)" if is_refused(selector) else ""
        return f"No teacher is kept{reason}: {student} was trained alone."
    teacher = quote(selector.teachers_[0])
    if alpha == 0:
        return f"{teacher} is kept, but no row without a label has both modalities: {student} was trained alone."
    return f"{teacher} taught {student} with the weight {alpha:.2g} ({1 - alpha:.2g} for the labels)."


def warn_of_useless_student(
    data: CliData, selector: CCHSelector, distiller: BaseEstimator, options: argparse.Namespace
) -> list[str]:
    """A sentence where the student is not shown to be better on held-out rows than the largest class, or the mean.

    The kept teacher is that of all rows, the student's penalty and all fits those of the training rows of each fold.
    """
    check = compare_with_baseline(
        clone(distiller).set_params(n_jobs=None, verbose=0),
        ReportData(selector.transform(data.X), data.y, data.classes, groups=data.groups),
        None if data.unlabeled_pairs is None else (selector.transform(data.unlabeled), data.unlabeled_groups),
        options.folds,
        confidence=selector.confidence,
        random_state=options.seed,
        n_jobs=options.jobs,
    )
    if check.is_better:
        return []
    return [
        f"{quote(data.student)} is not shown to predict {quote(options.label)} better than the {check.baseline} "
        f"({check.text}; {options.folds} folds of held-out rows). skcmkd advise shows what the teacher would bring."
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
    """The predicted class and each class's probability, or the predicted number; missing where nothing was measured."""
    observed = observed_rows(X)
    predictions = pd.DataFrame(index=X.index)
    predictions["predicted"] = pd.Series(np.nan, index=X.index, dtype=object)
    if not observed.any():
        raise DataError("no row has any of the student's measurements.")
    rows = X[observed]
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
