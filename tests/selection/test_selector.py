import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skcmkd import CCHSelector, NetworkClassifier
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd.datasets import make_gaussian_modalities, make_joint_gaussian
from skcmkd.information import label_mutual_information, prediction_mutual_information

from .selecting import fast_selector, make_modalities


@pytest.fixture(scope="module")
def drawn():
    return make_modalities()


@pytest.fixture(scope="module")
def selector(drawn):
    """All parameters at their defaults."""
    pairs = make_modalities(100, random_state=1).data
    selector = CCHSelector(drawn.modalities, "student", random_state=0)
    return selector.fit(drawn.data, drawn.target, unlabeled_pairs=(pairs,))


def test_strong_teacher_is_kept_and_weak_one_is_not(selector):
    assert selector.teachers_ == ["strong"]
    assert selector.results_["kept"].to_dict() == {"strong": True, "weak": False}
    assert selector.results_.loc["strong", "decision"] == "distil"
    assert selector.results_.loc["weak", "decision"] != "distil"


def test_results_have_the_mi_estimates_and_their_differences(selector, drawn):
    results = selector.results_
    np.testing.assert_allclose(results["gap"], results["teacher_student"] - results["student_label"])
    np.testing.assert_allclose(results["advantage"], results["teacher_label"] - results["student_label"])
    for metric in ("gap", "advantage", "added", "residual_criterion", "risk_reduction"):
        assert (results[f"{metric}_lower"] < results[metric]).all()
        assert (results[metric] < results[f"{metric}_upper"]).all()
        assert results[f"{metric}_p_value"].between(0, 1).all()
        assert (results[f"{metric}_standard_error"] > 0).all()
    for name in ("strong", "weak"):
        assert results.loc[name, "teacher_label"] <= drawn.label_information[name] + 0.1


def test_mi_estimates_are_those_of_out_of_fold_probabilities(drawn):
    """Against scikit-learn's cross_val_predict and the pure functions."""
    encoder = LogisticRegression(C=0.1)
    results = fast_selector(drawn, encoder=encoder).fit(drawn.data, drawn.target).results_
    y = drawn.target.to_numpy()
    fold_ids = make_fold_ids(5, y)
    splits = [(np.flatnonzero(fold_ids != fold), np.flatnonzero(fold_ids == fold)) for fold in range(5)]
    proba = {
        name: cross_val_predict(encoder, drawn.data[columns], y, cv=splits, method="predict_proba")
        for name, columns in drawn.modalities.items()
    }
    row = results.loc["strong"]
    np.testing.assert_allclose(row["teacher_label"], label_mutual_information(proba["strong"], y))
    np.testing.assert_allclose(row["student_label"], label_mutual_information(proba["student"], y))
    np.testing.assert_allclose(row["teacher_student"], prediction_mutual_information(proba["strong"], proba["student"]))


@pytest.mark.parametrize("estimator", ["classifier", "cca"])
def test_published_rule_with_both_kinds_of_estimators(drawn, estimator):
    selector = fast_selector(drawn, criterion="cch", mutual_information=estimator, n_subsamples=10)
    results = selector.fit(drawn.data, drawn.target).results_
    assert (results["decision"].eq("distil") == results["gap_lower"].gt(0)).all()
    assert results["gap"].is_monotonic_decreasing


def test_residual_criterion_decides_by_its_column(drawn):
    results = fast_selector(drawn, criterion="residual", n_subsamples=10).fit(drawn.data, drawn.target).results_
    assert (results["decision"].eq("distil") == results["residual_criterion_lower"].gt(0)).all()
    assert results["residual_criterion"].is_monotonic_decreasing


def test_no_teacher_is_kept_when_undecided_unless_asked():
    drawn = make_gaussian_modalities(60, specific_signal={"student": 0.5, "teacher": 0.5}, random_state=1)
    dropped = fast_selector(drawn, n_subsamples=20).fit(drawn.data, drawn.target)
    assert dropped.results_["decision"].tolist() == ["undecided"]
    assert dropped.teachers_ == []
    assert list(dropped.transform(drawn.data).columns) == drawn.modalities["student"]
    kept = fast_selector(drawn, n_subsamples=20, on_undecided="keep").fit(drawn.data, drawn.target)
    assert kept.teachers_ == ["teacher"]


