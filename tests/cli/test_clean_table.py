import numpy as np
import pandas as pd
import pytest

from skcmkd.cli._clean_table import drop_counters, drop_empty_columns, drop_missing_labels
from skcmkd.cli._errors import DataError
from skcmkd.cli._input import load_data, make_data
from skcmkd.cli._options import make_parser


def load(path, *arguments):
    options = ["advise", str(path), "--label", "diagnosis", "--student", "panel", *arguments]
    return load_data(make_parser().parse_args(options))


# Labels that read as missing


@pytest.mark.parametrize("text", ["None", "NA", "null", "nan", "n/a"])
def test_classes_that_read_as_missing_are_counted_and_may_be_kept(table, tmp_path, text):
    """Sixteen empty cells are pairs either way."""
    table["diagnosis"] = np.where(np.arange(72) // 2 % 2, "tumor", text)
    table.loc["S000":"S015", "diagnosis"] = ""
    table.loc["S016":"S027", "diagnosis"] = "other"
    path = tmp_path / "t.csv"
    table.drop(columns="patient").to_csv(path, index_label="sample")
    n_texts = int((table["diagnosis"] == text).sum())
    data = load(path, "--folds", "2")
    assert list(data.classes) == ["other", "tumor"]
    assert len(data.unlabeled) + len(data.y) == 70
    assert (
        f"{n_texts} of 72 rows are read as rows without a label, for 'diagnosis' holds '{text}' {n_texts} times. "
        "If that is a class, add --keep-na-labels."
    ) in data.notes
    kept = load(path, "--folds", "2", "--keep-na-labels")
    assert list(kept.classes) == sorted([text, "other", "tumor"])
    assert len(kept.unlabeled) == 14  # two of the sixteen have no RNA
    assert not any("--keep-na-labels" in note for note in kept.notes)


def test_a_class_lost_as_missing_is_in_the_message(table, tmp_path):
    path = tmp_path / "t.csv"
    table.assign(diagnosis=np.where(np.arange(72) % 2, "tumor", "None")).to_csv(path, index_label="sample")
    with pytest.raises(DataError, match=r"is 'tumor' in all 36 .*holds 'None' 36 times.*add --keep-na-labels"):
        load(path)


def test_the_texts_are_listed_by_their_number():
    notes = []
    values = pd.Series(["NA", "a", None, " ", "None", "NA"], name="y")
    text = drop_missing_labels(values, False, notes)
    assert text.isna().tolist() == [True, False, True, True, True, True]
    assert "3 of 6 rows" in notes[0]
    assert "'NA' 2 times, 'None' 1 times" in notes[0]
    assert drop_missing_labels(values, True, notes).isna().sum() == 2
    assert len(notes) == 1


def test_numbers_may_be_missing_as_text(table, tmp_path):
    table["diagnosis"] = np.arange(72) * 0.5
    table["diagnosis"] = table["diagnosis"].astype(object).where(np.arange(72) % 4 > 0, "NA")
    table.to_csv(tmp_path / "t.csv", index_label="sample")
    data = load(tmp_path / "t.csv")
    assert data.classes is None
    assert len(data.y) == 54


# Row counters


@pytest.mark.parametrize("name", ["Unnamed: 0", "Unnamed: 0.1", "row", "rna_row", "panel_nr"])
@pytest.mark.parametrize("start", [0, 1])
def test_a_column_that_numbers_the_rows_is_left_out(table, tmp_path, name, start):
    table.insert(0, name, np.arange(72) + start)
    table.to_csv(tmp_path / "t.csv", index_label="sample")
    data = load(tmp_path / "t.csv")
    assert {key: len(columns) for key, columns in data.modalities.items()} == {"panel": 2, "rna": 2}
    assert any(note.startswith(f"'{name}' numbers the rows and is left out.") for note in data.notes)


def test_a_table_saved_twice_has_the_same_modalities(table, tmp_path):
    """The counters of each saving, of a table whose rows were chosen in between."""
    path = tmp_path / "t.csv"
    once = table.reset_index(drop=True).drop(index=[3, 5])
    once.to_csv(path)
    pd.read_csv(path).to_csv(path)
    assert pd.read_csv(path).columns[:2].tolist() == ["Unnamed: 0.1", "Unnamed: 0"]
    data = load(path, "--groups", "patient")
    assert list(data.modalities) == ["panel", "rna"]


def test_what_is_no_counter_stays():
    table = pd.DataFrame(
        {"a": [0, 1, 2, 4], "b": [2, 3, 4, 5], "c": [0.0, 1, np.nan, 3], "d": list("0123"), "e": range(4)}
    )
    notes = []
    assert list(drop_counters(table, ["e"], notes).columns) == list("abcde")
    assert notes == []
    assert list(drop_counters(table, [], notes).columns) == list("abcd")


# Empty columns


def test_an_empty_column_is_left_out(table):
    table["panel_2"], table["rna_2"] = np.nan, ""
    data = make_data(table, "diagnosis", "panel", groups="patient")
    assert data.modalities == {"panel": ["panel_0", "panel_1"], "rna": ["rna_0", "rna_1"]}
    assert "'panel_2' of panel hold no value in any row: left out." in data.notes
    assert "'rna_2' of rna hold no value in any row: left out." in data.notes


def test_a_student_that_is_empty_names_the_remedy(table):
    table[["panel_0", "panel_1"]] = np.nan
    with pytest.raises(DataError, match=r"'panel' is empty: 'panel_0', 'panel_1' hold no value.*Fill them in, or name"):
        make_data(table, "diagnosis", "panel", groups="patient")


def test_a_candidate_that_is_empty_stays_to_be_named():
    numbers = {"panel": pd.DataFrame({"p": [1.0]}), "rna": pd.DataFrame({"r": [np.nan]})}
    notes = []
    assert list(drop_empty_columns(numbers, "panel", notes)["rna"]) == ["r"]
    assert notes == []
