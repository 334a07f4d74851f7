import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, PredefinedSplit, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from skcmkd import CCHSelector, NetworkClassifier, PairedDistiller
from skcmkd._linear_model._excess_risk import linear_student_risk
from skcmkd._losses._soft_targets import soft_target_divergence
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd._model_selection._row_order import order_by_content
from skcmkd._model_selection._stacking import log_linear_pool
from skcmkd.datasets import load_digit_views, make_gaussian_modalities
from skcmkd.paired._temperature_scaling import fit_temperature, scale_proba

LOGISTIC = LogisticRegression()
# The student alone is often the reference; tests/paired/test_forgotten_parts.py tests this warning.
pytestmark = pytest.mark.filterwarnings("ignore:alpha=0.5 was given without a teacher's table")


@pytest.fixture(scope="module")
def drawn():
    """150 rows: 70 to fit, 50 unlabeled pairs, 30 to predict."""
    drawn = make_gaussian_modalities(150, random_state=0)
    drawn.X = drawn.data[drawn.modalities["student"]]
    drawn.T = drawn.data[drawn.modalities["teacher"]]
    drawn.y = drawn.target
    return drawn


def distiller(**changed):
    return PairedDistiller(**{"student": LOGISTIC, "teacher": LOGISTIC, "alpha": 0.5, "cv": 3, **changed})


def fit_pair(drawn, rows=slice(0, 70), unlabeled=slice(70, 120), **changed):
    pairs = (drawn.X.iloc[unlabeled], drawn.T.iloc[unlabeled]) if unlabeled else None
    return distiller(**changed).fit(
        drawn.X.iloc[rows], drawn.y.iloc[rows], X_teacher=drawn.T.iloc[rows], unlabeled_pairs=pairs
    )


# The three forms of input


def test_one_table_and_two_tables_agree(drawn):
    two = fit_pair(drawn)
    one = distiller(student_columns=drawn.modalities["student"]).fit(
        drawn.data.iloc[:70], drawn.y.iloc[:70], unlabeled_pairs=(drawn.data.iloc[70:120],)
    )
    np.testing.assert_array_equal(one.predict_proba(drawn.data[120:]), two.predict_proba(drawn.X[120:]))
    assert list(one.feature_names_in_) == list(two.feature_names_in_) == drawn.modalities["student"]
    assert one.n_features_in_ == 16


@pytest.mark.parametrize(
    "columns",
    [
        slice(16, 32),
        list(range(16, 32)),
        [False] * 16 + [True] * 16,
        make_column_selector(pattern="^student"),
    ],
    ids=["slice", "positions", "mask", "callable"],
)
def test_every_way_of_naming_columns(drawn, columns):
    reference = distiller(student_columns=drawn.modalities["student"]).fit(drawn.data, drawn.y)
    fitted = distiller(student_columns=columns).fit(drawn.data, drawn.y)
    np.testing.assert_array_equal(fitted.predict_proba(drawn.data), reference.predict_proba(drawn.data))


def test_teacher_columns_at_predict_are_ignored(drawn):
    fitted = distiller(student_columns=drawn.modalities["student"]).fit(drawn.data, drawn.y)
    whole = fitted.predict_proba(drawn.data)
    spoiled = drawn.data.assign(**dict.fromkeys(drawn.modalities["teacher"], np.nan))
    for table in (drawn.X, drawn.X[drawn.X.columns[::-1]], spoiled):
        np.testing.assert_array_equal(fitted.predict_proba(table), whole)
    array = distiller(student_columns=slice(16, 32)).fit(drawn.data.to_numpy(), drawn.y)
    np.testing.assert_array_equal(array.predict_proba(drawn.data.to_numpy()), array.predict_proba(drawn.X.to_numpy()))


def test_without_a_teacher_the_student_is_alone(drawn):
    fitted = distiller(alpha="auto").fit(drawn.X, drawn.y)
    assert (fitted.alpha_, fitted.teacher_, fitted.teacher_proba_, fitted.alpha_scores_) == (
        0.0,
        None,
        None,
        None,
    )
    alone = LogisticRegression().fit(drawn.X, drawn.y)
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X), alone.predict_proba(drawn.X))


@pytest.mark.parametrize(
    "student", [LOGISTIC, NetworkClassifier((8,), max_epochs=5), None], ids=["linear", "net", "default"]
)
def test_alpha_zero_is_the_student_alone_bit_for_bit(drawn, student):
    alone = distiller(student=student, random_state=3, alpha="auto").fit(drawn.X, drawn.y)
    zero = distiller(student=student, random_state=3, alpha=0).fit(drawn.X, drawn.y, X_teacher=drawn.T)
    np.testing.assert_array_equal(zero.predict_proba(drawn.X), alone.predict_proba(drawn.X))


def test_unlabeled_pairs_of_the_length_of_x_are_not_sliced_with_it(drawn):
    """Equal lengths hide slicing faults: the rows that are used are the same whatever the length."""
    equal = fit_pair(drawn, slice(0, 60), slice(60, 120))
    unequal = fit_pair(drawn, slice(0, 60), slice(60, 119))
    assert np.abs(equal.student_.coef_ - unequal.student_.coef_).max() < 0.1
    assert (equal.student_.coef_ != unequal.student_.coef_).any()


def test_rows_without_a_teacher_have_no_soft_target(drawn):
    T = drawn.T.copy()
    T.iloc[:50] = np.nan
    fitted = distiller().fit(drawn.X, drawn.y, X_teacher=T)
    assert np.isnan(fitted.teacher_proba_[:50]).all()
    assert not np.isnan(fitted.teacher_proba_[50:]).any()
    direct = LogisticRegression().fit(drawn.T.iloc[50:], drawn.y.iloc[50:])
    np.testing.assert_allclose(fitted.teacher_.coef_, direct.coef_)


def test_pairs_whose_teacher_was_not_measured_are_left_out(drawn):
    T = drawn.T.copy()
    T.iloc[90:120] = np.nan
    fitted = distiller().fit(drawn.X[:70], drawn.y[:70], X_teacher=T[:70], unlabeled_pairs=(drawn.X[70:120], T[70:120]))
    expected = fit_pair(drawn, unlabeled=slice(70, 90))
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X), expected.predict_proba(drawn.X))


