import numpy as np
import pytest
from skcmkd.paired._pairs import Pairs
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skcmkd._distillation._objectives import resolve_objective
from skcmkd._distillation._representations import teacher_representation
from skcmkd._distillation._teacher_features import oof_features
from skcmkd._model_selection._folds import stratified_folds
from skcmkd.paired import _soft_targets as _opinions
from skcmkd.paired._alpha import try_weights
from skcmkd.paired._soft_targets import N_JUDGES, Opinions, confidence
from skcmkd.paired._teachers import learn_weights
from tests.opinion_problems import TARGET, form, make_pairs, side


@pytest.fixture
def pairs():
    return make_pairs()


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
    for lesson in (opinions.lesson(), *(opinions.lesson_without(fold) for fold in opinions.judges)):
        known = ~np.isnan(lesson.opinion[:, 1])
        assert (lesson.opinion[known, 1] == 0).all()


def test_no_target_has_seen_the_rows_that_validation_fold_it(pairs):
    """The teachers behind a judged lesson were fitted without the judging fold."""
    opinions = form(Witness(), pairs)
    for judge in opinions.judges:
        judging = pairs.X_teacher[(opinions.fold_ids == judge) & pairs.has_teacher]
        for fold in range(4):
            if fold != judge:
                opinion = opinions._formed[0, tuple(sorted((fold, judge)))]
                assert (opinion.opinion[:, 1] == 0).all()
                rows = pairs.X_teacher[opinion.rows]
                assert {row.tobytes() for row in judging} <= {row.tobytes() for row in rows}


def test_targets_of_a_memorising_teacher_are_not_the_labels(pairs):
    """One nearest neighbour returns the label of any row it has seen; its targets must differ from the labels."""
    rng = np.random.RandomState(1)
    pairs.X_teacher = rng.normal(size=(40, 3))
    pairs.has_teacher[:] = True
    neighbour = KNeighborsClassifier(1)
    assert clone(neighbour).fit(pairs.X_teacher, pairs.y).score(pairs.X_teacher, pairs.y) == 1.0
    proba = form(neighbour, pairs).lesson().opinion
    assert (proba.argmax(axis=1) == pairs.y).mean() < 0.75


def test_training_data_is_the_refitted_teacher_out_of_fold(pairs):
    opinions = form(LogisticRegression(), pairs)
    lesson = opinions.lesson()
    assert np.isnan(lesson.opinion[:5]).all()
    for fold in range(4):
        train = pairs.has_teacher & (opinions.fold_ids != fold)
        rows = pairs.has_teacher & (opinions.fold_ids == fold)
        direct = LogisticRegression().fit(pairs.X_teacher[train], pairs.y[train])
        np.testing.assert_allclose(lesson.opinion[rows], direct.predict_proba(pairs.X_teacher[rows]))
    whole = LogisticRegression().fit(pairs.X_teacher[pairs.has_teacher], pairs.y[pairs.has_teacher])
    np.testing.assert_allclose(lesson.unlabeled_opinion, whole.predict_proba(pairs.X_teacher_unlabeled))
    np.testing.assert_allclose(opinions.teachers[0].coef_, whole.coef_)


def test_validated_training_data_is_the_teacher_without_two_folds(pairs):
    opinions = form(LogisticRegression(), pairs)
    lesson = opinions.lesson_without(1)
    kept = np.flatnonzero(opinions.fold_ids != 1)
    np.testing.assert_array_equal(lesson.X, pairs.X[kept])
    train = pairs.has_teacher & ~np.isin(opinions.fold_ids, [0, 1])
    direct = LogisticRegression().fit(pairs.X_teacher[train], pairs.y[train])
    rows = (opinions.fold_ids[kept] == 0) & pairs.has_teacher[kept]
    np.testing.assert_allclose(lesson.opinion[rows], direct.predict_proba(pairs.X_teacher[kept][rows]))
    train = pairs.has_teacher & (opinions.fold_ids != 1)
    direct = LogisticRegression().fit(pairs.X_teacher[train], pairs.y[train])
    np.testing.assert_allclose(lesson.unlabeled_opinion, direct.predict_proba(pairs.X_teacher_unlabeled))


