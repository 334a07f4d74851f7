from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skcmkd._distillation._representations import teacher_representation
from skcmkd._distillation._student_loss import StudentLoss
from skcmkd._distillation._teacher_features import oof_features
from skcmkd._model_selection._folds import stratified_folds
from skcmkd._model_selection._stacking import fit_log_linear_stack, log_linear_pool
from skcmkd.paired import _cross_fitted_teachers
from skcmkd.paired._alpha import cross_validate_alpha
from skcmkd.paired._cross_fitted_teachers import N_VAL_FOLDS
from skcmkd.paired._pooling import AveragePool, StackedPool, learned_weights
from skcmkd.paired._teachers import STUDENT, TeacherInputs

from .cross_fitting_problems import TARGET, cross_fit, make_data, make_teacher


@pytest.fixture
def data():
    return make_data()


class RowMemory(ClassifierMixin, BaseEstimator):
    """Predicts class 1 for a row that it was fitted to, class 0 for any other; counts its fits."""

    fits = []  # noqa: RUF012 - clones share it on purpose

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.rows_ = {row.tobytes() for row in np.asarray(X)}
        self.fits.append(self.rows_)
        return self

    def predict_proba(self, X):
        is_known = np.array([row.tobytes() in self.rows_ for row in np.asarray(X)], dtype=float)
        return np.column_stack([1 - is_known, is_known])


def test_no_teacher_is_fitted_to_the_rows_that_it_predicts(data):
    teachers = cross_fit(RowMemory(), data)
    for exclude in ((), *((fold,) for fold in teachers.val_folds_)):
        training_data = teachers.training_data(exclude)
        known = training_data.has_soft_target
        assert known.any()
        assert (training_data.soft_targets[known, 1] == 0).all()


@pytest.mark.parametrize("fold", [0, 1])
def test_soft_targets_do_not_depend_on_the_validation_fold(data, fold):
    """Other labels and other values of the teacher in that fold change all of them but those without the fold."""
    fold_ids = stratified_folds(data.y, 4)
    held_out = fold_ids == fold
    y = np.where(held_out, 1 - data.y, data.y)
    changed = replace(data, y=y, X_teacher=np.where(held_out[:, None], -data.X_teacher, data.X_teacher))
    before, after = (cross_fit(LogisticRegression(), each, fold_ids=fold_ids) for each in (data, changed))
    np.testing.assert_array_equal(before.training_data((fold,)).soft_targets, after.training_data((fold,)).soft_targets)
    np.testing.assert_array_equal(before.training_data((fold,)).X, after.training_data((fold,)).X)
    assert (before.training_data().soft_targets[5:] != after.training_data().soft_targets[5:]).all()


def test_soft_targets_of_a_memorizing_teacher_are_not_the_labels(data):
    """One nearest neighbor returns the label of any row that it is fitted to; its soft targets are others."""
    data = replace(data, X_teacher=np.random.RandomState(1).normal(size=(40, 3)))
    memorizing = KNeighborsClassifier(1)
    assert clone(memorizing).fit(data.X_teacher, data.y).score(data.X_teacher, data.y) == 1.0
    proba = cross_fit(memorizing, data).soft_targets()
    assert (proba.argmax(axis=1) == data.y).mean() < 0.75


def test_training_data_has_the_refitted_teacher_out_of_fold(data):
    teachers = cross_fit(LogisticRegression(), data)
    training_data = teachers.training_data()
    np.testing.assert_array_equal(training_data.X, np.concatenate([data.X, data.X_unlabeled]))
    np.testing.assert_array_equal(training_data.labeled, np.arange(47) < 40)
    np.testing.assert_array_equal(training_data.y[:40], data.y)
    soft_targets = training_data.soft_targets
    assert np.isnan(soft_targets[:5]).all()
    has_teacher = np.arange(40) >= 5
    for fold in range(4):
        train, rows = has_teacher & (teachers.fold_ids_ != fold), has_teacher & (teachers.fold_ids_ == fold)
        direct = LogisticRegression().fit(data.X_teacher[train], data.y[train])
        np.testing.assert_allclose(soft_targets[:40][rows], direct.predict_proba(data.X_teacher[rows]))
    whole = LogisticRegression().fit(data.X_teacher[5:], data.y[5:])
    np.testing.assert_allclose(soft_targets[40:], whole.predict_proba(data.X_teacher_unlabeled))
    np.testing.assert_allclose(teachers.models_[0].coef_, whole.coef_)


