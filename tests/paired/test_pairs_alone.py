"""PredictedTeacherFeatures fitted to unlabeled pairs alone: no labeled row has the teacher's modality."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from skcmkd import PredictedTeacherFeatures, UnpairedDistiller, load_student, save_student
from skcmkd.datasets import make_gaussian_modalities

LABELED, COHORT, BRIDGE = slice(0, 60), slice(60, 200), slice(200, 260)
KINDS = ("scores", "columns", "components")


@pytest.fixture(scope="module")
def cohorts():
    """Tables of student and teacher with three classes, and a teacher that is fitted to its cohort."""
    drawn = make_gaussian_modalities(300, n_classes=3, random_state=0)
    X, T = (drawn.data[drawn.modalities[name]].iloc[:, :6] for name in ("student", "teacher"))
    y = drawn.target
    return X, T, y, FrozenEstimator(LogisticRegression().fit(T[COHORT], y[COHORT]))


def make_features(teacher, predicted="scores", **settings):
    return PredictedTeacherFeatures(predicted, teacher if predicted == "scores" else None, **settings)


def predicted_block(transformer, X):
    return np.asarray(transformer.transform(X))[:, X.shape[1] :]


def test_scores_are_those_that_the_predictor_learns_from_the_pairs(cohorts):
    X, T, y, teacher = cohorts
    fitted = make_features(teacher, predictor=LinearRegression()).fit(
        X[LABELED], y[LABELED], unlabeled_pairs=(X[BRIDGE], T[BRIDGE])
    )
    n = 60
    logs = np.log((n * teacher.predict_proba(T[BRIDGE]) + 1) / (n + 3))
    expected = LinearRegression().fit(X[BRIDGE], logs - logs.mean(axis=1, keepdims=True))
    on_pairs, on_rows = (expected.predict(X[rows]) for rows in (BRIDGE, LABELED))
    factor = np.sqrt(6 / on_pairs.var(axis=0).sum())
    block = predicted_block(fitted, X[LABELED])
    np.testing.assert_allclose(block, (on_rows - on_pairs.mean(axis=0)) * factor, atol=1e-8)


@pytest.mark.parametrize("predicted", KINDS)
def test_labeled_rows_have_no_part_in_the_map(cohorts, predicted):
    X, T, y, teacher = cohorts
    transformer = make_features(teacher, predicted, n_components=3)
    shuffled = y[LABELED].sample(frac=1, random_state=0).set_axis(y[LABELED].index)
    pairs = (X[BRIDGE], T[BRIDGE])
    first = clone(transformer).fit_transform(X[LABELED], y[LABELED], unlabeled_pairs=pairs)
    second = clone(transformer).fit(X[LABELED][:20], shuffled[:20], unlabeled_pairs=pairs).transform(X[LABELED])
    pd.testing.assert_frame_equal(first, second)
    assert first.iloc[:, 6:].std().min() > 0


def test_there_may_be_more_classes_than_pairs_for_each_fold(cohorts):
    X, T, _, _ = cohorts
    y = pd.Series(np.arange(300) % 10, index=X.index)
    teacher = FrozenEstimator(LogisticRegression().fit(T[COHORT], y[COHORT]))
    pairs = (X[BRIDGE][:8], T[BRIDGE][:8])
    block = predicted_block(make_features(teacher).fit(X[LABELED], y[LABELED], unlabeled_pairs=pairs), X)
    assert block.shape == (300, 10)
    assert np.isfinite(block).all()


def test_columns_of_pairs_alone_are_those_of_labeled_pairs(cohorts):
    X, T, _, _ = cohorts
    alone = make_features(None, "columns").fit(X[LABELED], unlabeled_pairs=(X[BRIDGE], T[BRIDGE]))
    paired = make_features(None, "columns").fit(X[BRIDGE], X_teacher=T[BRIDGE])
    pd.testing.assert_frame_equal(alone.transform(X[LABELED]), paired.transform(X[LABELED]))


def test_a_continuous_target(cohorts):
    X, T, _, _ = cohorts
    target = T.iloc[:, 0] + X.iloc[:, 0]
    teacher = FrozenEstimator(Ridge().fit(T[COHORT], target[COHORT]))
    transformer = make_features(teacher).fit(X[LABELED], target[LABELED], unlabeled_pairs=(X[BRIDGE], T[BRIDGE]))
    block = predicted_block(transformer, X[LABELED])
    assert block.shape == (60, 1)
    assert np.corrcoef(block[:, 0], teacher.predict(T[LABELED]))[0, 1] > 0.3


def test_pairs_that_lack_a_modality_are_left_out(cohorts):
    X, T, y, teacher = cohorts
    holes = T[BRIDGE].copy()
    holes.iloc[:20] = np.nan
    with_holes = make_features(teacher).fit(X[LABELED], y[LABELED], unlabeled_pairs=(X[BRIDGE], holes))
    without = make_features(teacher).fit(X[LABELED], y[LABELED], unlabeled_pairs=(X[220:260], T[220:260]))
    pd.testing.assert_frame_equal(with_holes.transform(X), without.transform(X))
    holes[:] = np.nan
    with pytest.warns(UserWarning, match="None of the 60 samples of unlabeled_pairs has both modalities"):
        nothing = make_features(teacher).fit(X[LABELED], y[LABELED], unlabeled_pairs=(X[BRIDGE], holes))
    pd.testing.assert_frame_equal(nothing.transform(X), X, check_dtype=False)


def test_groups_of_pairs_are_kept_together(cohorts):
    X, T, y, teacher = cohorts
    groups = np.repeat(np.arange(4), 15)
    transformer = make_features(teacher).fit(
        X[LABELED], y[LABELED], groups=np.arange(60) + 100, unlabeled_pairs=(X[BRIDGE], T[BRIDGE], groups)
    )
    assert transformer.n_folds_ == 4


def test_a_student_of_the_unpaired_distiller_on_the_features_of_its_bridge(cohorts, tmp_path):
    pytest.importorskip("skops")
    X, T, y, teacher = cohorts
    bridge = (X[BRIDGE], T[BRIDGE])
    transformer = make_features(teacher, standardize=True).fit(X[LABELED], y[LABELED], unlabeled_pairs=bridge)
    student = make_pipeline(FrozenEstimator(transformer.set_params(teacher=None)), LogisticRegression())
    distiller = UnpairedDistiller(student, LogisticRegression(), alignment="none", check_alignment=False)
    distiller.fit(X[LABELED], y[LABELED], teacher_data=(T[COHORT], y[COHORT]), bridge=bridge)
    assert distiller.student_[-1].coef_.shape == (3, 6 + 3)
    assert distiller.used_bridge_
    save_student(distiller, tmp_path / "student.skops")
    loaded = load_student(tmp_path / "student.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), distiller.predict_proba(X))


def test_errors_name_the_remedy(cohorts):
    X, T, y, teacher = cohorts
    pairs = (X[BRIDGE], T[BRIDGE])
    cases = [
        (LogisticRegression(), {"y": y[LABELED], "unlabeled_pairs": pairs}, "as teacher a FrozenEstimator"),
        (None, {"y": y[LABELED], "unlabeled_pairs": pairs}, "no labeled row has what the teacher is fitted to"),
        (teacher, {"unlabeled_pairs": pairs}, "needs y"),
        (teacher, {"y": y[LABELED], "unlabeled_pairs": pairs[:1]}, "unlabeled_pairs"),
        (teacher, {"y": y[LABELED], "unlabeled_pairs": (X[BRIDGE], T[:10])}, "60"),
        (teacher, {"y": y[LABELED], "unlabeled_pairs": (X[BRIDGE].iloc[:, :2], T[BRIDGE])}, "unlabeled_pairs"),
        (
            teacher,
            {"y": y[LABELED], "unlabeled_pairs": (X[BRIDGE], T[BRIDGE].iloc[:, :2])},
            "The frozen teacher LogisticRegression was fitted to 6 columns",
        ),
        (teacher, {"y": y[LABELED], "unlabeled_pairs": (*pairs, np.arange(60))}, "groups"),
    ]
    for model, arguments, message in cases:
        with pytest.raises(ValueError, match=message):
            make_features(model).fit(X[LABELED], **arguments)
