from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skcmkd import NetworkClassifier
from skcmkd.unpaired._class_priors import OFFSET_SCALE, adjust_priors, fit_class_offsets
from skcmkd.unpaired._input import UnpairedData
from skcmkd.unpaired._training import BRIDGE_ROW

from .unpaired_problems import train


def draw_scores(n=4000, seed=0):
    """Exact posteriors of three classes at their frequencies, and the classes."""
    rng = np.random.RandomState(seed)
    log_q = rng.normal(size=(n, 3)) * 1.5 + [1.0, 0.0, -0.5]
    proba = softmax(log_q, axis=1)
    return proba, (rng.uniform(size=(n, 1)) > proba.cumsum(axis=1)).sum(axis=1)


def test_adjusted_probabilities_follow_from_bayes_rule():
    """One row: likelihoods 0.2 and 0.6, priors 0.5 and 0.5 before, 0.9 and 0.1 after."""
    before = np.array([[0.2 * 0.5, 0.6 * 0.5]]) / (0.2 * 0.5 + 0.6 * 0.5)
    after = np.array([[0.2 * 0.9, 0.6 * 0.1]]) / (0.2 * 0.9 + 0.6 * 0.1)
    np.testing.assert_allclose(adjust_priors(before, np.array([0.9, 0.1]), np.array([0.5, 0.5])), after)


def test_adjusted_probabilities_of_all_possible_rows_average_to_the_new_priors():
    """Any likelihoods of 6 possible rows: adjusted posteriors, weighted by the new probability of each row."""
    rng = np.random.RandomState(0)
    likelihood = rng.dirichlet(np.ones(6), size=3).T
    source_priors, priors = rng.dirichlet(np.ones(3), size=2)
    posterior = likelihood * source_priors / (likelihood @ source_priors)[:, None]
    adjusted = adjust_priors(posterior, priors, source_priors)
    np.testing.assert_allclose(adjusted.sum(axis=1), 1)
    np.testing.assert_allclose((likelihood @ priors) @ adjusted, priors)
    np.testing.assert_allclose(adjust_priors(adjusted, source_priors, priors), posterior)
    np.testing.assert_allclose(adjust_priors(posterior, source_priors, source_priors), posterior)


def test_class_without_a_source_prior_stays_at_zero():
    source_priors, priors = np.array([1.0, 0.0, 1.0]) / 2, np.ones(3) / 3
    proba = np.array([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(adjust_priors(proba, priors, source_priors), proba)


def test_offsets_undo_those_of_a_teacher():
    """Exact posteriors, moved by known offsets: the offsets that are fitted are their negatives."""
    proba, codes = draw_scores()
    moved = np.array([1.5, -1.0, -0.5])
    offsets = fit_class_offsets(softmax(np.log(proba) + moved, axis=1), codes)
    np.testing.assert_allclose(offsets, -moved, atol=0.12)
    assert abs(offsets.sum()) < 1e-12


def test_offsets_have_the_least_log_loss():
    """Against scikit-learn's log-loss and a search without derivatives."""
    proba, codes = draw_scores(200)

    def loss(b):
        b = np.append(b, -b.sum())
        clipped = np.log(proba.clip(1 / 200))
        return log_loss(codes, softmax(clipped + b, axis=1)) + (b**2).sum() / (2 * OFFSET_SCALE**2 * 200)

    best = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12}).x
    np.testing.assert_allclose(fit_class_offsets(proba, codes)[:2], best, atol=1e-5)


def test_classes_that_the_teacher_separates_or_lacks_have_no_offset():
    codes = np.array([0, 0, 0, 1, 2, 2])
    np.testing.assert_allclose(fit_class_offsets(np.eye(3)[codes], codes), 0, atol=1)
    proba = np.array([[0.7, 0.3, 0.0]] * 6)
    offsets = fit_class_offsets(proba, codes)
    assert offsets[2] == 0
    # Three rows of class 0 and one of class 1 remain.
    assert offsets[0] > 0 > offsets[1]
    assert (fit_class_offsets(np.eye(3)[[0] * 6], codes) == 0).all()


# The posterior in the student's population is known: N(+1, 1) against N(-1, 1) have log odds 2 t + log(prior ratio).


def draw_column(n, share, rng):
    y = (rng.uniform(size=n) < share).astype(int)
    return rng.normal(size=(n, 1)) + 2 * y[:, None] - 1, y


@cache
def make_teacher(kind):
    """A teacher that is fitted to its cohort, of share 0.5, or was fitted at a share of 0.8."""
    if kind == "balanced":
        return LogisticRegression(class_weight="balanced", C=100)
    if kind == "plain":
        return LogisticRegression(C=100)
    model = NetworkClassifier((8,), max_epochs=30, random_state=0) if kind == "frozen network" else LogisticRegression()
    return FrozenEstimator(model.fit(*draw_column(2000, 0.8, np.random.RandomState(1))))


@pytest.mark.parametrize(
    ("kind", "cohort_share"),
    [("plain", 0.5), ("balanced", 0.2), ("frozen", 0.5), ("frozen", 0.8), ("frozen network", 0.5)],
)
@pytest.mark.parametrize("share", [0.8, 0.3])
def test_corrected_soft_targets_are_the_posterior_at_the_students_priors(kind, cohort_share, share):
    """Over the bridge, and of the head that students are aligned with: within .03, whatever the teacher's priors."""
    rng = np.random.RandomState(0)
    teacher = make_teacher(kind)
    X_teacher, y_teacher = draw_column(2000, cohort_share, rng)
    X_bridge, _ = draw_column(1000, share, rng)
    y = (np.arange(500) < 500 * share).astype(int)
    data = UnpairedData(
        np.zeros((500, 1)),
        y,
        X_teacher=X_teacher,
        y_teacher=y_teacher,
        X_bridge=np.zeros((1000, 1)),
        X_teacher_bridge=X_bridge,
    )
    method = "transform" if kind == "frozen network" else "decision_function"
    training, fitted = train(data, teacher, classes=np.arange(2), method=method)
    bridge = training.origin == BRIDGE_ROW
    truth = 1 / (1 + np.exp(-(2 * X_bridge[:, 0] + np.log(share / (1 - share)))))
    head = training.data.teacher_features[bridge] @ fitted.cohort.coef.T + fitted.cohort.intercept
    for proba in (training.data.soft_targets[bridge], softmax(head, axis=1)):
        assert proba[:, 1].mean() == pytest.approx(truth.mean(), abs=0.03)
        assert np.abs(proba[:, 1] - truth).mean() < 0.03
