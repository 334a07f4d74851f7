import numpy as np
import pytest

from skcmkd._transport._costs import COSTS
from skcmkd._transport._sinkhorn_divergence import sinkhorn_divergence

from .transport_problems import draw, draw_weights, every_case, objective, sinkhorn


@every_case
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_sinkhorn_divergence_of_equal_distributions_is_zero(options, cost, factor):
    A = factor * draw(15, 1)[0]
    A[4] = 0
    scaled = {name: value * (factor if cost in ("euclidean", "cityblock") else 1) for name, value in options.items()}
    rows = np.random.RandomState(1).permutation(15)
    for same in (A, A[rows], np.vstack([A, A[rows]])):
        # Also of plans that have not converged, as those of an angle have not after a thousand iterations.
        assert sinkhorn_divergence(A, same, cost, **scaled, max_iter=200) <= 1e-6 * max(factor, 1.0)


@every_case
def test_sinkhorn_divergence_grows_with_the_shift_and_is_symmetric(options):
    A, _ = draw(25, 1)
    B = draw(20, 1, seed=4)[0]
    costs = [sinkhorn_divergence(A, B + shift, "euclidean", **options) for shift in (0.0, 0.5, 1.0)]
    assert 0 < costs[0] < costs[1] < costs[2]
    np.testing.assert_allclose(sinkhorn_divergence(B, A, "euclidean", **options), costs[0], atol=1e-4)


def test_sinkhorn_divergence_is_its_formula_with_weights():
    (A, B), a, b, reg = draw(8, 6), draw_weights(8), draw_weights(6, 1), 0.3

    def ot(X, Y, p, q):
        C = np.linalg.norm(X[:, None] - Y, axis=2)
        return objective(sinkhorn(C, p, q, reg, n_iterations=2000), C, p, q, reg)

    expected = ot(A, B, a, b) - ot(A, A, a, a) / 2 - ot(B, B, b, b) / 2
    result = sinkhorn_divergence(A, B, "euclidean", source_weights=a, target_weights=b, reg=reg)
    np.testing.assert_allclose(result, expected, atol=1e-7)


def test_sinkhorn_divergence_of_long_tables_takes_evenly_spaced_rows():
    A = np.linspace(0, 1, 5001)[:, None]
    short = A[[0, 1250, 2500, 3750, 5000]]
    assert sinkhorn_divergence(A, short, "euclidean", max_rows=5) == 0
    np.testing.assert_allclose(sinkhorn_divergence(A, A + 1, "euclidean", max_rows=50), 1, rtol=1e-9)
