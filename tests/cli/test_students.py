import io
import re
from argparse import Namespace

import numpy as np
import pandas as pd
import pytest

from skcmkd import load_student, save_student
from skcmkd.cli import main
from skcmkd.cli._input import make_data
from skcmkd.cli._outcome import make_follow_up
from skcmkd.cli._pipeline import fit_select_distill, make_student, tune_penalty
from skcmkd.cli._students import check_rising, warn_of_useless_risk, warn_of_useless_student

from .conftest import quick_selector

COLUMNS = ["panel_0", "panel_1"]


@pytest.fixture(scope="module")
def model(path, tmp_path_factory):
    """A student that the command line has distilled, and its output."""
    out = tmp_path_factory.mktemp("student") / "student.skops"
    with pytest.MonkeyPatch.context() as patch, quick_selector():
        patch.setattr("sys.stdout", io.StringIO())
        arguments = [
            "distill",
            str(path),
            "--label",
            "diagnosis",
            "--student",
            "panel",
            "--out",
            str(out),
            "--jobs",
            "1",
            "--model",
            "linear",
        ]
        patch.setattr("sys.stderr", io.StringIO())
        assert main(arguments) == 0
        import sys

        return out, sys.stdout.getvalue(), sys.stderr.getvalue()


def test_what_was_decided_is_printed(model):
    path, output, _ = model
    assert "Who should teach?" in output
    assert (
        "'rna' taught 'panel' with the weight" in output
        or "'rna' is kept, but no row without a label has both modalities" in output
    )
    assert list(load_student(path).feature_names_in_) == COLUMNS


