import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris

from skcmkd import NetworkClassifier, NetworkRegressor


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def network(iris):
    return NetworkClassifier(max_epochs=20, random_state=0).fit(*iris)


def test_classifies_iris(iris, network):
    assert network.score(*iris) > 0.9


def test_string_labels_come_back(iris):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    assert set(NetworkClassifier(max_epochs=5, random_state=0).fit(X, names).predict(X)) <= set(names)


def test_same_seed_same_bits(iris, network):
    again = clone(network).fit(*iris)
    np.testing.assert_array_equal(again.predict_proba(iris[0]), network.predict_proba(iris[0]))
    reseeded = clone(network).set_params(random_state=1).fit(*iris)
    assert (reseeded.predict_proba(iris[0]) != network.predict_proba(iris[0])).any()


def test_nothing_is_printed(iris, capfd):
    NetworkClassifier(max_epochs=30, patience=2, random_state=0).fit(*iris).predict(iris[0])
    assert capfd.readouterr() == ("", "")


def test_verbose_prints_epochs(iris, capsys):
    NetworkClassifier(max_epochs=2, random_state=0, verbose=1).fit(*iris)
    assert "valid_loss" in capsys.readouterr().out


def test_weights_count_in_proportion_only(iris):
    X, y = iris
    weight = np.random.RandomState(0).uniform(0.5, 1.5, size=150)
    a, b = (NetworkClassifier(max_epochs=5, random_state=0).fit(X, y, sample_weight=weight * s) for s in (1, 1024))
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), rtol=1e-4)


def test_rows_of_weight_zero_do_not_change_the_fit(iris):
    X, y = iris
    wrong = np.where(np.arange(150) % 3 == 0, (y + 1) % 3, y)
    network = NetworkClassifier(max_epochs=60, random_state=0, validation_fraction=0)
    right = np.arange(150) % 3 != 0
    network.fit(X, wrong, sample_weight=right.astype(float))
    assert network.score(X[~right], y[~right]) > 0.85


def test_refit_trains_on_all_rows_for_the_best_number_of_epochs(iris):
    settings = {"max_epochs": 100, "patience": 5, "learning_rate": 0.01, "random_state": 0}
    stopped = NetworkClassifier(**settings, refit=False).fit(*iris)
    losses = [epoch["valid_loss"] for epoch in stopped.net_.history]
    refitted = NetworkClassifier(**settings).fit(*iris)
    assert refitted.n_iter_ == np.argmin(losses) + 1
    assert "valid_loss" not in refitted.net_.history[-1]


def test_extreme_scales_do_not_matter(iris):
    X, y = iris
    scaled = X * np.array([1e-12, 1e12, 1.0, 1e6])
    network = NetworkClassifier(max_epochs=10, random_state=0)
    np.testing.assert_allclose(
        clone(network).fit(scaled, y).predict_proba(scaled), network.fit(X, y).predict_proba(X), atol=1e-3
    )


def test_constant_column_and_five_rows():
    X = np.column_stack([np.ones(5), np.arange(5.0)])
    network = NetworkClassifier(max_epochs=5, random_state=0).fit(X, [0, 0, 1, 1, 1])
    assert np.isfinite(network.predict_proba(X)).all()


def test_failed_fit_leaves_the_earlier_fit(iris):
    X, y = iris
    network = NetworkClassifier(max_epochs=3, random_state=0).fit(X, y)
    before = network.predict_proba(X)
    with pytest.raises(ValueError, match="one class only, 0"):
        network.fit(X[:, :2], np.zeros(150, dtype=int))
    np.testing.assert_array_equal(network.predict_proba(X), before)


def test_regresses_diabetes():
    X, y = load_diabetes(return_X_y=True)
    network = NetworkRegressor(max_epochs=30, random_state=0).fit(X, y)
    assert network.score(X, y) > 0.4
    assert network.predict(X).shape == (442,)


def test_regressor_does_not_depend_on_the_targets_unit():
    X, y = load_diabetes(return_X_y=True)
    a = NetworkRegressor(max_epochs=5, random_state=0).fit(X, y).predict(X)
    b = NetworkRegressor(max_epochs=5, random_state=0).fit(X, y * 1000 + 7).predict(X)
    np.testing.assert_allclose(b, a * 1000 + 7, rtol=1e-4)


def test_several_targets():
    X, y = load_diabetes(return_X_y=True)
    network = NetworkRegressor(max_epochs=30, random_state=0).fit(X, np.column_stack([y, -y]))
    prediction = network.predict(X)
    assert prediction.shape == (442, 2)
    assert np.corrcoef(prediction.T)[0, 1] < -0.9


@pytest.mark.parametrize("network", [NetworkClassifier, NetworkRegressor])
def test_rows_of_weight_zero_are_absent(network):
    """Neither the loss nor the scale of columns and targets sees them."""
    rng = np.random.RandomState(0)
    X, keep = rng.normal(size=(60, 3)), np.arange(60) % 3 > 0
    y = (X[:, 0] > 0).astype(int)
    spoiled, labels = np.where(keep[:, None], X, 1e6), np.where(keep, y, 1000 if network is NetworkRegressor else 1)
    settings = {"max_epochs": 5, "random_state": 0}
    weighted = network(**settings).fit(spoiled, labels, keep.astype(float))
    np.testing.assert_array_equal(weighted.predict(X), network(**settings).fit(X[keep], y[keep]).predict(X))
