"""Select the mode of training a student by its scores on held-out rows, and tabulate these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from .._distillation._select import Measure, Training, ValidationScores, cross_validate_trainings
from .._distillation._targets import ClassificationTarget
from .._model_selection._folds import make_fold_ids
from .._model_selection._pipelines import final_estimator
from .._model_selection._row_scores import brier_score, log_loss
from .._model_selection._standard_errors import standard_error_of_mean
from .._utils._warnings import warn_user
from ..networks._mlp import NetworkClassifier
from ._alignment_measures import AlignmentMeasure
from ._input import UnpairedData
from ._modes import fit_mode
from ._product_of_experts import OwnModels, fit_own_models
from ._training import LABELS_ONLY, TrainingMode, UnpairedTraining

# The alignment that alignment="auto" tries.
AUTO_ALIGNMENT = "prototypes"
PRODUCT = "product"
# Share of the folds that the choice may take: a last one costs as much as each before and seldom changes it.
MAX_FOLDS = 2 / 3


@dataclass(frozen=True)
class ModeSelection:
    """The mode to train the student by, and how it was selected.

    Attributes
    ----------
    mode : TrainingMode
    training : UnpairedTraining
        With the soft targets that the mode uses.
    candidate_scores, alignment_metrics : DataFrame or None
        Attributes of the distiller.
    n_folds : int or None
        Number of folds of the labeled rows; None when no fold was held out.
    """

    mode: TrainingMode
    training: UnpairedTraining
    candidate_scores: pd.DataFrame | None = None
    alignment_metrics: pd.DataFrame | None = None
    n_folds: int | None = None


def select_mode(
    student: BaseEstimator,
    training: UnpairedTraining,
    data: UnpairedData,
    alignment: str,
    *,
    soft_targets: str,
    teacher_error: float,
    check_alignment: bool,
    cv: Any,
    n_jobs: int | None,
    seed: int | None,
    verbose: bool,
) -> ModeSelection:
    """Select the mode to train the student by, and measure it on held-out rows.

    "auto" takes the candidate of least Brier score; a further fold is held out only while those before do not tell
    whether the student alone is best. A requested alignment is scored, too, with a warning where the student alone is
    better; both are compared with a teacher whose labels and soft targets are permuted.

    Parameters
    ----------
    student : estimator
    training : UnpairedTraining
    data : UnpairedData
    alignment : str
        The distiller's parameter.
    soft_targets : {"product", "teacher"}
    teacher_error : float
        Out-of-fold error rate of the teacher.
    check_alignment : bool
    cv, n_jobs, seed, verbose
        The distiller's parameters.
    """
    automatic = alignment == "auto"
    modes = auto_modes(student, training) if automatic else fixed_modes(alignment, training)
    mode = modes[-1]
    validates = mode != LABELS_ONLY and (automatic or check_alignment)
    uses_product = soft_targets == PRODUCT and mode.use_bridge
    if not (validates or uses_product):
        return ModeSelection(mode, training)
    fold_ids = make_fold_ids(cv, data.y, groups=data.groups)
    own = fit_own_models(student, training, fold_ids, validates=validates, n_jobs=n_jobs) if uses_product else None
    combined = training if own is None else own(training)
    n_folds = int(fold_ids.max()) + 1
    if not validates:
        return ModeSelection(mode, combined, n_folds=n_folds)
    # One fold is enough of a check, unless a splitter makes it a single row.
    first_folds = [0] if isinstance(cv, Integral) else list(range(n_folds))
    options: dict[str, Any] = {"own": own, "n_jobs": n_jobs, "verbose": verbose}
    options["measured_folds"] = first_folds if check_alignment else ()
    checked = scores = cross_validate_modes(student, modes, training, data, fold_ids, first_folds, **options)
    for fold in range(len(first_folds), ceil(MAX_FOLDS * n_folds) if automatic else 0):
        if not scores.settles_first():
            scores = scores.join(cross_validate_modes(student, modes, training, data, fold_ids, [fold], **options))
    best = scores.best("min") if automatic else len(modes) - 1
    mode, table = modes[best], mode_table(scores) if automatic else None
    if not check_alignment:
        return ModeSelection(mode, combined, table, n_folds=n_folds)
    students = {"alone": (checked, 0)}
    if mode != LABELS_ONLY:
        students["aligned" if mode.aligns else mode.name] = (checked, best)
    if mode.aligns or mode.use_bridge:
        permuted = training.permute_teacher(check_random_state(seed))
        control = cross_validate_modes(student, [mode], permuted, data, fold_ids, first_folds, **options)
        students["shuffled teacher"] = (control, 0)
    if not automatic and (harm := describe_harm(checked, best, mode)) is not None:
        warn_user(harm)
    return ModeSelection(mode, combined, table, alignment_table(students, teacher_error), n_folds)


def auto_modes(student: BaseEstimator, training: UnpairedTraining) -> list[TrainingMode]:
    """The candidates of "auto", the labels alone first; where there are soft targets all others use them."""
    alignments = ["none"]
    if training.loss.alignment is not None and isinstance(final_estimator(student), NetworkClassifier):
        alignments.append(AUTO_ALIGNMENT)
    modes = [TrainingMode(alignment, training.has_bridge) for alignment in alignments]
    if training.has_bridge:
        modes.insert(0, LABELS_ONLY)
    if training.has_unlabeled:
        modes.append(TrainingMode("self_training", training.has_bridge))
    return modes


def fixed_modes(alignment: str, training: UnpairedTraining) -> list[TrainingMode]:
    """The labels alone, and the mode of a requested alignment: "none" where there are no data for it."""
    mode = TrainingMode(alignment, training.has_bridge)
    missing_cohort = mode.aligns and training.loss.alignment is None
    missing_unlabeled = alignment == "self_training" and not training.has_unlabeled
    if missing_cohort or missing_unlabeled:
        mode = TrainingMode("none", training.has_bridge)
    return [LABELS_ONLY, mode]


def cross_validate_modes(
    student: BaseEstimator,
    modes: Sequence[TrainingMode],
    training: UnpairedTraining,
    data: UnpairedData,
    fold_ids: np.ndarray,
    val_folds: Sequence[int],
    *,
    measured_folds: Sequence[int] = (),
    own: OwnModels | None = None,
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
    measured_folds : sequence of int, default=()
        Folds on which feature and label alignment are computed.
    own : OwnModels, default=None
        Fitted without each fold: they are the student alone, and make the products of soft targets. None leaves the
        soft targets as they are.
    n_jobs, verbose
        The distiller's parameters.
    """

    def trainings(fold: int) -> list[Training]:
        combined = training if own is None else own(training, (fold,))
        part = combined.exclude(np.flatnonzero(fold_ids == fold))
        return [
            partial(fit_mode, training=part, mode=mode)
            if own is None or mode != LABELS_ONLY
            else partial(_fitted_before, own.models[(fold,)])
            for mode in modes
        ]

    measure: Measure | None = None
    if len(measured_folds) and training.loss.alignment is not None and training.reference_cohort is not None:
        of_all = AlignmentMeasure(data.X, data.y, training.reference_cohort, training.loss.alignment.cost)
        measure = partial(_measure_some_folds, of_all, np.isin(fold_ids, measured_folds))
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


