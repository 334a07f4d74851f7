"""What a teacher adds to the student's own model: the loss of a pool without it, less that of the pool with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .._model_selection._row_scores import log_loss, squared_error
from .._model_selection._stacking import fit_stack

# Of the variance of the target: a squared error of zero would be an infinite information.
SMALLEST_ERROR = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class AddedInformation:
    """I(H_1, ..., H_m; Y) - I(H_1, ..., H_m-1; Y) in nats, by the row losses of the two pools.

    Of class labels the mean log-loss of the log-linear pool without the last member, less that with it; of a continuous
    target 1/2 log of the ratio of the mean squared errors of the linear pools, the information of normal errors. The
    pool of the student alone is its calibrated model. The weights of a row's pool were fitted without the row's fold.

    Attributes
    ----------
    members : sequence of ndarray of shape (n_rows, n_outputs)
        Out-of-fold predictions of the labeled rows: the student's own model, then teachers. What the last of
        them adds is in question.
    y : ndarray of shape (n_rows,)
        Class codes, or a continuous target.
    fold_ids : ndarray of shape (n_rows,)
    of_classes : bool

    References
    ----------
    Wolpert. Stacked generalization. Neural Networks 5 (1992).
    """

    members: Sequence[np.ndarray]
    y: np.ndarray
    fold_ids: np.ndarray
    of_classes: bool

    @cached_property
    def row_losses(self) -> np.ndarray:
        """Loss of each row by the pool without the last member and by that with it, (n_rows, 2)."""
        return np.column_stack(
            [
                pool_losses(members, self.y, self.fold_ids, self.of_classes)
                for members in (self.members[:-1], self.members)
            ]
        )

    def take(self, rows: np.ndarray) -> AddedInformation:
        """That of some rows alone, with weights from these rows."""
        members = [member[rows] for member in self.members]
        return AddedInformation(members, self.y[rows], self.fold_ids[rows], self.of_classes)

    def of_means(self, mean_losses: np.ndarray) -> np.ndarray:
        """Information, (...), of means of ``row_losses`` over some rows, (..., 2)."""
        if not self.of_classes:
            mean_losses = np.log(np.maximum(mean_losses, SMALLEST_ERROR * self.y.var())) / 2
        return mean_losses[..., 0] - mean_losses[..., 1]


def pool_losses(members: Sequence[np.ndarray], y: np.ndarray, fold_ids: np.ndarray, of_classes: bool) -> np.ndarray:
    """Loss of each row by a pool whose weights were fitted without the row's fold, (n_rows,)."""
    predictions = np.stack(members)
    # Without any row the pool is the student's own model.
    center = np.eye(len(members))[0]
    target = np.eye(predictions.shape[2])[y] if of_classes else y[:, None]
    losses = np.empty(len(y))
    for fold in np.unique(fold_ids):
        train, held_out = fold_ids != fold, fold_ids == fold
        weight = np.ones(train.sum())
        stack = fit_stack(predictions[:, train], target[train], weight, center, of_classes=of_classes)
        pooled = stack(predictions[:, held_out])
        losses[held_out] = log_loss(pooled, y[held_out]) if of_classes else squared_error(pooled, target[held_out])
    return losses
