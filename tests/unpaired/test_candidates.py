from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from skcmkd.unpaired._candidates import (
    CONFIDENT,
    LABELS_ONLY,
    Candidate,
    Material,
    fit_candidate,
    gather_material,
    list_candidates,
)
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from skcmkd import NetworkClassifier
from skcmkd._distillation._fit_student import fit_student
from skcmkd._distillation._training_data import Lesson
from skcmkd._linear_model._ridge import ALPHAS
from skcmkd._losses._teacher_cohort import Alignment
from skcmkd.networks._fit import early_stopping_mask
from skcmkd.unpaired._input import SideData

LOGISTIC = LogisticRegression()
NETWORK = NetworkClassifier((8, 4), max_epochs=5, random_state=0)
CLASSES = np.arange(3)
ALIGNMENT = Alignment("prototypes", None, 1.0, "euclidean", 0.0, None, 1, 0.01)


@pytest.fixture
def drawn():
    """Samples with both modalities, 5 and 7 columns; the first of each measures the same thing."""
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=200)
    y[[0, 100]] = 2
    X = rng.normal(size=(200, 5)) + 1.5 * rng.normal(size=(3, 5))[y]
    T = rng.normal(size=(200, 7)) + 1.5 * rng.normal(size=(3, 7))[y]
    T[:, 0] = 3 * X[:, 0] + 7 + 0.1 * rng.normal(size=200)
    return X, T, y


@pytest.fixture
def gather(drawn):
    """Material of 50 labelled rows, 30 more without a label, 20 of both modalities, and a cohort of 80."""
    X, T, y = drawn

    def gather(teacher=LOGISTIC, classes=CLASSES, rows=slice(0, 50), cohort=slice(100, 180), method=None, **left_out):
        side = {
            "X_teacher": T[cohort],
            "y_teacher": y[cohort],
            "X_unlabeled": X[50:80],
            "X_bridge": X[80:100],
            "X_teacher_bridge": T[80:100],
            "links": (np.array([0]), np.array([0])),
            **left_out,
        }
        fitted = clone(teacher).fit(side["X_teacher"], side["y_teacher"])
        method = method or "decision_function"
        own = getattr(fitted, method)(side["X_teacher"])
        own = own.reshape(len(own), -1)
        material = gather_material(
            X[rows], y[rows], classes, SideData(**side), fitted, own, method, ALIGNMENT, alpha="auto", temperature=1.0
        )
        return material, fitted

    return gather


# Ties


def test_bridge_ties_are_the_teachers_word_shifted_to_the_students_shares(drawn, gather):
    """By Bayes: q(k) share(k) / former(k), divided by the sum."""
    _, T, y = drawn
    material, teacher = gather()
    moved = teacher.predict_proba(T[80:100]) * np.bincount(y[:50]) / 50 / (np.bincount(y[100:180]) / 80)
    np.testing.assert_allclose(material.bridge_ties.proba, moved / moved.sum(axis=1, keepdims=True), rtol=1e-5)
    own = teacher.decision_function(T[100:180])
    expected = (teacher.decision_function(T[80:100]) - own.mean(axis=0)) / np.sqrt(own.var(axis=0).mean())
    np.testing.assert_allclose(material.bridge_ties.features, expected, rtol=1e-4, atol=1e-5)


def test_shift_of_shares_recovers_the_posterior_of_the_students_population():
    """Two classes, normal columns: Bayes' rule with either prior is known exactly."""

    class Bayes(LogisticRegression):
        def fit(self, X, y):
            super().fit(X, y)
            self.coef_, self.intercept_ = np.array([[2.0]]), np.log([np.mean(y == 1) / np.mean(y == 0)])
            return self

    rng = np.random.RandomState(0)
    y_teacher, y = np.repeat([0, 1], [30, 90]), np.repeat([0, 1], [40, 10])
    side = SideData(
        X_teacher=rng.normal(size=(120, 1)) + 2 * y_teacher[:, None] - 1,
        y_teacher=y_teacher,
        X_bridge=np.zeros((9, 1)),
        X_teacher_bridge=np.linspace(-2, 2, 9)[:, None],
    )
    teacher = Bayes().fit(side.X_teacher, y_teacher)
    own = teacher.decision_function(side.X_teacher)[:, None]
    material = gather_material(
        np.zeros((50, 2)), y, np.arange(2), side, teacher, own, "decision_function", ALIGNMENT, alpha=0.5, temperature=1
    )
    # N(+1, 1) against N(-1, 1): log odds 2 t + log(share ratio).
    expected = 1 / (1 + np.exp(-(2 * side.X_teacher_bridge[:, 0] + np.log(10 / 40))))
    np.testing.assert_allclose(material.bridge_ties.proba[:, 1], expected, rtol=1e-6)


