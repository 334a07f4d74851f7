import argparse
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from skcmkd._linear_model._logistic import GroupLogisticRegressionCV
from skcmkd.cli import _advise, main
from skcmkd.cli._advise import evaluate
from skcmkd.cli._input import make_data
from skcmkd.cli._pipeline import fit_select_distill
from skcmkd.cli._text_tables import TextTable
from skcmkd.evaluation import DistillationReport
from skcmkd.evaluation._baseline import MAJORITY, MEAN
from skcmkd.evaluation._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER, make_splits
from skcmkd.evaluation._input import ReportData
from skcmkd.evaluation._verdict import Verdict

from .conftest import quick_selector

TWO_FOLDS = argparse.Namespace(folds=2, repeats=1, model="linear", seed=0, jobs=1)


@pytest.fixture(scope="module")
def advice(path, tmp_path_factory):
    """The output of a run, and the path of its report."""
    report = tmp_path_factory.mktemp("report") / "report.html"
    arguments = ["advise", str(path), "--label", "diagnosis", "--student", "panel", "--groups", "patient"]
    arguments += ["--folds", "2", "--jobs", "1", "--model", "linear", "--report", str(report)]
    with pytest.MonkeyPatch.context() as patch, quick_selector():
        patch.setattr("sys.stdout", io.StringIO())
        patch.setattr("sys.stderr", io.StringIO())
        import sys

        assert main(arguments) == 0, sys.stderr.getvalue()
        return sys.stdout.getvalue(), report


def test_all_tables_are_printed(advice):
    out, _ = advice
    for part in (
        "Modalities of 48 labeled rows (benign: 24, malignant: 24)",
        "rna       candidate teacher        2             46               24",
        "Who should teach?",
        "Held-out rows, 2 folds, selection in each",
        "student alone",
        "shuffled teacher",
        "Choices in 2 fits",
        "On the whole table 'rna' is kept as the teacher of 'panel'.",
    ):
        assert part in out
    assert "\x1b" not in out


def test_the_report_holds_the_same(advice):
    out, report = advice
    page = Page(report.read_text(encoding="utf-8"))
    text = " ".join(page.text)
    conclusion = out.partition("\nModalities")[0].replace("\n", " ")
    assert " ".join(conclusion.split()) in " ".join(text.split())
    assert f"skcmkd advise {report.parent.parent}" in text or "skcmkd advise" in text
    assert "--folds 2" in text
    for name in ("SHA-256", "seed", "scikit-learn", "torch", "Python"):
        assert name in page.text
    assert len(page.images) == 2
    assert all(image.startswith("data:image/png;base64,iVBOR") for image in page.images)


def test_a_verdict_opens_and_ends_the_output(advice):
    """The same line begins the text, the page and the last line, and the why follows it."""
    out, report = advice
    page = Page(report.read_text(encoding="utf-8"))
    line, *_, last = out.rstrip("\n").splitlines()
    assert last == f"Verdict: {line}"
    assert re.match(
        r"Use 'panel' alone\.$|Distil 'rna': expect |Undecided: about \d+ more |'panel' (does|is) not", line
    )
    sentences = [text for text in page.text if text]
    title = next(i for i, text in enumerate(sentences) if text.startswith("cohort.csv: 48 labeled rows"))
    assert sentences[title + 1] == line
    assert out.splitlines()[1].startswith(("'panel' alone", "Why: ", "The number of "))


def test_one_confidence_in_everything_printed(advice):
    out, report = advice
    text = " ".join(Page(report.read_text(encoding="utf-8")).text)
    for printed in (out, text):
        assert "90 % interval" in printed
        assert "95 %" not in printed


def test_the_majority_is_shown_beside_the_models(advice):
    out, report = advice
    for printed in (out, " ".join(Page(report.read_text(encoding="utf-8")).text)):
        for part in (
            "majority class",
            "balanced",
            "ROC AUC",
            "gain in Brier (90 %)",
            "the majority class (gain in Brier",
        ):
            assert part in printed


@pytest.mark.parametrize(
    ("decision", "code"), [("distil", 0), ("student alone", 10), ("undecided", 11), ("not predicted", 12)]
)
def test_the_exit_code_is_that_of_the_verdict_where_it_is_wanted(path, monkeypatch, capsys, decision, code):
    monkeypatch.setattr(_advise, "fit_selector", lambda *_: None)
    monkeypatch.setattr(_advise, "evaluate", lambda *_: None)
    monkeypatch.setattr(_advise, "decide", lambda *_: Verdict(decision, "A line.", ("Why.",)))
    monkeypatch.setattr(_advise, "summarize", lambda *_: ["Why."])
    empty = TextTable("", [], [])
    for name in ("decision_table", "gain_table", "choice_table"):
        monkeypatch.setattr(_advise, name, lambda *_: empty)
    arguments = ["advise", str(path), "--label", "diagnosis", "--student", "panel"]
    assert main(arguments) == 0
    assert main([*arguments, "--exit-code"]) == code
    assert capsys.readouterr().out.endswith("Verdict: A line.\n")


