import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skcmkd import _validation as v


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
    assert v.column_positions(frame, columns, "student_columns").tolist() == [1, 3]


def test_errors_about_columns_name_the_table(frame):
    for columns, message in (
        (["z"], r"links names 1 columns that T does not have: 'z'. T has 4 columns"),
        ([9], r"links=\[9\] does not fit T with 4 columns"),
        ([], "links selects none of the columns of T"),
        ([0, 0], "links names a column of T twice"),
    ):
        with pytest.raises(ValueError, match=message):
            v.column_positions(frame, columns, "links", "T")
    with pytest.raises(ValueError, match=r"columns of T have names.*T.columns = T.columns.astype\(str\)"):
        v.column_positions(frame.set_axis([5, 1, 0, 2], axis=1), [0], "links", "T")


def test_side_data_are_a_tuple():
    v.check_tuple((1, 2), "bridge", "(a, b)", 2)
    for given, got in (([1, 2], "a list"), ((1,), "a tuple of 1"), (np.ones(2), "a ndarray"), (None, "a NoneType")):
        with pytest.raises(ValueError, match=rf"bridge must be a tuple \(a, b\), got {got}. A tuple, unlike a list"):
            v.check_tuple(given, "bridge", "(a, b)", 2)


def test_missing_labels_name_their_table():
    assert v.check_labels([True, False]).dtype == bool
    for labels in ([0, 1, np.nan], ["a", None, "b"]):
        with pytest.raises(ValueError, match=r"teacher_data\[1\] holds 1 missing labels .* among 3 rows"):
            v.check_labels(labels, "teacher_data[1]")
    with pytest.raises(ValueError, match="y holds 1 missing labels"):
        v.check_labels([0, None])


def test_slices_and_single_names(frame):
    assert v.column_positions(frame, slice("b", "c"), "it").tolist() == [1, 2]
    assert v.column_positions(frame.to_numpy(), slice(-1, None), "it").tolist() == [3]
    assert v.column_positions(frame, "c", "it").tolist() == [2]
    assert v.column_positions(frame.to_numpy(), range(1, 3), "it").tolist() == [1, 2]


def test_names_on_an_array(frame):
    with pytest.raises(ValueError, match=r"an array of 4 columns without names\. Give a DataFrame, or positions"):
        v.column_positions(frame.to_numpy(), ["a"], "student_columns")


def test_measured_rows():
    frame = pd.DataFrame({"a": [1.0, np.nan, np.nan], "b": [None, "x", None]})
    assert v.measured_rows(frame).tolist() == [True, True, False]
    assert v.measured_rows(csr_array(np.zeros((2, 2)))).tolist() == [True, True]


@pytest.mark.parametrize("convert", [lambda frame: frame, lambda frame: frame.to_numpy(), csr_array])
def test_rows_columns_and_stacks(frame, convert):
    table = convert(frame)
    part = v.take_columns(v.take_rows(table, np.array([2, 0])), [3, 1])
    stacked = v.stack_rows(part, part)
    dense = stacked.toarray() if hasattr(stacked, "toarray") else np.asarray(stacked)
    np.testing.assert_array_equal(dense, [[11, 9], [3, 1], [11, 9], [3, 1]])


def test_infinity_is_found_in_every_kind_of_table(frame):
    frame.loc[1, "c"] = np.inf
    with pytest.raises(ValueError, match="1 values in column 'c' of X_teacher"):
        v.check_values(frame, "X_teacher")
    for table in (frame.to_numpy(), csr_array(frame.to_numpy())):
        with pytest.raises(ValueError, match="contains infinity: 1 values in X"):
            v.check_values(table, "X")
    v.check_values(frame.replace(np.inf, np.nan), "X")


