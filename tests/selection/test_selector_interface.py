"""CCHSelector as a scikit-learn estimator: output of transform, pipelines, messages."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skcmkd import CCHSelector, PairedDistiller

from .selecting import fast_selector, make_modalities

ARRAY_MODALITIES = {"weak": slice(0, 16), "student": np.arange(16, 32), "strong": [False] * 32 + [True] * 16}


@pytest.fixture(scope="module")
def drawn():
    return make_modalities()


@pytest.fixture(scope="module")
def selector(drawn):
    return fast_selector(drawn, n_subsamples=20).fit(drawn.data, drawn.target)


def test_student_comes_first_then_the_teacher(selector, drawn):
    kept = [*drawn.modalities["student"], *drawn.modalities["strong"]]
    table = selector.transform(drawn.data)
    assert list(table.columns) == kept
    assert list(selector.get_feature_names_out()) == kept
    assert selector.get_support().sum() == len(kept)
    np.testing.assert_array_equal(drawn.data.columns[selector.get_support(indices=True)], kept)


def test_teacher_columns_may_be_absent_in_transform(selector, drawn):
    panel = drawn.data[drawn.modalities["student"]]
    pd.testing.assert_frame_equal(selector.transform(panel), panel)
    with pytest.raises(ValueError, match="now missing"):
        selector.transform(panel.iloc[:, 1:])


def test_arrays(drawn):
    X = drawn.data.to_numpy()
    selector = fast_selector(drawn, modalities=ARRAY_MODALITIES, n_subsamples=20).fit(X, drawn.target)
    np.testing.assert_array_equal(selector.transform(X), X[:, 16:])
    np.testing.assert_array_equal(selector.transform(X[:, 16:32]), X[:, 16:32])
    with pytest.raises(ValueError, match="X has 17 features"):
        selector.transform(X[:, :17])


@pytest.mark.parametrize("setting", ["global", "set_output"])
def test_pandas_output_without_the_teacher(drawn, setting):
    student = drawn.modalities["student"]
    selector = fast_selector(drawn).fit(drawn.data, drawn.target)
    if setting == "set_output":
        selector.set_output(transform="pandas")
    with sklearn.config_context(transform_output="pandas" if setting == "global" else "default"):
        assert list(selector.transform(drawn.data[student])) == student
        X = drawn.data.to_numpy()
        of_arrays = fast_selector(drawn, modalities={"weak": slice(0, 16), "student": slice(16, 32)})
        of_arrays.fit(X, drawn.target).set_output(transform="pandas")
        assert list(of_arrays.transform(X)) == [f"x{i}" for i in range(16, 32)]
    with pytest.raises(ValueError, match="transform='arrow' must be one of"):
        selector.set_output(transform="arrow")


def test_clone_keeps_the_output_format(drawn):
    X = drawn.data.to_numpy()
    selector = fast_selector(drawn, modalities={"weak": slice(0, 16), "student": slice(16, 32)})
    cloned = clone(selector.set_output(transform="pandas")).fit(X, drawn.target)
    assert isinstance(cloned.transform(X), pd.DataFrame)


def test_clone_keeps_parameters(drawn):
    selector = CCHSelector(drawn.modalities, "student", criterion="cch")
    assert clone(selector).get_params() == selector.get_params()


def test_before_a_distiller_in_a_grid_search(drawn):
    student = drawn.modalities["student"]
    distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), student_columns=student, alpha=0.5, cv=3)
    pipeline = Pipeline([("select", fast_selector(drawn)), ("distill", distiller)])
    grid = {"select__criterion": ["advantage", "cch"], "distill__alpha": [0.0, 0.5]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(drawn.data, drawn.target)
    np.testing.assert_array_equal(search.predict(drawn.data[student]), search.predict(drawn.data))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"student": "urine"}, "student='urine' is not among the modalities: weak, student, strong"),
        ({"modalities": {"student": ["student_noise_0"]}}, "at least two modalities"),
        (
            {"modalities": {"student": ["nothing"], "b": slice(0, 2)}},
            r"names 1 column that X does not have: 'nothing'",
        ),
        (
            {"modalities": {"student": slice(0, 4), "b": slice(3, 6)}},
            "column 'weak_specific_0' belongs to both",
        ),
        ({"modalities": {"student": slice(0, 4), "b": []}}, "selects none of the columns"),
        ({"modalities": {"student": [0, 0], "b": [1]}}, "names a column of X twice"),
        ({"modalities": {"student": [0], "b": [99]}}, "does not fit X with 48 columns"),
        ({"criterion": "best"}, "'criterion' parameter of CCHSelector must be a str among"),
        ({"criterion": "risk"}, r"must be a str among \{'added', 'advantage', 'auto', 'cch', 'residual'\}"),
        ({"cv": 300}, "300 folds need at least 300 rows"),
        (
            {"encoder": {"urine": LogisticRegression()}},
            "encoder names 'urine', which is not among the modalities: weak, student, strong",
        ),
        (
            {"mutual_information": "classifier", "representation": "embedding", "encoder": None},
            "'classifier' takes class probabilities only",
        ),
    ],
)
def test_bad_input(drawn, changed, message):
    with pytest.raises(ValueError, match=message):
        fast_selector(drawn, **changed).fit(drawn.data, drawn.target)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda data: data.assign(strong_noise_0=np.inf),
            "240 values in column 'strong_noise_0' of modality 'strong'",
        ),
        (lambda data: data.assign(weak_noise_0="high"), "Column 'weak_noise_0' of modality 'weak'.*'high'"),
        (
            lambda data: data.assign(**dict.fromkeys([c for c in data if c.startswith("weak")], np.nan)),
            "Modality 'weak' is missing in all 240 rows",
        ),
    ],
)
def test_bad_tables(drawn, spoil, message):
    with pytest.raises(ValueError, match=message):
        fast_selector(drawn).fit(spoil(drawn.data), drawn.target)


def test_text_with_the_default_encoder(drawn):
    with pytest.raises(ValueError, match=r"Column 'weak_noise_0' of modality 'weak'.*'high'"):
        CCHSelector(drawn.modalities, "student").fit(drawn.data.assign(weak_noise_0="high"), drawn.target)


def test_missing_labels_are_not_a_class(drawn):
    y = drawn.target.astype(object).where(drawn.target.index > 3, None)
    with pytest.raises(ValueError, match="y holds 4 missing labels"):
        CCHSelector(drawn.modalities, "student").fit(drawn.data, y)


def test_progress_bar_only_when_asked(drawn, capfd):
    fast_selector(drawn).fit(drawn.data, drawn.target)
    assert capfd.readouterr() == ("", "")
    fast_selector(drawn, verbose=1).fit(drawn.data, drawn.target)
    assert "encoders" in capfd.readouterr().err


def test_no_torch():
    """Selecting, and distilling into scikit-learn students, never loads torch."""
    code = """
import sys
from sklearn.linear_model import LogisticRegression
from skcmkd import CCHSelector, NetworkClassifier, PairedDistiller
from skcmkd.datasets import make_gaussian_modalities, make_joint_gaussian
d = make_gaussian_modalities(60, random_state=0)
CCHSelector(d.modalities, "student", n_subsamples=2).fit(d.data, d.target)
linear = LogisticRegression()
PairedDistiller(linear, linear, student_columns=d.modalities["student"]).fit(d.data, d.target)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