def test_a_candidate_is_scored_on_the_rows_that_have_it(drawn):
    data = drawn.data.copy()
    data.loc[:79, drawn.modalities["strong"]] = np.nan
    data.loc[70:99, drawn.modalities["student"]] = np.nan
    data.iloc[100, 0] = np.nan
    selector = fast_selector(drawn, encoder=None).fit(data, drawn.target)
    assert selector.results_["n_rows"].to_dict() == {"strong": 140, "weak": 210}
    rows = selector.candidate_rows_
    assert not rows.loc[:99, "strong"].any()
    assert rows.loc[100:, "strong"].all()
    np.testing.assert_array_equal(np.flatnonzero(~rows["weak"]), np.arange(70, 100))


@pytest.mark.parametrize("estimator", ["classifier", "gaussian", "ksg"])
def test_rows_without_the_teacher_have_no_part_in_its_mutual_information(drawn, estimator):
    """The estimate is that of the other rows alone, in the same folds."""
    data = drawn.data.copy()
    data.loc[:79, drawn.modalities["strong"]] = np.nan
    fold_ids = np.arange(240) % 4
    kept = np.arange(80, 240)

    def teacher_label(rows):
        splits = [(np.flatnonzero(fold_ids[rows] != k), np.flatnonzero(fold_ids[rows] == k)) for k in range(4)]
        encoder = {"strong": LogisticRegression(C=0.1)}
        selector = fast_selector(drawn, mutual_information=estimator, encoder=encoder, cv=splits)
        results = selector.fit(data.iloc[rows], drawn.target.iloc[rows]).results_
        return results.loc["strong", "teacher_label"]

    np.testing.assert_allclose(teacher_label(np.arange(240)), teacher_label(kept))


def test_same_seed_same_bits_for_any_number_of_processes(drawn):
    first, second = (
        fast_selector(drawn, encoder=RandomForestClassifier(5), n_subsamples=5, n_jobs=n_jobs)
        .fit(drawn.data, drawn.target)
        .results_
        for n_jobs in (None, 2)
    )
    pd.testing.assert_frame_equal(first, second)


def test_failed_fit_leaves_the_earlier_fit(drawn):
    selector = fast_selector(drawn).fit(drawn.data, drawn.target)
    before, shape = selector.results_, selector.transform(drawn.data).shape
    with pytest.raises(ValueError, match="one class only"):
        selector.fit(drawn.data, np.zeros(240, dtype=int))
    assert selector.results_ is before
    assert selector.transform(drawn.data).shape == shape


def test_a_continuous_target():
    drawn = make_joint_gaussian(
        300, n_teacher_features=2, n_student_features=2, teacher_student=0.8, student_label=0.4, random_state=0
    )
    settings = {"criterion": "cch", "n_subsamples": 50, "random_state": 0}
    selector = CCHSelector(drawn.modalities, "student", **settings).fit(drawn.data, drawn.target)
    row = selector.results_.loc["teacher"]
    truth = drawn.shared_information["teacher", "student"] - drawn.label_information["student"]
    assert row["gap_lower"] < truth < row["gap_upper"]
    assert row["decision"] == "distil"
    assert not hasattr(selector, "classes_")
    selector.set_params(criterion="advantage", n_subsamples=2).fit(drawn.data, drawn.target > 0)
    assert list(selector.classes_) == [False, True]


def test_unlabeled_pairs_enter_the_shared_information(drawn):
    unlabeled = make_modalities(100, random_state=1).data
    without = fast_selector(drawn).fit(drawn.data, drawn.target).results_
    with_pairs = fast_selector(drawn).fit(drawn.data, drawn.target, unlabeled_pairs=(unlabeled,)).results_
    assert (with_pairs["n_unlabeled"] == 100).all()
    assert (with_pairs["teacher_student"] != without["teacher_student"]).all()
    np.testing.assert_array_equal(with_pairs["student_label"], without["student_label"])
    np.testing.assert_array_equal(with_pairs["teacher_label"], without["teacher_label"])
    np.testing.assert_array_equal(with_pairs["added"], without["added"])
    assert (with_pairs["risk_reduction"] > without["risk_reduction"]).all()


