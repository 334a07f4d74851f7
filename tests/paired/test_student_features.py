"""student_features="predicted_teacher": a student on its columns beside the scores that these predict."""

import warnings
from typing import ClassVar

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import (
    PairedDistiller,
    PairedDistillerRegressor,
    PredictedTeacherFeatures,
    load_student,
    save_student,
)
from skcmkd.datasets import make_gaussian_modalities

N, N_UNLABELED = 60, 40
LABELED, UNLABELED = slice(None, N), slice(N, None)
SETTINGS = {"teacher_weights": "equal", "student_features": "predicted_teacher"}
LOGISTIC = LogisticRegression(C=0.5, tol=1e-8, max_iter=2000)


@pytest.fixture(scope="module")
def drawn():
    """The student's columns, the teacher's, two classes and a continuous target."""
    data = make_gaussian_modalities(N + N_UNLABELED, n_classes=2, random_state=0)
    X, T = (data.data[data.modalities[name]].to_numpy()[:, :6] for name in ("student", "teacher"))
    return X, T, data.target.to_numpy()


def pairs_of(X, T):
    return X[UNLABELED], T[UNLABELED]


def test_labels_alone_are_a_pipeline_on_the_features(drawn):
    X, T, y = drawn
    student = make_pipeline(StandardScaler(), LOGISTIC)
    distiller = PairedDistiller(student, LOGISTIC, alpha=0.0, **SETTINGS)
    distiller.fit(X[LABELED], y[LABELED], X_teacher=T[LABELED], unlabeled_pairs=pairs_of(X, T))
    scaler = StandardScaler().fit(X[LABELED])
    Z = scaler.transform(X)
    features = PredictedTeacherFeatures(teacher=LOGISTIC)
    by_hand = make_pipeline(features, LOGISTIC).fit(
        Z[LABELED],
        y[LABELED],
        predictedteacherfeatures__X_teacher=T[LABELED],
        predictedteacherfeatures__unlabeled_pairs=pairs_of(Z, T),
    )
    np.testing.assert_allclose(distiller.predict_proba(X), by_hand.predict_proba(Z), atol=1e-8)
    own = PairedDistiller(student, LOGISTIC, alpha=0.0).fit(X[LABELED], y[LABELED], X_teacher=T[LABELED])
    assert np.abs(own.predict_proba(X) - distiller.predict_proba(X)).max() > 0.01


def test_soft_targets_of_a_student_on_its_features(drawn):
    X, T, y = drawn
    distiller = PairedDistiller(LOGISTIC, LOGISTIC, alpha=0.5, **SETTINGS)
    distiller.fit(X[LABELED], y[LABELED], X_teacher=T[LABELED], unlabeled_pairs=pairs_of(X, T))
    features = PredictedTeacherFeatures(teacher=LOGISTIC)
    F = features.fit_transform(X[LABELED], y[LABELED], X_teacher=T[LABELED], unlabeled_pairs=pairs_of(X, T))
    F_unlabeled = features.transform(X[UNLABELED])
    # The same folds, as those depend on the rows of the table.
    folds = PredefinedSplit(fold_ids_of(X[LABELED], y[LABELED]))
    given = {"X_teacher": T[LABELED], "unlabeled_pairs": (F_unlabeled, T[UNLABELED])}
    by_hand = PairedDistiller(LOGISTIC, LOGISTIC, alpha=0.5, teacher_weights="equal", cv=folds).fit(
        F, y[LABELED], **given
    )
    expected = by_hand.predict_proba(features.transform(X))
    np.testing.assert_allclose(distiller.predict_proba(X), expected, atol=1e-5)


def fold_ids_of(X, y):
    """The fold of each row in a distiller with the default cv: those rows that its teacher did not see."""
    seen = Recording().fits
    seen.clear()
    rows = np.arange(len(y), dtype=float)[:, None]
    PairedDistiller(LOGISTIC, Recording(), alpha=0.5, teacher_weights="equal").fit(X, y, X_teacher=rows)
    fold_ids = np.full(len(y), -1)
    held_out = [np.setdiff1d(rows.ravel(), part.ravel()).astype(int) for part in seen]
    for fold, part in enumerate([part for part in held_out if len(part)]):
        fold_ids[part] = fold
    return fold_ids


class Recording(LogisticRegression):
    """Keeps the tables that it is fitted to."""

    fits: ClassVar[list] = []

    def fit(self, X, y, sample_weight=None):
        self.fits.append(np.array(X))
        return super().fit(X, y, sample_weight)


