import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from skcmkd.networks._fit import drop_zero_weight, early_stopping_mask, fit_scaler, module_factory


def test_hold_out_keeps_class_shares():
    strata = np.repeat([0, 1], [80, 20])
    mask = early_stopping_mask(strata, 100, 0.2, seed=0)
    assert (mask.sum(), mask[80:].sum()) == (20, 4)


@pytest.mark.parametrize(
    ("strata", "n_rows", "fraction"),
    [(None, 19, 0.1), (np.zeros(100), 100, 0.0)],
    ids=["few rows", "no share"],
)
def test_nothing_held_out(strata, n_rows, fraction):
    assert early_stopping_mask(strata, n_rows, fraction, seed=0) is None


def test_hold_out_with_a_class_of_one_row():
    assert early_stopping_mask(np.array([0] + [1] * 29), 30, 0.1, seed=0).sum() == 3


def test_groups_are_held_out_whole():
    groups = np.array(list("abcdefghij"))[np.random.RandomState(0).randint(10, size=100)]
    mask = early_stopping_mask(None, 100, 0.2, seed=0, groups=groups)
    held, kept = set(groups[mask]), set(groups[~mask])
    assert not held & kept
    assert len(held) == 2
    assert early_stopping_mask(None, 100, 0.2, seed=0, groups=np.zeros(100)) is None


def test_rows_of_positive_weight_keep_their_company():
    weight = np.array([0.0, 2.0, 1.0], dtype=np.float32)
    X, y, groups = np.arange(6.0).reshape(3, 2), np.arange(3), np.array(["a", "b", "c"])
    found = drop_zero_weight(weight, X, y, groups)
    np.testing.assert_array_equal(found[0], X[1:])
    np.testing.assert_array_equal(found[1], [1, 2])
    np.testing.assert_allclose(found[2], [4 / 3, 2 / 3])
    np.testing.assert_array_equal(found[3], ["b", "c"])
    assert drop_zero_weight(weight[1:], X, y, None)[0] is X


class Settings:
    hidden_layer_sizes = (4, 3)
    dropout = 0.0


def test_columns_are_standardized_by_blocks():
    X = np.random.RandomState(0).normal(3, 2, size=(20_000, 2))
    network = Settings()
    table = fit_scaler(network, X)
    assert table.dtype == np.float32
    np.testing.assert_allclose(table, StandardScaler().fit_transform(X), atol=1e-5)


def test_modules_are_built_by_the_networks_parameters():
    network = Settings()
    module = module_factory(network, 5, 2)()
    assert [tuple(p.shape) for p in module.parameters()] == [(4, 5), (4,), (3, 4), (3,), (2, 3), (2,)]
    assert network._n_features_out == 3
    network.hidden_layer_sizes = ()
    with pytest.raises(ValueError, match="at least one layer of one unit"):
        module_factory(network, 5, 2)
