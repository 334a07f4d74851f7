"""Losses that compare rows of a batch: loops written out in numpy, invariances, gradients, degenerate batches."""

from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, logsumexp, softmax

from skcmkd._losses import _relational as losses
from skcmkd._transport._plan import transport

N, N_STUDENT, N_TEACHER, N_CLASSES = 7, 5, 4, 3


def cosine(a, b):
    return a @ b / np.sqrt(a @ a * (b @ b))


def huber(x):
    return 0.5 * x**2 if abs(x) <= 1 else abs(x) - 0.5


def rkd_distance_oracle(student, teacher):
    n = len(student)
    pairs = list(permutations(range(n), 2))
    d, D = ({(i, j): np.sqrt(((r[i] - r[j]) ** 2).sum()) for i, j in pairs} for r in (student, teacher))
    m, M = (sum(each.values()) / len(pairs) for each in (d, D))
    return [np.mean([huber(d[i, j] / m - D[i, j] / M) for j in range(n) if j != i]) for i in range(n)]


def rkd_angle_oracle(student, teacher):
    def angle(r, i, j, k):
        return cosine(r[j] - r[i], r[k] - r[i])

    n = len(student)
    return [
        np.mean(
            [
                huber(angle(student, i, j, k) - angle(teacher, i, j, k))
                for j, k in permutations(range(n), 2)
                if i not in (j, k)
            ]
        )
        for i in range(n)
    ]


def sp_oracle(student, teacher):
    g, G = student @ student.T, teacher @ teacher.T
    n = len(g)
    return [((g[i] / np.sqrt((g[i] ** 2).sum()) - G[i] / np.sqrt((G[i] ** 2).sum())) ** 2).sum() / n for i in range(n)]


def cc_oracle(student, teacher):
    """exp(-gamma |u - v|^2) between rows of length one."""
    u, v = (r / np.sqrt((r**2).sum(axis=1, keepdims=True)) for r in (student, teacher))

    def kernel(r, i, j):
        return np.exp(-0.4 * ((r[i] - r[j]) ** 2).sum())

    n = len(u)
    return [np.mean([(kernel(u, i, j) - kernel(v, i, j)) ** 2 for j in range(n)]) for i in range(n)]


RELATIONAL = {
    "rkd_distance": (losses.rkd_distance_loss, rkd_distance_oracle),
    "rkd_angle": (losses.rkd_angle_loss, rkd_angle_oracle),
    "sp": (losses.sp_loss, sp_oracle),
    "cc": (losses.cc_loss, cc_oracle),
}
relational = pytest.mark.parametrize(("loss", "oracle"), RELATIONAL.values(), ids=RELATIONAL.keys())


def crd_oracle(projected, teacher):
    n = len(projected)
    scores = [[cosine(projected[i], teacher[j]) / 0.1 for j in range(n)] for i in range(n)]
    return [logsumexp(scores[i]) - np.log(n) - scores[i][i] for i in range(n)]


def pkdot_oracle(student, teacher, confidence, n_anchors=3, reg=0.05):
    anchors = np.argsort(-confidence)[:n_anchors]
    n = len(student)
    s, S = (np.array([[cosine(r[i], r[a]) for a in anchors] for i in range(n)]) for r in (student, teacher))
    cost = np.array([[((s[i] - S[j]) ** 2).mean() for j in range(n)] for i in range(n)])
    return n * (transport(cost, reg=reg, max_iter=losses.MAX_PLAN_ITER).plan * cost).sum(axis=1), cost


def ckd_oracle(logits, proba, temperature=2.0):
    p, q = log_softmax(logits / temperature, axis=1), log_softmax(np.log(proba) / temperature, axis=1)
    n = len(p)
    return [
        temperature**2 * np.mean([(((p[i] - p[j]) - (q[i] - q[j])) ** 2).mean() for j in range(n) if j != i])
        for i in range(n)
    ]


@pytest.fixture
def rows():
    rng = np.random.RandomState(0)
    return rng.normal(size=(N, N_STUDENT)), rng.normal(size=(N, N_TEACHER))


@pytest.fixture
def outputs():
    rng = np.random.RandomState(1)
    return rng.normal(size=(N, N_CLASSES)), softmax(rng.normal(size=(N, N_CLASSES)), axis=1)


def drawn(seed, *shape):
    return torch.tensor(np.random.RandomState(seed).normal(size=shape))


def close(result, expected, **kwargs):
    np.testing.assert_allclose(result.detach().numpy(), expected, **kwargs)


def random_rotation(size, seed=3):
    return np.linalg.qr(np.random.RandomState(seed).normal(size=(size, size)))[0]


# Values


@relational
def test_relational_loss_is_the_loop_over_partners(rows, loss, oracle):
    close(loss(*map(torch.tensor, rows)), oracle(*rows), rtol=1e-8)


