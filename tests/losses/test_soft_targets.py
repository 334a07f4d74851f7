"""Each loss against a sum written out in numpy."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from scipy.stats import norm

from skcmkd._losses._soft_targets import (
    MIN_VARIANCE,
    DistillationLoss,
    MutualLoss,
    decoupled_kd_loss,
    distillation_loss,
    hint_loss,
    mutual_loss,
    soft_target_divergence,
    vid_loss,
)
from skcmkd.networks._losses import cross_entropy


@pytest.fixture
def batch():
    rng = np.random.RandomState(0)
    logits = rng.normal(size=(6, 3))
    proba = softmax(rng.normal(size=(6, 3)), axis=1)
    labels = np.array([0, 1, 2, 2, 1, 0])
    return logits, labels, proba


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_soft_target_divergence_is_the_written_out_sum(batch, temperature):
    logits, _, proba = batch
    q = proba ** (1 / temperature)
    q /= q.sum(axis=1, keepdims=True)
    p = softmax(logits / temperature, axis=1)
    expected = temperature**2 * (q * np.log(q / p)).sum(axis=1)
    result = soft_target_divergence(torch.tensor(logits), torch.tensor(proba), temperature)
    np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_divergence_is_zero_at_the_teacher_itself(batch):
    _, _, proba = batch
    result = soft_target_divergence(torch.tensor(np.log(proba)), torch.tensor(proba), 3.0)
    np.testing.assert_allclose(result, 0, atol=1e-12)


def test_divergence_of_a_teacher_that_predicts_zero_is_finite():
    logits = torch.zeros(1, 2, requires_grad=True)
    loss = soft_target_divergence(logits, torch.tensor([[1.0, 0.0]]), 2.0).sum()
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
        rest_classes = [k for k in range(len(p[i])) if k != c]
        conditional_q, conditional_p = (
            q[i, rest_classes] / q[i, rest_classes].sum(),
            p[i, rest_classes] / p[i, rest_classes].sum(),
        )
        parts.append((target, (conditional_q * np.log(conditional_q / conditional_p)).sum()))
    return temperature**2 * np.array(parts).T


def test_decoupled_kd_loss_is_the_written_out_parts(batch):
    logits, labels, proba = batch
    target, non_target = decoupled_parts(logits, proba, labels, 2.0)
    arguments = [torch.tensor(part) for part in (logits, proba, labels)]
    np.testing.assert_allclose(decoupled_kd_loss(*arguments, 2.0), target + 8 * non_target, rtol=1e-6)
    result = decoupled_kd_loss(*arguments, 2.0, alpha=0.5, beta=3.0)
    np.testing.assert_allclose(result, 0.5 * target + 3 * non_target, rtol=1e-6)


def test_soft_target_divergence_is_the_decoupled_parts_weighted_by_the_teacher(batch):
    """KL = TCKD + (1 - q_c) NCKD."""
    logits, labels, proba = (torch.tensor(part) for part in batch)
    target = decoupled_kd_loss(logits, proba, labels, 1.0, alpha=1.0, beta=0.0)
    non_target = decoupled_kd_loss(logits, proba, labels, 1.0, alpha=0.0, beta=1.0)
    rest = 1 - proba[torch.arange(6), labels]
    torch.testing.assert_close(target + rest * non_target, soft_target_divergence(logits, proba, 1.0))


def test_decoupled_kd_loss_of_the_teacher_itself_of_two_classes_and_of_one(batch):
    logits, labels, proba = (torch.tensor(part) for part in batch)
    result = decoupled_kd_loss(proba.log() + 3.0, proba, labels, 3.0)
    torch.testing.assert_close(result, torch.zeros(6, dtype=torch.float64))
    two = logits[:, :2], proba[:, :2] / proba[:, :2].sum(dim=1, keepdim=True)
    result = decoupled_kd_loss(*two, labels.clamp_max(1), 2.0)
    torch.testing.assert_close(result, soft_target_divergence(*two, 2.0))
    assert decoupled_kd_loss(logits[:, :1], torch.ones(6, 1), labels * 0, 2.0).tolist() == [0.0] * 6


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_decoupled_kd_loss_of_confident_student_and_teacher_is_finite(scale):
    logits = (scale * torch.tensor([[1.0, 0.0, -1.0], [0.0, 5.0, 1.0]])).requires_grad_()
    proba = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    loss = decoupled_kd_loss(logits, proba, torch.tensor([0, 2]), 2.0)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(logits.grad).all()


def test_hint_loss_is_the_weighted_mean_square():
    rng = np.random.RandomState(0)
    projected, features, weight = rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), rng.uniform(size=4)
    arguments = [torch.tensor(part) for part in (projected, features)]
    np.testing.assert_allclose(hint_loss(*arguments), ((projected - features) ** 2).mean(axis=1))
    expected = [
        sum(w * (m - t) ** 2 for w, m, t in zip(weight, *row, strict=True)) / 4
        for row in zip(projected, features, strict=True)
    ]
    np.testing.assert_allclose(hint_loss(*arguments, torch.tensor(weight)), expected)
    assert hint_loss(arguments[0], arguments[0]).tolist() == [0.0] * 6


def test_vid_loss_is_minus_the_gaussian_log_density():
    rng = np.random.RandomState(0)
    mean, features, raw = rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), rng.normal(size=4)
    deviation = np.sqrt(np.log1p(np.exp(raw)) + MIN_VARIANCE)
    result = vid_loss(*(torch.tensor(part) for part in (mean, raw, features)))
    np.testing.assert_allclose(result, -norm(mean, deviation).logpdf(features).mean(axis=1), rtol=1e-10)


def test_vid_loss_is_least_at_the_variance_of_the_errors():
    """Its known minimum is the Gaussian's entropy, mean_d log(2 pi e v_d) / 2."""
    errors = np.random.RandomState(0).normal(size=(50, 3)) * [0.5, 1.0, 3.0]
    v = (errors**2).mean(axis=0)
    raw = torch.tensor(np.log(np.expm1(v - MIN_VARIANCE)), requires_grad=True)
    loss = vid_loss(torch.zeros(50, 3, dtype=torch.float64), raw, torch.tensor(errors)).mean()
    np.testing.assert_allclose(loss.item(), 0.5 * np.log(2 * np.pi * np.e * v).mean(), rtol=1e-10)
    np.testing.assert_allclose(torch.autograd.grad(loss, raw)[0], 0, atol=1e-12)


