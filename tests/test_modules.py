import torch

from skcmkd._modules import Perceptron


def test_head_of_the_representation_is_the_output():
    module = Perceptron(4, (8, 3), 2, dropout=0.0)
    X = torch.randn(5, 4)
    assert module.represent(X).shape == (5, 3)
    torch.testing.assert_close(module.head(module.represent(X)), module(X))
    assert (module.represent(X) >= 0).all()
