"""A teacher, or the student's columns, forgotten in fit: said at once, or where predicting fails."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skcmkd import MutualDistiller, NetworkClassifier, PairedDistiller, PairedDistillerRegressor, UnpairedDistiller
from skcmkd.datasets import make_gaussian_modalities

DRAWN = make_gaussian_modalities(60, random_state=0)
S, T = (DRAWN.data[DRAWN.modalities[name]].iloc[:, :3] for name in ("student", "teacher"))
BOTH, Y = pd.concat([S, T], axis=1), DRAWN.target
KINDS = {
    PairedDistiller: LogisticRegression(),
    PairedDistillerRegressor: Ridge(),
    MutualDistiller: NetworkClassifier((2,), max_epochs=1, random_state=0, linear_weight=0),
}


def make(kind, **parameters):
    return kind(KINDS[kind], KINDS[kind], **parameters)


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_with_a_teacher_that_the_labeled_rows_lack_are_a_warning(kind):
    distiller = make(kind, student_columns=list(S))
    message = r"unlabeled_pairs\[0\] has 3 columns more than X.*trained alone, without the pairs"
    with pytest.warns(UserWarning, match=message) as caught:
        distiller.fit(S[:40], Y[:40], unlabeled_pairs=(BOTH[40:],))
    assert caught[0].filename == __file__
    assert distiller.teacher_ is None


@pytest.mark.parametrize("kind", KINDS)
def test_teacher_columns_in_the_students_table_are_a_warning(kind):
    if kind is MutualDistiller:
        return
    for teacher_columns in (list(T), {"omics": list(T)}, T.columns[0]):
        with pytest.warns(UserWarning, match="teacher_columns names 'teacher_shared_0' of X.*student_columns, or give"):
            make(kind, teacher_columns=teacher_columns).fit(BOTH, Y)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_the_student_alone_is_no_mistake(kind):
    """A selector that keeps no teacher passes the student's columns on, of labeled rows and of pairs."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(kind, student_columns=list(S)).fit(S[:40], Y[:40], unlabeled_pairs=(S[40:],))
        make(kind, student_columns=list(S)).fit(S, Y)
        make(kind).fit(S, Y)


@pytest.mark.parametrize("convert", [lambda table: table, lambda table: table.to_numpy()], ids=["frame", "array"])
@pytest.mark.parametrize("kind", KINDS)
def test_predicting_after_forgotten_student_columns_names_both_remedies(kind, convert):
    distiller = make(kind).fit(convert(BOTH), Y)
    with pytest.raises(ValueError, match=r"student_columns, or give the teacher's as X_teacher") as error:
        distiller.predict(convert(S))
    if convert(S) is S:
        assert "Give X[fitted.feature_names_in_]" in str(error.value)


def test_predicting_with_missing_columns_after_a_fit_with_a_teacher_has_one_remedy():
    distiller = make(PairedDistiller, alpha=0.5).fit(S, Y, X_teacher=T)
    unpaired = UnpairedDistiller(LogisticRegression()).fit(S, Y)
    for fitted in (distiller, unpaired):
        with pytest.raises(
            ValueError, match=r"Give X\[fitted\.feature_names_in_\], where fitted is this \w+Distiller"
        ) as error:
            fitted.predict(S.iloc[:, :2])
        assert "student_columns" not in str(error.value)


CODINGS = {
    "numbers of text": (np.array(["a", "b"])[Y], lambda y: np.where(y == "a", 0, 1)),
    "text of numbers": (np.asarray(Y), lambda y: np.where(y == 0, "well", "ill")),
    "truth values": (np.asarray(Y), lambda y: y == 0),
    "the other way around": (np.asarray(Y), lambda y: 1.0 - y),
    "categories": (np.asarray(Y), lambda y: pd.Categorical(np.where(y == 0, "well", "ill"))),
    "three classes": (np.arange(60) % 3, lambda y: np.array([7.5, -1.0, 3.0])[y]),
}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_label_under_another_coding_is_refused_as_the_plain_copy_is(coding):
    y, encode = CODINGS[coding]
    leaked = T.assign(outcome=encode(y))
    with pytest.raises(ValueError, match="Column 'outcome' of the teacher's table is the label under another coding"):
        make(PairedDistiller).fit(S, y, X_teacher=leaked)
    with pytest.raises(ValueError, match="Column 'outcome' of the teacher's table is the label under another coding"):
        make(PairedDistiller, student_columns=list(S)).fit(pd.concat([S, leaked], axis=1), y)
    with pytest.raises(ValueError, match=r"Column 'outcome' of teacher_data\[0\] is the label under another coding"):
        UnpairedDistiller(LogisticRegression()).fit(S, y, teacher_data=(leaked, y))


