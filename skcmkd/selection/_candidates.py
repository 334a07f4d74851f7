"""Candidate teachers beside the student: what was measured of both, and the figures that speak for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np

from .._linear_model._excess_risk import LinearStudentRisk, linear_student_risk
from .._model_selection._probabilities import centered_log_ratio
from .._model_selection._resampling import standard_error_of_mean
from .._validation._tables import take_rows
from ._criteria import CRITERION_METRICS, TYPICAL_WEIGHT, InformationEstimators
from ._encoders import ModalityPredictions, Repeat

MI_NAMES = ("teacher_student", "student_label", "teacher_label")
Criterion = Callable[[Mapping[str, float]], float]


@dataclass(frozen=True)
class SelectionSettings:
    """How candidates are judged: what is compared, by which family, and how the error is found."""

    estimators: InformationEstimators
    representation: str
    use_proba: bool
    use_log_ratios: bool
    criterion: Criterion | None
    metric: str
    n_subsamples: int
    confidence: float
    refit: bool

    def metric_names(self) -> list[str]:
        """What is told of each candidate."""
        return [*MI_NAMES, *CRITERION_METRICS, *(["criterion"] if self.criterion is not None else [])]


@dataclass(frozen=True)
class Comparison:
    """A teacher's and the student's representations of the same rows, from one deal of the folds."""

    teacher: np.ndarray
    student: np.ndarray
    block_ids: np.ndarray
    residuals: LinearStudentRisk | None


@dataclass(frozen=True)
class TeacherCandidate:
    """A teacher on the rows where it and the student were both measured, labelled rows first."""

    name: str
    rows: np.ndarray
    y: np.ndarray
    repeats: Sequence[Comparison]
    groups: np.ndarray | None = None

    def metrics(self, settings: SelectionSettings, rows: np.ndarray | None = None) -> dict[str, float]:
        """Informations and criteria, on all rows or on those among the given ones; NaN where none has a label.

        They are means over the deals of the folds.
        """
        return self._metrics(settings, self.repeats, rows)

    def repeat_standard_errors(self, settings: SelectionSettings) -> dict[str, float]:
        """Standard errors of the figures from the luck of the deals; 0 where one deal says nothing of it."""
        if len(self.repeats) == 1:
            return dict.fromkeys(settings.metric_names(), 0.0)
        of_repeats = [self._metrics(settings, [comparison]) for comparison in self.repeats]
        return {name: standard_error_of_mean(np.array([one[name] for one in of_repeats])) for name in of_repeats[0]}

    def best_alpha(self) -> float:
        """The mean over the deals of the weight of least predicted risk; NaN where the teacher predicts nothing."""
        weights = [np.nan if one.residuals is None else one.residuals.best_alpha() for one in self.repeats]
        return float(np.mean(weights))

    def _metrics(
        self, settings: SelectionSettings, comparisons: Sequence[Comparison], rows: np.ndarray | None = None
    ) -> dict[str, float]:
        kept = np.arange(len(self.rows)) if rows is None else np.flatnonzero(np.isin(self.rows, rows))
        if not (kept < len(self.y)).any():
            return dict.fromkeys(settings.metric_names(), np.nan)
        of_repeats = [self._metrics_of_repeat(settings, comparison, kept) for comparison in comparisons]
        metrics = {name: float(np.mean([one[name] for one in of_repeats])) for name in of_repeats[0]}
        if settings.criterion is not None:
            value = settings.criterion(dict(metrics))
            if not isinstance(value, Real) or not np.isfinite(value):
                raise ValueError(
                    f"The criterion {settings.criterion!r} gave {value} for {self.name!r}. Give "
                    f"a function whose value is always a finite number; it gets {', '.join(metrics)}."
                )
            metrics["criterion"] = float(value)
        return metrics

    def _metrics_of_repeat(
        self, settings: SelectionSettings, comparison: Comparison, kept: np.ndarray
    ) -> dict[str, float]:
        """The figures of one deal, on some of the rows."""
        labeled = kept[kept < len(self.y)]
        try:
            estimates = settings.estimators.estimate(
                comparison.teacher[kept], comparison.student[kept], self.y[labeled], comparison.block_ids[kept]
            )
        except ValueError as error:
            raise ValueError(
                f"Candidate {self.name!r} could not be judged on {len(kept)} of the {len(self.rows)} rows where it and "
                "the student were both measured (intervals take half of the rows, embeddings are measured within "
                f"each fold): {error}"
            ) from error
        metrics = {
            "teacher_student": estimates.teacher_student,
            "student_label": estimates.student_label,
            "teacher_label": estimates.teacher_label,
            "gap": estimates.gap,
            "advantage": estimates.advantage,
            "residual_criterion": np.nan,
            "risk_reduction": np.nan,
        }
        if comparison.residuals is not None:
            residuals = comparison.residuals.take(labeled)
            metrics["residual_criterion"] = 1 - residuals.covariance_ratio()
            metrics["risk_reduction"] = 1 - residuals.relative_risk(TYPICAL_WEIGHT)
        return metrics


def make_candidates(repeats: Sequence[Repeat], student: str, settings: SelectionSettings) -> list[TeacherCandidate]:
    """Every other modality as a candidate teacher of the student."""
    return [_make_candidate(repeats, student, name, settings) for name in repeats[0].views if name != student]


def _make_candidate(
    repeats: Sequence[Repeat], student: str, teacher: str, settings: SelectionSettings
) -> TeacherCandidate:
    data = repeats[0].data
    rows = np.flatnonzero(data.observed[student] & data.observed[teacher])
    labeled = rows[rows < data.n_labeled]
    if len(labeled) < 4:
        raise ValueError(
            f"Only {len(labeled)} labelled rows have both the student {student!r} and {teacher!r} measured; to judge "
            "a candidate takes at least 4, and many more for a decision. Leave it out of modalities."
        )
    comparisons = [_make_comparison(repeat, student, teacher, settings, rows) for repeat in repeats]
    return TeacherCandidate(teacher, rows, data.encoded_y[labeled], comparisons, data.take_groups(labeled))


def _make_comparison(
    repeat: Repeat, student: str, teacher: str, settings: SelectionSettings, rows: np.ndarray
) -> Comparison:
    data, labeled = repeat.data, rows[rows < repeat.data.n_labeled]
    H_teacher, H_student = (
        _representation(repeat.views[name], name, settings, data.fold_ids)[rows] for name in (teacher, student)
    )
    residuals = None
    predictions = repeat.views[teacher].predictions
    if predictions is None and settings.metric in ("residual_criterion", "risk_reduction"):
        raise ValueError(
            f"The criterion needs predictions, and the encoder of {teacher!r} gives none. Give one that has "
            "predict_proba, or decide by 'advantage' or 'cch'."
        )
    if predictions is not None:
        y = data.encoded_y[labeled]
        residuals = linear_student_risk(
            take_rows(data.tables[student], labeled),
            y[:, None] if data.classes is None else np.eye(len(data.classes))[y],
            predictions[labeled],
            data.fold_ids[labeled],
            labeled_fraction=len(labeled) / len(rows),
            groups=data.take_groups(labeled),
        )
    # Predictions of all folds' models mean the same; the coordinates of an embedding are each network's own.
    block_ids = data.fold_ids[rows] if settings.representation == "embedding" else np.zeros(len(rows), dtype=int)
    return Comparison(H_teacher, H_student, block_ids, residuals)


def _representation(
    view: ModalityPredictions, name: str, settings: SelectionSettings, fold_ids: np.ndarray
) -> np.ndarray:
    H = view.embedding if settings.representation == "embedding" else view.predictions
    if H is None:
        raise ValueError(f"The encoder of {name!r} gives no {settings.representation}.")
    if settings.use_proba:
        return H
    H = centered_log_ratio(H) if settings.use_log_ratios else H.copy()
    # Every encoder of a fold starts from the same mean of the other folds' labels: left in, unrelated modalities
    # would share it.
    for fold in np.unique(fold_ids):
        in_fold = (fold_ids == fold) & ~np.isnan(H).any(axis=1)
        if in_fold.any():
            H[in_fold] -= H[in_fold].mean(axis=0)
    return H
