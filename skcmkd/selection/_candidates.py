"""Candidate teachers beside the student, and the metrics of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np

from .._linear_model._excess_risk import LinearStudentRisk, linear_student_risk
from .._model_selection._probabilities import centered_log_ratio
from .._model_selection._standard_errors import repeat_error
from .._validation._tables import take_rows
from ._added import AddedInformation
from ._criteria import RISK_ALPHA
from ._encoders import Repeat
from ._settings import SelectionSettings


@dataclass(frozen=True)
class Comparison:
    """A teacher's and the student's representations of the same rows, in one repeat.

    Attributes
    ----------
    teacher, student : ndarray of shape (n_rows, n_columns)
    block_ids : ndarray of shape (n_rows,)
        Mutual information is estimated within a block.
    residuals : LinearStudentRisk or None
        Of the labeled rows; None where the teacher's encoder gives no predictions.
    added : AddedInformation or None
        What the teacher adds to the student; None where an encoder of the two gives no predictions.
    """

    teacher: np.ndarray
    student: np.ndarray
    block_ids: np.ndarray
    residuals: LinearStudentRisk | None
    added: AddedInformation | None = None


@dataclass(frozen=True)
class TeacherCandidate:
    """A teacher on the rows where it and the student were both measured, labeled rows first.

    Attributes
    ----------
    name : str
    rows : ndarray of shape (n_rows,)
        Positions among all rows, increasing.
    y : ndarray of shape (n_labeled,)
        Class codes, or a continuous target.
    repeats : sequence of Comparison
    n_folds : int
        Of each repeat.
    groups : ndarray of shape (n_labeled,) or None
    """

    name: str
    rows: np.ndarray
    y: np.ndarray
    repeats: Sequence[Comparison]
    n_folds: int
    groups: np.ndarray | None = None

    def metrics(self, settings: SelectionSettings, rows: np.ndarray | None = None) -> dict[str, float]:
        """Metrics of the candidate, averaged over repeats.

        ``rows`` are positions among all rows, None for all of the candidate's; without a labeled row of the candidate
        among them every metric is NaN.
        """
        return self._average_metrics(settings, self.repeats, rows)

    def repeat_errors(self, settings: SelectionSettings) -> dict[str, float]:
        """Standard error of the mean of each metric over repeats; 0 with one repeat."""
        by_repeat = [self._average_metrics(settings, [comparison]) for comparison in self.repeats]
        return {name: repeat_error(np.array([each[name] for each in by_repeat])) for name in by_repeat[0]}

    def best_alpha(self) -> float:
        """Alpha of least predicted risk, averaged over repeats; NaN where the encoder gives no predictions."""
        alphas = [np.nan if each.residuals is None else each.residuals.best_alpha() for each in self.repeats]
        return float(np.mean(alphas))

    def _average_metrics(
        self, settings: SelectionSettings, comparisons: Sequence[Comparison], rows: np.ndarray | None = None
    ) -> dict[str, float]:
        positions = np.arange(len(self.rows)) if rows is None else np.flatnonzero(np.isin(self.rows, rows))
        if not (positions < len(self.y)).any():
            return dict.fromkeys(settings.metric_names, np.nan)
        by_repeat = [self._metrics_of_repeat(settings, comparison, positions) for comparison in comparisons]
        metrics = {name: float(np.mean([each[name] for each in by_repeat])) for name in by_repeat[0]}
        return self.with_criterion(metrics, settings)

    def with_criterion(self, metrics: dict[str, float], settings: SelectionSettings) -> dict[str, float]:
        """The metrics, and the user's own criterion of them where there is one."""
        if settings.criterion is None:
            return metrics
        value = settings.criterion(dict(metrics))
        if not isinstance(value, Real) or not np.isfinite(value):
            raise ValueError(
                f"The criterion {settings.criterion!r} gave {value} for {self.name!r}. Give "
                f"a function whose value is always a finite number; it gets {', '.join(metrics)}."
            )
        return metrics | {"criterion": float(value)}

    def _metrics_of_repeat(
        self, settings: SelectionSettings, comparison: Comparison, positions: np.ndarray
    ) -> dict[str, float]:
        """Metrics of one repeat on some of the candidate's rows."""
        labeled = positions[positions < len(self.y)]
        try:
            estimates = settings.estimators.estimate(
                comparison.teacher[positions],
                comparison.student[positions],
                self.y[labeled],
                comparison.block_ids[positions],
            )
        except ValueError as error:
            raise ValueError(
                f"Candidate {self.name!r} could not be scored on {len(positions)} of {len(self.rows)} rows where it "
                "and the student were both measured (intervals take half of the rows, embeddings are compared within "
                f"each fold): {error}"
            ) from error
        metrics = {
            "teacher_student": estimates.teacher_student,
            "student_label": estimates.student_label,
            "teacher_label": estimates.teacher_label,
            "gap": estimates.gap,
            "advantage": estimates.advantage,
            "added": np.nan,
            "residual_criterion": np.nan,
            "risk_reduction": np.nan,
        }
        if comparison.added is not None:
            metrics["added"] = float(comparison.added.of_means(comparison.added.row_losses[labeled].mean(axis=0)))
        if comparison.residuals is not None:
            means = comparison.residuals.row_products()[labeled].mean(axis=0)
            metrics["residual_criterion"] = 1 - float(comparison.residuals.covariance_ratio(means))
            metrics["risk_reduction"] = 1 - float(comparison.residuals.relative_risk(RISK_ALPHA, means))
        return metrics


