import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd.survival import KaplanMeierDisplay, horizon_labels, kaplan_meier

from .outcomes import EVENT, RISK, TIME, draw_outcome


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_curves_and_counts_are_those_of_the_groups():
    display = KaplanMeierDisplay.from_predictions(TIME, EVENT, RISK, thresholds=[0.4], horizon=6, xlabel="months")
    high = RISK > 0.4
    lines = {line.get_label(): line for line in display.ax_.get_lines()}
    for name, rows in {"low risk": ~high, "high risk": high}.items():
        curve = kaplan_meier(TIME[rows], EVENT[rows])
        drawn = lines[name].get_xydata()
        np.testing.assert_array_equal(drawn[1:-1], np.column_stack([curve.time, curve.survival]))
    texts = [text.get_text() for text in display.ax_.texts]
    ticks = display.ax_.get_xticks()
    for rows in (~high, high):
        counts = [str((TIME[rows] >= tick).sum()) for tick in ticks]
        assert any(texts[i : i + len(ticks)] == counts for i in range(len(texts)))
    assert display.ax_.get_xlabel() == "months"
    assert len(ticks) > 2


def test_groups_of_equal_size():
    display = KaplanMeierDisplay.from_predictions(TIME, EVENT, np.arange(20.0), n_groups=4)
    assert [len(curve.follow_up) for curve in display.curves.values()] == [5] * 4
    assert next(iter(display.curves)) == "1 of 4 risk"
    one = KaplanMeierDisplay.from_predictions(TIME, EVENT, RISK, n_groups=1)
    assert list(one.curves) == ["all"]


def test_rows_without_a_prediction_are_left_out():
    risk = np.where(np.arange(20) < 4, np.nan, RISK)
    display = KaplanMeierDisplay.from_predictions(TIME, EVENT, risk)
    assert sum(len(curve.follow_up) for curve in display.curves.values()) == 16


def test_a_group_without_an_event_is_a_line_at_one():
    display = KaplanMeierDisplay.from_predictions([1, 2, 3, 4], [1, 1, 0, 0], [0.9, 0.8, 0.1, 0.2], ax=plt.gca())
    line = next(line for line in display.ax_.get_lines() if line.get_label() == "low risk")
    assert line.get_ydata().tolist() == [1, 1]
    assert display.figure_ is plt.gcf()


@pytest.mark.parametrize("model", [LogisticRegression(), Ridge()])
def test_from_estimator_is_from_its_predictions(model):
    X, (time, event) = np.random.RandomState(0).randn(50, 2), draw_outcome(50, 0)
    labels = horizon_labels(time, event, 3)
    model.fit(X[labels.known], labels.label[labels.known])
    risk = model.predict_proba(X)[:, 1] if isinstance(model, LogisticRegression) else model.predict(X)
    made = KaplanMeierDisplay.from_estimator(model, X, time, event, n_groups=3)
    expected = KaplanMeierDisplay.from_predictions(time, event, risk, n_groups=3)
    assert list(made.curves) == list(expected.curves) == ["low risk", "medium risk", "high risk"]
    for name, curve in expected.curves.items():
        np.testing.assert_array_equal(made.curves[name].survival, curve.survival)


def test_bad_input():
    with pytest.raises(ValueError, match=r"n_groups=0 must be from 1 to the number of rows, 20"):
        KaplanMeierDisplay.from_predictions(TIME, EVENT, RISK, n_groups=0)
    with pytest.raises(ValueError, match=r"thresholds \[0.5\] of risk put no row.*fewer groups"):
        KaplanMeierDisplay.from_predictions(TIME, EVENT, np.full(20, 0.5))
    X = np.random.RandomState(0).randn(20, 2)
    model = LogisticRegression().fit(X, np.arange(20) % 3)
    with pytest.raises(ValueError, match=r"LogisticRegression was fitted to 3 classes"):
        KaplanMeierDisplay.from_estimator(model, X, TIME, EVENT)
