from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skcmkd.paired._pairs import Pairs
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn import functional as F

from skcmkd import NetworkClassifier
from skcmkd._validation._sklearn import draw_seed
from skcmkd.networks._fit import early_stopping_mask
from skcmkd.networks._modules import MLP
from skcmkd.paired._mutual_fit import check_network, fit_side_by_side

NETWORK = NetworkClassifier((8, 4), max_epochs=6, validation_fraction=0, random_state=0)


@pytest.fixture
def pairs():
    """31 labelled rows, of which the first 9 have no teacher, and 17 pairs without a label."""
    rng = np.random.RandomState(0)
    X, T = rng.normal(size=(31, 3)), rng.normal(size=(31, 5))
    T[:9] = np.nan
    y = rng.randint(3, size=31)
    return Pairs(
        X, y, T, np.arange(31) >= 9, np.ones(31, dtype=bool), rng.normal(size=(17, 3)), rng.normal(size=(17, 5))
    )


@pytest.fixture
def complete(pairs):
    T = np.random.RandomState(1).normal(size=(31, 5))
    return Pairs(pairs.X, pairs.y, T, np.ones(31, dtype=bool), np.ones(31, dtype=bool))


def fit(pairs, student=NETWORK, teacher=NETWORK, alpha=0.4, temperature=2.0, **settings):
    fitted = SimpleNamespace(student=clone(student).set_params(**settings), teacher=clone(teacher))
    fit_side_by_side(fitted.student, fitted.teacher, pairs, np.arange(3), alpha, temperature)
    return fitted


def test_training_is_the_bare_loop_on_means_over_their_own_rows(pairs):
    """Full batches, every part a mean that is written out: the weights of both networks after six steps."""
    alpha, tau = 0.4, 3.0
    fitted = fit(pairs, teacher=clone(NETWORK).set_params(hidden_layer_sizes=(6,)), temperature=tau, batch_size=64)
    x = StandardScaler().fit_transform(np.concatenate([pairs.X, pairs.X_unlabeled]))
    t = StandardScaler().fit_transform(np.concatenate([pairs.X_teacher[9:], pairs.X_teacher_unlabeled]))
    x, t, y = torch.tensor(x).float(), torch.tensor(t).float(), torch.tensor(pairs.y)
    torch.random.manual_seed(draw_seed(np.random.RandomState(0)))
    student, teacher = MLP(3, (8, 4), 3, 0.0), MLP(5, (6,), 3, 0.0)
    optimizer = torch.optim.AdamW([*student.parameters(), *teacher.parameters()], lr=1e-3, weight_decay=1e-2)

    def divergence(own, target):
        target = F.softmax(target.detach() / tau, dim=1)
        return tau**2 * F.kl_div(F.log_softmax(own / tau, dim=1), target, reduction="batchmean")

    for _ in range(6):
        optimizer.zero_grad()
        of_student, of_teacher = student(x), teacher(t)
        by_labels = F.cross_entropy(of_student[:31], y) + F.cross_entropy(of_teacher[:22], y[9:])
        by_each_other = divergence(of_student[9:], of_teacher) + divergence(of_teacher, of_student[9:])
        ((1 - alpha) * by_labels + alpha * by_each_other).backward()
        optimizer.step()
    for network, module in ((fitted.student, student), (fitted.teacher, teacher)):
        for found, expected in zip(network.net_.module_.parameters(), module.parameters(), strict=True):
            torch.testing.assert_close(found.detach(), expected.detach(), rtol=1e-4, atol=1e-5)


def test_at_alpha_zero_the_student_is_alone_bit_for_bit(complete):
    """The teacher's table does not enter the student's loss, and its network does not disturb the seed."""
    alone = clone(NETWORK).fit(complete.X, complete.y).predict_proba(complete.X)
    np.testing.assert_array_equal(fit(complete, alpha=0.0).student.predict_proba(complete.X), alone)
    complete.X_teacher = -complete.X_teacher[::-1]
    np.testing.assert_array_equal(fit(complete, alpha=0.0).student.predict_proba(complete.X), alone)


def test_with_a_weight_each_network_follows_the_other_table(complete):
    before = fit(complete)
    complete.X_teacher = -complete.X_teacher[::-1]
    assert (fit(complete).student.predict_proba(complete.X) != before.student.predict_proba(complete.X)).any()


