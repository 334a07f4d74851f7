"""Every exported graph is compared with its student, and refused where it predicts otherwise."""

import inspect
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from skcmkd import NetworkClassifier, PairedDistiller, student_to_onnx
from skcmkd.persistence import _onnx_check

pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")
N_ROWS = 120
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(N_ROWS, 3))
LABELS = (X[:, 0] + 0.5 * RANDOM.normal(size=N_ROWS) > 0).astype(int)
NUMBERS = X @ [1.0, 2.0, 3.0]
WITH_MISSING = np.where(RANDOM.uniform(size=X.shape) < 0.2, np.nan, X)
# The probability depends on whether the first column is missing.
BY_MISSING = np.isnan(WITH_MISSING[:, 0]).astype(int)
TABLE = pd.DataFrame(
    {
        "double": X[:, 0],
        "single": X[:, 1].astype(np.float32),
        "whole": RANDOM.randint(0, 4, N_ROWS),
        "yes": RANDOM.uniform(size=N_ROWS) < 0.5,
        "nullable": pd.array(RANDOM.randint(0, 3, N_ROWS), dtype="Int64"),
        "sex": np.where(RANDOM.uniform(size=N_ROWS) < 0.5, "F", "M"),
        "site": pd.Categorical(np.where(RANDOM.uniform(size=N_ROWS) < 0.5, "north", "south")),
    }
)
FRACTIONS = ["double", "single"]
GROUPS = {
    "fractions": (StandardScaler(), FRACTIONS),
    "imputed": (make_pipeline(SimpleImputer(), StandardScaler()), FRACTIONS),
    "whole numbers": (StandardScaler(), ["whole", "yes", "nullable"]),
    "whole numbers as categories": (OneHotEncoder(sparse_output=False), ["whole", "nullable"]),
    "text": (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), ["sex", "site"]),
    "ordinal": (OrdinalEncoder(), ["sex", "site"]),
}


def run(graph, table):
    """The outputs of a graph, by onnxruntime alone; every input in the type that the graph declares."""
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": np.float32, "tensor(string)": object}
    if isinstance(table, np.ndarray):
        return session.run(None, {session.get_inputs()[0].name: table.astype(np.float32)})
    return session.run(
        None, {i.name: table[i.name].to_numpy().astype(kinds[i.type]).reshape(-1, 1) for i in session.get_inputs()}
    )


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("last", [LogisticRegression(), NetworkClassifier((4,), max_epochs=2, random_state=0)])
def test_columns_of_any_type_are_inputs_of_single_precision_or_text(group, last):
    student = make_pipeline(make_column_transformer(GROUPS[group]), last).fit(TABLE, LABELS)
    proba = run(student_to_onnx(student, TABLE), TABLE)[1]
    np.testing.assert_allclose(proba, student.predict_proba(TABLE), atol=1e-5)


def test_a_pipeline_in_a_pipeline_asks_for_columns_by_name():
    student = make_pipeline(make_pipeline(make_column_transformer(GROUPS["text"])), LogisticRegression())
    student.fit(TABLE, LABELS)
    np.testing.assert_allclose(run(student_to_onnx(student, TABLE), TABLE)[1], student.predict_proba(TABLE), atol=1e-5)


def test_of_a_table_of_both_modalities_the_students_columns_are_taken():
    columns = ["c", "a"]
    table = pd.DataFrame(X, columns=list("abc")).assign(teacher=NUMBERS)
    distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), student_columns=columns, alpha=0.5)
    distiller.fit(table, LABELS)
    graph = student_to_onnx(distiller, table)
    np.testing.assert_allclose(run(graph, table[columns].to_numpy())[1], distiller.predict_proba(table), atol=1e-5)
    with pytest.raises(ValueError, match="X lacks 1 of the student's 2 columns: 'a'"):
        student_to_onnx(distiller, table[["c"]])
    with pytest.raises(ValueError, match="X has 3 features"):
        student_to_onnx(LogisticRegression().fit(X[:, :2], LABELS), X)


def test_an_array_stands_for_the_table_of_fit_by_position():
    table = pd.DataFrame(X, columns=list("abc"))
    student = LogisticRegression().fit(table, LABELS)
    np.testing.assert_allclose(run(student_to_onnx(student, X), X)[1], student.predict_proba(table), atol=1e-5)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_an_array_of_another_width_is_refused():
    student = LogisticRegression().fit(pd.DataFrame(X, columns=list("abc")), LABELS)
    with pytest.raises(ValueError, match="X has 2 features"):
        student_to_onnx(student, X[:, :2])