@relational
def test_relational_loss_of_a_rotated_and_rescaled_teacher_is_zero(rows, loss, oracle):
    """Into more dimensions than the teacher has."""
    student = 7.3 * np.hstack([rows[1], np.zeros((N, 2))]) @ random_rotation(N_TEACHER + 2)
    close(loss(torch.tensor(student), torch.tensor(rows[1])), 0, atol=1e-12)


@pytest.mark.parametrize("loss", [losses.rkd_distance_loss, losses.rkd_angle_loss])
def test_translation_changes_neither_distances_nor_angles(rows, loss):
    student, teacher = map(torch.tensor, rows)
    torch.testing.assert_close(loss(student + 3.0, teacher), loss(student, teacher))
    torch.testing.assert_close(loss(teacher - 2.0, teacher), torch.zeros(N, dtype=torch.float64))


def test_cc_loss_is_to_second_order_its_published_expansion():
    """sum_p exp(-2 g) (2 g cos)^p / p! up to p = 2 is the kernel as g goes to 0, with an error of order g^3."""
    student, teacher = drawn(0, N, N_STUDENT), drawn(1, N, N_TEACHER)

    def expanded(gamma):
        kernels = []
        for each in (student, teacher):
            unit = each / each.norm(dim=1, keepdim=True)
            x = 2 * gamma * unit @ unit.T
            kernels.append(np.exp(-2 * gamma) * (1 + x + x**2 / 2))
        return (kernels[0] - kernels[1]).square().mean(dim=1)

    for gamma in (0.01, 0.001):
        result = losses.cc_loss(student, teacher, gamma=gamma)
        close(result, expanded(gamma), rtol=10 * gamma**2)


def test_crd_loss_is_the_loop_and_at_least_minus_log_n(rows):
    projected, teacher = rows[0][:, :N_TEACHER], rows[1]
    close(losses.crd_loss(*map(torch.tensor, (projected, teacher))), crd_oracle(projected, teacher), rtol=1e-8)
    apart = torch.eye(N, dtype=torch.float64)
    # Orthogonal rows, equal to the teacher rows: score 1 / tau against n - 1 zeros.
    expected = np.log1p((N - 1) * np.exp(-1 / 0.1)) - np.log(N)
    close(losses.crd_loss(apart, 5 * apart), expected)
    assert expected > -np.log(N)


def test_amid_loss_is_the_sum_of_two_crd_losses():
    embeddings = [drawn(seed, N, N_STUDENT) for seed in range(3)]
    first, second, third = (part.numpy() for part in embeddings)
    expected = np.add(crd_oracle(first, second), crd_oracle(second, third))
    close(losses.amid_loss(*embeddings), expected, rtol=1e-8)


def test_shared_specific_loss_is_its_formula():
    parts = [drawn(seed, N, N_STUDENT) for seed in range(4)]
    s, p, S, P = (part.numpy() for part in parts)
    apart = [cosine(s[i], p[i]) ** 2 + cosine(S[i], P[i]) ** 2 for i in range(N)]
    close(losses.shared_specific_loss(*parts), np.add(crd_oracle(s, S), apart), rtol=1e-8)


def test_orthogonal_specific_parts_cost_nothing():
    shared, specific = drawn(0, N, N_STUDENT), drawn(1, N, N_STUDENT)
    zeros = torch.zeros_like(shared)
    left, right = torch.hstack([shared, zeros]), torch.hstack([zeros, specific])
    result = losses.shared_specific_loss(left, right, left, right)
    torch.testing.assert_close(result, losses.crd_loss(left, left))


def test_ckd_loss_is_the_loop_over_pairs(outputs):
    close(losses.ckd_loss(*map(torch.tensor, outputs), 2.0), ckd_oracle(*outputs), rtol=1e-6)


def test_ckd_loss_is_zero_where_all_rows_differ_from_the_teacher_alike(outputs):
    """The teacher itself, and rows that repeat one student's and one teacher's probabilities."""
    _, proba = outputs
    result = losses.ckd_loss(torch.tensor(np.log(proba) + 5.0), torch.tensor(proba), 2.0)
    close(result, 0, atol=1e-12)
    student, teacher = np.tile(proba[:1], (N, 1)), np.tile(proba[1:2], (N, 1))
    close(losses.ckd_loss(torch.tensor(np.log(student)), torch.tensor(teacher), 2.0), 0, atol=1e-12)


@pytest.mark.parametrize("reg", [0.0, 0.05])
def test_pkdot_loss_is_the_plan_times_the_loop_of_costs(rows, reg):
    confidence = np.random.RandomState(5).uniform(size=N)
    expected, _ = pkdot_oracle(*rows, confidence, reg=reg)
    result = losses.pkdot_loss(*map(torch.tensor, (*rows, confidence)), n_anchors=3, reg=reg)
    close(result, expected, rtol=1e-6)


