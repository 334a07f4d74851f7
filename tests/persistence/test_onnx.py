"""Distilled students in ONNX: the same predictions elsewhere."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import (
    NetworkClassifier,
    NetworkRegressor,
    PairedDistiller,
    PairedDistillerRegressor,
    PredictedTeacherFeatures,
    student_to_onnx,
)
from skcmkd._linear_model._ridge import LeaveOutRidge
from skcmkd.datasets import make_gaussian_modalities

pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def drawn():
    data = make_gaussian_modalities(120, specific_signal={"student": 0.4, "teacher": 0.9}, random_state=0)
    X, T = (np.array(data.data[data.modalities[name]], dtype=np.float32) for name in ("student", "teacher"))
    X[::7, 0] = np.nan
    return X, T, data.target.to_numpy()


def run(model, X):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: X})


def test_class_probabilities(drawn):
    X, T, y = drawn
    student = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    distiller = PairedDistiller(student, LogisticRegression(), alpha=0.5, random_state=0).fit(X, y, X_teacher=T)
    model = student_to_onnx(distiller, X)
    labels, proba = run(model, X)
    np.testing.assert_array_equal(labels, distiller.predict(X))
    np.testing.assert_allclose(proba, distiller.predict_proba(X), atol=1e-5)


def test_continuous_targets(drawn):
    X, T, _ = drawn
    distiller = PairedDistillerRegressor(make_pipeline(SimpleImputer(), Ridge()), Ridge(), alpha=0.5, random_state=0)
    distiller.fit(X, T[:, 0], X_teacher=T[:, 1:])
    (output,) = run(student_to_onnx(distiller, X), X)
    np.testing.assert_allclose(output.ravel(), distiller.predict(X), atol=1e-4)


@pytest.mark.parametrize("predicted", ["scores", "columns", "components"])
@pytest.mark.parametrize("predictor", [None, Ridge()], ids=["default", "Ridge"])
def test_predicted_teacher_features(drawn, predicted, predictor):
    X, T, y = drawn
    X = X if predictor is None else np.nan_to_num(X)
    features = PredictedTeacherFeatures(predicted, predictor=predictor, standardize=predicted == "scores", cv=3)
    student = make_pipeline(features, SimpleImputer(), LogisticRegression(max_iter=500))
    student.fit(X, y, predictedteacherfeatures__X_teacher=T)
    labels, proba = run(student_to_onnx(student, X), X)
    np.testing.assert_array_equal(labels, student.predict(X))
    np.testing.assert_allclose(proba, student.predict_proba(X), atol=1e-4)


def test_a_distiller_with_predicted_teacher_features(drawn):
    X, T, y = drawn
    student = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=500))
    distiller = PairedDistiller(student, LogisticRegression(), alpha=0.5, student_features="predicted_teacher")
    distiller.fit(X, y, X_teacher=T)
    assert distiller.student_[-1].n_features_in_ > X.shape[1]
    labels, proba = run(student_to_onnx(distiller, X), X)
    np.testing.assert_array_equal(labels, distiller.predict(X))
    np.testing.assert_allclose(proba, distiller.predict_proba(X), atol=1e-4)


def test_a_ridge_of_one_number(drawn):
    X, T, _ = drawn
    ridge = LeaveOutRidge().fit(X, T[:, 0])
    (output,) = run(student_to_onnx(ridge, X), X)
    np.testing.assert_allclose(output.ravel(), ridge.predict(X), atol=1e-4)


@pytest.mark.parametrize("names", [None, ["ill", "well"], [3, 7], [3.0, 7.0], [True, False]], ids=str)
def test_networks_with_labels_of_any_kind(drawn, names):
    X, T, y = drawn
    labels = y if names is None else np.array(names)[y]
    student = make_pipeline(SimpleImputer(), NetworkClassifier((8, 4), max_epochs=5, random_state=0))
    distiller = PairedDistiller(student, LogisticRegression(), alpha=0.5, random_state=0)
    distiller.fit(X, labels, X_teacher=T)
    labels, proba = run(student_to_onnx(distiller, X), X)
    np.testing.assert_allclose(proba, distiller.predict_proba(X), atol=1e-5)
    np.testing.assert_array_equal(labels, distiller.predict(X))
    alone = distiller.student_[-1]
    filled = distiller.student_[0].transform(X)
    np.testing.assert_allclose(run(student_to_onnx(alone, filled), filled)[1], proba, atol=1e-5)


@pytest.mark.parametrize("n_targets", [1, 3])
def test_networks_of_continuous_targets(drawn, n_targets):
    X, T, _ = drawn
    y = T[:, 0] if n_targets == 1 else T[:, :n_targets]
    student = make_pipeline(SimpleImputer(), NetworkRegressor((8,), max_epochs=5, random_state=0)).fit(X, 100 + 7 * y)
    (output,) = run(student_to_onnx(student, X), X)
    np.testing.assert_allclose(output.reshape(y.shape), student.predict(X), rtol=1e-5)


def test_columns_of_a_frame_are_inputs_where_they_are_asked_for_by_name(drawn):
    X, _, y = drawn
    frame = pd.DataFrame(X[:, :2], columns=["age", "weight"])
    columns = make_column_transformer((SimpleImputer(), ["weight"]), (StandardScaler(), ["age"]))
    student = make_pipeline(columns, SimpleImputer(), LogisticRegression()).fit(frame, y)
    model = student_to_onnx(student, frame)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    output = session.run(None, {name: frame[[name]].to_numpy() for name in frame})[1]
    np.testing.assert_allclose(output, student.predict_proba(frame), atol=1e-5)


@pytest.mark.parametrize("model", [LogisticRegression(), NetworkClassifier(max_epochs=2, random_state=0)], ids=type)
def test_a_frame_is_one_input_for_all_else(drawn, model):
    X, _, y = drawn
    frame = pd.DataFrame(np.nan_to_num(X[:, :3]), columns=["age", "weight", "height"]).assign(
        age=lambda f: f["age"] > 0
    )
    student = model.fit(frame, y)
    output = run(student_to_onnx(student, frame), frame.to_numpy(dtype=np.float32))[1]
    np.testing.assert_allclose(output, student.predict_proba(frame), atol=1e-5)


def test_not_fitted_and_without_skl2onnx(drawn, monkeypatch):
    X, _, _ = drawn
    for model in (NetworkClassifier(), PairedDistiller()):
        with pytest.raises(NotFittedError):
            student_to_onnx(model, X)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"pip install .skcmkd.onnx"):
        student_to_onnx(NetworkClassifier(), X)
