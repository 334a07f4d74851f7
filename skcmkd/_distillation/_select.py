"""Cross-validation of candidate trainings of one student: an alpha, an alignment, or the labels alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from .._model_selection._choices import one_standard_error_rule
from .._model_selection._pipelines import final_estimator
from .._model_selection._standard_errors import standard_error_of_mean
from .._utils._parallel import parallel_map
from .._validation._tables import Table, take_rows
from ..networks._base import Network
from ._targets import Target

# Fits a student in place and returns it.
Training = Callable[[BaseEstimator], BaseEstimator]
# measure(fitted student, positions of held-out rows, its predictions of these): further metrics of a fold.
Measure = Callable[[BaseEstimator, np.ndarray, np.ndarray], Any]


@dataclass(frozen=True)
class ValidationScores:
    """Predictions of each candidate for the validation folds, their losses and the choice by them.

    Attributes
    ----------
    candidates : tuple of length n_candidates
        The others are compared with the first.
    target : ClassificationTarget or RegressionTarget
    rows : ndarray of shape (n_rows,)
        Positions of the held-out rows.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    predictions : ndarray of shape (n_candidates, n_rows, n_outputs)
    in_training : ndarray of shape (n_rows,)
        Whether the class of the row was among the rows that its students were fitted to.
    sample_weight, groups : ndarray of shape (n_rows,) or None
    metrics : list of lists
        Results of ``measure``: for each candidate one for each fold.
    """

    candidates: tuple[Any, ...]
    target: Target
    rows: np.ndarray
    y: np.ndarray
    predictions: np.ndarray
    in_training: np.ndarray
    sample_weight: np.ndarray | None
    groups: np.ndarray | None
    metrics: list[list[Any]]

    @property
    def losses(self) -> np.ndarray:
        """Loss of each row by each candidate, (n_rows, n_candidates), times the row's weight over their mean."""
        losses = np.column_stack([self.target.row_losses(values, self.y) for values in self.predictions])
        if self.sample_weight is not None:
            losses *= (self.sample_weight / self.sample_weight.mean())[:, None]
        return losses

    def join(self, other: ValidationScores) -> ValidationScores:
        """The scores of the same candidates on further folds beside these, rows in their order."""
        rows = np.concatenate([self.rows, other.rows])
        order = np.argsort(rows, kind="stable")

        def joined(one: np.ndarray | None, two: np.ndarray | None) -> np.ndarray | None:
            return None if one is None or two is None else np.concatenate([one, two])[order]

        return replace(
            self,
            rows=rows[order],
            y=np.concatenate([self.y, other.y])[order],
            predictions=np.concatenate([self.predictions, other.predictions], axis=1)[:, order],
            in_training=np.concatenate([self.in_training, other.in_training])[order],
            sample_weight=joined(self.sample_weight, other.sample_weight),
            groups=joined(self.groups, other.groups),
            metrics=[one + two for one, two in zip(self.metrics, other.metrics, strict=True)],
        )

    def settles_first(self) -> bool:
        """Whether the first candidate is worse than the best, or better than all, by more than a standard error."""
        table = self.table()
        best = self.best("min")
        compared = table.iloc[[best]] if best else table.iloc[1:]
        return bool((compared["difference"].abs() > compared["standard_error"]).all())

    def table(self) -> pd.DataFrame:
        """Mean loss of each candidate, its difference to the first's, and the standard error of that, as trained."""
        losses = self.losses
        difference = losses - losses[:, [0]]
        return pd.DataFrame(
            {
                self.target.loss_name: losses.mean(axis=0),
                "difference": difference.mean(axis=0),
                "standard_error": [standard_error_of_mean(column, self.groups) for column in difference.T],
            }
        )

    def best(self, rule: str) -> int:
        """Position of the candidate to take.

        Parameters
        ----------
        rule : {"min", "one_standard_error"}
            The least mean loss, or the first candidate within a standard error of it.
        """
        if rule == "min":
            return int(self.losses.mean(axis=0).argmin())
        return one_standard_error_rule(self.losses, self.groups)


