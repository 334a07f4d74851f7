from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skcmkd.paired._data import PairedData
from skcmkd.paired._input import check_paired_data, split_tables, teacher_column_indices


def check(
    X, X_teacher=None, pairs=None, student_columns=None, teacher_columns=None, y=None, sample_weight=None, groups=None
):
    y = np.arange(len(X)) % 2 if y is None else y
    return check_paired_data(X, y, sample_weight, groups, X_teacher, pairs, student_columns, teacher_columns)


@pytest.fixture
def table():
    return pd.DataFrame(np.arange(24.0).reshape(4, 6), columns=list("abcdef"))


def test_either_form_gives_the_same_tables(table):
    columns = {"one": ["c"], "two": ["f", "e"]}
    student, teacher = table[["a", "b"]], table[list("cdef")]
    groups = {"groups": np.arange(4)}
    one = check(table, None, (table, [1, 2, 3, 4]), ["a", "b"], columns, **groups)
    two = check(student, teacher, (student, teacher, [1, 2, 3, 4]), None, columns, **groups)
    for name in ("X", "X_teacher", "X_unlabeled", "X_teacher_unlabeled"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    for name, positions in one.teacher_columns.items():
        np.testing.assert_array_equal(positions, two.teacher_columns[name])
    np.testing.assert_array_equal(one.unlabeled_groups, two.unlabeled_groups)
    assert one.student_columns.tolist() == [0, 1]
    assert two.student_columns is None
    assert list(one.teacher_columns) == list(two.teacher_columns) == ["one", "two"]


def test_one_table_is_split_with_its_unlabeled_rows():
    X, unlabeled = np.arange(12.0).reshape(3, 4), np.ones((2, 4))
    tables = check(X, None, (unlabeled,), np.array([2, 0]))
    np.testing.assert_array_equal(tables.X, X[:, [2, 0]])
    np.testing.assert_array_equal(tables.X_teacher, X[:, [1, 3]])
    assert tables.X_unlabeled.shape == tables.X_teacher_unlabeled.shape == (2, 2)
    assert tables.unlabeled_groups is None
    assert list(tables.teacher_columns) == [""]
    with_groups = check(X, None, (unlabeled, ["p", "q"]), np.array([2, 0]), groups=["p", "p", "r"])
    assert with_groups.unlabeled_groups.tolist() == ["p", "q"]


def test_a_table_of_the_students_columns_alone_has_no_teacher():
    X = np.ones((3, 2))
    tables = check(X, None, (X,), np.array([0, 1]))
    assert tables.X_teacher is None
    assert tables.X_unlabeled is None
    assert tables.teacher_columns == {}


def test_lists_become_tables():
    tables = check(np.array([[1.0], [2.0]]), [[1.0], [3.0]], ([[1.0]], [[2.0]]))
    assert tables.X_teacher.shape == (2, 1)
    assert tables.X_unlabeled.shape == tables.X_teacher_unlabeled.shape == (1, 1)
    assert split_tables(np.array([[1.0]]), np.zeros(1), None, None, None).X_teacher is None


@pytest.mark.parametrize(
    ("X_teacher", "pairs", "student_columns", "message"),
    [
        (np.ones((3, 2)), [np.ones((2, 2)), np.ones((2, 2))], None, "got a list"),
        (np.ones((3, 2)), (np.ones((2, 2)),), None, "got a tuple of 1"),
        (None, (np.ones((2, 2)), np.ones((2, 2))), None, "given without X_teacher"),
        (np.ones((3, 2)), None, [0], "X_teacher was given although student_columns is set"),
        (
            np.ones((3, 2)),
            (np.ones((2, 2)), np.ones((2, 2)), ["p"]),
            None,
            r"unlabeled_pairs\[2\] has 1 rows and unlabeled_pairs\[0\] has 2",
        ),
        (None, (np.ones((2, 2)), [1, 2, 3]), [0], r"unlabeled_pairs\[1\] has 3 rows and unlabeled_pairs\[0\] has 2"),
    ],
)
def test_tables_that_do_not_fit(X_teacher, pairs, student_columns, message):
    with pytest.raises(ValueError, match=message):
        check(np.ones((3, 2)), X_teacher, pairs, student_columns)


def test_positions_of_the_teachers_columns():
    T = pd.DataFrame(np.zeros((2, 4)), columns=list("abcd"))

    def positions(*args):
        return {name: list(columns) for name, columns in teacher_column_indices(*args).items()}

    assert positions(T, {"x": ["b", "a"], "y": ["d"]}, None) == {"x": [1, 0], "y": [3]}
    assert positions(T, None, None) == {"": [0, 1, 2, 3]}
    X = pd.DataFrame(np.zeros((2, 6)), columns=list("apbqcd"))
    student = np.array([1, 3])
    removed = {"x": ["a", "c"], "removed": ["not", "here"], "y": ["d", "b"]}
    assert positions(X, removed, student) == {"x": [0, 2], "y": [3, 1]}
    with pytest.raises(ValueError, match=r"teacher_columns\['removed'\] names 2 columns that X does not have: 'not'"):
        teacher_column_indices(X, removed | {"y": ["d"]}, student)
    assert positions(np.zeros((2, 6)), {"x": [0, 4], "y": slice(5, 6)}, student) == {"x": [0, 2], "y": [3]}
    with pytest.raises(ValueError, match="student_columns share columns"):
        teacher_column_indices(X, ["a", "q"], student)
    with pytest.raises(ValueError, match=r"teacher_columns\['x'\] names 1 column that X_teacher does not have: 'z'"):
        teacher_column_indices(T, {"x": ["a", "z"]}, None)


def test_unlabeled_pairs_that_lack_a_modality_are_left_out():
    X, T = np.ones((4, 1)), np.ones((4, 2))
    T[0] = np.nan
    X_unlabeled, T_unlabeled = np.arange(3.0)[:, None], np.ones((3, 2))
    X_unlabeled[0], T_unlabeled[1] = np.nan, np.nan
    groups = {"groups": np.arange(4)}
    data = check(X, T, (X_unlabeled, T_unlabeled, [5, 6, 7]), **groups)
    assert data.has_student.all()
    np.testing.assert_array_equal(data.X_unlabeled, [[2.0]])
    assert data.X_teacher_unlabeled.shape == (1, 2)
    assert data.unlabeled_groups.tolist() == [7]
    assert data.n_incomplete_pairs == 2
    with pytest.warns(UserWarning, match="None of the 2 samples of unlabeled_pairs has both modalities"):
        none = check(X, T, (X_unlabeled[:2], T_unlabeled[:2], [5, 6]), **groups)
    assert none.X_unlabeled is None
    assert none.unlabeled_groups is None
    assert none.n_unlabeled == 0


def test_rows_without_the_students_modality():
    X, T = np.ones((4, 2)), np.arange(8.0).reshape(4, 2)
    X[1], X[2, 0] = np.nan, np.nan
    assert check(X, T).has_student.tolist() == [True, False, True, True]
    with pytest.raises(ValueError, match="X is missing in all of its 4 rows"):
        check(X * np.nan, T)
    # Without a teacher such a row is an error of the student, but where an earlier selector removed the teacher.
    assert check(X, None).has_student.all()
    assert check(X, None, None, [0, 1]).has_student.tolist() == [True, False, True, True]


def test_weights_and_groups_are_those_of_the_rows():
    X = pd.DataFrame(np.ones((3, 2)), index=list("pqr"))
    T = X + np.arange(3.0)[:, None]
    data = check(X, T, sample_weight=[1, 2, 3], groups=["a", "a", "b"])
    np.testing.assert_array_equal(data.sample_weight, [1, 2, 3])
    assert data.groups.tolist() == ["a", "a", "b"]
    with pytest.raises(ValueError, match="groups has 2 rows and X has 3"):
        check(X, T, groups=["a", "b"])
    with pytest.raises(ValueError, match="rows of sample_weight carry the same labels"):
        check(X, T, sample_weight=pd.Series([1, 2, 3], index=list("rqp")))
    with pytest.raises(ValueError, match=r"unlabeled_pairs\[2\] names groups and X has none"):
        check(X, T, (X, T, [1, 2, 3]))


def test_unlabeled_pairs_have_the_mean_of_the_positive_weights():
    data = PairedData(np.ones((3, 1)), np.arange(3), np.ones(3, dtype=bool), X_unlabeled=np.ones((2, 1)))
    assert data.row_weight is None
    weighted = replace(data, sample_weight=np.array([2.0, 0.0, 4.0]))
    np.testing.assert_array_equal(weighted.row_weight, [2, 0, 4, 3, 3])


def test_usable_rows_have_the_students_modality_and_a_positive_weight():
    has_student = np.array([True, True, False, True])
    data = PairedData(np.ones((4, 1)), np.arange(4), has_student)
    assert data.usable.tolist() == has_student.tolist()
    weighted = PairedData(np.ones((4, 1)), np.arange(4), has_student, sample_weight=np.array([1.0, 0.0, 1.0, 0.5]))
    assert weighted.usable.tolist() == [True, False, False, True]


def test_group_ids_are_the_same_for_rows_and_pairs_of_one_name():
    X = np.ones((3, 1))
    data = {"X": X, "y": np.arange(3), "has_student": np.ones(3, dtype=bool), "X_unlabeled": np.ones((2, 1))}
    assert PairedData(**data).group_ids is None
    named = PairedData(**data, groups=np.array(["b", "a", "b"]), unlabeled_groups=np.array(["a", "c"]))
    assert named.group_ids.tolist() == [1, 0, 1, 0, 2]
    unnamed = PairedData(**data, groups=np.array(["b", "a", "b"]))
    assert unnamed.group_ids.tolist() == [1, 0, 1, 2, 3]
