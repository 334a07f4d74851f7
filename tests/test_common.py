"""scikit-learn's own checks of every public estimator."""

from dataclasses import dataclass

import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from skcmkd import (
    CCHSelector,
    MutualDistiller,
    NetworkClassifier,
    NetworkRegressor,
    PairedDistiller,
    PairedDistillerRegressor,
    PredictedTeacherFeatures,
    UnpairedDistiller,
)

WEIGHTS = (
    "Mini-batches and held-out rows are drawn from the rows: a row of weight two is drawn once, and two rows twice. "
    "scikit-learn lists the same exception for its own stochastic gradient estimators."
)
NETWORK_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
}


@dataclass(frozen=True)
class Columns:
    """Student and teacher columns of the checks' tables, which have two columns or more."""

    are_students: bool

    def __call__(self, X):
        border = max(1, X.shape[1] - 2)
        return slice(0, border) if self.are_students else slice(border, None)


ESTIMATORS = [
    NetworkClassifier(max_epochs=30),
    NetworkRegressor(max_epochs=30),
    PairedDistiller(NetworkClassifier(max_epochs=30)),
    PairedDistiller(LogisticRegression()),
    PairedDistillerRegressor(NetworkRegressor(max_epochs=30)),
    PairedDistillerRegressor(Ridge()),
    MutualDistiller(NetworkClassifier(max_epochs=30)),
    UnpairedDistiller(NetworkClassifier(max_epochs=30)),
    UnpairedDistiller(LogisticRegression()),
    PredictedTeacherFeatures(),
    CCHSelector({"panel": Columns(True), "omics": Columns(False)}, student="panel", cv=2, n_repeats=2, n_subsamples=10),
]


def expected_failures(estimator):
    networks = (NetworkClassifier, NetworkRegressor)
    return NETWORK_FAILURES if isinstance(getattr(estimator, "student", estimator), networks) else {}


@pytest.mark.filterwarnings("default")  # the checks raise warnings on purpose, and test them
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
