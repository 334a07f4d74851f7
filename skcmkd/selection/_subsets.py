"""Metrics of class probabilities on many subsets of rows: functions of means, so that no subset is estimated anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._model_selection._row_scores import log_loss
from ..information._classifier import joint_mi, label_mi_of_means
from ..information._inputs import one_hot
from ._candidates import Comparison, TeacherCandidate
from ._criteria import RISK_ALPHA
from ._settings import SelectionSettings


def metrics_on_subsets(
    candidate: TeacherCandidate, settings: SelectionSettings, subsets: Sequence[np.ndarray]
) -> np.ndarray:
    """``TeacherCandidate.metrics`` of each subset, where the estimators take probabilities.

    Parameters
    ----------
    candidate : TeacherCandidate
    settings : SelectionSettings
    subsets : sequence of ndarray of int
        Positions among all rows.

    Returns
    -------
    ndarray of shape (n_subsets, n_metrics)
        NaN for a subset without a labeled row of the candidate.
    """
    positions = [np.flatnonzero(np.isin(candidate.rows, subset)) for subset in subsets]
    labeled = [rows[rows < len(candidate.y)] for rows in positions]
    metrics = np.full((len(subsets), len(settings.metric_names)), np.nan)
    known = np.array([len(rows) > 0 for rows in labeled])
    positions, labeled = (
        [part for part, keep in zip(parts, known, strict=True) if keep] for parts in (positions, labeled)
    )
    if not labeled:
        return metrics
    by_repeat = [_metrics_of_repeat(each, candidate.y, positions, labeled) for each in candidate.repeats]
    values = np.mean(by_repeat, axis=0)
    names = settings.metric_names[: values.shape[1]]
    rows = [candidate.with_criterion(dict(zip(names, row, strict=True)), settings) for row in values.tolist()]
    metrics[known] = [list(row.values()) for row in rows]
    return metrics


def label_mi_on_subsets(proba: np.ndarray, y: np.ndarray, subsets: Sequence[np.ndarray]) -> np.ndarray:
    """``label_mutual_information`` of each subset of rows, (n_subsets,).

    Parameters
    ----------
    proba : ndarray of shape (n_rows, n_classes)
    y : ndarray of shape (n_rows,)
        Class codes.
    subsets : sequence of ndarray of int
    """
    means = subset_means(np.column_stack([one_hot(y), log_loss(proba, y)]), subsets)
    return label_mi_of_means(means[:, :-1], means[:, -1])


def subset_means(values: np.ndarray, subsets: Sequence[np.ndarray]) -> np.ndarray:
    """Means of the columns over each subset of rows, (n_subsets, n_columns)."""
    return np.stack([values[rows].mean(axis=0) for rows in subsets])


def _metrics_of_repeat(
    comparison: Comparison, y: np.ndarray, positions: Sequence[np.ndarray], labeled: Sequence[np.ndarray]
) -> np.ndarray:
    """Metrics of one repeat, (n_subsets, 8), on the rows and on the labeled rows of each subset."""
    q, r = comparison.teacher, comparison.student
    joint = subset_means((q[:, :, None] * r[:, None]).reshape(len(q), -1), positions)
    teacher_student = joint_mi(joint.reshape(-1, q.shape[1], r.shape[1]))
    student_label, teacher_label = (label_mi_on_subsets(proba[: len(y)], y, labeled) for proba in (r, q))
    residual_criterion = risk_reduction = added = np.full(len(labeled), np.nan)
    if comparison.added is not None:
        added = comparison.added.of_means(subset_means(comparison.added.row_losses, labeled))
    if comparison.residuals is not None:
        means = subset_means(comparison.residuals.row_products(), labeled)
        residual_criterion = 1 - comparison.residuals.covariance_ratio(means)
        risk_reduction = 1 - comparison.residuals.relative_risk(RISK_ALPHA, means)
    gap, advantage = teacher_student - student_label, teacher_label - student_label
    return np.column_stack(
        [teacher_student, student_label, teacher_label, gap, advantage, added, residual_criterion, risk_reduction]
    )