def test_rows_missing_in_part_go_to_the_teachers_imputer(drawn):
    T = drawn.T.mask(np.random.RandomState(0).uniform(size=drawn.T.shape) < 0.1)
    teacher = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    assert not np.isnan(distiller(teacher=teacher).fit(drawn.X, drawn.y, X_teacher=T).teacher_proba_).any()


# Routing


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.parametrize("n_unlabeled", [None, 50, 70], ids=["no pairs", "other length", "same length"])
def test_routed_grid_search(drawn, routing, n_unlabeled):
    request = {"X_teacher": True, "unlabeled_pairs": n_unlabeled is not None}
    pipeline = make_pipeline(StandardScaler(), distiller().set_fit_request(**request))
    sides = {"X_teacher": drawn.T[:70].to_numpy()}
    if n_unlabeled:
        sides["unlabeled_pairs"] = (
            drawn.X[70 : 70 + n_unlabeled].to_numpy(),
            drawn.T[70 : 70 + n_unlabeled].to_numpy(),
        )
    X, y = drawn.X[:70].to_numpy(), drawn.y[:70].to_numpy()
    search = GridSearchCV(pipeline, {"paireddistiller__alpha": [0.0, 0.5]}, cv=2, error_score="raise").fit(
        X, y, **sides
    )
    scaled = StandardScaler().fit(X).transform(X)
    direct = distiller(alpha=search.best_params_["paireddistiller__alpha"]).fit(scaled, y, **sides)
    np.testing.assert_array_equal(search.best_estimator_[-1].predict_proba(scaled), direct.predict_proba(scaled))


def test_cross_validation_slices_the_teacher_with_x(drawn, routing):
    X, y, T = drawn.X[:70].to_numpy(), drawn.y[:70].to_numpy(), drawn.T[:70].to_numpy()
    model = distiller().set_fit_request(X_teacher=True)
    result = cross_validate(model, X, y, params={"X_teacher": T}, cv=2, return_estimator=True, return_indices=True)
    for fitted, rows in zip(result["estimator"], result["indices"]["train"], strict=True):
        direct = distiller().fit(X[rows], y[rows], X_teacher=T[rows])
        np.testing.assert_array_equal(fitted.predict_proba(X), direct.predict_proba(X))


def quick_selector(modalities, **changed):
    return CCHSelector(modalities, "student", n_repeats=1, n_subsamples=10, cv=3, random_state=0, **changed)


def one_table_pipeline(drawn, **settings):
    return Pipeline(
        [
            ("select", quick_selector(drawn.modalities, criterion="added")),
            ("distill", distiller(student_columns=drawn.modalities["student"])),
        ],
        **settings,
    )


def test_one_table_pipeline(drawn):
    pipeline = one_table_pipeline(drawn).fit(drawn.data[:120], drawn.y[:120])
    assert pipeline["select"].teachers_ == ["teacher"]
    assert pipeline["distill"].alpha_ == 0.5
    np.testing.assert_array_equal(pipeline.predict(drawn.X[120:]), pipeline.predict(drawn.data[120:]))


@pytest.mark.parametrize("n_unlabeled", [40, 70], ids=["other length", "same length"])
def test_selector_passes_the_unlabeled_pairs_on(drawn, routing, n_unlabeled):
    pipeline = one_table_pipeline(drawn, transform_input=["unlabeled_pairs"])
    for step in pipeline.named_steps.values():
        step.set_fit_request(unlabeled_pairs=True)
    X, y, unlabeled = drawn.data[:70], drawn.y[:70], drawn.data.iloc[150 - n_unlabeled :]
    pipeline.fit(X, y, unlabeled_pairs=(unlabeled,))
    kept = pipeline["select"].get_feature_names_out()
    direct = distiller(student_columns=drawn.modalities["student"]).fit(X[kept], y, unlabeled_pairs=(unlabeled[kept],))
    np.testing.assert_array_equal(pipeline.predict_proba(drawn.X), direct.predict_proba(drawn.X))
    scores = cross_validate(pipeline, X, y, params={"unlabeled_pairs": (unlabeled,)}, cv=2, error_score="raise")
    assert len(scores["test_score"]) == 2


def test_selector_that_keeps_no_teacher_trains_the_student_alone(drawn):
    modalities = {"student": drawn.modalities["teacher"], "teacher": drawn.modalities["student"]}
    pipeline = Pipeline(
        [
            ("select", quick_selector(modalities)),
            ("distill", distiller(student_columns=slice(0, 16), alpha="auto")),
        ]
    ).fit(drawn.data, drawn.y)
    assert pipeline["select"].teachers_ == []
    assert pipeline["distill"].alpha_ == 0.0


# Students and teachers


@pytest.mark.filterwarnings("ignore:The student LinearSVC has no predict_proba")
@pytest.mark.parametrize(
    "student",
    [
        RandomForestClassifier(10, random_state=0),
        HistGradientBoostingClassifier(max_iter=5),
        LinearSVC(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        make_pipeline(StandardScaler(), NetworkClassifier((8,), max_epochs=2, linear_weight=0, random_state=0)),
        NetworkClassifier((8,), max_epochs=2, linear_weight=0, random_state=0),
    ],
    ids=lambda student: student.__class__.__name__,
)
def test_students(drawn, student):
    fitted = fit_pair(drawn, student=student, alpha="auto")
    assert fitted.predict(drawn.X).shape == (150,)
    assert hasattr(fitted, "predict_proba") == hasattr(student, "predict_proba")
    assert list(fitted.student_.predict(drawn.X)) == list(fitted.predict(drawn.X))


def test_frozen_teacher_is_not_refitted(drawn):
    model = LogisticRegression(C=0.01).fit(drawn.T[70:], drawn.y[70:])
    fitted = fit_pair(drawn, teacher=FrozenEstimator(model), teacher_weights="equal", unlabeled=None)
    np.testing.assert_allclose(fitted.teacher_proba_, model.predict_proba(drawn.T[:70]))


def test_frozen_teacher_of_more_classes(drawn):
    labels = np.where(np.arange(80) % 4 == 0, "other", drawn.y[70:].map({0: "no", 1: "yes"}))
    frozen = FrozenEstimator(LogisticRegression().fit(drawn.T[70:], labels))
    y = drawn.y[:70].map({0: "no", 1: "yes"})
    fitted = distiller(teacher=frozen).fit(drawn.X[:70], y, X_teacher=drawn.T[:70])
    assert list(fitted.classes_) == ["no", "yes"]
    np.testing.assert_allclose(fitted.teacher_proba_.sum(axis=1), 1)


def test_text_columns_are_encoded_by_the_students_pipeline(drawn):
    X = drawn.X.assign(sex=np.where(np.arange(150) % 2, "f", "m"))
    encode = make_column_transformer((OneHotEncoder(), ["sex"]), remainder="passthrough")
    student = make_pipeline(encode, LogisticRegression())
    assert distiller(student=student).fit(X, drawn.y, X_teacher=drawn.T).score(X, drawn.y) > 0.6


def test_string_labels(drawn):
    y = drawn.y.map({0: "control", 1: "case"})
    fitted = distiller().fit(drawn.X, y, X_teacher=drawn.T)
    assert list(fitted.classes_) == ["case", "control"]
    assert set(fitted.predict(drawn.X)) == {"case", "control"}


def test_the_student_is_deployed_alone(drawn):
    fitted = fit_pair(drawn, student=NetworkClassifier((8,), max_epochs=2, linear_weight=0), random_state=0)
    student = pickle.loads(pickle.dumps(fitted.student_))
    np.testing.assert_array_equal(student.predict_proba(drawn.X), fitted.predict_proba(drawn.X))


# Repetition, and the choice of alpha


def test_same_seed_same_bits_and_global_states_untouched(drawn):
    import torch

    states = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    network = NetworkClassifier((8,), max_epochs=2, linear_weight=0)
    fits = [fit_pair(drawn, student=network, teacher=network, random_state=0, n_jobs=n) for n in (None, None, 2)]
    assert torch.equal(torch.random.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])
    for other in fits[1:]:
        np.testing.assert_array_equal(other.predict_proba(drawn.X), fits[0].predict_proba(drawn.X))


