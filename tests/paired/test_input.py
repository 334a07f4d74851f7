import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd import NetworkClassifier, NetworkRegressor, PairedDistiller, PairedDistillerRegressor
from skcmkd.paired._input import make_models, open_tables


@pytest.fixture
def table():
    return pd.DataFrame(np.arange(24.0).reshape(4, 6), columns=list("abcdef"))


def opened(distiller, X, X_teacher=None, unlabeled=None):
    return open_tables(distiller, X, [0, 1, 0, 1], X_teacher, unlabeled)


def test_either_form_gives_the_same_tables(table):
    columns = {"one": ["c"], "two": ["f", "e"]}
    one = PairedDistiller(student_columns=["a", "b"], teacher_columns=columns)
    two = PairedDistiller(teacher_columns=columns)
    first = opened(one, table, unlabeled=(table,))
    second = opened(two, table[["a", "b"]], table[list("cdef")], (table[["a", "b"]], table[list("cdef")]))
    for left, right in zip(
        (first.X, first.X_teacher, first.unlabeled.X, first.unlabeled.X_teacher),
        (second.X, second.X_teacher, second.unlabeled.X, second.unlabeled.X_teacher),
        strict=True,
    ):
        pd.testing.assert_frame_equal(left, right)
    for name, positions in first.teacher_positions.items():
        np.testing.assert_array_equal(positions, second.teacher_positions[name])
    assert one.n_features_in_ == two.n_features_in_ == 2
    assert list(one.feature_names_in_) == ["a", "b"]


def test_models_have_the_seed_and_are_copies():
    student, teacher = LogisticRegression(), LogisticRegression(random_state=5)
    found, teachers = make_models(PairedDistiller(student, teacher, random_state=3), ["x", "y"])
    assert (found.random_state, teachers["x"].random_state, student.random_state) == (3, 5, None)
    assert teachers["x"] is not teachers["y"]
    for distiller, network in ((PairedDistiller(), NetworkClassifier), (PairedDistillerRegressor(), NetworkRegressor)):
        found, teachers = make_models(distiller, [""])
        assert isinstance(found, network)
        assert isinstance(teachers[""], network)
    assert isinstance(make_models(PairedDistillerRegressor(Ridge()), [])[0], Ridge)
