import numpy as np
import pandas as pd
import pytest
from scipy.special import digamma

from skcmkd.information import _ksg
from skcmkd.information._ksg import ksg


def normals(n, d, nats, seed=0):
    """Two tables of d normal columns with mutual information ``nats``."""
    rng = np.random.RandomState(seed)
    r = np.sqrt(1 - np.exp(-2 * nats / d))
    X = rng.normal(size=(n, d))
    return X, r * X + np.sqrt(1 - r**2) * rng.normal(size=(n, d))


def classes(n, d, seed=0):
    """A table, and three dependent classes of unequal size."""
    rng = np.random.RandomState(seed)
    y = rng.choice(3, p=[0.6, 0.3, 0.1], size=n)
    return rng.normal(size=(n, d)) + y[:, None], y


def all_distances(X):
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return np.abs(X[:, None] - X[None]).max(axis=2)


def brute_force(X, Y, k):
    """The formula of Kraskov et al., row by row."""
    dx, dy = all_distances(X), all_distances(Y)
    n, total = len(X), 0.0
    for i in range(n):
        others = np.arange(n) != i
        x, y = dx[i, others], dy[i, others]
        joint = np.maximum(x, y)
        nearest = np.argsort(joint, kind="stable")[:k]
        radius = joint[nearest[-1]]
        n_x, n_y = (x < radius).sum(), (y < radius).sum()
        total += digamma(k) + digamma(n) - digamma(n_x + 1) - digamma(n_y + 1)
    return total / n


def brute_force_label(X, codes, k):
    """The formula of Ross, row by row, without classes of a single row."""
    distances = all_distances(X)
    used = [i for i in range(len(X)) if (codes == codes[i]).sum() > 1]
    total = 0.0
    for i in used:
        same = sorted(distances[i, j] for j in used if j != i and codes[j] == codes[i])
        k_i = min(k, len(same))
        m = sum(distances[i, j] <= same[k_i - 1] for j in used if j != i)
        total += digamma(len(used)) - digamma(len(same) + 1) + digamma(k_i) - digamma(m)
    return total / len(used)


