import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkRegressor, PairedDistillerRegressor
from skcmkd._linear_model._excess_risk import linear_student_risk
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd._model_selection._row_order import order_by_content
from skcmkd._model_selection._stacking import fit_linear_stack
from skcmkd.datasets import make_gaussian_modalities


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture(scope="module")
def drawn():
    drawn = make_gaussian_modalities(200, n_classes=None, random_state=0)
    drawn.X = drawn.data[drawn.modalities["student"]]
    drawn.T = drawn.data[drawn.modalities["teacher"]]
    drawn.y = drawn.target.to_numpy()
    return drawn


def distiller(**changed):
    settings = {"student": Ridge(), "teacher": Ridge(), "teacher_weights": "equal", "alpha": 0.5, "cv": 4}
    return PairedDistillerRegressor(**{**settings, **changed})


def fit_pair(drawn, rows=slice(0, 80), unlabeled=None, **changed):
    pairs = (drawn.X.iloc[unlabeled], drawn.T.iloc[unlabeled]) if unlabeled else None
    return distiller(**changed).fit(
        drawn.X.iloc[rows], drawn.y[rows], X_teacher=drawn.T.iloc[rows], unlabeled_pairs=pairs
    )


@pytest.mark.parametrize("student", [Ridge(), KNeighborsRegressor(), make_pipeline(StandardScaler(), Ridge())])
def test_student_is_fitted_to_the_mixed_target(drawn, student):
    fitted = fit_pair(drawn, student=student, alpha=0.3)
    X, y = drawn.X[:80], drawn.y[:80]
    fold_ids = make_fold_ids(4, y, classes=False, order=order_by_content(X.to_numpy(), y))
    splits = [(np.flatnonzero(fold_ids != f), np.flatnonzero(fold_ids == f)) for f in range(4)]
    t = cross_val_predict(Ridge(), drawn.T[:80], y, cv=splits)
    np.testing.assert_allclose(fitted.teacher_prediction_, t)
    direct = clone(student).fit(X, 0.7 * y + 0.3 * t)
    np.testing.assert_allclose(fitted.predict(drawn.X), direct.predict(drawn.X))


@pytest.mark.parametrize("student", [Ridge(), NetworkRegressor((8,), max_epochs=5, random_state=0)])
def test_alpha_zero_is_the_student_alone_bit_for_bit(drawn, student):
    fitted = fit_pair(drawn, student=student, alpha=0)
    direct = clone(student).fit(drawn.X[:80], drawn.y[:80])
    np.testing.assert_array_equal(fitted.predict(drawn.X), direct.predict(drawn.X))
    assert (fitted.teacher_, fitted.teacher_prediction_) == (None, None)
    without = distiller(student=student, alpha="auto").fit(drawn.X[:80], drawn.y[:80])
    np.testing.assert_array_equal(without.predict(drawn.X), direct.predict(drawn.X))


def test_mixed_targets_minimize_both_squared_errors(drawn):
    """Some rows lack a teacher, others a target: the weighted least-squares solution by normal equations."""
    X, T, y = drawn.X[:60], drawn.T[:60].copy(), drawn.y[:60]
    T.iloc[:15] = np.nan
    pairs = (drawn.X[60:120], drawn.T[60:120])
    alpha, student = 0.4, LinearRegression()
    fitted = distiller(student=student, alpha=alpha).fit(X, y, X_teacher=T, unlabeled_pairs=pairs)
    t = fitted.teacher_prediction_
    known = ~np.isnan(t)
    t_unlabeled = fitted.teacher_.predict(pairs[1])
    A = np.vstack([X, X[known], pairs[0]])
    A = np.hstack([A, np.ones((len(A), 1))])
    b = np.concatenate([y, t[known], t_unlabeled])
    n_soft = known.sum() + 60
    w = np.concatenate([np.full(60, (1 - alpha) / 60), np.full(n_soft, alpha / n_soft)])
    coef = np.linalg.solve(A.T @ (w[:, None] * A), A.T @ (w * b))
    np.testing.assert_allclose(fitted.student_.coef_, coef[:-1], rtol=1e-6)
    np.testing.assert_allclose(fitted.student_.intercept_, coef[-1], rtol=1e-5)


def test_teacher_of_the_students_modality_is_reproduced(drawn):
    """With alpha = 1 a linear student predicts as a linear teacher on the same columns does."""
    frozen = FrozenEstimator(LinearRegression().fit(drawn.X[80:], drawn.y[80:]))
    fitted = distiller(student=LinearRegression(), teacher=frozen, alpha=1.0).fit(
        drawn.X[:80], drawn.y[:80], X_teacher=drawn.X[:80]
    )
    np.testing.assert_allclose(fitted.predict(drawn.X), frozen.predict(drawn.X))


