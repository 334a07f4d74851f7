import numpy as np
from sklearn.decomposition import PCA

from skcmkd.information._training import scaled_components, train_network_small
from skcmkd.networks import _training


def test_components_keep_their_proportions_at_mean_variance_one():
    rng = np.random.RandomState(0)
    data = rng.normal(size=(80, 6)) @ rng.normal(size=(6, 6))
    train, test = scaled_components(data[:60], data[60:])
    assert train.dtype == test.dtype == np.float32
    np.testing.assert_allclose(train.var(axis=0).mean(), 1, rtol=1e-5)
    standardized = (data - data[:60].mean(axis=0)) / data[:60].std(axis=0)
    reference = PCA().fit(standardized[:60])
    ratio = reference.explained_variance_ratio_
    np.testing.assert_allclose(train.var(axis=0) / train.var(axis=0).sum(), ratio, rtol=1e-4)
    scale = np.sqrt((reference.transform(standardized[:60]) ** 2).mean())
    np.testing.assert_allclose(np.abs(test), np.abs(reference.transform(standardized[60:]) / scale), atol=1e-4)


def test_a_part_without_variation_has_no_component():
    train, test = scaled_components(np.ones((5, 2)), np.ones((3, 2)))
    assert train.shape == (5, 0)
    assert test.shape == (3, 0)


def test_a_quarter_of_the_rows_chooses_the_epoch(monkeypatch):
    calls = []
    monkeypatch.setattr(_training, "train_network", lambda *inputs, **settings: calls.append(settings))
    settings = {"batch_size": 64, "learning_rate": 0.1, "max_epochs": 7, "device": "cpu"}
    for seed in (0, 0, 1):
        train_network_small(None, None, np.zeros((40, 2)), (), rng=np.random.RandomState(seed), **settings)
    first, again, third = calls
    assert first["validation_rows"].sum() == 10
    np.testing.assert_array_equal(first["validation_rows"], again["validation_rows"])
    assert (first["validation_rows"] != third["validation_rows"]).any()
    assert first["seed"] == again["seed"] != third["seed"]
    assert first["max_epochs"] == 7
