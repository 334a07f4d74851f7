from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd import NetworkClassifier
from skcmkd._distillation._student_loss import StudentLoss
from skcmkd._distillation._targets import RegressionTarget
from skcmkd._linear_model._excess_risk import linear_student_risk
from skcmkd._model_selection._folds import stratified_folds
from skcmkd.paired._alpha import (
    ALPHA,
    ALPHA_MANY_PAIRS,
    alpha_table,
    analytic_alpha,
    candidate_alpha,
    cross_validate_alpha,
)
from skcmkd.paired._cross_fitted_teachers import N_VAL_FOLDS

from .cross_fitting_problems import TARGET, cross_fit, make_data, make_teacher

ALPHAS = (0.0, 0.25, 0.5)


@pytest.fixture
def data():
    return make_data()


def validate(student, teachers, alphas=ALPHAS, n_jobs=None):
    return cross_validate_alpha(student, teachers, alphas, StudentLoss(temperature=2.0), n_jobs=n_jobs, verbose=False)


def test_scores_are_brier_scores_of_the_validation_folds(data):
    teachers = cross_fit(LogisticRegression(), data)
    scores = validate(LogisticRegression(), teachers)
    losses = np.full(40, np.nan)
    for fold in range(N_VAL_FOLDS):
        train, test = teachers.fold_ids_ != fold, teachers.fold_ids_ == fold
        proba = LogisticRegression().fit(data.X[train], data.y[train]).predict_proba(data.X[test])
        losses[test] = ((proba - np.eye(2)[data.y[test]]) ** 2).sum(axis=1)
    table = alpha_table(scores)
    np.testing.assert_array_equal(scores.rows, np.flatnonzero(teachers.fold_ids_ < N_VAL_FOLDS))
    np.testing.assert_allclose(table.loc[0.0, "brier"], np.nanmean(losses))
    assert table.loc[0.0, "difference"] == 0
    assert table.index.tolist() == list(ALPHAS)
    assert table.index.name == "alpha"


class FlippedRegression(LogisticRegression):
    def predict_proba(self, X):
        return super().predict_proba(X)[:, ::-1]


def test_a_harmful_teacher_is_not_chosen(data):
    scores = validate(LogisticRegression(), cross_fit(FlippedRegression(), data))
    assert scores.candidates[scores.best("one_standard_error")] == 0.0


def test_networks_are_validated_without_their_refit(data):
    network = NetworkClassifier((8,), max_epochs=20, patience=3, linear_weight=0, random_state=0)
    teachers = cross_fit(LogisticRegression(), data)
    losses = [validate(clone(network).set_params(refit=refit), teachers, (0.0, 0.5)).losses for refit in (True, False)]
    np.testing.assert_array_equal(losses[0], losses[1])


def test_processes_change_nothing_but_time(data):
    tables = [
        alpha_table(validate(LogisticRegression(), cross_fit(LogisticRegression(), data, n_jobs=n), n_jobs=n))
        for n in (None, 2)
    ]
    assert tables[0].equals(tables[1])


def test_row_weights_reach_teachers_students_and_validation_folds(data):
    """For all of them a row of weight 0 is absent."""
    keep, fold_ids = np.arange(40) % 5 != 2, stratified_folds(data.y, 4)
    weighted = replace(data, sample_weight=keep.astype(float))
    absent = replace(
        data, X=data.X[keep], y=data.y[keep], X_teacher=data.X_teacher[keep], has_student=data.has_student[keep]
    )
    whole = cross_fit(LogisticRegression(), weighted, fold_ids=fold_ids)
    kept = cross_fit(LogisticRegression(), absent, fold_ids=fold_ids[keep])
    np.testing.assert_allclose(whole.soft_targets()[keep], kept.soft_targets(), rtol=1e-5)
    scores = [validate(LogisticRegression(), teachers, (0.0, 0.5)) for teachers in (whole, kept)]
    assert keep[scores[0].rows].all()
    np.testing.assert_allclose(scores[0].losses, scores[1].losses, rtol=1e-3)


def test_continuous_targets_are_validated_by_squared_error(data):
    data = replace(data, y=data.X[:, 0] + np.nan_to_num(data.X_teacher[:, 0]))
    teachers = cross_fit(None, data, [make_teacher(Ridge(), data)], RegressionTarget(1))
    scores = validate(Ridge(), teachers, (0.0, 0.5))
    error = np.full(40, np.nan)
    for fold in range(N_VAL_FOLDS):
        train, test = teachers.fold_ids_ != fold, teachers.fold_ids_ == fold
        error[test] = (Ridge().fit(data.X[train], data.y[train]).predict(data.X[test]) - data.y[test]) ** 2
    np.testing.assert_allclose(scores.losses[:, 0], error[scores.rows])
    assert alpha_table(scores).loc[0.0, "squared_error"] == pytest.approx(np.nanmean(error))


def test_a_larger_alpha_is_tried_where_unlabeled_pairs_outnumber_labeled_rows(data):
    many = replace(data, X_unlabeled=np.zeros((41, 2)), X_teacher_unlabeled=np.zeros((41, 3)))
    none = replace(data, X_unlabeled=None)
    teachers = cross_fit(LogisticRegression(), data, needs_validation=False)
    assert candidate_alpha(teachers) == ALPHA
    for changed, expected in ((many, ALPHA_MANY_PAIRS), (none, ALPHA)):
        teachers.data_ = changed
        assert candidate_alpha(teachers) == expected


def test_validation_folds_without_rows_of_the_student(data):
    fold_ids = stratified_folds(data.y, 4)
    teachers = cross_fit(LogisticRegression(), replace(data, has_student=fold_ids > 1), fold_ids=fold_ids)
    with pytest.raises(ValueError, match=r"0 rows with the student's modality and a positive weight lie in the 2"):
        validate(LogisticRegression(), teachers)


def test_analytic_alpha_is_that_of_the_rows_with_both_modalities(data):
    has_student = np.arange(40) % 4 != 3
    teachers = cross_fit(LogisticRegression(), replace(data, has_student=has_student), needs_validation=False)
    rows = has_student & (np.arange(40) >= 5)
    expected = linear_student_risk(
        data.X[rows],
        TARGET.encode(data.y[rows]),
        teachers.soft_targets()[rows],
        teachers.fold_ids_[rows],
        rows.sum() / (rows.sum() + 7),
    ).best_alpha()
    assert analytic_alpha(teachers) == expected
