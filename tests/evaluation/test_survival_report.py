import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as t_distribution
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from skcmkd import (
    CCHSelector,
    DistillationReport,
    PairedDistiller,
    PairedDistillerRegressor,
    SurvivalReport,
    UnpairedDistiller,
)
from skcmkd.datasets import make_survival_modalities
from skcmkd.survival import (
    concordance_index,
    cumulative_dynamic_auc,
    horizon_labels,
    ipcw_brier_score,
    ipcw_concordance_index,
    kaplan_meier,
)

LOGISTIC = LogisticRegression()
MODELS = ["student alone", "distilled", "teacher", "fused", "shuffled teacher", "Kaplan-Meier"]
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


@pytest.fixture(scope="module")
def example():
    return draw(censoring=0.4)


def draw(**options):
    drawn = make_survival_modalities(120, n_noise=2, random_state=0, **options)
    drawn.X, drawn.T = (drawn.data[drawn.modalities[name]] for name in ("student", "teacher"))
    return drawn


def distiller(**changed):
    return PairedDistiller(**{"student": LOGISTIC, "teacher": LOGISTIC, "alpha": 0.5, "cv": 3, **changed})


def report_of(example, estimator=None, **changed):
    return SurvivalReport.from_estimator(
        distiller() if estimator is None else estimator,
        changed.pop("X", example.X),
        changed.pop("time", example.time),
        changed.pop("event", example.event),
        X_teacher=changed.pop("X_teacher", example.T),
        **{"horizon": 1.0, "cv": FOLDS, "random_state": 0, **changed},
    )


@pytest.fixture(scope="module")
def report(example):
    """Of the distiller as it is; no test changes it."""
    return report_of(example)


def states(example):
    labels = horizon_labels(example.time, example.event, 1.0).label
    return np.where(np.isnan(labels), 2, labels).astype(int)


# The numbers


def test_risks_and_scores_equal_a_loop_by_hand(example, report):
    frame, n = report.to_frame(), len(example.X)
    assert list(frame.index) == MODELS
    risks, brier, baseline = np.empty(n), np.empty(n), np.empty(n)
    for train, test in FOLDS.split(example.X, states(example)):
        labels = horizon_labels(example.time.iloc[train], example.event.iloc[train], 1.0)
        X, T = example.X.iloc[train], example.T.iloc[train]
        known = labels.known
        fitted = distiller().fit(
            X[known],
            labels.label[known],
            X_teacher=T[known],
            sample_weight=labels.sample_weight[known],
            unlabeled_pairs=(X[~known], T[~known]),
        )
        assert not known.all()
        risks[test] = fitted.predict_proba(example.X.iloc[test])[:, 1]
        rows = example.time.iloc[test], example.event.iloc[test], risks[test]
        brier[test] = ipcw_brier_score(*rows, 1.0, censoring=labels.censoring)
        baseline[test] = 1 - kaplan_meier(example.time.iloc[train], example.event.iloc[train]).at([1.0])
    np.testing.assert_allclose(report.risks_["distilled"], risks, rtol=1e-9)
    np.testing.assert_allclose(report.risks_["Kaplan-Meier"], baseline, rtol=1e-9)
    np.testing.assert_allclose(frame.loc["distilled", "brier"], brier.mean(), rtol=1e-9)
    beyond, with_event, censored = np.bincount(states(example))
    assert report.counts_ == {"event": with_event, "beyond": beyond, "censored": censored}


def test_scores_of_one_split_are_those_of_the_functions(example):
    """With one held-out part there is one set of pairs."""
    test = np.arange(40)
    train = np.arange(40, 120)
    report = report_of(example, cv=[(train, test)])
    time, event, risk = example.time[:40], example.event[:40], report.risks_["teacher"][:40]
    censoring = horizon_labels(example.time[40:], example.event[40:], 1.0).censoring
    row = report.to_frame().loc["teacher"]
    assert row["n_rows"] == 40
    for score, function in {
        "brier": ipcw_brier_score,
        "auc": cumulative_dynamic_auc,
        "uno_c": ipcw_concordance_index,
    }.items():
        np.testing.assert_allclose(row[score], function(time, event, risk, 1.0, censoring=censoring), rtol=1e-9)
    np.testing.assert_allclose(row["harrell_c"], concordance_index(time, event, risk), rtol=1e-9)
    assert report.risks_[40:].isna().all(axis=None)