def cross_validate_trainings(
    student: BaseEstimator,
    candidates: Sequence[Any],
    trainings: Callable[[int], Sequence[Training]],
    X: Table,
    y: np.ndarray,
    fold_ids: np.ndarray,
    val_folds: Sequence[int],
    target: Target,
    *,
    usable: np.ndarray | None = None,
    sample_weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    measure: Measure | None = None,
    description: str,
    n_jobs: int | None,
    verbose: bool,
) -> ValidationScores:
    """Fit a clone of the student by each training without each validation fold, and predict that fold.

    Parameters
    ----------
    student : estimator
    candidates : sequence
        A label of each training.
    trainings : callable
        ``trainings(fold)``: a training for each candidate, on data that do not depend on the validation fold.
    X : table of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    fold_ids : ndarray of shape (n_samples,)
    val_folds : sequence of int
    target : ClassificationTarget or RegressionTarget
    usable : ndarray of shape (n_samples,), default=None
        Mask of the rows to score; None for all.
    sample_weight, groups : ndarray of shape (n_samples,), default=None
    measure : callable, default=None
        ``measure(fitted student, held-out positions, their predictions)``: further metrics of a fold.
    description : str
        Of the progress bar.

    Returns
    -------
    ValidationScores
    """
    usable = np.ones(len(y), dtype=bool) if usable is None else usable
    student = without_refit(student)
    rows_of = {fold: np.flatnonzero(usable & (fold_ids == fold)) for fold in val_folds}
    calls = (
        (student, training, X, y, fold_ids, fold, rows_of[fold], target, measure)
        for fold in val_folds
        for training in trainings(fold)
    )
    n_candidates = len(candidates)
    fits = parallel_map(
        _fit_and_predict, calls, len(val_folds) * n_candidates, n_jobs=n_jobs, description=description, verbose=verbose
    )
    rows = np.concatenate([rows_of[fold] for fold in val_folds])
    parts = [[fits[start + k] for start in range(0, len(fits), n_candidates)] for k in range(n_candidates)]
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    return ValidationScores(
        tuple(candidates),
        target,
        rows,
        y[rows],
        np.stack([np.concatenate([prediction for prediction, _, _ in part])[order] for part in parts]),
        np.concatenate([in_training for _, in_training, _ in parts[0]])[order],
        None if sample_weight is None else sample_weight[rows],
        None if groups is None else groups[rows],
        [[metrics for _, _, metrics in part] for part in parts],
    )


def without_refit(student: BaseEstimator) -> BaseEstimator:
    """An unfitted student for validation: a network stops early and is not trained once more on all rows.

    The second training would take two fifths of the time of a validation, and the choices were no better with it.
    """
    student = clone(student)
    model = final_estimator(student)
    # A subclass of a network may have no such parameter.
    if isinstance(model, Network) and "refit" in model.get_params(deep=False):
        model.set_params(refit=False)
    return student


def _fit_and_predict(
    student: BaseEstimator,
    training: Training,
    X: Table,
    y: np.ndarray,
    fold_ids: np.ndarray,
    fold: int,
    rows: np.ndarray,
    target: Target,
    measure: Measure | None,
) -> tuple[np.ndarray, np.ndarray, Any]:
    """Predictions of one validation fold by one training, whether the class of each row was in it, and metrics."""
    if len(rows) == 0:
        return np.empty((0, target.n_outputs)), np.empty(0, dtype=bool), None
    fitted = training(clone(student))
    n_training = int((fold_ids != fold).sum())
    prediction = target.predict(fitted, take_rows(X, rows), n_training)
    in_training = np.isin(y[rows], fitted.classes_) if len(target.classes) else np.ones(len(rows), dtype=bool)
    return prediction, in_training, None if measure is None else measure(fitted, rows, prediction)
