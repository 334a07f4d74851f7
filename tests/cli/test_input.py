import re

import numpy as np
import pytest

from skcmkd.cli._errors import DataError
from skcmkd.cli._input import make_data


def test_rows_are_sorted_into_labeled_ones_and_pairs(table):
    table.loc["S002", ["panel_0", "panel_1", "rna_0", "rna_1"]] = np.nan
    table.loc["S070", ["rna_0", "rna_1"]] = np.nan
    data = make_data(table, "diagnosis", "panel", groups="patient")
    assert list(data.modalities) == ["panel", "rna"]
    assert data.X.shape == (47, 4)
    assert data.unlabeled.shape == (23, 4)
    assert list(data.classes) == ["benign", "malignant"]
    assert (data.y == table.loc[data.X.index, "diagnosis"]).all()
    assert (data.groups == table.loc[data.X.index, "patient"].astype(str)).all()
    assert data.X[["rna_0", "rna_1"]].isna().all(axis=1).sum() == 2
    assert data.notes == [
        "1 labeled row without any measurement is left out.",
        "1 row without a label and without both student and teacher is left out.",
    ]


def test_the_tuple_of_pairs_carries_groups_where_there_are_some(table):
    data = make_data(table, "diagnosis", "panel", groups="patient")
    X, groups = data.unlabeled_pairs
    assert X is data.unlabeled
    assert list(groups) == list(table.loc[X.index, "patient"].astype(str))
    (X,) = make_data(table, "diagnosis", "panel").unlabeled_pairs
    assert len(X) == 24
    assert make_data(table.dropna(subset=["diagnosis"]), "diagnosis", "panel").unlabeled_pairs is None


def test_a_continuous_target_and_numbers_as_classes(table):
    rng = np.random.RandomState(0)
    continuous = make_data(table.assign(dose=rng.normal(size=72)).drop(columns="diagnosis"), "dose", "panel", ["rna"])
    assert continuous.classes is None
    assert continuous.y.dtype == float
    codes = make_data(table.assign(grade=np.arange(72) % 3), "grade", "panel", ["rna"])
    assert list(codes.classes) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(diagnosis="a"), "is 'a' in all 72 labeled rows: two classes at least are needed. Add rows"),
        (
            lambda t: t.assign(diagnosis=None),
            "is missing in all 72 rows: there is nothing to learn from. Name another column with --label",
        ),
        (lambda t: t.head(5), "5 rows with both the label 'diagnosis' and the student's modality: too few for 5 folds"),
        (lambda t: t.assign(diagnosis=["rare"] + ["a", "b"] * 35 + ["a"]), "class 'rare' of 'diagnosis' has 1 group"),
        (lambda t: t.assign(patient=[None] + [1] * 71), r"row 1 \(sample 'S000'\) has no group in 'patient'"),
        (lambda t: t.assign(patient=np.arange(72) % 3), r"class 'benign' of 'diagnosis' has 3 groups with"),
        (
            lambda t: t.assign(rna_0=np.nan, rna_1=np.nan),
            "no teacher is left.* rna is left out: measured .* in 0 labeled",
        ),
        (lambda t: t.assign(diagnosis=["a" * 10**6, "b"] * 36), "'diagnosis' holds a value of 1e.06 letters"),
        (lambda t: t.assign(patient="p" * 201), "'patient' holds a value of 201 letters"),
        (lambda t: t.assign(panel_0="high"), "column 'panel_0', row 1"),
    ],
    ids=range(10),
)
def test_data_that_no_model_can_be_trained_on(table, change, message):
    with pytest.raises(DataError, match=message):
        make_data(change(table), "diagnosis", "panel", groups="patient")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(diagnosis="a"), "two classes at least are needed. Add rows of another class, or name"),
        (
            lambda t: t.assign(diagnosis=["a", None] * 36),
            "is 'a' in all 36 labeled rows and missing in the other 36: .*An empty cell is no class: write its name",
        ),
        (lambda t: t.assign(diagnosis=None), "nothing to learn from. Name another column with --label, or fill it in"),
        (lambda t: t.assign(patient=np.arange(72) % 3), "fewer than 5 folds. .*, or lower the folds: --folds 3\\.$"),
        (lambda t: t.head(18), "too few for 5 folds, which need 20. Add rows, or lower the folds: --folds 4\\.$"),
        (lambda t: t.assign(diagnosis=["rare"] + ["a", "b"] * 35 + ["a"]), "or merge it with another\\.$"),
    ],
    ids=["one class", "one class and empty cells", "no labels", "groups", "rows", "one row of a class"],
)
def test_a_message_names_the_remedy(table, change, message):
    """The number of folds that it names is one with which the same table is read."""
    changed = change(table)
    with pytest.raises(DataError, match=message) as caught:
        make_data(changed, "diagnosis", "panel", groups="patient")
    if found := re.search(r"--folds (\d+)", str(caught.value)):
        assert make_data(changed, "diagnosis", "panel", groups="patient", n_folds=int(found[1])).classes is not None


def test_a_candidate_with_too_few_rows_is_left_out_with_a_note(table):
    table["protein_0"] = table["protein_1"] = [1.0] * 8 + [np.nan] * 64
    data = make_data(table, "diagnosis", "panel")
    assert list(data.modalities) == ["panel", "rna"]
    assert "protein is left out: measured beside the student in 8 labeled rows, too few." in data.notes
    assert "protein_0" not in data.X
