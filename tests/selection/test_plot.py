import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from skcmkd import CCHDisplay, CCHMatrixDisplay, CCHSelector
from skcmkd.datasets import make_gaussian_modalities

SETTINGS = {"encoder": LogisticRegression(C=0.1), "n_repeats": 1, "n_subsamples": 5, "random_state": 0}


@pytest.fixture(scope="module")
def selector():
    drawn = make_gaussian_modalities(150, specific_signal={"student": 0.3, "strong": 2.5, "weak": 0.0}, random_state=0)
    return CCHSelector(drawn.modalities, "student", **SETTINGS).fit(drawn.data, drawn.target)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("metric", [None, "gap", "risk_reduction"])
def test_points_and_labels_are_the_results(selector, metric):
    display = CCHDisplay.from_estimator(selector, metric=metric)
    values = selector.results_[metric or "added"]
    drawn = {}
    for container in display.ax_.containers:
        line = container[0]
        drawn |= dict(zip(line.get_ydata(), line.get_xdata(), strict=True))
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert {labels[int(y)]: x for y, x in drawn.items()} == values.to_dict()
    assert labels[-1] == values.index[0]


def test_given_axes_are_used(selector):
    _, ax = plt.subplots()
    display = CCHDisplay.from_estimator(selector, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


def test_unknown_metric(selector):
    with pytest.raises(ValueError, match="metric='entropy' must be one of 'added', 'advantage', 'gap'"):
        CCHDisplay.from_estimator(selector, metric="entropy")
    with pytest.raises(ValueError, match="metric='criterion' must be one of"):
        CCHDisplay.from_estimator(selector, metric="criterion")


def test_matrix_has_students_in_rows_and_a_mark_where_undecided():
    matrix = pd.DataFrame(
        {"gap": [0.5, -0.2], "gap_lower": [0.1, -0.5], "gap_upper": [0.9, 0.1]},
        index=pd.MultiIndex.from_tuples([("rna", "dna"), ("dna", "rna")], names=["student", "teacher"]),
    )
    ax = CCHMatrixDisplay(matrix, "gap").plot().ax_
    np.testing.assert_array_equal(ax.images[0].get_array().filled(np.nan), [[np.nan, 0.5], [-0.2, np.nan]])
    assert [text.get_text() for text in ax.texts] == ["+0.50", "-0.20 ?"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["rna", "dna"]


def test_matrix_from_a_selector_that_is_not_fitted():
    drawn = make_gaussian_modalities(80, random_state=0)
    selector = CCHSelector(drawn.modalities, "student", criterion="cch", **SETTINGS)
    display = CCHMatrixDisplay.from_estimator(selector, drawn.data, drawn.target)
    assert display.metric == "gap"
    assert len(display.ax_.texts) == 2
