import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skcmkd import CCHSelector, NetworkClassifier, PairedDistiller
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd.datasets import make_gaussian_modalities, make_joint_gaussian
from skcmkd.information import label_mutual_information, prediction_mutual_information

SIGNALS = {"weak": 0.0, "student": 0.5, "strong": 2.5}


@pytest.fixture(scope="module")
def drawn():
    return make_gaussian_modalities(240, specific_signal=SIGNALS, random_state=0)


@pytest.fixture(scope="module")
def selector(drawn):
    return CCHSelector(drawn.modalities, "student", random_state=0).fit(drawn.data, drawn.target)


def test_strong_teacher_is_taken_and_weak_one_is_not(selector):
    assert selector.teachers_ == ["strong"]
    assert selector.results_["kept"].to_dict() == {"strong": True, "weak": False}
    assert selector.results_.loc["strong", "decision"] == "distil"
    assert selector.results_.loc["weak", "decision"] != "distil"


def test_results_have_the_mutual_informations_and_their_differences(selector, drawn):
    results = selector.results_
    np.testing.assert_allclose(results["gap"], results["teacher_student"] - results["student_label"])
    np.testing.assert_allclose(results["advantage"], results["teacher_label"] - results["student_label"])
    for figure in ("gap", "advantage"):
        assert (results[f"{figure}_lower"] < results[figure]).all()
        assert (results[figure] < results[f"{figure}_upper"]).all()
        assert results[f"{figure}_probability"].between(0, 1).all()
        assert (results[f"{figure}_standard_error"] > 0).all()
    for name in ("strong", "weak"):
        assert results.loc[name, "teacher_label"] <= drawn.label_information[name] + 0.1


def test_mutual_informations_are_those_of_out_of_fold_scores(drawn):
    """Against scikit-learn's cross_val_predict and the pure functions."""
    encoder = LogisticRegression(C=0.1)
    selector = CCHSelector(drawn.modalities, "student", encoder=encoder, n_repeats=1, n_subsamples=2)
    found = selector.fit(drawn.data, drawn.target)
    y = drawn.target.to_numpy()
    fold_of = make_fold_ids(5, y)
    splits = [(np.flatnonzero(fold_of != k), np.flatnonzero(fold_of == k)) for k in range(5)]
    proba = {
        name: cross_val_predict(encoder, drawn.data[columns], y, cv=splits, method="predict_proba")
        for name, columns in drawn.modalities.items()
    }
    row = found.results_.loc["strong"]
    np.testing.assert_allclose(row["teacher_label"], label_mutual_information(proba["strong"], y))
    np.testing.assert_allclose(row["student_label"], label_mutual_information(proba["student"], y))
    np.testing.assert_allclose(row["teacher_student"], prediction_mutual_information(proba["strong"], proba["student"]))


@pytest.mark.parametrize("family", ["classifier", "cca"])
def test_published_rule_and_both_families(drawn, family):
    found = CCHSelector(
        drawn.modalities,
        "student",
        criterion="cch",
        mutual_information=family,
        n_subsamples=20,
        random_state=0,
    ).fit(drawn.data, drawn.target)
    decision = {True: "distil", False: "not"}
    for _, row in found.results_.iterrows():
        assert (row["decision"] == "distil") == (row["gap_lower"] > 0), decision
    assert found.results_["gap"].is_monotonic_decreasing


def test_student_comes_first_then_the_teacher(selector, drawn):
    kept = [*drawn.modalities["student"], *drawn.modalities["strong"]]
    table = selector.transform(drawn.data)
    assert list(table.columns) == kept
    assert list(selector.get_feature_names_out()) == kept
    assert selector.get_support().sum() == len(kept)
    np.testing.assert_array_equal(drawn.data.columns[selector.get_support(indices=True)], kept)


def test_teacher_columns_may_be_absent_in_transform(selector, drawn):
    panel = drawn.data[drawn.modalities["student"]]
    pd.testing.assert_frame_equal(selector.transform(panel), panel)
    with pytest.raises(ValueError, match="now missing"):
        selector.transform(panel.iloc[:, 1:])


