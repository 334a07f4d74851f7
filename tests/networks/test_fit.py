import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, NetworkRegressor
from skcmkd.networks._base import training_settings
from skcmkd.networks._fit import drop_zero_weight, early_stopping_mask, fit_network, fit_scaler, module_factory
from skcmkd.networks._losses import weighted_squared_error
from skcmkd.networks._training import predict_in_batches


def test_held_out_rows_keep_the_proportions_of_the_strata():
    strata = np.repeat([0, 1], [80, 20])
    mask = early_stopping_mask(strata, 100, 0.2, seed=0)
    assert (mask.sum(), mask[80:].sum()) == (20, 4)


@pytest.mark.parametrize(
    ("strata", "n_rows", "fraction"),
    [(None, 19, 0.1), (np.zeros(100), 100, 0.0)],
    ids=["few rows", "fraction 0"],
)
def test_nothing_held_out(strata, n_rows, fraction):
    assert early_stopping_mask(strata, n_rows, fraction, seed=0) is None


def test_held_out_rows_with_a_class_of_one_row():
    assert early_stopping_mask(np.array([0] + [1] * 29), 30, 0.1, seed=0).sum() == 3


def test_groups_are_held_out_whole():
    groups = np.array(list("abcdefghij"))[np.random.RandomState(0).randint(10, size=100)]
    mask = early_stopping_mask(None, 100, 0.2, seed=0, groups=groups)
    held_out, trained = set(groups[mask]), set(groups[~mask])
    assert not held_out & trained
    assert len(held_out) == 2
    assert early_stopping_mask(None, 100, 0.2, seed=0, groups=np.zeros(100)) is None


def test_rows_of_weight_zero_are_dropped_from_every_array():
    weight = np.array([0.0, 2.0, 1.0], dtype=np.float32)
    X, y, groups = np.arange(6.0).reshape(3, 2), np.arange(3), np.array(["a", "b", "c"])
    kept = drop_zero_weight(weight, X, y, groups)
    np.testing.assert_array_equal(kept[0], X[1:])
    np.testing.assert_array_equal(kept[1], [1, 2])
    np.testing.assert_allclose(kept[2], [4 / 3, 2 / 3])
    np.testing.assert_array_equal(kept[3], ["b", "c"])
    assert drop_zero_weight(weight[1:], X, y, None)[0] is X


def test_columns_are_standardized_by_blocks():
    X = np.random.RandomState(0).normal(3, 2, size=(20_000, 2))
    scaler, table = fit_scaler(X)
    assert table.dtype == np.float32
    np.testing.assert_allclose(table, StandardScaler().fit_transform(X), atol=1e-5)
    np.testing.assert_allclose(table, scaler.transform(X), atol=1e-6)


def test_settings_are_the_networks_parameters_as_plain_values():
    parameters = {"dropout": 0.5, "batch_size": 8, "max_epochs": 3, "patience": 2, "device": "cpu", "verbose": True}
    network = NetworkRegressor(np.array([4, 3]), **parameters, random_state=np.random.RandomState(0))
    settings, second = training_settings(network), training_settings(network)
    assert settings.hidden_layer_sizes == (4, 3)
    assert {name: getattr(settings, name) for name in parameters} == parameters
    assert settings.seed == np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    assert second.seed != settings.seed
    assert set(vars(settings)) == set(network.get_params()) - {"random_state"} | {"seed"}


@pytest.mark.parametrize("sizes", [(), (4, 0), (4.5,), "wide", None])
def test_hidden_layers_that_cannot_be(sizes):
    with pytest.raises(ValueError, match="at least one layer of one unit"):
        training_settings(NetworkClassifier(sizes))


def test_modules_are_built_by_the_settings():
    settings = training_settings(NetworkClassifier((4, 3)))
    build = module_factory(settings, 5, 2)
    assert [tuple(p.shape) for p in build().parameters()] == [(4, 5), (4,), (3, 4), (3,), (2, 3), (2,)]
    assert build() is not build()
    assert module_factory(settings, 5, 2, return_features=True)().return_features


def test_a_training_gives_what_the_network_predicts_with_and_writes_nothing():
    rng = np.random.RandomState(0)
    X, y = rng.normal(5, 3, size=(40, 2)), rng.normal(size=40)
    network = NetworkRegressor((4,), max_epochs=3, random_state=0)
    before = dict(vars(network))
    targets = StandardScaler().fit_transform(y[:, None]).astype(np.float32), np.ones(40, dtype=np.float32)
    settings = training_settings(network)
    held_out = early_stopping_mask(None, 40, settings.validation_fraction, settings.seed)
    trained = fit_network(settings, X, weighted_squared_error, targets, 1, held_out, linear_loss=weighted_squared_error)
    assert vars(network) == before
    output = predict_in_batches(trained.net, lambda module: module, X, trained.scaler.transform)
    prediction = network.fit(X, y).predict(X)
    np.testing.assert_array_equal(network.target_scaler_.inverse_transform(output)[:, 0], prediction)
    assert list(network.net_.history) == list(trained.net.history)


@pytest.mark.parametrize("grouped", [False, True])
def test_rows_without_a_loss_are_not_held_out_alone(grouped):
    """Ten labeled patients among a thousand unlabeled ones: some with a loss are held out, whatever the seed."""
    counted = np.arange(1000) % 40 < 1
    strata = np.where(counted, np.arange(1000) // 40 % 2, -1)
    groups = np.arange(1000) // 2 if grouped else None
    for seed in range(30):
        held_out = early_stopping_mask(strata, 1000, 0.1, seed, groups, counted)
        assert held_out[counted].any()
        assert not held_out[counted].all()
        if grouped:
            assert not set(groups[held_out]) & set(groups[~held_out])
        else:
            assert not held_out[~counted].any()
