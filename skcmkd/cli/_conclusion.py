"""What the tables show, in plain words, and what they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..evaluation._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER
from ..evaluation._report import DistillationReport
from ..selection._selector import CCHSelector
from ._input import CliData
from ._text import quote, truncate
from ._text_tables import selections_with_alpha


def summarize(data: CliData, selector: CCHSelector, report: DistillationReport) -> list[str]:
    """Sentences: which modality may teach, whether it helped and why, and what would change the answer."""
    sentences = [
        summarize_selection(selector),
        *summarize_gain(report),
        summarize_teacher(report),
        *summarize_disagreement(selector, report),
    ]
    if not len(data.unlabeled):
        sentences.append(
            "There are no pairs without a label here. They are where most gains come from: rows with student and "
            "teacher measured whose label cell is empty."
        )
    return sentences


def summarize_selection(selector: CCHSelector) -> str:
    """Who should teach by the decision table."""
    results, student = selector.results_, quote(selector.student)
    kept = selector.teachers_
    name = kept[0] if kept else results.index[0]
    row = results.loc[name]
    interval = f"90 % interval {row['advantage_lower']:+.2f} to {row['advantage_upper']:+.2f}"
    metrics = f"advantage {row['advantage']:+.2f} nats, {interval}"
    if kept:
        return f"{quote(name)} knows more about the label than {student} does ({metrics})."
    if (results["advantage_upper"] < 0).all():
        return f"{student} knows more about the label than any candidate does; {quote(name)} is nearest ({metrics})."
    return f"No candidate is shown to know more about the label than {student}; {quote(name)} is nearest ({metrics})."


def summarize_gain(report: DistillationReport) -> list[str]:
    """Whether the distilled student was better on held-out rows, and whether it is with a shuffled teacher."""
    alphas = report.alphas_[DISTILLED]
    n_fits = len(alphas)
    if (alphas == 0).all():
        return [
            f"In none of {n_fits} fits did the teacher get a weight: the distilled student is the student alone. Train "
            "the student alone."
        ]
    row = _compare(report, DISTILLED)
    metrics = _metrics(report, row)
    weighed = f"The teacher got a weight in {int((alphas > 0).sum())} of {n_fits} fits."
    if row["upper"] < 0:
        return [weighed, f"Distilling made the student worse on held-out rows ({metrics}). Train the student alone."]
    if not row["lower"] > 0:
        return [
            weighed,
            f"The gain cannot be told from noise ({metrics}): the interval holds 0. Distilling is not shown to help "
            "here.",
        ]
    control = _compare(report, DISTILLED, SHUFFLED)
    against = f"distilled against it {_interval(control)}"
    if control["lower"] > 0:
        origin = (
            f"A teacher whose rows were shuffled does not bring it ({against}): it comes from what the teacher knows."
        )
    elif control["upper"] < 0:
        origin = (
            f"With a teacher whose rows were shuffled it is better still ({against}): the gain does not come from what "
            "the teacher knows."
        )
    else:
        origin = (
            f"A teacher whose rows were shuffled may do as well ({against}), by smoothing the labels: that the gain "
            "comes from what the teacher knows is not shown."
        )
    return [weighed, f"Distilling helped on held-out rows ({metrics}).", origin]


def summarize_teacher(report: DistillationReport) -> str:
    """Whether the teacher predicts better than the student alone."""
    row = _compare(report, TEACHER)
    if not np.isfinite(row["lower"]):
        return "The teacher was measured in too few held-out rows to say how well it predicts."
    subject, metrics = f"The teacher{_name_teachers(selections_with_alpha(report))} itself", _metrics(report, row)
    if row["lower"] > 0:
        return f"{subject} predicts better than the student alone ({metrics})."
    if row["upper"] < 0:
        return f"{subject} predicts worse than the student alone ({metrics})."
    return f"{subject} is not shown to predict better than the student alone ({metrics})."


def summarize_disagreement(selector: CCHSelector, report: DistillationReport) -> list[str]:
    """Where the decision table and the held-out rows do not agree."""
    sentences, kept, selections = [], bool(selector.teachers_), selections_with_alpha(report)
    n_none = int((~selections["kept"].astype(bool)).sum())
    if kept and n_none > len(selections) / 2:
        sentences.append(
            f"On the whole table a teacher is kept, but in {n_none} of {len(selections)} fits, which had fewer rows, "
            "none was: the decision hangs on a few rows."
        )
    row = _compare(report, TEACHER)
    if (kept and row["upper"] < 0) or (not kept and row["lower"] > 0):
        sentences.append(
            "The decision table and the held-out rows do not agree on the teacher: they look at different rows and "
            "folds, and the table of held-out rows counts more."
        )
    return sentences


def _name_teachers(selections: pd.DataFrame) -> str:
    """Which modality the teacher was in how many fits, where that is not plain."""
    counts = selections["teacher"].value_counts()
    kept = selections["kept"].astype(bool)
    if len(counts) == 1 and kept.all():
        return ""
    (first, n_first), *rest = counts.items()
    named = [f"{truncate(first)} in {n_first} fits", *(f"{truncate(name)} in {count}" for name, count in rest)]
    unkept = f"; kept in {int(kept.sum())} of {len(kept)}, otherwise the nearest candidate"
    unkept = "" if kept.all() else unkept if kept.any() else "; the nearest candidate, never kept"
    return f" ({', '.join(named)}{unkept})"


def _compare(report: DistillationReport, model: str, base: str = ALONE) -> pd.Series:
    # The metric that selected the weight: picking the best of several metrics overstates the effect.
    return pd.Series(report.compare(model, base).loc["squared_error" if report.classes is None else "brier"])


def _metrics(report: DistillationReport, row: pd.Series) -> str:
    return f"gain in {'squared error' if report.classes is None else 'Brier score'} {_interval(row)}"


def _interval(row: pd.Series) -> str:
    return f"{row['gain']:+.3g}, 95 % interval {row['lower']:+.3g} to {row['upper']:+.3g}"
