"""Every estimator that trains a network, on a CUDA device; skipped where none is available."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from skcmkd import (
    MutualDistiller,
    NetworkClassifier,
    NetworkRegressor,
    PairedDistiller,
    UnpairedDistiller,
    load_student,
    mutual_information,
    save_student,
)
from skcmkd._distillation._objectives import OBJECTIVES
from skcmkd.datasets import make_gaussian_modalities
from skcmkd.unpaired._classifier import ALIGNMENTS

DEVICE = "cuda"
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture(scope="module")
def drawn():
    data = make_gaussian_modalities(120, specific_signal={"student": 0.4, "teacher": 0.9}, random_state=0)
    return *(data.data[data.modalities[name]].to_numpy() for name in ("student", "teacher")), data.target.to_numpy()


def network(model=NetworkClassifier):
    return model((8,), max_epochs=3, random_state=0, device=DEVICE)


def check(student, X):
    """The network is on the device, repeats its own predictions, and predicts the same on the processor."""
    assert next(student.net_.module_.parameters()).device.type == DEVICE
    on_cuda = student.predict_proba(X) if hasattr(student, "classes_") else student.predict(X)
    assert np.isfinite(on_cuda).all()
    student.net_.module_.cpu()
    student.net_.set_params(device="cpu")
    on_processor = student.predict_proba(X) if hasattr(student, "classes_") else student.predict(X)
    np.testing.assert_allclose(on_cuda, on_processor, atol=1e-8)


def test_networks(drawn):
    X, T, y = drawn
    check(network().fit(X, y), X)
    check(network(NetworkRegressor).fit(X, T[:, :2]), X)
    first, second = (network().fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_allclose(first, second, atol=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_paired(drawn, objective):
    X, T, y = drawn
    distiller = PairedDistiller(network(), network(), alpha=0.5, objective=objective, random_state=0)
    check(distiller.fit(X[:90], y[:90], X_teacher=T[:90], unlabeled_pairs=(X[90:], T[90:])).student_, X)


def test_mutual(drawn):
    X, T, y = drawn
    distiller = MutualDistiller(network(), network(), random_state=0).fit(X, y, X_teacher=T)
    check(distiller.student_, X)


@pytest.mark.parametrize("alignment", ALIGNMENTS)
def test_unpaired(drawn, alignment):
    X, T, y = drawn
    settings = {"alignment": alignment, "alpha": 0.5, "check_alignment": False, "random_state": 0}
    distiller = UnpairedDistiller(network(), LogisticRegression(), **settings)
    distiller.fit(X[:60], y[:60], teacher_data=(T[60:], y[60:]), bridge=(X[:20], T[:20]), unlabeled=(X[60:],))
    check(distiller.student_, X)


@pytest.mark.parametrize("estimator", ["latent", "infonce", "mine"])
def test_mutual_information(drawn, estimator):
    X, T, _ = drawn
    assert np.isfinite(mutual_information(X, T, estimator=estimator, random_state=0).value)


def test_a_student_in_a_file(drawn, tmp_path):
    pytest.importorskip("skops")
    X, _, y = drawn
    student = network().fit(X, y)
    save_student(student, tmp_path / "student.skops")
    loaded = load_student(tmp_path / "student.skops")
    assert next(loaded.net_.module_.parameters()).device.type == DEVICE
    np.testing.assert_allclose(loaded.predict_proba(X), student.predict_proba(X), atol=1e-8)
