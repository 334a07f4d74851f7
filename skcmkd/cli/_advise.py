"""``skcmkd advise``: who should teach, and what distilling would bring on this table."""

from __future__ import annotations

import argparse
import shlex
import sys

import numpy as np

from .._utils._atomic_write import atomic_write
from ..selection._selector import CCHSelector
from ._conclusion import summarize
from ._console import make_console, print_error, print_table
from ._errors import UsageError
from ._evaluation import Evaluation, evaluate
from ._input import CliData, load_data
from ._output_path import check_output
from ._pipeline import fit_selector
from ._text import as_warning, truncate
from ._text_tables import TextTable, choice_table, decision_table, gain_table, modality_table

HOW_TO_READ_DECISIONS = (
    "T and S are what models of the teacher's and of the student's modality say of rows that they have not seen, Y is "
    "the label. gap = I(T;S) - I(S;Y), advantage = I(T;Y) - I(S;Y). distil: the advantage's interval lies above zero; "
    "do not distil: below; undecided: it holds zero. This is about what the teacher knows, and promises no gain."
)
HOW_TO_READ_GAINS = (
    "A positive gain is an improvement whatever the score; s.e. is the standard error of the paired difference over "
    "rows (over groups where they were given). The teacher is scored where it was measured. The shuffled teacher is "
    "the control: the same fit with the teacher's rows in random order. What remains of a gain there does not come "
    "from what the teacher knows."
)


def run_advise(options: argparse.Namespace) -> int:
    """Print the tables and the conclusion, and write the report."""
    check_output(options.report, "--report", [options.table])
    if options.folds < 2:
        raise UsageError(f"--folds {options.folds}: at least 2 are needed to hold rows out.")
    if options.repeats < 1:
        raise UsageError(f"--repeats {options.repeats}: at least 1 is needed.")
    console = make_console()
    data = load_data(options, options.folds)
    for note in [*data.leaks, *data.notes]:
        print_error(note)
    modalities = modality_table(data.X, data.y, data.modalities, data.student, data.unlabeled, data.classes is not None)
    print_table(console, modalities)
    selector, evaluation = select_and_evaluate(data, options)
    tables = [
        modalities,
        decision_table(selector),
        gain_table(evaluation, options.folds, options.repeats),
        choice_table(evaluation.selections),
    ]
    for table in tables[1:]:
        print_table(console, table)
    conclusion = [*map(as_warning, data.leaks), *summarize(data, selector, evaluation)]
    console.print("\nIn short", style="bold")
    for sentence in conclusion:
        console.print(sentence)
    if options.report:
        write_report(options, data, selector, evaluation, tables, conclusion)
        console.print(f"\nReport: {truncate(options.report, 200)}")
    return 0


def select_and_evaluate(data: CliData, options: argparse.Namespace) -> tuple[CCHSelector, Evaluation]:
    """The selection on all rows, and the cross-validated gain."""
    shown = sys.stderr.isatty()
    selector = fit_selector(data, np.arange(len(data.y)), options.seed, n_jobs=options.jobs, verbose=int(shown))
    evaluation = evaluate(
        data,
        options.model,
        n_folds=options.folds,
        n_repeats=options.repeats,
        seed=options.seed,
        n_jobs=options.jobs,
        verbose=shown,
    )
    return selector, evaluation


def write_report(
    options: argparse.Namespace,
    data: CliData,
    selector: CCHSelector,
    evaluation: Evaluation,
    tables: list[TextTable],
    conclusion: list[str],
) -> None:
    """The HTML report, whole or not at all."""
    # matplotlib is loaded when something is drawn, not before.
    import matplotlib as mpl

    from ._html import Section, decision_figure, gain_figure, provenance, render_report

    mpl.use("Agg")
    modalities, decisions, gains, choices = tables
    page = render_report(
        f"Should {truncate(data.student)} be taught about {truncate(options.label)}?",
        f"{truncate(options.table.name, 100)}: {len(data.y)} labelled rows, {len(data.unlabeled)} pairs without a "
        f"label; {options.model} student and teacher",
        conclusion,
        [
            Section(modalities, "A row whose cells of a modality are all missing was not measured."),
            Section(
                decisions,
                HOW_TO_READ_DECISIONS,
                decision_figure(selector),
                "The candidates' advantage over the student",
            ),
            Section(gains, HOW_TO_READ_GAINS, gain_figure(evaluation), "Gains over the student alone with intervals"),
            Section(choices),
        ],
        data.notes,
        shlex.join(["skcmkd", *options.command]),
        provenance(options.table, options.seed),
    )
    with atomic_write(options.report) as tmp_path:
        tmp_path.write_text(page, encoding="utf-8")