def test_validation_training_data_has_the_teacher_without_two_folds(data):
    teachers = cross_fit(LogisticRegression(), data)
    training_data = teachers.training_data((1,))
    kept = np.flatnonzero(teachers.fold_ids_ != 1)
    np.testing.assert_array_equal(training_data.X, np.concatenate([data.X[kept], data.X_unlabeled]))
    has_teacher = np.arange(40) >= 5
    train = has_teacher & ~np.isin(teachers.fold_ids_, [0, 1])
    direct = LogisticRegression().fit(data.X_teacher[train], data.y[train])
    rows = (teachers.fold_ids_[kept] == 0) & has_teacher[kept]
    expected = direct.predict_proba(data.X_teacher[kept][rows])
    np.testing.assert_allclose(training_data.soft_targets[: len(kept)][rows], expected)
    train = has_teacher & (teachers.fold_ids_ != 1)
    direct = LogisticRegression().fit(data.X_teacher[train], data.y[train])
    np.testing.assert_allclose(training_data.soft_targets[len(kept) :], direct.predict_proba(data.X_teacher_unlabeled))


def test_two_folds_are_too_few_for_validation(data):
    with pytest.raises(ValueError, match=r"alpha='auto' and calibrate=True need at least 3 folds.*cv gives 2"):
        cross_fit(LogisticRegression(), data, fold_ids=stratified_folds(data.y, 2))


def test_without_teachers_there_are_labels_alone(data):
    teachers = cross_fit(None, data, [])
    training_data = teachers.training_data((0,))
    np.testing.assert_array_equal(training_data.X, data.X[teachers.fold_ids_ != 0])
    assert not training_data.has_soft_target.any()
    assert training_data.labeled.all()


def test_several_teachers_are_pooled_where_they_are_observed(data):
    observed = [np.arange(40) >= 5, np.arange(40) % 3 > 0]
    each = [make_teacher(LogisticRegression(), make_data(), [column], observed[column]) for column in range(2)]
    each[1] = replace(each[1], X=np.nan_to_num(each[1].X))
    pooled = (
        cross_fit(None, data, each, pooling=lambda *_: AveragePool(np.array([0.2, 0.8]))).training_data().soft_targets
    )
    alone = [cross_fit(None, data, [one]).training_data().soft_targets for one in each]
    both = np.append(observed[0] & observed[1], np.ones(7, dtype=bool))
    expected = np.where(np.append(observed[0], np.ones(7, dtype=bool))[:, None], alone[0], alone[1])
    expected[both] = (0.2 * alone[0] + 0.8 * alone[1])[both]
    np.testing.assert_allclose(pooled, expected)


def test_learned_weights_do_not_depend_on_the_validation_fold(data):
    """The weights without a fold are the same whatever the labels of the fold."""
    held_out = stratified_folds(data.y, 4) == 1
    fold_ids = np.where(held_out, 1, np.array([0, 2, 3])[np.arange(40) % 3])
    weights = []
    for y in (data.y, np.where(held_out, 1 - data.y, data.y)):
        changed = replace(data, y=y)
        teachers = cross_fit(
            None,
            changed,
            [make_teacher(LogisticRegression(), changed, [column]) for column in range(3)],
            fold_ids=fold_ids,
            pooling=lambda predictions, y, weight: AveragePool(learned_weights(predictions, y, TARGET, weight)),
        )
        weights.append((teachers.pool((1,)).weights, teachers.pool().weights))
    np.testing.assert_array_equal(weights[0][0], weights[1][0])
    assert not np.allclose(weights[0][1], weights[1][1])


def stack(predictions, y, sample_weight):
    return StackedPool(TARGET, 1, predictions, y, sample_weight)


def own_member(data):
    """The student's own model, fitted before: what it predicts depends on no label."""
    model = FrozenEstimator(LogisticRegression().fit(data.X[:20], data.y[:20]))
    return TeacherInputs(STUDENT, model, data.X, data.has_student, data.X_unlabeled, np.ones(7, dtype=bool))


def test_weights_of_a_stacked_pool_do_not_depend_on_the_rows_that_they_serve(data):
    """With fitted members the soft targets of a fold, and the weights that make them, ignore its labels."""
    fold_ids = np.arange(40) % 4
    fitted = FrozenEstimator(LogisticRegression().fit(data.X_teacher[5:20], data.y[5:20]))
    teachers = [
        cross_fit(
            None,
            changed,
            [make_teacher(fitted, changed)],
            fold_ids=fold_ids,
            pooling=stack,
            own_model=own_member(data),
        )
        for changed in (data, replace(data, y=np.where(fold_ids == 1, 1 - data.y, data.y)))
    ]
    before, after = (each.soft_targets() for each in teachers)
    known = ~np.isnan(before[:, 0])
    np.testing.assert_array_equal(before[known & (fold_ids == 1)], after[known & (fold_ids == 1)])
    assert (before[known & (fold_ids != 1)] != after[known & (fold_ids != 1)]).all()
    # For a student that is validated on the fold no soft target depends on it.
    before, after = (each.training_data((1,)).soft_targets for each in teachers)
    np.testing.assert_array_equal(before, after)


