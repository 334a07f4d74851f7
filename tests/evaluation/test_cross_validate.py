import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut

from skcmkd import PairedDistiller
from skcmkd.evaluation._cross_validate import cross_validate_models, make_splits
from skcmkd.evaluation._input import ReportData
from skcmkd.evaluation._paired import PairedModels

RANDOM = np.random.RandomState(0)
X, T = RANDOM.randn(40, 2), RANDOM.randn(40, 3)
Y = np.repeat([0, 1, 1, 1], 10)
LOGISTIC = LogisticRegression()


def data_of(y=Y, *, groups=None, classes=True):
    return ReportData(X, y, np.unique(y) if classes else None, groups=groups)


def splits_of(cv, n_repeats, data, seed=0):
    return make_splits(cv, n_repeats, data, np.random.RandomState(seed))


@pytest.mark.parametrize("classes", [True, False])
def test_each_repeat_holds_each_row_out_once(classes):
    splits = splits_of(4, 3, data_of(classes=classes))
    assert len(splits) == 12
    for repeat in range(3):
        held_out = [test for _, test in splits[4 * repeat : 4 * repeat + 4]]
        assert sorted(np.concatenate(held_out)) == list(range(40))
        assert {len(test) for test in held_out} == {10}
    assert any(set(a[1]) != set(b[1]) for a, b in zip(splits[:4], splits[4:8], strict=True))
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(40))
        if classes:
            assert np.bincount(Y[test]).tolist() in ([2, 8], [3, 7])


def test_groups_stay_together_and_are_stratified():
    groups = np.arange(40) // 2
    for train, test in splits_of(5, 2, data_of(groups=groups)):
        assert not set(groups[train]) & set(groups[test])
        assert np.bincount(Y[test]).tolist() == [2, 6]


def test_a_splitter_is_taken_as_it_is():
    groups = np.arange(40) % 3
    splits = splits_of(LeaveOneGroupOut(), 1, data_of(groups=groups))
    assert [set(groups[test]) for _, test in splits] == [{0}, {1}, {2}]


def test_a_fold_without_observed_rows_of_the_teacher_scores_none():
    missing = T.copy()
    missing[:10] = np.nan
    splits = [(np.arange(10, 40), np.arange(10)), (np.arange(30), np.arange(30, 40))]
    distiller = PairedDistiller(LOGISTIC, LOGISTIC, alpha=0.5, cv=2)
    models = PairedModels(distiller, data_of(np.arange(40) % 2), missing, fused=LOGISTIC)
    first, second = (
        {name: len(predictions.rows) for name, predictions in result.predictions.items()}
        for result in cross_validate_models(models, splits, np.random.RandomState(0), n_jobs=None, verbose=False)
    )
    assert first == {"student alone": 10, "distilled": 10, "teacher": 0, "fused": 0, "shuffled teacher": 10}
    assert set(second.values()) == {10}
