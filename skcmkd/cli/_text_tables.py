"""The tables of the command line, as text: the same for the terminal and for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._validation._table_checks import measured_rows
from ..evaluation._cross_validate import ALONE
from ..selection._selector import CCHSelector
from ._evaluation import Evaluation
from ._text import shorten

SCORES = {"accuracy": "accuracy", "log_loss": "log-loss", "brier": "Brier", "r2": "R2", "squared_error": "sq. error"}


@dataclass(frozen=True)
class Sheet:
    """A table of text."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def modality_sheet(
    X: pd.DataFrame,
    y: np.ndarray | pd.Series,
    modalities: Mapping[str, Sequence[str]],
    student: str,
    unlabeled: pd.DataFrame | None = None,
    of_classes: bool = True,
) -> Sheet:
    """One row for each modality."""
    headings = ["modality", "role", "columns", "rows measured"]
    rows = []
    for name, columns in modalities.items():
        role = "student" if name == student else "candidate teacher"
        row = [shorten(name), role, str(len(columns)), str(int(measured_rows(X[columns]).sum()))]
        if unlabeled is not None and len(unlabeled):
            row.append(str(int(measured_rows(unlabeled[columns]).sum())))
        rows.append(row)
    if unlabeled is not None and len(unlabeled):
        headings.append("pairs without a label")
    return Sheet(f"Modalities of {len(y)} labelled rows ({describe_label(y, of_classes)})", headings, rows)


def describe_label(y: np.ndarray | pd.Series, of_classes: bool = True) -> str:
    """The classes and their sizes, or the span of a quantity."""
    if not of_classes:
        return f"a quantity from {np.min(y):.3g} to {np.max(y):.3g}"
    counts = pd.Series(y).value_counts().sort_index()
    few = ", ".join(f"{shorten(label)}: {count}" for label, count in counts.items())
    return few if len(counts) < 5 else f"{len(counts)} classes"


def decision_sheet(selector: CCHSelector) -> Sheet:
    """The selector's results."""
    rows = []
    for name, row in selector.results_.iterrows():
        informations = [f"{row[part]:.2f}" for part in ("teacher_student", "student_label", "teacher_label")]
        intervals = [
            f"{row[figure]:+.2f} ({row[figure + '_lower']:+.2f} {row[figure + '_upper']:+.2f})"
            for figure in ("gap", "advantage")
        ]
        kept = " *" if row["kept"] else "  "
        rows.append((shorten(name), str(row["n_rows"]), *informations, *intervals, row["decision"] + kept))
    return Sheet(
        "Who should teach? Informations in nats with 90 % intervals; the advantage decides; * is kept",
        ("teacher", "rows", "I(T;S)", "I(S;Y)", "I(T;Y)", "gap", "advantage", "decision  "),
        rows,
    )


def gain_sheet(evaluation: Evaluation, n_folds: int, n_repeats: int) -> Sheet:
    """Scores on held-out rows and paired gains over the student alone."""
    frame = evaluation.report.to_frame()
    scores = [score for score in SCORES if score in frame]
    headings = ["model", "rows"]
    for score in scores:
        headings += [SCORES[score], "gain (s.e.)"]
    rows = []
    for name, row in frame.iterrows():
        cells = [str(name), str(int(row["n_rows"]))]
        for score in scores:
            gain = "" if name == ALONE else f"{row[f'{score}_gain']:+.3f} ({row[f'{score}_standard_error']:.3f})"
            cells += [f"{row[score]:.3f}", gain]
        rows.append(cells)
    repeated = f" x {n_repeats}" if n_repeats > 1 else ""
    title = f"Held-out rows, {n_folds} folds{repeated}, selection in each; gains over the student alone, more is better"
    return Sheet(title, headings, rows)


def choice_sheet(choices: pd.DataFrame) -> Sheet:
    """How often each teacher was taken, and each weight."""
    kept = choices["teacher"].where(choices["kept"], None).map(shorten, na_action="ignore").fillna("none kept")
    counts = Counter(zip(kept, choices["alpha"], strict=True))
    rows = [(teacher, f"{alpha:g}", str(count)) for (teacher, alpha), count in sorted(counts.items())]
    return Sheet(f"Choices in {len(choices)} fits", ("teacher", "weight", "times"), rows)
