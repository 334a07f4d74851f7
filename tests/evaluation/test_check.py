import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd import PairedDistiller, PairedDistillerRegressor
from skcmkd.datasets import make_gaussian_modalities
from skcmkd.evaluation._check import compare_with_baseline
from skcmkd.evaluation._cross_validate import make_splits
from skcmkd.evaluation._input import ReportData


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
