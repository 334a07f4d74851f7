from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn import functional as F

from skcmkd import NetworkClassifier
from skcmkd._validation._sklearn import draw_seed
from skcmkd._validation._target_checks import normalize_weight
from skcmkd.networks._fit import early_stopping_mask
from skcmkd.networks._modules import MLP
from skcmkd.paired import _mutual_fit
from skcmkd.paired._data import PairedData
from skcmkd.paired._mutual_fit import check_network, fit_mutual

NETWORK = NetworkClassifier((8, 4), max_epochs=6, validation_fraction=0, linear_weight=0, random_state=0)
EARLY_STOPPING = {"validation_fraction": 0.3, "max_epochs": 10, "learning_rate": 0.02, "patience": 3}


@pytest.fixture
def data():
    """31 labeled rows, of which the first nine have no teacher, and 17 unlabeled pairs."""
    rng = np.random.RandomState(0)
    X, T = rng.normal(size=(31, 3)), rng.normal(size=(31, 5))
    T[:9] = np.nan
    y = rng.randint(3, size=31)
    return PairedData(X, y, np.ones(31, dtype=bool), T, rng.normal(size=(17, 3)), rng.normal(size=(17, 5)))


@pytest.fixture
def complete(data):
    """The same labeled rows, all with a teacher, and no unlabeled pairs."""
    return PairedData(data.X, data.y, data.has_student, np.random.RandomState(1).normal(size=(31, 5)))


def fit(data, student=NETWORK, teacher=NETWORK, alpha=0.4, temperature=2.0, **settings):
    fitted = SimpleNamespace(student=clone(student).set_params(**settings), teacher=clone(teacher))
    fit_mutual(fitted.student, fitted.teacher, data, np.arange(3), alpha, temperature)
    return fitted


def assert_same(one, other, data, rtol=0.0):
    """Both networks of two fits predict the same, bit for bit unless ``rtol`` is given."""
    for name, X in (("student", data.X), ("teacher", np.nan_to_num(data.X_teacher))):
        proba = [getattr(fitted, name).predict_proba(X) for fitted in (one, other)]
        np.testing.assert_allclose(proba[0], proba[1], rtol=rtol)


@pytest.mark.parametrize("weighted", [False, True])
def test_training_is_the_bare_loop_on_means_over_their_rows(data, weighted):
    """Full batches, every part a mean that is written out: the weights of both networks after six steps."""
    alpha, tau = 0.4, 3.0
    sample_weight = np.random.RandomState(3).uniform(0.5, 4, size=31) if weighted else np.ones(31)
    sample_weight /= sample_weight.mean()
    data = replace(data, sample_weight=sample_weight if weighted else None)
    fitted = fit(data, teacher=clone(NETWORK).set_params(hidden_layer_sizes=(6,)), temperature=tau, batch_size=64)
    x = StandardScaler().fit_transform(np.concatenate([data.X, data.X_unlabeled]))
    t = StandardScaler().fit_transform(np.concatenate([data.X_teacher[9:], data.X_teacher_unlabeled]))
    x, t, y = torch.tensor(x).float(), torch.tensor(t).float(), torch.tensor(data.y)
    # Unlabeled pairs have the mean weight of the labeled rows.
    w = torch.tensor(np.append(sample_weight, np.ones(17))).float()
    torch.random.manual_seed(draw_seed(np.random.RandomState(0)))
    student, teacher = MLP(3, (8, 4), 3, 0.0), MLP(5, (6,), 3, 0.0)
    optimizer = torch.optim.AdamW([*student.parameters(), *teacher.parameters()], lr=1e-3, weight_decay=1e-2)

    def weighted_mean(losses, weights):
        return (losses * weights).sum() / weights.sum()

    def divergence(logits, target):
        target = F.softmax(target.detach() / tau, dim=1)
        losses = F.kl_div(F.log_softmax(logits / tau, dim=1), target, reduction="none").sum(dim=1)
        return tau**2 * weighted_mean(losses, w[9:])

    def label_loss(logits, labels, weights):
        return weighted_mean(F.cross_entropy(logits, labels, reduction="none"), weights)

    for _ in range(6):
        optimizer.zero_grad()
        of_student, of_teacher = student(x), teacher(t)
        by_labels = label_loss(of_student[:31], y, w[:31]) + label_loss(of_teacher[:22], y[9:], w[9:31])
        by_each_other = divergence(of_student[9:], of_teacher) + divergence(of_teacher, of_student[9:])
        ((1 - alpha) * by_labels + alpha * by_each_other).backward()
        optimizer.step()
    for network, module in ((fitted.student, student), (fitted.teacher, teacher)):
        for parameter, expected in zip(network.net_.module_.parameters(), module.parameters(), strict=True):
            torch.testing.assert_close(parameter.detach(), expected.detach(), rtol=1e-4, atol=1e-5)


