import numpy as np

from skcmkd._model_selection._choices import holm, one_standard_error_rule


def test_holm_against_the_closed_form():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.6, 0.9]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.02]), [0.02])
    np.testing.assert_array_equal(holm([0.01, np.nan, 0.2]), [0.02, np.nan, 0.2])
    assert len(holm([])) == 0


def test_holm_keeps_the_error_over_candidates():
    p = np.random.RandomState(0).uniform(size=(4000, 3))
    rejected = np.array([holm(row).min() <= 0.05 for row in p])
    assert 0.04 <= rejected.mean() <= 0.06
    assert (p.min(axis=1) <= 0.05).mean() > 0.12


def test_one_standard_error_rule():
    rng = np.random.RandomState(0)
    base = rng.normal(size=400)
    better = base - 0.5 + 0.1 * rng.normal(size=400)
    hardly = base - 0.001 + 0.1 * rng.normal(size=400)
    assert one_standard_error_rule(np.column_stack([base, better])) == 1
    assert one_standard_error_rule(np.column_stack([base, hardly])) == 0
    assert one_standard_error_rule(np.column_stack([base, better, better - 1e-9])) == 2
    assert one_standard_error_rule(np.column_stack([base, base])) == 0


def test_one_standard_error_rule_counts_groups():
    gain = np.tile([1.4, -0.8], 6)
    groups = np.repeat(np.arange(12), 30)
    losses = np.column_stack([np.zeros(360), -gain[groups]])
    assert one_standard_error_rule(losses) == 1
    assert one_standard_error_rule(losses, groups) == one_standard_error_rule(losses[::30]) == 0