def test_numbers_in_object_columns_pass(frame):
    frame["a"] = frame["a"].astype(object)
    v.check_text_columns(frame, LogisticRegression(), "X", "student")
    frame["a"] = ["1", "two", None]
    with pytest.raises(ValueError, match="holds 'two', which is not a number"):
        v.check_text_columns(frame, LogisticRegression(), "X", "student")
    with pytest.raises(ValueError, match="holds 'two', which is not a number"):
        v.check_text_columns(frame, make_pipeline(StandardScaler(), LogisticRegression()), "X", "student")
    v.check_text_columns(frame, make_pipeline(OneHotEncoder(), LogisticRegression()), "X", "student")
    frequent = SimpleImputer(strategy="most_frequent")
    v.check_text_columns(frame, make_pipeline(frequent, OneHotEncoder(), LogisticRegression()), "X", "student")


def test_nullable_numbers_pass(frame):
    v.check_text_columns(frame.astype("Int64"), LogisticRegression(), "X", "student")


def test_row_labels():
    X = pd.DataFrame({"a": [1, 2]}, index=["p1", "p2"])
    v.check_same_rows(X, pd.DataFrame({"b": [1, 2]}, index=["p1", "p2"]), "T")
    v.check_same_rows(X, pd.DataFrame({"b": [1, 2]}), "T")
    v.check_same_rows(X, np.ones((2, 1)), "T")
    with pytest.raises(ValueError, match="in another order"):
        v.check_same_rows(X, pd.DataFrame({"b": [1, 2]}, index=["p2", "p1"]), "T")


def test_row_labels_that_overlap():
    X = pd.DataFrame({"a": [1, 2, 3]}, index=["p1", "p2", "p3"])
    shifted = pd.DataFrame({"b": [1, 2, 3]}, index=["p2", "p3", "p4"])
    with pytest.raises(ValueError, match=r"'p1' of X is not in T, but 2 others are.*T.reindex\(X.index\)"):
        v.check_same_rows(X, shifted, "T")
    v.check_same_rows(X, shifted.set_axis(["q1", "q2", "q3"]), "T")
    with pytest.raises(ValueError, match=r"y.loc\[X.index\]"):
        v.check_same_index(X, pd.Series([0, 1, 0], index=["p3", "p2", "p1"]), "y")


def test_integer_column_names_are_ambiguous():
    X = pd.DataFrame(np.ones((2, 3)), columns=[5, 1, 0])
    with pytest.raises(ValueError, match=r"such as 5, so student_columns could mean names or positions"):
        v.column_positions(X, [0, 1], "student_columns")
    X.columns = range(3)
    assert v.column_positions(X, [0, 2], "student_columns").tolist() == [0, 2]


def test_missing_values_name_column_and_remedy(frame):
    frame.loc[1, "c"] = np.nan
    for table, column in ((frame, "'c'"), (frame.to_numpy(), "2")):
        with pytest.raises(ValueError, match=f"1 values, the first in column {column}, and the student Logistic"):
            v.check_missing_values(table, LogisticRegression(), "X", "student")
    v.check_missing_values(frame, make_pipeline(StandardScaler(), LogisticRegression()), "X", "student")


def test_same_columns(frame):
    v.check_same_columns(frame, frame, "other", "X")
    with pytest.raises(ValueError, match="X is a DataFrame and other is a ndarray: give both alike"):
        v.check_same_columns(frame, frame.to_numpy(), "other", "X")
    with pytest.raises(ValueError, match="they are in another order"):
        v.check_same_columns(frame, frame[list("dcba")], "other", "X")
    with pytest.raises(ValueError, match="not in both: 'd', 'e'"):
        v.check_same_columns(frame, frame.rename(columns={"d": "e"}), "other", "X")
    numbered = frame.set_axis(range(4), axis=1)
    with pytest.raises(ValueError, match="they are in another order"):
        v.check_same_columns(numbered, numbered[[3, 2, 1, 0]], "other", "X")
    with pytest.raises(ValueError, match="give both alike"):
        v.check_same_columns(frame.to_numpy(), csr_array(frame.to_numpy()), "other", "X")
    with pytest.raises(ValueError, match="other has 2 columns and X has 4"):
        v.check_same_columns(frame.to_numpy(), np.ones((3, 2)), "other", "X")


def test_long_lists_are_cut():
    X = pd.DataFrame(np.ones((1, 1)), columns=["a"])
    with pytest.raises(ValueError, match=r"names 9 columns .* 'x4' and 4 more"):
        v.column_positions(X, [f"x{i}" for i in range(9)], "it")


