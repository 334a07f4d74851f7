"""Values against sums written out, gradients against finite differences, in double precision."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from skcmkd._losses._alignment_terms import (
    CLASS_MISMATCH_COST,
    SCALE_FREE_COSTS,
    blockwise_transport_cost,
    class_mismatch_cost,
    class_posteriors,
    gromov_cost,
    head_divergence,
    normalize_rows,
    pairwise_cost,
    prototype_cost,
    published_label_term,
    rowwise_cost,
    rowwise_cost_and_grad,
    transport_cost,
)
from skcmkd._transport._costs import COSTS, cost_matrix
from skcmkd._transport._fused_gromov import fused_gromov
from skcmkd._transport._plan import transport

every_cost = pytest.mark.parametrize("cost", COSTS)


def draw(*shape, seed=0, grad=False):
    return torch.tensor(np.random.RandomState(seed).normal(size=shape), requires_grad=grad)


def gradient(value, inputs):
    return torch.autograd.grad(value, inputs, retain_graph=True)[0]


@every_cost
def test_pairwise_cost_is_that_of_the_transport_and_rowwise_cost_its_diagonal(cost):
    A, B = draw(5, 3), draw(5, 3, seed=1)
    expected = cost_matrix(A.numpy(), B.numpy(), cost)
    np.testing.assert_allclose(pairwise_cost(A, B, cost), expected, rtol=1e-10)
    np.testing.assert_allclose(rowwise_cost(A, B, cost), np.diag(expected), rtol=1e-10)
    np.testing.assert_allclose(pairwise_cost(A, B[:2], cost), expected[:, :2], rtol=1e-10)


@every_cost
def test_gradient_of_the_costs_is_the_finite_difference(cost):
    A, B = draw(4, 3, grad=True), draw(4, 3, seed=1)
    assert torch.autograd.gradcheck(lambda rows: pairwise_cost(rows, B, cost), A)
    assert torch.autograd.gradcheck(lambda rows: rowwise_cost(rows, B, cost), A)


@every_cost
def test_gradient_written_out_is_that_of_the_rowwise_cost(cost):
    """Also where both rows are equal, and for a row of zeros."""
    A, B = draw(5, 3), draw(5, 3, seed=1)
    A[1], A[2] = B[1], 0
    A.requires_grad_()
    cost_of_rows = rowwise_cost(A, B, cost)
    value, result = rowwise_cost_and_grad(A.detach(), normalize_rows(B, cost), cost)
    torch.testing.assert_close(value.flatten(), cost_of_rows.detach())
    compared = [0, 2, 3, 4] if cost == "chordal" else range(5)  # rounding decides the gradient at a chord of length 0
    torch.testing.assert_close(result[compared], gradient(cost_of_rows.sum(), A)[compared])
    assert torch.isfinite(result).all()


@every_cost
def test_a_row_of_zeros_gives_a_moderate_gradient(cost):
    A, B = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True), draw(2, 3, seed=1)
    for value in (pairwise_cost(A, B, cost).mean(), rowwise_cost(A, B, cost).mean()):
        assert gradient(value, A).abs().max() < 2


CASES = {
    "exact": {"reg": 0.0},
    "entropic": {"reg": 0.3},
}


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
@pytest.mark.parametrize("cost", ["cosine", "euclidean"])
def test_gradient_of_the_transport_cost_is_the_finite_difference(options, cost):
    """The feature term, with other lengths and weights on either side."""
    A, B, weights = draw(5, 3, grad=True), draw(4, 3, seed=1), draw(4, seed=2).abs()

    def term(rows):
        return transport_cost(pairwise_cost(rows, B, cost), weights, **options)

    expected = transport(cost_matrix(A.detach().numpy(), B.numpy(), cost), None, weights.numpy(), **options)
    np.testing.assert_allclose(term(A).item(), expected.value)
    assert torch.autograd.gradcheck(term, A, eps=1e-5, atol=1e-6)
    assert gradient(term(A), A).abs().max() > 1e-2


CODES = torch.tensor([0, 1, 1, 0, 1, 0])


@pytest.mark.parametrize("labeled", [torch.ones(6).bool(), torch.tensor([1, 1, 0, 0, 1, 0]).bool()])
def test_gradient_of_the_transport_within_classes_is_the_finite_difference(labeled):
    A, B, logits = draw(6, 3, grad=True), draw(6, 3, seed=1), draw(6, 2, seed=2)

    def term(rows):
        cost = pairwise_cost(rows, B, "euclidean") + class_mismatch_cost(logits, CODES, labeled, CODES)
        return transport_cost(cost, torch.ones(6), reg=0.0)

    assert torch.autograd.gradcheck(term, A)


def test_transport_by_blocks_is_the_transport_at_which_another_class_costs():
    """As many rows of a class as the teacher's, and a cohort of another size with the same class frequencies."""
    for codes in (CODES.flip(0), torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])):
        A, B = draw(6, 3, grad=True), draw(len(codes), 3, seed=1)
        cost = pairwise_cost(A, B, "euclidean")
        mismatch = class_mismatch_cost(torch.zeros(6, 2, dtype=torch.float64), CODES, torch.ones(6).bool(), codes)
        whole = transport_cost(cost + mismatch, torch.ones(len(codes)), reg=0.0)
        by_blocks = blockwise_transport_cost(cost, CODES, codes)
        torch.testing.assert_close(by_blocks, whole)
        torch.testing.assert_close(gradient(by_blocks, A), gradient(whole, A))
    assert torch.autograd.gradcheck(
        lambda rows: blockwise_transport_cost(pairwise_cost(rows, B, "cosine"), CODES, codes), A
    )


