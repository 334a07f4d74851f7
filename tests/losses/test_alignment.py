"""The alignment of a batch against sums written out in numpy, and its invariances."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from skcmkd._distillation._fit_network import fit_network_student
from skcmkd._distillation._student_loss import StudentLoss
from skcmkd._distillation._training_data import TrainingData
from skcmkd._losses._alignment import ALIGNMENT_TERMS, AlignmentLoss
from skcmkd._losses._alignment_steps import BACKWARD_FUNCTIONS, prototype_gradient
from skcmkd._losses._soft_targets import DistillationLoss
from skcmkd._losses._teacher_cohort import AlignmentSpec, TeacherCohort
from skcmkd._transport._costs import COSTS, cost_matrix
from skcmkd.networks._mlp import NetworkClassifier
from skcmkd.networks._modules import MLP
from skcmkd.networks._training import backpropagate

N_FEATURES, N_TEACHER = 3, 4
every_term = pytest.mark.parametrize("name", ALIGNMENT_TERMS)
every_cost = pytest.mark.parametrize("cost", COSTS)


def make_cohort(codes=(0, 0, 1, 1, 2, 2), class_priors=(0.25, 0.5, 0.25), seed=0):
    rng = np.random.RandomState(seed)
    codes, n_classes = np.array(codes), len(class_priors)
    features = rng.normal(size=(len(codes), N_TEACHER)) + codes[:, None]
    coef, intercept = rng.normal(size=(n_classes, N_TEACHER)), rng.normal(size=n_classes)
    mean, scale = rng.normal(size=N_TEACHER), 1.5
    floats = (a.astype(np.float32) for a in (features, np.array(class_priors), coef, intercept, mean))
    features, class_priors, coef, intercept, mean = floats
    return TeacherCohort(features, codes, np.arange(n_classes), class_priors, coef, intercept, mean, scale)


def make_loss(
    name="prototypes", cohort=None, cost="euclidean", all_labeled_and_shared=False, has_row_targets=False, **changed
):
    settings = {"weight": 2.0, "reg": 0.0, "inner_steps": 1, "inner_learning_rate": 0.01} | changed
    alignment = AlignmentSpec(name=name, cohort=cohort or make_cohort(), cost=cost, **settings)
    loss = AlignmentLoss(
        alignment,
        DistillationLoss(2.0, None),
        N_FEATURES,
        all_labeled_and_shared=all_labeled_and_shared,
        has_row_targets=has_row_targets,
    )
    return loss.double().train()


def make_batch(codes=(0, 1, 1, 2, 0, 1, 2, 1), labeled=None, has_features=None, seed=1, n_classes=3, factor=1.0):
    """Logits, features and the seven targets."""
    rng = np.random.RandomState(seed)
    n = len(codes)
    features = factor * np.abs(rng.normal(size=(n, N_FEATURES)))
    logits, proba = rng.normal(size=(n, n_classes)), softmax(rng.normal(size=(n, n_classes)), axis=1)
    labeled = np.ones(n, dtype=bool) if labeled is None else np.array(labeled, dtype=bool)
    has_features = np.zeros(n, dtype=bool) if has_features is None else np.array(has_features, dtype=bool)
    teacher_features = rng.normal(size=(n, N_TEACHER)) * has_features[:, None]
    weights = rng.uniform(size=(2, n))
    parts = (logits, features, np.array(codes), weights[0], proba, weights[1], labeled, teacher_features, has_features)
    return [torch.tensor(part, requires_grad=i < 2) for i, part in enumerate(parts)]


def alignment_of(loss, batch):
    torch.manual_seed(0)
    return loss.alignment(*batch)


def gradients(value, batch):
    return torch.autograd.grad(value, batch[:2], allow_unused=True, retain_graph=True)


def projected_by(loss, batch):
    with torch.no_grad():
        return loss.projection(batch[1]).numpy()


# Values


def test_loss_is_the_distillation_and_the_weighted_alignment_and_on_held_out_rows_the_first_alone():
    loss, (logits, features, *targets) = make_loss(weight=3.0), make_batch()
    rows = DistillationLoss(2.0, None).train()(logits, *targets[:4])
    aligned = loss.alignment(logits, features, *targets)
    torch.testing.assert_close(loss((logits, features), *targets), rows + 3.0 * aligned)
    held_out = DistillationLoss(2.0, None).eval()(logits, *targets[:4])
    torch.testing.assert_close(loss.eval()((logits, features), *targets), held_out)


def test_parts_of_an_epoch_are_sums_over_rows_and_are_reset():
    loss = make_loss()
    loss.log_step(3, torch.tensor(2.0), torch.tensor(5.0))
    loss.log_step(1, torch.tensor(4.0, requires_grad=True), torch.tensor(1.0))
    assert loss.pop_epoch_losses() == {"distillation": 10.0, "alignment": 16.0}
    loss.log_step(2, torch.tensor(1.0), torch.tensor(1.0))
    assert loss.pop_epoch_losses() == {"distillation": 2.0, "alignment": 2.0}


@every_cost
def test_prototypes_are_class_means_and_costs_are_divided_by_the_mean_cost(cost):
    cohort, batch = make_cohort(), make_batch()
    means = np.stack([cohort.features[cohort.codes == k].mean(axis=0) for k in range(3)])
    for all_labeled_and_shared in (False, True):
        loss = make_loss(cost=cost, all_labeled_and_shared=all_labeled_and_shared)
        costs = cost_matrix(projected_by(loss, batch), means, cost) / cost_matrix(*[cohort.features] * 2, cost).mean()
        expected = costs[np.arange(8), batch[2].numpy()].mean()
        np.testing.assert_allclose(alignment_of(loss, batch).item(), expected, rtol=1e-5)


def test_rows_without_a_label_count_for_the_classes_that_the_student_predicts():
    cohort, batch = make_cohort(), make_batch(labeled=[1, 0, 1, 0, 0, 1, 1, 1])
    loss = make_loss()
    means = np.stack([cohort.features[cohort.codes == k].mean(axis=0) for k in range(3)])
    costs = cost_matrix(projected_by(loss, batch), means, "euclidean") / loss.mean_cost
    class_priors = np.where(batch[6][:, None], np.eye(3)[batch[2]], softmax(batch[0].detach().numpy(), axis=1))
    np.testing.assert_allclose(alignment_of(loss, batch).item(), (class_priors * costs).sum(axis=1).mean(), rtol=1e-6)


def test_label_term_is_the_divergence_of_the_heads_among_known_classes():
    cohort = make_cohort((0, 0, 2, 2, 2), (0.5, 0.0, 0.5))
    loss, batch = make_loss("joint", cohort), make_batch(codes=(0, 2, 2, 0))
    scores = projected_by(loss, batch) @ cohort.coef.T + cohort.intercept
    t, p = (log_softmax(z[:, [0, 2]], axis=1) for z in (scores, batch[0].detach().numpy()))
    result = loss.label_loss(loss.make_batch(*batch))
    np.testing.assert_allclose(result.item(), (np.exp(t) * (t - p)).sum(axis=1).mean(), rtol=1e-5)


def test_row_targets_add_the_mean_cost_to_the_teacher_features_of_the_row():
    batch = make_batch(has_features=[1, 0, 1, 0, 0, 0, 0, 1])
    loss, without = make_loss(has_row_targets=True), make_loss()
    costs = np.diag(cost_matrix(projected_by(loss, batch), batch[7].numpy(), "euclidean")) / loss.mean_cost
    difference = alignment_of(loss, batch) - alignment_of(without, batch)
    np.testing.assert_allclose(difference.item(), costs[[0, 2, 7]].mean(), rtol=1e-6)
    batch[8] = torch.zeros(8, dtype=torch.bool)
    torch.testing.assert_close(alignment_of(loss, batch), alignment_of(without, batch))


def test_transport_of_a_linked_row_goes_where_its_teacher_features_are():
    """Two equal rows: each is moved to the teacher row with its teacher features."""
    cohort = make_cohort((0, 0), (1.0,))
    loss, batch = (
        make_loss("classwise", cohort, has_row_targets=True),
        make_batch((0, 0), has_features=(1, 1), n_classes=1),
    )
    batch[1] = torch.ones(2, N_FEATURES, dtype=torch.float64, requires_grad=True)
    for order in ([0, 1], [1, 0]):
        batch[7] = loss.cohort_features[order]
        cost = cost_matrix(projected_by(loss, batch), loss.cohort_features[order].numpy(), "euclidean") / loss.mean_cost
        # Once by the transport, once by the row targets.
        np.testing.assert_allclose(alignment_of(loss, batch).item(), 2 * np.diag(cost).mean(), rtol=1e-6)


# Gradients


@every_cost
@pytest.mark.parametrize("changed", [{}, {"reg": 0.2}], ids=str)
@every_term
def test_gradient_by_features_is_the_finite_difference_along_a_line(name, cost, changed):
    loss, batch = make_loss(name, cost=cost, all_labeled_and_shared=True, **changed), make_batch()
    (feature_gradient,) = torch.autograd.grad(alignment_of(loss, batch), batch[1])
    direction, step = torch.tensor(np.random.RandomState(5).normal(size=batch[1].shape)), 1e-5
    values = [alignment_of(loss, [batch[0], batch[1] + sign * step * direction, *batch[2:]]) for sign in (1, -1)]
    slope = ((values[0] - values[1]) / (2 * step)).item()
    np.testing.assert_allclose((feature_gradient * direction).sum().item(), slope, rtol=1e-4, atol=1e-4)
    assert feature_gradient.abs().max() > 1e-3


@every_cost
def test_gradient_written_out_is_that_of_automatic_differentiation(cost):
    """Same loss, same gradients of the student and the map, same parts."""
    X = torch.tensor(np.random.RandomState(2).normal(size=(8, 5)))
    targets = make_batch()[2:]
    result = []
    for backward in (prototype_gradient, backpropagate):
        torch.manual_seed(0)
        module = MLP(5, (6, N_FEATURES), 3, 0.0, return_features=True).double()
        loss = make_loss(cost=cost, all_labeled_and_shared=True)
        value = backward(module, loss, X, targets)
        parts = [parameter.grad for parameter in (*module.parameters(), *loss.projection.parameters())]
        result.append([value.detach(), *parts, torch.tensor(list(loss.pop_epoch_losses().values()))])
    assert len(result[0]) == 10
    torch.testing.assert_close(*result)


UNLABELED, ROW_TARGETS = {"labeled": [1, 0] * 4}, {"has_features": [0, 1, 1, 0, 0, 1, 0, 1]}
TWO_CLASSES = {"cohort": make_cohort((0, 0, 1, 1), (0.5, 0.5, 0.0))}


@every_cost
@pytest.mark.parametrize(
    ("changed", "options"),
    [
        (UNLABELED, {}),
        (ROW_TARGETS, {"has_row_targets": True}),
        (ROW_TARGETS, {"has_row_targets": True, "all_labeled_and_shared": True}),
        (UNLABELED | ROW_TARGETS, {"has_row_targets": True}),
        (UNLABELED | ROW_TARGETS, {"has_row_targets": True} | TWO_CLASSES),
        ({"codes": [2] * 8}, TWO_CLASSES),
    ],
    ids=["unlabeled", "row targets", "all labeled, row targets", "both", "class missing", "no class in common"],
)
def test_step_over_a_bridge_written_out_is_that_of_automatic_differentiation(cost, changed, options):
    """Same loss, gradients and parts with unlabeled rows, with the teacher's features of single rows, and both."""
    X = torch.tensor(np.random.RandomState(2).normal(size=(8, 5)))
    result = []
    for backward in (prototype_gradient, backpropagate):
        torch.manual_seed(0)
        module = MLP(5, (6, N_FEATURES), 3, 0.0, return_features=True).double()
        loss = make_loss(cost=cost, **options)
        value = backward(module, loss, X, make_batch(**changed)[2:])
        parts = [parameter.grad for parameter in module.parameters()]
        parts += [torch.zeros_like(p) if p.grad is None else p.grad for p in loss.projection.parameters()]
        result.append([value.detach(), *parts, torch.tensor(list(loss.pop_epoch_losses().values()))])
    assert len(result[0]) == 10
    torch.testing.assert_close(*result)


