"""Training with each objective."""

import pickle

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.base import clone

from skcmkd._distillation._fit_network import fit_soft_targets
from skcmkd._distillation._objectives import DEFAULT_WEIGHTS, resolve_objective
from skcmkd.networks._mlp import NetworkClassifier
from skcmkd.networks._modules import MLP


@pytest.fixture(scope="module")
def table():
    """60 labelled and 30 unlabelled rows of three classes; the last 20 have no teacher."""
    rng = np.random.RandomState(0)
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 4)) + y[:, None] * [1.0, -1.0, 0.0, 0.0]
    proba = softmax(3 * np.eye(3)[y] + rng.normal(size=(90, 3)), axis=1)
    features = rng.normal(size=(90, 6)) + np.eye(6)[y]
    taught = np.arange(90) < 70
    features[~taught] = np.nan
    labelled = rng.permutation(90) < 60
    return X, y, 0.5 * labelled, np.where(taught[:, None], proba, 1 / 3), 0.5 * taught, 2.0, features


def fit(table, objective, **settings):
    network = NetworkClassifier((8, 5), max_epochs=3, random_state=0, **settings)
    given = None if objective is None else resolve_objective(objective)
    return fit_soft_targets(network, *table[:-1], objective=given, teacher_features=table[-1])


@pytest.mark.parametrize("name", DEFAULT_WEIGHTS)
def test_a_student_is_trained_by_every_objective_and_differs_from_the_one_of_labels(table, name):
    X, y, label_weight, proba, teacher_weight, _, _ = table
    found, again = fit(table, name), fit(table, name)
    np.testing.assert_array_equal(found.predict_proba(X), again.predict_proba(X))
    alone = fit_soft_targets(clone(found), X, y, label_weight, proba, 0 * teacher_weight, 2.0)
    assert (found.predict_proba(X) != alone.predict_proba(X)).any()
    assert not found.net_.module_.return_features
    np.testing.assert_allclose(found.predict_proba(X).sum(axis=1), 1)


def test_plain_soft_targets_take_the_plain_path_bit_for_bit(table):
    X, expected = table[0], fit(table, None).predict_proba(table[0])
    np.testing.assert_array_equal(fit(table, "soft_targets").predict_proba(X), expected)
    by_objective = fit(table, ["soft_targets", (lambda z, f, q, t: 0 * z.sum(dim=1), 1.0)])
    np.testing.assert_allclose(by_objective.predict_proba(X), expected, atol=1e-4)


def test_no_taught_row_is_the_plain_path_bit_for_bit(table):
    X, y, label_weight, proba, teacher_weight, temperature, features = table
    untaught = X, y, label_weight, proba, 0 * teacher_weight, temperature, features
    np.testing.assert_array_equal(fit(untaught, "rkd").predict_proba(X), fit(untaught, None).predict_proba(X))


def test_the_student_starts_as_it_does_alone(table, monkeypatch):
    """The maps of the objective draw from a generator of their own."""
    started = []
    first = MLP.forward

    def remember(module, X):
        if not any(each is module for each, _ in started):
            started.append((module, module.head.weight.detach().clone()))
        return first(module, X)

    monkeypatch.setattr(MLP, "forward", remember)
    fit(table, None, refit=False)
    fit(table, ["hints", "vid", "amid"], refit=False)
    (_, alone), (_, taught) = started[:2]
    torch.testing.assert_close(alone, taught, rtol=0, atol=0)


def test_a_student_of_a_local_callable_pickles(table):
    found = fit(table, lambda z, f, q, t: (z.softmax(dim=1) - q).square().sum(dim=1))
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict_proba(table[0]), found.predict_proba(table[0]))


def test_hints_bring_the_features_nearer(table):
    """A linear map from the representation foretells the teacher's features better than that of the student alone."""
    X, _, _, _, teacher_weight, _, features = table
    taught = teacher_weight > 0

    def missed(network):
        H = np.column_stack([network.transform(X[taught]), np.ones(taught.sum())])
        return np.linalg.lstsq(H, features[taught], rcond=None)[1].sum()

    long = {"max_epochs": 100, "validation_fraction": 0.0}
    network = NetworkClassifier((8, 5), random_state=0, **long)
    alone = clone(network).fit(X[table[2] > 0], table[1][table[2] > 0])
    taught_network = fit_soft_targets(
        clone(network), *table[:-1], objective=resolve_objective([("hints", 10.0)]), teacher_features=features
    )
    assert missed(taught_network) < missed(alone)