def test_two_folds_are_too_few_to_choose_the_weight(pairs):
    with pytest.raises(ValueError, match=r"alpha='auto' and calibrate=True need at least 3 folds.*cv gives 2"):
        Opinions(
            TARGET,
            pairs,
            [side(LogisticRegression(), pairs)],
            stratified_folds(pairs.y, 2),
            weigh=None,
            judged=True,
            n_jobs=None,
            verbose=False,
        )


def test_several_teachers_are_pooled_where_they_were_measured(pairs):
    measured = [pairs.has_teacher, np.arange(40) % 3 > 0]
    sides = [side(LogisticRegression(), pairs, [place], measured[place]) for place in range(2)]
    opinions = form(None, pairs, sides, weigh=lambda *_: np.array([0.2, 0.8]))
    alone = [form(None, pairs, [one]).lesson() for one in sides]
    lesson = opinions.lesson()
    both = measured[0] & measured[1]
    expected = np.where(measured[0][:, None], alone[0].opinion, alone[1].opinion)
    expected[both] = (0.2 * alone[0].opinion + 0.8 * alone[1].opinion)[both]
    np.testing.assert_allclose(lesson.opinion, expected)
    unlabeled = 0.2 * alone[0].unlabeled_opinion + 0.8 * alone[1].unlabeled_opinion
    np.testing.assert_allclose(lesson.unlabeled_opinion, unlabeled)


def test_weights_of_teachers_have_not_seen_the_validation_fold(pairs):
    """What is learned without a fold is the same whatever the labels there are."""
    sides = [side(LogisticRegression(), pairs, [place]) for place in range(3)]
    learned = []
    for flip in (False, True):
        judged = stratified_folds(pairs.y, 4) == 1
        changed = Pairs(**{**vars(pairs), "y": np.where(judged & flip, 1 - pairs.y, pairs.y)})
        fold_of = np.where(judged, 1, np.array([0, 2, 3])[np.arange(40) % 3])
        opinions = Opinions(
            TARGET,
            changed,
            sides,
            fold_of,
            weigh=lambda given, _, y, weight: learn_weights(given, y, TARGET, weight),
            judged=True,
            n_jobs=None,
            verbose=False,
        )
        learned.append((opinions._weights((1,)), opinions.weights()))
    np.testing.assert_array_equal(learned[0][0], learned[1][0])
    assert not np.allclose(learned[0][1], learned[1][1])


def test_rows_without_the_students_modality_teach_the_teacher_alone(pairs):
    pairs.has_student = np.arange(40) % 4 != 3
    opinions = form(LogisticRegression(), pairs)
    lesson = opinions.lesson()
    np.testing.assert_array_equal(lesson.X, pairs.X[pairs.has_student])
    whole = LogisticRegression().fit(pairs.X_teacher[pairs.has_teacher], pairs.y[pairs.has_teacher])
    np.testing.assert_allclose(opinions.teachers[0].coef_, whole.coef_)
    trial = try_weights(LogisticRegression(), opinions, (0.0, 0.5), 1.0, n_jobs=None, verbose=False)
    np.testing.assert_array_equal(trial.rows, np.flatnonzero(pairs.has_student & (opinions.fold_ids < N_JUDGES)))
    assert trial.losses.shape == (len(trial.rows), 2)


def test_one_fold_of_many_rows_validation_folds_alone(pairs, monkeypatch):
    monkeypatch.setattr(_opinions, "ENOUGH_TO_JUDGE", 10)
    opinions = form(LogisticRegression(), pairs)
    assert list(opinions.judges) == [0]
    assert {out for _, out in opinions._formed} == {(), (0,), (1,), (2,), (3,), (0, 1), (0, 2), (0, 3)}
    # Rows of no weight judge nothing, and of patients not the samples count.
    pairs.sample_weight = np.where(np.arange(40) < 20, 0.0, 1.0)
    assert list(form(LogisticRegression(), pairs).judges) == [0, 1]
    pairs.sample_weight = None
    pairs.groups = np.arange(40) // 2
    assert list(form(LogisticRegression(), pairs).judges) == [0, 1]


def with_groups_beyond_the_labels(pairs):
    """Three labelled rows a patient; the first five pairs without a label repeat rows of patients 0 to 4."""
    pairs.has_teacher[:] = True
    pairs.groups = np.arange(40) // 3
    pairs.X_teacher_unlabeled[:5] = pairs.X_teacher[3 * np.arange(5)]
    pairs.unlabeled_groups = np.array([0, 1, 2, 3, 4, 98, 99])
    return pairs


