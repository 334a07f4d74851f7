import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, PairedDistiller, PairedDistillerRegressor
from skcmkd.evaluation._cross_validate import cross_validate_models, make_fused_model, make_splits
from skcmkd.evaluation._input import check_report_data

RANDOM = np.random.RandomState(0)
X, T = RANDOM.randn(40, 2), RANDOM.randn(40, 3)
Y = np.repeat([0, 1, 1, 1], 10)


LOGISTIC = LogisticRegression()


def cohort(y=Y, *, groups=None, T=T, classes=True, **changed):
    kind = PairedDistiller if classes else PairedDistillerRegressor
    return check_report_data(kind(**{"teacher": LOGISTIC, **changed}), X, y, T, None, None, groups)


def splits_of(cv, n_repeats, given, seed=0):
    return make_splits(cv, n_repeats, given, np.random.RandomState(seed))


@pytest.mark.parametrize("classes", [True, False])
def test_each_repeat_holds_each_row_out_once(classes):
    splits = splits_of(4, 3, cohort(classes=classes))
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
    for train, test in splits_of(5, 2, cohort(groups=groups)):
        assert not set(groups[train]) & set(groups[test])
        assert np.bincount(Y[test]).tolist() == [2, 6]


def test_a_splitter_is_taken_as_it_is():
    groups = np.arange(40) % 3
    splits = splits_of(LeaveOneGroupOut(), 1, cohort(groups=groups))
    assert [set(groups[test]) for _, test in splits] == [{0}, {1}, {2}]


def test_a_fold_without_a_measured_teacher_is_not_asked():
    missing = T.copy()
    missing[:10] = np.nan
    given = cohort(np.arange(40) % 2, T=missing)
    splits = [(np.arange(10, 40), np.arange(10)), (np.arange(30), np.arange(30, 40))]
    distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), alpha=0.5, cv=2)
    first, second = cross_validate_models(
        distiller, given, splits, LogisticRegression(), np.random.RandomState(0), n_jobs=None, verbose=False
    )
    assert [len(first[name].rows) for name in ("student alone", "teacher", "fused")] == [10, 0, 0]
    assert [len(second[name].rows) for name in ("student alone", "teacher", "fused")] == [10, 10, 10]


def test_the_fused_model():
    own = make_pipeline(StandardScaler(), LogisticRegression(C=3))
    given = make_fused_model("teacher", PairedDistiller(teacher=own), cohort(teacher=own))
    assert given is not own
    assert given.get_params()["logisticregression__C"] == 3
    network = make_fused_model("teacher", PairedDistiller(), cohort(teacher=None))
    assert isinstance(network, NetworkClassifier)
    frozen = FrozenEstimator(LogisticRegression().fit(T, Y))
    both = {"teacher": own, "teacher_input": "both"}
    dict_of = {"teacher": {"a": own}, "teacher_columns": {"a": [0, 2]}}
    for without in ({"teacher": frozen}, both, dict_of):
        assert make_fused_model("teacher", PairedDistiller(**without), cohort(**without)) is None
    ridge = Ridge()
    assert make_fused_model(ridge, PairedDistiller(teacher=frozen), cohort(teacher=frozen)) is ridge
