import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import t
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, r2_score
from sklearn.model_selection import KFold, RepeatedStratifiedKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skcmkd import DistillationReport, NetworkClassifier, PairedDistiller, PairedDistillerRegressor, UnpairedDistiller
from skcmkd.datasets import load_digit_views, make_gaussian_modalities

LOGISTIC = LogisticRegression()
MODELS = ["majority class", "student alone", "distilled", "teacher", "fused", "shuffled teacher"]
PARTS = ["gain", "standard_error", "lower", "upper", "frac_better", "frac_worse"]
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


@pytest.fixture(scope="module")
def example():
    """90 labeled rows, 40 unlabeled pairs."""
    data = make_gaussian_modalities(130, random_state=0)
    student, teacher = data.modalities["student"], data.modalities["teacher"]
    data.X, data.T, data.y = data.data.loc[:89, student], data.data.loc[:89, teacher], data.target.loc[:89]
    data.pairs = (data.data.loc[90:, student], data.data.loc[90:, teacher])
    return data


def distiller(**changed):
    return PairedDistiller(**{"student": LOGISTIC, "teacher": LOGISTIC, "alpha": 0.5, "cv": 3, **changed})


def report_of(example, estimator=None, **changed):
    return DistillationReport.from_estimator(
        distiller() if estimator is None else estimator,
        changed.pop("X", example.X),
        changed.pop("y", example.y),
        X_teacher=changed.pop("X_teacher", example.T),
        **{"cv": FOLDS, "random_state": 0, **changed},
    )


@pytest.fixture(scope="module")
def report(example):
    """Of the distiller as it is; no test changes it."""
    return report_of(example)


def held_out_proba(model, X, y, splits, **tables):
    proba = np.empty((len(y), len(np.unique(y))))
    for train, test in splits:
        params = {name: table.iloc[train] for name, table in tables.items()}
        proba[test] = clone(model).fit(X.iloc[train], y.iloc[train], **params).predict_proba(X.iloc[test])
    return proba


# The numbers


def test_every_model_equals_a_loop_by_hand(example, report):
    frame = report.to_frame()
    splits = list(FOLDS.split(example.X, example.y))
    both = pd.concat([example.T, example.X], axis=1)
    proba = {
        "student alone": held_out_proba(LOGISTIC, example.X, example.y, splits),
        "distilled": held_out_proba(distiller(), example.X, example.y, splits, X_teacher=example.T),
        "teacher": held_out_proba(LOGISTIC, example.T, example.y, splits),
        "fused": held_out_proba(LOGISTIC, both, example.y, splits),
    }
    assert list(frame.index) == MODELS
    for model, p in proba.items():
        np.testing.assert_allclose(frame.loc[model, "log_loss"], log_loss(example.y, p))
        np.testing.assert_allclose(frame.loc[model, "brier"], brier_score_loss(example.y, p, scale_by_half=False))
        np.testing.assert_allclose(frame.loc[model, "accuracy"], accuracy_score(example.y, p.argmax(axis=1)))
        assert frame.loc[model, "n_rows"] == 90


def test_intervals_and_shares_equal_the_formula(example):
    report = report_of(example, confidence=0.9)
    splits = list(FOLDS.split(example.X, example.y))
    true_class = np.arange(90), example.y.to_numpy()
    alone = -np.log(held_out_proba(LOGISTIC, example.X, example.y, splits)[true_class])
    distilled = -np.log(held_out_proba(distiller(), example.X, example.y, splits, X_teacher=example.T)[true_class])
    gain = alone - distilled
    # Each row is held out once, by a model of two thirds of them.
    error = gain.std(ddof=1) / np.sqrt(90) * np.sqrt(1 + 90 / 60)
    margin = t(89).ppf(0.95) * error
    expected = [
        90,
        gain.mean(),
        error,
        gain.mean() - margin,
        gain.mean() + margin,
        (gain > 0).mean(),
        (gain < 0).mean(),
    ]
    row = report.differences_.loc[("distilled", "log_loss"), ["n_rows", *PARTS]].to_numpy(dtype=float)
    np.testing.assert_allclose(row, expected, rtol=1e-9)
    assert report.to_frame().loc["distilled", "log_loss_lower"] == row[3]


