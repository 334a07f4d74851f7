import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch

from skcmkd.networks import _training
from skcmkd.networks._losses import weighted_squared_error
from skcmkd.networks._modules import MLP

SETTINGS = {
    "validation_rows": None,
    "max_epochs": 3,
    "patience": 2,
    "batch_size": 4,
    "learning_rate": 0.01,
    "weight_decay": 0.1,
    "device": "cpu",
    "seed": 3,
}


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(10, 2)).astype(np.float32)
    y = rng.normal(size=(10, 1)).astype(np.float32)
    weight = rng.uniform(size=10).astype(np.float32)
    return X, (y, weight)


def build():
    return MLP(2, (3,), 1, 0.0)


def train(data, **changed):
    return _training.train_network(build, weighted_squared_error, *data, **{**SETTINGS, **changed})


def test_training_is_the_bare_loop(data):
    """Weights equal those of a loop written out with torch alone."""
    X, (y, weight) = data
    net = train(data)
    torch.random.manual_seed(3)
    module = build()
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.01, weight_decay=0.1)
    generator = torch.Generator().manual_seed(3)
    for _ in range(3):
        order = torch.randperm(10, generator=generator)
        for rows in order.split(4):
            optimizer.zero_grad()
            error = (module(torch.tensor(X)[rows]) - torch.tensor(y)[rows]).square().mean(dim=1)
            (torch.tensor(weight)[rows] * error).mean().backward()
            optimizer.step()
    for weights, expected in zip(net.module_.parameters(), module.parameters(), strict=True):
        torch.testing.assert_close(weights, expected)


def test_global_states_are_left_alone(data):
    torch_state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    train(data)
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)


def test_threads_do_not_disturb_each_other(data):
    def weights(seed):
        net = _training.train_network(
            lambda: MLP(2, (50,), 1, 0.5),
            weighted_squared_error,
            *data,
            **{**SETTINGS, "seed": seed, "max_epochs": 40},
        )
        return torch.cat([part.flatten() for part in net.module_.parameters()])

    state = torch.random.get_rng_state()
    alone = [weights(seed) for seed in range(6)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(weights, range(6)))
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_early_stopping_restores_the_best_epoch(data):
    """The kept weights give on the held-out rows the least loss of the history."""
    X, (y, weight) = data
    held_out = np.arange(10) < 4
    net = train(data, validation_rows=held_out, max_epochs=60, patience=5, learning_rate=0.1)
    losses = [epoch["valid_loss"] for epoch in net.history]
    prediction = _training.predict_in_batches(net, lambda module: module, X[held_out])
    loss = (weight[held_out] * (prediction - y[held_out]).mean(axis=1) ** 2).mean()
    assert len(losses) < 60
    assert losses[-1] > min(losses)
    np.testing.assert_allclose(loss, min(losses), rtol=1e-5)


def test_an_interrupt_by_the_user_is_raised(data, monkeypatch):
    def interrupted(output, *targets):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _training.train_network(build, interrupted, *data, **{**SETTINGS, "validation_rows": np.arange(10) < 4})


def test_an_infinite_loss_is_an_error(data):
    X, targets = data
    with pytest.raises(ValueError, match=r"train loss became (inf|nan).*learning_rate \(now 0.01\)"):
        train((X * np.float32(1e30), targets))


def test_the_output_of_a_row_does_not_depend_on_other_rows(data, monkeypatch):
    X, _ = data
    net = train(data)
    whole = _training.predict_in_batches(net, lambda module: module, X)
    monkeypatch.setattr(_training, "PREDICT_BATCH_SIZE", 3)
    blocks = _training.predict_in_batches(net, lambda module: module, X)
    np.testing.assert_allclose(blocks, whole, rtol=1e-12)


def test_a_trained_network_carries_no_training_rows(data):
    net = train(data, validation_rows=np.arange(10) < 4)
    assert net.train_split is None
    assert net.optimizer_ is None
    assert not net.callbacks_
    assert len(net.history) > 0


def test_a_part_becomes_a_network(data):
    X, _ = data
    net = train(data)
    state = torch.random.get_rng_state()
    part = _training.wrap_submodule(net, net.module_.represent)
    assert torch.equal(torch.random.get_rng_state(), state)
    output = _training.predict_in_batches(pickle.loads(pickle.dumps(part)), lambda module: module, X)
    np.testing.assert_array_equal(output, _training.predict_in_batches(net, lambda module: module.represent, X))
    assert list(part.history) == list(net.history)
    assert part.history is not net.history
    assert len(pickle.dumps(part)) < len(pickle.dumps(net))
    assert part.optimizer_ is None


def test_gradients_of_a_step_are_set_by_backward(data):
    """Here each step ascends, and the history holds the loss that the function returns."""

    def ascend(module, row_loss, X, targets):
        loss = _training.backpropagate(module, row_loss, X, targets)
        for parameter in module.parameters():
            parameter.grad.neg_()
        return 2 * loss

    down, up = (train(data, backward=b, max_epochs=1, batch_size=10) for b in (_training.backpropagate, ascend))
    start = train(data, learning_rate=0.0, max_epochs=1)
    assert up.history[0]["train_loss"] == pytest.approx(2 * down.history[0]["train_loss"])
    losses = [weighted_squared_error(net.module_(torch.tensor(data[0])), *map(torch.tensor, data[1])).mean().item()
              for net in (down, start, up)]  # fmt: skip
    assert losses == sorted(losses)
    assert losses[0] < losses[2]


class TwoParts(torch.nn.Module):
    """A loss that records the sum over the rows of each step."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, output, y, weight):
        rows = weighted_squared_error(output, y, weight)
        if self.training:
            self.seen.append(rows.detach().sum().item())
        return rows

    def pop_epoch_losses(self):
        seen, self.seen = self.seen, []
        return {"rows": sum(seen), "steps": float(len(seen))}


def test_parts_of_a_loss_are_recorded_by_epoch_as_means_over_rows(data):
    loss = TwoParts()
    held_out = np.arange(10) < 4
    settings = {"validation_rows": held_out, "batch_size": 4}
    net = _training.train_network(build, loss, *data, **SETTINGS | settings)
    for epoch in net.history:
        assert epoch["train_rows"] == pytest.approx(epoch["train_loss"])
        assert epoch["train_steps"] == 2 / 6
        assert "valid_rows" not in epoch
    # skorch trains with a copy of the loss.
    assert loss.seen == []
    assert "train_rows" not in train(data).history[0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_training_on_cuda(data):
    state = torch.cuda.get_rng_state()
    net = train(data, device="cuda")
    assert partial(next, net.module_.parameters())().is_cuda
    assert torch.equal(torch.cuda.get_rng_state(), state)
    assert np.isfinite(_training.predict_in_batches(net, lambda module: module, data[0])).all()
