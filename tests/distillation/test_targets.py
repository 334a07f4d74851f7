import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import brier_score_loss, mean_squared_error
from sklearn.svm import LinearSVC

from skcmkd._distillation._targets import ClassTarget, QuantityTarget


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(40, 3))
    return X, np.array(["a", "b", "c"])[rng.randint(3, size=40)], X @ rng.normal(size=(3, 2))


def test_class_soft_targets_are_probabilities(data):
    X, y, _ = data
    target = ClassTarget(np.unique(y))
    model = LogisticRegression().fit(X, y)
    np.testing.assert_allclose(target.opinion(model, X), model.predict_proba(X))
    assert target.width == 3
    hard = target.opinion(LinearSVC().fit(X, y), X)
    np.testing.assert_array_equal(hard.sum(axis=1), 1)


def test_class_loss_is_the_brier_score(data):
    X, y, _ = data
    binary = np.where(y == "a", "a", "b")
    target = ClassTarget(np.array(["a", "b"]))
    proba = LogisticRegression().fit(X, binary).predict_proba(X)
    # Of two classes scikit-learn counts one column.
    expected = 2 * brier_score_loss(binary == "b", proba[:, 1])
    np.testing.assert_allclose(target.losses(proba, binary).mean(), expected)
    np.testing.assert_array_equal(target.losses(target.as_numbers(binary), binary), 0)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_continuous_target_loss_is_the_squared_error(data, n_targets):
    X, _, Y = data
    y = Y[:, 0] if n_targets == 1 else Y
    y = y + np.sin(5 * X[:, :1]).ravel() if n_targets == 1 else y + np.sin(5 * X[:, :1])
    target = QuantityTarget(n_targets)
    model = LinearRegression().fit(X, y)
    opinion = target.opinion(model, X)
    assert opinion.shape == (40, n_targets)
    np.testing.assert_allclose(target.losses(opinion, y).mean(), mean_squared_error(y, model.predict(X)))


def test_teachers_of_another_target(data):
    X, _, Y = data
    model = LinearRegression().fit(X, Y)
    with pytest.raises(ValueError, match=r"LinearRegression.predict gave 2 numbers a row and y has 1"):
        QuantityTarget(1).opinion(model, X)
    model.coef_ = model.coef_ * np.nan
    with pytest.raises(ValueError, match=r"NaN or infinity for 40 of 40 rows"):
        QuantityTarget(2).opinion(model, X)


def test_checks(data):
    _, y, _ = data
    with pytest.raises(ValueError, match="LinearSVC has no predict_proba"):
        ClassTarget(np.unique(y)).check_teacher(LinearSVC())
    with pytest.raises(ValueError, match="they hold 1 classes"):
        ClassTarget(np.unique(y)).check_training(y[:1], LinearSVC(), (1,))
    with pytest.raises(ValueError, match=r"No rows with measured values remain.*\[2\]"):
        QuantityTarget(1).check_training(np.empty(0), LinearRegression(), (2,))
