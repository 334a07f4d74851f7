import hashlib

import numpy as np
import pytest

from skcmkd.datasets import load_adrenal_carcinoma, load_blood_cells, load_cell_lines, load_digit_views
from skcmkd.datasets._bunch import DATA
from skcmkd.survival import horizon_labels


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


def test_carcinoma_has_a_follow_up():
    carcinoma = load_adrenal_carcinoma(label="vital_status")
    clinical = carcinoma.clinical
    assert list(clinical) == ["time_days", "event", "age_years", "pathologic_stage", "gender"]
    assert clinical.index.equals(carcinoma.data.index)
    np.testing.assert_array_equal(clinical["event"], carcinoma.target == "dead")
    labels = horizon_labels(clinical["time_days"], clinical["event"], 3 * 365).label
    assert [(labels == 1).sum(), (labels == 0).sum(), np.isnan(labels).sum()] == [23, 50, 19]
    first = clinical.loc["TCGA-OR-A5J1"]
    assert first.tolist() == [1355, True, 58, "stage ii", "male"]
    assert clinical["pathologic_stage"].isna().sum() == 2
    part = load_adrenal_carcinoma()
    assert part.clinical.equals(clinical.loc[part.data.index])


def test_blood_cells():
    cells = load_blood_cells()
    assert {name: len(columns) for name, columns in cells.modalities.items()} == {"panel": 20, "rna": 480}
    assert cells.target.value_counts().to_dict() == {
        "Dendritic": 240,
        "CD14+ Monocyte": 129,
        "CD19+ B": 95,
        "CD4+/CD25 T Reg": 68,
        "CD8+ Cytotoxic T": 54,
        "CD8+/CD45RA+ Naive Cytotoxic": 43,
        "CD56+ NK": 31,
    }
    assert not cells.data.isna().any(axis=None)
    # Marker genes are highest in their cells.
    by_type = cells.data.groupby(cells.target).mean()
    assert by_type["rna_CD79A"].idxmax() == "CD19+ B"
    assert by_type["rna_NKG7"].idxmax() == "CD56+ NK"
    assert by_type["rna_LYZ"].idxmax() in ("CD14+ Monocyte", "Dendritic")


def test_cell_lines():
    cells = load_cell_lines()
    assert {name: len(columns) for name, columns in cells.modalities.items()} == {"chromatin": 19, "rna": 10}
    assert cells.target.value_counts().to_dict() == {"H1": 379, "GM12878": 324, "BJ": 201, "K562": 143}
    assert np.isfinite(cells.data.to_numpy()).all()


def test_all_shipped_files_leave_room_in_the_wheel():
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 5e6


@pytest.mark.parametrize("name", ["digit_views", "adrenal_carcinoma", "blood_cells", "cell_lines", "breast_tcga"])
def test_source_license_and_citation_stand_beside_the_data(name):
    description = (DATA / f"{name}.rst").read_text(encoding="utf-8")
    for field in (":Source:", ":License:", ":Citation:"):
        assert field in description


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("digit_views", "5c678887b887bef98ca293def50f1359f9a7d3661a750de9203bfcb56137882e"),
        ("adrenal_carcinoma", "829c6004c828796635d06fdb8c7a87c470eda8e32cf23812f48d75792fa1b9c3"),
        ("blood_cells", "02191c602f4bafc0c9992d30fe435689cab817543ff19d349ecb3d715a4276f5"),
        ("cell_lines", "1674d6eb7405c8e9f48b23fa544cec4de765aa20f5b2ec1a635c09ebc36f8b15"),
    ],
)
def test_shipped_files_are_the_recorded_ones(name, digest):
    assert hashlib.sha256((DATA / f"{name}.npz").read_bytes()).hexdigest() == digest
