"""Soft targets of each row by teachers that were not fitted to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from .._distillation._representations import choose_representation, teacher_representation
from .._distillation._targets import Target
from .._distillation._teacher_features import oof_features, standardize_features
from .._distillation._training_data import UNLABELED, TrainingData, stack_tables
from .._model_selection._cross_fitting import FoldFit, fit_without_folds
from .._utils._parallel import parallel_map
from .._validation._failures import explain_failure
from .._validation._table_checks import UNLABELED_PAIRS_NAMES
from .._validation._tables import Table, take_rows
from ._data import PairedData
from ._pooling import PoolingRule, linear_pool
from ._teachers import TeacherInputs

# Validate on two folds, or on the first alone if it has 1000 rows or groups. More folds cost more and did not help.
N_VAL_FOLDS, MIN_UNITS_FOR_ONE_VAL_FOLD = 2, 1000
# An unlabeled pair whose group has no labeled row is in no fold.
NO_FOLD = -1
Excluded = tuple[int, ...]


@dataclass(frozen=True)
class TeacherFit:
    """One teacher fitted without some folds.

    Attributes
    ----------
    fold_fit : FoldFit
        With the predictions for labeled rows of these folds.
    unlabeled_prediction : ndarray of shape (n_unlabeled, n_outputs)
        NaN for pairs that it did not predict.
    """

    fold_fit: FoldFit
    unlabeled_prediction: np.ndarray


class CrossFittedTeachers:
    """Out-of-fold soft targets of one or several teachers, nested for validation folds.

    A student is validated on fold j. Its soft targets for fold k then come from teachers fitted without folds j and k,
    so that no soft target depends on a validation row: k - 1 fits of a teacher more with one validation fold, 2k - 3
    with two. Weights of several teachers are found without these rows, too.

    An unlabeled pair of a group that has labeled rows is treated as these are: its soft target comes from a teacher
    that was not fitted to the group, and it is left out where the group is validated.

    Parameters
    ----------
    target : ClassificationTarget or RegressionTarget
    teachers : list of TeacherInputs
    pooling : callable
        Weights of several teachers from their out-of-fold predictions.
    needs_features : bool
        Whether the teachers' representations are wanted beside their predictions.
    representation : str
        The distiller's parameter.

    Attributes
    ----------
    models_ : list of estimators
        The teachers fitted to all of their observed rows.
    val_folds_ : range
        The folds on which students can be validated.
    """

    def __init__(
        self,
        target: Target,
        teachers: Sequence[TeacherInputs],
        pooling: PoolingRule,
        *,
        needs_features: bool = False,
        representation: str = "auto",
    ) -> None:
        self.target = target
        self.teachers = list(teachers)
        self.pooling = pooling
        self.needs_features = needs_features
        self.representation = representation

    def fit(
        self, data: PairedData, fold_ids: np.ndarray, *, needs_validation: bool, n_jobs: int | None, verbose: bool
    ) -> CrossFittedTeachers:
        """Fit each teacher without each fold and, for validation, without each two.

        Parameters
        ----------
        data : PairedData
        fold_ids : ndarray of shape (n_samples,)
        needs_validation : bool
            Whether students will be validated.
        """
        folds = range(int(fold_ids.max()) + 1)
        if needs_validation and len(folds) < 3:
            raise ValueError(
                f"alpha='auto' and calibrate=True need at least 3 folds, one to validate on and two for the teacher's "
                f"targets; cv gives {len(folds)}. Raise cv, or set alpha to a number and calibrate to False."
            )
        self.data_, self.fold_ids_, self.folds_ = data, fold_ids, folds
        self.val_folds_ = folds[: _n_val_folds(data, fold_ids) if needs_validation else 0]
        self.unlabeled_fold_ids_ = _unlabeled_fold_ids(data, fold_ids)
        self._methods = [
            choose_representation(teacher.model, self.representation)
            for teacher in self.teachers
            if self.needs_features
        ]
        excluded: list[Excluded] = [(), *((fold,) for fold in folds)]
        excluded += [two for two in combinations(folds, 2) if set(two) & set(self.val_folds_)]
        jobs = [(index, out) for index in range(len(self.teachers)) for out in excluded]
        # Training sets are made for all rows and without each validation fold: only their teachers predict the pairs
        # that are in no fold.
        training_sets = [(), *((fold,) for fold in self.val_folds_)]
        calls = (
            (
                self.target,
                self.teachers[index],
                data,
                fold_ids,
                out,
                self.needs_features or not out,
                np.isin(self.unlabeled_fold_ids_, [*out, NO_FOLD] if out in training_sets else out),
            )
            for index, out in jobs
        )
        fits = parallel_map(_fit_and_predict, calls, len(jobs), n_jobs=n_jobs, description="teacher", verbose=verbose)
        self._fits: dict[tuple[int, Excluded], TeacherFit] = dict(zip(jobs, fits, strict=True))
        # Found once for each excluded set: to learn weights is a search.
        self._pool_weights: dict[Excluded, np.ndarray] = {}
        self.models_: list[BaseEstimator] = [
            self._fits[index, ()].fold_fit.model for index in range(len(self.teachers))
        ]
        return self

    def soft_targets(self, exclude: Excluded = ()) -> np.ndarray:
        """Pooled out-of-fold prediction of every labeled row, (n_samples, n_outputs); NaN in excluded folds."""
        if not self.teachers:
            return np.full((len(self.data_.y), self.target.n_outputs), np.nan)
        return linear_pool(self._oof(exclude), self.pool_weights(exclude))

    def pool_weights(self, exclude: Excluded = ()) -> np.ndarray:
        """Weights of the teachers, from the labeled rows outside the excluded folds."""
        if len(self.teachers) == 1:
            return np.ones(1)
        if exclude not in self._pool_weights:
            rows = np.flatnonzero(~np.isin(self.fold_ids_, exclude))
            weight = self.data_.sample_weight
            self._pool_weights[exclude] = self.pooling(
                [prediction[rows] for prediction in self._oof(exclude)],
                self.data_.y[rows],
                None if weight is None else weight[rows],
            )
        return self._pool_weights[exclude]

    def training_data(self, exclude: Excluded = ()) -> TrainingData:
        """Labeled rows outside the excluded folds that have the student's modality, then the unlabeled pairs."""
        data, target = self.data_, self.target
        included = [data.has_student & ~np.isin(self.fold_ids_, exclude)]
        X, y, soft_targets = [data.X], [_encode(data.y, target)], [self.soft_targets(exclude)]
        if data.n_unlabeled and self.teachers:
            included.append(~np.isin(self.unlabeled_fold_ids_, exclude))
            X.append(data.X_unlabeled)
            y.append(_no_targets(y[0], data.n_unlabeled))
            predictions = [self._unlabeled(index, exclude) for index in range(len(self.teachers))]
            soft_targets.append(linear_pool(predictions, self.pool_weights(exclude)))
        n_rows = sum(map(len, included))
        weight, groups = data.sample_weight, data.group_ids
        if weight is not None:
            weight = np.concatenate([weight, np.ones(n_rows - len(weight))])
        return TrainingData(
            stack_tables(X),
            np.concatenate(y),
            np.concatenate(soft_targets),
            target.classes,
            self._teacher_classes(),
            self._features(exclude)[:n_rows] if self.needs_features else None,
            weight,
            None if groups is None else groups[:n_rows],
        ).take(np.concatenate(included))

    def _oof(self, exclude: Excluded) -> list[np.ndarray]:
        """Out-of-fold predictions of each teacher; NaN in excluded folds and where it was not observed."""
        predictions = []
        for index in range(len(self.teachers)):
            prediction = np.full((len(self.data_.y), self.target.n_outputs), np.nan)
            for fold, fit in self._fits_excluding(index, exclude):
                own = self.fold_ids_[fit.fold_fit.rows] == fold
                if own.any():
                    prediction[fit.fold_fit.rows[own]] = fit.fold_fit.prediction[own]
            predictions.append(prediction)
        return predictions

    def _unlabeled(self, index: int, exclude: Excluded) -> np.ndarray:
        """Predictions of a teacher for the unlabeled pairs, each without the fold of the pair's group."""
        prediction = self._fits[index, exclude].unlabeled_prediction.copy()
        for fold, fit in self._fits_excluding(index, exclude):
            own = self.unlabeled_fold_ids_ == fold
            prediction[own] = fit.unlabeled_prediction[own]
        return prediction

    def _fits_excluding(self, index: int, exclude: Excluded) -> Iterator[tuple[int, TeacherFit]]:
        """Each fold that is not excluded, and the teacher fitted without it and without the excluded ones."""
        return (
            (fold, self._fits[index, tuple(sorted((fold, *exclude)))]) for fold in self.folds_ if fold not in exclude
        )

    def _teacher_classes(self) -> np.ndarray | None:
        """Classes that some teacher knows: a ready one may lack those that its training data had not."""
        if not self.teachers or len(self.target.classes) == 0:
            return None
        return np.unique(np.concatenate([model.classes_ for model in self.models_]))

    def _features(self, exclude: Excluded) -> np.ndarray:
        """Representations by all teachers, side by side, of labeled rows, then pairs; of a missing teacher 0, the mean."""
        return np.hstack([np.nan_to_num(self._features_of(index, exclude)) for index in range(len(self.teachers))])

    def _features_of(self, index: int, exclude: Excluded) -> np.ndarray:
        teacher, method = self.teachers[index], self._methods[index]
        n_labeled, whole = len(self.fold_ids_), self._fits[index, exclude].fold_fit.model
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        for fold, fit in self._fits_excluding(index, exclude):
            # A ready teacher is the same one in every fold, whichever process it comes back from.
            model = whole if isinstance(teacher.model, FrozenEstimator) else fit.fold_fit.model
            X_train = teacher.X if model is whole else take_rows(teacher.X, fit.fold_fit.train_rows)
            represent = partial(oof_features, model, whole, X_train)
            rows = fit.fold_fit.rows[self.fold_ids_[fit.fold_fit.rows] == fold]
            if len(rows):
                parts.append((rows, represent(take_rows(teacher.X, rows), method)))
            rows = np.flatnonzero(teacher.unlabeled_observed & (self.unlabeled_fold_ids_ == fold))
            if len(rows):
                parts.append((n_labeled + rows, represent(take_rows(teacher.X_unlabeled, rows), method)))
        rows = np.flatnonzero(teacher.unlabeled_observed & (self.unlabeled_fold_ids_ == NO_FOLD))
        if len(rows):
            parts.append(
                (n_labeled + rows, teacher_representation(whole, take_rows(teacher.X_unlabeled, rows), method))
            )
        features = np.full((n_labeled + len(teacher.unlabeled_observed), parts[0][1].shape[1]), np.nan)
        for rows, values in parts:
            features[rows] = values
        return standardize_features([features])[0]


