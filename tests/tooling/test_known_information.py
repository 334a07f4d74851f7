"""The known mutual information against averages of log density ratios, and every map against its inverse."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, multivariate_t, norm

from ..information.known_information import module

TASKS, make_known_information, spiral = module.TASKS, module.make_known_information, module.spiral
normal_correlation, normal_information, student_t_mi = (
    module.normal_correlation,
    module.normal_information,
    module.student_t_mi,
)


def averaged_log_ratio(X, Y, log_density):
    """Mean of log p(x, y) - log p(x) - log p(y) with its standard error; log_density(rows, first, last coordinate)."""
    both, d = np.hstack([X, Y]), X.shape[1]
    ratio = log_density(both, 0, 2 * d) - log_density(X, 0, d) - log_density(Y, d, 2 * d)
    return ratio.mean(), ratio.std() / np.sqrt(len(X))


def assert_within_four_errors(mean_and_error, truth):
    mean, error = mean_and_error
    assert error < 0.02
    assert abs(mean - truth) < 4 * error


def invert_spiral(x, i, j):
    """Invert the spiral one row at a time, by complex numbers."""
    inverted = x.copy()
    for row in inverted:
        z = (row[i] + 1j * row[j]) * np.exp(-1j * np.linalg.norm(row) ** 2 / len(row))
        row[i], row[j] = z.real, z.imag
    return inverted


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("d", [1, 2, 10])
@pytest.mark.parametrize("nats", [0, 0.5, 2])
def test_correlation_has_the_information(d, nats, dense):
    correlation = normal_correlation(d, nats, dense)
    np.testing.assert_allclose(np.diag(correlation), 1)
    assert np.linalg.eigvalsh(correlation)[0] > 0
    np.testing.assert_allclose(normal_information(correlation), nats, atol=1e-12)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("d", [1, 5])
def test_normal_is_the_mean_log_ratio_of_its_densities(d, dense):
    data = make_known_information("normal", 20_000, information=1.5, n_columns=d, dense=dense, random_state=0)
    correlation = normal_correlation(d, 1.5, dense)

    def log_density(rows, first, last):
        return multivariate_normal(cov=correlation[first:last, first:last]).logpdf(rows)

    assert_within_four_errors(averaged_log_ratio(data.X, data.Y, log_density), data.information)


@pytest.mark.parametrize("task", ["student_t", "asinh"])
@pytest.mark.parametrize(("d", "nats", "tails", "dense"), [(1, 0, 1, False), (2, 0.5, 3, False), (5, 1, 2, True)])
def test_student_is_the_mean_log_ratio_of_its_densities(task, d, nats, tails, dense):
    data = make_known_information(
        task, 20_000, information=nats, n_columns=d, degrees_of_freedom=tails, dense=dense, random_state=1
    )
    X, Y = (np.sinh(table) if task == "asinh" else table for table in (data.X, data.Y))
    dispersion = normal_correlation(d, nats, dense)

    def log_density(rows, first, last):
        return multivariate_t(shape=dispersion[first:last, first:last], df=tails).logpdf(rows)

    assert_within_four_errors(averaged_log_ratio(X, Y, log_density), data.information)
    assert data.information > nats + 0.05


def test_tails_by_hand_and_in_the_limit():
    """The bivariate Cauchy distribution has log(8 pi) - 3 nats, a normal one none."""
    np.testing.assert_allclose(student_t_mi(1, 1), np.log(8 * np.pi) - 3)
    assert abs(student_t_mi(3, 1e6)) < 1e-6


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_maps_of_the_normal_draw_can_be_undone(d):
    """With the same seed the inverse of each map returns the normal rows, so it keeps their mutual information."""
    settings = {"information": 1.0, "n_columns": d, "random_state": 2}
    U, W = (make_known_information("normal", 300, **settings)[name] for name in ("X", "Y"))
    cubes = make_known_information("half_cube", 300, **settings)
    for table, original in ((cubes.X, U), (cubes.Y, W)):
        np.testing.assert_allclose(np.sign(table) * np.abs(table) ** (2 / 3), original)
    rolled = make_known_information("swiss_roll", 300, **settings)
    np.testing.assert_allclose(norm.ppf(rolled.Y), W, atol=1e-9)
    a, b = 21 * rolled.X[:, :d], 21 * rolled.X[:, d:]
    t = np.hypot(a, b)
    np.testing.assert_allclose(norm.ppf((t / (1.5 * np.pi) - 1) / 2), U, atol=1e-9)
    np.testing.assert_allclose([a, b], [t * np.cos(t), t * np.sin(t)], atol=1e-9)
    if d > 1:
        rotated = make_known_information("spiral", 300, **settings)
        np.testing.assert_allclose(invert_spiral(rotated.X, 0, 1), U, atol=1e-12)
        np.testing.assert_allclose(invert_spiral(rotated.Y, d - 2, d - 1), W, atol=1e-12)
        assert np.abs(rotated.X - U).mean() > 0.1
        assert rotated.information == cubes.information == rolled.information == 1.0


def test_spiral_keeps_volume():
    """The numerical Jacobian has determinant 1."""
    point, step = np.array([0.4, -1.3, 0.8]), 1e-6
    shifts = np.vstack([np.eye(3), -np.eye(3)]) * step
    moved = spiral(point + shifts, 0, 1)
    np.testing.assert_allclose(np.linalg.det((moved[:3] - moved[3:]) / (2 * step)), 1, atol=1e-8)


@pytest.mark.parametrize(("n_columns", "dense"), [(3, False), (8, True)])
def test_low_rank_is_what_the_covariance_says(n_columns, dense):
    """Plug-in estimate of many rows; its bias, columns squared over twice the rows, is far below the tolerance."""
    data = make_known_information(
        "low_rank", 300_000, information=1.0, n_columns=n_columns, dense=dense, random_state=3
    )
    result = normal_information(np.cov(np.hstack([data.X, data.Y]).T))
    np.testing.assert_allclose(result, data.information, atol=0.01)


def test_low_rank_keeps_nearly_everything_in_500_columns():
    data = make_known_information("low_rank", 5, information=2.0, n_columns=500, random_state=0)
    assert data.X.shape == data.Y.shape == (5, 500)
    assert 1.97 < data.information < 2.0


@pytest.mark.parametrize(("n_classes", "n_columns", "nats"), [(2, 1, 0.4), (5, 3, 1.0), (3, 2, 0.0)])
def test_mixture_is_the_mean_log_ratio_of_its_densities(n_classes, n_columns, nats):
    """The class means are estimated from the rows, so that only X and Y come from the function."""
    data = make_known_information(
        "mixture", 200_000, information=nats, n_columns=n_columns, n_classes=n_classes, random_state=4
    )
    X, label = data.X, data.Y
    means = [X[label == k].mean(axis=0) for k in range(n_classes)]
    log_densities = np.stack([norm.logpdf(X - mean).sum(axis=1) for mean in means], axis=1)
    log_density = log_densities[np.arange(len(X)), label]
    ratio = log_density - np.log(np.exp(log_densities).mean(axis=1))
    np.testing.assert_allclose(ratio.mean(), data.information, atol=0.01)
    assert data.information == nats
    np.testing.assert_allclose(np.bincount(label) / len(X), 1 / n_classes, atol=0.01)


@pytest.mark.parametrize("task", TASKS)
def test_noise_columns_come_last_and_change_nothing_else(task):
    plain = make_known_information(task, 400, random_state=5)
    noisy = make_known_information(task, 400, n_noise_columns=3, random_state=5)
    assert noisy.information == plain.information
    p = plain.X.shape[1]
    np.testing.assert_array_equal(noisy.X[:, :p], plain.X)
    assert noisy.X.shape[1] == p + 3
    columns = noisy.X
    if task == "mixture":
        np.testing.assert_array_equal(noisy.Y, plain.Y)
        columns = np.column_stack([columns, noisy.Y])
    else:
        np.testing.assert_array_equal(noisy.Y[:, :-3], plain.Y)
        columns = np.hstack([columns, noisy.Y])
    correlation = np.corrcoef(columns.T)[p : p + 3]
    correlation[:, p : p + 3] -= np.eye(3)
    assert np.abs(correlation).max() < 0.25


@pytest.mark.parametrize("task", TASKS)
def test_same_seed_same_tables(task):
    a, b = (make_known_information(task, 20, random_state=3) for _ in range(2))
    another_seed = make_known_information(task, 20, random_state=4)
    np.testing.assert_array_equal(a.X, b.X)
    np.testing.assert_array_equal(a.Y, b.Y)
    assert a.information == b.information
    assert not np.array_equal(a.X, another_seed.X)
    assert "Czyz" in a.DESCR


@pytest.mark.parametrize(
    ("task", "parameters", "message"),
    [
        ("moons", {}, r"task='moons' is unknown. Take one of 'normal'"),
        ("normal", {"information": -0.1}, "information=-0.1 must be finite and at least 0"),
        ("normal", {"information": np.inf}, "information=inf"),
        ("normal", {"n_columns": 0}, "n_columns=0 must be a whole number of at least 1"),
        ("spiral", {"n_columns": 1}, "n_columns=1 must be a whole number of at least 2 for 'spiral'"),
        ("student_t", {"degrees_of_freedom": 0}, "degrees_of_freedom=0 must be finite and positive"),
        ("mixture", {"information": np.log(3)}, r"must be below the label's entropy, log\(3\) = 1.099"),
        ("mixture", {"n_classes": 1}, "n_classes=1"),
    ],
)
def test_bad_parameters(task, parameters, message):
    with pytest.raises(ValueError, match=message):
        make_known_information(task, 20, **parameters)


@pytest.mark.parametrize("task", [*TASKS, 3])
@pytest.mark.parametrize("value", [-3, 0, 1, 7, 30, 0.5, np.nan, np.inf, None, "many", 1e30, True])
def test_any_value_gives_finite_rows_or_an_error(task, value):
    for settings in ({"information": value}, {"n_columns": value}, {"information": value, "n_columns": value}):
        try:
            data = make_known_information(task, 50, random_state=0, **settings)
        except (ValueError, TypeError):
            continue
        assert np.isfinite(data.X).all()
        assert np.isfinite(data.information)
