"""A study of the risk of an event by a horizon: its evaluation, and its sentences and tables."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from .._utils._plotting import escape_label
from ..evaluation._cross_validate import ALONE, DISTILLED, make_splits
from ..evaluation._input import ReportData
from ..evaluation._survival_models import KAPLAN_MEIER
from ..evaluation._survival_report import SurvivalReport
from ..evaluation._verdict import Verdict
from ..survival import KaplanMeier, KaplanMeierDisplay, kaplan_meier
from ._outcome import HorizonData
from ._pipeline import make_select_distill, n_inner_folds
from ._text import plot_safe, quote
from ._text_tables import TextTable, format_gain

WITHOUT_CENSORED = (
    "Nobody was censored before the horizon, and every row has an outcome: there are no unlabeled pairs here. "
    "They are where most gains come from."
)
HOW_TO_READ_RISKS = (
    "Brier, AUC and Uno's C are weighted against censoring (IPCW), by the censoring of the training rows; this takes "
    "censoring to be independent of the event and of the tables. Kaplan-Meier gives all rows the same risk, that of "
    "the training rows: a model with a higher Brier score is of no use. AUC is of the event by the horizon, Harrell's "
    "C of all times. A positive gain is an improvement over the student alone, and the verdict and all sentences are "
    "by the gain in Brier score and these intervals alone. The teacher, and fused, a model of both modalities, are "
    "scored where the teacher's was measured. The shuffled teacher is the control: the same fit with the teacher's "
    "rows in random order. What remains of a gain there does not come from what the teacher knows."
)
HOW_TO_READ_GROUPS = (
    "Rows are in two groups of equal size by the held-out risk of the distilled student, which is the student alone "
    "where no teacher was used; the risks are those that Kaplan-Meier estimates in each group. Bands are pointwise "
    "intervals, ticks censored rows, the dotted line is the horizon."
)


def evaluate_risk(study: HorizonData, options: argparse.Namespace, verbose: int) -> SurvivalReport:
    """Cross-validate selection and distillation: labels, weights and fits are of the training rows of each split."""
    states = study.outcome.states()
    rows = ReportData(study.X, states, np.unique(states), groups=study.groups)
    splits = make_splits(options.folds, options.repeats, rows, np.random.RandomState(options.seed))
    n_folds = min(n_inner_folds(None if study.groups is None else study.groups[train]) for train, _ in splits)
    estimator = make_select_distill(study.data, options.model, n_folds, options.seed)
    return SurvivalReport.from_estimator(
        estimator,
        study.X,
        study.outcome.time,
        study.outcome.event,
        horizon=study.outcome.horizon,
        unlabeled_pairs=study.unlabeled_pairs,
        groups=study.groups,
        cv=splits,
        confidence=estimator["select"].confidence,  # one for the decisions, the verdict and all sentences
        n_jobs=options.jobs,
        random_state=options.seed,
        verbose=verbose,
    )


def name_horizon(event: str, horizon: float) -> str:
    """The event by the horizon, in a sentence."""
    return f"{quote(event)} by {horizon:g}"


def summarize_risk(report: SurvivalReport, event: str) -> list[str]:
    """The risk of all rows by the horizon, and of the two halves that the student tells apart."""
    counts, curve = report.counts_, kaplan_meier(report.time, report.event, report.groups)
    what = name_horizon(event, report.horizon)
    sentences = [
        f"The risk of {what} is {describe_risk(curve, report)} for all {len(report.time)} rows by Kaplan-Meier: "
        f"{counts['event']} had the event by then, {counts['beyond']} were followed to then without it, "
        f"{counts['censored']} were censored before."
    ]
    groups = risk_groups(report)
    if len(groups) > 1:
        low, high = (describe_risk(group, report) for group in groups.values())
        sentences.append(
            f"Of the half with the higher held-out risk by the student it is {high}, of the other half {low}."
        )
    return sentences


def risk_groups(report: SurvivalReport) -> dict[str, KaplanMeier]:
    """Kaplan-Meier curves of the halves by the held-out risk of the distilled student; of all where it is the same."""
    risk = report.risks_[DISTILLED].to_numpy()
    scored = ~np.isnan(risk)
    high = risk > np.median(risk[scored])
    if not high.any():
        return {"all": _curve(report, scored)}
    groups = {"low risk": scored & ~high, "high risk": high}
    return {name: _curve(report, rows) for name, rows in groups.items()}


def _curve(report: SurvivalReport, rows: np.ndarray) -> KaplanMeier:
    """The curve of some rows, given by a mask; its interval is over groups where there are some."""
    return kaplan_meier(report.time[rows], report.event[rows], None if report.groups is None else report.groups[rows])


def describe_risk(curve: KaplanMeier, report: SurvivalReport) -> str:
    """1 - S(h) in percent with its interval; a curve without an event by then has none."""
    n_steps = int(np.searchsorted(curve.time, report.horizon, side="right"))
    text = f"{100 * (1 - curve.at([report.horizon])[0]):.0f} %"
    if n_steps:
        upper, lower = (100 * (1 - ends[n_steps - 1]) for ends in curve.interval(report.confidence))
        if not np.isnan(lower):
            text += f" ({100 * report.confidence:g} % interval {lower:.0f} to {upper:.0f} %)"
    last = curve.follow_up[-1]
    return text if last >= report.horizon else f"{text}, followed to {last:g} only"


def group_table(report: SurvivalReport, event: str) -> TextTable:
    """The risk of each group by the horizon."""
    rows = []
    for name, curve in risk_groups(report).items():
        n_events = int(curve.n_events[curve.time <= report.horizon].sum())
        at_risk = int(curve.count_at_risk([report.horizon])[0])
        rows.append([name, str(len(curve.follow_up)), str(n_events), str(at_risk), describe_risk(curve, report)])
    return TextTable(
        f"Groups by the held-out risk of the student: {name_horizon(event, report.horizon)}",
        ["group", "rows", "events by then", "at risk then", "risk by Kaplan-Meier"],
        rows,
    )


def group_figure(report: SurvivalReport, time: str) -> KaplanMeierDisplay:
    """Draw the curves of the groups."""
    display = KaplanMeierDisplay(risk_groups(report), report.horizon, report.confidence, escape_label(plot_safe(time)))
    return display.plot()


def horizon_table(studies: Sequence[tuple[SurvivalReport, Verdict]]) -> TextTable:
    """One row for each horizon."""
    rows = []
    for report, verdict in studies:
        frame, counts = report.to_frame(), report.counts_
        gain = pd.Series(frame.loc[DISTILLED, [f"brier_{part}" for part in ("gain", "lower", "upper")]], dtype=float)
        scores = [f"{frame['brier'][model]:.3f}" for model in (KAPLAN_MEIER, ALONE, DISTILLED)]
        rows.append(
            [
                f"{report.horizon:g}",
                *(str(counts[kind]) for kind in ("event", "censored")),
                f"{100 * (1 - kaplan_meier(report.time, report.event).at([report.horizon])[0]):.0f} %",
                *scores,
                format_gain(*gain),
                verdict.decision,
            ]
        )
    headings = ["horizon", "events", "censored", "risk of all", "Kaplan-Meier", "alone", "distilled"]
    return TextTable(
        "All horizons: Brier scores, less is better; gains over the student alone, more is better",
        [*headings, f"gain ({100 * studies[0][0].confidence:g} %)", "verdict"],
        rows,
    )