def test_columns_that_are_nearly_the_label_pass():
    y = np.arange(60) % 3
    codes = np.array([7.5, -1.0, 3.0])[y]
    merged, swapped, missing = np.minimum(y, 1.0), codes.copy(), codes.copy()
    swapped[[0, 1]], missing[5] = codes[[1, 0]], np.nan
    teacher = T.assign(merged=merged, swapped=swapped, number=np.arange(60.0) / 60)
    make(PairedDistiller, alpha=0.5).fit(S, y, X_teacher=teacher)
    target = np.random.RandomState(0).normal(size=60)
    make(PairedDistillerRegressor, alpha=0.5).fit(S, target, X_teacher=T.assign(monotone=np.exp(target)))


def test_a_label_among_the_students_columns_is_refused_as_among_the_teachers():
    for leaked in (S.assign(label=Y), S.assign(label=np.where(Y == 0, "well", "ill"))):
        with pytest.raises(ValueError, match=r"Column 'label' of X .* the student would copy it. Leave it out"):
            make(PairedDistiller).fit(leaked, Y, X_teacher=T)
        with pytest.raises(ValueError, match=r"Column 'label' of X .* the student would copy it"):
            UnpairedDistiller(LogisticRegression()).fit(leaked, Y)
    # In few rows one of many columns may be the label by chance.
    make(PairedDistiller, alpha=0).fit(S[:12].assign(marker=Y[:12]), Y[:12])


