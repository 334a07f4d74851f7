import warnings

import matplotlib.pyplot as plt
import numpy as np
import ot
import pandas as pd
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import AlignmentDisplay, NetworkClassifier, UnpairedDistiller
from skcmkd.unpaired._plot import MAX_ROWS
from skcmkd.unpaired._plot_input import sample_rows

NETWORK = NetworkClassifier((8,), max_epochs=5, linear_weight=0)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def make_cohorts(classes=("a", "b", "c"), n=30, n_teacher=45, seed=0):
    """Two cohorts of other columns, sizes and class frequencies."""
    rng = np.random.RandomState(seed)
    y, y_teacher = np.repeat(classes, n // len(classes)), np.resize(np.repeat(classes, 5)[2:], n_teacher)
    codes, teacher_codes = (np.searchsorted(np.unique(classes), labels) for labels in (y, y_teacher))
    X = rng.normal(size=(len(y), 5)) + 1.5 * rng.normal(size=(len(classes), 5))[codes]
    X_teacher = rng.normal(size=(n_teacher, 4)) + 3 * rng.normal(size=(len(classes), 4))[teacher_codes]
    return X, y, X_teacher, y_teacher


def fit_distiller(X, y, teacher_data, student=NETWORK, teacher=None, alignment="prototypes", **parameters):
    distiller = UnpairedDistiller(
        student, teacher or clone(NETWORK), alignment=alignment, check_alignment=False, random_state=0, **parameters
    )
    return distiller.fit(X, y, teacher_data=teacher_data)


def test_plans_are_recomputed_from_the_fitted_parts():
    X, y, *cohort = make_cohorts(n=60)
    network = NetworkClassifier((8,), max_epochs=20)
    options = {"alignment": "feature", "alignment_weight": 10.0, "cost": "euclidean"}
    distiller = fit_distiller(X, y, tuple(cohort), student=network, **options)
    display = AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=tuple(cohort))

    features = distiller.teacher_.transform(cohort[0])
    features = (features - features.mean(axis=0)) / np.sqrt(features.var(axis=0).mean())
    prototypes = np.array([features[cohort[1] == label].mean(axis=0) for label in y])
    # Teacher rows are weighted to the student's class frequencies.
    weights = np.array([(y == label).mean() / (cohort[1] == label).sum() for label in cohort[1]])
    alone = network.set_params(random_state=0).fit(X, y)
    for result, student in ((display.before, alone), (display.after, distiller.student_)):
        student_features = student.transform(X)
        projected = Ridge().fit(student_features, prototypes).predict(student_features)
        plan = ot.emd(np.full(len(y), 1 / len(y)), weights / weights.sum(), cdist(projected, features))
        for label in "abc":
            for teacher_label in "abc":
                mass = plan[np.ix_(y == label, cohort[1] == teacher_label)].sum()
                np.testing.assert_allclose(result.loc[label, teacher_label], mass, atol=1e-6)
    assert np.abs(display.before - display.after).to_numpy().max() > 1e-3


def test_sums_of_the_plan_are_class_frequencies():
    X, y, *cohort = make_cohorts()
    rows = np.r_[0:10, 10:14, 20:26]
    X, y = X[rows], y[rows]
    display = AlignmentDisplay.from_estimator(
        fit_distiller(X, y, tuple(cohort)), X, y, teacher_data=tuple(cohort), test_data=(X[::2], y[::2])
    )
    for plan in (display.before, display.after):
        np.testing.assert_allclose(plan.sum(axis=1), [0.5, 0.2, 0.3], atol=1e-6)
        np.testing.assert_allclose(plan.sum(axis=0), [0.5, 0.2, 0.3], atol=1e-6)


