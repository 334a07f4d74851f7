"""``skcmkd advise``: who should teach, and what distilling would bring on this table."""

from __future__ import annotations

import argparse
import shlex
import sys

import numpy as np

from .._utils._atomic_write import replacing
from ..selection._selector import CCHSelector
from ._conclusion import conclude
from ._console import complain, make_console, show
from ._errors import UsageError
from ._evaluation import Evaluation, evaluate
from ._input import Cohort, open_cohort
from ._output_path import check_output
from ._pipeline import select
from ._text import as_warning, shorten
from ._text_tables import Sheet, choice_sheet, decision_sheet, gain_sheet, modality_sheet

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
    cohort = open_cohort(options, options.folds)
    for note in [*cohort.leaks, *cohort.notes]:
        complain(note)
    modalities = modality_sheet(
        cohort.X, cohort.y, cohort.modalities, cohort.student, cohort.unlabeled, cohort.classes is not None
    )
    show(console, modalities)
    selector, evaluation = study(cohort, options)
    sheets = [
        modalities,
        decision_sheet(selector),
        gain_sheet(evaluation, options.folds, options.repeats),
        choice_sheet(evaluation.choices),
    ]
    for sheet in sheets[1:]:
        show(console, sheet)
    conclusion = [*map(as_warning, cohort.leaks), *conclude(cohort, selector, evaluation)]
    console.print("\nIn short", style="bold")
    for sentence in conclusion:
        console.print(sentence)
    if options.report:
        write_report(options, cohort, selector, evaluation, sheets, conclusion)
        console.print(f"\nReport: {shorten(options.report, 200)}")
    return 0


def study(cohort: Cohort, options: argparse.Namespace) -> tuple[CCHSelector, Evaluation]:
    """The selection on all rows, and the cross-validated gain."""
    shown = sys.stderr.isatty()
    selector = select(cohort, np.arange(len(cohort.y)), options.seed, n_jobs=options.jobs, verbose=int(shown))
    evaluation = evaluate(
        cohort,
        options.model,
        n_folds=options.folds,
        n_repeats=options.repeats,
        seed=options.seed,
        n_jobs=options.jobs,
        show=shown,
    )
    return selector, evaluation


def write_report(
    options: argparse.Namespace,
    cohort: Cohort,
    selector: CCHSelector,
    evaluation: Evaluation,
    sheets: list[Sheet],
    conclusion: list[str],
) -> None:
    """The HTML report, whole or not at all."""
    # matplotlib is loaded when something is drawn, not before.
    import matplotlib as mpl

    from ._html import Section, decision_figure, describe_origin, gain_figure, render_report

    mpl.use("Agg")
    modalities, decisions, gains, choices = sheets
    page = render_report(
        f"Should {shorten(cohort.student)} be taught about {shorten(options.label)}?",
        f"{shorten(options.table.name, 100)}: {len(cohort.y)} labelled rows, {len(cohort.unlabeled)} pairs without a "
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
        cohort.notes,
        shlex.join(["skcmkd", *options.command]),
        describe_origin(options.table, options.seed),
    )
    with replacing(options.report) as draft:
        draft.write_text(page, encoding="utf-8")