def test_seed_reaches_parts_that_have_none(drawn):
    fitted = fit_pair(drawn, student=RandomForestClassifier(5), teacher=RandomForestClassifier(5), random_state=7)
    assert (fitted.student_.random_state, fitted.teacher_.random_state) == (7, 7)


def test_silent_unless_asked(drawn, capfd):
    fit_pair(drawn, alpha="auto", student=NetworkClassifier((8,), max_epochs=1, linear_weight=0, random_state=0))
    assert capfd.readouterr() == ("", "")
    fit_pair(drawn, alpha="auto", teacher_weights="equal", verbose=1)
    assert "alpha" in capfd.readouterr().err


def test_auto_takes_a_good_teacher_and_leaves_a_useless_one():
    drawn = make_gaussian_modalities(1200, specific_signal={"teacher": 3.0, "student": 0.0}, n_noise=30, random_state=0)
    X, T, y = drawn.data[drawn.modalities["student"]], drawn.data[drawn.modalities["teacher"]], drawn.target
    average = distiller(alpha="auto", teacher_weights="equal")
    good = clone(average).fit(X[:120], y[:120], X_teacher=T[:120], unlabeled_pairs=(X[120:700], T[120:700]))
    assert good.alpha_ > 0
    assert good.alpha_scores_.loc[good.alpha_, "difference"] < 0
    alone = distiller(alpha="auto").fit(X[:120], y[:120])
    assert good.score(X[700:], y[700:]) > alone.score(X[700:], y[700:])
    noise = T.sample(frac=1, random_state=0).reset_index(drop=True)
    useless = clone(average).fit(X[:80], y[:80], X_teacher=noise[:80], unlabeled_pairs=(X[80:700], noise[80:700]))
    assert useless.alpha_ == 0.0


def test_auto_weighs_labels_and_pooled_soft_targets_of_unlabeled_pairs_alike(drawn):
    """The same as scikit-learn's own fit to labels and to the pool's probabilities as row weights."""
    fitted = fit_pair(drawn, alpha="auto", n_rounds=1)
    assert fitted.alpha_ == pytest.approx(50 / 120)
    assert fitted.alpha_scores_ is None
    members = [LogisticRegression().fit(table[:70], drawn.y[:70]) for table in (drawn.T, drawn.X)]
    proba = np.stack([m.predict_proba(table[70:120]) for m, table in zip(members, (drawn.T, drawn.X), strict=True)])
    soft_targets = log_linear_pool(proba, np.array([fitted.teacher_weights_[name] for name in ("teacher", "student")]))
    X = drawn.X.iloc[np.r_[:70, 70:120, 70:120]]
    y = np.r_[drawn.y[:70], np.repeat(fitted.classes_, 50)]
    weight = np.r_[np.ones(70), soft_targets[:, 0], soft_targets[:, 1]]
    direct = LogisticRegression(tol=1e-8).fit(X, y, weight)
    np.testing.assert_allclose(fitted.predict_proba(drawn.X), direct.predict_proba(drawn.X), atol=2e-3)


def test_auto_without_unlabeled_pairs_trains_the_student_alone_and_says_so(drawn):
    with pytest.warns(UserWarning, match=r"with alpha='auto' the student is trained alone.*as unlabeled_pairs"):
        fitted = fit_pair(drawn, alpha="auto", unlabeled=None)
    assert (fitted.alpha_, fitted.teacher_) == (0, None)
    direct = LogisticRegression().fit(drawn.X[:70], drawn.y[:70])
    np.testing.assert_array_equal(fitted.student_.coef_, direct.coef_)


@pytest.mark.parametrize("alpha", ["auto", 0.5])
def test_row_order_changes_nothing(drawn, alpha):
    order = np.random.RandomState(0).permutation(70)
    first = fit_pair(drawn, alpha=alpha)
    other = fit_pair(drawn, rows=order, alpha=alpha)
    assert other.teacher_weights_ == pytest.approx(first.teacher_weights_, rel=1e-3)
    np.testing.assert_allclose(other.predict_proba(drawn.X), first.predict_proba(drawn.X), atol=1e-3)


def test_a_stacked_pool_gains_from_a_good_teacher_and_not_from_its_permuted_rows():
    drawn = make_gaussian_modalities(1200, specific_signal={"teacher": 3.0, "student": 0.0}, n_noise=30, random_state=0)
    X, T, y = drawn.data[drawn.modalities["student"]], drawn.data[drawn.modalities["teacher"]], drawn.target
    permuted = T.sample(frac=1, random_state=0).set_axis(T.index)
    alone = distiller(alpha="auto").fit(X[:80], y[:80]).score(X[700:], y[700:])
    gains = [
        distiller(alpha="auto")
        .fit(X[:80], y[:80], X_teacher=table[:80], unlabeled_pairs=(X[80:700], table[80:700]))
        .score(X[700:], y[700:])
        - alone
        for table in (T, permuted)
    ]
    assert gains[0] > 0.03
    assert abs(gains[1]) < 0.02