def test_without_censoring_it_is_the_report_on_classes():
    example = draw(censoring=0.0)
    report = report_of(example, n_repeats=1)
    of_classes = DistillationReport.from_estimator(
        distiller(), example.X, example.target, X_teacher=example.T, cv=FOLDS, random_state=0
    )
    ours, theirs = report.to_frame().drop("Kaplan-Meier"), of_classes.to_frame().drop("majority class")
    assert report.counts_["censored"] == 0
    # The Brier score of a probability, and that of both classes.
    for part in ("", "_gain", "_standard_error", "_lower", "_upper"):
        np.testing.assert_allclose(2 * ours[f"brier{part}"], theirs[f"brier{part}"], rtol=1e-10)
    np.testing.assert_array_equal(ours["alpha"], theirs["alpha"])
    target = example.target.to_numpy()
    pairs, right = 0, 0.0
    for _, test in FOLDS.split(example.X, target):
        n_pairs = target[test].sum() * (1 - target[test]).sum()
        right += n_pairs * roc_auc_score(target[test], report.risks_["distilled"].iloc[test])
        pairs += n_pairs
    np.testing.assert_allclose(ours.loc["distilled", "auc"], right / pairs, rtol=1e-10)


def test_a_constant_risk_separates_nobody(report):
    row = report.to_frame().loc["Kaplan-Meier"]
    assert row[["auc", "uno_c", "harrell_c"]].tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("with_groups", [False, True])
def test_errors_of_pair_scores_equal_leaving_out_each_unit(example, with_groups):
    groups = np.arange(120) // 2 if with_groups else None
    cv = GroupKFold(3) if with_groups else FOLDS
    report = report_of(example, groups=groups, cv=cv, confidence=0.9)
    units = np.arange(120) if groups is None else groups
    held_out = report.held_out_

    def gain(kept):
        """Of the pairs of kept rows, written out."""
        sums = np.zeros((2, 2))
        for _, part in held_out.groupby(level="split"):
            rows = part.index.get_level_values("row").to_numpy()
            part, rows = part[kept[rows]], rows[kept[rows]]
            time, event = example.time.to_numpy()[rows], example.event.to_numpy()[rows]
            label = np.where(event & (time <= 1), 1, np.where(time > 1, 0, -1))
            weight = np.outer(1 / part["uncensored"], 1 / part["uncensored"]) * np.outer(label == 1, label == 0)
            for k, model in enumerate(["distilled", "student alone"]):
                risk = part[model].to_numpy()
                sums[k] += (weight * (risk[:, None] > risk)).sum(), weight.sum()
        return sums[0, 0] / sums[0, 1] - sums[1, 0] / sums[1, 1]

    n_units = len(np.unique(units))
    without = np.array([gain(units != unit) for unit in range(n_units)])
    # Three folds: a row is held out once, by a model of two thirds of the rows.
    error = np.sqrt(1 + 3 / 2) * np.sqrt((n_units - 1) ** 2 / n_units * without.var(ddof=1))
    row = report.differences_.loc[("distilled", "auc")]
    np.testing.assert_allclose(row["gain"], gain(units >= 0), rtol=1e-7)
    np.testing.assert_allclose(row["standard_error"], error, rtol=1e-7)
    np.testing.assert_allclose(row["upper"] - row["gain"], t_distribution(n_units - 1).ppf(0.95) * error, rtol=1e-7)


# Nothing leaks


def test_held_out_outcomes_reach_neither_models_nor_weights(example):
    """Other outcomes of the held-out rows change no risk, and no censoring distribution."""
    test, train = np.arange(40), np.arange(40, 120)
    time, event = example.time.to_numpy().copy(), example.event.to_numpy().copy()
    first = report_of(example, cv=[(train, test)])
    time[test[1:]], event[test[1:]] = np.linspace(0.1, 3, 39), ~event[test[1:]]
    second = report_of(example, time=time, event=event, cv=[(train, test)])
    pd.testing.assert_frame_equal(first.risks_, second.risks_)
    assert first.held_out_["uncensored"].iloc[0] == second.held_out_["uncensored"].iloc[0]
    for report, times in ((first, example.time), (second, time)):
        censoring = horizon_labels(example.time[train], example.event[train], 1.0).censoring
        expected = censoring.before(np.minimum(np.asarray(times)[test], 1.0))
        np.testing.assert_array_equal(report.held_out_["uncensored"], expected)
    assert (first.held_out_["uncensored"] != second.held_out_["uncensored"]).any()


