import io
import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import skcmkd
from skcmkd import (
    MutualDistiller,
    NetworkClassifier,
    NetworkRegressor,
    PairedDistiller,
    PairedDistillerRegressor,
    UnpairedDistiller,
    load_student,
    save_student,
)
from skcmkd.persistence._archive import HEADER
from skcmkd.persistence._names import FORMAT
from skcmkd.persistence._trusted import TRUSTED, UNSAFE_COMPILED

sio = pytest.importorskip("skops.io")
PROTOCOL = json.loads(zipfile.ZipFile(io.BytesIO(sio.dumps(0))).read("schema.json"))["protocol"]


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "student.skops"


def brief_network():
    return NetworkClassifier((8,), max_epochs=3, random_state=0)


def round_trip(student, path, **options):
    save_student(student, path)
    return load_student(path, **options)


def write(path, members, compression=zipfile.ZIP_STORED, header=FORMAT):
    """A forged file: members by name, and a header of this package."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        if header is not None:
            archive.writestr(HEADER, json.dumps({"format": header, "skcmkd": "9.9.9"}))


STUDENTS = {
    "network": brief_network(),
    "imputer, scaler, network": make_pipeline(SimpleImputer(), StandardScaler(), brief_network()),
    "logistic": make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1000)),
    "calibrated": CalibratedClassifierCV(LogisticRegression(max_iter=1000), cv=3),
    "columns by type": make_pipeline(
        ColumnTransformer([("number", StandardScaler(), make_column_selector(dtype_include="number"))]),
        LogisticRegression(max_iter=1000),
    ),
    "label classifier": skcmkd.information.make_default_classifier(),
}


@pytest.mark.parametrize("student", STUDENTS.values(), ids=STUDENTS)
def test_predictions_are_the_same_bits(iris, student, path):
    X, y = iris
    student.fit(X, y)
    loaded = round_trip(student, path)
    np.testing.assert_array_equal(loaded.predict_proba(X), student.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), student.predict(X))
    assert list(loaded.feature_names_in_) == list(X.columns)


def test_network_keeps_representation_history_and_settings(iris, path):
    X, y = iris
    network = NetworkClassifier((8, 4), dropout=0.3, max_epochs=5, refit=False, random_state=np.random.RandomState(0))
    network.set_output(transform="pandas").fit(X, y)
    loaded = round_trip(network, path)
    pd.testing.assert_frame_equal(loaded.transform(X), network.transform(X))
    assert list(loaded.net_.history) == list(network.net_.history)
    assert loaded.get_params().keys() == network.get_params().keys()
    assert loaded.net_.module_.represent[2].p == 0.3
    assert not loaded.net_.module_.training


def test_network_of_continuous_targets(iris, path):
    X = iris[0].to_numpy()
    for y in (X[:, 0], X[:, :2]):
        network = NetworkRegressor((8,), max_epochs=3, random_state=0).fit(X[:, 2:], y)
        np.testing.assert_array_equal(round_trip(network, path).predict(X[:, 2:]), network.predict(X[:, 2:]))


def test_text_and_categories(iris, path):
    X, y = iris
    X = X.assign(site=pd.Categorical(np.where(np.arange(150) % 2, "north", "south")))
    encode = ColumnTransformer([("site", OneHotEncoder(), ["site"])], remainder="passthrough")
    student = make_pipeline(encode, LogisticRegression(max_iter=1000)).fit(X, y)
    np.testing.assert_array_equal(round_trip(student, path).predict_proba(X), student.predict_proba(X))


def distillers(X, y):
    def brief_network():
        return NetworkClassifier((8,), max_epochs=3, linear_weight=0, random_state=0)

    X_student, X_teacher = X.iloc[:, :2], X.iloc[:, 2:]
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    yield PairedDistiller(linear, linear, alpha=0.5, random_state=0).fit(X_student, y, X_teacher=X_teacher)
    yield PairedDistiller(linear, linear, alpha=0.5, calibrate=True, random_state=0).fit(
        X_student, y, X_teacher=X_teacher
    )
    yield PairedDistiller(brief_network(), linear, alpha=0.5, student_columns=list(X_student)).fit(X, y)
    yield PairedDistillerRegressor(Ridge(), Ridge(), alpha=0.5).fit(X_student, X.iloc[:, 2], X_teacher=X.iloc[:, 3:])
    yield MutualDistiller(brief_network(), brief_network(), random_state=0).fit(X_student, y, X_teacher=X_teacher)
    unpaired = UnpairedDistiller(brief_network(), brief_network(), alpha=0.5, random_state=0)
    yield unpaired.fit(X_student, y, teacher_data=(X_teacher.iloc[::2], y[::2]))


def test_of_a_distiller_the_student_alone_is_written(iris, path):
    X, y = iris[0][::2], iris[1][::2]
    for distiller in distillers(X, y):
        loaded = round_trip(distiller, path)
        assert type(loaded) is type(distiller.student_)
        X_student = X[list(distiller.feature_names_in_)]
        np.testing.assert_array_equal(
            loaded.predict(X_student), distiller.predict(X if X_student.shape[1] < 2 else X_student)
        )
        if hasattr(distiller, "classes_"):
            np.testing.assert_array_equal(loaded.predict_proba(X_student), distiller.predict_proba(X_student))
            assert list(loaded.classes_) == list(distiller.classes_)
        assert b"teacher" not in path.read_bytes()


def test_of_a_search_the_best_estimator_is_written(iris, path):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)), {"logisticregression__C": [1, 2]}
    )
    loaded = round_trip(search.fit(*iris), path)
    np.testing.assert_array_equal(loaded.predict_proba(iris[0]), search.predict_proba(iris[0]))


def test_a_student_is_read_in_another_process(iris, path):
    X, y = iris
    student = brief_network().fit(X, y)
    save_student(student, path)
    code = (
        "import sys, numpy as np; from skcmkd import load_student; from sklearn.datasets import load_iris; "
        "X = load_iris(as_frame=True).data; loaded = load_student(sys.argv[1]); "
        "sys.stdout.buffer.write(loaded.predict_proba(X).tobytes())"
    )
    output = subprocess.run([sys.executable, "-W", "error", "-c", code, path], check=True, capture_output=True).stdout
    np.testing.assert_array_equal(np.frombuffer(output).reshape(150, 3), student.predict_proba(X))


def test_not_fitted(path):
    for model in (brief_network(), PairedDistiller(), LogisticRegression(max_iter=1000)):
        with pytest.raises(NotFittedError):
            save_student(model, path)
    assert not path.exists()


def test_a_pipeline_around_a_distiller_is_refused(iris, path):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), PairedDistiller(LogisticRegression(max_iter=1000))).fit(X, y)
    with pytest.raises(ValueError, match=r"ends in a PairedDistiller.*save_student\(pipeline\[-1\], path\)"):
        save_student(pipeline, path)
    assert not path.exists()


def own_function(X):
    return X


class OwnClassifier(LogisticRegression):
    pass


def test_students_that_could_not_be_read_are_not_written(iris, path):
    X, y = iris
    for student in (
        make_pipeline(FunctionTransformer(own_function), LogisticRegression(max_iter=1000)),
        OwnClassifier(max_iter=1000),
    ):
        with pytest.raises(ValueError, match=r"holds .*(own_function|OwnClassifier), which load_student would refuse"):
            save_student(student.fit(X, y), path)
    assert not path.exists()


@pytest.mark.parametrize("forest", [RandomForestClassifier(5), HistGradientBoostingClassifier(max_iter=3)])
def test_forests_must_be_trusted_by_name(iris, forest, path):
    X, y = iris
    save_student(forest.fit(X, y), path)
    untrusted = sio.get_untrusted_types(file=path)
    if not untrusted:
        pytest.skip("this skops trusts it")
    with pytest.raises(
        ValueError, match=r"compiled code that uses the positions in the file unchecked.*trusted=\['sklearn"
    ):
        load_student(path)
    with pytest.raises(ValueError, match="must be a list of names"):
        load_student(path, trusted=untrusted[0])
    loaded = load_student(path, trusted=untrusted)
    np.testing.assert_array_equal(loaded.predict_proba(X), forest.predict_proba(X))


def test_trusted_classes_exist():
    for name in [*TRUSTED, *UNSAFE_COMPILED]:
        module, _, attribute = name.rpartition(".")
        if not module.startswith("sklearn."):  # those of scikit-learn depend on its version
            assert hasattr(__import__(module, fromlist=[attribute]), attribute), name


# Hostile files


def node(module, name, loader, **more):
    return {"__module__": module, "__class__": name, "__loader__": loader, **more}


def command(*words):
    """The nodes that would call a function: a partial, and an object made from its arguments."""
    text = [node("builtins", "str", "JsonNode", content=json.dumps(word), is_json=True) for word in words]
    system = node("posix", "system", "FunctionNode")
    arguments = node("builtins", "tuple", "TupleNode", content=text)
    nothing = node(
        "builtins", "dict", "DictNode", content={}, key_types=node("builtins", "list", "ListNode", content=[])
    )
    parts = {"func": system, "args": arguments, "kwds": nothing, "namespace": nothing}
    yield node("functools", "partial", "PartialNode", content=parts)
    yield node("posix", "system", "ConstructorFromReduceNode", content=arguments)
    yield node("subprocess", "Popen", "ConstructorFromReduceNode", content=arguments)


def test_a_command_is_not_run_and_its_type_is_named(path, tmp_path):
    trace = tmp_path / "trace"
    for schema in command(f"touch {trace}"):
        write(path, {"schema.json": json.dumps(schema | {"protocol": PROTOCOL})})
        with pytest.raises(ValueError, match=r"holds .*(posix\.system|subprocess\.Popen).*do not trust it"):
            load_student(path)
        assert not trace.exists()


class Touch:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


def test_a_pickle_is_never_read(path, tmp_path):
    trace = tmp_path / "trace"
    path.write_bytes(pickle.dumps(Touch(trace)))
    with pytest.raises(ValueError, match=r"student\.skops is not a file of save_student.*Pickles are never read"):
        load_student(path)
    array = io.BytesIO()
    np.save(array, np.array([Touch(trace)], dtype=object), allow_pickle=True)
    schema = node("numpy", "ndarray", "NdArrayNode", type="numpy", file="a.npy") | {"protocol": PROTOCOL}
    write(path, {"schema.json": json.dumps(schema), "a.npy": array.getvalue()})
    with pytest.raises(ValueError, match=r"is damaged: .*allow_pickle=False"):
        load_student(path)
    assert not trace.exists()


def test_cut_short_empty_and_altered_files(iris, path):
    save_student(brief_network().fit(*iris), path)
    whole = path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="not a file of save_student"):
            load_student(path)
    start = whole.index(b"NUMPY") + 300
    path.write_bytes(whole[:start] + bytes(64) + whole[start + 64 :])
    with pytest.raises(ValueError, match=r"damaged: Bad CRC-32"):
        load_student(path)


def test_a_compressed_file_is_refused_before_it_is_unpacked(path):
    write(path, {"schema.json": bytes(10_000_000)}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 20_000
    with pytest.raises(ValueError, match="its parts are compressed"):
        load_student(path)
    # Members that overlap: each name points to the same bytes.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", bytes(10_000))
        first = archive.infolist()[0]
        for number in range(50):
            again = zipfile.ZipInfo(f"{number}.npy")
            again.header_offset, again.CRC = first.header_offset, first.CRC
            again.file_size = again.compress_size = first.file_size
            archive.filelist.append(again)
            archive._didModify = True
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ValueError, match=r"its parts claim 510000 bytes in a file of"):
        load_student(path)


def test_an_array_that_claims_more_than_there_is(path):
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "<f8", "fortran_order": False, "shape": (2**55,)})
    schema = node("numpy", "ndarray", "NdArrayNode", type="numpy", file="a.npy") | {"protocol": PROTOCOL}
    write(path, {"schema.json": json.dumps(schema), "a.npy": array.getvalue()})
    with pytest.raises(ValueError, match="is damaged"):
        load_student(path)


def test_deep_and_broken_schemas(path):
    for schema in ("[" * 100_000, "{}", '{"protocol": 0}', '{"protocol": 99}', "null", "\0"):
        write(path, {"schema.json": schema})
        with pytest.raises(ValueError, match="is damaged"):
            load_student(path)


def test_parts_that_refer_to_each_other_without_end(path):
    def refer(number):
        return node("builtins", "list", "CachedNode", __id__=number)

    deep = node("builtins", "list", "ListNode", content=[], __id__=1)
    for number in range(2, 60):
        deep = node("builtins", "list", "ListNode", content=[deep, refer(number - 1)], __id__=number)
    circle = node("builtins", "list", "ListNode", content=[refer(1)], __id__=1)
    for schema, message in ((deep, "again and again"), (circle, "holds itself")):
        write(path, {"schema.json": json.dumps(schema | {"protocol": PROTOCOL})})
        with pytest.raises(ValueError, match=f"is damaged: .*{message}"):
            load_student(path)


def test_an_object_that_is_not_a_student(path):
    write(path, {name: zipfile.ZipFile(io.BytesIO(sio.dumps([1]))).read(name) for name in ("schema.json",)})
    with pytest.raises(ValueError, match="is damaged"):
        load_student(path)


def test_a_network_whose_layers_do_not_fit(iris, path):
    class Forged(BaseEstimator):
        def __getstate__(self):
            return brief_network().fit(*iris).__getstate__() | self.change

    for change in ({"net_": {}}, {"net_": {"weights": [np.ones((3, 4)), np.ones((2, 9))]}}, {"device": "nowhere"}):
        forged = Forged()
        forged.change = change
        data = sio.dumps(forged)
        members = zipfile.ZipFile(io.BytesIO(data))
        parts = {name: members.read(name) for name in members.namelist()}
        schema = json.loads(parts["schema.json"]) | {"__module__": "skcmkd", "__class__": "NetworkClassifier"}
        write(path, parts | {"schema.json": json.dumps(schema)})
        with pytest.raises(ValueError, match="is damaged"):
            load_student(path)


def test_a_newer_format(iris, path):
    write(path, {"schema.json": "{}"}, header=FORMAT + 1)
    with pytest.raises(ValueError, match=rf"skcmkd 9\.9\.9 in format {FORMAT + 1}.*Update skcmkd"):
        load_student(path)


def test_skops_files_of_others_and_strange_headers(iris, path):
    sio.dump(LogisticRegression(max_iter=1000).fit(*iris), path)
    with pytest.raises(ValueError, match=rf"not a file of save_student.*{HEADER}"):
        load_student(path)
    for header in ([], {}, {"format": True}, {"format": "1"}, {"format": 0}):
        write(path, {HEADER: json.dumps(header)}, header=None)
        with pytest.raises(ValueError, match="names no format"):
            load_student(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.skops"):
        load_student(tmp_path / "none.skops")


def test_without_skops(monkeypatch, iris, path):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    for act in (lambda: save_student(LogisticRegression(max_iter=1000).fit(*iris), path), lambda: load_student(path)):
        with pytest.raises(ImportError, match=r'pip install "skcmkd\[skops\]"'):
            act()