def test_digit_views_gain_and_do_no_harm():
    """Zernike moments from profile correlations; benchmarks/paired has all pairs of views."""
    digits = load_digit_views()
    order = np.random.RandomState(0).permutation(2000)
    labeled, unlabeled, test = order[:100], order[100:600], order[1000:]
    X = digits.data[digits.modalities["zernike"]].to_numpy()
    T = digits.data[digits.modalities["profile_correlations"]].to_numpy()
    y = digits.target.to_numpy()
    network = NetworkClassifier((64,), max_epochs=30, learning_rate=3e-3, linear_weight=0, random_state=0)
    fitted = PairedDistiller(network, network, alpha=0.5, cv=3).fit(
        X[labeled], y[labeled], X_teacher=T[labeled], unlabeled_pairs=(X[unlabeled], T[unlabeled])
    )
    alone = network.fit(X[labeled], y[labeled])
    assert fitted.score(X[test], y[test]) > alone.score(X[test], y[test]) + 0.04


# Bad input


def with_infinity(table):
    return table.assign(teacher_noise_1=np.where(table.index == 4, np.inf, table["teacher_noise_1"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {"X_teacher": d.T[:149]}, "X_teacher has 149 rows and X has 150.*fill the row with NaN"),
        (
            lambda d: {"X_teacher": d.T.sample(frac=1, random_state=0)},
            r"another order: .*X_teacher.loc\[X.index\]",
        ),
        (lambda d: {"X_teacher": d.T * np.nan}, "missing in all 150 rows"),
        (lambda d: {"X_teacher": with_infinity(d.T)}, "1 values in column 'teacher_noise_1' of X_teacher"),
        (
            lambda d: {"X_teacher": d.T.assign(sex="f")},
            "Column 'sex' of X_teacher.*'f', which is not a number",
        ),
        (lambda d: {"X_teacher": d.T.assign(code=d.y)}, "Column 'code' of the teacher's table equals the label"),
        (lambda d: {"X_teacher": d.T.mask(d.T > 2)}, r"teacher=make_pipeline\(SimpleImputer\(\), LogisticRegression"),
        (lambda d: {"y": d.y.sample(frac=1, random_state=0)}, r"rows of y carry the same labels.*y.loc\[X.index\]"),
        (lambda d: {"X": d.X.assign(student_noise_0=np.nan)}, "150 values, the first in column 'student_noise_0'"),
        (lambda d: {"y": np.zeros(150, dtype=int)}, "y holds one class only, 0"),
        (lambda d: {"y": d.y.where(d.y.index > 5)}, "y holds 6 missing labels"),
        (lambda d: {"y": np.random.RandomState(0).normal(size=150)}, "Unknown label type: y is continuous"),
        (lambda d: {"y": d.y[:9]}, "one for each row of"),
        (
            lambda d: {"unlabeled_pairs": d.X},
            r"must be a tuple \(X_unlabeled, X_teacher_unlabeled\), got a DataFrame",
        ),
        (lambda d: {"unlabeled_pairs": (d.X,)}, "got a tuple of 1"),
        (
            lambda d: {"unlabeled_pairs": (d.X, d.T[:9])},
            r"unlabeled_pairs\[1\] has 9 rows and unlabeled_pairs\[0\]",
        ),
        (lambda d: {"unlabeled_pairs": (d.T, d.X)}, r"unlabeled_pairs\[0\] must have the columns of X"),
        (lambda d: {"unlabeled_pairs": (d.X, d.T), "X_teacher": None}, "given without X_teacher"),
        (lambda d: {"X": d.X.assign(student_noise_0="low")}, "Column 'student_noise_0' of X.*OneHotEncoder"),
        (lambda d: {"X": d.X.assign(student_noise_0=-np.inf)}, "column 'student_noise_0' of X"),
    ],
)
def test_bad_tables(drawn, change, message):
    tables = {"X": drawn.X, "y": drawn.y, "X_teacher": drawn.T, **change(drawn)}
    with pytest.raises(ValueError, match=message):
        distiller().fit(tables.pop("X"), tables.pop("y"), **tables)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"teacher": LinearSVC()}, "teacher LinearSVC has no predict_proba.*CalibratedClassifierCV"),
        ({"alpha": 1.5}, "'alpha' parameter of PairedDistiller must be a float in the range"),
        ({"temperature": 0.0}, "'temperature' parameter"),
        ({"cv": 100}, r"100 folds need at least 100 rows of the largest class, but there are 150 label\w+ rows"),
        ({"student_columns": ["student_noise_0"]}, "X_teacher was given although student_columns"),
    ],
)
def test_bad_parameters(drawn, parameters, message):
    with pytest.raises(ValueError, match=message):
        distiller(**parameters).fit(drawn.X, drawn.y, X_teacher=drawn.T)


def test_unknown_student_column(drawn):
    with pytest.raises(ValueError, match="student_columns names 1 column that X does not have: 'urea'"):
        distiller(student_columns=["urea"]).fit(drawn.data, drawn.y)


def test_five_rows(drawn):
    with pytest.raises(ValueError, match=r"label\w+ rows.*Lower cv, or add rows"):
        distiller(cv=5).fit(drawn.X[:5], [0, 0, 1, 1, 1], X_teacher=drawn.T[:5])


def test_missing_student_column_at_predict(drawn):
    fitted = distiller(student_columns=drawn.modalities["student"]).fit(drawn.data, drawn.y)
    with pytest.raises(ValueError, match="X lacks 1 of the student's 16 columns: 'student_noise_3'"):
        fitted.predict(drawn.X.drop(columns="student_noise_3"))
    two = fit_pair(drawn)
    with pytest.raises(ValueError, match="now missing:\n- student_noise_3"):
        two.predict(drawn.X.drop(columns="student_noise_3"))


def test_failed_fit_leaves_the_earlier_fit(drawn):
    fitted = fit_pair(drawn)
    before = fitted.predict_proba(drawn.X)
    with pytest.raises(ValueError, match="missing in all"):
        fitted.fit(drawn.X.iloc[:, :3], drawn.y, X_teacher=drawn.T * np.nan)
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X), before)
    assert fitted.n_features_in_ == 16


