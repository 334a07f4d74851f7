from dataclasses import replace

import numpy as np
import pytest
from scipy.special import rel_entr, softmax
from skcmkd.unpaired._candidates import LABELS_ONLY, Candidate, Material, Ties, fit_candidate
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier
from skcmkd._losses._teacher_cohort import Alignment
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd._transport._costs import cost_matrix
from skcmkd._transport._sinkhorn_divergence import sinkhorn_divergence
from skcmkd.unpaired._alignment_measures import measure_alignment
from skcmkd.unpaired._selection import (
    Judgement,
    choose_candidate,
    judge_candidate,
    judge_candidates,
    tabulate_alignment,
    warn_of_harm,
)
from skcmkd.unpaired._teacher_cohort import build_cohort

LOGISTIC = LogisticRegression()
NETWORK = NetworkClassifier((8, 4), max_epochs=8, random_state=0)
CLASSES = np.arange(3)
PROTOTYPES = Candidate("prototypes", False)


@pytest.fixture
def material():
    """90 rows of 5 columns, and a cohort of 120 rows with two features; three classes."""
    rng = np.random.RandomState(0)
    y, y_teacher = rng.randint(3, size=90), rng.randint(3, size=120)
    X = rng.normal(size=(90, 5)) + 1.5 * rng.normal(size=(3, 5))[y]
    features = rng.normal(size=(120, 2)) + 3 * np.array([[0, 1], [1, 0], [-1, -1]])[y_teacher]
    teacher = LogisticRegression().fit(features, y_teacher)
    cohort = build_cohort(teacher, features, y_teacher, CLASSES, y, "decision_function")
    alignment = Alignment("prototypes", cohort, 1.0, "euclidean", 0.0, None, 1, 0.01)
    return Material(X, y, CLASSES, "auto", 1.0, alignment=alignment, taught_classes=CLASSES)


def judgement(brier, log_loss=None, features=np.nan):
    brier = np.asarray(brier, dtype=float)
    losses = brier if log_loss is None else np.asarray(log_loss, dtype=float)
    return Judgement(brier, losses, brier > 0.5, features, 0.25)


# One candidate


@pytest.mark.parametrize("student", [LOGISTIC, NETWORK, make_pipeline(StandardScaler(), NETWORK)])
def test_losses_are_scikit_learns(material, student):
    rows, held_out = np.arange(60), np.arange(60, 90)
    judged = judge_candidate(student, material, LABELS_ONLY, rows, held_out)
    proba = clone(student).fit(material.X[rows], material.y[rows]).predict_proba(material.X[held_out])
    truth = material.y[held_out]
    assert judged.log_loss.mean() == pytest.approx(log_loss(truth, proba))
    assert judged.error.mean() == pytest.approx(1 - accuracy_score(truth, proba.argmax(axis=1)))
    assert judged.brier.mean() == pytest.approx(brier_score_loss(truth, proba, scale_by_half=False))


def test_students_without_a_representation_have_no_alignment(material):
    judged = judge_candidate(LOGISTIC, material, LABELS_ONLY, np.arange(60), np.arange(60, 90))
    assert np.isnan([judged.feature_alignment, judged.label_alignment]).all()
    alone = replace(material, alignment=None)
    judged = judge_candidate(NETWORK, alone, LABELS_ONLY, np.arange(60), np.arange(60, 90))
    assert np.isnan([judged.feature_alignment, judged.label_alignment]).all()


def test_class_without_a_training_row_costs_what_one_row_would(material):
    """The student cannot name it: 1 / (n + 1), as of one row among n + 1."""
    rows, held_out = np.flatnonzero(material.y != 1), np.flatnonzero(material.y == 1)
    judged = judge_candidate(LOGISTIC, material, LABELS_ONLY, rows, held_out)
    np.testing.assert_allclose(judged.log_loss, np.log(len(rows) + 1))
    assert judged.error.all()


