from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skcmkd._model_selection._intervals import EXPECTED, MODELS
from skcmkd._utils._decisions import DISTIL, DO_NOT_DISTIL, UNDECIDED
from skcmkd.selection._ranking import _interval, _result_row, select_teachers

from .problems import N, make_candidates, make_settings, on_rows, repeated


@pytest.fixture
def candidates():
    return make_candidates()


def with_decisions(decisions):
    return pd.DataFrame({"decision": decisions})


def select(results, candidates, n_subsamples=20, **changed):
    options = {"max_teachers": None, "keep_undecided": False, "random_state": np.random.RandomState(0)}
    return select_teachers(results, candidates, make_settings(n_subsamples=n_subsamples), **(options | changed))


def test_a_teacher_that_copies_another_is_not_added(candidates):
    teachers, added = select(with_decisions({"first": DISTIL, "copy": DISTIL, "second": DISTIL}), candidates)
    assert teachers == ["first", "second"]
    np.testing.assert_allclose(added.loc["second", "added_to_kept"], np.log(2), atol=0.15)
    assert abs(added.loc["copy", "added_to_kept"]) < 0.01
    assert added.loc["first"].isna().all()


def test_at_most_max_teachers(candidates):
    results = with_decisions({"first": DISTIL, "copy": DISTIL, "second": DISTIL})
    teachers, added = select(results, candidates, max_teachers=1)
    assert teachers == ["first"]
    assert added.isna().all(axis=None)


def test_only_candidates_that_pass_are_selected(candidates):
    results = with_decisions({"first": UNDECIDED, "copy": DO_NOT_DISTIL, "second": UNDECIDED})
    assert select(results, candidates)[0] == []
    assert select(results, candidates, keep_undecided=True)[0] == ["first", "second"]
    one = with_decisions({"first": DISTIL, "copy": UNDECIDED, "second": UNDECIDED})
    assert select(one, candidates)[0] == ["first"]


def test_teachers_that_share_few_rows_are_not_combined(candidates):
    first, _, second = candidates
    apart = [on_rows(first, np.arange(110)), on_rows(second, np.arange(100, 200))]
    teachers, added = select(with_decisions({"first": DISTIL, "second": DISTIL}), apart)
    assert teachers == ["first"]
    assert added.isna().all(axis=None)


def test_teachers_that_share_one_group_are_not_combined(candidates):
    first, _, second = (replace(each, groups=np.zeros(N, dtype=int)) for each in candidates)
    teachers, added = select(with_decisions({"first": DISTIL, "second": DISTIL}), [first, second])
    assert teachers == ["first"]
    assert added.isna().all(axis=None)


def test_halves_without_a_row_of_the_candidate_are_left_out(candidates):
    settings = make_settings(criterion=lambda metrics: metrics["gap"])
    metrics = candidates[0].metrics(settings, np.arange(N, N + 9))
    assert list(np.isnan(list(metrics.values()))) == [True] * 9
    halves, groups = np.array([0.1, np.nan, 0.3, 0.5]), np.arange(12) % 3

    def interval(halves):
        return _interval(0.2, halves, 0.0, candidates[0], groups, make_settings(), refitted=False)

    assert interval(halves) == interval(halves[[0, 2, 3]])
    assert np.isfinite([interval(halves).standard_error, interval(halves).p_value]).all()


def test_errors_are_corrected_for_training_sets_that_share_rows(candidates):
    """Five folds: sqrt(1 + 5 / 4) times the error of the rows, unless encoders are refitted."""
    one, halves, units = candidates[0], np.array([0.1, 0.3, 0.5]), np.arange(12)
    three = replace(one, repeats=one.repeats * 3)

    def interval(candidate, *, refitted=False):
        return _interval(0.2, halves, 0.3, candidate, units, make_settings(), refitted=refitted)

    np.testing.assert_allclose(interval(one, refitted=True).standard_error, 0.2)
    np.testing.assert_allclose(interval(one).standard_error, np.hypot(1.5 * 0.2, 0.3))
    np.testing.assert_allclose(interval(three).standard_error, np.hypot(1.5 * 0.2, 0.3))
    assert (interval(one).estimand, interval(one, refitted=True).estimand) == (MODELS, EXPECTED)


def test_metrics_are_means_over_the_repeats_and_their_errors_include_the_variance_between_them(candidates):
    first, _, second = candidates
    three, settings = repeated(first, second, second), make_settings(criterion=lambda metrics: metrics["gap"] ** 2)
    single = [each.metrics(make_settings()) for each in (first, second, second)]
    metrics, errors = three.metrics(settings), three.repeat_errors(settings)
    for name in ("teacher_student", "student_label", "gap", "advantage"):
        values = [each[name] for each in single]
        np.testing.assert_allclose(metrics[name], np.mean(values))
        np.testing.assert_allclose(errors[name], np.std(values, ddof=1) / np.sqrt(3), atol=1e-12)
    np.testing.assert_allclose(metrics["criterion"], metrics["gap"] ** 2)
    squares = [each["gap"] ** 2 for each in single]
    np.testing.assert_allclose(errors["criterion"], np.std(squares, ddof=1) / np.sqrt(3))
    assert set(first.repeat_errors(make_settings()).values()) == {0.0}

    halves = np.random.RandomState(0).normal(size=(20, 9))
    error_of_rows = np.std(halves[:, list(metrics).index("advantage")], ddof=1)
    row = _result_row(three, settings, halves)
    np.testing.assert_allclose(row["advantage_standard_error"], np.hypot(1.5 * error_of_rows, errors["advantage"]))
    refitted = _result_row(three, replace(settings, refit=True), halves)
    np.testing.assert_allclose(refitted["advantage_standard_error"], error_of_rows)


def test_added_information_is_a_mean_over_the_repeats(candidates):
    first, copy, second = candidates
    results = with_decisions({"first": DISTIL, "second": DISTIL})

    def added(*candidates):
        return select(results, candidates, n_subsamples=2)[1]

    once = added(first, second)
    twice = added(repeated(first, first), repeated(second, second))
    np.testing.assert_allclose(once["added_to_kept"], twice["added_to_kept"])
    np.testing.assert_allclose(once["added_to_kept_standard_error"], twice["added_to_kept_standard_error"])
    mixed = added(repeated(first, first), replace(repeated(second, copy), name="second"))
    copied = added(first, replace(copy, name="second"))
    expected = (once.loc["second", "added_to_kept"] + copied.loc["second", "added_to_kept"]) / 2
    np.testing.assert_allclose(mixed.loc["second", "added_to_kept"], expected)