@pytest.mark.parametrize("n_rows", [2, N_ROWS])
@pytest.mark.parametrize(
    ("last", "y"), [(LogisticRegression(), BY_MISSING), (RidgeClassifier(), BY_MISSING), (Ridge(), NUMBERS)]
)
def test_a_graph_that_differs_is_refused_and_the_step_named(last, y, n_rows):
    """skl2onnx drops the indicators of an imputer, without an error before a linear model."""
    student = make_pipeline(SimpleImputer(add_indicator=True), last).fit(WITH_MISSING, y)
    some = WITH_MISSING[np.argsort(np.isnan(WITH_MISSING[:, 0]))[-n_rows:]]
    message = (
        r"differs from the student on rows of X.* where the student gives .*'simpleimputer', SimpleImputer\(add_ind"
    )
    with pytest.raises(ValueError, match=message):
        student_to_onnx(student, some)


def test_the_message_has_the_values_of_the_row():
    student = make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression()).fit(WITH_MISSING, BY_MISSING)
    with pytest.raises(ValueError, match="where the student gives") as caught:
        student_to_onnx(student, WITH_MISSING)
    text = str(caught.value)
    row = int(text.split("in row ")[1].split(".")[0])
    expected = np.array2string(student.predict_proba(WITH_MISSING[[row]])[0], precision=3)
    assert f"where the student gives {student.predict(WITH_MISSING[[row]])[0]} and {expected}, in row {row}." in text


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_global_output_settings_change_no_graph_and_no_comparison(output):
    if output == "polars" and sklearn.__version__.startswith("1.7."):
        pytest.skip("A ColumnTransformer of scikit-learn 1.7 takes no polars output of its parts.")
    with sklearn.config_context(transform_output=output):
        student = make_pipeline(make_column_transformer(GROUPS["fractions"]), LogisticRegression()).fit(TABLE, LABELS)
        graph = student_to_onnx(student, TABLE)
        np.testing.assert_allclose(run(graph, TABLE)[1], student.predict_proba(TABLE), atol=1e-5)
        table = pd.DataFrame(WITH_MISSING, columns=list("abc"))
        student = make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression()).fit(table, BY_MISSING)
        with pytest.raises(ValueError, match=r"'simpleimputer', SimpleImputer\(add_indicator=True\)"):
            student_to_onnx(student, table)


def test_a_step_without_a_converter_is_named():
    student = make_pipeline(StandardScaler(), FunctionTransformer(np.cbrt), LogisticRegression()).fit(X, LABELS)
    with pytest.raises(
        ValueError, match=r"cannot convert the student Pipeline: .*'functiontransformer', FunctionTrans"
    ):
        student_to_onnx(student, X)


def test_values_that_the_rows_do_not_hold_are_a_warning():
    """Forests fitted without missing values take them, and their graphs send them another way."""
    forest = RandomForestClassifier(5, random_state=0).fit(X, LABELS)
    with pytest.warns(UserWarning, match="with missing values: .* X holds no such values") as caught:
        graph = student_to_onnx(forest, X)
    assert caught[0].filename == __file__
    np.testing.assert_allclose(run(graph, X)[1], forest.predict_proba(X), atol=1e-5)
    forest.fit(WITH_MISSING, LABELS)
    with pytest.raises(ValueError, match=r"on rows of X.*step that differs is RandomForestClassifier"):
        student_to_onnx(forest, WITH_MISSING)


def test_missing_values_are_tried_in_the_columns_that_may_hold_them():
    columns = make_column_transformer((SimpleImputer(), [0]), (StandardScaler(), [1, 2]))
    student = make_pipeline(columns, LogisticRegression()).fit(X, LABELS)
    table = X.copy()
    table[::2, 0] = np.nan
    tried = [sample.rows for sample in _onnx_check.sample_rows(X, student.predict)]
    assert [np.isnan(rows).any(axis=0).tolist() for rows in tried] == [[False] * 3, [True, False, False]]
    np.testing.assert_allclose(run(student_to_onnx(student, X), table)[1], student.predict_proba(table), atol=1e-5)


def test_unknown_categories_are_tried():
    student = make_pipeline(make_column_transformer(GROUPS["text"]), LogisticRegression()).fit(TABLE, LABELS)
    tried = [sample for sample in _onnx_check.sample_rows(TABLE, student.predict) if "unknown" in sample.kind]
    assert not set(tried[0].rows["sex"]) & {"F", "M"}
    assert not tried[0].is_present


