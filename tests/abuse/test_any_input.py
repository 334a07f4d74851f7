"""Any input gives a valid result, or a ValueError or TypeError with a message."""

import os
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import DistillationReport, cch_matrix, mutual_information
from skcmkd.datasets import make_gaussian_modalities, make_joint_gaussian

from .tables import mutual, network, network_regressor, paired, paired_regressor, selector, unpaired

# More examples by hand: SKCMKD_EXAMPLES=300 python -m pytest tests/abuse/test_any_input.py
EXAMPLES = int(os.environ.get("SKCMKD_EXAMPLES", 0))
COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": not EXAMPLES, "database": None}


def examples(few):
    return settings(max_examples=EXAMPLES or few, **COMMON)


DTYPES = ("float64", "float32", "int64", "int8", "uint16", "bool", "object", "float16", ">f8", "Float64", "str")
LAYOUTS = ("C", "F", "strided", "reversed", "read-only", "frame", "frame of any index", "list")
SCALES = (1.0, 1e30, 1e-30, 0.0)
SPOILS = ("none", "constant", "duplicate rows", "duplicate column", "missing row", "missing cell", "infinite cell")
LABELS = {
    "whole": lambda codes: codes,
    "negative": lambda codes: -codes - 1,
    "huge": lambda codes: codes + 2**60,
    "unsigned": lambda codes: codes.astype("uint64") + 2**63,
    "text": lambda codes: np.array(["b", "a", "c", "d"])[codes],
    "text objects": lambda codes: np.array(["b", "ä", "", " "], dtype=object)[codes],
    "floats": lambda codes: codes.astype(float),
    "truth": lambda codes: codes > 0,
    "objects": lambda codes: codes.astype(object),
    "bytes": lambda codes: np.array([b"b", b"a", b"c", b"d"])[codes],
    "category": lambda codes: pd.Categorical(codes),
    "one class": lambda codes: codes * 0,
    "missing": lambda codes: np.where(codes == 0, np.nan, codes),
    "none": lambda codes: np.array([None, "a", "b", "c"], dtype=object)[codes],
    "mixed": lambda codes: np.array([0, "a", 1.5, None], dtype=object)[codes],
    "infinite": lambda codes: np.where(codes == 0, np.inf, codes),
    "fractions": lambda codes: codes + np.linspace(0, 0.3, len(codes)),
    "column": lambda codes: codes[:, None],
    "two columns": lambda codes: np.c_[codes, codes],
    "dates": lambda codes: np.datetime64("2020-01-01") + codes,
    "complex": lambda codes: codes * 1j,
    "nullable": lambda codes: pd.Series(codes, dtype="Int64"),
}
CONTINUOUS = ("fractions", "floats", "whole", "huge", "negative", "two columns", "missing", "infinite", "text")


