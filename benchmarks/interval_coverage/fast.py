"""Linear models without the checks and copies of an estimator: a benchmark fits some hundred thousands of them.

``fit_linear`` is the logistic or ridge regression of scikit-learn, several of one table at once, ``distill_linear`` is
``PairedDistiller`` or ``PairedDistillerRegressor`` of such a student and teacher. A test compares them.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax
from tables import Rows

from skcmkd._distillation._student_loss import loss_weights
from skcmkd._linear_model._newton_logistic import newton_logistic
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd._model_selection._row_order import order_by_content

# Of the distiller's cross-fitted teacher.
N_INNER_FOLDS = 3


@dataclass(frozen=True)
class LinearModel:
    """Scores of rows, and what is predicted from them.

    Attributes
    ----------
    W : ndarray of shape (n_scores, n_columns + 1)
        Intercepts last.
    of_classes : bool
    """

    W: np.ndarray
    of_classes: bool

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Class probabilities, (n_rows, n_classes), or predictions, (n_rows, 1)."""
        scores = X @ self.W[:, :-1].T + self.W[:, -1]
        if not self.of_classes:
            return scores
        if len(self.W) > 1:
            return softmax(scores, axis=1)
        proba = expit(scores)
        return np.hstack([1 - proba, proba])


def fit_linear(
    X: np.ndarray, target: np.ndarray, weights: np.ndarray, *, of_classes: bool, penalty: float = 1.0
) -> list[LinearModel]:
    """A model for each row of weights: least sum_i w_i loss_i + penalty / 2 |W|^2 (ridge: w_i (t_i - p_i)^2 + ...).

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
    target : ndarray of shape (n_rows, n_outputs)
        Class probabilities, or a continuous target.
    weights : ndarray of shape (n_models, n_rows)
    of_classes : bool
    penalty : float, default=1.0
        1 / C of scikit-learn's logistic regression, alpha of its ridge.
    """
    if not of_classes:
        return [LinearModel(_ridge(X, target, weight, penalty), False) for weight in weights]
    ones = np.column_stack([X, np.ones(len(X))])
    free = (target[:, 1:] if target.shape[1] == 2 else target).T
    start = np.zeros((len(weights), len(free), ones.shape[1]))
    return [LinearModel(W, True) for W in newton_logistic(ones, free, weights, 1 / penalty, start)[0]]


def _ridge(X: np.ndarray, target: np.ndarray, weight: np.ndarray, penalty: float) -> np.ndarray:
    """Slopes and intercept of each output, (n_outputs, n_columns + 1)."""
    x_mean, t_mean = (weight @ values / weight.sum() for values in (X, target))
    centered = X - x_mean
    gram = (centered.T * weight) @ centered + penalty * np.eye(X.shape[1])
    slopes = np.linalg.solve(gram, (centered.T * weight) @ (target - t_mean)).T
    return np.column_stack([slopes, t_mean - slopes @ x_mean])


def as_target(y: np.ndarray, n_classes: int | None) -> np.ndarray:
    """Indicators of the classes, or the continuous target, (n_rows, n_outputs)."""
    return np.eye(n_classes)[y] if n_classes else y[:, None]


def distill_linear(rows: Rows, T: np.ndarray, pairs: Rows | None, alpha: float, n_classes: int | None) -> LinearModel:
    """The distilled student of averaged soft targets at a fixed weight.

    Parameters
    ----------
    rows : Rows
        Labeled rows.
    T : ndarray of shape (n_rows, n_columns)
        The teacher's columns of these.
    pairs : Rows or None
        Unlabeled pairs.
    alpha : float
    n_classes : int or None
    """
    target, of_classes = as_target(rows.y, n_classes), n_classes is not None
    order = order_by_content(rows.S, rows.y)
    folds = make_fold_ids(N_INNER_FOLDS, rows.y, classes=of_classes, groups=rows.groups, order=order)
    inside = np.ones((N_INNER_FOLDS + 1, len(folds)))
    for fold in range(N_INNER_FOLDS):
        inside[fold, folds == fold] = 0.0
    *by_fold, of_all = fit_linear(T, target, inside, of_classes=of_classes)
    soft = np.empty_like(target)
    for fold, teacher in enumerate(by_fold):
        soft[folds == fold] = teacher(T[folds == fold])
    X, labeled = rows.S, np.ones(len(soft), dtype=bool)
    if pairs is not None:
        X, soft = np.vstack([X, pairs.S]), np.vstack([soft, of_all(pairs.T)])
        target = np.vstack([target, np.zeros((len(pairs.y), target.shape[1]))])
        labeled = np.arange(len(soft)) < len(labeled)
    label_weight, teacher_weight = (part[:, None] for part in loss_weights(labeled, np.ones(len(soft), bool), alpha))
    weight = label_weight + teacher_weight
    mixed = (label_weight * target + teacher_weight * soft) / weight
    return fit_linear(X, mixed, weight.T, of_classes=of_classes)[0]