def test_vid_loss_of_constant_features_stays_finite():
    raw = torch.full((2,), -1e4, requires_grad=True)
    loss = vid_loss(torch.ones(3, 2), raw, torch.ones(3, 2))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(raw.grad).all()


def test_gradients_of_row_losses_of_features(batch):
    logits, labels, proba = (torch.tensor(part) for part in batch)
    logits.requires_grad_()
    rng = np.random.RandomState(0)
    projected, raw = (torch.tensor(rng.normal(size=shape), requires_grad=True) for shape in ((6, 4), 4))
    features, weight = torch.tensor(rng.normal(size=(6, 4))), torch.tensor(rng.uniform(size=4))
    assert torch.autograd.gradcheck(lambda z: decoupled_kd_loss(z, proba, labels, 2.0), logits)
    assert torch.autograd.gradcheck(lambda m: hint_loss(m, features, weight), projected)
    assert torch.autograd.gradcheck(lambda m, r: vid_loss(m, r, features), (projected, raw))


def test_gradient_of_the_distillation_loss(batch):
    logits, labels, proba = batch
    weights = torch.tensor(np.random.RandomState(1).uniform(size=(2, 6)))

    def loss(z):
        return distillation_loss(z, torch.tensor(labels), weights[0], torch.tensor(proba), weights[1], temperature=2.0)

    assert torch.autograd.gradcheck(loss, torch.tensor(logits, requires_grad=True))


def test_distillation_loss_is_the_weighted_sum_of_its_parts(batch):
    logits, labels, proba = (torch.tensor(part) for part in batch)
    a, b = torch.arange(6.0), torch.arange(6.0).flip(0)
    result = distillation_loss(logits, labels, a, proba, b, temperature=2.0)
    expected = a * cross_entropy(logits, labels) + b * soft_target_divergence(logits, proba, 2.0)
    torch.testing.assert_close(result, expected)


def test_divergence_is_between_probabilities_given_a_class_of_the_teacher(batch):
    """The teacher was not fitted to class 1: only the labels train the student's probability of it."""
    logits, labels, proba = batch
    a, b = np.random.RandomState(1).uniform(size=(2, 6))
    q, p = proba[:, [0, 2]], softmax(logits / 2, axis=1)[:, [0, 2]]
    q = np.sqrt(q) / np.sqrt(q).sum(axis=1, keepdims=True)
    p = p / p.sum(axis=1, keepdims=True)
    expected = -a * log_softmax(logits, axis=1)[np.arange(6), labels] + b * 4 * (q * np.log(q / p)).sum(axis=1)
    arguments = [torch.tensor(part) for part in (logits, labels, a, proba, b)]
    result = DistillationLoss(2.0, [0, 2]).train()(*arguments)
    np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_held_out_rows_count_once_each(batch):
    """Weights 3 and 1 count as 3/4 and 1/4; a row without label and soft target is 0."""
    logits, labels, proba = (torch.tensor(part) for part in batch)
    a = torch.tensor([3.0, 0.0, 5.0, 0.0, 2.0, 1.0], dtype=torch.float64)
    b = torch.tensor([1.0, 7.0, 0.0, 0.0, 2.0, 3.0], dtype=torch.float64)
    loss = DistillationLoss(2.0, None)
    fractions = torch.tensor([0.75, 0.0, 1.0, 0.0, 0.5, 0.25], dtype=torch.float64)
    expected = loss.train()(logits, labels, fractions, proba, (1 - fractions) * (a + b > 0))
    torch.testing.assert_close(loss.eval()(logits, labels, a, proba, b), expected)
    assert expected[3] == 0


