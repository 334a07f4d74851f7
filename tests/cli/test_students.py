import io

import numpy as np
import pandas as pd
import pytest

from skcmkd import load_student, save_student
from skcmkd.cli import main
from skcmkd.cli._pipeline import make_student

COLUMNS = ["panel_0", "panel_1"]


@pytest.fixture(scope="module")
def model(path, tmp_path_factory):
    """A student that the command line has distilled, and what it said."""
    out = tmp_path_factory.mktemp("student") / "student.skops"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", io.StringIO())
        given = ["distill", str(path), "--label", "diagnosis", "--student", "panel", "--out", str(out), "--jobs", "1"]
        assert main(given) == 0
        import sys

        return out, sys.stdout.getvalue()


def test_what_was_decided_is_said(model):
    path, said = model
    assert "Who should teach?" in said
    assert (
        "'rna' taught 'panel' with the weight" in said or "'rna' is kept, but held-out rows gave it no weight" in said
    )
    assert list(load_student(path).feature_names_in_) == COLUMNS


def test_answers_are_the_students(model, table, tmp_path, capsys):
    """From the student's columns alone, one row of which was not measured."""
    table.loc["S001", COLUMNS] = np.nan
    table[COLUMNS].to_csv(tmp_path / "new.csv", index_label="sample")
    assert main(["predict", str(tmp_path / "new.csv"), "--model", str(model[0]), "--out", str(tmp_path / "a.csv")]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "skcmkd: 1 of 72 rows have none of the student's measurements: no answer.\n"
    answers = pd.read_csv(tmp_path / "a.csv", index_col="sample")
    assert list(answers.index) == list(table.index)
    assert list(answers.columns) == ["predicted", "probability_benign", "probability_malignant"]
    assert answers.loc["S001"].isna().all()
    known = table[COLUMNS].drop(index="S001")
    student = load_student(model[0])
    np.testing.assert_allclose(
        answers.drop(index="S001").iloc[:, 1:], student.predict_proba(known), rtol=0, atol=5.1e-7
    )
    assert (answers.iloc[:, 1:].dropna() == answers.iloc[:, 1:].dropna().round(6)).all(axis=None)
    assert list(answers.drop(index="S001")["predicted"]) == list(student.predict(known))


def test_lacking_columns_are_named(model, table, tmp_path, capsys):
    path = tmp_path / "new.csv"
    table[["panel_0"]].to_csv(path, index_label="sample")
    assert main(["predict", str(path), "--model", str(model[0])]) == 1
    assert "lacks 1 of the student's 2 columns: 'panel_1'" in capsys.readouterr().err
    table.assign(panel_0=np.nan, panel_1=np.nan).to_csv(path, index_label="sample")
    assert main(["predict", str(path), "--model", str(model[0])]) == 1
    assert "no row has any of the student's measurements" in capsys.readouterr().err


def test_students_that_are_none(path, model, tmp_path, capsys):
    forged = tmp_path / "forged.skops"
    assert main(["predict", str(path), "--model", str(forged)]) == 1
    assert "there is no file" in capsys.readouterr().err
    forged.write_bytes(b"\x80\x04.")
    assert main(["predict", str(path), "--model", str(forged)]) == 1
    assert "is not a file of save_student" in capsys.readouterr().err
    assert main(["predict", str(path), "--model", str(model[0]), "--out", str(model[0])]) == 2
    assert "is the file that is read" in capsys.readouterr().err


def test_no_formula_reaches_a_spreadsheet(table, tmp_path, capsys):
    """Sample names and classes that begin one get an apostrophe; negative numbers stay numbers."""
    classes = np.array(["-1", "=cmd|' /C calc'!A0"])
    y = classes[np.arange(72) % 2]
    student = make_student("linear", table[COLUMNS], y, classes, None, 0).fit(table[COLUMNS], y)
    save_student(student, tmp_path / "s.skops")
    table[COLUMNS].set_axis([f"@SUM({row})" for row in range(72)]).to_csv(tmp_path / "t.csv", index_label="=id")
    assert main(["predict", str(tmp_path / "t.csv"), "--model", str(tmp_path / "s.skops")]) == 0
    answers = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert answers.columns[0] == "'=id"
    assert answers["'=id"].str.startswith("'@SUM(").all()
    assert set(answers["predicted"]) <= {"-1", "'=cmd|' /C calc'!A0"}


def test_a_continuous_target_is_predicted_as_a_number(table, tmp_path, capsys):
    y = table["panel_0"].to_numpy() - 3
    student = make_student("linear", table[COLUMNS], y, None, None, 0).fit(table[COLUMNS], y)
    save_student(student, tmp_path / "s.skops")
    table.to_csv(tmp_path / "t.csv", index_label="sample")
    assert main(["predict", str(tmp_path / "t.csv"), "--model", str(tmp_path / "s.skops")]) == 0
    answers = pd.read_csv(io.StringIO(capsys.readouterr().out), index_col="sample")
    np.testing.assert_allclose(answers["predicted"], student.predict(table[COLUMNS]), rtol=1e-12)


def test_samples_may_be_named_like_the_answers(model, table, tmp_path, capsys):
    table[COLUMNS].to_csv(tmp_path / "new.csv", index_label="predicted")
    assert main(["predict", str(tmp_path / "new.csv"), "--model", str(model[0])]) == 0
    answers = pd.read_csv(io.StringIO(capsys.readouterr().out), index_col="row")
    assert list(answers.index) == list(table.index)
    assert set(answers["predicted"]) <= {"benign", "malignant"}
