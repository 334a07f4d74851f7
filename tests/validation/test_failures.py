"""A failing model is explained by what its tables and labels hold, whatever the words of its own message."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skcmkd
from skcmkd import NetworkClassifier, PairedDistiller, UnpairedDistiller
from skcmkd._validation._failures import explain_failure
from skcmkd._validation._sklearn import InvalidParameterError


class Failing(ClassifierMixin, BaseEstimator):
    """A classifier of a third package: it fails with an error of its own."""

    def __init__(self, error=None, allow_nan=False):
        self.error = error
        self.allow_nan = allow_nan

    def fit(self, X, y, sample_weight=None):
        raise (self.error or ValueError)("no known wording")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.allow_nan
        return tags


class FitsNumbersOnly(LogisticRegression):
    """A classifier that, like XGBoost's, takes the classes 0, 1, ... alone."""

    def fit(self, X, y, sample_weight=None):
        if not np.array_equal(np.unique(y), np.arange(len(np.unique(y)))):
            raise ValueError(f"Invalid classes inferred from unique values of `y`. Got {np.unique(y)}")
        return super().fit(X, y, sample_weight)


@pytest.fixture
def frame():
    return pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd"))


Y = np.array([0, 1, 0])


def fail(model, X, y=Y, role="student"):
    """Fit a model that fails; the error's message."""
    with pytest.raises(ValueError) as caught, explain_failure(model, role, lambda: {"X": X}, {"y": y}):  # noqa: PT011
        model.fit(X, y)
    return str(caught.value)


TABLES = {
    "text": (lambda X: X.assign(c=["1", "two", "3"]), r"^Column 'c' of X .*holds 'two', .*Encode it"),
    "category": (lambda X: X.assign(c=pd.Categorical(["u", "v", "u"])), r"^Column 'c' of X .*category and holds 'u'"),
    "dates": (lambda X: X.assign(c=pd.date_range("2020", periods=3)), r"^Column 'c' of X .*datetime64.*Turn it into"),
    "infinity": (lambda X: X.assign(c=[1, np.inf, 3]), r"^Input X contains infinity: 1 values in column 'c'"),
    "missing": (
        lambda X: X.assign(c=[1, None, 3]),
        r"^Input X contains NaN: 1 values, the first in column 'c'.* imputer",
    ),
    "empty": (
        lambda X: X.assign(b=[1, None, 3], c=np.nan),
        r"^Input X contains NaN: 4 values, the first in column 'b'. Column 'c' is missing in all.*Leave it",
    ),
}
OWN_MESSAGE = "The model's own message: no known wording"


@pytest.mark.parametrize("error", [ValueError, TypeError])
@pytest.mark.parametrize(("change", "message"), TABLES.values(), ids=TABLES)
def test_tables(frame, change, message, error):
    assert re.search(message, found := fail(Failing(error), change(frame)))
    assert OWN_MESSAGE not in found
    for model in (make_pipeline("passthrough", Failing(error)), VotingClassifier([("one", Failing(error))])):
        assert re.search(message, found := fail(model, change(frame)))
        assert found.endswith(OWN_MESSAGE)


def test_a_composite_model_may_take_missing_values(frame):
    frame.loc[0, "b"] = np.nan
    found = fail(make_pipeline(SimpleImputer(), Failing()), frame)
    assert "If the student Pipeline takes none, put an imputer first" in found
    assert "and the student Failing takes none. Put an imputer first" in fail(Failing(), frame)


def test_models_that_take_missing_values_or_categories(frame):
    model = Failing(allow_nan=True)
    assert fail(model, frame.mask(frame == 1)) == "no known wording"
    # Its own message stays beside the explanation: it may have failed for another reason.
    assert fail(model, frame.assign(b=np.nan)).endswith(OWN_MESSAGE)
    boosting = HistGradientBoostingClassifier()
    with (
        pytest.raises(ValueError, match=r"^mine$"),
        explain_failure(boosting, "student", lambda: {"X": frame.assign(c=pd.Categorical(["u", "v", "u"]))}),
    ):
        raise ValueError("mine")


@pytest.mark.parametrize("convert", [lambda frame: frame.to_numpy(), lambda frame: frame.astype(object).to_numpy()])
def test_columns_of_arrays_are_named_by_position(frame, convert):
    frame.loc[1, "c"] = np.nan
    assert "the first in column 2, and the teacher Failing" in fail(Failing(), convert(frame), role="teacher")


