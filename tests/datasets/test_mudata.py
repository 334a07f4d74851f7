import sys

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_matrix, csr_array, csr_matrix
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skcmkd import PairedDistiller
from skcmkd.datasets import from_mudata

anndata = pytest.importorskip("anndata")
mudata = pytest.importorskip("mudata")
AnnData, MuData = anndata.AnnData, mudata.MuData

# Both packages call what newer versions of pandas, NumPy and themselves will change.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # A gene that two modalities measure is a case here.
    pytest.mark.filterwarnings("ignore:Cannot join columns with the same name:UserWarning"),
]


def annotated(samples, columns, dtype="float32", **obs):
    values = np.arange(len(samples) * len(columns)).reshape(len(samples), -1).astype(dtype)
    return AnnData(
        values, obs=pd.DataFrame(obs, index=list(samples)), var=pd.DataFrame(index=pd.Index(columns, dtype=object))
    )


def make_mdata():
    """Six samples, three of which have both modalities; g1 is measured in both."""
    rna = annotated("ABCDE", ["g1", "g2", "g3"], cell_type=list("ttbbb"), batch=[1, 1, 2, 2, 2])
    protein = annotated("FCED", ["g1", "p1"], "int64", cell_type=list("tbbb"), score=[0.5, np.nan, 1.0, 2.0])
    both = MuData({"rna": rna, "protein": protein})
    state = {"A": "ill", "B": "well", "C": None, "D": "ill", "E": "well", "F": "ill"}
    both.obs["state"] = pd.Categorical([state[name] for name in both.obs_names], categories=["ill", "well", "other"])
    return both


@pytest.fixture
def mdata():
    return make_mdata()


def test_samples_and_columns_are_where_they_belong(mdata):
    result = from_mudata(mdata, "state")
    assert result.modalities == {"rna": ["rna:g1", "rna:g2", "rna:g3"], "protein": ["protein:g1", "protein:p1"]}
    assert list(result.data.index) == list(mdata.obs_names)
    for name, part in mdata.mod.items():
        table = result.data[result.modalities[name]]
        np.testing.assert_array_equal(table.loc[part.obs_names], part.X)
        absent = ~result.data.index.isin(part.obs_names)
        assert table[absent].isna().all(axis=None)
        assert absent.sum() == 6 - part.n_obs
    assert result.DESCR == "MuData of 6 samples: rna 5 x 3, protein 4 x 2."


def test_precision(mdata):
    result = from_mudata(mdata, "state").data.dtypes
    assert result["rna:g1"] == np.float32
    assert result["protein:p1"] == np.float64  # a count of 64 bits does not fit into single precision


def test_label_is_plain_values_with_gaps(mdata):
    target = from_mudata(mdata, "state").target
    assert target.dtype == object
    assert target.isna().to_dict() == {name: name == "C" for name in mdata.obs_names}
    assert set(target.dropna()) == {"ill", "well"}


def test_label_of_one_modality(mdata):
    target = from_mudata(mdata, "score").target
    assert target.dtype == np.float64
    assert target["D"] == 2
    assert target[["A", "B", "C"]].isna().all()
    assert from_mudata(mdata, "protein:cell_type").target.dropna().to_dict() == dict(zip("FCED", "tbbb", strict=True))
    batch = from_mudata(mdata, "batch", modalities=["rna"]).target
    assert batch.dtype == np.int64


def test_label_that_several_modalities_have(mdata):
    with pytest.raises(ValueError, match=r"several modalities.*label='rna:cell_type' or 'protein:cell_type'"):
        from_mudata(mdata, "cell_type")
    mdata.obs["cell_type"] = list("uvwxyz")
    assert from_mudata(mdata, "cell_type").target.tolist() == list("uvwxyz")


def test_groups(mdata):
    result = from_mudata(mdata, "state", groups="rna:batch")
    assert result.groups.dropna().to_dict() == dict(zip("ABCDE", [1, 1, 2, 2, 2], strict=True))
    assert "groups" not in from_mudata(mdata, "state")
    with pytest.raises(ValueError, match=r"groups='patient' is not a column of obs, which has .*'rna:batch'"):
        from_mudata(mdata, "state", groups="patient")


