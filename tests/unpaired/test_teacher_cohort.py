import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from skcmkd import NetworkClassifier
from skcmkd._distillation._representations import choose_representation, teacher_representation
from skcmkd._losses._teacher_cohort import Alignment
from skcmkd._model_selection._probabilities import centered_log_ratio
from skcmkd._transport._costs import COSTS, cost_matrix
from skcmkd.unpaired._teacher_cohort import build_cohort, estimate_features, match_moments, shift_shares


@pytest.fixture(scope="module")
def teacher_rows():
    rng = np.random.RandomState(0)
    y = np.array(list("abcd") * 15)
    return rng.normal(size=(60, 5)) + np.eye(4, 5)[np.arange(60) % 4] * 2, y


def cohort_of(teacher, X, y, method="transform", classes="abcd", student=None):
    """The cohort for a student whose classes are those given; its labels are one of each where not told."""
    classes = np.array(list(classes))
    codes = np.arange(len(classes)) if student is None else np.searchsorted(classes, list(student))
    return build_cohort(teacher, teacher_representation(teacher, X, method), y, classes, codes, method)


def scores_of(cohort):
    return cohort.features @ cohort.coef.T + cohort.intercept


@pytest.fixture(scope="module")
def network(teacher_rows):
    return NetworkClassifier((7, 4), max_epochs=3, random_state=0).fit(*teacher_rows)