@pytest.mark.filterwarnings("ignore:.*another scale")
@pytest.mark.parametrize("changed", ["teacher", "labels"])
def test_features_of_a_validation_fold_come_from_pairs_outside_it(drawn, changed):
    X, T, y = drawn
    folds = np.tile(np.arange(3), N // 3)
    tables = {}
    for name in ("as drawn", changed):
        T_new, y_new = T[LABELED].copy(), y[LABELED].copy()
        if name == "teacher":
            T_new[folds == 0] = 10 - T_new[folds == 0]
        if name == "labels":
            y_new[folds == 0] = 1 - y_new[folds == 0]
        Recording.fits.clear()
        distiller = PairedDistiller(Recording(), LOGISTIC, cv=PredefinedSplit(folds), **SETTINGS)
        distiller.fit(X[LABELED], y_new, X_teacher=T_new, unlabeled_pairs=pairs_of(X, T))
        tables[name] = list(Recording.fits)
    before, after = tables["as drawn"], tables[changed]
    assert len(before) == len(after) >= 4
    # On each of two validation folds the student alone and the distilled one are fitted.
    for first, second in zip(before[:2], after[:2], strict=True):
        assert first.shape[1] == X.shape[1] + 1
        np.testing.assert_array_equal(first, second)
    assert np.abs(before[2] - after[2]).max() > 1e-3


def test_a_continuous_target(drawn):
    X, T, y = drawn
    target = X[:, 0] + T[:, 0] + y
    distiller = PairedDistillerRegressor(Ridge(3.0), Ridge(2.0), alpha=0.0, **SETTINGS)
    distiller.fit(X[LABELED], target[LABELED], X_teacher=T[LABELED], unlabeled_pairs=pairs_of(X, T))
    by_hand = make_pipeline(PredictedTeacherFeatures(teacher=Ridge(2.0)), Ridge(3.0)).fit(
        X[LABELED],
        target[LABELED],
        predictedteacherfeatures__X_teacher=T[LABELED],
        predictedteacherfeatures__unlabeled_pairs=pairs_of(X, T),
    )
    np.testing.assert_allclose(distiller.predict(X), by_hand.predict(X), atol=1e-10)


def test_labeled_pairs_alone_use_the_features_without_a_warning(drawn):
    X, T, y = drawn
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        distiller = PairedDistiller(LOGISTIC, LOGISTIC, student_features="predicted_teacher").fit(X, y, X_teacher=T)
    assert distiller.alpha_ == 0
    assert distiller.student_[-1].n_features_in_ == X.shape[1] + 1


def test_the_student_holds_nothing_of_the_teacher(drawn):
    X, T, y = drawn
    distiller = PairedDistiller(LOGISTIC, LOGISTIC, alpha=0.5, **SETTINGS).fit(X, y, X_teacher=T)
    features = distiller.student_[0]
    assert isinstance(features, PredictedTeacherFeatures)
    assert features.teacher is None
    np.testing.assert_array_equal(distiller.predict(X), distiller.student_.predict(X))


def test_the_student_in_a_file_predicts_the_same(drawn, tmp_path):
    pytest.importorskip("skops")
    X, T, y = drawn
    distiller = PairedDistiller(LOGISTIC, LOGISTIC, alpha=0.5, **SETTINGS).fit(X, y, X_teacher=T)
    save_student(distiller, tmp_path / "student.skops")
    loaded = load_student(tmp_path / "student.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), distiller.predict_proba(X))


def test_without_a_teachers_table_the_columns_are_its_own(drawn):
    X, _, y = drawn
    distiller = PairedDistiller(LOGISTIC, LOGISTIC, student_features="predicted_teacher").fit(X, y)
    assert distiller.student_.n_features_in_ == X.shape[1]
    assert isinstance(distiller.student_, LogisticRegression)


def test_several_teachers_are_refused(drawn):
    X, T, y = drawn
    teachers = {"first": [0, 1], "second": [2, 3]}
    distiller = PairedDistiller(LOGISTIC, LOGISTIC, teacher_columns=teachers, student_features="predicted_teacher")
    with pytest.raises(ValueError, match=r"one teacher, and teacher_columns names 2.*as a list"):
        distiller.fit(X, y, X_teacher=T)


def test_groups_and_weights_and_missing_modalities(drawn):
    X, T, y = drawn
    X, T = X.copy(), T.copy()
    X[0], T[1] = np.nan, np.nan
    groups = np.arange(N) // 2
    weight = np.linspace(0, 2, N)
    pairs = (*pairs_of(X, T), np.arange(N_UNLABELED))
    distiller = PairedDistiller(LOGISTIC, LOGISTIC, student_features="predicted_teacher")
    distiller.fit(X[LABELED], y[LABELED], weight, groups=groups, X_teacher=T[LABELED], unlabeled_pairs=pairs)
    assert np.isfinite(distiller.predict_proba(X[2:])).all()