def test_at_alpha_zero_the_student_is_alone_bit_for_bit(complete):
    """The teacher's table does not enter the student's loss, and its network does not change the random draws."""
    alone = clone(NETWORK).fit(complete.X, complete.y).predict_proba(complete.X)
    np.testing.assert_array_equal(fit(complete, alpha=0.0).student.predict_proba(complete.X), alone)
    changed = replace(complete, X_teacher=-complete.X_teacher[::-1])
    np.testing.assert_array_equal(fit(changed, alpha=0.0).student.predict_proba(complete.X), alone)


def test_with_a_share_each_network_depends_on_the_table_of_the_other(complete):
    changed = replace(complete, X_teacher=-complete.X_teacher[::-1])
    proba = [fit(each).student.predict_proba(complete.X) for each in (complete, changed)]
    assert (proba[0] != proba[1]).any()


def test_networks_come_to_agree(data):
    """The larger the share, the less they differ on the unlabeled pairs."""

    def distance(alpha):
        fitted = fit(data, alpha=alpha, max_epochs=60, learning_rate=0.01)
        proba = fitted.student.predict_proba(data.X_unlabeled)
        return np.abs(proba - fitted.teacher.predict_proba(data.X_teacher_unlabeled)).mean()

    assert distance(0.9) < 0.5 * distance(0.01)


def test_training_stops_on_the_cross_entropy_of_labeled_rows(data):
    """The least held-out loss of the history is that of the kept networks: the cross-entropies of both."""
    settings = {"validation_fraction": 0.3, "refit": False, "max_epochs": 40, "learning_rate": 0.02, "patience": 40}
    fitted = fit(data, **settings)
    held_out = np.flatnonzero(early_stopping_mask(data.y, 31, 0.3, draw_seed(np.random.RandomState(0))))
    total = 0.0
    for network, table in ((fitted.student, data.X), (fitted.teacher, data.X_teacher)):
        rows = held_out[~np.isnan(table[held_out]).any(axis=1)]
        total -= np.log(network.predict_proba(table[rows])[np.arange(len(rows)), data.y[rows]]).sum()
    losses = [epoch["valid_loss"] for epoch in fitted.student.net_.history]
    assert losses[-1] > min(losses)
    np.testing.assert_allclose(total / len(held_out), min(losses), rtol=1e-4)
    refitted = fit(data, **{**settings, "refit": True})
    assert refitted.student.n_iter_ == refitted.teacher.n_iter_ == np.argmin(losses) + 1


def test_each_is_a_fitted_network(data):
    fitted = fit(data, teacher=clone(NETWORK).set_params(hidden_layer_sizes=(6,)))
    assert fitted.student.transform(data.X).shape == (31, 4)
    assert fitted.teacher.transform(data.X_teacher[9:]).shape == (22, 6)
    assert (fitted.student.n_features_in_, fitted.teacher.n_features_in_) == (3, 5)
    for network in vars(fitted).values():
        assert list(network.classes_) == [0, 1, 2]
        assert network.n_iter_ == len(network.net_.history) == 6
        assert isinstance(network.net_.module_, MLP)


def test_the_teacher_learns_a_class_without_labels_from_the_student(complete):
    y = np.arange(31) % 3
    X, T = complete.X.copy(), complete.X_teacher.copy()
    X[:, 0] = T[:, 0] = y + np.random.RandomState(0).normal(size=31) / 9
    known = np.where((y != 2)[:, None], T, np.nan)
    data = replace(complete, X=X, y=y, X_teacher=known, X_unlabeled=X, X_teacher_unlabeled=T)
    fitted = fit(data, max_epochs=200, learning_rate=0.01)
    assert (fitted.teacher.predict(T[y == 2]) == 2).mean() > 0.8


def test_pipelines_are_their_steps(data):
    """Transformers are fitted to the labeled rows, the teacher's to those that have its modality."""
    fitted = fit(data, make_pipeline(StandardScaler(), NETWORK), make_pipeline(StandardScaler(), NETWORK))
    scale, scale_teacher = StandardScaler().fit(data.X), StandardScaler().fit(data.X_teacher[9:])
    scaled = replace(
        data,
        X=scale.transform(data.X),
        X_teacher=scale_teacher.transform(data.X_teacher),
        X_unlabeled=scale.transform(data.X_unlabeled),
        X_teacher_unlabeled=scale_teacher.transform(data.X_teacher_unlabeled),
    )
    direct = fit(scaled)
    np.testing.assert_array_equal(fitted.student.predict_proba(data.X), direct.student.predict_proba(scaled.X))
    np.testing.assert_array_equal(
        fitted.teacher.predict_proba(data.X_teacher_unlabeled),
        direct.teacher.predict_proba(scaled.X_teacher_unlabeled),
    )


