import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, NetworkRegressor
from skcmkd.networks import _linear_part
from skcmkd.networks._base import training_settings
from skcmkd.networks._fit import early_stopping_mask
from skcmkd.networks._linear_part import CS, LINEAR_WEIGHTS, choose_linear_weight, fit_linear_part, linear_folds
from skcmkd.networks._losses import weighted_cross_entropy, weighted_squared_error


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X).astype(np.float32), y


def fit_logistic(X, y, weight, C):
    return LogisticRegression(C=C, tol=1e-8, max_iter=2000).fit(X, y, weight)


def chosen_penalty(X, y, weight, folds):
    """Inverse penalty of least cross-validated log-loss, by scikit-learn."""
    losses = []
    for C in CS:
        loss = 0.0
        for fold in np.unique(folds):
            train, test = folds != fold, folds == fold
            proba = fit_logistic(X[train], y[train], weight[train], C).predict_proba(X[test])
            loss += log_loss(y[test], proba, sample_weight=weight[test], normalize=False)
        losses.append(loss)
    return CS[int(np.argmin(losses))]


def test_the_linear_part_is_a_tuned_logistic_regression(iris, monkeypatch):
    X, y = iris[0][:, :2], iris[1]
    monkeypatch.setattr(_linear_part, "N_FOLDS", 3)
    weight = np.random.RandomState(0).uniform(0.5, 1.5, 150).astype(np.float32)
    folds = linear_folds(y, 150, 0)
    linear, _ = fit_linear_part(weighted_cross_entropy, X, (y, weight), 3, folds)
    expected = fit_logistic(X, y, weight, chosen_penalty(X, y, weight, folds))
    logits = linear(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(softmax(logits, axis=1), expected.predict_proba(X), atol=1e-3)


def test_the_linear_part_of_continuous_targets_is_ridge():
    X, y = (
        StandardScaler().fit_transform(a).astype(np.float32)
        for a in (load_diabetes().data, load_diabetes().target[:, None])
    )
    ones, folds = np.ones(len(X), dtype=np.float32), linear_folds(None, len(X), 0)
    linear, out_of_fold = fit_linear_part(weighted_squared_error, X, (y, ones), 1, folds)
    prediction = linear(torch.from_numpy(X)).detach().numpy()[:, 0]
    distance = [np.abs(Ridge(1 / (2 * C)).fit(X, y[:, 0]).predict(X) - prediction).max() for C in CS]
    assert min(distance) < 1e-3
    ridge = Ridge(1 / (2 * CS[int(np.argmin(distance))]))
    for fold in range(5):
        expected = ridge.fit(X[folds != fold], y[folds != fold, 0]).predict(X[folds == fold])
        np.testing.assert_allclose(out_of_fold[folds == fold, 0], expected, atol=1e-3)


@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
def test_without_the_hidden_part_the_output_is_the_linear_models(kind):
    X, y = load_iris(return_X_y=True)
    network = kind((4,), max_epochs=2, random_state=0).fit(X, y)
    module = network.net_.module_
    with torch.no_grad():
        module.head.weight.zero_()
        module.head.bias.zero_()
    linear, standardized = module.linear, network.scaler_.transform(X)
    scores = module.linear_weight * (standardized @ linear.weight.detach().double().numpy().T)
    scores += module.linear_weight * linear.bias.detach().double().numpy()
    if kind is NetworkClassifier:
        np.testing.assert_allclose(network.predict_proba(X), softmax(scores, axis=1), rtol=1e-12)
    else:
        np.testing.assert_allclose(network.predict(X), network.target_scaler_.inverse_transform(scores)[:, 0])


def test_strata_are_spread_and_groups_are_whole():
    strata = np.repeat([0, 1], [80, 20])
    folds = linear_folds(strata, 100, 0)
    assert np.bincount(folds[strata == 1]).tolist() == [4] * 5
    groups = np.random.RandomState(0).randint(12, size=100)
    folds = linear_folds(None, 100, 0, groups)
    assert set(folds) == set(range(5))
    assert all(len(set(folds[groups == group])) == 1 for group in range(12))


def test_one_fold_takes_the_strongest_penalty(iris):
    X, y = iris
    ones = np.ones(150, dtype=np.float32)
    linear, out_of_fold = fit_linear_part(weighted_cross_entropy, X, (y, ones), 3, np.zeros(150, dtype=int))
    assert linear.weight.abs().max() < 0.05
    assert np.isnan(out_of_fold).all()


def test_no_random_number_is_drawn(iris):
    X, y = iris
    state, targets = torch.random.get_rng_state(), (y, np.ones(150, dtype=np.float32))
    fits = [fit_linear_part(weighted_cross_entropy, X, targets, 3, linear_folds(y, 150, 0)) for _ in range(2)]
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(fits[0][0].weight, fits[1][0].weight)


@pytest.mark.parametrize(
    ("hidden_noise", "linear_noise", "best"), [(1.0, 0.01, 1.0), (0.01, 1.0, 0.25), (1.0, 1.0, 0.5)]
)
def test_the_weight_is_that_of_the_least_loss(hidden_noise, linear_noise, best):
    """The best weight of two unbiased predictions is the other's share of their variances, or the bound next to it."""
    rng = np.random.RandomState(0)
    y = rng.normal(size=(2000, 1))
    hidden, linear = (y + scale * rng.normal(size=y.shape) for scale in (hidden_noise, linear_noise))
    targets = y, np.ones(len(y), dtype=np.float32)
    assert choose_linear_weight(weighted_squared_error, hidden, linear, targets) == best


def test_rows_of_no_weight_do_not_count_for_the_linear_weight():
    y = np.zeros((2, 1))
    hidden, linear = np.array([[0.0], [9.0]]), np.array([[1.0], [0.0]])
    for weight, best in (([1.0, 0.0], 0.25), ([0.0, 1.0], 1.0)):
        targets = y, np.array(weight, dtype=np.float32)
        assert choose_linear_weight(weighted_squared_error, hidden, linear, targets) == best


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_automatic_weight_is_chosen_on_rows_that_neither_part_is_fitted_to(seed):
    """The same choice by hand: the hidden layers alone, stopped early and not trained again, beside ridge by folds."""
    X, y = (values[:100] for values in load_diabetes(return_X_y=True))
    network = NetworkRegressor((16,), random_state=seed).fit(X, y)
    stopped = NetworkRegressor((16,), linear_weight=0, refit=False, random_state=seed).fit(X, y)
    drawn = training_settings(network).seed
    held_out = early_stopping_mask(None, 100, network.validation_fraction, drawn)
    folds, Z = linear_folds(None, 100, drawn), StandardScaler().fit_transform(X)
    shift, scale = y.mean(), y.std()

    def predict_out_of_fold(C):
        fits = [Ridge(1 / (2 * C)).fit(Z[folds != fold], (y[folds != fold] - shift) / scale) for fold in range(5)]
        return shift + scale * np.array([fits[fold].predict(row[None])[0] for fold, row in zip(folds, Z, strict=True)])

    predictions = [predict_out_of_fold(C) for C in CS]
    linear = min(predictions, key=lambda prediction: ((prediction - y) ** 2).mean())[held_out]
    hidden, y = stopped.predict(X)[held_out], y[held_out]
    errors = [(((1 - w) * hidden + w * linear - y) ** 2).mean() for w in LINEAR_WEIGHTS]
    assert network.net_.module_.linear_weight == LINEAR_WEIGHTS[int(np.argmin(errors))]


def test_the_automatic_weight_is_a_half_of_classes_and_without_held_out_rows():
    X, y = load_iris(return_X_y=True)
    few = NetworkRegressor((4,), max_epochs=2, random_state=0).fit(X[::10], y[::10])
    none = NetworkRegressor((4,), max_epochs=2, validation_fraction=0, random_state=0).fit(X, y)
    classes = NetworkClassifier((4,), max_epochs=2, random_state=0).fit(X, y)
    given = NetworkRegressor((4,), max_epochs=2, linear_weight=0.9, random_state=0).fit(X, y)
    weights = [network.net_.module_.linear_weight for network in (few, none, classes, given)]
    assert weights == [0.5, 0.5, 0.5, 0.9]