def test_linked_features_are_a_ridge_regression(drawn, gather):
    """Against scikit-learn's RidgeCV with the same penalties, by leave-one-out."""
    X, T, y = drawn
    links = (np.array([0, 2]), np.array([0, 3]))
    material, teacher = gather(linked_indices=links)
    own = teacher.decision_function(T[100:180])
    placed = (own - own.mean(axis=0)) / np.sqrt(own.var(axis=0).mean())
    linked = T[100:180][:, links[1]]
    ridge = make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(linked, placed)
    # The teacher's moments are those of its rows with the student's class shares.
    weights = (np.bincount(y[:50]) / 50 / np.bincount(y[100:180]))[y[100:180]]
    mean = np.average(linked, axis=0, weights=weights)
    spread = np.sqrt(np.average((linked - mean) ** 2, axis=0, weights=weights))
    own_columns = X[:80, links[0]]
    matched = (own_columns - own_columns.mean(axis=0)) / own_columns.std(axis=0) * spread + mean
    for rows, ties in ((slice(50), material.ties), (slice(50, 80), material.unlabeled_ties)):
        np.testing.assert_allclose(ties.features, ridge.predict(matched[rows]), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(ties.proba.sum(axis=1), 1, rtol=1e-6)
    head = LogisticRegression(max_iter=1000).fit(placed, y[100:180])
    moved = head.predict_proba(material.ties.features) * np.bincount(y[:50]) / np.bincount(y[100:180])
    np.testing.assert_allclose(material.ties.proba, moved / moved.sum(axis=1, keepdims=True), atol=1e-3)


def test_linked_columns_of_sparse_tables(drawn, gather):
    X, T, _ = drawn
    material, _ = gather()
    sparse, _ = gather(X_teacher=csr_array(T[100:180]), X_unlabeled=csr_array(X[50:80]))
    np.testing.assert_allclose(sparse.unlabeled_ties.features, material.unlabeled_ties.features, rtol=1e-3, atol=1e-4)


def test_class_that_the_teacher_lacks_has_no_share(drawn, gather):
    _, _, y = drawn
    rows = 100 + np.flatnonzero(y[100:180] != 1)
    material, _ = gather(cohort=rows)
    assert material.teacher_classes.tolist() == [0, 2]
    for ties in (material.ties, material.unlabeled_ties, material.bridge_ties):
        assert (ties.proba[:, 1] == 0).all()
        np.testing.assert_allclose(ties.proba.sum(axis=1), 1, rtol=1e-6)


def test_class_that_only_the_teacher_has_is_left_out(drawn, gather):
    _, _, y = drawn
    material, _ = gather(classes=np.array([0, 2]), rows=np.flatnonzero(y[:50] != 1))
    assert material.bridge_ties.proba.shape == (20, 2)
    assert set(material.alignment.cohort.codes) == {0, 1}
    assert len(material.alignment.cohort.codes) == (y[100:180] != 1).sum()


def test_shuffled_teacher_keeps_everything_but_the_link(gather):
    material, _ = gather()
    shuffled = material.with_shuffled_teacher(np.random.RandomState(0))
    for name in ("row_targets", "unlabeled_row_targets", "bridge_row_targets"):
        before, after = getattr(material, name), getattr(shuffled, name)
        pairs = [np.column_stack([ties.proba, ties.features]) for ties in (before, after)]
        assert (pairs[0] != pairs[1]).any()
        np.testing.assert_array_equal(*(rows[np.lexsort(rows.T)] for rows in pairs))
    before, after = material.alignment.cohort, shuffled.alignment.cohort
    np.testing.assert_array_equal(after.features, before.features)
    np.testing.assert_array_equal(np.sort(after.codes), np.sort(before.codes))
    assert (after.codes != before.codes).any()
    np.testing.assert_array_equal(shuffled.y, material.y)
    alone = Material(material.X, material.y, CLASSES, 0.5, 1.0)
    assert alone.with_shuffled_teacher(np.random.RandomState(0)) == alone


# Lessons


@pytest.mark.parametrize(
    ("candidate", "n_further", "n_taught"),
    [
        (LABELS_ONLY, 0, 0),
        (Candidate("none", True), 50, 100),
        (Candidate("self_training", False), 0, 0),
        (Candidate("self_training", True), 50, 100),
        (Candidate("prototypes", False), 30, 0),
        (Candidate("feature", True), 50, 100),
    ],
)
def test_rows_of_a_training_data(gather, candidate, n_further, n_taught):
    """Unlabelled rows where a cohort or a tie speaks of them, the bridge where it is asked for."""
    lesson = gather()[0].lesson(candidate)
    assert (0 if lesson.X_unlabeled is None else len(lesson.X_unlabeled)) == len(lesson.unlabeled_opinion) == n_further
    opinions = np.concatenate([lesson.opinion, lesson.unlabeled_opinion])
    assert (~np.isnan(opinions).any(axis=1)).sum() == n_taught
    assert (lesson.alignment is not None) == candidate.uses_cohort
    if candidate.uses_cohort:
        assert lesson.alignment.name == candidate.alignment


def test_soft_targets_stay_beside_their_rows(drawn, gather):
    X, _, _ = drawn
    material, _ = gather()
    lesson = material.lesson(Candidate("feature", True))
    np.testing.assert_array_equal(lesson.X_unlabeled, np.concatenate([X[80:100], X[50:80]]))
    for name, found in (("proba", lesson.unlabeled_opinion), ("features", lesson.unlabeled_anchors)):
        expected = [getattr(ties, name) for ties in (material.bridge_ties, material.unlabeled_ties)]
        np.testing.assert_array_equal(found, np.concatenate(expected))
    np.testing.assert_array_equal(lesson.anchors, material.ties.features)


def test_bridge_alone_leaves_other_rows_without_a_soft_target(gather):
    material, _ = gather(linked_indices=None)
    assert material.is_tied
    assert len(material.lesson(Candidate("none", True)).unlabeled_opinion) == 20
    lesson = material.lesson(Candidate("feature", True))
    assert np.isnan(lesson.opinion).all()
    assert lesson.anchors is None
    known = ~np.isnan(lesson.unlabeled_anchors).any(axis=1)
    assert known.tolist() == [True] * 20 + [False] * 30


# Candidates


def test_candidates(gather):
    whole = gather()[0]
    untied = gather(linked_indices=None, X_bridge=None, X_teacher_bridge=None)[0]
    bare = replace(untied, X_unlabeled=None)
    alone = Material(whole.X, whole.y, CLASSES, 0.5, 1.0)
    none, tied = LABELS_ONLY, Candidate("none", True)
    prototypes, tied_prototypes = Candidate("prototypes", False), Candidate("prototypes", True)
    guess, tied_guess = Candidate("self_training", False), Candidate("self_training", True)
    pipeline = make_pipeline(StandardScaler(), NETWORK)
    for student, material, expected in (
        (NETWORK, whole, [none, prototypes, tied, tied_prototypes, tied_guess]),
        (pipeline, untied, [none, prototypes, guess]),
        (NETWORK, bare, [none, prototypes]),
        (LOGISTIC, whole, [none, tied, tied_guess]),
        (LOGISTIC, untied, [none, guess]),
        (LOGISTIC, bare, [none]),
        (NETWORK, alone, [none]),
    ):
        assert list_candidates(student, material) == expected


@pytest.mark.parametrize("student", [LOGISTIC, NETWORK, make_pipeline(StandardScaler(), LOGISTIC)])
@pytest.mark.parametrize("rows", [None, np.arange(0, 50, 2)])
def test_labels_alone_are_the_students_own_fit(gather, student, rows):
    material, _ = gather()
    found = fit_candidate(clone(student), material, LABELS_ONLY, rows)
    kept = slice(None) if rows is None else rows
    alone = clone(student).fit(material.X[kept], material.y[kept])
    np.testing.assert_array_equal(found.predict_proba(material.X), alone.predict_proba(material.X))


@pytest.mark.parametrize("student", [LOGISTIC, NETWORK])
@pytest.mark.parametrize("alpha", ["auto", 0.3])
def test_bridge_is_taught_as_pairs_are(drawn, gather, student, alpha):
    """With alpha="auto" each of the 50 labelled and 20 tied rows speaks as loudly."""
    X, T, y = drawn
    material, teacher = gather(linked_indices=None)
    found = fit_candidate(clone(student), replace(material, alpha=alpha), Candidate("none", True))
    moved = teacher.predict_proba(T[80:100]) * np.bincount(y[:50]) / np.bincount(y[100:180])
    proba = moved / moved.sum(axis=1, keepdims=True)
    lesson = Lesson(X[:50], y[:50], np.full((50, 3), np.nan), X[80:100], proba, CLASSES)
    direct = fit_student(clone(student), lesson, 20 / 70 if alpha == "auto" else alpha, 1.0)
    np.testing.assert_allclose(found.predict_proba(X), direct.predict_proba(X), atol=1e-5)


def test_rows_speak_alike(drawn, gather):
    """Soft targets at alpha="auto" are one weighted fit: weight 1 for a label, q_k for each class of a tied row."""
    X, _, y = drawn
    material, _ = gather(linked_indices=None)
    exact = LogisticRegression(tol=1e-10, max_iter=5000)
    found = fit_candidate(clone(exact), material, Candidate("none", True))
    weight = np.concatenate([np.ones(50), material.bridge_ties.proba.ravel()])
    rows = np.concatenate([X[:50], np.repeat(X[80:100], 3, axis=0)])
    direct = clone(exact).fit(rows, np.concatenate([y[:50], np.tile(CLASSES, 20)]), sample_weight=weight)
    np.testing.assert_allclose(found.predict_proba(X), direct.predict_proba(X), atol=1e-5)


def reenact_self_training(student, X, y, U):
    """Guesses of a first fit that are sure enough join as labels, each row with weight one."""
    guess = clone(student).fit(X, y)
    proba = guess.predict_proba(U)
    sure = proba.max(axis=1) >= CONFIDENT
    labels = guess.classes_[proba.argmax(axis=1)][sure]
    m = int(sure.sum())
    return clone(student).fit(np.concatenate([X, U[sure]]), np.concatenate([y, labels])), m


def test_self_training_re_enacted(drawn, gather):
    X, _, y = drawn
    exact = LogisticRegression(tol=1e-10, max_iter=5000)
    material, _ = gather(linked_indices=None, X_bridge=None, X_teacher_bridge=None)
    found = fit_candidate(clone(exact), material, Candidate("self_training", False))
    expected, n_sure = reenact_self_training(exact, X[:50], y[:50], X[50:80])
    assert 0 < n_sure < 30
    np.testing.assert_allclose(found.predict_proba(X), expected.predict_proba(X), atol=1e-5)


def test_self_training_predictions_as_scikit_learn_does(drawn, gather):
    """One round of SelfTrainingClassifier labels the same rows; its fit gives each of them weight one, too."""
    X, _, y = drawn
    sklearns = SelfTrainingClassifier(LOGISTIC, threshold=CONFIDENT, max_iter=1)
    sklearns.fit(X[:80], np.concatenate([y[:50], np.full(30, -1)]))
    _, n_sure = reenact_self_training(LOGISTIC, X[:50], y[:50], X[50:80])
    assert (sklearns.labeled_iter_ == 1).sum() == n_sure


def test_self_training_without_a_sure_pseudo_label_is_the_student_alone(gather):
    material, _ = gather(linked_indices=None, X_bridge=None, X_teacher_bridge=None)
    unsure = LogisticRegression(C=1e-6)
    found = fit_candidate(clone(unsure), material, Candidate("self_training", False))
    np.testing.assert_array_equal(found.coef_, clone(unsure).fit(material.X, material.y).coef_)


def test_self_training_on_a_fold_that_lacks_a_class(gather):
    material, _ = gather()
    rows = np.flatnonzero(material.y != 1)
    for student in (LOGISTIC, NETWORK):
        found = fit_candidate(clone(student), material, Candidate("self_training", True), rows)
        assert found.classes_.tolist() == [0, 2]


def test_tables_with_names_stay_tables(drawn, gather):
    X, _, _ = drawn
    names = list("abcde")
    material, _ = gather()
    frames = {name: pd.DataFrame(getattr(material, name), columns=names) for name in ("X", "X_unlabeled", "X_bridge")}
    for candidate in (Candidate("self_training", True), Candidate("prototypes", True)):
        found = fit_candidate(clone(NETWORK), replace(material, **frames), candidate)
        assert found.feature_names_in_.tolist() == names
        plain = fit_candidate(clone(NETWORK), material, candidate)
        np.testing.assert_allclose(found.predict_proba(frames["X"]), plain.predict_proba(X[:50]), rtol=1e-9)


def test_further_rows_of_a_group_are_left_out_with_their_ties(gather):
    material = gather()[0]
    side = SideData(unlabeled_groups=np.arange(50, 80) // 10, bridge_groups=np.full(20, 3))
    grouped = material.with_groups(np.arange(50) // 10, side)
    assert material.with_groups(None, side) is material
    assert material.without_groups(np.array([0])).X_bridge is material.X_bridge
    # Groups 5, 6 and 7 hold further rows, and group 3 labelled rows and the whole bridge.
    some = grouped.without_groups(grouped.groups[[35]])
    assert some.X_bridge is None
    assert some.bridge_ties is None
    np.testing.assert_array_equal(some.X_unlabeled, material.X_unlabeled)
    fewer = grouped.without_groups(grouped.unlabeled_groups[[12]])
    kept = np.r_[0:10, 20:30]
    np.testing.assert_array_equal(fewer.X_unlabeled, material.X_unlabeled[kept])
    np.testing.assert_array_equal(fewer.unlabeled_ties.features, material.unlabeled_ties.features[kept])
    np.testing.assert_array_equal(fewer.unlabeled_ties.proba, material.unlabeled_ties.proba[kept])
    lesson = grouped.lesson(Candidate("prototypes", True))
    assert len(lesson.unlabeled_groups) == len(lesson.X_unlabeled) == 50
    assert set(lesson.unlabeled_groups[:20]) == {grouped.groups[35]}


@pytest.mark.parametrize("alignment", ["none", "self_training", "prototypes"])
def test_networks_hold_out_groups_among_further_rows(gather, monkeypatch, alignment):
    """Each training sees the groups of all of its rows, those without a label too."""
    seen = []

    def spy(*args):
        seen.append((args[1], args[4]))
        return early_stopping_mask(*args)

    monkeypatch.setattr("skcmkd.networks._fit.early_stopping_mask", spy)
    groups = np.arange(50) // 5
    side = SideData(unlabeled_groups=np.arange(30) // 5)
    fit_candidate(clone(NETWORK), gather(linked_indices=None)[0].with_groups(groups, side), Candidate(alignment, True))
    # Of ten groups are the labelled rows and some without a label; the bridge's twenty are groups of their own.
    assert seen[0][0] == (100 if alignment == "prototypes" else 70)
    assert len(seen) == (2 if alignment == "self_training" else 1)
    assert all(len(given) == n and len(set(given)) == 10 + 20 for n, given in seen)
