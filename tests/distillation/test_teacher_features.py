"""Out-of-fold features in one space, against closed forms."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from skcmkd import NetworkClassifier
from skcmkd._distillation._representations import teacher_representation
from skcmkd._distillation._teacher_features import modality_focus_weights, oof_features, standardize_features


class Rotated(BaseEstimator):
    """A teacher whose representation is the table in a basis that depends on the training rows."""

    def fit(self, X, y):
        self.map_ = np.random.RandomState(len(y)).normal(size=(X.shape[1], X.shape[1]))
        return self

    def transform(self, X):
        return X @ self.map_ + 5.0


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def halves(n):
    return np.arange(0, n, 2), np.arange(1, n, 2)


def test_features_of_another_basis_are_mapped_to_the_teachers(iris):
    """The two representations differ by a linear map."""
    X, y = iris
    training, held_out = halves(len(y))
    teacher, fold_teacher = Rotated().fit(X, y), Rotated().fit(X[training], y[training])
    expected, unmapped = (model.transform(X[held_out]) for model in (teacher, fold_teacher))
    features = oof_features(fold_teacher, teacher, X[training], X[held_out], "transform")
    assert features.shape == expected.shape
    np.testing.assert_allclose(features, expected, atol=0.05 * expected.std())
    assert np.abs(unmapped - expected).mean() > expected.std()


def test_the_map_is_fitted_to_the_training_rows_alone(iris):
    """Which other rows are held out changes nothing for a row."""
    X, y = iris
    training, held_out = halves(len(y))
    network = NetworkClassifier((8,), max_epochs=5, random_state=0)
    teacher, fold_teacher = clone(network).fit(X, y), clone(network).fit(X[training], y[training])
    found = oof_features(fold_teacher, teacher, X[training], X[held_out], "transform")
    part = oof_features(fold_teacher, teacher, X[training], X[held_out[:5]], "transform")
    np.testing.assert_allclose(part, found[:5], rtol=1e-6)


def test_features_of_a_frozen_teacher_need_no_map(iris):
    X, y = iris
    training, held_out = halves(len(y))
    frozen = FrozenEstimator(LogisticRegression(max_iter=1000).fit(X, y))
    found = oof_features(clone(frozen), frozen, X[training], X[held_out], "decision_function")
    np.testing.assert_array_equal(found, teacher_representation(frozen, X[held_out], "decision_function"))


def test_parts_are_standardized_together_and_rows_without_a_teacher_stay():
    rng = np.random.RandomState(0)
    table = rng.normal(3.0, 2.0, size=(12, 4))
    table[:, 1] = 0.1
    table[[2, 9]] = np.nan
    upper, lower = standardize_features([table[:5], table[5:]])
    found = np.concatenate([upper, lower])
    assert found.dtype == np.float32
    known = ~np.isnan(table[:, 0])
    assert np.isnan(found[~known]).all()
    np.testing.assert_allclose(found[known].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found[known].std(axis=0), [1, 0, 1, 1], atol=1e-6)
    expected = (table[known, 0] - table[known, 0].mean()) / table[known, 0].std()
    np.testing.assert_allclose(found[known, 0], expected, rtol=1e-5)


def test_features_of_rows_without_a_teacher_stay_missing():
    (found,) = standardize_features([np.full((3, 2), np.nan)])
    assert np.isnan(found).all()


def test_focus_is_the_variance_between_classes_where_the_student_has_every_feature():
    """The student's table holds the features: weights are in proportion to the fraction of variance between classes."""
    rng = np.random.RandomState(0)
    codes = rng.permutation(np.arange(300) % 3)
    features = rng.normal(size=(300, 4)) + np.outer(codes - 1.0, [0.0, 0.5, 1.0, 3.0])
    found = modality_focus_weights(features, codes, features)
    shares = np.array(
        [sum((codes == k).sum() * (f[codes == k].mean() - f.mean()) ** 2 for k in range(3)) for f in features.T]
    ) / (features.var(axis=0) * 300)
    np.testing.assert_allclose(found, shares / shares.mean(), rtol=1e-3)


def test_focus_is_least_for_features_that_are_unpredictable_or_irrelevant():
    rng = np.random.RandomState(0)
    codes = rng.permutation(np.arange(400) % 2)
    common, specific, other = rng.normal(size=(3, 400))
    common = common + 2 * codes
    within = specific + 2 * codes - 2 * codes.mean()
    X = np.column_stack([common, other])
    noise = rng.normal(size=400)
    features = np.column_stack([common, other, noise, np.ones(400), within])
    found = modality_focus_weights(X, codes, features)
    np.testing.assert_allclose(found.mean(), 1)
    assert found[0] > 3
    assert found[3] == 0
    assert found[1] < 0.1
    assert found[2] < 0.01
    assert found[4] < found[0]


def test_focus_without_anything_in_common_is_even():
    codes, features = np.arange(20) % 2, np.ones((20, 3))
    np.testing.assert_array_equal(modality_focus_weights(np.ones((20, 2)), codes, features), np.ones(3))
    few = modality_focus_weights(np.arange(6.0).reshape(3, 2), np.array([0, 1, 1]), np.arange(9.0).reshape(3, 3))
    np.testing.assert_allclose(few.mean(), 1)
