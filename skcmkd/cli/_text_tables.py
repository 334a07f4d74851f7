"""The tables of the command line, as text: the same for the terminal and for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._validation._table_checks import observed_rows
from ..evaluation._cross_validate import DISTILLED
from ..evaluation._report import DistillationReport
from ..evaluation._survival_report import SurvivalReport
from ..evaluation._text import format_interval
from ..selection._criteria import NO_PAIRS
from ..selection._selector import CCHSelector
from ._text import truncate

SCORES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced",
    "roc_auc": "ROC AUC",
    "log_loss": "log-loss",
    "brier": "Brier",
    "auc": "AUC",
    "uno_c": "Uno's C",
    "harrell_c": "Harrell's C",
    "r2": "R2",
    "squared_error": "sq. error",
}


@dataclass(frozen=True)
class TextTable:
    """A table of text."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def modality_table(
    X: pd.DataFrame,
    y: np.ndarray | pd.Series,
    modalities: Mapping[str, Sequence[str]],
    student: str,
    unlabeled: pd.DataFrame | None = None,
    of_classes: bool = True,
) -> TextTable:
    """One row for each modality."""
    headings = ["modality", "role", "columns", "rows measured"]
    rows = []
    for name, columns in modalities.items():
        role = "student" if name == student else "candidate teacher"
        row = [truncate(name), role, str(len(columns)), str(int(observed_rows(X[columns]).sum()))]
        if unlabeled is not None and len(unlabeled):
            row.append(str(int(observed_rows(unlabeled[columns]).sum())))
        rows.append(row)
    if unlabeled is not None and len(unlabeled):
        headings.append("unlabeled pairs")
    return TextTable(f"Modalities of {len(y)} labeled rows ({describe_label(y, of_classes)})", headings, rows)


def describe_label(y: np.ndarray | pd.Series, of_classes: bool = True) -> str:
    """The classes and their sizes, or the range of a continuous target."""
    if not of_classes:
        return f"a number from {np.min(y):.3g} to {np.max(y):.3g}"
    counts = pd.Series(y).value_counts().sort_index()
    few = ", ".join(f"{truncate(label)}: {count}" for label, count in counts.items())
    return few if len(counts) < 5 else f"{len(counts)} classes"


def decision_table(selector: CCHSelector) -> TextTable:
    """The selector's results."""
    rows = []
    for name, row in selector.results_.iterrows():
        mi_values = [f"{row[part]:.2f}" for part in ("teacher_student", "student_label", "teacher_label")]
        intervals = [
            format_gain(row[metric], row[f"{metric}_lower"], row[f"{metric}_upper"], 2) for metric in ("gap", "added")
        ]
        kept = " *" if row["kept"] else "  "
        rows.append((truncate(name), str(row["n_rows"]), *mi_values, *intervals, row["decision"] + kept))
    refused = (selector.results_["reason"] == NO_PAIRS).all()
    rule = "without unlabeled pairs nobody" if refused else "what is added decides; * is kept"
    return TextTable(
        f"Who should teach? Mutual information in nats with {100 * selector.confidence:g} % intervals; {rule}",
        ("teacher", "rows", "I(T;S)", "I(S;Y)", "I(T;Y)", "gap", "added", "decision  "),
        rows,
    )


def gain_table(report: DistillationReport | SurvivalReport, title: str) -> TextTable:
    """Scores on held-out rows, and paired gains over the student alone in the score that decides."""
    frame, decisive = report.to_frame(), report.decisive_score_
    scores = [score for score in SCORES if score in frame and frame[score].notna().any()]
    rows = []
    for name, row in frame.iterrows():
        numbers = ["" if np.isnan(row[score]) else f"{row[score]:.3f}" for score in scores]
        parts = row[[f"{decisive}_{end}" for end in ("gain", "lower", "upper")]].to_numpy(dtype=float)
        gain = "" if np.isnan(parts[0]) else format_gain(*parts)
        rows.append([str(name), str(int(row["n_rows"])), *numbers, gain])
    headings = [
        "model",
        "rows",
        *map(SCORES.__getitem__, scores),
        f"gain in {SCORES[decisive]} ({100 * report.confidence:g} %)",
    ]
    return TextTable(f"{title}; gains over the student alone, more is better", headings, rows)


def format_gain(value: float, lower: float, upper: float, decimals: int = 3) -> str:
    """As many decimals as the decision by the interval needs."""
    texts = format_interval(value, lower, upper, decimals)
    return f"{texts[0]} ({texts[1]} {texts[2]})"


def describe_folds(n_folds: int, n_repeats: int) -> str:
    """How rows were held out, for the title of a table."""
    repeated = f" x {n_repeats}" if n_repeats > 1 else ""
    return f"Held-out rows, {n_folds} folds{repeated}, selection in each"


def choice_table(report: DistillationReport | SurvivalReport) -> TextTable:
    """How often each teacher was kept, and each weight taken."""
    selections = selections_with_alpha(report)
    chosen = zip(selections["teacher"], selections["kept"], strict=True)
    teachers = [truncate(teacher) if kept else "none kept" for teacher, kept in chosen]
    counts = Counter(zip(teachers, selections["alpha"].round(2), strict=True))
    rows = [(teacher, f"{alpha:g}", str(count)) for (teacher, alpha), count in sorted(counts.items())]
    return TextTable(f"Choices in {len(selections)} fits", ("teacher", "weight", "times"), rows)


def selections_with_alpha(report: DistillationReport | SurvivalReport) -> pd.DataFrame:
    """For each split the selected teacher, whether it was kept, and its weight."""
    return pd.DataFrame(report.selections_).assign(alpha=report.alphas_[DISTILLED])