@st.composite
def tables(draw, n, name, min_columns=1):
    """A table of n rows with any dtype, layout and scale, with or without a spoiled value."""
    n_columns = draw(st.integers(min_columns, 4))
    values = np.random.RandomState(draw(st.integers(0, 99))).normal(size=(n, n_columns))
    values *= draw(st.sampled_from(SCALES))
    spoil = draw(st.sampled_from(SPOILS))
    if n:
        if spoil == "constant":
            values[:, 0] = 3.0
        elif spoil == "duplicate rows":
            values[:] = values[: max(1, n // 4)][np.arange(n) % max(1, n // 4)]
        elif spoil == "duplicate column":
            values = np.c_[values, values[:, 0]]
        elif spoil == "missing row":
            values[0] = np.nan
        elif spoil == "missing cell":
            values[-1, 0] = np.nan
        elif spoil == "infinite cell":
            values[-1, 0] = np.inf
    dtype = draw(st.sampled_from(DTYPES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cast here may overflow
        if dtype == "Float64":
            return pd.DataFrame(values, columns=[f"{name}{i}" for i in range(values.shape[1])]).astype("Float64")
        values = values.astype(dtype)
    return lay_out(values, draw(st.sampled_from(LAYOUTS)), name)


def lay_out(values, layout, name):
    """The same values with another layout in memory, or in another container."""
    if layout == "F":
        return np.asfortranarray(values)
    if layout == "strided":
        return np.repeat(values, 2, axis=0)[::2]
    if layout == "reversed":
        return np.ascontiguousarray(values[::-1, ::-1])[::-1, ::-1]
    if layout == "read-only":
        values.setflags(write=False)
    if layout in ("frame", "frame of any index"):
        index = pd.RangeIndex(len(values)) if layout == "frame" else [f"P{i % 7}" for i in range(len(values))]
        return pd.DataFrame(values, index=index, columns=[f"{name}{i}" for i in range(values.shape[1])])
    return values.tolist() if layout == "list" else values


@st.composite
def cohorts(draw, kinds=tuple(LABELS), min_columns=1):
    """A student's table, a teacher's, and labels of any kind; mostly of one length."""
    n = draw(st.one_of(st.integers(12, 40), st.integers(0, 12)))
    n_classes = draw(st.integers(2, 4))
    codes = np.random.RandomState(draw(st.integers(0, 99))).randint(n_classes, size=n)
    y = LABELS[draw(st.sampled_from(kinds))](codes)
    if draw(st.booleans()):
        y = y.tolist()
    S, T = draw(tables(n, "s", min_columns)), draw(tables(draw(st.sampled_from([n, n, n, n + 1])), "t"))
    return S, T, y


def copy_of(value):
    return value.copy() if hasattr(value, "copy") else value


def assert_unchanged(inputs, copies):
    for value, copied in zip(inputs, copies, strict=True):
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(value, copied)
        else:
            assert str(value) == str(copied)


# Warnings that scikit-learn's models raise.
OWN_WARNINGS = (
    "All rows have a label",
    "lbfgs failed to converge",
    "number of unique classes is greater than 50%",
    "A column-vector y was passed",
    "Ill-conditioned matrix",
    "The least populated class",
    "valid feature names",
    "Singular matrix",
    "invalid value encountered in reduce",  # infinities of both signs; an error follows
)


def attempt(act, *inputs):
    """The result, or None after a ValueError or TypeError with a message; the inputs must not change."""
    copies = [copy_of(value) for value in inputs]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for words in OWN_WARNINGS:
            warnings.filterwarnings("ignore", message=f"(?s).*{words}")
        try:
            result = act()
        except (ValueError, TypeError) as error:
            result, message = None, str(error)
        else:
            message = None
    assert message is None or len(message) > 20
    assert_unchanged(inputs, copies)
    return result


def assert_probabilities(proba, n_rows, n_classes):
    assert proba.shape == (n_rows, n_classes)
    assert np.isfinite(proba).all()
    assert (proba >= 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)


# A logistic regression alone overflows on columns of any scale, with a warning.
SCALED = {name: make_pipeline(StandardScaler(), LogisticRegression()) for name in ("student", "teacher")}
SCALED_REGRESSORS = {name: make_pipeline(StandardScaler(), Ridge()) for name in ("student", "teacher")}
CLASSIFIERS = {
    "paired": paired(**SCALED),
    "paired auto": paired(alpha="auto", **SCALED),
    "paired network": paired(student=network(), teacher=network()),
    "mutual": mutual(),
    "network": network(linear_weight=0.5),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
@examples(12)
@given(drawn=cohorts())
def test_classifiers(name, drawn):
    S, T, y = drawn
    more = {} if name == "network" else {"X_teacher": T}

    def fit_and_predict():
        fitted = clone(CLASSIFIERS[name]).fit(S, y, **more)
        return fitted, fitted.predict_proba(S), fitted.predict(S)

    result = attempt(fit_and_predict, S, T, y)
    if result is not None:
        fitted, proba, predicted = result
        assert_probabilities(proba, len(S), len(fitted.classes_))
        assert set(predicted.tolist()) <= set(fitted.classes_.tolist())
        assert fitted.n_features_in_ == np.shape(S)[1]


REGRESSORS = {"paired": paired_regressor(**SCALED_REGRESSORS), "network": network_regressor()}


@pytest.mark.parametrize("name", REGRESSORS)
@examples(12)
@given(drawn=cohorts(CONTINUOUS))
def test_regressors(name, drawn):
    S, T, y = drawn
    more = {"X_teacher": T} if name == "paired" else {}
    predicted = attempt(lambda: clone(REGRESSORS[name]).fit(S, y, **more).predict(S), S, T, y)
    if predicted is not None:
        assert len(predicted) == len(S)
        assert np.isfinite(predicted).all()


@pytest.mark.parametrize("alignment", ["none", "auto", "prototypes"])
@examples(10)
@given(students=cohorts(), teachers=cohorts())
def test_unpaired(alignment, students, teachers):
    (S, _, y), (_, T, y_teacher) = students, teachers
    models = {**SCALED, "student": network()} if alignment == "prototypes" else SCALED
    distiller = unpaired(alignment=alignment, random_state=0, **models)

    def fit_and_predict():
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore",
                message="The cohorts do not have the same classes|The student is worse|.*rows of X, with the same",
            )
            fitted = distiller.fit(S, y, teacher_data=(T, y_teacher), unlabeled=(S,))
        return fitted.predict_proba(S), fitted.classes_

    result = attempt(fit_and_predict, S, T, y, y_teacher)
    if result is not None:
        assert_probabilities(result[0], len(S), len(result[1]))


@examples(10)
@given(drawn=cohorts(min_columns=2))
def test_selector(drawn):
    X, _, y = drawn
    unfitted = selector(modalities={"student": [0], "teacher": slice(1, None)})
    fitted = attempt(lambda: unfitted.fit(X, y), X, y)
    if fitted is not None:
        metrics = fitted.results_[["teacher_student", "student_label", "teacher_label", "gap", "advantage"]]
        assert np.isfinite(metrics.to_numpy()).all()
        assert np.shape(attempt(lambda: fitted.transform(X), X))[0] == len(X)
        matrix = attempt(lambda: cch_matrix(fitted, X, y), X, y)
        assert len(matrix) == 2


@examples(4)
@given(drawn=cohorts(("whole", "text", "missing")))
def test_report(drawn):
    S, T, y = drawn
    report = attempt(
        lambda: DistillationReport.from_estimator(paired(**SCALED), S, y, X_teacher=T, cv=3, random_state=0), S, T
    )
    if report is not None:
        assert np.isfinite(report.to_frame()["accuracy"]).all()


@pytest.mark.parametrize("estimator", ["cca", "gaussian", "ksg", "classifier", "latent", "mine", "infonce"])
@examples(10)
@given(drawn=cohorts(), of_label=st.booleans())
def test_mutual_information(estimator, drawn, of_label):
    S, T, y = drawn
    trained = {"estimator": estimator}
    if estimator in ("latent", "mine", "infonce"):
        from functools import partial

        from skcmkd import information

        trained = {"estimator": partial(getattr(information, estimator), max_epochs=2)}
    Y = y if of_label or estimator == "classifier" else T
    estimate = attempt(lambda: mutual_information(S, Y, n_subsamples=0, random_state=0, **trained), S, Y)
    assert estimate is None or np.isfinite(estimate.value)


numbers = st.one_of(st.integers(-3, 30), st.sampled_from([0.5, np.nan, np.inf, None, "many", 1e30, True]))


@examples(40)
@given(
    n=numbers,
    sizes=st.tuples(numbers, numbers, numbers),
    strength=numbers,
)
def test_simulated(n, sizes, strength):
    makers = (
        lambda: make_gaussian_modalities(n, n_shared=sizes[0], n_noise=sizes[1], n_classes=sizes[2], random_state=0),
        lambda: make_gaussian_modalities(30, shared_signal=strength, measurement_noise=1.0, random_state=0),
        lambda: make_joint_gaussian(n, n_teacher_features=sizes[0], student_label=strength, random_state=0),
    )
    for make in makers:
        drawn = attempt(make)
        if drawn is not None:
            assert np.isfinite(drawn.data.to_numpy()).all()
            assert np.isfinite([*drawn.label_information.values(), *drawn.shared_information.values()]).all()
