"""The models of a report, all fitted to the same splits and scored on the same held-out rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, Protocol

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import check_cv

from .._model_selection._folds import check_not_repeated, group_folds, stratified_folds
from .._model_selection._pipelines import fit_with_metadata
from .._model_selection._probabilities import predict_smoothed_proba
from .._utils._parallel import parallel_map
from .._validation._sklearn import draw_seed
from .._validation._tables import Table, take_rows
from ._input import ReportData

ALONE, DISTILLED, TEACHER, FUSED, SHUFFLED = "student alone", "distilled", "teacher", "fused", "shuffled teacher"


@dataclass(frozen=True)
class Predictions:
    """Predictions of a fitted model for held-out rows.

    Attributes
    ----------
    rows : ndarray of shape (n_rows,)
        Positions among the rows of the report.
    prediction : ndarray of shape (n_rows,)
    proba : ndarray of shape (n_rows, n_classes) or None
        In the order of the sorted classes; None where the model has no probabilities.
    alpha : float
        The teacher's weight; NaN of a model that has none.
    """

    rows: np.ndarray
    prediction: np.ndarray
    proba: np.ndarray | None
    alpha: float = np.nan


@dataclass(frozen=True)
class SplitResult:
    """Predictions of every model for the held-out rows of a split, and what was chosen on its training rows."""

    predictions: dict[str, Predictions]
    choice: dict[str, Any] = field(default_factory=dict)


class SplitModels(Protocol):
    """A distiller on the training rows of one split: one class for each kind of estimator."""

    def fit_distilled(self) -> BaseEstimator:
        """Fit the distiller."""

    def fit_alone(self) -> BaseEstimator:
        """Fit its student without a teacher."""

    def fit_permuted(self, distilled: BaseEstimator, random_state: np.random.RandomState) -> BaseEstimator:
        """Fit the control: what the fitted distiller chose, with the teacher's rows permuted."""

    def is_alone(self, distilled: BaseEstimator) -> bool:
        """Whether the fitted distiller trained the student alone."""

    def predict(self, fitted: BaseEstimator) -> Predictions:
        """Predict the held-out rows from the student's modality."""

    def predict_with_teacher(self, distilled: BaseEstimator) -> dict[str, Predictions]:
        """Predict the held-out rows by models that read the teacher's modality."""

    def choice(self, distilled: BaseEstimator) -> dict[str, Any]:
        """What was chosen on the training rows, beside alpha."""


class ReportModels(Protocol):
    """A distiller and all of its data."""

    def split(self, train: np.ndarray, test: np.ndarray) -> SplitModels:
        """Restrict to the training rows of a split, given by positions."""


def make_splits(
    cv: Any, n_repeats: int, data: ReportData, random_state: np.random.RandomState
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and held-out rows of each fold of each repeat.

    A number of folds is stratified by class, with shuffled rows, or shuffled whole groups.
    """
    n_rows = len(data.y)
    if not isinstance(n_repeats, Integral) or n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats!r} must be a whole number of at least 1.")
    if cv is not None and not isinstance(cv, Integral):
        check_not_repeated(cv, n_repeats)
        splitter = check_cv(cv, data.y, classifier=data.classes is not None)
        return list(splitter.split(np.zeros(n_rows), data.y, data.groups))
    n_folds = 5 if cv is None else int(cv)
    codes = None if data.classes is None else np.searchsorted(data.classes, data.y)
    n_units, unit = (n_rows, "rows") if data.groups is None else (len(np.unique(data.groups)), "groups")
    if not 2 <= n_folds <= n_units:
        raise ValueError(
            f"cv={cv!r} must be at least 2 and at most the number of {unit}, {n_units} (n_samples={n_rows}): each "
            f"fold holds out at least one of the {unit}. Change cv, or add {unit}."
        )
    splits = []
    for _ in range(n_repeats):
        if data.groups is None:
            order = random_state.permutation(n_rows)
            fold_ids = np.empty(n_rows, dtype=int)
            fold_ids[order] = stratified_folds(np.zeros(n_rows, dtype=int) if codes is None else codes[order], n_folds)
        else:
            fold_ids = group_folds(data.groups, n_folds, codes, random_state)
        splits += [(np.flatnonzero(fold_ids != fold), np.flatnonzero(fold_ids == fold)) for fold in np.unique(fold_ids)]
    return splits


def cross_validate_models(
    models: ReportModels,
    splits: list[tuple[np.ndarray, np.ndarray]],
    random_state: np.random.RandomState,
    *,
    n_jobs: int | None,
    verbose: bool,
) -> list[SplitResult]:
    """Fit all models on each split and predict its held-out rows.

    All models of all splits have the same seeds, so that the student alone and the distilled one differ in the teacher
    only. Each split has its own permutation.
    """
    calls = [(models, train, test, draw_seed(random_state)) for train, test in splits]
    return parallel_map(evaluate_split, calls, len(calls), n_jobs=n_jobs, description="report", verbose=verbose)


def evaluate_split(models: ReportModels, train: np.ndarray, test: np.ndarray, permutation_seed: int) -> SplitResult:
    """Fit all models on one split."""
    split = models.split(train, test)
    distilled = split.fit_distilled()
    predicted = split.predict(distilled)
    if split.is_alone(distilled):
        # All three are then the same fit.
        alone = permuted = predicted
    else:
        alone = split.predict(split.fit_alone())
        permuted = split.predict(split.fit_permuted(distilled, np.random.RandomState(permutation_seed)))
    with_teacher = split.predict_with_teacher(distilled)
    return SplitResult(
        {ALONE: alone, DISTILLED: predicted, **with_teacher, SHUFFLED: permuted}, split.choice(distilled)
    )


def no_predictions(data: ReportData) -> Predictions:
    """Of a model without held-out rows."""
    return Predictions(np.arange(0), data.y[:0], None)


def predict_rows(model: BaseEstimator, X: Table, test: np.ndarray, data: ReportData, n_training: int) -> Predictions:
    """Predict some of the rows of a table.

    Parameters
    ----------
    model : fitted estimator
    X : table of shape (n_samples, n_columns)
        Row for row with the report's data.
    test : ndarray of int
    data : ReportData
    n_training : int
        Number of rows that the model was fitted to: a class that these lack gets the probability of one row.
    """
    if len(test) == 0:
        return no_predictions(data)
    held_out, proba = take_rows(X, test), None
    if data.classes is not None and hasattr(model, "predict_proba"):
        proba = predict_smoothed_proba(model, held_out, data.classes, n_training)
    return Predictions(test, np.asarray(model.predict(held_out)), proba, getattr(model, "alpha_", np.nan))


def fit_rows(
    model: BaseEstimator, X: Table, train: np.ndarray, data: ReportData, sample_weight: np.ndarray | None = None
) -> BaseEstimator:
    """Fit a model in place to some of the rows of a table, with their groups and weights where it takes them.

    Parameters
    ----------
    model : estimator
    X : table of shape (n_samples, n_columns)
        Row for row with the report's data.
    train : ndarray of int
    data : ReportData
    sample_weight : ndarray of shape (len(train),) or None
    """
    groups = None if data.groups is None else data.groups[train]
    return fit_with_metadata(model, take_rows(X, train), data.y[train], sample_weight, groups)