def test_classes_add_up(example, report):
    frame = report.to_frame()
    counts = report.per_class_["n_rows"]
    for model in MODELS:
        part = report.per_class_.loc[model]
        assert counts[model].to_dict() == example.y.value_counts().to_dict()
        for name, score in (("recall", "accuracy"), ("log_loss", "log_loss")):
            np.testing.assert_allclose(np.average(part[name], weights=part["n_rows"]), frame.loc[model, score])
    gain = np.average(report.per_class_.loc["distilled", "log_loss_gain"], weights=counts["distilled"])
    np.testing.assert_allclose(gain, frame.loc["distilled", "log_loss_gain"])


def test_agreement_equals_a_sum_by_hand(example, report):
    agreement = report.agreement_
    splits = list(FOLDS.split(example.X, example.y))
    q = held_out_proba(LOGISTIC, example.T, example.y, splits)
    p = held_out_proba(LOGISTIC, example.X, example.y, splits)
    np.testing.assert_allclose(agreement.loc["student alone", "kl"], (q * np.log(q / p)).sum(axis=1).mean())
    assert agreement.loc["student alone", "same_prediction"] == (q.argmax(axis=1) == p.argmax(axis=1)).mean()
    assert list(agreement.index) == [model for model in MODELS if model != "teacher"]


def test_the_frame_has_the_documented_columns(report):
    scores = ["accuracy", "log_loss", "brier"]
    columns = ["n_rows", "alpha", *(c for s in scores for c in [s, *(f"{s}_{part}" for part in PARTS)])]
    columns += ["balanced_accuracy", "roc_auc"]
    assert list(report.to_frame().columns) == columns
    assert list(report.differences_.columns) == ["n_rows", *PARTS]
    compared = [model for model in MODELS if model != "student alone"]
    assert report.differences_.index.tolist() == [(model, score) for model in compared for score in scores]
    interval = ["gain", "standard_error", "lower", "upper"]
    columns = (c for s in ("recall", "log_loss", "brier") for c in [s, *(f"{s}_{part}" for part in interval)])
    assert list(report.per_class_.columns) == ["n_rows", *columns]
    assert report.alphas_.to_numpy().tolist() == [[0.5, 0.5]] * 3
    assert report.row_scores_.shape == (90, 18)


def test_comparisons_add_up(report):
    parts = [report.compare("distilled", "shuffled teacher"), report.compare("shuffled teacher")]
    whole = report.differences_.loc["distilled", "gain"]
    np.testing.assert_allclose(sum(part["gain"] for part in parts), whole, atol=1e-12)
    pd.testing.assert_frame_equal(report.compare("teacher"), report.differences_.loc["teacher"])
    with pytest.raises(ValueError, match="model='student' must be one of 'majority class', 'student alone'"):
        report.compare("student")


# What it should show


@pytest.mark.parametrize(
    "student", [LOGISTIC, NetworkClassifier((8,), max_epochs=2, linear_weight=0)], ids=["linear", "network"]
)
def test_alpha_zero_brings_exactly_nothing(example, student):
    report = report_of(example, distiller(student=student, alpha=0), fused=None)
    for model in ("distilled", "shuffled teacher"):
        assert (report.differences_.loc[model, PARTS] == 0).all(axis=None)


def test_permuting_the_teacher_loses_the_gain():
    digits = load_digit_views()
    student, teacher = digits.modalities["zernike"], digits.modalities["profile_correlations"]
    X, y = digits.data.iloc[::7], digits.target.iloc[::7]
    labeled = np.arange(len(y)) % 3 == 0
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    report = DistillationReport.from_estimator(
        PairedDistiller(model, model, student_columns=student, alpha=0.5, cv=3),
        X.loc[labeled, [*student, *teacher]],
        y[labeled],
        unlabeled_pairs=(X.loc[~labeled, [*student, *teacher]],),
        random_state=0,
    )
    log_loss_gain = report.differences_.xs("log_loss", level="score")
    assert log_loss_gain.loc["distilled", "lower"] > 0
    assert log_loss_gain.loc["shuffled teacher", "gain"] < log_loss_gain.loc["distilled", "gain"] / 2
    assert report.compare("distilled", "shuffled teacher").loc["log_loss", "lower"] > 0
    assert report.agreement_.loc["distilled", "kl"] < report.agreement_.loc["student alone", "kl"]


