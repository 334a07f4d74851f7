import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel
from sklearn.metrics import brier_score_loss, log_loss, r2_score
from sklearn.model_selection import KFold

from skcmkd.evaluation._cross_validate import Predictions
from skcmkd.evaluation._scores import (
    Design,
    add_r2,
    collect_row_scores,
    compares_splits,
    paired_difference,
    row_agreement,
    row_scores,
    splits_factor,
    splits_ratio,
)

RANDOM = np.random.RandomState(0)
CLASSES = np.array(["a", "b", "c"])


def predictions_of(rows, proba):
    return Predictions(rows, CLASSES[proba.argmax(axis=1)], proba, 0.5)


@pytest.fixture
def example():
    y = CLASSES[RANDOM.randint(3, size=20)]
    proba = RANDOM.dirichlet(np.ones(3), size=20)
    return y, proba


def test_means_are_those_of_scikit_learn(example):
    y, proba = example
    scores = row_scores(y, predictions_of(np.arange(20), proba), CLASSES)
    np.testing.assert_allclose(scores["log_loss"].mean(), log_loss(y, proba))
    np.testing.assert_allclose(scores["brier"].mean(), brier_score_loss(y, proba, scale_by_half=False))


def test_a_probability_of_zero_costs_what_it_does_in_scikit_learn():
    proba = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    scores = row_scores(np.array(["a", "a"]), predictions_of(np.arange(2), proba), CLASSES)
    np.testing.assert_allclose(scores["log_loss"].mean(), log_loss(["a", "a"], proba, labels=CLASSES))
    assert scores["accuracy"].tolist() == [0, 1]


def test_divergence_is_zero_only_of_the_teacher_itself(example):
    _, proba = example
    proba[0] = [1.0, 0.0, 0.0]
    teacher = predictions_of(np.arange(20), proba)
    np.testing.assert_allclose(row_agreement(teacher, teacher, CLASSES)[1]["kl"], 0, atol=1e-12)
    _, other = row_agreement(predictions_of(np.arange(20), np.roll(proba, 1, axis=0)), teacher, CLASSES)
    assert (other["kl"] > 0).all()


def test_agreement_counts_the_teachers_rows_only(example):
    y, proba = example
    teacher = predictions_of(np.arange(5, 10), proba[5:10])
    student = predictions_of(np.arange(20), proba)
    both, agreement = row_agreement(student, teacher, CLASSES)
    assert both.tolist() == [5, 6, 7, 8, 9]
    assert agreement["same_prediction"].tolist() == [1.0] * 5
    rows, agreed, alphas, _ = collect_row_scores(y, [{"student alone": student, "teacher": teacher}], CLASSES)
    assert rows["teacher"].notna().all(axis=1).to_numpy().nonzero()[0].tolist() == [5, 6, 7, 8, 9]
    assert agreed["student alone"]["kl"].notna().sum() == 5
    assert alphas == [{"student alone": 0.5, "teacher": 0.5}]


def test_repeats_are_averaged_before_rows_are_counted(example):
    y, proba = example
    once, again = predictions_of(np.arange(20), proba), predictions_of(np.arange(20), proba[:, [1, 2, 0]])
    folds = [{"student alone": a, "teacher": a} for a in (once, again)]
    rows, *_ = collect_row_scores(y, folds, CLASSES)
    expected = (row_scores(y, once, CLASSES)["brier"] + row_scores(y, again, CLASSES)["brier"]) / 2
    np.testing.assert_allclose(rows["teacher", "brier"], expected)
    assert len(rows) == 20


def interval_of(values, unit_ids, confidence=0.95, factor=1.0):
    return Design(unit_ids, confidence, factor).interval(values, np.arange(len(values)))


def test_the_interval_of_single_rows_is_that_of_the_paired_t_test():
    a, b = RANDOM.randn(2, 30)
    interval = interval_of(a - b, np.arange(30), 0.9)
    expected = ttest_rel(a, b).confidence_interval(0.9)
    np.testing.assert_allclose([interval.lower, interval.upper], [expected.low, expected.high])


def test_copies_of_rows_are_worth_no_more_than_their_groups():
    values = RANDOM.randn(30)
    single = interval_of(values, np.arange(30))
    copied = interval_of(np.repeat(values, 4), np.repeat(np.arange(30), 4))
    np.testing.assert_allclose([copied.lower, copied.upper], [single.lower, single.upper])
    naive = interval_of(np.repeat(values, 4), np.arange(120))
    assert naive.standard_error < 0.55 * single.standard_error


