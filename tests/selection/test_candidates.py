from dataclasses import replace

import numpy as np
import pytest

from skcmkd._linear_model._excess_risk import Residuals
from skcmkd.information import cca
from skcmkd.selection._criteria import estimator_family

from .candidate_problems import N, judgement, make_candidates, on_rows


@pytest.fixture
def candidates():
    return make_candidates()


def test_a_criterion_must_give_a_number(candidates):
    with pytest.raises(ValueError, match="gave nan for 'first'"):
        candidates[0].figures(judgement(criterion=lambda found: found["residual"]))


def test_figures_on_some_rows_are_those_of_the_rows(candidates):
    one = candidates[0]
    rows = np.arange(0, N, 3)
    np.testing.assert_equal(one.figures(judgement(), rows), on_rows(one, rows).figures(judgement()))


def test_residual_figures_and_a_criterion_of_ones_own(candidates):
    rng = np.random.RandomState(0)
    e, u, b = rng.normal(size=(3, N, 4))
    compared = candidates[0].comparisons[0]
    one = replace(candidates[0], comparisons=[replace(compared, residuals=Residuals(e, u, b, 9.0, N))])
    figures = one.figures(judgement(criterion=lambda found: found["advantage"] - 2 * found["gap"]))
    np.testing.assert_allclose(figures["residual"], 1 - (e * u).sum() / (e**2).sum())
    np.testing.assert_allclose(figures["risk_reduction"], 1 - Residuals(e, u, b, 9.0, N).relative_risk(0.5))
    np.testing.assert_allclose(figures["criterion"], figures["advantage"] - 2 * figures["gap"])
    assert np.isnan(candidates[0].figures(judgement())["residual"])


def test_too_few_rows_name_the_candidate(candidates):
    with pytest.raises(ValueError, match=r"Candidate 'first' could not be judged on 9 of the 200 rows.* cca with cv=5"):
        candidates[0].figures(judgement(family=estimator_family(cca, 0)), np.arange(9))


def test_best_weight_is_a_mean_over_the_deals(candidates):
    rng = np.random.RandomState(0)
    compared = candidates[0].comparisons[0]
    residuals = [Residuals(*rng.normal(size=(3, N, 4)), 9.0, N) for _ in range(2)]
    one = replace(candidates[0], comparisons=[replace(compared, residuals=each) for each in residuals])
    np.testing.assert_allclose(one.best_weight(), np.mean([each.best_weight() for each in residuals]))
    assert np.isnan(candidates[0].best_weight())