def test_failures_within_the_training_leave_the_earlier_fit(drawn):
    """Also where the student fails after the teachers were fitted."""
    fitted = fit_pair(drawn, alpha="auto", teacher_weights="equal")
    before, attributes = fitted.predict_proba(drawn.X), set(vars(fitted))
    network = NetworkClassifier((4,), learning_rate=1e30, max_epochs=5, random_state=0)
    fitted.set_params(student=network, calibrate=True)
    with pytest.raises(ValueError, match="Lower learning_rate"):
        fitted.fit(drawn.X.iloc[:, :3], drawn.y, X_teacher=drawn.T)
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X), before)
    assert set(vars(fitted)) == attributes


def test_constant_columns(drawn):
    X, T = drawn.X.assign(student_noise_0=1.0), drawn.T.assign(teacher_noise_0=0.0)
    network = NetworkClassifier(max_epochs=3, linear_weight=0, random_state=0)
    assert np.isfinite(distiller(student=network).fit(X, drawn.y, X_teacher=T).predict_proba(X)).all()


def test_score_frames(drawn):
    scores = fit_pair(drawn, alpha="auto", teacher_weights="equal").alpha_scores_
    assert isinstance(scores, pd.DataFrame)
    assert list(scores.columns) == ["brier", "difference", "standard_error"]


# Several teachers


def modalities_of_teacher(drawn):
    names = list(drawn.T.columns)
    return {"first": names[:8], "second": names[8:]}


def test_several_teachers_are_the_mean_of_each_alone(drawn):
    columns = modalities_of_teacher(drawn)
    average = {"teacher_weights": "equal"}
    alone = [fit_pair(drawn, teacher_columns=names, **average).teacher_proba_ for names in columns.values()]
    fitted = fit_pair(drawn, teacher_columns=columns, **average)
    np.testing.assert_allclose(fitted.teacher_proba_, np.mean(alone, axis=0))
    assert fitted.teacher_weights_ == {"first": 0.5, "second": 0.5}
    assert fitted.teacher_["second"].n_features_in_ == len(columns["second"])
    fixed = fit_pair(drawn, teacher_columns=columns, teacher_weights={"first": 1, "second": 3})
    np.testing.assert_allclose(fixed.teacher_proba_, 0.25 * alone[0] + 0.75 * alone[1])


def test_a_teacher_of_noise_gets_little_weight(drawn):
    noise = pd.DataFrame(np.random.RandomState(0).normal(size=(150, 8)), index=drawn.T.index).add_prefix("noise")
    tables = drawn.T.join(noise)
    columns = {"noise": list(noise.columns), "good": list(drawn.T.columns)}
    fitted = distiller(teacher_columns=columns, teacher_weights="learned").fit(drawn.X, drawn.y, X_teacher=tables)
    assert fitted.teacher_weights_["good"] > 0.8
    assert sum(fitted.teacher_weights_.values()) == pytest.approx(1)


def test_each_teacher_may_be_another_model(drawn):
    columns = modalities_of_teacher(drawn)
    models = {"first": LOGISTIC, "second": RandomForestClassifier(5, random_state=0)}
    fitted = fit_pair(drawn, teacher=models, teacher_columns=columns, alpha="auto")
    assert isinstance(fitted.teacher_["second"], RandomForestClassifier)
    with pytest.raises(ValueError, match=r"lacks 'second'"):
        fit_pair(drawn, teacher={"first": LOGISTIC}, teacher_columns=columns)
    with pytest.raises(ValueError, match="needs teacher_columns as a dict"):
        fit_pair(drawn, teacher=models)


def test_one_table_with_several_teachers(drawn):
    columns = modalities_of_teacher(drawn)
    two = fit_pair(drawn, teacher_columns=columns, unlabeled=None)
    names = {"student_columns": drawn.modalities["student"], "teacher_columns": columns}
    one = distiller(**names).fit(drawn.data[:70], drawn.y[:70])
    np.testing.assert_array_equal(one.predict_proba(drawn.X), two.predict_proba(drawn.X))
    fewer = distiller(**names).fit(drawn.data[:70].drop(columns=columns["first"]), drawn.y[:70])
    assert set(fewer.teacher_weights_) == {"second", "student"}
    none = distiller(**names).fit(drawn.data[:70].drop(columns=drawn.T.columns), drawn.y[:70])
    assert none.teacher_ is None


def test_teacher_on_the_columns_of_both(drawn):
    fitted = fit_pair(drawn, teacher_input="both", unlabeled=None)
    assert list(fitted.teacher_.feature_names_in_) == [*drawn.X.columns, *drawn.T.columns]
    direct = fit_pair(drawn, student_columns=None, unlabeled=None)
    assert not np.allclose(fitted.teacher_proba_, direct.teacher_proba_)
    clash = drawn.T.set_axis([drawn.X.columns[0], *drawn.T.columns[1:]], axis=1)
    with pytest.raises(ValueError, match="columns of the same name"):
        distiller(teacher_input="both").fit(drawn.X, drawn.y, X_teacher=clash)


def test_every_pattern_of_missing_modalities(drawn):
    """Rows lack the student's modality, one of the teachers', or both of them."""
    columns = modalities_of_teacher(drawn)
    X, T = drawn.X.copy(), drawn.T.copy()
    X.iloc[:10] = np.nan
    T.loc[T.index[5:30], columns["first"]] = np.nan
    T.loc[T.index[20:50], columns["second"]] = np.nan
    fitted = distiller(teacher_columns=columns).fit(X, drawn.y, X_teacher=T)
    assert np.flatnonzero(np.isnan(fitted.teacher_proba_[:, 0])).tolist() == list(range(20, 30))
    first = T[columns["first"]].notna().all(axis=1)
    direct = LogisticRegression().fit(T.loc[first, columns["first"]], drawn.y[first])
    np.testing.assert_allclose(fitted.teacher_["first"].coef_, direct.coef_)
    alone = distiller(alpha=0, teacher_columns=columns).fit(X, drawn.y, X_teacher=T)
    np.testing.assert_array_equal(alone.student_.coef_, LogisticRegression().fit(X[10:], drawn.y[10:]).coef_)


# Real cohorts


