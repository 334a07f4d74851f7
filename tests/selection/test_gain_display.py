import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skcmkd import GainDisplay
from skcmkd.cli._demo import plot_scores


def test_gains_are_counted_by_the_sign_of_the_metric():
    ax = GainDisplay.from_predictions([-1.0, 2.0, 3.0], [-0.1, 0.1, -0.2], metric="another metric").ax_
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["sign right: 2", "sign wrong: 1"]
    np.testing.assert_allclose(ax.collections[1].get_offsets(), [[3.0, -0.2]])
    assert ax.get_xlabel() == "another metric"
    with pytest.raises(ValueError, match="gain has 2 rows and predicted has 1"):
        GainDisplay.from_predictions([1.0], [1.0, 2.0])
    plt.close("all")


def test_scores():
    scores = pd.DataFrame({"mean": [0.7, 0.8], "standard_error": [0.01, 0.02]}, index=["alone", "distilled"])
    ax = plot_scores(scores, "title", "accuracy")
    np.testing.assert_allclose(ax.containers[0][0].get_xdata(), [0.8, 0.7])
    plt.close("all")