def test_the_report_has_no_script_and_no_outer_reference(advice):
    page = Page(advice[1].read_text(encoding="utf-8"))
    assert page.policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    allowed = "html head meta title style body h1 h2 p div table thead tbody tr th td img pre"
    assert page.tags <= set(allowed.split())
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "scope", "src", "alt"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--folds", "1"], "--folds 1: at least 2"),
        (["--repeats", "0"], "--repeats 0: at least 1"),
        (["--report", "no/such/folder/report.html"], "there is no folder 'no/such/folder'"),
        (["--teacher", "pan"], "every column of 'panel' also starts with 'pan'"),
    ],
    ids=range(4),
)
def test_commands_at_fault(path, capsys, arguments, message):
    assert main(["advise", str(path), "--label", "diagnosis", "--student", "panel", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_data_at_fault(path, capsys):
    assert main(["advise", str(path), "--label", "diagnose", "--student", "panel"]) == 1
    output = capsys.readouterr()
    assert output.err == "skcmkd: --label 'diagnose' is no column of the table. Did you mean 'diagnosis'?\n"
    assert output.out == ""


# The risk of an event


@pytest.fixture(scope="module")
def risks(follow_up_path, tmp_path_factory):
    """The output of a run of two horizons, its notes, and the path of its report."""
    report = tmp_path_factory.mktemp("report") / "report.html"
    arguments = ["advise", str(follow_up_path), "--time", "os_days", "--event", "died", "--horizon", "1500", "1000"]
    arguments += ["--student", "panel", "--folds", "2", "--jobs", "1", "--model", "linear", "--report", str(report)]
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, quick_selector():
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stderr", err)
        assert main(arguments) == 0, err.getvalue()
    return out.getvalue(), err.getvalue(), report


def test_each_horizon_has_a_verdict_and_its_tables(risks):
    out, _, _ = risks
    first, second = out.index("'died' by 1000 ───"), out.index("'died' by 1500 ───")
    overview = out.index("All horizons: Brier scores, less is better; gains over")
    assert first < second < overview
    for part in (out[first:second], out[second:overview]):
        for text in (
            "The risk of 'died' by 1",
            "% interval",
            "Of the half with the higher held-out risk by the student it is",
            "Kaplan-Meier, the same risk for all (gain in Brier score",
            "Who should teach?",
            "Uno's C",
            "shuffled teacher",
            "fused",
            "Groups by the held-out risk of the student: 'died' by 1",
            "Choices in 2 fits",
        ):
            assert text in part
        assert "95 %" not in part
    *_, one, two = out.rstrip("\n").splitlines()
    for line, part in ((one, out[first:second]), (two, out[second:overview])):
        horizon, verdict = re.fullmatch(r"Verdict by (1000|1500): (.*)", line).groups()
        assert part.splitlines()[1] == verdict
        assert f"'died' by {horizon}" in part


def test_the_page_begins_with_all_horizons_and_shows_who_is_told_apart(risks):
    out, _, report = risks
    page = Page(report.read_text(encoding="utf-8"))
    sentences = [text for text in page.text if text]
    start = sentences.index("Should panel be taught about 'died'?", 1)
    lines = [line.split(": ", 1) for line in out.rstrip("\n").splitlines()[-2:]]
    assert sentences[start + 2 : start + 4] == [f"By {one.split()[-1]}: {verdict}" for one, verdict in lines]
    assert len(page.images) == 6
    assert all(image.startswith("data:image/png;base64,iVBOR") for image in page.images)
    assert sentences.count("Groups by the held-out risk of the student: 'died' by 1000") == 1
    assert "110 rows with time and event" in sentences[start + 1]


def test_notes_of_several_horizons_come_once(risks):
    _, err, _ = risks
    lines = err.splitlines()
    assert len(set(lines)) == len(lines)


def test_the_code_of_one_horizon(follow_up_path, monkeypatch, capsys):
    monkeypatch.setattr(_advise, "fit_selector", lambda *_: None)
    monkeypatch.setattr(_advise, "evaluate_risk", lambda *_: None)
    monkeypatch.setattr(_advise, "decide", lambda *_, **__: Verdict("undecided", "A line.", ("Why.",)))
    monkeypatch.setattr(_advise, "summarize", lambda *_: ["Why."])
    monkeypatch.setattr(_advise, "summarize_risk", lambda *_: ["26 %."])
    for name in ("decision_table", "gain_table", "choice_table", "group_table"):
        monkeypatch.setattr(_advise, name, lambda *_: TextTable("", [], []))
    arguments = ["advise", str(follow_up_path), "--student", "panel", "--time", "os_days", "--event", "died"]
    assert main([*arguments, "--horizon", "1000", "--exit-code"]) == 11
    out = capsys.readouterr().out
    assert out.startswith("A line.\n26 %.\nWhy.\n")
    assert out.endswith("Verdict: A line.\n")


def test_a_cohort_is_warned_of(path, monkeypatch, capsys, tmp_path):
    table = pd.read_csv(path, index_col=0)
    table["site"] = np.where(table["diagnosis"] == "benign", "A", "B")
    table.to_csv(tmp_path / "t.csv")
    monkeypatch.setattr(_advise, "fit_selector", lambda *_: None)
    monkeypatch.setattr(_advise, "evaluate", lambda *_: None)
    monkeypatch.setattr(_advise, "decide", lambda *_: Verdict("undecided", "A line.", ("Why.",)))
    monkeypatch.setattr(_advise, "summarize", lambda *_: ["Why."])
    for name in ("decision_table", "gain_table", "choice_table"):
        monkeypatch.setattr(_advise, name, lambda *_: TextTable("", [], []))
    arguments = ["--label", "diagnosis", "--student", "panel", "--batch", "site"]
    assert main(["advise", str(tmp_path / "t.csv"), *arguments]) == 0
    out, err = capsys.readouterr()
    advice = "each batch holds one class alone: no method can tell batch and label apart."
    assert f"Warning: {advice}" in " ".join(out.split())
    assert f"skcmkd: {advice}" in err


# Cross-validation


@pytest.fixture(scope="module")
def grouped(path):
    """The data, of whose patients one has a labeled and an unlabeled row, and the report."""
    table = pd.read_csv(path, index_col=0)
    table.loc["S003", "diagnosis"] = np.nan
    data = make_data(table, "diagnosis", "panel", groups="patient", n_folds=2)
    with quick_selector():
        return data, evaluate(data, TWO_FOLDS, 0)


def test_scores_are_those_of_fits_to_the_training_rows(grouped):
    """Pairs of a patient who is held out are left out."""
    data, report = grouped
    rows = ReportData(data.X, data.y, data.classes, groups=data.groups)
    correct = np.zeros(len(data.y))
    for split, (train, test) in enumerate(make_splits(2, 1, rows, np.random.RandomState(0))):
        assert not set(data.groups[train]) & set(data.groups[test])
        kept = ~np.isin(data.unlabeled_groups, data.groups[test])
        part = replace(
            data, X=data.X.iloc[train], y=data.y[train], groups=data.groups[train],
            unlabeled=data.unlabeled[kept], unlabeled_groups=data.unlabeled_groups[kept],
        )  # fmt: skip
        with quick_selector():
            selector, distiller = fit_select_distill(part, "linear", 0, 1, 0)
        correct[test] = distiller.predict(data.X.iloc[test][data.student_columns]) == data.y[test]
        assert report.alphas_.loc[split, DISTILLED] == distiller.alpha_
        assert report.selections_.loc[split, "kept"] == bool(selector.teachers_)
    np.testing.assert_array_equal(report.row_scores_[DISTILLED, "accuracy"], correct)
    assert report.to_frame()["n_rows"].to_dict() == {
        MAJORITY: 47, ALONE: 47, DISTILLED: 47, TEACHER: 45, SHUFFLED: 47
    }  # fmt: skip
    assert set(report.selections_["teacher"]) == {"rna"}


def test_a_continuous_target_is_evaluated_too(table):
    table["dose"] = table["rna_0"].fillna(0) + table["panel_0"]
    data = make_data(table.drop(columns="diagnosis"), "dose", "panel", ["rna"], n_folds=2)
    with quick_selector():
        frame = evaluate(data, TWO_FOLDS, 0).to_frame()
    assert frame.loc[TEACHER, "squared_error"] < np.var(data.y)
    assert list(frame.index) == [MEAN, ALONE, DISTILLED, TEACHER, SHUFFLED]


def test_inner_folds_are_as_many_as_the_smallest_training_part_has_groups(table):
    data = make_data(table.assign(patient=np.arange(72) % 5), "diagnosis", "panel", groups="patient")
    pipeline = []

    def stop(estimator, *args, **params):
        pipeline.append(estimator)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DistillationReport, "from_estimator", stop)
        with pytest.raises(KeyboardInterrupt):
            evaluate(data, argparse.Namespace(**vars(TWO_FOLDS) | {"folds": 5}), 0)
    assert pipeline[0]["select"].cv == pipeline[0]["distill"].cv == 4


def test_a_teacher_that_was_not_kept_keeps_groups_together(path, monkeypatch):
    table = pd.read_csv(path, index_col=0)
    for name in ("rna_0", "rna_1"):
        table[name] = table[name].sample(frac=1, random_state=0).to_numpy()
    data = make_data(table, "diagnosis", "panel", groups="patient", n_folds=2)
    has_groups, fit = [], GroupLogisticRegressionCV.fit

    def watch(model, X, y, *, groups=None):
        has_groups.append(groups is not None)
        return fit(model, X, y, groups=groups)

    monkeypatch.setattr(GroupLogisticRegressionCV, "fit", watch)
    with quick_selector():
        report = evaluate(data, TWO_FOLDS, 0)
    assert not report.selections_["kept"].all()
    assert report.to_frame().loc[TEACHER, "n_rows"] > 40
    assert has_groups
    assert all(has_groups)


class Page(HTMLParser):
    """Tags, attributes, images and text of a page."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.images, self.text, self.policy = set(), set(), [], [], ""
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        values = dict(attributes)
        self.attributes |= set(values)
        if tag == "img":
            self.images.append(values["src"])
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]

    def handle_data(self, data):
        self.text.append(data.strip())
