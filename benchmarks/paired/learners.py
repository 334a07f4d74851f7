"""Students and teachers: a network or a linear model, of classes or of a quantity."""

from cells import CLASSES, Samples, make_ridge
from shared.remembering import RememberingNetwork, RememberingRegressor
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, NetworkRegressor

NETWORK, LINEAR = "network", "linear"


def make_student(samples: Samples, learner: str, seed: int) -> BaseEstimator:
    """The student, with the library's defaults; a linear one has the penalty that suits it alone."""
    if learner == NETWORK:
        network = NetworkClassifier if samples.label == CLASSES else NetworkRegressor
        return network(random_state=seed)
    penalty = samples.penalty
    if samples.label == CLASSES:
        return make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=1000, tol=1e-3))
    return make_pipeline(StandardScaler(), Ridge(penalty))


def make_teacher(samples: Samples, learner: str, seed: int) -> BaseEstimator:
    """The teacher: a network fitted once for all methods, or for linear students of a quantity a linear model."""
    if samples.label == CLASSES:
        return RememberingNetwork(random_state=seed)
    return RememberingRegressor(random_state=seed) if learner == NETWORK else make_ridge()