def test_arrays(drawn):
    X = drawn.data.to_numpy()
    modalities = {
        "weak": slice(0, 16),
        "student": np.arange(16, 32),
        "strong": [False] * 32 + [True] * 16,
    }
    found = CCHSelector(modalities, "student", random_state=0).fit(X, drawn.target)
    np.testing.assert_array_equal(found.transform(X), X[:, 16:])
    np.testing.assert_array_equal(found.transform(X[:, 16:32]), X[:, 16:32])
    with pytest.raises(ValueError, match="X has 17 features"):
        found.transform(X[:, :17])


@pytest.mark.parametrize("way", ["global", "own"])
def test_pandas_output_without_the_teacher(selector, drawn, way):
    found = clone(selector).set_params(n_subsamples=2).fit(drawn.data, drawn.target)
    if way == "own":
        found.set_output(transform="pandas")
    with sklearn.config_context(transform_output="pandas" if way == "global" else "default"):
        assert list(found.transform(drawn.data[drawn.modalities["student"]])) == drawn.modalities["student"]
        array = clone(selector).set_params(modalities={"weak": slice(0, 16), "student": slice(16, 32)}, n_subsamples=2)
        array.fit(drawn.data.to_numpy(), drawn.target).set_output(transform="pandas")
        assert list(array.transform(drawn.data.to_numpy())) == [f"x{i}" for i in range(16, 32)]
    with pytest.raises(ValueError, match="transform='arrow' must be one of"):
        found.set_output(transform="arrow")


def test_nobody_is_kept_when_undecided_unless_told():
    drawn = make_gaussian_modalities(60, specific_signal={"student": 0.5, "teacher": 0.5}, random_state=1)
    settings = {"modalities": drawn.modalities, "student": "student", "random_state": 0}
    dropped = CCHSelector(**settings).fit(drawn.data, drawn.target)
    assert dropped.results_["decision"].tolist() == ["undecided"]
    assert dropped.teachers_ == []
    assert list(dropped.transform(drawn.data).columns) == drawn.modalities["student"]
    kept = CCHSelector(**settings, on_undecided="keep").fit(drawn.data, drawn.target)
    assert kept.teachers_ == ["teacher"]


def test_a_candidate_is_validated_on_the_rows_that_have_it(drawn):
    data = drawn.data.copy()
    data.loc[:79, drawn.modalities["strong"]] = np.nan
    data.loc[70:99, drawn.modalities["student"]] = np.nan
    data.iloc[100, 0] = np.nan
    found = CCHSelector(drawn.modalities, "student", n_subsamples=20, random_state=0).fit(data, drawn.target)
    assert found.results_["n_rows"].to_dict() == {"strong": 140, "weak": 210}


def test_same_seed_same_bits_for_any_number_of_processes(drawn):
    fits = [
        CCHSelector(
            drawn.modalities,
            "student",
            encoder=RandomForestClassifier(20),
            n_subsamples=20,
            random_state=0,
            n_jobs=n,
        ).fit(drawn.data, drawn.target)
        for n in (None, 2)
    ]
    pd.testing.assert_frame_equal(fits[0].results_, fits[1].results_)


def test_before_a_distiller_in_a_grid_search(drawn):
    pipeline = Pipeline(
        [
            ("select", CCHSelector(drawn.modalities, "student", n_subsamples=20, random_state=0)),
            (
                "distill",
                PairedDistiller(
                    LogisticRegression(),
                    LogisticRegression(),
                    student_columns=drawn.modalities["student"],
                    alpha=0.5,
                    cv=3,
                ),
            ),
        ]
    )
    search = GridSearchCV(
        pipeline,
        {"select__criterion": ["advantage", "cch"], "distill__alpha": [0.0, 0.5]},
        cv=2,
        error_score="raise",
    ).fit(drawn.data, drawn.target)
    panel = drawn.data[drawn.modalities["student"]]
    np.testing.assert_array_equal(search.predict(panel), search.predict(drawn.data))


