from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd._linear_model._ridge import ALPHAS
from skcmkd._model_selection._folds import stratified_folds
from skcmkd.unpaired._class_priors import fit_class_offsets
from skcmkd.unpaired._input import UnpairedData
from skcmkd.unpaired._training import (
    BRIDGE_ROW,
    LABELED_ROW,
    LABELS_ONLY,
    UNLABELED_ROW,
    TrainingMode,
    auto_alpha,
)

from .unpaired_problems import LOGISTIC, draw_data, draw_samples, train, without_teacher

LABELED, BRIDGE, UNLABELED = slice(0, 50), slice(50, 70), slice(70, 100)


@pytest.fixture
def training():
    return train(draw_data())[0]


# Soft targets and features


def test_soft_targets_of_the_bridge_are_corrected_to_the_students_class_priors():
    """By Bayes: q_k exp(b_k) priors_k / source_priors_k, divided by the sum, with offsets b fitted out of fold."""
    _, T, y = draw_samples()
    training, teacher = train(draw_data())
    proba = cross_val_predict(
        LOGISTIC, T[100:180], y[100:180], cv=PredefinedSplit(stratified_folds(y[100:180], 2)), method="predict_proba"
    )
    adjusted = teacher.model.predict_proba(T[80:100]) * np.bincount(y[:50]) / 50 / (np.bincount(y[100:180]) / 80)
    adjusted *= np.exp(fit_class_offsets(proba, y[100:180]))
    expected = adjusted / adjusted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(training.data.soft_targets[BRIDGE], expected, rtol=1e-5)
    scores = teacher.model.decision_function(T[100:180])
    expected = (teacher.model.decision_function(T[80:100]) - scores.mean(axis=0)) / np.sqrt(scores.var(axis=0).mean())
    np.testing.assert_allclose(training.data.teacher_features[BRIDGE], expected, rtol=1e-4, atol=1e-5)


def test_corrected_soft_targets_are_the_posterior_in_the_students_population():
    """Two classes, normal columns: Bayes' rule with either prior is known exactly."""

    class Bayes(LogisticRegression):
        def fit(self, X, y):
            super().fit(X, y)
            self.coef_, self.intercept_ = np.array([[2.0]]), np.log([np.mean(y == 1) / np.mean(y == 0)])
            return self

    rng = np.random.RandomState(0)
    y_teacher, y = np.repeat([0, 1], [3000, 9000]), np.repeat([0, 1], [40, 10])
    data = UnpairedData(
        np.zeros((50, 2)),
        y,
        X_teacher=rng.normal(size=(12000, 1)) + 2 * y_teacher[:, None] - 1,
        y_teacher=y_teacher,
        X_bridge=np.zeros((9, 2)),
        X_teacher_bridge=np.linspace(-2, 2, 9)[:, None],
    )
    training, _ = train(data, Bayes(), classes=np.arange(2))
    # N(+1, 1) against N(-1, 1): log odds 2 t + log(ratio of the priors).
    expected = 1 / (1 + np.exp(-(2 * data.X_teacher_bridge[:, 0] + np.log(10 / 40))))
    np.testing.assert_allclose(training.data.soft_targets[training.origin == BRIDGE_ROW, 1], expected, atol=0.01)


