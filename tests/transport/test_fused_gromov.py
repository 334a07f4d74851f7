import numpy as np
import pytest

from skcmkd._transport._costs import cost_matrix
from skcmkd._transport._fused_gromov import fused_gromov, gromov_energy
from skcmkd._transport._plan import transport

from .transport_problems import draw, draw_cost, draw_weights


def test_gromov_energy_is_the_sum_over_all_quadruples():
    rng = np.random.RandomState(0)
    P, C1, C2 = rng.uniform(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=(3, 3))
    expected = sum(
        (C1[i, k] - C2[j, m]) ** 2 * P[i, j] * P[k, m]
        for i in range(4)
        for j in range(3)
        for k in range(4)
        for m in range(3)
    )
    np.testing.assert_allclose(gromov_energy(P, C1, C2), expected, rtol=1e-12)


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_fused_gromov_finds_the_rows_of_a_turned_cloud(factor):
    A, _ = draw(12, 1, p=2)
    rows = np.random.RandomState(1).permutation(12)
    turned = A[rows] @ np.array([[0.0, -1.0], [1.0, 0.0]]) + 7
    labels = A[:, 0] > 0
    label_cost = factor**2 * (labels[:, None] != labels[rows]).astype(float)
    structures = factor * cost_matrix(A, A, "euclidean"), factor * cost_matrix(turned, turned, "euclidean")
    result = fused_gromov(label_cost, *structures)
    np.testing.assert_array_equal(result.plan.argmax(axis=1), np.argsort(rows))
    np.testing.assert_allclose(result.value, 0, atol=1e-9 * factor**2)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_fused_gromov_value_and_marginals(alpha, capsys):
    A, B = draw(10, 7)
    C1, C2 = cost_matrix(A, A, "euclidean"), cost_matrix(B, B, "cityblock")
    M, a, b = draw_cost(10, 7, 5), draw_weights(10), draw_weights(7, 1)
    a[3] = 0
    a /= a.sum()
    result = fused_gromov(M, C1, C2, a, b, alpha=alpha)
    np.testing.assert_allclose(result.plan.sum(axis=1), a, atol=1e-9)
    np.testing.assert_allclose(result.plan.sum(axis=0), b, atol=1e-9)

    def fused(P):
        return (1 - alpha) * np.sum(M * P) + alpha * gromov_energy(P, C1, C2)

    np.testing.assert_allclose(result.value, fused(result.plan), rtol=1e-9)
    assert result.value < fused(np.outer(a, b))
    # At a local minimum no step towards another plan lowers the objective.
    for seed in range(5):
        plan = transport(np.random.RandomState(seed).uniform(size=(10, 7)), a, b).plan
        assert fused(result.plan) <= fused(0.99 * result.plan + 0.01 * plan) + 1e-9
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("sizes", "alpha", "message"), [((3, 4), 0.5, r"\(4, 4\) do not fit"), ((3, 3), 1.5, "alpha=1.5")]
)
def test_fused_gromov_errors(sizes, alpha, message):
    with pytest.raises(ValueError, match=message):
        fused_gromov(np.ones((3, 3)), *(np.ones((n, n)) for n in sizes), alpha=alpha)
