"""Pure functions of the benchmark of unpaired cohorts."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import multivariate_normal

from .scripts import modules_of

FOLDER = Path(__file__).parents[2] / "benchmarks" / "unpaired"
MODULES = ("cohorts", "simulated", "methods", "published", "tables", "run", "shared.summaries")


@pytest.fixture(scope="module")
def bench():
    with modules_of(FOLDER, MODULES) as modules:
        yield modules


def samples(cohorts):
    """The index labels of each group of samples."""
    groups = [cohorts.X, cohorts.teacher_data[0], cohorts.X_test]
    groups += [] if cohorts.bridge is None else [cohorts.bridge[0]]
    groups += [] if cohorts.unlabeled is None else [cohorts.unlabeled[0]]
    return [set(group.index) for group in groups]


def test_cohorts_share_no_sample_and_are_nested(bench):
    c = bench["cohorts"]
    table = c.load_digits()
    cell = c.Cell("digits", "zernike", "pixels", c.Setting(300, 600, n_unlabeled=300, n_bridge=300), 3)
    large = c.draw(table, cell)
    assert all(not one & other for one, other in combinations(samples(large), 2))
    assert sum(map(len, samples(large))) == 2000
    small = c.draw(table, c.Cell("digits", "zernike", "pixels", c.Setting(100, 600, n_bridge=30), 3))
    assert list(small.X.index) == list(large.X.index[:100])
    assert list(small.bridge[0].index) == list(small.bridge[1].index) == list(large.bridge[0].index[:30])
    assert list(small.teacher_data[0].index) == list(large.teacher_data[0].index)
    assert small.y.value_counts().min() >= 9
    paired = c.draw(table, c.Cell("digits", "zernike", "pixels", c.Setting(100, 100, name=c.PAIRED), 3))
    assert list(paired.X.index) == list(paired.teacher_data[0].index)


def test_the_simulations_truth_is_the_exact_posterior(bench):
    s = bench["simulated"]
    cohorts = s.draw_simulated(next(s.cells(0)))
    truth = cohorts.truth
    covariance = truth.loadings @ truth.loadings.T + np.diag(truth.noise**2)
    density = np.column_stack(
        [multivariate_normal(truth.loadings @ mean, covariance).pdf(cohorts.X_test) for mean in truth.means]
    )
    posterior = density * truth.priors / (density @ truth.priors)[:, None]
    np.testing.assert_allclose(truth.predict_proba(cohorts.X_test), posterior, atol=1e-8)


def test_scores_of_a_class_that_the_model_lacks(bench):
    class Model:
        classes_ = np.array(["a", "b"])

        def predict_proba(self, X):
            return np.array([[0.8, 0.2], [0.5, 0.5]])

    scores = bench["run"].score_rows(Model(), pd.DataFrame({"x": [0, 1]}), pd.Series(["a", "c"]))
    assert scores["accuracy"].tolist() == [1, 0]
    assert scores["log_loss"].tolist() == pytest.approx([-np.log(0.8), -np.log(1e-7)])
    assert scores["brier"].tolist() == pytest.approx([0.08, 1.5])


def test_class_means_are_those_of_softened_targets(bench):
    m = bench["methods"]
    soft_targets = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    softened = np.sqrt(soft_targets) / np.sqrt(soft_targets).sum(axis=1, keepdims=True)
    mean = m.class_mean(soft_targets, 2, 0)
    again = np.sqrt(mean) / np.sqrt(mean).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(again, np.tile(softened.mean(axis=0), (2, 1)))


def test_wins_ties_losses_and_an_interval_over_splits(bench):
    rows = pd.DataFrame({"accuracy_gain": [0.2, 0.05, -0.2, 0.05], "accuracy_gain_error": 0.1, "seed": [0, 0, 1, 1]})
    summaries = bench["shared.summaries"]
    counts = summaries.count(rows, "accuracy")
    assert [counts[f"accuracy {outcome}"] for outcome in summaries.OUTCOMES] == [1, 2, 1]
    assert counts["accuracy gain"] == pytest.approx(0.025)
    # Means of the seeds 0.125 and -0.075; the 95 % point of t with one degree of freedom is 6.3138.
    assert counts["accuracy gain, upper"] == pytest.approx(0.025 + 6.3138 * 0.1, abs=1e-4)


def test_the_published_step_is_the_gradient_of_cross_entropy_at_the_copy(bench):
    from skcmkd.networks._modules import MLP

    p = bench["published"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        student, head = MLP(5, (6, 4), 3, 0.0), torch.nn.Linear(4, 3)
        X, y, features = torch.randn(9, 5), torch.arange(9) % 3, torch.randn(9, 4)
    settings = p.Settings(inner_learning_rate=1e-2)
    adapted = p.adapt_copy(student, head, X, y, features, settings)
    gradients = torch.autograd.grad(torch.nn.functional.cross_entropy(adapted(X), y), list(adapted.parameters()))
    norm = torch.sqrt(sum(gradient.square().sum() for gradient in gradients))
    before = [parameter.detach().clone() for parameter in student.parameters()]
    p.step(student, head, X, y, features, torch.optim.SGD(student.parameters(), lr=0.1), settings)
    for old, gradient, new in zip(before, gradients, student.parameters(), strict=True):
        torch.testing.assert_close(new, old - 0.1 * gradient * min(1.0, float(settings.largest_norm / norm)))
    moved = [not torch.equal(a, b) for a, b in zip(before, adapted.parameters(), strict=True)]
    assert all(moved)


def test_published_partners_have_the_same_label(bench):
    y, y_teacher = torch.tensor([0, 1, 2, 1, 0]), torch.tensor([2, 2, 1, 0, 1, 0])
    rows = bench["published"].same_label_rows(y, y_teacher, torch.Generator().manual_seed(0))
    assert torch.equal(y_teacher[rows], y)