@pytest.mark.parametrize("alpha", [0, 0.5, "auto"])
def test_rows_of_weight_zero_are_absent(drawn, alpha):
    keep = np.arange(70) % 7 != 3
    folds = np.arange(70) % 3
    splits = [(np.flatnonzero(folds != f), np.flatnonzero(folds == f)) for f in range(3)]
    kept = [(np.flatnonzero(folds[keep] != f), np.flatnonzero(folds[keep] == f)) for f in range(3)]
    tables = {"X_teacher": drawn.T[:70]}
    average = {"alpha": alpha, "teacher_weights": "equal"}
    weighted = distiller(**average, cv=splits).fit(drawn.X[:70], drawn.y[:70], keep.astype(float), **tables)
    absent = distiller(**average, cv=kept).fit(drawn.X[:70][keep], drawn.y[:70][keep], X_teacher=drawn.T[:70][keep])
    np.testing.assert_allclose(weighted.predict_proba(drawn.X), absent.predict_proba(drawn.X), atol=1e-4)


@pytest.mark.parametrize("alpha", [0, 0.5, "auto"])
def test_scale_of_weights_changes_nothing_beside_unlabeled_pairs(drawn, alpha):
    """Teacher, network student and the balance between labels and pairs: any factor, as weights that add up to 1."""
    student = NetworkClassifier((8,), max_epochs=5)
    X, T, y = drawn.X.to_numpy(), drawn.T.to_numpy(), drawn.y.to_numpy()[:70]
    weight = np.random.RandomState(3).uniform(0.5, 1.5, size=70)
    pairs = X[70:], T[70:]
    proba = [
        distiller(student=student, alpha=alpha, random_state=0)
        .fit(X[:70], y, weight * factor, X_teacher=T[:70], unlabeled_pairs=pairs)
        .predict_proba(X)
        for factor in (1, 100, 1 / weight.sum())
    ]
    np.testing.assert_allclose(proba[1], proba[0], atol=2e-3)
    np.testing.assert_allclose(proba[2], proba[0], atol=2e-3)


@pytest.mark.parametrize("factor", [1, 100])
def test_a_penalized_student_alone_is_fitted_with_the_weights_as_they_are(drawn, factor):
    X, T, y = drawn.X.to_numpy()[:70], drawn.T.to_numpy()[:70], drawn.y.to_numpy()[:70]
    weight = factor * np.random.RandomState(3).uniform(0.5, 1.5, size=70)
    student = LogisticRegression()
    fitted = distiller(student=student, alpha=0).fit(X, y, weight, X_teacher=T)
    np.testing.assert_array_equal(fitted.student_.coef_, clone(student).fit(X, y, weight).coef_)


def test_rows_of_weight_zero_change_no_recorded_loss(drawn):
    keep = np.arange(70) % 7 != 3
    X, T, y = drawn.X.to_numpy()[:70], drawn.T.to_numpy()[:70], drawn.y.to_numpy()[:70]
    folds = np.arange(70) % 3
    losses = []
    for rows, weight in ((np.arange(70), keep.astype(float)), (np.flatnonzero(keep), None)):
        fitted = distiller(
            student=NetworkClassifier((8,), max_epochs=5, linear_weight=0),
            cv=PredefinedSplit(folds[rows]),
            random_state=0,
        )
        fitted.set_params(teacher_weights="equal").fit(X[rows], y[rows], weight, X_teacher=T[rows])
        losses.append([epoch["train_loss"] for epoch in fitted.student_.net_.history])
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_class_weights_are_row_weights(drawn):
    y = drawn.y[:70]
    weight = np.where(y == y.iloc[0], 3.0, 1.0)
    by_class = distiller(class_weight={c: 3.0 if c == y.iloc[0] else 1.0 for c in y.unique()})
    fitted = by_class.fit(drawn.X[:70], y, X_teacher=drawn.T[:70])
    direct = distiller().fit(drawn.X[:70], y, sample_weight=weight, X_teacher=drawn.T[:70])
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X), direct.predict_proba(drawn.X))


def test_balanced_weights_find_the_rare_class(drawn):
    rare = drawn.y == drawn.y.unique()[0]
    rows = np.flatnonzero(~rare | (rare.cumsum() <= 8))
    recall = []
    for weight in (None, "balanced"):
        fitted = distiller(class_weight=weight).fit(
            drawn.X.iloc[rows], drawn.y.iloc[rows], X_teacher=drawn.T.iloc[rows]
        )
        recall.append((fitted.predict(drawn.X[rare]) == drawn.y[rare]).mean())
    assert recall[1] > recall[0] + 0.1


def test_student_without_row_weights(drawn):
    with pytest.raises(ValueError, match=r"KNeighborsClassifier takes no sample_weight.*sample_weight or class_weight"):
        distiller(student=KNeighborsClassifier()).fit(drawn.X, drawn.y, np.ones(150))


class GroupRecorder(LogisticRegression):
    """Records the groups of each of its fits."""

    fits = []  # noqa: RUF012 - clones share it

    def fit(self, X, y, sample_weight=None, groups=None):
        self.fits.append(set(groups))
        return super().fit(X, y, sample_weight)


def test_no_group_is_split(drawn):
    """Every teacher that is fitted without folds is fitted without all rows of their groups."""
    GroupRecorder.fits.clear()
    groups = np.arange(150) // 5
    fitted = distiller(teacher=GroupRecorder(), teacher_weights="equal", alpha="auto", cv=4).fit(
        drawn.X, drawn.y, X_teacher=drawn.T, groups=groups
    )
    assert len(GroupRecorder.fits) == 1 + 4 + 5
    sizes = sorted(map(len, GroupRecorder.fits))
    assert sizes[-1] == 30
    # Every group is left out with its fold, and with each pair of that fold and a validation fold.
    for group in range(30):
        assert sum(group not in fit for fit in GroupRecorder.fits) in (1 + 2, 1 + 3)
    assert fitted.alpha_scores_ is not None


def test_groups_by_routing(drawn, routing):
    groups = np.arange(150) // 5
    routed = distiller(student=GroupRecorder()).set_fit_request(X_teacher=True, groups=True)
    scores = cross_validate(routed, drawn.X, drawn.y, cv=GroupKFold(3), params={"X_teacher": drawn.T, "groups": groups})
    assert len(scores["test_score"]) == 3


def test_network_holds_out_whole_groups(drawn):
    groups = np.arange(150) // 15
    network = NetworkClassifier((8,), max_epochs=5, random_state=0, linear_weight=0)
    model = distiller(student=network, teacher_weights="equal")
    grouped, ungrouped = (
        model.fit(drawn.X, drawn.y, X_teacher=drawn.T, groups=names).predict_proba(drawn.X) for names in (groups, None)
    )
    assert not np.allclose(grouped, ungrouped)