def test_an_alpha_without_a_teacher_is_a_warning():
    for alpha in (0.5, "analytic"):
        with pytest.warns(UserWarning, match=f"alpha={alpha!r} was given without a teacher's table.*Give X_teacher"):
            make(PairedDistiller, alpha=alpha).fit(S, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(PairedDistiller, alpha=0).fit(S, Y)
        # Behind a selector that kept no teacher the student is trained alone.
        make(PairedDistiller, alpha=0.5, student_columns=list(S)).fit(S, Y)


def test_a_misspelt_teacher_beside_another_is_refused():
    misspelt = {"shared": [T.columns[0]], "specific": ["teacher_specifc_0"]}
    with pytest.raises(ValueError, match=r"teacher_columns\['specific'\] names 1 column that X does not have"):
        make(PairedDistiller, student_columns=list(S), teacher_columns=misspelt).fit(BOTH, Y)
    # A selector removes the columns of a teacher, and those of no modality.
    kept = BOTH[[*S, T.columns[0]]]
    distiller = make(PairedDistiller, student_columns=list(S), teacher_columns=misspelt, alpha=0.5).fit(kept, Y)
    assert list(distiller.teacher_) == ["shared"]


def test_minus_one_beside_other_classes_may_mark_rows_without_a_label():
    y = np.where(np.arange(60) < 30, Y, -1)
    with pytest.warns(UserWarning, match="y is -1 in 30 rows, and -1 is a class here"):
        make(PairedDistiller).fit(S, y, X_teacher=T)
    with pytest.warns(UserWarning, match="All rows have a label") as caught:
        make(PairedDistiller).fit(S, 2 * Y - 1, X_teacher=T)
    assert "-1" not in str(caught[0].message)


def test_a_student_without_probabilities_is_said_to_be_out_of_the_pool():
    pairs = {"X_teacher": T[:40], "unlabeled_pairs": (S[40:], T[40:])}
    distiller = PairedDistiller(RidgeClassifier(), LogisticRegression(), cv=3)
    with pytest.warns(UserWarning, match=r"RidgeClassifier has no predict_proba.*CalibratedClassifierCV\(RidgeCl"):
        distiller.fit(S[:40], Y[:40], **pairs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        distiller.set_params(teacher_weights="equal").fit(S[:40], Y[:40], **pairs)
        distiller.set_params(teacher_weights="stacked").fit(S, Y)
        PairedDistillerRegressor(Ridge(), Ridge(), cv=3).fit(S[:40], Y[:40] + S[:40].iloc[:, 0], **pairs)


class CountingTeacher(LogisticRegression):
    """Counts its fits, over all clones."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).n_fits += 1
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize("weights", ["stacked", "equal"])
@pytest.mark.parametrize("value", [np.nan, "n/a"])
def test_what_the_student_cannot_take_is_reported_before_the_teachers_are_fitted(value, weights):
    spoiled = S[:40].astype(object if isinstance(value, str) else float)
    spoiled.iloc[3, 0] = value
    distiller = PairedDistiller(LogisticRegression(), CountingTeacher(), teacher_weights=weights, cv=3)
    CountingTeacher.n_fits = 0
    with pytest.raises(ValueError, match="'student_shared_0'"):
        distiller.fit(spoiled, Y[:40], X_teacher=T[:40], unlabeled_pairs=(S[40:], T[40:]))
    with pytest.raises(ValueError, match="'student_shared_0'"):
        distiller.fit(S[:40], Y[:40], X_teacher=T[:40], unlabeled_pairs=(spoiled[:20], T[40:]))
    assert CountingTeacher.n_fits == 0
    with pytest.raises(ValueError, match="'student_shared_0'"):
        UnpairedDistiller(LogisticRegression(), CountingTeacher(), alignment="none").fit(
            spoiled, Y[:40], teacher_data=(T, Y)
        )
    assert CountingTeacher.n_fits == 0
    if not isinstance(value, str):
        student = make_pipeline(SimpleImputer(), LogisticRegression())
        distiller.set_params(student=student).fit(spoiled, Y[:40], X_teacher=T[:40], unlabeled_pairs=(S[40:], T[40:]))
        assert CountingTeacher.n_fits > 0


def test_messages_of_the_one_table_form_name_the_table_that_the_user_gave():
    columns = r"the teacher's columns of X \(all but student_columns\)"
    for spoil, message in (
        (lambda X: X.assign(id=[f"p{row}" for row in range(60)]), rf"Column 'id' of {columns} .* holds 'p"),
        (lambda X: X.assign(id=np.inf), rf"60 values in column 'id' of {columns}"),
        (lambda X: X.assign(**dict.fromkeys(T, np.nan)), rf"{columns} are missing in all 60 rows"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            make(PairedDistiller, student_columns=list(S), alpha=0.5).fit(spoil(BOTH), Y)
        assert "X_teacher" not in str(error.value)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # defaults of LogisticRegressionCV that change
def test_models_of_models_under_metadata_routing():
    """Without requests no weight passes them: a member of the pool stays as it is, and a student cannot be trained."""
    pairs = {"X_teacher": T[:40], "unlabeled_pairs": (S[40:], T[40:])}
    calibrated = CalibratedClassifierCV(LinearSVC(), cv=2)
    with sklearn.config_context(enable_metadata_routing=True):
        for teacher in (
            calibrated,
            LogisticRegressionCV(Cs=2, cv=2, scoring="accuracy"),
        ):
            routed = PairedDistiller(LogisticRegression(), teacher, cv=3).fit(S[:40], Y[:40], **pairs)
            assert routed.alpha_ == pytest.approx(1 / 3)
        with pytest.raises(ValueError, match=r"CalibratedClassifierCV cannot be trained on soft targets: metadata rou"):
            PairedDistiller(calibrated, LogisticRegression(), cv=3).fit(S[:40], Y[:40], **pairs)
        with pytest.raises(ValueError, match=r"CalibratedClassifierCV cannot be fitted with .*set_fit_request"):
            PairedDistiller(calibrated, LogisticRegression(), cv=3).fit(S, Y, np.ones(60))
        requested = CalibratedClassifierCV(LinearSVC().set_fit_request(sample_weight=True), cv=2)
        fitted = PairedDistiller(requested, requested, cv=3, random_state=0).fit(S[:40], Y[:40], **pairs)
    plain = PairedDistiller(calibrated, calibrated, cv=3, random_state=0).fit(S[:40], Y[:40], **pairs)
    np.testing.assert_allclose(fitted.predict_proba(S), plain.predict_proba(S), atol=1e-6)
