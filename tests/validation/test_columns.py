import numpy as np
import pandas as pd
import pytest

from skcmkd._validation._columns import column_indices, select_student_columns


@pytest.fixture
def frame():
    return pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd"))


@pytest.mark.parametrize(
    "columns",
    [
        ["b", "d"],
        [1, 3],
        [1, -1],
        np.array([False, True, False, True]),
        pd.Index(["b", "d"]),
        lambda X: ["b", "d"],
    ],
)
def test_column_positions(frame, columns):
    assert column_indices(frame, columns, "student_columns").tolist() == [1, 3]


def test_errors_about_columns_name_the_table(frame):
    for columns, message in (
        (["z"], r"links names 1 column that T does not have: 'z'. T has 4 columns"),
        ([9], r"links=\[9\] does not fit T with 4 columns"),
        ([], "links selects none of the columns of T"),
        ([0, 0], "links names a column of T twice"),
    ):
        with pytest.raises(ValueError, match=message):
            column_indices(frame, columns, "links", "T")
    with pytest.raises(ValueError, match=r"columns of T have names.*T.columns = T.columns.astype\(str\)"):
        column_indices(frame.set_axis([5, 1, 0, 2], axis=1), [0], "links", "T")


def test_slices_and_single_names(frame):
    assert column_indices(frame, slice("b", "c"), "it").tolist() == [1, 2]
    assert column_indices(frame.to_numpy(), slice(-1, None), "it").tolist() == [3]
    assert column_indices(frame, "c", "it").tolist() == [2]
    assert column_indices(frame.to_numpy(), range(1, 3), "it").tolist() == [1, 2]


def test_names_on_an_array(frame):
    with pytest.raises(ValueError, match=r"an array of 4 columns without names\. Give a DataFrame, or positions"):
        column_indices(frame.to_numpy(), ["a"], "student_columns")


def test_integer_column_names_are_ambiguous():
    X = pd.DataFrame(np.ones((2, 3)), columns=[5, 1, 0])
    with pytest.raises(ValueError, match=r"such as 5, so student_columns could mean names or positions"):
        column_indices(X, [0, 1], "student_columns")
    X.columns = range(3)
    assert column_indices(X, [0, 2], "student_columns").tolist() == [0, 2]


def test_long_lists_are_cut():
    X = pd.DataFrame(np.ones((1, 1)), columns=["a"])
    with pytest.raises(ValueError, match=r"names 9 columns .* 'x4' and 4 more"):
        column_indices(X, [f"x{i}" for i in range(9)], "it")


def test_many_columns_are_found_in_linear_time():
    """20,000 names were minutes of work when each was searched for in a list."""
    names = [f"g{i}" for i in range(20_000)]
    X = pd.DataFrame(np.zeros((1, 20_000)), columns=names)
    assert len(column_indices(X, names[::-1], "it")) == 20_000
    assert select_student_columns(X, np.array(names[:10_000])).shape == (1, 10_000)
