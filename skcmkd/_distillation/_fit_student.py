"""Fitting any student to labels and to soft targets: class probabilities, or predicted numbers."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import has_fit_parameter

from .._linear_model._soft_logistic import fit_soft_logistic, supports_soft_targets
from .._model_selection._pipelines import (
    check_keeps_rows,
    final_estimator,
    fit_accepts,
    fit_final_estimator,
    fit_with_metadata,
)
from .._validation._tables import Table, take_rows
from ..networks._mlp import NetworkClassifier
from ._fit_network import fit_network_student
from ._student_loss import StudentLoss, loss_weights
from ._training_data import TrainingData

ROUTING_WITHHOLDS = (
    "metadata routing is enabled, and the models inside it do not request the sample_weight that this needs. Call "
    "set_fit_request(sample_weight=True) on each (of a scorer set_score_request), or disable routing."
)


def check_accepts_soft_targets(student: BaseEstimator) -> None:
    """Raise unless the student can be trained on class probabilities."""
    check_keeps_rows(student)
    model = final_estimator(student)
    if not isinstance(model, NetworkClassifier) and not fit_accepts(model, "sample_weight"):
        raise ValueError(
            f"The student {model.__class__.__name__} cannot be trained on soft targets: "
            + (
                ROUTING_WITHHOLDS
                if has_fit_parameter(model, "sample_weight")
                else "its fit takes no sample_weight. Use one that does, such as LogisticRegression, "
                "RandomForestClassifier or NetworkClassifier."
            )
        )


def check_accepts_sample_weight(student: BaseEstimator, reason: str) -> None:
    """Raise unless the student takes row weights; ``reason`` names what needs them."""
    model = final_estimator(student)
    if not fit_accepts(model, "sample_weight"):
        name = model.__class__.__name__
        raise ValueError(
            f"The student {name} cannot be fitted with {reason}: {ROUTING_WITHHOLDS}"
            if has_fit_parameter(model, "sample_weight")
            else f"The student {name} takes no sample_weight in fit, and {reason} needs it. Use one that does, such as "
            "Ridge, LogisticRegression, HistGradientBoostingRegressor or a network."
        )


def fit_student(student: BaseEstimator, data: TrainingData, loss: StudentLoss) -> BaseEstimator:
    """Fit the student in place (a pipeline's last step is replaced) and return it.

    With labels only this is the student's own ``fit`` on the labeled rows. Transformers before the last step of a
    pipeline are fitted to the labeled rows, as they are without a teacher.
    """
    if loss.uses_labels_only:
        labeled = data.labeled_rows()
        return fit_with_metadata(student, labeled.X, labeled.target, labeled.sample_weight, labeled.groups)
    return fit_final_estimator(student, data.X, data.target, lambda model, X: _fit_model(model, X, data, loss))


def _fit_model(model: BaseEstimator, X: Table, data: TrainingData, loss: StudentLoss) -> BaseEstimator:
    """Fit a model that is no pipeline; ``X`` is the table of ``data`` as the steps before the model transform it."""
    has_soft_target, weight = data.has_soft_target, data.sample_weight
    usable = has_soft_target if weight is None else has_soft_target & (weight > 0)
    # If no row has a soft target, use the labels only.
    alpha = loss.alpha if usable.any() else 0.0
    label_weight, teacher_weight = loss_weights(data.labeled, has_soft_target, alpha, weight)
    if data.is_regression:
        return _fit_mixed_targets(model, X, data, label_weight, teacher_weight)
    if isinstance(model, NetworkClassifier):
        return fit_network_student(model, X, data, loss, label_weight, teacher_weight)
    targets, one_hot_labels = _mixed_targets(data, label_weight, teacher_weight)
    if supports_soft_targets(model) and len(data.classes) > 1:
        return fit_soft_logistic(model, X, targets, data.classes)
    return _fit_repeated_rows(model, X, data, targets, one_hot_labels)


def _fit_mixed_targets(
    model: BaseEstimator, X: Table, data: TrainingData, label_weight: np.ndarray, teacher_weight: np.ndarray
) -> BaseEstimator:
    """Targets (a_i y_i + b_i t_i) / (a_i + b_i) of weight a_i + b_i.

    a (y - p)^2 + b (t - p)^2 is (a + b) times the squared distance of p to that target, plus a constant. A model that
    takes no weights is fitted where all rows weigh the same.
    """
    total = label_weight + teacher_weight
    share = np.divide(teacher_weight, total, out=np.zeros_like(total), where=total > 0)
    mixed = data.y.astype(np.float64).reshape(len(data.y), -1)
    # The label of an unlabeled row has weight 0: any number will do.
    mixed[~data.labeled] = mixed[0]
    has_soft_target = share > 0
    mixed[has_soft_target] += share[has_soft_target, None] * (
        data.soft_targets[has_soft_target] - mixed[has_soft_target]
    )
    # Rows that all weigh 1 need no weights.
    weight = None if np.abs(total - 1).max() <= np.finfo(float).eps * len(total) else total
    if weight is not None:
        check_accepts_sample_weight(model, "training data whose rows differ in weight")
    return fit_with_metadata(model, X, mixed.reshape(data.y.shape), weight, data.groups)


def _mixed_targets(
    data: TrainingData, label_weight: np.ndarray, teacher_weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Targets t_i = a_i onehot(y_i) + b_i q_i, whose cross-entropy is a_i CE_i + b_i KL_i but for a constant.

    Returns
    -------
    targets : ndarray of shape (n_rows, n_classes)
    one_hot_labels : ndarray of bool of shape (n_rows, n_classes)
    """
    soft = np.where(np.isnan(data.soft_targets), 0.0, data.soft_targets) * teacher_weight[:, None]
    one_hot_labels = data.y[:, None] == np.arange(len(data.classes))
    return soft + one_hot_labels * label_weight[:, None], one_hot_labels


def _fit_repeated_rows(
    model: BaseEstimator, X: Table, data: TrainingData, targets: np.ndarray, one_hot_labels: np.ndarray
) -> BaseEstimator:
    """Fit a model that takes labels alone: to each row once per class, weighted by its target.

    A label keeps its row even at weight 0, so that every class is among the training rows.
    """
    rows, codes = np.nonzero((targets > 0) | one_hot_labels)
    groups = None if data.groups is None else data.groups[rows]
    return fit_with_metadata(model, take_rows(X, rows), data.classes[codes], targets[rows, codes], groups)
