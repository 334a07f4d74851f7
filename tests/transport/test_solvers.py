import warnings

import numpy as np
import torch

from skcmkd._transport._plan import transport
from skcmkd._transport._solvers import published_cost

from .transport_problems import draw_cost


def test_published_cost_is_plain_sinkhorn_and_its_gradient():
    C = torch.tensor(draw_cost(6, 5) / 5, requires_grad=True)
    loss = published_cost(C, reg=0.1)
    loss.backward()
    again = C.detach().clone().requires_grad_()
    K = torch.exp(-again / 0.1)
    a, b = torch.full((6,), 1 / 6).double(), torch.full((5,), 1 / 5).double()
    u = torch.full((6,), 1 / 6).double()
    for _ in range(1000):
        v = b / (K.T @ u)
        u = a / (K @ v)
    expected = (u[:, None] * K * v * again).sum()
    expected.backward()
    np.testing.assert_allclose(loss.item(), expected.item(), rtol=1e-6)
    np.testing.assert_allclose(C.grad, again.grad, atol=1e-6)


def test_published_cost_underflows_in_silence_where_transport_does_not():
    C = (50 + draw_cost(6, 5)).astype(np.float32)
    tensor = torch.tensor(C, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss = published_cost(tensor, reg=0.1)
    loss.backward()
    assert loss.item() == 0
    assert (tensor.grad == 0).all()
    result = transport(C, reg=0.1)
    assert result.value > 50
    np.testing.assert_allclose(result.plan.sum(), 1, rtol=1e-6)
