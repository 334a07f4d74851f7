"""The documented shares and risks against large draws."""

import numpy as np
import pytest

from skcmkd.datasets import make_survival_modalities


@pytest.fixture(scope="module")
def drawn():
    return make_survival_modalities(100_000, n_noise=1, event_rate=0.25, censoring=0.5, random_state=0)


def test_shares_are_those_asked_for(drawn):
    np.testing.assert_allclose(drawn.target.mean(), 0.25, atol=0.005)
    censored_before = (drawn.time < drawn.horizon) & ~drawn.event
    np.testing.assert_allclose(censored_before.mean(), 0.5, atol=0.005)


def test_what_is_seen_agrees_with_the_truth(drawn):
    known = (drawn.time > drawn.horizon) | drawn.event
    seen = drawn.event & (drawn.time <= drawn.horizon)
    np.testing.assert_array_equal(seen[known], drawn.target[known] == 1)


@pytest.mark.parametrize("name", ["true_risk", "teacher", "student"])
def test_risks_are_calibrated(drawn, name):
    """Among rows of about the same risk the share of events is that risk."""
    risk = drawn.true_risk if name == "true_risk" else drawn.modality_risk[name]
    for rows in np.array_split(np.argsort(risk.to_numpy()), 10):
        np.testing.assert_allclose(drawn.target.iloc[rows].mean(), risk.iloc[rows].mean(), atol=0.02)


def test_the_risk_of_a_modality_is_the_best_prediction_from_it(drawn):
    brier = {name: ((drawn.target - risk) ** 2).mean() for name, risk in drawn.modality_risk.items()}
    assert ((drawn.target - drawn.true_risk) ** 2).mean() < brier["teacher"] < brier["student"] < 0.25 * 0.75


@pytest.mark.parametrize("dependence", [0.0, 1.0])
def test_censoring_may_depend_on_the_students_columns(dependence):
    drawn = make_survival_modalities(20_000, censoring_dependence=dependence, log_hazard_ratio=0.0, random_state=0)
    columns = [f"student_signal_{i}" for i in range(5)]
    correlation = np.corrcoef(drawn.data[columns].sum(axis=1), ~drawn.event)[0, 1]
    assert (correlation > 0.1) == (dependence > 0)
    assert abs(correlation) < 0.02 or dependence > 0


def test_without_censoring_every_event_is_seen():
    drawn = make_survival_modalities(50, censoring=0, random_state=0)
    assert drawn.event.all()
    assert np.isfinite(drawn.time).all()


def test_same_seed_same_table():
    a, b = (make_survival_modalities(20, random_state=3) for _ in range(2))
    assert a.data.equals(b.data)
    assert a.time.equals(b.time)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"event_rate": 0.0}, r"event_rate=0.0 must lie between"),
        ({"censoring": 1.0}, r"censoring=1.0 must be a share"),
        ({"signal": {}}, r"signal=\{\} must name"),
        ({"n_signal": 0}, r"n_signal=0"),
        ({"log_hazard_ratio": np.nan}, r"log_hazard_ratio=nan must be a finite number"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_survival_modalities(20, **parameters)
