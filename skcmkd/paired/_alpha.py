"""The teacher's share alpha: all rows alike, by cross-validation, or in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from .._distillation._fit_student import fit_student
from .._distillation._select import ValidationScores, cross_validate_trainings
from .._distillation._student_loss import StudentLoss
from .._linear_model._excess_risk import linear_student_risk
from .._validation._tables import take_rows
from ._cross_fitted_teachers import CrossFittedTeachers
from ._data import PairedData

# One alpha is compared with the student alone: a longer list costs more and was no better.
ALPHA, ALPHA_MANY_PAIRS = 0.25, 0.5


def equal_row_weights_alpha(data: PairedData) -> float:
    """The alpha at which a label and the soft target of an unlabeled pair weigh the same: n_u / (n_l + n_u)."""
    n_labeled = int(data.usable.sum())
    return data.n_unlabeled / (n_labeled + data.n_unlabeled)


def choose_alpha(
    alpha: float | str,
    student: BaseEstimator,
    teachers: CrossFittedTeachers,
    loss: StudentLoss,
    *,
    fit: Callable[..., BaseEstimator] = fit_student,
    n_jobs: int | None,
    verbose: bool,
) -> tuple[float, ValidationScores | None]:
    """The teacher's share that the parameter ``alpha`` stands for, and the scores by which "auto" chose it.

    Parameters
    ----------
    alpha : float, "auto" or "analytic"
        Without any teacher the share is 0.
    student, teachers, loss, fit, n_jobs, verbose
        As in ``cross_validate_alpha``.
    """
    if not teachers.teachers:
        return 0.0, None
    if alpha == "auto":
        alphas = 0.0, candidate_alpha(teachers)
        scores = cross_validate_alpha(student, teachers, alphas, loss, fit=fit, n_jobs=n_jobs, verbose=verbose)
        return alphas[scores.best("one_standard_error")], scores
    return analytic_alpha(teachers) if alpha == "analytic" else float(alpha), None


def candidate_alpha(teachers: CrossFittedTeachers) -> float:
    """The alpha to compare with 0: the larger one where unlabeled pairs outnumber labeled rows."""
    return ALPHA_MANY_PAIRS if teachers.data_.n_unlabeled > len(teachers.data_.y) else ALPHA


def cross_validate_alpha(
    student: BaseEstimator,
    teachers: CrossFittedTeachers,
    alphas: Sequence[float],
    loss: StudentLoss,
    *,
    fit: Callable[..., BaseEstimator] = fit_student,
    labeled_soft_targets: bool = True,
    n_jobs: int | None,
    verbose: bool,
) -> ValidationScores:
    """Fit a student with each alpha without each validation fold, and predict that fold.

    Parameters
    ----------
    student : estimator
    teachers : CrossFittedTeachers
        Fitted for validation.
    alphas : sequence of float
        The others are compared with the first.
    loss : StudentLoss
        Its alpha is replaced.
    fit : callable
        ``fit(student, data=TrainingData, loss=StudentLoss)`` returns the fitted student.
    labeled_soft_targets : bool
        Whether labeled rows have a soft target, too.
    n_jobs, verbose
        The distiller's parameters.
    """
    data, val_folds = teachers.data_, teachers.val_folds_

    def trainings(fold: int) -> list[partial[BaseEstimator]]:
        training_data = teachers.training_data((fold,), labeled_soft_targets=labeled_soft_targets)
        return [partial(fit, data=training_data, loss=replace(loss, alpha=alpha)) for alpha in alphas]

    n_rows = int((data.usable & np.isin(teachers.fold_ids_, val_folds)).sum())
    if n_rows < 2:
        raise ValueError(
            f"{n_rows} rows with the student's modality and a positive weight lie in the {len(val_folds)} validation "
            "fold(s); at least 2 are needed. Give another cv, or set alpha to a number."
        )
    return cross_validate_trainings(
        student,
        alphas,
        trainings,
        data.X,
        data.y,
        teachers.fold_ids_,
        val_folds,
        teachers.target,
        usable=data.usable,
        sample_weight=data.sample_weight,
        groups=data.groups,
        description="alpha",
        n_jobs=n_jobs,
        verbose=verbose,
    )


def alpha_table(scores: ValidationScores) -> pd.DataFrame:
    """``alpha_scores_``: the validation scores, a row for each alpha."""
    return scores.table().set_axis(pd.Index(scores.candidates, name="alpha"))


def analytic_alpha(teachers: CrossFittedTeachers) -> float:
    """The alpha of least excess risk of a linear student to first order, in closed form."""
    data, soft_targets = teachers.data_, teachers.soft_targets()
    rows = np.flatnonzero(data.usable & ~np.isnan(soft_targets).any(axis=1))
    residuals = linear_student_risk(
        take_rows(data.X, rows),
        teachers.target.encode(data.y[rows]),
        soft_targets[rows],
        teachers.fold_ids_[rows],
        len(rows) / (len(rows) + data.n_unlabeled),
        None if data.groups is None else data.groups[rows],
    )
    return residuals.best_alpha()