def test_blocks_of_a_cohort_with_further_classes():
    """Rows 0 and 2 of the cohort are of classes that the batch lacks."""
    codes, B = torch.tensor([2, 1, 0, 3, 1, 3]), draw(6, 3, seed=1)
    A = draw(3, 3)
    cost = pairwise_cost(A, B, "euclidean")
    pairs = [cost[0, 1] + cost[2, 4], cost[0, 4] + cost[2, 1]]
    expected = (min(pairs) + (cost[1, 3] + cost[1, 5]) / 2) / 3
    torch.testing.assert_close(blockwise_transport_cost(cost, torch.tensor([1, 3, 1]), codes), expected)


def test_gradient_of_the_structure_is_the_finite_difference():
    """At a plan that stays the same nearby: a turned copy of a cloud without symmetry."""
    A = draw(5, 2, grad=True)
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64)
    B = (A.detach() @ turn)[[3, 1, 4, 0, 2]] * 1.1
    teacher, M = pairwise_cost(B, B, "euclidean"), draw(5, 5, seed=3).abs() * 0.1
    weights = torch.ones(5)

    def term(rows):
        return gromov_cost(M, pairwise_cost(rows, rows, "euclidean"), teacher, weights)

    structure = cost_matrix(A.detach().numpy(), A.detach().numpy(), "euclidean")
    np.testing.assert_allclose(term(A).item(), fused_gromov(M.numpy(), structure, teacher.numpy()).value, rtol=1e-6)
    assert torch.autograd.gradcheck(term, A, eps=1e-5, atol=1e-5)
    assert gradient(term(A), A).abs().max() > 1e-3


def test_class_mismatch_cost_is_its_formula():
    logits, codes, teacher = draw(3, 3), torch.tensor([0, 2, 1]), torch.tensor([2, 0, 2, 1])
    labeled = torch.tensor([True, False, True])
    result = class_mismatch_cost(logits, codes, labeled, teacher)
    np.testing.assert_allclose(result[0], CLASS_MISMATCH_COST * np.array([1, 0, 1, 1]))
    np.testing.assert_allclose(result[1], -log_softmax(logits[1].numpy())[teacher])
    np.testing.assert_allclose(result[2], CLASS_MISMATCH_COST * np.array([1, 1, 1, 0]))
    confident = class_mismatch_cost(logits * 1e4, codes, ~labeled, teacher)
    assert confident.max() == CLASS_MISMATCH_COST


def test_posteriors_of_a_row_without_a_label_are_the_prediction_among_shared_classes():
    logits, shared = draw(3, 3), torch.tensor([True, False, True])
    result = class_posteriors(logits, torch.tensor([0, 0, 2]), torch.tensor([True, False, True]), shared)
    proba = softmax(logits[1, [0, 2]].numpy())
    np.testing.assert_allclose(result, [[1, 0, 0], [proba[0], 0, proba[1]], [0, 0, 1]])


