import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd import PairedDistiller, PairedDistillerRegressor
from skcmkd.datasets import make_gaussian_modalities, make_survival_modalities
from skcmkd.evaluation._check import compare_with_baseline, compare_with_kaplan_meier
from skcmkd.evaluation._cross_validate import make_splits
from skcmkd.evaluation._input import ReportData
from skcmkd.evaluation._survival_models import Outcome
from skcmkd.survival import horizon_labels, ipcw_brier_score


@pytest.fixture(scope="module")
def drawn():
    return make_gaussian_modalities(150, random_state=0)


def test_a_student_is_compared_with_the_shares_of_the_training_rows(drawn):
    student = drawn.modalities["student"]
    y = drawn.target.to_numpy()
    data = ReportData(drawn.data, y, np.unique(y))
    distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), student_columns=student, alpha=0)
    check = compare_with_baseline(distiller, data, None, 4, confidence=0.9, random_state=3)
    gain, correct = np.empty(150), np.empty(150)
    for train, test in make_splits(4, 1, data, np.random.RandomState(3)):
        model = LogisticRegression().fit(drawn.data[student].iloc[train], y[train])
        proba, shares, truth = model.predict_proba(drawn.data[student].iloc[test])[:, 1], y[train].mean(), y[test]
        gain[test] = 2 * (shares - truth) ** 2 - 2 * (proba - truth) ** 2
        correct[test] = (proba > 0.5) == truth
    assert check.is_better
    assert check.baseline == "majority class"
    assert f"gain in Brier score {gain.mean():+.3f}, 90 % interval" in check.text
    assert f"accuracy {correct.mean():.3f} against" in check.text


@pytest.mark.parametrize("of_classes", [True, False])
def test_noise_predicts_nothing(drawn, of_classes):
    random = np.random.RandomState(0)
    y = np.arange(150) % 3 // 2 if of_classes else random.normal(size=150)
    X = drawn.data.apply(lambda column: random.permutation(column))
    kind, model = (PairedDistiller, LogisticRegression()) if of_classes else (PairedDistillerRegressor, Ridge())
    distiller = kind(model, model, student_columns=drawn.modalities["student"], alpha=0.5, cv=3)
    data = ReportData(X, y, np.unique(y) if of_classes else None, groups=np.arange(150) // 2)
    pairs = (X.iloc[:20], np.arange(20))
    check = compare_with_baseline(distiller, data, pairs, 3, confidence=0.9, random_state=0)
    assert not check.is_better
    assert check.baseline == ("majority class" if of_classes else "mean")


@pytest.mark.parametrize("permuted", [False, True])
def test_a_risk_is_compared_with_kaplan_meier(permuted):
    """The risks are those of the report's distilled student; of permuted rows they are worth nothing."""
    drawn = make_survival_modalities(150, n_noise=2, log_hazard_ratio=3.0, random_state=0)
    X = drawn.data.sample(frac=1, random_state=0).set_axis(drawn.data.index) if permuted else drawn.data
    student = drawn.modalities["student"]
    linear = LogisticRegression(C=0.05)
    distiller = PairedDistiller(linear, linear, student_columns=student, alpha=0)
    time, event = drawn.time.to_numpy(), drawn.event.to_numpy()
    outcome = Outcome(time, event, drawn.horizon)
    check = compare_with_kaplan_meier(
        distiller, X, outcome, 3, groups=None, unlabeled_pairs=None, confidence=0.9, random_state=3
    )
    states = outcome.states()
    rows = ReportData(X, states, np.unique(states))
    gain = []
    for train, test in make_splits(3, 1, rows, np.random.RandomState(3)):
        labels = horizon_labels(time[train], event[train], drawn.horizon)
        known = train[labels.known]
        model = LogisticRegression(C=0.05).fit(
            X[student].iloc[known], labels.label[labels.known], labels.sample_weight[labels.known]
        )
        risk = model.predict_proba(X[student].iloc[test])[:, 1]
        of_all = np.full(len(test), (labels.sample_weight * np.nan_to_num(labels.label)).mean())
        score = [
            ipcw_brier_score(time[test], event[test], r, drawn.horizon, censoring=labels.censoring)
            for r in (of_all, risk)
        ]
        gain.append(len(test) * (score[0] - score[1]))
    assert check.is_better is not permuted
    assert check.baseline == "Kaplan-Meier"
    assert check.text.startswith(f"gain in Brier score {sum(gain) / 150:+.3f}, 90 % interval")
    assert "; AUC 0." in check.text
