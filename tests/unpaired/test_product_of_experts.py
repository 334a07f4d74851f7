from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB

from skcmkd import UnpairedDistiller
from skcmkd._distillation._student_loss import StudentLoss
from skcmkd._losses._teacher_cohort import AlignmentSpec
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd._model_selection._stacking import fit_log_linear_stack, log_linear_pool
from skcmkd.unpaired._input import UnpairedData
from skcmkd.unpaired._modes import fit_mode
from skcmkd.unpaired._product_of_experts import fit_own_models, product_of_experts
from skcmkd.unpaired._selection import cross_validate_modes
from skcmkd.unpaired._teacher_fit import fit_teacher
from skcmkd.unpaired._training import BRIDGE_ROW, LABELED_ROW, LABELS_ONLY, TrainingMode, make_training

from .unpaired_problems import LOGISTIC, draw_data, draw_samples, train

BRIDGE = TrainingMode("none", True)


def own_models(training, student=LOGISTIC, n_folds=3, validates=True):
    labeled = training.origin == LABELED_ROW
    fold_ids = make_fold_ids(n_folds, training.data.y[labeled])
    return fit_own_models(student, training, fold_ids, validates=validates, n_jobs=None), fold_ids


# The product


def test_product_is_the_posterior_of_modalities_that_are_independent_given_the_class():
    """Both experts at the same priors, from tables p(s | y), p(t | y) written out."""
    rng = np.random.RandomState(0)
    priors = np.array([0.6, 0.3, 0.1])
    s_given_y, t_given_y = rng.dirichlet(np.ones(4), 3), rng.dirichlet(np.ones(5), 3)
    joint = priors[:, None, None] * s_given_y[:, :, None] * t_given_y[:, None, :]
    posterior = joint / joint.sum(axis=0)
    for s in range(4):
        for t in range(5):
            q_t, q_s = (joint.sum(axis=axis)[:, i] for axis, i in ((1, t), (2, s)))
            product = product_of_experts(*(q[None] / q.sum() for q in (q_t, q_s)), priors)
            np.testing.assert_allclose(product[0], posterior[:, s, t])


def test_product_of_a_teacher_at_other_priors_has_the_students():
    """Divided by the priors at which the teacher's probabilities are, the product has those of the student's."""
    rng = np.random.RandomState(0)
    likelihood_t, q_s = rng.uniform(0.1, 1, size=(6, 3)), rng.dirichlet(np.ones(3), 6)
    for priors in ([0.2, 0.3, 0.5], [0.8, 0.1, 0.1]):
        q_t = likelihood_t * priors / (likelihood_t @ priors)[:, None]
        expected = likelihood_t * q_s / (likelihood_t * q_s).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(product_of_experts(q_t, q_s, np.array(priors)), expected)


def test_class_that_the_teacher_lacks_has_no_probability():
    q_s = np.array([[0.2, 0.3, 0.5]])
    product = product_of_experts(np.array([[0.4, 0.6, 0.0]]), q_s, np.array([0.4, 0.6, 0.0]))
    np.testing.assert_allclose(product, [[0.4, 0.6, 0.0]])


def test_soft_targets_are_nearly_the_posterior_on_a_simulated_law():
    """Normal classes, independent given the class: the product has the log-loss of the best classifier of both."""
    rng = np.random.RandomState(0)
    priors = np.array([0.7, 0.3])
    y = (rng.uniform(size=6000) < priors[1]).astype(int)
    X, T = (rng.normal(size=(6000, 2)) + 0.8 * y[:, None] for _ in range(2))
    labeled, cohort, both = slice(0, 2000), slice(2000, 4000), slice(4000, 6000)
    data = UnpairedData(X[labeled], y[labeled], T[cohort], y[cohort], X_bridge=X[both], X_teacher_bridge=T[both])
    teacher = fit_teacher(
        GaussianNB(), data, np.arange(2), "predict_proba", alignment="none", needs_error=False, cv=3, n_jobs=None
    )
    spec = AlignmentSpec("none", teacher.cohort, 1.0, "euclidean", 0.0, 1, 0.01)
    training = make_training(data, np.arange(2), teacher, StudentLoss(alignment=spec), "auto")
    own, _ = own_models(training, validates=False)
    rows = training.origin == BRIDGE_ROW
    evidence = np.stack([X[both], T[both]]).sum(axis=(0, 2))
    log_odds = np.log(priors[1] / priors[0]) + 0.8 * evidence - 4 * 0.8**2 / 2
    exact = 1 / (1 + np.exp(-log_odds))
    product = own(training).data.soft_targets[rows][:, 1]
    assert np.abs(product - exact).mean() < 0.02
    assert log_loss(y[both], product) < log_loss(y[both], exact) + 0.005
    assert log_loss(y[both], training.data.soft_targets[rows][:, 1]) > log_loss(y[both], exact) + 0.05


