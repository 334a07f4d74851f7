"""A fit that fails or is interrupted leaves the earlier fit as it was, and an unfitted estimator unfitted."""

import os

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd.networks import _training

from .material import (
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


class StudentsOwnError(Exception):
    pass


ERRORS = (KeyboardInterrupt, MemoryError, StudentsOwnError)


class Clock:
    """Counts pieces of work, and raises at a given one."""

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
    """Each epoch of a network is a piece of work, too."""
    run = _training._EpochNet.run_single_epoch

    def run_and_tick(self, *given, **named):
        CLOCK.tick()
        return run(self, *given, **named)

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
    "network": (network(), fit_alone),
    "network regressor": (network_regressor(), fit_alone),
}


def answers(estimator, S, T):
    """All that a fitted estimator says of the rows."""
    methods = ("predict", "predict_proba", "transform", "get_support")
    table = S.join(T) if hasattr(estimator, "get_support") else S
    given = [getattr(estimator, method) for method in methods if hasattr(estimator, method)]
    return [np.asarray(method() if method.__name__ == "get_support" else method(table)) for method in given]


@pytest.mark.parametrize("name", CASES)
def test_interrupted_at_every_depth(name):
    estimator, fit = CASES[name]
    S, T, y = two_tables()
    fitted = fit(clone(estimator), S, T, y)
    earlier, attributes = answers(fitted, S, T), dict(vars(fitted))
    # The second fit is to other rows and fewer columns, so that a mixture of both would show.
    other = (S.iloc[:30, :2], T.iloc[:30, ::-1], y[:30])
    if fit is fit_selector:
        other = (S[:30], T.iloc[:30, ::-1], y[:30])
    CLOCK.rewind()
    fit(clone(estimator), *other)
    work = CLOCK.time
    assert work >= 1
    # All pieces of little work, some of much.
    for depth in sorted({*range(1, work + 1, max(1, work // 3)), work}):
        error = ERRORS[depth % len(ERRORS)]
        for one in (fitted, clone(estimator)):
            CLOCK.rewind(depth, error)
            with pytest.raises(error, match="interrupted"):
                fit(one, *other)
        CLOCK.rewind()
        assert vars(fitted).keys() == attributes.keys()
        for before, after in zip(earlier, answers(fitted, S, T), strict=True):
            np.testing.assert_array_equal(after, before)
        assert not [attribute for attribute in vars(one) if attribute.endswith("_")]
        with pytest.raises(NotFittedError):
            answers(one, S, T)


@pytest.mark.parametrize("error", [KeyboardInterrupt])
def test_interrupted_in_a_worker(error):
    home = os.getpid()

    class BreaksElsewhere(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            if os.getpid() != home and len(X) < 30:
                raise error("far from home")
            return super().fit(X, y, sample_weight)

    S, T, y = two_tables()
    fitted = paired().fit(S, y, X_teacher=T)
    earlier = fitted.predict_proba(S)
    fitted.set_params(teacher=BreaksElsewhere(), n_jobs=2)
    with parallel_config("loky"), pytest.raises(error, match="far from home"):
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