def test_training_outcomes_reach_the_weights(example):
    test, train = np.arange(40), np.arange(40, 120)
    event = example.event.to_numpy().copy()
    event[train] |= np.arange(80) % 2 == 0
    first, second = (report_of(example, event=e, cv=[(train, test)]) for e in (example.event, event))
    assert (first.held_out_["uncensored"] != second.held_out_["uncensored"]).any()


# Forms of data


def test_one_table_is_two_tables(example, report):
    one = report_of(example, distiller(student_columns=example.modalities["student"]), X=example.data, X_teacher=None)
    pd.testing.assert_frame_equal(one.risks_, report.risks_, rtol=1e-5)


def test_missing_teacher_rows(example):
    T = example.T.copy()
    T[::4] = np.nan
    report = report_of(example, X_teacher=T)
    assert report.risks_["teacher"].isna().to_numpy().nonzero()[0].tolist() == list(range(0, 120, 4))
    assert report.risks_["distilled"].notna().all()
    assert report.to_frame().loc["teacher", "n_rows"] == report.differences_.loc[("teacher", "auc"), "n_rows"] == 90


def test_several_teachers(example):
    names = example.modalities["teacher"]
    columns = {"first": names[:3], "second": names[3:]}
    report = report_of(example, distiller(teacher_columns=columns))
    assert list(report.to_frame().index) == MODELS
    assert report.risks_.notna().all(axis=None)


def test_groups_and_further_pairs(example):
    """Pairs of held-out groups are left out of the fit: here all are, so they change nothing."""
    groups = np.array([f"p{i // 2}" for i in range(120)])
    test = np.arange(40)
    cv = [(np.arange(40, 120), test)]
    pairs = (10 * example.X[:40], example.T[:40], groups[:40])
    without = report_of(example, groups=groups, cv=cv)
    with_held_out = report_of(example, groups=groups, cv=cv, unlabeled_pairs=pairs)
    pd.testing.assert_frame_equal(without.risks_, with_held_out.risks_)
    others = (*pairs[:2], np.array([f"q{i}" for i in range(40)]))
    assert not report_of(example, groups=groups, cv=cv, unlabeled_pairs=others).risks_.equals(without.risks_)
    no_groups = report_of(example, groups=groups, cv=cv, unlabeled_pairs=pairs[:2])
    pd.testing.assert_frame_equal(
        no_groups.risks_, report_of(example, groups=groups, cv=cv, unlabeled_pairs=others).risks_
    )


def test_a_pipeline_with_a_selector(example):
    selector = CCHSelector(example.modalities, student="student", cv=2, n_repeats=1, n_subsamples=10)
    last = distiller(student_columns=example.modalities["student"])
    with config_context(enable_metadata_routing=True):
        last.set_fit_request(unlabeled_pairs=True, sample_weight=True)
        selector.set_fit_request(unlabeled_pairs=False)
    pipeline = Pipeline([("select", selector), ("distill", last)], transform_input=["unlabeled_pairs"])
    report = report_of(example, pipeline, X=example.data, X_teacher=None)
    assert report.selections_["teacher"].tolist() == ["teacher"] * 3
    assert report.risks_["distilled"].notna().all()
    with pytest.raises(ValueError, match=r"transform_input=\['unlabeled_pairs'\]"):
        report_of(example, clone(pipeline).set_params(transform_input=None), X=example.data, X_teacher=None)


def test_repeats_average_each_row(example):
    report = report_of(example, cv=3, n_repeats=2)
    assert len(report.held_out_) == 240
    assert len(report.alphas_) == 6
    by_row = report.held_out_["distilled"].groupby(level="row").mean()
    np.testing.assert_allclose(report.risks_["distilled"], by_row)
    assert report.differences_.loc[("distilled", "brier"), "n_rows"] == 120