def test_the_first_of_several_tables_that_explains(frame):
    spoiled = frame.assign(d=["x", "y", "z"])
    with (
        pytest.raises(ValueError, match=r"^Column 'd' of unlabeled_pairs\[0\]"),
        explain_failure(Failing(), "student", lambda: {"X": frame, "unlabeled_pairs[0]": spoiled}),
    ):
        Failing().fit(frame, Y)


def test_labels_of_text(frame):
    y = np.array(["well", "ill", "well"])
    found = fail(FitsNumbersOnly(), frame, y)
    assert "(The student FitsNumbersOnly was fitted to labels of text, such as 'well'." in found
    assert found.startswith("Invalid classes")
    assert "LabelEncoder().fit_transform(y)" in found
    assert fail(Failing(), frame) == "no known wording"


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_labels_of_text_in_the_distillers(role):
    rng = np.random.RandomState(0)
    X, T, y = rng.normal(size=(40, 2)), rng.normal(size=(40, 2)), np.array(["ill", "well"])[np.arange(40) % 2]
    models = {"student": LogisticRegression(), "teacher": LogisticRegression(), role: FitsNumbersOnly()}
    paired = PairedDistiller(**models, alpha=0.5)
    message = rf"Invalid classes.*The {role} FitsNumbersOnly was fitted to labels of text, such as 'ill'.*LabelEncoder"
    with pytest.raises(ValueError, match=message):
        paired.fit(X, y, X_teacher=T)
    paired.fit(X, (y == "ill").astype(int), X_teacher=T)
    with pytest.raises(ValueError, match=message):
        UnpairedDistiller(**models, alpha=0.5).fit(X, y, teacher_data=(T, y))


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, MemoryError, InvalidParameterError, NotFittedError, ZeroDivisionError]
)
def test_other_errors_go_through(frame, error):
    with (
        pytest.raises(error, match=r"^mine$"),
        explain_failure(Failing(), "student", lambda: {"X": frame.assign(c="text")}),
    ):
        raise error("mine")


def test_parameters_of_the_model_go_through(frame):
    with (
        pytest.raises(InvalidParameterError, match="'C' parameter"),
        explain_failure(LogisticRegression(), "student", lambda: {"X": frame.assign(c="text")}),
    ):
        LogisticRegression(C=-1).fit(frame, Y)


def test_messages_of_this_package_go_through(frame):
    """They name the cause already; a network's message about a column is replaced, for it cannot name the table."""
    frame.loc[0, "b"] = np.nan
    pipeline = make_pipeline(SimpleImputer(), NetworkClassifier(()))
    with (
        pytest.raises(ValueError, match=r"^hidden_layer_sizes"),
        explain_failure(pipeline, "student", lambda: {"X": frame}),
    ):
        pipeline.fit(frame, Y)
    spoiled = frame.assign(c=["x", "y", "z"])
    with (
        pytest.raises(ValueError, match=r"^Column 'c' of X_teacher"),
        explain_failure(NetworkClassifier(), "teacher", lambda: {"X_teacher": spoiled}),
    ):
        NetworkClassifier().fit(spoiled, Y)


def test_an_error_is_explained_once_by_the_innermost_block_that_can(frame):
    missing, text = frame.mask(frame == 1), frame.assign(c="text")
    for inner, message in ((text, r"^Column 'c' of T "), (frame, r"^Input X contains NaN")):
        with pytest.raises(ValueError, match=message), explain_failure(Failing(), "student", lambda: {"X": missing}):  # noqa: SIM117
            with explain_failure(Failing(), "teacher", lambda table=inner: {"T": table}):
                Failing().fit(frame, Y)


def test_tables_are_read_after_a_failure_only():
    with explain_failure(Failing(), "student", lambda: 1 / 0):
        pass


def test_models_that_encode_are_not_failed_for_them(frame):
    """Nothing is refused before the model has failed."""
    frame["sex"] = ["f", "m", "f"]
    encode = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    for model in (encode, GridSearchCV(encode, {"onehotencoder__drop": [None]}, cv=[([0, 1, 2], [0, 1, 2])])):
        with explain_failure(model, "student", lambda: {"X": frame}):
            model.fit(frame, Y)
    for model in (
        VotingClassifier([("l", LogisticRegression())]),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ):
        found = fail(model, frame)
        assert found.startswith("Column 'sex' of X")
        assert "The model's own message: could not convert" in found


def test_no_message_and_no_module_path_is_compared():
    """scikit-learn may change both with every release."""
    root = Path(skcmkd.__file__).parent
    pattern = re.compile(
        r"\bin str\(|str\(\w+\)\.(partition|startswith)|\.args\[0\]|__module__\.?(startswith|\s*==| in)"
    )
    found = [
        str(path.relative_to(root)) for path in root.rglob("*.py") if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
