"""Students and teachers: networks, linear models or trees, for classes or for a continuous target."""

from collections.abc import Callable

from cells import CLASSES, Samples, make_ridge
from shared.cached_networks import CachedNetworkClassifier, CachedNetworkRegressor
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, NetworkRegressor

# A linear student's teacher of classes is a network, unless both are linear; trees have teachers of their own kind.
NETWORK, LINEAR, LINEAR_TEACHER = "network", "linear", "linear, linear teacher"
EXTRA_TREES, BOOSTED_TREES = "extra trees", "boosted trees"
BOOSTING = {"max_iter": 30, "max_leaf_nodes": 8, "learning_rate": 0.2, "min_samples_leaf": 5}
TREES: dict[str, Callable[[str, int], BaseEstimator]] = {
    EXTRA_TREES: lambda label, seed: (ExtraTreesClassifier if label == CLASSES else ExtraTreesRegressor)(
        200, min_samples_leaf=2, random_state=seed
    ),
    BOOSTED_TREES: lambda label, seed: (
        HistGradientBoostingClassifier if label == CLASSES else HistGradientBoostingRegressor
    )(**BOOSTING, random_state=seed),
}


def make_student(samples: Samples, learner: str, seed: int) -> BaseEstimator:
    """The student; a network with the library's defaults, a linear one with the penalty that suits it alone."""
    if learner == NETWORK:
        network = NetworkClassifier if samples.label == CLASSES else NetworkRegressor
        return network(random_state=seed)
    if learner in TREES:
        return TREES[learner](samples.label, seed)
    if samples.label == CLASSES:
        return make_logistic(samples.penalty)
    return make_pipeline(StandardScaler(), Ridge(samples.penalty))


def make_logistic(C: float) -> BaseEstimator:
    """A logistic regression of standardized columns."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000, tol=1e-3))


def make_teacher(samples: Samples, learner: str, seed: int) -> BaseEstimator:
    """The teacher; a network is fitted once for all methods."""
    if learner in TREES:
        return TREES[learner](samples.label, seed)
    if samples.label == CLASSES:
        linear = learner == LINEAR_TEACHER
        return make_logistic(samples.teacher_penalty) if linear else CachedNetworkClassifier(random_state=seed)
    return CachedNetworkRegressor(random_state=seed) if learner == NETWORK else make_ridge()
