"""Soft targets as a product of two experts: the teacher, and the student's own model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator

from .._distillation._select import without_refit
from .._distillation._targets import ClassificationTarget
from .._distillation._training_data import TrainingData
from .._model_selection._stacking import MIN_PROBABILITY, fit_log_linear_stack, log_linear_pool
from .._utils._parallel import parallel_map
from .._validation._tables import take_rows
from ._modes import fit_mode
from ._training import LABELED_ROW, LABELS_ONLY, UnpairedTraining

# Folds of the labeled rows that are held out.
Folds = tuple[int, ...]


def product_of_experts(teacher_proba: np.ndarray, student_proba: np.ndarray, priors: np.ndarray) -> np.ndarray:
    """Product of experts q = softmax(log q_T + log q_S - log prior), of shape (n_rows, n_classes).

    It is the posterior given both modalities where these are independent given the class.

    Parameters
    ----------
    teacher_proba : ndarray of shape (n_rows, n_classes)
        q_T, at the class priors ``priors``; NaN stays NaN.
    student_proba : ndarray of shape (n_rows, n_classes)
        q_S; the product has the class priors of these.
    priors : ndarray of shape (n_classes,)
        A class of prior 0, which the teacher was not fitted to, has probability 0.

    References
    ----------
    Hinton. Training products of experts by minimizing contrastive divergence. Neural Computation 14 (2002).
    """
    known = priors > 0
    log_q = np.full(teacher_proba.shape, -np.inf)
    experts = [np.log(np.clip(q[:, known], MIN_PROBABILITY, 1)) for q in (teacher_proba, student_proba)]
    log_q[:, known] = sum(experts) - np.log(priors[known])
    return softmax(log_q, axis=1)


@dataclass(frozen=True)
class OwnModels:
    """The student, fitted to labels alone without each fold: the second expert, as a function of training data.

    Rows that none of the folds holds are predicted by the geometric mean of all of these models: it needs no further
    fit, and predicts no worse than one model of all rows.

    Attributes
    ----------
    models : dict of tuple of int to fitted student
        By the folds that were held out, in increasing order.
    fold_ids : ndarray of shape (n_labeled,)
    """

    models: dict[Folds, Any]
    fold_ids: np.ndarray

    def __call__(self, training: UnpairedTraining, held_out: Folds = ()) -> UnpairedTraining:
        """The training data with the products as soft targets, at most one fold held out.

        No label of that fold has a part in those of labeled rows.

        A labeled row is predicted by a model that was not fitted to it.
        """
        data, cohort = training.data, training.reference_cohort
        if cohort is None:  # without a teacher there are no soft targets
            return training
        priors = cohort.class_priors.astype(np.float64)
        q = self._calibrated_proba(data, held_out)
        # Rows of a held-out fold are not trained on.
        rows = np.flatnonzero(data.has_soft_target & ~np.isnan(q).any(axis=1))
        soft_targets = data.soft_targets.copy()
        soft_targets[rows] = product_of_experts(soft_targets[rows], q[rows], priors)
        return replace(training, data=replace(data, soft_targets=soft_targets))

    def _calibrated_proba(self, data: TrainingData, held_out: Folds) -> np.ndarray:
        """Calibrated probabilities of all rows; NaN for the labeled rows of the held-out folds."""
        target, n_labeled = ClassificationTarget(data.classes), len(self.fold_ids)
        each_fold: list[Folds] = [(fold,) for fold in range(int(self.fold_ids.max()) + 1)]
        proba = np.full((len(data.y), len(data.classes)), np.nan)
        parts = [([held_out] if held_out else each_fold, np.arange(n_labeled, len(data.y)))]
        for (fold,) in each_fold:
            if fold not in held_out:
                folds = tuple(sorted({*held_out, fold}))
                # Where no labeled row has a soft target these predictions calibrate, which is one number.
                folds = folds if folds in self.models else (fold,)
                parts.append(([folds], np.flatnonzero(self.fold_ids == fold)))
        for models, rows in parts:
            if len(rows):
                X = take_rows(data.X, rows)
                n_training = [int((~np.isin(self.fold_ids, folds)).sum()) for folds in models]
                experts = [target.predict(self.models[f], X, n) for f, n in zip(models, n_training, strict=True)]
                proba[rows] = log_linear_pool(np.stack(experts), np.full(len(experts), 1 / len(experts)))
        rows = np.flatnonzero(~np.isin(self.fold_ids, held_out))
        one_hot = target.encode(data.target[rows])
        weight = fit_log_linear_stack(proba[None, rows], one_hot, np.ones(len(rows)), np.ones(1))
        return log_linear_pool(proba[None], weight)


def fit_own_models(
    student: BaseEstimator, training: UnpairedTraining, fold_ids: np.ndarray, *, validates: bool, n_jobs: int | None
) -> OwnModels:
    """Fit the student to the labels alone, without each fold and, where needed, without each two.

    The latter are needed where labeled rows have soft targets, from linked columns: those of a validation fold's
    training rows must know neither the fold nor the row.

    Parameters
    ----------
    student : estimator
    training : UnpairedTraining
    fold_ids : ndarray of shape (n_labeled,)
    validates : bool
        Whether students are validated on the folds.
    n_jobs : int or None
    """
    folds = range(int(fold_ids.max()) + 1)
    held_out: list[Folds] = [(fold,) for fold in folds]
    if validates and training.data.has_soft_target[training.origin == LABELED_ROW].any():
        held_out += combinations(folds, 2)
    fit = partial(_fit_without, student, training, fold_ids)
    calls = ((folds,) for folds in held_out)
    models = parallel_map(fit, calls, len(held_out), n_jobs=n_jobs, description="student", verbose=False)
    return OwnModels(dict(zip(held_out, models, strict=True)), fold_ids)


def _fit_without(
    student: BaseEstimator, training: UnpairedTraining, fold_ids: np.ndarray, folds: Folds
) -> BaseEstimator:
    part = training.exclude(np.flatnonzero(np.isin(fold_ids, folds)))
    return fit_mode(without_refit(student), part, LABELS_ONLY)
