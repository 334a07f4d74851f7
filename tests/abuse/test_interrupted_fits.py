"""A fit that fails or is interrupted leaves the earlier fit as it was, and an unfitted estimator unfitted."""

import os

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd.networks import _training

from .tables import (
    cohort,
    mutual,
    network,
    network_regressor,
    paired,
    paired_regressor,
    selector,
    two_tables,
    unpaired,
)


class CustomError(Exception):
    pass


ERRORS = (KeyboardInterrupt, MemoryError, CustomError)


class Clock:
    """Counts fits and epochs, and raises at a given count."""

    def __init__(self):
        self.rewind()

    def rewind(self, alarm=None, error=None):
        self.time, self.alarm, self.error = 0, alarm, error

    def tick(self):
        self.time += 1
        if self.time == self.alarm:
            raise self.error("interrupted")


CLOCK = Clock()


class TickingClassifier(ClassifierMixin, BaseEstimator):
    def fit(self, X, y, sample_weight=None):
        CLOCK.tick()
        self.model_ = LogisticRegression().fit(X, y, sample_weight)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


class TickingRegressor(RegressorMixin, BaseEstimator):
    def fit(self, X, y, sample_weight=None):
        CLOCK.tick()
        self.model_ = Ridge().fit(X, y, sample_weight)
        return self

    def predict(self, X):
        return self.model_.predict(X)


@pytest.fixture(autouse=True)
def ticking(monkeypatch):
    """Count each epoch of a network, too."""
    run = _training._EpochNet.run_single_epoch

    def run_and_tick(self, *args, **kwargs):
        CLOCK.tick()
        return run(self, *args, **kwargs)

    monkeypatch.setattr(_training._EpochNet, "run_single_epoch", run_and_tick)
    CLOCK.rewind()
    yield
    CLOCK.rewind()


TICKING = {"student": TickingClassifier(), "teacher": TickingClassifier()}
TICKING_REGRESSORS = {"student": TickingRegressor(), "teacher": TickingRegressor()}


def fit_paired(estimator, S, T, y):
    return estimator.fit(S, y, X_teacher=T)


def fit_unpaired(estimator, S, T, y):
    return estimator.fit(S[::2], y[::2], teacher_data=(T[1::2], y[1::2]), bridge=(S[:9], T[:9]), unlabeled=(S[1::2],))


def fit_alone(estimator, S, T, y):
    return estimator.fit(S, y)


def fit_selector(estimator, S, T, y):
    return estimator.fit(S.join(T), y)


CASES = {
    "paired": (paired(alpha="auto", calibrate=True, **TICKING), fit_paired),
    "paired, several teachers": (
        paired(**TICKING, teacher_columns={"a": [0], "b": [1, 2]}, teacher_weights="learned"),
        fit_paired,
    ),
    "paired regressor": (paired_regressor(alpha="auto", **TICKING_REGRESSORS), fit_paired),
    "paired network": (paired(student=network(), teacher=network(), objective="rkd"), fit_paired),
    "mutual": (mutual(), fit_paired),
    "unpaired": (unpaired(alignment="auto", check_alignment=True, random_state=0, **TICKING), fit_unpaired),
    "unpaired network": (
        unpaired(student=network(), teacher=TickingClassifier(), alignment="prototypes", random_state=0),
        fit_unpaired,
    ),
    "selector": (selector(encoder=TickingClassifier()), fit_selector),
    "network": (network(linear_weight=0.5), fit_alone),
    "network regressor": (network_regressor(), fit_alone),
}


def outputs(estimator, S, T):
    """Outputs of all methods of a fitted estimator for the rows."""
    names = ("predict", "predict_proba", "transform", "get_support")
    table = S.join(T) if hasattr(estimator, "get_support") else S
    methods = [getattr(estimator, name) for name in names if hasattr(estimator, name)]
    return [np.asarray(method() if method.__name__ == "get_support" else method(table)) for method in methods]


@pytest.mark.parametrize("name", CASES)
def test_interrupted_at_every_count(name):
    estimator, fit = CASES[name]
    S, T, y = two_tables()
    fitted = fit(clone(estimator), S, T, y)
    earlier, attributes = outputs(fitted, S, T), dict(vars(fitted))
    # The second fit has fewer rows and columns, so that a mixture of both fits would differ from the first.
    second = (S.iloc[:30, :2], T.iloc[:30, ::-1], y[:30])
    if fit is fit_selector:
        second = (S[:30], T.iloc[:30, ::-1], y[:30])
    CLOCK.rewind()
    fit(clone(estimator), *second)
    n_counts = CLOCK.time
    assert n_counts >= 1
    # Every count of a short fit, some of a long one.
    for count in sorted({*range(1, n_counts + 1, max(1, n_counts // 3)), n_counts}):
        error = ERRORS[count % len(ERRORS)]
        unfitted = clone(estimator)
        for interrupted in (fitted, unfitted):
            CLOCK.rewind(count, error)
            with pytest.raises(error, match="interrupted"):
                fit(interrupted, *second)
        CLOCK.rewind()
        assert vars(fitted).keys() == attributes.keys()
        for before, after in zip(earlier, outputs(fitted, S, T), strict=True):
            np.testing.assert_array_equal(after, before)
        assert not [attribute for attribute in vars(unfitted) if attribute.endswith("_")]
        with pytest.raises(NotFittedError):
            outputs(unfitted, S, T)


@pytest.mark.parametrize("error", [KeyboardInterrupt])
def test_interrupted_in_a_worker(error):
    main_process = os.getpid()

    class FailsInWorkers(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            if os.getpid() != main_process and len(X) < 30:
                raise error("in a worker")
            return super().fit(X, y, sample_weight)

    S, T, y = two_tables()
    fitted = paired().fit(S, y, X_teacher=T)
    earlier = fitted.predict_proba(S)
    fitted.set_params(teacher=FailsInWorkers(), n_jobs=2)
    with parallel_config("loky"), pytest.raises(error, match="in a worker"):
        fitted.fit(S, y, X_teacher=T)
    np.testing.assert_array_equal(fitted.predict_proba(S), earlier)


def test_a_later_fit_succeeds():
    S, T, y = two_tables()
    estimator = paired(**TICKING)
    CLOCK.rewind(3, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(S, y, X_teacher=T)
    CLOCK.rewind()
    expected = clone(estimator).fit(S, y, X_teacher=T).predict_proba(S)
    np.testing.assert_array_equal(estimator.fit(S, y, X_teacher=T).predict_proba(S), expected)
    assert cohort()[0].shape == (40, 6)
