import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from skcmkd._linear_model._logistic import CS, GroupLogisticRegressionCV, make_default_classifier
from skcmkd._model_selection._folds import stratified_folds

# Stratified folds are blocks of adjacent rows, which would keep most copies together.
ORDER = np.random.RandomState(1).permutation(120)


def test_penalty_has_the_least_log_loss_of_scikit_learn():
    """Summed over folds whose training rows lack a class: its rows cost 36 nats each, at every penalty."""
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1, 2], [30, 30, 1])
    X = rng.normal(size=(61, 4)) + y[:, None]
    losses = []
    for C in CS:
        loss, fold_ids = 0.0, stratified_folds(y, 5)
        for fold in range(5):
            train, test = fold_ids != fold, fold_ids == fold
            model = LogisticRegression(C=C, tol=1e-6, max_iter=2000).fit(X[train], y[train])
            proba = np.zeros((test.sum(), 3))
            proba[:, model.classes_] = model.predict_proba(X[test])
            loss += log_loss(y[test], proba, labels=[0, 1, 2], normalize=False)
        losses.append(loss)
    assert CS[int(np.argmin(losses))] == GroupLogisticRegressionCV().fit(X, y).C_
    assert min(losses) > -np.log(np.finfo(float).eps)


def test_projection_onto_the_row_space_changes_no_prediction():
    """The pipeline with a fixed penalty against a logistic regression on the standardized columns."""
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


def test_class_of_one_row():
    rng = np.random.RandomState(0)
    model = make_default_classifier().fit(rng.normal(size=(21, 3)), ["a"] * 10 + ["b"] * 10 + ["rare"])
    assert list(model.classes_) == ["a", "b", "rare"]
    assert model.predict_proba(rng.normal(size=(4, 3))).shape == (4, 3)


def test_constant_table():
    y = np.array([0, 1] * 10)
    model = make_default_classifier().fit(np.ones((20, 30)), y)
    np.testing.assert_allclose(model.predict_proba(np.ones((2, 30))), 0.5, atol=1e-6)


def test_penalty_is_chosen_between_groups():
    """Repeated rows favor a weak penalty unless copies are in one fold."""
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