@pytest.mark.parametrize("training", [True, False])
def test_loss_without_any_teacher_is_the_one_of_teachers_without_weight(batch, training):
    logits, labels, proba = (torch.tensor(part) for part in batch)
    a = torch.tensor([3.0, 0.0, 5.0, 1.0, 2.0, 1.0], dtype=torch.float64)
    with_teacher, without = (
        DistillationLoss(2.0, None, has_teacher=has_teacher).train(training) for has_teacher in (True, False)
    )
    expected = with_teacher(logits, labels, a, proba, torch.zeros_like(a))
    torch.testing.assert_close(without(logits, labels, a, proba, torch.zeros_like(a)), expected, rtol=0, atol=0)


@pytest.fixture
def two_networks(batch):
    """Logits of both, labels, and the weights of the three kinds; some rows lack a label, some a modality."""
    logits, labels, _ = batch
    teacher = np.random.RandomState(2).normal(size=(6, 3))
    weights = np.random.RandomState(3).uniform(0.5, 1.5, size=(3, 6)) * [
        [1, 1, 1, 1, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 1, 1, 1, 1, 1],
    ]
    return logits, teacher, labels, weights


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_mutual_loss_is_the_written_out_sum(two_networks, temperature):
    student, teacher, labels, (a, b, c) = two_networks
    p, q = (softmax(z / temperature, axis=1) for z in (student, teacher))
    rows = np.arange(6)
    expected = -a * log_softmax(student, axis=1)[rows, labels] - b * log_softmax(teacher, axis=1)[rows, labels]
    expected += c * temperature**2 * ((q * np.log(q / p)).sum(axis=1) + (p * np.log(p / q)).sum(axis=1))
    arguments = [torch.tensor(part) for part in (np.hstack([student, teacher]), labels, a, b, c)]
    np.testing.assert_allclose(MutualLoss(temperature).train()(*arguments), expected, rtol=1e-6)


def test_gradient_of_the_mutual_loss_holds_the_targets_fixed(two_networks):
    """a (p - onehot) + c tau (p^tau - q^tau) for each network: none through its probabilities as a target."""
    student, teacher, labels, weights = two_networks
    logits = torch.tensor(np.hstack([student, teacher]), requires_grad=True)
    loss = mutual_loss(logits, torch.tensor(labels), *torch.tensor(weights), temperature=2.5)
    result = torch.autograd.grad(loss.sum(), logits)[0].numpy()
    tempered = [softmax(z / 2.5, axis=1) for z in (student, teacher)]
    for side, z in enumerate((student, teacher)):
        label_gradient = softmax(z, axis=1) - np.eye(3)[labels]
        teacher_gradient = 2.5 * (tempered[side] - tempered[1 - side])
        expected = weights[side][:, None] * label_gradient + weights[2][:, None] * teacher_gradient
        np.testing.assert_allclose(result[:, 3 * side : 3 * side + 3], expected, atol=1e-6)


def test_numeric_gradient_of_the_mutual_loss_with_the_targets_held(two_networks):
    """Each network has the gradient of the distillation loss with the other network as its teacher."""
    student, teacher, labels, weights = (torch.tensor(part) for part in two_networks)

    def loss_for_fixed_target(side, z, target):
        return distillation_loss(z, labels, weights[side], target.softmax(dim=1), weights[2], temperature=2.0)

    logits = torch.cat([student, teacher], dim=1).requires_grad_()
    joint = mutual_loss(logits, labels, *weights, temperature=2.0)
    result = torch.autograd.grad(joint.sum(), logits)[0]
    for side, (z, target) in enumerate(((student, teacher), (teacher, student))):
        z = z.clone().requires_grad_()
        assert torch.autograd.gradcheck(lambda z, side=side, target=target: loss_for_fixed_target(side, z, target), z)
        expected = torch.autograd.grad(loss_for_fixed_target(side, z, target).sum(), z)[0]
        torch.testing.assert_close(result[:, 3 * side : 3 * side + 3], expected)


def test_held_out_rows_have_the_cross_entropies_of_both_networks(two_networks):
    student, teacher, labels, weights = two_networks
    arguments = [torch.tensor(part) for part in (np.hstack([student, teacher]), labels, *weights)]
    rows = np.arange(6)
    expected = -(log_softmax(student, axis=1)[rows, labels] * (weights[0] > 0))
    expected -= log_softmax(teacher, axis=1)[rows, labels] * (weights[1] > 0)
    np.testing.assert_allclose(MutualLoss(2.0).eval()(*arguments), expected)
    assert expected[4] == expected[5] == 0
