"""Whatever comes in, what comes out is a valid result or a ValueError or TypeError that says what is wrong."""

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
from skcmkd.datasets import make_gaussian_modalities, make_joint_gaussian, make_known_information

from .material import mutual, network, network_regressor, paired, paired_regressor, selector, unpaired

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
QUANTITIES = ("fractions", "floats", "whole", "huge", "negative", "two columns", "missing", "infinite", "text")
TASKS = ("normal", "half_cube", "spiral", "swiss_roll", "student_t", "asinh", "low_rank", "mixture", 3)


@st.composite
def tables(draw, n, name, least_columns=1):
    """A table of n rows with any type, layout and scale, sound or spoilt."""
    n_columns = draw(st.integers(least_columns, 4))
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
        warnings.simplefilter("ignore")  # the cast is the test's own
        if dtype == "Float64":
            return pd.DataFrame(values, columns=[f"{name}{i}" for i in range(values.shape[1])]).astype("Float64")
        values = values.astype(dtype)
    return lay_out(values, draw(st.sampled_from(LAYOUTS)), name)


def lay_out(values, layout, name):
    """The same table in another place or kind of memory."""
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
def cohorts(draw, kinds=tuple(LABELS), least_columns=1):
    """A student's table, a teacher's, and labels of any kind; mostly of one length."""
    n = draw(st.one_of(st.integers(12, 40), st.integers(0, 12)))
    n_classes = draw(st.integers(2, 4))
    codes = np.random.RandomState(draw(st.integers(0, 99))).randint(n_classes, size=n)
    y = LABELS[draw(st.sampled_from(kinds))](codes)
    if draw(st.booleans()):
        y = y.tolist()
    S, T = draw(tables(n, "s", least_columns)), draw(tables(draw(st.sampled_from([n, n, n, n + 1])), "t"))
    return S, T, y


def copied(given):
    return given.copy() if hasattr(given, "copy") else given


def assert_unchanged(given, before):
    for one, other in zip(given, before, strict=True):
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other)
        else:
            assert str(one) == str(other)


# What the models that were given say themselves, in scikit-learn's words.
OWN_WARNINGS = (
    "lbfgs failed to converge",
    "number of unique classes is greater than 50%",
    "A column-vector y was passed",
    "Ill-conditioned matrix",
    "The least populated class",
    "valid feature names",
    "Singular matrix",
    "invalid value encountered in reduce",  # infinities of both signs, which it then refuses
)


def attempt(act, *given):
    """What the action gives, or None where it refuses in words; nothing else may happen, and inputs stay."""
    before = [copied(one) for one in given]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for words in OWN_WARNINGS:
            warnings.filterwarnings("ignore", message=f"(?s).*{words}")
        try:
            result = act()
        except (ValueError, TypeError) as error:
            result, said = None, str(error)
        else:
            said = "nothing at all, as is right"
    assert len(said) > 20
    assert_unchanged(given, before)
    return result


def assert_probabilities(proba, n_rows, n_classes):
    assert proba.shape == (n_rows, n_classes)
    assert np.isfinite(proba).all()
    assert (proba >= 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)


