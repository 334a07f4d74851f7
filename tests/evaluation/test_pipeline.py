"""Reports of a Pipeline that ends in a distiller."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import CCHSelector, DistillationReport, PairedDistiller, PairedDistillerRegressor
from skcmkd.datasets import make_gaussian_modalities

LOGISTIC = LogisticRegression()
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
CALLS = []


@pytest.fixture(scope="module")
def example():
    """90 labeled rows and 30 unlabeled pairs: a panel, a strong teacher and noise. Two samples a patient."""
    data = make_gaussian_modalities(
        120, specific_signal={"panel": 0.3, "rna": 2.0, "noise": 0.0}, n_noise=2, random_state=0
    )
    data.X, data.y, data.pairs = data.data.loc[:89], data.target.loc[:89], data.data.loc[90:]
    data.patients = np.arange(120) // 2
    return data


class Spy(TransformerMixin, BaseEstimator):
    """Passes the table on, and notes what it was fitted to."""

    def fit(self, X, y, *, groups=None, unlabeled_pairs=None):
        CALLS.append({"rows": list(X.index), "groups": groups, "pairs": unlabeled_pairs})
        return self

    def transform(self, X):
        return X


class NoTeacher(TransformerMixin, BaseEstimator):
    """Keeps the panel alone."""

    def fit(self, X, y):
        return self

    def transform(self, X):
        return X.filter(like="panel")


def selector(example, **changed):
    modalities = {name: example.modalities[name] for name in ("panel", "rna")}
    settings = {"criterion": "added", "n_repeats": 1, "n_subsamples": 8, "cv": 3, "random_state": 0}
    return CCHSelector(modalities, "panel", **settings | changed)


def distiller(example, **changed):
    params = {"student": LOGISTIC, "teacher": LOGISTIC, "alpha": 0.5, "cv": 3, "random_state": 0, **changed}
    return PairedDistiller(student_columns=example.modalities["panel"], **params)


def both(example):
    """The student's columns come first, as a selector puts them."""
    return [*example.modalities["panel"], *example.modalities["rna"]]


def requesting(step, **requests):
    with config_context(enable_metadata_routing=True):
        return step.set_fit_request(**requests)


def report_of(estimator, X, y, **params):
    return DistillationReport.from_estimator(estimator, X, y, **{"cv": FOLDS, "random_state": 0, **params})


@pytest.mark.parametrize("alpha", [0.5, "auto", 0])
def test_a_selector_that_keeps_everything_changes_nothing(example, alpha):
    X, last = example.X[both(example)], distiller(example, alpha=alpha)
    piped = report_of(Pipeline([("select", selector(example)), ("distill", last)]), X, example.y)
    alone = report_of(last, X, example.y)
    pd.testing.assert_frame_equal(piped.row_scores_, alone.row_scores_, check_exact=True)
    pd.testing.assert_frame_equal(piped.agreement_, alone.agreement_, check_exact=True)
    pd.testing.assert_frame_equal(piped.alphas_, alone.alphas_, check_exact=True)
    assert list(piped.to_frame().index) == [
        "majority class", "student alone", "distilled", "teacher", "fused", "shuffled teacher"
    ]  # fmt: skip
    assert piped.selections_.to_dict("list") == {"teacher": ["rna"] * 3, "kept": [True] * 3}
    assert alone.selections_ is None


def test_pairs_and_groups_pass_the_selector(example):
    """Groups of the pairs, too, which the Pipeline's own fit could not pass on."""
    request = {"groups": True, "unlabeled_pairs": True}
    last = distiller(example)
    pipeline = Pipeline(
        [
            ("select", requesting(selector(example), **request)),
            ("distill", requesting(distiller(example), **request)),
        ],
        transform_input=["unlabeled_pairs"],
    )
    columns = both(example)
    params = {"groups": example.patients[:90], "cv": 2}
    for groups in ((), (example.patients[90:] - 10,)):  # the pairs of patients 35 to 44 have labeled rows
        pairs = {"unlabeled_pairs": (example.pairs[columns], *groups)}
        piped = report_of(pipeline, example.X[columns], example.y, **params, **pairs)
        alone = report_of(last, example.X[columns], example.y, **params, **pairs)
        pd.testing.assert_frame_equal(piped.row_scores_, alone.row_scores_, check_exact=True)
    without = report_of(last, example.X[columns], example.y, **params)
    assert (alone.row_scores_["distilled"] != without.row_scores_["distilled"]).any(axis=None)


def test_steps_are_fitted_to_training_rows_alone(example):
    """Once for each split, without pairs of a patient who is held out, with what they request."""
    CALLS.clear()
    groups = example.patients
    pipeline = Pipeline(
        [
            ("watch", requesting(Spy(), groups=True, unlabeled_pairs=True)),
            ("distill", requesting(distiller(example), groups=True, unlabeled_pairs=True)),
        ],
        transform_input=["unlabeled_pairs"],
    )
    pairs = (example.pairs, groups[90:] - 10)
    report_of(pipeline, example.X, example.y, groups=groups[:90], unlabeled_pairs=pairs, cv=3, fused=None)
    assert len(CALLS) == 3
    for call in CALLS:
        train = np.array(call["rows"])
        held_out = np.setdiff1d(np.arange(90), train)
        assert 0 < len(held_out) < 90
        assert call["groups"].tolist() == groups[train].tolist()
        assert not set(groups[train]) & set(groups[held_out])
        X_pairs, pair_groups = call["pairs"]
        assert not set(pair_groups) & set(groups[held_out])
        assert len(X_pairs) == len(pair_groups) == (~np.isin(pairs[1], groups[held_out])).sum() < 30
    assert sorted(row for call in CALLS for row in np.setdiff1d(np.arange(90), call["rows"])) == list(range(90))