@pytest.mark.parametrize("wrap", [lambda t: t, FrozenEstimator, lambda t: make_pipeline(FunctionTransformer(), t)])
def test_head_of_a_network_is_its_own(teacher_rows, network, wrap):
    X, y = teacher_rows
    cohort = cohort_of(wrap(network), X, y)
    np.testing.assert_allclose(softmax(scores_of(cohort), axis=1), network.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(cohort.features.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(cohort.features.var(axis=0).mean(), 1, rtol=1e-4)
    np.testing.assert_allclose(cohort.place(network.transform(X)), cohort.features, atol=1e-6)
    np.testing.assert_allclose(cohort.features * cohort.feature_scale + cohort.mean, network.transform(X), atol=1e-5)


def test_head_of_a_network_is_laid_out_by_the_students_classes(teacher_rows, network):
    """Class a is the teacher's alone, class z the student's."""
    X, y = teacher_rows
    cohort = cohort_of(network, X, y, classes="bcdz", student="bbcdzz")
    # b makes up half of the student's rows of common classes, and a third of the teacher's.
    proba = network.predict_proba(X[y != "a"])[:, 1:] * [2, 1, 1]
    found = softmax(scores_of(cohort)[:, :3], axis=1)
    np.testing.assert_allclose(found, proba / proba.sum(axis=1, keepdims=True), atol=1e-5)
    assert (cohort.coef[3] == 0).all()
    np.testing.assert_allclose(cohort.shares, [0.5, 0.25, 0.25, 0])
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
    """The fitted row of coefficients is that of the second class which both cohorts have."""
    X, y = (part[np.isin(teacher_rows[1], ["a", "c"])] for part in teacher_rows)
    cohort = cohort_of(SVC().fit(X, y), X, y, "decision_function", classes="abc")
    expected = LogisticRegression(max_iter=1000).fit(cohort.features, y).predict_proba(cohort.features)
    np.testing.assert_allclose(softmax(scores_of(cohort)[:, [0, 2]], axis=1), expected, atol=1e-5)


def test_one_common_class_leaves_a_head_of_zeros(teacher_rows, network):
    X, y = teacher_rows
    cohort = cohort_of(SVC().fit(X, y), X, y, "decision_function", classes="ayz")
    assert (cohort.coef == 0).all()
    np.testing.assert_allclose(cohort.shares, [1, 0, 0])


@pytest.mark.parametrize("cost", COSTS)
def test_unit_of_a_cost_is_its_mean(teacher_rows, network, cost, monkeypatch):
    cohort = cohort_of(network, *teacher_rows)
    costs = cost_matrix(cohort.features, cohort.features, cost)
    np.testing.assert_allclose(cohort.scale_of(cost), costs.mean())
    monkeypatch.setattr("skcmkd._losses._teacher_cohort.ROWS_FOR_SCALE", 3)
    rows = np.ix_([0, 29, 59], [0, 29, 59])
    np.testing.assert_allclose(cohort.scale_of(cost), costs[rows].mean())


def test_cohort_of_one_place_has_a_unit():
    teacher = make_pipeline(FunctionTransformer(), LogisticRegression())
    X = np.ones((4, 2))
    cohort = build_cohort(teacher, X, np.array([0, 0, 1, 1]), np.array([0, 1]), np.array([0, 1]), "transform")
    assert cohort.feature_scale == 1
    assert cohort.scale_of("euclidean") == 1
    assert (cohort.features == 0).all()


def test_cohort_of_some_classes(teacher_rows, network):
    cohort = cohort_of(network, *teacher_rows, student="aabcd")
    present = np.array([True, False, True, True])
    part = cohort.of_classes(present)
    rows = cohort.codes != 1
    np.testing.assert_array_equal(part.features, cohort.features[rows])
    np.testing.assert_array_equal(np.flatnonzero(present)[part.codes], cohort.codes[rows])
    np.testing.assert_allclose(part.shares, [0.5, 0.25, 0.25])
    np.testing.assert_array_equal(scores_of(part), scores_of(cohort)[rows][:, present])
    np.testing.assert_array_equal(part.prototypes, cohort.prototypes[present])
    alignment = Alignment("prototypes", cohort, 1.0, "cosine", 0.0, None, 1, 0.01)
    np.testing.assert_array_equal(alignment.of_classes(present).cohort.codes, part.codes)


def test_shuffled_cohort_keeps_rows_and_class_sizes(teacher_rows, network):
    cohort = cohort_of(network, *teacher_rows)
    shuffled = cohort.shuffled(np.random.RandomState(0))
    assert shuffled.features is cohort.features
    assert (shuffled.codes != cohort.codes).mean() > 0.5
    np.testing.assert_array_equal(np.bincount(shuffled.codes), np.bincount(cohort.codes))
    np.testing.assert_array_equal(shuffled.codes, cohort.shuffled(np.random.RandomState(0)).codes)


def test_representation_is_the_methods_output(teacher_rows):
    X, y = teacher_rows
    knn = KNeighborsClassifier().fit(X, y)
    np.testing.assert_allclose(
        teacher_representation(knn, X, "predict_proba"), centered_log_ratio(knn.predict_proba(X))
    )
    svc = SVC().fit(X[y < "c"], y[y < "c"])
    score = svc.decision_function(X)
    np.testing.assert_allclose(teacher_representation(svc, X, "decision_function"), np.column_stack([-score, score]))


def test_representation_with_holes_is_told(teacher_rows):
    X, _ = teacher_rows
    teacher = FunctionTransformer(lambda rows: np.where(rows == rows.max(), np.nan, rows))
    with pytest.raises(
        ValueError, match=r"FunctionTransformer.transform gave NaN or infinity for 1 of 60 rows.*set rep"
    ):
        teacher_representation(teacher, X, "transform")


def test_choice_of_representation():
    assert choose_representation(NetworkClassifier(), "auto") == "transform"
    assert choose_representation(LogisticRegression(), "auto") == "decision_function"
    assert choose_representation(KNeighborsClassifier(), "auto") == "predict_proba"
    assert choose_representation(LogisticRegression(), "predict_proba") == "predict_proba"


def test_representation_that_the_teacher_lacks():
    with pytest.raises(ValueError, match=r"KNeighborsClassifier has no transform to .* it has predict_proba\. Set rep"):
        choose_representation(KNeighborsClassifier(), "transform")
    with pytest.raises(ValueError, match=r"StandardScaler has no predict_proba .* it has transform"):
        choose_representation(StandardScaler(), "predict_proba")
    with pytest.raises(ValueError, match=r"has no transform or decision_function or predict_proba .* none of those"):
        choose_representation(object(), "auto")


# Estimates for the student's rows


def test_shifted_shares_are_bayes_by_hand():
    """One row: likelihoods 0.2 and 0.6, shares 0.5 and 0.5 before, 0.9 and 0.1 after."""
    before = np.array([[0.2 * 0.5, 0.6 * 0.5]]) / (0.2 * 0.5 + 0.6 * 0.5)
    after = np.array([[0.2 * 0.9, 0.6 * 0.1]]) / (0.2 * 0.9 + 0.6 * 0.1)
    np.testing.assert_allclose(shift_shares(before, np.array([0.9, 0.1]), np.array([0.5, 0.5])), after)


def test_shifted_shares_of_all_possible_rows_are_the_new_shares():
    """Any likelihoods of 6 possible rows: posteriors moved to new shares, weighted by the new chance of each row."""
    rng = np.random.RandomState(0)
    likelihood = rng.dirichlet(np.ones(6), size=3).T
    former, shares = rng.dirichlet(np.ones(3), size=2)
    posterior = likelihood * former / (likelihood @ former)[:, None]
    moved = shift_shares(posterior, shares, former)
    np.testing.assert_allclose(moved.sum(axis=1), 1)
    np.testing.assert_allclose((likelihood @ shares) @ moved, shares)
    np.testing.assert_allclose(shift_shares(moved, former, shares), posterior)
    np.testing.assert_allclose(shift_shares(posterior, former, former), posterior)


def test_shift_to_a_class_that_had_no_share():
    former, shares = np.array([1.0, 0.0, 1.0]) / 2, np.ones(3) / 3
    proba = np.array([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(shift_shares(proba, shares, former), proba)


def test_features_estimated_from_linked_columns_are_an_exact_linear_link():
    """Also when the student's columns are measured on another scale, and with a constant column."""
    rng = np.random.RandomState(0)
    linked = np.column_stack([rng.normal(size=(200, 3)), np.full(200, 2.0)])
    W = rng.normal(size=(4, 2))
    features = linked @ W + 1
    moved = linked[::-1] * [10, 0.1, 3, 1] + 5
    found = np.concatenate(estimate_features([moved[:50], moved[50:]], linked, np.ones(200), features))
    np.testing.assert_allclose(found, features[::-1], atol=0.02 * features.std())


def test_missing_values_in_linked_columns():
    rng = np.random.RandomState(1)
    linked = rng.normal(size=(300, 3))
    features = linked @ rng.normal(size=(3, 2))
    holes = linked.copy()
    holes[rng.uniform(size=holes.shape) < 0.05] = np.nan
    (found,) = estimate_features([holes], holes, np.ones(300), features)
    assert np.isfinite(found).all()
    whole = ~np.isnan(holes).any(axis=1)
    error = ((found - features)[whole] ** 2).mean() / features.var()
    assert error < 0.05
    assert error < ((found - features)[~whole] ** 2).mean() / features.var()


def test_matched_moments():
    rng = np.random.RandomState(0)
    values, like = rng.normal(size=(20, 3)) * 5 + 1, rng.normal(size=(30, 3))
    values[:, 2], values[0, 0] = 7.0, np.nan
    weights = rng.randint(1, 4, size=30)
    found, repeated = match_moments(values, like, weights), np.repeat(like, weights, axis=0)
    np.testing.assert_allclose(np.nanmean(found, axis=0), repeated.mean(axis=0))
    np.testing.assert_allclose(np.nanstd(found, axis=0)[:2], repeated.std(axis=0)[:2])
    np.testing.assert_allclose(found[:, 2], repeated[:, 2].mean())
