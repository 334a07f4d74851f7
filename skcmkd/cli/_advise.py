"""``skcmkd advise``: which modality should teach, and what distilling would bring on this table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np
from rich.console import Console

from ..evaluation._cross_validate import make_splits
from ..evaluation._input import ReportData
from ..evaluation._report import DistillationReport
from ..evaluation._survival_report import SurvivalReport
from ..evaluation._verdict import DISTIL, NOT_PREDICTED, STUDENT_ALONE, UNDECIDED
from ._cohort import check_data
from ._conclusion import decide, summarize
from ._console import make_console, print_error, print_heading, print_table
from ._errors import UsageError
from ._input import CliData, load_data
from ._next_command import command_of_student
from ._outcome import FollowUp, HorizonData, horizons_of, is_outcome_wanted, load_follow_up
from ._output_path import check_output
from ._pipeline import fit_selector, make_select_distill, n_inner_folds, note_on_models
from ._risk import WITHOUT_CENSORED, evaluate_risk, group_table, horizon_table, name_horizon, summarize_risk
from ._study import Study
from ._text import as_warning, quote, truncate
from ._text_tables import choice_table, decision_table, describe_folds, gain_table, modality_table

# With --exit-code, so that a script can branch; a finished run ends with 0 otherwise.
EXIT_CODES = {DISTIL: 0, STUDENT_ALONE: 10, UNDECIDED: 11, NOT_PREDICTED: 12}


def run_advise(options: argparse.Namespace) -> int:
    """Print the tables and the conclusion, and write the report."""
    check_output(options.report, "--report", [options.table])
    if options.repeats < 1:
        raise UsageError(f"--repeats {options.repeats}: at least 1 is needed.")
    has_horizons = is_outcome_wanted(options)
    if has_horizons and options.exit_code and len(horizons_of(options)) > 1:
        raise UsageError("--exit-code is the code of one verdict, and --horizon names several. Give one of them.")
    console, verbose = make_console(), int(sys.stderr.isatty())
    note = _printer_of_notes()
    studies = advise_risks(options, note, verbose) if has_horizons else [advise_label(options, note, verbose)]
    is_one, overview = len(studies) == 1, None
    for study in studies:
        print_study(console, study, "" if is_one else study.name)
    if not is_one:
        overview = horizon_table([(s.report, s.verdict) for s in studies if isinstance(s.report, SurvivalReport)])
        print_table(console, overview)
        console.print()
    if options.report:
        from ._page import write_report

        write_report(options, studies, overview)
        console.print(f"Report: {truncate(options.report, 200)}")
    following = command_of_student(options.command, [study.verdict for study in studies])
    if following:  # one line, to be copied
        console.print(f"Next: {truncate(following, 1000)}", soft_wrap=True)
    for study in studies:
        by = "" if is_one else f" by {study.horizon:g}"
        console.print(f"Verdict{by}: {study.verdict.line}", style="bold")
    return EXIT_CODES[studies[0].verdict.decision] if options.exit_code else 0


def print_study(console: Console, study: Study, heading: str) -> None:
    """The verdict, the reasons and the tables."""
    if heading:
        print_heading(console, heading)
    console.print(study.verdict.line, style="bold")
    for sentence in study.reasons:
        console.print(sentence)
    for table in study.tables:
        print_table(console, table)
    console.print()


def advise_label(options: argparse.Namespace, note: Callable[[Sequence[str]], None], verbose: int) -> Study:
    """The study of a label."""
    data = load_data(options)
    names = {"batch": options.batch, "groups": options.groups, "seed": options.seed}
    concerns = check_data(data, data.y, (data.unlabeled, data.unlabeled_groups), **names)
    notes = [*data.notes, *note_on_models(options.model, len(data.y))]
    note([*data.leaks, *concerns, *notes])
    _show_progress(data, verbose)
    selector = fit_selector(data, options.seed, options.jobs, verbose)
    report = evaluate(data, options, verbose)
    verdict = decide(data, selector, report, **_unit_of_groups(options))
    return Study(
        truncate(options.label),
        data,
        selector,
        report,
        verdict,
        [*map(as_warning, [*data.leaks, *concerns]), *summarize(data, selector, report, verdict)],
        [
            modality_table(data.X, data.y, data.modalities, data.student, data.unlabeled, data.classes is not None),
            decision_table(selector),
            gain_table(report, describe_folds(options.folds, options.repeats)),
            choice_table(report),
        ],
        notes,
    )


def advise_risks(options: argparse.Namespace, note: Callable[[Sequence[str]], None], verbose: int) -> list[Study]:
    """A study of the risk at each horizon; data at fault are reported before the first is evaluated."""
    follow_up = load_follow_up(options)
    rows = [follow_up.at(horizon, options.folds) for horizon in horizons_of(options)]
    return [advise_risk(follow_up, study, options, note, verbose) for study in rows]


def advise_risk(
    follow_up: FollowUp,
    study: HorizonData,
    options: argparse.Namespace,
    note: Callable[[Sequence[str]], None],
    verbose: int,
) -> Study:
    """The study of the risk at one horizon."""
    data, what = study.data, name_horizon(options.event, study.outcome.horizon)
    labels = np.where(data.y == 1, f"{what}", f"no {what}")
    names = {"batch": options.batch, "groups": options.groups, "seed": options.seed}
    concerns = check_data(data, labels, study.further_pairs or (data.unlabeled.iloc[:0], None), **names)
    notes = [*follow_up.notes, *data.notes, *note_on_models(options.model, len(data.y))]
    notes = list(dict.fromkeys(notes))
    note([*data.leaks, *concerns, *notes])
    _show_progress(data, verbose)
    selector = fit_selector(data, options.seed, options.jobs, verbose)
    report = evaluate_risk(study, options, verbose)
    verdict = decide(data, selector, report, event=quote(options.event), **_unit_of_groups(options))
    table = modality_table(data.X, labels, data.modalities, data.student, data.unlabeled)
    return Study(
        what,
        data,
        selector,
        report,
        verdict,
        [
            *map(as_warning, [*data.leaks, *concerns]),
            *summarize_risk(report, options.event),
            *summarize(data, selector, report, verdict, WITHOUT_CENSORED),
        ],
        [
            table,
            decision_table(selector),
            gain_table(report, describe_folds(options.folds, options.repeats)),
            group_table(report, options.event),
            choice_table(report),
        ],
        notes,
    )


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


def _printer_of_notes() -> Callable[[Sequence[str]], None]:
    """Print each note once, also where several horizons have it."""
    printed: set[str] = set()

    def note(notes: Sequence[str]) -> None:
        for line in notes:
            if line not in printed:
                print_error(line)
            printed.add(line)

    return note


def _unit_of_groups(options: argparse.Namespace) -> dict[str, str]:
    """What the verdict calls the groups."""
    return {} if options.groups is None else {"group_unit": f"values of {quote(options.groups)}"}


def _show_progress(data: CliData, verbose: int) -> None:
    if verbose:  # who waits can see that these are the right columns
        columns = [f"{truncate(name)} {len(names)}" for name, names in data.modalities.items()]
        print_error(f"{len(data.y)} labeled rows; columns: {', '.join(columns)}.")