def test_only_networks():
    check_network(make_pipeline(StandardScaler(), NETWORK), "student")
    with pytest.raises(ValueError, match=r"The teacher LogisticRegression cannot .* PairedDistiller takes other"):
        check_network(make_pipeline(StandardScaler(), LogisticRegression()), "teacher")


# Row weights and groups


@pytest.mark.parametrize("settings", [{}, EARLY_STOPPING], ids=["all epochs", "early stopping"])
def test_unit_weights_are_no_weights_bit_for_bit(data, settings):
    assert_same(fit(data, **settings), fit(replace(data, sample_weight=np.ones(31)), **settings), data)


def test_only_proportions_of_weights_matter(data):
    weights = [normalize_weight(factor * np.random.RandomState(3).uniform(0.5, 4, size=31)) for factor in (1, 8, 7)]
    fits = [fit(replace(data, sample_weight=weight), **EARLY_STOPPING) for weight in weights]
    assert_same(fits[0], fits[1], data)
    assert_same(fits[0], fits[2], data, rtol=1e-4)
    unweighted = fit(data, **EARLY_STOPPING).student
    assert not np.allclose(fits[0].student.predict_proba(data.X), unweighted.predict_proba(data.X))


@pytest.mark.parametrize("settings", [{}, EARLY_STOPPING], ids=["all epochs", "early stopping"])
@pytest.mark.parametrize("with_groups", [False, True])
def test_rows_of_weight_zero_are_absent_bit_for_bit(data, settings, with_groups):
    """They set no scale, are in no batch and are not held out."""
    keep = np.arange(31) % 5 != 2
    weight = np.where(keep, np.random.RandomState(3).uniform(0.5, 4, size=31), 0.0)
    groups = np.arange(31) // 3 if with_groups else None
    weighted = replace(data, sample_weight=weight, groups=groups)
    absent = replace(
        data,
        X=data.X[keep],
        y=data.y[keep],
        has_student=data.has_student[keep],
        X_teacher=data.X_teacher[keep],
        sample_weight=weight[keep],
        groups=None if groups is None else groups[keep],
    )
    assert_same(fit(weighted, **settings), fit(absent, **settings), data)


def test_a_teacher_without_weighted_rows(data):
    weight = (np.arange(31) < 9).astype(float)
    alone = replace(data, X_unlabeled=None, X_teacher_unlabeled=None, sample_weight=weight)
    with pytest.raises(ValueError, match="sample_weight is 0 in all rows of X_teacher that hold values"):
        fit(alone)
    # With unlabeled pairs the teacher learns from the student.
    fitted = fit(replace(data, sample_weight=weight))
    assert np.isfinite(fitted.teacher.predict_proba(data.X_teacher_unlabeled)).all()


def held_out_rows(data, monkeypatch, **settings):
    """Mask of the rows that training holds out for early stopping: labeled ones, then unlabeled pairs."""
    masks = []
    train = _mutual_fit.train_with_early_stopping

    def spy(settings, build_module, row_loss, X, targets, held_out):
        masks.append(held_out)
        return train(settings, build_module, row_loss, X, targets, held_out)

    monkeypatch.setattr(_mutual_fit, "train_with_early_stopping", spy)
    fit(data, **{**EARLY_STOPPING, "max_epochs": 1, **settings})
    return masks[0]


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_held_out_whole_with_their_unlabeled_pairs(data, monkeypatch, seed):
    groups, pair_groups = np.arange(31) // 3, np.array([f % 14 for f in range(17)])
    mask = held_out_rows(replace(data, groups=groups, unlabeled_groups=pair_groups), monkeypatch, random_state=seed)
    assert mask.shape == (48,)
    assert 0 < mask[:31].sum() < 31
    all_groups = np.concatenate([groups, pair_groups])
    assert not set(all_groups[mask]) & set(all_groups[~mask])
    # A group without labeled rows is never held out.
    assert not mask[31:][pair_groups > groups.max()].any()
    unnamed = held_out_rows(replace(data, groups=groups), monkeypatch, random_state=seed)
    np.testing.assert_array_equal(unnamed[:31], mask[:31])
    assert not unnamed[31:].any()


def test_without_groups_the_held_out_rows_are_labeled(data, monkeypatch):
    mask = held_out_rows(data, monkeypatch)
    assert mask[:31].sum() == 10
    assert not mask[31:].any()
    assert held_out_rows(data, monkeypatch, validation_fraction=0) is None
