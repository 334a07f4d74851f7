from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skcmkd._utils._decisions import DISTIL, DO_NOT_DISTIL, UNDECIDED
from skcmkd.selection._ranking import _add_interval, _result_row, select_teachers

from .candidate_problems import N, dealt, judgement, make_candidates, on_rows


@pytest.fixture
def candidates():
    return make_candidates()


def results_of(decisions):
    return pd.DataFrame({"decision": decisions})


def keep(results, candidates, **changed):
    settings = {"max_teachers": None, "keep_undecided": False, "random_state": np.random.RandomState(0)}
    return select_teachers(results, candidates, judgement(), **(settings | changed))


def test_a_teacher_that_repeats_another_is_not_added(candidates):
    results = results_of({"first": DISTIL, "same": DISTIL, "other": DISTIL})
    kept, added = keep(results, candidates)
    assert kept == ["first", "other"]
    np.testing.assert_allclose(added.loc["other", "added"], np.log(2), atol=0.15)
    assert abs(added.loc["same", "added"]) < 0.01
    assert added.loc["first"].isna().all()


def test_at_most_so_many_teachers(candidates):
    results = results_of({"first": DISTIL, "same": DISTIL, "other": DISTIL})
    kept, added = keep(results, candidates, max_teachers=1)
    assert kept == ["first"]
    assert added.isna().all(axis=None)


def test_only_candidates_that_pass_are_kept(candidates):
    results = results_of({"first": UNDECIDED, "same": DO_NOT_DISTIL, "other": UNDECIDED})
    assert keep(results, candidates)[0] == []
    assert keep(results, candidates, keep_undecided=True)[0] == ["first", "other"]
    assert keep(results_of({"first": DISTIL, "same": UNDECIDED, "other": UNDECIDED}), candidates)[0] == ["first"]


def test_teachers_that_share_few_rows_are_not_joined(candidates):
    first, _, other = candidates
    apart = [on_rows(one, rows) for one, rows in ((first, np.arange(110)), (other, np.arange(100, 200)))]
    kept, added = keep(results_of({"first": DISTIL, "other": DISTIL}), apart)
    assert kept == ["first"]
    assert added.isna().all(axis=None)


def test_teachers_that_share_one_group_are_not_joined(candidates):
    first, _, other = (replace(one, groups=np.zeros(N, dtype=int)) for one in candidates)
    kept, added = keep(results_of({"first": DISTIL, "other": DISTIL}), [first, other])
    assert kept == ["first"]
    assert added.isna().all(axis=None)


def test_halves_without_a_row_of_the_candidate_say_nothing(candidates):
    one = candidates[0]
    figures = one.metrics(judgement(criterion=lambda found: found["gap"]), np.arange(N, N + 9))
    assert list(np.isnan(list(figures.values()))) == [True] * 8
    halves, groups = np.array([0.1, np.nan, 0.3, 0.5]), np.arange(12) % 3
    found = _add_interval("gap", 0.2, halves, 12, groups, 0.9)
    assert found == _add_interval("gap", 0.2, halves[[0, 2, 3]], 12, groups, 0.9)
    assert np.isfinite(list(found.values())).all()


def test_figures_are_means_over_the_repeats_and_their_error_holds_the_variance(candidates):
    first, _, other = candidates
    three, decides = dealt(first, other, other), judgement(criterion=lambda found: found["gap"] ** 2)
    alone = [one.metrics(judgement()) for one in (first, other, other)]
    figures, luck = three.metrics(decides), three.repeat_standard_errors(decides)
    for name in ("teacher_student", "student_label", "gap", "advantage"):
        np.testing.assert_allclose(figures[name], np.mean([one[name] for one in alone]))
        np.testing.assert_allclose(luck[name], np.std([one[name] for one in alone], ddof=1) / np.sqrt(3), atol=1e-12)
    np.testing.assert_allclose(figures["criterion"], figures["gap"] ** 2)
    np.testing.assert_allclose(luck["criterion"], np.std([one["gap"] ** 2 for one in alone], ddof=1) / np.sqrt(3))
    assert set(first.repeat_standard_errors(judgement()).values()) == {0.0}

    halves = np.random.RandomState(0).normal(size=(20, 8))
    of_rows = np.std(halves[:, 4], ddof=1)
    found = _result_row(three, decides, halves)["advantage_standard_error"]
    np.testing.assert_allclose(found, np.hypot(of_rows, luck["advantage"]))
    trained_anew = _result_row(three, replace(decides, refit=True), halves)
    np.testing.assert_allclose(trained_anew["advantage_standard_error"], of_rows)


def test_what_is_added_is_a_mean_over_the_repeats(candidates):
    first, same, other = candidates
    results = results_of({"first": DISTIL, "other": DISTIL})
    _, alike = keep(results, [first, other])
    _, twice = keep(results, [dealt(first, first), dealt(other, other)])
    pd.testing.assert_frame_equal(alike, twice)
    _, mixed = keep(results, [dealt(first, first), replace(dealt(other, same), name="other")])
    repeated = keep(results, [first, replace(same, name="other")])[1]
    expected = (alike.loc["other", "added"] + repeated.loc["other", "added"]) / 2
    np.testing.assert_allclose(mixed.loc["other", "added"], expected)
