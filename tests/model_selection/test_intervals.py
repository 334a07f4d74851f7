"""Intervals of a cross-validated difference, each against a sum written out or a closed form."""

import numpy as np
import pytest
from scipy import stats

from skcmkd._model_selection._intervals import (
    EXPECTED,
    MODELS,
    conservative_z_interval,
    corrected_rows_interval,
    corrected_t_interval,
    repeated_interval,
    split_interval,
    subsampling_interval,
    wald_interval,
)
from skcmkd._model_selection._resampling import half_samples, map_statistic
from skcmkd._model_selection._standard_errors import overlap_factor, standard_error_of_mean


def means_of_halves(values, n_subsamples, rng):
    draws = half_samples([len(values)], n_subsamples, rng)
    return map_statistic(lambda rows: values[rows].mean(), draws)


def repeated_folds(n_rows, n_folds, n_repeats, seed=0):
    rng = np.random.RandomState(seed)
    return np.stack([rng.permutation(np.arange(n_rows) % n_folds) for _ in range(n_repeats)])


def test_wald_interval_is_student_s_of_the_rows():
    differences = np.random.RandomState(0).exponential(size=40) - 0.8
    result = wald_interval(differences, 0.9)
    expected = stats.ttest_1samp(differences, 0, alternative="greater")
    ends = stats.ttest_1samp(differences, 0).confidence_interval(0.9)
    np.testing.assert_allclose([result.lower, result.upper], [ends.low, ends.high])
    np.testing.assert_allclose(result.p_value, expected.pvalue)
    np.testing.assert_allclose(result.p_value_above(0.1), stats.ttest_1samp(differences, 0.1, alternative="greater")[1])
    assert (result.value, result.estimand) == (differences.mean(), MODELS)


def test_wald_interval_averages_the_repeats_of_a_row_first():
    """Copies of the rows, as if each repeat were new data, would make the interval shorter."""
    differences = np.random.RandomState(0).normal(size=(3, 40))
    assert wald_interval(differences, 0.9) == wald_interval(differences.mean(axis=0), 0.9)
    copies = np.tile(differences[0], (3, 1))
    np.testing.assert_allclose(wald_interval(copies, 0.9).standard_error, stats.sem(differences[0]))


def test_wald_interval_counts_groups():
    values = np.random.RandomState(0).normal(size=12)
    result = wald_interval(np.repeat(values, 5), 0.9, groups=np.repeat(np.arange(12), 5))
    np.testing.assert_allclose(result.standard_error, stats.sem(values))
    np.testing.assert_allclose(result.p_value, stats.ttest_1samp(values, 0, alternative="greater").pvalue)


def test_rows_without_a_value_are_left_out():
    differences = np.random.RandomState(0).normal(size=(2, 40))
    with_gaps = np.column_stack([differences, np.full((2, 3), np.nan)])
    fold_ids = repeated_folds(40, 4, 2)
    gap_folds = np.column_stack([fold_ids, [[0, 1, 2]] * 2])
    for interval in (wald_interval, repeated_interval):
        assert interval(with_gaps, 0.9) == interval(differences, 0.9)
    by_hand = corrected_t_interval(differences, fold_ids, 0.9)
    result = corrected_t_interval(with_gaps, gap_folds, 0.9)
    np.testing.assert_allclose(result.standard_error, by_hand.standard_error, rtol=0.01)
    some = differences.copy()
    some[1, 0] = np.nan
    np.testing.assert_allclose(
        wald_interval(some, 0.9).value, np.append(differences.mean(axis=0)[1:], differences[0, 0]).mean()
    )


def test_repeats_add_the_variance_of_their_mean():
    differences = np.random.RandomState(0).normal(size=(4, 30)) + np.array([[0.0], [0.5], [1.0], [0.2]])
    result = repeated_interval(differences, 0.95)
    rows, repeats = stats.sem(differences.mean(axis=0)), stats.sem(differences.mean(axis=1))
    np.testing.assert_allclose(result.standard_error, np.hypot(rows, repeats))
    assert repeated_interval(differences[:1], 0.95).standard_error == pytest.approx(stats.sem(differences[0]))


def test_corrected_t_by_hand():
    """Two repeats of three folds of two rows: s^2 (1/6 + 2/4) of the six fold means, five degrees of freedom."""
    differences = np.array([[1.0, 3.0, 0.0, 2.0, 5.0, 1.0], [2.0, 2.0, 1.0, 1.0, 4.0, 2.0]])
    fold_ids = np.array([[0, 0, 1, 1, 2, 2], [0, 1, 2, 0, 1, 2]])
    means = np.array([2.0, 1.0, 3.0, 1.5, 3.0, 1.5])
    result = corrected_t_interval(differences, fold_ids, 0.9)
    error = np.sqrt((1 / 6 + 1 / 2) * means.var(ddof=1))
    np.testing.assert_allclose(result.standard_error, error)
    np.testing.assert_allclose(result.upper - result.value, stats.t(5).ppf(0.95) * error)
    np.testing.assert_allclose(result.p_value, stats.t(5).sf(2 / error))
    assert (result.value, result.estimand) == (2.0, EXPECTED)
    np.testing.assert_allclose(split_interval(means, 0.5, 0.9).standard_error, error)


