"""Reports of a distiller whose teacher has its own cohort."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import LinearSVC

from skcmkd import DistillationReport, NetworkClassifier, UnpairedDistiller
from skcmkd.datasets import make_gaussian_modalities

LOGISTIC = LogisticRegression()
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
MODELS = ["majority class", "student alone", "distilled", "teacher", "shuffled teacher"]
BRIDGE = {"alignment": "none", "check_alignment": False, "random_state": 0}


@pytest.fixture(scope="module")
def example():
    """60 labeled rows of the student, 150 of the teacher's cohort, 150 samples of the bridge, 40 unlabeled rows."""
    data = make_gaussian_modalities(400, random_state=0)
    X, T, y = data.data[data.modalities["student"]], data.data[data.modalities["teacher"]], data.target
    data.X, data.y = X[:60], y[:60]
    data.teacher_data = (T[60:210], y[60:210])
    data.bridge, data.unlabeled = (X[210:360], T[210:360]), (X[360:],)
    return data


def report_of(example, distiller, **changed):
    sides = {"teacher_data": example.teacher_data, "bridge": example.bridge, "cv": FOLDS, "random_state": 0}
    return DistillationReport.from_estimator(distiller, example.X, example.y, **{**sides, **changed})


def held_out_proba(example, fit):
    proba = np.empty((60, 2))
    for train, test in FOLDS.split(example.X, example.y):
        proba[test] = fit(example.X.iloc[train], example.y.iloc[train]).predict_proba(example.X.iloc[test])
    return proba


def test_every_model_equals_a_loop_by_hand(example):
    distiller = UnpairedDistiller(LOGISTIC, LOGISTIC, **BRIDGE)
    report = report_of(example, distiller)
    sides = {"teacher_data": example.teacher_data, "bridge": example.bridge}
    frame = report.to_frame()
    assert list(frame.index) == MODELS
    proba = {
        "student alone": held_out_proba(example, LogisticRegression().fit),
        "distilled": held_out_proba(example, lambda X, y: distiller.fit(X, y, **sides)),
    }
    for model, p in proba.items():
        np.testing.assert_allclose(frame.loc[model, "log_loss"], log_loss(example.y, p))
        np.testing.assert_allclose(frame.loc[model, "accuracy"], accuracy_score(example.y, p.argmax(axis=1)))
    assert report.selections_.to_dict("list") == {
        "training_mode": ["soft targets"] * 3,
        "alignment": ["none"] * 3,
        "used_bridge": [True] * 3,
    }
    assert report.agreement_ is None
    assert report.n_without_teacher_ == 60


def test_the_bridge_helps_and_its_control_does_not():
    """90 labels, 300 rows of the teacher's cohort and 400 samples of the bridge."""
    data = make_gaussian_modalities(
        900, shared_signal=1.0, specific_signal={"panel": 0.0, "rna": 1.5}, n_noise=25, random_state=0
    )
    X, T, y = data.data[data.modalities["panel"]], data.data[data.modalities["rna"]], data.target
    # A student that is too weakly penalized gains from any soft targets.
    model = LogisticRegression(C=0.1)
    report = DistillationReport.from_estimator(
        UnpairedDistiller(model, model, **BRIDGE),
        X[:90],
        y[:90],
        teacher_data=(T[200:500], y[200:500]),
        bridge=(X[500:], T[500:]),
        cv=3,
        n_repeats=2,
        confidence=0.8,
        random_state=0,
    )
    gains = report.differences_.xs("brier", level="score")
    assert gains.loc["distilled", "lower"] > 0
    # A product with a shuffled teacher is still a product with the student's own model, which regularizes a little.
    assert gains.loc["shuffled teacher", "lower"] < 0
    assert report.compare("distilled", "shuffled teacher").loc["brier", "lower"] > 0


def test_the_teacher_is_scored_on_its_own_cohort(example):
    report = report_of(example, UnpairedDistiller(LOGISTIC, LOGISTIC, **BRIDGE), cv=3)
    T, y = example.teacher_data
    assert report.teacher_scores_.shape == (150, 3)
    row = report.to_frame().loc["teacher"]
    assert row["n_rows"] == 150
    # Over other folds.
    assert abs(row["accuracy"] - cross_val_score(LOGISTIC, T, y, cv=3).mean()) < 0.05
    assert row.filter(like="_gain").isna().all()
    missing = T.copy()
    missing.iloc[::3] = np.nan
    report = report_of(example, UnpairedDistiller(LOGISTIC, LOGISTIC, **BRIDGE), teacher_data=(missing, y))
    assert report.to_frame().loc["teacher", "n_rows"] == 100