def test_several_teachers_that_each_add_something():
    signals = {"student": 0.0, "first": 2.0, "second": 1.8, "noise": 0.0}
    drawn = make_gaussian_modalities(400, n_classes=3, specific_signal=signals, random_state=0)
    selector = fast_selector(drawn, n_subsamples=10, max_teachers=None).fit(drawn.data, drawn.target)
    assert selector.teachers_ == ["first", "second"]
    assert selector.results_.loc["second", "added_to_kept_lower"] > 0.01
    assert selector.transform(drawn.data).shape[1] == 48
    assert selector.set_params(max_teachers=1).fit(drawn.data, drawn.target).teachers_ == ["first"]


def test_embeddings_of_networks(drawn):
    encoder = NetworkClassifier((16, 4), max_epochs=15, linear_weight=0)
    selector = fast_selector(drawn, representation="embedding", encoder=encoder, n_subsamples=5)
    results = selector.fit(drawn.data, drawn.target).results_
    assert results.index[0] == "strong"
    assert np.isfinite(results["risk_reduction"]).all()


def test_a_callable_criterion_gets_a_dict_of_metrics_and_decides(drawn):
    names = []

    def criterion(metrics):
        names.append(list(metrics))
        return metrics["teacher_label"] - 10.0

    results = fast_selector(drawn, criterion=criterion).fit(drawn.data, drawn.target).results_
    np.testing.assert_allclose(results["criterion"], results["teacher_label"] - 10)
    assert (results["decision"] == "do not distil").all()
    expected = ["teacher_student", "student_label", "teacher_label"]
    expected += ["gap", "advantage", "added", "residual_criterion", "risk_reduction"]
    assert all(each == expected for each in names)


def test_refitting_on_each_half_widens_the_intervals(drawn):
    """Without it the error is that of rows alone times Nadeau and Bengio's sqrt(1 + 3 / 2)."""
    fixed, refitted = (
        fast_selector(drawn, refit=refit, n_subsamples=20, cv=3).fit(drawn.data, drawn.target).results_
        for refit in (False, True)
    )
    np.testing.assert_array_equal(fixed["gap"], refitted["gap"])
    assert (refitted["advantage_standard_error"] > fixed["advantage_standard_error"] / np.sqrt(2.5)).all()


def test_decisions_are_by_p_values_adjusted_for_all_candidates(drawn):
    """Six copies of a teacher: each interval lies above zero, and none passes as one of six."""
    columns = drawn.modalities
    copies = [drawn.data[columns["weak"]].add_prefix(f"copy {i} ") for i in range(6)]
    X = pd.concat([drawn.data[columns["student"]], *copies], axis=1)
    modalities = {"student": columns["student"], **{f"copy {i}": list(copy) for i, copy in enumerate(copies)}}
    selector = fast_selector(drawn, criterion=lambda metrics: metrics["advantage"] + 0.15)
    selector.set_params(modalities=modalities, n_subsamples=100)
    results = selector.fit(X, drawn.target).results_
    one = selector.set_params(modalities={name: modalities[name] for name in ("student", "copy 0")})
    of_one = one.fit(X, drawn.target).results_
    assert results["criterion_p_value"].between(0.01, 0.05).all()
    assert (results["criterion_lower"] > 0).all()
    np.testing.assert_allclose(results["p_value_holm"], np.minimum(6 * results["p_value"], 1))
    assert set(results["decision"]) == {"undecided"}
    assert of_one["p_value_holm"].equals(of_one["p_value"])
    assert set(of_one["decision"]) == {"distil"}


