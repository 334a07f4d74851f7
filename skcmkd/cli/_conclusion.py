"""What the figures say, in plain words, and what they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..evaluation._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER
from ..evaluation._report import DistillationReport
from ..selection._selector import CCHSelector
from ._evaluation import Evaluation
from ._input import Cohort
from ._text import quote, shorten


def conclude(cohort: Cohort, selector: CCHSelector, evaluation: Evaluation) -> list[str]:
    """Sentences: who may teach, whether it helped, where from, and what would change the answer."""
    said = [say_who(selector), *say_gain(evaluation), say_teacher(evaluation), *say_conflict(selector, evaluation)]
    if not len(cohort.unlabeled):
        said.append(
            "There are no pairs without a label here. They are where most gains come from: rows with student and "
            "teacher measured whose label cell is empty."
        )
    return said


def say_who(selector: CCHSelector) -> str:
    """Who should teach by the decision table."""
    results, student = selector.results_, quote(selector.student)
    kept = selector.teachers_
    name = kept[0] if kept else results.index[0]
    row = results.loc[name]
    interval = f"90 % interval {row['advantage_lower']:+.2f} to {row['advantage_upper']:+.2f}"
    figures = f"advantage {row['advantage']:+.2f} nats, {interval}"
    if kept:
        return f"{quote(name)} knows more about the label than {student} does ({figures})."
    if (results["advantage_upper"] < 0).all():
        return f"{student} knows more about the label than any candidate does; {quote(name)} is nearest ({figures})."
    return f"No candidate is shown to know more about the label than {student}; {quote(name)} is nearest ({figures})."


def say_gain(evaluation: Evaluation) -> list[str]:
    """Whether the distilled student was better on rows it had not seen, and whether a shuffled teacher does as well."""
    report, alphas = evaluation.report, evaluation.choices["alpha"]
    n_fits = len(alphas)
    if (alphas == 0).all():
        return [
            f"In none of {n_fits} fits did the teacher get a weight: the distilled student is the student alone. Train "
            "the student alone."
        ]
    row = _compare(report, DISTILLED)
    figures = _figures(report, row)
    weighed = f"The teacher got a weight in {int((alphas > 0).sum())} of {n_fits} fits."
    if row["upper"] < 0:
        return [weighed, f"Distilling made the student worse on held-out rows ({figures}). Train the student alone."]
    if not row["lower"] > 0:
        return [
            weighed,
            f"The gain cannot be told from noise ({figures}): the interval holds 0. Distilling is not shown to help "
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
    return [weighed, f"Distilling helped on held-out rows ({figures}).", origin]


def say_teacher(evaluation: Evaluation) -> str:
    """Whether there was anything to teach."""
    report = evaluation.report
    row = _compare(report, TEACHER)
    if not np.isfinite(row["lower"]):
        return "The teacher was measured in too few held-out rows to say how well it predicts."
    subject, figures = f"The teacher{_name_teachers(evaluation.choices)} itself", _figures(report, row)
    if row["lower"] > 0:
        return f"{subject} predicts better than the student alone ({figures})."
    if row["upper"] < 0:
        return f"{subject} predicts worse than the student alone ({figures})."
    return f"{subject} is not shown to predict better than the student alone ({figures})."


def say_conflict(selector: CCHSelector, evaluation: Evaluation) -> list[str]:
    """Where the decision table and the held-out rows do not agree."""
    said, kept, choices = [], bool(selector.teachers_), evaluation.choices
    n_none = int((~choices["kept"].astype(bool)).sum())
    if kept and n_none > len(choices) / 2:
        said.append(
            f"On the whole table a teacher is kept, but in {n_none} of {len(choices)} fits, which had fewer rows, none "
            "was: the decision hangs on a few rows."
        )
    row = _compare(evaluation.report, TEACHER)
    if (kept and row["upper"] < 0) or (not kept and row["lower"] > 0):
        said.append(
            "The decision table and the held-out rows do not agree on the teacher: they look at different rows and "
            "folds, and the table of held-out rows counts more."
        )
    return said


def _name_teachers(choices: pd.DataFrame) -> str:
    """Which modality the teacher was in how many fits, where that is not plain."""
    counts = choices["teacher"].value_counts()
    kept = choices["kept"].astype(bool)
    if len(counts) == 1 and kept.all():
        return ""
    (first, n_first), *others = counts.items()
    named = [f"{shorten(first)} in {n_first} fits", *(f"{shorten(name)} in {count}" for name, count in others)]
    unkept = f"; kept in {int(kept.sum())} of {len(kept)}, otherwise the nearest candidate"
    unkept = "" if kept.all() else unkept if kept.any() else "; the nearest candidate, never kept"
    return f" ({', '.join(named)}{unkept})"


def _compare(report: DistillationReport, model: str, base: str = ALONE) -> pd.Series:
    # The score that the weight is chosen by judges: whoever looks for the best of several scores finds noise.
    return pd.Series(report.compare(model, base).loc["squared_error" if report.classes is None else "brier"])


def _figures(report: DistillationReport, row: pd.Series) -> str:
    return f"gain in {'squared error' if report.classes is None else 'Brier score'} {_interval(row)}"


def _interval(row: pd.Series) -> str:
    return f"{row['gain']:+.3g}, 95 % interval {row['lower']:+.3g} to {row['upper']:+.3g}"