def test_a_seed_repeats(example):
    estimator = distiller(student=NetworkClassifier((8,), max_epochs=2, linear_weight=0), teacher_weights="equal")
    first, again, other = (
        report_of(example, estimator, cv=2, n_repeats=2, fused=None, random_state=seed) for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first.row_scores_, again.row_scores_, check_exact=True)
    assert (first.row_scores_ != other.row_scores_).any(axis=None)


def test_processes_change_nothing(example):
    one, two = (report_of(example, cv=2, unlabeled_pairs=example.pairs, n_jobs=n_jobs) for n_jobs in (None, 2))
    pd.testing.assert_frame_equal(one.row_scores_, two.row_scores_, check_exact=True)


def test_a_report_leaves_the_distiller_and_the_tables_as_they_are(example):
    estimator = distiller()
    X, T, before = example.X.copy(), example.T.copy(), str(estimator.get_params())
    report_of(example, estimator)
    assert str(estimator.get_params()) == before
    assert not hasattr(estimator, "alpha_")
    pd.testing.assert_frame_equal(example.X, X)
    pd.testing.assert_frame_equal(example.T, T)


# Forms of data


def test_one_table_and_two_tables_agree(example, report):
    two = report_of(example, unlabeled_pairs=example.pairs)
    one = DistillationReport.from_estimator(
        distiller(student_columns=example.modalities["student"]),
        example.data.loc[:89],
        example.y,
        unlabeled_pairs=(example.data.loc[90:],),
        cv=FOLDS,
        random_state=0,
    )
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    assert (report.to_frame() != two.to_frame()).any(axis=None)


def test_arrays_and_sparse_tables_agree_with_frames(example, report):
    frames = report.to_frame()
    arrays = report_of(example, X=example.X.to_numpy(), X_teacher=example.T.to_numpy()).to_frame()
    pd.testing.assert_frame_equal(arrays, frames)
    mixed = report_of(example, X_teacher=example.T.to_numpy()).to_frame()
    pd.testing.assert_frame_equal(mixed, frames)
    sparse = report_of(example, X=csr_matrix(example.X), X_teacher=csr_matrix(example.T)).to_frame()
    pd.testing.assert_frame_equal(sparse, frames, rtol=1e-4, atol=1e-4)


def test_rows_without_a_teacher_are_left_out_of_its_scores(example):
    T = example.T.copy()
    T.iloc[::3] = np.nan
    report = report_of(example, X_teacher=T)
    assert report.n_without_teacher_ == 30
    assert report.to_frame()["n_rows"].tolist() == [90, 90, 90, 60, 60, 90]
    assert report.agreement_["n_rows"].tolist() == [60] * 5
    kept = np.arange(90) % 3 != 0
    alone = report.row_scores_["student alone"]
    teacher = report.row_scores_["teacher"]
    np.testing.assert_allclose(
        report.differences_.loc[("teacher", "log_loss"), "gain"],
        alone["log_loss"][kept].mean() - teacher["log_loss"][kept].mean(),
    )
    assert teacher[~kept].isna().all(axis=None)


def test_rows_without_a_student_are_left_out_of_its_scores(example):
    X = example.X.copy()
    X.iloc[::9] = np.nan
    model = make_pipeline(SimpleImputer(), LOGISTIC)
    report = report_of(example, distiller(student=model, teacher=model), X=X)
    assert report.to_frame()["n_rows"].tolist() == [80, 80, 80, 90, 80, 80]
    assert report.differences_["n_rows"].eq(80).all()
    assert report.agreement_["n_rows"].eq(80).all()
    assert report.n_without_teacher_ == 0


def test_several_teachers_are_pooled_as_the_distiller_pools_them(example):
    T = example.T.iloc[:, :6].copy()
    parts = {"first": T.columns[:3].tolist(), "second": T.columns[3:].tolist()}
    T.loc[T.index[::4], parts["first"]] = np.nan
    T.loc[T.index[::10], parts["second"]] = np.nan
    estimator = distiller(teacher_columns=parts, teacher_weights={"first": 1, "second": 3})
    report = report_of(example, estimator, X_teacher=T, fused=None)
    proba = np.full((2, 90, 2), np.nan)
    for proba_of_teacher, columns in zip(proba, parts.values(), strict=True):
        observed = T[columns].notna().all(axis=1).to_numpy()
        for train, test in FOLDS.split(example.X, example.y):
            train, test = train[observed[train]], test[observed[test]]
            model = LogisticRegression().fit(T[columns].iloc[train], example.y.iloc[train])
            proba_of_teacher[test] = model.predict_proba(T[columns].iloc[test])
    weight = np.array([1, 3])[:, None, None] * ~np.isnan(proba)
    known = weight.sum(axis=0)[:, 0] > 0
    pooled = (np.nan_to_num(proba) * weight).sum(axis=0)[known] / weight.sum(axis=0)[known]
    row = report.to_frame().loc["teacher"]
    assert row["n_rows"] == known.sum() == 85
    np.testing.assert_allclose(row["log_loss"], log_loss(example.y[known], pooled))
    assert report.n_without_teacher_ == 5