def test_the_control_of_many_splits_is_of_the_expectation():
    """Sixteen halves, eight times two: by the gains of reports of one split each."""
    random, n_rows = np.random.RandomState(0), 20
    time, event = random.exponential(size=n_rows), random.rand(n_rows) < 0.7
    halves = [np.sort(half) for _ in range(8) for half in np.array_split(random.permutation(n_rows), 2)]
    index = pd.MultiIndex.from_tuples(
        [(s, row) for s, half in enumerate(halves) for row in half], names=["split", "row"]
    )
    names = ["uncensored", "student alone", "distilled", "shuffled teacher"]
    held_out = pd.DataFrame(random.uniform(0.2, 0.8, (len(index), 4)), index, names)
    alphas = pd.DataFrame({"distilled": 0.5, "shuffled teacher": 0.5}, index=range(16))
    settings = (time, event, float(np.median(time)))
    splits = [SurvivalReport(held_out.loc[[s]], alphas.loc[[s]], *settings) for s in range(16)]
    by_split = pd.concat([each.compare("distilled", "shuffled teacher")["gain"] for each in splits], axis=1)
    report = SurvivalReport(held_out, alphas, *settings, test_train_ratio=1.0)
    control = report.compare("distilled", "shuffled teacher")
    expected = np.sqrt(1 / 16 + 1) * by_split.std(axis=1, ddof=1)
    assert (expected > 0).all()
    np.testing.assert_allclose(control["standard_error"], expected)
    half_width = control["upper"] - control["gain"]
    np.testing.assert_allclose(half_width / expected, t_distribution.ppf(0.975, 15))


# Output


def test_compare_and_text(report):
    pd.testing.assert_frame_equal(report.compare("distilled"), report.differences_.loc["distilled"])
    reverse = report.compare("student alone", "distilled")
    np.testing.assert_allclose(reverse["gain"], -report.differences_.loc["distilled", "gain"])
    text = repr(report)
    assert "rows with the event" in text
    assert all(model in text for model in MODELS)


def test_a_verdict_by_the_brier_score_and_kaplan_meier(example):
    report = report_of(example, confidence=0.6)
    row = report.compare("student alone", "Kaplan-Meier").loc["brier"]
    verdict = report.verdict(student="the panel", teacher="RNA", event="relapse")
    assert verdict.reasons[0] == (
        "The panel alone predicts better than Kaplan-Meier, the same risk for all (gain in Brier score "
        f"{row['gain']:+.3f}, 60 % interval {row['lower']:+.3f} to {row['upper']:+.3f})."
    )
    assert row["lower"] > 0
    assert verdict.line.startswith("Distil RNA: expect a Brier score of ")
    assert report.decisive_score_ == "brier"
    surer = report_of(example, confidence=0.9).verdict(student="the panel", event="relapse")
    assert surer.line.startswith("The panel is not shown to predict relapse by 1 better than Kaplan-Meier")


def made_report(nearness, alphas=(0.5, 0.5), n_rows=200):
    """A report whose risks are so near to the truth: 0 is 1/2 for all rows, 1 is the truth, with noise between rows."""
    random = np.random.RandomState(0)
    label = np.arange(n_rows) % 2
    risks = {
        model: 0.5 + (label - 0.5) * (near + (0 if model == "Kaplan-Meier" else random.uniform(-0.2, 0.2, n_rows)))
        for model, near in {**dict.fromkeys(MODELS, 0.0), **nearness}.items()
    }
    index = pd.MultiIndex.from_product([[0], range(n_rows)], names=["split", "row"])
    held_out = pd.DataFrame({"uncensored": 1.0, **risks}, index=index)
    weights = pd.DataFrame({"distilled": alphas, "shuffled teacher": alphas})
    return SurvivalReport(held_out, weights, np.where(label == 1, 0.5, 2.0), label == 1, 1.0, confidence=0.9)