@pytest.mark.parametrize(("n", "p", "q"), [(300, 1, 1), (300, 2, 2), (300, 1, 4), (200, 30, 20), (1500, 1, 2)])
def test_equals_all_distances(n, p, q):
    X, Y = normals(n, max(p, q), 1)
    for k in (1, 3, 10):
        expected = brute_force(X[:, :p], Y[:, :q], k)
        estimate = ksg(X[:, :p], Y[:, :q], n_neighbors=k)
        np.testing.assert_allclose(estimate, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("d", [1, 2, 5, 30])
def test_label_equals_all_distances(d):
    X, y = classes(400, d)
    y[0] = 3  # a class of one row
    y[[1, 2]] = 4  # a class of two rows, where k is 1
    for k in (1, 3, 8):
        np.testing.assert_allclose(ksg(X, y, n_neighbors=k), brute_force_label(X, y, k), rtol=0, atol=1e-10)


@pytest.mark.parametrize("tree", [True, False])
@pytest.mark.parametrize("d", [2, 4, 20])
def test_trees_and_all_distances_find_the_same(monkeypatch, tree, d):
    Z = normals(700, d, 1)[0]
    expected_radius = np.sort(np.abs(Z[:, None] - Z).max(axis=2), axis=1)[:, 3]
    monkeypatch.setattr(_ksg, "ROWS_PER_SQUARED_COLUMN", 0 if tree else np.inf)
    np.testing.assert_array_equal(_ksg._kth_distance(Z, 3), expected_radius)
    monkeypatch.setattr(_ksg, "TREE_RADIUS", np.inf if tree else 0)
    monkeypatch.setattr(_ksg, "TREE_RADIUS_PER_ROW", np.inf)
    np.testing.assert_array_equal(_ksg._count_within(Z, expected_radius), np.full(700, 4))


@pytest.mark.parametrize("nats", [0, 0.5, 1, 2])
def test_bivariate_normal(nats):
    """Eight draws of 1000 rows: a standard error of about .015 nats."""
    estimates = [ksg(*normals(1000, 1, nats, seed)) for seed in range(8)]
    assert np.mean(estimates) == pytest.approx(nats, abs=0.05)


def test_label_of_two_normals():
    """Two classes at a distance of two have .337 nats with one column (numerical integral)."""
    grid = np.linspace(-12, 12, 200_001)
    p = 0.5 * (np.exp(-((grid - 1) ** 2) / 2) + np.exp(-((grid + 1) ** 2) / 2)) / np.sqrt(2 * np.pi)
    truth = -(p * np.log(p)).sum() * (grid[1] - grid[0]) - 0.5 * np.log(2 * np.pi * np.e)
    estimates = []
    for seed in range(8):
        rng = np.random.RandomState(seed)
        y = rng.randint(2, size=1000)
        estimates.append(ksg(rng.normal(size=1000) + 2 * y - 1, y))
    assert np.mean(estimates) == pytest.approx(truth, abs=0.03)


def test_two_labels_and_two_counts():
    """Flipped labels: log 2 minus the entropy of the flip."""
    rng = np.random.RandomState(0)
    x = rng.randint(2, size=2000)
    y = np.where(rng.uniform(size=2000) < 0.8, x, 1 - x)
    truth = np.log(2) + 0.8 * np.log(0.8) + 0.2 * np.log(0.2)
    assert ksg(x, y, random_state=0) == pytest.approx(truth, abs=0.05)
    assert ksg(x.astype(float), y.astype(float), random_state=0) == pytest.approx(truth, abs=0.05)


def test_invariant_to_units_order_of_rows_and_order_of_variables():
    X, Y = normals(300, 2, 1)
    order = np.random.RandomState(1).permutation(300)
    for nats in (ksg(X * 1e6 + 3, Y * 1e-6), ksg(X[order], Y[order]), ksg(Y, X)):
        np.testing.assert_allclose(nats, ksg(X, Y), atol=1e-12)


def test_permuted_rows_have_no_information_on_average():
    X, Y = normals(300, 3, 1)
    X_class, y = classes(300, 3)
    orders = [np.random.RandomState(seed).permutation(300) for seed in range(30)]
    assert abs(np.mean([ksg(X, Y[order]) for order in orders])) < 0.03
    assert abs(np.mean([ksg(X_class, y[order]) for order in orders])) < 0.03
    assert min(ksg(X, Y[order]) for order in orders) < 0  # not clipped at zero


def test_labels_of_any_kind_agree():
    X, y = classes(200, 2)
    text = np.array(["b", "c", "a"])[y]
    expected = ksg(X, y)
    for label in (text, pd.Series(text, dtype="category"), y[:, None], y * 10):
        np.testing.assert_allclose(ksg(X, label), expected, atol=1e-12)
    np.testing.assert_allclose(ksg(text, X), expected, atol=1e-12)


def test_vector_is_a_table_of_one_column():
    X, Y = normals(100, 1, 1)
    assert ksg(X[:, 0], Y[:, 0]) == ksg(X, Y)


def test_seed_repeats_and_matters_only_with_jitter():
    X, Y = normals(200, 2, 1)
    assert ksg(X, Y, random_state=0) == ksg(X, Y, random_state=1)
    X, Y = X.round(), Y.round()
    assert ksg(X, Y, random_state=0) == ksg(X, Y, random_state=0)
    assert ksg(X, Y, random_state=0) != ksg(X, Y, random_state=1)
    state = np.random.get_state()[1].copy()
    ksg(X, Y, random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_variables_do_not_share_their_jitter():
    """Independent coins: equal jitter in X and in Y would make equal rows neighbors."""
    rng = np.random.RandomState(0)
    x, y = rng.randint(2, size=(2, 2000)).astype(float)
    assert abs(ksg(x, y, random_state=0)) < 0.06


def test_constant_table_has_no_information():
    X, _ = normals(50, 2, 1)
    assert ksg(X, np.ones(50)) == 0.0
    assert ksg(X, ["a"] * 50) == 0.0
    assert ksg(np.ones(50), [0, 1] * 25) == 0.0


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0, np.nan, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]), {}, "Input X contains NaN"),
        (([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), {}, "n_neighbors=3 needs at least 4 rows, got 3"),
        (([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), {"n_neighbors": 0}, "n_neighbors=0 must be a whole number"),
        (([1.0, 2.0, 3.0, 4.0], [1, 2, 3, 4]), {}, "4 rows of Y is a class of its own"),
    ],
)
def test_bad_input(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        ksg(*arguments, **options)
