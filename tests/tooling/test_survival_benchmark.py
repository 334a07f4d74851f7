"""The benchmark of times to an event: what a draw gives, its summary, and the stored one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .scripts import load_script

FOLDER = Path(__file__).parents[2] / "benchmarks" / "survival"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the benchmarks are in the repository")


@pytest.fixture(scope="module")
def bench():
    return load_script(FOLDER / "simulated.py")


def test_a_draw(bench, monkeypatch):
    monkeypatch.setattr(bench, "N_ROWS", 120)
    row = bench.report_on_draw(0.5, 0.0, 0.03, 0.5, 0)
    assert row["event"] + row["beyond"] + row["censored"] == 120
    assert row["brier_lower"] <= row["brier_gain"] <= row["brier_upper"]


def test_means_and_errors_are_over_draws(bench):
    draws = pd.DataFrame(
        {
            "censoring": [0.5, 0.5, 0.7],
            "dependence": 0.0,
            "C": 0.03,
            "weight": "auto",
            **dict.fromkeys(["censored", "alpha", "shuffled_brier_gain", "true_brier_gain", "auc_gain"], 0.0),
            "brier_gain": [0.1, 0.3, 0.5],
        }
    )
    summary = bench.summarize(draws)
    assert summary["n_draws"].tolist() == [2, 1]
    np.testing.assert_allclose(summary["brier_gain"], [0.2, 0.5])
    np.testing.assert_allclose(summary["brier_gain_error"].iloc[0], 0.1)


def test_with_a_third_or_half_censored_the_stored_gain_is_above_zero_by_two_standard_errors(bench):
    """At 70 % the 90 known rows are too few; the page says so. Without censoring the student is trained alone."""
    stored = pd.read_csv(FOLDER / "results" / "simulated.csv")
    auto = stored[(stored["dependence"] == 0) & (stored["weight"] == "auto")].set_index("censoring")
    censored = auto.loc[[0.3, 0.5]]
    assert (censored["brier_gain"] > 2 * censored["brier_gain_error"]).all()
    assert (censored["true_brier_gain"] > 2 * censored["true_brier_gain_error"]).all()
    assert auto.loc[0.0, "brier_gain"] == 0