def test_panels_show_the_plans_of_the_display():
    X, y, *cohort = make_cohorts()
    display = AlignmentDisplay.from_estimator(fit_distiller(X, y, tuple(cohort)), X, y, teacher_data=tuple(cohort))
    shares, plan = display.axes_
    expected = [100 * np.trace(table) for table in (display.before, display.after)]
    np.testing.assert_allclose([bar.get_width() for bar in shares.patches], expected)
    written = [text.get_text() for text in shares.texts]
    assert written == [f" student alone: {expected[0]:.0f} %", f" prototypes: {expected[1]:.0f} %"]
    percent = 100 * display.after.div(display.after.sum(axis=1), axis=0).to_numpy()
    np.testing.assert_allclose(plan.images[0].get_array(), percent)
    written = {text.get_position()[::-1]: float(text.get_text()) for text in plan.texts}
    expected = {position: value for position, value in np.ndenumerate(percent) if value >= 0.5}
    assert written == {position: pytest.approx(value, abs=0.51) for position, value in expected.items()}


def test_a_class_without_rows_to_draw_has_no_mass():
    X, y, *cohort = make_cohorts()
    drawn = y != "b"
    display = AlignmentDisplay.from_estimator(
        fit_distiller(X, y, tuple(cohort)), X, y, teacher_data=tuple(cohort), test_data=(X[drawn], y[drawn])
    )
    np.testing.assert_array_equal(display.axes_[1].images[0].get_array()[1], 0)


def test_two_classes_by_one_score():
    X, y, *cohort = make_cohorts(classes=("no", "yes"))
    distiller = fit_distiller(
        X, y, tuple(cohort), teacher=LogisticRegression(), alignment="classwise", representation="decision_function"
    )
    display = AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=tuple(cohort))
    assert display.after.shape == (2, 2)
    assert display.after.to_numpy().sum() == pytest.approx(1)


def test_alignment_is_measured_with_one_teacher_score():
    X, y, *cohort = make_cohorts(classes=("no", "yes"))
    distiller = UnpairedDistiller(NETWORK, LogisticRegression(), alignment="classwise", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        distiller.fit(X, y, teacher_data=tuple(cohort))
    assert np.isfinite(distiller.alignment_metrics_["feature_alignment"]).all()


def test_probabilities_of_teacher_rows_are_out_of_fold():
    X, y, *cohort = make_cohorts()
    distiller = fit_distiller(X, y, tuple(cohort), teacher=GaussianNB(), representation="predict_proba")
    display = AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=tuple(cohort))
    proba = cross_val_predict(GaussianNB(), *cohort, cv=3, method="predict_proba")
    log_q = np.log(np.maximum(proba, 1e-7))
    features = log_q - log_q.mean(axis=1, keepdims=True)
    features = (features - features.mean(axis=0)) / np.sqrt(features.var(axis=0).mean())
    prototypes = np.array([features[cohort[1] == label].mean(axis=0) for label in y])
    student_features = distiller.student_.transform(X)
    projected = Ridge().fit(student_features, prototypes).predict(student_features)
    weights = np.array([(y == label).mean() / (cohort[1] == label).sum() for label in cohort[1]])
    plan = ot.emd(np.full(len(y), 1 / len(y)), weights / weights.sum(), cdist(projected, features, "sqeuclidean"))
    within = sum(plan[np.ix_(y == label, cohort[1] == label)].sum() for label in "abc")
    assert np.trace(display.after) == pytest.approx(within, abs=1e-4)


def test_class_that_one_cohort_lacks():
    X, y, X_teacher, y_teacher = make_cohorts()
    teacher_data = (X_teacher[y_teacher != "b"], np.where(y_teacher == "c", "z", y_teacher)[y_teacher != "b"])
    teacher_data = (np.vstack([teacher_data[0], X_teacher[:3]]), np.append(teacher_data[1], ["c"] * 3))
    with pytest.warns(UserWarning, match="do not have the same classes"):
        distiller = fit_distiller(X, y, teacher_data)
    display = AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=teacher_data)
    for plan in (display.before, display.after):
        assert plan.index.tolist() == plan.columns.tolist() == ["a", "c"]
        np.testing.assert_allclose(plan.sum(axis=1), [0.5, 0.5], atol=1e-6)


