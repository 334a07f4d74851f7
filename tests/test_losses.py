"""Each loss against a sum written out in numpy."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from skcmkd import _losses


@pytest.fixture
def batch():
    rng = np.random.RandomState(0)
    logits = rng.normal(size=(6, 3))
    proba = softmax(rng.normal(size=(6, 3)), axis=1)
    labels = np.array([0, 1, 2, 2, 1, 0])
    return logits, labels, proba


def test_cross_entropy_is_minus_log_of_the_label(batch):
    logits, labels, _ = batch
    expected = -log_softmax(logits, axis=1)[np.arange(6), labels]
    np.testing.assert_allclose(_losses.cross_entropy(torch.tensor(logits), torch.tensor(labels)), expected)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_soft_target_divergence_is_the_written_out_sum(batch, temperature):
    logits, _, proba = batch
    q = proba ** (1 / temperature)
    q /= q.sum(axis=1, keepdims=True)
    p = softmax(logits / temperature, axis=1)
    expected = temperature**2 * (q * np.log(q / p)).sum(axis=1)
    found = _losses.soft_target_divergence(torch.tensor(logits), torch.tensor(proba), temperature)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_divergence_is_zero_at_the_teacher_itself(batch):
    _, _, proba = batch
    found = _losses.soft_target_divergence(torch.tensor(np.log(proba)), torch.tensor(proba), 3.0)
    np.testing.assert_allclose(found, 0, atol=1e-12)


def test_divergence_of_a_teacher_that_says_zero_is_finite():
    logits = torch.zeros(1, 2, requires_grad=True)
    loss = _losses.soft_target_divergence(logits, torch.tensor([[1.0, 0.0]]), 2.0).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_gradient_of_the_distillation_loss(batch):
    logits, labels, proba = batch
    weights = torch.tensor(np.random.RandomState(1).uniform(size=(2, 6)))

    def loss(z):
        return _losses.distillation_loss(
            z, torch.tensor(labels), weights[0], torch.tensor(proba), weights[1], temperature=2.0
        )

    assert torch.autograd.gradcheck(loss, torch.tensor(logits, requires_grad=True))


def test_distillation_loss_is_the_weighted_sum_of_its_parts(batch):
    logits, labels, proba = (torch.tensor(part) for part in batch)
    a, b = torch.arange(6.0), torch.arange(6.0).flip(0)
    found = _losses.distillation_loss(logits, labels, a, proba, b, temperature=2.0)
    expected = a * _losses.cross_entropy(logits, labels) + b * _losses.soft_target_divergence(logits, proba, 2.0)
    torch.testing.assert_close(found, expected)


def test_squared_error_averages_over_outputs():
    found = _losses.weighted_squared_error(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]]), torch.tensor([3.0]))
    assert found.tolist() == [7.5]
