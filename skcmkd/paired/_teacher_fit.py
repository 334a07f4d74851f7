"""One teacher fitted without some folds, and its predictions for the rows that it was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from .._distillation._targets import Target
from .._model_selection._cross_fitting import FoldFit, fit_without_folds
from .._validation._failures import explain_failure
from .._validation._tables import Table, take_rows
from .._validation._target_checks import normalize_weight
from ._data import PairedData
from ._teachers import TeacherInputs


def fit_teacher(
    target: Target,
    teacher: TeacherInputs,
    data: PairedData,
    fold_ids: np.ndarray,
    excluded_folds: Sequence[int],
    keep_model: bool,
    predict_mask: np.ndarray,
) -> tuple[FoldFit, np.ndarray]:
    """Fit a clone of a teacher without some folds and predict these folds and some unlabeled pairs.

    Parameters
    ----------
    target : ClassificationTarget or RegressionTarget
    teacher : TeacherInputs
    data : PairedData
    fold_ids : ndarray of shape (n_samples,)
    excluded_folds : sequence of int
    keep_model : bool
        Models are large, and costly to send between processes.
    predict_mask : ndarray of shape (n_unlabeled,)
        Mask of the unlabeled pairs to predict.

    Returns
    -------
    fit : FoldFit
        With the predictions for the labeled rows of these folds; a row of NaN where the class of the row was not in the
        training rows.
    unlabeled : ndarray of shape (n_unlabeled, n_outputs)
        NaN for pairs that were not predicted.
    """
    unlabeled = np.full((len(teacher.unlabeled_observed), target.n_outputs), np.nan)
    rows = teacher.unlabeled_observed & predict_mask
    with explain_failure(teacher.model, teacher.role, partial(_tables_of, teacher, data), {"y": data.y}):
        fit = fit_without_folds(
            teacher.model,
            teacher.X,
            data.y,
            fold_ids,
            excluded_folds,
            target.predict,
            target.check_training_labels,
            teacher.observed,
            # The scale of the weights must not change a penalized teacher, whose soft targets it would flatten.
            normalize_weight(data.sample_weight),
            data.groups,
            keep_model=True,
        )
        if rows.any():
            unlabeled[rows] = target.predict(fit.model, take_rows(teacher.X_unlabeled, rows))
    if len(target.classes):
        # The probability of a class that is not in the training rows would be 0: the row has no soft target instead.
        fit.prediction[~np.isin(data.y[fit.rows], fit.model.classes_)] = np.nan
    return fit if keep_model else replace(fit, model=None), unlabeled


def _tables_of(teacher: TeacherInputs, data: PairedData) -> dict[str, Table]:
    """The rows that the teacher reads, by the name of their table."""
    is_teacher = teacher.role == "teacher"
    tables = {data.teacher_table_name if is_teacher else "X": take_rows(teacher.X, teacher.observed)}
    if teacher.X_unlabeled is not None:
        tables[data.pair_names[int(is_teacher)]] = take_rows(teacher.X_unlabeled, teacher.unlabeled_observed)
    return tables
