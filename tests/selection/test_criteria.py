import numpy as np
import pytest
from scipy.special import softmax

from skcmkd.information import cca, label_mutual_information, prediction_mutual_information
from skcmkd.selection._criteria import (
    METRIC_OF_CRITERION,
    MIEstimates,
    decide,
    decisive_metric,
    generic_estimators,
    metric_names,
    proba_estimators,
)


@pytest.fixture
def probabilities():
    rng = np.random.RandomState(0)
    codes = rng.randint(3, size=90)
    teacher, student = (softmax(rng.normal(size=(90, 3)) + w * np.eye(3)[codes], axis=1) for w in (3, 1))
    return teacher, student, codes


def test_gap_and_advantage():
    estimates = MIEstimates(teacher_student=0.5, student_label=0.2, teacher_label=0.6)
    assert estimates.gap == pytest.approx(0.3)
    assert estimates.advantage == pytest.approx(0.4)


def test_all_three_estimates_are_by_one_estimator(probabilities):
    t, s, y = probabilities
    estimates = proba_estimators().estimate(t, s, y, np.zeros(90, dtype=int))
    expected = prediction_mutual_information(t, s), label_mutual_information(s, y), label_mutual_information(t, y)
    np.testing.assert_allclose((estimates.teacher_student, estimates.student_label, estimates.teacher_label), expected)
    estimates = generic_estimators(cca, seed=0).estimate(t, s, y, np.zeros(90, dtype=int))
    expected = tuple(cca(a, b, random_state=0) for a, b in ((t, s), (s, y), (t, y)))
    np.testing.assert_allclose((estimates.teacher_student, estimates.student_label, estimates.teacher_label), expected)


def test_rows_without_a_label_count_between_the_modalities_only(probabilities):
    t, s, y = probabilities
    estimates = proba_estimators().estimate(t, s, y[:40], np.zeros(90, dtype=int))
    np.testing.assert_allclose(estimates.teacher_student, prediction_mutual_information(t, s))
    np.testing.assert_allclose(estimates.student_label, label_mutual_information(s[:40], y[:40]))


def test_blocks_are_estimated_apart_and_averaged_by_their_rows(probabilities):
    t, s, y = probabilities
    block_ids = np.repeat([0, 1], [30, 60])
    estimates = proba_estimators().estimate(t, s, y, block_ids)
    expected = (prediction_mutual_information(t[:30], s[:30]) + 2 * prediction_mutual_information(t[30:], s[30:])) / 3
    np.testing.assert_allclose(estimates.teacher_student, expected)
    expected = (label_mutual_information(t[:30], y[:30]) + 2 * label_mutual_information(t[30:], y[30:])) / 3
    np.testing.assert_allclose(estimates.teacher_label, expected)


def test_what_a_teacher_adds_must_exceed_a_hundredth_of_a_nat():
    cases = [(0.01, 0.02, 0.1), (0.07, 0.005, 0.1), (0.97, -0.1, 0.005)]
    decisions = [decide("added", p_value, lower, upper, 0.9)[0] for p_value, lower, upper in cases]
    assert decisions == ["distil", "undecided", "do not distil"]
    assert decide("added", 0.01, 0.005, 0.1, 0.9) == ("distil", "added is above 0.01 beyond chance (p-value 0.01)")


def test_among_many_candidates_an_interval_above_zero_may_be_chance():
    decision, reason = decide("gap", 0.12, 0.005, 0.1, 0.9)
    assert decision == "undecided"
    assert reason == "gap is not shown to be above 0 (p-value 0.12)"
    assert decide("gap", 0.12, 0.005, 0.1, 0.7)[0] == "distil"
    assert decide("gap", 0.99, -0.1, -0.005, 0.9)[0] == "do not distil"


def test_an_estimator_must_return_a_number():
    estimators = generic_estimators(lambda X, Y, *, random_state: np.nan, seed=0)
    with pytest.raises(ValueError, match="gave nan for 5 rows"):
        estimators.mi(np.zeros((5, 1)), np.zeros((5, 1)))


def test_every_criterion_decides_by_a_metric_with_that_name():
    assert {decisive_metric(name) for name in METRIC_OF_CRITERION} <= set(metric_names(with_criterion=False))
    assert decisive_metric(lambda metrics: metrics["gap"]) == metric_names(with_criterion=True)[-1] == "criterion"
