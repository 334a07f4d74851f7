"""The tasks of bmi, drawn anew: each truth against an independent computation, and against the package's own."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import dblquad, quad
from scipy.stats import multivariate_normal, multivariate_t, norm

from .scripts import modules_of

FOLDER = Path(__file__).parents[2] / "benchmarks" / "information"
RESULTS = FOLDER / "results"
MODULES = ("known_information", "bmi_tasks", "bmi_exam")

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the benchmarks are in the repository")


@pytest.fixture(scope="module")
def bench():
    with modules_of(FOLDER, MODULES) as modules:
        yield modules


@pytest.fixture(scope="module")
def tasks(bench):
    return bench["bmi_tasks"].TASKS


def mean_log_ratio(X, Y, log_density):
    """Mean of log p(x, y) - log p(x) - log p(y), and its standard error; log_density(rows, columns)."""
    both, d = np.hstack([X, Y]), X.shape[1]
    first, last = np.arange(d), np.arange(d, both.shape[1])
    ratio = log_density(both, np.arange(both.shape[1])) - log_density(X, first) - log_density(Y, last)
    return ratio.mean(), ratio.std() / np.sqrt(len(X))


def test_truths_and_scales_are_those_of_the_package(tasks):
    """The package's truths of all forty tasks, and the median absolute number of 20,000 of its draws."""
    stored = pd.read_csv(RESULTS / "bmi_reference.csv").set_index("task")
    assert list(stored.index) == [name for name, task in tasks.items() if not task.is_label]
    assert len(stored) == 40
    for name, row in stored.iterrows():
        X, Y = tasks[name].sample(10_000, 1)
        assert (X.shape[1], Y.shape[1]) == (row["n_columns_x"], row["n_columns_y"])
        np.testing.assert_allclose(tasks[name].nats, row["nats"], atol=2e-6)
        np.testing.assert_allclose(np.median(np.abs(X)), row["median_x"], rtol=0.05)
        np.testing.assert_allclose(np.median(np.abs(Y)), row["median_y"], rtol=0.05)


@pytest.mark.parametrize("name", ["multinormal-dense-5-5-0.5", "multinormal-sparse-3-3-2-2.0"])
def test_normal_truth_is_the_mean_log_ratio_of_densities(tasks, name):
    """The covariance is that of the drawn rows, not the one that the task was made from."""
    X, Y = tasks[name].sample(60_000, 0)
    covariance = np.cov(np.hstack([X, Y]).T)

    def log_density(rows, columns):
        return multivariate_normal(cov=covariance[np.ix_(columns, columns)]).logpdf(rows)

    mean, error = mean_log_ratio(X, Y, log_density)
    assert abs(mean - tasks[name].nats) < 4 * error < 0.04


@pytest.mark.parametrize(("name", "tails"), [("student-identity-1-1-1", 1), ("student-identity-5-5-2", 2)])
def test_student_truth_is_the_mean_log_ratio_of_densities(tasks, name, tails):
    X, Y = tasks[name].sample(40_000, 0)

    def log_density(rows, columns):
        return multivariate_t(shape=np.eye(len(columns)), df=tails).logpdf(rows)

    mean, error = mean_log_ratio(X, Y, log_density)
    assert abs(mean - tasks[name].nats) < 4 * error < 0.04


@pytest.mark.parametrize("epsilon", [0.1, 0.75])
def test_additive_noise_by_integration(tasks, epsilon):
    """I = h(Y) - log(2 epsilon), with the entropy of Y by numerical integration of its trapezoid density."""

    def density(y):
        return max(0.0, min(1.0, y + epsilon) - max(0.0, y - epsilon)) / (2 * epsilon)

    def minus_p_log_p(y):
        p = density(y)
        return -p * np.log(p) if p > 0 else 0.0

    kinks = sorted([epsilon, 1 - epsilon])
    entropy = quad(minus_p_log_p, -epsilon, 1 + epsilon, points=kinks)[0]
    np.testing.assert_allclose(tasks[f"1v1-additive-{epsilon}"].nats, entropy - np.log(2 * epsilon), atol=1e-6)
    X, Y = tasks[f"1v1-additive-{epsilon}"].sample(20_000, 0)
    np.testing.assert_allclose((np.abs(Y - X).max(), (Y - X).std()), (epsilon, epsilon / np.sqrt(3)), rtol=0.02)


def test_uniform_label_by_a_sum_over_unit_intervals(tasks):
    """p(x, k) = 1/10 on [k, k + 2]; the density of x is 1/10 on the first and last unit interval, else 2/10."""
    density = [1 / 10, *[2 / 10] * 4, 1 / 10]
    nats = sum(1 / 10 * np.log((1 / 2) / density[interval]) for k in range(5) for interval in (k, k + 1))
    np.testing.assert_allclose(tasks["discrete-uniform-5"].nats, nats)
    X, label = tasks["discrete-uniform-5"].sample(20_000, 0)
    offset = X[:, 0] - label
    assert 0 <= offset.min() < offset.max() <= 2
    np.testing.assert_allclose(np.bincount(label) / len(label), 0.2, atol=0.02)


