import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment, linprog

from skcmkd._transport._costs import cost_matrix
from skcmkd._transport._plan import Transport, transport
from skcmkd._transport._solvers import check_plan

from .transport_problems import draw, draw_cost, draw_weights, every_case, objective, sinkhorn

# Plans against independent solutions


def test_exact_is_the_best_assignment():
    C = draw_cost(30, 30)
    result = transport(C)
    rows, columns = linear_sum_assignment(C)
    assert isinstance(result, Transport)
    np.testing.assert_allclose(result.value, C[rows, columns].mean(), rtol=1e-12)
    np.testing.assert_allclose(result.plan[rows, columns], 1 / 30, rtol=1e-12)


def test_exact_solves_the_linear_program_for_unequal_lengths_and_weights():
    C, a, b = draw_cost(7, 5), draw_weights(7), draw_weights(5, 1)
    sums = np.vstack([np.kron(np.eye(7), np.ones(5)), np.kron(np.ones(7), np.eye(5))])
    expected = linprog(C.ravel(), A_eq=sums, b_eq=np.r_[a, b], method="highs").fun
    result = transport(C, a, b)
    np.testing.assert_allclose(result.value, expected, rtol=1e-10)
    np.testing.assert_allclose(result.plan.sum(axis=1), a, rtol=1e-10)
    np.testing.assert_allclose(result.plan.sum(axis=0), b, rtol=1e-10)


@pytest.mark.parametrize("reg", [1.0, 0.1, 0.03])
def test_entropic_is_sinkhorns_fixed_point(reg):
    C, a, b = draw_cost(9, 6), draw_weights(9), draw_weights(6, 1)
    result = transport(C, a, b, reg=reg, max_iter=5000)
    expected = sinkhorn(C, a, b, reg)
    np.testing.assert_allclose(result.plan, expected, atol=1e-8)
    np.testing.assert_allclose(result.value, objective(expected, C, a, b, reg), atol=1e-8)


def test_entropic_two_by_two_in_closed_form():
    cost, reg = 0.7, 0.2
    stay = 0.5 / (1 + np.exp(-cost / reg))
    result = transport(np.array([[0.0, cost], [cost, 0.0]]), reg=reg).plan
    np.testing.assert_allclose(result, [[stay, 0.5 - stay], [0.5 - stay, stay]], rtol=1e-8)


@every_case
def test_value_is_the_objective_at_the_plan_and_none_is_lower(options):
    C, a, b = draw_cost(8, 8), draw_weights(8), draw_weights(8, 1)
    result = transport(C, a, b, **options, max_iter=20000)
    np.testing.assert_allclose(result.value, objective(result.plan, C, a, b, **options), rtol=1e-9)
    for plan in (np.outer(a, b), transport(C.T.copy(), a, b, **options).plan):
        assert result.value < objective(0.3 * plan + 0.7 * result.plan, C, a, b, **options)


@every_case
def test_plan_is_the_derivative_of_the_value(options):
    C, a, b = draw_cost(4, 3), draw_weights(4), draw_weights(3, 1)
    options = {**options, "max_iter": 20_000}
    plan = transport(C, a, b, **options).plan
    step, slope = 1e-4, np.empty_like(C)
    for entry in np.ndindex(C.shape):
        up, down = C.copy(), C.copy()
        up[entry] += step
        down[entry] -= step
        slope[entry] = (transport(up, a, b, **options).value - transport(down, a, b, **options).value) / (2 * step)
    np.testing.assert_allclose(slope, plan, atol=1e-6)


# Invariances


@every_case
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_scale_of_the_cost_changes_nothing(options, factor):
    C = draw_cost(12, 9)
    scaled = transport(factor * C, **{name: factor * value for name, value in options.items()})
    plain = transport(C, **options)
    np.testing.assert_allclose(scaled.plan, plain.plan, atol=1e-9)
    np.testing.assert_allclose(scaled.value, factor * plain.value, rtol=1e-7)


@every_case
def test_order_of_rows_changes_nothing(options):
    C = draw_cost(12, 9)
    rng = np.random.RandomState(3)
    rows, columns = rng.permutation(12), rng.permutation(9)
    plain, moved = transport(C, **options), transport(C[np.ix_(rows, columns)], **options)
    np.testing.assert_allclose(moved.value, plain.value, rtol=1e-6)
    np.testing.assert_allclose(moved.plan, plain.plan[np.ix_(rows, columns)], atol=1e-9)


