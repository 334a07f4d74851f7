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

from skcmkd._validation._table_checks import check_missing_values, check_no_infinity, check_text_columns, observed_rows


@pytest.fixture
def frame():
    return pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd"))


def test_measured_rows():
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


def test_numbers_in_object_columns_pass(frame):
    frame["a"] = frame["a"].astype(object)
    check_text_columns(frame, LogisticRegression(), "X", "student")
    frame["a"] = ["1", "two", None]
    with pytest.raises(ValueError, match="holds 'two', which is not a number"):
        check_text_columns(frame, LogisticRegression(), "X", "student")
    with pytest.raises(ValueError, match="holds 'two', which is not a number"):
        check_text_columns(frame, make_pipeline(StandardScaler(), LogisticRegression()), "X", "student")
    check_text_columns(frame, make_pipeline(OneHotEncoder(), LogisticRegression()), "X", "student")
    frequent = SimpleImputer(strategy="most_frequent")
    check_text_columns(frame, make_pipeline(frequent, OneHotEncoder(), LogisticRegression()), "X", "student")


def test_nullable_numbers_pass(frame):
    check_text_columns(frame.astype("Int64"), LogisticRegression(), "X", "student")


def test_missing_values_name_column_and_remedy(frame):
    frame.loc[1, "c"] = np.nan
    for table, column in ((frame, "'c'"), (frame.to_numpy(), "2")):
        with pytest.raises(ValueError, match=f"1 values, the first in column {column}, and the student Logistic"):
            check_missing_values(table, LogisticRegression(), "X", "student")
    check_missing_values(frame, make_pipeline(StandardScaler(), LogisticRegression()), "X", "student")


def test_models_that_may_encode_are_left_to_themselves(frame):
    frame["sex"] = pd.Categorical(["f", "m", "f"])
    check_text_columns(frame, HistGradientBoostingClassifier(), "X", "student")
    with pytest.raises(ValueError, match="'sex' of X has dtype category and holds 'f'"):
        check_text_columns(frame, LogisticRegression(), "X", "student")
    check_text_columns(frame.assign(sex=pd.Categorical([1, 2, 1])), LogisticRegression(), "X", "student")
    frame["sex"] = ["f", "m", "f"]
    for model in (FrozenEstimator(LogisticRegression()), GridSearchCV(LogisticRegression(), {"C": [1]})):
        check_text_columns(frame, model, "X", "student")