@pytest.mark.parametrize("estimator", ["gaussian", "cca", "ksg"])
def test_noise_has_no_shared_information(estimator):
    """Encoders of a fold start from the same label mean, which must not count as shared by unrelated modalities."""
    shared = []
    for seed in range(4):
        rng = np.random.RandomState(seed)
        X, y = rng.normal(size=(100, 12)), rng.randint(2, size=100)
        settings = {"criterion": "cch", "mutual_information": estimator, "n_subsamples": 5, "random_state": seed}
        selector = CCHSelector({"s": slice(0, 6), "t": slice(6, 12)}, "s", n_repeats=1, **settings)
        row = selector.fit(X, y).results_.loc["t"]
        shared.append(row["teacher_student"])
        assert row["decision"] != "distil"
    assert np.mean(shared) < 0.12


def test_rows_without_a_category_were_not_measured(drawn):
    data = drawn.data.assign(kind=pd.Categorical(list("abc") * 80))
    modalities = {**drawn.modalities, "strong": [*drawn.modalities["strong"], "kind"]}
    data.loc[:99, modalities["strong"]] = np.nan
    one_hot = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    for encoder in (None, {"strong": one_hot}):
        selector = fast_selector(drawn, modalities=modalities, encoder=encoder).fit(data, drawn.target)
        assert selector.results_.loc["strong", "n_rows"] == 140


def test_ages_are_a_continuous_target_and_few_grades_are_classes(drawn):
    rng = np.random.RandomState(0)
    selector = fast_selector(drawn, encoder=None, cv=3)
    assert not hasattr(clone(selector).fit(drawn.data, rng.randint(20, 90, size=240)), "classes_")
    assert len(clone(selector).fit(drawn.data, rng.randint(3, size=(240, 1)).ravel()).classes_) == 3
    with pytest.raises(ValueError, match=r"y is 0\.5 in all rows \(n_samples=240\)"):
        clone(selector).fit(drawn.data, np.full(240, 0.5))


def test_best_alpha_is_that_of_the_first_teacher(selector):
    assert selector.best_alpha_ == selector.results_.loc["strong", "best_alpha"]
    assert 0 <= selector.best_alpha_ <= 1
    assert selector.candidate_rows_.all(axis=None)


def test_metrics_are_means_over_repeats_of_the_folds(drawn):
    """A repeated splitter gives the mean of its repeats, with intervals that include the variance between them."""
    repeated = RepeatedStratifiedKFold(n_splits=4, n_repeats=3, random_state=1)
    splits = list(repeated.split(drawn.data, drawn.target))
    results = fast_selector(drawn, cv=repeated, n_subsamples=10).fit(drawn.data, drawn.target).results_
    parts = [
        fast_selector(drawn, cv=splits[start : start + 4]).fit(drawn.data, drawn.target).results_.loc[results.index]
        for start in (0, 4, 8)
    ]
    names = [
        "teacher_student",
        "teacher_label",
        "student_label",
        "gap",
        "advantage",
        "added",
        "residual_criterion",
        "best_alpha",
    ]
    for name in names:
        np.testing.assert_allclose(results[name], np.mean([part[name] for part in parts], axis=0))
    error = np.std([part["gap"] for part in parts], axis=0, ddof=1) / np.sqrt(3)
    assert (error > 0).all()
    assert (results["gap_standard_error"] > error).all()


def test_automatic_number_of_repeats(drawn):
    """Three of a number of folds; one of a splitter, or where encoders are refitted on each half."""

    def gap(n_repeats="auto", **changed):
        selector = fast_selector(drawn, n_repeats=n_repeats, **changed)
        return selector.fit(drawn.data, drawn.target).results_.loc["strong", "gap"]

    single = gap(1)
    assert gap() == gap(3) != single
    fold_ids = make_fold_ids(5, drawn.target.to_numpy())
    splits = [(np.flatnonzero(fold_ids != fold), np.flatnonzero(fold_ids == fold)) for fold in range(5)]
    assert gap(cv=splits) == single == gap(refit=True)
    with pytest.raises(ValueError, match="n_repeats=2 repeats a number of folds, but cv="):
        gap(2, cv=splits)
    with pytest.raises(ValueError, match="'n_repeats' parameter of CCHSelector must be"):
        gap(0)