def _encode(y: np.ndarray, target: Target) -> np.ndarray:
    return np.searchsorted(target.classes, y) if len(target.classes) else y


def _no_targets(y: np.ndarray, n_rows: int) -> np.ndarray:
    """Targets of unlabeled rows, of the shape and type of ``y``."""
    return np.full((n_rows, *y.shape[1:]), np.nan if y.dtype.kind == "f" else UNLABELED, dtype=y.dtype)


def _n_val_folds(data: PairedData, fold_ids: np.ndarray) -> int:
    """Number of folds on which students are validated."""
    rows = data.usable & (fold_ids == 0)
    n_units = rows.sum() if data.groups is None else len(np.unique(data.groups[rows]))
    return 1 if n_units >= MIN_UNITS_FOR_ONE_VAL_FOLD else N_VAL_FOLDS


def _unlabeled_fold_ids(data: PairedData, fold_ids: np.ndarray) -> np.ndarray:
    """The fold of the labeled rows of each unlabeled pair's group; NO_FOLD where there are none."""
    if data.groups is None or data.unlabeled_groups is None:
        return np.full(data.n_unlabeled, NO_FOLD)
    fold_of_group = dict(zip(data.groups, fold_ids, strict=True))
    return np.array([fold_of_group.get(group, NO_FOLD) for group in data.unlabeled_groups])


