import pickle

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skcmkd import NetworkClassifier
from skcmkd.paired._temperature_scaling import TemperatureScaled, fit_temperature, scale_proba


@pytest.fixture
def drawn():
    """Probabilities, and labels drawn from them: they are calibrated."""
    rng = np.random.RandomState(0)
    scores = 2 * rng.normal(size=(4000, 3))
    truth = softmax(scores, axis=1)
    codes = (rng.uniform(size=4000)[:, None] > truth.cumsum(axis=1)).sum(axis=1)
    return truth, codes


def test_temperature_one_changes_nothing(drawn):
    truth, _ = drawn
    np.testing.assert_allclose(scale_proba(truth, 1.0), truth, atol=1e-9)
    np.testing.assert_array_equal(scale_proba(truth, 3.0).argmax(axis=1), truth.argmax(axis=1))


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_known_miscalibration_is_undone(drawn, factor):
    truth, codes = drawn
    temperature = fit_temperature(scale_proba(truth, factor), codes)
    np.testing.assert_allclose(temperature, 1 / factor, rtol=0.08)


def test_temperature_has_the_least_log_loss(drawn):
    truth, codes = drawn
    weight = np.random.RandomState(1).uniform(size=len(codes))
    proba = scale_proba(truth, 0.4)
    temperature = fit_temperature(proba, codes, weight)
    direct = minimize(
        lambda t: log_loss(codes, scale_proba(proba, t[0]), sample_weight=weight), [1.0], method="Nelder-Mead"
    )
    np.testing.assert_allclose(temperature, direct.x[0], rtol=1e-3)


def test_the_temperature_of_certain_probabilities_is_finite():
    proba = np.eye(2)[[0, 1, 0]]
    assert np.isfinite(fit_temperature(proba, np.array([0, 1, 0])))
    assert np.isfinite(fit_temperature(proba, np.array([1, 0, 1])))


def test_scaled_model_is_a_classifier():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(40, 3)), np.array(["a", "b"])[rng.randint(2, size=40)]
    model = LogisticRegression().fit(X, y)
    scaled = pickle.loads(pickle.dumps(TemperatureScaled(model, 2.0)))
    np.testing.assert_allclose(scaled.predict_proba(X), scale_proba(model.predict_proba(X), 2.0))
    np.testing.assert_array_equal(scaled.predict(X), model.predict(X))
    assert scaled.score(X, y) == model.score(X, y)
    assert list(scaled.classes_) == ["a", "b"]
    assert scaled.fit(X, y) is scaled
    assert not hasattr(scaled, "transform")
    network = NetworkClassifier(max_epochs=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(TemperatureScaled(network, 2.0).transform(X), network.transform(X))
