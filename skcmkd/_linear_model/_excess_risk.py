"""Excess risk of a linear student trained on soft targets, from out-of-fold residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._validation._tables import Table
from ._ridge import LeaveOutRidge, to_design_matrix


@dataclass(frozen=True)
class LinearStudentRisk:
    """Out-of-fold residuals of a linear student, and the risk that follows from them.

    Attributes
    ----------
    label_residual : ndarray of shape (n_rows, n_outputs)
        e = y - E[y|x_S]; one column for each class, and products are inner products.
    teacher_residual : ndarray of shape (n_rows, n_outputs)
        u = t - E[t|x_S].
    bias : ndarray of shape (n_rows, n_outputs)
        b = E[t|x_S] - E[y|x_S].
    effective_dof : float
        The student's effective degrees of freedom d.
    n_training : float
        Number of rows n.
    labeled_fraction : float, default=1
        Fraction of the rows with soft targets that are labeled.
    n_fitted : float, default=None
        Rows that each out-of-fold student was fitted to; None is n.
    """

    label_residual: np.ndarray
    teacher_residual: np.ndarray
    bias: np.ndarray
    effective_dof: float
    n_training: float
    labeled_fraction: float = 1.0
    n_fitted: float | None = None

    def row_products(self) -> np.ndarray:
        """Inner products of each row, whose means give every risk: e e, e u, u u, b b, |e - u|^2; (n_rows, 5)."""
        e, u, b = self.label_residual, self.teacher_residual, self.bias
        return np.stack([(a * c).sum(axis=1) for a, c in ((e, e), (e, u), (u, u), (b, b), (e - u, e - u))], axis=1)

    def covariance_ratio(self, means: np.ndarray | None = None) -> np.ndarray:
        """Cov(e, u) / Var(e), times the labeled fraction: below 1 a small alpha lowers the risk.

        Parameters
        ----------
        means : ndarray of shape (..., 5), default=None
            Means of ``row_products`` over some rows; None for all.

        Returns
        -------
        ndarray of shape (...)
        """
        ee, eu, *_ = self._means(means)
        return self.labeled_fraction * eu / ee

    def teacher_risk(self, means: np.ndarray | None = None) -> np.ndarray:
        """Relative risk at alpha 1: (Var(u) + (n/d) E[b^2]) / Var(e), Var(u) over all rows with soft targets.

        The estimate of b from students fitted to m rows contains their error, (d/m) Var(e - u), which is subtracted.
        Parameters and output as in ``covariance_ratio``.
        """
        ee, _, uu, bb, difference = self._means(means)
        error = self.effective_dof / (self.n_fitted or self.n_training) * difference
        bias = np.maximum(bb - error, 0.0)
        return (self.labeled_fraction * uu + self.n_training / self.effective_dof * bias) / ee

    def relative_risk(self, alpha: float, means: np.ndarray | None = None) -> np.ndarray:
        """Excess risk of the linear student at alpha, divided by that at alpha 0.

        (1 - alpha)^2 + 2 alpha (1 - alpha) covariance_ratio + alpha^2 teacher_risk, to first order in d/n. ``means``
        and output as in ``covariance_ratio``.
        """
        ratio, teacher_risk = self.covariance_ratio(means), self.teacher_risk(means)
        return (1 - alpha) ** 2 + 2 * alpha * (1 - alpha) * ratio + alpha**2 * teacher_risk

    def best_alpha(self) -> float:
        """Alpha in [0, 1] of the least ``relative_risk``."""
        ratio, teacher_risk = float(self.covariance_ratio()), float(self.teacher_risk())
        curvature = 1 - 2 * ratio + teacher_risk
        if curvature <= 0:
            return float(teacher_risk < 1)
        return float(np.clip((1 - ratio) / curvature, 0, 1))

    def _means(self, means: np.ndarray | None) -> tuple[np.ndarray, ...]:
        """The five means, the first of them above 0: a label that the student predicts exactly has no variance."""
        means = self.row_products().mean(axis=0) if means is None else means
        return np.maximum(means[..., 0], np.finfo(float).tiny), *np.moveaxis(means[..., 1:], -1, 0)


def linear_student_risk(
    X: Table,
    target: np.ndarray,
    teacher: np.ndarray,
    fold_ids: np.ndarray,
    labeled_fraction: float = 1.0,
    groups: np.ndarray | None = None,
) -> LinearStudentRisk:
    """Out-of-fold residuals of ridge regressions of the label and of the soft targets on the student's table.

    The penalty is the best one for the label. The soft targets are out-of-fold too, but those of the training rows come
    from teachers that were fitted to labels of the validation fold.

    Dependent rows of a group carry less information than as many independent ones: the number of rows is divided by
    the design effect.

    Parameters
    ----------
    X : table of shape (n_rows, n_features)
    target, teacher : ndarray of shape (n_rows, n_outputs)
        Labels and soft targets: a column for each class, or continuous targets.
    fold_ids : ndarray of shape (n_rows,)
    labeled_fraction : float, default=1
        Fraction of the rows with soft targets that are labeled.
    groups : ndarray of shape (n_rows,), default=None

    Returns
    -------
    LinearStudentRisk
    """
    design = to_design_matrix(X)
    both = np.hstack([target, teacher])
    predicted = np.zeros_like(both)
    effective_dof = []
    for fold in np.unique(fold_ids):
        train, held_out = fold_ids != fold, fold_ids == fold
        train_groups = None if groups is None else groups[train]
        model = LeaveOutRidge(n_selection_targets=target.shape[1]).fit(design[train], both[train], groups=train_groups)
        predicted[held_out] = model.predict(design[held_out])
        effective_dof.append(model.effective_dof_)
    label_hat, teacher_hat = np.hsplit(predicted, [target.shape[1]])
    label = target - label_hat
    effect = 1.0 if groups is None else design_effect(label, groups)
    return LinearStudentRisk(
        label,
        teacher - teacher_hat,
        teacher_hat - label_hat,
        float(np.mean(effective_dof)),
        len(target) / effect,
        labeled_fraction,
        n_fitted=float(np.mean([(fold_ids != fold).sum() for fold in np.unique(fold_ids)])) / effect,
    )


def design_effect(residuals: np.ndarray, groups: np.ndarray) -> float:
    """Kish's design effect sum_g |sum_i e_i|^2 / sum_i |e_i|^2, at least 1; 3 where each row occurs three times.

    Parameters
    ----------
    residuals : ndarray of shape (n_rows, n_outputs)
    groups : ndarray of shape (n_rows,)

    Returns
    -------
    float
    """
    names, group_ids = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), residuals.shape[1]))
    np.add.at(sums, group_ids, residuals)
    return max(float((sums**2).sum() / max((residuals**2).sum(), np.finfo(float).tiny)), 1.0)