def test_features_of_linked_columns_are_a_ridge_regression():
    """Against scikit-learn's RidgeCV with the same penalties, by leave-one-out."""
    X, T, y = draw_samples()
    columns, teacher_columns = np.array([0, 2]), np.array([0, 3])
    training, teacher = train(draw_data(linked_indices=(columns, teacher_columns)))
    scores = teacher.model.decision_function(T[100:180])
    features = (scores - scores.mean(axis=0)) / np.sqrt(scores.var(axis=0).mean())
    linked = T[100:180][:, teacher_columns]
    ridge = make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(linked, features)
    # The teacher's moments are those of its rows, weighted to the student's class priors.
    weights = (np.bincount(y[:50]) / 50 / np.bincount(y[100:180]))[y[100:180]]
    mean = np.average(linked, axis=0, weights=weights)
    std = np.sqrt(np.average((linked - mean) ** 2, axis=0, weights=weights))
    student_linked = X[:80, columns]
    matched = (student_linked - student_linked.mean(axis=0)) / student_linked.std(axis=0) * std + mean
    data = training.data
    for rows, positions in ((slice(50), LABELED), (slice(50, 80), UNLABELED)):
        np.testing.assert_allclose(data.teacher_features[positions], ridge.predict(matched[rows]), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(data.soft_targets[positions].sum(axis=1), 1, rtol=1e-6)
    head = LogisticRegression(max_iter=1000).fit(features, y[100:180])
    adjusted = head.predict_proba(data.teacher_features[LABELED]) * np.bincount(y[:50]) / np.bincount(y[100:180])
    expected = adjusted / adjusted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(data.soft_targets[LABELED], expected, atol=1e-3)


def test_linked_columns_of_sparse_tables(training):
    X, T, _ = draw_samples()
    tables = {"X": X[:50], "X_unlabeled": X[50:80], "X_bridge": X[80:100], "X_teacher": T[100:180]}
    sparse, _ = train(draw_data(**{name: csr_array(table) for name, table in tables.items()}))
    np.testing.assert_array_equal(sparse.data.X.toarray(), training.data.X)
    np.testing.assert_allclose(sparse.data.teacher_features, training.data.teacher_features, rtol=1e-3, atol=1e-4)


def test_class_that_the_teacher_lacks_has_no_probability():
    _, _, y = draw_samples()
    training, _ = train(draw_data(cohort=100 + np.flatnonzero(y[100:180] != 1)))
    assert training.data.teacher_classes.tolist() == [0, 2]
    assert (training.data.soft_targets[:, 1] == 0).all()
    np.testing.assert_allclose(training.data.soft_targets.sum(axis=1), 1, rtol=1e-6)


def test_class_that_only_the_teacher_has_is_left_out():
    _, _, y = draw_samples()
    training, _ = train(draw_data(rows=np.flatnonzero(y[:50] != 1)), classes=np.array([0, 2]))
    assert training.data.soft_targets.shape[1] == 2
    assert set(training.loss.alignment.cohort.codes) == {0, 1}
    assert len(training.loss.alignment.cohort.codes) == (y[100:180] != 1).sum()


def test_teachers_share_of_zero_makes_no_soft_targets():
    data = draw_data()
    training, _ = train(data, alpha=0)
    assert not training.has_bridge
    assert (training.origin != BRIDGE_ROW).all()
    assert np.isnan(training.data.teacher_features).all()
    assert training.has_unlabeled


def test_permuted_teacher_keeps_its_values_and_breaks_their_order(training):
    permuted = training.permute_teacher(np.random.RandomState(0))
    for rows in (LABELED, UNLABELED, BRIDGE):
        before, after = (
            np.column_stack([part.data.soft_targets[rows], part.data.teacher_features[rows]])
            for part in (training, permuted)
        )
        assert (before != after).any()
        np.testing.assert_array_equal(*(values[np.lexsort(values.T)] for values in (before, after)))
    before, after = training.loss.alignment.cohort, permuted.loss.alignment.cohort
    np.testing.assert_array_equal(after.features, before.features)
    np.testing.assert_array_equal(np.sort(after.codes), np.sort(before.codes))
    assert (after.codes != before.codes).any()
    np.testing.assert_array_equal(permuted.data.y, training.data.y)
    # Students are compared with the cohort as it was.
    assert permuted.reference_cohort is training.reference_cohort


def test_permuting_without_a_teacher_changes_nothing():
    alone = without_teacher(draw_data())
    permuted = alone.permute_teacher(np.random.RandomState(0))
    np.testing.assert_array_equal(permuted.data.soft_targets, alone.data.soft_targets)
    np.testing.assert_array_equal(permuted.data.y, alone.data.y)
    assert permuted.loss.alignment is permuted.data.teacher_features is None


# Training data of the modes


@pytest.mark.parametrize(
    ("mode", "n_unlabeled", "n_soft_targets"),
    [
        (LABELS_ONLY, 0, 0),
        (TrainingMode("none", True), 50, 100),
        (TrainingMode("self_training", False), 0, 0),
        (TrainingMode("self_training", True), 50, 100),
        (TrainingMode("prototypes", False), 30, 0),
        (TrainingMode("feature", True), 50, 100),
    ],
)
def test_rows_of_a_mode(training, mode, n_unlabeled, n_soft_targets):
    """Unlabeled rows where an alignment or soft targets use them, the bridge where the mode does."""
    data = training.training_data(mode)
    assert (data.n_labeled, len(data.y) - data.n_labeled) == (50, n_unlabeled)
    assert data.has_soft_target.sum() == n_soft_targets
    alignment = training.mode_loss(mode, data).alignment
    assert (alignment is not None) == mode.aligns
    if mode.aligns:
        assert alignment.name == mode.alignment


def test_soft_targets_stay_beside_their_rows(training):
    X, _, _ = draw_samples()
    data = training.training_data(TrainingMode("feature", True))
    np.testing.assert_array_equal(data.X, np.concatenate([X[:50], X[80:100], X[50:80]]))
    assert training.origin.tolist() == [LABELED_ROW] * 50 + [BRIDGE_ROW] * 20 + [UNLABELED_ROW] * 30
    np.testing.assert_array_equal(data.soft_targets, training.data.soft_targets)
    np.testing.assert_array_equal(data.teacher_features, training.data.teacher_features)


def test_bridge_alone_leaves_other_rows_without_a_soft_target():
    training, _ = train(draw_data(linked_indices=None))
    assert training.has_bridge
    assert len(training.training_data(TrainingMode("none", True)).y) == 50 + 20
    data = training.training_data(TrainingMode("feature", True))
    expected = [False] * 50 + [True] * 20 + [False] * 30
    assert data.has_soft_target.tolist() == expected
    assert (~np.isnan(data.teacher_features).any(axis=1)).tolist() == expected


@pytest.mark.parametrize(("n_soft_targets", "expected"), [(100, 100 / 150), (20, 20 / 70)])
def test_auto_alpha_weighs_rows_of_either_kind_alike(training, n_soft_targets, expected):
    data = training.data
    data = replace(data, soft_targets=np.where(np.arange(100)[:, None] < n_soft_targets, data.soft_targets, np.nan))
    assert auto_alpha(data) == pytest.approx(expected)


def test_tables_with_names_stay_tables(training):
    names = list("abcde")
    data = draw_data()
    frames = {name: pd.DataFrame(getattr(data, name), columns=names) for name in ("X", "X_unlabeled", "X_bridge")}
    framed, _ = train(replace(data, **frames))
    assert list(framed.data.X.columns) == names
    np.testing.assert_array_equal(framed.data.X, training.data.X)
    np.testing.assert_array_equal(framed.data.soft_targets, training.data.soft_targets)


# Held-out rows and their groups


def test_held_out_rows_are_left_out(training):
    part = training.exclude(np.arange(10, 20))
    np.testing.assert_array_equal(part.data.X, np.delete(training.data.X, np.arange(10, 20), axis=0))
    assert (part.origin == LABELED_ROW).sum() == 40
    assert len(part.data.y) == 90


def test_bridge_and_unlabeled_rows_of_held_out_groups_are_left_out(training):
    """Groups 5, 6 and 7 have unlabeled rows only, and group 3 labeled rows and the whole bridge."""
    data = draw_data(groups=np.arange(50) // 10, unlabeled_groups=np.arange(50, 80) // 10, bridge_groups=np.full(20, 3))
    grouped, _ = train(data)
    # Without groups only the held-out rows themselves are left out.
    held_out = np.array([35])
    assert (training.exclude(held_out).origin == BRIDGE_ROW).sum() == 20
    part = grouped.exclude(held_out)
    assert (part.origin != BRIDGE_ROW).all()
    assert (part.origin == UNLABELED_ROW).sum() == 30
    assert (part.origin == LABELED_ROW).sum() == 49
    shared, _ = train(replace(data, unlabeled_groups=np.arange(30) // 10))
    part = shared.exclude(np.array([12]))
    kept = 70 + np.r_[0:10, 20:30]
    rows = part.origin == UNLABELED_ROW
    for name in ("X", "soft_targets", "teacher_features", "groups"):
        np.testing.assert_allclose(getattr(part.data, name)[rows], getattr(shared.data, name)[kept], rtol=1e-6)
    assert set(grouped.data.groups[BRIDGE]) == {3}
