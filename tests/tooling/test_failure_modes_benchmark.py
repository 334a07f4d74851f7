"""The benchmark of published failure modes: its draws, controls and summaries, and what is stored."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .scripts import modules_of

FOLDER = Path(__file__).parents[2] / "benchmarks" / "failure_modes"
RESULTS = FOLDER / "results"
MODULES = ("common", "no_transfer", "too_good", "large_teacher", "claims", "run", "plot")

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the benchmarks are in the repository")


@pytest.fixture(scope="module")
def bench():
    with modules_of(FOLDER, MODULES) as modules:
        yield modules


class TrueModel:
    """Predicts the true probability of each row, which is its only column, scaled."""

    def __init__(self, factor):
        self.factor = factor

    def predict_proba(self, X):
        p = expit(self.factor * X[:, 0])
        return np.column_stack([1 - p, p])


def test_samples_share_no_row_and_keep_their_pairs(bench):
    samples = bench["common"].split_digits("zernike", "pixels", (300, 50, 70), 0)
    parts = [samples.X.index, samples.unlabeled_pairs[0].index, samples.X_test.index]
    assert [len(part) for part in parts] == [50, 70, 300]
    assert len(set().union(*parts)) == 420
    for ours, theirs in ((samples.X, samples.X_teacher), samples.unlabeled_pairs, (samples.X_test, samples.y_test)):
        assert list(ours.index) == list(theirs.index)


def test_permuting_moves_the_teachers_rows_alone(bench):
    common = bench["common"]
    samples = common.split_digits("zernike", "pixels", (300, 50, 70), 0)
    permuted = common.permute_teacher(samples, 1)
    for before, after in (
        (samples.X_teacher, permuted.X_teacher),
        (samples.unlabeled_pairs[1], permuted.unlabeled_pairs[1]),
    ):
        assert list(before.index) == list(after.index)
        np.testing.assert_allclose(np.sort(before, axis=0), np.sort(after, axis=0))
        assert (before != after).any(axis=1).mean() > 0.8
    assert permuted.X is samples.X
    assert permuted.unlabeled_pairs[0] is samples.unlabeled_pairs[0]
    assert common.labeled_only(samples).unlabeled_pairs is None


@pytest.mark.parametrize(
    ("noise", "separation"), [(np.inf, 0.0), (np.inf, 1.0), (1.5, 0.0), (0.0, 0.0), (0.0, 2.0), (0.0, 6.0)]
)
def test_accuracy_of_the_teachers_table(bench, noise, separation):
    """Against the share of 60,000 drawn rows on the right side of the true log-odds, or of what is known of them."""
    too_good = bench["too_good"]
    samples, _ = too_good.draw(noise, separation, 0, (10, 60_000, 10))
    z, w = samples.X_teacher[:, 0], samples.X_teacher[:, 1]
    log_odds = separation * z + (w if np.isfinite(noise) else 0) + (z if np.isinf(noise) and not separation else 0)
    share = ((log_odds > 0) == samples.y).mean()
    assert abs(share - too_good.teacher_accuracy(noise, separation)) < 0.008


def test_draws_of_one_seed_differ_in_what_the_teacher_knows_alone(bench):
    draw = bench["too_good"].draw
    (weak, p), (strong, q) = draw(np.inf, 0.0, 3), draw(0.5, 4.0, 3)
    np.testing.assert_array_equal(weak.X, strong.X)
    np.testing.assert_array_equal(weak.y, strong.y)
    np.testing.assert_array_equal(p, q)
    np.testing.assert_allclose(strong.X_teacher[:, 0] - weak.X_teacher[:, 0], 4 * (weak.y - 0.5))
    measured = strong.X_teacher_test[:, 1] - 0.5 * weak.X_teacher_test[:, 1]
    np.testing.assert_allclose(expit(measured), p)
    np.testing.assert_array_equal(strong.X_teacher[:, 2:], weak.X_teacher[:, 2:])


def test_both_tables_together_follow_a_logistic_model(bench):
    """Its coefficients: the student's signal, and the separation of the copied label."""
    too_good = bench["too_good"]
    samples, _ = too_good.draw(np.inf, 2.0, 0, (10, 60_000, 10))
    both = np.hstack([samples.X, samples.X_teacher])
    coefficients = LogisticRegression(C=1e6).fit(both, samples.y).coef_[0]
    expected = np.zeros(both.shape[1])
    expected[: too_good.N_SIGNAL] = too_good.SIGNAL / np.sqrt(too_good.N_SIGNAL)
    expected[too_good.N_COLUMNS] = 2.0
    np.testing.assert_allclose(coefficients, expected, atol=0.06)