def test_bivariate_normal_by_integration(tasks):
    """The double integral of p log p / (p_x p_y), also after both sides were made bimodal: maps keep it."""
    joint = multivariate_normal(cov=[[1, 0.75], [0.75, 1]])

    def integrand(y, x):
        log_p = joint.logpdf([x, y])
        return np.exp(log_p) * (log_p - norm.logpdf(x) - norm.logpdf(y))

    nats = dblquad(integrand, -6, 6, -6, 6, epsabs=1e-4)[0]
    for name in ("1v1-normal-0.75", "1v1-bimodal-0.75", "wiggly-1v1-normal-0.75"):
        np.testing.assert_allclose(tasks[name].nats, nats, atol=1e-3)


def test_bimodal_columns_come_back_and_have_the_mixtures_density(bench, tasks):
    """Its distribution function maps a column to the uniform one; the share below 2.5 is that of its components."""
    module = bench["bmi_tasks"]
    U = tasks["normal_cdf-1v1-normal-0.75"].sample(2000, 3)
    V = tasks["1v1-bimodal-0.75"].sample(2000, 3)
    for uniform, column, components in zip(U, V, module.BIMODAL, strict=True):
        np.testing.assert_allclose(module.bimodal_cdf(column, components), uniform, atol=1e-12)
        share = sum(weight * norm.cdf(2.5 - mean) for weight, mean in components)
        np.testing.assert_allclose((column < 2.5).mean(), share, atol=0.04)


@pytest.mark.parametrize("axis", ["wiggly_x", "wiggly_y"])
def test_wiggly_maps_increase(bench, axis):
    assert (np.diff(getattr(bench["bmi_tasks"], axis)(np.linspace(-6, 6, 10_001))) > 0).all()


def test_transformed_tasks_move_the_rows_of_their_base(tasks):
    """With the same seed a spiral keeps the norm of every row and moves it."""
    base = tasks["normal_cdf-multinormal-sparse-5-5-2-2.0"].sample(200, 0)
    turned = tasks["spiral-normal_cdf-multinormal-sparse-5-5-2-2.0"].sample(200, 0)
    for table, original, still in zip(turned, base, ([2, 3, 4], [0, 3, 4]), strict=True):
        np.testing.assert_allclose(np.linalg.norm(table, axis=1), np.linalg.norm(original, axis=1))
        np.testing.assert_array_equal(table[:, still], original[:, still])
        assert np.abs(table - original).mean() > 0.05


def test_who_takes_which_task(bench, tasks):
    exam = bench["bmi_exam"]
    taken = {name: sum(exam.suits(name, task) for task in tasks) for name in (*exam.OURS, *exam.THEIRS)}
    assert taken == dict.fromkeys(exam.OURS[:-1], 41) | {"classifier": 1} | dict.fromkeys(exam.THEIRS, 40)
    assert exam.n_draws("infonce", 10_000) == 0


def test_errors_are_over_the_draws(bench, monkeypatch):
    """An estimator that returns the number of rows divided by 1000."""
    exam = bench["bmi_exam"]
    monkeypatch.setitem(exam.DRAWS, 1000, {"quick": 3})
    row = exam.measure("gaussian", lambda X, Y, random_state: len(X) / 1000 + random_state, 1000, "1v1-additive-0.75")
    assert (row["draws"], row["mean"], row["sd"]) == (3, 2.0, 1.0)
    np.testing.assert_allclose(row["mean_absolute_error"], 2 - 1 / 3)


def test_stored_tables_hold_what_the_rows_say(bench):
    """The table of the page, cell by cell, from the stored rows; every estimator on every task that it takes."""
    exam = bench["bmi_exam"]
    rows = pd.read_csv(RESULTS / "bmi_rows.csv")
    page = pd.read_csv(RESULTS / "bmi_1000.csv").set_index("task")
    for row in rows[rows["n_samples"] == 1000].itertuples():
        assert abs(page.loc[row.task, row.estimator] - row.mean) < 0.0051
    for estimator in exam.OURS:
        ran = rows.loc[(rows["n_samples"] == 1000) & (rows["estimator"] == estimator), "task"]
        assert list(ran) == [name for name in exam.TASKS if exam.suits(estimator, name)]
    errors = pd.read_csv(RESULTS / "bmi_error.csv").set_index(["rows", "group"])
    part = rows[(rows["n_samples"] == 1000) & (rows["group"] == "normal") & (rows["estimator"] == "ksg")]
    assert abs(errors.loc[(1000, "normal"), "ksg"] - part["mean_absolute_error"].mean()) < 0.0051
