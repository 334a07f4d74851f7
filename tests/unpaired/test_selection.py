import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier
from skcmkd._distillation._select import ValidationScores
from skcmkd._distillation._student_loss import StudentLoss
from skcmkd._distillation._targets import ClassificationTarget
from skcmkd._distillation._training_data import UNLABELED, TrainingData
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd.unpaired._alignment_measures import AlignmentMeasure
from skcmkd.unpaired._input import UnpairedData
from skcmkd.unpaired._modes import fit_mode
from skcmkd.unpaired._selection import (
    alignment_table,
    cross_validate_modes,
    describe_harm,
    mean_alignment,
    mode_table,
    select_mode,
)
from skcmkd.unpaired._training import BRIDGE_ROW, LABELED_ROW, LABELS_ONLY, TrainingMode, UnpairedTraining

from .unpaired_problems import CLASSES, LOGISTIC, draw_training

NETWORK = NetworkClassifier((8, 4), max_epochs=8, random_state=0, linear_weight=0)
BRIDGE, PROTOTYPES = TrainingMode("none", True), TrainingMode("prototypes", False)
TRAIN, HELD_OUT = np.arange(60), np.arange(60, 90)
LAST_THIRD = (np.arange(90) >= 60).astype(int)


@pytest.fixture
def training():
    return draw_training()


def scores_of(student, training, modes=(LABELS_ONLY,), fold_ids=LAST_THIRD, val_folds=(1,), groups=None, **options):
    data = UnpairedData(training.data.X[:90], training.data.y[:90], groups=groups)
    options = {"measured_folds": val_folds, "n_jobs": None, "verbose": False} | options
    return cross_validate_modes(student, list(modes), training, data, fold_ids, val_folds, **options)


def make_scores(proba_of_label, candidates=(LABELS_ONLY, PROTOTYPES), metrics=None, groups=None):
    """Scores of two classes, of which the first is the label, from each candidate's probability of it."""
    p = np.asarray(proba_of_label, dtype=float)
    predictions = np.stack([p, 1 - p], axis=2)
    n = p.shape[1]
    metrics = [[pair] for pair in metrics] if metrics is not None else [[None]] * len(p)
    target = ClassificationTarget(np.array(["a", "b"]))
    y, rows = np.full(n, "a"), np.arange(n)
    return ValidationScores(candidates, target, rows, y, predictions, np.ones(n, bool), None, groups, metrics)


# One mode


@pytest.mark.parametrize("student", [LOGISTIC, NETWORK, make_pipeline(StandardScaler(), NETWORK)])
def test_scores_of_the_student_alone_are_scikit_learns(training, student):
    """A network is validated without its ``refit``."""
    scores = scores_of(student, training)
    X, y = training.data.X, training.data.y
    reference = clone(student)
    reference.set_params(**{name: False for name in reference.get_params() if name.endswith("refit")})
    proba = reference.fit(X[TRAIN], y[TRAIN]).predict_proba(X[HELD_OUT])
    row = alignment_table({"alone": (scores, 0)}, np.nan).loc["alone"]
    assert row["log_loss"] == pytest.approx(log_loss(y[HELD_OUT], proba))
    assert row["error"] == pytest.approx(1 - accuracy_score(y[HELD_OUT], proba.argmax(axis=1)))
    assert row["brier"] == pytest.approx(brier_score_loss(y[HELD_OUT], proba, scale_by_half=False))


def test_alignment_of_a_mode_is_that_of_its_student(training):
    scores = scores_of(NETWORK, training, [PROTOTYPES])
    data = training.data
    student = clone(NETWORK).set_params(refit=False)
    fit_mode(student, training.exclude(HELD_OUT), PROTOTYPES)
    measure = AlignmentMeasure(data.X, data.y, training.reference_cohort, "euclidean")
    expected = measure(student, HELD_OUT, student.predict_proba(data.X[HELD_OUT]))
    np.testing.assert_allclose(mean_alignment(scores, 0), expected)


