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

LABEL = "a column of this check is the label, which is refused in the teacher's table"
PREDICTED_FAILURES = {
    "check_sample_weights_shape": LABEL,
    "check_sample_weights_not_overwritten": LABEL,
    "check_sample_weight_equivalence_on_dense_data": "a repeated row is in several folds of the features",
    "check_sample_weight_equivalence_on_sparse_data": "a repeated row is in several folds of the features",
}


@dataclass(frozen=True)
class Columns:
    """Student and teacher columns of the checks' tables, which have two columns or more."""

    are_students: bool

    def __call__(self, X):
        border = max(1, X.shape[1] - 2)
        return slice(0, border) if self.are_students else slice(border, None)


class OnPredictedFeatures(PairedDistiller):
    """The table of the checks is the teacher's, too, so that there are features to predict."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y, sample_weight, X_teacher=X)


# The linear part, which takes most of a small network's training, is trained in the networks' own checks.
SMALL = {"hidden_layer_sizes": (32,), "max_epochs": 5, "learning_rate": 0.03, "batch_size": 64, "linear_weight": 0.0}
ESTIMATORS = [
    NetworkClassifier((16,), max_epochs=3),
    NetworkRegressor((16,), max_epochs=3),
    PairedDistiller(NetworkClassifier(**SMALL)),
    PairedDistiller(LogisticRegression()),
    OnPredictedFeatures(LogisticRegression(), LogisticRegression(), student_features="predicted_teacher", cv=3),
    PairedDistillerRegressor(NetworkRegressor(**SMALL)),
    PairedDistillerRegressor(Ridge()),
    MutualDistiller(NetworkClassifier(**SMALL)),
    UnpairedDistiller(NetworkClassifier(**SMALL)),
    UnpairedDistiller(LogisticRegression()),
    PredictedTeacherFeatures(),
    CCHSelector({"panel": Columns(True), "omics": Columns(False)}, student="panel", cv=2, n_repeats=1, n_subsamples=2),
]


def expected_failures(estimator):
    if isinstance(estimator, OnPredictedFeatures):
        return PREDICTED_FAILURES
    networks = (NetworkClassifier, NetworkRegressor)
    return NETWORK_FAILURES if isinstance(getattr(estimator, "student", estimator), networks) else {}


@pytest.mark.filterwarnings("default")  # the checks raise warnings on purpose, and test them
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
