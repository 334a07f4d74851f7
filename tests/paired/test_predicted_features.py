"""PredictedTeacherFeatures: what is predicted, from which pairs, and what a student makes of it."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor

from skcmkd import PredictedTeacherFeatures, load_student, save_student
from skcmkd._linear_model._ridge import ALPHAS
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd.datasets import make_gaussian_modalities

N, N_UNLABELED, CV = 60, 40, 3
KINDS = ("scores", "columns", "components")


@pytest.fixture(scope="module")
def pairs():
    """Standardized student's columns, the teacher's, labels of three classes: labeled rows, then unlabeled pairs."""
    drawn = make_gaussian_modalities(N + N_UNLABELED, n_classes=3, random_state=0)
    X, T = (drawn.data[drawn.modalities[name]].to_numpy()[:, :6] for name in ("student", "teacher"))
    return StandardScaler().fit(X[:N]).transform(X), T, drawn.target.to_numpy()


def features(predicted, **settings):
    return PredictedTeacherFeatures(predicted, settings.pop("teacher", LogisticRegression()), cv=CV, **settings)


def given(pairs, unlabeled=True):
    """Arguments of fit."""
    X, T, y = pairs
    extra = {"unlabeled_pairs": (X[N:], T[N:])} if unlabeled else {}
    return {"X": X[:N], "y": y[:N], "X_teacher": T[:N], **extra}


def scaled(prediction):
    """Predictions of mean 0 and of the total variance of six standardized columns over the labeled rows."""
    labeled = prediction[:N]
    return (prediction - labeled.mean(axis=0)) * np.sqrt(6 / labeled.var(axis=0).sum())


def fold_ids(y):
    return make_fold_ids(CV, y)


# What a linear student makes of it


def linear_map(transformer, X):
    """The predicted block as an affine function of standardized columns: its matrix."""
    block = transformer.transform(X)[:, X.shape[1] :]
    return LinearRegression().fit(X, block).coef_.T


@pytest.mark.parametrize("predicted", KINDS)
@pytest.mark.parametrize("scale", [0.0, 0.5, 2.0])
def test_a_ridge_student_has_the_penalty_metric_of_the_map(pairs, predicted, scale):
    X, T, _ = pairs
    transformer = features(predicted, scale=scale, n_components=3).fit(**given(pairs))
    B = linear_map(transformer, X[:N])
    target, alpha, d = T[:N, 0] + X[:N, 1], 3.0, X.shape[1]
    student = Ridge(alpha=alpha, tol=1e-12).fit(transformer.transform(X[:N]), target)
    metric = np.linalg.inv(np.eye(d) + B @ B.T)
    centered = X[:N] - X[:N].mean(axis=0)
    w = np.linalg.solve(centered.T @ centered + alpha * metric, centered.T @ (target - target.mean()))
    expected = (X[N:] - X[:N].mean(axis=0)) @ w + target.mean()
    np.testing.assert_allclose(student.predict(transformer.transform(X[N:])), expected, atol=1e-8)


def test_a_logistic_student_has_the_penalty_metric_of_the_map(pairs):
    X, _, y = pairs
    y, C = (y[:N] > 0).astype(int), 0.1
    transformer = features("scores").fit(X[:N], y, X_teacher=pairs[1][:N])
    student = LogisticRegression(C=C, tol=1e-10, max_iter=5000).fit(transformer.transform(X[:N]), y)
    B = linear_map(transformer, X[:N])
    metric, sign = np.linalg.inv(np.eye(X.shape[1]) + B @ B.T), 2 * y - 1

    def loss(v):
        margins = sign * (X[:N] @ v[:-1] + v[-1])
        return np.logaddexp(0, -margins).sum() + v[:-1] @ metric @ v[:-1] / (2 * C)

    best = minimize(loss, np.zeros(X.shape[1] + 1), options={"gtol": 1e-8}).x
    expected = expit(X[N:] @ best[:-1] + best[-1])
    np.testing.assert_allclose(student.predict_proba(transformer.transform(X[N:]))[:, 1], expected, atol=1e-5)


# What is predicted


def test_the_default_map_is_that_of_ridge_with_leave_one_out_errors(pairs):
    X, T, _ = pairs
    transformer = features("columns").fit(**given(pairs))
    targets, table = StandardScaler().fit_transform(T), StandardScaler().fit_transform(X)
    ridge = RidgeCV(ALPHAS).fit(table, targets)
    assert transformer.predictor_.alpha_ == pytest.approx(ridge.alpha_)
    np.testing.assert_allclose(transformer.predictor_.predict(X), ridge.predict(table), atol=1e-8)
    np.testing.assert_allclose(transformer.transform(X), np.hstack([X, scaled(ridge.predict(table))]), atol=1e-8)


@pytest.mark.parametrize("scale", [1.0, 3.0])
@pytest.mark.parametrize("predicted", KINDS)
def test_both_blocks_have_the_same_total_variance_at_scale_1(pairs, predicted, scale):
    X = pairs[0][:N]
    block = features(predicted, scale=scale).fit(**given(pairs)).transform(X)[:, X.shape[1] :]
    np.testing.assert_allclose(block.mean(axis=0), 0, atol=1e-10)
    assert block.var(axis=0).sum() == pytest.approx(scale**2 * X.var(axis=0).sum())


def test_columns_that_are_linear_in_the_student_are_recovered(pairs):
    X, A = pairs[0], np.random.RandomState(1).normal(size=(6, 4))
    T = X @ A
    transformer = features("columns", predictor=LinearRegression()).fit(X[:N], X_teacher=T[:N])
    expected = np.sqrt(6 / 4) * (T - T[:N].mean(axis=0)) / T[:N].std(axis=0)
    # The map of a fold standardizes the columns over the pairs outside it.
    np.testing.assert_allclose(transformer.transform(X[N:])[:, 6:], expected[N:], atol=1e-8)
    cross_fitted = features("columns", predictor=LinearRegression()).fit_transform(X[:N], X_teacher=T[:N])
    folds = make_fold_ids(CV, np.arange(N), classes=False)
    for fold in range(CV):
        standardized = StandardScaler().fit(T[:N][folds != fold]).transform(T[:N])
        np.testing.assert_allclose(cross_fitted[folds == fold, 6:], scaled(standardized)[folds == fold], atol=1e-8)


def test_components_are_those_of_the_standardized_columns(pairs):
    X, T, _ = pairs
    Z = StandardScaler().fit_transform(T)
    transformer = features("components", n_components=2, predictor=LinearRegression()).fit(**given(pairs))
    components = Z @ np.linalg.svd(Z, full_matrices=False)[2][:2].T
    expected = scaled(LinearRegression().fit(X, components).predict(X))
    found = transformer.transform(X)[:, 6:]
    np.testing.assert_allclose(found * np.sign((found * expected).sum(axis=0)), expected, atol=1e-6)


def test_scores_of_unlabeled_pairs_are_the_teacher_s_log_ratios(pairs):
    X, T, y = pairs
    teacher = LogisticRegression().fit(T, y)
    transformer = features("scores", teacher=FrozenEstimator(teacher), predictor=LinearRegression())
    transformer.fit(**given(pairs))
    log_q = np.log((N * teacher.predict_proba(T) + 1) / (N + 3))
    scores = log_q - log_q.mean(axis=1, keepdims=True)
    prediction = LinearRegression().fit(X, scores).predict(X)
    np.testing.assert_allclose(transformer.predictor_.predict(X), prediction, atol=1e-8)


def test_scores_of_a_continuous_target_are_out_of_fold_predictions(pairs):
    X, T, _ = pairs
    target = T[:N].sum(axis=1) + X[:N, 0]
    transformer = PredictedTeacherFeatures(teacher=Ridge(), predictor=LinearRegression(), cv=CV)
    transformer.fit(X[:N], target, X_teacher=T[:N])
    folds, scores = make_fold_ids(CV, target, classes=False), np.empty(N)
    for fold in range(CV):
        scores[folds == fold] = Ridge().fit(T[:N][folds != fold], target[folds != fold]).predict(T[:N][folds == fold])
    standardized = (scores - scores.mean()) / scores.std()
    expected = LinearRegression().fit(X[:N], standardized).predict(X)
    np.testing.assert_allclose(transformer.predictor_.predict(X), expected, atol=1e-8)
    assert list(transformer.get_feature_names_out()) == [*(f"x{i}" for i in range(6)), "predicted_target_0"]


def test_several_targets_of_different_units_count_alike(pairs):
    X, T, _ = pairs
    target = T[:N, :2] + X[:N, :2]
    blocks = [
        PredictedTeacherFeatures(teacher=LinearRegression(), cv=CV)
        .fit(X[:N], target * units, X_teacher=T[:N])
        .transform(X)[:, 6:]
        for units in ([1, 1], [1, 1e6])
    ]
    np.testing.assert_allclose(*blocks, atol=1e-6)


# Cross-fitting


def test_cross_fitted_scores_are_out_of_fold_twice(pairs):
    """Scores of labeled rows by teachers without both folds, of unlabeled pairs by one without the fold of the map."""
    X, T, y = pairs
    found = features("scores", predictor=LinearRegression()).fit_transform(**given(pairs))
    folds = fold_ids(y[:N])

    def score(train, rows):
        q = LogisticRegression().fit(T[:N][train], y[:N][train]).predict_proba(T[rows])
        log_q = np.log((N * q + 1) / (N + 3))
        return log_q - log_q.mean(axis=1, keepdims=True)

    for k in range(CV):
        tables, scores = [X[N:]], [score(folds != k, np.arange(N, N + N_UNLABELED))]
        for j in set(range(CV)) - {k}:
            rows = np.flatnonzero(folds == j)
            tables.append(X[rows])
            scores.append(score((folds != k) & (folds != j), rows))
        block = scaled(LinearRegression().fit(np.concatenate(tables), np.concatenate(scores)).predict(X[:N]))
        np.testing.assert_allclose(found[folds == k, 6:], block[folds == k], atol=1e-8)
        np.testing.assert_array_equal(found[:, :6], X[:N])


@pytest.mark.parametrize("unlabeled", [False, True])
@pytest.mark.parametrize("predicted", ["scores", "columns"])
def test_features_of_a_fold_do_not_depend_on_its_teacher_rows_and_labels(pairs, predicted, unlabeled):
    X, T, y = pairs
    folds = fold_ids(y[:N])
    splits = [(np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)) for fold in range(CV)]
    transformer = features(predicted).set_params(cv=splits)
    before = transformer.fit_transform(**given(pairs, unlabeled))
    for others, inside in splits:
        changed_T, changed_y = T.copy(), y.copy()
        changed_T[inside] = 1 - 2 * T[inside][::-1]
        changed_y[inside] = (y[inside] + 1) % 3
        after = transformer.fit_transform(**given((X, changed_T, changed_y), unlabeled))
        np.testing.assert_allclose(after[inside], before[inside], atol=1e-10)
        assert np.abs(after[others] - before[others]).max() > 1e-3


def test_components_of_a_fold_are_predicted_from_the_pairs_outside_it(pairs):
    X, T, _ = pairs
    transformer = features("components", n_components=2, predictor=LinearRegression())
    found = transformer.fit_transform(X[:N], X_teacher=T[:N])
    Z = StandardScaler().fit_transform(T[:N])
    components = Z @ np.linalg.svd(Z, full_matrices=False)[2][:2].T
    folds = make_fold_ids(CV, np.arange(N), classes=False)
    for k in range(CV):
        expected = scaled(LinearRegression().fit(X[:N][folds != k], components[folds != k]).predict(X[:N]))[folds == k]
        block = found[folds == k, 6:]
        np.testing.assert_allclose(block * np.sign((block * expected).sum(axis=0)), expected, atol=1e-6)


@pytest.mark.parametrize("predicted", KINDS)
def test_groups_stay_together_with_their_unlabeled_pairs(pairs, predicted):
    """Each unlabeled pair repeats a labeled row: changing both changes nothing of the features of their fold."""
    X, T, y = pairs
    groups = np.repeat(np.arange(N // 4), 4)

    def run(T):
        transformer = features(predicted, predictor=LinearRegression())
        return transformer.fit_transform(
            X[:N], y[:N], groups=groups, X_teacher=T[:N], unlabeled_pairs=(X[:N], T[:N], groups)
        )

    alone = features(predicted, predictor=LinearRegression()).fit_transform(
        X[:N], y[:N], groups=groups, X_teacher=T[:N]
    )
    # Repeating every pair does not change a least squares fit; an unlabeled copy of the fold's rows would.
    np.testing.assert_allclose(run(T), alone, atol=1e-6)


@pytest.mark.parametrize("predicted", KINDS)
def test_an_unrelated_teacher_changes_little(predicted):
    drawn = make_gaussian_modalities(400, random_state=0)
    X, T = (drawn.data[drawn.modalities[name]].to_numpy() for name in ("student", "teacher"))
    y, permuted = drawn.target.to_numpy(), np.random.RandomState(0).permutation(T)
    student = make_pipeline(PredictedTeacherFeatures(predicted, standardize=True), LogisticRegression(C=0.1))
    alone = clone(student).fit(X[:100], y[:100]).score(X[200:], y[200:])
    student.fit(
        X[:100],
        y[:100],
        predictedteacherfeatures__X_teacher=permuted[:100],
        predictedteacherfeatures__unlabeled_pairs=(X[100:200], permuted[100:200]),
    )
    output = student[0].transform(X)
    assert np.isfinite(output).all()
    assert np.abs(output).max() < 50
    assert student.score(X[200:], y[200:]) > alone - 0.08


# Missing rows


@pytest.mark.parametrize("predicted", KINDS)
def test_rows_without_a_teacher_are_predicted_and_not_used(pairs, predicted):
    X, T, y = pairs
    lacking = T.copy()
    lacking[:N:5] = np.nan
    rows = ~np.isnan(lacking[:N]).any(axis=1)
    found = features(predicted).fit(**given((X, lacking, y)))
    assert np.isfinite(features(predicted).fit_transform(**given((X, lacking, y)))).all()
    if predicted != "scores":
        without = features(predicted).fit(X[:N][rows], X_teacher=T[:N][rows], unlabeled_pairs=(X[N:], T[N:]))
        np.testing.assert_allclose(found.predictor_.predict(X), without.predictor_.predict(X), atol=1e-6)


@pytest.mark.parametrize("predicted", KINDS)
def test_rows_without_a_student_are_used_by_the_teacher_alone(pairs, predicted):
    X, T, y = pairs
    lacking = X.copy()
    lacking[:N:5] = np.nan
    output = features(predicted).fit_transform(**given((lacking, T, y)))
    missing = np.isnan(lacking[:N, 0])
    assert np.isnan(output[missing]).all()
    assert np.isfinite(output[~missing]).all()
    with_label = features(predicted).fit(**given((lacking, T, y))).transform(X[:N])
    swapped = y.copy()
    swapped[:N:5] = (y[:N:5] + 1) % 3
    relabeled = features(predicted).fit(**given((lacking, T, swapped))).transform(X[:N])
    assert np.allclose(with_label, relabeled) == (predicted != "scores")


def test_a_missing_value_of_the_student_is_imputed_for_the_map_and_passed_on(pairs):
    X, T, y = pairs
    holed = X.copy()
    holed[:, 0][::7] = np.nan
    output = features("columns").fit_transform(**given((holed, T, y)))
    np.testing.assert_array_equal(output[:, :6], holed[:N])
    assert np.isfinite(output[:, 6:]).all()


# Tables


@pytest.fixture(scope="module")
def drawn():
    return make_gaussian_modalities(N, n_classes=3, random_state=0)


def test_one_table_gives_the_same_as_two(drawn):
    S, T = (drawn.data[drawn.modalities[name]] for name in ("student", "teacher"))
    both = features("scores").fit(S, drawn.target, X_teacher=T, unlabeled_pairs=(-S, -T))
    one = features("scores", student_columns=list(S)).fit(drawn.data, drawn.target, unlabeled_pairs=(-drawn.data,))
    expected = both.transform(S)
    pd.testing.assert_frame_equal(one.transform(drawn.data), expected)
    pd.testing.assert_frame_equal(one.transform(S), expected)
    assert list(expected) == [*S, "predicted_score_0", "predicted_score_1", "predicted_score_2"]
    assert one.n_features_in_ == S.shape[1]


def test_named_columns_of_the_teacher(drawn):
    S, T = (drawn.data[drawn.modalities[name]] for name in ("student", "teacher"))
    chosen = features("columns", teacher_columns=list(T)[2:4]).fit(S, X_teacher=T)
    assert list(chosen.get_feature_names_out())[-2:] == [f"predicted_{name}" for name in list(T)[2:4]]
    pd.testing.assert_frame_equal(
        chosen.transform(S), features("columns").fit(S, X_teacher=T[list(T)[2:4]]).transform(S)
    )


def test_standardized_output_is_that_of_standardized_tables(pairs):
    X, T, y = pairs
    raw = 3 * X + 7
    scaler = StandardScaler().fit(raw)
    expected = features("scores").fit(**given((scaler.transform(raw), T, y)))
    found = features("scores", standardize=True).fit(**given((raw, T, y)))
    np.testing.assert_allclose(found.transform(raw), expected.transform(scaler.transform(raw)), atol=1e-8)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(pairs, container):
    pytest.importorskip(container)
    X = pairs[0]
    transformer = features("scores").set_output(transform=container)
    fitted = transformer.fit_transform(**given(pairs))
    assert list(fitted.columns) == list(transformer.get_feature_names_out())
    assert type(transformer.transform(X)).__module__.startswith(container)
    with sklearn.config_context(transform_output=container):
        np.testing.assert_allclose(
            features("columns").fit_transform(**given(pairs)).to_numpy(),
            features("columns").set_output(transform="default").fit_transform(**given(pairs)),
        )


def test_many_columns_go_through_components_with_the_same_inner_products(pairs):
    X, T, _ = pairs
    transformer = features("columns").fit(X[:N], X_teacher=np.hstack([T[:N]] * 100))
    block = transformer.transform(X)[:, 6:]
    assert transformer.get_feature_names_out()[6] == "predicted_component_0"
    assert block.shape[1] <= N
    scaler = StandardScaler().fit(X[:N])
    ridge = RidgeCV(ALPHAS).fit(scaler.transform(X[:N]), StandardScaler().fit_transform(T[:N]))
    expected = scaled(ridge.predict(scaler.transform(X)))
    np.testing.assert_allclose(block @ block.T, expected @ expected.T, atol=1e-6)


# In a pipeline


def test_alone_in_a_pipeline_it_is_cross_fitted(pairs):
    X, T, y = pairs
    model = Pipeline([("features", features("scores")), ("student", LogisticRegression())])
    model.fit(X[:N], y[:N], features__X_teacher=T[:N], features__unlabeled_pairs=(X[N:], T[N:]))
    cross_fitted = features("scores").fit_transform(**given(pairs))
    expected = LogisticRegression().fit(cross_fitted, y[:N])
    np.testing.assert_allclose(model["student"].coef_, expected.coef_)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(model["features"].transform(X)))
    assert np.abs(cross_fitted - model["features"].transform(X[:N])).max() > 1e-3


def test_in_a_grid_by_metadata_routing(pairs):
    X, T, y = pairs
    with sklearn.config_context(enable_metadata_routing=True):
        step = features("scores").set_fit_request(X_teacher=True, unlabeled_pairs=True)
        model = Pipeline([("features", step), ("student", LogisticRegression())])
        grid = GridSearchCV(model, {"features__predicted": ["scores", "columns"], "features__scale": [0.5, 1.0]}, cv=2)
        grid.fit(X[:N], y[:N], X_teacher=T[:N], unlabeled_pairs=(X[N:], T[N:]))
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()
    assert grid.predict(X[N:]).shape == (N_UNLABELED,)


@pytest.mark.parametrize("predicted", KINDS)
def test_without_a_teacher_s_table_it_returns_the_student_s_columns(pairs, predicted):
    X, _, y = pairs
    transformer = features(predicted)
    np.testing.assert_array_equal(transformer.fit_transform(X, y), X)
    np.testing.assert_array_equal(transformer.transform(X), X)
    assert transformer.predictor_ is None
    assert len(transformer.get_feature_names_out()) == X.shape[1]


def test_the_number_of_jobs_changes_nothing(pairs):
    one, two = (features("scores", random_state=0, n_jobs=n_jobs).fit_transform(**given(pairs)) for n_jobs in (None, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("predicted", KINDS)
def test_a_fitted_pipeline_is_saved_and_predicts_without_the_teacher(pairs, predicted, tmp_path):
    pytest.importorskip("skops")
    X, T, y = pairs
    model = Pipeline([("features", features(predicted, standardize=True)), ("student", LogisticRegression())])
    model.fit(X[:N], y[:N], features__X_teacher=T[:N], features__unlabeled_pairs=(X[N:], T[N:]))
    save_student(model, tmp_path / "student.skops")
    loaded = load_student(tmp_path / "student.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


# Errors


def test_errors_name_the_remedy(pairs):
    X, T, y = pairs
    cases = [
        (features("scores"), {"X": X[:N], "X_teacher": T[:N]}, "predicted='scores' needs y"),
        (features("scores", teacher=LinearSVC()), given(pairs), "LinearSVC has no predict_proba"),
        (features("columns", teacher_columns={"a": [0]}), given(pairs), "features are those of one teacher"),
        (features("columns", predictor=LogisticRegression()), given(pairs), "LogisticRegression is a classifier"),
        (
            features("columns"),
            {**given(pairs, False), "X_teacher": np.full((N, 2), np.nan)},
            "X_teacher is missing in all 60 rows",
        ),
        (features("columns"), {"X": X[:N], "X_teacher": T[: N - 1]}, "X_teacher has 59 rows and X has 60"),
        (features("scores"), {**given(pairs), "y": y[: N - 1]}, "y has 59 rows"),
        (
            features("columns"),
            {"X": X[:N], "X_teacher": pd.DataFrame({"a": ["b", "c"] * 30})},
            "Column 'a' of X_teacher",
        ),
        (features("nothing"), given(pairs), "'predicted' parameter"),
        (features("columns", scale=-1), given(pairs), "'scale' parameter"),
    ]
    for transformer, arguments, message in cases:
        with pytest.raises((ValueError, TypeError), match=message):
            transformer.fit(**arguments)


def test_cross_fitted_scores_need_three_folds(pairs):
    transformer = features("scores").set_params(cv=2)
    transformer.fit(**given(pairs))
    with pytest.raises(ValueError, match="need at least 3 folds"):
        transformer.fit_transform(**given(pairs))
    features("columns").set_params(cv=2).fit_transform(**given(pairs))


def test_two_columns_of_one_name_are_an_error(pairs):
    X, T, y = pairs
    named = pd.DataFrame(X[:N], columns=["predicted_score_0", *"abcde"])
    with pytest.raises(ValueError, match="two columns named 'predicted_score_0'"):
        features("scores").fit(named, y[:N], X_teacher=T[:N])


def test_a_predictor_of_a_single_number_is_wrapped(pairs):
    tree = MultiOutputRegressor(DecisionTreeRegressor(max_depth=2, random_state=0))
    output = features("columns", predictor=tree).fit_transform(**given(pairs))
    assert output.shape == (N, 12)
    with pytest.raises(ValueError, match=r"give MultiOutputRegressor\(GradientBoostingRegressor\(\)\)"):
        features("columns", predictor=GradientBoostingRegressor(n_estimators=2)).fit(**given(pairs))


def test_an_earlier_fit_survives_a_failed_one(pairs):
    transformer = features("scores").fit(**given(pairs))
    before = transformer.transform(pairs[0])
    with pytest.raises(ValueError, match="needs y"):
        transformer.fit_transform(pairs[0][:N], X_teacher=pairs[1][:N])
    np.testing.assert_array_equal(transformer.transform(pairs[0]), before)


@pytest.mark.parametrize("predicted", KINDS)
def test_folds_that_leave_too_few_pairs_are_named(pairs, predicted):
    X, T, y = pairs
    lacking = T[:N].copy()
    lacking[20:] = np.nan
    blocks = np.repeat(np.arange(3), 20)
    splits = [(np.flatnonzero(blocks != fold), np.flatnonzero(blocks == fold)) for fold in range(3)]
    with pytest.raises(
        ValueError, match=r"Only 0 (pairs with both modalities|rows with measured values) remain to fit"
    ):
        features(predicted).set_params(cv=splits).fit_transform(X[:N], y[:N], X_teacher=lacking)
