import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.preprocessing import StandardScaler

from skcmkd._linear_model._ridge import (
    ALPHAS,
    LeaveOutRidge,
    _group_blocks,
    _leave_group_out_residuals,
    to_design_matrix,
)


def draw(n, p, q=1):
    rng = np.random.RandomState(0)
    X = 3 * rng.normal(size=(n, p)) + 1
    return X, X[:, :q] + rng.normal(size=(n, q)) + 5


@pytest.mark.parametrize("shape", [(80, 10), (40, 90)])
def test_penalty_and_coefficients_are_scikit_learns(shape):
    X, y = draw(*shape)
    ours = LeaveOutRidge().fit(X, y[:, 0])
    scaler = StandardScaler().fit(X)
    theirs = RidgeCV(ALPHAS).fit(scaler.transform(X), y[:, 0])
    assert ours.alpha_ == theirs.alpha_
    np.testing.assert_allclose(ours.predict(X), theirs.predict(scaler.transform(X)), rtol=1e-8)


def test_several_targets_share_the_penalty_of_the_validated_ones():
    X, y = draw(60, 8, 2)
    y[:, 1] = np.random.RandomState(1).normal(size=60)
    both = LeaveOutRidge(n_selection_targets=1).fit(X, y)
    assert both.alpha_ == LeaveOutRidge().fit(X, y[:, 0]).alpha_
    scaler = StandardScaler().fit(X)
    expected = Ridge(both.alpha_).fit(scaler.transform(X), y).predict(scaler.transform(X))
    np.testing.assert_allclose(both.predict(X), expected, rtol=1e-8)


def test_dimensions_are_the_trace_of_the_hat_matrix():
    X, y = draw(30, 4)
    model = LeaveOutRidge().fit(X, y[:, 0])
    basis = np.eye(30)
    hat = Ridge(model.alpha_).fit(StandardScaler().fit_transform(X), basis)
    trace = np.trace(hat.predict(StandardScaler().fit_transform(X)))
    np.testing.assert_allclose(model.effective_dof_, trace, rtol=1e-8)


def test_missing_values_take_the_median_of_the_training_rows():
    X, y = draw(40, 3)
    incomplete = X.copy()
    incomplete[3, 1] = np.nan
    filled = X.copy()
    filled[3, 1] = np.nanmedian(incomplete[:, 1])
    ours, theirs = LeaveOutRidge().fit(incomplete, y[:, 0]), LeaveOutRidge().fit(filled, y[:, 0])
    np.testing.assert_allclose(ours.coef_, theirs.coef_)
    new = np.full((1, 3), np.nan)
    np.testing.assert_allclose(ours.predict(new), theirs.predict(np.median(filled, axis=0)[None]), rtol=1e-6)


def test_constant_and_empty_columns_change_no_prediction():
    X, y = draw(30, 3)
    more = np.column_stack([X, np.ones(30), np.full(30, np.nan)])
    np.testing.assert_allclose(LeaveOutRidge().fit(more, y).predict(more), LeaveOutRidge().fit(X, y).predict(X))
    np.testing.assert_allclose(LeaveOutRidge().fit(np.ones((30, 2)), y[:, 0]).predict(np.ones((1, 2))), y.mean())


def test_columns_are_those_of_the_table_that_was_encoded_once():
    """Whatever categories the rows to predict have: the estimator itself takes numbers only."""
    rng = np.random.RandomState(0)
    kind = np.array(["x", "y", "z", "z"])[np.arange(40) % 4]
    table = pd.DataFrame({"a": rng.normal(size=40), "kind": kind})
    y = table["a"] + (kind == "z") + rng.normal(size=40)
    design = to_design_matrix(table)
    model = LeaveOutRidge().fit(design[:30], y[:30])
    assert model.n_features_in_ == 4
    prediction = model.predict(design[30:])
    for row in range(10):
        np.testing.assert_allclose(model.predict(design[[30 + row]]), prediction[[row]])
    with pytest.raises(ValueError, match="could not convert string to float"):
        LeaveOutRidge().fit(table[:30], y[:30])
    with pytest.raises(ValueError, match="could not convert string to float"):
        model.predict(table.assign(b=0, c=1).to_numpy()[30:])
    for few in (table[30:31], table[table["kind"] == "z"]):
        encoded = to_design_matrix(few)
        assert encoded.shape[1] != 4
        with pytest.raises(ValueError, match="is expecting 4 features as input"):
            model.predict(encoded)


