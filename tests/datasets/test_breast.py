"""The reader on a small file of the same structure; the download is replaced by a local copy."""

import hashlib
import sys

import numpy as np
import pandas as pd
import pytest
import xarray

from skcmkd.datasets import _breast, fetch_breast_tcga

rdata = pytest.importorskip("rdata")


def matrix(samples, columns, start):
    values = np.arange(len(samples) * len(columns), dtype=float).reshape(len(samples), -1) + start
    return xarray.DataArray(values, dims=["dim_0", "dim_1"], coords={"dim_0": samples, "dim_1": columns})


@pytest.fixture
def parts():
    train, test = ["A1", "A2", "A3"], ["B1", "B2"]
    return {
        "data.train": {
            "mirna": matrix(train, ["hsa-1", "hsa-2"], 0),
            "mrna": matrix(train, ["TP53"], 10),
            "protein": matrix(train, ["AKT"], 20),
            "subtype": pd.Categorical(["Basal", "LumA", "Her2"]),
        },
        "data.test": {
            "mrna": matrix(test, ["TP53"], 30),
            "mirna": matrix(test, ["hsa-1", "hsa-2"], 40),
            "subtype": pd.Categorical(["LumA", "LumA"]),
        },
    }


def check(bunch):
    assert bunch.data.shape == (5, 4)
    assert bunch.modalities == {
        "mirna": ["mirna_hsa-1", "mirna_hsa-2"],
        "mrna": ["mrna_TP53"],
        "protein": ["protein_AKT"],
    }
    assert bunch.data.loc["A2", "mirna_hsa-2"] == 3
    assert bunch.data.loc["B1", "mrna_TP53"] == 30
    assert bunch.data.loc[["B1", "B2"], "protein_AKT"].isna().all()
    assert bunch.target.tolist() == ["Basal", "LumA", "Her2", "LumA", "LumA"]
    assert bunch.split.tolist() == ["train"] * 3 + ["test"] * 2


def test_both_parts_become_one_table(parts):
    check(_breast.as_bunch(parts))


def test_local_copy_is_read_without_a_download(parts, tmp_path, monkeypatch):
    path = tmp_path / _breast.FILE_NAME
    path.write_bytes(b"a stand-in for the R object")
    monkeypatch.setattr(_breast, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(rdata, "read_rda", lambda file: {"breast.TCGA": parts} if file == path else None)
    check(fetch_breast_tcga(data_home=tmp_path, download=False))


def test_missing_file_is_downloaded_once_from_the_pinned_address(parts, tmp_path, monkeypatch):
    import pooch

    content = b"a stand-in for the R object"
    monkeypatch.setattr(_breast, "SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(rdata, "read_rda", lambda file: {"breast.TCGA": parts})
    asked = []

    def retrieve(url, known_hash, fname, path):
        asked.append((url, known_hash))
        (path / fname).write_bytes(content)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    for _ in range(2):
        check(fetch_breast_tcga(data_home=tmp_path))
    assert asked == [(_breast.URL, f"sha256:{_breast.SHA256}")]
    assert "d732983ad52fdd7fb2496a7ca8ac1bec501a63ab" in _breast.URL


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
