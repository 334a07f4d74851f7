import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    KFold,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.svm import LinearSVC

from skcmkd._model_selection._cross_fitting import cross_fit_proba
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd._model_selection._probabilities import predict_proba_for


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    y = np.array(["a", "b", "c"])[rng.randint(3, size=60)]
    X = rng.normal(size=(60, 4)) + (y == "a")[:, None]
    return X, y


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_out_of_fold_probabilities_are_cross_val_predicts(data, n_jobs):
    X, y = data
    expected = cross_val_predict(LogisticRegression(), X, y, cv=StratifiedKFold(4), method="predict_proba")
    np.testing.assert_allclose(cross_fit_proba(LogisticRegression(), X, y, make_fold_ids(4, y), n_jobs), expected)


def test_out_of_fold_probabilities_of_a_class_that_sits_in_one_fold(data):
    """The model of its fold was fitted without the class."""
    X, y = data
    y = np.where(y == "b", "a", y)
    y[7] = "z"
    proba = cross_fit_proba(LogisticRegression(), X, y, make_fold_ids(3, y), None)
    assert proba.shape == (60, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert proba[7, list(np.unique(y)).index("z")] == 0


def test_model_without_probabilities(data):
    X, y = data
    with pytest.raises(ValueError, match=r"LinearSVC has no predict_proba.*CalibratedClassifierCV"):
        predict_proba_for(LinearSVC().fit(X, y), X, np.unique(y))


def test_teacher_that_gives_nan():
    class Broken(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X) * np.nan

    with pytest.raises(ValueError, match=r"Broken.predict_proba gave NaN or infinity for 4 of 4 rows"):
        predict_proba_for(Broken().fit([[0], [1], [2], [3]], [0, 0, 1, 1]), np.zeros((4, 1)), np.array([0, 1]))


def test_classes_that_a_model_lacks_have_probability_zero(data):
    X, y = data
    known = y != "b"
    model = LogisticRegression().fit(X[known], y[known])
    proba = predict_proba_for(model, X, np.array(["a", "b", "c"]))
    np.testing.assert_allclose(proba[:, [0, 2]], model.predict_proba(X))
    assert (proba[:, 1] == 0).all()


def test_mass_of_classes_left_out_is_renormalized(data):
    X, y = data
    proba = predict_proba_for(LogisticRegression().fit(X, y), X, np.array(["a", "c"]))
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_no_class_in_common(data):
    X, y = data
    with pytest.raises(ValueError, match=r"fitted to the classes \['a', 'b', 'c'\] and y has \['x', 'z'\]"):
        predict_proba_for(LogisticRegression().fit(X, y), X, np.array(["x", "z"]))


def test_one_class_left_in_a_fold():
    y = np.repeat([0, 1], 10)
    with pytest.raises(
        ValueError, match=r"fit LogisticRegression when fold \[0\] is held out, and they hold 1 classes"
    ):
        cross_fit_proba(LogisticRegression(), np.ones((20, 1)), y, make_fold_ids(KFold(2), y), None)
