import numpy as np
import pytest

from skcmkd._linear_model._excess_risk import LinearStudentRisk, design_effect, linear_student_risk
from skcmkd._linear_model._ridge import LeaveOutRidge


@pytest.fixture
def residuals():
    rng = np.random.RandomState(0)
    e = rng.normal(size=(400, 3))
    return LinearStudentRisk(e, 0.4 * e + 0.6 * rng.normal(size=(400, 3)), 0.3 * rng.normal(size=(400, 3)), 20.0, 400)


def test_relative_risk_is_the_formula(residuals):
    e, u, b = residuals.label_residual, residuals.teacher_residual, residuals.bias
    variance = np.mean([x @ x for x in e])
    covariance = np.mean([x @ z for x, z in zip(e, u, strict=True)])
    noise = 20 / 400 * np.mean([(x - z) @ (x - z) for x, z in zip(e, u, strict=True)])
    disagreement = np.mean([x @ x for x in b]) - noise
    for alpha in (0.0, 0.3, 1.0):
        risk = (1 - alpha) ** 2 * variance + 2 * alpha * (1 - alpha) * covariance
        risk += alpha**2 * (np.mean([z @ z for z in u]) + 400 / 20 * disagreement)
        np.testing.assert_allclose(residuals.relative_risk(alpha), risk / variance)
    assert residuals.relative_risk(0.0) == 1.0


def test_best_weight_has_the_least_risk(residuals):
    grid = np.linspace(0, 1, 2001)
    least = grid[np.argmin([residuals.relative_risk(alpha) for alpha in grid])]
    np.testing.assert_allclose(residuals.best_alpha(), least, atol=1e-3)
    assert 0 < least < 1


def test_a_small_weight_helps_exactly_below_a_ratio_of_one(residuals):
    for factor in (0.5, 3.0):
        result = LinearStudentRisk(
            residuals.label_residual, factor * residuals.teacher_residual, residuals.bias, 20.0, 400
        )
        assert (result.relative_risk(1e-4) < 1) == (result.covariance_ratio() < 1)


def test_a_teacher_that_repeats_the_label_changes_nothing():
    e = np.random.RandomState(0).normal(size=(50, 1))
    same = LinearStudentRisk(e, e, np.zeros_like(e), 5.0, 50)
    np.testing.assert_allclose([same.relative_risk(alpha) for alpha in (0.0, 0.5, 1.0)], 1)
    assert same.best_alpha() in (0.0, 1.0)


@pytest.mark.parametrize("n_unlabeled", [0, 120])
def test_risk_of_least_squares_in_simulation(n_unlabeled):
    """The formula, with the true e, u and b, against students fitted to 3000 draws."""
    n, d, alpha = 60, 6, 0.5
    n_all = n + n_unlabeled
    rng = np.random.RandomState(0)
    w, v = rng.normal(size=d) / 3, np.zeros(d)
    v[0] = 0.15

    def draw(size):
        X = rng.normal(size=(size, d))
        e = rng.normal(size=size)
        u = 0.3 * e + 0.4 * rng.normal(size=size)
        return X, e, u

    excess = {0.0: 0.0, alpha: 0.0}
    for _ in range(3000):
        X, e, u = draw(n_all)
        y, t = X @ w + e, X @ (w + v) + u
        alone = np.linalg.lstsq(X[:n], y[:n], rcond=None)[0]
        from_teacher = np.linalg.lstsq(X, t, rcond=None)[0]
        for weight in excess:
            excess[weight] += ((((1 - weight) * alone + weight * from_teacher) - w) ** 2).sum()
    X, e, u = draw(200_000)
    # The difference of two fitted students contains their errors, which the formula subtracts.
    b = X @ v + np.sqrt(d / n * np.mean((e - u) ** 2)) * rng.normal(size=len(X))
    true = LinearStudentRisk(e[:, None], u[:, None], b[:, None], d, n, labeled_fraction=n / n_all)
    assert true.covariance_ratio() < 1
    expected = true.relative_risk(alpha)
    np.testing.assert_allclose(excess[alpha] / excess[0.0], expected, rtol=0.1)


def test_teacher_risk_does_not_depend_on_the_number_of_folds():
    """Without bias the difference of two students is their error, which is larger with fewer training rows."""
    risks = {2: [], 10: []}
    for seed in range(40):
        rng = np.random.RandomState(seed)
        X, e = rng.normal(size=(200, 20)), rng.normal(size=(200, 1))
        y = X[:, :5].sum(axis=1, keepdims=True) + e
        t = y - e + 0.5 * rng.normal(size=(200, 1))
        for n_folds, values in risks.items():
            values.append(linear_student_risk(X, y, t, np.arange(200) % n_folds).teacher_risk())
    np.testing.assert_allclose(np.mean(risks[2]), np.mean(risks[10]), atol=0.12)


def test_residuals_are_out_of_fold():
    rng = np.random.RandomState(0)
    X, fold_ids = rng.normal(size=(60, 4)), np.arange(60) % 3
    y, t = X[:, :1] + rng.normal(size=(60, 1)), X[:, 1:2] + rng.normal(size=(60, 1))
    result = linear_student_risk(X, y, t, fold_ids)
    train, held_out = fold_ids != 1, fold_ids == 1
    model = LeaveOutRidge().fit(X[train], y[train])
    np.testing.assert_allclose(result.label_residual[held_out], y[held_out] - model.predict(X[held_out]))
    teacher = LeaveOutRidge(alphas=(model.alpha_,)).fit(X[train], t[train])
    np.testing.assert_allclose(result.teacher_residual[held_out], t[held_out] - teacher.predict(X[held_out]))
    np.testing.assert_allclose(result.bias, (t - result.teacher_residual) - (y - result.label_residual))


def test_rows_given_three_times_count_once():
    """With groups, rows repeated three times give the risk of single rows."""
    rng = np.random.RandomState(0)
    e = rng.normal(size=(80, 2))
    np.testing.assert_allclose(design_effect(np.repeat(e, 3, axis=0), np.arange(240) // 3), 3)
    np.testing.assert_allclose(design_effect(rng.normal(size=(3000, 2)), np.arange(3000) // 3), 1, atol=0.1)
    assert design_effect(np.array([[1.0], [-1.0]]), np.zeros(2)) == 1
    X, t = rng.normal(size=(80, 5)), rng.normal(size=(80, 1))
    y, fold_ids = X[:, :1] + t + rng.normal(size=(80, 1)), np.arange(80) % 4
    once = linear_student_risk(X, y, t, fold_ids)
    thrice = linear_student_risk(*(np.repeat(a, 3, axis=0) for a in (X, y, t, fold_ids)), groups=np.arange(240) // 3)
    np.testing.assert_allclose([thrice.n_training, thrice.n_fitted], [once.n_training, once.n_fitted])
    np.testing.assert_allclose(thrice.relative_risk(0.5), once.relative_risk(0.5), rtol=0.05)
