import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import KFold, LeaveOneOut, RepeatedStratifiedKFold, StratifiedKFold

from skcmkd import DistillationReport, PairedDistiller, PairedDistillerRegressor, UnpairedDistiller
from skcmkd.datasets import make_gaussian_modalities
from skcmkd.evaluation._baseline import class_metrics
from skcmkd.evaluation._cross_validate import Predictions
from skcmkd.evaluation._scores import collect_row_scores

FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


@pytest.fixture(scope="module")
def example():
    """120 rows of two classes, 1 to 3; the panel of every tenth row was not measured."""
    data = make_gaussian_modalities(120, random_state=0)
    data.X, data.T = (data.data[data.modalities[name]].copy() for name in ("student", "teacher"))
    data.y = pd.Series(np.where(np.arange(120) % 4 == 0, "ill", "well"))
    data.X.iloc[::10] = np.nan
    return data


def report_of(example, y, estimator=None, **changed):
    distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), alpha=0.5, cv=3)
    return DistillationReport.from_estimator(
        distiller if estimator is None else estimator,
        example.X,
        y,
        X_teacher=example.T,
        **{"fused": None, "cv": FOLDS, "random_state": 0, **changed},
    )


def test_the_majority_is_that_of_the_training_rows_and_scored_on_held_out_rows(example):
    y, report = example.y.to_numpy(), report_of(example, example.y)
    brier, correct = np.full(120, np.nan), np.full(120, np.nan)
    for train, test in FOLDS.split(example.X, y):
        share = (y[train] == "ill").mean()
        of_ill = np.where(y[test] == "ill", 1 - share, share)
        brier[test], correct[test] = 2 * of_ill**2, y[test] == "well"
    observed = example.X.notna().all(axis=1).to_numpy()
    rows = report.row_scores_["majority class"]
    np.testing.assert_allclose(rows["brier"][observed], brier[observed])
    np.testing.assert_array_equal(rows["accuracy"][observed], correct[observed])
    assert rows[~observed].isna().all(axis=None)
    gain = (rows["brier"] - report.row_scores_["student alone", "brier"])[observed]
    interval = ttest_rel(gain, np.zeros(len(gain))).confidence_interval(0.95)
    row = report.compare("student alone", "majority class").loc["brier"]
    # Nadeau and Bengio's factor of three folds.
    ends = gain.mean() + np.sqrt(1 + 3 / 2) * (np.array([interval.low, interval.high]) - gain.mean())
    np.testing.assert_allclose(row[["gain", "lower", "upper"]].astype(float), [gain.mean(), *ends])


def test_the_mean_is_that_of_the_training_rows(example):
    y = example.T.sum(axis=1).to_numpy()
    folds = KFold(3)
    report = report_of(example, y, PairedDistillerRegressor(Ridge(), Ridge(), alpha=0.5, cv=3), cv=folds)
    expected = np.full(120, np.nan)
    for train, test in folds.split(y):
        expected[test] = (y[test] - y[train].mean()) ** 2
    observed = example.X.notna().all(axis=1).to_numpy()
    np.testing.assert_allclose(report.row_scores_["mean", "squared_error"][observed], expected[observed])
    assert report.to_frame().loc["mean", "r2"] < 0.05
    assert report.class_metrics_ is None


def test_an_accuracy_that_is_the_majoritys_share_is_shown_as_useless():
    """Nothing but noise: accuracy is that of the largest class, balanced accuracy and area are those of a coin."""
    random = np.random.RandomState(0)
    X, T = random.normal(size=(2, 180, 3))
    y = np.where(np.arange(180) % 9 < 7, "well", "ill")
    report = DistillationReport.from_estimator(
        PairedDistiller(LogisticRegression(C=0.1), LogisticRegression(C=0.1), cv=3), X, y, X_teacher=T, random_state=0
    )
    frame = report.to_frame()
    assert frame.loc["student alone", "accuracy"] == pytest.approx(7 / 9, abs=0.01)
    assert frame.loc["majority class", "accuracy"] == pytest.approx(7 / 9)
    assert frame.loc["student alone", "balanced_accuracy"] == pytest.approx(0.5, abs=0.05)
    assert frame.loc["student alone", "roc_auc"] == pytest.approx(0.5, abs=0.12)
    assert frame.loc["majority class", ["balanced_accuracy", "roc_auc"]].tolist() == [0.5, 0.5]
    assert report.verdict().decision == "not predicted"
    assert "majority class" in report.verdict().line


def test_an_unpaired_cohort_has_the_baseline_too(example):
    distiller = UnpairedDistiller(LogisticRegression(), LogisticRegression(), alignment="none")
    report = DistillationReport.from_estimator(
        distiller,
        example.X.fillna(0),
        example.y,
        teacher_data=(example.T, example.y),
        bridge=(example.X.fillna(0), example.T),
        cv=3,
        random_state=0,
    )
    frame = report.to_frame()
    assert frame.loc["majority class", ["accuracy", "roc_auc"]].tolist() == pytest.approx([0.75, 0.5])
    assert frame.loc["teacher", ["balanced_accuracy", "roc_auc"]].between(0, 1).all()
    assert report.verdict().line


# Balanced accuracy and area under the curve


def drawn(n_classes, splits, n_rows=120):
    """Random labels and probabilities of a model for the held-out rows of each split."""
    random, classes = np.random.RandomState(0), np.arange(n_classes)
    y = random.randint(n_classes, size=n_rows)
    predictions = []
    for _, test in splits.split(np.zeros(n_rows), y):
        proba = random.dirichlet(np.ones(n_classes), size=len(test)).round(1)
        predictions.append({"model": Predictions(test, classes[proba.argmax(axis=1)], proba)})
    rows = collect_row_scores(y, predictions, classes)[0]
    return y, predictions, classes, class_metrics(y, predictions, classes, rows).loc["model"]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_metrics_of_one_split_are_those_of_scikit_learn(n_classes):
    """Equal ones among rounded probabilities included."""
    splits = KFold(2)
    y, predictions, classes, _ = drawn(n_classes, splits)
    (_, last) = predictions
    rows = collect_row_scores(y, [last], classes)[0]
    metrics = class_metrics(y, [last], classes, rows).loc["model"]
    proba, truth = last["model"].proba, y[last["model"].rows]
    if n_classes == 2:
        expected = roc_auc_score(truth, proba[:, 1])
    else:
        expected = np.mean([roc_auc_score(truth == label, proba[:, label]) for label in classes])
    assert metrics["roc_auc"] == pytest.approx(expected)
    assert metrics["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, last["model"].prediction))


def test_pairs_are_of_rows_held_out_by_the_same_split():
    """The mean of the areas of the splits, weighted by their numbers of pairs."""
    y, predictions, _, metrics = drawn(2, RepeatedStratifiedKFold(n_splits=4, n_repeats=3, random_state=0))
    areas, n_pairs = [], []
    for split in predictions:
        truth = y[split["model"].rows]
        areas.append(roc_auc_score(truth, split["model"].proba[:, 1]))
        n_pairs.append(truth.sum() * (1 - truth).sum())
    assert metrics["roc_auc"] == pytest.approx(np.average(areas, weights=n_pairs))


def test_single_held_out_rows_have_no_area():
    *_, metrics = drawn(2, LeaveOneOut(), 20)
    assert np.isnan(metrics["roc_auc"])
    assert 0 <= metrics["balanced_accuracy"] <= 1