# Invariances


def reordered(cohort, order):
    return replace(cohort, features=cohort.features[order], codes=cohort.codes[order])


@every_term
@pytest.mark.parametrize("changed", [{}, {"reg": 0.2}], ids=str)
def test_order_of_rows_on_either_side_changes_nothing(name, changed):
    batch = make_batch(labeled=[1, 1, 0, 1, 1, 1, 0, 1], has_features=[0, 1, 1, 0, 0, 0, 0, 0])
    expected = alignment_of(make_loss(name, has_row_targets=True, **changed), batch)
    order = torch.tensor([3, 0, 7, 5, 1, 2, 6, 4])
    turned = make_loss(name, reordered(make_cohort(), [5, 2, 0, 1, 4, 3]), has_row_targets=True, **changed)
    torch.testing.assert_close(alignment_of(turned, [part[order] for part in batch]), expected, rtol=1e-6, atol=1e-6)


@every_term
@pytest.mark.parametrize("all_labeled_and_shared", [True, False])
def test_numbers_of_the_classes_change_nothing(name, all_labeled_and_shared):
    cohort, batch = make_cohort(), make_batch(labeled=None if all_labeled_and_shared else [1, 1, 0, 1, 1, 1, 0, 1])
    expected = alignment_of(make_loss(name, cohort, all_labeled_and_shared=all_labeled_and_shared), batch)
    new = np.array([2, 0, 1])
    old = new.argsort()
    renamed = replace(
        cohort,
        codes=new[cohort.codes],
        class_priors=cohort.class_priors[old],
        coef=cohort.coef[old],
        intercept=cohort.intercept[old],
    )
    turned = [batch[0][:, old], batch[1], torch.tensor(new)[batch[2]], *batch[3:]]
    turned[4] = batch[4][:, old]
    torch.testing.assert_close(
        alignment_of(make_loss(name, renamed, all_labeled_and_shared=all_labeled_and_shared), turned), expected
    )