def test_prototype_cost_is_the_written_out_mean_and_its_gradient():
    A, P, logits = draw(4, 3, grad=True), draw(3, 3, seed=1), draw(4, 3, seed=2, grad=True)
    codes, labeled = torch.tensor([0, 1, 0, 2]), torch.tensor([True, False, False, True])
    shared = torch.tensor([True, True, False])

    def term(rows):
        return prototype_cost(pairwise_cost(rows, P, "euclidean"), logits, codes, labeled, shared)

    labeled[3] = False
    c, z = cost_matrix(A.detach().numpy(), P.numpy(), "euclidean"), logits.detach().numpy()
    rows = [c[0, 0], *(softmax(z[i])[:2] @ c[i, :2] for i in (1, 2, 3))]
    np.testing.assert_allclose(term(A).item(), np.mean(rows))
    assert torch.autograd.gradcheck(term, A)
    assert torch.autograd.grad(term(A), logits, allow_unused=True)[0] is None


def test_head_divergence_has_a_gradient_through_features_and_head():
    features, head, teacher = draw(4, 3, grad=True), draw(3, 3, seed=1, grad=True), draw(3, 3, seed=2)

    def term(f, W):
        return head_divergence(f @ W, f @ teacher)

    assert torch.autograd.gradcheck(term, (features, head))
    for part in torch.autograd.grad(term(features, head), (features, head)):
        assert part.abs().max() > 1e-2
    p, t = (log_softmax((features @ W).detach().numpy(), axis=1) for W in (head, teacher))
    np.testing.assert_allclose(term(features, head).item(), (np.exp(t) * (t - p)).sum(axis=1).mean())
    np.testing.assert_allclose(head_divergence(features, features).item(), 0, atol=1e-15)


def test_published_label_term_has_the_gradient_of_cross_entropy():
    """Its value differs; the teacher gets no gradient."""
    logits, teacher, codes = draw(4, 3, grad=True), draw(4, 3, seed=1, grad=True), torch.tensor([0, 1, 2, 1])
    value = published_label_term(logits, teacher, codes)
    cross_entropy = torch.nn.functional.cross_entropy(logits, codes)
    log_t = log_softmax(teacher.detach().numpy(), axis=1)[np.arange(4), codes]
    np.testing.assert_allclose(value.item(), cross_entropy.item() + (np.exp(log_t) * log_t).mean())
    of_logits, of_teacher = torch.autograd.grad(value, (logits, teacher), allow_unused=True)
    torch.testing.assert_close(of_logits, gradient(cross_entropy, logits), rtol=0, atol=0)
    assert of_teacher is None


@every_cost
@pytest.mark.parametrize("factor", [1e6, 1e-6])
def test_extreme_features_keep_a_gradient_in_single_precision(cost, factor):
    A, B = (draw(6, 3) * factor).float().requires_grad_(), draw(6, 3, seed=1).float()
    cost_of_pairs = pairwise_cost(A, B, cost)
    labeled, weights = torch.ones(6).bool(), torch.ones(6)
    within = cost_of_pairs + class_mismatch_cost(torch.zeros(6, 2), CODES, labeled, CODES)
    structure = pairwise_cost(A, A, cost)
    terms = [
        rowwise_cost(A, B, cost).mean(),
        transport_cost(cost_of_pairs, weights, reg=0.0),
        transport_cost(cost_of_pairs, weights, reg=0.1),
        transport_cost(within, weights, reg=0.0),
        blockwise_transport_cost(cost_of_pairs, CODES, CODES),
        gromov_cost(
            class_mismatch_cost(torch.zeros(6, 2), CODES, labeled, CODES),
            structure / structure.detach().mean(),
            pairwise_cost(B, B, cost),
            weights,
        ),
    ]
    for term in terms:
        result = gradient(term, A)
        assert torch.isfinite(result).all()
        assert result.abs().max() > 0


def test_rows_are_normalized_for_costs_between_directions_only():
    A = draw(3, 2)
    assert normalize_rows(A, "euclidean") is A
    torch.testing.assert_close(normalize_rows(A, "cosine").norm(dim=1), torch.ones(3, dtype=torch.float64))
    assert set(SCALE_FREE_COSTS) < set(COSTS)
