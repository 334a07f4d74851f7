import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from skcmkd import DistillationReport
from skcmkd.cli._conclusion import (
    summarize,
    summarize_disagreement,
    summarize_gain,
    summarize_selection,
    summarize_teacher,
)
from skcmkd.evaluation._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER


def report_of(gains, alphas, n_rows=100):
    """A report whose models gain so much in Brier score over the student alone, with noise of 0.1."""
    noise = np.random.RandomState(0).normal(scale=0.1, size=(n_rows, 3))
    noise -= noise.mean(axis=0)
    rows = {(ALONE, "brier"): np.full(n_rows, 0.5)}
    for column, (model, gain) in enumerate(zip((DISTILLED, TEACHER, SHUFFLED), gains, strict=True)):
        rows[model, "brier"] = 0.5 - gain + noise[:, column]
    for model in (ALONE, DISTILLED, TEACHER, SHUFFLED):
        rows[model, "accuracy"] = rows[model, "log_loss"] = rows[model, "brier"]
    table = pd.DataFrame(rows).rename_axis(columns=["model", "score"])
    agreement = table.drop(columns=TEACHER, level="model")
    weights = pd.DataFrame({DISTILLED: alphas, SHUFFLED: alphas})
    y = np.arange(n_rows) % 2
    selections = pd.DataFrame({"teacher": "rna", "kept": True}, index=weights.index)
    return DistillationReport(table, agreement, weights, y, classes=np.array([0, 1]), selections=selections)


def selector(lower, kept):
    results = pd.DataFrame({"advantage": [0.2], "advantage_lower": [lower], "advantage_upper": [0.4]}, index=["rna"])
    return Bunch(results_=results, teachers_=["rna"] if kept else [], student="panel")


@pytest.mark.parametrize(
    ("gains", "alphas", "expected"),
    [
        ((0, 0.2, 0), [0, 0], "In none of 2 fits did the teacher get a weight"),
        ((0.2, 0.2, 0), [0.25, 0], "shuffled does not bring it (distilled against it +0.2"),
        ((0.2, 0.2, 0.2), [0.25, 0.25], "shuffled may do as well (distilled against it"),
        ((0.2, 0.2, 0.4), [0.25, 0.25], "shuffled it is better still (distilled against it -0.2"),
        ((0.01, 0.2, 0), [0.25, 0.25], "cannot be told from noise (gain in Brier score +0.01, 95 % interval -0.0"),
        ((-0.2, 0.2, 0), [0.25, 0.25], "Distilling made the student worse on held-out rows (gain in Brier score -0.2"),
    ],
    ids=["no weight", "helped", "smoothed", "better shuffled", "noise", "harmed"],
)
def test_the_gain_is_summarized(gains, alphas, expected):
    sentences = " ".join(summarize_gain(report_of(gains, alphas)))
    assert expected in sentences
    assert ("Distilling helped" in sentences) == (gains[0] == 0.2)


def test_the_teacher_is_summarized():
    assert "itself predicts better" in summarize_teacher(report_of((0, 0.2, 0), [0, 0]))
    assert "itself predicts worse" in summarize_teacher(report_of((0, -0.2, 0), [0, 0]))
    assert "not shown to predict better" in summarize_teacher(report_of((0, 0.0, 0), [0, 0]))
    assert "too few" in summarize_teacher(report_of((0, np.nan, 0), [0, 0]))


def test_the_teachers_of_the_folds_are_named():
    report = report_of((0, 0.2, 0), [0, 0, 0])
    assert summarize_teacher(report).startswith("The teacher itself")
    report.selections_["teacher"] = ["rna", "protein", "rna"]
    assert summarize_teacher(report).startswith("The teacher (rna in 2 fits, protein in 1) itself")
    report.selections_["kept"] = [True, False, False]
    assert "protein in 1; kept in 1 of 3, otherwise the nearest candidate) itself" in summarize_teacher(report)
    report.selections_["kept"] = False
    assert "protein in 1; the nearest candidate, never kept) itself" in summarize_teacher(report)


def test_where_the_two_tables_do_not_agree():
    better, worse = report_of((0, 0.2, 0), [0, 0, 0]), report_of((0, -0.2, 0), [0, 0, 0])
    kept, undecided = selector(0.1, True), selector(-0.1, False)
    assert summarize_disagreement(kept, better) == summarize_disagreement(undecided, worse) == []
    for decision, report in ((undecided, better), (kept, worse)):
        (sentence,) = summarize_disagreement(decision, report)
        assert "the table of held-out rows counts more" in sentence
    better.selections_["kept"] = [True, False, False]
    (sentence,) = summarize_disagreement(kept, better)
    assert "in 2 of 3 fits, which had fewer rows, none was" in sentence


def test_who_may_teach():
    assert summarize_selection(selector(0.1, True)) == (
        "'rna' knows more about the label than 'panel' does (advantage +0.20 nats, 90 % interval +0.10 to +0.40)."
    )
    assert summarize_selection(selector(-0.1, False)).startswith(
        "No candidate is shown to know more about the label than 'panel'"
    )
    less = selector(-0.4, False)
    less.results_["advantage_upper"] = -0.1
    assert summarize_selection(less).startswith(
        "'panel' knows more about the label than any candidate does; 'rna' is nearest"
    )


def test_pairs_are_asked_for_where_there_are_none():
    report = report_of((0, 0.2, 0), [0, 0])
    without = summarize(Bunch(unlabeled=[]), selector(0.1, True), report)
    assert "There are no pairs without a label" in without[-1]
    assert summarize(Bunch(unlabeled=[1]), selector(0.1, True), report) == without[:-1]
