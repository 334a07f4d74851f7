import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skcmkd._cross_fitting import stratified_folds
from skcmkd._pairs import Pairs
from skcmkd._teaching import ALPHAS, Opinions, choose_alpha


@pytest.fixture
def pairs():
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=40)
    X = rng.normal(size=(40, 2)) + y[:, None]
    T = rng.normal(size=(40, 3)) + 2 * y[:, None]
    measured = np.arange(40) >= 5
    return Pairs(X, y, T, measured, rng.normal(size=(7, 2)), rng.normal(size=(7, 3)), np.array([0, 1]))


def form(teacher, pairs, **changed):
    settings = {"leave_two_out": True, "n_jobs": None, "verbose": False}
    return Opinions(teacher, pairs, stratified_folds(pairs.y, 4), **{**settings, **changed})


class Witness(ClassifierMixin, BaseEstimator):
    """Says 1 for a row that it was fitted to, 0 for any other."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen_ = {row.tobytes() for row in np.asarray(X)}
        return self

    def predict_proba(self, X):
        seen = np.array([row.tobytes() in self.seen_ for row in np.asarray(X)], dtype=float)
        return np.column_stack([1 - seen, seen])


def test_no_teacher_has_seen_the_row(pairs):
    opinions = form(Witness(), pairs)
    for lesson in (opinions.lesson(), *(opinions.lesson_without(fold) for fold in range(4))):
        known = ~np.isnan(lesson.teacher_proba[:, 1])
        assert (lesson.teacher_proba[known, 1] == 0).all()


def test_no_target_has_seen_the_rows_that_judge_it(pairs):
    """The teachers behind a judged lesson were fitted without the judging fold."""
    opinions = form(Witness(), pairs)
    for judge in range(4):
        judging = pairs.X_teacher[(opinions.fold_of == judge) & pairs.measured]
        for fold in range(4):
            if fold != judge:
                opinion = opinions._without[tuple(sorted((fold, judge)))]
                assert (opinion.proba[:, 1] == 0).all()
                rows = pairs.X_teacher[opinion.rows]
                assert {row.tobytes() for row in judging} <= {row.tobytes() for row in rows}


def test_targets_of_a_memorising_teacher_are_not_the_labels(pairs):
    """One nearest neighbour returns the label of any row it has seen; its targets must differ from the labels."""
    rng = np.random.RandomState(1)
    pairs.X_teacher = rng.normal(size=(40, 3))
    pairs.measured[:] = True
    neighbour = KNeighborsClassifier(1)
    assert clone(neighbour).fit(pairs.X_teacher, pairs.y).score(pairs.X_teacher, pairs.y) == 1.0
    proba = form(neighbour, pairs).lesson().teacher_proba
    assert (proba.argmax(axis=1) == pairs.y).mean() < 0.75


def test_lesson_is_the_refitted_teacher_out_of_fold(pairs):
    opinions = form(LogisticRegression(), pairs)
    lesson = opinions.lesson()
    assert np.isnan(lesson.teacher_proba[:5]).all()
    for fold in range(4):
        train = pairs.measured & (opinions.fold_of != fold)
        rows = pairs.measured & (opinions.fold_of == fold)
        direct = LogisticRegression().fit(pairs.X_teacher[train], pairs.y[train])
        np.testing.assert_allclose(lesson.teacher_proba[rows], direct.predict_proba(pairs.X_teacher[rows]))
    whole = LogisticRegression().fit(pairs.X_teacher[pairs.measured], pairs.y[pairs.measured])
    np.testing.assert_allclose(lesson.unlabeled_proba, whole.predict_proba(pairs.X_teacher_unlabeled))
    np.testing.assert_allclose(opinions.teacher.coef_, whole.coef_)


def test_judged_lesson_is_the_teacher_without_two_folds(pairs):
    opinions = form(LogisticRegression(), pairs)
    lesson = opinions.lesson_without(2)
    kept = np.flatnonzero(opinions.fold_of != 2)
    np.testing.assert_array_equal(lesson.X, pairs.X[kept])
    train = pairs.measured & ~np.isin(opinions.fold_of, [0, 2])
    direct = LogisticRegression().fit(pairs.X_teacher[train], pairs.y[train])
    rows = (opinions.fold_of[kept] == 0) & pairs.measured[kept]
    np.testing.assert_allclose(lesson.teacher_proba[rows], direct.predict_proba(pairs.X_teacher[kept][rows]))
    train = pairs.measured & (opinions.fold_of != 2)
    direct = LogisticRegression().fit(pairs.X_teacher[train], pairs.y[train])
    np.testing.assert_allclose(lesson.unlabeled_proba, direct.predict_proba(pairs.X_teacher_unlabeled))


def test_scores_are_brier_scores_of_held_out_rows(pairs):
    opinions = form(LogisticRegression(), pairs)
    alpha, scores = choose_alpha(LogisticRegression(), opinions, 2.0, n_jobs=None, verbose=False)
    losses = np.empty(40)
    for fold in range(4):
        train, test = opinions.fold_of != fold, opinions.fold_of == fold
        proba = LogisticRegression().fit(pairs.X[train], pairs.y[train]).predict_proba(pairs.X[test])
        losses[test] = ((proba - np.eye(2)[pairs.y[test]]) ** 2).sum(axis=1)
    np.testing.assert_allclose(scores.loc[0.0, "brier"], losses.mean())
    assert scores.loc[0.0, "excess"] == 0
    assert alpha in ALPHAS
    assert tuple(scores.index) == ALPHAS


def test_a_harmful_teacher_is_given_no_weight(pairs):
    class Liar(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X)[:, ::-1]

    opinions = form(Liar(), pairs)
    assert choose_alpha(LogisticRegression(), opinions, 2.0, n_jobs=None, verbose=False)[0] == 0.0


def test_processes_change_nothing_but_time(pairs):
    results = []
    for n_jobs in (None, 2):
        opinions = form(LogisticRegression(), pairs, n_jobs=n_jobs)
        alpha, scores = choose_alpha(LogisticRegression(), opinions, 2.0, n_jobs=n_jobs, verbose=False)
        results.append((alpha, scores))
    assert results[0][0] == results[1][0]
    assert results[0][1].equals(results[1][1])


def test_two_folds_are_too_few_to_choose_the_weight(pairs):
    with pytest.raises(ValueError, match=r"alpha='auto' needs at least 3 folds.*cv gives 2"):
        Opinions(
            LogisticRegression(),
            pairs,
            stratified_folds(pairs.y, 2),
            leave_two_out=True,
            n_jobs=None,
            verbose=False,
        )
