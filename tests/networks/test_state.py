import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris

from skcmkd import NetworkClassifier
from skcmkd.networks._state import network_from_arrays, network_to_arrays


@pytest.fixture(scope="module")
def network():
    return NetworkClassifier((8, 4), dropout=0.25, max_epochs=4, refit=False, random_state=0).fit(
        *load_iris(return_X_y=True)
    )


def test_layers_by_hand(network):
    """The arrays are enough to predict without torch."""
    state = network_to_arrays(network.net_)
    assert [w.shape for w in state["weights"]] == [(8, 4), (4, 8), (3, 4)]
    assert state["dropout"] == 0.25
    X = load_iris().data
    values = network.scaler_.transform(X)
    linear, share = state["linear"], state["linear"]["share"]
    assert share == 0.5
    linear_scores = values @ linear["weights"].T.astype(float) + linear["intercepts"]
    for number, (weight, intercept) in enumerate(zip(state["weights"], state["intercepts"], strict=True)):
        values = values @ weight.T.astype(float) + intercept
        values = values if number == 2 else np.maximum(values, 0)
    values = (1 - share) * values + share * linear_scores
    proba = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network.predict_proba(X), proba, rtol=1e-12)


def test_arrays_give_the_network_back(network):
    before = torch.random.get_rng_state()
    copied = network_from_arrays(network_to_arrays(network.net_), "cpu")
    assert torch.equal(torch.random.get_rng_state(), before)
    for weights, copy_of_them in zip(network.net_.module_.parameters(), copied.module_.parameters(), strict=True):
        assert torch.equal(weights, copy_of_them)
        assert weights.data_ptr() != copy_of_them.data_ptr()
        assert copy_of_them.requires_grad
    assert list(copied.history) == list(network.net_.history)
    assert [type(value) for value in copied.history[0].values()] == [type(v) for v in network.net_.history[0].values()]


def test_layers_that_do_not_fit_are_refused(network):
    state = network_to_arrays(network.net_)
    for change in (
        {"weights": state["weights"][:2]},
        {"intercepts": [np.ones(5), *state["intercepts"][1:]]},
        {"weights": [state["weights"][0], np.ones((4, 9)), state["weights"][2]]},
        {"history": {"epoch": np.arange(3), "train_loss": np.arange(2.0)}},
    ):
        with pytest.raises((RuntimeError, ValueError)):
            network_from_arrays(state | change, "cpu")


def test_pickle_holds_no_torch_and_copies_are_apart(network):
    assert b"torch" not in pickle.dumps(network)
    X = load_iris().data
    for copied in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        np.testing.assert_array_equal(copied.predict_proba(X), network.predict_proba(X))
        with torch.no_grad():
            copied.net_.module_.head.bias += 1
        np.testing.assert_array_equal(network.transform(X), copied.transform(X))
        assert not torch.equal(copied.net_.module_.head.bias, network.net_.module_.head.bias)


def test_read_only_arrays_are_copied(network):
    """joblib passes large arrays to its workers as files mapped for reading."""
    state = network_to_arrays(network.net_)
    for layer in state["weights"]:
        layer.setflags(write=False)
    network_from_arrays(state, "cpu")


def test_a_network_of_a_machine_with_cuda_is_read_on_one_without(network, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert network_from_arrays(network_to_arrays(network.net_), "cuda").device == torch.device("cpu")


def test_not_fitted_copies():
    assert not hasattr(copy.deepcopy(NetworkClassifier((8,))), "net_")
