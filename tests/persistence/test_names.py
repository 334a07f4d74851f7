"""Names in saved files: independent of where a class lives, and files of earlier formats are read."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from packaging.version import Version
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, load_student, save_student
from skcmkd.persistence import _names
from skcmkd.persistence._names import CLASSES, EARLIER, FORMAT, read_file_names, write_file_names

pytest.importorskip("skops")
# Written by skcmkd 0.1.0, with the tables and the predictions of that version beside them.
STORED = Path(__file__).parent / "stored"
FILES = {
    "classifier": lambda student, S: student.predict_proba(pd.DataFrame(S, columns=list("abcd"))),
    "regressor": lambda student, S: student.predict(S),
    "label_classifier": lambda student, S: student.predict_proba(S),
    "ridge": lambda student, S: student.predict(S[:, 1:]),
}


@pytest.fixture(scope="module")
def stored():
    with np.load(STORED / "predictions.npz") as arrays:
        return dict(arrays)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "student.skops"


def brief_student():
    network = NetworkClassifier((4,), max_epochs=2, random_state=0)
    return make_pipeline(StandardScaler(), network).fit(*load_iris(return_X_y=True))


def names_in(path):
    """Names of this package's classes in a file."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read("schema.json").decode()
    nodes = []
    json.loads(text, object_hook=lambda part: nodes.append(part) or part)
    named = {f"{part['__module__']}.{part['__class__']}" for part in nodes if isinstance(part.get("__module__"), str)}
    assert text.count('"skcmkd') == sum(str(part.get("__module__")).startswith("skcmkd") for part in nodes)
    return {name for name in named if name.startswith("skcmkd")}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore:Trying to unpickle estimator")  # the file may be of another scikit-learn
def test_stored_files_of_format_1_give_their_predictions(name, stored):
    with zipfile.ZipFile(STORED / f"{name}_format_1.skops") as archive:
        written_by = json.loads(archive.read("skcmkd.json"))["scikit-learn"]
    if name == "label_classifier" and Version(sklearn.__version__) < Version(written_by):
        pytest.skip(f"scikit-learn reads no LogisticRegression of a later version, {written_by}")
    student = load_student(STORED / f"{name}_format_1.skops")
    np.testing.assert_allclose(FILES[name](student, stored["S"]), stored[name], rtol=1e-6, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Trying to unpickle estimator")
def test_a_stored_student_is_written_in_the_format_of_today(path, stored):
    save_student(load_student(STORED / "classifier_format_1.skops"), path)
    assert names_in(path) == {"skcmkd.TemperatureScaled", "skcmkd.NetworkClassifier"}
    proba = FILES["classifier"](load_student(path), stored["S"])
    np.testing.assert_allclose(proba, stored["classifier"], rtol=1e-6)


def test_names_in_a_file_do_not_change_when_a_class_moves(path, monkeypatch):
    student = brief_student()
    save_student(student, path)
    before = names_in(path)
    assert before == {"skcmkd.NetworkClassifier"}
    # As if the class lived in the package's root.
    monkeypatch.setattr(NetworkClassifier, "__module__", "skcmkd")
    monkeypatch.setitem(CLASSES, "skcmkd.NetworkClassifier", "skcmkd.NetworkClassifier")
    monkeypatch.setattr("skcmkd.persistence._skops.TRUSTED", ["skcmkd.NetworkClassifier"])
    moved = path.with_name("moved.skops")
    save_student(student, moved)
    assert names_in(moved) == before
    X = load_iris().data
    for file in (path, moved):
        np.testing.assert_array_equal(load_student(file).predict_proba(X), student.predict_proba(X))


def test_a_module_path_of_today_is_no_name_in_a_file(path):
    save_student(brief_student(), path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    module, _, name = CLASSES["skcmkd.NetworkClassifier"].rpartition(".")
    schema = members["schema.json"].replace(b'"__module__": "skcmkd"', f'"__module__": "{module}"'.encode())
    assert schema != members["schema.json"]
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in (members | {"schema.json": schema}).items():
            archive.writestr(member, content)
    with pytest.raises(ValueError, match=rf"holds {module}\.{name}, which no file of save_student holds"):
        load_student(path)


@pytest.mark.parametrize("file_format", range(1, FORMAT + 1))
def test_only_names_of_the_format_are_known(file_format):
    names = EARLIER[file_format] if file_format < FORMAT else CLASSES
    for name in [*names, "skcmkd.cli.main", "skcmkd.NoSuchClass", "sklearn.pipeline.Pipeline"]:
        module, _, attribute = name.rpartition(".")
        node = {"__module__": module, "__class__": attribute, "__loader__": "TypeNode"}
        unknown = read_file_names([{"content": node}], file_format)
        assert unknown == ({name} if name not in names and not name.startswith("sklearn") else set())
        if name in names:
            assert f"{node['__module__']}.{node['__class__']}" in CLASSES.values()


def test_every_name_leads_to_a_class_with_the_attributes_of_today():
    for name, path in CLASSES.items():
        module, _, attribute = path.rpartition(".")
        assert getattr(__import__(module, fromlist=[attribute]), attribute).__name__ == attribute
        node = {"__module__": module, "__class__": attribute}
        write_file_names(node)
        assert node == dict(zip(("__module__", "__class__"), name.rsplit(".", 1), strict=True))
    for names in EARLIER.values():
        assert {renamed.name for renamed in names.values()} <= set(CLASSES)
    assert set(EARLIER) == set(range(1, FORMAT))


def test_attributes_are_renamed_in_objects_only():
    attributes = {"__module__": "builtins", "__class__": "dict", "content": {"penalty_": {}, "scale_": {}}}
    node = {"__module__": "skcmkd._ridge", "__class__": "TunedRidge", "__loader__": "ObjectNode", "content": attributes}
    assert not read_file_names(node, 1)
    assert list(node["content"]["content"]) == ["alpha_", "scale_"]
    kind = {"__module__": "skcmkd._ridge", "__class__": "TunedRidge", "__loader__": "TypeNode"}
    assert not read_file_names(kind, 1)
    assert kind["__class__"] == "LeaveOutRidge"


def test_keys_of_a_users_dict_are_no_names():
    part = {"__module__": {"content": 1}, "__class__": {"content": 2}}
    assert not read_file_names(part, _names.FORMAT)
    assert part == {"__module__": {"content": 1}, "__class__": {"content": 2}}