def test_auto_takes_a_good_teacher_and_leaves_a_harmful_one():
    signal = {"teacher": 4.0, "student": 0.5}
    drawn = make_gaussian_modalities(400, n_classes=None, specific_signal=signal, random_state=1)
    X, T = (drawn.data[drawn.modalities[name]] for name in ("student", "teacher"))
    good, harmful = (
        distiller(alpha="auto", teacher=teacher).fit(
            X[:60], drawn.target[:60], X_teacher=T[:60], unlabeled_pairs=(X[60:], T[60:])
        )
        for teacher in (Ridge(), DummyRegressor(strategy="constant", constant=10))
    )
    assert good.alpha_ > 0
    assert harmful.alpha_ == 0
    assert list(good.alpha_scores_.columns) == ["squared_error", "difference", "standard_error"]


@pytest.mark.parametrize("n_targets", [1, 2])
def test_auto_weighs_targets_and_pooled_soft_targets_of_unlabeled_pairs_alike(drawn, n_targets):
    y = drawn.y[:80] if n_targets == 1 else np.column_stack([drawn.y, -2 * drawn.y + drawn.X.iloc[:, 0]])[:80]
    pairs = drawn.X[80:], drawn.T[80:]
    model = distiller(alpha="auto", teacher_weights="stacked", n_rounds=1)
    fitted = model.fit(drawn.X[:80], y, X_teacher=drawn.T[:80], unlabeled_pairs=pairs)
    assert fitted.alpha_ == pytest.approx(120 / 200)
    Y = y.reshape(80, -1)
    fold_ids = make_fold_ids(4, y, classes=False, order=order_by_content(drawn.X[:80].to_numpy(), y))
    splits = [(np.flatnonzero(fold_ids != f), np.flatnonzero(fold_ids == f)) for f in range(4)]
    tables = (drawn.T, drawn.X)
    oof = np.stack([cross_val_predict(Ridge(), table[:80], Y, cv=splits).reshape(80, -1) for table in tables])
    stack = fit_linear_stack(oof, Y, np.ones(80), np.array([0.0, 1.0]))
    members = [Ridge().fit(table[:80], Y).predict(table[80:]).reshape(120, -1) for table in tables]
    soft_targets = stack(np.stack(members))
    direct = Ridge().fit(drawn.X, np.concatenate([Y, soft_targets]))
    np.testing.assert_allclose(fitted.predict(drawn.X).reshape(200, -1), direct.predict(drawn.X).reshape(200, -1))
    weights = [fitted.teacher_weights_[name] for name in ("teacher", "student")]
    np.testing.assert_allclose(weights, stack.coef.mean(axis=1))


def test_a_harmful_teacher_has_no_weight_in_the_stacked_pool(drawn):
    model = distiller(teacher=DummyRegressor(strategy="constant", constant=10), alpha="auto", teacher_weights="stacked")
    pairs = drawn.X[80:140], drawn.T[80:140]
    fitted = model.fit(drawn.X[:80], drawn.y[:80], X_teacher=drawn.T[:80], unlabeled_pairs=pairs)
    alone = Ridge().fit(drawn.X[:80], drawn.y[:80]).score(drawn.X[140:], drawn.y[140:])
    assert fitted.score(drawn.X[140:], drawn.y[140:]) > alone - 0.05


def test_analytic_alpha_is_the_closed_form(drawn):
    fitted = fit_pair(drawn, alpha="analytic", student=HistGradientBoostingRegressor(max_iter=5))
    order = order_by_content(drawn.X[:80].to_numpy(), drawn.y[:80])
    fold_ids = make_fold_ids(4, drawn.y[:80], classes=False, order=order)
    t = fitted.teacher_prediction_[:, None]
    expected = linear_student_risk(drawn.X[:80], drawn.y[:80, None], t, fold_ids).best_alpha()
    assert fitted.alpha_ == expected
    assert fitted.alpha_ > 0


def test_analytic_alpha_counts_unlabeled_pairs(drawn):
    fitted = fit_pair(drawn, alpha="analytic", unlabeled=slice(80, 180))
    order = order_by_content(drawn.X[:80].to_numpy(), drawn.y[:80])
    fold_ids = make_fold_ids(4, drawn.y[:80], classes=False, order=order)
    t = fitted.teacher_prediction_[:, None]
    expected = linear_student_risk(drawn.X[:80], drawn.y[:80, None], t, fold_ids, 80 / 180).best_alpha()
    assert fitted.alpha_ == expected


def test_several_targets(drawn):
    Y = np.column_stack([drawn.y, -2 * drawn.y])
    fitted = distiller(alpha="auto").fit(drawn.X, Y, X_teacher=drawn.T)
    assert fitted.predict(drawn.X).shape == fitted.teacher_prediction_.shape == (200, 2)
    np.testing.assert_allclose(fitted.predict(drawn.X)[:, 1], -2 * fitted.predict(drawn.X)[:, 0], atol=1e-6)


