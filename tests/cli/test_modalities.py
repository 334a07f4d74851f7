import pandas as pd
import pytest

from skcmkd.cli._errors import DataError, UsageError
from skcmkd.cli._modalities import find_column, pick_modalities


def columns(*names, **values):
    return pd.DataFrame({name: values.get(name, [1.0, 2.0]) for name in (*names, *values)})


def test_prefixes_select_what_starts_with_them():
    table = columns("panel_a", "panelb", "rna_a", "label", "panel_label")
    modalities, rest = pick_modalities(table, "panel", ["rna"], ["label", "panel_label"])
    assert modalities == {"panel": ["panel_a", "panelb"], "rna": ["rna_a"]}
    assert rest == []
    assert pick_modalities(table, "panel_", ["rna"], ["label", "panel_label"])[1] == ["panelb"]


def test_without_teachers_the_rest_is_grouped():
    table = columns("p_a", "rna_a", "rna_b", "prot.c", "prot_d", "age", sex_x=["m", "f"])
    modalities, rest = pick_modalities(table, "p", None, [])
    assert modalities == {"p": ["p_a", "prot.c", "prot_d"], "rna": ["rna_a", "rna_b"]}
    assert rest == ["age", "sex_x"]
    with pytest.raises(DataError, match="there is no teacher"):
        pick_modalities(columns("p_a", "age"), "p", None, [])


def test_modalities_are_written_like_the_student():
    """The names are prefixes of the same columns, so that they can be given to --teacher."""
    table = columns("p_a", "rna_a", "rna_b", "prot.c", "prot_d")
    assert list(pick_modalities(table, "p_", None, [])[0]) == ["p_", "rna_", "prot"]
    by_name = pick_modalities(table, "p_", ["rna_", "prot"], [])[0]
    assert by_name == pick_modalities(table, "p_", None, [])[0]


def test_a_column_by_itself_teaches_only_where_it_is_named():
    table = columns("p_a", "rna_a", "rna_b", "patient no", "age at diagnosis")
    modalities, rest = pick_modalities(table, "p_", None, [])
    assert list(modalities) == ["p_", "rna_"]
    assert rest == ["patient no", "age at diagnosis"]
    assert pick_modalities(table, "p_", ["age"], [])[0]["age"] == ["age at diagnosis"]
    with pytest.raises(DataError, match="Or name a column by itself with --teacher, such as 'patient'"):
        pick_modalities(table[["p_a", "patient no"]], "p_", None, [])


def test_likely_columns_are_listed_first():
    table = columns("a", "b", "c", "status")
    with pytest.raises(DataError, match=r"--event 'q' is no column of the table\. There are 'status', 'a', 'b' and 1 "):
        find_column(table, "q", "--event", lambda values: values.name == "status")


def test_overlaps_are_refused():
    with pytest.raises(UsageError, match="every column of 'rnaseq' also starts with 'rna'"):
        pick_modalities(columns("rna_1", "rnaseq_1"), "rna", ["rnaseq"], [])
    with pytest.raises(UsageError, match="also starts with"):
        pick_modalities(columns("rna_1"), "rna", ["rna"], [])
    with pytest.raises(UsageError, match="empty prefix"):
        pick_modalities(columns("rna_1"), "", ["rna"], [])


def test_names_that_are_not_there():
    with pytest.raises(DataError, match=r"no column starts with 'panle'\. The table has 'panel'"):
        pick_modalities(columns("panel_1", "rna_1"), "panle", ["rna"], [])
    with pytest.raises(DataError, match=r"--label 'diagnosys' is no column of the table\. Did you mean 'diagnosis'"):
        find_column(columns("diagnosis", "x"), "diagnosys", "--label")
    with pytest.raises(DataError, match="There are 'diagnosis', 'x'"):
        find_column(columns("diagnosis", "x"), "q" * 10**6, "--label")


def test_a_column_may_be_the_index():
    table = columns("x").set_axis(["a", "b"]).rename_axis("patient")
    assert list(find_column(table, "patient", "--groups")) == ["a", "b"]
