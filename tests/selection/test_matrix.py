import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from skcmkd import CCHSelector, cch_matrix
from skcmkd.datasets import make_gaussian_modalities


def test_each_student_has_the_results_of_its_own_selector():
    drawn = make_gaussian_modalities(120, specific_signal={"a": 0.0, "b": 1.0, "c": 2.0}, random_state=0)
    settings = {"encoder": LogisticRegression(C=0.1), "n_repeats": 2, "n_subsamples": 5, "random_state": 0}
    selector = CCHSelector(drawn.modalities, "a", **settings)
    matrix = cch_matrix(selector, drawn.data, drawn.target)
    assert not hasattr(selector, "results_")
    assert matrix.index.names == ["student", "teacher"]
    assert len(matrix) == 6
    for student in drawn.modalities:
        single = CCHSelector(drawn.modalities, student, **settings).fit(drawn.data, drawn.target)
        pd.testing.assert_frame_equal(matrix.loc[student], single.results_[matrix.columns])
    advantage = matrix["advantage"]
    np.testing.assert_allclose(advantage["a", "c"], -advantage["c", "a"])
