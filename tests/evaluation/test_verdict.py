import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from skcmkd import DistillationReport
from skcmkd.evaluation._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER
from skcmkd.evaluation._verdict import n_more_units

MAJORITY = "majority class"


def report_of(distilled=0.0, shuffled=0.0, majority=-0.2, alphas=(0.25, 0.25), n_rows=100, spread=0.1, **changed):
    """A report whose models gain so much in Brier score over the student alone, with noise of this spread."""
    noise = np.random.RandomState(0).normal(size=(n_rows, 4))
    noise = spread * (noise - noise.mean(axis=0)) / noise.std(axis=0, ddof=1)
    gains = {ALONE: 0.0, MAJORITY: majority, DISTILLED: distilled, TEACHER: 0.2, SHUFFLED: shuffled}
    rows = {}
    for column, (model, gain) in enumerate(gains.items()):
        rows[model, "brier"] = 0.5 - gain + (noise[:, column - 1] if column else 0)
        rows[model, "log_loss"] = -rows[model, "brier"]  # the opposite of every gain
        rows[model, "accuracy"] = np.arange(n_rows) < 0.5 * n_rows + 100 * gain
    table = pd.DataFrame(rows).astype(float).rename_axis(columns=["model", "score"])
    weights = pd.DataFrame({DISTILLED: alphas, SHUFFLED: alphas})
    agreement, y = table.drop(columns=TEACHER, level="model"), np.arange(n_rows) % 2
    selections = pd.DataFrame({"teacher": "rna", "kept": True}, index=weights.index)
    parts = {"classes": np.arange(2), "selections": selections, **changed}
    return DistillationReport(table, agreement, weights, y, **parts)