@every_term
def test_rows_of_a_class_that_the_teacher_lacks_get_no_gradient(name):
    cohort = make_cohort((0, 0, 2, 2, 2), (0.5, 0.0, 0.5))
    loss, batch = make_loss(name, cohort), make_batch(labeled=[1, 1, 0, 1, 1, 1, 1, 1])
    value = alignment_of(loss, batch)
    feature_gradient = gradients(value, batch)[1]
    not_shared = torch.tensor([False, True, False, False, False, True, False, True])
    assert (feature_gradient[not_shared] == 0).all()
    assert (feature_gradient[~not_shared] != 0).any(dim=1).all()
    shorter = [part[~not_shared] for part in batch]
    torch.testing.assert_close(alignment_of(loss, shorter), value)
    none_left = [part[not_shared] for part in batch]
    assert alignment_of(loss, none_left).item() == 0


# Batches and cohorts of every size


@every_term
@pytest.mark.parametrize("rows", [[0], [0, 0, 0, 0], list(range(8))], ids=["one row", "duplicates", "more than cohort"])
def test_any_batch_has_a_finite_value_and_a_gradient(name, rows):
    batch = [part[rows].detach().requires_grad_(i < 2) for i, part in enumerate(make_batch())]
    for cohort in (make_cohort(), make_cohort((0, 1, 2)), make_cohort([0, 1, 2] * 8)):
        value = alignment_of(make_loss(name, cohort, all_labeled_and_shared=True), batch)
        feature_gradient = gradients(value, batch)[1]
        assert torch.isfinite(value)
        # Equal rows have no structure to compare.
        equal_rows = name == "fused_gromov" and len(set(rows)) == 1
        assert equal_rows or feature_gradient.abs().max() > 0


