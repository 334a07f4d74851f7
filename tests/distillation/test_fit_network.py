"""Training a network with each objective."""

import pickle

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.base import clone

from skcmkd import NetworkClassifier
from skcmkd._distillation._fit_student import fit_student
from skcmkd._distillation._objectives import OBJECTIVES, SOFT_TARGETS, resolve_objective
from skcmkd._distillation._student_loss import StudentLoss
from skcmkd._distillation._training_data import UNLABELED, TrainingData
from skcmkd.networks._modules import MLP


@pytest.fixture(scope="module")
def data():
    """60 labeled and 30 unlabeled rows of three classes; 20 rows have no teacher."""
    rng = np.random.RandomState(0)
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 4)) + y[:, None] * [1.0, -1.0, 0.0, 0.0]
    proba = softmax(3 * np.eye(3)[y] + rng.normal(size=(90, 3)), axis=1)
    features = rng.normal(size=(90, 6)) + np.eye(6)[y]
    for values in (proba, features):
        values[40:60] = np.nan
    y[60:] = UNLABELED
    return TrainingData(X, y, proba, np.arange(3), teacher_features=features)


def fit(data, objective=SOFT_TARGETS, alpha=0.5, **settings):
    network = NetworkClassifier((8, 5), random_state=0, **{"max_epochs": 3, "linear_weight": 0.0, **settings})
    return fit_student(network, data, StudentLoss(alpha, 2.0, resolve_objective(objective)))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_changes_the_student_of_the_labels_alone(data, name):
    network, again = fit(data, name), fit(data, name)
    np.testing.assert_array_equal(network.predict_proba(data.X), again.predict_proba(data.X))
    labeled = data.labeled_rows()
    alone = clone(network).fit(labeled.X, labeled.y)
    assert (network.predict_proba(data.X) != alone.predict_proba(data.X)).any()
    assert not network.net_.module_.return_features
    np.testing.assert_allclose(network.predict_proba(data.X).sum(axis=1), 1)


def test_plain_soft_targets_take_the_plain_path_bit_for_bit(data):
    expected = fit(data).predict_proba(data.X)
    np.testing.assert_array_equal(fit(data, "soft_targets").predict_proba(data.X), expected)
    by_objective = fit(data, ["soft_targets", (lambda z, f, q, t: 0 * z.sum(dim=1), 1.0)])
    np.testing.assert_allclose(by_objective.predict_proba(data.X), expected, atol=1e-4)


def test_without_soft_targets_every_objective_is_the_labels_alone_bit_for_bit(data):
    labels_only = data.take(np.isnan(data.soft_targets).any(axis=1))
    expected = fit(labels_only).predict_proba(data.X)
    np.testing.assert_array_equal(fit(labels_only, "rkd").predict_proba(data.X), expected)


def test_the_student_starts_as_it_does_alone(data, monkeypatch):
    """The maps of the objective draw from a separate generator."""
    started = []
    first = MLP.forward

    def remember(module, X):
        if not any(each is module for each, _ in started):
            started.append((module, module.head.weight.detach().clone()))
        return first(module, X)

    monkeypatch.setattr(MLP, "forward", remember)
    fit(data, refit=False)
    fit(data, ["hints", "vid", "amid"], refit=False)
    (_, alone), (_, with_maps) = started[:2]
    torch.testing.assert_close(alone, with_maps, rtol=0, atol=0)


def test_a_student_of_a_local_callable_pickles(data):
    network = fit(data, lambda z, f, q, t: (z.softmax(dim=1) - q).square().sum(dim=1))
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again.predict_proba(data.X), network.predict_proba(data.X))


def test_hints_bring_the_features_nearer(data):
    """A linear map of the representation predicts the teacher's features better than that of the student alone."""
    rows = data.has_soft_target

    def residual(network):
        H = np.column_stack([network.transform(data.X[rows]), np.ones(rows.sum())])
        return np.linalg.lstsq(H, data.teacher_features[rows], rcond=None)[1].sum()

    long = {"max_epochs": 100, "validation_fraction": 0.0}
    assert residual(fit(data, [("hints", 10.0)], **long)) < residual(fit(data, alpha=0.0, **long))