@pytest.mark.parametrize(
    ("gains", "decision", "line"),
    [
        ({"distilled": 0.2}, "distil", "Distil 'rna': expect a Brier score of 0.300, not 0.500 (accuracy 0.700, not"),
        ({"distilled": 0.2, "shuffled": 0.4}, "student alone", "Use the student alone."),
        ({"distilled": 0.2, "shuffled": 0.19}, "undecided", "tell whether the teacher brings the gain; until then use"),
        ({"distilled": 0.2, "shuffled": 0.2}, "student alone", "Use the student alone."),
        ({"distilled": 0.01}, "undecided", "Undecided: about 300 more labeled pairs would tell whether distilling"),
        ({"distilled": 0.003}, "student alone", "Use the student alone."),
        ({"distilled": -0.01}, "student alone", "Use the student alone."),
        ({"distilled": -0.2}, "student alone", "Use the student alone."),
        ({"distilled": 0.01, "alphas": (0.25, 0, 0)}, "student alone", "Use the student alone."),
        ({"alphas": (0, 0)}, "student alone", "Use the student alone."),
        ({"majority": 0.1}, "not predicted", "The student does not predict this label: it is no better than the maj"),
        ({"majority": -0.01}, "not predicted", "not shown to predict this label better than the majority class: about"),
        ({"majority": 0.1, "distilled": 0.2}, "distil", "Distil 'rna'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_verdict_comes_first(gains, decision, line):
    report = report_of(**gains)
    verdict = report.verdict()
    assert verdict.decision == decision
    assert line in verdict.line
    assert str(verdict).splitlines() == [verdict.line, *verdict.reasons]
    assert repr(report).splitlines()[0] == verdict.line


def test_one_score_and_one_confidence_in_every_sentence():
    """By the other scores of these reports every gain has the other sign."""
    for gain, shuffled in ((0.2, 0.0), (0.01, 0.0), (-0.2, 0.0), (0.2, 0.4)):
        report = report_of(gain, shuffled, confidence=0.9)
        text = str(report.verdict())
        assert "gain in Brier score" in text
        assert "90 % interval" in text
        assert "95 %" not in text
        assert "log" not in text
        row = report.compare(DISTILLED).loc["brier"]
        assert ("helped" in text) == (row["lower"] > 0)
        assert ("worse on held-out" in text) == (row["upper"] < 0)
        assert f"{row['lower']:+.3f} to {row['upper']:+.3f}" in text


def test_the_student_is_compared_with_the_majority():
    verdicts = [report_of(0.2, majority=gain).verdict() for gain in (-0.2, -0.01, 0.1)]
    better, noise, worse = (verdict.reasons[0] for verdict in verdicts)
    assert better.startswith("The student alone predicts better than the majority class (gain in Brier score +0.200")
    assert noise.startswith("The student alone is not shown to predict better than the majority class")
    assert worse.startswith("The student alone predicts worse than the majority class (gain in Brier score -0.100")
    no_better = report_of(majority=-0.2).row_scores_.copy()
    no_better[ALONE, "accuracy"] = no_better[MAJORITY, "accuracy"] = 0.777
    no_better[DISTILLED, "accuracy"] = 0.777
    report = report_of()
    report = DistillationReport(
        no_better, report.row_agreement, report.alphas_, report.y, classes=report.classes
    ).verdict()
    shares = "(accuracy 0.777 against 0.777)"
    assert (
        report.reasons[2]
        == f"The classes that it predicts distilled are right no more often than the largest {shares}."
    )


def test_probabilities_that_are_too_sure_are_no_useless_student():
    report = report_of(majority=0.01)
    rows = report.row_scores_.copy()
    rows[MAJORITY, "accuracy"] = 0.1
    verdict = DistillationReport(rows, report.row_agreement, report.alphas_, report.y, classes=report.classes).verdict()
    assert verdict.line == "The student is not shown to predict this label better than the majority class."
    assert "its probabilities are too sure" in verdict.reasons[1]


def test_where_nobody_predicts_it_is_said_of_the_teacher_too():
    """The teacher is 0.2 better than the student alone."""
    somebody, unclear, nobody = (report_of(majority=gain).verdict() for gain in (0.1, 0.21, 0.3))
    assert somebody.decision == unclear.decision == nobody.decision == "not predicted"
    assert somebody.reasons[-1].startswith("The teacher predicts better than the majority class (gain in Brier score +")
    assert nobody.reasons[-1].startswith("Nor is the teacher shown to predict better than the majority class (gain in ")
    assert nobody.reasons[-1].endswith("no model predicts this label on them.")
    assert "(gain in Brier score -0.010, 95 % interval " in unclear.reasons[-1]
    assert unclear.reasons[-1].endswith(
        "no model is shown to predict this label on these rows; the sample may be too small."
    )


@pytest.mark.parametrize(
    ("gains", "why"),
    [
        ({"distilled": -0.01}, "the measured gain is not above 0. That does not show that a teacher cannot help."),
        ({"distilled": 0.003}, "the measured gain is so small that 10 times the labeled pairs would not show it."),
        ({"distilled": 0.2, "shuffled": 0.2}, "the measured gain over a shuffled teacher is not above 0. That does"),
        ({"distilled": 0.2, "shuffled": 0.4}, "a teacher whose rows were shuffled does better."),
        ({"distilled": -0.2}, "distilling made the student worse."),
        ({"distilled": 0.01, "alphas": (0.25, 0, 0)}, "the teacher was used in less than half of the fits."),
        ({"alphas": (0, 0)}, "the teacher was used in no fit."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_student_alone_has_a_reason(gains, why):
    verdict = report_of(**gains).verdict()
    assert verdict.line == "Use the student alone."
    assert verdict.reasons[0].startswith(f"Why: {why}")


def test_how_many_rows_the_teacher_was_compared_on():
    def of_teacher(report):
        return next(reason for reason in report.verdict().reasons if reason.startswith("The teacher itself"))

    report = report_of(0.2)
    assert "predicts better than the student alone (gain in" in of_teacher(report)
    rows = report.row_scores_.copy()
    rows.loc[rows.index[:38], TEACHER] = np.nan
    fewer = DistillationReport(rows, report.row_agreement, report.alphas_, report.y, classes=report.classes)
    assert "predicts better than the student alone on the 62 rows where it was measured (gain in" in of_teacher(fewer)


def test_names_stand_in_the_sentences():
    verdict = report_of(0.2).verdict(student="the panel", teacher="RNA")
    assert verdict.line.startswith("Distil RNA: expect")
    assert verdict.reasons[0].startswith("The panel alone predicts better")
    without = report_of(0.2, selections=None).verdict()
    assert without.line.startswith("Distil the teacher: expect")


def test_the_expected_scores_have_the_digits_in_which_they_differ():
    line = report_of(0.0002, spread=0.0005, shuffled=-0.0004).verdict().line
    assert line == "Distil 'rna': expect a Brier score of 0.4998, not 0.5000 (accuracy 0.510, not 0.500)."
    report = report_of(0.2)
    report.row_scores_[DISTILLED, "accuracy"] = report.row_scores_[ALONE, "accuracy"]
    assert report.verdict().line.endswith("(accuracy 0.500 as before).")


def test_so_many_more_rows_would_tell():
    """The interval of as many draws more, and of no fewer, lies above zero, but for Student's quantile and rounding."""
    row = pd.Series({"gain": 0.01, "lower": 0.01 - 0.02, "upper": 0.01 + 0.02})
    assert n_more_units(row, 100) == 300
    row = report_of(0.01, n_rows=100).compare(DISTILLED).loc["brier"]
    assert row["upper"] - row["gain"] == pytest.approx(t(99).ppf(0.975) * 0.1 / np.sqrt(100))
    assert n_more_units(row, 100) == 300
    assert report_of(0.01, n_rows=400).compare(DISTILLED).loc["brier", "lower"] > 0
    assert report_of(0.01, n_rows=340).compare(DISTILLED).loc["brier", "lower"] < 0


@pytest.mark.parametrize("gain", [0.0, -0.01, 0.001, np.nan])
def test_no_number_of_rows_is_asked_for_without_a_gain(gain):
    assert n_more_units(pd.Series({"gain": gain, "lower": gain - 0.02, "upper": gain + 0.02}), 100) is None


def test_groups_are_asked_for_where_groups_are_counted():
    report = report_of(0.006, n_rows=200, groups=np.arange(200) // 2)
    assert "more groups would tell" in report.verdict().line
    n_more = n_more_units(report.compare(DISTILLED).loc["brier"], 100)
    verdict = report.verdict(group_unit="patients")
    assert f"about {n_more} more patients would tell" in verdict.line
    assert verdict.reasons[0] == "The number of patients is rough: it takes the gain as measured."


def test_a_student_without_probabilities_is_decided_by_accuracy():
    report = report_of(0.2)
    rows = report.row_scores_.copy()
    rows.loc[:, (slice(None), ["brier", "log_loss"])] = np.nan
    report = DistillationReport(rows, report.row_agreement, report.alphas_, report.y, classes=report.classes)
    assert report.decisive_score_ == "accuracy"
    assert report.verdict().line == "Distil the teacher: expect an accuracy of 0.700, not 0.500."


def test_a_continuous_target_is_decided_by_r2():
    y, random = np.random.RandomState(0).normal(size=200), np.random.RandomState(1)
    errors = {"mean": y**2, ALONE: 0.5 * y**2, DISTILLED: 0.3 * y**2, TEACHER: 0.1 * y**2, SHUFFLED: 0.5 * y**2}
    rows = {(model, "squared_error"): error * random.uniform(0.9, 1.1, size=200) for model, error in errors.items()}
    table = pd.DataFrame(rows).rename_axis(columns=["model", "score"])
    alphas = pd.DataFrame({DISTILLED: [0.5], SHUFFLED: [0.5]})
    report = DistillationReport(table, table.drop(columns=TEACHER, level="model"), alphas, y)
    verdict = report.verdict()
    assert verdict.decision == "distil"
    assert verdict.line.startswith("Distil the teacher: expect an R2 of 0.7")
    assert "predicts better than the mean (gain in R2" in verdict.reasons[0]


def test_a_report_without_the_baseline_has_no_verdict():
    report = report_of(0.2)
    rows = report.row_scores_.drop(columns=MAJORITY, level="model")
    report = DistillationReport(rows, report.row_agreement, report.alphas_, report.y, classes=report.classes)
    assert repr(report).startswith("DistillationReport")
    with pytest.raises(ValueError, match="base='majority class' must be one of"):
        report.verdict()
