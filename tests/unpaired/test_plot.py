import warnings

import matplotlib.pyplot as plt
import numpy as np
import ot
import pandas as pd
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.decomposition import PCA
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


def coordinates(table):
    return table[["component_1", "component_2"]].to_numpy()


def drawn_offsets(ax):
    return np.concatenate([part.get_offsets() for part in ax.collections])


def rows_of(points):
    return sorted(map(tuple, np.round(points, 9)))


def test_panels_are_recomputed_from_the_fitted_parts():
    X, y, *cohort = make_cohorts()
    distiller = fit_distiller(X, y, tuple(cohort), cost="euclidean")
    display = AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=tuple(cohort))

    features = distiller.teacher_.transform(cohort[0])
    features = (features - features.mean(axis=0)) / np.sqrt(features.var(axis=0).mean())
    plane = PCA(2).fit(features)
    np.testing.assert_allclose(np.abs(coordinates(display.teacher)), np.abs(plane.transform(features)), atol=1e-4)
    np.testing.assert_array_equal(display.teacher["label"], cohort[1])
    prototypes = np.array([features[cohort[1] == label].mean(axis=0) for label in y])
    alone = clone(NETWORK).set_params(random_state=0).fit(X, y)
    for result, student in ((display.before, alone), (display.after, distiller.student_)):
        student_features = student.transform(X)
        projected = Ridge().fit(student_features, prototypes).predict(student_features)
        np.testing.assert_allclose(np.abs(coordinates(result)), np.abs(plane.transform(projected)), atol=1e-4)
        np.testing.assert_array_equal(result["label"], y)
    assert np.abs(coordinates(display.before) - coordinates(display.after)).max() > 1e-3

    # The last one is the aligned student. Teacher rows are weighted to the student's class frequencies.
    weights = np.array([(y == label).mean() / (cohort[1] == label).sum() for label in cohort[1]])
    plan = ot.emd(np.full(len(y), 1 / len(y)), weights / weights.sum(), cdist(projected, features))
    for label in "abc":
        for teacher_label in "abc":
            mass = plan[np.ix_(y == label, cohort[1] == teacher_label)].sum()
            np.testing.assert_allclose(display.plan.loc[label, teacher_label], mass, atol=1e-6)
    pd.testing.assert_frame_equal(display.history, distiller.history_)


def test_sums_of_the_plan_are_class_frequencies():
    X, y, *cohort = make_cohorts()
    rows = np.r_[0:10, 10:14, 20:26]
    X, y = X[rows], y[rows]
    display = AlignmentDisplay.from_estimator(
        fit_distiller(X, y, tuple(cohort)), X, y, teacher_data=tuple(cohort), test_data=(X[::2], y[::2])
    )
    np.testing.assert_allclose(display.plan.sum(axis=1), [0.5, 0.2, 0.3], atol=1e-6)
    np.testing.assert_allclose(display.plan.sum(axis=0), [0.5, 0.2, 0.3], atol=1e-6)
    np.testing.assert_array_equal(display.after["label"], y[::2])


def test_panels_show_the_tables_of_the_display():
    X, y, *cohort = make_cohorts()
    distiller = fit_distiller(X, y, tuple(cohort), student=clone(NETWORK).set_params(refit=False))
    display = AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=tuple(cohort))
    losses, plan, before, after = display.axes_
    curves = {line.get_label(): line.get_ydata() for line in losses.lines}
    assert set(curves) == {"distillation", "alignment", "held-out rows"}
    np.testing.assert_array_equal(curves["alignment"], distiller.history_["train_alignment"])
    np.testing.assert_array_equal(curves["held-out rows"], distiller.history_["valid_loss"])
    assert losses.get_ylabel() == "loss, nats; alignment, mean costs"
    np.testing.assert_allclose(plan.images[0].get_array(), 100 * display.plan)
    written = {text.get_position()[::-1]: float(text.get_text()) for text in plan.texts}
    expected = {position: value for position, value in np.ndenumerate(100 * display.plan.to_numpy()) if value >= 0.05}
    assert written == {position: pytest.approx(value, abs=0.051) for position, value in expected.items()}
    for ax, student in ((before, display.before), (after, display.after)):
        both = np.concatenate([coordinates(student), coordinates(display.teacher)])
        assert rows_of(drawn_offsets(ax)) == rows_of(both)
    assert before.get_xlim() == after.get_xlim()
    assert before.get_ylim() == after.get_ylim()
    assert [text.get_text() for text in after.get_legend().get_texts()] == ["student", "teacher", "a", "b", "c"]


