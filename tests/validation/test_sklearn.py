import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd._validation._sklearn import check_choice, check_tuple, keep_earlier_fit, set_random_states


def test_side_data_are_a_tuple():
    check_tuple((1, 2), "bridge", "(a, b)", 2)
    for given, got in (([1, 2], "a list"), ((1,), "a tuple of 1"), (np.ones(2), "a ndarray"), (None, "a NoneType")):
        with pytest.raises(ValueError, match=rf"bridge must be a tuple \(a, b\), got {got}. A tuple, unlike a list"):
            check_tuple(given, "bridge", "(a, b)", 2)


def test_seeds_go_where_there_are_none():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    assert set_random_states(pipeline, 3)[-1].random_state == 3
    assert set_random_states(LogisticRegression(random_state=1), 3).random_state == 1
    assert set_random_states(LogisticRegression(), None).random_state is None


def test_earlier_fit_comes_back_even_after_an_interrupt():
    model = LogisticRegression().fit([[0], [1]], [0, 1])
    coefficients = model.coef_

    def interrupted_fit():
        with keep_earlier_fit(model):
            model.coef_ = None
            model.extra_ = 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_fit()
    assert model.coef_ is coefficients
    assert not hasattr(model, "extra_")


def test_choice():
    with pytest.raises(ValueError, match="figure='x' must be one of 'a', 'b'"):
        check_choice("figure", "x", ["a", "b"])