def test_student_that_takes_no_weights(drawn):
    with pytest.raises(ValueError, match=r"KNeighborsRegressor takes no sample_weight.*rows differ in weight"):
        fit_pair(drawn, student=KNeighborsRegressor(), unlabeled=slice(80, 100))


def test_several_teachers(drawn):
    names = list(drawn.T.columns)
    fitted = fit_pair(drawn, teacher_columns={"a": names[:8], "b": names[8:]}, teacher_weights="learned")
    alone = [fit_pair(drawn, teacher_columns=columns).teacher_prediction_ for columns in (names[:8], names[8:])]
    weights = fitted.teacher_weights_
    assert sum(weights.values()) == pytest.approx(1)
    # The weights of a fold are fitted without it, so that they differ a little from fold to fold.
    pooled = weights["a"] * alone[0] + weights["b"] * alone[1]
    assert np.corrcoef(fitted.teacher_prediction_, pooled)[0, 1] > 0.99
    errors = [((p - drawn.y[:80]) ** 2).mean() for p in (*alone, fitted.teacher_prediction_)]
    assert errors[2] <= 1.05 * min(errors[:2])


def test_grid_search_over_alpha(drawn, routing):
    search = GridSearchCV(distiller().set_fit_request(X_teacher=True), {"alpha": [0.0, 0.5, "analytic"]}, cv=3)
    search.fit(drawn.X, drawn.y, X_teacher=drawn.T)
    assert search.best_estimator_.predict(drawn.X).shape == (200,)


def test_pickle_and_deployment(drawn):
    fitted = fit_pair(drawn)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(drawn.X), fitted.student_.predict(drawn.X))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.full(200, np.nan)}, "Input y contains NaN"),
        ({"X_teacher": np.full((200, 2), np.nan)}, "missing in all 200 rows"),
        ({"X_teacher": np.ones((10, 2))}, "X_teacher has 10 rows and X has 200"),
        ({"y": np.ones(3)}, "one for each row of"),
        ({"y": np.repeat(["a", "b"], 100)}, "y holds text such as 'a'.*take PairedDistiller"),
    ],
)
def test_bad_tables(drawn, change, message):
    tables = {"X": drawn.X.to_numpy(), "y": drawn.y, "X_teacher": drawn.T.to_numpy(), **change}
    with pytest.raises(ValueError, match=message):
        distiller().fit(tables["X"], tables["y"], X_teacher=tables["X_teacher"])


def test_failed_fit_leaves_the_earlier_fit(drawn):
    fitted = fit_pair(drawn)
    before = fitted.predict(drawn.X)
    with pytest.raises(ValueError, match="X_teacher"):
        fitted.fit(drawn.X, drawn.y, X_teacher=drawn.T[:5])
    np.testing.assert_array_equal(fitted.predict(drawn.X), before)


def test_constant_target(drawn):
    fitted = distiller(teacher=DummyRegressor(), alpha="auto").fit(drawn.X, np.ones(200), X_teacher=drawn.T)
    np.testing.assert_allclose(fitted.predict(drawn.X), 1)


def test_weights_of_all_rows_alike_are_weights(drawn):
    """They set the strength of a student's penalty, with a teacher as without."""
    light = np.full(80, 0.01)
    coef = [
        distiller(student=Ridge(10), alpha=alpha).fit(drawn.X[:80], drawn.y[:80], light, X_teacher=drawn.T[:80])
        for alpha in (0, 1e-9)
    ]
    np.testing.assert_allclose(coef[0].student_.coef_, coef[1].student_.coef_, rtol=1e-5)


def test_soft_targets_of_rows_of_weight_zero_are_not_used(drawn):
    T = drawn.T[:80].copy()
    T.iloc[10:] = np.nan
    frozen = FrozenEstimator(Ridge().fit(drawn.T[80:], drawn.y[80:]))
    weight = (np.arange(80) >= 10).astype(float)
    fitted = distiller(student=Ridge(50), teacher=frozen).fit(drawn.X[:80], drawn.y[:80], weight, X_teacher=T)
    np.testing.assert_allclose(fitted.student_.coef_, Ridge(50).fit(drawn.X[10:80], drawn.y[10:80]).coef_)


def test_failures_within_the_training_leave_the_earlier_fit(drawn):
    """Also where the fit fails after the tables were checked and the teachers were fitted."""
    fitted = fit_pair(drawn)
    before, attributes = fitted.predict(drawn.X), set(vars(fitted))
    fitted.set_params(student=KNeighborsRegressor())
    with pytest.raises(ValueError, match="rows differ in weight"):
        fitted.fit(
            drawn.X.iloc[:60, :4],
            drawn.y[:60],
            X_teacher=drawn.T[:60],
            unlabeled_pairs=(drawn.X.iloc[60:90, :4], drawn.T[60:90]),
        )
    np.testing.assert_array_equal(fitted.predict(drawn.X), before)
    assert set(vars(fitted)) == attributes
