"""Fitting a network classifier to labels and to soft targets, another objective, or an alignment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation._table_checks import validate_numeric_data
from .._validation._tables import Table, take_rows
from ..networks._base import training_settings
from ..networks._fit import TrainedNetwork, TrainingSettings, early_stopping_mask, fit_network
from ._objectives import Objective
from ._student_loss import StudentLoss
from ._training_data import TrainingData

if TYPE_CHECKING:
    from .._losses._objective import ObjectiveLoss
    from .._losses._soft_targets import DistillationLoss
    from .._losses._teacher_cohort import AlignmentSpec
    from ..networks._mlp import NetworkClassifier


def fit_network_student(
    network: NetworkClassifier,
    X: Table,
    data: TrainingData,
    loss: StudentLoss,
    label_weight: np.ndarray,
    teacher_weight: np.ndarray,
) -> NetworkClassifier:
    """Fit the network in place to the labels and soft targets of ``data``, each row with two weights.

    Parameters
    ----------
    network : NetworkClassifier
    X : table of shape (n_rows, n_features)
        The rows of ``data`` as the steps before the network transform them.
    data : TrainingData
    loss : StudentLoss
        With an ``alignment`` the network is also aligned with the teacher's cohort. Another ``objective`` takes the
        place of soft targets and has no alignment beside it.
    label_weight, teacher_weight : ndarray of shape (n_rows,)
        Weight of each row's label and of its soft target, of any scale: the rows that are trained on get weights of
        mean one.
    """
    from .._losses._soft_targets import DistillationLoss

    network._validate_params()
    X = validate_numeric_data(network, X)
    settings = training_settings(network)
    alignment = None if loss.alignment is None else loss.alignment.take_classes(data.classes)
    rows = np.ones(len(data.y), dtype=bool)
    if alignment is None:
        # A row of weight 0 must not set the scale of a column, nor be held out.
        rows = label_weight + teacher_weight > 0
    # Other scales, and rows left out after scaling, would change the learning rate and the recorded loss.
    scale = rows.sum() / (label_weight.sum() + teacher_weight.sum())
    X, label_weight, teacher_weight = take_rows(X, rows), label_weight[rows] * scale, teacher_weight[rows] * scale
    codes, labeled, has_soft_target = data.y[rows].clip(min=0), data.labeled[rows], data.has_soft_target[rows]
    groups, features = (None if a is None else a[rows] for a in (data.groups, data.teacher_features))
    soft_targets = np.where(has_soft_target[:, None], data.soft_targets[rows], 1 / len(data.classes))
    targets = [codes, *(a.astype(np.float32) for a in (label_weight, soft_targets, teacher_weight))]
    # An unlabeled row without a soft target has no loss to stop by.
    held_out = early_stopping_mask(
        np.where(label_weight > 0, codes, -1),
        len(codes),
        settings.validation_fraction,
        settings.seed,
        groups,
        counted=label_weight + teacher_weight > 0,
    )
    distillation = DistillationLoss(
        loss.temperature, data.teacher_class_indices(), has_teacher=bool(teacher_weight.any())
    )
    # Features of the teacher, where they are targets, follow those of the distillation loss.
    fit: dict[str, Any] = {
        "n_outputs": len(data.classes),
        "held_out": held_out,
        "linear_loss": lambda output, *rows: distillation(output, *rows[:4]),
        "strata": np.where(label_weight > 0, codes, -1),
        "groups": groups,
    }
    if not loss.objective.is_soft_targets and distillation.has_teacher:
        trained = _train_on_objective(settings, X, loss.objective, distillation, targets, features, fit)
    elif alignment is None:
        trained = fit_network(settings, X, distillation, targets, **fit)
    else:
        targets += _row_features(labeled, features)
        trained = _train_aligned(settings, X, alignment, distillation, targets, fit)
    network.classes_ = data.classes
    network._set_trained(trained)
    return network


def _train_on_objective(
    settings: TrainingSettings,
    X: np.ndarray,
    objective: Objective,
    distillation: DistillationLoss,
    targets: Sequence[np.ndarray],
    features: np.ndarray | None,
    fit: dict[str, Any],
) -> TrainedNetwork:
    """Train the network on the terms of an objective, with the teacher's features as one more target."""
    n_features = settings.hidden_layer_sizes[-1]
    loss, features = make_objective_loss(objective, distillation, X, targets, features, n_features)
    return fit_network(settings, X, loss, [*targets, features], return_features=True, **fit)


