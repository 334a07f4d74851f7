"""Each loss against a sum written out in numpy."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from scipy.stats import norm

from skcmkd._losses import _soft_targets as _losses


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


def decoupled_parts(logits, proba, labels, temperature):
    """tau^2 times the target-class part and the non-target part of each row, by loops over classes."""
    q = proba ** (1 / temperature)
    q /= q.sum(axis=1, keepdims=True)
    p = softmax(logits / temperature, axis=1)
    parts = []
    for i, c in enumerate(labels):
        target = q[i, c] * np.log(q[i, c] / p[i, c]) + (1 - q[i, c]) * np.log((1 - q[i, c]) / (1 - p[i, c]))
        others = [k for k in range(len(p[i])) if k != c]
        given_q, given_p = q[i, others] / q[i, others].sum(), p[i, others] / p[i, others].sum()
        parts.append((target, (given_q * np.log(given_q / given_p)).sum()))
    return temperature**2 * np.array(parts).T


def test_decoupled_divergence_is_the_written_out_parts(batch):
    logits, labels, proba = batch
    target, non_target = decoupled_parts(logits, proba, labels, 2.0)
    given = [torch.tensor(part) for part in (logits, proba, labels)]
    np.testing.assert_allclose(_losses.decoupled_kd_loss(*given, 2.0), target + 8 * non_target, rtol=1e-6)
    found = _losses.decoupled_kd_loss(*given, 2.0, alpha=0.5, beta=3.0)
    np.testing.assert_allclose(found, 0.5 * target + 3 * non_target, rtol=1e-6)


def test_soft_targets_are_the_decoupled_parts_with_the_teachers_doubt_as_weight(batch):
    """KL = TCKD + (1 - q_c) NCKD."""
    logits, labels, proba = (torch.tensor(part) for part in batch)
    target = _losses.decoupled_kd_loss(logits, proba, labels, 1.0, alpha=1.0, beta=0.0)
    non_target = _losses.decoupled_kd_loss(logits, proba, labels, 1.0, alpha=0.0, beta=1.0)
    doubt = 1 - proba[torch.arange(6), labels]
    torch.testing.assert_close(target + doubt * non_target, _losses.soft_target_divergence(logits, proba, 1.0))


def test_decoupled_divergence_of_the_teacher_itself_of_two_classes_and_of_one(batch):
    logits, labels, proba = (torch.tensor(part) for part in batch)
    found = _losses.decoupled_kd_loss(proba.log() + 3.0, proba, labels, 3.0)
    torch.testing.assert_close(found, torch.zeros(6, dtype=torch.float64))
    two = logits[:, :2], proba[:, :2] / proba[:, :2].sum(dim=1, keepdim=True)
    found = _losses.decoupled_kd_loss(*two, labels.clamp_max(1), 2.0)
    torch.testing.assert_close(found, _losses.soft_target_divergence(*two, 2.0))
    assert _losses.decoupled_kd_loss(logits[:, :1], torch.ones(6, 1), labels * 0, 2.0).tolist() == [0.0] * 6


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_decoupled_divergence_of_a_sure_student_and_a_sure_teacher_is_finite(scale):
    logits = (scale * torch.tensor([[1.0, 0.0, -1.0], [0.0, 5.0, 1.0]])).requires_grad_()
    proba = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    loss = _losses.decoupled_kd_loss(logits, proba, torch.tensor([0, 2]), 2.0)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(logits.grad).all()


def test_hint_error_is_the_weighted_mean_square():
    rng = np.random.RandomState(0)
    mapped, features, weight = rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), rng.uniform(size=4)
    given = [torch.tensor(part) for part in (mapped, features)]
    np.testing.assert_allclose(_losses.hint_loss(*given), ((mapped - features) ** 2).mean(axis=1))
    expected = [
        sum(w * (m - t) ** 2 for w, m, t in zip(weight, *row, strict=True)) / 4
        for row in zip(mapped, features, strict=True)
    ]
    np.testing.assert_allclose(_losses.hint_loss(*given, torch.tensor(weight)), expected)
    assert _losses.hint_loss(given[0], given[0]).tolist() == [0.0] * 6


def test_variational_information_is_minus_the_gaussian_log_density():
    rng = np.random.RandomState(0)
    mean, features, raw = rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), rng.normal(size=4)
    deviation = np.sqrt(np.log1p(np.exp(raw)) + _losses.MIN_VARIANCE)
    found = _losses.vid_loss(*(torch.tensor(part) for part in (mean, raw, features)))
    np.testing.assert_allclose(found, -norm(mean, deviation).logpdf(features).mean(axis=1), rtol=1e-10)


def test_variational_information_is_least_at_the_errors_variance():
    """Its known minimum is the Gaussian's entropy, mean_d log(2 pi e v_d) / 2."""
    errors = np.random.RandomState(0).normal(size=(50, 3)) * [0.5, 1.0, 3.0]
    v = (errors**2).mean(axis=0)
    raw = torch.tensor(np.log(np.expm1(v - _losses.MIN_VARIANCE)), requires_grad=True)
    loss = _losses.vid_loss(torch.zeros(50, 3, dtype=torch.float64), raw, torch.tensor(errors)).mean()
    np.testing.assert_allclose(loss.item(), 0.5 * np.log(2 * np.pi * np.e * v).mean(), rtol=1e-10)
    np.testing.assert_allclose(torch.autograd.grad(loss, raw)[0], 0, atol=1e-12)


