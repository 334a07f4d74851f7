import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC

from skcmkd import NetworkClassifier
from skcmkd._distillation._representations import teacher_representation
from skcmkd._model_selection._probabilities import centered_log_ratio
from skcmkd.unpaired._input import UnpairedData
from skcmkd.unpaired._teacher_fit import fit_teacher, make_cohort


@pytest.fixture(scope="module")
def teacher_rows():
    rng = np.random.RandomState(0)
    y = np.array(list("abcd") * 15)
    return rng.normal(size=(60, 5)) + np.eye(4, 5)[np.arange(60) % 4] * 2, y


def cohort_of(teacher, X, y, method="transform", classes="abcd", student=None):
    """The cohort for a student with the given classes, one label of each unless ``student`` holds its labels."""
    classes = np.array(list(classes))
    codes = np.arange(len(classes)) if student is None else np.searchsorted(classes, list(student))
    return make_cohort(teacher, teacher_representation(teacher, X, method), y, classes, codes, method)


def scores_of(cohort):
    return cohort.features @ cohort.coef.T + cohort.intercept


@pytest.fixture(scope="module")
def network(teacher_rows):
    return NetworkClassifier((7, 4), max_epochs=3, linear_weight=0, random_state=0).fit(*teacher_rows)


@pytest.mark.parametrize("wrap", [lambda t: t, FrozenEstimator, lambda t: make_pipeline(FunctionTransformer(), t)])
def test_head_of_a_network_is_that_of_its_model(teacher_rows, network, wrap):
    X, y = teacher_rows
    cohort = cohort_of(wrap(network), X, y)
    np.testing.assert_allclose(softmax(scores_of(cohort), axis=1), network.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(cohort.features.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(cohort.features.var(axis=0).mean(), 1, rtol=1e-4)
    np.testing.assert_allclose(cohort.standardize(network.transform(X)), cohort.features, atol=1e-6)
    np.testing.assert_allclose(cohort.features * cohort.scale + cohort.mean, network.transform(X), atol=1e-5)


def test_head_of_a_network_is_in_the_order_of_the_students_classes(teacher_rows, network):
    """Only the teacher has class a, and only the student class z."""
    X, y = teacher_rows
    cohort = cohort_of(network, X, y, classes="bcdz", student="bbcdzz")
    # b makes up half of the student's rows of shared classes, and a third of the teacher's.
    proba = network.predict_proba(X[y != "a"])[:, 1:] * [2, 1, 1]
    result = softmax(scores_of(cohort)[:, :3], axis=1)
    np.testing.assert_allclose(result, proba / proba.sum(axis=1, keepdims=True), atol=1e-5)
    assert (cohort.coef[3] == 0).all()
    np.testing.assert_allclose(cohort.class_priors, [0.5, 0.25, 0.25, 0])
    assert cohort.shared.tolist() == [True, True, True, False]
    np.testing.assert_array_equal(np.array(list("bcd"))[cohort.codes], y[y != "a"])
    assert (cohort.prototypes[3] == 0).all()
    np.testing.assert_allclose(cohort.prototypes[1], cohort.features[cohort.codes == 1].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize(
    ("teacher", "method"),
    [
        (make_pipeline(StandardScaler(), PCA(3), LinearDiscriminantAnalysis()), "transform"),
        (SVC(), "decision_function"),
        (KNeighborsClassifier(), "predict_proba"),
    ],
)
def test_head_of_another_teacher_is_a_logistic_regression(teacher_rows, teacher, method):
    X, y = teacher_rows
    cohort = cohort_of(teacher.fit(X, y), X, y, method)
    expected = LogisticRegression(max_iter=1000).fit(cohort.features, y).predict_log_proba(cohort.features)
    np.testing.assert_allclose(log_softmax(scores_of(cohort), axis=1), expected, atol=1e-4)


@pytest.mark.parametrize("classes", ["ab", "ad", "cd"])
def test_two_classes_have_a_head(teacher_rows, classes):
    X, y = (part[np.isin(teacher_rows[1], list(classes))] for part in teacher_rows)
    cohort = cohort_of(SVC().fit(X, y), X, y, "decision_function", classes=classes)
    assert cohort.features.shape == (30, 2)
    np.testing.assert_allclose(cohort.features[:, 0], -cohort.features[:, 1])
    expected = LogisticRegression(max_iter=1000).fit(cohort.features, y).predict_proba(cohort.features)
    np.testing.assert_allclose(softmax(scores_of(cohort), axis=1), expected, atol=1e-5)


def test_two_of_the_students_three_classes_have_a_head(teacher_rows):
    """The fitted row of coefficients is that of the second shared class."""
    X, y = (part[np.isin(teacher_rows[1], ["a", "c"])] for part in teacher_rows)
    cohort = cohort_of(SVC().fit(X, y), X, y, "decision_function", classes="abc")
    expected = LogisticRegression(max_iter=1000).fit(cohort.features, y).predict_proba(cohort.features)
    np.testing.assert_allclose(softmax(scores_of(cohort)[:, [0, 2]], axis=1), expected, atol=1e-5)


def test_head_of_one_shared_class_is_zero(teacher_rows, network):
    X, y = teacher_rows
    cohort = cohort_of(SVC().fit(X, y), X, y, "decision_function", classes="ayz")
    assert (cohort.coef == 0).all()
    np.testing.assert_allclose(cohort.class_priors, [1, 0, 0])


def test_cohort_of_equal_rows_has_a_scale():
    teacher = make_pipeline(FunctionTransformer(), LogisticRegression())
    X = np.ones((4, 2))
    cohort = make_cohort(teacher, X, np.array([0, 0, 1, 1]), np.array([0, 1]), np.array([0, 1]), "transform")
    assert cohort.scale == 1
    assert cohort.mean_cost("euclidean") == 1
    assert (cohort.features == 0).all()


# Fitting


def data_of(X, y, **changed):
    return UnpairedData(np.zeros((4, 1)), np.array(list("abcd")), X_teacher=X, y_teacher=y, **changed)


def fit(teacher, data, method, classes="abcd", **options):
    options = {"alignment": "auto", "needs_error": True, "cv": 3, "n_jobs": None} | options
    return fit_teacher(clone(teacher), data, np.array(list(classes)), method, **options)


@pytest.mark.parametrize("teacher", [LogisticRegression(), LinearSVC()])
def test_teacher_is_fitted_to_its_cohort_and_its_error_is_out_of_fold(teacher_rows, teacher):
    X, y = teacher_rows
    teacher = clone(teacher).set_params(random_state=0)
    fitted = fit(teacher, data_of(X, y), "decision_function")
    direct = clone(teacher).fit(X, y)
    np.testing.assert_array_equal(fitted.model.coef_, direct.coef_)
    np.testing.assert_array_equal(fitted.features, direct.decision_function(X))
    predicted = cross_val_predict(teacher, X, y, cv=StratifiedKFold(2))
    assert fitted.error == pytest.approx((predicted != y).mean())
    assert np.isnan(fit(teacher, data_of(X, y), "decision_function", needs_error=False).error)


def test_a_network_is_validated_without_its_refit(teacher_rows, monkeypatch):
    """Two halves of the cohort, whatever ``cv`` is; the teacher itself keeps its refit."""
    fits, fit_network = [], NetworkClassifier.fit

    def record(self, X, y, *args, **kwargs):
        fits.append((len(X), self.refit))
        return fit_network(self, X, y, *args, **kwargs)

    monkeypatch.setattr(NetworkClassifier, "fit", record)
    teacher = NetworkClassifier((4,), max_epochs=2, linear_weight=0, random_state=0)
    fit(teacher, data_of(*teacher_rows), "transform", cv=5)
    assert fits == [(60, True), (30, False), (30, False)]


@pytest.mark.parametrize(
    ("options", "changed", "n_fits"),
    [
        ({}, {}, 1),
        ({"alignment": "joint"}, {}, 3),
        ({"needs_error": True}, {}, 3),
        ({}, {"linked_indices": (np.array([0]), np.array([0]))}, 3),
        ({}, {"X_bridge": np.zeros((2, 1)), "X_teacher_bridge": np.zeros((2, 5))}, 3),
    ],
    ids=["prototypes", "joint", "error", "linked columns", "bridge"],
)
def test_a_network_is_cross_fitted_only_where_its_head_or_error_is_used(
    teacher_rows, monkeypatch, options, changed, n_fits
):
    fits, fit_network = [], NetworkClassifier.fit
    monkeypatch.setattr(NetworkClassifier, "fit", lambda self, *a, **k: fits.append(1) or fit_network(self, *a, **k))
    teacher = NetworkClassifier((4,), max_epochs=2, linear_weight=0, random_state=0)
    fit(teacher, data_of(*teacher_rows, **changed), "transform", **{"needs_error": False} | options)
    assert len(fits) == n_fits


def test_source_priors_are_frequencies_in_the_teachers_cohort(teacher_rows):
    X, y = (part[:50] for part in teacher_rows)
    data = UnpairedData(np.zeros((3, 1)), np.array(list("adz")), X_teacher=X, y_teacher=y)
    fitted = fit(LogisticRegression(), data, "decision_function", classes="adz")
    np.testing.assert_allclose(fitted.source_priors, [(y == "a").mean(), (y == "d").mean(), 0])


@pytest.mark.parametrize("needs_error", [True, False])
def test_probabilities_represent_the_cohort_out_of_fold(teacher_rows, needs_error):
    X, y = teacher_rows
    fitted = fit(KNeighborsClassifier(), data_of(X, y), "predict_proba", needs_error=needs_error)
    proba = cross_val_predict(KNeighborsClassifier(), X, y, cv=StratifiedKFold(3), method="predict_proba")
    np.testing.assert_allclose(fitted.features, centered_log_ratio(proba))


def test_groups_of_the_teachers_cohort_are_not_split(teacher_rows):
    """The rows of a group repeat one point, which a nearest neighbor finds unless the group is held out whole."""
    rng = np.random.RandomState(0)
    groups = np.repeat(np.arange(20), 3)
    order = rng.permutation(60)
    X, y = rng.normal(size=(20, 5))[groups][order], np.array(list("abcd") * 5)[groups][order]
    nearest = KNeighborsClassifier(1)
    split, whole = (fit(nearest, data_of(X, y, teacher_groups=g), "predict_proba").error for g in (None, groups[order]))
    assert split < 0.3
    assert whole > 0.5