def _fit_and_predict(
    target: Target,
    teacher: TeacherInputs,
    data: PairedData,
    fold_ids: np.ndarray,
    excluded_folds: Excluded,
    keep_model: bool,
    predict_mask: np.ndarray,
) -> TeacherFit:
    """Fit a teacher without some folds; ``predict_mask``: unlabeled pairs to predict."""
    unlabeled = np.full((len(teacher.unlabeled_observed), target.n_outputs), np.nan)
    rows = teacher.unlabeled_observed & predict_mask[: len(unlabeled)]
    with explain_failure(teacher.model, "teacher", partial(_tables_of, teacher)):
        fit = fit_without_folds(
            teacher.model,
            teacher.X,
            data.y,
            fold_ids,
            excluded_folds,
            target.predict,
            target.check_training_labels,
            teacher.observed,
            data.sample_weight,
            data.groups,
            keep_model=True,
        )
        if rows.any():
            unlabeled[rows] = target.predict(fit.model, take_rows(teacher.X_unlabeled, rows))
    if len(target.classes):
        # If a class is missing from the teacher's training rows, its soft target is NaN, not 0.
        fit.prediction[~np.isin(data.y[fit.rows], fit.model.classes_)] = np.nan
    return TeacherFit(fit if keep_model else replace(fit, model=None), unlabeled)


def _tables_of(teacher: TeacherInputs) -> dict[str, Table]:
    tables = {"X_teacher": take_rows(teacher.X, teacher.observed)}
    if teacher.X_unlabeled is not None:
        tables[UNLABELED_PAIRS_NAMES[1]] = take_rows(teacher.X_unlabeled, teacher.unlabeled_observed)
    return tables