@pytest.mark.parametrize("alpha", [0, 0.5, "auto"])
def test_calibrated_student(drawn, alpha):
    plain, scaled = (fit_pair(drawn, alpha=alpha, calibrate=c) for c in (False, True))
    np.testing.assert_array_equal(plain.predict(drawn.X), scaled.predict(drawn.X))
    temperature = scaled.student_.temperature
    np.testing.assert_allclose(scaled.predict_proba(drawn.X), scale_proba(plain.predict_proba(drawn.X), temperature))
    assert temperature != 1


def test_calibration_is_of_held_out_rows(drawn):
    """A student that memorizes its rows is overconfident on others, and its training rows do not show it."""
    forest = RandomForestClassifier(20, random_state=0, max_features=1)
    fitted = fit_pair(drawn, student=forest, alpha=0, calibrate=True, unlabeled=None)
    codes = np.searchsorted(fitted.classes_, drawn.y[:70])
    of_training_rows = fit_temperature(fitted.student_.estimator.predict_proba(drawn.X[:70]), codes)
    assert of_training_rows < 0.5 < fitted.student_.temperature
    alone = distiller(student=forest, calibrate=True).fit(drawn.X[:70], drawn.y[:70])
    np.testing.assert_allclose(alone.student_.temperature, fitted.student_.temperature)


def test_analytic_alpha(drawn):
    average = {"alpha": "analytic", "teacher_weights": "equal"}
    fitted = fit_pair(drawn, **average, unlabeled=None)
    target = (drawn.y[:70].to_numpy()[:, None] == fitted.classes_).astype(float)
    y = drawn.y[:70].to_numpy()
    fold_ids = make_fold_ids(3, y, order=order_by_content(drawn.X[:70].to_numpy(), y))
    expected = linear_student_risk(drawn.X[:70], target, fitted.teacher_proba_, fold_ids).best_alpha()
    assert fitted.alpha_ == expected
    noise = pd.DataFrame(np.random.RandomState(0).normal(size=(70, 4)))
    useless = distiller(**average).fit(drawn.X[:70], drawn.y[:70], X_teacher=noise.set_index(drawn.X.index[:70]))
    assert useless.alpha_ < 0.5 < fitted.alpha_


def test_frozen_teacher_of_fewer_columns(drawn):
    columns = list(drawn.T.columns[5:2:-1])
    frozen = FrozenEstimator(LogisticRegression().fit(drawn.T.iloc[70:][columns], drawn.y[70:]))
    model = distiller(teacher=frozen, teacher_weights="equal")
    fitted = model.fit(drawn.X[:70], drawn.y[:70], X_teacher=drawn.T[:70])
    np.testing.assert_allclose(fitted.teacher_proba_, frozen.predict_proba(drawn.T[:70][columns]))


def test_teacher_of_the_students_modality_is_reproduced(drawn):
    """With alpha = 1 an unpenalized student converges to a teacher of the same model and columns."""
    plain = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000)
    frozen = FrozenEstimator(LogisticRegression().fit(drawn.X[70:], drawn.y[70:]))
    model = distiller(student=plain, teacher=frozen, teacher_weights="equal", alpha=1.0)
    fitted = model.fit(drawn.X[:70], drawn.y[:70], X_teacher=drawn.X[:70])
    np.testing.assert_allclose(fitted.predict_proba(drawn.X), frozen.predict_proba(drawn.X), atol=1e-5)


# Objectives

NETWORK = NetworkClassifier((16, 8), max_epochs=5, random_state=0, linear_weight=0)


def test_soft_targets_by_name_are_the_default_bit_for_bit(drawn):
    default = fit_pair(drawn, student=NETWORK).predict_proba(drawn.X)
    named = fit_pair(drawn, student=NETWORK, objective=[("soft_targets", 1.0)]).predict_proba(drawn.X)
    np.testing.assert_array_equal(named, default)


@pytest.fixture(scope="module")
def of_soft_targets(drawn):
    """A student of each of two teachers, some of whose rows were not measured; the table of these teachers."""
    T = drawn.T[:70].copy()
    T.iloc[:9] = np.nan
    tables = {"X_teacher": T, "unlabeled_pairs": (drawn.X[70:120], drawn.T[70:120])}
    teachers = {"scores": LOGISTIC, "features": NETWORK}
    fits = {
        name: distiller(student=NETWORK, teacher=teacher).fit(drawn.X[:70], drawn.y[:70], **tables)
        for name, teacher in teachers.items()
    }
    return fits, tables


@pytest.mark.parametrize(
    "objective", ["dkd", "hints", ["soft_targets", ("sp", 0.5)], [("mfh", 2.0)], "shared_specific"]
)
@pytest.mark.parametrize("teacher", ["scores", "features"])
def test_objectives_change_the_student_which_pickles(drawn, of_soft_targets, objective, teacher):
    fits, tables = of_soft_targets
    other = fits[teacher]
    fitted = clone(other).set_params(objective=objective).fit(drawn.X[:70], drawn.y[:70], **tables)
    assert not np.allclose(fitted.predict_proba(drawn.X), other.predict_proba(drawn.X))
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.student_.transform(drawn.X), fitted.student_.transform(drawn.X))


def test_decoupled_divergence_of_two_classes_is_the_plain_one(drawn):
    """The distribution over the other classes is constant if there is only one."""
    plain, decoupled = (fit_pair(drawn, student=NETWORK, objective=o) for o in ("soft_targets", [("dkd", 1.0)]))
    np.testing.assert_allclose(decoupled.predict_proba(drawn.X), plain.predict_proba(drawn.X), atol=1e-4)


def test_callable_objective(drawn):
    """A callable that is the soft-target divergence gives the student that the name gives."""

    def divergence(student_logits, student_features, teacher_proba, teacher_features):
        return soft_target_divergence(student_logits, teacher_proba, 2.0)

    by_callable, named = (fit_pair(drawn, student=NETWORK, objective=o) for o in (divergence, "soft_targets"))
    np.testing.assert_allclose(by_callable.predict_proba(drawn.X), named.predict_proba(drawn.X), atol=1e-4)


