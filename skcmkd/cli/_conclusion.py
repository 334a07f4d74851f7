"""The verdict of a report and the reasons for it, in plain words, and what would change it."""

from __future__ import annotations

import pandas as pd

from ..evaluation._cross_validate import ALONE, TEACHER
from ..evaluation._report import DistillationReport
from ..evaluation._survival_report import SurvivalReport
from ..evaluation._verdict import DISTIL, Verdict, sign
from ..selection._criteria import NO_PAIRS
from ..selection._selector import CCHSelector
from ._input import CliData
from ._text import quote, truncate
from ._text_tables import selections_with_alpha

MAX_CANDIDATES = 5
NO_LABELED_PAIRS = (
    "There are no unlabeled pairs here. They are where most gains come from: rows with student and teacher "
    "measured whose label cell is empty."
)
Report = DistillationReport | SurvivalReport


def decide(data: CliData, selector: CCHSelector, report: Report, **names: str) -> Verdict:
    """The report's verdict, with the names of the table; ``names`` are further ones that it takes."""
    kept = selector.teachers_
    if not kept:
        selections = selections_with_alpha(report)
        kept = list(selections["teacher"][selections["kept"].astype(bool)].value_counts().index[:1])
    return report.verdict(student=quote(data.student), teacher=", ".join(map(quote, kept)) or "the teacher", **names)


def summarize(
    data: CliData, selector: CCHSelector, report: Report, verdict: Verdict, without_pairs: str = NO_LABELED_PAIRS
) -> list[str]:
    """Sentences: why the verdict is what it is, which modality was kept, and what would change the answer."""
    sentences = [
        *verdict.reasons,
        summarize_selection(selector),
        *explain_decisions(selector),
        *name_teachers(selections_with_alpha(report)),
        *summarize_disagreement(selector, report),
    ]
    if not len(data.unlabeled):
        sentences.append(without_pairs)
    return sentences


def summarize_selection(selector: CCHSelector) -> str:
    """Who is kept as a teacher on the whole table; who predicts better is for the held-out rows to show."""
    student = quote(selector.student)
    if selector.teachers_:
        return f"On the whole table {', '.join(map(quote, selector.teachers_))} is kept as the teacher of {student}."
    if is_refused(selector):
        return (
            f"Every row has a label, and there no rule beats never distilling: no candidate is kept as a teacher of "
            f"{student}."
        )
    nearest = quote(selector.results_.index[0])
    return f"On the whole table no candidate is kept as a teacher of {student}; {nearest} is nearest."


def explain_decisions(selector: CCHSelector) -> list[str]:
    """Why each candidate is not kept, the nearest ones first."""
    if is_refused(selector):
        return []
    unkept = selector.results_[~selector.results_["kept"].astype(bool)].head(MAX_CANDIDATES)
    return [
        f"Candidate {quote(name)}: {row['decision']}; {row['reason']}."
        for name, row in unkept.iterrows()
        if row["decision"] != DISTIL
    ]


def is_refused(selector: CCHSelector) -> bool:
    """Whether no candidate had unlabeled pairs, so that their metrics decided nothing."""
    return bool((selector.results_["reason"] == NO_PAIRS).all())


def summarize_disagreement(selector: CCHSelector, report: Report) -> list[str]:
    """Where the decision table and the held-out rows do not agree."""
    sentences, kept, selections = [], bool(selector.teachers_), selections_with_alpha(report)
    n_none = int((~selections["kept"].astype(bool)).sum())
    if kept and n_none > len(selections) / 2:
        sentences.append(
            f"On the whole table a teacher is kept, but in {n_none} of {len(selections)} fits, which had fewer rows, "
            "none was: the decision hangs on a few rows."
        )
    if is_refused(selector):
        return sentences
    row = pd.Series(report.compare(TEACHER, ALONE).loc[report.decisive_score_])
    if sign({"lower": row["lower"], "upper": row["upper"]}) == (-1 if kept else 1):
        sentences.append(
            "The decision table and the held-out rows do not agree on the teacher: they look at different scores, rows "
            "and folds, and the table of held-out rows counts more."
        )
    return sentences


def name_teachers(selections: pd.DataFrame) -> list[str]:
    """Which modality the teacher was in how many fits, where that is not plain."""
    counts = selections["teacher"].value_counts()
    kept = selections["kept"].astype(bool)
    if len(counts) == 1 and kept.all():
        return []
    (first, n_first), *rest = counts.items()
    others = "".join(f", {truncate(name)} in {count}" for name, count in rest)
    if not kept.any():
        return [
            f"No candidate passed in any fit. The best one was {truncate(first)} in {n_first} of {len(kept)}{others}; "
            "the teacher's row is shown for comparison."
        ]
    unkept = "" if kept.all() else f"; kept in {int(kept.sum())} of {len(kept)}, otherwise the nearest candidate"
    return [f"The teacher was {truncate(first)} in {n_first} fits{others}{unkept}."]
