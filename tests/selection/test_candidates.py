from dataclasses import replace

import numpy as np
import pytest

from skcmkd._linear_model._excess_risk import LinearStudentRisk
from skcmkd.information import cca
from skcmkd.selection._criteria import generic_estimators

from .candidate_problems import N, judgement, make_candidates, on_rows


@pytest.fixture
def candidates():
    return make_candidates()


def test_a_criterion_must_give_a_number(candidates):
    with pytest.raises(ValueError, match="gave nan for 'first'"):
        candidates[0].metrics(judgement(criterion=lambda found: found["residual_criterion"]))


def test_figures_on_some_rows_are_those_of_the_rows(candidates):
    one = candidates[0]
    rows = np.arange(0, N, 3)
    np.testing.assert_equal(one.metrics(judgement(), rows), on_rows(one, rows).metrics(judgement()))


def test_residual_figures_and_a_criterion_of_ones_own(candidates):
    rng = np.random.RandomState(0)
    e, u, b = rng.normal(size=(3, N, 4))
    compared = candidates[0].repeats[0]
    one = replace(candidates[0], repeats=[replace(compared, residuals=LinearStudentRisk(e, u, b, 9.0, N))])
    figures = one.metrics(judgement(criterion=lambda found: found["advantage"] - 2 * found["gap"]))
    np.testing.assert_allclose(figures["residual_criterion"], 1 - (e * u).sum() / (e**2).sum())
    np.testing.assert_allclose(figures["risk_reduction"], 1 - LinearStudentRisk(e, u, b, 9.0, N).relative_risk(0.5))
    np.testing.assert_allclose(figures["criterion"], figures["advantage"] - 2 * figures["gap"])
    assert np.isnan(candidates[0].metrics(judgement())["residual_criterion"])


def test_too_few_rows_name_the_candidate(candidates):
    with pytest.raises(ValueError, match=r"Candidate 'first' could not be judged on 9 of the 200 rows.* cca with cv=5"):
        candidates[0].metrics(judgement(estimators=generic_estimators(cca, 0)), np.arange(9))


def test_best_weight_is_a_mean_over_the_repeats(candidates):
    rng = np.random.RandomState(0)
    compared = candidates[0].repeats[0]
    residuals = [LinearStudentRisk(*rng.normal(size=(3, N, 4)), 9.0, N) for _ in range(2)]
    one = replace(candidates[0], repeats=[replace(compared, residuals=each) for each in residuals])
    np.testing.assert_allclose(one.best_alpha(), np.mean([each.best_alpha() for each in residuals]))
    assert np.isnan(candidates[0].best_alpha())
