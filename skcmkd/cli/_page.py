"""The HTML report of ``skcmkd advise``: which tables, figures and sentences stand in it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

from .._utils._atomic_write import atomic_write
from ..evaluation._survival_report import SurvivalReport
from ._html import Answer, Section, as_png, decision_figure, gain_figure, provenance, render_report
from ._pipeline import describe_models
from ._risk import HOW_TO_READ_GROUPS, HOW_TO_READ_RISKS, group_figure
from ._study import Study
from ._text import quote, truncate
from ._text_tables import TextTable

HOW_TO_READ_DECISIONS = (
    "T and S are what models of the teacher's and of the student's modality predict for held-out rows, Y is the "
    "label. gap = I(T;S) - I(S;Y), added = I(S,T;Y) - I(S;Y). distil: what the teacher adds is above 0.01 beyond "
    "chance, counting the candidates; do not distil: its interval lies below, or there are no unlabeled pairs; "
    "undecided otherwise. This is about what the teacher knows, and promises no gain."
)
HOW_TO_READ_GAINS = (
    "A positive gain is an improvement; its interval is that of the paired difference over rows (over groups where "
    "they were given), and the verdict and all sentences are by this score and these intervals alone. The baseline "
    "(majority class, mean) reads nothing: it predicts the class shares, or the mean, of the training rows. Balanced "
    "accuracy is the mean of the classes' recalls. The teacher is scored where it was measured. The shuffled teacher "
    "is the control: the same fit with the teacher's rows in random order. What remains of a gain there does not come "
    "from what the teacher knows."
)
HOW_TO_READ_MODALITIES = "A row whose cells of a modality are all missing was not measured."


def write_report(options: argparse.Namespace, studies: Sequence[Study], overview: TextTable | None) -> None:
    """The HTML report, whole or not at all; of several studies a table of all comes first."""
    # matplotlib is loaded when something is drawn, not before.
    import matplotlib as mpl

    mpl.use("Agg")
    answers = [make_answer(study, options, is_one=len(studies) == 1) for study in studies]
    if overview is not None:
        lines = [f"By {study.horizon:g}: {study.verdict.line}" for study in studies]
        answers.insert(0, Answer("", lines, [Section(overview)]))
    what = quote(options.event) if options.label is None else truncate(options.label)
    page = render_report(
        f"Should {truncate(options.student)} be taught about {what}?",
        f"{truncate(options.table.name, 100)}: {describe_rows(studies)}; student and teacher: "
        f"{describe_models(options.model)}",
        answers,
        list(dict.fromkeys(note for study in studies for note in study.notes)),
        shlex.join(["skcmkd", *options.command]),
        provenance(options.table, options.seed),
    )
    with atomic_write(options.report) as tmp_path:
        tmp_path.write_text(page, encoding="utf-8")


def describe_rows(studies: Sequence[Study]) -> str:
    """How many rows there were."""
    report, data = studies[0].report, studies[0].data
    if isinstance(report, SurvivalReport):
        return f"{len(report.time)} rows with time and event, {int(report.event.sum())} of them with the event"
    return f"{len(data.y)} labeled rows, {len(data.unlabeled)} unlabeled pairs"


def make_answer(study: Study, options: argparse.Namespace, *, is_one: bool) -> Answer:
    """The part of the page on one study."""
    report, (modalities, decisions, gains, *rest) = study.report, study.tables
    sections = [
        Section(modalities, HOW_TO_READ_MODALITIES),
        Section(
            decisions,
            HOW_TO_READ_DECISIONS,
            decision_figure(study.selector),
            "What the candidates add to the student",
        ),
    ]
    caption = "Gains over the student alone with intervals"
    if isinstance(report, SurvivalReport):
        groups, *rest = rest
        sections += [
            Section(gains, HOW_TO_READ_RISKS, as_png(report.plot().figure_), caption),
            Section(
                groups,
                HOW_TO_READ_GROUPS,
                as_png(group_figure(report, options.time).figure_),
                "Kaplan-Meier curves of the groups with the numbers at risk",
            ),
        ]
    else:
        sections.append(Section(gains, HOW_TO_READ_GAINS, gain_figure(report), caption))
    sections += map(Section, rest)
    return Answer("" if is_one else study.name, [study.verdict.line, *study.reasons], sections)