def test_the_factor_of_splits_counts_training_rows():
    """Five folds of 20 rows: 1 + 20 / 16, also where they are repeated; 10 training rows of 20: 1 + 2."""
    folds = list(KFold(5).split(np.zeros(20)))
    assert splits_factor(folds) == pytest.approx(1.5)
    assert splits_factor([*folds, *folds]) == pytest.approx(1.5)
    assert splits_factor(list(KFold(2).split(np.zeros(20)))) == pytest.approx(np.sqrt(3))
    values = RANDOM.randn(20)
    errors = [interval_of(values, np.arange(20), factor=factor).standard_error for factor in (1.0, 1.5)]
    assert errors[1] == pytest.approx(1.5 * errors[0])


@pytest.mark.parametrize("n_rows", [0, 1])
def test_too_few_rows_have_no_interval(n_rows):
    interval = interval_of(np.full(n_rows, 2.0), np.arange(n_rows))
    assert np.isnan([interval.standard_error, interval.lower, interval.upper]).all()
    assert np.isnan(interval.value) if n_rows == 0 else interval.value == 2.0


def test_a_gain_is_positive_where_a_loss_falls():
    columns = pd.MultiIndex.from_product([["student alone", "distilled"], ["accuracy", "log_loss"]])
    columns = columns.set_names(["model", "score"])
    rows = pd.DataFrame([[0, 2.0, 1, 1.0], [1, 1.0, 1, 1.5], [0, 1.0, np.nan, np.nan]], columns=columns)
    design = Design(np.arange(3), 0.95)
    loss = paired_difference(rows, "distilled", "log_loss", design)
    assert (loss["n_rows"], loss["gain"], loss["frac_better"], loss["frac_worse"]) == (2, 0.25, 0.5, 0.5)
    hits = paired_difference(rows, "distilled", "accuracy", design)
    assert (hits["gain"], hits["frac_better"], hits["frac_worse"]) == (0.5, 0.5, 0.0)
    back = paired_difference(rows, "student alone", "log_loss", design, "distilled")
    assert back["gain"] == -loss["gain"]


def test_explained_variance_on_common_rows():
    y, predictions = RANDOM.randn(10), RANDOM.randn(2, 10)
    part = Predictions(np.arange(6), predictions[1, :6], None, np.nan)
    whole = Predictions(np.arange(10), predictions[0], None, 0.0)
    rows, *_ = collect_row_scores(y, [{"student alone": whole, "teacher": part}], None)
    with_r2, _ = add_r2(rows, ("teacher", "student alone"), y)
    np.testing.assert_allclose(with_r2["teacher", "r2"].mean(), r2_score(y[:6], predictions[1, :6]))
    np.testing.assert_allclose(with_r2["student alone", "r2"].mean(), r2_score(y[:6], predictions[0, :6]))
    assert add_r2(rows, ("teacher",), np.ones(10))[0]["teacher", "r2"].isna().all()


def test_the_control_is_compared_by_splits():
    """As a t-test of the means of the splits with Nadeau and Bengio's variance, whatever the rows say."""
    n_splits, n_test, n_train = 15, 4, 16
    means = RANDOM.randn(2, n_splits)
    models = {"distilled": means[0], "shuffled teacher": means[1]}
    of_splits = pd.DataFrame({(model, "brier"): values for model, values in models.items()})
    rows = pd.DataFrame({key: np.full(20, values.mean()) for key, values in of_splits.items()})
    design = Design(np.arange(20), 0.9, 1.5, n_test / n_train)
    found = paired_difference(rows, "distilled", "brier", design, "shuffled teacher", of_splits=of_splits)
    plain = ttest_rel(means[1], means[0]).confidence_interval(0.9)
    wider = np.sqrt(1 + n_splits * n_test / n_train)
    np.testing.assert_allclose(found["gain"], (means[1] - means[0]).mean())
    np.testing.assert_allclose(found["upper"] - found["gain"], wider * (plain.high - plain.low) / 2)
    assert splits_ratio(list(KFold(5).split(np.zeros(20)))) == n_test / n_train
    assert compares_splits("shuffled teacher", "distilled", 15)
    assert not compares_splits("distilled", "shuffled teacher", 5)
    assert not compares_splits("shuffled teacher", "student alone", 15)
