from itertools import pairwise

import numpy as np
import pytest

from skcmkd.survival import kaplan_meier, pseudo_observations

from .outcomes import EVENT, TIME, draw_outcome, survival_by_hand


def restricted_mean_by_hand(time, event, horizon):
    """The area below the curve, between all times at which it may step."""
    points = sorted({0.0, horizon, *(t for t in time if t < horizon)})
    return sum((after - before) * survival_by_hand(time, event, before) for before, after in pairwise(points))


@pytest.mark.parametrize("kind", ["survival", "restricted_mean"])
@pytest.mark.parametrize("horizon", [2.5, 7.0, 12.0])
def test_equal_to_leaving_out_each_row(kind, horizon):
    estimate = survival_by_hand if kind == "survival" else restricted_mean_by_hand
    n, whole = len(TIME), estimate(TIME, EVENT, horizon)
    expected = [n * whole - (n - 1) * estimate(np.delete(TIME, i), np.delete(EVENT, i), horizon) for i in range(n)]
    np.testing.assert_allclose(pseudo_observations(TIME, EVENT, horizon, kind=kind), expected, rtol=1e-10, atol=1e-10)


def test_more_rows_than_a_batch():
    time, event = draw_outcome(600, 0)
    values = pseudo_observations(time, event, 4.0)
    for i in (0, 255, 256, 599):
        without = kaplan_meier(np.delete(time, i), np.delete(event, i)).at([4.0])[0]
        np.testing.assert_allclose(values[i], 600 * kaplan_meier(time, event).at([4.0])[0] - 599 * without, rtol=1e-9)


def test_without_censoring_they_are_the_outcomes():
    time, event = draw_outcome(50, 1, censoring=0)
    np.testing.assert_allclose(pseudo_observations(time, event, 3.0), time > 3, atol=1e-10)
    means = pseudo_observations(time, event, 3.0, kind="restricted_mean")
    np.testing.assert_allclose(means, np.minimum(time, 3), atol=1e-10)


def test_before_the_first_event_nothing_has_happened():
    np.testing.assert_allclose(pseudo_observations([2, 3, 4], [1, 1, 0], 1.0), 1)
    np.testing.assert_allclose(pseudo_observations([2, 3, 4], [1, 1, 0], 1.0, kind="restricted_mean"), 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2, 3], [1, 0, 1], 2, "hazard"), r"kind='hazard' must be one of 'survival', 'restricted_mean'"),
        (([1, 2], [1, 0], 2, "survival"), r"at least 3 rows, got n_samples=2"),
        (([1, 2, 3], [0, 0, 0], 2, "survival"), r"event is 0 in all 3 rows"),
        (([1, 2, 3], [1, 0, 1], 5, "survival"), r"horizon=5 is beyond the last time, 3"),
    ],
)
def test_bad_input(arguments, message):
    time, event, horizon, kind = arguments
    with pytest.raises(ValueError, match=message):
        pseudo_observations(time, event, horizon, kind=kind)
