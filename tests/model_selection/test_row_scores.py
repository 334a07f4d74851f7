import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy
from sklearn import metrics
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

from skcmkd._distillation._select import ValidationScores
from skcmkd._distillation._targets import ClassificationTarget
from skcmkd._model_selection._row_scores import brier_score, kl_divergence, log_loss, squared_error
from skcmkd.evaluation._cross_validate import Predictions
from skcmkd.evaluation._scores import row_scores
from skcmkd.unpaired._selection import alignment_table


@pytest.fixture
def proba():
    """Class probabilities, some of them 0 and 1."""
    proba = softmax(3 * np.random.RandomState(0).normal(size=(40, 3)), axis=1)
    proba[:9] = np.eye(3)[np.arange(9) % 3]
    return proba


def test_log_loss_of_each_row_is_scikit_learns(proba):
    codes = np.arange(40) % 2
    expected = [metrics.log_loss([code], [row], labels=[0, 1, 2]) for code, row in zip(codes, proba, strict=True)]
    result = log_loss(proba, codes)
    np.testing.assert_allclose(result, expected, atol=1e-15)
    assert (proba[np.arange(40), codes] == 0).any()
    np.testing.assert_allclose(result.max(), -np.log(np.finfo(float).eps))


def test_brier_score_is_scikit_learns(proba):
    codes = np.arange(40) % 3
    expected = metrics.brier_score_loss(codes, proba, scale_by_half=False)
    np.testing.assert_allclose(brier_score(proba, codes).mean(), expected)
    np.testing.assert_array_equal(brier_score(np.eye(3)[[0, 0]], np.array([0, 1])), [0, 2])


def test_divergence_is_scipys(proba):
    target = np.roll(softmax(np.random.RandomState(1).normal(size=(40, 3)), axis=1), 1, axis=0)
    inside = (proba > 0).all(axis=1)
    np.testing.assert_allclose(kl_divergence(target, proba)[inside], entropy(target[inside], proba[inside], axis=1))
    assert np.isfinite(kl_divergence(target, proba)).all()
    np.testing.assert_allclose(kl_divergence(proba, proba), 0, atol=1e-12)


@pytest.mark.parametrize("shape", [(20,), (20, 1), (20, 3)])
def test_squared_error_is_scikit_learns(shape):
    y, prediction = np.random.RandomState(0).normal(size=(2, *shape))
    result = squared_error(prediction, y)
    assert result.shape == (20,)
    np.testing.assert_allclose(result.mean(), metrics.mean_squared_error(y, prediction))


def test_report_and_unpaired_metrics_agree_on_a_forest_that_gives_zero():
    """Rows whose class no tree predicts cost 36 nats in both."""
    X, y = make_classification(120, n_informative=4, flip_y=0.3, random_state=0)
    rows, classes = np.arange(60, 120), np.array([0, 1])
    proba = RandomForestClassifier(3, random_state=0).fit(X[:60], y[:60]).predict_proba(X[rows])
    assert (proba[np.arange(60), y[rows]] == 0).any()
    report = row_scores(y, Predictions(rows, proba.argmax(axis=1), proba, 0.0), classes)
    scores = ValidationScores(
        ("alone",),
        ClassificationTarget(classes),
        rows,
        y[rows],
        proba[None],
        np.ones(60, dtype=bool),
        None,
        None,
        [[None]],
    )
    unpaired = alignment_table({"alone": (scores, 0)}, np.nan).loc["alone"]
    expected = metrics.log_loss(y[rows], proba)
    np.testing.assert_allclose([report["log_loss"].mean(), unpaired["log_loss"]], expected)
    np.testing.assert_allclose(report["brier"].mean(), unpaired["brier"])