def test_soft_targets_are_the_stacked_pool_of_out_of_fold_probabilities(data):
    own = TeacherInputs(
        STUDENT, LogisticRegression(), data.X, data.has_student, data.X_unlabeled, np.ones(7, dtype=bool)
    )
    teachers = cross_fit(None, data, [make_teacher(LogisticRegression(), data)], pooling=stack, own_model=own)
    has_teacher, fold_ids = np.arange(40) >= 5, teachers.fold_ids_
    q_T, q_S = np.full((40, 2), np.nan), np.empty((40, 2))
    for fold in range(4):
        train, rows = fold_ids != fold, fold_ids == fold
        q_S[rows] = LogisticRegression().fit(data.X[train], data.y[train]).predict_proba(data.X[rows])
        train, rows = train & has_teacher, rows & has_teacher
        q_T[rows] = LogisticRegression().fit(data.X_teacher[train], data.y[train]).predict_proba(data.X_teacher[rows])
    soft_targets, center = teachers.training_data().soft_targets, np.array([0.0, 1.0])
    assert np.isnan(soft_targets[:5]).all()
    for fold in range(4):
        train, rows = (fold_ids != fold) & has_teacher, (fold_ids == fold) & has_teacher
        one_hot = np.eye(2)[data.y[train]]
        weights = fit_log_linear_stack(np.stack([q_T, q_S])[:, train], one_hot, np.ones(train.sum()), center)
        expected = log_linear_pool(np.stack([q_T, q_S])[:, rows], weights)
        np.testing.assert_allclose(soft_targets[:40][rows], expected, rtol=1e-5)
    members = np.stack([q_T, q_S])[:, has_teacher]
    weights = fit_log_linear_stack(members, np.eye(2)[data.y[has_teacher]], np.ones(35), center)
    assert teachers.named_weights() == pytest.approx(dict(zip(["", "student"], weights, strict=True)), rel=1e-5)
    whole = [LogisticRegression().fit(data.X_teacher[5:], data.y[5:]), LogisticRegression().fit(data.X, data.y)]
    proba = [whole[0].predict_proba(data.X_teacher_unlabeled), whole[1].predict_proba(data.X_unlabeled)]
    np.testing.assert_allclose(soft_targets[40:], log_linear_pool(np.stack(proba), weights), rtol=1e-5)


def test_labeled_rows_can_be_left_without_soft_targets(data):
    training_data = cross_fit(LogisticRegression(), data).training_data((0,), labeled_soft_targets=False)
    np.testing.assert_array_equal(training_data.has_soft_target, ~training_data.labeled)


def test_rows_without_the_students_modality_are_used_by_the_teacher_alone(data):
    data = replace(data, has_student=np.arange(40) % 4 != 3)
    teachers = cross_fit(LogisticRegression(), data)
    np.testing.assert_array_equal(teachers.training_data().labeled_rows().X, data.X[data.has_student])
    whole = LogisticRegression().fit(data.X_teacher[5:], data.y[5:])
    np.testing.assert_allclose(teachers.models_[0].coef_, whole.coef_)


def test_students_are_validated_on_rows_of_their_modality(data):
    data = replace(data, has_student=np.arange(40) % 4 != 3)
    teachers = cross_fit(LogisticRegression(), data)
    scores = cross_validate_alpha(LogisticRegression(), teachers, (0.0, 0.5), StudentLoss(), n_jobs=None, verbose=False)
    expected = np.flatnonzero(data.has_student & (teachers.fold_ids_ < N_VAL_FOLDS))
    np.testing.assert_array_equal(scores.rows, expected)
    assert scores.losses.shape == (len(expected), 2)


def count_fits(data, **settings):
    RowMemory.fits.clear()
    cross_fit(RowMemory(), data, **settings)
    return len(RowMemory.fits)


def test_teachers_are_fitted_once_for_each_set_of_folds_that_is_needed(data, monkeypatch):
    """All rows and four folds; with validation each validation fold and another one."""
    assert count_fits(data, needs_validation=False) == 1 + 4
    assert count_fits(data) == 1 + 4 + 5
    assert len({frozenset(rows) for rows in RowMemory.fits}) == 10
    monkeypatch.setattr(_cross_fitted_teachers, "MIN_UNITS_FOR_ONE_VAL_FOLD", 10)
    assert count_fits(data) == 1 + 4 + 3