def test_sparse_tables_are_dense_ones():
    X, y = draw(30, 3)
    model = LeaveOutRidge().fit(csr_array(X), y[:, 0])
    np.testing.assert_allclose(model.predict(csr_array(X)), LeaveOutRidge().fit(X, y[:, 0]).predict(X))


def test_numbers_as_text_or_objects_are_numbers():
    table = pd.DataFrame({"a": pd.Series([1.5, 2.0, None], dtype=object), "b": ["1", "2", "4"]})
    np.testing.assert_array_equal(to_design_matrix(table), [[1.5, 1], [2, 2], [np.nan, 4]])


def test_missing_categories_stay_missing_and_identifiers_are_left_out():
    table = pd.DataFrame({"kind": ["x", "y", None, "x"], "name": ["p1", "p2", "p3", "p4"]})
    np.testing.assert_array_equal(to_design_matrix(table), [[1, 0], [0, 1], [np.nan, np.nan], [1, 0]])


def test_categories_become_columns():
    table = pd.DataFrame({"a": [1, 2, 3, 4], "kind": ["x", "y", "y", "x"]})
    np.testing.assert_array_equal(to_design_matrix(table), [[1, 1, 0], [2, 0, 1], [3, 0, 1], [4, 1, 0]])
    integers = pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})
    np.testing.assert_array_equal(to_design_matrix(integers), [[1], [np.nan]])


def test_penalty_is_the_one_with_the_least_error_on_left_out_groups():
    """Against scikit-learn's ridge fitted without each group, on the columns standardized over all rows."""
    X, y = draw(40, 12)
    groups = np.repeat(np.arange(16), np.tile([1, 2, 3, 4], 4))
    rng = np.random.RandomState(1)
    X, y = X + 6 * rng.normal(size=(16, 12))[groups], y + 4 * rng.normal(size=16)[groups][:, None]
    Z = StandardScaler().fit_transform(X)
    cv = LeaveOneGroupOut()
    errors = [
        ((cross_val_predict(Ridge(penalty), Z, y[:, 0], groups=groups, cv=cv) - y[:, 0]) ** 2).mean()
        for penalty in ALPHAS
    ]
    ours = LeaveOutRidge().fit(X, y[:, 0], groups=groups)
    assert ours.alpha_ == ALPHAS[int(np.argmin(errors))]
    assert ours.alpha_ != LeaveOutRidge().fit(X, y[:, 0]).alpha_
    U, s, _ = np.linalg.svd(Z, full_matrices=False)
    centered = y - y.mean()
    for penalty, error in zip(ALPHAS, errors, strict=True):
        shrinkage = s**2 / (s**2 + penalty)
        residual = centered - U @ (shrinkage[:, None] * (U.T @ centered))
        left_out = _leave_group_out_residuals(residual, U, shrinkage, _group_blocks(groups))
        np.testing.assert_allclose((left_out**2).mean(), error, rtol=1e-8)


def test_groups_of_one_row_are_rows_and_one_group_takes_the_largest_penalty():
    X, y = draw(40, 12)
    single_rows = LeaveOutRidge().fit(X, y[:, 0], groups=np.arange(40)[::-1])
    np.testing.assert_allclose(single_rows.coef_, LeaveOutRidge().fit(X, y[:, 0]).coef_)
    assert LeaveOutRidge().fit(X, y[:, 0], groups=np.zeros(40)).alpha_ == max(ALPHAS)


def test_arrays_are_checked_as_tables_are():
    """An array of numbers passes scikit-learn's checks by; what they refuse or note is refused and noted as before."""
    X, y = draw(30, 3)
    model = LeaveOutRidge().fit(pd.DataFrame(X, columns=list("abc")), y[:, 0])
    model.fit(X, y[:, 0])
    assert not hasattr(model, "feature_names_in_")
    assert model.n_features_in_ == 3
    np.testing.assert_array_equal(model.coef_, LeaveOutRidge().fit(X.tolist(), y[:, 0]).coef_)
    np.testing.assert_array_equal(model.predict(X.tolist()), model.predict(X))
    for spoiled, message in (
        (X[:, :2], "2 features"),
        (X + np.where(np.eye(30, 3) > 0, np.inf, 0), "infinity"),
        (X[:, 0], "2D array"),
        (X[:0], "0 sample"),
    ):
        with pytest.raises(ValueError, match=message):
            model.predict(spoiled)
    with pytest.warns(UserWarning, match="valid feature names"):
        LeaveOutRidge().fit(pd.DataFrame(X, columns=list("abc")), y[:, 0]).predict(X)
