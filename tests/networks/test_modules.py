import torch

from skcmkd._losses._soft_targets import mutual_loss, soft_target_divergence
from skcmkd.information._modules import CrossAutoencoder, ResidualMLP, SeparableCritic, WithRowLoss
from skcmkd.networks._modules import MLP, ParallelModules


def test_head_of_the_representation_is_the_output():
    module = MLP(4, (8, 3), 2, dropout=0.0)
    X = torch.randn(5, 4)
    assert module.represent(X).shape == (5, 3)
    torch.testing.assert_close(module.head(module.represent(X)), module(X))
    assert (module.represent(X) >= 0).all()


def test_modules_side_by_side_see_their_own_columns():
    first, second = MLP(2, (3,), 4, dropout=0.0), MLP(5, (3,), 4, dropout=0.0)
    x, y = torch.randn(6, 2), torch.randn(6, 5)
    output = ParallelModules(2, first, second)(torch.cat([x, y], dim=1))
    torch.testing.assert_close(output, torch.cat([first(x), second(y)], dim=1))


def test_no_gradient_goes_from_one_networks_divergence_into_the_other():
    """Gradients of the mutual loss by both networks' weights, against each network with the other one as data."""
    first, second = MLP(2, (3,), 4, dropout=0.0), MLP(5, (3,), 4, dropout=0.0)
    x, y = torch.randn(6, 2), torch.randn(6, 5)
    labels, nothing, one = torch.zeros(6, dtype=torch.long), torch.zeros(6), torch.ones(6)
    logits = ParallelModules(2, first, second)(torch.cat([x, y], dim=1))
    joint = mutual_loss(logits, labels, nothing, nothing, one, temperature=2.0).sum()
    parameters = [*first.parameters(), *second.parameters()]
    found = torch.autograd.grad(joint, parameters)
    own, other = first(x), second(y)
    parts = (own, other.detach()), (other, own.detach())
    apart = sum(soft_target_divergence(z, target.softmax(dim=1), 2.0).sum() for z, target in parts)
    for gradient, expected in zip(found, torch.autograd.grad(apart, parameters), strict=True):
        torch.testing.assert_close(gradient, expected)
        assert (gradient != 0).any()


def test_shortcut_without_bend_is_linear():
    module = ResidualMLP(4, 8, 2)
    torch.nn.init.zeros_(module.nonlinear[-1].weight)
    torch.nn.init.zeros_(module.nonlinear[-1].bias)
    X = torch.randn(5, 4)
    torch.testing.assert_close(module(X), X @ module.linear.weight.T + module.linear.bias)


def test_four_decoders_see_their_own_latent_alone():
    """The first two rebuilt tables follow x and not y, the last two y and not x."""
    module = CrossAutoencoder(3, 2, n_latent=16, n_hidden=8)
    assert module.from_x.encode(torch.randn(4, 3)).shape == (4, 3)
    x, y = torch.randn(4, 3), torch.randn(4, 2)
    output = module(torch.cat([x, y], dim=1))
    assert output.shape == (4, 10)
    for side, start in ((module.from_x, 0), (module.from_y, 5)):
        table = x if side is module.from_x else y
        latent = side.encode(table)
        expected = torch.cat([side.decode_input(latent), side.decode_output(latent)], dim=1)
        torch.testing.assert_close(output[:, start : start + 5], expected)


def test_a_new_critic_scores_zero_and_can_learn():
    critic = SeparableCritic(3, 2, n_factors=4, n_hidden=8)
    factors = critic(torch.randn(6, 5))
    assert factors.shape == (6, 8)
    a, b = factors.chunk(2, dim=1)
    assert (a @ b.T == 0).all()
    (a @ b.T).sum().backward()
    assert any(parameter.grad.abs().sum() > 0 for parameter in critic.parameters())


def test_row_losses_are_the_loss_of_the_output():
    module = MLP(4, (3,), 2, dropout=0.0)
    X = torch.randn(5, 4)
    torch.testing.assert_close(WithRowLoss(module, lambda output: output[:, 0])(X), module(X)[:, 0])


def test_features_are_shown_beside_the_output_when_asked():
    module = MLP(4, (8, 3), 2, dropout=0.0, return_features=True)
    X = torch.randn(5, 4)
    output, features = module(X)
    torch.testing.assert_close(features, module.represent(X))
    module.return_features = False
    torch.testing.assert_close(module(X), output)
