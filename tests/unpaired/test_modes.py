from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from skcmkd._distillation._fit_student import fit_student
from skcmkd._distillation._student_loss import StudentLoss
from skcmkd._distillation._training_data import UNLABELED, TrainingData
from skcmkd.networks._fit import early_stopping_mask
from skcmkd.unpaired._modes import (
    PSEUDO_LABEL_THRESHOLD,
    check_student,
    fit_mode,
    impute_missing_classes,
    training_history,
)
from skcmkd.unpaired._selection import auto_modes, fixed_modes
from skcmkd.unpaired._training import LABELS_ONLY, TrainingMode

from .unpaired_problems import CLASSES, LOGISTIC, NETWORK, draw_data, draw_samples, train, without_teacher

EXACT = LogisticRegression(tol=1e-10, max_iter=5000)
NO_BRIDGE = {"linked_indices": None, "X_bridge": None, "X_teacher_bridge": None}


@pytest.fixture
def training():
    return train(draw_data())[0]


@pytest.fixture
def bridge_training():
    return train(draw_data(linked_indices=None))[0]


@pytest.fixture
def unlabeled_training():
    return train(draw_data(**NO_BRIDGE))[0]


# Candidates


def test_candidates_of_auto(training, unlabeled_training):
    cohort_only, _ = train(draw_data(**NO_BRIDGE, X_unlabeled=None))
    alone = without_teacher(draw_data())
    bridge, prototypes = TrainingMode("none", True), TrainingMode("prototypes", False)
    bridge_prototypes = TrainingMode("prototypes", True)
    pseudo_labels, bridge_pseudo_labels = TrainingMode("self_training", False), TrainingMode("self_training", True)
    pipeline = make_pipeline(StandardScaler(), NETWORK)
    for student, data, expected in (
        (NETWORK, training, [LABELS_ONLY, bridge, bridge_prototypes, bridge_pseudo_labels]),
        (pipeline, unlabeled_training, [LABELS_ONLY, prototypes, pseudo_labels]),
        (NETWORK, cohort_only, [LABELS_ONLY, prototypes]),
        (LOGISTIC, training, [LABELS_ONLY, bridge, bridge_pseudo_labels]),
        (LOGISTIC, unlabeled_training, [LABELS_ONLY, pseudo_labels]),
        (LOGISTIC, cohort_only, [LABELS_ONLY]),
        (NETWORK, alone, [LABELS_ONLY]),
    ):
        assert auto_modes(student, data) == expected


def test_requested_alignment_without_its_data_is_none(training):
    alone = without_teacher(draw_data())
    cohort_only, _ = train(draw_data(**NO_BRIDGE, X_unlabeled=None))
    for alignment, data, expected in (
        ("joint", training, TrainingMode("joint", True)),
        ("joint", alone, LABELS_ONLY),
        ("self_training", training, TrainingMode("self_training", True)),
        ("self_training", cohort_only, LABELS_ONLY),
        ("feature", cohort_only, TrainingMode("feature", False)),
        ("none", training, TrainingMode("none", True)),
    ):
        assert fixed_modes(alignment, data) == [LABELS_ONLY, expected]


# Students


