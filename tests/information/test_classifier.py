import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy
from sklearn.metrics import log_loss, mutual_info_score

from skcmkd._model_selection._folds import stratified_folds
from skcmkd._model_selection._probabilities import centered_log_ratio
from skcmkd.information import label_mutual_information, prediction_mutual_information
from skcmkd.information._classifier import out_of_fold_proba

# Stratified folds are blocks of adjacent rows, which would keep most copies together.
ORDER = np.random.RandomState(1).permutation(120)


@pytest.fixture
def scores():
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=60)
    return softmax(rng.normal(size=(60, 3)) + 2 * np.eye(3)[y], axis=1), y


def test_label_mutual_information_is_entropy_minus_log_loss(scores):
    q, y = scores
    expected = entropy(np.bincount(y)) - log_loss(y, q)
    np.testing.assert_allclose(label_mutual_information(q, y), expected)


def test_label_mutual_information_is_between_zero_and_the_entropy(scores):
    _q, y = scores
    assert label_mutual_information(np.roll(np.eye(3)[y], 1, axis=1), y) == 0.0
    np.testing.assert_allclose(label_mutual_information(np.eye(3)[y], y), entropy(np.bincount(y)))


def test_a_probability_of_zero_costs_as_much_as_in_scikit_learn():
    """One row in 3000 with probability 0 takes 36 nats / 3000 off the estimate."""
    y = np.tile([0, 1, 2], 1000)
    q = np.eye(3)[y]
    q[0] = [0, 1, 0]
    np.testing.assert_allclose(label_mutual_information(q, y), np.log(3) - log_loss(y, q))
    np.testing.assert_allclose(np.log(3) - label_mutual_information(q, y), -np.log(np.finfo(float).eps) / 3000)


def test_prediction_mutual_information_of_certain_models_is_that_of_their_classes():
    rng = np.random.RandomState(0)
    a = rng.randint(3, size=80)
    b = np.where(rng.uniform(size=80) < 0.7, a, rng.randint(3, size=80))
    np.testing.assert_allclose(prediction_mutual_information(np.eye(3)[a], np.eye(3)[b]), mutual_info_score(a, b))


def test_prediction_mutual_information_is_the_double_sum(scores):
    q, _y = scores
    r = np.roll(q, 1, axis=0)
    joint = np.mean([np.outer(a, b) for a, b in zip(q, r, strict=True)], axis=0)
    expected = 0.0
    for j in range(3):
        for k in range(3):
            expected += joint[j, k] * np.log(joint[j, k] / (joint[j].sum() * joint[:, k].sum()))
    np.testing.assert_allclose(prediction_mutual_information(q, r), expected)


def test_log_ratio_of_two_classes_is_half_the_log_odds():
    q = np.array([[0.2, 0.8], [0.5, 0.5]])
    np.testing.assert_allclose(centered_log_ratio(q)[:, 0], 0.5 * np.log([0.25, 1.0]), atol=1e-12)
    assert centered_log_ratio(q).shape == (2, 1)


def test_log_ratios_treat_all_classes_alike():
    q = np.random.RandomState(0).dirichlet(np.ones(3), size=5)
    order = [2, 0, 1]
    np.testing.assert_allclose(centered_log_ratio(q[:, order]), centered_log_ratio(q)[:, order], atol=1e-12)
    np.testing.assert_allclose(centered_log_ratio(q).sum(axis=1), 0, atol=1e-12)


def test_out_of_fold_probabilities_choose_their_penalty_between_groups():
    rng = np.random.RandomState(0)
    X, y, groups = (
        np.repeat(rng.normal(size=(40, 10)), 3, axis=0),
        np.repeat(rng.randint(2, size=40), 3),
        np.arange(120) // 3,
    )
    fold_ids = stratified_folds(y, 5, groups)
    proba = {g is None: out_of_fold_proba(X[ORDER], y[ORDER], 2, fold_ids[ORDER], g) for g in (None, groups[ORDER])}
    # The label is independent of X: with the right penalty probabilities are near 1/2.
    assert np.abs(proba[False] - 0.5).mean() < 0.5 * np.abs(proba[True] - 0.5).mean()