def test_failed_fit_leaves_the_earlier_fit(drawn):
    found = CCHSelector(drawn.modalities, "student", n_subsamples=5, random_state=0).fit(drawn.data, drawn.target)
    before = found.results_
    with pytest.raises(ValueError, match="one class only"):
        found.fit(drawn.data, np.zeros(240, dtype=int))
    assert found.results_ is before
    assert found.transform(drawn.data).shape == (240, 32)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"student": "urine"}, "student='urine' is not among the modalities: weak, student, strong"),
        ({"modalities": {"student": ["student_noise_0"]}}, "at least two modalities"),
        (
            {"modalities": {"student": ["nothing"], "b": slice(0, 2)}},
            r"names 1 columns that X does not have: 'nothing'",
        ),
        (
            {"modalities": {"student": slice(0, 4), "b": slice(3, 6)}},
            "column 'weak_specific_0' belongs to both",
        ),
        ({"modalities": {"student": slice(0, 4), "b": []}}, "selects none of the columns"),
        ({"modalities": {"student": [0, 0], "b": [1]}}, "names a column of X twice"),
        ({"modalities": {"student": [0], "b": [99]}}, "does not fit X with 48 columns"),
        ({"criterion": "best"}, "'criterion' parameter of CCHSelector must be a str among"),
        ({"cv": 300}, "300 folds need at least 300 rows"),
    ],
)
def test_bad_input(drawn, changed, message):
    selector = CCHSelector(**{"modalities": drawn.modalities, "student": "student", **changed})
    with pytest.raises(ValueError, match=message):
        selector.fit(drawn.data, drawn.target)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda data: data.assign(strong_noise_0=np.inf),
            "240 values in column 'strong_noise_0' of modality 'strong'",
        ),
        (lambda data: data.assign(weak_noise_0="high"), "Column 'weak_noise_0' of modality 'weak'.*'high'"),
        (
            lambda data: data.assign(**dict.fromkeys([c for c in data if c.startswith("weak")], np.nan)),
            "Modality 'weak' is missing in all 240 rows",
        ),
    ],
)
def test_bad_tables(drawn, spoil, message):
    with pytest.raises(ValueError, match=message):
        CCHSelector(drawn.modalities, "student", encoder=LogisticRegression(), n_subsamples=2).fit(
            spoil(drawn.data), drawn.target
        )


def test_text_without_an_own_encoder(drawn):
    with pytest.raises(ValueError, match=r"Column 'weak_noise_0' of modality 'weak'.*'high'"):
        CCHSelector(drawn.modalities, "student").fit(drawn.data.assign(weak_noise_0="high"), drawn.target)


def test_missing_labels_are_not_a_class(drawn):
    y = drawn.target.astype(object).where(drawn.target.index > 3, None)
    with pytest.raises(ValueError, match="y holds 4 missing labels"):
        CCHSelector(drawn.modalities, "student").fit(drawn.data, y)


def test_progress_bar_only_when_asked(drawn, capfd):
    settings = {"modalities": drawn.modalities, "student": "student", "n_subsamples": 2, "random_state": 0}
    CCHSelector(**settings).fit(drawn.data, drawn.target)
    assert capfd.readouterr() == ("", "")
    CCHSelector(**settings, verbose=1).fit(drawn.data, drawn.target)
    assert "encoders" in capfd.readouterr().err


