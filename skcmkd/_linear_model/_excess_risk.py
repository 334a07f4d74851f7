"""What the student's table cannot explain of the label and of the teacher, and the linear student's risk."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .._validation._tables import Table
from ._ridge import TunedRidge, as_design


@dataclass(frozen=True)
class Residuals:
    """Out-of-fold residuals of a linear student, rows by targets, and its size.

    ``label`` is e = y - E[y|x_S], ``teacher`` is u = t - E[t|x_S], ``disagreement`` is b = E[t|x_S] - E[y|x_S]; for
    classes y is one column a class and products are inner products. ``n_dimensions`` is d, the student's effective
    degrees of freedom, ``n_training`` is n, ``n_fitted`` the number of rows that each out-of-fold student was fitted
    to (n when None), and ``labelled_share`` the share of the rows with a teacher that also have a label.
    """

    label: np.ndarray
    teacher: np.ndarray
    disagreement: np.ndarray
    n_dimensions: float
    n_training: float
    labelled_share: float = 1.0
    n_fitted: float | None = None

    def of_rows(self, rows: np.ndarray) -> Residuals:
        """The residuals of some rows."""
        return replace(self, label=self.label[rows], teacher=self.teacher[rows], disagreement=self.disagreement[rows])

    def ratio(self) -> float:
        """Cov(e, u) / Var(e), times the share of taught rows that are labelled: a small weight helps below 1."""
        return self.labelled_share * _mean_product(self.label, self.teacher) / self._label_variance()

    def teacher_burden(self) -> float:
        """What the teacher alone would cost: (Var(u) + (n/d) E[b^2]) / Var(e), Var(u) over all taught rows.

        The disagreement of two students fitted to m rows holds their own error, (d/m) Var(e - u), which is taken off.
        """
        e, u, b = self.label, self.teacher, self.disagreement
        error = self.n_dimensions / (self.n_fitted or self.n_training) * _mean_product(e - u, e - u)
        systematic = max(_mean_product(b, b) - error, 0.0)
        variance = self.labelled_share * _mean_product(u, u)
        return (variance + self.n_training / self.n_dimensions * systematic) / self._label_variance()

    def relative_risk(self, alpha: float) -> float:
        """Excess risk of the linear student taught with weight alpha, as a share of the one taught by labels alone.

        (1 - alpha)^2 + 2 alpha (1 - alpha) ratio + alpha^2 burden, to first order in d/n.
        """
        return (1 - alpha) ** 2 + 2 * alpha * (1 - alpha) * self.ratio() + alpha**2 * self.teacher_burden()

    def best_weight(self) -> float:
        """The alpha in [0, 1] where ``relative_risk`` is least."""
        ratio, burden = self.ratio(), self.teacher_burden()
        curvature = 1 - 2 * ratio + burden
        if curvature <= 0:
            return float(burden < 1)
        return float(np.clip((1 - ratio) / curvature, 0, 1))

    def _label_variance(self) -> float:
        # A label that is explained to the last digit leaves nothing to compare with.
        return max(_mean_product(self.label, self.label), np.finfo(float).tiny)


def linear_residuals(
    X: Table,
    target: np.ndarray,
    teacher: np.ndarray,
    fold_of: np.ndarray,
    labelled_share: float = 1.0,
    groups: np.ndarray | None = None,
) -> Residuals:
    """Residuals of a ridge regression of the label and of the teacher's prediction on the student's table.

    ``target`` and ``teacher`` are (n, q): a column a class, or one column of numbers. Every row is predicted by a
    model that has not seen it; the penalty is the one that is best for the label. The teacher's predictions are out of
    fold too, but those that a model is fitted to come from teachers that have seen the other folds' labels.

    Rows of a group that err alike teach less than as many independent ones: they count as so many fewer as their
    sums vary more, sum_g |sum_i e_i|^2 / sum_i |e_i|^2 (Kish's design effect; 3 where each row is there three times).
    """
    design = as_design(X)
    both = np.hstack([target, teacher])
    predicted = np.zeros_like(both)
    n_dimensions = []
    for fold in np.unique(fold_of):
        train, held_out = fold_of != fold, fold_of == fold
        own = None if groups is None else groups[train]
        model = TunedRidge(n_judged=target.shape[1]).fit(design[train], both[train], groups=own)
        predicted[held_out] = model.predict(design[held_out])
        n_dimensions.append(model.n_dimensions_)
    label_hat, teacher_hat = np.hsplit(predicted, [target.shape[1]])
    label = target - label_hat
    effect = 1.0 if groups is None else design_effect(label, groups)
    return Residuals(
        label,
        teacher - teacher_hat,
        teacher_hat - label_hat,
        float(np.mean(n_dimensions)),
        len(target) / effect,
        labelled_share,
        n_fitted=float(np.mean([(fold_of != fold).sum() for fold in np.unique(fold_of)])) / effect,
    )


def design_effect(residuals: np.ndarray, groups: np.ndarray) -> float:
    """How many times as much sums over the rows of groups vary as they would were the rows independent; at least 1."""
    names, group_of = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), residuals.shape[1]))
    np.add.at(sums, group_of, residuals)
    return max(float((sums**2).sum() / max((residuals**2).sum(), np.finfo(float).tiny)), 1.0)


def _mean_product(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over rows of the inner product."""
    return float((a * b).sum(axis=1).mean())
