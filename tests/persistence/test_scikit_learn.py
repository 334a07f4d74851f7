"""Every model and transformer of scikit-learn that reads a table is saved and loaded, or is on the page as refused."""

import inspect
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import BisectingKMeans, FeatureAgglomeration
from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_selection import (
    RFECV,
    GenericUnivariateSelect,
    SelectKBest,
    chi2,
    f_classif,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
    r_regression,
)
from sklearn.gaussian_process import GaussianProcessRegressor, kernels
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge, RidgeCV, SGDClassifier, SGDRegressor
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import (
    KFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
    TunedThresholdClassifierCV,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder
from sklearn.utils import all_estimators

from skcmkd import NetworkClassifier, load_student, save_student
from skcmkd.persistence._trusted import FUNCTIONS, UNSAFE_COMPILED

sio = pytest.importorskip("skops.io")
PAGE = (Path(__file__).parents[2] / "docs" / "ecosystem.rst").read_text(encoding="utf-8")
PROTOCOL = json.loads(zipfile.ZipFile(io.BytesIO(sio.dumps(0))).read("schema.json"))["protocol"]
# Models need not be good: unfinished fits and the like are of no interest here.
pytestmark = pytest.mark.filterwarnings("ignore")
N_ROWS = 40
X = np.abs(np.random.RandomState(0).normal(size=(N_ROWS, 4))) + 0.1
LABELS = np.arange(N_ROWS) % 2
NUMBERS = 1 + X[:, 0] + X[:, 1] ** 2
TEXT = pd.DataFrame(
    {
        "a": X[:, 0],
        "b": np.where(X[:, 1] > 0.5, np.nan, X[:, 1]),
        "site": pd.Categorical(np.where(np.arange(N_ROWS) % 3, "north", "south")),
    }
)
METHODS = ("predict_proba", "decision_function", "predict", "transform")
# They read no table, but text, labels, images or one column.
NO_TABLE = {"IsotonicRegression", "LabelBinarizer", "LabelEncoder", "MultiLabelBinarizer", "PatchExtractor"}
# In some versions the default of their estimator is None, and fails.
FAILS_WITHOUT_ESTIMATOR = {"ClassifierChain", "RegressorChain", "SelfTrainingClassifier"}
# Their default number of components is too large for these tables.
ONE_COMPONENT = {"CCA", "GaussianRandomProjection", "PLSCanonical", "PLSSVD", "SparseRandomProjection"}


def listed(heading):
    """The names at the end of an item of the page."""
    (item,) = re.findall(rf"^\* \*\*{heading}\*\*(.*?)\n(?=\*)", PAGE, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"``(\w+)``", item.rpartition(": ")[2]))


REFUSED, NAMED_TYPES = listed("Refused"), listed("Compiled parts")


def readers_of_tables():
    found = {}
    for kind in ("classifier", "regressor", "transformer"):
        for name, cls in all_estimators(type_filter=kind):
            reads_tables = name not in NO_TABLE and not name.endswith(("Vectorizer", "Hasher"))
            if reads_tables and any(hasattr(cls, method) for method in METHODS):
                found.setdefault(name, (kind, cls))
    return found


READERS = readers_of_tables()


def make(kind, cls):
    """An instance, with a small model in place of each required parameter."""
    linear = Ridge() if kind == "regressor" else LogisticRegression()
    filled = {
        "estimator": linear,
        "estimators": [("a", linear), ("b", linear)],
        "transformers": [("a", StandardScaler(), [0, 1])],
        "transformer_list": [("a", StandardScaler()), ("b", StandardScaler())],
        "dictionary": X[:3],
    }
    parameters = inspect.signature(cls).parameters.values()
    needed = {p.name for p in parameters if p.default is p.empty}
    needed |= {"estimator"} if cls.__name__ in FAILS_WITHOUT_ESTIMATOR else set()
    values = {name: filled[name] for name in needed}
    values |= {"n_estimators": 3} if "n_estimators" in {p.name for p in parameters} else {}
    return cls(**values, **({"n_components": 1} if cls.__name__ in ONE_COMPONENT else {}))


def fit(name, kind, cls):
    estimator = make(kind, cls)
    y = NUMBERS if kind == "regressor" else LABELS
    if name.startswith(("MultiOutput", "MultiTask")) or name.endswith("Chain"):
        y = np.c_[y, y[::-1]]
    table = X @ X.T if name == "KernelCenterer" else X
    return estimator.fit(table, y), table


def outputs(model, table):
    values = {name: getattr(model, name)(table) for name in METHODS if hasattr(model, name)}
    assert values, f"{model} neither predicts nor transforms"
    return {name: value.toarray() if hasattr(value, "toarray") else np.asarray(value) for name, value in values.items()}


