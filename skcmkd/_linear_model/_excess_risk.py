"""What the student's table cannot explain of the label and of the teacher, and the linear student's risk."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .._validation._tables import Table
from ._ridge import LeaveOutRidge, to_design_matrix


@dataclass(frozen=True)
class LinearStudentRisk:
    """Out-of-fold residuals of a linear student, rows by targets, and its size.

    ``label_residual`` is e = y - E[y|x_S], ``teacher_residual`` is u = t - E[t|x_S], ``bias`` is b = E[t|x_S] - E[y|x_S]; for
    classes y is one column a class and products are inner products. ``effective_dof`` is d, the student's effective
    degrees of freedom, ``n_training`` is n, ``n_fitted`` the number of rows that each out-of-fold student was fitted
    to (n when None), and ``labeled_fraction`` the share of the rows with a teacher that also have a label.
    """

    label_residual: np.ndarray
    teacher_residual: np.ndarray
    bias: np.ndarray
    effective_dof: float
    n_training: float
    labeled_fraction: float = 1.0
    n_fitted: float | None = None

    def take(self, rows: np.ndarray) -> LinearStudentRisk:
        """The residuals of some rows."""
        return replace(
            self,
            label_residual=self.label_residual[rows],
            teacher_residual=self.teacher_residual[rows],
            bias=self.bias[rows],
        )

    def covariance_ratio(self) -> float:
        """Cov(e, u) / Var(e), times the share of taught rows that are labelled: a small weight helps below 1."""
        return (
            self.labeled_fraction * _mean_inner(self.label_residual, self.teacher_residual) / self._residual_variance()
        )

    def teacher_risk(self) -> float:
        """What the teacher alone would cost: (Var(u) + (n/d) E[b^2]) / Var(e), Var(u) over all taught rows.

        The disagreement of two students fitted to m rows holds their own error, (d/m) Var(e - u), which is taken off.
        """
        e, u, b = self.label_residual, self.teacher_residual, self.bias
        error = self.effective_dof / (self.n_fitted or self.n_training) * _mean_inner(e - u, e - u)
        bias = max(_mean_inner(b, b) - error, 0.0)
        variance = self.labeled_fraction * _mean_inner(u, u)
        return (variance + self.n_training / self.effective_dof * bias) / self._residual_variance()

    def relative_risk(self, alpha: float) -> float:
        """Excess risk of the linear student taught with weight alpha, as a share of the one taught by labels alone.

        (1 - alpha)^2 + 2 alpha (1 - alpha) ratio + alpha^2 burden, to first order in d/n.
        """
        return (1 - alpha) ** 2 + 2 * alpha * (1 - alpha) * self.covariance_ratio() + alpha**2 * self.teacher_risk()

    def best_alpha(self) -> float:
        """The alpha in [0, 1] where ``relative_risk`` is least."""
        ratio, teacher_risk = self.covariance_ratio(), self.teacher_risk()
        curvature = 1 - 2 * ratio + teacher_risk
        if curvature <= 0:
            return float(teacher_risk < 1)
        return float(np.clip((1 - ratio) / curvature, 0, 1))

    def _residual_variance(self) -> float:
        # A label that is explained to the last digit leaves nothing to compare with.
        return max(_mean_inner(self.label_residual, self.label_residual), np.finfo(float).tiny)


def linear_student_risk(
    X: Table,
    target: np.ndarray,
    teacher: np.ndarray,
    fold_ids: np.ndarray,
    labeled_fraction: float = 1.0,
    groups: np.ndarray | None = None,
) -> LinearStudentRisk:
    """Residuals of a ridge regression of the label and of the teacher's prediction on the student's table.

    ``target`` and ``teacher`` are (n, q): a column a class, or one column of numbers. Every row is predicted by a
    model that has not seen it; the penalty is the one that is best for the label. The teacher's predictions are out of
    fold too, but those that a model is fitted to come from teachers that have seen the other folds' labels.

    Rows of a group that err alike teach less than as many independent ones: they count as so many fewer as their
    sums vary more, sum_g |sum_i e_i|^2 / sum_i |e_i|^2 (Kish's design effect; 3 where each row is there three times).
    """
    design = to_design_matrix(X)
    both = np.hstack([target, teacher])
    predicted = np.zeros_like(both)
    effective_dof = []
    for fold in np.unique(fold_ids):
        train, held_out = fold_ids != fold, fold_ids == fold
        own = None if groups is None else groups[train]
        model = LeaveOutRidge(n_selection_targets=target.shape[1]).fit(design[train], both[train], groups=own)
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
    """How many times as much sums over the rows of groups vary as they would were the rows independent; at least 1."""
    names, group_ids = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), residuals.shape[1]))
    np.add.at(sums, group_ids, residuals)
    return max(float((sums**2).sum() / max((residuals**2).sum(), np.finfo(float).tiny)), 1.0)


def _mean_inner(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over rows of the inner product."""
    return float((a * b).sum(axis=1).mean())