def test_teachers_of_noise_are_scored_on_every_row_that_has_them(example):
    """In one of the folds both have the weight 0 in the pool."""
    T = pd.DataFrame(np.random.RandomState(1).normal(size=(130, 4)), columns=list("abcd"))
    estimator = distiller(teacher_columns={"first": ["a", "b"], "second": ["c", "d"]})
    report = report_of(example, estimator, X_teacher=T[:90], unlabeled_pairs=(example.pairs[0], T[90:]), fused=None)
    weights = [
        clone(estimator).fit(example.X.iloc[train], example.y.iloc[train], X_teacher=T.iloc[train]).teacher_weights_
        for train, _ in FOLDS.split(example.X, example.y)
    ]
    assert any(weight["first"] == weight["second"] == 0 for weight in weights)
    assert report.to_frame().loc["teacher", "n_rows"] == 90
    assert report.n_without_teacher_ == 0


def test_a_teacher_that_sees_both_is_the_fused_model(example, report):
    fused = report.to_frame().loc["fused"]
    frame = report_of(example, distiller(teacher_input="both")).to_frame()
    assert "fused" not in frame.index
    np.testing.assert_allclose(frame.loc["teacher", "log_loss"], fused["log_loss"], rtol=1e-4)


def test_the_teacher_has_the_distillers_class_weights(example):
    rare = (example.y == 0) | (example.y.index % 3 == 0)
    X, T, y = (table[rare].reset_index(drop=True) for table in (example.X, example.T, example.y))
    tables = {"X": X, "y": y, "X_teacher": T}
    tables |= {"cv": 2, "fused": None}
    weighted = report_of(example, distiller(class_weight="balanced"), **tables).to_frame()
    by_teacher = report_of(example, distiller(teacher=LogisticRegression(class_weight="balanced")), **tables).to_frame()
    np.testing.assert_allclose(weighted.loc["teacher", "log_loss"], by_teacher.loc["teacher", "log_loss"])


def test_labels_may_be_text(example, report):
    text = report_of(example, y=example.y.map({0: "healthy", 1: "ill"}))
    pd.testing.assert_frame_equal(text.to_frame(), report.to_frame())
    assert text.per_class_.loc["distilled"].index.tolist() == ["healthy", "ill"]


def test_pipelines_with_missing_values(example):
    X = example.X.mask(np.random.RandomState(0).rand(*example.X.shape) < 0.1)
    model = make_pipeline(SimpleImputer(), StandardScaler(), LOGISTIC)
    two = {"X": X, "cv": 2}
    frame = report_of(example, distiller(student=model, teacher=model), **two).to_frame()
    assert frame[["accuracy", "log_loss", "brier"]].notna().all(axis=None)
    estimator = distiller(student=model)
    with pytest.raises(ValueError, match=r"fused LogisticRegression takes none.*fused=make_pipeline\(SimpleImputer"):
        report_of(example, estimator, **two)
    assert "fused" not in report_of(example, estimator, **two, fused=None).to_frame().index
    chosen = report_of(example, estimator, **two, fused=HistGradientBoostingClassifier(max_iter=3)).to_frame()
    assert chosen.loc["fused", "n_rows"] == 90


def test_a_frozen_teacher_has_no_fused_model(example):
    frozen = FrozenEstimator(LogisticRegression().fit(example.pairs[1], example.target.loc[90:]))
    report = report_of(example, distiller(teacher=frozen))
    assert list(report.to_frame().index) == [model for model in MODELS if model != "fused"]
    proba = frozen.predict_proba(example.T)
    np.testing.assert_allclose(report.to_frame().loc["teacher", "log_loss"], log_loss(example.y, proba))


