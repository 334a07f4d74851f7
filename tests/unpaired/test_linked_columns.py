import numpy as np
import pandas as pd
import pytest

from skcmkd.unpaired._input import check_unpaired_data
from skcmkd.unpaired._linked_columns import resolve_linked_columns
from skcmkd.unpaired._linked_features import impute_teacher_features, match_moments


@pytest.fixture
def tables():
    """Two cohorts of 6 and 9 rows that share the column "b"."""
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.normal(size=(6, 3)), columns=list("abc"))
    return X, pd.DataFrame(rng.normal(size=(9, 4)), columns=list("wxby"))


def check(X, X_teacher, linked_columns, unlabeled=None):
    teacher_data = X_teacher, np.array([0, 1, 2] * 3)
    return check_unpaired_data(X, np.array([0, 1, 2] * 2), None, teacher_data, unlabeled, None, linked_columns)


def test_names_and_pairs_give_the_same_positions(tables):
    X, T = tables
    for pairs in ("names", [("b", "b")], [(1, 2)], [["b", "b"]]):
        assert [part.tolist() for part in resolve_linked_columns(X, T, pairs)] == [[1], [2]]
    result = resolve_linked_columns(X, T, [("a", "x"), ("c", "w")])
    assert [part.tolist() for part in result] == [[0, 2], [1, 0]]
    result = resolve_linked_columns(X.to_numpy(), T.to_numpy(), [(2, 0), (0, 3)])
    assert [part.tolist() for part in result] == [[2, 0], [0, 3]]
    assert [part.tolist() for part in check(X, T, "names").linked_indices] == [[1], [2]]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ("name", "linked_columns='name' must be 'names' or a list of pairs"),
        ([], r"linked_columns=\[\] must be 'names' or a list of pairs"),
        ([("a", "b", "c")], r"must be 'names' or a list of pairs \(student's column, teacher's\)"),
        (["ab"], r"linked_columns=\['ab'\] must be 'names' or a list of pairs"),
        (5, "linked_columns=5 must be 'names' or a list of pairs"),
        ([("z", "b")], "linked_columns names 1 column that X does not have: 'z'"),
        ([("a", "z")], r"linked_columns names 1 column that teacher_data\[0\] does not have: 'z'"),
        ([("a", "b"), ("a", "w")], "linked_columns names a column of X twice"),
        ([("a", 9)], r"does not fit teacher_data\[0\] with 4 columns"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(tables, pairs, message):
    with pytest.raises(ValueError, match=message):
        check(*tables, pairs)


def test_linked_column_without_a_value_is_refused(tables):
    X, T = tables
    for arguments, message in (
        ((X.assign(b=np.nan), T), "Column 'b' of X is linked and missing in all of its 6 rows. Leave it"),
        ((X, T.assign(b=np.nan)), r"Column 'b' of teacher_data\[0\] is linked and missing"),
    ):
        with pytest.raises(ValueError, match=message):
            check(*arguments, "names")
    message = r"Column 'b' of unlabeled\[0\] is linked and missing in all of its 6"
    with pytest.raises(ValueError, match=message):
        check(X, T, "names", unlabeled=(X.assign(b=np.nan),))


def test_linked_column_of_text_is_refused(tables):
    X, T = tables
    with pytest.raises(ValueError, match=r"Linked column 'b' of teacher_data\[0\] has dtype .*only numbers can be"):
        check(X, T.assign(b=list("uvwuvwuvu")), "names")


@pytest.mark.parametrize("as_array", [False, True])
def test_tables_without_shared_names_are_refused(tables, as_array):
    X, T = tables[0].rename(columns={"b": "B"}), tables[1]
    if as_array:
        X, T = tables[0].to_numpy(), T.to_numpy()
    with pytest.raises(ValueError, match=r"found no column of the same name in X and teacher_data\[0\].*list of pairs"):
        resolve_linked_columns(X, T, "names")


# Estimated features


def test_features_that_are_linear_in_the_linked_columns_are_recovered():
    """Also when the student's columns are measured on another scale, and with a constant column."""
    rng = np.random.RandomState(0)
    linked = np.column_stack([rng.normal(size=(200, 3)), np.full(200, 2.0)])
    W = rng.normal(size=(4, 2))
    features = linked @ W + 1
    moved = linked[::-1] * [10, 0.1, 3, 1] + 5
    result = impute_teacher_features(moved, linked, np.ones(200), features)
    np.testing.assert_allclose(result, features[::-1], atol=0.02 * features.std())


def test_missing_values_in_linked_columns():
    rng = np.random.RandomState(1)
    linked = rng.normal(size=(300, 3))
    features = linked @ rng.normal(size=(3, 2))
    incomplete = linked.copy()
    incomplete[rng.uniform(size=incomplete.shape) < 0.05] = np.nan
    result = impute_teacher_features(incomplete, incomplete, np.ones(300), features)
    assert np.isfinite(result).all()
    complete = ~np.isnan(incomplete).any(axis=1)
    error = ((result - features)[complete] ** 2).mean() / features.var()
    assert error < 0.05
    assert error < ((result - features)[~complete] ** 2).mean() / features.var()


def test_columns_get_the_weighted_moments_of_the_reference():
    rng = np.random.RandomState(0)
    values, reference = rng.normal(size=(20, 3)) * 5 + 1, rng.normal(size=(30, 3))
    values[:, 2], values[0, 0] = 7.0, np.nan
    weights = rng.randint(1, 4, size=30)
    result, repeated = match_moments(values, reference, weights), np.repeat(reference, weights, axis=0)
    np.testing.assert_allclose(np.nanmean(result, axis=0), repeated.mean(axis=0))
    np.testing.assert_allclose(np.nanstd(result, axis=0)[:2], repeated.std(axis=0)[:2])
    np.testing.assert_allclose(result[:, 2], repeated[:, 2].mean())
