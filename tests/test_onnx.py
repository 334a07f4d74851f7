"""A student of scikit-learn's own parts, distilled, then exported to ONNX: the same probabilities elsewhere."""

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import PairedDistiller, PairedDistillerRegressor
from skcmkd.datasets import make_gaussian_modalities

skl2onnx = pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def drawn():
    found = make_gaussian_modalities(120, specific_signal={"student": 0.4, "teacher": 0.9}, random_state=0)
    X, T = (np.array(found.data[found.modalities[name]], dtype=np.float32) for name in ("student", "teacher"))
    X[::7, 0] = np.nan
    return X, T, found.target.to_numpy()


def run(model, X):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: X})


def test_class_probabilities(drawn):
    X, T, y = drawn
    student = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    distiller = PairedDistiller(student, LogisticRegression(), alpha=0.5, random_state=0).fit(X, y, X_teacher=T)
    model = skl2onnx.to_onnx(distiller.student_, X[:1], options={"zipmap": False})
    labels, proba = run(model, X)
    np.testing.assert_array_equal(labels, distiller.predict(X))
    np.testing.assert_allclose(proba, distiller.predict_proba(X), atol=1e-5)


def test_quantities(drawn):
    X, T, _ = drawn
    distiller = PairedDistillerRegressor(make_pipeline(SimpleImputer(), Ridge()), Ridge(), alpha=0.5, random_state=0)
    distiller.fit(X, T[:, 0], X_teacher=T[:, 1:])
    (found,) = run(skl2onnx.to_onnx(distiller.student_, X[:1]), X)
    np.testing.assert_allclose(found.ravel(), distiller.predict(X), atol=1e-4)