def _measure_some_folds(
    measure: AlignmentMeasure, measured: np.ndarray, student: BaseEstimator, held_out: np.ndarray, proba: np.ndarray
) -> tuple[float, float] | None:
    return measure(student, held_out, proba) if measured[held_out].all() else None


def _fitted_before(fitted: BaseEstimator, student: BaseEstimator) -> BaseEstimator:
    return fitted


def mode_table(scores: ValidationScores) -> pd.DataFrame:
    """``candidate_scores_``: the validation scores, a row for each mode."""
    modes = pd.DataFrame(
        {
            "training_mode": [mode.name for mode in scores.candidates],
            "alignment": [mode.alignment for mode in scores.candidates],
            "used_bridge": [mode.use_bridge for mode in scores.candidates],
            "n_rows": len(scores.rows),
        }
    )
    return pd.concat([modes, scores.table()], axis=1)


def alignment_table(students: dict[str, tuple[ValidationScores, int]], teacher_error: float) -> pd.DataFrame:
    """``alignment_metrics_``: the three terms of the bound, and scores of the students, a row for each student.

    Parameters
    ----------
    students : dict of str to (ValidationScores, int)
        Scores that hold each student, and its position among their candidates.
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
    """A message if the student is worse than alone on the held-out rows, or no nearer to the teacher; else None."""
    codes = np.searchsorted(scores.target.classes, scores.y)
    losses = [log_loss(scores.predictions[k], codes) for k in (0, index)]
    difference = losses[1] - losses[0]
    error = standard_error_of_mean(difference, scores.groups)
    if difference.mean() > error:
        return (
            f"Trained with {mode.name}, the student is worse than alone on {len(difference)} held-out rows: its "
            f"log-loss is {difference.mean():.3f} nats higher (standard error {error:.3f}). Use alignment='auto', "
            "which falls back on the student alone."
        )
    before, after = (mean_alignment(scores, k)[0] for k in (0, index))
    if mode.aligns and not after < before:
        return (
            f"alignment={mode.alignment!r} brought the student's features no nearer to the teacher's: the "
            f"transport cost on {len(difference)} held-out rows is {after:.3f}, "
            f"{before:.3f} for the student alone. Raise alignment_weight, or leave the alignment out."
        )
    return None
