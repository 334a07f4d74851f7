import time

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from skcmkd.information._gaussian import gaussian


def normals(n, d, nats, seed=0):
    """Two tables of d normal columns with mutual information ``nats``."""
    rng = np.random.RandomState(seed)
    r = np.sqrt(1 - np.exp(-2 * nats / d))
    X = rng.normal(size=(n, d))
    return X, r * X + np.sqrt(1 - r**2) * rng.normal(size=(n, d))


@pytest.mark.parametrize(("n", "p", "q"), [(80, 3, 5), (80, 2, 1), (60, 70, 90)])
def test_equals_the_ratio_of_determinants(n, p, q):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) @ rng.normal(size=(p, p))
    Y = X[:, :1] + rng.normal(size=(n, q))
    Z = np.hstack([X, Y])
    S = ledoit_wolf((Z - Z.mean(axis=0)) / Z.std(axis=0))[0]
    determinants = [np.linalg.slogdet(part)[1] for part in (S[:p, :p], S[p:, p:], S)]
    expected = 0.5 * (determinants[0] + determinants[1] - determinants[2])
    np.testing.assert_allclose(gaussian(X, Y), expected, rtol=1e-8)


def test_one_column_each_is_the_sample_correlation():
    X, Y = normals(50, 1, 1)
    r = np.corrcoef(X[:, 0], Y[:, 0])[0, 1]
    np.testing.assert_allclose(gaussian(X, Y), -0.5 * np.log(1 - r**2), rtol=1e-12)


@pytest.mark.parametrize("d", [1, 2, 5, 10])
def test_exact_for_normals_as_rows_grow(d):
    assert gaussian(*normals(100_000, d, 1)) == pytest.approx(1, abs=0.02)


def test_invariant_to_units_order_of_rows_and_order_of_variables():
    X, Y = normals(200, 4, 1)
    order = np.random.RandomState(1).permutation(200)
    for nats in (gaussian(X * 1e6 + 3, Y * 1e-6), gaussian(X[order], Y[order]), gaussian(Y, X)):
        np.testing.assert_allclose(nats, gaussian(X, Y), rtol=1e-8)


def test_label_equals_its_contrasts_and_text():
    """Any orthonormal contrasts, here others than the implementation's, of mean variance one."""
    rng = np.random.RandomState(0)
    y = rng.choice(3, size=200, p=[0.6, 0.3, 0.1])
    X = np.eye(3)[y] + rng.normal(size=(200, 3))
    contrasts = np.eye(3)[y] @ np.linalg.svd(np.ones((1, 3)))[2][1:].T
    contrasts -= contrasts.mean(axis=0)
    contrasts /= np.sqrt(contrasts.var(axis=0).mean())
    S = ledoit_wolf(np.hstack([(X - X.mean(axis=0)) / X.std(axis=0), contrasts]))[0]
    determinants = [np.linalg.slogdet(part)[1] for part in (S[:3, :3], S[3:, 3:], S)]
    np.testing.assert_allclose(gaussian(X, y), 0.5 * (determinants[0] + determinants[1] - determinants[2]), rtol=1e-10)
    assert gaussian(X, y) == gaussian(X, np.array(["a", "b", "c"])[y]) == gaussian(y, X)


def test_label_of_two_classes_is_one_column():
    X, _ = normals(100, 3, 1)
    y = (X[:, 0] > 0.5).astype(int)
    np.testing.assert_allclose(gaussian(X, y), gaussian(X, y.astype(float)), rtol=1e-10)


def test_more_columns_than_rows_is_finite_and_fast():
    rng = np.random.RandomState(0)
    begin = time.process_time()
    assert np.isfinite(gaussian(rng.normal(size=(150, 500)), rng.normal(size=(150, 500))))
    assert time.process_time() - begin < 5


def test_variables_that_determine_each_other_stay_finite():
    x = np.repeat([-1.0, 1.0], 20)
    assert 15 < gaussian(x, x) < 20
    assert np.isfinite(gaussian(np.c_[x, x], np.c_[x, x]))


def test_misses_a_parabola():
    x = np.random.RandomState(0).uniform(-1, 1, size=2000)
    assert gaussian(x, x**2) < 0.01


def test_constant_table_has_no_information():
    X, _ = normals(50, 2, 1)
    assert gaussian(X, np.ones(50)) == 0.0
    assert gaussian(X, ["a"] * 50) == 0.0


def test_bad_input():
    with pytest.raises(ValueError, match="Input Y contains NaN"):
        gaussian(np.arange(3.0), [0.0, np.nan, 1.0])
    with pytest.raises(ValueError, match="at least 2 rows, got 1"):
        gaussian([1.0], [2.0])


def test_no_more_about_a_label_than_its_entropy():
    y = np.tile([0, 1, 2], 40)
    X = np.eye(3)[y] + 1e-3 * np.random.RandomState(0).normal(size=(120, 3))
    np.testing.assert_allclose(gaussian(X, y), np.log(3))
