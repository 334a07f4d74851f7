import numpy as np
import pandas as pd
import pytest

from skcmkd.information import cca, gaussian, ksg
from skcmkd.information._inputs import check_pair, is_discrete, to_numeric


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (["a", "b"], True),
        ([0, 1], True),
        ([[0], [1]], True),
        ([True, False], True),
        (pd.Series(["a", "b"], dtype="category"), True),
        (pd.Series(["a", "b"], dtype=object), True),
        (pd.DataFrame({"label": [1, 2]}), True),
        ([0.0, 1.0], False),
        ([[0, 1], [1, 0]], False),
        (np.zeros(3, dtype=np.float32), False),
    ],
)
def test_what_counts_as_a_label(variable, expected):
    assert is_discrete(variable) is expected


def test_categories_become_columns_and_constants_go():
    table = pd.DataFrame({"a": [1, 2, 3], "same": 1.0, "kind": ["x", "y", "x"], "flag": [True, False, True]})
    np.testing.assert_array_equal(to_numeric(table, "X"), [[1, 1, 0, 1, 0], [2, 0, 1, 0, 1], [3, 1, 0, 1, 0]])


def test_label_becomes_the_second_variable():
    x, y = np.array([0.5, 1.0, 2.0]), ["b", "a", "b"]
    for first, second in ((x, y), (y, x)):
        table, codes, label = check_pair(first, second, min_samples=1, estimator="ksg")
        assert label
        np.testing.assert_array_equal(codes, [1, 0, 1])
        np.testing.assert_array_equal(table[:, 0], x)
    table, codes, label = check_pair(y, [7, 7, 3], min_samples=1, estimator="ksg")
    assert label
    assert table.shape == (3, 2)
    np.testing.assert_array_equal(codes, [1, 1, 0])


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (pd.DataFrame({"a": [1.0, np.nan], "b": [0.0, 1.0]}), [1.0, 2.0], "Input X contains NaN: 1 values.*'a'"),
        ([[np.inf], [1.0]], [1.0, 2.0], "Input X contains infinity"),
        ([1.0, 2.0], ["a", None], "Y holds 1 missing labels"),
        ([1.0, 2.0, 3.0], ["a", "b"], "Y has 2 rows and X has 3"),
        ([1.0], [2.0], "ksg needs at least 2 rows, got 1"),
        (pd.Series([1.0, 2.0], index=["p", "q"]), pd.Series([1.0, 2.0], index=["q", "p"]), "in another order"),
        (
            pd.DataFrame({"id": [f"p{i}" for i in range(50)], "a": 1.0}),
            np.zeros(50),
            "Column 'id' of X holds 50 different texts",
        ),
    ],
)
def test_bad_variables(X, Y, message):
    with pytest.raises(ValueError, match=message):
        check_pair(X, Y, min_samples=2, estimator="ksg")


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_extreme_scales_are_divided_out(scale):
    x = np.random.RandomState(0).normal(size=(40, 2))
    y = x + np.random.RandomState(1).normal(size=(40, 2))
    for estimate in (cca, gaussian, ksg):
        np.testing.assert_allclose(
            estimate(x * scale, y, random_state=0), estimate(x, y, random_state=0), rtol=1e-6, atol=1e-9
        )