def test_legends_lie_beside_the_data():
    X, y, *cohort = make_cohorts()
    display = AlignmentDisplay.from_estimator(fit_distiller(X, y, tuple(cohort)), X, y, teacher_data=tuple(cohort))
    display.figure_.canvas.draw()
    for ax in (display.axes_[0], display.axes_[3]):
        legend = ax.get_legend().get_window_extent()
        assert not any(legend.overlaps(panel.get_window_extent()) for panel in display.axes_)


def test_two_classes_by_one_score_lie_on_a_line():
    X, y, *cohort = make_cohorts(classes=("no", "yes"))
    distiller = fit_distiller(
        X, y, tuple(cohort), teacher=LogisticRegression(), alignment="classwise", representation="decision_function"
    )
    display = AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=tuple(cohort))
    assert display.plan.shape == (2, 2)
    assert np.abs(coordinates(display.after)[:, 1]).max() < 1e-9
    scores = distiller.teacher_.decision_function(cohort[0])
    assert np.corrcoef(scores, coordinates(display.teacher)[:, 0])[0, 1] ** 2 == pytest.approx(1)


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
    expected = PCA(2).fit_transform(features)
    np.testing.assert_allclose(np.abs(coordinates(display.teacher)), np.abs(expected), atol=1e-4)


def test_class_that_one_cohort_lacks():
    X, y, X_teacher, y_teacher = make_cohorts()
    teacher_data = (X_teacher[y_teacher != "b"], np.where(y_teacher == "c", "z", y_teacher)[y_teacher != "b"])
    teacher_data = (np.vstack([teacher_data[0], X_teacher[:3]]), np.append(teacher_data[1], ["c"] * 3))
    with pytest.warns(UserWarning, match="do not have the same classes"):
        distiller = fit_distiller(X, y, teacher_data)
    display = AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=teacher_data)
    assert display.plan.index.tolist() == display.plan.columns.tolist() == ["a", "c"]
    np.testing.assert_allclose(display.plan.sum(axis=1), [0.5, 0.5], atol=1e-6)
    assert set(display.after["label"]) == {"a", "b", "c"}
    assert set(display.teacher["label"]) == {"a", "c"}


def test_without_alignment_before_and_after_are_equal():
    X, y, *cohort = make_cohorts()
    student = make_pipeline(StandardScaler(), clone(NETWORK))
    distiller = fit_distiller(X, y, tuple(cohort), student=student, alignment="none")
    display = AlignmentDisplay.from_estimator(distiller, X, y, teacher_data=tuple(cohort))
    pd.testing.assert_frame_equal(display.before, display.after)
    assert [line.get_label() for line in display.axes_[0].lines] == ["training"]
    assert display.axes_[3].get_title(loc="left") == "After: labels alone"


def test_one_epoch_has_a_marker_and_many_classes_no_numbers():
    labels = np.arange(40)
    points = pd.DataFrame({"component_1": labels / 40, "component_2": labels % 7, "label": labels})
    history = pd.DataFrame({"epoch": [1], "train_loss": [0.7]})
    plan = pd.DataFrame(np.eye(40) / 40)
    display = AlignmentDisplay(history, plan, points, points, points).plot()
    assert display.axes_[0].lines[0].get_marker() == "o"
    assert not display.axes_[1].texts
    styles = {
        (tuple(part.get_facecolor()[0]), part.get_paths()[0].vertices.tobytes())
        for part in display.axes_[3].collections[2:72:2]
    }
    assert len(styles) == 35
    display.figure_.canvas.draw()


def test_given_axes_are_used():
    points = pd.DataFrame({"component_1": [0.0, 1.0], "component_2": [1.0, 0.0], "label": [0, 1]})
    history = pd.DataFrame({"epoch": [1, 2], "train_loss": [0.7, 0.6]})
    display = AlignmentDisplay(history, pd.DataFrame(np.eye(2) / 2), points, points, points)
    figure, axes = plt.subplots(1, 4)
    assert display.plot(axes).figure_ is figure
    assert display.axes_.tolist() == axes.tolist()
    with pytest.raises(ValueError, match="axes holds 3 Axes; give four"):
        display.plot(axes[:3])


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
    pd.testing.assert_frame_equal(first.plan, second.plan)


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