def test_variational_information_of_constant_features_stays_finite():
    raw = torch.full((2,), -1e4, requires_grad=True)
    loss = _losses.vid_loss(torch.ones(3, 2), raw, torch.ones(3, 2))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(raw.grad).all()


def test_gradients_of_row_losses_of_features(batch):
    logits, labels, proba = (torch.tensor(part) for part in batch)
    logits.requires_grad_()
    rng = np.random.RandomState(0)
    mapped, raw = (torch.tensor(rng.normal(size=shape), requires_grad=True) for shape in ((6, 4), 4))
    features, weight = torch.tensor(rng.normal(size=(6, 4))), torch.tensor(rng.uniform(size=4))
    assert torch.autograd.gradcheck(lambda z: _losses.decoupled_kd_loss(z, proba, labels, 2.0), logits)
    assert torch.autograd.gradcheck(lambda m: _losses.hint_loss(m, features, weight), mapped)
    assert torch.autograd.gradcheck(lambda m, r: _losses.vid_loss(m, r, features), (mapped, raw))


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


def test_divergence_is_between_probabilities_given_a_taught_class(batch):
    """The teacher never met class 1: what the student thinks of it is judged by labels alone."""
    logits, labels, proba = batch
    a, b = np.random.RandomState(1).uniform(size=(2, 6))
    q, p = proba[:, [0, 2]], softmax(logits / 2, axis=1)[:, [0, 2]]
    q = np.sqrt(q) / np.sqrt(q).sum(axis=1, keepdims=True)
    p = p / p.sum(axis=1, keepdims=True)
    expected = -a * log_softmax(logits, axis=1)[np.arange(6), labels] + b * 4 * (q * np.log(q / p)).sum(axis=1)
    given = [torch.tensor(part) for part in (logits, labels, a, proba, b)]
    found = _losses.DistillationLoss(2.0, [0, 2]).train()(*given)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_held_out_rows_have_one_vote_each(batch):
    """Weights 3 and 1 count as 3/4 and 1/4; a row that nobody speaks for is 0."""
    logits, labels, proba = (torch.tensor(part) for part in batch)
    a = torch.tensor([3.0, 0.0, 5.0, 0.0, 2.0, 1.0], dtype=torch.float64)
    b = torch.tensor([1.0, 7.0, 0.0, 0.0, 2.0, 3.0], dtype=torch.float64)
    loss = _losses.DistillationLoss(2.0, None)
    shares = torch.tensor([0.75, 0.0, 1.0, 0.0, 0.5, 0.25], dtype=torch.float64)
    expected = loss.train()(logits, labels, shares, proba, (1 - shares) * (a + b > 0))
    torch.testing.assert_close(loss.eval()(logits, labels, a, proba, b), expected)
    assert expected[3] == 0