def test_chosen_modalities(mdata):
    result = from_mudata(mdata, "state", modalities=["protein"])
    assert set(result.data.index) == set("CDEF")
    assert list(result.data) == ["protein:g1", "protein:p1"]
    assert list(from_mudata(mdata, "state", modalities=["protein", "rna"]).modalities) == ["protein", "rna"]
    with pytest.raises(ValueError, match="modalities names 'atac', and there is 'rna', 'protein'"):
        from_mudata(mdata, "state", modalities=["atac"])
    with pytest.raises(ValueError, match=r"must be a list of names: \['rna'\]"):
        from_mudata(mdata, "state", modalities="rna")


def test_layers(mdata):
    mdata.mod["rna"].layers["log"] = np.log1p(mdata.mod["rna"].X)
    result = from_mudata(mdata, "state", layer={"rna": "log"})
    np.testing.assert_array_equal(
        result.data.loc[list("ABCDE"), result.modalities["rna"]], mdata.mod["rna"].layers["log"]
    )
    np.testing.assert_array_equal(result.data.loc[list("FCED"), result.modalities["protein"]], mdata.mod["protein"].X)
    with pytest.raises(ValueError, match="'protein' has no layer 'log'; it has none"):
        from_mudata(mdata, "state", layer="log")


@pytest.mark.parametrize("kind", [csr_matrix, csc_matrix, csr_array])
def test_sparse_values_become_dense(mdata, kind):
    expected = from_mudata(mdata, "state").data
    mdata.mod["rna"].X = kind(mdata.mod["rna"].X)
    result = from_mudata(mdata, "state").data
    pd.testing.assert_frame_equal(result, expected)


def test_views_and_unwritten_changes(mdata):
    view = mdata[["E", "A"]]
    result = from_mudata(view, "state")
    assert set(result.data.index) == {"A", "E"}
    genes = from_mudata(mdata.mod["rna"][:, ["g3"]], "cell_type", modalities=["rna"])
    assert list(genes.data) == ["rna:g3"]
    mdata.mod["protein"] = annotated("FCGD", ["p1"])  # without update() mdata lacks G
    late = from_mudata(mdata, "state")
    assert list(late.data.index) == [*mdata.obs_names, "G"]
    assert pd.isna(late.target["G"])


def test_files(mdata, tmp_path):
    expected = from_mudata(mdata, "state")
    with pd.option_context("future.infer_string", False):  # anndata does not write pandas' new text
        written = make_mdata()
        written.mod["rna"].copy().write_h5ad(tmp_path / "rna.h5ad")
        written.write_h5mu(tmp_path / "both.h5mu")
        result = from_mudata(tmp_path / "both.h5mu", "state")
        backed = mudata.read_h5mu(tmp_path / "both.h5mu", backed=True)
        assert backed.isbacked
        read = from_mudata(backed, "state")
        one = from_mudata(str(tmp_path / "rna.h5ad"), "batch", modalities=["rna"])
        one_backed = from_mudata(anndata.read_h5ad(tmp_path / "rna.h5ad", backed="r"), "batch", modalities=["rna"])
    for tables in (result, read):
        np.testing.assert_array_equal(tables.data.loc[expected.data.index], expected.data)
        assert tables.target.dropna().to_dict() == expected.target.dropna().to_dict()
    for tables in (one, one_backed):
        np.testing.assert_array_equal(tables.data, mdata.mod["rna"].X)
    with pytest.raises(ValueError, match=r"both\.csv must end in \.h5mu or \.h5ad"):
        from_mudata(tmp_path / "both.csv", "state")


@pytest.mark.parametrize("split_by", [None, "feature_types"])
@pytest.mark.parametrize("layer", [None, "counts"])
@pytest.mark.parametrize(
    ("rows", "columns"), [(slice(None), slice(None)), ([2, 0], slice(None)), (slice(2), [0, 2])], ids=str
)
def test_views_of_backed_files(split_by, layer, rows, columns, tmp_path):
    """As the same view in memory."""
    with pd.option_context("future.infer_string", False):
        one = annotated("ABC", ["g1", "p1", "g2"], state=["x", "y", "x"])
        one.var["feature_types"] = ["rna", "protein", "rna"]
        one.layers["counts"] = 2 * one.X
        one.write_h5ad(tmp_path / "one.h5ad")
        backed = anndata.read_h5ad(tmp_path / "one.h5ad", backed="r")
        results = [
            from_mudata(table[rows, columns], "state", split_by=split_by, layer=layer) for table in (one, backed)
        ]
    pd.testing.assert_frame_equal(results[0].data, results[1].data, check_index_type=False)
    assert results[0].modalities == results[1].modalities
    assert results[0].target.tolist() == results[1].target.tolist()


