"""The maps of PredictedTeacherFeatures: of all pairs, and for cross-fitted features of those outside each fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator

from .._distillation._targets import Target
from .._linear_model._logistic import make_default_classifier
from .._linear_model._ridge import LeaveOutRidge
from .._model_selection._folds import make_fold_ids
from .._validation._sklearn import feature_names, n_features, set_random_states
from .._validation._tables import Table
from ._data import PairedData
from ._map_targets import MAX_COLUMNS, Excluded, PairFolds, column_targets, component_targets, score_targets
from ._predicted_block import PredictedBlock, cross_fitted_block, fit_blocks
from ._teachers import TeacherInputs, prepare_teachers


@dataclass(frozen=True)
class FittedFeatures:
    """The map of all pairs, and the features by the maps of the folds.

    Attributes
    ----------
    block : PredictedBlock
    cross_fitted : ndarray of shape (n_samples, n_predicted) or None
        Features of each labeled row by a map that is not fitted to its fold.
    names : list of str
        Of the predicted features.
    n_folds : int or None
    """

    block: PredictedBlock
    cross_fitted: np.ndarray | None = None
    names: Sequence[str] = ()
    n_folds: int | None = None


NO_FEATURES = FittedFeatures(PredictedBlock(None, np.zeros(0), 0.0))


def fit_features(
    data: PairedData,
    target: Target | None,
    *,
    predicted: str,
    teacher: BaseEstimator | None,
    predictor: BaseEstimator,
    n_components: int,
    scale: float,
    cv: Any,
    seed: int | None,
    n_jobs: int | None,
    cross_fit: bool,
) -> FittedFeatures:
    """Fit the map to all pairs and, for cross-fitted features, one to the pairs outside each fold.

    Parameters
    ----------
    data : PairedData
    target : ClassificationTarget, RegressionTarget or None
        Of the scores; None where none are predicted.
    predicted, teacher, predictor, n_components, scale, cv, n_jobs
        Parameters of PredictedTeacherFeatures.
    seed : int or None
    cross_fit : bool
    """
    # Only scores have a teacher; a frozen one would select its columns.
    model = _default_teacher(target) if target is None or teacher is None else teacher
    inputs = prepare_teachers(data, model, False, LeaveOutRidge, "teacher", seed)[0]
    folds = _make_folds(cv, data, inputs, target)
    if target is not None:
        target.check_teacher(model)
        _check_enough_folds(folds.n_folds, cv, cross_fit)
        names = _score_names(target)
        targets = score_targets(target, inputs, data, folds, nested=cross_fit, n_jobs=n_jobs)
    elif predicted == "columns" and n_features(inputs.X) <= MAX_COLUMNS:
        names = _column_names(inputs.X)
        targets = column_targets(inputs, folds)
    else:
        n_components = n_components if predicted == "components" else MAX_COLUMNS
        targets = component_targets(inputs, folds, n_components, seed)
        names = [f"predicted_component_{number}" for number in range(targets(()).shape[1])]
    excluded: list[Excluded] = [(), *((fold,) for fold in range(folds.n_folds))]
    blocks = fit_blocks(
        set_random_states(clone(predictor), seed),
        data,
        targets,
        excluded if cross_fit else excluded[:1],
        scale=scale,
        n_jobs=n_jobs,
    )
    features = cross_fitted_block(blocks[1:], data.X, folds.labeled) if cross_fit else None
    return FittedFeatures(blocks[0], features, names, folds.n_folds)


def _default_teacher(target: Target | None) -> BaseEstimator:
    """A linear model with its penalty chosen inside each training part, as the default encoder of CCHSelector."""
    return make_default_classifier() if target is not None and len(target.classes) else LeaveOutRidge()


def _make_folds(cv: Any, data: PairedData, teacher: TeacherInputs, target: Target | None) -> PairFolds:
    """Folds of the pairs, with each pattern of missing modalities spread evenly over them.

    Labels that no model is fitted to, as with a frozen teacher, do not matter.
    """
    patterns = np.unique(2 * data.has_student + teacher.observed, return_inverse=True)[1]
    read = None if isinstance(teacher.model, FrozenEstimator) else target
    # Without labels neighbors in the order of the rows go to different folds.
    y = np.arange(len(data.y)) if read is None else data.y
    is_class = read is not None and len(read.classes) > 0
    fold_ids = make_fold_ids(cv, y, classes=is_class, groups=data.groups, strata=patterns if patterns.any() else None)
    return PairFolds.from_labeled(data, fold_ids)


def _check_enough_folds(n_folds: int, cv: Any, cross_fit: bool) -> None:
    if cross_fit and n_folds < 3:
        raise ValueError(
            "Cross-fitted scores need at least 3 folds, one to predict and two for the teacher's scores of the others; "
            f"cv={cv!r} gives {n_folds}. Raise cv, or set predicted to 'columns' or 'components'."
        )


def _score_names(target: Target) -> list[str]:
    if len(target.classes) == 0:
        return [f"predicted_target_{number}" for number in range(target.n_outputs)]
    # Of two classes the first has the score.
    named = target.classes[:1] if len(target.classes) == 2 else target.classes
    return [f"predicted_score_{label}" for label in named.tolist()]


def _column_names(X: Table) -> list[str]:
    names = feature_names(X)
    return [f"predicted_{name}" for name in (range(n_features(X)) if names is None else names)]