class WithoutWeights(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self


def test_students_that_cannot_be_trained_as_requested():
    with pytest.raises(ValueError, match="RandomForestRegressor is a regressor and y holds classes"):
        check_student(RandomForestRegressor(), "none", uses_soft_targets=False)
    with pytest.raises(ValueError, match="fit takes no sample_weight"):
        check_student(WithoutWeights(), "auto", uses_soft_targets=True)
    with pytest.raises(
        ValueError, match=r"alignment='joint' aligns a network's representation.*RandomForestClassifier"
    ):
        check_student(RandomForestClassifier(), "joint", uses_soft_targets=True)
    check_student(WithoutWeights(), "joint", uses_soft_targets=False)


def test_history_is_that_of_a_network():
    X, _, y = draw_samples()
    network = clone(NETWORK).fit(X, y)
    history = training_history(make_pipeline(StandardScaler(), NETWORK).fit(X, y))
    assert history["epoch"].tolist() == list(range(1, network.n_iter_ + 1))
    assert "batches" not in history
    assert training_history(LOGISTIC) is None


# Fits


@pytest.mark.parametrize("student", [LOGISTIC, NETWORK, make_pipeline(StandardScaler(), LOGISTIC)])
@pytest.mark.parametrize("held_out", [[], np.arange(1, 50, 2)])
def test_labels_alone_are_the_students_own_fit(training, student, held_out):
    X, _, y = draw_samples()
    result = fit_mode(clone(student), training.exclude(np.array(held_out, dtype=int)), LABELS_ONLY)
    rows = np.setdiff1d(np.arange(50), held_out)
    alone = clone(student).fit(X[rows], y[rows])
    np.testing.assert_array_equal(result.predict_proba(X), alone.predict_proba(X))


@pytest.mark.parametrize("student", [LOGISTIC, NETWORK])
@pytest.mark.parametrize("alpha", ["auto", 0.3])
def test_bridge_is_trained_on_as_unlabeled_pairs_are(student, alpha):
    """With alpha="auto" each of the 50 labeled rows and 20 samples of the bridge weighs the same."""
    X, T, y = draw_samples()
    training, teacher = train(draw_data(linked_indices=None), alpha=alpha)
    result = fit_mode(clone(student), training, TrainingMode("none", True))
    adjusted = teacher.model.predict_proba(T[80:100]) * np.bincount(y[:50]) / np.bincount(y[100:180])
    adjusted *= np.exp(teacher.class_offsets)
    soft_targets = np.full((70, 3), np.nan)
    soft_targets[50:] = adjusted / adjusted.sum(axis=1, keepdims=True)
    labels = np.concatenate([y[:50], np.full(20, UNLABELED)])
    data = TrainingData(np.concatenate([X[:50], X[80:100]]), labels, soft_targets, CLASSES)
    direct = fit_student(clone(student), data, StudentLoss(20 / 70 if alpha == "auto" else alpha))
    np.testing.assert_allclose(result.predict_proba(X), direct.predict_proba(X), atol=1e-5)


def test_soft_targets_are_weighted_labels(bridge_training):
    """At alpha="auto" one weighted fit: weight 1 of a label, q_k for each class of a bridge sample."""
    X, _, y = draw_samples()
    result = fit_mode(clone(EXACT), bridge_training, TrainingMode("none", True))
    weight = np.concatenate([np.ones(50), bridge_training.data.soft_targets[50:70].ravel()])
    rows = np.concatenate([X[:50], np.repeat(X[80:100], 3, axis=0)])
    direct = clone(EXACT).fit(rows, np.concatenate([y[:50], np.tile(CLASSES, 20)]), sample_weight=weight)
    np.testing.assert_allclose(result.predict_proba(X), direct.predict_proba(X), atol=1e-5)


def self_train(student, X, y, X_unlabeled):
    """Confident predictions of a first fit join as labels, each row with weight one."""
    base_student = clone(student).fit(X, y)
    proba = base_student.predict_proba(X_unlabeled)
    confident = proba.max(axis=1) >= PSEUDO_LABEL_THRESHOLD
    labels = base_student.classes_[proba.argmax(axis=1)][confident]
    X, y = np.concatenate([X, X_unlabeled[confident]]), np.concatenate([y, labels])
    return clone(student).fit(X, y), int(confident.sum())


def test_self_training_is_its_steps_written_out(unlabeled_training):
    X, _, y = draw_samples()
    result = fit_mode(clone(EXACT), unlabeled_training, TrainingMode("self_training", False))
    expected, n_confident = self_train(EXACT, X[:50], y[:50], X[50:80])
    assert 0 < n_confident < 30
    np.testing.assert_allclose(result.predict_proba(X), expected.predict_proba(X), atol=1e-5)


def test_self_training_predicts_as_scikit_learn_does():
    """One round of SelfTrainingClassifier labels the same rows; its fit gives each of them weight one, too."""
    X, _, y = draw_samples()
    sklearns = SelfTrainingClassifier(LOGISTIC, threshold=PSEUDO_LABEL_THRESHOLD, max_iter=1)
    sklearns.fit(X[:80], np.concatenate([y[:50], np.full(30, -1)]))
    _, n_confident = self_train(LOGISTIC, X[:50], y[:50], X[50:80])
    assert (sklearns.labeled_iter_ == 1).sum() == n_confident


def test_self_training_without_a_confident_pseudo_label_is_the_student_alone(unlabeled_training):
    X, _, y = draw_samples()
    unsure = LogisticRegression(C=1e-6)
    result = fit_mode(clone(unsure), unlabeled_training, TrainingMode("self_training", False))
    np.testing.assert_array_equal(result.coef_, clone(unsure).fit(X[:50], y[:50]).coef_)


def test_self_training_on_a_fold_that_lacks_a_class(training):
    part = training.exclude(np.flatnonzero(training.data.y[:50] == 1))
    for student in (LOGISTIC, NETWORK):
        result = fit_mode(clone(student), part, TrainingMode("self_training", True))
        assert result.classes_.tolist() == [0, 2]


def test_student_fills_in_the_classes_that_the_teacher_lacks():
    """The teacher's probabilities then share what the student leaves to its classes."""
    X, _, y = draw_samples()
    training, _ = train(draw_data(cohort=100 + np.flatnonzero(y[100:180] != 1)))
    base_student = clone(LOGISTIC).fit(X[:50], y[:50])
    imputed = impute_missing_classes(training.data, base_student)
    proba = base_student.predict_proba(training.data.X)
    np.testing.assert_allclose(imputed.soft_targets[:, 1], proba[:, 1])
    np.testing.assert_allclose(imputed.soft_targets.sum(axis=1), 1)
    ratio = imputed.soft_targets[:, [0, 2]] / (1 - proba[:, [1]])
    np.testing.assert_allclose(ratio, training.data.soft_targets[:, [0, 2]])
    assert imputed.teacher_classes is None


def test_student_of_tables_with_names_knows_them():
    data, names = draw_data(), list("abcde")
    frames = {name: pd.DataFrame(getattr(data, name), columns=names) for name in ("X", "X_unlabeled", "X_bridge")}
    (training, _), (framed, _) = train(data), train(replace(data, **frames))
    for mode in (TrainingMode("self_training", True), TrainingMode("prototypes", True)):
        result = fit_mode(clone(NETWORK), framed, mode)
        assert result.feature_names_in_.tolist() == names
        plain = fit_mode(clone(NETWORK), training, mode)
        np.testing.assert_allclose(result.predict_proba(frames["X"]), plain.predict_proba(data.X), rtol=1e-9)


@pytest.mark.parametrize("alignment", ["none", "self_training", "prototypes"])
def test_networks_hold_out_groups_of_all_rows(monkeypatch, alignment):
    """Early stopping gets the groups of all rows of a fit, also of those without a label."""
    calls = []

    def spy(*args, **kwargs):
        calls.append((args[1], args[4]))
        return early_stopping_mask(*args, **kwargs)

    monkeypatch.setattr("skcmkd._distillation._fit_network.early_stopping_mask", spy)
    # Samples of the bridge came without groups and count as groups of their own.
    data = draw_data(
        linked_indices=None,
        groups=np.arange(50) // 5,
        unlabeled_groups=np.arange(30) // 5,
        bridge_groups=10 + np.arange(20),
    )
    fit_mode(clone(NETWORK), train(data)[0], TrainingMode(alignment, True))
    assert calls[0][0] == (100 if alignment == "prototypes" else 70)
    assert len(calls) == (2 if alignment == "self_training" else 1)
    assert all(len(groups) == n and len(set(groups)) == 10 + 20 for n, groups in calls)
