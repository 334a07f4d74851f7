"""A teacher, or the student's columns, forgotten in fit: said at once, or where predicting fails."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

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
        assert "Give X[list(feature_names_in_)]" in str(error.value)


def test_predicting_with_missing_columns_after_a_fit_with_a_teacher_has_one_remedy():
    distiller = make(PairedDistiller, alpha=0.5).fit(S, Y, X_teacher=T)
    unpaired = UnpairedDistiller(LogisticRegression()).fit(S, Y)
    for fitted in (distiller, unpaired):
        with pytest.raises(ValueError, match=r"Give X\[list\(feature_names_in_\)\]") as error:
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
