import argparse
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skcmkd import SurvivalReport
from skcmkd.cli._outcome import make_follow_up
from skcmkd.cli._pipeline import fit_select_distill
from skcmkd.cli._risk import (
    describe_risk,
    evaluate_risk,
    group_figure,
    group_table,
    horizon_table,
    risk_groups,
    summarize_risk,
)
from skcmkd.cli._text_tables import gain_table
from skcmkd.evaluation._cross_validate import DISTILLED, make_splits
from skcmkd.evaluation._input import ReportData
from skcmkd.evaluation._verdict import Verdict

from .conftest import draw_follow_up, quick_selector

TWO_FOLDS = argparse.Namespace(folds=2, repeats=1, model="linear", seed=0, jobs=1)


# Names of groups that sort as their numbers do.
PATIENTS = [f"P{row // 2:03d}" for row in range(120)]


@pytest.fixture(scope="module")
def evaluated():
    """The rows of a horizon, of patients with two rows each, and the report."""
    table = draw_follow_up().assign(patient=PATIENTS)
    study = make_follow_up(table, "os_days", "died", "panel_", groups="patient").at(1000, 2)
    with quick_selector():
        return study, evaluate_risk(study, TWO_FOLDS, 0)


def test_risks_are_those_of_fits_to_the_training_rows(evaluated):
    """Weights and labels come from the training rows; pairs of a patient who is held out are left out."""
    study, report = evaluated
    states = study.outcome.states()
    rows = ReportData(study.X, states, np.unique(states), groups=study.groups)
    table = draw_follow_up().assign(patient=PATIENTS)
    for split, (train, test) in enumerate(make_splits(2, 1, rows, np.random.RandomState(0))):
        held_out = table["patient"].isin(study.groups[test])
        part = make_follow_up(table[~held_out], "os_days", "died", "panel_", groups="patient").at(1000, 2)
        assert set(part.X.index) == set(study.X.index[train])
        data = replace(
            part.data, unlabeled=pd.concat([part.further_pairs[0], part.X[np.isin(part.outcome.states(), 2)]])
        )
        groups = np.concatenate([part.further_pairs[1], part.groups[part.outcome.states() == 2]])
        with quick_selector():
            selector, distiller = fit_select_distill(replace(data, unlabeled_groups=groups), "linear", 0, 1, 0)
        risk = distiller.predict_proba(study.X.iloc[test][data.student_columns])[:, 1]
        np.testing.assert_allclose(report.held_out_.loc[split, DISTILLED].loc[test], risk, rtol=1e-9)
        assert report.selections_.loc[split, "kept"] == bool(selector.teachers_)
    assert report.confidence == 0.9
    assert "fused" in report.to_frame().index


def product_limit(time, event, horizon):
    """1 - S(h), a factor for each event."""
    survival = 1.0
    for t in sorted(set(time[event & (time <= horizon)])):
        survival *= 1 - (event & (time == t)).sum() / (time >= t).sum()
    return 1 - survival


def test_the_risk_of_all_and_of_both_halves_in_words(evaluated):
    study, report = evaluated
    time, event = study.outcome.time, study.outcome.event
    every, halves = summarize_risk(report, "died")
    assert every.startswith(
        f"The risk of 'died' by 1000 is {100 * product_limit(time, event, 1000):.0f} % (90 % interval"
    )
    counts = report.counts_
    assert f"{counts['event']} had the event by then, {counts['beyond']} were followed" in every
    assert f"{counts['censored']} were censored before." in every
    risk = report.risks_[DISTILLED].to_numpy()
    high = risk > np.median(risk)
    shares = [100 * product_limit(time[rows], event[rows], 1000) for rows in (high, ~high)]
    first, second = halves.split(", of the other half ")
    assert f"it is {shares[0]:.0f} % (90 %" in first
    assert second.startswith(f"{shares[1]:.0f} % (90 %")
    assert shares[0] > shares[1]
    table = group_table(report, "died")
    assert [row[:2] for row in table.rows] == [["low risk", str((~high).sum())], ["high risk", str(high.sum())]]
    assert table.rows[1][2] == str((event & (time <= 1000) & high).sum())
    assert table.rows[1][3] == str(((time >= 1000) & high).sum())
    display = group_figure(report, "os_$days_{")
    assert list(display.curves) == ["low risk", "high risk"]
    assert display.horizon == 1000
    display.figure_.canvas.draw()
    plt.close("all")


def report_of(risk, time=(1, 2, 3, 4), event=(1, 0, 1, 0), horizon=3.5):
    index = pd.MultiIndex.from_product([[0], range(len(time))], names=["split", "row"])
    models = dict.fromkeys(["student alone", DISTILLED, "shuffled teacher", "Kaplan-Meier"], risk)
    held_out = pd.DataFrame({"uncensored": 1.0, **models}, index=index)
    alphas = pd.DataFrame({DISTILLED: [0.0], "shuffled teacher": [0.0]})
    return SurvivalReport(held_out, alphas, np.array(time, float), np.array(event) == 1, horizon, confidence=0.9)


def test_a_student_that_gives_all_the_same_risk_has_no_halves():
    report = report_of(0.3)
    assert list(risk_groups(report)) == ["all"]
    assert len(summarize_risk(report, "died")) == 1
    assert len(group_table(report, "died").rows) == 1


def test_curves_without_an_event_or_an_end_are_described():
    report = report_of([0.1, 0.2, 0.8, 0.9], event=(0, 0, 1, 0))
    low, high = risk_groups(report).values()
    assert describe_risk(low, report) == "0 %, followed to 2 only"
    assert describe_risk(high, report).startswith("50 % (90 % interval ")
    everybody = report_of([0.1, 0.2, 0.8, 0.9], event=(0, 0, 1, 1), horizon=4)
    assert describe_risk(risk_groups(everybody)["high risk"], everybody) == "100 %"


def test_scores_and_horizons_in_tables(evaluated):
    _, report = evaluated
    table = gain_table(report, "Held-out rows")
    assert list(table.headings) == ["model", "rows", "Brier", "AUC", "Uno's C", "Harrell's C", "gain in Brier (90 %)"]
    frame = report.to_frame()
    (distilled,) = (row for row in table.rows if row[0] == DISTILLED)
    assert distilled[2] == f"{frame.loc[DISTILLED, 'brier']:.3f}"
    assert distilled[-1].startswith(f"{frame.loc[DISTILLED, 'brier_gain']:+.3f} (")
    overview = horizon_table([(report, Verdict("undecided", "", ()))])
    (row,) = overview.rows
    cells = dict(zip(overview.headings, row, strict=True))
    assert cells["horizon"] == "1000"
    assert cells["events"] == str(report.counts_["event"])
    assert cells["alone"] == f"{frame.loc['student alone', 'brier']:.3f}"
    assert cells["verdict"] == "undecided"


def test_without_a_censored_row_the_student_is_trained_alone():
    table = draw_follow_up().dropna(subset=["os_days"]).assign(died=1)
    study = make_follow_up(table, "os_days", "died", "panel_").at(1000, 2)
    assert study.unlabeled_pairs is None
    assert len(study.data.unlabeled) == 0
    with quick_selector():
        report = evaluate_risk(study, TWO_FOLDS, 0)
    assert (report.alphas_[DISTILLED] == 0).all()
    assert "In none of 2 fits was the teacher used" in str(report.verdict())
    assert "0 were censored before." in summarize_risk(report, "died")[0]
