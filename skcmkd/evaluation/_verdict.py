"""What to do by a report, in one line, and the reasons: every sentence by one score, at one confidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from .._utils import _decisions
from .._utils._decisions import sign_of_interval
from ._cross_validate import ALONE, DISTILLED, FUSED, SHUFFLED, TEACHER
from ._text import MAX_DECIMALS, format_interval

DISTIL, STUDENT_ALONE, UNDECIDED = "distil", "student alone", "undecided"
NOT_PREDICTED = "not predicted"
# More rows are asked for up to so many times those that are there: nobody measures a cohort of the hundredfold.
MAX_GROWTH = 10
# Names in a sentence, of the scores by which a report decides.
SCORE_NAMES = {
    "brier": "Brier score",
    "accuracy": "accuracy",
    "auc": "AUC",
    "r2": "R2",
    "squared_error": "squared error",
}
# What is expected of it stands beside the Brier score.
SECOND_SCORES = ("accuracy", "auc")


# Of a paired difference: ``n_rows``, ``gain``, ``lower``, ``upper``.
Difference = Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """What to do, and why.

    Attributes
    ----------
    decision : {"distil", "student alone", "undecided", "not predicted"}
    line : str
        One line to act on.
    reasons : tuple of str
        Sentences.
    """

    decision: str
    line: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([self.line, *self.reasons])


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on.

    Attributes
    ----------
    frame : DataFrame
        ``DistillationReport.to_frame()``.
    compare : callable
        Paired difference of two models by a score: ``n_rows``, ``gain``, ``lower``, ``upper``. Without a score by that
        which decides.
    score : str
        Column of that score.
    confidence : float
    baseline : str
        Name of the model that reads nothing.
    n_fits, n_used : int
        Fits, and those in which the teacher was used.
    n_units : int
        Independent rows, or groups of them, that the student was scored on.
    unit : str
        What they are, in the plural: "labeled pairs", "labeled rows", "groups" or the user's word for these.
    student, teacher : str
        Names in a sentence.
    target : str, default="this label"
        What is predicted, in a sentence.
    baseline_text : str, default=""
        The baseline in a sentence; "" is "the" and its name.
    """

    frame: pd.DataFrame
    compare: Callable[..., Difference]
    score: str
    confidence: float
    baseline: str
    n_fits: int
    n_used: int
    n_units: int
    unit: str
    student: str
    teacher: str
    target: str = "this label"
    baseline_text: str = ""

    @property
    def reference(self) -> str:
        """The baseline in a sentence."""
        return self.baseline_text or f"the {self.baseline}"

    def describe(self, row: Difference) -> str:
        """A gain with its interval."""
        return describe_difference(row, self.score, self.confidence)

    def mean(self, model: str, score: str) -> float:
        """Mean of a score over the rows of a model."""
        return float(self.frame[score].to_dict()[model])

    def is_right_more_often(self, model: str) -> bool:
        """Whether the accuracy of a model is shown to be above that of the baseline; of a continuous target False."""
        return "accuracy" in self.frame and sign(self.compare(model, self.baseline, "accuracy")) > 0

    def orders_risks(self, model: str) -> bool:
        """Whether the AUC of a model of risks is shown to be above that of the baseline; of a label False."""
        return "auc" in self.frame and sign(self.compare(model, self.baseline, "auc")) > 0

    def means(self, model: str, other: str, score: str) -> str:
        """A mean of one model beside that of another, with the digits in which they differ."""
        first, second = self.mean(model, score), self.mean(other, score)
        decimals = 3
        while first != second and decimals < MAX_DECIMALS and f"{first:.{decimals}f}" == f"{second:.{decimals}f}":
            decimals += 1
        texts = f"{first:.{decimals}f}", f"{second:.{decimals}f}"
        return f"{texts[0]} as before" if texts[0] == texts[1] else f"{texts[0]}, not {texts[1]}"


def describe_difference(row: Difference, score: str, confidence: float) -> str:
    """A gain in a score with its interval."""
    gain, lower, upper = format_interval(row["gain"], row["lower"], row["upper"])
    return f"gain in {SCORE_NAMES[score]} {gain}, {100 * confidence:g} % interval {lower} to {upper}"


def sign(row: Difference) -> int:
    """1 where the interval of a difference lies above zero, -1 below, else 0."""
    return {_decisions.DISTIL: 1, _decisions.DO_NOT_DISTIL: -1}.get(sign_of_interval(row["lower"], row["upper"]), 0)