def test_no_torch():
    """Selecting, and distilling into scikit-learn students, never loads torch."""
    code = """
import sys
from sklearn.linear_model import LogisticRegression
from skcmkd import CCHSelector, NetworkClassifier, PairedDistiller
from skcmkd.datasets import make_gaussian_modalities, make_joint_gaussian
d = make_gaussian_modalities(60, random_state=0)
CCHSelector(d.modalities, "student", n_subsamples=2).fit(d.data, d.target)
linear = LogisticRegression()
PairedDistiller(linear, linear, student_columns=d.modalities["student"]).fit(d.data, d.target)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_continuous_target_as_label():
    drawn = make_joint_gaussian(
        300, n_teacher_features=2, n_student_features=2, teacher_student=0.8, student_label=0.4, random_state=0
    )
    found = CCHSelector(drawn.modalities, "student", criterion="cch", random_state=0).fit(drawn.data, drawn.target)
    row = found.results_.loc["teacher"]
    truth = drawn.shared_information["teacher", "student"] - drawn.label_information["student"]
    assert row["gap_lower"] < truth < row["gap_upper"]
    assert row["decision"] == "distil"
    assert not hasattr(found, "classes_")
    found.set_params(criterion="advantage").fit(drawn.data, drawn.target > 0)
    assert list(found.classes_) == [False, True]


def test_pairs_without_a_label_enter_the_shared_information(drawn):
    further = make_gaussian_modalities(100, specific_signal=SIGNALS, random_state=1).data
    settings = {"modalities": drawn.modalities, "student": "student", "n_subsamples": 20, "random_state": 0}
    without = CCHSelector(**settings).fit(drawn.data, drawn.target).results_
    with_them = CCHSelector(**settings).fit(drawn.data, drawn.target, unlabeled_pairs=(further,)).results_
    assert (with_them["n_unlabeled"] == 100).all()
    assert (with_them["teacher_student"] != without["teacher_student"]).all()
    np.testing.assert_array_equal(with_them["student_label"], without["student_label"])
    np.testing.assert_array_equal(with_them["teacher_label"], without["teacher_label"])
    assert (with_them["risk_reduction"] > without["risk_reduction"]).all()


def test_several_teachers_that_each_add_something():
    drawn = make_gaussian_modalities(
        400, n_classes=3, specific_signal={"student": 0.0, "one": 2.0, "two": 1.8, "noise": 0.0}, random_state=0
    )
    settings = {"modalities": drawn.modalities, "student": "student", "n_subsamples": 40, "random_state": 0}
    found = CCHSelector(**settings, max_teachers=None).fit(drawn.data, drawn.target)
    assert found.teachers_ == ["one", "two"]
    assert found.results_.loc["two", "added_lower"] > 0
    assert found.transform(drawn.data).shape[1] == 48
    assert CCHSelector(**settings).fit(drawn.data, drawn.target).teachers_ == ["one"]


def test_embeddings_of_networks(drawn):
    encoder = NetworkClassifier((16, 4), max_epochs=15)
    found = CCHSelector(
        drawn.modalities, "student", representation="embedding", encoder=encoder, n_subsamples=5, random_state=0
    ).fit(drawn.data, drawn.target)
    assert found.results_.index[0] == "strong"
    assert np.isfinite(found.results_["risk_reduction"]).all()


def test_a_criterion_of_ones_own_decides(drawn):
    found = CCHSelector(
        drawn.modalities, "student", criterion=lambda f: f["teacher_label"] - 10.0, n_subsamples=20, random_state=0
    ).fit(drawn.data, drawn.target)
    np.testing.assert_allclose(found.results_["criterion"], found.results_["teacher_label"] - 10)
    assert (found.results_["decision"] == "do not distil").all()


def test_training_anew_on_each_half_widens_the_intervals(drawn):
    settings = {"modalities": drawn.modalities, "student": "student", "n_subsamples": 20, "random_state": 0}
    encoder = LogisticRegression(C=0.1)
    fixed, anew = (
        CCHSelector(**settings, encoder=encoder, refit=refit, n_repeats=1).fit(drawn.data, drawn.target).results_
        for refit in (False, True)
    )
    np.testing.assert_array_equal(fixed["gap"], anew["gap"])
    assert (anew["advantage_standard_error"] > fixed["advantage_standard_error"]).all()


@pytest.mark.parametrize("family", ["gaussian", "cca", "ksg"])
def test_noise_shares_nothing(family):
    """Encoders of a fold start from the same label mean, which unrelated modalities must not be said to share."""
    shared = []
    for seed in range(4):
        rng = np.random.RandomState(seed)
        X, y = rng.normal(size=(100, 12)), rng.randint(2, size=100)
        settings = {"criterion": "cch", "mutual_information": family, "n_subsamples": 20, "random_state": seed}
        found = CCHSelector({"s": slice(0, 6), "t": slice(6, 12)}, "s", **settings).fit(X, y)
        shared.append(found.results_.loc["t", "teacher_student"])
        assert found.results_.loc["t", "decision"] != "distil"
    assert np.mean(shared) < 0.12


def test_rows_without_a_category_were_not_measured(drawn):
    data = drawn.data.assign(kind=pd.Categorical(list("abc") * 80))
    modalities = {**drawn.modalities, "strong": [*drawn.modalities["strong"], "kind"]}
    data.loc[:99, modalities["strong"]] = np.nan
    encoder = {"strong": make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())}
    for own in (None, encoder):
        found = CCHSelector(modalities, "student", encoder=own, n_subsamples=2).fit(data, drawn.target)
        assert found.results_.loc["strong", "n_rows"] == 140


def test_ages_are_a_continuous_target_and_few_grades_are_classes(drawn):
    rng = np.random.RandomState(0)
    settings = {"modalities": drawn.modalities, "student": "student", "n_subsamples": 2, "cv": 3}
    assert not hasattr(CCHSelector(**settings).fit(drawn.data, rng.randint(20, 90, size=240)), "classes_")
    assert len(CCHSelector(**settings).fit(drawn.data, rng.randint(3, size=(240, 1)).ravel()).classes_) == 3
    with pytest.raises(ValueError, match=r"y is 0\.5 in all rows \(n_samples=240\)"):
        CCHSelector(**settings).fit(drawn.data, np.full(240, 0.5))


def test_clone_keeps_the_output_format(drawn):
    X = drawn.data.to_numpy()
    selector = CCHSelector({"weak": slice(0, 16), "student": slice(16, 32)}, "student", n_subsamples=2)
    found = clone(selector.set_output(transform="pandas")).fit(X, drawn.target)
    assert isinstance(found.transform(X), pd.DataFrame)


def test_weight_and_rows_as_attributes(selector, drawn):
    assert selector.best_alpha_ == selector.results_.loc["strong", "best_alpha"]
    assert 0 <= selector.best_alpha_ <= 1
    assert selector.candidate_rows_.all(axis=None)
    data = drawn.data.copy()
    data.loc[:79, drawn.modalities["strong"]] = np.nan
    found = clone(selector).set_params(n_subsamples=2).fit(data, drawn.target)
    assert not found.candidate_rows_.loc[:79, "strong"].any()
    assert found.candidate_rows_.loc[80:, "strong"].all()
    assert found.candidate_rows_["weak"].all()


def test_clone_keeps_parameters(selector):
    assert clone(selector).get_params() == selector.get_params()


def test_figures_are_means_over_repeats_of_the_folds(drawn):
    """A splitter that repeats itself gives what its repeats give one by one, and intervals that hold their luck."""
    settings = {"modalities": drawn.modalities, "student": "student", "n_subsamples": 20, "random_state": 0}
    repeated = RepeatedStratifiedKFold(n_splits=4, n_repeats=3, random_state=1)
    splits = list(repeated.split(drawn.data, drawn.target))
    whole = CCHSelector(**settings, cv=repeated).fit(drawn.data, drawn.target).results_
    parts = [
        CCHSelector(**settings, cv=splits[first : first + 4]).fit(drawn.data, drawn.target).results_.loc[whole.index]
        for first in (0, 4, 8)
    ]
    for name in (
        "teacher_student",
        "teacher_label",
        "student_label",
        "gap",
        "advantage",
        "residual_criterion",
        "best_alpha",
    ):
        np.testing.assert_allclose(whole[name], np.mean([part[name] for part in parts], axis=0))
    luck = np.std([part["gap"] for part in parts], axis=0, ddof=1) / np.sqrt(3)
    assert (luck > 0).all()
    assert (whole["gap_standard_error"] > luck).all()


def test_automatic_number_of_repeats(drawn):
    """Three of a number of folds; one where a splitter says, or where encoders are trained anew on each half."""
    settings = {"modalities": drawn.modalities, "student": "student", "n_subsamples": 4, "random_state": 0}

    def gap(**changed):
        return CCHSelector(**(settings | changed)).fit(drawn.data, drawn.target).results_.loc["strong", "gap"]

    assert gap() == gap(n_repeats=3) != gap(n_repeats=1)
    fold_of = make_fold_ids(5, drawn.target.to_numpy())
    splits = [(np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)) for fold in range(5)]
    assert gap(cv=splits) == gap(n_repeats=1) == gap(refit=True)
    with pytest.raises(ValueError, match="n_repeats=2 repeats a number of folds, but cv="):
        gap(cv=splits, n_repeats=2)
    with pytest.raises(ValueError, match="'n_repeats' parameter of CCHSelector must be"):
        gap(n_repeats=0)