def test_search_over_objectives_and_their_weights(drawn, routing):
    search = GridSearchCV(
        distiller(student=NETWORK).set_fit_request(X_teacher=True),
        {"objective": ["soft_targets", [("hints", 0.1)], [("hints", 1.0)]]},
        cv=2,
    )
    search.fit(drawn.X, drawn.y, X_teacher=drawn.T)
    auto = fit_pair(drawn, student=NETWORK, objective="hints", alpha="auto", unlabeled=None)
    assert list(auto.alpha_scores_.index) == sorted(auto.alpha_scores_.index)


def test_objectives_of_several_teachers(drawn):
    T = drawn.T.copy()
    columns = modalities_of_teacher(drawn)
    T.loc[T.index[:30], columns["second"]] = np.nan
    fitted = distiller(student=NETWORK, objective="hints", teacher_columns=columns).fit(drawn.X, drawn.y, X_teacher=T)
    assert np.isfinite(fitted.predict_proba(drawn.X)).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"student": LOGISTIC, "objective": "hints"}, r"objective=\['hints'\] needs a network as student"),
        ({"student": NETWORK, "objective": "hint"}, "'hint', which is unknown. Choose among soft_targets, dkd"),
        ({"student": NETWORK, "objective": []}, "names no term"),
        ({"student": NETWORK, "objective": [("sp", -1)]}, "must be a positive number"),
        (
            {"student": NETWORK, "objective": "hints", "representation": "transform"},
            "LogisticRegression has no transform",
        ),
    ],
)
def test_bad_objectives(drawn, parameters, message):
    with pytest.raises(ValueError, match=message):
        fit_pair(drawn, **parameters)


# Partial pairing


def test_rows_of_the_teacher_alone_cannot_hide_a_class(drawn):
    X = drawn.X.where(drawn.y != drawn.y.iloc[0])
    with pytest.raises(ValueError, match=rf"Class {drawn.y.iloc[0]} has rows of the teacher's table alone"):
        distiller(alpha=0.5).fit(X, drawn.y, X_teacher=drawn.T)


def test_teacher_measured_on_adjacent_rows(drawn):
    """Each fold gets its share of the rows with a teacher, whatever their position in the table."""
    T = drawn.T.copy()
    T.iloc[60:] = np.nan
    fitted = distiller(alpha="auto", teacher_weights="equal", cv=5).fit(drawn.X, drawn.y, X_teacher=T)
    assert not np.isnan(fitted.teacher_proba_[:60]).any()
    X = drawn.X.copy()
    X.iloc[:50] = np.nan
    swapped = distiller(alpha="auto", teacher_weights="equal", cv=5).fit(X, drawn.y, X_teacher=drawn.T)
    assert np.isfinite(swapped.alpha_scores_.to_numpy()).all()


def test_class_absent_from_a_teachers_training_folds_gets_no_soft_target(drawn):
    y = drawn.y.astype(str).to_numpy()
    y[3:8] = "rare"
    groups = np.where(y == "rare", 0, 1 + np.arange(150) // 5)
    fitted = distiller(cv=4).fit(drawn.X, y, X_teacher=drawn.T, groups=groups)
    assert np.isnan(fitted.teacher_proba_[y == "rare"]).all()
    assert not np.isnan(fitted.teacher_proba_[y != "rare"]).any()


def test_frozen_teachers_rows_are_those_with_its_columns(drawn):
    columns = list(drawn.T.columns[:3])
    frozen = FrozenEstimator(LogisticRegression().fit(drawn.T[columns], drawn.y))
    T = drawn.T.copy()
    T.loc[T.index[:20], columns] = np.nan
    fitted = distiller(teacher=frozen).fit(drawn.X, drawn.y, X_teacher=T)
    assert np.isnan(fitted.teacher_proba_[:20]).all()


def test_soft_targets_of_a_frozen_teacher_of_fewer_classes_are_of_those(drawn):
    """It has no probability of another class: of that a network student keeps what it learns from labels."""
    y = drawn.y.astype(str).to_numpy()
    y[::5] = "new"
    known = y != "new"
    frozen = FrozenEstimator(LogisticRegression().fit(drawn.T[known], y[known]))
    network = NetworkClassifier((16,), max_epochs=30, linear_weight=0, random_state=0)
    fitted = distiller(student=network, teacher=frozen).fit(drawn.X, y, X_teacher=drawn.T)
    assert np.isnan(fitted.teacher_proba_[~known]).all()
    assert fitted.predict_proba(drawn.X)[:, list(fitted.classes_).index("new")].mean() > 0.1


def test_frozen_teachers_features_do_not_depend_on_processes(drawn):
    frozen = FrozenEstimator(NETWORK.fit(drawn.T[100:], drawn.y[100:]))
    proba = [
        distiller(student=NETWORK, teacher=frozen, objective="hints", n_jobs=n_jobs)
        .fit(drawn.X[:100], drawn.y[:100], X_teacher=drawn.T[:100])
        .predict_proba(drawn.X)
        for n_jobs in (1, 2)
    ]
    np.testing.assert_array_equal(proba[0], proba[1])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"student": LinearSVC(), "calibrate": True}, "LinearSVC has no predict_proba"),
        ({"student": NETWORK, "objective": "hints", "alpha": 1.0}, "nothing trains the student's last layer"),
        ({"student": NETWORK, "objective": "hints", "alpha": "analytic"}, "formula for soft targets"),
        ({"teacher_weights": {"absent": 1}}, "not in both: 'absent'"),
    ],
)
def test_bad_combinations(drawn, parameters, message):
    with pytest.raises(ValueError, match=message):
        fit_pair(drawn, **parameters)


def test_misspelled_teacher_columns_of_one_table(drawn):
    student = drawn.modalities["student"]
    for columns in (["typo"], {"a": ["typo"], "b": ["other"]}):
        with pytest.raises(ValueError, match="names none of the columns of X, and X has 16 columns"):
            distiller(student_columns=student, teacher_columns=columns).fit(drawn.data, drawn.y)


def test_weights_of_teachers_that_a_selector_removed(drawn):
    columns = modalities_of_teacher(drawn)
    fitted = distiller(
        student_columns=drawn.modalities["student"], teacher_columns=columns, teacher_weights={"first": 1, "second": 3}
    ).fit(drawn.data.drop(columns=columns["first"]), drawn.y)
    assert fitted.teacher_weights_ == {"second": 1.0}


def test_a_continuous_target_needs_the_regressor(drawn):
    with pytest.raises(ValueError, match="take PairedDistillerRegressor"):
        distiller().fit(drawn.X, drawn.X.iloc[:, 0], X_teacher=drawn.T)
