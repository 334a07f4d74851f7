import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skcmkd import CCHDisplay, CCHSelector
from skcmkd._display import plot_scores
from skcmkd.datasets import make_gaussian_modalities


@pytest.fixture
def selector():
    drawn = make_gaussian_modalities(150, specific_signal={"student": 0.3, "strong": 2.5, "weak": 0.0}, random_state=0)
    yield CCHSelector(drawn.modalities, "student", n_subsamples=20, random_state=0).fit(drawn.data, drawn.target)
    plt.close("all")


@pytest.mark.parametrize("figure", [None, "gap"])
def test_points_and_labels_are_the_results(selector, figure):
    display = CCHDisplay.from_estimator(selector, figure=figure)
    values = selector.results_[figure or "advantage"]
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


def test_unknown_figure(selector):
    with pytest.raises(ValueError, match="figure='residual' must be one of"):
        CCHDisplay.from_estimator(selector, figure="residual")


def test_scores():
    scores = pd.DataFrame({"mean": [0.7, 0.8], "standard_error": [0.01, 0.02]}, index=["alone", "distilled"])
    ax = plot_scores(scores, "title", "accuracy")
    np.testing.assert_allclose(ax.containers[0][0].get_xdata(), [0.8, 0.7])
    plt.close("all")