# The student's own model


def constant_teacher(training):
    """The teacher's probabilities are the student's class priors everywhere."""
    priors = training.reference_cohort.class_priors
    soft_targets = np.where(training.data.has_soft_target[:, None], priors, np.nan)
    return replace(training, data=replace(training.data, soft_targets=soft_targets))


def test_product_with_a_constant_teacher_is_the_students_calibrated_model():
    """On labeled rows, which linked columns give soft targets, out-of-fold; on others their geometric mean."""
    training = constant_teacher(train(draw_data())[0])
    own, fold_ids = own_models(training)
    X, y = draw_data().X, draw_data().y
    oof, log_others = np.empty((50, 3)), []
    for fold in range(3):
        model = clone(LOGISTIC).fit(X[fold_ids != fold], y[fold_ids != fold])
        oof[fold_ids == fold] = model.predict_proba(X[fold_ids == fold])
        log_others.append(model.predict_log_proba(training.data.X[50:]))
    weight = fit_log_linear_stack(oof[None], np.eye(3)[y], np.ones(50), np.ones(1))
    others = softmax(np.mean(log_others, axis=0), axis=1)
    expected = log_linear_pool(np.concatenate([oof, others])[None], weight)
    np.testing.assert_allclose(own(training).data.soft_targets, expected, atol=1e-5)


def with_changed_labels(training, rows):
    y = training.data.y.copy()
    y[rows] = (y[rows] + 1) % 3
    return replace(training, data=replace(training.data, y=y))


def test_labels_of_a_held_out_fold_have_no_part_in_the_soft_targets_of_its_training_rows():
    training = train(draw_data())[0]
    fold_ids = own_models(training)[1]
    held_out = np.flatnonzero(fold_ids == 0)
    soft_targets, all_folds = [], []
    for variant in (training, with_changed_labels(training, held_out)):
        own = fit_own_models(LOGISTIC, variant, fold_ids, validates=True, n_jobs=None)
        soft_targets.append(own(variant, (0,)).exclude(held_out).data.soft_targets)
        all_folds.append(own(variant).data.soft_targets)
    np.testing.assert_array_equal(*soft_targets)
    assert not np.allclose(*all_folds)


def test_a_labeled_row_has_no_part_in_its_own_soft_target():
    training = train(draw_data())[0]
    fold_ids = own_models(training)[1]
    models = [
        fit_own_models(LOGISTIC, variant, fold_ids, validates=False, n_jobs=None).models[(fold_ids[0],)]
        for variant in (training, with_changed_labels(training, [0]))
    ]
    np.testing.assert_array_equal(*(model.predict_proba(training.data.X[:1]) for model in models))


def test_student_alone_is_validated_without_a_further_fit():
    """Its scores are those of a fit of its own."""
    data = draw_data()
    training = train(data)[0]
    own, fold_ids = own_models(training)
    options = {"n_jobs": None, "verbose": False}
    shared, apart = (
        cross_validate_modes(LOGISTIC, [LABELS_ONLY, BRIDGE], training, data, fold_ids, range(3), own=models, **options)
        for models in (own, None)
    )
    np.testing.assert_array_equal(shared.predictions[0], apart.predictions[0])
    assert not np.allclose(shared.predictions[1], apart.predictions[1])


# The distiller


def fit_distiller(**options):
    X, X_teacher, y = draw_samples()
    distiller = UnpairedDistiller(LOGISTIC, LOGISTIC, alignment="none", check_alignment=False, **options)
    return distiller.fit(
        X[:50], y[:50], teacher_data=(X_teacher[100:180], y[100:180]), bridge=(X[80:100], X_teacher[80:100])
    )


def test_teachers_soft_targets_are_those_of_the_teacher_alone():
    """Bit for bit a fit to the training data as they are."""
    data = draw_data(X_unlabeled=None, linked_indices=None)
    training = train(data, method="auto")[0]
    expected = fit_mode(clone(LOGISTIC), replace(training, loss=StudentLoss()), BRIDGE)
    distiller = fit_distiller(soft_targets="teacher", cv=5)
    np.testing.assert_array_equal(distiller.student_.coef_, expected.coef_)
    assert distiller.n_folds_ is None


def test_product_is_the_default_and_changes_the_student():
    default, product, teacher = (
        fit_distiller(**options) for options in ({}, {"soft_targets": "product"}, {"soft_targets": "teacher"})
    )
    np.testing.assert_array_equal(default.student_.coef_, product.student_.coef_)
    assert not np.allclose(default.student_.coef_, teacher.student_.coef_)
    assert default.n_folds_ == 3


def test_bad_soft_targets():
    with pytest.raises(ValueError, match="soft_targets"):
        fit_distiller(soft_targets="both")