def test_steps_get_what_they_request_and_no_more(example):
    CALLS.clear()
    pipeline = Pipeline(
        [
            ("watch", requesting(Spy(), groups=False, unlabeled_pairs=False)),
            ("nothing", "passthrough"),
            ("distill", requesting(distiller(example), groups=True, unlabeled_pairs=True)),
        ],
        transform_input=["unlabeled_pairs"],
    )
    params = {"groups": example.patients[:90], "cv": 3, "unlabeled_pairs": (example.pairs,)}
    report = report_of(pipeline, example.X, example.y, **params)
    assert [(call["groups"], call["pairs"]) for call in CALLS] == [(None, None)] * 3
    alone = report_of(distiller(example), example.X, example.y, **params)
    pd.testing.assert_frame_equal(report.row_scores_, alone.row_scores_, check_exact=True)


def test_a_step_without_a_request_is_named(example):
    pipeline = make_pipeline(Spy(), distiller(example))
    with pytest.raises(UnsetMetadataPassedError, match=r"\[groups\] are passed but are not explicitly set.*Spy"):
        report_of(pipeline, example.X, example.y, groups=example.patients[:90], cv=3)


def test_the_best_candidate_stands_for_a_teacher_that_is_not_kept(example):
    """Then the student is alone in every model but the teacher's."""
    modalities = {name: example.modalities[name] for name in ("panel", "noise")}
    select = CCHSelector(modalities, "panel", cv=3, n_repeats=1, n_subsamples=8, random_state=0)
    X = example.X.copy()
    X.iloc[::5, X.columns.get_indexer(modalities["noise"])] = np.nan
    report = report_of(make_pipeline(select, distiller(example)), X, example.y)
    assert report.selections_.to_dict("list") == {"teacher": ["noise"] * 3, "kept": [False] * 3}
    assert (report.differences_.loc[["distilled", "shuffled teacher"], "gain"] == 0).all()
    frame = report.to_frame()
    assert frame.loc[["teacher", "fused"], "n_rows"].tolist() == [72, 72]
    noise = report_of(
        PairedDistiller(LOGISTIC, LOGISTIC, alpha=0.5, cv=3),
        X[modalities["panel"]],
        example.y,
        X_teacher=X[modalities["noise"]],
    )
    for model in ("student alone", "teacher", "fused"):
        pd.testing.assert_series_equal(
            frame.loc[model, "n_rows":"brier"], noise.to_frame().loc[model, "n_rows":"brier"]
        )


def test_a_table_without_a_teacher_has_no_row_of_it(example):
    report = report_of(make_pipeline(NoTeacher(), distiller(example)), example.X, example.y)
    assert report.to_frame()["n_rows"].to_dict() == {
        "majority class": 90, "student alone": 90, "distilled": 90, "teacher": 0, "fused": 0, "shuffled teacher": 90
    }  # fmt: skip
    assert (report.differences_.loc["distilled", "gain"] == 0).all()
    assert report.n_without_teacher_ == 90


def test_two_tables_behind_a_step(example):
    """The step transforms the student's table alone: it is as good as a step of the student."""
    X, T = example.X[example.modalities["panel"]], example.X[example.modalities["rna"]]
    params = {"X_teacher": T, "fused": None}
    scaled = make_pipeline(StandardScaler(), LOGISTIC)
    outside = make_pipeline(
        StandardScaler().set_output(transform="pandas"),
        PairedDistiller(LOGISTIC, LOGISTIC, teacher_weights="equal", alpha=0.5, cv=3),
    )
    inside = PairedDistiller(scaled, LOGISTIC, teacher_weights="equal", alpha=0.5, cv=3)
    pd.testing.assert_frame_equal(
        report_of(outside, X, example.y, **params).row_scores_, report_of(inside, X, example.y, **params).row_scores_
    )


def test_continuous_targets_and_weights(example):
    columns = both(example)
    y = example.X[example.modalities["rna"]].mean(axis=1) + example.X[example.modalities["panel"]].mean(axis=1)
    last = PairedDistillerRegressor(
        Ridge(), Ridge(), student_columns=example.modalities["panel"], alpha=0.5, cv=3, random_state=0
    )
    weight = np.where(np.arange(90) % 2, 3.0, 0.5)
    select = CCHSelector(
        {name: example.modalities[name] for name in ("panel", "rna")}, "panel", criterion="added", cv=3, n_repeats=1,
        n_subsamples=8, refit=False, random_state=0,
    )  # fmt: skip
    pipeline = make_pipeline(select, requesting(last, sample_weight=True))
    piped = report_of(pipeline, example.X[columns], y, sample_weight=weight, cv=3)
    alone = report_of(last, example.X[columns], y, sample_weight=weight, cv=3)
    pd.testing.assert_frame_equal(piped.row_scores_, alone.row_scores_, check_exact=True)


def test_processes_change_nothing(example):
    pipeline = make_pipeline(selector(example), distiller(example))
    one, two = (report_of(pipeline, example.X, example.y, cv=2, fused=None, n_jobs=n_jobs) for n_jobs in (None, 2))
    pd.testing.assert_frame_equal(one.row_scores_, two.row_scores_, check_exact=True)
    pd.testing.assert_frame_equal(one.selections_, two.selections_)
