"""The choice among the modes of training a student, and the terms of the bound, on held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from .._distillation._select import ValidationScores, cross_validate_trainings
from .._distillation._targets import ClassificationTarget
from .._model_selection._resampling import standard_error_of_mean
from .._model_selection._row_scores import brier_score, log_loss
from ._alignment_measures import AlignmentMeasure
from ._input import UnpairedData
from ._training import TrainingMode, UnpairedTraining, fit_mode


def cross_validate_modes(
    student: BaseEstimator,
    modes: Sequence[TrainingMode],
    training: UnpairedTraining,
    data: UnpairedData,
    fold_ids: np.ndarray,
    val_folds: Sequence[int],
    *,
    with_alignment: bool,
    n_jobs: int | None,
    verbose: bool,
) -> ValidationScores:
    """Fit the student by each mode without each validation fold, and predict that fold.

    Parameters
    ----------
    student : estimator
    modes : list of TrainingMode
    training : UnpairedTraining
    data : UnpairedData
    fold_ids : ndarray of shape (n_samples,)
    val_folds : sequence of int
    with_alignment : bool
        Whether to measure how near features and labels are to the teacher's.
    n_jobs, verbose
        The distiller's parameters.
    """

    def trainings(fold: int) -> list[partial[BaseEstimator]]:
        part = training.exclude(np.flatnonzero(fold_ids == fold))
        return [partial(fit_mode, training=part, mode=mode) for mode in modes]

    measure = None
    if with_alignment and training.alignment is not None and training.reference_cohort is not None:
        measure = AlignmentMeasure(data.X, data.y, training.reference_cohort, training.alignment.cost)
    return cross_validate_trainings(
        student,
        modes,
        trainings,
        data.X,
        data.y,
        fold_ids,
        val_folds,
        ClassificationTarget(np.unique(data.y)),
        groups=data.groups,
        measure=measure,
        description="alignment",
        n_jobs=n_jobs,
        verbose=verbose,
    )


def mode_table(scores: ValidationScores) -> pd.DataFrame:
    """``candidate_scores_``: the validation scores, a row for each mode."""
    modes = pd.DataFrame(
        {
            "alignment": [mode.alignment for mode in scores.candidates],
            "used_bridge": [mode.use_bridge for mode in scores.candidates],
        }
    )
    return pd.concat([modes, scores.table()], axis=1)


def alignment_table(students: dict[str, tuple[ValidationScores, int]], teacher_error: float) -> pd.DataFrame:
    """``alignment_metrics_``: the three terms of the bound, and scores of the students, a row for each student.

    Parameters
    ----------
    students : dict of str to (ValidationScores, int)
        Of each student the scores, and its position among the candidates.
    teacher_error : float
    """
    rows = {}
    for name, (scores, index) in students.items():
        codes, proba = np.searchsorted(scores.target.classes, scores.y), scores.predictions[index]
        feature_alignment, label_alignment = mean_alignment(scores, index)
        rows[name] = {
            "teacher_error": teacher_error,
            "feature_alignment": feature_alignment,
            "label_alignment": label_alignment,
            "error": (proba.argmax(axis=1) != codes).mean(),
            "log_loss": log_loss(proba, codes).mean(),
            "brier": brier_score(proba, codes).mean(),
        }
    return pd.DataFrame(rows).T.rename_axis("student")


def mean_alignment(scores: ValidationScores, index: int) -> tuple[float, float]:
    """Feature and label alignment of a candidate, averaged over the folds where they could be measured."""
    values = np.array([pair for pair in scores.metrics[index] if pair is not None], dtype=float).reshape(-1, 2)
    known = ~np.isnan(values)
    means = [
        float(column[mask].mean()) if mask.any() else np.nan for column, mask in zip(values.T, known.T, strict=True)
    ]
    return means[0], means[1]


def describe_harm(scores: ValidationScores, index: int, mode: TrainingMode) -> str | None:
    """Why a fixed alignment is no help on the held-out rows: worse than the labels alone, or no nearer; else None."""
    codes = np.searchsorted(scores.target.classes, scores.y)
    losses = [log_loss(scores.predictions[k], codes) for k in (0, index)]
    difference = losses[1] - losses[0]
    error = standard_error_of_mean(difference, scores.groups)
    if difference.mean() > error:
        return (
            f"With alignment={mode.alignment!r} the student is worse than alone on {len(difference)} held-out rows: its "
            f"log-loss is {difference.mean():.3f} nats higher (standard error {error:.3f}). Use alignment='auto', which "
            "falls back on the student alone."
        )
    before, after = (mean_alignment(scores, k)[0] for k in (0, index))
    if mode.aligns and not after < before:
        return (
            f"alignment={mode.alignment!r} brought the student's features no nearer to the teacher's: the "
            f"transport cost on {len(difference)} held-out rows is {after:.3f}, "
            f"{before:.3f} for the student alone. Raise alignment_weight, or leave the alignment out."
        )
    return None