@pytest.mark.parametrize("training", [True, False])
def test_loss_without_any_teacher_is_the_one_of_teachers_without_weight(batch, training):
    logits, labels, proba = (torch.tensor(part) for part in batch)
    a = torch.tensor([3.0, 0.0, 5.0, 1.0, 2.0, 1.0], dtype=torch.float64)
    with_teacher, without = (
        _losses.DistillationLoss(2.0, None, has_teacher=taught).train(training) for taught in (True, False)
    )
    expected = with_teacher(logits, labels, a, proba, torch.zeros_like(a))
    torch.testing.assert_close(without(logits, labels, a, proba, torch.zeros_like(a)), expected, rtol=0, atol=0)


@pytest.fixture
def two_networks(batch):
    """Logits of both, labels, and the weights of the three kinds; some rows lack a label, some a partner."""
    logits, labels, _ = batch
    other = np.random.RandomState(2).normal(size=(6, 3))
    weights = np.random.RandomState(3).uniform(0.5, 1.5, size=(3, 6)) * [
        [1, 1, 1, 1, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 1, 1, 1, 1, 1],
    ]
    return logits, other, labels, weights


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_mutual_loss_is_the_written_out_sum(two_networks, temperature):
    own, other, labels, (a, b, c) = two_networks
    p, q = (softmax(z / temperature, axis=1) for z in (own, other))
    rows = np.arange(6)
    expected = -a * log_softmax(own, axis=1)[rows, labels] - b * log_softmax(other, axis=1)[rows, labels]
    expected += c * temperature**2 * ((q * np.log(q / p)).sum(axis=1) + (p * np.log(p / q)).sum(axis=1))
    given = [torch.tensor(part) for part in (np.hstack([own, other]), labels, a, b, c)]
    np.testing.assert_allclose(_losses.MutualLoss(temperature).train()(*given), expected, rtol=1e-6)


def test_gradient_of_the_mutual_loss_takes_the_other_network_as_given(two_networks):
    """a (p - onehot) + c tau (p^tau - q^tau) for each network: nothing of its part as a target."""
    own, other, labels, weights = two_networks
    logits = torch.tensor(np.hstack([own, other]), requires_grad=True)
    loss = _losses.mutual_loss(logits, torch.tensor(labels), *torch.tensor(weights), temperature=2.5)
    found = torch.autograd.grad(loss.sum(), logits)[0].numpy()
    tempered = [softmax(z / 2.5, axis=1) for z in (own, other)]
    for side, z in enumerate((own, other)):
        by_label = softmax(z, axis=1) - np.eye(3)[labels]
        by_other = 2.5 * (tempered[side] - tempered[1 - side])
        expected = weights[side][:, None] * by_label + weights[2][:, None] * by_other
        np.testing.assert_allclose(found[:, 3 * side : 3 * side + 3], expected, atol=1e-6)


def test_numeric_gradient_of_the_mutual_loss_with_the_targets_held(two_networks):
    """Each network's gradient is that of the distillation loss with the other's probabilities as the teacher's."""
    own, other, labels, weights = (torch.tensor(part) for part in two_networks)

    def held(side, z, target):
        return _losses.distillation_loss(z, labels, weights[side], target.softmax(dim=1), weights[2], temperature=2.0)

    logits = torch.cat([own, other], dim=1).requires_grad_()
    joint = _losses.mutual_loss(logits, labels, *weights, temperature=2.0)
    found = torch.autograd.grad(joint.sum(), logits)[0]
    for side, (z, target) in enumerate(((own, other), (other, own))):
        z = z.clone().requires_grad_()
        assert torch.autograd.gradcheck(lambda z, side=side, target=target: held(side, z, target), z)
        expected = torch.autograd.grad(held(side, z, target).sum(), z)[0]
        torch.testing.assert_close(found[:, 3 * side : 3 * side + 3], expected)


def test_held_out_rows_validation_fold_both_networks_by_their_labels(two_networks):
    own, other, labels, weights = two_networks
    given = [torch.tensor(part) for part in (np.hstack([own, other]), labels, *weights)]
    rows = np.arange(6)
    expected = -(log_softmax(own, axis=1)[rows, labels] * (weights[0] > 0))
    expected -= log_softmax(other, axis=1)[rows, labels] * (weights[1] > 0)
    np.testing.assert_allclose(_losses.MutualLoss(2.0).eval()(*given), expected)
    assert expected[4] == expected[5] == 0


