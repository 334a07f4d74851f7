"""The teacher's cohort as the alignments take it."""

from dataclasses import replace

import numpy as np
import pytest

from skcmkd._losses._teacher_cohort import AlignmentSpec, TeacherCohort
from skcmkd._transport._costs import COSTS, cost_matrix

CLASSES = np.array(list("abcd"))


@pytest.fixture
def cohort():
    """60 rows of four classes; the student's cohort has twice as many of the first as of each other."""
    rng = np.random.RandomState(0)
    codes = np.arange(60) % 4
    features = (rng.normal(size=(60, 5)) + np.eye(4, 5)[codes]).astype(np.float32)
    priors = np.array([0.4, 0.2, 0.2, 0.2], dtype=np.float32)
    coef, intercept = rng.normal(size=(4, 5)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    return TeacherCohort(features, codes, CLASSES, priors, coef, intercept, rng.normal(size=5), 2.0)


def scores_of(cohort):
    return cohort.features @ cohort.coef.T + cohort.intercept


def test_prototypes_are_class_means(cohort):
    expected = [cohort.features[cohort.codes == code].mean(axis=0) for code in range(4)]
    np.testing.assert_allclose(cohort.prototypes, expected, rtol=1e-6)


@pytest.mark.parametrize("cost", COSTS)
def test_mean_cost_is_that_between_two_rows(cohort, cost, monkeypatch):
    costs = cost_matrix(cohort.features, cohort.features, cost)
    np.testing.assert_allclose(cohort.mean_cost(cost), costs.mean())
    monkeypatch.setattr("skcmkd._losses._teacher_cohort.N_SCALE_ROWS", 3)
    rows = np.ix_([0, 29, 59], [0, 29, 59])
    np.testing.assert_allclose(cohort.mean_cost(cost), costs[rows].mean())


def test_mean_cost_of_equal_rows_is_one(cohort):
    assert replace(cohort, features=np.zeros((60, 5), dtype=np.float32)).mean_cost("euclidean") == 1


def test_cohort_of_some_classes(cohort):
    present = np.array([True, False, True, True])
    part = cohort.take_classes(CLASSES[present])
    rows = cohort.codes != 1
    np.testing.assert_array_equal(part.features, cohort.features[rows])
    np.testing.assert_array_equal(part.classes[part.codes], CLASSES[cohort.codes[rows]])
    np.testing.assert_allclose(part.class_priors, [0.5, 0.25, 0.25])
    np.testing.assert_allclose(scores_of(part), scores_of(cohort)[rows][:, present], rtol=1e-5)
    np.testing.assert_array_equal(part.prototypes, cohort.prototypes[present])
    assert cohort.take_classes(CLASSES) is cohort


def test_specification_of_some_classes_has_the_cohort_of_these(cohort):
    spec = AlignmentSpec("prototypes", cohort, 1.0, "cosine", 0.0, 1, 0.01)
    part = cohort.take_classes(np.array(list("acd")))
    np.testing.assert_array_equal(spec.take_classes(np.array(list("acd"))).cohort.codes, part.codes)
    lacking = replace(cohort, class_priors=np.array([1, 0, 0, 0], dtype=np.float32))
    assert replace(spec, cohort=lacking).take_classes(np.array(list("bcd"))) is None


def test_permuted_cohort_keeps_rows_and_class_sizes_and_predicts_the_priors(cohort):
    permuted = cohort.permuted(np.random.RandomState(0))
    assert permuted.features is cohort.features
    assert (permuted.codes != cohort.codes).mean() > 0.5
    np.testing.assert_array_equal(np.bincount(permuted.codes), np.bincount(cohort.codes))
    np.testing.assert_array_equal(permuted.codes, cohort.permuted(np.random.RandomState(0)).codes)
    np.testing.assert_allclose(np.exp(scores_of(permuted)), np.tile(cohort.class_priors, (60, 1)), rtol=1e-6)


def test_other_rows_are_standardized_as_the_cohort_was(cohort):
    X = np.random.RandomState(1).normal(size=(7, 5))
    np.testing.assert_allclose(cohort.standardize(X), (X - cohort.mean) / 2, rtol=1e-5)