def test_students_without_a_representation_or_a_cohort_have_no_alignment(training):
    alone = replace(training, loss=StudentLoss(), reference_cohort=None)
    for student, data, options in (
        (LOGISTIC, training, {}),
        (NETWORK, alone, {}),
        (NETWORK, training, {"measured_folds": ()}),
    ):
        assert np.isnan(mean_alignment(scores_of(student, data, **options), 0)).all()


def test_class_without_a_training_row_has_the_probability_of_one_row(training):
    """1 / (n + 1), as of one row among n + 1."""
    fold_ids = (training.data.y == 1).astype(int)
    n_training = int((fold_ids == 0).sum())
    scores = scores_of(LOGISTIC, training, fold_ids=fold_ids)
    np.testing.assert_allclose(scores.predictions[0][:, 1], 1 / (n_training + 1))
    assert not scores.in_training.any()
    assert alignment_table({"alone": (scores, 0)}, np.nan).loc["alone", "error"] == 1


# Several modes and folds


def test_each_row_is_validated_once_out_of_fold(training):
    fold_ids = make_fold_ids(3, training.data.y)
    modes = [LABELS_ONLY, PROTOTYPES]
    scores = scores_of(NETWORK, training, modes, fold_ids, range(3))
    np.testing.assert_array_equal(scores.rows, np.arange(90))
    for index, mode in enumerate(modes):
        by_fold = [scores_of(NETWORK, training, [mode], fold_ids, [fold]) for fold in range(3)]
        for fold, part in enumerate(by_fold):
            np.testing.assert_array_equal(part.predictions[0], scores.predictions[index][fold_ids == fold])
        expected = np.mean([mean_alignment(part, 0) for part in by_fold], axis=0)
        np.testing.assert_allclose(mean_alignment(scores, index), expected)


