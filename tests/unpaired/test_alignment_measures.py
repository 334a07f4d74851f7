from dataclasses import replace

import numpy as np
import pytest
from scipy.special import rel_entr, softmax
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier
from skcmkd._transport._costs import cost_matrix
from skcmkd._transport._plan import transport
from skcmkd._transport._sinkhorn_divergence import sinkhorn_divergence
from skcmkd.unpaired._alignment_measures import (
    AlignmentMeasure,
    alignment_metrics,
    class_transport_plan,
    project_to_teacher,
)

from .unpaired_problems import draw_training

NETWORK = NetworkClassifier((8, 4), max_epochs=8, random_state=0, linear_weight=0)
TRAIN, HELD_OUT = np.arange(60), np.arange(60, 90)


@pytest.fixture(scope="module")
def training():
    return draw_training()


@pytest.fixture(scope="module")
def student(training):
    return clone(NETWORK).fit(training.data.X[TRAIN], training.data.y[TRAIN])


def metrics_of(student, training, cohort):
    X, y = training.data.X, training.data.y
    return alignment_metrics(student, X, y, cohort, "euclidean", TRAIN, HELD_OUT, student.predict_proba(X[HELD_OUT]))


def project(student, training, cohort):
    X, y = training.data.X, training.data.y
    means = np.stack([cohort.features[cohort.codes == code].mean(axis=0) for code in range(3)])
    ridge = Ridge().fit(student.transform(X[TRAIN]), means[y[TRAIN]])
    return ridge.predict(student.transform(X[HELD_OUT]))


def test_metrics_are_the_debiased_transport_and_the_divergence_of_the_heads(training, student):
    cohort, X = training.reference_cohort, training.data.X
    features, labels = metrics_of(student, training, cohort)
    projected = project(student, training, cohort)
    teacher = softmax(projected @ cohort.coef.T + cohort.intercept, axis=1)
    assert labels == pytest.approx(rel_entr(teacher, student.predict_proba(X[HELD_OUT])).sum(axis=1).mean(), rel=1e-4)
    scale = cost_matrix(cohort.features, cohort.features, "euclidean").mean()
    weights = np.bincount(training.data.y) / 90 / np.bincount(cohort.codes)
    expected = sinkhorn_divergence(
        projected, cohort.features, "euclidean", target_weights=weights[cohort.codes], reg=0.1 * scale, max_iter=100
    )
    assert features == pytest.approx(expected / scale, rel=1e-3)


def test_metrics_do_not_depend_on_the_unit_of_the_cohort(training, student):
    """Costs are in mean costs between the teacher's rows."""
    cohort = training.reference_cohort
    rescaled = replace(cohort, features=8 * cohort.features, coef=cohort.coef / 8)
    expected = metrics_of(student, training, cohort)
    np.testing.assert_allclose(metrics_of(student, training, rescaled), expected, rtol=1e-3)


def test_metrics_with_a_class_that_the_cohort_lacks(training, student):
    cohort = training.reference_cohort
    shared = np.array([True, False, True])
    rows = shared[cohort.codes]
    part = replace(
        cohort,
        features=cohort.features[rows],
        codes=cohort.codes[rows],
        class_priors=(cohort.class_priors * shared / cohort.class_priors[shared].sum()).astype(np.float32),
    )
    assert np.isfinite(metrics_of(student, training, part)).all()
    nothing_shared = replace(part, class_priors=np.zeros(3, dtype=np.float32))
    assert np.isnan(metrics_of(student, training, nothing_shared)).all()


def test_measure_is_taken_of_a_network_on_the_held_out_rows(training, student):
    data, cohort = training.data, training.reference_cohort
    measure = AlignmentMeasure(data.X, data.y, cohort, "euclidean")
    proba = student.predict_proba(data.X[HELD_OUT])
    np.testing.assert_allclose(measure(student, HELD_OUT, proba), metrics_of(student, training, cohort))
    pipeline = make_pipeline(StandardScaler(), clone(NETWORK)).fit(data.X[TRAIN], data.y[TRAIN])
    assert np.isfinite(measure(pipeline, HELD_OUT, proba)).all()
    assert measure(LogisticRegression().fit(data.X[TRAIN], data.y[TRAIN]), HELD_OUT, proba) is None


def test_features_are_projected_by_ridge_regression_to_the_prototypes(training, student):
    cohort, data = training.reference_cohort, training.data
    result = project_to_teacher(student, cohort, data.X[TRAIN], data.y[TRAIN], data.X[HELD_OUT])
    np.testing.assert_allclose(result, project(student, training, cohort), atol=1e-5)


def test_class_plan_sums_the_exact_plan_over_pairs_of_classes(training, student):
    cohort, codes = training.reference_cohort, training.data.y[HELD_OUT]
    projected, rows = project(student, training, cohort), np.arange(0, 120, 3)
    teacher_codes = cohort.codes[rows]
    weights, teacher_weights = (
        (cohort.class_priors / np.bincount(part, minlength=3))[part] for part in (codes, teacher_codes)
    )
    plan = transport(cost_matrix(projected, cohort.features[rows], "cosine"), weights, teacher_weights).plan
    result = class_transport_plan(projected, codes, cohort, rows, "cosine")
    for label in range(3):
        for teacher_label in range(3):
            mass = plan[np.ix_(codes == label, teacher_codes == teacher_label)].sum()
            assert result.loc[label, teacher_label] == pytest.approx(mass, abs=1e-9)
