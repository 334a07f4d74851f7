import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skcmkd.cli._text_tables import choice_table, decision_table, describe_label, modality_table
from skcmkd.selection._criteria import NO_PAIRS


def test_modalities_count_measured_rows():
    X = pd.DataFrame({"s": [1.0, 2, np.nan], "t": [np.nan, np.nan, 1]})
    table = modality_table(X, np.array(["b", "a", "b"]), {"s": ["s"], "t": ["t"]}, "s", X.head(1))
    assert table.title == "Modalities of 3 labeled rows (a: 1, b: 2)"
    assert table.rows == [["s", "student", "1", "2", "1"], ["t", "candidate teacher", "1", "1", "0"]]
    assert len(modality_table(X, np.array([1, 2, 3]), {"s": ["s"]}, "s").headings) == 4


def test_labels_are_described():
    assert describe_label(np.arange(5)) == "5 classes"
    assert describe_label(np.array([0.5, 2.25]), of_classes=False) == "a number from 0.5 to 2.25"


def test_decisions_are_marked():
    metrics = ["teacher_student", "student_label", "teacher_label"]
    for metric in ("gap", "added"):
        metrics += [metric, f"{metric}_lower", f"{metric}_upper"]
    results = pd.DataFrame([[0.125] * 9, [-1.0] * 9], columns=metrics, index=["rna", "x" * 99])
    results = results.assign(n_rows=[90, 5], decision=["distil", "undecided"], reason="", kept=[True, False])
    first, second = decision_table(Bunch(results_=results, confidence=0.9)).rows
    assert first == ("rna", "90", *["0.12"] * 3, *["+0.12 (+0.12 +0.12)"] * 2, "distil *")
    assert second[0] == "x" * 37 + "..."
    assert second[-1] == "undecided  "
    refused = decision_table(Bunch(results_=results.assign(reason=NO_PAIRS), confidence=0.9))
    assert refused.title.endswith("without unlabeled pairs nobody")


def test_choices_are_counted():
    selections = pd.DataFrame({"teacher": list("aab"), "kept": [True, True, False]})
    report = Bunch(selections_=selections, alphas_=pd.DataFrame({"distilled": [0.25, 0.25, 0.0]}))
    assert choice_table(report).rows == [("a", "0.25", "2"), ("none kept", "0", "1")]
    report.selections_["kept"] = False
    assert choice_table(report).rows == [("none kept", "0", "1"), ("none kept", "0.25", "2")]