def test_networks_come_to_agree(pairs):
    """The more they listen to each other, the less they differ on the pairs."""

    def distance(alpha):
        fitted = fit(pairs, alpha=alpha, max_epochs=60, learning_rate=0.01)
        own = fitted.student.predict_proba(pairs.X_unlabeled)
        return np.abs(own - fitted.teacher.predict_proba(pairs.X_teacher_unlabeled)).mean()

    assert distance(0.9) < 0.5 * distance(0.01)


def test_labeled_rows_validation_fold_when_to_stop(pairs):
    """The least held-out loss of the history is that of the kept networks: the cross-entropies of both."""
    settings = {"validation_fraction": 0.3, "refit": False, "max_epochs": 40, "learning_rate": 0.02, "patience": 40}
    fitted = fit(pairs, **settings)
    held_out = np.flatnonzero(early_stopping_mask(pairs.y, 31, 0.3, draw_seed(np.random.RandomState(0))))
    total = 0.0
    for network, table in ((fitted.student, pairs.X), (fitted.teacher, pairs.X_teacher)):
        rows = held_out[~np.isnan(table[held_out]).any(axis=1)]
        total -= np.log(network.predict_proba(table[rows])[np.arange(len(rows)), pairs.y[rows]]).sum()
    losses = [epoch["valid_loss"] for epoch in fitted.student.net_.history]
    assert losses[-1] > min(losses)
    np.testing.assert_allclose(total / len(held_out), min(losses), rtol=1e-4)
    refitted = fit(pairs, **{**settings, "refit": True})
    assert refitted.student.n_iter_ == refitted.teacher.n_iter_ == np.argmin(losses) + 1


def test_each_is_a_fitted_network_of_its_own(pairs):
    fitted = fit(pairs, teacher=clone(NETWORK).set_params(hidden_layer_sizes=(6,)))
    assert fitted.student.transform(pairs.X).shape == (31, 4)
    assert fitted.teacher.transform(pairs.X_teacher[9:]).shape == (22, 6)
    assert (fitted.student.n_features_in_, fitted.teacher.n_features_in_) == (3, 5)
    for network in vars(fitted).values():
        assert list(network.classes_) == [0, 1, 2]
        assert network.n_iter_ == len(network.net_.history) == 6
        assert isinstance(network.net_.module_, MLP)


def test_teacher_learns_from_the_student_of_a_class_it_never_met(complete):
    complete.y = np.arange(31) % 3
    complete.observed = complete.y != 2
    complete.X[:, 0] = complete.X_teacher[:, 0] = complete.y + np.random.RandomState(0).normal(size=31) / 9
    T = complete.X_teacher
    complete.X_unlabeled, complete.X_teacher_unlabeled = complete.X, T
    complete.X_teacher = np.where(complete.observed[:, None], T, np.nan)
    fitted = fit(complete, max_epochs=200, learning_rate=0.01)
    assert (fitted.teacher.predict(T[complete.y == 2]) == 2).mean() > 0.8


def test_pipelines_are_their_steps(pairs):
    """Transformers see the labelled rows, the teacher's those that it was measured on."""
    found = fit(pairs, make_pipeline(StandardScaler(), NETWORK), make_pipeline(StandardScaler(), NETWORK))
    scale, scale_teacher = StandardScaler().fit(pairs.X), StandardScaler().fit(pairs.X_teacher[9:])
    direct = fit(
        Pairs(
            scale.transform(pairs.X),
            pairs.y,
            scale_teacher.transform(pairs.X_teacher),
            pairs.has_teacher,
            pairs.has_student,
            scale.transform(pairs.X_unlabeled),
            scale_teacher.transform(pairs.X_teacher_unlabeled),
        )
    )
    np.testing.assert_array_equal(
        found.student.predict_proba(pairs.X), direct.student.predict_proba(scale.transform(pairs.X))
    )
    T = pairs.X_teacher_unlabeled
    np.testing.assert_array_equal(
        found.teacher.predict_proba(T), direct.teacher.predict_proba(scale_teacher.transform(T))
    )


def test_only_networks():
    check_network(make_pipeline(StandardScaler(), NETWORK), "student")
    with pytest.raises(ValueError, match=r"The teacher LogisticRegression cannot .* PairedDistiller takes other"):
        check_network(make_pipeline(StandardScaler(), LogisticRegression()), "teacher")