def test_without_alignment_before_and_after_are_equal():
    X, y, *cohort = make_cohorts()
    student = make_pipeline(StandardScaler(), clone(NETWORK))
    distiller = fit_distiller(X, y, tuple(cohort), student=student, alignment="none")
    display = AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=tuple(cohort))
    pd.testing.assert_frame_equal(display.before, display.after)
    assert display.axes_[0].texts[1].get_text().startswith(" labels alone: ")


def test_many_classes_have_no_numbers():
    plan = pd.DataFrame(np.eye(40) / 40)
    display = AlignmentDisplay(plan, plan).plot()
    assert not display.axes_[1].texts
    assert len(display.axes_[1].get_xticks()) <= 15
    display.figure_.canvas.draw()


def test_given_axes_are_used():
    plan = pd.DataFrame(np.eye(2) / 2)
    display = AlignmentDisplay(plan, plan)
    figure, axes = plt.subplots(1, 2)
    assert display.plot(axes).figure_ is figure
    assert display.axes_.tolist() == axes.tolist()
    with pytest.raises(ValueError, match="axes holds 1 Axes; give two"):
        display.plot(axes[:1])


def test_sample_of_rows_keeps_every_class_and_its_frequency():
    codes = np.repeat([0, 1, 2], [3000, 999, 1])
    rows = sample_rows(codes, MAX_ROWS)
    assert len(np.unique(rows)) == MAX_ROWS
    np.testing.assert_allclose(np.bincount(codes[rows]), [375, 125, 1], atol=1)
    # Rows are not the first of each class, which may have been measured together.
    assert rows[codes[rows] == 0].mean() == pytest.approx(1500, abs=200)
    np.testing.assert_array_equal(sample_rows(codes, 5000), np.arange(4000))


def test_repeats_and_leaves_global_random_states():
    X, y, *cohort = make_cohorts()
    distiller = fit_distiller(X, y, tuple(cohort))
    np.random.seed(0)
    torch.manual_seed(0)
    expected = np.random.RandomState(0).rand(), torch.rand(1, generator=torch.Generator().manual_seed(0))
    first, second = (AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=tuple(cohort)) for _ in range(2))
    assert (np.random.rand(), torch.rand(1)) == expected
    pd.testing.assert_frame_equal(first.before, second.before)
    pd.testing.assert_frame_equal(first.after, second.after)


def test_distillers_and_tables_that_cannot_be_drawn_are_refused():
    X, y, *cohort = make_cohorts()
    draw = AlignmentDisplay.from_estimator
    with pytest.raises(ValueError, match="fitted without teacher_data"):
        draw(UnpairedDistiller(NETWORK, random_state=0).fit(X, y), X, y, teacher_data=tuple(cohort))
    linear = UnpairedDistiller(LogisticRegression(), LogisticRegression(), alignment="none", random_state=0)
    with pytest.raises(ValueError, match="LogisticRegression, which has no representation to draw"):
        draw(linear.fit(X, y, teacher_data=tuple(cohort)), X, y, teacher_data=tuple(cohort))
    distiller = fit_distiller(X, y, tuple(cohort))
    with pytest.raises(ValueError, match="teacher_data must be a tuple"):
        draw(distiller, X, y, teacher_data=None)
    with pytest.raises(ValueError, match="test_data must be a tuple"):
        draw(distiller, X, y, teacher_data=tuple(cohort), test_data=X)
    with pytest.raises(ValueError, match=r"test_data\[1\] holds \['d'\]"):
        draw(distiller, X, y, teacher_data=tuple(cohort), test_data=(X[:1], ["d"]))
    with pytest.raises(ValueError, match="X has 4 features"):
        draw(distiller, X[:, :4], y, teacher_data=tuple(cohort))
