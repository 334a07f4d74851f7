import hashlib

import numpy as np
import pytest

from skcmkd.datasets import load_adrenal_carcinoma, load_digit_views
from skcmkd.datasets._bunch import DATA


def test_digit_views():
    digits = load_digit_views()
    assert digits.data.shape == (2000, 649)
    assert not digits.data.isna().any().any()
    assert {name: len(columns) for name, columns in digits.modalities.items()} == {
        "fourier": 76,
        "profile_correlations": 216,
        "karhunen_loeve": 64,
        "pixels": 240,
        "zernike": 47,
        "morphology": 6,
    }
    assert digits.target.value_counts().to_dict() == dict.fromkeys(range(10), 200)
    assert [c for columns in digits.modalities.values() for c in columns] == list(digits.data.columns)


def test_carcinoma_has_the_published_patterns():
    carcinoma = load_adrenal_carcinoma(label="vital_status")
    measured = {name: carcinoma.data[columns].notna() for name, columns in carcinoma.modalities.items()}
    rows = {name: int(mask.any(axis=1).sum()) for name, mask in measured.items()}
    assert rows == {"cnv": 90, "rna": 79, "mirna": 80, "protein": 46}
    for name, mask in measured.items():
        assert (mask.all(axis=1) == mask.any(axis=1)).all(), name
    everything = np.logical_and.reduce([mask.any(axis=1) for mask in measured.values()])
    assert everything.sum() == 45
    assert carcinoma.target.value_counts().to_dict() == {"alive": 58, "dead": 34}
    assert len(carcinoma.unlabeled) == 0


def test_rows_without_the_label_are_set_aside():
    carcinoma = load_adrenal_carcinoma()
    assert (len(carcinoma.data), len(carcinoma.unlabeled)) == (78, 14)
    assert list(carcinoma.data.index) == list(carcinoma.target.index)
    assert not set(carcinoma.unlabeled.index) & set(carcinoma.data.index)


def test_log_counts():
    counts = load_adrenal_carcinoma(log_counts=False)
    logs = load_adrenal_carcinoma()
    for name in ("rna", "mirna"):
        columns = counts.modalities[name]
        np.testing.assert_allclose(logs.data[columns], np.log2(1 + counts.data[columns]), rtol=1e-6)
    cnv = counts.modalities["cnv"]
    np.testing.assert_array_equal(logs.data[cnv], counts.data[cnv])


def test_unknown_label_names_the_known():
    with pytest.raises(ValueError, match=r"label='age' is not among.*vital_status"):
        load_adrenal_carcinoma(label="age")


@pytest.mark.parametrize("name", ["digit_views", "adrenal_carcinoma", "breast_tcga"])
def test_source_license_and_citation_stand_beside_the_data(name):
    description = (DATA / f"{name}.rst").read_text(encoding="utf-8")
    for field in (":Source:", ":License:", ":Citation:"):
        assert field in description


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("digit_views", "5c678887b887bef98ca293def50f1359f9a7d3661a750de9203bfcb56137882e"),
        ("adrenal_carcinoma", "fe9c8bc3d492d69e5fbf52e2ab3b3b5f00f3dcc87733ab11d077a4fdca26b3d4"),
    ],
)
def test_shipped_files_are_the_recorded_ones(name, digest):
    assert hashlib.sha256((DATA / f"{name}.npz").read_bytes()).hexdigest() == digest