def test_mode_of_least_brier_score_is_best_and_the_first_of_equals():
    candidates = (LABELS_ONLY, PROTOTYPES, BRIDGE, TrainingMode("self_training", True))
    proba = np.array([[0.5, 0.6, 0.4], [0.5, 0.7, 0.6], [0.7, 0.6, 0.5], [0.2, 0.2, 0.2]])
    scores = make_scores(proba, candidates)
    table, losses = mode_table(scores), 2 * (1 - proba) ** 2
    assert scores.best("min") == 1
    columns = ["training_mode", "alignment", "used_bridge", "n_rows", "brier", "difference", "standard_error"]
    assert list(table.columns) == columns
    assert (table["n_rows"] == 3).all()
    assert table["alignment"].tolist() == ["none", "prototypes", "none", "self_training"]
    assert table["used_bridge"].tolist() == [False, False, True, True]
    np.testing.assert_allclose(table["brier"], losses.mean(axis=1))
    np.testing.assert_allclose(table["difference"], (losses - losses[0]).mean(axis=1), atol=1e-12)
    expected = np.std(losses[1] - losses[0], ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(table["standard_error"][1], expected)


def test_table_of_the_terms():
    scores = make_scores([[0.4, 0.8], [0.9, 0.9]], metrics=[(0.5, 0.25), (0.125, 0.75)])
    table = alignment_table({"alone": (scores, 0), "aligned": (scores, 1)}, 0.25)
    assert table.index.name == "student"
    assert table.loc["alone"].to_dict() == {
        "teacher_error": 0.25,
        "feature_alignment": 0.5,
        "label_alignment": 0.25,
        "error": 0.5,
        "log_loss": pytest.approx(-np.log([0.4, 0.8]).mean()),
        "brier": pytest.approx(2 * np.mean([0.6**2, 0.2**2])),
    }
    assert table.loc["aligned", "feature_alignment"] == 0.125
    assert np.isnan(alignment_table({"alone": (scores, 0)}, np.nan)["teacher_error"]).all()


def test_mean_alignment_skips_folds_where_it_could_not_be_measured():
    scores = replace(make_scores([[0.4, 0.8]]), metrics=[[(0.5, np.nan), None, (0.7, 0.2)]])
    np.testing.assert_allclose(mean_alignment(scores, 0), [0.6, 0.2])


# Selection


@pytest.mark.parametrize("alignment", ["auto", "prototypes"])
def test_selected_mode_and_its_tables(training, alignment):
    data = UnpairedData(training.data.X, training.data.y)
    options = {"soft_targets": "product", "teacher_error": 0.5, "cv": 3, "n_jobs": None, "seed": 0, "verbose": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether a few epochs of alignment help does not matter here
        selection = select_mode(NETWORK, training, data, alignment, check_alignment=True, **options)
    mode, scores, metrics = selection.mode, selection.candidate_scores, selection.alignment_metrics
    assert selection.n_folds == 3
    if alignment == "auto":
        assert scores["alignment"].tolist() == ["none", "prototypes"]
        assert mode.alignment == scores["alignment"][scores["brier"].idxmin()]
    else:
        assert (mode, scores) == (PROTOTYPES, None)
    names = ["alone", "aligned", "shuffled teacher"][: 3 if mode.aligns else 1]
    assert metrics.index.tolist() == names
    assert (metrics["teacher_error"] == 0.5).all()
    unchecked = select_mode(NETWORK, training, data, alignment, check_alignment=False, **options)
    assert unchecked.mode == mode
    assert unchecked.alignment_metrics is None


def test_control_has_a_permuted_teacher(training):
    data = UnpairedData(training.data.X, training.data.y)
    options = {
        "soft_targets": "product",
        "teacher_error": 0.0,
        "check_alignment": True,
        "cv": 3,
        "n_jobs": None,
        "verbose": False,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metrics = select_mode(NETWORK, training, data, "prototypes", seed=0, **options).alignment_metrics
    permuted = training.permute_teacher(np.random.RandomState(0))
    fold_ids = make_fold_ids(3, training.data.y)
    control = scores_of(NETWORK, permuted, [PROTOTYPES], fold_ids, [0])
    expected = alignment_table({"shuffled teacher": (control, 0)}, 0.0).loc["shuffled teacher"]
    np.testing.assert_allclose(metrics.loc["shuffled teacher"], expected)


SELECT = {"soft_targets": "product", "teacher_error": 0.0, "cv": 3, "n_jobs": None, "seed": 0, "verbose": False}


@pytest.mark.parametrize(("cv", "settled_after", "n_folds"), [(3, 1, 1), (3, 2, 2), (3, 9, 2), (5, 3, 3), (5, 9, 4)])
def test_auto_holds_out_a_further_fold_only_while_those_before_do_not_tell(
    training, monkeypatch, cv, settled_after, n_folds
):
    """The scores are those of these folds together, two thirds of all at most."""
    answers = iter([False] * (settled_after - 1) + [True] * 9)
    monkeypatch.setattr(ValidationScores, "settles_first", lambda scores: next(answers))
    data = UnpairedData(training.data.X, training.data.y)
    table = select_mode(NETWORK, training, data, "auto", check_alignment=False, **SELECT | {"cv": cv}).candidate_scores
    folds = range(n_folds)
    fold_ids = make_fold_ids(cv, training.data.y)
    expected = mode_table(scores_of(NETWORK, training, [LABELS_ONLY, PROTOTYPES], fold_ids, folds))
    pd.testing.assert_frame_equal(table, expected)
    assert table["n_rows"].unique().tolist() == [np.isin(fold_ids, folds).sum()]


def test_every_fold_of_a_splitter_is_held_out(training):
    """A fold of a splitter may be a single row."""
    data = UnpairedData(training.data.X, training.data.y)
    options = SELECT | {"cv": KFold(3)}
    table = select_mode(NETWORK, training, data, "auto", check_alignment=False, **options).candidate_scores
    assert table["n_rows"].unique().tolist() == [90]


def test_metrics_of_auto_are_those_of_the_first_fold(training):
    """A row of the table is one student's on the fold of the check, however many folds the choice took."""
    data = UnpairedData(training.data.X, training.data.y)
    selection = select_mode(NETWORK, training, data, "auto", check_alignment=True, **SELECT)
    fold_ids = make_fold_ids(3, training.data.y)
    first = scores_of(NETWORK, training, [LABELS_ONLY], fold_ids, [0])
    expected = alignment_table({"alone": (first, 0)}, 0.0).loc["alone"]
    np.testing.assert_allclose(selection.alignment_metrics.loc["alone"], expected)


# Harm


def test_harm_is_described():
    scores = make_scores(np.exp([[-1.0] * 4, [-2.0, -2.0, -2.0, -3.0]]), metrics=[(0.5, 0.25), (0.1, 0.25)])
    message = describe_harm(scores, 1, PROTOTYPES)
    assert message.startswith("Trained with prototypes, the student is worse than alone on 4 held-out rows")
    assert "1.250 nats" in message


def test_difference_within_a_standard_error_is_no_harm():
    proba = np.exp([[-1.0] * 4, [-0.1, -0.1, -1.0, -3.0]])
    assert describe_harm(make_scores(proba, metrics=[(0.5, 0.25), (0.1, 0.25)]), 1, PROTOTYPES) is None


def test_alignment_that_did_not_align_is_described():
    equal = np.full((2, 4), 0.5)
    scores = make_scores(equal, metrics=[(0.5, 0.25), (0.5, 0.25)])
    message = describe_harm(scores, 1, PROTOTYPES)
    assert "no nearer to the teacher's: the transport cost on 4 held-out rows is 0.500, 0.500 for" in message
    assert describe_harm(scores, 1, BRIDGE) is None
    assert describe_harm(make_scores(equal, metrics=[(0.5, 0.25), (0.4, 0.25)]), 1, PROTOTYPES) is None


# Groups


def test_standard_errors_count_groups():
    proba = np.random.RandomState(0).uniform(size=(2, 30))
    groups = np.repeat(np.arange(30), 3)
    grouped = make_scores(np.repeat(proba, 3, axis=1), groups=groups)
    expected = mode_table(make_scores(proba))["standard_error"]
    np.testing.assert_allclose(mode_table(grouped)["standard_error"], expected)


def with_bridge(training, rows, groups, X_bridge, soft_targets):
    """Training data with some rows of a bridge appended; ``groups`` are those of all labeled and bridge rows."""
    n = len(training.data.y)
    data = training.data
    data = TrainingData(
        np.concatenate([data.X, X_bridge[rows]]),
        np.concatenate([data.y, np.full(rows.sum(), UNLABELED)]),
        np.concatenate([data.soft_targets, soft_targets[rows]]),
        CLASSES,
        CLASSES,
        groups=None if groups is None else np.concatenate([groups[:n], groups[n:][rows]]),
    )
    return UnpairedTraining(data, np.repeat([LABELED_ROW, BRIDGE_ROW], [n, rows.sum()]), "auto", StudentLoss())


def test_bridge_samples_of_the_held_out_groups_are_not_trained_on(training):
    """A student validated on a group is fitted as if there were no bridge samples of that group."""
    groups, bridge_groups = np.arange(90) // 10, np.arange(40) // 4
    X_bridge = np.random.RandomState(0).normal(size=(40, training.data.X.shape[1]))
    soft_targets = np.eye(3)[np.arange(40) % 3]
    kept = (bridge_groups < 6) | (bridge_groups == 9)
    joined = np.concatenate([groups, bridge_groups])
    everything = with_bridge(training, np.ones(40, dtype=bool), joined, X_bridge, soft_targets)
    result = scores_of(LOGISTIC, everything, [BRIDGE], groups=groups)
    expected = scores_of(LOGISTIC, with_bridge(training, kept, None, X_bridge, soft_targets), [BRIDGE])
    np.testing.assert_array_equal(result.predictions, expected.predictions)
    np.testing.assert_array_equal(result.groups, groups[HELD_OUT])
    without_groups = with_bridge(training, np.ones(40, dtype=bool), None, X_bridge, soft_targets)
    leaked = scores_of(LOGISTIC, without_groups, [BRIDGE])
    assert not np.allclose(result.predictions, leaked.predictions)