@pytest.mark.parametrize("n_noises", [0, 16])
def test_rows_that_rounding_moves_over_a_threshold_do_not_count(n_noises, monkeypatch):
    """Thresholds between values that are equal in single precision behind a scaler."""
    monkeypatch.setattr(_onnx_check, "N_NOISES", n_noises)
    table = 1e4 + np.arange(N_ROWS)[:, None] % 10 * 1e-3
    student = make_pipeline(StandardScaler(), DecisionTreeClassifier()).fit(table, np.arange(N_ROWS) % 2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The ONNX graph differs .* with missing values")
        if n_noises:
            student_to_onnx(student, table)
        else:
            with pytest.raises(ValueError, match="differs from the student on rows of X:"):
                student_to_onnx(student, table)


def test_fractions_as_categories_have_no_single_precision():
    student = make_pipeline(OrdinalEncoder(), LogisticRegression()).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"does not take the numbers of X in single precision.*unknown categories"):
        student_to_onnx(student, X)


def test_a_missing_value_that_the_student_refuses():
    student = LogisticRegression().fit(X, LABELS)
    with pytest.raises(ValueError, match=r"contains NaN.*Put an imputer first"):
        student_to_onnx(student, WITH_MISSING)


def test_without_onnxruntime_the_graph_comes_with_a_warning(monkeypatch):
    student = LinearRegression().fit(X, NUMBERS)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.warns(UserWarning, match="was not compared with the student, for onnxruntime is missing") as caught:
        graph = student_to_onnx(student, X)
    assert caught[0].filename == __file__
    monkeypatch.undo()
    np.testing.assert_allclose(run(graph, X)[0].ravel(), student.predict(X), rtol=1e-5, atol=1e-5)


def test_rows_without_a_complete_text_cannot_be_compared():
    table = pd.DataFrame({"sex": ["F", "M"] * 4, "site": ["north", "south"] * 4})
    student = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["sex", "site"])), LogisticRegression()
    ).fit(table, np.arange(8) % 2)
    with pytest.warns(UserWarning, match="each row of X lacks a text"):
        student_to_onnx(student, table.assign(sex=None))


@pytest.mark.parametrize("model", [LinearSVC(), SGDClassifier(random_state=0), RidgeClassifier()], ids=type)
def test_classifiers_without_probabilities(model):
    names = np.array(["well", "ill"])[LABELS]
    labels = run(student_to_onnx(model.fit(X, names), X), X)[0]
    np.testing.assert_array_equal(labels, model.predict(X))


MODELS = {name: (kind, cls) for kind in ("classifier", "regressor") for name, cls in all_estimators(type_filter=kind)}
OTHER_DATA = (
    "MultiTask",
    "MultiOutput",
    "IsotonicRegression",
    "SelfTraining",
    "CCA",
    "PLSCanonical",
    "ClassifierChain",
    "RegressorChain",
)
MUST_BE_CONVERTED = {"LogisticRegression", "Ridge", "RandomForestClassifier", "MLPRegressor", "KNeighborsClassifier"}


@pytest.mark.parametrize("name", [name for name in MODELS if not name.startswith(OTHER_DATA)])
@pytest.mark.filterwarnings("ignore")  # models need not be good
def test_a_graph_of_any_model_predicts_what_the_model_predicts_or_is_refused(name):
    kind, cls = MODELS[name]
    parameters = inspect.signature(cls).parameters
    linear = LogisticRegression() if kind == "classifier" else Ridge()
    values = {"estimator": linear, "estimators": [("a", linear), ("b", linear)]}
    values = {k: v for k, v in values.items() if k in parameters and parameters[k].default is inspect.Parameter.empty}
    table, y = np.abs(X) + 0.1, LABELS if kind == "classifier" else NUMBERS + 20
    model, refusal = cls(**values).fit(table, y), ""
    try:
        graph = student_to_onnx(model, table)
    except ValueError as error:
        refusal = str(error)
    if refusal:
        assert "cannot convert the student" in refusal or "differs from the student" in refusal
        assert f"step that it cannot convert is {name}" in refusal or f"step that differs is {name}" in refusal
        assert name not in MUST_BE_CONVERTED
        return
    outputs = run(graph, table)
    if kind == "regressor":
        np.testing.assert_allclose(outputs[0].ravel(), model.predict(table).ravel(), rtol=1e-3)
    elif hasattr(model, "predict_proba"):
        np.testing.assert_allclose(outputs[1], model.predict_proba(table), atol=1e-3)
    else:
        np.testing.assert_array_equal(outputs[0].ravel(), model.predict(table))
