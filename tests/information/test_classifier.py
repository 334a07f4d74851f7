import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, mutual_info_score
from sklearn.preprocessing import StandardScaler

from skcmkd._linear_model._logistic import CS, GroupLogisticRegressionCV, make_default_classifier
from skcmkd._model_selection._folds import stratified_folds
from skcmkd._model_selection._probabilities import centered_log_ratio
from skcmkd.information import label_mutual_information, prediction_mutual_information
from skcmkd.information._classifier import out_of_fold_proba

# Stratified folds are blocks of adjacent rows, which would keep copies together by luck.
ORDER = np.random.RandomState(1).permutation(120)


@pytest.fixture
def scores():
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=60)
    return softmax(rng.normal(size=(60, 3)) + 2 * np.eye(3)[y], axis=1), y


def test_label_information_is_entropy_less_log_loss(scores):
    q, y = scores
    share = np.bincount(y) / 60
    expected = -(share * np.log(share)).sum() - log_loss(y, q)
    np.testing.assert_allclose(label_mutual_information(q, y), expected)


def test_label_information_stays_between_zero_and_the_entropy(scores):
    _q, y = scores
    assert label_mutual_information(np.roll(np.eye(3)[y], 1, axis=1), y) == 0.0
    share = np.bincount(y) / 60
    np.testing.assert_allclose(label_mutual_information(np.eye(3)[y], y), -(share * np.log(share)).sum())


def test_class_information_of_sure_models_is_that_of_their_labels():
    rng = np.random.RandomState(0)
    a = rng.randint(3, size=80)
    b = np.where(rng.uniform(size=80) < 0.7, a, rng.randint(3, size=80))
    np.testing.assert_allclose(prediction_mutual_information(np.eye(3)[a], np.eye(3)[b]), mutual_info_score(a, b))


def test_class_information_is_the_double_sum(scores):
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


def test_rotation_changes_no_ridge_prediction():
    """The pipeline without tuning against a logistic regression on the standardised columns themselves."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(40, 90)), rng.randint(2, size=40)
    X[y == 1, :5] += 1
    pipeline = make_default_classifier()
    pipeline.set_params(grouplogisticregressioncv__Cs=(0.01,)).fit(X[:30], y[:30])
    scaler = StandardScaler().fit(X[:30])
    direct = LogisticRegression(C=0.01, tol=1e-8).fit(scaler.transform(X[:30]), y[:30])
    np.testing.assert_allclose(
        pipeline.predict_proba(X[30:]), direct.predict_proba(scaler.transform(X[30:])), atol=1e-3
    )


def test_penalty_follows_the_signal():
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=120)
    noise, signal = rng.normal(size=(120, 50)), 3.0 * y[:, None] + rng.normal(size=(120, 2))
    assert GroupLogisticRegressionCV().fit(noise, y).C_ < GroupLogisticRegressionCV().fit(signal, y).C_


def test_class_of_one_row_is_no_trouble():
    rng = np.random.RandomState(0)
    model = make_default_classifier().fit(rng.normal(size=(21, 3)), ["a"] * 10 + ["b"] * 10 + ["rare"])
    assert list(model.classes_) == ["a", "b", "rare"]
    assert model.predict_proba(rng.normal(size=(4, 3))).shape == (4, 3)


def test_constant_table_is_no_trouble():
    y = np.array([0, 1] * 10)
    model = make_default_classifier().fit(np.ones((20, 30)), y)
    np.testing.assert_allclose(model.predict_proba(np.ones((2, 30))), 0.5, atol=1e-6)


def test_penalty_is_chosen_between_groups():
    """Repeated rows make a weak penalty look best, unless copies stay together."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(40, 10)), rng.randint(2, size=40)
    X3, y3, groups = np.repeat(X, 3, axis=0)[ORDER], np.repeat(y, 3)[ORDER], np.repeat(np.arange(40), 3)[ORDER]
    assert GroupLogisticRegressionCV().fit(X3, y3).C_ >= 1
    assert GroupLogisticRegressionCV().fit(X3, y3, groups=groups).C_ <= 1e-2
    for train, test in GroupLogisticRegressionCV()._splits(y3, groups):
        assert not set(groups[train]) & set(groups[test])
    assert min(CS) == GroupLogisticRegressionCV().fit(X, y, groups=np.zeros(40)).C_
    with pytest.raises(ValueError, match="groups has 39 rows and X has 40"):
        GroupLogisticRegressionCV().fit(X, y, groups=np.zeros(39))


def test_out_of_fold_probabilities_choose_their_penalty_between_groups():
    rng = np.random.RandomState(0)
    X, y, groups = (
        np.repeat(rng.normal(size=(40, 10)), 3, axis=0),
        np.repeat(rng.randint(2, size=40), 3),
        np.arange(120) // 3,
    )
    fold_of = stratified_folds(y, 5, groups)
    proba = {g is None: out_of_fold_proba(X[ORDER], y[ORDER], 2, fold_of[ORDER], g) for g in (None, groups[ORDER])}
    # The label is chance: the right penalty says little.
    assert np.abs(proba[False] - 0.5).mean() < 0.5 * np.abs(proba[True] - 0.5).mean()
