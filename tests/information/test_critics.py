import numpy as np
import pytest
import torch

from skcmkd.information import _critics
from skcmkd.information._infonce import infonce
from skcmkd.information._mine import mine
from skcmkd.networks import _training


def noise(n, p, seed):
    rng = np.random.RandomState(seed)
    return rng.normal(size=(n, p)), rng.normal(size=(n, p))


def pair(n, r, seed=0):
    rng = np.random.RandomState(seed)
    x = rng.normal(size=n)
    return x, r * x + np.sqrt(1 - r**2) * rng.normal(size=n)


@pytest.mark.parametrize("bound", [mine, infonce])
def test_noise_in_many_columns_is_no_information(bound):
    """A bound on the training rows of the critic would be far above 0 here."""
    assert np.mean([bound(*noise(150, 100, seed), random_state=0) for seed in range(3)]) < 0.05


def test_each_row_is_held_out_once_and_the_bound_is_minus_the_mean_loss(monkeypatch):
    parts = []

    def losses(X, Y, train, test, *rest):
        parts.append((train, test))
        return -test.astype(float)

    monkeypatch.setattr(_critics, "_held_out_losses", losses)
    assert mine(*pair(21, 0.5), cv=4, random_state=0) == 10.0
    assert all(np.array_equal(np.sort(np.concatenate(part)), np.arange(21)) for part in parts)
    np.testing.assert_array_equal(np.sort(np.concatenate([test for _, test in parts])), np.arange(21))


@pytest.mark.parametrize("bound", [mine, infonce])
def test_blocks_of_rows_agree_with_all_rows_at_once(bound, monkeypatch):
    X, Y = pair(400, 0.8)
    whole = bound(X, Y, cv=2, max_epochs=40, random_state=0)
    monkeypatch.setattr(_critics, "MAX_BLOCK", 90)
    assert abs(bound(X, Y, cv=2, max_epochs=40, random_state=0) - whole) < 0.1


@pytest.mark.parametrize("bound", [mine, infonce])
def test_same_seed_same_bits_and_global_states_untouched(bound):
    X, Y = pair(60, 0.9)
    torch_state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    first, second, third = (bound(X, Y, max_epochs=20, random_state=seed) for seed in (0, 0, 1))
    assert first == second != third
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)


@pytest.mark.parametrize("bound", [mine, infonce])
def test_labels_of_text_and_of_numbers_are_the_same(bound):
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=80)
    X = y[:, None] * 3 + rng.normal(size=(80, 2))
    from_numbers = bound(X, y, max_epochs=30, random_state=0)
    assert 0.2 < from_numbers < np.log(2) + 0.05
    assert bound(np.where(y, "b", "a"), X, max_epochs=30, random_state=0) == from_numbers


@pytest.mark.parametrize("bound", [mine, infonce])
def test_constant_tables_and_bad_input(bound, capfd):
    X, _ = noise(20, 2, 0)
    assert bound(X, np.ones(20)) == 0.0
    assert bound(X, ["a"] * 20) == 0.0
    with pytest.raises(ValueError, match=f"{bound.__name__} with cv=5 needs at least 10 rows, got 9"):
        bound(X[:9], X[:9])
    bound(X, X, max_epochs=2, random_state=0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("bound", [mine, infonce])
def test_device_is_passed_to_the_training(bound, monkeypatch):
    devices = []
    monkeypatch.setattr(_training, "resolve_device", lambda device: devices.append(device) or torch.device("cpu"))
    bound(*pair(20, 0.5), max_epochs=2, device="cuda:3", random_state=0)
    assert devices == ["cuda:3"] * 5
