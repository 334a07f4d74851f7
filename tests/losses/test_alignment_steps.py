"""Both bilevel procedures against steps written out on copies of the weights."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from skcmkd._losses._alignment import AlignmentLoss
from skcmkd._losses._alignment_steps import BACKWARD_FUNCTIONS, MAX_GRAD_NORM, bilevel_gradient, published_gradient
from skcmkd._losses._soft_targets import DistillationLoss
from skcmkd._losses._teacher_cohort import AlignmentSpec, TeacherCohort
from skcmkd.networks._modules import MLP
from skcmkd.networks._training import backpropagate

CODES = (0, 1, 1, 2, 0, 2)
N_HIDDEN = 3


def make_cohort(codes, n_features=4, class_priors=(1 / 3, 1 / 3, 1 / 3), n_classes=3):
    rng = np.random.RandomState(0)
    drawn = [rng.normal(size=s) for s in ((len(codes), n_features), (n_classes, n_features), n_classes, n_features)]
    features, coef, intercept, mean = (part.astype(np.float32) for part in drawn)
    classes, class_priors = np.arange(n_classes), np.array(class_priors, dtype=np.float32)
    return TeacherCohort(features, np.array(codes), classes, class_priors, coef, intercept, mean, 2.0)


def make_problem(name, cohort, steps=1, rate=0.1, cost="cosine", scale=1.0, all_labeled_and_shared=True):
    """A module, its loss, rows and targets; some rows are weighted, none has a soft target."""
    rng = np.random.RandomState(1)
    X = torch.tensor(rng.normal(size=(6, 5))) * scale
    torch.manual_seed(0)
    module = MLP(5, (N_HIDDEN,), 3, 0.0, return_features=True).double().train()
    spec = AlignmentSpec(name, cohort, 1.0, cost, 0.0, steps, rate)
    loss = AlignmentLoss(
        spec,
        DistillationLoss(1.0, None, has_teacher=False),
        N_HIDDEN,
        all_labeled_and_shared=all_labeled_and_shared,
        has_row_targets=False,
    )
    n = len(X)
    targets = [
        torch.tensor(CODES), torch.tensor(rng.uniform(size=n)), torch.full((n, 3), 1 / 3), torch.zeros(n),
        torch.ones(n, dtype=torch.bool), torch.zeros(n, 0), torch.zeros(n, dtype=torch.bool),
    ]  # fmt: skip
    return module, loss.double().train(), X, targets


def weights_of(module):
    return [parameter.detach().clone().requires_grad_() for parameter in module.parameters()]


def represent(X, weights):
    return torch.relu(X @ weights[0].T + weights[1])


def head(features, weights):
    return features @ weights[2].T + weights[3]


def clipped(gradients):
    norm = torch.sqrt(sum((g**2).sum() for g in gradients))
    return [g * min(1.0, MAX_GRAD_NORM / norm.item()) for g in gradients]


def best_matching(cost, codes, teacher_codes):
    """Least cost of an assignment of rows within their classes, by trying all of them; both cohorts are as long."""
    total = 0.0
    for k in set(codes.tolist()):
        rows, columns = torch.nonzero(codes == k)[:, 0], torch.nonzero(teacher_codes == k)[:, 0]
        total += min(
            (cost[rows, list(order)].sum() for order in itertools.permutations(columns.tolist())),
            key=lambda c: c.item(),
        )
    return total / len(codes)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
@pytest.mark.parametrize("steps", [1, 3])
def test_bilevel_is_its_formula_on_copies_of_the_weights(steps, scale):
    """theta' = theta - r grad A(theta), theta'' = theta' - r grad D(theta'), CE's gradient at theta''."""
    teacher_codes = (2, 0, 1, 0, 1, 2)
    module, loss, X, targets = make_problem("bilevel", make_cohort(teacher_codes), steps, rate=0.1 / scale, scale=scale)
    start = weights_of(module)
    value = bilevel_gradient(module, loss, X, targets)

    cohort = loss.spec.cohort
    teacher, teacher_codes = torch.tensor(cohort.features).double(), torch.tensor(teacher_codes)
    coef, intercept = (torch.tensor(part).double() for part in (cohort.coef, cohort.intercept))
    weights, projection = start, weights_of(loss.projection)

    def projected(weights):
        return represent(X, weights) @ projection[0].T + projection[1]

    def transport_term(weights):
        cost = 1 - F.normalize(projected(weights), dim=1) @ F.normalize(teacher, dim=1).T
        return best_matching(cost / loss.mean_cost, targets[0], teacher_codes)

    def label_term(weights):
        t = F.log_softmax(projected(weights) @ coef.T + intercept, dim=1)
        return (t.exp() * (t - F.log_softmax(head(represent(X, weights), weights), dim=1))).sum(dim=1).mean()

    projection_gradients, aligned = [0.0, 0.0], 0.0
    for term in (transport_term, label_term):
        for _ in range(steps):
            result = term(weights)
            *slopes, a, b = torch.autograd.grad(result, [*weights, *projection], allow_unused=True)
            moved = [w if g is None else w - 0.1 / scale * g for w, g in zip(weights, slopes, strict=True)]
            weights = [w.detach().requires_grad_() for w in moved]
            projection_gradients = [projection_gradients[0] + a, projection_gradients[1] + b]
            aligned += result.item() / steps
    cross_entropy = F.cross_entropy(head(represent(X, weights), weights), targets[0], reduction="none")
    final = (targets[1] * cross_entropy).mean()
    expected = clipped(torch.autograd.grad(final, weights))
    torch.testing.assert_close([p.grad for p in module.parameters()], expected, rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(
        [p.grad for p in loss.projection.parameters()], projection_gradients, rtol=1e-5, atol=1e-8
    )
    torch.testing.assert_close(value.detach(), final.detach())
    sums = loss.pop_epoch_losses()
    np.testing.assert_allclose([sums["distillation"], sums["alignment"]], [6 * final.item(), 6 * aligned], rtol=1e-6)
    # The student's weights have not changed.
    torch.testing.assert_close(list(module.parameters()), start, rtol=0, atol=0)


def test_bilevel_without_an_inner_step_is_the_clipped_gradient_of_the_labels():
    module, loss, X, targets = make_problem("bilevel", make_cohort(CODES), rate=0.0, scale=100.0)
    bilevel_gradient(module, loss, X, targets)
    result = [p.grad.clone() for p in module.parameters()]
    module.zero_grad()
    logits, _ = module(X)
    loss.distillation(logits, *targets[:4]).mean().backward()
    plain = [p.grad for p in module.parameters()]
    norm = torch.cat([g.flatten() for g in plain]).norm().item()
    assert norm > MAX_GRAD_NORM
    torch.testing.assert_close(result, [g * MAX_GRAD_NORM / norm for g in plain], rtol=1e-5, atol=1e-9)


def adamw(weights, gradients, rate, decay, state, t):
    """Loshchilov and Hutter, algorithm 2, with the usual constants."""
    moved = []
    for i, (w, g) in enumerate(zip(weights, gradients, strict=True)):
        m, v = state.get(i, (torch.zeros_like(w), torch.zeros_like(w)))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        state[i] = (m, v)
        step = rate * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        moved.append((w - rate * decay * w - step).detach().requires_grad_())
    return moved


def plain_sinkhorn(cost, reg=0.1, n_iterations=100):
    n, m = cost.shape
    K, u, v = torch.exp(-cost / reg), cost.new_ones(n) / n, cost.new_ones(m) / m
    for _ in range(n_iterations):
        v = 1 / m / (K.T @ u)
        u = 1 / n / (K @ v)
    return (u[:, None] * K * v * cost).sum()


@pytest.mark.parametrize("n_teacher_features", [2, 3, 5])
@pytest.mark.parametrize("cost", ["cosine", "chordal"])
def test_published_procedure_is_its_steps_written_out(n_teacher_features, cost):
    """Three steps of a student, two inner steps each; with one teacher row of each class nothing is random."""
    cohort = make_cohort((0, 1, 2), n_teacher_features)
    module, loss, X, targets = make_problem("published", cohort, steps=2, rate=0.01, cost=cost)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.05, weight_decay=0.1)
    weights, outer = weights_of(module), {}
    size = min(n_teacher_features, N_HIDDEN)
    raw = torch.tensor(cohort.features).double() * cohort.scale + torch.tensor(cohort.mean).double()
    coef = torch.tensor(cohort.coef).double() / cohort.scale
    intercept = torch.tensor(cohort.intercept).double() - coef @ torch.tensor(cohort.mean).double()
    y = targets[0]
    for t in (1, 2, 3):
        optimizer.zero_grad()
        published_gradient(module, loss, X, targets)
        optimizer.step()

        inner_weights = [w.detach().clone().requires_grad_() for w in weights]
        state = {}
        for step in (1, 2):
            a, b = (F.normalize(rows[:, :size], dim=1) for rows in (represent(X, inner_weights), raw[y]))
            ground = 1 - a @ b.T if cost == "cosine" else torch.linalg.vector_norm(a[:, None] - b, dim=2)
            slopes = torch.autograd.grad(plain_sinkhorn(ground), inner_weights[:2])
            inner_weights[:2] = adamw(inner_weights[:2], slopes, 0.01, 0.05, state, step)
        features, state = represent(X, inner_weights).detach(), {}
        scores = features[:, :size] @ coef[:, :size].T + intercept
        for step in (1, 2):
            teacher = F.log_softmax(scores, dim=1)[range(6), y]
            term = F.cross_entropy(head(features, inner_weights), y) + (teacher.exp() * teacher).mean()
            slopes = torch.autograd.grad(term, inner_weights[2:])
            inner_weights[2:] = adamw(inner_weights[2:], slopes, 0.01, 0.05, state, step)
        rows = F.cross_entropy(head(represent(X, inner_weights), inner_weights), y, reduction="none")
        gradients = clipped(torch.autograd.grad((targets[1] * rows).mean(), inner_weights))
        weights = adamw(weights, gradients, 0.05, 0.1, outer, t)
        torch.testing.assert_close([p.detach() for p in module.parameters()], weights, rtol=1e-5, atol=1e-6)
    assert all(p.grad is None for p in loss.projection.parameters())


@pytest.mark.parametrize("backward", [bilevel_gradient, published_gradient])
def test_batch_with_nothing_to_align_has_the_gradient_of_the_labels(backward):
    """All of its rows are of a class that the teacher's cohort lacks."""
    name = backward.__name__.split("_")[0]
    module, loss, X, targets = make_problem(
        name, make_cohort((1, 1, 2, 2), class_priors=(0, 0.5, 0.5)), all_labeled_and_shared=False
    )
    targets[0] = torch.zeros(6, dtype=torch.long)
    result = backward(module, loss, X, targets)
    gradients = [p.grad.clone() for p in module.parameters()]
    module.zero_grad()
    expected = loss.distillation(module(X)[0], *targets[:4]).mean()
    expected.backward()
    torch.testing.assert_close(result, expected)
    torch.testing.assert_close(gradients, clipped([p.grad for p in module.parameters()]))
    assert loss.pop_epoch_losses()["alignment"] == 0


@pytest.mark.parametrize("name", ["bilevel", "published"])
def test_unlabeled_rows_change_the_bilevel_step_only(name):
    """The published procedure does not use them."""
    gradients = []
    for factor in (1.0, 3.0):
        module, loss, X, targets = make_problem(name, make_cohort((0, 1, 2)), rate=0.5, all_labeled_and_shared=False)
        targets[1] = targets[4] = torch.tensor([1, 1, 1, 1, 0, 0])
        targets[4] = targets[4].bool()
        X[4:] *= factor
        BACKWARD_FUNCTIONS[name](module, loss, X, targets)
        gradients.append(torch.cat([p.grad.flatten() for p in module.parameters()]))
    assert torch.equal(*gradients) == (name == "published")


def test_every_other_alignment_is_a_term_of_the_loss():
    plain = {name for name, backward in BACKWARD_FUNCTIONS.items() if backward is backpropagate}
    assert plain == {"classwise", "feature", "joint", "fused_gromov"}