def n_more_units(row: Difference, n_units: int) -> int | None:
    """How many more rows or groups would make the interval as narrow as the difference is large, if that stays.

    The half-width h of an interval falls as 1 / sqrt(n), so that it equals the difference g at n (h / g)^2, which is
    n ((h / g)^2 - 1) more. Rounded up to two digits; None where there is no gain or more than tenfold the rows are
    needed.
    """
    gain, half_width = row["gain"], (row["upper"] - row["lower"]) / 2
    if not gain > _decisions.TOLERANCE or not half_width < gain * math.sqrt(MAX_GROWTH):
        return None
    exact = n_units * ((half_width / gain) ** 2 - 1)
    unit = 10 ** max(math.floor(math.log10(max(exact, 1))) - 1, 0)
    return max(math.ceil(exact / unit) * unit, 1)


def make_verdict(evidence: Evidence) -> Verdict:
    """Decide whether the student predicts at all, whether distilling helps, and whether the teacher brings it.

    "not predicted" where neither the student alone nor the distilled one is shown to be better than the baseline. Else
    "distil" where both the gain over the student alone and that over the shuffled teacher are above zero, and
    "student alone" where one of the two is below zero, the teacher was used in less than half of the fits, or there is
    no gain that ``MAX_GROWTH`` times the rows could show. "undecided" otherwise.
    """
    e = evidence
    reasons = (*_reasons_of_prediction(e), *_reasons_of_gain(e), *_reasons_of_teacher(e))
    known = [e.compare(model, e.baseline) for model in (ALONE, DISTILLED)]
    if not any(sign(row) > 0 for row in known):
        return Verdict(NOT_PREDICTED, _line_of_no_prediction(e, known[0]), (*reasons, *_reasons_of_others(e)))
    gain, beyond_control = e.compare(DISTILLED, ALONE), e.compare(DISTILLED, SHUFFLED)
    n_more = n_more_units(beyond_control if sign(gain) > 0 else gain, e.n_units)
    alone = Verdict(STUDENT_ALONE, f"Use {e.student} alone.", (_why_alone(e, gain, beyond_control), *reasons))
    if sign(gain) < 0 or sign(beyond_control) < 0 or (sign(gain) == 0 and 2 * e.n_used < e.n_fits):
        return alone
    if sign(gain) > 0 and sign(beyond_control) > 0:
        article = "a" if e.score == "brier" else "an"
        expected = f"{article} {SCORE_NAMES[e.score]} of {e.means(DISTILLED, ALONE, e.score)}"
        second = next((name for name in SECOND_SCORES if e.score == "brier" and name in e.frame), None)
        if second is not None:
            expected += f" ({SCORE_NAMES[second]} {e.means(DISTILLED, ALONE, second)})"
        return Verdict(DISTIL, f"Distil {e.teacher}: expect {expected}.", reasons)
    if n_more is None:
        return alone
    question = "whether the teacher brings the gain" if sign(gain) > 0 else "whether distilling helps"
    line = f"Undecided: about {n_more} more {e.unit} would tell {question}; until then use {e.student} alone."
    return Verdict(UNDECIDED, line, (f"The number of {e.unit} is rough: it takes the gain as measured.", *reasons))


def _why_alone(e: Evidence, gain: Difference, beyond_control: Difference) -> str:
    """Which rule of ``make_verdict`` decided for the student alone."""
    if sign(gain) < 0:
        return "Why: distilling made the student worse."
    if sign(beyond_control) < 0:
        return "Why: a teacher whose rows were shuffled does better."
    if not e.n_used:
        return "Why: the teacher was used in no fit."
    if sign(gain) == 0 and 2 * e.n_used < e.n_fits:
        return "Why: the teacher was used in less than half of the fits."
    decisive, what = (beyond_control, "gain over a shuffled teacher") if sign(gain) > 0 else (gain, "gain")
    if not decisive["gain"] > _decisions.TOLERANCE:
        return f"Why: the measured {what} is not above 0. That does not show that a teacher cannot help."
    return f"Why: the measured {what} is so small that {MAX_GROWTH} times the {e.unit} would not show it."


def _line_of_no_prediction(e: Evidence, row: Difference) -> str:
    if not row["gain"] > 0 and not e.is_right_more_often(ALONE) and not e.orders_risks(ALONE):
        return f"{_capital(e.student)} does not predict {e.target}: it is no better than {e.reference}."
    n_more, unit = n_more_units(row, e.n_units), e.unit.replace("pairs", "rows")
    remedy = "" if n_more is None else f": about {n_more} more {unit} would tell"
    return f"{_capital(e.student)} is not shown to predict {e.target} better than {e.reference}{remedy}."


