import numpy as np
import pandas as pd
import pytest

from skcmkd.cli._anndata import is_annotated, read_annotated
from skcmkd.cli._errors import DataError
from skcmkd.cli._options import make_parser

AnnData = pytest.importorskip("anndata").AnnData
pytest.importorskip("mudata")
# Both packages call what newer versions of pandas and themselves will change.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _old_text():
    """The package anndata does not write pandas' new text."""
    with pd.option_context("future.infer_string", False):
        yield


@pytest.fixture
def mudata_path(path, tmp_path):
    """The table as a MuData, whose RNA lacks the samples where it was not measured."""
    from mudata import MuData

    table, parts = pd.read_csv(path, index_col="sample"), {}
    for name in ("panel", "rna"):
        columns = [column for column in table if column.startswith(name)]
        measured = table[columns].dropna()
        parts[name] = AnnData(measured)
    data = MuData(parts)
    data.obs["diagnosis"] = table["diagnosis"].reindex(data.obs_names).astype(object)
    data.obs["patient"] = table["patient"].reindex(data.obs_names)
    path = tmp_path / "cohort.h5mu"
    data.write(path)
    return path


def test_a_mudata_gives_the_same_data_as_a_csv(table, path, mudata_path):
    from skcmkd.cli._input import load_data

    arguments = ["--label", "diagnosis", "--student", "panel", "--groups", "patient"]
    first, second = (
        load_data(make_parser().parse_args(["advise", str(file), *arguments])) for file in (path, mudata_path)
    )
    assert second.modalities == {name: [f"{name}:{name}_{n}" for n in range(2)] for name in ("panel", "rna")}
    order = second.X.index.get_indexer(first.X.index)
    np.testing.assert_allclose(second.X.to_numpy()[order], first.X, rtol=1e-6)
    assert list(second.y[order]) == list(first.y)
    assert list(second.groups[order]) == list(first.groups)
    assert set(second.unlabeled.index) == set(first.unlabeled.index)
    unknown = make_parser().parse_args(["advise", str(mudata_path), *arguments[:2], "--student", "protein"])
    with pytest.raises(DataError, match="--student 'protein' is none of the modalities 'panel', 'rna'"):
        load_data(unknown)


def test_without_a_label_there_are_the_measurements(table, mudata_path):
    read, modalities = read_annotated(mudata_path, {}, ["panel"], "feature_types")
    assert modalities == {"panel": ["panel:panel_0", "panel:panel_1"]}
    np.testing.assert_allclose(read.loc[table.index, modalities["panel"]], table[["panel_0", "panel_1"]], rtol=1e-6)


def test_time_event_and_batch_are_columns_of_obs(follow_up_table, tmp_path):
    from skcmkd.cli._outcome import load_follow_up

    measured = follow_up_table.filter(regex="^(panel|rna)_").fillna(0)
    obs = follow_up_table[["os_days", "died"]].assign(site=[*"AB"] * 60)
    adata = AnnData(measured.to_numpy("float32"), obs=obs)
    adata.var_names = list(measured)
    adata.var["feature_types"] = [name.split("_")[0] for name in measured]
    path = tmp_path / "t.h5ad"
    adata.write(path)
    arguments = ["--time", "os_days", "--event", "died", "--horizon", "1000", "--batch", "site"]
    options = make_parser().parse_args(["advise", str(path), "--student", "panel", *arguments])
    study = load_follow_up(options).at(1000, 2)
    known = follow_up_table.dropna(subset=["os_days"])
    np.testing.assert_array_equal(study.outcome.time, known["os_days"])
    np.testing.assert_array_equal(study.outcome.event, known["died"] == 1)
    assert study.X.shape == (110, 6)
    assert list(study.data.batch) == list(obs.loc[study.data.X.index, "site"])


def test_anndata_is_split_by_a_column_of_var(tmp_path):
    adata = AnnData(np.eye(4, 3, dtype="float32"))
    adata.obs["y"] = [*"abab"]
    adata.var["feature_types"] = ["rna", "rna", "protein"]
    path = tmp_path / "cells.h5ad"
    adata.write(path)
    read, modalities = read_annotated(path, {"label": "y"}, None, "feature_types")
    assert list(modalities) == ["rna", "protein"]
    assert list(read["y"]) == list("abab")


def test_broken_files(tmp_path):
    path = tmp_path / "broken.h5mu"
    with pytest.raises(DataError, match="there is no file"):
        read_annotated(path, {"label": "y"}, None, "")
    path.write_bytes(b"no hdf5")
    with pytest.raises(DataError, match=r"cannot be read as \.h5mu"):
        read_annotated(path, {"label": "y"}, None, "")
    assert is_annotated(path)
    assert not is_annotated(tmp_path / "t.csv")
