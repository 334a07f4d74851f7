import numpy as np
import pytest
import torch

from skcmkd.information import _latent
from skcmkd.information._ksg import ksg
from skcmkd.information._latent import latent
from skcmkd.information._losses import cross_reconstruction_error
from skcmkd.networks import _training

from .known_information import make_known_information


def wide(n, p, nats, seed=0):
    data = make_known_information("low_rank", n, n_columns=p, information=nats, random_state=seed)
    return data.X, data.Y


@pytest.mark.parametrize(("nats", "low", "high"), [(0, -0.1, 0.1), (1, 0.42, 1.0), (2, 0.9, 2.0)])
def test_low_rank_signal_in_500_columns(nats, low, high):
    """At 1 nat no further from the truth than the authors' package on this kind of data, .42."""
    estimate = np.mean([latent(*wide(250, 500, nats, seed), random_state=seed) for seed in range(3)])
    assert low < estimate < high


def test_label_in_200_columns_of_which_190_are_noise():
    """Nearest neighbors in the raw columns miss almost all of the dependence."""
    settings = {"n_columns": 10, "n_noise_columns": 190, "n_classes": 2, "information": 0.5}
    data = make_known_information("mixture", 250, random_state=0, **settings)
    estimate = latent(data.X, data.Y, random_state=0)
    assert max(0.15, 2 * ksg(data.X, data.Y)) < estimate < np.log(2)
    permuted = np.random.RandomState(1).permutation(data.Y)
    assert abs(latent(data.X, permuted, random_state=0)) < 0.1


def test_labels_and_tables_of_few_columns_are_their_latents():
    rng = np.random.RandomState(0)
    X, Y = rng.normal(size=(60, 3)), rng.normal(size=60)
    assert latent(X, Y, random_state=0) == ksg(X, Y)
    labels = np.where(Y > 0, "b", "a")
    assert latent(X, labels, random_state=0) == ksg(X, labels)
    assert latent(X, Y, n_latent=2, random_state=0) != ksg(X, Y)


@pytest.mark.parametrize("order", [1, -1])
def test_a_table_of_few_columns_is_kept_and_the_larger_encoded(order, monkeypatch):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(80, 20)), rng.normal(size=(80, 1))
    X[:, :5] += 3 * y
    pairs = []
    monkeypatch.setattr(_latent, "ksg", lambda u, v, **settings: pairs.append((u, v)) or ksg(u, v, **settings))
    assert latent(*(X, y)[::order], n_latent=4, random_state=0) > 0.4
    for u, v in pairs:
        assert u.shape == (40, 4)
        assert np.isin(v, y).all()
    np.testing.assert_array_equal(np.sort(np.concatenate([v for _, v in pairs]), axis=0), np.sort(y, axis=0))


def test_training_minimizes_the_four_errors(monkeypatch):
    """The trained module rebuilds the held-in rows better than their means, which is an error of 4."""
    errors = []
    train = _training.train_network

    def kept(build_module, row_loss, X, targets, **settings):
        net = train(build_module, row_loss, X, targets, **settings)
        assert row_loss is cross_reconstruction_error
        with torch.no_grad():
            output = net.module_(torch.tensor(X))
            errors.append(row_loss(output, *map(torch.tensor, targets)).mean().item())
        return net

    monkeypatch.setattr(_training, "train_network", kept)
    latent(*wide(120, 30, 2), n_latent=4, random_state=0)
    assert len(errors) == 2
    assert max(errors) < 3


def test_same_seed_same_bits_and_global_states_untouched(capfd):
    X, Y = wide(60, 20, 2)
    torch_state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    first, second, third = (latent(X, Y, max_epochs=10, random_state=seed) for seed in (0, 0, 1))
    assert first == second != third
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
    assert capfd.readouterr() == ("", "")


def test_labels_of_text_and_of_numbers_are_the_same():
    y = np.random.RandomState(0).randint(3, size=90)
    X = np.eye(3)[y] @ np.random.RandomState(1).normal(size=(3, 20)) + np.random.RandomState(2).normal(size=(90, 20))
    from_numbers = latent(X, y, max_epochs=30, random_state=0)
    assert from_numbers > 0.2
    assert latent(np.array(list("xyz"))[y], X, max_epochs=30, random_state=0) == from_numbers


def test_constant_tables_and_a_column_that_varies_in_one_row():
    X, _ = wide(40, 20, 0)
    assert latent(X, np.ones(40)) == 0.0
    assert latent(X, ["a"] * 40) == 0.0
    assert latent(X[:, :2], np.ones(40)) == 0.0
    spike = np.zeros((40, 17))
    spike[0] = 1
    assert np.isfinite(latent(X, spike, max_epochs=3, random_state=0))
    assert np.isfinite(latent(spike, np.arange(40) % 2, max_epochs=3, random_state=0))


def test_bad_input():
    X, Y = wide(9, 20, 0)
    with pytest.raises(ValueError, match="latent with n_neighbors=4 needs at least 10 rows, got 9"):
        latent(X, Y, n_neighbors=4)


def test_device_is_passed_to_the_training(monkeypatch):
    devices = []
    monkeypatch.setattr(_training, "resolve_device", lambda device: devices.append(device) or torch.device("cpu"))
    latent(*wide(20, 20, 1), max_epochs=2, device="cuda:3", random_state=0)
    assert devices == ["cuda:3"] * 2