def assert_same_after_loading(model, table, path):
    """Saved and loaded, and the names that had to be given as trusted."""
    save_student(model, path)
    with zipfile.ZipFile(path) as archive:
        schema = archive.read("schema.json").decode()
    needed = [name for name in UNSAFE_COMPILED if '"{1}", "__module__": "{0}"'.format(*name.rsplit(".", 1)) in schema]
    loaded = load_student(path, trusted=needed)
    before, after = outputs(model, table), outputs(loaded, table)
    assert list(before) == list(after)
    for name in before:
        if before[name].dtype.kind == "f":  # a loaded array may have another memory order, and sums another rounding
            np.testing.assert_allclose(after[name], before[name], rtol=1e-12, atol=1e-15)
        else:
            np.testing.assert_array_equal(after[name], before[name])
    return needed


@pytest.mark.parametrize("name", READERS)
def test_saved_and_loaded_or_refused_on_the_page(name, tmp_path):
    model, table = fit(name, *READERS[name])
    if name in REFUSED:
        with pytest.raises(ValueError, match=r"(refuse to read|without pickle).*lists what can be saved"):
            save_student(model, tmp_path / "s")
        return
    needed = assert_same_after_loading(model, table, tmp_path / "s")
    assert bool(needed) == (name in NAMED_TYPES), f"the page says otherwise of {name}, which holds {needed}"


def test_the_page_lists_estimators_alone():
    assert not (REFUSED | NAMED_TYPES) - {name for name, _ in all_estimators()}
    assert not REFUSED & NAMED_TYPES
    assert len(READERS) > 130


CATEGORIES = make_column_transformer((OneHotEncoder(sparse_output=False), ["site"]), remainder="passthrough")
PARAMETERS = {
    "score f_classif": (SelectKBest(f_classif, k=2), X, LABELS),
    "score chi2": (SelectKBest(chi2, k=2), X, LABELS),
    "score mutual_info_classif": (SelectKBest(mutual_info_classif, k=2), X, LABELS),
    "score f_regression": (SelectKBest(f_regression, k=2), X, NUMBERS),
    "score r_regression": (SelectKBest(r_regression, k=2), X, NUMBERS),
    "score mutual_info_regression": (GenericUnivariateSelect(mutual_info_regression), X, NUMBERS),
    "categories from their dtype": (HistGradientBoostingClassifier(max_iter=3), TEXT, LABELS),
    "categories by name": (HistGradientBoostingRegressor(max_iter=3, categorical_features=["site"]), TEXT, NUMBERS),
    "validation rows scored": (
        HistGradientBoostingClassifier(max_iter=3, early_stopping=True, scoring="roc_auc"),
        X,
        LABELS,
    ),
    "loss gamma": (HistGradientBoostingRegressor(max_iter=3, loss="gamma"), X, NUMBERS),
    "loss quantile": (HistGradientBoostingRegressor(max_iter=3, loss="quantile", quantile=0.5), X, NUMBERS),
    "loss huber": (GradientBoostingRegressor(n_estimators=3, loss="huber"), X, NUMBERS),
    "loss modified_huber": (SGDClassifier(loss="modified_huber"), X, LABELS),
    "loss squared_epsilon_insensitive": (SGDRegressor(loss="squared_epsilon_insensitive"), X, NUMBERS),
    "imputer with a forest": (IterativeImputer(GradientBoostingRegressor(n_estimators=3)), TEXT[["a", "b"]], LABELS),
    "imputer with indicators": (SimpleImputer(add_indicator=True), TEXT[["a", "b"]], LABELS),
    "kernel of a power": (GaussianProcessRegressor(kernels.DotProduct() ** 2), X, NUMBERS),
    "kernel of a sum": (GaussianProcessRegressor(kernels.Matern() + kernels.WhiteKernel()), X, NUMBERS),
    "kernel periodic": (GaussianProcessRegressor(kernels.ExpSineSquared(), alpha=9.0), X, NUMBERS),
    "kernel pairwise": (GaussianProcessRegressor(kernels.PairwiseKernel()), X, NUMBERS),
    "metric manhattan": (KNeighborsClassifier(3, metric="manhattan"), X, LABELS),
    "metric minkowski": (KNeighborsClassifier(3, p=3, algorithm="ball_tree"), X, LABELS),
    "metric cosine": (KNeighborsClassifier(3, metric="cosine"), X, LABELS),
    "isotonic, its folds": (CalibratedClassifierCV(method="isotonic", cv=StratifiedKFold(3)), X, LABELS),
    "folds": (LogisticRegressionCV(cv=KFold(3, shuffle=True, random_state=0)), X, LABELS),
    "repeated folds": (LogisticRegressionCV(cv=RepeatedStratifiedKFold(n_splits=2, n_repeats=2)), X, LABELS),
    "shuffles": (RFECV(LogisticRegression(), cv=ShuffleSplit(2, random_state=0), scoring="roc_auc"), X, LABELS),
    "time series": (LogisticRegressionCV(cv=TimeSeriesSplit(2)), X, LABELS),
    "scorer": (RidgeCV(scoring=make_scorer(r2_score)), X, NUMBERS),
    "threshold by f1": (TunedThresholdClassifierCV(LogisticRegression(), scoring="f1"), X, LABELS),
    "pooling by the median": (FeatureAgglomeration(pooling_func=np.median), X, LABELS),
    "elkan": (BisectingKMeans(2, algorithm="elkan", random_state=0), X, LABELS),
    "function of NumPy": (make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()), X, LABELS),
    "target of NumPy": (TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp), X, NUMBERS),
    "target encoder": (make_pipeline(TargetEncoder(random_state=0), LogisticRegression()), TEXT[["site"]], LABELS),
    "ordinal encoder": (make_pipeline(OrdinalEncoder(), LogisticRegression()), TEXT[["site"]], LABELS),
    "columns": (make_pipeline(CATEGORIES, SimpleImputer(), LogisticRegression()), TEXT, LABELS),
    "columns by type": (
        make_pipeline(
            make_column_transformer(
                (OneHotEncoder(), make_column_selector(dtype_exclude="number")),
                (SimpleImputer(), make_column_selector(dtype_include="number")),
            ),
            LogisticRegression(),
        ),
        TEXT,
        LABELS,
    ),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_functions_and_objects_of_scikit_learn_as_parameters(name, tmp_path):
    model, table, y = PARAMETERS[name]
    assert_same_after_loading(model.fit(table, y), table, tmp_path / "s")