def test_corrected_rows_are_the_corrected_t_of_many_folds():
    """Where rows differ by chance alone the variance of folds of m rows is that of the rows over m."""
    differences, fold_ids = np.random.RandomState(0).normal(size=(1, 6000)), repeated_folds(6000, 300, 1)
    by_folds = corrected_t_interval(differences, fold_ids, 0.9).standard_error
    by_rows = corrected_rows_interval(differences, overlap_factor(6000, 5980), 0.9).standard_error
    np.testing.assert_allclose(by_folds, by_rows, rtol=0.05)


def test_corrected_rows_by_hand():
    values = np.random.RandomState(0).normal(size=(2, 40))
    rows, repeats = stats.sem(values.mean(axis=0)), stats.sem(values.mean(axis=1))
    result = corrected_rows_interval(values, overlap_factor(40, 32, 2), 0.9)
    np.testing.assert_allclose(result.standard_error, np.sqrt((1 / 2 + 40 / 32) * rows**2 + repeats**2))
    assert (result.value, result.dof, result.estimand) == (values.mean(axis=0).mean(), 39, MODELS)
    groups = np.arange(40) // 4
    np.testing.assert_allclose(
        corrected_rows_interval(values[0], overlap_factor(40, 32), 0.9, groups).standard_error,
        1.5 * wald_interval(values[0], 0.9, groups).standard_error,
    )


def test_conservative_z_by_hand():
    halves = np.array([[0.1, 0.5], [0.3, 0.2], [0.0, 0.4]])
    result = conservative_z_interval(0.25, halves, 0.9)
    error = np.sqrt((0.16 + 0.01 + 0.16) / 6)
    np.testing.assert_allclose(result.standard_error, error)
    np.testing.assert_allclose(result.lower, 0.25 - stats.norm.ppf(0.95) * error)
    np.testing.assert_allclose(result.p_value, stats.norm.sf(0.25 / error))
    assert result.estimand == EXPECTED


def test_with_one_unit_or_split_only_the_value_is_known():
    one = wald_interval(np.array([0.5]), 0.9)
    group = wald_interval(np.array([0.5, 1.5]), 0.9, groups=np.zeros(2))
    split = split_interval(np.array([0.5]), 1.0, 0.9)
    assert [one.value, group.value, split.value] == [0.5, 1.0, 0.5]
    assert np.isnan([[i.standard_error, i.lower, i.upper, i.p_value] for i in (one, group, split)]).all()
    assert np.isnan(wald_interval(np.empty(0), 0.9).value)


def test_without_spread_the_sign_is_certain():
    assert wald_interval(np.full(4, 0.5), 0.9).p_value == 0
    assert wald_interval(np.zeros(4), 0.9).p_value == 1
    assert wald_interval(np.zeros(4), 0.9).probability_positive == 0


def test_corrected_t_keeps_its_size_where_training_sets_differ():
    """Half of the variance of a difference comes with the training set; rows alone give an interval too short."""
    rng = np.random.RandomState(0)
    fold_ids = repeated_folds(60, 5, 1)
    covered = {"rows": 0, "corrected": 0}
    for _ in range(400):
        of_data = rng.normal(scale=1 / np.sqrt(60))
        differences = 0.3 + of_data + rng.normal(size=(1, 60))
        for name, result in (
            ("rows", wald_interval(differences, 0.9)),
            ("corrected", corrected_t_interval(differences, fold_ids, 0.9)),
        ):
            covered[name] += result.lower <= 0.3 <= result.upper
    assert covered["rows"] / 400 < 0.82
    assert covered["corrected"] / 400 >= 0.88


@pytest.mark.parametrize("n_rows", [200, 201])
def test_half_samples_of_a_mean_give_the_textbook_error(n_rows):
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


def test_half_samples_of_a_mean_cover_the_truth():
    rng = np.random.RandomState(0)
    covered = 0
    for _ in range(300):
        values = rng.normal(0.3, 1, size=60)
        result = subsampling_interval(values.mean(), means_of_halves(values, 100, rng), 60, 0.9)
        covered += result.lower <= 0.3 <= result.upper
    assert 0.85 <= covered / 300 <= 0.95


def test_half_samples_of_a_dozen_groups_cover_the_truth():
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