def test_alignment_measured_by_hand(material):
    rows, held_out = np.arange(60), np.arange(60, 90)
    X, cohort = material.X, material.alignment.cohort
    fitted = fit_candidate(clone(NETWORK), material, PROTOTYPES, rows)
    proba = fitted.predict_proba(X[held_out])
    features, labels = measure_alignment(fitted, material, rows, held_out, proba)
    means = np.stack([cohort.features[cohort.codes == code].mean(axis=0) for code in range(3)])
    ridge = Ridge().fit(fitted.transform(X[rows]), means[material.y[rows]])
    mapped = ridge.predict(fitted.transform(X[held_out]))
    teacher = softmax(mapped @ cohort.coef.T + cohort.intercept, axis=1)
    assert labels == pytest.approx(rel_entr(teacher, proba).sum(axis=1).mean(), rel=1e-4)
    scale = cost_matrix(cohort.features, cohort.features, "euclidean").mean()
    shares = np.bincount(material.y) / 90 / np.bincount(cohort.codes)
    expected = sinkhorn_divergence(
        mapped, cohort.features, "euclidean", target_weights=shares[cohort.codes], reg=0.1 * scale, max_iter=100
    )
    assert features == pytest.approx(expected / scale, rel=1e-3)


def test_alignment_does_not_depend_on_the_units_of_the_cohort(material):
    """Costs are in mean costs between the teacher's rows."""
    rows, held_out = np.arange(60), np.arange(60, 90)
    fitted = fit_candidate(clone(NETWORK), material, LABELS_ONLY, rows)
    proba = fitted.predict_proba(material.X[held_out])
    cohort = material.alignment.cohort
    stretched = replace(cohort, features=8 * cohort.features, coef=cohort.coef / 8)
    other = replace(material, alignment=replace(material.alignment, cohort=stretched))
    found = measure_alignment(fitted, material, rows, held_out, proba)
    np.testing.assert_allclose(measure_alignment(fitted, other, rows, held_out, proba), found, rtol=1e-3)


def test_alignment_with_a_class_that_the_cohort_lacks(material):
    cohort = material.alignment.cohort
    known = np.array([True, False, True])
    rows = known[cohort.codes]
    part = replace(
        cohort,
        features=cohort.features[rows],
        codes=cohort.codes[rows],
        shares=(cohort.shares * known / cohort.shares[known].sum()).astype(np.float32),
    )
    other = replace(material, alignment=replace(material.alignment, cohort=part), teacher_classes=np.array([0, 2]))
    judged = judge_candidate(NETWORK, other, PROTOTYPES, np.arange(60), np.arange(60, 90))
    assert np.isfinite([judged.feature_alignment, judged.label_alignment]).all()


# Several


def test_each_row_is_validated_once_by_a_student_that_has_not_seen_it(material):
    fold_of = make_fold_ids(3, material.y)
    trials = [(material, LABELS_ONLY), (material, PROTOTYPES)]
    found = judge_candidates(NETWORK, trials, fold_of, range(3), n_jobs=None, verbose=False)
    for (own, candidate), judged in zip(trials, found, strict=True):
        by_fold = [
            judge_candidate(NETWORK, own, candidate, np.flatnonzero(fold_of != k), np.flatnonzero(fold_of == k))
            for k in range(3)
        ]
        for name in ("brier", "log_loss", "error"):
            expected = np.concatenate([getattr(part, name) for part in by_fold])
            np.testing.assert_array_equal(getattr(judged, name), expected)
        assert judged.feature_alignment == pytest.approx(np.mean([part.feature_alignment for part in by_fold]))


def test_best_brier_score_is_chosen_and_the_first_of_equals():
    candidates = [LABELS_ONLY, PROTOTYPES, Candidate("none", True), Candidate("self_training", True)]
    losses = [[0.4, 0.2, 0.6], [0.5, 0.1, 0.3], [0.2, 0.2, 0.5], [0.9, 0.9, 0.9]]
    chosen, scores = choose_candidate(candidates, [judgement(loss) for loss in losses])
    assert chosen == PROTOTYPES
    assert scores["alignment"].tolist() == ["none", "prototypes", "none", "self_training"]
    assert scores["tied"].tolist() == [False, False, True, True]
    np.testing.assert_allclose(scores["brier"], [0.4, 0.3, 0.3, 0.9])
    np.testing.assert_allclose(scores["difference"], [0, -0.1, -0.1, 0.5], atol=1e-12)
    np.testing.assert_allclose(scores["standard_error"][1], np.std([0.1, -0.1, -0.3], ddof=1) / np.sqrt(3))


