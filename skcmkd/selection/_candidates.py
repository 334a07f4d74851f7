"""Candidate teachers beside the student: what was measured of both, and the figures that speak for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np

from .._linear_model._excess_risk import Residuals, linear_residuals
from .._model_selection._probabilities import log_ratio_coordinates
from .._model_selection._resampling import error_of_mean
from .._validation._tables import take_rows
from ._criteria import FIGURES, TYPICAL_WEIGHT, Family
from ._encoders import Deal, View

INFORMATIONS = ("teacher_student", "student_label", "teacher_label")
Criterion = Callable[[Mapping[str, float]], float]


@dataclass(frozen=True)
class Judgement:
    """How candidates are judged: what is compared, by which family, and how the error is found."""

    family: Family
    representation: str
    probabilities: bool
    coordinates: bool
    criterion: Criterion | None
    figure: str
    n_subsamples: int
    confidence: float
    refit: bool

    def names_of_figures(self) -> list[str]:
        """What is told of each candidate."""
        return [*INFORMATIONS, *FIGURES, *(["criterion"] if self.criterion is not None else [])]


@dataclass(frozen=True)
class Comparison:
    """A teacher's and the student's representations of the same rows, from one deal of the folds."""

    teacher: np.ndarray
    student: np.ndarray
    block_of: np.ndarray
    residuals: Residuals | None


@dataclass(frozen=True)
class Candidate:
    """A teacher on the rows where it and the student were both measured, labelled rows first."""

    name: str
    rows: np.ndarray
    y: np.ndarray
    comparisons: Sequence[Comparison]
    groups: np.ndarray | None = None

    def figures(self, judgement: Judgement, among: np.ndarray | None = None) -> dict[str, float]:
        """Informations and criteria, on all rows or on those among the given ones; NaN where none has a label.

        They are means over the deals of the folds.
        """
        return self._figures(judgement, self.comparisons, among)

    def errors_of_dealing(self, judgement: Judgement) -> dict[str, float]:
        """Standard errors of the figures from the luck of the deals; 0 where one deal says nothing of it."""
        if len(self.comparisons) == 1:
            return dict.fromkeys(judgement.names_of_figures(), 0.0)
        of_deals = [self._figures(judgement, [comparison]) for comparison in self.comparisons]
        return {name: error_of_mean(np.array([one[name] for one in of_deals])) for name in of_deals[0]}

    def best_weight(self) -> float:
        """The mean over the deals of the weight of least predicted risk; NaN where the teacher predicts nothing."""
        weights = [np.nan if one.residuals is None else one.residuals.best_weight() for one in self.comparisons]
        return float(np.mean(weights))

    def _figures(
        self, judgement: Judgement, comparisons: Sequence[Comparison], among: np.ndarray | None = None
    ) -> dict[str, float]:
        kept = np.arange(len(self.rows)) if among is None else np.flatnonzero(np.isin(self.rows, among))
        if not (kept < len(self.y)).any():
            return dict.fromkeys(judgement.names_of_figures(), np.nan)
        of_deals = [self._compare(judgement, comparison, kept) for comparison in comparisons]
        figures = {name: float(np.mean([one[name] for one in of_deals])) for name in of_deals[0]}
        if judgement.criterion is not None:
            given = judgement.criterion(dict(figures))
            if not isinstance(given, Real) or not np.isfinite(given):
                raise ValueError(
                    f"The criterion {judgement.criterion!r} gave {given} for {self.name!r}. Give "
                    f"a function whose value is always a finite number; it gets {', '.join(figures)}."
                )
            figures["criterion"] = float(given)
        return figures

    def _compare(self, judgement: Judgement, comparison: Comparison, kept: np.ndarray) -> dict[str, float]:
        """The figures of one deal, on some of the rows."""
        labelled = kept[kept < len(self.y)]
        try:
            found = judgement.family.informations(
                comparison.teacher[kept], comparison.student[kept], self.y[labelled], comparison.block_of[kept]
            )
        except ValueError as error:
            raise ValueError(
                f"Candidate {self.name!r} could not be judged on {len(kept)} of the {len(self.rows)} rows where it and "
                "the student were both measured (intervals take half of the rows, embeddings are measured within "
                f"each fold): {error}"
            ) from error
        figures = {
            "teacher_student": found.teacher_student,
            "student_label": found.student_label,
            "teacher_label": found.teacher_label,
            "gap": found.gap,
            "advantage": found.advantage,
            "residual": np.nan,
            "risk_reduction": np.nan,
        }
        if comparison.residuals is not None:
            residuals = comparison.residuals.of_rows(labelled)
            figures["residual"] = 1 - residuals.ratio()
            figures["risk_reduction"] = 1 - residuals.relative_risk(TYPICAL_WEIGHT)
        return figures


def gather_candidates(deals: Sequence[Deal], student: str, judgement: Judgement) -> list[Candidate]:
    """Every other modality as a candidate teacher of the student."""
    return [_gather_candidate(deals, student, name, judgement) for name in deals[0].views if name != student]


def _gather_candidate(deals: Sequence[Deal], student: str, teacher: str, judgement: Judgement) -> Candidate:
    cohort = deals[0].cohort
    rows = np.flatnonzero(cohort.measured[student] & cohort.measured[teacher])
    labelled = rows[rows < cohort.n_labelled]
    if len(labelled) < 4:
        raise ValueError(
            f"Only {len(labelled)} labelled rows have both the student {student!r} and {teacher!r} measured; to judge "
            "a candidate takes at least 4, and many more for a decision. Leave it out of modalities."
        )
    comparisons = [_gather_comparison(deal, student, teacher, judgement, rows) for deal in deals]
    return Candidate(teacher, rows, cohort.target[labelled], comparisons, cohort.groups_of(labelled))


def _gather_comparison(deal: Deal, student: str, teacher: str, judgement: Judgement, rows: np.ndarray) -> Comparison:
    cohort, labelled = deal.cohort, rows[rows < deal.cohort.n_labelled]
    H_teacher, H_student = (
        _representation(deal.views[name], name, judgement, cohort.fold_of)[rows] for name in (teacher, student)
    )
    residuals = None
    predictions = deal.views[teacher].predictions
    if predictions is None and judgement.figure in ("residual", "risk_reduction"):
        raise ValueError(
            f"The criterion needs predictions, and the encoder of {teacher!r} gives none. Give one that has "
            "predict_proba, or decide by 'advantage' or 'cch'."
        )
    if predictions is not None:
        y = cohort.target[labelled]
        residuals = linear_residuals(
            take_rows(cohort.tables[student], labelled),
            y[:, None] if cohort.classes is None else np.eye(len(cohort.classes))[y],
            predictions[labelled],
            cohort.fold_of[labelled],
            labelled_share=len(labelled) / len(rows),
            groups=cohort.groups_of(labelled),
        )
    # Predictions of all folds' models mean the same; the coordinates of an embedding are each network's own.
    block_of = cohort.fold_of[rows] if judgement.representation == "embedding" else np.zeros(len(rows), dtype=int)
    return Comparison(H_teacher, H_student, block_of, residuals)


def _representation(view: View, name: str, judgement: Judgement, fold_of: np.ndarray) -> np.ndarray:
    H = view.embedding if judgement.representation == "embedding" else view.predictions
    if H is None:
        raise ValueError(f"The encoder of {name!r} gives no {judgement.representation}.")
    if judgement.probabilities:
        return H
    H = log_ratio_coordinates(H) if judgement.coordinates else H.copy()
    # Every encoder of a fold starts from the same mean of the other folds' labels: left in, unrelated modalities
    # would share it.
    for fold in np.unique(fold_of):
        own = (fold_of == fold) & ~np.isnan(H).any(axis=1)
        if own.any():
            H[own] -= H[own].mean(axis=0)
    return H
