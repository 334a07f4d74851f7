import numpy as np
import pytest
from sklearn.cross_decomposition import CCA

from skcmkd.information import cca
from skcmkd.information._cca import _held_out_scores


def low_rank(n, p, nats, seed):
    """Two tables of noisy columns that share four directions, with mutual information ``nats``."""
    rng = np.random.RandomState(seed)
    r = np.sqrt(1 - np.exp(-2 * nats / 4))
    z = rng.normal(size=(n, 4))
    w = r * z + np.sqrt(1 - r**2) * rng.normal(size=(n, 4))
    return tuple(s @ rng.normal(size=(4, p)) + rng.normal(size=(n, p)) for s in (z, w))


@pytest.mark.parametrize(("nats", "least"), [(0, 0.0), (1, 0.63), (2, 1.65)])
def test_low_rank_signal_in_500_columns(nats, least):
    """Error at most that of out-of-fold correlations of 8 pairs from 50 components: .02, .63, 1.65."""
    estimate = np.mean([cca(*low_rank(250, 500, nats, seed), random_state=0) for seed in range(4)])
    assert least <= estimate < nats + 0.03


@pytest.mark.parametrize(("n", "nats", "least"), [(250, 0, 0.0), (250, 1, 0.69), (1000, 2, 1.63)])
def test_ten_dimensional_normal(n, nats, least):
    """Error at most that of the same reference: .69 and 1.63."""
    estimates = []
    for seed in range(5):
        rng = np.random.RandomState(seed)
        r = np.sqrt(1 - np.exp(-2 * nats / 10))
        X = rng.normal(size=(n, 10))
        Y = r * X + np.sqrt(1 - r**2) * rng.normal(size=(n, 10))
        estimates.append(cca(X, Y, random_state=0))
    assert least <= np.mean(estimates) < nats + 0.03


def test_chance_correlations_are_subtracted():
    """n r^2 has mean 1 without any correlation, in half of the draws with r > 0: together less than a half of 1/n."""
    rng = np.random.RandomState(0)
    estimate = np.mean([cca(*rng.normal(size=(2, 100, 1)), random_state=0) for _ in range(300)])
    assert 0 < estimate < 0.5 / 100


def test_canonical_directions_are_scikit_learns():
    rng = np.random.RandomState(1)
    X = rng.normal(size=(400, 3))
    Y = X @ rng.normal(size=(3, 3)) + rng.normal(size=(400, 3)) * [1, 2, 4]
    train, test = np.arange(300), np.arange(300, 400)
    a, b = _held_out_scores(X, Y, train, test, n_components=50, n_pairs=3)
    reference = CCA(n_components=3, max_iter=10_000, tol=1e-10).fit(X[train], Y[train])
    a_reference, b_reference = reference.transform(X[test], Y[test])
    for ours, theirs in ((a, a_reference), (b, b_reference)):
        correlation = [abs(np.corrcoef(ours[:, j], theirs[:, j])[0, 1]) for j in range(3)]
        np.testing.assert_allclose(correlation, 1, atol=1e-4)


def test_invariant_to_units_and_nearly_to_the_order_of_the_variables():
    X, Y = low_rank(200, 20, 1, 0)
    scaled = cca(X * 1e6 + 3, Y * 1e-6, random_state=0)
    np.testing.assert_allclose(scaled, cca(X, Y, random_state=0), rtol=1e-6)
    np.testing.assert_allclose(cca(Y, X, random_state=0), cca(X, Y, random_state=0), rtol=1e-6)


def test_constant_table_has_no_information():
    rng = np.random.RandomState(0)
    assert cca(np.ones((50, 3)), rng.normal(size=(50, 2))) == 0.0


def test_vectors_and_one_hot_labels():
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=300)
    nats = cca(y + 0.3 * rng.normal(size=300), np.eye(3)[y], random_state=0)
    assert nats > 0.5


def test_no_more_about_a_label_than_its_entropy():
    y = np.tile([0, 1, 2], 40)
    X = np.eye(3)[y] + 1e-3 * np.random.RandomState(0).normal(size=(120, 3))
    np.testing.assert_allclose(cca(X, y, random_state=0), np.log(3))


def test_bad_input():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(9, 2))
    with pytest.raises(ValueError, match="at least 10 rows, got 9"):
        cca(X, X)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        cca(np.full((20, 2), np.nan), np.ones((20, 1)))
    with pytest.raises(ValueError, match="Y has 5 rows and X has 9"):
        cca(X, X[:5])
