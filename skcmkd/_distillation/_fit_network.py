"""Fitting a network classifier to labels and to class probabilities of a teacher."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation._table_checks import validate_numeric_data
from .._validation._tables import Table, take_rows
from ..networks._fit import fit_network
from ._objectives import Objective
from ._student_loss import StudentLoss
from ._training_data import TrainingData

if TYPE_CHECKING:
    from .._losses._objective import ObjectiveLoss
    from .._losses._soft_targets import DistillationLoss
    from .._losses._teacher_cohort import AlignmentSpec
    from ..networks._mlp import NetworkClassifier


def fit_network_on_soft_targets(
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
        Weight of each row's label and of its soft target.
    """
    from .._losses._soft_targets import DistillationLoss

    network._validate_params()
    X = validate_numeric_data(network, X)
    network.classes_ = data.classes
    alignment = None if loss.alignment is None else loss.alignment.take_classes(data.classes)
    rows = np.ones(len(data.y), dtype=bool)
    if alignment is None:
        # A row of weight 0 must not set the scale of a column, nor be held out.
        rows = label_weight + teacher_weight > 0
    X, label_weight, teacher_weight = take_rows(X, rows), label_weight[rows], teacher_weight[rows]
    codes, labeled, has_soft_target = data.y[rows].clip(min=0), data.labeled[rows], data.has_soft_target[rows]
    groups, features = (None if a is None else a[rows] for a in (data.groups, data.teacher_features))
    soft_targets = np.where(has_soft_target[:, None], data.soft_targets[rows], 1 / len(data.classes))
    targets = [codes, *(a.astype(np.float32) for a in (label_weight, soft_targets, teacher_weight))]
    fit: dict[str, Any] = {
        "n_outputs": len(data.classes),
        "strata": np.where(label_weight > 0, codes, -1),
        "groups": groups,
    }
    distillation = DistillationLoss(
        loss.temperature, data.teacher_class_indices(), has_teacher=bool(teacher_weight.any())
    )
    if not loss.objective.is_soft_targets and distillation.has_teacher:
        _train_on_objective(network, X, loss.objective, distillation, targets, features, fit)
    elif alignment is None:
        fit_network(network, X, distillation, targets, **fit)
    else:
        _train_aligned(network, X, alignment, distillation, [*targets, *_row_features(labeled, features)], fit)
    return network


def _train_on_objective(
    network: NetworkClassifier,
    X: np.ndarray,
    objective: Objective,
    distillation: DistillationLoss,
    targets: Sequence[np.ndarray],
    features: np.ndarray | None,
    fit: dict[str, Any],
) -> None:
    """Train the network on the terms of an objective, with the teacher's features as one more target."""
    from ..networks._training import backpropagate

    n_features = int(np.ravel(network.hidden_layer_sizes)[-1])
    loss, features = make_objective_loss(objective, distillation, X, targets, features, n_features)
    fit_network(network, X, loss, [*targets, features], backward=backpropagate, **fit)
    network.net_.module_.return_features = False


def _train_aligned(
    network: NetworkClassifier,
    X: np.ndarray,
    alignment: AlignmentSpec,
    distillation: DistillationLoss,
    targets: Sequence[np.ndarray],
    fit: dict[str, Any],
) -> None:
    """Train the network on soft targets and on the alignment with the teacher's cohort."""
    from .._losses._alignment import AlignmentLoss
    from .._losses._bilevel import BACKWARD_FUNCTIONS

    codes, *_, labeled, _, has_features = targets
    loss = AlignmentLoss(
        alignment,
        distillation,
        int(np.ravel(network.hidden_layer_sizes)[-1]),
        all_labeled_and_shared=bool((labeled & alignment.cohort.shared[codes]).all()),
        has_row_targets=bool(has_features.any()),
    )
    fit_network(network, X, loss, targets, backward=BACKWARD_FUNCTIONS[alignment.name], **fit)
    network.net_.module_.return_features = False


def _row_features(labeled: np.ndarray, features: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets of the alignment: whether a row has a label, the teacher's features of it, and whether it has these."""
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
    """The loss of a student with representations of size ``n_features``, and the teacher's features as its last target.

    ``targets`` are codes, label weights, the teacher's probabilities and teacher weights. Features of rows without a
    teacher become 0.
    """
    from .._losses._objective import ObjectiveLoss

    codes, label_weight, teacher_proba, teacher_weight = targets
    has_teacher = teacher_weight > 0
    if teacher_features is None:
        if objective.needs_features:
            raise ValueError(
                f"The objective {objective.terms!r} compares representations, and there are none of the teacher's: "
                "give teacher_features."
            )
        teacher_features = np.empty((len(codes), 0))
    features = np.where(has_teacher[:, None], teacher_features, 0).astype(np.float32)
    feature_weights = None
    if any(term == "mfh" for term, _ in objective.terms):
        from ._teacher_features import modality_focus_weights

        # Where there is no label the teacher's most probable class stands for it.
        classes = np.where(label_weight > 0, codes, teacher_proba.argmax(axis=1))
        feature_weights = modality_focus_weights(X[has_teacher], classes[has_teacher], features[has_teacher])
    sizes = n_features, features.shape[1], teacher_proba.shape[1]
    return ObjectiveLoss(objective.terms, distillation, *sizes, feature_weights), features