def test_the_student_alone_is_kept_where_that_is_wanted(path, table, tmp_path, capsys):
    """It is the model of the student's columns, tuned and trained on the labeled rows that have them."""
    out = tmp_path / "alone.skops"
    options = ["--label", "diagnosis", "--student", "panel", "--jobs", "1", "--model", "linear"]
    assert main(["distill", str(path), *options, "--alone", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "'panel' was trained alone, as --alone asks." in printed
    assert "Who should teach?" not in printed
    assert "Whether that helps" not in printed
    labeled = table[table["diagnosis"].notna()]
    y = labeled["diagnosis"].to_numpy().astype(str)
    expected = tune_penalty(make_student("linear", True, 0), labeled[COLUMNS], y, None).fit(labeled[COLUMNS], y)
    new = table[table["diagnosis"].isna()]
    np.testing.assert_allclose(load_student(out).predict_proba(new[COLUMNS]), expected.predict_proba(new[COLUMNS]))
    assert main(["predict", str(path), "--model", str(out)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(table) + 1


def test_what_distill_has_not_measured(model):
    _, output, _ = model
    sentence = "If it does not, keep that one with --alone."
    assert (sentence in " ".join(output.split())) == ("taught 'panel'" in output)


def test_a_useless_student_is_warned_of(model):
    """Its panel is next to noise: on both streams, with the accuracies of both."""
    _, output, errors = model
    line = " ".join(output.split()).partition("Warning: ")[2]
    assert line.startswith("'panel' is not shown to predict 'diagnosis' better than the majority class (gain in Brier")
    assert re.search(r"accuracy 0\.\d{3} against 0\.\d{3}; 5 folds of held-out rows", line)
    assert "skcmkd: Warning: 'panel' is not shown to predict 'diagnosis'" in errors


def test_a_student_that_predicts_is_not_warned_of(table):
    table = table.assign(panel_0=table["panel_0"] + 2 * (np.arange(72) // 2 % 2))
    data = make_data(table, "diagnosis", "panel", groups="patient")
    with quick_selector():
        selector, distiller = fit_select_distill(data, "linear", 0, 1, 0)
    options = Namespace(folds=3, seed=0, jobs=1, label="diagnosis")
    assert warn_of_useless_student(data, selector, distiller, options) == []
    rows = table["diagnosis"].notna()
    shuffled = table.assign(panel_0=0.0, panel_1=np.random.RandomState(0).normal(size=72))[rows]
    data = make_data(
        shuffled.assign(dose=np.arange(48.0) % 17 + 0.5).drop(columns="diagnosis"), "dose", "panel", ["rna"]
    )
    with quick_selector():
        selector, distiller = fit_select_distill(data, "linear", 0, 1, 0)
    (sentence,) = warn_of_useless_student(data, selector, distiller, options)
    assert "better than the mean (gain in squared error" in sentence


def test_predictions_are_the_students(model, table, tmp_path, capsys):
    """From the student's columns alone, one row of which was not measured."""
    table.loc["S001", COLUMNS] = np.nan
    table[COLUMNS].to_csv(tmp_path / "new.csv", index_label="sample")
    assert main(["predict", str(tmp_path / "new.csv"), "--model", str(model[0]), "--out", str(tmp_path / "a.csv")]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == "skcmkd: 1 of 72 rows have none of the student's measurements: no answer.\n"
    predictions = pd.read_csv(tmp_path / "a.csv", index_col="sample")
    assert list(predictions.index) == list(table.index)
    assert list(predictions.columns) == ["predicted", "probability_benign", "probability_malignant"]
    assert predictions.loc["S001"].isna().all()
    known = table[COLUMNS].drop(index="S001")
    student = load_student(model[0])
    np.testing.assert_allclose(
        predictions.drop(index="S001").iloc[:, 1:], student.predict_proba(known), rtol=0, atol=5.1e-7
    )
    assert (predictions.iloc[:, 1:].dropna() == predictions.iloc[:, 1:].dropna().round(6)).all(axis=None)
    assert list(predictions.drop(index="S001")["predicted"]) == list(student.predict(known))


# The risk of an event


@pytest.fixture(scope="module")
def risks(follow_up_path, tmp_path_factory):
    """A student of two horizons that the command line has distilled, and the output."""
    out, printed = tmp_path_factory.mktemp("student") / "risks.skops", io.StringIO()
    arguments = ["--time", "os_days", "--event", "died", "--horizon", "1500", "--horizon", "500"]
    arguments += ["--student", "panel", "--out", str(out), "--jobs", "1", "--model", "linear", "--folds", "2"]
    with pytest.MonkeyPatch.context() as patch, quick_selector():
        patch.setattr("sys.stdout", printed)
        patch.setattr("sys.stderr", io.StringIO())
        assert main(["distill", str(follow_up_path), *arguments]) == 0
    return out, printed.getvalue()


def test_a_student_of_each_horizon_is_kept(risks, follow_up_table):
    """Trained on the rows and weights of its horizon; neither time nor event is among its columns."""
    path, output = risks
    model = load_student(path)
    assert list(model.horizons) == [500.0, 1500.0]
    assert list(model.feature_names_in_) == ["panel_signal_0", "panel_signal_1", "panel_noise_0"]
    assert output.index("'died' by 500 ───") < output.index("'died' by 1500 ───")
    assert output.count("Who should teach?") == 2
    for student, horizon in zip(model.students, model.horizons, strict=True):
        data = make_follow_up(follow_up_table, "os_days", "died", "panel").at(horizon, 2).data
        with quick_selector():
            _, distiller = fit_select_distill(data, "linear", 0, 1, 0)
        X = follow_up_table[data.student_columns]
        np.testing.assert_allclose(student.predict_proba(X), distiller.predict_proba(X), rtol=1e-9)


def test_the_risk_by_each_horizon_is_a_column(risks, follow_up_table, tmp_path, capsys):
    columns = list(load_student(risks[0]).feature_names_in_)
    table = follow_up_table[columns].copy()
    table.loc["S001"] = np.nan
    table.to_csv(tmp_path / "new.csv", index_label="sample")
    assert main(["predict", str(tmp_path / "new.csv"), "--model", str(risks[0]), "--out", str(tmp_path / "a.csv")]) == 0
    predictions = pd.read_csv(tmp_path / "a.csv", index_col="sample")
    assert list(predictions.columns) == ["risk_500", "risk_1500"]
    assert predictions.loc["S001"].isna().all()
    expected = load_student(risks[0]).predict(table.drop(index="S001"))
    np.testing.assert_allclose(predictions.drop(index="S001"), expected, rtol=0, atol=5.1e-7)
    err = capsys.readouterr().err
    n_falling = int((predictions["risk_1500"] < predictions["risk_500"]).sum())
    assert (f"in {n_falling} of 120 rows the risk by a later horizon is below" in err) == (n_falling > 0)


def test_risks_that_fall_are_counted():
    risks = pd.DataFrame({"risk_1": [0.1, 0.3, np.nan], "risk_2": [0.2, 0.2, np.nan], "risk_3": [0.3, 0.4, np.nan]})
    (note,) = check_rising(risks)
    assert note.startswith("in 1 of 3 rows the risk by a later horizon is below that by an earlier one")
    assert check_rising(risks.head(1)) == []


def test_a_risk_that_is_no_better_than_one_for_all_is_warned_of(follow_up_table):
    options = Namespace(folds=2, seed=0, jobs=1, event="died")
    columns, random = follow_up_table.filter(regex="^panel").columns, np.random.RandomState(1)
    noise = follow_up_table.assign(**{name: random.normal(size=120) for name in columns})
    for table, is_useless in ((follow_up_table, False), (noise, True)):
        study = make_follow_up(table, "os_days", "died", "panel").at(1000, 2)
        with quick_selector():
            selector, distiller = fit_select_distill(study.data, "linear", 0, 1, 0)
        warnings = warn_of_useless_risk(study, selector, distiller, options)
        assert len(warnings) == is_useless
        for sentence in warnings:
            assert sentence.startswith(
                "'panel' is not shown to predict 'died' by 1000 better than Kaplan-Meier, the same"
            )
            assert "; AUC 0." in sentence


def test_lacking_columns_of_a_risk_are_named(risks, follow_up_table, tmp_path, capsys):
    follow_up_table[["panel_signal_0", "panel_signal_1"]].to_csv(tmp_path / "new.csv", index_label="sample")
    assert main(["predict", str(tmp_path / "new.csv"), "--model", str(risks[0])]) == 1
    err = capsys.readouterr().err
    assert "lacks 1 of the student's 3 columns: 'panel_noise_0'" in err
    assert "may be a column of empty cells" in err


def test_lacking_columns_are_named(model, table, tmp_path, capsys):
    path = tmp_path / "new.csv"
    table[["panel_0"]].to_csv(path, index_label="sample")
    assert main(["predict", str(path), "--model", str(model[0])]) == 1
    assert "lacks 1 of the student's 2 columns: 'panel_1'. Give each a column of that name." in capsys.readouterr().err
    table[["panel_0", "rna_0"]].rename(columns={"rna_0": "Panel_1"}).to_csv(path, index_label="sample")
    assert main(["predict", str(path), "--model", str(model[0])]) == 1
    err = capsys.readouterr().err
    assert "Rename 'Panel_1' to 'panel_1'? One that was not measured may be a column of empty cells." in err
    table[["panel_0", "panel_1"]].assign(panel_1=np.nan).to_csv(path, index_label="sample")
    assert main(["predict", str(path), "--model", str(model[0])]) == 0
    assert "'panel_1' hold no value in any row: the student predicts without them." in capsys.readouterr().err
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
    student = make_student("linear", True, 0).fit(table[COLUMNS], y)
    save_student(student, tmp_path / "s.skops")
    table[COLUMNS].set_axis([f"@SUM({row})" for row in range(72)]).to_csv(tmp_path / "t.csv", index_label="=id")
    assert main(["predict", str(tmp_path / "t.csv"), "--model", str(tmp_path / "s.skops")]) == 0
    predictions = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert predictions.columns[0] == "'=id"
    assert predictions["'=id"].str.startswith("'@SUM(").all()
    assert set(predictions["predicted"]) <= {"-1", "'=cmd|' /C calc'!A0"}


def test_a_continuous_target_is_predicted_as_a_number(table, tmp_path, capsys):
    y = table["panel_0"].to_numpy() - 3
    student = make_student("linear", False, 0).fit(table[COLUMNS], y)
    save_student(student, tmp_path / "s.skops")
    table.to_csv(tmp_path / "t.csv", index_label="sample")
    assert main(["predict", str(tmp_path / "t.csv"), "--model", str(tmp_path / "s.skops")]) == 0
    predictions = pd.read_csv(io.StringIO(capsys.readouterr().out), index_col="sample")
    np.testing.assert_allclose(predictions["predicted"], student.predict(table[COLUMNS]), rtol=1e-12)


def test_samples_may_be_named_like_the_predictions(model, table, tmp_path, capsys):
    table[COLUMNS].to_csv(tmp_path / "new.csv", index_label="predicted")
    assert main(["predict", str(tmp_path / "new.csv"), "--model", str(model[0])]) == 0
    predictions = pd.read_csv(io.StringIO(capsys.readouterr().out), index_col="row")
    assert list(predictions.index) == list(table.index)
    assert set(predictions["predicted"]) <= {"benign", "malignant"}