def make_candidates(repeats: Sequence[Repeat], student: str, settings: SelectionSettings) -> list[TeacherCandidate]:
    """Make a candidate teacher of every modality but the student's."""
    return [_make_candidate(repeats, student, name, settings) for name in repeats[0].encodings if name != student]


def _make_candidate(
    repeats: Sequence[Repeat], student: str, teacher: str, settings: SelectionSettings
) -> TeacherCandidate:
    data = repeats[0].data
    rows = np.flatnonzero(data.observed[student] & data.observed[teacher])
    labeled = rows[rows < data.n_labeled]
    if len(labeled) < 4:
        raise ValueError(
            f"Only {len(labeled)} labeled rows have both the student {student!r} and {teacher!r} measured; a candidate "
            "needs at least 4, and many more for a decision. Leave it out of modalities."
        )
    comparisons = [_make_comparison(repeat, student, teacher, settings, rows) for repeat in repeats]
    n_folds = int(data.fold_ids.max()) + 1
    return TeacherCandidate(teacher, rows, data.encoded_y[labeled], comparisons, n_folds, data.take_groups(labeled))


def _make_comparison(
    repeat: Repeat, student: str, teacher: str, settings: SelectionSettings, rows: np.ndarray
) -> Comparison:
    data, labeled = repeat.data, rows[rows < repeat.data.n_labeled]
    H_teacher, H_student = (_coordinates(repeat, name, settings)[rows] for name in (teacher, student))
    residuals = added = None
    y, of_classes = data.encoded_y[labeled], data.classes is not None
    predictions, own = (repeat.encodings[name].predictions for name in (teacher, student))
    needed = {"residual_criterion": [teacher], "added": [teacher, student]}.get(settings.metric, [])
    for name in needed if settings.decides_by_metric(len(rows) - len(labeled)) else []:
        if repeat.encodings[name].predictions is None:
            raise ValueError(
                f"The criterion needs predictions, and the encoder of {name!r} gives none. Give one that has "
                "predict_proba, or decide by criterion='advantage' or 'cch'."
            )
    if predictions is not None and own is not None:
        added = AddedInformation([own[labeled], predictions[labeled]], y, data.fold_ids[labeled], of_classes)
    if predictions is not None:
        residuals = linear_student_risk(
            take_rows(data.tables[student], labeled),
            np.eye(len(data.classes))[y] if data.classes is not None else y[:, None],
            predictions[labeled],
            data.fold_ids[labeled],
            labeled_fraction=len(labeled) / len(rows),
            groups=data.take_groups(labeled),
        )
    block_ids = settings.representation.block_ids(data.fold_ids[rows])
    return Comparison(H_teacher, H_student, block_ids, residuals, added)


def _coordinates(repeat: Repeat, name: str, settings: SelectionSettings) -> np.ndarray:
    """Representation of a modality as the estimators take it, of shape (n_rows, n_columns)."""
    fold_ids = repeat.data.fold_ids
    H = repeat.encodings[name].get(settings.representation)
    if H is None:
        raise ValueError(f"The encoder of {name!r} gives no {settings.representation.name}.")
    if settings.coordinates == "probabilities":
        return H
    observed = ~np.isnan(H).any(axis=1)
    values = centered_log_ratio(H[observed]) if settings.coordinates == "log_ratios" else H[observed]
    H = np.full((len(H), values.shape[1]), np.nan)
    H[observed] = values
    # Every encoder of a fold starts from the same mean of the other folds' labels: left in, unrelated modalities
    # would share it.
    for fold in np.unique(fold_ids[observed]):
        in_fold = (fold_ids == fold) & observed
        H[in_fold] -= H[in_fold].mean(axis=0)
    return H
