import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import brier_score_loss, mean_squared_error
from sklearn.svm import LinearSVC

from skcmkd._distillation._targets import ClassificationTarget, RegressionTarget


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(40, 3))
    return X, np.array(["a", "b", "c"])[rng.randint(3, size=40)], X @ rng.normal(size=(3, 2))


def test_predictions_of_classes_are_probabilities(data):
    X, y, _ = data
    target = ClassificationTarget(np.unique(y))
    model = LogisticRegression().fit(X, y)
    np.testing.assert_allclose(target.predict(model, X), model.predict_proba(X))
    assert target.n_outputs == 3
    hard = target.predict(LinearSVC().fit(X, y), X)
    np.testing.assert_array_equal(hard.sum(axis=1), 1)


def test_a_class_absent_from_the_training_rows_has_the_probability_of_one_row(data):
    X, y, _ = data
    known = y != "c"
    model = LogisticRegression().fit(X[known], y[known])
    target, n = ClassificationTarget(np.unique(y)), int(known.sum())
    proba = model.predict_proba(X)
    np.testing.assert_allclose(target.predict(model, X), np.column_stack([proba, np.zeros(40)]))
    np.testing.assert_allclose(
        target.predict(model, X, n), np.column_stack([n * proba, np.ones(40)]) / (n + 1), rtol=1e-12
    )


def test_class_loss_is_the_brier_score(data):
    X, y, _ = data
    binary = np.where(y == "a", "a", "b")
    target = ClassificationTarget(np.array(["a", "b"]))
    proba = LogisticRegression().fit(X, binary).predict_proba(X)
    # Of two classes scikit-learn counts one column.
    expected = 2 * brier_score_loss(binary == "b", proba[:, 1])
    np.testing.assert_allclose(target.row_losses(proba, binary).mean(), expected)
    np.testing.assert_array_equal(target.row_losses(target.encode(binary), binary), 0)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_continuous_target_loss_is_the_squared_error(data, n_targets):
    X, _, Y = data
    y = Y[:, 0] if n_targets == 1 else Y
    y = y + np.sin(5 * X[:, :1]).ravel() if n_targets == 1 else y + np.sin(5 * X[:, :1])
    target = RegressionTarget(n_targets)
    model = LinearRegression().fit(X, y)
    prediction = target.predict(model, X)
    assert prediction.shape == (40, n_targets)
    np.testing.assert_allclose(target.row_losses(prediction, y).mean(), mean_squared_error(y, model.predict(X)))


def test_teachers_of_another_target(data):
    X, _, Y = data
    model = LinearRegression().fit(X, Y)
    with pytest.raises(ValueError, match=r"LinearRegression.predict gave 2 numbers a row and y has 1"):
        RegressionTarget(1).predict(model, X)
    model.coef_ = model.coef_ * np.nan
    with pytest.raises(ValueError, match=r"NaN or infinity for 40 of 40 rows"):
        RegressionTarget(2).predict(model, X)


def test_checks(data):
    _, y, _ = data
    with pytest.raises(ValueError, match="LinearSVC has no predict_proba"):
        ClassificationTarget(np.unique(y)).check_teacher(LinearSVC())
    with pytest.raises(ValueError, match="they hold 1 classes"):
        ClassificationTarget(np.unique(y)).check_training_labels(y[:1], LinearSVC(), (1,))
    with pytest.raises(ValueError, match=r"No rows with measured values remain.*\[2\]"):
        RegressionTarget(1).check_training_labels(np.empty(0), LinearRegression(), (2,))
