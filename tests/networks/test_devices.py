import numpy as np
import pytest
import torch

from skcmkd import NetworkClassifier
from skcmkd.networks._devices import resolve_device


def test_device():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto").type == expected
    assert resolve_device("cpu").type == "cpu"


def test_devices_that_are_not_there(monkeypatch):
    with pytest.raises(ValueError, match="device='gpu' is not a torch device"):
        resolve_device("gpu")
    with pytest.raises(ValueError, match=r"device='cuda:99' is not available: torch finds (no|\d+) CUDA device"):
        resolve_device("cuda:99")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"torch finds no CUDA device\. Take 'auto' or 'cpu'"):
        resolve_device("cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match="torch finds no mps device"):
        resolve_device("mps")
    with pytest.raises(ValueError, match="device='cuda' is not available"):
        NetworkClassifier(device="cuda").fit(np.eye(4), [0, 1, 0, 1])
