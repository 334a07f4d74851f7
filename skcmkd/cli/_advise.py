"""``skcmkd advise``: which modality should teach, and what distilling would bring on this table."""

from __future__ import annotations

import argparse
import shlex
import sys

import numpy as np

from .._utils._atomic_write import atomic_write
from ..evaluation._cross_validate import make_splits
from ..evaluation._input import ReportData
from ..evaluation._report import DistillationReport
from ..evaluation._verdict import DISTIL, NOT_PREDICTED, STUDENT_ALONE, UNDECIDED
from ..selection._selector import CCHSelector
from ._conclusion import decide, summarize
from ._console import make_console, print_error, print_table
from ._errors import UsageError
from ._input import CliData, load_data
from ._output_path import check_output
from ._pipeline import describe_models, fit_selector, make_select_distill, n_inner_folds
from ._text import as_warning, truncate
from ._text_tables import TextTable, choice_table, decision_table, describe_folds, gain_table, modality_table

HOW_TO_READ_DECISIONS = (
    "T and S are what models of the teacher's and of the student's modality predict for held-out rows, Y is the "
    "label. gap = I(T;S) - I(S;Y), added = I(S,T;Y) - I(S;Y). distil: the interval of what the teacher adds lies above "
    "0.01, also counting the candidates; do not distil: below, or there are no unlabeled pairs; undecided otherwise. "
    "This is about what the teacher knows, and promises no gain."
)
HOW_TO_READ_GAINS = (
    "A positive gain is an improvement; its interval is that of the paired difference over rows (over groups where "
    "they were given), and the verdict and all sentences are by this score and these intervals alone. The baseline "
    "(majority class, mean) reads nothing: it predicts the class shares, or the mean, of the training rows. Balanced "
    "accuracy is the mean of the classes' recalls. The teacher is scored where it was measured. The shuffled teacher "
    "is the control: the same fit with the teacher's rows in random order. What remains of a gain there does not come "
    "from what the teacher knows."
)
# With --exit-code, so that a script can branch; a finished run ends with 0 otherwise.
EXIT_CODES = {DISTIL: 0, STUDENT_ALONE: 10, UNDECIDED: 11, NOT_PREDICTED: 12}


def run_advise(options: argparse.Namespace) -> int:
    """Print the tables and the conclusion, and write the report."""
    check_output(options.report, "--report", [options.table])
    if options.repeats < 1:
        raise UsageError(f"--repeats {options.repeats}: at least 1 is needed.")
    console = make_console()
    data = load_data(options)
    for note in [*data.leaks, *data.notes]:
        print_error(note)
    verbose = int(sys.stderr.isatty())
    if verbose:  # who waits can see that these are the right columns
        columns = [f"{truncate(name)} {len(names)}" for name, names in data.modalities.items()]
        print_error(f"{len(data.y)} labeled rows; columns: {', '.join(columns)}.")
    selector = fit_selector(data, options.seed, options.jobs, verbose)
    report = evaluate(data, options, verbose)
    verdict = decide(data, selector, report)
    tables = [
        modality_table(data.X, data.y, data.modalities, data.student, data.unlabeled, data.classes is not None),
        decision_table(selector),
        gain_table(report, describe_folds(options.folds, options.repeats)),
        choice_table(report),
    ]
    reasons = [*map(as_warning, data.leaks), *summarize(data, selector, report, verdict)]
    console.print(verdict.line, style="bold")
    for sentence in reasons:
        console.print(sentence)
    for table in tables:
        print_table(console, table)
    console.print()
    if options.report:
        write_report(options, data, selector, report, tables, [verdict.line, *reasons])
        console.print(f"Report: {truncate(options.report, 200)}")
    console.print(f"Verdict: {verdict.line}", style="bold")
    return EXIT_CODES[verdict.decision] if options.exit_code else 0


def evaluate(data: CliData, options: argparse.Namespace, verbose: int) -> DistillationReport:
    """Cross-validate selection and distillation: both are done anew on the training rows of each split."""
    rows = ReportData(data.X, data.y, data.classes, groups=data.groups)
    splits = make_splits(options.folds, options.repeats, rows, np.random.RandomState(options.seed))
    n_folds = min(n_inner_folds(None if data.groups is None else data.groups[train]) for train, _ in splits)
    estimator = make_select_distill(data, options.model, n_folds, options.seed)
    return DistillationReport.from_estimator(
        estimator,
        data.X,
        data.y,
        unlabeled_pairs=data.unlabeled_pairs,
        groups=data.groups,
        fused=None,
        cv=splits,
        confidence=estimator["select"].confidence,  # one for the decisions, the verdict and all sentences
        n_jobs=options.jobs,
        random_state=options.seed,
        verbose=verbose,
    )


def write_report(
    options: argparse.Namespace,
    data: CliData,
    selector: CCHSelector,
    report: DistillationReport,
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
        f"{truncate(options.table.name, 100)}: {len(data.y)} labeled rows, {len(data.unlabeled)} pairs without a "
        f"label; student and teacher: {describe_models(options.model)}",
        conclusion,
        [
            Section(modalities, "A row whose cells of a modality are all missing was not measured."),
            Section(
                decisions,
                HOW_TO_READ_DECISIONS,
                decision_figure(selector),
                "What the candidates add to the student",
            ),
            Section(gains, HOW_TO_READ_GAINS, gain_figure(report), "Gains over the student alone with intervals"),
            Section(choices),
        ],
        data.notes,
        shlex.join(["skcmkd", *options.command]),
        provenance(options.table, options.seed),
    )
    with atomic_write(options.report) as tmp_path:
        tmp_path.write_text(page, encoding="utf-8")
