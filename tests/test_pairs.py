import numpy as np
import pytest

from skcmkd._pairs import check_pairs, check_two_tables, split_one_table


def test_one_table_is_split_with_its_unlabelled_rows():
    X, more = np.arange(12.0).reshape(3, 4), np.ones((2, 4))
    own, others, unlabeled = split_one_table(X, np.array([2, 0]), None, (more,))
    np.testing.assert_array_equal(own, X[:, [2, 0]])
    np.testing.assert_array_equal(others, X[:, [1, 3]])
    assert [part.shape for part in unlabeled] == [(2, 2), (2, 2)]


def test_table_without_further_columns_has_no_teacher():
    X = np.ones((3, 2))
    assert split_one_table(X, np.array([0, 1]), None, (X,))[1:] == (None, None)


def test_pairs_that_lack_a_side_are_left_out():
    X, T, y = np.ones((4, 1)), np.ones((4, 2)), np.array([0, 1, 0, 1])
    T[0] = np.nan
    X_unlabeled, T_unlabeled = np.arange(3.0)[:, None], np.ones((3, 2))
    X_unlabeled[0], T_unlabeled[1] = np.nan, np.nan
    found = check_pairs(X, y, T, (X_unlabeled, T_unlabeled))
    assert found.measured.tolist() == [False, True, True, True]
    assert found.studied.all()
    np.testing.assert_array_equal(found.X_unlabeled, [[2.0]])
    none = check_pairs(X, y, T, (X_unlabeled[:2], T_unlabeled[:2]))
    assert none.X_unlabeled is None


def test_lists_become_tables():
    T, pairs = check_two_tables([[1.0]], ([[1.0]], [[2.0]]))
    assert T.shape == pairs[0].shape == pairs[1].shape == (1, 1)
    assert check_two_tables(None, None) == (None, None)


def test_pairs_in_a_list_are_not_a_tuple():
    with pytest.raises(ValueError, match="got a list"):
        check_two_tables(np.ones((2, 1)), [np.ones((2, 1)), np.ones((2, 1))])