@pytest.mark.filterwarnings("ignore:The student LinearSVC has no predict_proba")
def test_a_student_without_probabilities_is_compared_by_accuracy(example):
    report = report_of(example, distiller(student=LinearSVC()))
    frame = report.to_frame()
    assert frame.loc[["student alone", "distilled"], ["log_loss", "brier"]].isna().all(axis=None)
    assert frame.loc["distilled", ["accuracy", "accuracy_lower", "accuracy_upper"]].notna().all()
    assert np.isnan(frame.loc["teacher", "log_loss_gain"])
    assert report.agreement_.loc["distilled", ["kl"]].isna().all()
    assert report.plot().axes_.shape == (2, 1)


def test_a_class_that_a_training_fold_lacks(example):
    y = example.y.astype(object).where(example.y.index != 7, "rare")
    report = report_of(example, y=y.astype(str), cv=3)
    rare = report.per_class_.loc[("distilled", "rare")]
    assert rare["n_rows"] == 1
    assert rare["recall"] == 0
    # One row among the 60 and one that the fold was fitted to.
    np.testing.assert_allclose(rare["log_loss"], np.log(61))
    assert np.isnan(rare["recall_lower"])


def test_weights_reach_the_models_that_take_them(example):
    weight = np.where(np.arange(90) % 2, 5.0, 0.1)
    frame = report_of(example, sample_weight=weight).to_frame()
    proba = np.empty((90, 2))
    for train, test in FOLDS.split(example.X, example.y):
        share = weight[train] / weight[train].mean()
        model = LogisticRegression().fit(example.T.iloc[train], example.y.iloc[train], sample_weight=share)
        proba[test] = model.predict_proba(example.T.iloc[test])
    np.testing.assert_allclose(frame.loc["teacher", "log_loss"], log_loss(example.y, proba))
    piped = distiller(teacher=make_pipeline(LOGISTIC))
    np.testing.assert_allclose(
        report_of(example, piped, sample_weight=weight).to_frame().loc["teacher"], frame.loc["teacher"]
    )


def test_groups_are_held_out_and_counted_together(example):
    groups = np.repeat([f"patient {i}" for i in range(30)], 3)
    report = report_of(example, groups=groups, cv=3)
    gain = (report.row_scores_["student alone"]["log_loss"] - report.row_scores_["distilled"]["log_loss"]).to_numpy()
    # Groups of one size: the mean of 30 independent group means.
    means = gain.reshape(30, 3).mean(axis=1)
    row = report.differences_.loc[("distilled", "log_loss")]
    np.testing.assert_allclose(row["standard_error"], means.std(ddof=1) / np.sqrt(30) * np.sqrt(1 + 3 / 2))
    np.testing.assert_allclose(row["upper"] - row["gain"], t(29).ppf(0.975) * row["standard_error"])


def test_repeats_are_averaged_by_row(example):
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    report = report_of(example, cv=cv)
    single = []
    for repeat in (0, 1):
        splits = list(cv.split(example.X, example.y))[3 * repeat : 3 * repeat + 3]
        single.append(-np.log(held_out_proba(LOGISTIC, example.X, example.y, splits)[np.arange(90), example.y]))
    np.testing.assert_allclose(report.row_scores_["student alone"]["log_loss"], np.mean(single, axis=0))
    assert len(report.alphas_) == 6
    assert report.differences_["n_rows"].eq(90).all()


# Continuous targets


def test_the_control_of_many_splits_is_of_the_expectation(example):
    """Fifteen folds of six rows: by hand from the rows, and as a test of the rows with five folds."""
    y = example.T.iloc[:, 0] + example.X.iloc[:, 0]
    estimator = PairedDistillerRegressor(Ridge(), Ridge(), alpha=0.5, cv=3)
    for n_splits in (15, 5):
        folds = KFold(n_splits)
        report = report_of(example, estimator, y=y, cv=folds, fused=None)
        control = report.compare("distilled", "shuffled teacher")
        errors = report.row_scores_.xs("squared_error", axis=1, level="score")
        gain = errors["shuffled teacher"] - errors["distilled"]
        by_fold = [gain.iloc[test].mean() for _, test in folds.split(y)]
        of_splits = np.sqrt(1 / 15 + 1 / 14) * np.std(by_fold, ddof=1)
        expected = of_splits if n_splits == 15 else 1.5 * gain.std(ddof=1) / np.sqrt(90)
        np.testing.assert_allclose(control.loc["squared_error", "standard_error"], expected)
        np.testing.assert_allclose(control.loc["r2", "standard_error"] * y.var(ddof=0), expected)
        np.testing.assert_allclose(control.loc["squared_error", "gain"], gain.mean())


