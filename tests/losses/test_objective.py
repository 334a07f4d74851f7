"""The loss of a batch by its parts, and rows that must not change it."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from skcmkd._losses import _relational as relational
from skcmkd._losses import _soft_targets as soft_targets
from skcmkd._losses._objective import ObjectiveLoss
from skcmkd._losses._objective_records import OBJECTIVES
from skcmkd._losses._objective_terms import EMBEDDING_DIM
from skcmkd._losses._soft_targets import DistillationLoss

N, N_FEATURES, N_TEACHER, N_CLASSES = 9, 5, 4, 3
FEATURE_WEIGHTS = np.array([0.5, 0.0, 1.5, 2.0])
TERMS = [name for name, record in OBJECTIVES.items() if not record.parts]
every_term = pytest.mark.parametrize("name", TERMS)


def make_loss(*terms, teacher_classes=None, temperature=2.0):
    distillation = DistillationLoss(temperature, teacher_classes)
    loss = ObjectiveLoss(terms, distillation, N_FEATURES, N_TEACHER, N_CLASSES, FEATURE_WEIGHTS)
    return loss.double().train()


def make_batch(n=N, seed=0):
    """Logits, features and the five targets; every third row has no soft target, every second no label."""
    rng = np.random.RandomState(seed)
    rows = np.arange(n)
    label_weight, teacher_weight = (rows % 2 == 0) * rng.uniform(1, 2, n), (rows % 3 > 0) * rng.uniform(1, 2, n)
    logits, proba = rng.normal(size=(n, N_CLASSES)), softmax(rng.normal(size=(n, N_CLASSES)), axis=1)
    features, teacher_features = np.maximum(rng.normal(size=(n, N_FEATURES)), 0), rng.normal(size=(n, N_TEACHER))
    parts = (logits, features, rows % N_CLASSES, label_weight, proba, teacher_weight, teacher_features)
    return [torch.tensor(part, requires_grad=i < 2) for i, part in enumerate(parts)]


def loss_of(loss, batch):
    return loss(tuple(batch[:2]), *batch[2:])


def teacher_loss_of(loss, batch):
    """Sum of the terms of each row with a soft target, by the difference from the loss of the label."""
    _, _, codes, label_weight, _, teacher_weight, _ = batch
    label_loss = -log_softmax(batch[0].detach().numpy(), axis=1)[np.arange(len(codes)), codes] * label_weight.numpy()
    rest = loss_of(loss, batch).detach().numpy() - label_loss
    has_teacher = teacher_weight.numpy() > 0
    np.testing.assert_allclose(rest[~has_teacher], 0, atol=1e-12)
    return rest[has_teacher] / teacher_weight.numpy()[has_teacher]


def expected_term(name, term, batch):
    """The formula on the rows with soft targets alone, with the maps of the term."""
    has_teacher = batch[5] > 0
    z, f, codes, label_weight, q, _, t = (part[has_teacher] for part in batch)
    labels = torch.where(label_weight > 0, codes, q.argmax(dim=1))
    s = f @ term.map.weight.T + term.map.bias if hasattr(term, "map") else None
    teacher_embedding = term.teacher_map(t) if hasattr(term, "teacher_map") else None
    return {
        "soft_targets": lambda: soft_targets.soft_target_divergence(z, q, 2.0),
        "dkd": lambda: soft_targets.decoupled_kd_loss(z, q, labels, 2.0),
        "ckd": lambda: relational.ckd_loss(z, q, 2.0),
        "hints": lambda: (s - t).square().mean(dim=1),
        "mfh": lambda: ((s - t).square() * torch.tensor(FEATURE_WEIGHTS)).mean(dim=1),
        "vid": lambda: 0.5 * ((s - t).square() / (1 + 1e-5) + np.log1p(1e-5) + np.log(2 * np.pi)).mean(dim=1),
        "rkd_distance": lambda: relational.rkd_distance_loss(f, t),
        "rkd_angle": lambda: relational.rkd_angle_loss(f, t),
        "sp": lambda: relational.sp_loss(f, t),
        "cc": lambda: relational.cc_loss(f, t),
        "pkdot": lambda: relational.pkdot_loss(f, t, q.amax(dim=1)),
        "crd": lambda: relational.crd_loss(s, t),
        "amid": lambda: relational.amid_loss(s, teacher_embedding, term.auxiliary_map(q.log())),
        "shared_specific": lambda: relational.shared_specific_loss(
            s[:, :EMBEDDING_DIM],
            s[:, EMBEDDING_DIM:],
            teacher_embedding[:, :EMBEDDING_DIM],
            teacher_embedding[:, EMBEDDING_DIM:],
        ),
    }[name]()


@every_term
def test_term_is_its_formula_on_the_rows_with_soft_targets(name):
    loss, batch = make_loss((name, 3.0)), make_batch()
    expected = 3.0 * expected_term(name, loss.terms[0], batch).detach()
    np.testing.assert_allclose(teacher_loss_of(loss, batch), expected, rtol=1e-6, atol=1e-9)


def test_terms_add_up_with_their_weights():
    batch = make_batch()
    parts = [teacher_loss_of(make_loss((name, 1.0)), batch) for name in ("dkd", "sp", "hints")]
    result = teacher_loss_of(make_loss(("dkd", 0.5), ("sp", 2.0), ("hints", 10.0)), batch)
    np.testing.assert_allclose(result, np.array([0.5, 2.0, 10.0]) @ parts)


@every_term
def test_rows_without_a_soft_target_count_by_their_label_only(name):
    """Neither the loss of a row with a soft target nor its gradient."""
    loss, batch = make_loss((name, 1.0)), make_batch()
    changed = [part.detach().clone() for part in batch]
    without_teacher = batch[5] == 0
    for part in (0, 1, 4, 6):
        changed[part][without_teacher] = 1e3
    result, expected = teacher_loss_of(loss, changed), teacher_loss_of(loss, batch)
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-9)
    (gradient,) = torch.autograd.grad(loss_of(loss, batch).mean(), batch[1], allow_unused=True)
    assert gradient is None or not gradient[without_teacher].any()


@every_term
def test_batch_without_soft_targets_has_the_cross_entropy(name):
    loss, batch = make_loss((name, 1.0)), make_batch()
    batch[5] = batch[5] * 0
    assert teacher_loss_of(loss, batch).shape == (0,)


@every_term
@pytest.mark.parametrize("n_soft_targets", [1, 2])
def test_batches_with_few_soft_targets_have_finite_gradients(name, n_soft_targets):
    loss, batch = make_loss((name, 1.0)), make_batch()
    batch[5] = batch[5] * (batch[5].cumsum(dim=0) <= batch[5][batch[5] > 0][:n_soft_targets].sum() + 1e-9)
    assert (batch[5] > 0).sum() == n_soft_targets
    value = loss_of(loss, batch).mean()
    gradients = torch.autograd.grad(value, [*batch[:2], *loss.parameters()], allow_unused=True)
    assert torch.isfinite(value)
    assert all(gradient is None or torch.isfinite(gradient).all() for gradient in gradients)


@every_term
def test_held_out_rows_have_the_distillation_loss(name):
    loss, batch = make_loss((name, 5.0)), make_batch()
    expected = DistillationLoss(2.0, None).eval()(batch[0], *batch[2:6])
    torch.testing.assert_close(loss_of(loss.eval(), batch), expected)


def test_classes_that_the_teacher_was_not_fitted_to_are_left_out():
    """A row with such a label counts, for decoupled logits, as one of the teacher's most probable class."""
    batch = make_batch()
    has_teacher = batch[5] > 0
    z, _, codes, label_weight, q, _, _ = (part[has_teacher] for part in batch)
    z, q = z[:, [0, 2]], q[:, [0, 2]]
    labels = torch.where((label_weight > 0) & (codes != 1), (codes == 2).long(), q.argmax(dim=1))
    expected = soft_targets.decoupled_kd_loss(z, q, labels, 2.0) + soft_targets.soft_target_divergence(z, q, 2.0)
    loss = make_loss(("dkd", 1.0), ("soft_targets", 1.0), teacher_classes=[0, 2])
    np.testing.assert_allclose(teacher_loss_of(loss, batch), expected.detach(), rtol=1e-6)