def test_teacher_rows_are_drawn_of_the_batchs_classes():
    cohort = make_cohort([0, 1, 2, 1, 1] * 20)
    batch = make_batch(labeled=[1, 1, 1, 1, 0, 0, 0, 0])
    batch[0] = torch.where(batch[6][:, None], batch[0], torch.tensor([-1e3, -1e3, 1e3]).double())
    loss = make_loss("classwise", cohort)
    torch.manual_seed(0)
    drawn = {tuple(loss.cohort_codes[loss._sample_rows_like(loss.make_batch(*batch))[0]].tolist()) for _ in range(20)}
    assert drawn == {(0, 1, 1, 2, 2, 2, 2, 2)}
    rows = loss.sample_rows_of_classes(torch.ones(2000, dtype=torch.long))
    assert (loss.cohort_codes[rows] == 1).all()
    assert len(rows.unique()) == 60


def test_a_whole_cohort_is_weighted_to_the_class_priors_of_the_student():
    loss = make_loss("feature", make_cohort((0, 1, 1, 1, 2), (0.5, 0.3, 0.2)))
    rows, weights = loss._sample_teacher_rows(loss.class_priors.expand(8, -1), 8)
    np.testing.assert_allclose(weights, [0.5, 0.1, 0.1, 0.1, 0.2], rtol=1e-6)
    assert rows.tolist() == [0, 1, 2, 3, 4]


