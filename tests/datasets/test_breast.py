"""The reader on a small R object of the same structure (written by breast_small.R), in place of the download."""

import hashlib
import sys
from pathlib import Path

import pytest

from skcmkd.datasets import _breast, fetch_breast_tcga

pytest.importorskip("rdata")
SMALL = (Path(__file__).parent / "breast_small.rda").read_bytes()


@pytest.fixture(autouse=True)
def pinned_to_the_small_file(monkeypatch, request):
    if "real_pin" not in request.keywords:
        monkeypatch.setattr(_breast, "SHA256", hashlib.sha256(SMALL).hexdigest())


def check(bunch):
    assert bunch.data.shape == (5, 4)
    assert bunch.modalities == {
        "mirna": ["mirna_hsa-1", "mirna_hsa-2"],
        "mrna": ["mrna_TP53"],
        "protein": ["protein_AKT"],
    }
    assert bunch.data.loc["A2", "mirna_hsa-2"] == 3
    assert bunch.data.loc["B1", "mrna_TP53"] == 30
    assert (bunch.data.dtypes == "float32").all()
    assert bunch.data.loc[["B1", "B2"], "protein_AKT"].isna().all()
    assert bunch.target.tolist() == ["Basal", "LumA", "Her2", "LumA", "LumA"]
    assert bunch.split.tolist() == ["train"] * 3 + ["test"] * 2


def test_local_copy_is_read_without_a_download(tmp_path):
    (tmp_path / _breast.FILE_NAME).write_bytes(SMALL)
    check(fetch_breast_tcga(data_home=tmp_path, download=False))


def test_missing_file_is_downloaded_once_from_the_pinned_address(tmp_path, monkeypatch):
    import pooch

    calls = []

    def retrieve(url, known_hash, fname, path):
        calls.append((url, known_hash))
        (path / fname).write_bytes(SMALL)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    for _ in range(2):
        check(fetch_breast_tcga(data_home=tmp_path))
    assert calls == [(_breast.URL, f"sha256:{_breast.SHA256}")]
    assert "d732983ad52fdd7fb2496a7ca8ac1bec501a63ab" in _breast.URL


@pytest.mark.real_pin
def test_wrong_checksum_is_told_and_the_file_kept(tmp_path):
    path = tmp_path / _breast.FILE_NAME
    path.write_bytes(b"cut short")
    with pytest.raises(ValueError, match=r"not the pinned 0812db06.*Delete it"):
        fetch_breast_tcga(data_home=tmp_path)
    assert path.exists()


def test_no_file_and_no_download(tmp_path):
    with pytest.raises(FileNotFoundError, match="Set download=True"):
        fetch_breast_tcga(data_home=tmp_path, download=False)


def test_without_rdata_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rdata", None)
    with pytest.raises(ImportError, match=r"pip install \"skcmkd\[breast\]\""):
        fetch_breast_tcga(data_home=tmp_path)
