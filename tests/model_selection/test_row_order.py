import numpy as np
import pytest
from scipy.sparse import csr_array

from skcmkd._model_selection._folds import make_fold_ids
from skcmkd._model_selection._row_order import order_by_content


@pytest.fixture
def table():
    rng = np.random.RandomState(0)
    X = np.round(rng.normal(size=(60, 4)), 2)
    X[rng.uniform(size=X.shape) < 0.3] = 0
    return X, rng.randint(3, size=60)


def test_rows_in_any_order_are_put_in_the_same_order(table):
    X, y = table
    shuffled = np.random.RandomState(1).permutation(60)
    first, other = order_by_content(X, y), order_by_content(X[shuffled], y[shuffled])
    assert sorted(first) == list(range(60))
    np.testing.assert_array_equal(X[first], X[shuffled][other])
    np.testing.assert_array_equal(y[first], y[shuffled][other])
    # Folds of rows in this order are those of the same rows.
    fold_ids = make_fold_ids(5, y, order=first)
    np.testing.assert_array_equal(fold_ids[shuffled], make_fold_ids(5, y[shuffled], order=other))


def test_repeated_rows_are_ordered_by_the_target():
    X, y = np.ones((6, 2)), np.array([2, 0, 1, 1, 0, 2])
    shuffled = np.array([3, 5, 1, 0, 4, 2])
    np.testing.assert_array_equal(y[order_by_content(X, y)], y[shuffled][order_by_content(X, y[shuffled])])


def test_units_and_the_kind_of_table_change_nothing(table):
    X, y = table
    expected = order_by_content(X, y)
    np.testing.assert_array_equal(order_by_content(X * [1, 1000, 0.5, 3] + [5, 0, -7, 1], y), expected)
    np.testing.assert_array_equal(order_by_content(csr_array(X), y), expected)
    np.testing.assert_array_equal(order_by_content(X.astype(np.float32).astype(float), y), expected)


def test_any_numbers_are_ordered(table):
    X, y = table
    X = X * 1e300
    X[0, 0], X[1] = np.nan, np.inf
    assert sorted(order_by_content(X, y)) == list(range(60))


def test_neighbors_in_a_column_are_apart(table):
    """A block of adjacent rows of this order holds low and high values of every column."""
    X, y = table
    for column in X[order_by_content(X, y)].T:
        assert abs(np.corrcoef(column, np.arange(60))[0, 1]) < 0.5
