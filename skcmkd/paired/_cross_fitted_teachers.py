"""Out-of-fold soft targets: of each row by models that are not fitted to it, pooled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from .._distillation._representations import choose_representation
from .._distillation._targets import Target
from .._distillation._teacher_features import oof_features, standardize_features
from .._distillation._training_data import UNLABELED, TrainingData, stack_tables
from .._model_selection._cross_fitting import FoldFit
from .._utils._parallel import parallel_map
from .._validation._tables import take_rows
from ._data import NO_FOLD, PairedData
from ._further_rounds import predict_after_a_round
from ._pooling import Pool, PoolingRule
from ._teacher_fit import fit_teacher
from ._teachers import TeacherInputs

# Validate on two folds, or on the first alone if it has 1000 rows or groups. More folds cost more and did not help.
N_VAL_FOLDS, MIN_UNITS_FOR_ONE_VAL_FOLD = 2, 1000
Excluded = tuple[int, ...]


class CrossFittedTeachers:
    """Out-of-fold soft targets of one or several teachers, nested for validation folds.

    For a student that is validated on fold j, the soft targets of fold k come from teachers fitted without folds j and
    k, so that none depends on a validation row. With K folds that takes K - 1 more fits of a teacher for one validation
    fold, 2K - 3 for two. The weights of the pool of fold k are computed without the rows of folds j and k, too.

    The student's own model can be one more member of the pool: it is cross-fitted as the teachers are.

    An unlabeled pair whose group has labeled rows follows them: its soft target comes from a teacher that is not fitted
    to the group, and it is left out where the group is in the validation fold.

    Parameters
    ----------
    target : ClassificationTarget or RegressionTarget
    teachers : list of TeacherInputs
    pooling : callable
        The pool of several predictions, from those out of fold.
    own_model : TeacherInputs or None
        The student's model and its table.
    needs_features : bool
        Whether the objective compares representations.
    representation : str
        The distiller's parameter.
    n_rounds : int
        Rounds of soft targets of the unlabeled pairs; in each after the first the members learn those of the last.
    keeps_teacher_table : bool
        Whether the training data have the teacher's table, which the student's features are made of.

    Attributes
    ----------
    members : list of TeacherInputs
        The teachers, then the student's own model.
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
        own_model: TeacherInputs | None = None,
        *,
        needs_features: bool = False,
        representation: str = "auto",
        n_rounds: int = 1,
        keeps_teacher_table: bool = False,
    ) -> None:
        self.target = target
        self.teachers = list(teachers)
        self.pooling = pooling
        self.members = [*teachers] if own_model is None else [*teachers, own_model]
        self.needs_features = needs_features
        self.representation = representation
        self.n_rounds = n_rounds
        self.keeps_teacher_table = keeps_teacher_table

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
        n_jobs, verbose
            The distiller's parameters.
        """
        folds = range(int(fold_ids.max()) + 1)
        self._parallel: dict[str, Any] = {"n_jobs": n_jobs, "verbose": verbose}
        if needs_validation and len(folds) < 3:
            raise ValueError(
                f"alpha='auto' and calibrate=True need at least 3 folds, one to validate on and two for the teacher's "
                f"targets; cv gives {len(folds)}. Raise cv, or set alpha to a number and calibrate to False."
            )
        self.data_, self.fold_ids_, self.folds_ = data, fold_ids, folds
        self.val_folds_ = folds[: _n_val_folds(data, fold_ids) if needs_validation else 0]
        self.unlabeled_fold_ids_ = data.unlabeled_fold_ids(fold_ids)
        self._methods: list[str] = []
        if self.needs_features:
            self._methods = [choose_representation(teacher.model, self.representation) for teacher in self.teachers]
        excluded: list[Excluded] = [(), *((fold,) for fold in folds)]
        excluded += [two for two in combinations(folds, 2) if set(two) & set(self.val_folds_)]
        # The student's own model first: what it cannot take is reported before the teachers, which may take long.
        order = [*range(len(self.teachers), len(self.members)), *range(len(self.teachers))]
        jobs = [(index, out) for index in order for out in excluded]
        # Only the teachers of a training set, of all rows or of those outside a validation fold, predict the pairs that
        # are in no fold.
        training_sets = [(), *((fold,) for fold in self.val_folds_)]
        calls = (
            (
                self.target,
                self.members[index],
                data,
                fold_ids,
                out,
                index < len(self.teachers) and (self.needs_features or not out),
                np.isin(self.unlabeled_fold_ids_, [*out, NO_FOLD] if out in training_sets else out),
            )
            for index, out in jobs
        )
        fits = parallel_map(fit_teacher, calls, len(jobs), n_jobs=n_jobs, description="teacher", verbose=verbose)
        self._fits: dict[tuple[int, Excluded], FoldFit] = {job: fit for job, (fit, _) in zip(jobs, fits, strict=True)}
        self._unlabeled_predictions = {job: prediction for job, (_, prediction) in zip(jobs, fits, strict=True)}
        # Computed once: weights take a search.
        self._pools: dict[tuple[Excluded, int], Pool] = {}
        self.models_: list[BaseEstimator] = [self._fits[index, ()].model for index in range(len(self.teachers))]
        return self

    def soft_targets(self, exclude: Excluded = ()) -> np.ndarray:
        """Pooled out-of-fold prediction of every labeled row, (n_samples, n_outputs); NaN in excluded folds."""
        if not self.teachers:
            return np.full((len(self.data_.y), self.target.n_outputs), np.nan)
        return self._pool_by_fold(self._oof(exclude), self.fold_ids_, exclude)

    def named_weights(self) -> dict[str, float]:
        """Weights of the pool's members, from all labeled rows."""
        return dict(zip([member.name for member in self.members], self.pool().weights.tolist(), strict=True))

    def pool(self, exclude: Excluded = (), fold: int = NO_FOLD) -> Pool:
        """The pool for rows of a fold: from the labeled rows outside this fold and the excluded ones."""
        if (exclude, fold) not in self._pools:
            rows = np.flatnonzero(~np.isin(self.fold_ids_, [*exclude, fold]))
            weight = self.data_.sample_weight
            self._pools[exclude, fold] = self.pooling(
                [prediction[rows] for prediction in self._oof(exclude)],
                self.data_.y[rows],
                None if weight is None else weight[rows],
            )
        return self._pools[exclude, fold]

    def training_data(self, exclude: Excluded = (), *, labeled_soft_targets: bool = True) -> TrainingData:
        """Labeled rows outside the excluded folds that have the student's modality, then the unlabeled pairs.

        Parameters
        ----------
        exclude : tuple of int
        labeled_soft_targets : bool
            Whether labeled rows have a soft target, too.
        """
        data, target = self.data_, self.target
        included = [data.has_student & ~np.isin(self.fold_ids_, exclude)]
        X, y, soft_targets = [data.X], [_encode(data.y, target)], [self.soft_targets(exclude)]
        X_teacher = [data.X_teacher]
        if not labeled_soft_targets:
            soft_targets = [np.full_like(soft_targets[0], np.nan)]
        if data.n_unlabeled and self.teachers:
            included.append(~np.isin(self.unlabeled_fold_ids_, exclude))
            X.append(data.X_unlabeled)
            X_teacher.append(data.X_teacher_unlabeled)
            y.append(_no_targets(y[0], data.n_unlabeled))
            soft_targets.append(self._unlabeled_soft_targets(included[1], exclude))
        n_rows = sum(map(len, included))
        weight, groups = data.row_weight, data.group_ids
        return TrainingData(
            stack_tables(X),
            np.concatenate(y),
            np.concatenate(soft_targets),
            target.classes,
            self._teacher_classes(),
            self._features(exclude)[:n_rows] if self.needs_features else None,
            None if weight is None else weight[:n_rows],
            None if groups is None else groups[:n_rows],
            stack_tables(X_teacher) if self.keeps_teacher_table else None,
        ).take(np.concatenate(included))

    def _unlabeled_soft_targets(self, included: np.ndarray, exclude: Excluded) -> np.ndarray:
        """Pooled prediction of every unlabeled pair after all rounds, (n_unlabeled, n_outputs)."""
        predictions = [self._unlabeled(index, exclude) for index in range(len(self.members))]
        soft_targets = self._pool_by_fold(predictions, self.unlabeled_fold_ids_, exclude)
        masks = ~np.isin(self.fold_ids_, exclude), included
        for _ in range(self.n_rounds - 1):
            predictions = predict_after_a_round(
                self.members, predictions, soft_targets, self.data_, self.target, *masks, **self._parallel
            )
            soft_targets = self._pool_by_fold(predictions, self.unlabeled_fold_ids_, exclude)
        return soft_targets

    def _pool_by_fold(self, predictions: list[np.ndarray], fold_ids: np.ndarray, exclude: Excluded) -> np.ndarray:
        """Pool predictions of rows, those of each fold with weights that are fitted without the fold."""
        pooled = np.full_like(predictions[0], np.nan)
        for fold in np.unique(fold_ids[~np.isin(fold_ids, exclude)]).tolist():
            rows = fold_ids == fold
            pooled[rows] = self.pool(exclude, fold)([prediction[rows] for prediction in predictions])
        return pooled

    def _oof(self, exclude: Excluded) -> list[np.ndarray]:
        """Out-of-fold predictions of each teacher; NaN in excluded folds and where it was not observed."""
        predictions = []
        for index in range(len(self.members)):
            prediction = np.full((len(self.data_.y), self.target.n_outputs), np.nan)
            for fold, job in self._jobs_excluding(index, exclude):
                fit = self._fits[job]
                in_fold = self.fold_ids_[fit.rows] == fold
                if in_fold.any():
                    prediction[fit.rows[in_fold]] = fit.prediction[in_fold]
            predictions.append(prediction)
        return predictions

    def _unlabeled(self, index: int, exclude: Excluded) -> np.ndarray:
        """Predictions of a teacher for the unlabeled pairs, each fitted without the fold of the pair's group."""
        prediction = self._unlabeled_predictions[index, exclude].copy()
        for fold, job in self._jobs_excluding(index, exclude):
            in_fold = self.unlabeled_fold_ids_ == fold
            prediction[in_fold] = self._unlabeled_predictions[job][in_fold]
        return prediction

    def _jobs_excluding(self, index: int, exclude: Excluded) -> Iterator[tuple[int, tuple[int, Excluded]]]:
        """Each fold that is not excluded, and the key of the teacher fitted without it and the excluded ones."""
        return ((fold, (index, tuple(sorted((fold, *exclude))))) for fold in self.folds_ if fold not in exclude)

    def _teacher_classes(self) -> np.ndarray | None:
        """Classes in the training data of some teacher; a frozen teacher may lack some."""
        if not self.teachers or len(self.target.classes) == 0:
            return None
        return np.unique(np.concatenate([model.classes_ for model in self.models_]))

    def _features(self, exclude: Excluded) -> np.ndarray:
        """Representations by all teachers, side by side, of labeled rows, then pairs; 0, the mean, where missing."""
        return np.hstack([np.nan_to_num(self._features_of(index, exclude)) for index in range(len(self.teachers))])

    def _features_of(self, index: int, exclude: Excluded) -> np.ndarray:
        """Standardized representations by one teacher in one space; a row of NaN has no teacher."""
        teacher, method = self.teachers[index], self._methods[index]
        n_labeled, full_model = len(self.fold_ids_), self._fits[index, exclude].model
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        for fold, job in self._jobs_excluding(index, exclude):
            fit = self._fits[job]
            # A frozen teacher is the same model in every fold, although other processes return copies of it.
            model = full_model if isinstance(teacher.model, FrozenEstimator) else fit.model
            X_train = teacher.X if model is full_model else take_rows(teacher.X, fit.train_rows)
            represent = partial(oof_features, model, full_model, X_train)
            rows = fit.rows[self.fold_ids_[fit.rows] == fold]
            if len(rows):
                parts.append((rows, represent(take_rows(teacher.X, rows), method)))
            rows = np.flatnonzero(teacher.unlabeled_observed & (self.unlabeled_fold_ids_ == fold))
            if len(rows):
                parts.append((n_labeled + rows, represent(take_rows(teacher.X_unlabeled, rows), method)))
        rows = np.flatnonzero(teacher.unlabeled_observed & (self.unlabeled_fold_ids_ == NO_FOLD))
        if len(rows):
            held_out = take_rows(teacher.X_unlabeled, rows)
            parts.append((n_labeled + rows, oof_features(full_model, full_model, teacher.X, held_out, method)))
        features = np.full((n_labeled + len(teacher.unlabeled_observed), parts[0][1].shape[1]), np.nan)
        for rows, values in parts:
            features[rows] = values
        return standardize_features([features])[0]


def _encode(y: np.ndarray, target: Target) -> np.ndarray:
    """Positions of the classes, or continuous targets as they are."""
    return np.searchsorted(target.classes, y) if len(target.classes) else y


def _no_targets(y: np.ndarray, n_rows: int) -> np.ndarray:
    """Targets of unlabeled rows, of the shape and type of ``y``."""
    return np.full((n_rows, *y.shape[1:]), np.nan if y.dtype.kind == "f" else UNLABELED, dtype=y.dtype)


def _n_val_folds(data: PairedData, fold_ids: np.ndarray) -> int:
    """Number of validation folds."""
    rows = data.usable & (fold_ids == 0)
    n_units = rows.sum() if data.groups is None else len(np.unique(data.groups[rows]))
    return 1 if n_units >= MIN_UNITS_FOR_ONE_VAL_FOLD else N_VAL_FOLDS
