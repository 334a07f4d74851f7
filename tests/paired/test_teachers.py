import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd import NetworkClassifier, NetworkRegressor
from skcmkd.paired._input import check_paired_data
from skcmkd.paired._teachers import prepare_teachers

COLUMNS = {"x": ["a", "b"], "y": ["c"]}


@pytest.fixture
def table():
    """Tables of 12 rows: 0 to 2 lack teacher x, 8 to 11 lack teacher y, and row 5 lacks the student's modality."""
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.normal(size=(12, 2)), columns=["s0", "s1"])
    T = pd.DataFrame(rng.normal(size=(12, 3)), columns=["a", "b", "c"])
    T.iloc[:3, :2] = np.nan
    T.iloc[8:, 2] = np.nan
    pairs = tuple(part[:4].set_axis(range(12, 16)) for part in (X, T))
    X.iloc[5] = np.nan
    return X, T, pairs


def prepare(table, teacher=None, columns=COLUMNS, default=NetworkClassifier, teacher_input="teacher", seed=None):
    X, T, pairs = table
    data = check_paired_data(X, np.arange(12) % 2, None, None, T, pairs, None, columns)
    return prepare_teachers(data, teacher, columns is not None, default, teacher_input, seed)


def test_each_teacher_has_its_columns_and_rows(table):
    x, y = prepare(table, LogisticRegression())
    assert (x.name, y.name) == ("x", "y")
    assert list(x.X.columns) == ["a", "b"]
    np.testing.assert_array_equal(x.observed, np.arange(12) >= 3)
    np.testing.assert_array_equal(y.observed, np.arange(12) < 8)
    assert x.unlabeled_observed.tolist() == [False, False, False, True]
    assert y.unlabeled_observed.all()
    x, _ = prepare(table, LogisticRegression(), teacher_input="both")
    assert list(x.X.columns) == list(x.X_unlabeled.columns) == ["s0", "s1", "a", "b"]
    np.testing.assert_array_equal(x.observed, (np.arange(12) >= 3) & (np.arange(12) != 5))


def test_models_are_copies_with_the_seed(table):
    model = LogisticRegression()
    x, y = prepare(table, model, seed=3)
    assert (x.model.random_state, model.random_state) == (3, None)
    assert x.model is not y.model
    assert [t.model.random_state for t in prepare(table, LogisticRegression(random_state=5), seed=3)] == [5, 5]
    x, y = prepare(table, {"x": model, "y": Ridge()})
    assert isinstance(x.model, LogisticRegression)
    assert isinstance(y.model, Ridge)


@pytest.mark.parametrize("default", [NetworkClassifier, NetworkRegressor])
def test_the_default_is_a_network(table, default):
    (teacher,) = prepare(table, columns=None, default=default)
    assert teacher.name == ""
    assert isinstance(teacher.model, default)
    assert list(teacher.X.columns) == ["a", "b", "c"]


def test_a_dict_of_teachers_needs_a_dict_of_columns_with_its_names(table):
    with pytest.raises(ValueError, match=r"teacher is a dict of 'x'; .*and lacks 'y'"):
        prepare(table, {"x": Ridge()})
    with pytest.raises(ValueError, match="and that is no dict"):
        prepare(table, {"x": Ridge()}, columns=None)


def test_without_a_teachers_table_there_are_no_teachers():
    data = check_paired_data(np.ones((4, 2)), np.arange(4) % 2, None, None, None, None, None, None)
    assert prepare_teachers(data, None, False, Ridge, "teacher", None) == []


def test_a_frozen_teacher_gets_the_columns_that_it_was_fitted_to(table):
    rng = np.random.RandomState(1)
    before = pd.DataFrame(rng.normal(size=(50, 2)), columns=["c", "a"])
    frozen = FrozenEstimator(LogisticRegression().fit(before, rng.randint(2, size=50)))
    (teacher,) = prepare(table, frozen, columns=None)
    assert list(teacher.X.columns) == list(teacher.X_unlabeled.columns) == ["c", "a"]
    X, T, pairs = table
    renamed = X, T.rename(columns={"c": "z"}), (pairs[0], pairs[1].rename(columns={"c": "z"}))
    with pytest.raises(ValueError, match=r"frozen teacher LogisticRegression was fitted to 2 columns.*'c'"):
        prepare(renamed, frozen, columns=None)


def test_a_modality_that_no_row_has(table):
    X, T, pairs = table
    with pytest.raises(ValueError, match="columns of teacher 'y' are missing in all rows"):
        prepare((X, T.assign(c=np.nan), pairs))


def test_unlabeled_pairs_may_be_absent(table):
    X, T, _ = table
    teachers = prepare((X, T, None), Ridge(), teacher_input="both")
    assert all(t.X_unlabeled is None and len(t.unlabeled_observed) == 0 for t in teachers)
