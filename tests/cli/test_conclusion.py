import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from skcmkd import DistillationReport
from skcmkd.cli._conclusion import (
    decide,
    explain_decisions,
    name_teachers,
    summarize,
    summarize_disagreement,
    summarize_selection,
)
from skcmkd.evaluation._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER
from skcmkd.selection._criteria import NO_PAIRS


def report_of(distilled=0.0, teacher=0.2, alphas=(0.25, 0.25), n_rows=100):
    """A report whose models gain so much in Brier score over the student alone, with noise of 0.1."""
    noise = np.random.RandomState(0).normal(scale=0.1, size=(n_rows, 4))
    noise -= noise.mean(axis=0)
    gains = {"majority class": -0.2, ALONE: 0.0, DISTILLED: distilled, TEACHER: teacher, SHUFFLED: 0.0}
    rows = {}
    for column, (model, gain) in enumerate(gains.items()):
        rows[model, "brier"] = np.full(n_rows, 0.5) if model == ALONE else 0.5 - gain + noise[:, column % 4]
        rows[model, "log_loss"], rows[model, "accuracy"] = rows[model, "brier"], rows[model, "brier"]
    table = pd.DataFrame(rows).rename_axis(columns=["model", "score"])
    weights = pd.DataFrame({DISTILLED: alphas, SHUFFLED: alphas})
    selections = pd.DataFrame({"teacher": "rna", "kept": True}, index=weights.index)
    agreement, y = table.drop(columns=TEACHER, level="model"), np.arange(n_rows) % 2
    return DistillationReport(table, agreement, weights, y, classes=np.array([0, 1]), selections=selections)


def selector(kept, reason=""):
    decision = "distil" if kept else "undecided"
    results = pd.DataFrame({"reason": reason, "decision": decision, "kept": kept}, index=["rna"])
    return Bunch(results_=results, teachers_=["rna"] if kept else [], student="panel")


def data(n_unlabeled=1):
    return Bunch(unlabeled=[1] * n_unlabeled, student="panel")


@pytest.mark.parametrize("kept", [True, False])
def test_the_verdict_names_the_modalities(kept):
    verdict = decide(data(), selector(kept), report_of(0.2))
    assert verdict.line.startswith("Distil 'rna': expect")
    assert decide(data(), selector(kept), report_of(-0.2)).line == "Use 'panel' alone."
    assert verdict.reasons[0].startswith("'panel' alone predicts better than the majority class")


def test_no_sentence_claims_what_another_score_shows():
    """Who predicts better is said once, of held-out rows, whatever the mutual information of the decision table."""
    for teacher, claim in ((0.2, "itself predicts better"), (-0.2, "itself predicts worse"), (0.0, "is not shown to")):
        report = report_of(0.2, teacher)
        sentences = summarize(data(), selector(True), report, decide(data(), selector(True), report))
        assert sum(claim in sentence for sentence in sentences) == 1
        assert not any("nats" in sentence for sentence in sentences)
        assert all("gain in Brier score" in sentence for sentence in sentences if "interval " in sentence)


def test_who_is_kept():
    assert summarize_selection(selector(True)) == "On the whole table 'rna' is kept as the teacher of 'panel'."
    assert summarize_selection(selector(False)) == (
        "On the whole table no candidate is kept as a teacher of 'panel'; 'rna' is nearest."
    )


def test_why_a_candidate_is_not_kept():
    assert explain_decisions(selector(True, "added is above 0.01 beyond chance")) == []
    unkept = selector(False, "added may be below 0.01 (p-value 0.2) or above")
    assert explain_decisions(unkept) == ["Candidate 'rna': undecided; added may be below 0.01 (p-value 0.2) or above."]
    assert explain_decisions(selector(False, NO_PAIRS)) == []
    report = report_of()
    assert explain_decisions(unkept)[0] in summarize(data(), unkept, report, decide(data(), unkept, report))


def test_without_pairs_the_reason_is_given_and_a_better_teacher_is_no_contradiction():
    refused = selector(False, NO_PAIRS)
    assert summarize_selection(refused).startswith("Every row has a label, and there no rule beats never distilling")
    assert summarize_disagreement(refused, report_of(teacher=0.2, alphas=(0, 0, 0))) == []


def test_the_teachers_of_the_folds_are_named():
    chosen = pd.DataFrame({"teacher": "rna", "kept": [True] * 3})
    assert name_teachers(chosen) == []
    chosen["teacher"] = ["rna", "protein", "rna"]
    assert name_teachers(chosen) == ["The teacher was rna in 2 fits, protein in 1."]
    chosen["kept"] = [True, False, False]
    assert name_teachers(chosen)[0].endswith("protein in 1; kept in 1 of 3, otherwise the nearest candidate.")
    chosen["kept"] = False
    assert name_teachers(chosen) == [
        "No candidate passed in any fit. The best one was rna in 2 of 3, protein in 1; the teacher's row is shown for "
        "comparison."
    ]


def test_where_the_two_tables_do_not_agree():
    better, worse = report_of(teacher=0.2, alphas=(0, 0, 0)), report_of(teacher=-0.2, alphas=(0, 0, 0))
    kept, undecided = selector(True), selector(False)
    assert summarize_disagreement(kept, better) == summarize_disagreement(undecided, worse) == []
    for decision, report in ((undecided, better), (kept, worse)):
        (sentence,) = summarize_disagreement(decision, report)
        assert "the table of held-out rows counts more" in sentence
    better.selections_["kept"] = [True, False, False]
    (sentence,) = summarize_disagreement(kept, better)
    assert "in 2 of 3 fits, which had fewer rows, none was" in sentence


def test_pairs_are_asked_for_where_there_are_none():
    report = report_of()
    verdict = decide(data(), selector(True), report)
    without = summarize(data(0), selector(True), report, verdict)
    assert "There are no unlabeled pairs" in without[-1]
    assert summarize(data(), selector(True), report, verdict) == without[:-1]