def _train_aligned(
    settings: TrainingSettings,
    X: np.ndarray,
    alignment: AlignmentSpec,
    distillation: DistillationLoss,
    targets: Sequence[np.ndarray],
    fit: dict[str, Any],
) -> TrainedNetwork:
    """Train the network on soft targets and on the alignment with the teacher's cohort."""
    from .._losses._alignment import AlignmentLoss
    from .._losses._alignment_steps import BACKWARD_FUNCTIONS
    from .._losses._alignment_targets import AlignmentTargets

    rows = AlignmentTargets(*targets)
    loss = AlignmentLoss(
        alignment,
        distillation,
        settings.hidden_layer_sizes[-1],
        all_labeled_and_shared=bool((rows.labeled & alignment.cohort.shared[rows.codes]).all()),
        has_row_targets=bool(rows.has_teacher_features.any()),
    )
    backward: Any = BACKWARD_FUNCTIONS[alignment.name]
    return fit_network(settings, X, loss, rows, return_features=True, backward=backward, **fit)


def _row_features(labeled: np.ndarray, features: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Further targets of the alignment: mask of labeled rows, the teacher's features, mask of rows that have them."""
    if features is None:
        return labeled, np.zeros((len(labeled), 0), dtype=np.float32), np.zeros(len(labeled), dtype=bool)
    has_features = np.full(len(labeled), features.shape[1] > 0) & ~np.isnan(features).any(axis=1)
    return labeled, np.where(has_features[:, None], features, 0), has_features


def make_objective_loss(
    objective: Objective,
    distillation: DistillationLoss,
    X: np.ndarray,
    targets: Sequence[np.ndarray],
    teacher_features: np.ndarray | None,
    n_features: int,
) -> tuple[ObjectiveLoss, np.ndarray]:
    """The loss of a student, and the teacher's features as the last target of this loss.

    Parameters
    ----------
    objective : Objective
    distillation : DistillationLoss
    X : ndarray of shape (n_rows, n_columns)
    targets : sequence of ndarray
        Classes as positions, label weights, soft targets and teacher weights.
    teacher_features : ndarray of shape (n_rows, n_teacher_features) or None
    n_features : int
        Size of the student's representation.

    Returns
    -------
    loss : ObjectiveLoss
    features : ndarray of shape (n_rows, n_teacher_features)
        0 in rows without a teacher.
    """
    from .._losses._objective import ObjectiveLoss

    codes, label_weight, teacher_proba, teacher_weight = targets
    has_teacher = teacher_weight > 0
    if teacher_features is None:
        if objective.needs_features:
            raise ValueError(
                f"The objective {objective.terms!r} compares representations, and the teacher's are missing: "
                "give teacher_features."
            )
        teacher_features = np.empty((len(codes), 0))
    features = np.where(has_teacher[:, None], teacher_features, 0).astype(np.float32)
    feature_weights = None
    if any(term == "mfh" for term, _ in objective.terms):
        from ._teacher_features import modality_focus_weights

        # The teacher's most probable class replaces a missing label.
        classes = np.where(label_weight > 0, codes, teacher_proba.argmax(axis=1))
        feature_weights = modality_focus_weights(X[has_teacher], classes[has_teacher], features[has_teacher])
    sizes = n_features, features.shape[1], teacher_proba.shape[1]
    return ObjectiveLoss(objective.terms, distillation, *sizes, feature_weights), features
