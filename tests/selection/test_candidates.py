from dataclasses import replace

import numpy as np
import pytest

from skcmkd._linear_model._excess_risk import LinearStudentRisk
from skcmkd.information import cca
from skcmkd.selection._criteria import generic_estimators

from .problems import N, make_candidates, make_settings, on_rows


@pytest.fixture
def candidate():
    return make_candidates()[0]


def test_a_criterion_must_return_a_number(candidate):
    with pytest.raises(ValueError, match="gave nan for 'first'"):
        candidate.metrics(make_settings(criterion=lambda metrics: metrics["residual_criterion"]))


def test_metrics_on_some_rows_are_those_of_the_rows(candidate):
    """What a teacher adds is by the losses of the rows, and these by weights of all rows."""
    rows = np.arange(0, N, 3)
    expected, added = on_rows(candidate, rows).metrics(make_settings()), candidate.repeats[0].added
    expected["added"] = float(np.subtract(*added.row_losses[rows].mean(axis=0)))
    np.testing.assert_equal(candidate.metrics(make_settings(), rows), expected)


def test_metrics_of_residuals_and_a_callable_criterion(candidate):
    rng = np.random.RandomState(0)
    e, u, b = rng.normal(size=(3, N, 4))
    comparison = replace(candidate.repeats[0], residuals=LinearStudentRisk(e, u, b, 9.0, N))
    metrics = replace(candidate, repeats=[comparison]).metrics(
        make_settings(criterion=lambda metrics: metrics["advantage"] - 2 * metrics["gap"])
    )
    np.testing.assert_allclose(metrics["residual_criterion"], 1 - (e * u).sum() / (e**2).sum())
    np.testing.assert_allclose(metrics["risk_reduction"], 1 - LinearStudentRisk(e, u, b, 9.0, N).relative_risk(0.5))
    np.testing.assert_allclose(metrics["criterion"], metrics["advantage"] - 2 * metrics["gap"])
    assert np.isnan(candidate.metrics(make_settings())["residual_criterion"])


def test_metrics_are_in_the_order_of_their_names(candidate):
    for settings in (make_settings(), make_settings(criterion=lambda metrics: metrics["gap"])):
        assert list(candidate.metrics(settings)) == settings.metric_names
        assert list(candidate.metrics(settings, np.arange(N, N + 9))) == settings.metric_names


def test_too_few_rows_name_the_candidate(candidate):
    settings = make_settings(estimators=generic_estimators(cca, 0))
    with pytest.raises(ValueError, match=r"Candidate 'first' could not be scored on 9 of 200 rows.* cca with cv=5"):
        candidate.metrics(settings, np.arange(9))


def test_best_alpha_is_a_mean_over_the_repeats(candidate):
    rng = np.random.RandomState(0)
    residuals = [LinearStudentRisk(*rng.normal(size=(3, N, 4)), 9.0, N) for _ in range(2)]
    repeats = [replace(candidate.repeats[0], residuals=each) for each in residuals]
    expected = np.mean([each.best_alpha() for each in residuals])
    np.testing.assert_allclose(replace(candidate, repeats=repeats).best_alpha(), expected)
    assert np.isnan(candidate.best_alpha())
