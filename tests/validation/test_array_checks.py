import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from skcmkd._validation import _array_checks as checks


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "X is None"),
        ("table.csv", r"X is 'table\.csv', a str, .*pandas\.read_csv"),
        ({"a": [1]}, r"a dict.*pandas\.DataFrame"),
        (pd.Series([1.0, 2.0]), r"X has shape \(2,\).*X\.to_frame\(\)"),
        (np.ones(3), r"X has shape \(3,\).*X\.reshape\(-1, 1\)"),
        (np.ones((2, 2, 2)), r"X has shape \(2, 2, 2\).*Give 2 dimensions"),
        (np.ones((2, 2)) + 1j, "Complex data not supported: X"),
    ],
)
def test_no_table(value, message):
    with pytest.raises(ValueError, match=message):
        checks.check_2d(value, "X", None, sparse=True)


def test_lists_become_tables():
    assert checks.check_2d([[1, 2], [3, 4]], "X", None, sparse=False).shape == (2, 2)


def test_frames():
    frame = pd.DataFrame(np.ones((2, 3)), columns=["a", "b", "a"])
    checks.check_frame(frame.iloc[:, :2], "X")
    checks.check_frame(frame.iloc[:0, :2], "X")
    with pytest.raises(ValueError, match=r"X has 2 columns named 'a'.*duplicated"):
        checks.check_frame(frame, "X")
    with pytest.raises(ValueError, match=r"X has no columns \(shape=\(2, 0\)\)"):
        checks.check_frame(frame.iloc[:, :0], "X")
    with pytest.raises(ValueError, match="Complex data not supported: X"):
        checks.check_frame(frame.iloc[:, :2] * 1j, "X")


@pytest.mark.parametrize("value", [np.ones((2, 2)), "label", 3, {"a": 1}, [[1], [1, 2]]])
def test_no_column(value):
    with pytest.raises(ValueError, match=r"y should be a 1d array, one value a row; got .*Give one column"):
        checks.check_1d(value, "y")


def test_empty_column():
    with pytest.raises(ValueError, match="y holds no value: there are 0 rows"):
        checks.check_1d([], "y")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (pd.date_range("2020-01-01", periods=3), "dates or durations, such as 2020-01-01"),
        ([1j, 2j], "Complex data not supported: y"),
        ([0.0, np.inf], r"Input y contains infinity .*1 of 2 labels"),
        (np.array([1, "a"], dtype=object), r"y holds 1 \(int\) and 'a' \(str\).*astype\(str\)"),
        (np.array([b"a", b"b"], dtype=object), r"y holds b'a' \(bytes\), which"),
        (np.array([2**70, 3], dtype=object), r"Unknown label type: y holds \d+ \(int\)"),
    ],
)
def test_no_labels(value, message):
    with pytest.raises(ValueError, match=message):
        checks.check_label_dtype(np.asarray(value), "y")


def test_numbers_in_an_array_of_objects_get_their_dtype():
    assert checks.check_label_dtype(np.array([1, 2], dtype=object), "y").dtype.kind == "i"
    assert checks.check_label_dtype(np.array([1, 2.5], dtype=object), "y").dtype.kind == "f"
    assert checks.check_label_dtype(np.array([True, False], dtype=object), "y").dtype.kind == "b"
    assert checks.check_label_dtype(np.array(["a", np.str_("b")], dtype=object), "y").tolist() == ["a", "b"]


def test_lengths():
    checks.check_same_length(np.ones((3, 2)), [1, 2, 3], "y")
    with pytest.raises(ValueError, match="y has 2 rows and X has 3: give one for each row of X"):
        checks.check_same_length(np.ones((3, 2)), [1, 2], "y")


@pytest.mark.filterwarnings("ignore:X (has feature names|does not have valid)")
def test_columns_of_fit():
    X = pd.DataFrame(np.ones((3, 2)), columns=["a", "b"])
    model = LogisticRegression().fit(X, [0, 1, 0])
    checks.check_columns_of_fit(model, X)
    remedy = r"Give X\[fitted\.feature_names_in_\], where fitted is this LogisticRegression: the columns of fit"
    for other in (X[["b", "a"]], X.rename(columns={"a": "c"}), X.assign(c=1), X[["a"]]):
        with pytest.raises(ValueError, match=rf"(?s)feature names should match.*{remedy}"):
            checks.check_columns_of_fit(model, other)
    # Without names there is nothing to select by.
    for fitted, table in ((model, X.to_numpy()[:, :1]), (LogisticRegression().fit(X.to_numpy(), [0, 1, 0]), X[["a"]])):
        with pytest.raises(ValueError, match=r"expecting 2 features as input\.$"):
            checks.check_columns_of_fit(fitted, table)


def test_the_remedy_does_not_depend_on_scikit_learns_words(monkeypatch):
    def refuse(*args, **kwargs):
        raise ValueError("In other words. ")

    model = LogisticRegression().fit(pd.DataFrame({"a": [1, 2]}), [0, 1])
    monkeypatch.setattr(checks, "validate_data", refuse)
    with pytest.raises(ValueError, match=r"^In other words\. Give X\["):
        checks.check_columns_of_fit(model, pd.DataFrame({"b": [1, 2]}))
    with pytest.raises(ValueError, match=r"^In other words\. $"):
        checks.check_columns_of_fit(model, pd.DataFrame({"a": [1, 2]}))
