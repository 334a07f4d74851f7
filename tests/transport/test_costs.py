import numpy as np
import pytest

from skcmkd._transport._costs import COSTS, cost_matrix

from .transport_problems import draw


def test_costs_are_their_formulas():
    A, B = draw(6, 4)
    for i, x in enumerate(A):
        for j, y in enumerate(B):
            u, v = x / np.linalg.norm(x), y / np.linalg.norm(y)
            expected = [1 - u @ v, np.linalg.norm(x - y), np.abs(x - y).sum(), np.linalg.norm(u - v)]
            result = [cost_matrix(A, B, cost)[i, j] for cost in COSTS]
            np.testing.assert_allclose(result, expected, atol=1e-12)


@pytest.mark.parametrize(("cost", "expected"), [("cosine", 1.0), ("chordal", np.sqrt(2))])
def test_row_of_zeros_counts_as_one_more_direction(cost, expected):
    A = np.array([[0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_allclose(cost_matrix(A, A, cost), [[0, expected], [expected, 0]], atol=1e-12)


@pytest.mark.parametrize("cost", ["cosine", "chordal"])
@pytest.mark.parametrize("factor", [1e-200, 1e-6, 1e6, 1e200])
def test_scale_of_rows_does_not_change_costs_between_directions(cost, factor):
    A, B = draw(5, 7)
    np.testing.assert_allclose(cost_matrix(factor * A, B, cost), cost_matrix(A, B, cost), atol=1e-12)


@pytest.mark.parametrize(
    ("A", "B", "cost", "message"),
    [
        (np.ones((2, 2)), np.ones((2, 2)), "l3", "cost='l3'"),
        (np.ones((2, 2)), np.ones((2, 3)), "euclidean", r"\(2, 3\)"),
        (np.ones((0, 2)), np.ones((2, 2)), "euclidean", r"\(0, 2\)"),
        (np.full((2, 2), np.nan), np.ones((2, 2)), "cosine", "NaN or infinite"),
    ],
)
def test_invalid_tables_and_costs_are_refused(A, B, cost, message):
    with pytest.raises(ValueError, match=message):
        cost_matrix(A, B, cost)
