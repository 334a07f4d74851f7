import numpy as np
import pytest

from skcmkd._model_selection._resampling import (
    half_samples,
    map_statistic,
    permutation_p_value,
)


def test_halves_have_no_row_twice_and_half_of_each_block():
    halves = half_samples([11, 4], 5, np.random.RandomState(0))
    for rows in halves:
        assert len(set(rows.tolist())) == len(rows) == 7
        assert (rows < 11).sum() == 5
        assert rows.max() < 15
        assert (np.diff(rows) > 0).all()


def _square(value):
    return value**2


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_values_keep_the_order_of_the_draws(n_jobs):
    np.testing.assert_array_equal(map_statistic(_square, [3, 1, 2], n_jobs=n_jobs), [9, 1, 4])
    assert len(map_statistic(_square, [])) == 0


def test_p_value_is_never_zero():
    assert permutation_p_value(1.0, np.zeros(19)) == pytest.approx(1 / 20)
    assert permutation_p_value(0.5, np.array([0.4, 0.5, 0.6])) == pytest.approx(3 / 4)


def test_p_values_under_independence_are_uniform():
    rng = np.random.RandomState(0)
    p_values = [permutation_p_value(rng.normal(), rng.normal(size=19)) for _ in range(2000)]
    np.testing.assert_allclose(np.mean(np.array(p_values) <= 0.1), 0.1, atol=0.02)


def test_halves_of_groups_are_whole():
    groups = np.array(list("abacabade"))
    for rows in half_samples([9, 6], 20, np.random.RandomState(0), groups):
        drawn = set(groups[rows[rows < 9]])
        assert len(drawn) == 2
        assert all((groups[rows[rows < 9]] == name).sum() == (groups == name).sum() for name in drawn)
        assert (rows >= 9).sum() == 3
        assert (np.diff(rows) > 0).all()


def test_groups_of_one_row_are_drawn_like_rows():
    rows, groups = (half_samples([15], 10, np.random.RandomState(0), g) for g in (None, np.arange(15)))
    np.testing.assert_array_equal(rows, groups)
