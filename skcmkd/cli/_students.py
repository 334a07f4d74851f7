"""``skcmkd distill`` and ``skcmkd predict``: a student from one table, and its predictions for another."""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier

from .._utils._atomic_write import atomic_write
from .._validation._table_checks import observed_rows
from ..persistence._skops import load_student, save_student
from ..selection._selector import CCHSelector
from ._anndata import is_annotated, read_annotated
from ._console import make_console, print_error, print_table
from ._errors import DataError
from ._input import load_data
from ._output_path import check_output
from ._pipeline import fit_select_distill
from ._read_table import as_numbers, read_table
from ._text import abbreviate, as_warning, escape_formula, quote, truncate
from ._text_tables import decision_table, modality_table

N_FOLDS = 5
N_DIGITS = 6  # of probabilities


def run_distill(options: argparse.Namespace) -> int:
    """Select and distill on all rows, print what was decided, and save the student."""
    check_output(options.out, "--out", [options.table])
    console = make_console()
    data = load_data(options, N_FOLDS)
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
    for sentence in [*map(as_warning, data.leaks), describe_decision(selector, distiller.alpha_)]:
        console.print(sentence)
    console.print(f"Student: {truncate(options.out, 200)}")
    return 0


def describe_decision(selector: CCHSelector, alpha: float) -> str:
    """What was decided, and the weight."""
    student = quote(selector.student)
    if not selector.teachers_:
        return f"No teacher is kept: {student} was trained alone."
    teacher = quote(selector.teachers_[0])
    if alpha == 0:
        return f"{teacher} is kept, but held-out rows gave it no weight: {student} was trained alone."
    return f"{teacher} taught {student} with the weight {alpha:g} ({1 - alpha:g} for the labels)."


def run_predict(options: argparse.Namespace) -> int:
    """Write the student's predictions for the rows of a table."""
    check_output(options.out, "--out", [options.table, options.model])
    if not options.model.is_file():
        raise DataError(f"there is no file {quote(options.model, 200)}.")
    student = load_student(options.model)
    columns = student_columns(student)
    table = read_student_table(options, columns)
    lacking = [name for name in columns if name not in table.columns]
    if lacking:
        raise DataError(
            f"{quote(options.table, 200)} lacks {len(lacking)} of the student's {len(columns)} columns: "
            f"{abbreviate(lacking, 5)}."
        )
    predictions = predict_table(student, as_numbers(table, columns))
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
        return read_annotated(options.table, None, None, modalities, options.split_by)[0]
    return read_table(
        options.table,
        index=options.index,
        numbered=options.no_index,
        is_measurement=set(columns).__contains__,
        separator=options.separator,
        decimal=options.decimal,
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