# A logistic regression overflows on columns of any scale by itself, and says so.
SCALED = {name: make_pipeline(StandardScaler(), LogisticRegression()) for name in ("student", "teacher")}
SCALED_REGRESSORS = {name: make_pipeline(StandardScaler(), Ridge()) for name in ("student", "teacher")}
CLASSIFIERS = {
    "paired": paired(**SCALED),
    "paired auto": paired(alpha="auto", **SCALED),
    "paired network": paired(student=network(), teacher=network()),
    "mutual": mutual(),
    "network": network(),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
@examples(12)
@given(given=cohorts())
def test_classifiers(name, given):
    S, T, y = given
    more = {} if name == "network" else {"X_teacher": T}

    def fit_and_ask():
        fitted = clone(CLASSIFIERS[name]).fit(S, y, **more)
        return fitted, fitted.predict_proba(S), fitted.predict(S)

    found = attempt(fit_and_ask, S, T, y)
    if found is not None:
        fitted, proba, predicted = found
        assert_probabilities(proba, len(S), len(fitted.classes_))
        assert set(predicted.tolist()) <= set(fitted.classes_.tolist())
        assert fitted.n_features_in_ == np.shape(S)[1]


REGRESSORS = {"paired": paired_regressor(**SCALED_REGRESSORS), "network": network_regressor()}


@pytest.mark.parametrize("name", REGRESSORS)
@examples(12)
@given(given=cohorts(QUANTITIES))
def test_regressors(name, given):
    S, T, y = given
    more = {"X_teacher": T} if name == "paired" else {}
    predicted = attempt(lambda: clone(REGRESSORS[name]).fit(S, y, **more).predict(S), S, T, y)
    if predicted is not None:
        assert len(predicted) == len(S)
        assert np.isfinite(predicted).all()


@pytest.mark.parametrize("alignment", ["none", "auto", "prototypes"])
@examples(10)
@given(own=cohorts(), other=cohorts())
def test_unpaired(alignment, own, other):
    (S, _, y), (_, T, y_teacher) = own, other
    models = {**SCALED, "student": network()} if alignment == "prototypes" else SCALED
    distiller = unpaired(alignment=alignment, random_state=0, **models)

    def fit_and_ask():
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The cohorts do not have the same classes|The student is worse")
            fitted = distiller.fit(S, y, teacher_data=(T, y_teacher), unlabeled=(S,))
        return fitted.predict_proba(S), fitted.classes_

    found = attempt(fit_and_ask, S, T, y, y_teacher)
    if found is not None:
        assert_probabilities(found[0], len(S), len(found[1]))


@examples(10)
@given(given=cohorts(least_columns=2))
def test_selector(given):
    X, _, y = given
    chooser = selector(modalities={"student": [0], "teacher": slice(1, None)})
    found = attempt(lambda: chooser.fit(X, y), X, y)
    if found is not None:
        figures = found.results_[["teacher_student", "student_label", "teacher_label", "gap", "advantage"]]
        assert np.isfinite(figures.to_numpy()).all()
        assert np.shape(attempt(lambda: found.transform(X), X))[0] == len(X)
        matrix = attempt(lambda: cch_matrix(found, X, y), X, y)
        assert len(matrix) == 2


@examples(4)
@given(given=cohorts(("whole", "text", "missing")))
def test_report(given):
    S, T, y = given
    report = attempt(
        lambda: DistillationReport.from_estimator(paired(**SCALED), S, y, X_teacher=T, cv=3, random_state=0), S, T
    )
    if report is not None:
        assert np.isfinite(report.to_frame()["accuracy"]).all()


@pytest.mark.parametrize("estimator", ["cca", "gaussian", "ksg", "classifier", "latent", "mine", "infonce"])
@examples(10)
@given(given=cohorts(), of_label=st.booleans())
def test_information(estimator, given, of_label):
    S, T, y = given
    trained = {"estimator": estimator}
    if estimator in ("latent", "mine", "infonce"):
        from functools import partial

        from skcmkd import information

        trained = {"estimator": partial(getattr(information, estimator), max_epochs=2)}
    other = y if of_label or estimator == "classifier" else T
    found = attempt(lambda: mutual_information(S, other, n_subsamples=0, random_state=0, **trained), S, other)
    assert found is None or np.isfinite(found.value)


numbers = st.one_of(st.integers(-3, 30), st.sampled_from([0.5, np.nan, np.inf, None, "many", 1e30, True]))


@examples(40)
@given(
    n=numbers,
    sizes=st.tuples(numbers, numbers, numbers),
    strength=numbers,
    task=st.sampled_from(TASKS),
)
def test_simulated(n, sizes, strength, task):
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
    drawn = attempt(lambda: make_known_information(task, information=strength, n_columns=sizes[0], random_state=0))
    if drawn is not None:
        assert np.isfinite(drawn.X).all()
        assert np.isfinite(drawn.information)
