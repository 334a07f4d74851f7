import numpy as np
import pandas as pd
import pytest

from skcmkd.cli._data_checks import (
    check_label_spelling,
    check_label_unknown,
    check_leakage,
    check_repeated_subjects,
    check_row_ids,
    check_time_leakage,
    find_decimal_commas,
)
from skcmkd.cli._errors import DataError
from skcmkd.cli._input import make_data
from skcmkd.cli._modalities import pick_modalities


def noise(n_rows, n_columns):
    return pd.DataFrame(np.random.RandomState(1).normal(size=(n_rows, n_columns))).add_prefix("rna_")


def test_a_column_that_separates_the_classes_is_named():
    y = np.array(["a", "b", "c"])[np.arange(60) % 3]
    classes = np.unique(y)
    X = noise(60, 30)
    assert check_leakage(X, y, classes) == []
    X["rna_outcome"] = pd.Series(y).map({"a": 7.0, "b": -1.0, "c": 3.0})
    X.loc[:4, "rna_outcome"] = np.nan
    assert check_leakage(X, y, classes) == [
        "column 'rna_outcome' tells the label alone: is it an outcome? If so, leave it out."
    ]
    X.loc[10, "rna_outcome"] = 7.0 if y[10] != "a" else 3.0
    assert check_leakage(X, y, classes) == []


def test_chance_separates_no_classes():
    """In few rows some of many columns of noise separate a small class."""
    y = np.repeat(["a", "b"], [2, 18])
    X = noise(20, 2000)
    a, b = X[y == "a"], X[y == "b"]
    assert ((a.max() < b.min()) | (b.max() < a.min())).any()
    assert check_leakage(X, y, np.unique(y)) == []
    y = np.repeat(["a", "b"], 9)
    assert check_leakage(pd.DataFrame({"rna_0": y == "a"}).astype(float), y, np.unique(y)) == []


def test_a_column_that_is_the_continuous_target_is_named(table):
    y = np.random.RandomState(0).normal(size=40)
    X = noise(40, 5)
    assert check_leakage(X, y, None) == []
    X["rna_dose"], X["rna_flat"] = 3 - 2 * y, 1.0
    X.loc[:5, "rna_dose"] = np.nan
    assert "column 'rna_dose' tells the label alone" in check_leakage(X, y, None)[0]
    assert check_leakage(X.head(20), y[:20], None) == []
    table["panel_2"] = (table["diagnosis"] == "malignant").astype(float)
    assert "'panel_2'" in make_data(table, "diagnosis", "panel", groups="patient").leaks[0]


