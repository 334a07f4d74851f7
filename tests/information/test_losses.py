"""Each loss against a sum written out in numpy."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from skcmkd.information._losses import (
    MAX_SCORE,
    DonskerVaradhanLoss,
    critic_scores,
    cross_reconstruction_error,
    info_nce,
    label_reconstruction_error,
)


def test_cross_reconstruction_error_is_the_sum_of_four_mean_squared_errors():
    rng = np.random.RandomState(0)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    reconstructed = [rng.normal(size=table.shape) for table in (x, y, y, x)]
    expected = sum(((r - t) ** 2).mean(axis=1) for r, t in zip(reconstructed, (x, y, y, x), strict=True))
    output = torch.tensor(np.hstack(reconstructed))
    result = cross_reconstruction_error(output, torch.tensor(x), torch.tensor(y))
    np.testing.assert_allclose(result, expected)


def test_label_reconstruction_error_is_squared_error_and_cross_entropy():
    rng = np.random.RandomState(0)
    logits, x, labels = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), np.array([0, 1, 2, 2, 1, 0])
    reconstructed = np.random.RandomState(1).normal(size=x.shape)
    output = torch.tensor(np.hstack([reconstructed, logits]))
    result = label_reconstruction_error(output, torch.tensor(x), torch.tensor(labels))
    expected = ((reconstructed - x) ** 2).mean(axis=1) - log_softmax(logits, axis=1)[np.arange(6), labels]
    np.testing.assert_allclose(result, expected)


@pytest.fixture
def factors():
    return torch.tensor(np.random.RandomState(0).normal(size=(7, 6)), requires_grad=True)


def scores_of(factors):
    a, b = np.split(factors.detach().numpy(), 2, axis=1)
    return MAX_SCORE * np.tanh(a @ b.T / MAX_SCORE)


def test_info_nce_is_the_cross_entropy_against_the_diagonal(factors):
    expected = -np.diag(log_softmax(scores_of(factors), axis=1)) - np.log(7)
    np.testing.assert_allclose(info_nce(factors).detach(), expected)


def test_donsker_varadhan_loss_is_the_formula(factors):
    """In training and in evaluation: only the gradient differs."""
    s = scores_of(factors)
    negatives = ~np.eye(7, dtype=bool)
    expected = np.log(np.exp(s[negatives]).mean()) - np.diag(s)
    for loss in (DonskerVaradhanLoss(), DonskerVaradhanLoss().eval()):
        np.testing.assert_allclose(loss(factors).detach(), expected)


def gradient(loss, factors):
    return torch.autograd.grad(loss(factors).mean(), factors)[0]


def test_corrected_gradient_is_the_exact_one_at_the_mean_of_the_batch(factors):
    exact = gradient(DonskerVaradhanLoss().eval(), factors)
    torch.testing.assert_close(gradient(DonskerVaradhanLoss(), factors), exact)
    assert torch.autograd.gradcheck(DonskerVaradhanLoss().eval(), factors)


def test_moving_average_is_the_denominator(factors):
    """After batches of means m and m', the second gradient of the mean is divided by (1 - rate) m + rate m'."""
    loss, exact = DonskerVaradhanLoss(rate=0.2), DonskerVaradhanLoss().eval()
    first = factors.detach() * 0.5
    loss(first)
    result = gradient(loss, factors)
    negatives = ~np.eye(7, dtype=bool)
    before, now = (np.exp(scores_of(part)[negatives]).mean() for part in (first, factors))
    average = 0.8 * before + 0.2 * now
    np.testing.assert_allclose(loss.log_average.item(), np.log(average))
    diagonal_gradient = torch.autograd.grad(-critic_scores(factors).diagonal().mean(), factors)[0]
    torch.testing.assert_close(
        result, diagonal_gradient + now / average * (gradient(exact, factors) - diagonal_gradient)
    )
    loss.eval()(factors)
    np.testing.assert_allclose(loss.log_average.item(), np.log(average))


def test_loss_of_a_batch_of_one_row_is_zero(factors):
    for loss in (DonskerVaradhanLoss(), info_nce):
        assert loss(factors[:1]).tolist() == [0.0]


@pytest.mark.parametrize("loss", [DonskerVaradhanLoss().eval(), info_nce])
def test_bounds_at_the_true_density_ratio_reach_the_information(loss):
    """log p(x, y) / p(x) p(y) of a bivariate normal, written as an inner product of factors of x and of y."""
    rng, r, n = np.random.RandomState(0), 0.7, 3000
    x = rng.normal(size=n)
    y = r * x + np.sqrt(1 - r**2) * rng.normal(size=n)
    information, c = -0.5 * np.log(1 - r**2), 1 / (1 - r**2)
    one = np.ones(n)
    a = [r * c * x, -(r**2) * c / 2 * x**2, one, information * one]
    b = [y, one, -(r**2) * c / 2 * y**2, one]
    bound = -loss(torch.tensor(np.column_stack([*a, *b]))).mean().item()
    np.testing.assert_allclose(bound, information, atol=0.03)