def test_table_of_the_terms():
    judgements = {"alone": judgement([0.4, 0.8], [1, 2], 0.5), "aligned": judgement([0.2, 0.2], [3, 4], 0.125)}
    table = tabulate_alignment(judgements, np.array([True, False, False, False]))
    assert table.index.name == "student"
    assert table.loc["alone"].to_dict() == {
        "teacher_error": 0.25,
        "feature_alignment": 0.5,
        "label_alignment": 0.25,
        "error": 0.5,
        "log_loss": 1.5,
        "brier": pytest.approx(0.6),
    }
    assert table.loc["aligned", "feature_alignment"] == 0.125
    assert np.isnan(tabulate_alignment(judgements, None)["teacher_error"]).all()


# Warnings


def test_warning_of_harm():
    alone, worse = judgement([0.4] * 4, [1, 1, 1, 1], 0.5), judgement([0.4] * 4, [2, 2, 2, 3], 0.1)
    with pytest.warns(UserWarning, match=r"alignment='prototypes'.*worse than alone on 4 held-out rows.*1.250 nats"):
        warn_of_harm(alone, worse, PROTOTYPES)


def test_harm_within_the_noise_is_no_harm():
    alone, noisy = judgement([0.4] * 4, [1, 1, 1, 1], 0.5), judgement([0.4] * 4, [0, 0, 1, 4], 0.1)
    warn_of_harm(alone, noisy, PROTOTYPES)


def test_warning_of_an_alignment_that_did_nothing():
    alone, same = judgement([0.4] * 4, None, 0.5), judgement([0.4] * 4, None, 0.5)
    with pytest.warns(UserWarning, match=r"no nearer to the teacher's: .* is 0.500, 0.500 for the student alone"):
        warn_of_harm(alone, same, PROTOTYPES)
    warn_of_harm(alone, same, Candidate("none", True))
    warn_of_harm(alone, judgement([0.4] * 4, None, 0.4), PROTOTYPES)


def test_errors_count_groups():
    rng = np.random.RandomState(0)
    alone, tied = rng.normal(size=(2, 30))
    copies, groups = np.repeat(np.arange(30), 3), np.repeat(np.arange(30), 3)
    once = choose_candidate([LABELS_ONLY, PROTOTYPES], [judgement(alone), judgement(tied)])[1]
    grouped = [replace(judgement(losses[copies]), groups=groups) for losses in (alone, tied)]
    found = choose_candidate([LABELS_ONLY, PROTOTYPES], grouped)[1]
    np.testing.assert_allclose(found["standard_error"], once["standard_error"])


def test_further_rows_of_the_validated_groups_teach_nothing(material):
    """A student judged on a group is that of a material without the group's further rows."""
    ties = Ties(np.eye(3)[np.arange(40) % 3], np.zeros((40, 2), dtype=np.float32))
    rows, held_out = np.arange(60), np.arange(60, 90)
    groups, further = np.arange(90) // 10, np.arange(40) // 4
    X_further = np.random.RandomState(0).normal(size=(40, material.X.shape[1]))
    whole = replace(
        material, X_bridge=X_further, bridge_ties=ties, groups=groups, bridge_groups=further, teacher_classes=CLASSES
    )
    others = (further < 6) | (further == 9)
    kept = replace(
        whole,
        X_bridge=X_further[others],
        bridge_ties=Ties(ties.proba[others], ties.features[others]),
        groups=None,
    )
    tied = Candidate("none", True)
    found, expected = (judge_candidate(LOGISTIC, own, tied, rows, held_out) for own in (whole, kept))
    np.testing.assert_array_equal(found.brier, expected.brier)
    leaked = judge_candidate(LOGISTIC, replace(whole, groups=None), tied, rows, held_out)
    assert not np.allclose(found.brier, leaked.brier)
    np.testing.assert_array_equal(found.groups, groups[held_out])