def test_one_fold_of_many_rows_or_groups_is_the_only_validation_fold(data, monkeypatch):
    monkeypatch.setattr(_cross_fitted_teachers, "MIN_UNITS_FOR_ONE_VAL_FOLD", 10)
    assert list(cross_fit(LogisticRegression(), data).val_folds_) == [0]
    # Rows of weight 0 are not scored, and rows of a group count once.
    weighted = replace(data, sample_weight=np.where(np.arange(40) < 20, 0.0, 1.0))
    assert list(cross_fit(LogisticRegression(), weighted).val_folds_) == [0, 1]
    grouped = replace(data, groups=np.arange(40) // 2)
    assert list(cross_fit(LogisticRegression(), grouped).val_folds_) == [0, 1]


# Unlabeled pairs of groups with labeled rows

PAIR_GROUPS = np.array([0, 1, 2, 3, 4, 98, 99])


@pytest.fixture
def grouped(data):
    """Three labeled rows a patient; the first five unlabeled pairs repeat rows of patients 0 to 4."""
    T = np.nan_to_num(data.X_teacher)
    T_unlabeled = data.X_teacher_unlabeled.copy()
    T_unlabeled[:5] = T[3 * np.arange(5)] = np.random.RandomState(1).normal(size=(5, 3))
    return replace(
        data, X_teacher=T, X_teacher_unlabeled=T_unlabeled, groups=np.arange(40) // 3, unlabeled_groups=PAIR_GROUPS
    )


def cross_fit_by_patient(model, data, **settings):
    return cross_fit(model, data, fold_ids=data.groups % 4, **settings)


def test_soft_targets_of_pairs_of_a_labeled_patient_are_out_of_fold(grouped):
    training_data = cross_fit_by_patient(RowMemory(), grouped).training_data()
    assert len(np.unique(training_data.groups)) == 16
    np.testing.assert_array_equal(training_data.groups[40:45], training_data.groups[3 * np.arange(5)])
    assert (training_data.soft_targets[40:, 1] == 0).all()
    ungrouped = replace(grouped, unlabeled_groups=None)
    assert (cross_fit_by_patient(RowMemory(), ungrouped).training_data().soft_targets[40:45, 1] == 1).all()


def test_pairs_of_a_validation_patient_are_left_out(grouped):
    training_data = cross_fit_by_patient(LogisticRegression(), grouped).training_data((0,))
    kept, pairs = ~training_data.labeled, [1, 2, 3, 5, 6]
    np.testing.assert_array_equal(training_data.X[kept], grouped.X_unlabeled[pairs])
    fold_ids = grouped.groups % 4
    for soft_target, pair, folds in zip(
        training_data.soft_targets[kept], pairs, ([0, 1], [0, 2], [0, 3], [0], [0]), strict=True
    ):
        train = ~np.isin(fold_ids, folds)
        direct = LogisticRegression().fit(grouped.X_teacher[train], grouped.y[train])
        np.testing.assert_allclose([soft_target], direct.predict_proba(grouped.X_teacher_unlabeled[[pair]]))


def test_features_of_pairs_of_a_labeled_patient_are_out_of_fold(grouped):
    teachers = cross_fit_by_patient(LogisticRegression(), grouped, needs_features=True)
    fold_ids = grouped.groups % 4
    whole = LogisticRegression().fit(grouped.X_teacher, grouped.y)
    raw = np.full((47, 2), np.nan)
    for fold in range(4):
        X_train, rows = grouped.X_teacher[fold_ids != fold], np.flatnonzero(fold_ids == fold)
        of_fold = LogisticRegression().fit(X_train, grouped.y[fold_ids != fold])
        pairs = np.flatnonzero(np.array([0, 1, 2, 3, 0, 9, 9]) == fold)
        raw[rows] = oof_features(of_fold, whole, X_train, grouped.X_teacher[rows], "decision_function")
        raw[40 + pairs] = oof_features(of_fold, whole, X_train, grouped.X_teacher_unlabeled[pairs], "decision_function")
    raw[45:] = teacher_representation(whole, grouped.X_teacher_unlabeled[5:], "decision_function")
    features = teachers.training_data().teacher_features
    np.testing.assert_allclose(features, (raw - raw.mean(axis=0)) / raw.std(axis=0), rtol=1e-4)
    without_fold = teachers.training_data((0,))
    assert len(without_fold.teacher_features) == len(without_fold.y) == (fold_ids != 0).sum() + 5