@pytest.mark.parametrize(
    ("nearness", "decision", "line"),
    [
        (
            {"student alone": 0.3, "distilled": 0.6, "shuffled teacher": 0.3},
            "distil",
            "Distil the teacher: expect a Brier",
        ),
        ({"student alone": 0.3, "distilled": 0.1, "shuffled teacher": 0.1}, "student alone", "Use the student alone."),
        (
            {"student alone": 0.3, "distilled": 0.315, "shuffled teacher": 0.3},
            "undecided",
            "more rows with an outcome would",
        ),
        (
            {"student alone": -0.1, "distilled": -0.1},
            "not predicted",
            "does not predict this event by 1: it is no better",
        ),
    ],
    ids=["helps", "harms", "undecided", "nobody"],
)
def test_one_sentence_on_what_to_do(nearness, decision, line):
    verdict = made_report(nearness).verdict()
    assert verdict.decision == decision
    assert line in verdict.line
    assert ("(AUC " in verdict.line) == (decision == "distil")


def test_where_the_student_does_not_predict_the_teacher_is_named_that_does():
    useless = {"student alone": -0.1, "distilled": -0.1, "shuffled teacher": -0.1}
    nobody = made_report({**useless, "teacher": -0.1, "fused": -0.1}).verdict().reasons[-1]
    assert nobody.startswith("Nor is the teacher or a model of both modalities shown to predict better than Kaplan-")
    assert nobody.endswith("no model predicts this event by 1 on them.")
    somebody = made_report({**useless, "fused": 0.4}).verdict().reasons[-1]
    assert somebody.startswith("A model of both modalities predicts better than Kaplan-Meier, the same risk for all (")
    assert not any("Nor is" in reason for reason in made_report({"student alone": 0.4}).verdict().reasons)


def test_an_order_that_is_useful_is_named_where_the_probabilities_are_not():
    """All risks are 0.3 too high: their order is as before."""

    def shifted(nearness):
        report = made_report(dict.fromkeys(("student alone", "distilled", "shuffled teacher"), nearness))
        held_out = report.held_out_.copy()
        held_out["distilled"] += 0.3
        held_out["student alone"] += 0.3
        return SurvivalReport(held_out, report.alphas_, report.time, report.event, 1.0, confidence=0.9)

    report = shifted(0.1)
    assert report.compare("distilled", "Kaplan-Meier").loc["auc", "lower"] > 0
    verdict = report.verdict()
    assert verdict.line == (
        "The student is not shown to predict this event by 1 better than Kaplan-Meier, the same risk for all."
    )
    assert (
        f"The order of its risks looks useful (AUC {report.to_frame().loc['distilled', 'auc']:.2f}), but its "
        "probabilities are not shown to be better than one risk for all."
    ) in verdict.reasons
    without_order = shifted(0.0).verdict()
    assert "does not predict this event by 1: it is no better" in without_order.line
    assert not any("order of its risks" in reason for reason in without_order.reasons)


def test_plots(report):
    for score in ("brier", "auc", "uno_c", "harrell_c"):
        ax = report.plot(score).ax_
        assert [label.get_text() for label in ax.get_yticklabels()] == MODELS[:0:-1]
    display = report.plot_risk_groups(n_groups=3, xlabel="years")
    assert list(display.curves) == ["low risk", "medium risk", "high risk"]
    assert display.horizon == 1.0
    with pytest.raises(ValueError, match=r"score='accuracy' must be one of 'brier'"):
        report.plot("accuracy")
    with pytest.raises(ValueError, match=r"model='nobody'"):
        report.plot_risk_groups("nobody")
    plt.close("all")


# Bad input


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"horizon": 1e6}, r"horizon=1e\+06 is beyond the last time"),
        ({"time": np.full(120, -1.0)}, r"time holds -1"),
        ({"event": np.zeros(120)}, r"event is 0 in all 120 rows"),
        ({"event": np.full(120, 2)}, r"event holds 2"),
        ({"time": np.ones(60), "event": np.ones(60)}, r"time has 60 rows and X has 120"),
        ({"confidence": 2}, r"confidence=2"),
        ({"X_teacher": None}, r"no teacher's table"),
        ({"estimator": PairedDistillerRegressor(Ridge(), Ridge())}, r"pseudo_observations a DistillationReport"),
        ({"estimator": UnpairedDistiller()}, r"UnpairedDistiller gives no risk"),
        ({"cv": [(np.arange(1), np.arange(1, 120))]}, r"1 training rows of a split cannot be used.*fewer folds"),
    ],
)
def test_bad_input(example, changed, message):
    with pytest.raises(ValueError, match=message):
        report_of(example, **changed)