def test_rows_with_nothing_but_a_name():
    X = noise(40, 30)
    modalities = {"rna": list(X.columns)}
    assert check_row_ids(X, modalities) == []
    X.insert(0, "rna_id", np.arange(40.0) + 100)
    modalities = {"rna": list(X.columns)}
    X.iloc[:6, 1:] = np.nan
    numbering, poor = check_row_ids(X, modalities)
    assert numbering.startswith("'rna_id' of 'rna' numbers the rows")
    assert poor.startswith("6 rows have at most 1 of the 31 cells of 'rna' (only 'rna_id') and count as measured")
    assert check_row_ids(X.assign(rna_id=X["rna_id"] // 2).iloc[6:], modalities) == []
    for name in ("rna_no", "rna number", "rna-code"):
        assert len(check_row_ids(X.rename(columns={"rna_id": name}), {"rna": [name, *X.columns[1:]]})) == 2


def test_columns_that_are_the_same_in_all_rows(table):
    table["panel_2"], table["panel_3"] = 1.0, np.nan
    table.loc["S000", "panel_3"] = 2.0
    notes = make_data(table, "diagnosis", "panel", groups="patient").notes
    assert "'panel_2', 'panel_3' of 'panel' have one value each in all rows: nothing can be learned from it." in notes
    assert not any(
        "in all rows" in note
        for note in make_data(table.drop(columns=["panel_2", "panel_3"]), "diagnosis", "panel").notes
    )


@pytest.mark.parametrize("name", ["unknown", "Pending", "missing", "?", "not known"])
def test_classes_that_are_none_are_asked_for(table, name):
    table.loc[table.index[:12], "diagnosis"] = name
    notes = make_data(table, "diagnosis", "panel").notes
    assert (
        f"'{name}' is a class of the label. If it means that the class is not known, empty these cells: such rows are "
        "unlabeled pairs."
    ) in notes
    assert check_label_unknown(["benign", "unknown primary"]) == []
    assert check_label_unknown(["?", "missing"])[0].startswith("'?', 'missing' are classes")


def test_patients_that_repeat(table):
    assert check_repeated_subjects(table, ["diagnosis"]) == [
        "'patient' repeats (36 values in 72 rows): --groups 'patient'?"
    ]
    assert check_repeated_subjects(table.assign(patient=np.arange(72)), ["diagnosis"]) == []
    assert check_repeated_subjects(table.rename(columns={"patient": "patient_sex"}), ["diagnosis"]) == []
    once = table.assign(patient=np.r_[0, np.arange(71)])
    assert check_repeated_subjects(once, []) == ["'patient' repeats (71 values in 72 rows): --groups 'patient'?"]
    for name in ("case no", "Participant-ID", "person", "individual_code"):
        assert len(check_repeated_subjects(once.rename(columns={"patient": name}), [])) == 1
    plate = once.rename(columns={"patient": "plate_id"})
    assert check_repeated_subjects(plate, []) == check_repeated_subjects(plate.drop(columns="plate_id"), []) == []
    (often,) = check_repeated_subjects(plate.assign(plate_id=np.arange(72) % 60), [])
    assert often == "'plate_id' repeats (60 values in 72 rows): --groups 'plate_id'?"
    assert any("--groups" in note for note in make_data(table, "diagnosis", "panel", ["rna"]).notes)
    assert not any("--groups" in note for note in make_data(table, "diagnosis", "panel", groups="patient").notes)


def test_classes_spelt_in_two_ways(table):
    assert check_label_spelling(["Responder", "non responder", "none"]) == []
    (message,) = check_label_spelling(["Responder", "no", "responder"])
    assert message == "the classes 'Responder', 'responder' differ in case or blanks alone: are they one?"
    table.loc["S000", "diagnosis"] = "Benign"
    with pytest.raises(DataError, match=r"class 'Benign' .* has 1 group.*'Benign', 'benign' differ in case"):
        make_data(table, "diagnosis", "panel", groups="patient")


def test_decimal_commas_are_noticed():
    table = pd.DataFrame(
        {"p_a": [1.0, 2.0], "rna_a": ["0,047", "-1,5e3"], "sex_a": ["m", "f"], "rna_b": ["1,2,3", "1"]}
    )
    assert find_decimal_commas(table, list(table)) == ["'rna_a' hold numbers such as 0,047: try --decimal ,"]
    with pytest.raises(
        DataError, match=r"^'rna_a' hold numbers such as 0,047: try --decimal ,\. .*there is no teacher"
    ):
        pick_modalities(table[["p_a", "rna_a"]], "p", None, [])


def test_columns_that_follow_the_time():
    """The time to another event does, a marker of the risk does not; few rows of noise do not either."""
    random = np.random.RandomState(0)
    risk = random.normal(size=100)
    time = pd.Series(random.exponential(size=100) / np.exp(1.5 * risk), name="os_days")
    event = pd.Series(random.uniform(size=100) < 0.5, name="died").astype(float)
    X = pd.DataFrame(random.normal(size=(100, 500))).add_prefix("rna_").assign(rna_risk=risk)
    assert check_time_leakage(X, time, event) == []
    assert check_time_leakage(X.head(15), time.head(15), event.head(15)) == []
    other = time * random.uniform(0.7, 1, size=100)
    (line,) = check_time_leakage(X.assign(pfi_days=other, pfi_copy=np.nan), time, event)
    assert line.startswith("column 'pfi_days' follows 'os_days' closely: other outcomes? If so, leave them out")
    (line,) = check_time_leakage(X.assign(a=other, b=-other.where(other.index > 60)), time, event)
    assert line.startswith("columns 'a', 'b' follow 'os_days' closely")
    (line,) = check_time_leakage(X.assign(pfi=event.where(event.index > 1, 1 - event), constant=1.0), time, event)
    assert line.startswith("column 'pfi' follows 'died' closely")