def test_without_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mudata", None)
    with pytest.raises(ImportError, match=r'pip install "skcmkd\[mudata\]"'):
        from_mudata(tmp_path / "both.h5mu", "state")


def test_anndata_split_by_a_column(mdata):
    one = annotated("ABC", ["g1", "p1", "g2"], state=["x", "y", "x"])
    one.var["feature_types"] = ["Gene Expression", "Antibody", "Gene Expression"]
    result = from_mudata(one, "state", split_by="feature_types")
    assert result.modalities == {
        "Gene Expression": ["Gene Expression:g1", "Gene Expression:g2"],
        "Antibody": ["Antibody:p1"],
    }
    np.testing.assert_array_equal(result.data[result.modalities["Antibody"]], one.X[:, [1]])
    assert from_mudata(one, "state").modalities == {"X": ["X:g1", "X:p1", "X:g2"]}
    with pytest.raises(ValueError, match="split_by='kind' is not a column of var, which has 'feature_types'"):
        from_mudata(one, "state", split_by="kind")
    one.var["feature_types"] = ["a", None, "b"]
    with pytest.raises(ValueError, match="is missing for 1 columns, such as 'p1'"):
        from_mudata(one, "state", split_by="feature_types")
    with pytest.raises(ValueError, match="a MuData has its modalities already"):
        from_mudata(mdata, "state", split_by="feature_types")


def test_names_that_carry_their_modality_are_left():
    one = annotated("AB", ["rna:g1", "rna:g2"], state=["x", "y"])
    assert list(from_mudata(one, "state", modalities=["rna"]).data) == ["rna:g1", "rna:g2"]


@pytest.mark.parametrize("axis", ["obs", "var"])
@pytest.mark.filterwarnings("ignore:(Observation|Variable) names are not unique:UserWarning")  # that is the case
def test_names_that_repeat(axis):
    one = annotated("AA", ["g1", "g2"], y=[0, 1]) if axis == "obs" else annotated("AB", ["g1", "g1"], y=[0, 1])
    with pytest.raises(ValueError, match=rf"{axis}_names of 'X' holds '(A|g1)' more than once: call {axis}_names_make"):
        from_mudata(one, "y")


def test_what_is_no_table_of_samples(mdata):
    with pytest.raises(TypeError, match="must be a MuData, an AnnData or the path of a file; got a DataFrame"):
        from_mudata(pd.DataFrame({"y": [1]}), "y")
    columns = MuData({"old": annotated("AB", ["g1"]), "new": annotated("CD", ["g1"])}, axis=1)
    with pytest.raises(ValueError, match=r"share columns \(axis=1\), not samples alone"):
        from_mudata(columns, "y")
    with pytest.raises(ValueError, match="'inner' is a MuData itself"):
        from_mudata(MuData({"inner": MuData({"rna": mdata.mod["rna"]})}), "y")
    with pytest.raises(ValueError, match=r"'X' has no \.X\. Name a layer: 'counts'"):
        from_mudata(AnnData(obs=pd.DataFrame({"y": [1, 2]}, index=list("AB")), layers={"counts": np.ones((2, 3))}), "y")
    with pytest.raises(ValueError, match="are of dtype complex"):
        from_mudata(annotated("AB", ["g1"], complex, y=[0, 1]), "y")


@pytest.mark.filterwarnings("ignore:None of the 10 samples")
def test_a_distiller_takes_it_with_and_without_missing_modalities(mdata):
    rng = np.random.RandomState(0)
    state = rng.randint(2, size=60)
    names = [f"s{number}" for number in range(60)]
    rna = AnnData(csr_matrix(rng.poisson(2 + 2 * state[:, None], (60, 5))), obs=pd.DataFrame(index=names))
    protein = AnnData(rng.normal(state[:40, None], size=(40, 3)), obs=pd.DataFrame(index=names[:40]))
    both = MuData({"rna": rna, "protein": protein})
    both.obs["state"] = np.where(state, "ill", "well")
    both.obs.loc[names[50:], "state"] = None
    tables = from_mudata(both, "state")
    known = tables.target.notna()
    linear = make_pipeline(SimpleImputer(), LogisticRegression())
    distiller = PairedDistiller(linear, linear, student_columns=tables.modalities["rna"], random_state=0)
    distiller.fit(tables.data[known], tables.target[known], unlabeled_pairs=(tables.data[~known],))
    assert distiller.score(tables.data[known], tables.target[known]) > 0.7
    assert list(distiller.feature_names_in_) == tables.modalities["rna"]


