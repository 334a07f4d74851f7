import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from skcmkd._two_forms import check_student_values, read_both_modalities, student_table


class Reader(BaseEstimator):
    def __init__(self, student_columns=None):
        self.student_columns = student_columns


@pytest.fixture
def table():
    return pd.DataFrame(np.arange(20.0).reshape(5, 4), columns=list("abcd"))


Y = np.array([0, 1, 0, 1, 0])


def test_one_table_and_two_tables_are_read_alike(table):
    one, two = Reader(["c", "a"]), Reader()
    found = read_both_modalities(one, table, Y, None, (table[:2],))
    own, others = table[["c", "a"]], table[["b", "d"]]
    expected = read_both_modalities(two, own, Y, others, (own[:2], others[:2]))
    for given, direct in zip([found[0], found[2], *found[3]], [expected[0], expected[2], *expected[3]], strict=True):
        pd.testing.assert_frame_equal(given, direct)
    np.testing.assert_array_equal(found[1], expected[1])
    assert list(one.feature_names_in_) == list(two.feature_names_in_) == ["c", "a"]
    assert one.n_features_in_ == two.n_features_in_ == 2


@pytest.mark.parametrize("columns", [["c", "a"], [2, 0]], ids=["names", "positions"])
def test_students_columns_come_from_either_table(table, columns):
    reader = Reader(columns)
    read_both_modalities(reader, table, Y, None, None)
    for given in (table, table[["a", "c"]], table[["c", "a"]].assign(d=np.nan)):
        pd.testing.assert_frame_equal(student_table(reader, given), table[["c", "a"]])


def test_arrays_have_the_columns_of_fit_or_the_students_alone(table):
    X = table.to_numpy()
    reader = Reader([2, 0])
    read_both_modalities(reader, X, Y, None, None)
    for given in (X, X[:, [2, 0]]):
        np.testing.assert_array_equal(student_table(reader, given), X[:, [2, 0]])
    with pytest.raises(ValueError, match="X has 3 features"):
        student_table(reader, X[:, :3])


def test_the_target_is_checked_as_asked(table):
    with pytest.raises(ValueError, match="Unknown label type"):
        read_both_modalities(Reader(), table, Y + 0.5, None, None)
    y = read_both_modalities(Reader(), table, Y + 0.5, None, None, check_target=np.asarray)[1]
    np.testing.assert_array_equal(y, Y + 0.5)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        read_both_modalities(Reader(), table, Y[:4], None, None)


@pytest.mark.parametrize(
    ("value", "message"), [("low", "OneHotEncoder"), (np.inf, "contains infinity"), (np.nan, "SimpleImputer")]
)
def test_values_that_a_plain_student_cannot_take(table, value, message):
    with pytest.raises(ValueError, match=message):
        check_student_values(table.assign(b=value), LogisticRegression())