def test_expected_scores_are_means_over_drawn_labels(bench):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((500, 1))
    probability, model = expit(X[:, 0]), TrueModel(2.0)
    scores = bench["too_good"].expected_scores(model, X, probability)
    labels = rng.uniform(size=(2000, 500)) < probability
    p = model.predict_proba(X)[:, 1]
    np.testing.assert_allclose(scores["accuracy"], (labels == (p > 0.5)).mean(), atol=0.002)
    np.testing.assert_allclose(scores["log_loss"], -np.log(np.where(labels, p, 1 - p)).mean(), atol=0.003)
    assert bench["too_good"].expected_scores(TrueModel(1.0), X, probability)["log_loss"] < scores["log_loss"]


def test_rise_and_fall_are_measured_on_the_other_draws(bench):
    """On the even draws step 1 is best by far; on the odd ones it is 0.3 above the first and 0.1 above the last."""
    too_good = bench["too_good"]
    gains = {0: (0.0, 0.0), 1: (1.0, 0.3), 2: (0.0, 0.2)}
    cell = {"path": too_good.LABEL, "pairs": "a", "method": "m"}
    table = pd.DataFrame(
        [
            cell | {"seed": seed, "step": step, "log_loss_gain": gain[seed % 2] + seed / 1000}
            for seed in range(6)
            for step, gain in gains.items()
        ]
    )
    row = too_good.rise_and_fall(table).iloc[0]
    assert (row["best_step"], row["seeds"]) == (1, 3)
    np.testing.assert_allclose(row[["rise", "fall", "fall_lower"]].astype(float), [0.3, 0.1, 0.1], atol=1e-12)
    np.testing.assert_allclose(row["at_best"], 0.303)


def test_what_is_transferred_is_the_difference_to_the_permuted_teacher(bench):
    no_transfer = bench["no_transfer"]
    cell = {"pairs": "a", "student": "linear", "method": "m"}
    table = pd.DataFrame(
        [
            cell | {"seed": seed, "teacher": teacher, "accuracy_gain": gain + seed / 100, "log_loss_gain": gain}
            for seed in range(3)
            for teacher, gain in (("true", 0.05), ("permuted", 0.02), ("class frequencies", 0.9))
        ]
    )
    row = no_transfer.transferred(table).iloc[0]
    np.testing.assert_allclose([row["accuracy_gain"], row["log_loss_gain"]], [3.0, 0.03])


@pytest.mark.parametrize("part", ["no_transfer", "too_good"])
def test_a_cell_has_every_method_and_the_default_leaves_the_student_alone_without_pairs(bench, monkeypatch, part):
    """With models that are quick to fit."""
    module = bench[part]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, tol=0.01))
    monkeypatch.setattr(module, "make_default_classifier", lambda: model)
    monkeypatch.setattr(module, "tuned_linear", lambda _: model)
    cell = {
        "no_transfer": {"student": "linear", "seed": 0},
        "too_good": {"path": bench["too_good"].PROBABILITY, "step": 6, "seed": 0},
    }[part]
    rows = pd.DataFrame(module.run_cell(cell, (200, 60, 60)))
    assert len(rows) == len(rows.drop_duplicates(module.BY)) == {"no_transfer": 10, "too_good": 10}[part]
    default = rows[rows["method"].str.startswith("default") & (rows["pairs"] == bench["no_transfer"].LABELED)]
    assert (default[["accuracy_gain", "log_loss_gain"]] == 0).all(axis=None)
    assert (rows.drop(default.index)["log_loss_gain"] != 0).all()


@pytest.mark.parametrize("family", ["simulated", "digits"])
def test_students_are_small_and_tables_are_those_named(bench, family):
    large = bench["large_teacher"]
    draw = large.FAMILIES[family][0]
    same, other = draw(large.SAME, 0), draw(large.OTHER, 0)
    np.testing.assert_array_equal(same.X, same.X_teacher)
    np.testing.assert_array_equal(same.X, other.X)
    assert same.X.shape[1] != other.X_teacher.shape[1] or not np.allclose(other.X, other.X_teacher)
    assert large.make_student(large.TREE).fit(same.X, same.y).get_n_leaves() <= 16


def test_stored_means_are_those_of_the_stored_rows(bench):
    for name, part in bench["run"].PARTS.items():
        rows, means = (pd.read_csv(RESULTS / f"{name}{tail}.csv") for tail in ("", "_means"))
        again = part.means(rows)
        assert list(again.columns) == list(means.columns)
        numbers = means.select_dtypes("number").columns
        np.testing.assert_allclose(again[numbers], means[numbers], atol=1e-4)
        first = means.iloc[0]
        chosen = (rows[part.BY] == first[part.BY]).all(axis=1)
        by_seed = rows[chosen].groupby("seed")["accuracy_gain"].mean()
        np.testing.assert_allclose(first["accuracy_gain"], 100 * by_seed.mean(), atol=0.01)


def test_stored_claims_are_those_of_the_stored_means(bench):
    stored = pd.read_csv(RESULTS / "claims.csv")
    pd.testing.assert_frame_equal(bench["claims"].table(), stored)
    for command in stored["Command"].str.strip("`").str.split():
        assert (FOLDER / command[0]).exists()
        assert command[-1] in bench["run"].PARTS
