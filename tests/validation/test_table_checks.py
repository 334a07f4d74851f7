import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from skcmkd import NetworkClassifier
from skcmkd._validation._table_checks import (
    check_no_infinity,
    check_numeric,
    check_target_leakage,
    describe_empty_column,
    describe_missing_values,
    describe_text,
    observed_rows,
    validate_numeric_data,
)


@pytest.fixture
def frame():
    return pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd"))


def test_observed_rows():
    frame = pd.DataFrame({"a": [1.0, np.nan, np.nan], "b": [None, "x", None]})
    assert observed_rows(frame).tolist() == [True, True, False]
    assert observed_rows(csr_array(np.zeros((2, 2)))).tolist() == [True, True]


def test_infinity_is_found_in_every_kind_of_table(frame):
    frame.loc[1, "c"] = np.inf
    with pytest.raises(ValueError, match="1 values in column 'c' of X_teacher"):
        check_no_infinity(frame, "X_teacher")
    for table in (frame.to_numpy(), csr_array(frame.to_numpy())):
        with pytest.raises(ValueError, match="contains infinity: 1 values in X"):
            check_no_infinity(table, "X")
    check_no_infinity(frame.replace(np.inf, np.nan), "X")


def test_columns_of_text_are_described(frame):
    frame["a"] = frame["a"].astype(object)
    assert describe_text(frame, "X", "student") is None
    frame["a"] = ["1", "two", None]
    assert "holds 'two', which is not a number" in describe_text(frame, "X", "student")
    with pytest.raises(ValueError, match=r"Column 'a' of X has dtype .* holds 'two'.*OneHotEncoder in the student's"):
        check_numeric(frame, "X", "student")


def test_nullable_numbers_pass(frame):
    assert describe_text(frame.astype("Int64"), "X", "student") is None


def test_categories_are_text_unless_they_hold_numbers_or_are_taken(frame):
    frame["sex"] = pd.Categorical(["f", "m", "f"])
    assert "'sex' of X has dtype category and holds 'f'" in describe_text(frame, "X", "student")
    assert describe_text(frame, "X", "student", categories=True) is None
    assert describe_text(frame.assign(sex=pd.Categorical([1, 2, 1])), "X", "student") is None


def test_missing_values_name_column_and_remedy(frame):
    frame.loc[1, "c"] = np.nan
    for table, column in ((frame, "'c'"), (frame.to_numpy(), "2")):
        described = describe_missing_values(table, LogisticRegression(), "X", "student")
        assert f"1 values, the first in column {column}, and the student LogisticRegression takes none" in described
        assert "make_pipeline(SimpleImputer(), LogisticRegression())" in described
    assert describe_missing_values(frame.fillna(0), LogisticRegression(), "X", "student") is None
    assert describe_missing_values(csr_array(np.eye(2)), LogisticRegression(), "X", "student") is None


def test_columns_without_a_value(frame):
    assert describe_empty_column(frame.mask(frame == 2), "X") is None
    frame["c"] = np.nan
    for table, column in ((frame, "'c'"), (frame.to_numpy(), "2"), (frame.astype(object), "'c'")):
        assert (
            f"the first in column {column}. Column {column} is missing in all of its 3 rows"
            in describe_empty_column(table, "X")
        )
    assert describe_empty_column(frame[:0], "X") is None
    assert describe_empty_column(csr_array(np.zeros((2, 2))), "X") is None


def test_a_networks_column_of_text_is_named(frame):
    """scikit-learn's message names no column."""
    for table in (frame.assign(c=["x", "y", "z"]), frame.assign(c=["x", "y", "z"]).to_numpy()):
        with pytest.raises(ValueError, match=r"Column ('c'|2) of X .*'x'"):
            validate_numeric_data(NetworkClassifier(), table)
    with pytest.raises(ValueError, match="Expected 2D array"):
        validate_numeric_data(NetworkClassifier(), [1.0, 2.0])


def test_the_label_among_the_columns(frame):
    y = frame["c"].to_numpy()
    for table, column in ((frame, "'c'"), (frame.to_numpy(), "2")):
        with pytest.raises(ValueError, match=f"Column {column} of the teacher's table equals the label"):
            check_target_leakage(table, y, "the teacher's table", "teacher")
    check_target_leakage(frame.assign(c=frame["c"].mask([False, True, False])), y, "X", "student")
    check_target_leakage(csr_array(frame.to_numpy()), y, "X", "student")
    with pytest.raises(ValueError, match="Column 'b' of T equals the label"):
        check_target_leakage(frame, frame[["a", "b"]].to_numpy()[:, [1]], "T", "student")
