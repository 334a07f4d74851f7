import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from skcmkd._validation._tables import (
    check_same_columns,
    check_same_index,
    check_same_rows,
    stack_rows,
    take_columns,
    take_rows,
)


@pytest.fixture
def frame():
    return pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd"))


@pytest.mark.parametrize("convert", [lambda frame: frame, lambda frame: frame.to_numpy(), csr_array])
def test_rows_columns_and_stacks(frame, convert):
    table = convert(frame)
    part = take_columns(take_rows(table, np.array([2, 0])), [3, 1])
    stacked = stack_rows(part, part)
    dense = stacked.toarray() if hasattr(stacked, "toarray") else np.asarray(stacked)
    np.testing.assert_array_equal(dense, [[11, 9], [3, 1], [11, 9], [3, 1]])


def test_row_labels():
    X = pd.DataFrame({"a": [1, 2]}, index=["p1", "p2"])
    check_same_rows(X, pd.DataFrame({"b": [1, 2]}, index=["p1", "p2"]), "T")
    check_same_rows(X, pd.DataFrame({"b": [1, 2]}), "T")
    check_same_rows(X, np.ones((2, 1)), "T")
    with pytest.raises(ValueError, match="in another order"):
        check_same_rows(X, pd.DataFrame({"b": [1, 2]}, index=["p2", "p1"]), "T")


def test_row_labels_that_overlap():
    X = pd.DataFrame({"a": [1, 2, 3]}, index=["p1", "p2", "p3"])
    shifted = pd.DataFrame({"b": [1, 2, 3]}, index=["p2", "p3", "p4"])
    with pytest.raises(ValueError, match=r"'p1' of X is not in T, but 2 others are.*T.reindex\(X.index\)"):
        check_same_rows(X, shifted, "T")
    check_same_rows(X, shifted.set_axis(["q1", "q2", "q3"]), "T")
    with pytest.raises(ValueError, match=r"y.loc\[X.index\]"):
        check_same_index(X, pd.Series([0, 1, 0], index=["p3", "p2", "p1"]), "y")


def test_same_columns(frame):
    check_same_columns(frame, frame, "other", "X")
    with pytest.raises(ValueError, match="X is a DataFrame and other is a ndarray: give both alike"):
        check_same_columns(frame, frame.to_numpy(), "other", "X")
    with pytest.raises(ValueError, match="they are in another order"):
        check_same_columns(frame, frame[list("dcba")], "other", "X")
    with pytest.raises(ValueError, match="not in both: 'd', 'e'"):
        check_same_columns(frame, frame.rename(columns={"d": "e"}), "other", "X")
    numbered = frame.set_axis(range(4), axis=1)
    with pytest.raises(ValueError, match="they are in another order"):
        check_same_columns(numbered, numbered[[3, 2, 1, 0]], "other", "X")
    with pytest.raises(ValueError, match="give both alike"):
        check_same_columns(frame.to_numpy(), csr_array(frame.to_numpy()), "other", "X")
    with pytest.raises(ValueError, match="other has 2 columns and X has 4"):
        check_same_columns(frame.to_numpy(), np.ones((3, 2)), "other", "X")


def test_stacking_keeps_categories():
    upper = pd.DataFrame({"a": pd.Categorical([0, 1, 2])})
    lower = pd.DataFrame({"a": pd.Categorical([0, 1])})
    assert isinstance(stack_rows(upper, lower)["a"].dtype, pd.CategoricalDtype)