def test_seeds_go_where_there_are_none():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    assert v.set_seeds(pipeline, 3)[-1].random_state == 3
    assert v.set_seeds(LogisticRegression(random_state=1), 3).random_state == 1
    assert v.set_seeds(LogisticRegression(), None).random_state is None


def test_earlier_fit_comes_back_even_after_an_interrupt():
    model = LogisticRegression().fit([[0], [1]], [0, 1])
    coefficients = model.coef_

    def interrupted_fit():
        with v.keep_earlier_fit(model):
            model.coef_ = None
            model.extra_ = 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_fit()
    assert model.coef_ is coefficients
    assert not hasattr(model, "extra_")


def test_weights_get_mean_one():
    np.testing.assert_allclose(v.check_row_weights([1, 3], np.ones((2, 1))), [0.5, 1.5])
    with pytest.raises(ValueError, match="Negative values"):
        v.check_row_weights([1, -1], np.ones((2, 1)))


def test_choice():
    with pytest.raises(ValueError, match="figure='x' must be one of 'a', 'b'"):
        v.check_choice("figure", "x", ["a", "b"])


def test_models_that_may_encode_are_left_to_themselves(frame):
    frame["sex"] = pd.Categorical(["f", "m", "f"])
    v.check_text_columns(frame, HistGradientBoostingClassifier(), "X", "student")
    with pytest.raises(ValueError, match="'sex' of X has dtype category and holds 'f'"):
        v.check_text_columns(frame, LogisticRegression(), "X", "student")
    v.check_text_columns(frame.assign(sex=pd.Categorical([1, 2, 1])), LogisticRegression(), "X", "student")
    frame["sex"] = ["f", "m", "f"]
    for model in (FrozenEstimator(LogisticRegression()), GridSearchCV(LogisticRegression(), {"C": [1]})):
        v.check_text_columns(frame, model, "X", "student")


def test_stacking_keeps_categories():
    upper = pd.DataFrame({"a": pd.Categorical([0, 1, 2])})
    lower = pd.DataFrame({"a": pd.Categorical([0, 1])})
    assert isinstance(v.stack_rows(upper, lower)["a"].dtype, pd.CategoricalDtype)


def test_many_columns_are_found_in_linear_time():
    """20,000 names were minutes of work when each was searched for in a list."""
    names = [f"g{i}" for i in range(20_000)]
    X = pd.DataFrame(np.zeros((1, 20_000)), columns=names)
    assert len(v.column_positions(X, names[::-1], "it")) == 20_000
    assert v.drop_teacher_columns(X, np.array(names[:10_000])).shape == (1, 10_000)


def test_groups_of_several_tables_mean_the_same():
    own, further, none, last = v.join_groups(
        np.array(["a", "b", "a"]), [(2, np.array(["c", "a"])), (3, None), (1, np.array(["c"], dtype=object))]
    )
    assert own.tolist() == [0, 1, 0]
    assert further.tolist() == [2, 0]
    assert last.tolist() == [2]
    assert not set(none) & {0, 1, 2}
    assert len(set(none)) == 3
    # Patient 1 is not patient "1".
    assert len(set(np.concatenate(v.join_groups(np.array([1, 2]), [(1, np.array(["1"]))])))) == 3


def test_groups_go_row_for_row():
    X = pd.DataFrame({"a": [1, 2, 3]}, index=["x", "y", "z"])
    assert v.check_groups(None, X) is None
    assert v.check_groups(pd.Series(["p", "q", "p"], index=X.index), X).tolist() == ["p", "q", "p"]
    with pytest.raises(ValueError, match=r"The rows of groups carry the same labels as those of X in another order"):
        v.check_groups(pd.Series(["p", "q", "p"], index=X.index[::-1]), X)
    with pytest.raises(ValueError, match=r"bridge\[2\] has 4 rows and bridge\[0\] has 3"):
        v.check_groups([1, 2, 3, 4], X, "bridge[2]", "bridge[0]")