@pytest.mark.parametrize(
    "model", [LogisticRegression(), NetworkClassifier((4,), max_epochs=2, linear_weight=0, random_state=0)]
)
def test_metadata_requests_stay(model, tmp_path):
    with sklearn.config_context(enable_metadata_routing=True):
        student = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        student[-1].set_fit_request(sample_weight=True)
        student.fit(X, LABELS, sample_weight=np.ones(N_ROWS))
        owner = student[-1]._metadata_request.owner
        save_student(student, tmp_path / "s")
        loaded = load_student(tmp_path / "s")
        np.testing.assert_array_equal(loaded.predict_proba(X), student.predict_proba(X))
        assert student[-1]._metadata_request.owner is owner
        # The requests still route: the scaler would raise at a weight that it did not ask for.
        loaded.fit(X, LABELS, sample_weight=np.ones(N_ROWS))
        assert "sample_weight" in str(loaded.get_metadata_routing())


def node(module, name, loader, **more):
    return {"__module__": module, "__class__": name, "__loader__": loader, **more}


def forged(schema, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema | {"protocol": PROTOCOL}))
        archive.writestr("skcmkd.json", json.dumps({"format": 2}))


EMPTY = node("builtins", "dict", "DictNode", content={}, key_types=node("builtins", "list", "ListNode", content=[]))
NOTHING = node("builtins", "tuple", "TupleNode", content=[])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_known_function_is_named_in_a_file_and_never_called(function, tmp_path):
    module, _, name = function.rpartition(".")
    for calling in (
        node(module, name, "ConstructorFromReduceNode", content=NOTHING),
        node(module, name, "DictNode", content={}, key_types=EMPTY["key_types"]),
        node(module, name, "ObjectNode"),
        node(module, name, "TypeNode"),
    ):
        forged(calling, tmp_path / "s")
        with pytest.raises(ValueError, match=rf"holds {re.escape(function)}, which no file of save_student holds"):
            load_student(tmp_path / "s")


def test_a_partial_of_anything_but_the_check_of_arrays_is_refused(tmp_path):
    for function in (
        node("numpy", "mean", "FunctionNode"),
        node("numpy", "add", "FunctionNode"),
        node("builtins", "list", "TypeNode"),
        node("sklearn.utils.validation", "check_array", "TypeNode"),
    ):
        parts = {"func": function, "args": NOTHING, "kwds": EMPTY, "namespace": EMPTY}
        for name in ("partial", "partialmethod"):
            forged(node("functools", name, "PartialNode", content=parts), tmp_path / "s")
            with pytest.raises(ValueError, match=rf"holds functools\.{name}.*do not trust it"):
                load_student(tmp_path / "s")
    forged(node("functools", "partial", "PartialNode"), tmp_path / "s")
    with pytest.raises(ValueError, match="is damaged"):
        load_student(tmp_path / "s")


def test_functions_of_others_are_refused_when_written(tmp_path):
    for model in (
        make_pipeline(FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 1}), LogisticRegression()),
        KNeighborsClassifier(3, metric=lambda a, b: abs(a - b).max()),
        SelectKBest(lambda table, y: f_classif(table, y), k=2),
        LogisticRegressionCV(Cs=2, scoring=lambda model, table, y: 0.0),
    ):
        model.fit(X, LABELS)
        with pytest.raises(ValueError, match=r"(refuse to read|without pickle).*lists what can be saved"):
            save_student(model, tmp_path / "s")