def test_pkdot_loss_of_the_rotated_teacher_is_zero(rows):
    """Also where the rows of the student are in another order, as long as the anchors are the same."""
    teacher = torch.tensor(rows[1])
    student = torch.tensor(3.0 * rows[1] @ random_rotation(N_TEACHER))
    confidence = torch.arange(N, dtype=torch.float64)
    close(losses.pkdot_loss(student, teacher, confidence), 0, atol=1e-12)
    swapped = student[[1, 0, *range(2, N)]]
    close(losses.pkdot_loss(swapped, teacher, confidence, n_anchors=4), 0, atol=1e-12)
    assert losses.rkd_distance_loss(swapped, teacher).mean() > 0.01


def test_gradient_of_pkdot_loss_is_that_of_the_regularized_minimum(rows):
    """Numerical derivative of min <P, C> + reg KL(P | a b') along a direction against the gradient at the plan."""
    confidence, direction = (
        np.random.RandomState(5).uniform(size=N),
        np.random.RandomState(6).normal(size=(N, N_STUDENT)),
    )

    def minimum(step):
        _, cost = pkdot_oracle(rows[0] + step * direction, rows[1], confidence)
        return transport(cost, reg=0.5, max_iter=100000).value

    student = torch.tensor(rows[0], requires_grad=True)
    loss = losses.pkdot_loss(student, *map(torch.tensor, (rows[1], confidence)), n_anchors=3, reg=0.5)
    loss.mean().backward()
    expected = (minimum(1e-4) - minimum(-1e-4)) / 2e-4
    np.testing.assert_allclose((student.grad.numpy() * direction).sum(), expected, rtol=1e-4)


# Gradients and degenerate batches

CONFIDENCE = torch.linspace(0.3, 0.9, N, dtype=torch.float64)


def of_features(student, teacher):
    """Every loss of features of any two sizes; those of embeddings of one size take the first columns."""
    size = min(student.shape[1], teacher.shape[1]) // 2
    s, p, S, P = student[:, :size], student[:, -size:], teacher[:, :size], teacher[:, -size:]
    confidence = CONFIDENCE[: len(student)].to(student.dtype)
    return {
        **{name: loss(student, teacher) for name, (loss, _) in RELATIONAL.items()},
        "crd": losses.crd_loss(s, S),
        "amid": losses.amid_loss(s, S, P),
        "shared_specific": losses.shared_specific_loss(s, p, S, P),
        "pkdot": losses.pkdot_loss(student, teacher, confidence),
        "ckd": losses.ckd_loss(s, S.softmax(dim=1), 2.0),
    }


EVERY = sorted(of_features(drawn(0, 2, 4), drawn(1, 2, 4)))
every_loss = pytest.mark.parametrize("name", EVERY)


@every_loss
def test_gradient(rows, name):
    """Of the transport where its plan stays the same; with entropy see the regularized minimum above."""
    student, teacher = torch.tensor(rows[0], requires_grad=True), torch.tensor(rows[1])
    assert torch.autograd.gradcheck(lambda features: of_features(features, teacher)[name], student)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "change",
    {
        "one row": lambda student, teacher: (student[:1], teacher[:1]),
        "two rows": lambda student, teacher: (student[:2], teacher[:2]),
        "two equal rows": lambda student, teacher: (student[:1].repeat(2, 1), teacher[:2]),
        "repeated rows": lambda student, teacher: (student[[0, 0, 1, 1, 2]], teacher[[0, 0, 1, 2, 2]]),
        "constant student": lambda student, teacher: (torch.ones_like(student), teacher),
        "constant teacher": lambda student, teacher: (student, torch.ones_like(teacher)),
        "zeros": lambda student, teacher: (student * 0, teacher * 0),
        "a row of zeros": lambda student, teacher: (student * (torch.arange(len(student)) > 0)[:, None], teacher),
        "large": lambda student, teacher: (student * 1e18, teacher * 1e18),
        "small": lambda student, teacher: (student * 1e-18, teacher * 1e-18),
        "vanishing": lambda student, teacher: (student * 1e-37, teacher),
    }.items(),
    ids=lambda change: change[0],
)
def test_degenerate_batches_give_finite_losses_and_gradients(rows, name, change, dtype):
    student, teacher = change[1](*(torch.tensor(part, dtype=dtype) for part in rows))
    student = student.clone().requires_grad_()
    result = of_features(student, teacher)[name]
    assert result.shape == (len(student),)
    assert torch.isfinite(result).all()
    (gradient,) = torch.autograd.grad(result.mean(), student)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"ckd"}))
@pytest.mark.parametrize("scale", [1e18, 1e-15])
def test_scale_of_the_features_changes_nothing_even_in_single_precision(rows, name, scale):
    student, teacher = (torch.tensor(part, dtype=torch.float32) for part in rows)
    result = of_features(student * scale, teacher * scale)[name]
    torch.testing.assert_close(result, of_features(student, teacher)[name], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"shared_specific"}))
def test_loss_of_a_single_row_is_zero(rows, name):
    student, teacher = (torch.tensor(part[:1]) for part in rows)
    close(of_features(student, teacher)[name], [0.0], atol=1e-12)
