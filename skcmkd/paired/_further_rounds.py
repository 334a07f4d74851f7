"""A further round of soft targets: each member of the pool learns those of half of the pairs and predicts the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator

from .._distillation._fit_student import fit_student
from .._distillation._student_loss import StudentLoss
from .._distillation._targets import Target
from .._distillation._training_data import UNLABELED, TrainingData, stack_tables
from .._linear_model._ridge import to_design_matrix
from .._model_selection._pipelines import final_estimator, fit_accepts
from .._model_selection._row_order import order_by_content
from .._utils._parallel import parallel_map
from .._validation._failures import explain_failure
from .._validation._tables import take_rows
from .._validation._target_checks import normalize_weight
from ..networks._base import Network
from ..networks._mlp import NetworkClassifier
from ._data import PairedData
from ._teachers import TeacherInputs


def resolve_rounds(n_rounds: int | str, models: Sequence[BaseEstimator], target: Target) -> int:
    """The number of rounds; "auto" is two for classes, one for a continuous target and where a model is a network."""
    if n_rounds != "auto":
        return int(n_rounds)
    uses_network = any(isinstance(final_estimator(model), Network) for model in models)
    return 1 if uses_network or len(target.classes) == 0 else 2


def learns_soft_targets(model: BaseEstimator, data: PairedData, target: Target) -> bool:
    """Whether a member of the pool can be fitted to soft targets; a frozen one, for example, cannot."""
    if isinstance(model, FrozenEstimator):
        return False
    needs_weight = len(target.classes) > 0 or data.sample_weight is not None
    is_network = isinstance(final_estimator(model), NetworkClassifier)
    return is_network or not needs_weight or fit_accepts(model, "sample_weight")


def predict_after_a_round(
    members: Sequence[TeacherInputs],
    predictions: Sequence[np.ndarray],
    soft_targets: np.ndarray,
    data: PairedData,
    target: Target,
    included: np.ndarray,
    unlabeled_included: np.ndarray,
    *,
    n_jobs: int | None,
    verbose: bool,
) -> list[np.ndarray]:
    """Predictions of the unlabeled pairs by members that are fitted to labels and to soft targets of other pairs.

    The pairs are halved. A member learns the labels and the soft targets of one half, all rows with the same weight,
    and predicts the other one. Labeled rows of a group that has pairs in the other half are left out.

    Parameters
    ----------
    members : list of TeacherInputs
    predictions : list of ndarray of shape (n_unlabeled, n_outputs)
        Of each member; kept for one that cannot be fitted to soft targets.
    soft_targets : ndarray of shape (n_unlabeled, n_outputs)
    data : PairedData
    target : ClassificationTarget or RegressionTarget
    included, unlabeled_included : ndarray of bool of shape (n_samples,) and (n_unlabeled,)
        Masks of the labeled rows and of the pairs to fit to.
    n_jobs, verbose
        The distiller's parameters.
    """
    half_ids = halve_pairs(data)
    group_ids, n = data.group_ids, len(data.y)
    learners = [index for index, member in enumerate(members) if learns_soft_targets(member.model, data, target)]
    jobs = [(index, half) for index in learners for half in (0, 1)]

    def call(index: int, half: int) -> tuple:
        rows, pairs = included & members[index].observed, unlabeled_included & members[index].unlabeled_observed
        in_half = half_ids == half
        if group_ids is not None:
            rows = rows & ~np.isin(group_ids[:n], group_ids[n:][in_half])
        return members[index], soft_targets, data, target, rows, pairs & ~in_half, pairs & in_half

    fits = parallel_map(
        _fit_and_predict, (call(*job) for job in jobs), len(jobs), n_jobs=n_jobs, description="round", verbose=verbose
    )
    predictions = [prediction.copy() for prediction in predictions]
    for (index, half), prediction in zip(jobs, fits, strict=True):
        rows = (half_ids == half) & ~np.isnan(prediction).any(axis=1)
        predictions[index][rows] = prediction[rows]
    return predictions


def halve_pairs(data: PairedData) -> np.ndarray:
    """The half of each unlabeled pair, 0 or 1, whatever the order of the pairs; a group is in one half."""
    X, groups = data.X_unlabeled, data.group_ids
    X = X if issparse(X) else to_design_matrix(X)
    order = order_by_content(X, np.zeros(data.n_unlabeled))
    units = order if groups is None else groups[len(data.y) :][order]
    # Units in the order of their first row go to the halves in turn.
    _, first, unit_ids = np.unique(units, return_index=True, return_inverse=True)
    half_ids = np.empty(data.n_unlabeled, dtype=int)
    half_ids[order] = np.argsort(np.argsort(first))[unit_ids] % 2
    return half_ids


def _fit_and_predict(
    member: TeacherInputs,
    soft_targets: np.ndarray,
    data: PairedData,
    target: Target,
    rows: np.ndarray,
    pairs: np.ndarray,
    predicted: np.ndarray,
) -> np.ndarray:
    """Fit a clone of a member to labeled rows and pairs, and predict other pairs; NaN for all others."""
    prediction = np.full(soft_targets.shape, np.nan)
    pairs = pairs & ~np.isnan(soft_targets).any(axis=1)
    if not (rows.any() and pairs.any() and predicted.any()):
        return prediction
    training_data = _training_data(member, soft_targets, data, target, rows, pairs)
    # Without some class the member would predict none of it.
    if len(training_data.classes) < len(target.classes):
        return prediction
    loss = StudentLoss(alpha=float(pairs.sum() / (pairs.sum() + rows.sum())))
    with explain_failure(member.model, member.role, lambda: {"X": training_data.X}):
        model = fit_student(clone(member.model), training_data, loss)
        prediction[predicted] = target.predict(model, take_rows(member.X_unlabeled, predicted))
    return prediction


def _training_data(
    member: TeacherInputs,
    soft_targets: np.ndarray,
    data: PairedData,
    target: Target,
    rows: np.ndarray,
    pairs: np.ndarray,
) -> TrainingData:
    classes, n_pairs = target.classes, int(pairs.sum())
    y = np.searchsorted(classes, data.y[rows]) if len(classes) else data.y[rows]
    missing = np.full((n_pairs, *y.shape[1:]), UNLABELED if len(classes) else np.nan, dtype=y.dtype)
    both = np.concatenate([rows, pairs])
    weight, groups = (None if a is None else a[both] for a in (data.row_weight, data.group_ids))
    return TrainingData(
        stack_tables([take_rows(member.X, rows), take_rows(member.X_unlabeled, pairs)]),
        np.concatenate([y, missing]),
        np.concatenate([np.full((rows.sum(), target.n_outputs), np.nan), soft_targets[pairs]]),
        classes,
        # The scale of the weights must not change a penalized member, whose soft targets it would flatten.
        sample_weight=normalize_weight(weight),
        groups=groups,
    )
