"""A small cohort of two modalities and fast estimators, for the tests in this folder."""

from functools import cache

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd import (
    CCHSelector,
    MutualDistiller,
    NetworkClassifier,
    NetworkRegressor,
    PairedDistiller,
    PairedDistillerRegressor,
    UnpairedDistiller,
)
from skcmkd.datasets import make_gaussian_modalities

N_ROWS = 40


@cache
def _drawn(n_classes):
    return make_gaussian_modalities(N_ROWS, n_shared=1, n_specific=1, n_noise=1, n_classes=n_classes, random_state=0)


def cohort(n_classes=2):
    """X of both modalities, y and the modalities' columns, as copies."""
    drawn = _drawn(n_classes)
    return drawn.data.copy(), drawn.target.copy(), {name: list(columns) for name, columns in drawn.modalities.items()}


def two_tables(n_classes=2):
    """The student's table, the teacher's, and y."""
    X, y, modalities = cohort(n_classes)
    return X[modalities["student"]].copy(), X[modalities["teacher"]].copy(), y


def network(**parameters):
    """Without the linear part, which takes most of the time of so short a training."""
    short = {"hidden_layer_sizes": (4,), "max_epochs": 2, "linear_weight": 0.0, "random_state": 0}
    return NetworkClassifier(**short | parameters)


def paired(**parameters):
    return PairedDistiller(
        **{"student": LogisticRegression(), "teacher": LogisticRegression(), "alpha": 0.5, "cv": 3, **parameters}
    )


def paired_regressor(**parameters):
    return PairedDistillerRegressor(**{"student": Ridge(), "teacher": Ridge(), "alpha": 0.5, "cv": 3, **parameters})


def mutual(**parameters):
    return MutualDistiller(**{"student": network(), "teacher": network(), "random_state": 0, **parameters})


def unpaired(**parameters):
    return UnpairedDistiller(
        **{
            "student": LogisticRegression(),
            "teacher": LogisticRegression(),
            "alignment": "none",
            "check_alignment": False,
            "cv": 3,
            **parameters,
        }
    )


def selector(**parameters):
    _, _, modalities = cohort()
    return CCHSelector(
        **{
            "modalities": modalities,
            "student": "student",
            "cv": 3,
            "n_repeats": 1,
            "n_subsamples": 5,
            "random_state": 0,
            **parameters,
        }
    )


def network_regressor(**parameters):
    return NetworkRegressor(**{"hidden_layer_sizes": (4,), "max_epochs": 2, "random_state": 0, **parameters})


class WholeNumbersOnly(LogisticRegression):
    """A classifier that, like XGBoost's, takes the classes 0, 1, ... and no others."""

    def fit(self, X, y, sample_weight=None):
        classes = np.unique(y)
        if not np.array_equal(classes, np.arange(len(classes))):
            raise ValueError(f"Invalid classes inferred from unique values of y: {classes}")
        return super().fit(X, y, sample_weight)


class WithoutWeights(ClassifierMixin, BaseEstimator):
    """A classifier whose fit takes no sample_weight; it predicts the first class."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))

    def predict_proba(self, X):
        return np.tile(np.eye(len(self.classes_))[0], (len(X), 1))
