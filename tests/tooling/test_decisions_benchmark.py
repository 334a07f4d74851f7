"""The pure functions of the benchmark of decisions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from .scripts import load_script

FOLDER = Path(__file__).parents[2] / "benchmarks" / "decisions"


def load(name):
    return load_script(FOLDER / f"{name}.py")


@pytest.fixture(scope="module")
def smoothers():
    return load("smoothers")


@pytest.fixture(scope="module")
def regret():
    return load("regret")


def test_leaving_a_row_out_is_fitting_without_it(smoothers):
    rng = np.random.RandomState(0)
    X, weight, targets, n_labeled = rng.randn(20, 5), rng.uniform(size=20), rng.randn(20, 3), 12
    found = smoothers.fit_smoothers(X, weight, n_labeled, [0.3])[0].left_out(targets)
    share = weight / weight.sum()
    for row in range(n_labeled):
        others = np.arange(20) != row
        refitted = Ridge(alpha=0.3).fit(X[others], targets[others], sample_weight=share[others])
        np.testing.assert_allclose(found[row], refitted.predict(X[[row]])[0], atol=1e-10)


def test_the_labels_as_soft_targets_gain_nothing(smoothers):
    rng = np.random.RandomState(1)
    X, labels = rng.randn(40, 4), np.eye(3)[rng.randint(3, size=40)]
    student = smoothers.fit_student(X, np.empty((0, 4)), labels, 0.5)
    gain = smoothers.predicted_gain(student, labels, labels, np.empty((0, 3)))
    assert gain["left_out_gain"] == pytest.approx(0, abs=1e-12)
    assert gain["disagreement"] == pytest.approx(0, abs=1e-12)


def test_noise_free_labels_as_soft_targets_are_predicted_to_help(smoothers):
    rng = np.random.RandomState(2)
    X = rng.randn(60, 10)
    truth = 1 / (1 + np.exp(-X[:, 0]))
    labels = np.eye(2)[(rng.uniform(size=60) < truth).astype(int)]
    scores = np.column_stack([1 - truth, truth])
    student = smoothers.fit_student(X, np.empty((0, 10)), labels, 0.5)
    helped = smoothers.predicted_gain(student, labels, scores, np.empty((0, 2)))
    misled = smoothers.predicted_gain(student, labels, scores[:, ::-1], np.empty((0, 2)))
    assert helped["left_out_gain"] > 0 > misled["left_out_gain"]
    assert helped["risk_gain"] > 0 > misled["risk_gain"]


@pytest.fixture
def cells(regret):
    """Two decisions of one student: a good and a bad teacher, then two bad ones."""
    return pd.DataFrame(
        {
            "family": "f",
            "table": "t",
            "n_labeled": 50,
            "student": "s",
            "n_unlabeled": [0, 0, 100, 100],
            "seed": 0,
            "teacher": ["a", "b", "a", "b"],
            "gain": [0.04, -0.02, -0.03, -0.005],
            "own_gain": [0.05, -0.01, -0.02, 0.0],
            "metric": [1.0, 2.0, -1.0, 1.0],
            "metric_lower": [0.5, -0.5, -2.0, np.nan],
        }
    )


def test_the_choice_has_the_largest_metric_among_the_accepted(cells, regret):
    plain = regret.decide(cells, regret.Rule("plain", "metric", "metric"))
    assert plain["gain"].tolist() == [-0.02, -0.005]
    assert plain["regret"].tolist() == pytest.approx([0.06, 0.005])
    assert plain["harm-weighted regret"].tolist() == pytest.approx([0.08, 0.01])
    assert plain["harmful"].tolist() == [1, 0]
    sure = regret.decide(cells, regret.Rule("sure", "metric", "metric_lower"))
    assert sure["gain"].tolist() == [0.04, 0]
    assert sure["says yes"].tolist() == [1, 0]
    assert sure["harm-weighted regret"].tolist() == [0, 0]


def test_never_has_the_best_gain_as_its_regret(cells, regret):
    never = regret.decide(cells, regret.Rule("never", "metric", "metric", np.inf))
    assert never["says yes"].tolist() == [0, 0]
    assert never["regret"].tolist() == never["best gain"].tolist() == [0.04, 0]


def test_families_count_alike_whatever_their_size(regret):
    index = pd.MultiIndex.from_tuples(
        [("big", "t", student, seed) for student in "abc" for seed in range(4)] + [("small", "t", "a", 0)],
        names=["family", "table", "student", "seed"],
    )
    decisions = pd.DataFrame({"gain": [0.0] * 12 + [1.0]}, index=index)
    found = regret.summarize_decisions(decisions)
    assert found["gain"] == found["gain, lower"] == found["gain, upper"] == 0.5


def test_rank_correlation_and_area(regret):
    metric, gain = np.array([1.0, 2.0, 3.0, 4.0]), np.array([-1.0, 1.0, -0.5, 2.0])
    assert regret.rank_correlation(metric, gain) == pytest.approx(0.8)
    assert regret.area(metric, gain) == 0.75
    assert np.isnan(regret.rank_correlation(np.ones(4), gain))
    assert np.isnan(regret.area(metric, np.ones(4)))


@pytest.fixture(scope="module")
def views():
    return load("simulated_views")


@pytest.fixture(scope="module")
def pcm():
    return load("projected_covariance")


def test_a_copy_is_the_students_table_mixed_with_noise_of_its_own(views):
    drawn = views.draw_views(4000, 0, {"copy": "copy", "other": 1.0})
    S, T = (drawn.take(slice(None), name).to_numpy() for name in ("student", "copy"))
    mixing, *_ = np.linalg.lstsq(S, T, rcond=None)
    residual = T - S @ mixing
    np.testing.assert_allclose(residual.std(axis=0), 2, rtol=0.05)
    for label in (0, 1):
        np.testing.assert_allclose(residual[drawn.y == label].mean(axis=0), 0, atol=0.2)
    alone = views.draw_views(4000, 0, {})
    np.testing.assert_array_equal(alone.X, drawn.take(slice(None), "student"))
    np.testing.assert_array_equal(alone.y, drawn.y)


def test_the_projected_covariance_sees_what_goes_beyond_and_nothing_else(views, pcm):
    p_values = {"copy": [], 0.5: []}
    for teacher, found in p_values.items():
        for seed in range(20):
            drawn = views.draw_views(200, seed, {"teacher": teacher})
            T, S = (drawn.take(slice(None), name).to_numpy() for name in ("teacher", "student"))
            found.append(pcm.pcm_p_value(T, S, drawn.y, 1, seed))
    assert np.mean(p_values["copy"]) > 0.3
    assert np.max(p_values[0.5]) < 0.01


def test_shares_that_gain_and_lose_are_counted(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    helped = load("helped")
    keys = dict.fromkeys(helped.CELL, "a") | {"n_labeled": 50, "n_unlabeled": 100}
    rows = [
        {"family": "a", "teacher": "t1", "gain": 0.02, "advantage": 0.3, "lower": 0.1},
        {"family": "a", "teacher": "t2", "gain": -0.03, "advantage": -0.3, "lower": -0.5},
        {"family": "b", "teacher": "t1", "gain": 0.01, "advantage": 0.1, "lower": -0.1},
        {"family": "b", "teacher": "t1", "gain": 0.01, "advantage": 0.3, "lower": 0.1},
    ]
    cells = pd.DataFrame([keys | row for row in rows])
    cells = cells.rename(columns={"advantage": helped.ADVANTAGE, "lower": f"{helped.ADVANTAGE}_lower"})
    counted = helped.count(cells).set_index("decision")
    # Families count alike, and the second split of b's only cell is no further cell.
    assert counted.loc["any", ["helped", "harmful", "cells"]].tolist() == [0.75, 0.25, 3]
    assert counted.loc["distil", ["helped", "harmful", "cells"]].tolist() == [1.0, 0.0, 2]
    assert counted.loc["do not distil", ["helped", "harmful", "cells"]].tolist() == [0.0, 1.0, 1]
    assert counted.loc["undecided", "cells"] == 1
