"""The gain that a linear smoother predicts before any student is distilled.

The student is a ridge regression of the class indicators, a linear map of its targets, so leaving a row out has a
closed form: without row i it predicts z_i - (z_i - f_i) / (1 - h_i) there, f the fit, h the diagonal of the hat matrix.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from skcmkd._model_selection._standard_errors import standard_error_of_mean

PENALTIES = np.logspace(-3, 3, 13)


@dataclass
class Smoother:
    """Hat matrix of a weighted ridge regression with intercept, its rows those that have a label."""

    hat: np.ndarray

    @property
    def degrees_of_freedom(self) -> float:
        """Trace of the hat matrix over the labeled rows."""
        return float(np.trace(self.hat))

    def left_out(self, targets: np.ndarray) -> np.ndarray:
        """Prediction of each labeled row without that row; ``targets`` are of all rows."""
        n = len(self.hat)
        leverage = np.diag(self.hat)[:, None]
        return targets[:n] - (targets[:n] - self.hat @ targets) / np.maximum(1 - leverage, 1e-6)


def fit_smoothers(X: np.ndarray, weight: np.ndarray, n_labeled: int, penalties: Iterable[float]) -> list[Smoother]:
    """Minimize sum_i w_i |z_i - f(x_i)|^2 + penalty |coef|^2, with weights of sum one, for each penalty."""
    weight = weight / weight.sum()
    root = np.sqrt(weight)
    left, values, _ = np.linalg.svd((X - weight @ X) * root[:, None], full_matrices=False)
    scale = root[None, :] / root[:n_labeled, None]
    shrinkages = (values**2 / (values**2 + penalty) for penalty in penalties)
    return [Smoother((left[:n_labeled] * shrink) @ left.T * scale + weight[None, :]) for shrink in shrinkages]


def choose_penalty(X: np.ndarray, labels: np.ndarray) -> float:
    """The penalty with the least leave-one-out squared error for the labels."""
    penalties = X.var(axis=0).sum() * PENALTIES
    smoothers = fit_smoothers(X, np.ones(len(X)), len(X), penalties)
    losses = [((labels - smoother.left_out(labels)) ** 2).sum() for smoother in smoothers]
    return float(penalties[int(np.argmin(losses))])


@dataclass
class Student:
    """One student's smoothers: of labels, of the loss at weight alpha, and of the teacher's scores on all pairs."""

    alone: Smoother
    distilled: Smoother
    of_teacher: Smoother
    alpha: float


def fit_student(X: np.ndarray, X_unlabeled: np.ndarray, labels: np.ndarray, alpha: float) -> Student:
    """Smoothers of a student with standardized columns; the penalty is chosen for the student alone."""
    n, n_pairs = len(X), len(X) + len(X_unlabeled)
    deviation = X.std(axis=0)
    rows = (np.concatenate([X, X_unlabeled]) - X.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    penalty = choose_penalty(rows[:n], labels)
    labeled = np.arange(n_pairs) < n
    weight = (1 - alpha) * labeled / n + alpha / n_pairs
    alone = fit_smoothers(rows[:n], np.ones(n), n, [penalty])[0]
    distilled = fit_smoothers(rows, weight, n, [penalty])[0]
    return Student(alone, distilled, fit_smoothers(rows, np.ones(n_pairs), n, [penalty])[0], alpha)


def predicted_gain(
    student: Student, labels: np.ndarray, scores: np.ndarray, scores_unlabeled: np.ndarray
) -> dict[str, float]:
    """The gain in squared error at weight alpha by leaving rows out, and by section 2's formula.

    ``left_out_gain``: mean of |y - f_0|^2 - |y - f_alpha|^2 over labeled rows, each f without the row, divided by
    the mean of |y - f_0|^2; ``left_out_gain_error`` is its standard error.

    ``risk_gain``: 1 - risk(alpha) / risk(0) with, for n labeled rows, N pairs and d degrees of freedom,
    risk(alpha) = d [(1 - alpha)^2 V(e) / n + 2 alpha (1 - alpha) C(e, u) / N + alpha^2 V(u) / N] + alpha^2 E|b|^2.
    """
    n, n_pairs = len(labels), len(scores) + len(scores_unlabeled)
    alpha = student.alpha
    targets = np.concatenate([scores, scores_unlabeled])
    mixed = alpha / n_pairs * targets
    mixed[:n] += (1 - alpha) / n * labels
    weight = np.full(n_pairs, alpha / n_pairs)
    weight[:n] += (1 - alpha) / n
    of_label = student.alone.left_out(labels)
    of_mixture = student.distilled.left_out(mixed / weight[:, None])
    of_teacher = student.of_teacher.left_out(targets)
    e, u, b = labels - of_label, scores - of_teacher, of_teacher - of_label
    row_gain = (e**2).sum(axis=1) - ((labels - of_mixture) ** 2).sum(axis=1)
    V_e, V_u, C = (e**2).sum(axis=1).mean(), (u**2).sum(axis=1).mean(), (e * u).sum(axis=1).mean()
    d = student.alone.degrees_of_freedom
    # Two noisy fits differ even when what they estimate does not.
    noise = d * max(V_e / n - 2 * C / n_pairs + V_u / n_pairs, 0)
    disagreement = max((b**2).sum(axis=1).mean() - noise, 0)
    risk = (
        d * ((1 - alpha) ** 2 * V_e / n + 2 * alpha * (1 - alpha) * C / n_pairs + alpha**2 * V_u / n_pairs)
        + alpha**2 * disagreement
    )
    return {
        "left_out_gain": float(row_gain.mean() / V_e),
        "left_out_gain_error": standard_error_of_mean(row_gain) / V_e,
        "risk_gain": float(1 - risk / (d * V_e / n)),
        "disagreement": float(disagreement),
    }
