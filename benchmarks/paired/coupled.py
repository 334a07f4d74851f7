"""Coupled training with privileged information (arXiv 2605.23268): a model of both tables and the student, together.

Over the student f(x) and a model g(x, x_T) of both tables, with means over the n labeled rows and over all N pairs::

    mean_labeled loss(y, g) + weight * mean_pairs loss(g, f)

and ridge penalties of both models, whose strengths are those that suit each alone. g is held to the labels and drawn
to what the student can express; f takes what g concludes of all pairs. With squared error the minimum has a closed
form. With cross-entropy f and g are fitted by turns to each other's probabilities.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from cells import CLASSES, Samples, make_ridge
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from skcmkd._linear_model._logistic import make_default_classifier
from skcmkd._linear_model._soft_logistic import fit_soft_logistic

WEIGHT, ROUNDS = 1.0, 4


@dataclass
class Linear:
    """A linear model of standardized columns: class probabilities by softmax, or a continuous prediction."""

    scaler: StandardScaler
    coef: np.ndarray
    intercept: np.ndarray
    classes_: np.ndarray | None = None

    def decision(self, X: pd.DataFrame) -> np.ndarray:
        """Scores."""
        return self.scaler.transform(X) @ self.coef + self.intercept

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Class probabilities."""
        return softmax(self.decision(X), axis=1)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Classes or a continuous target."""
        return self.decision(X) if self.classes_ is None else self.classes_[self.decision(X).argmax(axis=1)]


def fit_coupled(samples: Samples, seed: int, learner: str) -> Linear:
    """The student of coupled training, for a linear learner."""
    pairs, labeled = samples.all_pairs, len(samples.y)
    both = pd.concat([part.reset_index(drop=True) for part in pairs], axis=1)
    both.columns = range(both.shape[1])
    scalers = [StandardScaler().fit(table[:labeled]) for table in (pairs[0], both)]
    X, Z = (scaler.transform(table) for scaler, table in zip(scalers, (pairs[0], both), strict=True))
    if samples.label == CLASSES:
        penalty = make_default_classifier().fit(both[:labeled], samples.y)[-1].C_
        classes = np.unique(samples.y)
        model = alternate(X, Z, samples.y.to_numpy(), classes, samples.penalty, penalty)
        coef, intercept = model.coef_.T, model.intercept_
        if len(classes) == 2:
            coef, intercept = (np.stack([np.zeros_like(part[..., 0]), part[..., 0]], -1) for part in (coef, intercept))
        return Linear(scalers[0], coef, intercept, classes)
    penalty = make_ridge().fit(both[:labeled], samples.y)[-1].alpha_
    coef, intercept = coupled_least_squares(X, Z, samples.y.to_numpy(), samples.penalty, penalty)
    return Linear(scalers[0], coef, intercept)


def coupled_least_squares(
    X: np.ndarray, Z: np.ndarray, y: np.ndarray, penalty: float, penalty_both: float, weight: float = WEIGHT
) -> tuple[np.ndarray, float]:
    """Coefficients and intercept of f in the minimum over linear f and g, labeled rows first.

    sum_labeled (y - g)^2 + b |g|^2 + weight n / N [sum_pairs (g - f)^2 + a |f|^2], with penalties a, b of sums.
    """
    n, n_pairs = len(y), len(X)
    share = weight * n / n_pairs
    # Parameters: f, its intercept, g, its intercept.
    F = np.column_stack([X, np.ones(n_pairs), np.zeros((n_pairs, Z.shape[1] + 1))])
    G = np.column_stack([np.zeros((n_pairs, X.shape[1] + 1)), Z, np.ones(n_pairs)])
    ridge = np.r_[np.full(X.shape[1], share * penalty), 0, np.full(Z.shape[1], penalty_both), 0]
    hessian = G[:n].T @ G[:n] + share * (G - F).T @ (G - F) + np.diag(ridge)
    solution = np.linalg.lstsq(hessian, G[:n].T @ y, rcond=None)[0]
    return solution[: X.shape[1]], solution[X.shape[1]]


def alternate(
    X: np.ndarray, Z: np.ndarray, y: np.ndarray, classes: np.ndarray, C: float, C_both: float
) -> LogisticRegression:
    """The student f after so many rounds: f fitted to g's probabilities, g to the labels and to f's probabilities."""
    n, n_pairs = len(y), len(X)
    labels = np.zeros((n_pairs, len(classes)))
    labels[:n] = y[:, None] == classes
    rich = fit_soft_logistic(_logistic(C_both), Z[:n], labels[:n], classes)
    for last in range(ROUNDS):
        student = fit_soft_logistic(_logistic(C), X, rich.predict_proba(Z), classes)
        if last < ROUNDS - 1:
            targets = labels + WEIGHT * n / n_pairs * student.predict_proba(X)
            rich = fit_soft_logistic(_logistic(C_both), Z, targets, classes)
    return student


def _logistic(C: float) -> BaseEstimator:
    return LogisticRegression(C=C, max_iter=1000, tol=1e-3)
