"""A second round of soft targets: each member of the pool learns those of half of the pairs and predicts the rest."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, PairedDistiller, PairedDistillerRegressor
from skcmkd._model_selection._stacking import log_linear_pool
from skcmkd.datasets import make_gaussian_modalities
from skcmkd.paired._data import PairedData
from skcmkd.paired._further_rounds import halve_pairs

N, N_UNLABELED = 60, 90
LOGISTIC = LogisticRegression(C=0.3, tol=1e-9, max_iter=3000)


@pytest.fixture(scope="module")
def drawn():
    """The student's columns, the teacher's, three classes and a continuous target: labeled rows, then pairs."""
    data = make_gaussian_modalities(N + N_UNLABELED, n_classes=3, random_state=0)
    X, T = (data.data[data.modalities[name]].to_numpy()[:, :5] for name in ("student", "teacher"))
    return X, T, data.target.to_numpy()


def pairs_of(X, T, rows=slice(N, None)):
    return X[rows], T[rows]


def halves_of(X, groups=None):
    """The half of each pair of the tests."""
    rows = np.ones(N, dtype=bool)
    unlabeled_groups = None if groups is None else groups[N:]
    groups = None if groups is None else groups[:N]
    data = PairedData(X[:N], np.zeros(N), rows, X_unlabeled=X[N:], groups=groups, unlabeled_groups=unlabeled_groups)
    return halve_pairs(data)


def repeat_rows(X, Y):
    """Rows once per class, their classes and the weights."""
    rows, classes = np.nonzero(Y > 0)
    return X[rows], classes, Y[rows, classes]


@pytest.mark.parametrize("kind", ["fitted again", "frozen", "without weights"])
def test_classes_by_hand(drawn, kind):
    X, T, y = drawn
    teacher = KNeighborsClassifier(20) if kind == "without weights" else LOGISTIC
    model = FrozenEstimator(clone(teacher).fit(T[:N], y[:N])) if kind == "frozen" else teacher
    fitted = PairedDistiller(LOGISTIC, model).fit(X[:N], y[:N], X_teacher=T[:N], unlabeled_pairs=pairs_of(X, T))
    weights = np.array([fitted.teacher_weights_[name] for name in ("teacher", "student")])
    members = [(clone(teacher), T), (clone(LOGISTIC), X)]
    proba = np.stack([member.fit(table[:N], y[:N]).predict_proba(table[N:]) for member, table in members])
    pool, onehot, halves = log_linear_pool(proba, weights), (y[:N, None] == fitted.classes_).astype(float), halves_of(X)
    second = proba.copy()
    for index, (_, table) in enumerate(members):
        if index == 1 or kind == "fitted again":
            for half in (0, 1):
                Y = np.r_[onehot, pool[halves != half]]
                again = clone(LOGISTIC).fit(*repeat_rows(np.r_[table[:N], table[N:][halves != half]], Y))
                second[index, halves == half] = again.predict_proba(table[N:][halves == half])
    expected = clone(LOGISTIC).fit(*repeat_rows(X, np.r_[onehot, log_linear_pool(second, weights)]))
    np.testing.assert_allclose(fitted.predict_proba(X), expected.predict_proba(X), atol=1e-4)
    one_round = PairedDistiller(LOGISTIC, model, n_rounds=1)
    one_round.fit(X[:N], y[:N], X_teacher=T[:N], unlabeled_pairs=pairs_of(X, T))
    assert np.abs(one_round.predict_proba(X) - fitted.predict_proba(X)).max() > 5e-4


@pytest.mark.parametrize("teacher", [Ridge(2.0), KNeighborsRegressor(20)], ids=["Ridge", "without weights"])
def test_a_continuous_target_by_hand(drawn, teacher):
    X, T, y = drawn
    target = y + X[:, 0] - T[:, 1]
    given = {"X_teacher": T[:N], "unlabeled_pairs": pairs_of(X, T)}
    fitted = PairedDistillerRegressor(Ridge(3.0), teacher, n_rounds=2).fit(X[:N], target[:N], **given)
    weights = np.array([fitted.teacher_weights_[name] for name in ("teacher", "student")])
    members = [(teacher, T), (Ridge(3.0), X)]
    first = np.stack([clone(model).fit(table[:N], target[:N]).predict(table[N:]) for model, table in members])
    halves = halves_of(X)

    def student_of(intercept):
        pool = intercept + weights @ first
        second = np.empty_like(first)
        for index, (model, table) in enumerate(members):
            for half in (0, 1):
                rows = np.r_[table[:N], table[N:][halves != half]]
                again = clone(model).fit(rows, np.r_[target[:N], pool[halves != half]])
                second[index, halves == half] = again.predict(table[N:][halves == half])
        return Ridge(3.0).fit(X, np.r_[target[:N], intercept + weights @ second]).predict(X)

    # The student is linear in the intercept, so two values of it tell the third.
    at_0, at_1, found = student_of(0.0), student_of(1.0), fitted.predict(X)
    intercept = (found - at_0) @ (at_1 - at_0) / ((at_1 - at_0) @ (at_1 - at_0))
    np.testing.assert_allclose(found, student_of(intercept), atol=1e-8)


def test_halves_are_even_and_do_not_depend_on_the_order_of_the_pairs(drawn):
    X = drawn[0]
    halves = halves_of(X)
    assert np.bincount(halves).tolist() == [N_UNLABELED // 2] * 2
    order = np.random.RandomState(0).permutation(N_UNLABELED)
    np.testing.assert_array_equal(halves_of(np.r_[X[:N], X[N:][order]]), halves[order])


def test_a_group_is_in_one_half(drawn):
    groups = np.arange(N + N_UNLABELED) // 3
    halves = halves_of(drawn[0], groups)
    assert (halves.reshape(-1, 3) == halves.reshape(-1, 3)[:, :1]).all()
    assert np.bincount(halves).tolist() == [N_UNLABELED // 2] * 2


def test_a_labeled_group_does_not_teach_its_own_pairs(drawn):
    """With every pair in a group of labeled rows of one half, these rows teach the other half alone."""
    X, T, y = drawn
    seen = []

    class Recording(Ridge):
        def fit(self, X, y, sample_weight=None):
            seen.append(np.array(X))
            return super().fit(X, y, sample_weight)

    groups = np.r_[np.arange(N), np.arange(N_UNLABELED) % N]
    pairs = (*pairs_of(X, T), groups[N:])
    model = PairedDistillerRegressor(Recording(), Ridge(), n_rounds=2, cv=3)
    model.fit(X[:N], X[:N, 0] + y[:N], groups=groups[:N], X_teacher=T[:N], unlabeled_pairs=pairs)
    group_of = {tuple(row): group for row, group in zip(X, groups, strict=True)}
    unlabeled = {tuple(row) for row in X[N:]}
    rounds = [table for table in seen[:-1] if any(tuple(row) in unlabeled for row in table)]
    assert len(rounds) == 2
    for table in rounds:
        taught = {group_of[tuple(row)] for row in table}
        predicted = {group_of[tuple(row)] for row in X[N:] if tuple(row) not in set(map(tuple, table))}
        assert predicted
        assert not taught & predicted


@pytest.mark.parametrize("kind", ["student", "teacher"])
def test_with_a_network_there_is_one_round(drawn, kind):
    X, T, y = drawn
    network = make_pipeline(
        StandardScaler(), NetworkClassifier((4,), max_epochs=3, learning_rate=0.03, linear_weight=0, random_state=0)
    )
    models = {"student": LOGISTIC, "teacher": LOGISTIC} | {kind: network}
    by_rounds = {}
    for n_rounds in ("auto", 1, 2):
        distiller = PairedDistiller(**models, n_rounds=n_rounds, random_state=0)
        distiller.fit(X[:N], y[:N], X_teacher=T[:N], unlabeled_pairs=pairs_of(X, T))
        by_rounds[n_rounds] = distiller.predict_proba(X)
    np.testing.assert_array_equal(by_rounds["auto"], by_rounds[1])
    assert np.abs(by_rounds["auto"] - by_rounds[2]).max() > 1e-4


def test_a_continuous_target_has_one_round(drawn):
    X, T, y = drawn
    target = y + X[:, 0] - T[:, 1]
    given = {"X_teacher": T[:N], "unlabeled_pairs": pairs_of(X, T)}
    predicted = {
        n_rounds: PairedDistillerRegressor(Ridge(3.0), Ridge(2.0), n_rounds=n_rounds)
        .fit(X[:N], target[:N], **given)
        .predict(X)
        for n_rounds in ("auto", 1, 2)
    }
    np.testing.assert_array_equal(predicted["auto"], predicted[1])
    assert np.abs(predicted["auto"] - predicted[2]).max() > 1e-4


def test_rounds_are_a_positive_number(drawn):
    X, T, y = drawn
    with pytest.raises(ValueError, match="n_rounds"):
        PairedDistiller(LOGISTIC, LOGISTIC, n_rounds=0).fit(X, y, X_teacher=T)