def test_squared_error_averages_over_outputs():
    found = _losses.weighted_squared_error(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]]), torch.tensor([3.0]))
    assert found.tolist() == [7.5]


def test_cross_reconstruction_error_is_the_sum_of_four_mean_squared_errors():
    rng = np.random.RandomState(0)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    rebuilt = [rng.normal(size=table.shape) for table in (x, y, y, x)]
    expected = sum(((r - t) ** 2).mean(axis=1) for r, t in zip(rebuilt, (x, y, y, x), strict=True))
    output = torch.tensor(np.hstack(rebuilt))
    found = _losses.cross_reconstruction_error(output, torch.tensor(x), torch.tensor(y))
    np.testing.assert_allclose(found, expected)


def test_label_reconstruction_error_is_squared_error_and_cross_entropy(batch):
    logits, labels, x = batch
    rebuilt = np.random.RandomState(1).normal(size=x.shape)
    output = torch.tensor(np.hstack([rebuilt, logits]))
    found = _losses.label_reconstruction_error(output, torch.tensor(x), torch.tensor(labels))
    expected = ((rebuilt - x) ** 2).mean(axis=1) - log_softmax(logits, axis=1)[np.arange(6), labels]
    np.testing.assert_allclose(found, expected)


@pytest.fixture
def factors():
    return torch.tensor(np.random.RandomState(0).normal(size=(7, 6)), requires_grad=True)


def scores_of(factors):
    a, b = np.split(factors.detach().numpy(), 2, axis=1)
    return _losses.SCORE_LIMIT * np.tanh(a @ b.T / _losses.SCORE_LIMIT)


def test_info_nce_is_the_cross_entropy_against_the_diagonal(factors):
    expected = -np.diag(log_softmax(scores_of(factors), axis=1)) - np.log(7)
    np.testing.assert_allclose(_losses.info_nce(factors).detach(), expected)


def test_donsker_varadhan_loss_is_the_formula(factors):
    """In training as well as after it: only the gradient differs."""
    s = scores_of(factors)
    strangers = ~np.eye(7, dtype=bool)
    expected = np.log(np.exp(s[strangers]).mean()) - np.diag(s)
    for loss in (_losses.DonskerVaradhanLoss(), _losses.DonskerVaradhanLoss().eval()):
        np.testing.assert_allclose(loss(factors).detach(), expected)


def gradient(loss, factors):
    return torch.autograd.grad(loss(factors).mean(), factors)[0]


def test_corrected_gradient_is_the_exact_one_at_the_batchs_own_mean(factors):
    exact = gradient(_losses.DonskerVaradhanLoss().eval(), factors)
    torch.testing.assert_close(gradient(_losses.DonskerVaradhanLoss(), factors), exact)
    assert torch.autograd.gradcheck(_losses.DonskerVaradhanLoss().eval(), factors)


def test_moving_average_is_the_denominator(factors):
    """After batches of means m and m', the second gradient of the mean is divided by (1 - rate) m + rate m'."""
    loss, exact = _losses.DonskerVaradhanLoss(rate=0.2), _losses.DonskerVaradhanLoss().eval()
    other = factors.detach() * 0.5
    loss(other)
    found = gradient(loss, factors)
    strangers = ~np.eye(7, dtype=bool)
    before, now = (np.exp(scores_of(part)[strangers]).mean() for part in (other, factors))
    average = 0.8 * before + 0.2 * now
    np.testing.assert_allclose(loss.log_average.item(), np.log(average))
    own = torch.autograd.grad(-_losses.pair_scores(factors).diagonal().mean(), factors)[0]
    torch.testing.assert_close(found, own + now / average * (gradient(exact, factors) - own))
    loss.eval()(factors)
    np.testing.assert_allclose(loss.log_average.item(), np.log(average))


def test_a_batch_of_one_row_says_nothing(factors):
    for loss in (_losses.DonskerVaradhanLoss(), _losses.info_nce):
        assert loss(factors[:1]).tolist() == [0.0]


@pytest.mark.parametrize("loss", [_losses.DonskerVaradhanLoss().eval(), _losses.info_nce])
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
