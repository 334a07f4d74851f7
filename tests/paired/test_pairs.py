import numpy as np
import pytest
from skcmkd.paired._pairs import Pairs, Unlabeled, check_pairs, check_two_tables, split_one_table


def test_one_table_is_split_with_its_unlabeled_rows():
    X, more = np.arange(12.0).reshape(3, 4), np.ones((2, 4))
    own, others, unlabeled = split_one_table(X, np.array([2, 0]), None, (more,))
    np.testing.assert_array_equal(own, X[:, [2, 0]])
    np.testing.assert_array_equal(others, X[:, [1, 3]])
    assert unlabeled.X.shape == unlabeled.X_teacher.shape == (2, 2)
    assert unlabeled.groups is None
    assert split_one_table(X, np.array([2, 0]), None, (more, ["p", "q"]))[2].groups.tolist() == ["p", "q"]


def test_table_without_further_columns_has_no_teacher():
    X = np.ones((3, 2))
    assert split_one_table(X, np.array([0, 1]), None, (X,))[1:] == (None, None)


def test_pairs_that_lack_a_side_are_left_out():
    X, T, y = np.ones((4, 1)), np.ones((4, 2)), np.array([0, 1, 0, 1])
    T[0] = np.nan
    X_unlabeled, T_unlabeled = np.arange(3.0)[:, None], np.ones((3, 2))
    X_unlabeled[0], T_unlabeled[1] = np.nan, np.nan
    found = check_pairs(X, y, T, Unlabeled(X_unlabeled, T_unlabeled, np.array([5, 6, 7])))
    assert found.observed.tolist() == [False, True, True, True]
    assert found.has_student.all()
    np.testing.assert_array_equal(found.X_unlabeled, [[2.0]])
    assert found.unlabeled_groups.tolist() == [7]
    none = check_pairs(X, y, T, Unlabeled(X_unlabeled[:2], T_unlabeled[:2]))
    assert none.X_unlabeled is None


def test_lists_become_tables():
    T, pairs = check_two_tables([[1.0]], ([[1.0]], [[2.0]]))
    assert T.shape == pairs.X.shape == pairs.X_teacher.shape == (1, 1)
    assert check_two_tables(None, None) == (None, None)


def test_pairs_in_a_list_are_not_a_tuple():
    with pytest.raises(ValueError, match="got a list"):
        check_two_tables(np.ones((2, 1)), [np.ones((2, 1)), np.ones((2, 1))])


def test_groups_of_pairs_must_have_their_length():
    with pytest.raises(ValueError, match=r"unlabeled_pairs\[2\] has 1 rows and unlabeled_pairs\[0\] has 2"):
        check_two_tables(np.ones((2, 1)), (np.ones((2, 1)), np.ones((2, 1)), ["p"]))
    with pytest.raises(ValueError, match=r"unlabeled_pairs\[1\] has 3 rows and unlabeled_pairs\[0\] has 2"):
        split_one_table(np.ones((3, 2)), np.array([0]), None, (np.ones((2, 2)), [1, 2, 3]))


def test_rows_are_used_that_the_student_has_and_that_weigh_something():
    studied = np.array([True, True, False, True])
    pairs = Pairs(np.ones((4, 1)), np.arange(4), None, np.zeros(4, dtype=bool), studied)
    assert pairs.usable.tolist() == studied.tolist()
    pairs.sample_weight = np.array([1.0, 0.0, 1.0, 0.5])
    assert pairs.usable.tolist() == [True, False, False, True]