def _reasons_of_prediction(e: Evidence) -> list[str]:
    """The student alone beside the baseline, and the distilled one where that differs."""
    verb = {1: "predicts better than", 0: "is not shown to predict better than", -1: "predicts worse than"}
    row = e.compare(ALONE, e.baseline)
    sentences = [f"{_capital(e.student)} alone {verb[sign(row)]} {e.reference} ({e.describe(row)})."]
    model, subject = ALONE, "alone"
    if e.n_used:
        before, row = row, e.compare(DISTILLED, e.baseline)
        model, subject = DISTILLED, "distilled"
        if sign(row) != sign(before):
            sentences.append(f"Distilled, it {verb[sign(row)]} {e.reference} ({e.describe(row)}).")
    if sign(row) <= 0 and e.orders_risks(model):
        sentences.append(
            f"The order of its risks looks useful (AUC {e.mean(model, 'auc'):.2f}), but its probabilities are not "
            "shown to be better than one risk for all."
        )
    if "accuracy" not in e.frame:
        return sentences
    accuracy, of_largest = e.mean(model, "accuracy"), e.mean(e.baseline, "accuracy")
    shares = f"accuracy {accuracy:.3f} against {of_largest:.3f}"
    if accuracy <= of_largest:
        sentences.append(f"The classes that it predicts {subject} are right no more often than the largest ({shares}).")
    elif sign(row) <= 0 and e.is_right_more_often(model):
        sentences.append(
            f"Its classes are right more often than the largest ({shares}), but its probabilities are too sure: "
            "penalize it more, or calibrate it."
        )
    return sentences


def _reasons_of_gain(e: Evidence) -> list[str]:
    """Whether the distilled student was better on held-out rows, and whether it is with a shuffled teacher."""
    if e.n_used == 0:
        return [f"In none of {e.n_fits} fits was the teacher used: the distilled student is the student alone."]
    row = e.compare(DISTILLED, ALONE)
    used = f"The teacher was used in {e.n_used} of {e.n_fits} fits."
    if sign(row) < 0:
        return [used, f"Distilling made the student worse on held-out rows ({e.describe(row)})."]
    if sign(row) == 0:
        return [used, f"The gain of distilling cannot be told from noise ({e.describe(row)}): the interval holds 0."]
    control = e.compare(DISTILLED, SHUFFLED)
    against = f"against it {e.describe(control)}"
    origin = {
        1: f"A teacher whose rows were shuffled does not bring it ({against}): it comes from what the teacher knows.",
        0: f"A teacher whose rows were shuffled may do as well ({against}), by smoothing the labels: that the gain "
        "comes from what the teacher knows is not shown.",
        -1: f"With a teacher whose rows were shuffled it is better still ({against}): the gain does not come from what "
        "the teacher knows.",
    }
    return [used, f"Distilling helped on held-out rows ({e.describe(row)}).", origin[sign(control)]]


def _reasons_of_teacher(e: Evidence) -> list[str]:
    """Whether the teacher predicts better than the student alone, where both were scored on the same rows."""
    if not _is_teacher_compared(e):
        return []
    row = e.compare(TEACHER, ALONE)
    verb = {1: "predicts better", 0: "is not shown to predict better", -1: "predicts worse"}[sign(row)]
    n_rows = int(row["n_rows"])
    where = "" if n_rows == e.frame["n_rows"].to_dict()[ALONE] else f" on the {n_rows} rows where it was measured"
    return [f"The teacher itself {verb} than {e.student} alone{where} ({e.describe(row)})."]


def _reasons_of_others(e: Evidence) -> list[str]:
    """Whether a model that reads the teacher's modality predicts, where the student does not."""
    if not _is_teacher_compared(e):
        return []
    names = {TEACHER: "the teacher", FUSED: "a model of both modalities"}
    rows = {name: e.compare(model, e.baseline) for model, name in names.items() if model in e.frame.index}
    better = [
        f"{name} predicts better than {e.reference} ({e.describe(row)})" for name, row in rows.items() if sign(row) > 0
    ]
    if better:
        return [f"{_capital(better[0])}: the teacher's modality tells what that of the student does not."]
    unclear = any(sign(row) == 0 for row in rows.values())
    summary = "is shown to predict {} on these rows; the sample may be too small" if unclear else "predicts {} on them"
    return [
        f"Nor is {' or '.join(rows)} shown to predict better than {e.reference} "
        f"({'; '.join(map(e.describe, rows.values()))}): no model {summary.format(e.target)}."
    ]


def _is_teacher_compared(e: Evidence) -> bool:
    """Whether the teacher and the student alone were scored on the same rows."""
    return TEACHER in e.frame.index and not math.isnan(e.mean(TEACHER, f"{e.score}_gain"))


def count_fits_with_teacher(selections: pd.DataFrame | None, alphas: pd.Series) -> int:
    """Number of splits in which the distilled student was not trained alone."""
    if selections is not None and "used_bridge" in selections:
        return int((selections["used_bridge"].astype(bool) | (selections["alignment"] != "none")).sum())
    return int((alphas > 0).sum())


def name_teacher(selections: pd.DataFrame | None) -> str:
    """The teacher that was most often kept by a selector, in quotes; without one "the teacher"."""
    if selections is None or "kept" not in selections:
        return "the teacher"
    kept = selections["teacher"][selections["kept"].astype(bool)]
    return repr(str(kept.value_counts().index[0])) if len(kept) else "the teacher"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
