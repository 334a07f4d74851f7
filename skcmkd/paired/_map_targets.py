"""What of the teacher is predicted from the student's table: scores, columns or components, out of some folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.utils.extmath import randomized_svd

from .._distillation._targets import Target
from .._distillation._training_data import stack_tables
from .._linear_model._ridge import to_design_matrix
from .._model_selection._probabilities import centered_log_ratio
from .._utils._parallel import parallel_map
from .._validation._table_checks import UNLABELED_PAIRS_NAMES, check_numeric
from ._data import NO_FOLD, PairedData
from ._teacher_fit import fit_teacher
from ._teachers import TeacherInputs

Excluded = tuple[int, ...]
# targets(excluded folds): (n_pairs, n_outputs), labeled rows first; a row of NaN is in these folds or has no teacher.
MapTargets = Callable[[Excluded], np.ndarray]
# More columns of a teacher than these are replaced by so many components.
MAX_COLUMNS = 500


@dataclass(frozen=True)
class PairFolds:
    """Folds of labeled rows and of unlabeled pairs, which follow the labeled rows of their group.

    Attributes
    ----------
    labeled : ndarray of shape (n_samples,)
    unlabeled : ndarray of shape (n_unlabeled,)
    """

    labeled: np.ndarray
    unlabeled: np.ndarray

    @classmethod
    def from_labeled(cls, data: PairedData, fold_ids: np.ndarray) -> PairFolds:
        """Folds of all pairs from those of the labeled rows."""
        return cls(fold_ids, data.unlabeled_fold_ids(fold_ids))

    @property
    def n_folds(self) -> int:
        return int(self.labeled.max()) + 1

    def outside(self, excluded: Excluded) -> np.ndarray:
        """Mask of the pairs outside some folds, labeled rows first."""
        return ~np.isin(np.concatenate([self.labeled, self.unlabeled]), excluded)


def score_targets(
    target: Target,
    teacher: TeacherInputs,
    data: PairedData,
    folds: PairFolds,
    *,
    nested: bool,
    n_jobs: int | None,
) -> MapTargets:
    """The teacher's scores: of each pair by a teacher that is fitted neither to it nor to the excluded folds.

    With n labeled rows and K classes the scores of probabilities q are log((n q_k + 1) / (n + K)), less its mean
    over classes: a probability of 0, as trees give it, does not outweigh all others. Those of a continuous target are
    the predictions, standardized over the pairs outside the excluded folds.

    Parameters
    ----------
    target : ClassificationTarget or RegressionTarget
    teacher : TeacherInputs
    data : PairedData
    folds : PairFolds
    nested : bool
        Whether single folds will be excluded; otherwise none.
    n_jobs : int or None
    """
    every = range(folds.n_folds)
    excluded: list[Excluded] = [(fold,) for fold in every]
    if (folds.unlabeled == NO_FOLD).any():
        excluded.append(())
    if nested:
        excluded += combinations(every, 2)
    # A teacher without two folds serves these folds alone.
    served = [np.isin(folds.unlabeled, out if len(out) == 2 else (*out, NO_FOLD)) for out in excluded]
    calls = (
        (target, teacher, data, folds.labeled, out, False, pairs) for out, pairs in zip(excluded, served, strict=True)
    )
    fits = parallel_map(fit_teacher, calls, len(excluded), n_jobs=n_jobs, description="teacher", verbose=False)
    fit_of = dict(zip(excluded, fits, strict=True))

    def targets(excluded: Excluded) -> np.ndarray:
        prediction = np.full((len(data.y) + data.n_unlabeled, target.n_outputs), np.nan)
        labeled, unlabeled = prediction[: len(data.y)], prediction[len(data.y) :]
        for fold in set(every) - set(excluded):
            fit, of_unlabeled = fit_of[tuple(sorted((*excluded, fold)))]
            in_fold = folds.labeled[fit.rows] == fold
            if in_fold.any():
                labeled[fit.rows[in_fold]] = fit.prediction[in_fold]
            in_fold = folds.unlabeled == fold
            unlabeled[in_fold] = of_unlabeled[in_fold]
        in_no_fold = folds.unlabeled == NO_FOLD
        if in_no_fold.any():
            unlabeled[in_no_fold] = fit_of[excluded][1][in_no_fold]
        if len(target.classes):
            return _to_scores(prediction, len(data.y))
        # Several targets may have different units.
        return _standardize(prediction, ~np.isnan(prediction).any(axis=1))

    return targets


def _to_scores(proba: np.ndarray, n_labeled: int) -> np.ndarray:
    """Centered log-ratios of smoothed probabilities; of two classes the first alone."""
    known, n_classes = ~np.isnan(proba).any(axis=1), proba.shape[1]
    scores = np.full((len(proba), 1 if n_classes == 2 else n_classes), np.nan)
    if known.any():
        scores[known] = centered_log_ratio((n_labeled * proba[known] + 1) / (n_labeled + n_classes))
    return scores


def column_targets(teacher: TeacherInputs, folds: PairFolds) -> MapTargets:
    """The teacher's columns, standardized over the pairs outside the excluded folds; missing values are the mean."""
    numbers, observed = teacher_numbers(teacher)

    def targets(excluded: Excluded) -> np.ndarray:
        return _standardize(numbers, observed & folds.outside(excluded))

    return targets


def component_targets(teacher: TeacherInputs, folds: PairFolds, n_components: int, seed: int | None) -> MapTargets:
    """The leading principal components of the teacher's standardized columns.

    Columns are standardized and components computed over all pairs, in excluded folds, too: those of other pairs would
    be other coordinates. They depend on no label.
    """
    numbers, observed = teacher_numbers(teacher)
    standardized = _standardize(numbers, observed)
    n_components = min(n_components, int(observed.sum()), numbers.shape[1])
    directions = randomized_svd(standardized[observed], n_components, random_state=0 if seed is None else seed)[2]
    components = standardized @ directions.T

    def targets(excluded: Excluded) -> np.ndarray:
        return np.where(folds.outside(excluded)[:, None], components, np.nan)

    return targets


def teacher_numbers(teacher: TeacherInputs) -> tuple[np.ndarray, np.ndarray]:
    """The teacher's table as numbers, (n_pairs, n_columns), and the mask of the pairs that have its modality."""
    check_numeric(teacher.X, "X_teacher", "teacher")
    tables, masks = [to_design_matrix(teacher.X)], [teacher.observed]
    if teacher.X_unlabeled is not None:
        check_numeric(teacher.X_unlabeled, UNLABELED_PAIRS_NAMES[1], "teacher")
        tables.append(to_design_matrix(teacher.X_unlabeled))
        masks.append(teacher.unlabeled_observed)
    return stack_tables(tables), np.concatenate(masks)


def _standardize(numbers: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1 over some rows, missing values 0; other rows are NaN."""
    standardized = np.full(numbers.shape, np.nan)
    if not rows.any():
        return standardized
    values = numbers[rows]
    values[:, np.isnan(values).all(axis=0)] = 0.0
    scaler = StandardScaler().set_output(transform="default")
    standardized[rows] = np.nan_to_num(scaler.fit_transform(values))
    return standardized
