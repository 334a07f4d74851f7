import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LinearRegression, LogisticRegression

from skcmkd._model_selection._stacking import (
    fit_linear_stack,
    fit_log_linear_stack,
    log_linear_pool,
)


def draw_members(rng, codes, sharpness, n_classes=3):
    """Probabilities of members that are right to different degrees, (n_members, n_rows, n_classes)."""
    scores = np.stack([s * np.eye(n_classes)[codes] + rng.normal(size=(len(codes), n_classes)) for s in sharpness])
    return np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)


@pytest.fixture
def members():
    rng = np.random.RandomState(0)
    codes = rng.randint(3, size=200)
    return codes, draw_members(rng, codes, (1.0, 0.0, 2.0))


def test_pool_is_the_normalized_product_of_powers(members):
    _, proba = members
    weights = np.array([0.5, 1.2, 0.0])
    product = np.prod(proba[:, :4] ** weights[:, None, None], axis=0)
    np.testing.assert_allclose(log_linear_pool(proba[:, :4], weights), product / product.sum(axis=1, keepdims=True))


def test_one_member_of_weight_one_is_the_plain_teacher(members):
    _, proba = members
    np.testing.assert_allclose(log_linear_pool(proba[:1], np.ones(1)), proba[0])


def test_weights_minimize_the_penalized_log_loss(members):
    codes, proba = members
    row_weight = np.random.RandomState(1).uniform(0.5, 2, size=len(codes))
    center = np.array([0.2, 0.0, 1.0])
    weights = fit_log_linear_stack(proba, np.eye(3)[codes], row_weight, center)

    def loss(w):
        q = log_linear_pool(proba, w)[np.arange(len(codes)), codes]
        return -(row_weight / row_weight.mean() * np.log(q)).sum() + ((w - center) ** 2).sum() / 2

    expected = minimize(loss, np.full(3, 0.3), bounds=[(0, None)] * 3, method="SLSQP", tol=1e-12)
    np.testing.assert_allclose(weights, expected.x, atol=1e-4)
    assert weights[2] > weights[0] > weights[1]


def test_weights_of_many_rows_are_those_of_a_logistic_regression_without_intercept():
    """Of two classes the pool is a logistic regression on the members' log odds; many rows outweigh the penalty."""
    rng = np.random.RandomState(2)
    codes = rng.randint(2, size=20000)
    proba = draw_members(rng, codes, (1.0, 2.0), n_classes=2)
    odds = np.log(proba[:, :, 1] / proba[:, :, 0]).T
    expected = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8).fit(odds, codes).coef_[0]
    weights = fit_log_linear_stack(proba, np.eye(2)[codes], np.ones(20000), np.array([0.0, 1.0]))
    np.testing.assert_allclose(weights, expected, atol=2e-3)


def test_pool_with_a_constant_teacher_is_the_calibrated_student():
    rng = np.random.RandomState(3)
    codes = rng.randint(3, size=5000)
    student = draw_members(rng, codes, (2.0,))[0]
    constant = np.full_like(student, 1 / 3)
    target, row_weight = np.eye(3)[codes], np.ones(5000)
    stacked = np.stack([constant, student])
    weights = fit_log_linear_stack(stacked, target, row_weight, np.array([0.0, 1.0]))
    calibration = fit_log_linear_stack(student[None], target, row_weight, np.ones(1))
    np.testing.assert_allclose(weights, [0, *calibration], atol=1e-4)
    pooled, calibrated = log_linear_pool(stacked, weights), log_linear_pool(student[None], calibration)
    np.testing.assert_allclose(pooled, calibrated, atol=1e-4)


