import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from skcmkd import PairedDistiller
from skcmkd.evaluation._input import check_report_data, permute_observed_rows, permute_teacher_columns

RANDOM = np.random.RandomState(0)
TABLE = RANDOM.rand(12, 5)


def test_only_measured_rows_change_places():
    T = pd.DataFrame(TABLE.copy(), index=[f"sample {i}" for i in range(12)])
    T.iloc[[2, 5, 11]] = np.nan
    shuffled = permute_observed_rows(T, np.random.RandomState(0))
    assert shuffled.index.equals(T.index)
    assert shuffled.isna().all(axis=1).tolist() == T.isna().all(axis=1).tolist()
    assert (shuffled.dropna() != T.dropna()).any(axis=None)
    position = {value: row for row, value in enumerate(T[0]) if not np.isnan(value)}
    order = shuffled[0].dropna().map(position).astype(int)
    np.testing.assert_array_equal(shuffled.dropna(), T.iloc[order])


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame, csr_matrix], ids=["array", "frame", "sparse"])
def test_the_students_columns_stay_as_they_are(form):
    student = np.array([3, 1])
    found = permute_teacher_columns(form(TABLE), student, np.random.RandomState(0))
    assert isinstance(found, type(form(TABLE)))
    found = found.toarray() if isinstance(found, csr_matrix) else np.asarray(found)
    np.testing.assert_array_equal(found[:, student], TABLE[:, student])
    teacher = [0, 2, 4]
    assert (found[:, teacher] != TABLE[:, teacher]).any()
    # Whole rows move: sorted by their first column the two are equal.
    for values in (found, TABLE):
        np.testing.assert_array_equal(
            values[np.argsort(values[:, 0])][:, teacher], TABLE[np.argsort(TABLE[:, 0])][:, teacher]
        )


def test_both_forms_give_the_same_cohort():
    y = np.arange(12) % 2
    two = check_report_data(PairedDistiller(), TABLE[:, :2], y, TABLE[:, 2:], None, None, None)
    one = check_report_data(
        PairedDistiller(LogisticRegression(), student_columns=[0, 1]), TABLE, y, None, None, None, None
    )
    np.testing.assert_array_equal(one.student_table, two.student_table)
    np.testing.assert_array_equal(one.X_teacher, two.X_teacher)
    assert one.fused_table[1].all()
    for form in (one, two):
        np.testing.assert_array_equal(form.fused_table[0], TABLE[:, [2, 3, 4, 0, 1]])
        np.testing.assert_array_equal(form.teachers[0].X, TABLE[:, 2:])
    assert one.classes.tolist() == [0, 1]


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame], ids=["array", "frame"])
def test_no_teacher_is_told_by_what_was_set(form):
    y, student = np.arange(12) % 2, form(TABLE[:, :2])
    with pytest.raises(ValueError, match=r"no teacher's table.*Give X_teacher, or set the distiller's student_columns"):
        check_report_data(PairedDistiller(), student, y, None, None, None, None)
    with pytest.raises(ValueError, match="the student's columns alone: the selector before it kept no teacher") as told:
        check_report_data(PairedDistiller(student_columns=[0, 1]), student, y, None, None, None, None)
    assert "set the distiller's student_columns" not in str(told.value)


def test_rows_of_other_samples_are_refused():
    X = pd.DataFrame(TABLE[:, :2], index=[f"sample {i}" for i in range(12)])
    T = pd.DataFrame(TABLE[:, 2:], index=X.index[::-1])
    with pytest.raises(ValueError, match="in another order"):
        check_report_data(PairedDistiller(), X, np.arange(12) % 2, T, None, None, None)
    with pytest.raises(ValueError, match="in another order"):
        check_report_data(PairedDistiller(), X, pd.Series(np.arange(12) % 2, index=T.index), X, None, None, None)
