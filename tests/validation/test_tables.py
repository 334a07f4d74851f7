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
    with pytest.raises(ValueError, match=r"y.loc\[X.index\]"):
        check_same_index(X, pd.Series([0, 1, 0], index=["p3", "p2", "p1"]), "y")


IDS = ["s0", "s1", "s2"]
DISJOINT = {
    "suffixes": (IDS, ["s0-rna", "s2-rna", "s1-rna"], "the first is 's0-rna' in T and 's0' in X"),
    "numbers beyond any table": (
        [10023, 10077, 10090],
        [20023, 20011, 20001],
        "the first is 20023 in T and 10023 in X",
    ),
    "text and other numbers": (IDS, [10023, 10077, 10090], "the first is '10023' in T and 's0' in X"),
    "days and text": (
        pd.date_range("2020-01-01", periods=3),
        IDS,
        "the first is 's0' in T and '2020-01-01 00:00:00' in X",
    ),
    "one level and two": (IDS, pd.MultiIndex.from_product([["p"], IDS]), r"the first is \('p', 's0'\) in T"),
}


@pytest.mark.parametrize("case", DISJOINT)
def test_row_labels_that_share_nothing(case):
    labels, other_labels, message = DISJOINT[case]
    X = pd.DataFrame({"a": [1, 2, 3]}, index=labels)
    T, y = pd.DataFrame({"b": [1, 2, 3]}, index=other_labels), pd.Series([0, 1, 0], index=other_labels)
    for check, other in ((check_same_rows, T), (check_same_index, T), (check_same_index, y)):
        with pytest.raises(ValueError, match=f"No row label of T is one of X: {message}") as error:
            check(X, other, "T")
        assert "T.reindex(X.index)" in str(error.value)
        assert "reset_index(drop=True)" in str(error.value)
        assert "T.to_numpy()" in str(error.value)
        check(X.reset_index(drop=True), other.reset_index(drop=True), "T")
        check(X, other.to_numpy(), "T")


def test_row_numbers_say_nothing_beside_labels():
    """Those of a new table, and those that are left of them in the training part of a fold."""
    X, y = pd.DataFrame({"a": range(30)}, index=[f"s{i}" for i in range(30)]), pd.Series(range(30))
    whole = X.set_axis(range(1001, 1031))
    for rows in (slice(None), slice(10, 20), [0, 3, 4, 9], np.random.RandomState(0).permutation(30)[:20]):
        for table in (X, whole):
            check_same_rows(table.iloc[rows], y.iloc[rows], "y")
            check_same_rows(y.iloc[rows], table.iloc[rows], "X", "y")
    check_same_rows(X[:0], y[:0], "y")


def test_labels_of_text_and_of_numbers():
    X = pd.DataFrame({"a": [1, 2, 3]}, index=["10007", "10009", "10008"])
    T = pd.DataFrame({"b": [1, 2, 3]}, index=[10007, 10009, 10008])
    check_same_rows(X, T, "T")
    for other, first in ((T[::-1], 10008), (T.set_axis([10009, 10007, 10005]), 10009)):
        with pytest.raises(ValueError, match=f"of X are text and those of T are not: '10007' in X and {first} in T"):
            check_same_rows(X, other, "T")
    with pytest.raises(ValueError, match=r"of T are text.* X.index = X.index.astype\(str\)"):
        check_same_rows(T[::-1], X, "T")
    row_numbers = pd.Series([0, 1, 2])
    check_same_index(X.set_axis(["1", "2", "3"]), row_numbers, "y")
    check_same_index(X.set_axis(["1", "2", "3"]), row_numbers.iloc[[0, 2]], "y")
    with pytest.raises(ValueError, match="as text they are the same in another order"):
        check_same_index(X.set_axis(["2", "1", "0"]), row_numbers, "y")


def test_same_columns(frame):
    check_same_columns(frame, frame, "other", "X")
    with pytest.raises(ValueError, match=r"another order.*set transform_input=\['unlabeled_pairs'\] in the Pipeline"):
        check_same_columns(frame, frame[list("dcba")], "unlabeled_pairs[0]", "X")
    with pytest.raises(ValueError, match=r"X lacks 'e', 'f'\. .* transform_input"):
        check_same_columns(frame, frame.assign(e=1, f=2), "unlabeled_pairs[0]", "X")
    with pytest.raises(ValueError, match=r"has 2 columns and X has 4.*transform_input"):
        check_same_columns(frame.to_numpy(), np.ones((3, 2)), "unlabeled_pairs[0]", "X")
    with pytest.raises(ValueError, match="X is a DataFrame and other is a ndarray: give both alike"):
        check_same_columns(frame, frame.to_numpy(), "other", "X")
    with pytest.raises(ValueError, match=r"they are in another order. Give other\[X.columns\]"):
        check_same_columns(frame, frame[list("dcba")], "other", "X")
    with pytest.raises(ValueError, match=r"other must have the columns of X: it lacks 'd' and X lacks 'e'. Give both"):
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
