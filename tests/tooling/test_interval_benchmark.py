"""The benchmark of intervals: its linear models, truths, evaluation and choice, and what is stored of it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd import PairedDistiller, PairedDistillerRegressor

from .scripts import modules_of

FOLDER = Path(__file__).parents[2] / "benchmarks" / "interval_coverage"
MODULES = ("settings", "tables", "fast", "models", "draws", "evaluate", "choice", "control")

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the benchmarks are in the repository")


@pytest.fixture(scope="module")
def bench():
    with modules_of(FOLDER, MODULES) as modules:
        yield modules


@pytest.fixture(scope="module")
def make_cell(bench):
    return bench["settings"].Cell


@pytest.mark.parametrize(
    ("target", "grouped"),
    [("2 classes", False), ("2 classes", True), ("5 classes", False), ("continuous", False), ("continuous", True)],
)
def test_fast_models_are_those_of_the_distillers(bench, make_cell, target, grouped):
    cell = make_cell("report", "clear", target, 60, grouped)
    rows, pairs, test = bench["tables"].draw_tables(cell, cell.random_state(0, 0))
    options = {"alpha": 0.3, "teacher_weights": "equal", "cv": 3}
    if cell.n_classes is None:
        distiller = PairedDistillerRegressor(Ridge(1.0), Ridge(1.0), **options)
    else:
        model = LogisticRegression(tol=1e-8)
        distiller = PairedDistiller(model, model, **options)
    for unlabeled in (None, pairs):
        tuples = None if unlabeled is None else (unlabeled.S, unlabeled.T)
        distiller.fit(rows.S, rows.y, X_teacher=rows.T, groups=rows.groups, unlabeled_pairs=tuples)
        expected = distiller.predict(test.S)[:, None] if cell.n_classes is None else distiller.predict_proba(test.S)
        found = bench["fast"].distill_linear(rows, rows.T, unlabeled, 0.3, cell.n_classes)(test.S)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_groups_share_label_and_most_of_their_columns(bench, make_cell):
    cell = make_cell("report", "small", "continuous", 500, grouped=True)
    rows, _, test = bench["tables"].draw_tables(cell, cell.random_state(0, 0))
    by_group = rows.S.reshape(100, 5, -1)
    assert (rows.y.reshape(100, 5) == rows.y[::5, None]).all()
    assert by_group.var(axis=1, ddof=1).mean() == pytest.approx(bench["tables"].GROUP_ERROR ** 2, rel=0.05)
    # Test rows are of the same population.
    np.testing.assert_allclose(test.S.var(axis=0), rows.S.var(axis=0), rtol=0.5)


@pytest.mark.parametrize("product", ["report", "selector"])
def test_truths_are_mean_losses_on_fresh_rows(bench, make_cell, product, monkeypatch):
    """With the labeled rows as the fresh ones, the truth of a fold's models contains that fold's out-of-fold losses."""
    cell = make_cell(product, "small", "2 classes", 60, n_repeats=1)
    draw_tables = bench["draws"].draw_tables

    def without_fresh_rows(cell, random_state):
        labeled, pairs, _ = draw_tables(cell, random_state)
        return labeled, pairs, labeled

    monkeypatch.setattr(bench["draws"], "draw_tables", without_fresh_rows)
    whole = bench["draws"].draw(cell, 0)
    fold = whole["fold_ids"][0] == 0

    def first_fold_alone(cell, random_state):
        labeled, pairs, _ = draw_tables(cell, random_state)
        return labeled, pairs, bench["tables"].take(labeled, np.flatnonzero(fold))

    monkeypatch.setattr(bench["draws"], "draw_tables", first_fold_alone)
    part = bench["draws"].draw(cell, 0)
    np.testing.assert_allclose(part["fold_losses"][0, 0], whole["losses"][0, fold].mean(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(part["losses"], whole["losses"])


def test_no_gain_is_expected_of_a_teacher_of_noise(bench, make_cell):
    cell = make_cell("report", "null", "continuous", 60, n_repeats=1)
    final = np.array([bench["draws"].draw(cell, seed)["final_losses"][0] for seed in range(60)])
    gain = final[:, 0] - final[:, 1]
    assert np.abs(gain).min() > 0
    assert abs(gain.mean()) < 3 * gain.std(ddof=1) / np.sqrt(60)


def synthetic_gains(bench, n_draws=250, n_repeats=1, n_rows=50, shared=0.0, groups=None):
    """Gains of independent rows of mean 0.3; ``shared`` is the variance that comes with each training set."""
    rng = np.random.RandomState(0)
    truth = 0.3 + np.sqrt(shared) * rng.standard_normal(n_draws)
    rows = truth[:, None] + rng.standard_normal((n_draws, n_rows))
    if groups is not None:
        rows += rng.standard_normal((n_draws, groups.max() + 1))[:, groups]
    fold_ids = np.stack([rng.permutation(n_rows) % 5 for _ in range(n_repeats)])
    return bench["evaluate"].Gains(
        np.repeat(rows[:, None], n_repeats, axis=1),
        np.broadcast_to(fold_ids, (n_draws, n_repeats, n_rows)),
        groups,
        None,
        np.repeat(truth[:, None], n_repeats, axis=1),
        0.3,
    )


def coverage(bench, gains):
    """Coverage at 90 % of the models and of the expectation, by method."""
    evaluate = bench["evaluate"]
    return {
        method: [evaluate.summarize(intervals, truth)["coverage"] for truth in (gains.models[:, 0], gains.expected)]
        for method, _, intervals in evaluate.intervals_of(gains, 0.9)
    }


def test_of_independent_rows_the_coverage_is_the_confidence(bench):
    found = coverage(bench, synthetic_gains(bench))
    np.testing.assert_allclose(found["wald"], 0.9, atol=0.055)
    np.testing.assert_allclose(found["half-sampling"], found["corrected rows"], atol=0.02)
    # The correction is for training sets that overlap; here none do anything.
    assert min(found["corrected t"]) > 0.93


def test_of_groups_the_coverage_is_the_confidence(bench):
    groups = np.arange(100) // 5
    found = coverage(bench, synthetic_gains(bench, n_rows=100, groups=groups))
    np.testing.assert_allclose(found["wald"][0], 0.9, atol=0.055)
    rows_alone = coverage(bench, replace(synthetic_gains(bench, n_rows=100, groups=groups), groups=None))
    assert rows_alone["wald"][0] < 0.75


def test_variance_of_training_sets_lowers_the_coverage_of_the_expectation_alone(bench):
    models, expected = coverage(bench, synthetic_gains(bench, shared=0.05))["wald"]
    assert models == pytest.approx(0.9, abs=0.055)
    assert expected < 0.7


def test_row_contributions_of_a_ratio_have_its_value_and_its_standard_error(bench):
    """Against the ratio on many resampled tables."""
    rng = np.random.RandomState(0)
    losses = rng.chisquare(1, size=(400, 2)) * [1.0, 0.6]
    rows = bench["evaluate"].row_gains(losses, log_ratio=True)
    assert rows.mean() == pytest.approx(np.log(losses[:, 0].mean() / losses[:, 1].mean()) / 2)
    resampled = losses[rng.randint(400, size=(2000, 400))].mean(axis=1)
    gains = bench["evaluate"].gain_of(resampled, log_ratio=True)
    assert rows.std() / 20 == pytest.approx(gains.std(), rel=0.1)


@pytest.mark.parametrize("gain", ["null", "clear"])
def test_a_control_in_the_same_order_is_the_distilled_student(bench, gain):
    cell = bench["settings"].Cell("report", gain, "continuous", 60)
    labeled, pairs, _ = bench["tables"].draw_tables(cell, cell.random_state(0, 0))
    train, held_out = (bench["tables"].take(labeled, rows) for rows in (np.arange(40), np.arange(40, 60)))
    order = SimpleNamespace(permutation=np.arange)
    losses = bench["control"].control_losses(cell, train, pairs, held_out, order)
    np.testing.assert_allclose(losses[:, 1], losses[:, 2])
    shuffled = bench["control"].control_losses(cell, train, pairs, held_out, np.random.RandomState(0))
    np.testing.assert_allclose(shuffled[:, :2], losses[:, :2])
    assert (abs(shuffled[:, 2] - losses[:, 2]) > 1e-6).all()


@pytest.fixture
def table():
    """Coverage of three methods in two cells: too narrow, right and too wide."""
    rows = []
    for method, covered, width in (("wald", (0.95, 0.90), 1.0), ("b", (0.94, 0.93), 1.5), ("c", (0.99, 1.0), 3.0)):
        for n_rows, value in zip((60, 100), covered, strict=True):
            rows.append({"n_rows": n_rows, "method": method, "coverage": value, "width": width * n_rows})
    key = {"product": "report", "gain": "null", "target": "2 classes", "grouped": False, "student": "linear"}
    key |= {"score": "brier", "n_repeats": 1, "estimand": "expected", "n_draws": 300}
    return pd.DataFrame(rows).assign(**key, above_threshold=0.02)


def test_the_narrowest_method_that_holds_everywhere_is_chosen(bench, table):
    summary = bench["choice"].summarize_methods(table).set_index("method")
    assert summary["chosen"].to_dict() == {"wald": False, "b": True, "c": False}
    assert summary["n_below"].to_dict() == {"wald": 1, "b": 0, "c": 0}
    np.testing.assert_allclose(summary.loc[["wald", "b", "c"], "relative_width"], [1, 1.5, 3])
    assert summary.loc["wald", "lowest_in"] == "null, 2 classes, 100 rows"
    assert not bench["choice"].summarize_methods(table[table["method"] == "wald"])["chosen"].any()


def test_a_method_that_was_not_run_everywhere_is_not_chosen(bench, table):
    partly = table.drop(table.index[(table["method"] == "b") & (table["n_rows"] == 100)])
    summary = bench["choice"].summarize_methods(partly).set_index("method")
    assert summary["chosen"].to_dict() == {"wald": False, "b": False, "c": True}


def test_the_stored_summary_is_that_of_the_stored_coverage(bench):
    results = FOLDER / "results"
    summary = bench["choice"].summarize_methods(bench["choice"].read_coverage(results / "coverage.csv.gz"))
    stored = pd.read_csv(results / "summary.csv")
    pd.testing.assert_frame_equal(summary, stored, rtol=1e-3)
    for estimand in ("expected", "models"):
        page = pd.read_csv(results / f"page_{estimand}.csv", dtype=str, keep_default_na=False)
        assert page.to_numpy().tolist() == bench["choice"].as_page(summary, estimand).to_numpy().tolist()
