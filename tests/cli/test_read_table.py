import numpy as np
import pandas as pd
import pytest

from skcmkd.cli._errors import DataError, UsageError
from skcmkd.cli._read_table import as_numbers, as_text, has_numbers, read_table, with_point


def write(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_samples_and_labels_stay_as_written(tmp_path):
    table = read_table(write(tmp_path, "id,label,x\n007,01,1.5\n008,02,\n"), text=["label"])
    assert list(table.index) == ["007", "008"]
    assert list(table["label"]) == ["01", "02"]
    np.testing.assert_array_equal(table["x"], [1.5, np.nan])


def test_which_column_names_the_samples(tmp_path):
    path = write(tmp_path, "a,b,c\np,1,q\nr,2,s\n")
    assert list(read_table(path).index) == ["p", "r"]
    assert list(read_table(path, index="c").index) == ["q", "s"]
    assert list(read_table(path, numbered=True).columns) == ["a", "b", "c"]
    assert list(read_table(path, text=["a"]).index) == [0, 1]
    assert list(read_table(path, is_measurement=lambda name: name == "a").index) == [0, 1]
    with pytest.raises(DataError, match="--index 'd' is no column"):
        read_table(path, index="d")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.parquet"])
def test_the_same_table_in_every_format(tmp_path, table, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(path, sep="\t" if "tsv" in name else ",", index_label="sample")
    read = read_table(path, text=["diagnosis", "patient"])
    assert list(read.index) == list(table.index)
    columns = ["panel_0", "panel_1", "rna_0", "rna_1"]
    pd.testing.assert_frame_equal(as_numbers(read, columns), table[columns], check_names=False, check_index_type=False)
    assert list(as_text(read["diagnosis"]).dropna()) == list(table["diagnosis"].dropna())
    assert list(as_text(read["patient"])) == [str(value) for value in table["patient"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("id,x\n", "has no rows"),
        ("id,x,x\n1,2,3\n", "several columns of the name 'x'"),
        ("id,x,\n1,2,3\n", "column 3 of 3 has no name"),
        ("id;x;y\n1;2;3\n", "try --separator ';'"),
        ("id\tx\n1\t2\n", "try --separator tab"),
        ("id\n1\n", "has one column"),
        ("id,x\na,1\nb,2\na,3\n", "sample 'a' is in rows 1 and 3"),
        ("id,x\na,1\n,2\n", "row 2 has no sample name"),
        ("id,x\na,1\nb,2,3\n", "Expected 2 fields in line 3, saw 3"),
        ("id,x\na,1,4\nb,2,\n", "more cells in a row than names"),
        ("x,y\n0.25,1\n0.75,2\n", "no sample names"),
        (b"\xff\xfe\x00\x01\x02garbage\x00", "is not text in UTF-8"),
        ("id,größe\na,1\n".encode("latin-1"), "is not text in UTF-8"),
        (b'id,x\na,"1\n', "cannot be read as a table: EOF inside string"),
    ],
    ids=range(15),
)
def test_broken_tables(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as caught:
        as_numbers(read_table(write(tmp_path, text)), ["x"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("id,x\na,1\nb,2\n,\n,\n,\n", ["3 rows without a value are left out."]),
        ("id,x,,\na,1,,\nb,2,,\n", ["2 columns without a name and without a value are left out."]),
        ("id,x\na,1,\nb,2,\n", ["1 column without a name and without a value is left out."]),
        (
            "id,x,\na,1,\nb,2,\n,,\n",
            ["1 column without a name and without a value is left out.", "1 row without a value is left out."],
        ),
        ("id,x\na,1\nb,2\n\n\n", []),
    ],
    ids=["rows", "columns", "commas", "both", "blank lines"],
)
def test_empty_rows_and_columns_are_dropped_with_a_note(tmp_path, text, notes):
    noted = []
    table = read_table(write(tmp_path, text), notes=noted)
    assert noted == notes
    assert list(table.index) == ["a", "b"]
    assert table.to_dict("list") == {"x": [1, 2]}


def test_what_has_no_name_and_a_value_is_refused(tmp_path):
    with pytest.raises(DataError, match="column 3 of 4 has no name"):
        read_table(write(tmp_path, "id,x,,\na,1,7,\nb,2,,\n"))
    with pytest.raises(DataError, match="row 2 has no sample name"):
        read_table(write(tmp_path, "id,x\na,1\n,2\n,\n"))


def test_a_label_keeps_the_texts_that_are_missing_elsewhere(tmp_path):
    table = read_table(write(tmp_path, "id,label,x\na,NA,NA\nb,,1\nc,None,2\nd,01,3\n"), label="label")
    assert table["label"].fillna("").tolist() == ["NA", "", "None", "01"]
    assert table["x"].isna().tolist() == [True, False, False, False]


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(UsageError, match=r"kinds of table are .csv.*got '.xlsx'. Save the sheet as CSV"):
        read_table(write(tmp_path, b"PK", "t.xlsx"))
    with pytest.raises(DataError, match="cannot be read as parquet"):
        read_table(write(tmp_path, b"PAR1 garbage", "t.parquet"))
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_table(write(tmp_path, b"not gzip", "t.csv.gz"))


def test_cells_that_are_no_numbers():
    table = pd.DataFrame({"x": ["1", " ", None, "<0.5"], "y": ["3,14", "2", "1", "0"]}, index=list("abcd"))
    with pytest.raises(
        DataError, match=r"column 'x', row 4 \(sample 'd'\) holds '<0.5'.*1 cell of this column is like that"
    ):
        as_numbers(table, ["x"])
    with pytest.raises(DataError, match="decimal comma, add --decimal ','"):
        as_numbers(table, ["y"])
    with pytest.raises(DataError, match="holds 'inf'"):
        as_numbers(pd.DataFrame({"x": [1.0, np.inf]}), ["x"])
    with pytest.raises(DataError, match=r"holds '(x{37})\.\.\.'"):
        as_numbers(pd.DataFrame({"x": ["x" * 10**6]}), ["x"])
    read = as_numbers(pd.DataFrame({"x": [" 1.5 ", "", None], "b": [True, False, True]}), ["x", "b"])
    np.testing.assert_array_equal(read, [[1.5, 1], [np.nan, 0], [np.nan, 1]])


def test_decimal_commas(tmp_path):
    path = write(tmp_path, "id;x\na;3,14\nb;-1\n")
    np.testing.assert_array_equal(read_table(path, separator=";", decimal=",")["x"], [3.14, -1])


def test_a_label_with_decimal_commas_is_a_number():
    assert list(with_point(pd.Series(["0,5", None, "-1,25"]), ",").dropna()) == ["0.5", "-1.25"]
    for values in (pd.Series(["a,b", "0,5"]), pd.Series(["1,5,2"])):
        assert with_point(values, ",") is values


@pytest.mark.parametrize(("first", "sign"), [("sep=;", ";"), ("SEP=,", ","), ("sep=\t", "\t")])
@pytest.mark.parametrize("separator", [None, ";"])
def test_a_first_line_that_names_the_separator(tmp_path, first, sign, separator):
    path = write(tmp_path, "\r\n".join([first, f"id{sign}x{sign}y", f"a{sign}1{sign}2", f"b{sign}3{sign}"]))
    table = read_table(path, separator=separator if separator == sign else None)
    assert list(table.index) == ["a", "b"]
    np.testing.assert_array_equal(as_numbers(table, ["x", "y"]), [[1, 2], [3, np.nan]])


def test_parquet_kinds_of_columns(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame(
        {
            "id": ["a", "b"],
            "whole": pd.array([1, None], dtype="Int64"),
            "class": pd.Categorical(["u", "v"]),
            "day": pd.to_datetime(["2020-01-01", "2020-01-02"]),
            "list": [[1], [2]],
        }
    ).to_parquet(path)
    table = read_table(path)
    np.testing.assert_array_equal(as_numbers(table, ["whole"])["whole"], [1, np.nan])
    assert list(as_text(table["class"])) == ["u", "v"]
    assert [has_numbers(table[name]) for name in ("whole", "class", "day", "list")] == [True, False, False, False]
    for name in ("class", "day", "list"):
        with pytest.raises(DataError, match=f"column '{name}', row 1"):
            as_numbers(table, [name])


def test_names_and_cells_of_a_million_letters(tmp_path):
    long = "n" * 10**6
    table = read_table(write(tmp_path, f"id,{long}\na,1\nb,2\n"))
    assert table.columns[0] == long
    with pytest.raises(DataError) as caught:
        as_numbers(read_table(write(tmp_path, f"id,{long}\na,{long}\n")), [long])
    assert len(str(caught.value)) < 400


def test_text_is_stripped_and_whole_numbers_are_whole():
    assert list(as_text(pd.Series([1.0, np.nan, 2.0]))) == ["1", None, "2"]
    assert list(as_text(pd.Series([" a ", "", "b"]))) == ["a", None, "b"]
    assert list(as_text(pd.Series([0.5, 1.0]))) == ["0.5", "1.0"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "id;label;p_1\na;0;1,5\n", r"has one column, 'id;label;p_1'.* try --separator ';' --decimal ','\.$"),
        ("t.csv", "id;p_1;p_2 (a, b)\nx;1.5;2\n", r"has 2 columns, .* separated by .* try --separator ';'\.$"),
        ("t.csv", "id;p_1;p_2 (a, b)\nx;1,5;2\n", r"has 2 columns, .* try --separator ';' --decimal ','\.$"),
        ("t.tsv", "id,label\tx,p_1\n1,2,3\n", r"has 2 columns, .* try --separator ','\.$"),
    ],
    ids=["one column", "a comma in a name", "decimal commas", "tabs"],
)
def test_another_sign_between_the_cells_is_named(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_table(path, label="label", is_measurement=lambda column: column.startswith("p_"))


def test_other_signs_in_names_are_no_separators(tmp_path):
    path = write(tmp_path, "id,p_1;p_2;p_3,q;p_4\na,1,2\n")
    assert list(read_table(path, is_measurement=lambda column: column.startswith("p_"))) == ["p_1;p_2;p_3", "q;p_4"]