# A panel of genes


def make_cells():
    cells = annotated("ABCD", ["g1", "g2", "g3", "g4"], kind=["T", "B", "unknown", None])
    cells.var["on_panel"] = [False, True, False, True]
    cells.layers["counts"] = 10 * cells.X
    return cells


@pytest.mark.parametrize("panel", ["on_panel", ["g4", "g2"], {"rna": "on_panel"}])
def test_a_panel_leaves_the_rest_to_the_teacher(panel):
    cells = make_cells()
    result = from_mudata(cells, "kind", modalities=["rna"], panel=panel, unannotated=["unknown"])
    assert result.modalities == {"panel": ["panel:g2", "panel:g4"], "rna": ["rna:g1", "rna:g3"]}
    np.testing.assert_array_equal(result.data[result.modalities["panel"]], cells.X[:, [1, 3]])
    np.testing.assert_array_equal(result.data[result.modalities["rna"]], cells.X[:, [0, 2]])
    assert result.target.isna().tolist() == [False, False, True, True]
    assert result.DESCR == "AnnData of 4 samples: panel 4 x 2, rna 4 x 2."


def test_a_panel_has_the_layer_of_its_modality():
    cells = make_cells()
    for layer in ("counts", {"rna": "counts"}):
        result = from_mudata(cells, "kind", modalities=["rna"], panel=["g1"], layer=layer)
        np.testing.assert_array_equal(result.data["panel:g1"], 10 * cells.X[:, 0])
        np.testing.assert_array_equal(result.data["rna:g2"], 10 * cells.X[:, 1])


def test_a_panel_of_one_of_several_modalities(mdata):
    result = from_mudata(mdata, "state", panel={"rna": ["g3"]})
    assert result.modalities == {
        "panel": ["panel:g3"],
        "rna": ["rna:g1", "rna:g2"],
        "protein": ["protein:g1", "protein:p1"],
    }
    np.testing.assert_array_equal(result.data["panel:g3"], from_mudata(mdata, "state").data["rna:g3"])


def test_unannotated_cells_are_unlabeled_pairs():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(90, 6)).astype("float32")
    kinds = np.where(X[:, 0] + X[:, 3] > 0, "T", "B")
    cells = AnnData(
        X,
        obs=pd.DataFrame({"kind": np.where(np.arange(90) < 60, kinds, "unassigned")}, index=list(map(str, range(90)))),
    )
    tables = from_mudata(cells, "kind", modalities=["rna"], panel=["0", "1"], unannotated=["unassigned"])
    known = tables.target.notna()
    assert known.sum() == 60
    model = LogisticRegression()
    distiller = PairedDistiller(model, model, student_columns=tables.modalities["panel"], alpha=0.5)
    distiller.fit(tables.data[known], tables.target[known], unlabeled_pairs=(tables.data[~known],))
    assert distiller.feature_names_in_.tolist() == ["panel:0", "panel:1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"panel": ["g9", "g1", "g8"]},
            r"panel names 'g9', which 'rna' does not have among its 4 var_names, and 1 more",
        ),
        ({"panel": "chosen"}, r"panel='chosen' is not a column of var, which has 'on_panel'"),
        ({"panel": "number"}, r"column 'number' of var has dtype int64, and a panel takes a Boolean"),
        ({"panel": []}, r"The panel has 0 of the 4 columns of 'rna'"),
        ({"panel": ["g1", "g2", "g3", "g4"]}, r"The panel has 4 of the 4 columns.*leave some for the teacher"),
        ({"panel": {"protein": ["g1"]}}, r"panel names 'protein', and there is 'rna'"),
        ({"panel": {"rna": ["g1"], "other": ["g2"]}}, r"it names 2, and there is 'rna'"),
        ({"unannotated": "unknown"}, r"unannotated='unknown' must be a list of labels"),
    ],
)
def test_panels_that_cannot_be(options, message):
    cells = make_cells()
    cells.var["number"] = range(4)
    with pytest.raises(ValueError, match=message):
        from_mudata(cells, "kind", modalities=["rna"], **options)


def test_a_panel_of_several_modalities_needs_a_name(mdata):
    with pytest.raises(ValueError, match=r"panel=\['g3'\] does not say which of the modalities 'rna', 'protein'"):
        from_mudata(mdata, "state", panel=["g3"])