def test_solving_class_by_class_is_solving_at_once(monkeypatch):
    loss, batch = make_loss("classwise", all_labeled_and_shared=True), make_batch()
    expected = alignment_of(loss, batch)
    expected_gradient = gradients(expected, batch)[1]
    monkeypatch.setattr("skcmkd._losses._alignment.MIN_ROWS_PER_CLASS_SOLVE", 1)
    result = alignment_of(loss, batch)
    torch.testing.assert_close(result, expected)
    torch.testing.assert_close(gradients(result, batch)[1], expected_gradient)
    assert not make_loss("classwise", reg=0.1)._solve_by_class(loss.make_batch(*batch))


@every_cost
@pytest.mark.parametrize("factor", [1e6, 1e-6])
@every_term
def test_features_of_any_scale_have_a_gradient(name, factor, cost):
    loss = make_loss(name, cost=cost, all_labeled_and_shared=True).float()
    batch = make_batch(factor=factor)
    batch = [(p.detach().float() if p.is_floating_point() else p).requires_grad_(i < 2) for i, p in enumerate(batch)]
    value = alignment_of(loss, batch)
    feature_gradient = gradients(value, batch)[1]
    assert torch.isfinite(value)
    assert torch.isfinite(feature_gradient).all()
    assert feature_gradient.abs().max() > 0


# The published procedure's plain Sinkhorn overflows on distances that are not normalized.
STABLE = [
    (name, cost)
    for name in BACKWARD_FUNCTIONS
    for cost in COSTS
    if name != "published" or cost in ("cosine", "chordal")
]


@pytest.mark.parametrize(("name", "cost"), STABLE)
def test_a_short_training_on_any_scale_moves_the_map_and_the_student(name, cost):
    rng = np.random.RandomState(0)
    codes = np.arange(24) % 3
    X = rng.normal(size=(24, 5)) + codes[:, None]
    X[:4] = X[0]
    data = TrainingData(X, codes, np.full((24, 3), np.nan), np.arange(3))
    ones = np.ones(24)
    learned = []
    for factor, weight in ((1e6, 5.0), (1e-6, 5.0), (1.0, 0.0)):
        settings = {"reg": 0.0, "inner_steps": 1, "inner_learning_rate": 0.1}
        alignment = AlignmentSpec(name=name, cohort=make_cohort(), cost=cost, weight=weight, **settings)
        network = NetworkClassifier(
            (N_FEATURES,), max_epochs=2, validation_fraction=0, batch_size=12, linear_weight=0, random_state=0
        )
        loss = StudentLoss(alignment=alignment)
        fit_network_student(network, X * factor, data, loss, ones, 0 * ones)
        epochs = network.net_.history[:, ("train_distillation", "train_alignment")]
        assert np.isfinite(epochs).all()
        learned.append(network.predict_proba(X * factor))
    np.testing.assert_allclose(learned[0], learned[1], atol=1e-3)
    if name not in ("bilevel", "published"):
        assert np.abs(learned[0] - learned[2]).max() > 1e-4
