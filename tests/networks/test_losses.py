"""Each loss against a sum written out in numpy."""

import numpy as np
import torch
from scipy.special import log_softmax, logsumexp

from skcmkd.networks._losses import cross_entropy, info_nce_loss, weighted_cross_entropy, weighted_squared_error

RNG = np.random.RandomState(0)
LOGITS, LABELS = RNG.normal(size=(6, 3)), np.array([0, 1, 2, 2, 1, 0])


def test_cross_entropy_is_minus_log_of_the_label():
    expected = -log_softmax(LOGITS, axis=1)[np.arange(6), LABELS]
    np.testing.assert_allclose(cross_entropy(torch.tensor(LOGITS), torch.tensor(LABELS)), expected)


def test_weighted_cross_entropy_is_the_weight_times_the_cross_entropy():
    arguments = torch.tensor(LOGITS), torch.tensor(LABELS)
    weight = torch.arange(6.0)
    torch.testing.assert_close(weighted_cross_entropy(*arguments, weight), weight * cross_entropy(*arguments))


def test_squared_error_averages_over_outputs():
    result = weighted_squared_error(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]]), torch.tensor([3.0]))
    assert result.tolist() == [7.5]


def test_info_nce_loss_is_the_cross_entropy_of_the_diagonal_less_log_n():
    scores = np.random.RandomState(1).normal(size=(5, 5))
    expected = logsumexp(scores, axis=1) - np.log(5) - np.diag(scores)
    np.testing.assert_allclose(info_nce_loss(torch.tensor(scores)), expected)