@every_case
def test_duplicated_rows_are_one_row_of_twice_the_weight(options):
    A, B = draw(6, 6)
    A[3] = A[2]
    doubled = transport(cost_matrix(A, B, "euclidean"), **options, max_iter=5000)
    merged = transport(
        cost_matrix(np.delete(A, 3, axis=0), B, "euclidean"), [1, 1, 2, 1, 1], None, **options, max_iter=5000
    )
    np.testing.assert_allclose(doubled.value, merged.value, atol=1e-6)
    assert np.isfinite(doubled.plan).all()


@every_case
def test_weights_are_normalized_and_a_weight_of_zero_takes_no_part(options, capsys):
    C = draw_cost(6, 5)
    weights = np.array([2.0, 3.0, 0.0, 1.0, 4.0, 2.0])
    result = transport(C, weights, **options)
    without = transport(np.delete(C, 2, axis=0), np.delete(weights, 2) / 12, **options)
    assert (result.plan[2] == 0).all()
    np.testing.assert_allclose(np.delete(result.plan, 2, axis=0), without.plan, atol=1e-12)
    np.testing.assert_allclose(result.value, without.value, rtol=1e-12)
    assert capsys.readouterr().out == ""


@every_case
def test_constant_cost(options):
    for constant in (0.0, 3.0):
        result = transport(np.full((4, 4), constant), **options)
        assert np.isfinite(result.value)
        assert result.plan.sum() > 0


@pytest.mark.parametrize("ratio", [1e2, 1e3, 1e4, 1e6, 1e8, 1e12])
def test_little_entropy_neither_underflows_nor_loses_the_exact_plan(ratio, capsys):
    C = draw_cost(16, 16)
    result, exact = transport(C, reg=C.max() / ratio), transport(C)
    assert np.isfinite(result.plan).all()
    np.testing.assert_allclose(result.plan.sum(axis=1), 1 / 16, rtol=1e-6)
    np.testing.assert_allclose(result.plan.sum(axis=0), 1 / 16, rtol=0.2)
    entropy = C.max() / ratio * np.log(256)
    np.testing.assert_allclose(result.value, exact.value, atol=entropy + 0.01 * exact.value)
    assert capsys.readouterr().out == ""


@every_case
def test_stopped_early_is_still_a_plan_and_prints_nothing(options, capsys):
    result = transport(draw_cost(10, 10), **options, max_iter=2)
    assert np.isfinite(result.plan).all()
    assert result.plan.sum() > 0.01
    assert capsys.readouterr().out == ""


# Errors


@pytest.mark.parametrize(
    ("cost", "options", "message"),
    [
        (np.array([[1.0, np.nan]]), {}, "holds nan; scale"),
        (np.array([[1.0, np.inf]]), {"reg": 1.0}, "holds inf; scale"),
        (np.empty((0, 3)), {}, r"\(0, 3\) has nothing to transport"),
        (np.ones(3), {}, r"\(3,\)"),
        (np.ones((2, 2)), {"reg": -1.0}, "reg=-1.0"),
        (np.ones((2, 2)), {"reg": np.nan}, "reg=nan"),
        (np.ones((2, 2)), {"source_weights": np.zeros(2)}, "sum to 0.0"),
        (np.ones((2, 2)), {"source_weights": [2.0, -1.0]}, "from -1.0"),
        (np.ones((2, 2)), {"target_weights": [np.nan, 1.0]}, "sum to nan"),
        (np.ones((2, 2)), {"target_weights": np.ones(3)}, r"\(3,\) do not fit 2 rows"),
    ],
)
def test_errors_name_the_value_and_the_remedy(cost, options, message):
    with pytest.raises(ValueError, match=message):
        transport(cost, **options)


@pytest.mark.parametrize("plan", [np.zeros((2, 2)), np.full((2, 2), np.nan)])
def test_plan_of_a_failed_solver_is_refused(plan):
    with pytest.raises(ValueError, match=r"The plan's mass is (0|nan); give a larger reg"):
        check_plan(plan)