def test_a_teacher_without_probabilities_is_scored_by_accuracy(example):
    distiller = UnpairedDistiller(
        NetworkClassifier((8,), max_epochs=2, linear_weight=0), LinearSVC(), alignment="prototypes", random_state=0
    )
    report = report_of(example, distiller, bridge=None)
    row = report.to_frame().loc["teacher"]
    assert row["accuracy"] > 0.5
    assert np.isnan(row["log_loss"])


def test_an_aligned_network_and_its_control(example):
    student = NetworkClassifier((8,), max_epochs=2, linear_weight=0)
    distiller = UnpairedDistiller(student, LOGISTIC, alignment="prototypes", random_state=0)
    report = report_of(example, distiller, bridge=None, unlabeled=example.unlabeled)
    assert report.selections_["alignment"].tolist() == ["prototypes"] * 3
    scores = report.row_scores_
    for model in ("distilled", "shuffled teacher"):
        assert (scores[model, "brier"] != scores["student alone", "brier"]).any()


def test_processes_change_nothing(example):
    distiller = UnpairedDistiller(LOGISTIC, LOGISTIC, **BRIDGE)
    one, two = (report_of(example, distiller, n_jobs=n_jobs) for n_jobs in (None, 2))
    pd.testing.assert_frame_equal(one.row_scores_, two.row_scores_, check_exact=True)


def test_a_student_trained_on_labels_alone_has_no_gain(example):
    """Without bridge and alignment all three are one fit."""
    report = report_of(example, UnpairedDistiller(LOGISTIC, LOGISTIC, alignment="none"), bridge=None)
    assert (report.differences_.loc[["distilled", "shuffled teacher"], "gain"] == 0).all()
    assert not report.selections_["used_bridge"].any()


def test_linked_columns_stand_for_a_bridge(example):
    T, y = example.teacher_data
    T = T.assign(student_shared_0=T.iloc[:, 0])
    distiller = UnpairedDistiller(LOGISTIC, LOGISTIC, linked_columns="names", **BRIDGE)
    report = report_of(example, distiller, teacher_data=(T, y), bridge=None)
    assert report.selections_["used_bridge"].all()
    assert (report.row_scores_["shuffled teacher"] != report.row_scores_["distilled"]).any(axis=None)


def test_groups_that_are_held_out_leave_bridge_and_unlabeled_rows(example, monkeypatch):
    groups, calls, fit = np.arange(60) // 2, [], UnpairedDistiller.fit

    def watch(self, X, y, *, groups=None, teacher_data=None, unlabeled=None, bridge=None):
        calls.append((set(groups), unlabeled, bridge))
        return fit(self, X, y, groups=groups, teacher_data=teacher_data, unlabeled=unlabeled, bridge=bridge)

    monkeypatch.setattr(UnpairedDistiller, "fit", watch)
    report_of(
        example,
        UnpairedDistiller(LOGISTIC, LOGISTIC, **BRIDGE),
        groups=groups,
        cv=3,
        bridge=(*example.bridge, np.arange(150)),
        unlabeled=(*example.unlabeled, np.arange(40)),
    )
    assert len(calls) == 9
    for trained_on, unlabeled, bridge in calls:
        held_out = set(groups) - trained_on
        assert held_out
        if bridge is not None:
            assert not set(bridge[2]) & held_out
            assert not set(unlabeled[1]) & held_out
            assert len(bridge[2]) == 150 - len(held_out)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"teacher_data": None}, "no teacher's cohort"),
        ({"unlabeled_pairs": ()}, "unlabeled_pairs was given, and the fit of UnpairedDistiller takes none"),
        ({"sample_weight": np.ones(60)}, "sample_weight was given, and the fit of UnpairedDistiller takes none"),
        ({"teacher_data": (np.ones((3, 2)),)}, r"teacher_data must be a tuple \(X_teacher, y_teacher\)"),
        ({"bridge": [1, 2]}, "bridge must be a tuple"),
        ({"fused": LOGISTIC}, "unpaired cohorts have no fused model"),
    ],
    ids=lambda value: str(next(iter(value))) if isinstance(value, dict) else "",
)
def test_errors(example, changed, message):
    with pytest.raises(ValueError, match=message):
        report_of(example, UnpairedDistiller(LOGISTIC, LOGISTIC, **BRIDGE), **changed)