def test_a_misleading_member_gets_no_weight_and_without_rows_weights_are_the_center(members):
    codes, proba = members
    wrong, center = np.roll(proba[2], 1, axis=1), np.array([0.5, 1.0])
    assert fit_log_linear_stack(np.stack([wrong, proba[2]]), np.eye(3)[codes], np.ones(200), center)[0] < 0.01
    empty = fit_log_linear_stack(proba[:2, :0], np.empty((0, 3)), np.empty(0), center)
    np.testing.assert_allclose(empty, center, atol=1e-6)


def test_oracle_pool_has_no_disagreement_with_the_students_view():
    """E[ E[y | s, t] | s ] = E[y | s]: on a simulated law the pool's mean given s is right, the teacher's alone is not.

    Class 1 with probability 1/2; given the class s and t are independent, so that p(y | s, t) is proportional to
    p(y | s) p(y | t), which is the pool with weights of one.
    """
    p_s, p_t = np.array([0.3, 0.8]), np.array([0.2, 0.9])  # P(s = 1 | class), P(t = 1 | class)
    p_class_s = np.array([[(1 - p_s[c]) for c in (0, 1)], [p_s[c] for c in (0, 1)]])
    p_class_s /= p_class_s.sum(axis=1, keepdims=True)
    p_class_t = np.array([[(1 - p_t[c]) for c in (0, 1)], [p_t[c] for c in (0, 1)]])
    p_class_t /= p_class_t.sum(axis=1, keepdims=True)
    for s in (0, 1):
        p_t_given_s = np.array([p_class_s[s] @ (1 - p_t), p_class_s[s] @ p_t])
        pooled = log_linear_pool(np.stack([np.tile(p_class_s[s], (2, 1)), p_class_t]), np.ones(2))
        np.testing.assert_allclose(p_t_given_s @ pooled, p_class_s[s])
        assert abs(p_t_given_s @ p_class_t - p_class_s[s]).max() > 0.05


def test_linear_stack_of_many_rows_is_least_squares():
    rng = np.random.RandomState(4)
    y = rng.normal(size=(20000, 2))
    predictions = np.stack([y * share + rng.normal(size=y.shape) + 3 for share in (0.5, 1.0)])
    stack = fit_linear_stack(predictions, y, np.ones(len(y)), np.array([0.0, 1.0]))
    for k in range(2):
        expected = LinearRegression().fit(predictions[:, :, k].T, y[:, k])
        np.testing.assert_allclose(stack.coef[:, k], expected.coef_, atol=1e-3)
        np.testing.assert_allclose(stack.intercept[k], expected.intercept_, atol=5e-3)
        np.testing.assert_allclose(
            stack(predictions[:, :5])[:, k], predictions[:, :5, k].T @ stack.coef[:, k] + stack.intercept[k]
        )


def test_linear_stack_minimizes_the_penalized_squared_error_with_row_weights():
    rng = np.random.RandomState(5)
    y = rng.normal(size=12)
    predictions = np.stack([y + rng.normal(size=12), -y + rng.normal(size=12), rng.normal(size=12)])
    row_weight = rng.uniform(0.2, 3, size=12)
    center = np.array([0.0, 0.5, 1.0])
    stack = fit_linear_stack(predictions[:, :, None], y[:, None], row_weight, center)

    def loss(v):
        errors = y - v[3] - predictions.T @ v[:3]
        return (row_weight / row_weight.mean() * errors**2).sum() + y.var() * ((v[:3] - center) ** 2).sum()

    expected = minimize(loss, np.zeros(4), bounds=[(0, None)] * 3 + [(None, None)], method="L-BFGS-B", tol=1e-12).x
    np.testing.assert_allclose([*stack.coef[:, 0], *stack.intercept], expected, atol=1e-4)
    assert stack.coef[1, 0] == 0


def test_linear_stack_without_rows_has_the_weights_of_the_center():
    stack = fit_linear_stack(np.empty((2, 0, 1)), np.empty((0, 1)), np.empty(0), np.full(2, 0.5))
    np.testing.assert_allclose(stack(np.array([[[1.0]], [[3.0]]])), [[2.0]])