def test_continuous_targets(example):
    y = example.T.iloc[:, 0] + example.X.iloc[:, 0]
    T = example.T.iloc[:, 1:].copy()
    T.iloc[::3] = np.nan
    estimator = PairedDistillerRegressor(Ridge(), Ridge(), alpha=0.5, cv=3)
    folds = KFold(3)
    report = report_of(example, estimator, y=y, X_teacher=T, cv=folds)
    frame = report.to_frame()
    alone, teacher = np.empty(90), np.full(90, np.nan)
    kept = np.arange(90) % 3 != 0
    for train, test in folds.split(y):
        alone[test] = Ridge().fit(example.X.iloc[train], y.iloc[train]).predict(example.X.iloc[test])
        train, test = train[kept[train]], test[kept[test]]
        teacher[test] = Ridge().fit(T.iloc[train], y.iloc[train]).predict(T.iloc[test])
    np.testing.assert_allclose(frame.loc["student alone", "r2"], r2_score(y, alone))
    np.testing.assert_allclose(frame.loc["student alone", "squared_error"], ((y - alone) ** 2).mean())
    r2 = r2_score(y[kept], teacher[kept])
    np.testing.assert_allclose(frame.loc["teacher", "r2"], r2)
    np.testing.assert_allclose(frame.loc["teacher", "r2_gain"], r2 - r2_score(y[kept], alone[kept]))
    assert frame.loc["teacher", "n_rows"] == 60
    assert report.per_class_ is None
    distance = np.sqrt(((alone - teacher)[kept] ** 2).mean())
    np.testing.assert_allclose(report.agreement_.loc["student alone", "root_mean_squared_difference"], distance)
    ratio = report.differences_.loc[("distilled", "r2"), "standard_error"] * y.var(ddof=0)
    np.testing.assert_allclose(ratio, report.differences_.loc[("distilled", "squared_error"), "standard_error"])


# Errors


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"estimator": LOGISTIC}, "LogisticRegression has no parameter 'student'. Give a PairedDistiller"),
        ({"estimator": UnpairedDistiller()}, "X_teacher was given, and the fit of UnpairedDistiller takes none"),
        ({"teacher_data": ()}, "teacher_data was given, and the fit of PairedDistiller takes none"),
        ({"X_teacher": None}, "nothing to compare the student alone with. Give X_teacher"),
        ({"y": np.arange(89) % 2}, "y has 89 rows and X has 90: give one for each row"),
        ({"groups": np.zeros(89)}, "groups has 89 rows and X has 90"),
        ({"sample_weight": np.ones(91)}, r"sample_weight.shape == \(91,\), expected \(90,\)"),
        ({"X_teacher": np.zeros((89, 2))}, "X_teacher has 89 rows and X has 90"),
        ({"cv": 91}, "at most the number of rows, 90"),
        ({"cv": 1}, "at least 2"),
        ({"cv": 3, "groups": np.arange(90) % 2}, "at most the number of groups, 2"),
        ({"n_repeats": 2}, "is a splitter. Give a number, or a splitter that repeats itself"),
        ({"n_repeats": 0}, "must be a whole number of at least 1"),
        ({"confidence": 95}, "confidence=95 must lie between 0 and 1"),
        ({"fused": "student"}, "fused='student' must be an estimator, 'teacher' or None"),
    ],
    ids=lambda value: str(next(iter(value))) if isinstance(value, dict) else "",
)
def test_errors(example, changed, message):
    with pytest.raises(ValueError, match=message):
        report_of(example, **changed)


def test_one_table_without_columns_of_a_teacher(example):
    with pytest.raises(ValueError, match=r"There is no teacher's table.*kept no teacher"):
        report_of(example, distiller(student_columns=list(example.X.columns)), X_teacher=None)


def test_a_continuous_target_must_be_finite(example):
    estimator = PairedDistillerRegressor(Ridge(), Ridge())
    with pytest.raises(ValueError, match="NaN or infinity in 1 of 90 rows"):
        report_of(example, estimator, y=example.y.where(example.y.index != 3))
