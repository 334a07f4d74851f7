import inspect

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skcmkd
from skcmkd._validation._sklearn import check_choice, check_tuple, restore_on_error, set_random_states


def test_data_beside_x_are_a_tuple():
    check_tuple((1, 2), "bridge", "(a, b)", 2)
    for value, got in (([1, 2], "a list"), ((1,), "a tuple of 1"), (np.ones(2), "a ndarray"), (None, "a NoneType")):
        with pytest.raises(ValueError, match=rf"bridge must be a tuple \(a, b\), got {got}\. .*never tuples"):
            check_tuple(value, "bridge", "(a, b)", 2)


def test_seeds_replace_none_only():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    assert set_random_states(pipeline, 3)[-1].random_state == 3
    assert set_random_states(LogisticRegression(random_state=1), 3).random_state == 1
    assert set_random_states(LogisticRegression(), None).random_state is None


class Model(BaseEstimator):
    """Its fit sets an attribute, and then raises the error that it is given."""

    def __init__(self, error=None):
        self.error = error

    @restore_on_error
    def fit(self, X, y=None):
        """Documented."""
        self.extra_ = len(X)
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1
        if self.error is not None:
            raise self.error
        return self


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, ValueError("no")])
def test_a_failed_or_interrupted_fit_leaves_the_earlier_one(error):
    model = Model().fit([1, 2])
    before = dict(vars(model))
    model.set_params(error=error)
    with pytest.raises(type(error) if isinstance(error, Exception) else error):
        model.fit([1, 2, 3])
    assert vars(model) == before | {"error": error}
    unfitted = Model(error)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - which one is seen above
        unfitted.fit([1])
    assert vars(unfitted) == {"error": error}


def test_a_fit_that_ends_well_is_kept_and_keeps_its_name_and_signature():
    model = Model()
    assert model.fit(X=[1, 2]) is model
    assert (model.fit([1]).n_fits_, model.extra_) == (2, 1)
    assert Model.fit.__doc__ == "Documented."
    assert list(inspect.signature(Model.fit).parameters) == ["self", "X", "y"]


@pytest.mark.parametrize("name", [name for name in skcmkd.__all__ if hasattr(getattr(skcmkd, name), "fit")])
def test_every_estimator_keeps_an_earlier_fit(name):
    """What happens then is in tests/abuse/test_interrupted_fits.py."""
    fit = getattr(skcmkd, name).fit
    assert fit.__code__ is restore_on_error(lambda estimator: estimator).__code__


def test_choice():
    with pytest.raises(ValueError, match="metric='x' must be one of 'a', 'b'"):
        check_choice("metric", "x", ["a", "b"])