def form_by_patient(teacher, pairs, **changed):
    settings = {"weigh": None, "judged": True, "n_jobs": None, "verbose": False} | changed
    return Opinions(TARGET, pairs, [side(teacher, pairs)], pairs.groups % 4, **settings)


def test_pairs_of_a_labeled_patient_are_taught_by_who_has_not_seen_it(pairs):
    pairs = with_groups_beyond_the_labels(pairs)
    opinions = form_by_patient(Witness(), pairs)
    lesson = opinions.lesson()
    assert lesson.unlabeled_groups.tolist() == [0, 1, 2, 3, 4, 98, 99]
    assert (lesson.unlabeled_opinion[:, 1] == 0).all()
    pairs.unlabeled_groups = None
    assert (form_by_patient(Witness(), pairs).lesson().unlabeled_opinion[:5, 1] == 1).all()


def test_pairs_of_a_validation_patient_teach_nothing(pairs):
    pairs = with_groups_beyond_the_labels(pairs)
    opinions = form_by_patient(LogisticRegression(), pairs)
    lesson = opinions.lesson_without(0)
    assert lesson.unlabeled_groups.tolist() == [1, 2, 3, 98, 99]
    np.testing.assert_array_equal(lesson.X_unlabeled, pairs.X_unlabeled[[1, 2, 3, 5, 6]])
    fold_of = pairs.groups % 4
    for row, out in zip(range(5), ([0, 1], [0, 2], [0, 3], [0], [0]), strict=True):
        train = ~np.isin(fold_of, out)
        direct = LogisticRegression().fit(pairs.X_teacher[train], pairs.y[train])
        own = pairs.X_teacher_unlabeled[[1, 2, 3, 5, 6]][[row]]
        np.testing.assert_allclose(lesson.unlabeled_opinion[[row]], direct.predict_proba(own))


def test_features_of_pairs_of_a_labeled_patient_are_from_who_has_not_seen_it(pairs):
    pairs = with_groups_beyond_the_labels(pairs)
    opinions = form_by_patient(LogisticRegression(), pairs, objective=resolve_objective("hints"))
    fold_of = pairs.groups % 4
    whole = LogisticRegression().fit(pairs.X_teacher, pairs.y)
    raw = np.full((47, 2), np.nan)
    for fold in range(4):
        seen, rows = pairs.X_teacher[fold_of != fold], np.flatnonzero(fold_of == fold)
        own = LogisticRegression().fit(seen, pairs.y[fold_of != fold])
        further = np.flatnonzero(np.array([0, 1, 2, 3, 0, 9, 9]) == fold)
        raw[rows] = oof_features(own, whole, seen, pairs.X_teacher[rows], "decision_function")
        raw[40 + further] = oof_features(own, whole, seen, pairs.X_teacher_unlabeled[further], "decision_function")
    raw[45:] = teacher_representation(whole, pairs.X_teacher_unlabeled[5:], "decision_function")
    lesson = opinions.lesson()
    found = np.concatenate([lesson.features, lesson.unlabeled_features])
    np.testing.assert_allclose(found, (raw - raw.mean(axis=0)) / raw.std(axis=0), rtol=1e-4)
    assert len(opinions.lesson_without(0).unlabeled_features) == 5


def test_confidence_is_one_on_average_and_zero_for_knowing_nothing():
    proba = np.array([[0.5, 0.5], [1.0, 0.0], [0.9, 0.1]])
    sure = np.log(2) - np.array([np.log(2), 0, -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))])
    np.testing.assert_allclose(confidence(proba), sure / sure.mean())
    np.testing.assert_array_equal(confidence(np.full((3, 4), 0.25)), np.ones(3))


def test_teachers_are_fitted_for_the_validation_folds_alone(pairs):
    opinions = form(LogisticRegression(), pairs)
    left_out = {out for _, out in opinions._formed}
    assert left_out == {(), (0,), (1,), (2,), (3,), (0, 1), (0, 2), (0, 3), (1, 2), (1, 3)}
    plain = form(LogisticRegression(), pairs, judged=False)
    assert {out for _, out in plain._formed} == {(), (0,), (1,), (2,), (3,)}