def logit_norm(student_logits, student_features, teacher_proba, teacher_features):
    return student_logits.square().sum(dim=1) * teacher_features[:, 0] + teacher_proba[:, 1] * student_features[:, 2]


def test_callable_gets_the_rows_with_soft_targets():
    batch = make_batch()
    z, f, _, _, q, _, t = (part[batch[5] > 0].detach().numpy() for part in batch)
    expected = 2 * ((z**2).sum(axis=1) * t[:, 0] + q[:, 1] * f[:, 2])
    np.testing.assert_allclose(teacher_loss_of(make_loss((logit_norm, 2.0)), batch), expected)


@pytest.mark.parametrize(
    ("objective", "got"), [(lambda z, f, q, t: z.mean(), r"shape \(\)"), (lambda z, f, q, t: 0.0, "float")]
)
def test_callable_must_return_one_loss_a_row(objective, got):
    with pytest.raises(ValueError, match=rf"one loss a row, shape \(6,\), for 6 rows; it returned {got}"):
        loss_of(make_loss((objective, 1.0)), make_batch())


def test_maps_are_reset_and_leave_the_global_generator_alone():
    state = torch.get_rng_state()
    loss = make_loss(*((name, 1.0) for name in TERMS)).float()
    first = [part.detach().clone() for part in loss.parameters()]
    assert first
    for part in loss.parameters():
        part.data.add_(1.0)
    loss.reset_parameters()
    for part, before in zip(loss.parameters(), first, strict=True):
        torch.testing.assert_close(part.detach(), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), state)
