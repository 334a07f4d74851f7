import numpy as np
import pytest

from skcmkd._model_selection._resampling import (
    half_samples,
    map_statistic,
    one_standard_error_rule,
    permutation_p_value,
    standard_error_of_mean,
    subsampling_interval,
)


def means_of_halves(values, n_subsamples, rng):
    draws = half_samples([len(values)], n_subsamples, rng)
    return map_statistic(lambda rows: values[rows].mean(), draws)


@pytest.mark.parametrize("n_rows", [200, 201])
def test_standard_error_of_a_mean_is_the_textbook_one(n_rows):
    """Half-samples without replacement have the standard error of all rows, s / sqrt(n), without another factor."""
    values = np.random.RandomState(0).exponential(size=n_rows)
    halves = means_of_halves(values, 4000, np.random.RandomState(1))
    result = subsampling_interval(values.mean(), halves, n_rows, 0.9)
    np.testing.assert_allclose(result.standard_error, values.std(ddof=1) / np.sqrt(n_rows), rtol=0.04)
    margin = 1.6449 * result.standard_error
    np.testing.assert_allclose(
        [result.lower, result.upper], [values.mean() - margin, values.mean() + margin], rtol=1e-4
    )
    np.testing.assert_allclose(result.probability_positive, 1.0)


def test_probability_of_being_positive():
    result = subsampling_interval(0.5, np.array([-0.5, 0.5]), 10, 0.9)
    # Half a value over a standard error of 1 / sqrt(2), one degree of freedom: 1/2 + arctan(t) / pi.
    np.testing.assert_allclose(result.probability_positive, 0.5 + np.arctan(np.sqrt(0.5)) / np.pi)
    assert subsampling_interval(0.5, np.zeros(3), 10, 0.9).probability_positive == 1.0
    assert subsampling_interval(0.0, np.zeros(3), 10, 0.9).probability_positive == 0.0


def test_interval_of_a_mean_covers_the_truth():
    rng = np.random.RandomState(0)
    covered = 0
    for _ in range(300):
        values = rng.normal(0.3, 1, size=60)
        result = subsampling_interval(values.mean(), means_of_halves(values, 200, rng), 60, 0.9)
        covered += result.lower <= 0.3 <= result.upper
    assert 0.85 <= covered / 300 <= 0.95


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


def test_one_standard_error_rule():
    rng = np.random.RandomState(0)
    base = rng.normal(size=400)
    better = base - 0.5 + 0.1 * rng.normal(size=400)
    hardly = base - 0.001 + 0.1 * rng.normal(size=400)
    assert one_standard_error_rule(np.column_stack([base, better])) == 1
    assert one_standard_error_rule(np.column_stack([base, hardly])) == 0
    assert one_standard_error_rule(np.column_stack([base, better, better - 1e-9])) == 2
    assert one_standard_error_rule(np.column_stack([base, base])) == 0


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


def test_interval_of_a_mean_over_a_dozen_groups_covers_the_truth():
    """Rows of a group share most of their error; the groups differ in size."""
    rng = np.random.RandomState(0)
    groups = np.repeat(np.arange(12), np.tile([2, 3, 4, 3], 3))
    covered = {"groups": 0, "rows": 0}
    for _ in range(300):
        values = 0.3 + rng.normal(size=12)[groups] + 0.2 * rng.normal(size=len(groups))
        for unit, unit_ids, n_units, dof in (("groups", groups, 12, 11), ("rows", None, len(groups), None)):
            draws = half_samples([len(groups)], 100, rng, unit_ids)
            halves = np.array([values[rows].mean() for rows in draws])
            result = subsampling_interval(values.mean(), halves, n_units, 0.9, dof)
            covered[unit] += result.lower <= 0.3 <= result.upper
    assert 0.86 <= covered["groups"] / 300 <= 0.94
    assert covered["rows"] / 300 < 0.75


def test_error_of_a_mean_over_groups():
    values = np.random.RandomState(0).normal(size=30)
    np.testing.assert_allclose(standard_error_of_mean(values), values.std(ddof=1) / np.sqrt(30))
    np.testing.assert_allclose(standard_error_of_mean(values, np.arange(30)), standard_error_of_mean(values))
    copies = standard_error_of_mean(np.repeat(values, 3), np.repeat(np.arange(30), 3))
    np.testing.assert_allclose(copies, standard_error_of_mean(values))
    assert np.isnan(standard_error_of_mean(values, np.zeros(30)))


def test_one_standard_error_rule_counts_groups():
    gain = np.tile([1.4, -0.8], 6)
    groups = np.repeat(np.arange(12), 30)
    losses = np.column_stack([np.zeros(360), -gain[groups]])
    assert one_standard_error_rule(losses) == 1
    assert one_standard_error_rule(losses, groups) == one_standard_error_rule(losses[::30]) == 0
