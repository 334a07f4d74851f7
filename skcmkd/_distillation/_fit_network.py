"""A network classifier taught by a teacher's class probabilities beside the labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._validation._sklearn import ArrayLike, keep_earlier_fit
from .._validation._table_checks import validate_numbers
from .._validation._target_checks import as_codes
from ..networks._fit import train_on
from ._objectives import Objective

if TYPE_CHECKING:
    from .._losses._objective import ObjectiveLoss
    from .._losses._soft_targets import DistillationLoss
    from .._losses._teacher_cohort import Alignment
    from ..networks._mlp import NetworkClassifier


def fit_soft_targets(
    network: NetworkClassifier,
    X: ArrayLike,
    y: ArrayLike,
    label_weight: np.ndarray,
    teacher_proba: np.ndarray,
    teacher_weight: np.ndarray,
    temperature: float,
    *,
    taught_classes: Sequence[int] | None = None,
    alignment: Alignment | None = None,
    row_ties: Sequence[np.ndarray] = (),
    groups: np.ndarray | None = None,
    objective: Objective | None = None,
    teacher_features: np.ndarray | None = None,
) -> NetworkClassifier:
    """Fit the network in place to labels and to a teacher's class probabilities, each row with two weights.

    Classes are those of y, sorted; the columns of ``teacher_proba`` follow them. With an ``alignment`` the network is
    also aligned with a teacher's cohort; ``row_ties`` are the further targets of each row that this takes. An
    ``objective`` other than soft targets takes their place, and has no alignment beside it; what it matches of the
    teacher's representation is in ``teacher_features``, read only where ``teacher_weight`` is above 0.
    """
    from .._losses._soft_targets import DistillationLoss

    with keep_earlier_fit(network):
        network._validate_params()
        X, y = validate_numbers(network, X, y)
        network.classes_, codes = as_codes(y)
        if alignment is None and not (heard := label_weight + teacher_weight > 0).all():
            # A row of weight 0 must not set the scale of a column, nor be held out.
            X, codes, label_weight, teacher_proba, teacher_weight = (
                a[heard] for a in (X, codes, label_weight, teacher_proba, teacher_weight)
            )
            groups, teacher_features = (None if a is None else a[heard] for a in (groups, teacher_features))
        targets = [codes, *(a.astype(np.float32) for a in (label_weight, teacher_proba, teacher_weight)), *row_ties]
        strata = np.where(label_weight > 0, codes, -1)
        n_classes = len(network.classes_)
        distillation = DistillationLoss(temperature, taught_classes, taught=bool(teacher_weight.any()))
        if objective is not None and not objective.is_soft_targets and distillation.taught:
            from ..networks._training import backpropagate

            n_features = int(np.ravel(network.hidden_layer_sizes)[-1])
            loss, features = loss_of_objective(objective, distillation, X, targets, teacher_features, n_features)
            train_on(network, X, loss, [*targets, features], n_classes, strata, backpropagate, groups)
            network.net_.module_.shows_features = False
        elif alignment is None:
            train_on(network, X, distillation, targets, n_classes, strata, groups=groups)
        else:
            from .._losses._alignment import AlignedLoss
            from .._losses._bilevel import BACKWARD

            n_features = int(np.ravel(network.hidden_layer_sizes)[-1])
            labelled, _, anchored = row_ties
            complete = bool((labelled & alignment.cohort.known[codes]).all())
            tied = bool(anchored.any())
            aligned_loss = AlignedLoss(alignment, distillation, n_features, complete=complete, tied=tied)
            train_on(network, X, aligned_loss, targets, n_classes, strata, BACKWARD[alignment.name], groups)
            network.net_.module_.shows_features = False
    return network


def loss_of_objective(
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
    taught = teacher_weight > 0
    if teacher_features is None:
        if objective.needs_features:
            raise ValueError(
                f"The objective {objective.terms!r} compares representations, and there are none of the teacher's: "
                "give teacher_features."
            )
        teacher_features = np.empty((len(codes), 0))
    features = np.where(taught[:, None], teacher_features, 0).astype(np.float32)
    focus = None
    if any(term == "mfh" for term, _ in objective.terms):
        from ._teacher_features import modality_focus

        # Where there is no label the teacher's guess stands for it.
        guess = np.where(label_weight > 0, codes, teacher_proba.argmax(axis=1))
        focus = modality_focus(X[taught], guess[taught], features[taught])
    sizes = n_features, features.shape[1], teacher_proba.shape[1]
    return ObjectiveLoss(objective.terms, distillation, *sizes, focus), features
