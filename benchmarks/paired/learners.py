"""Students and teachers: a network or a linear model, for classes or for a continuous target."""

from cells import CLASSES, Samples, make_ridge
from shared.cached_networks import CachedNetworkClassifier, CachedNetworkRegressor
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
    """The teacher: a network fitted once for all methods; a linear model for linear students of a continuous target."""
    if samples.label == CLASSES:
        return CachedNetworkClassifier(random_state=seed)
    return CachedNetworkRegressor(random_state=seed) if learner == NETWORK else make_ridge()
