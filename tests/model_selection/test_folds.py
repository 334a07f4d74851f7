import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, RepeatedStratifiedKFold, ShuffleSplit, StratifiedKFold

from skcmkd._model_selection._folds import make_fold_ids, make_repeated_fold_ids, stratified_folds


@pytest.mark.parametrize("seed", range(3))
def test_stratified_folds_are_scikit_learns(seed):
    codes = np.random.RandomState(seed).randint(3, size=50)
    fold_of = stratified_folds(codes, 5)
    for fold, (_, test) in enumerate(StratifiedKFold(5).split(codes, codes)):
        np.testing.assert_array_equal(np.flatnonzero(fold_of == fold), test)


def test_adjacent_replicates_mostly_stay_together():
    patients = np.repeat(np.arange(50), 4)
    fold_of = stratified_folds(patients % 2, 5)
    split = sum(len(np.unique(fold_of[patients == patient])) > 1 for patient in range(50))
    assert split < 10


def test_small_class_is_spread_without_a_warning():
    fold_of = stratified_folds(np.repeat([0, 1], [10, 2]), 5)
    assert len(set(fold_of[10:])) == 2


def test_any_splitter_that_holds_each_row_out_once():
    y = np.repeat([0, 1, 2], 8)
    fold_of = make_fold_ids(KFold(12), y)
    assert np.bincount(fold_of).tolist() == [2] * 12


@pytest.mark.parametrize(
    ("cv", "y", "message"),
    [
        (5, [0, 0, 1, 1], "5 folds need at least 5 rows.*there are 4 labelled rows"),
        (5, [0, 0, 0, 1, 1], r"\(0: 3, 1: 2\)"),
        (ShuffleSplit(2, test_size=0.9, random_state=0), [0, 1] * 10, "holds some rows out twice"),
        (ShuffleSplit(1, test_size=0.5, random_state=0), [0, 1] * 10, "never holds some rows out"),
    ],
)
def test_bad_folds(cv, y, message):
    with pytest.raises(ValueError, match=message):
        make_fold_ids(cv, np.array(y))


def test_splitter_that_parts_a_group():
    groups = np.arange(20) // 2
    with pytest.raises(ValueError, match=r"puts rows of group 3 into several folds.* such as GroupKFold"):
        make_fold_ids(list(KFold(3).split(groups)), np.arange(20) % 2, groups=groups)
    with pytest.raises(ValueError, match="5 folds need at least 5 groups, but groups holds 2 in 20 rows"):
        make_fold_ids(5, np.arange(20) % 2, groups=np.arange(20) // 10)


def test_grouped_folds_are_whole_stratified_and_silent():
    groups = np.arange(60) // 3
    codes = np.repeat([0, 1], [42, 18])
    fold_of = stratified_folds(codes, 4, groups)
    assert all(len(np.unique(fold_of[groups == group])) == 1 for group in range(20))
    assert sorted(np.bincount(fold_of[codes == 1])) == [3, 3, 6, 6]
    assert set(stratified_folds(np.array([0, 0, 1]), 5, np.array(["a", "a", "b"]))) == {0, 1}
    np.testing.assert_array_equal(stratified_folds(codes, 5, np.arange(60)), stratified_folds(codes, 5))


def test_groups_are_split_out_as_scikit_learn_repeats_rows_of_their_most_frequent_class():
    rng = np.random.RandomState(0)
    groups, codes = rng.permutation(np.arange(90) % 20), rng.randint(3, size=90)
    frequent = [np.bincount(codes[groups == group]).argmax() for group in range(20)]
    fold_of = stratified_folds(codes, 4, groups)
    for fold, (_, test) in enumerate(StratifiedKFold(4).split(frequent, frequent)):
        np.testing.assert_array_equal(np.unique(groups[fold_of == fold]), test)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("classes", [True, False])
def test_repeats_of_the_folds(classes, grouped):
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=61) if classes else rng.normal(size=61)
    groups = np.repeat(np.arange(21), 3)[:61] if grouped else None
    deals = make_repeated_fold_ids(4, y, 3, np.random.RandomState(1), classes=classes, groups=groups)
    np.testing.assert_array_equal(deals[0], make_fold_ids(4, y, classes=classes, groups=groups))
    for fold_of in deals:
        assert set(fold_of) == set(range(4))
        assert np.ptp(np.bincount(fold_of)) <= (6 if grouped else 1)
        if grouped:
            assert all(len(np.unique(fold_of[groups == group])) == 1 for group in range(21))
        elif classes:
            assert all(np.ptp(np.bincount(fold_of[y == code], minlength=4)) <= 1 for code in range(3))
        else:
            # Four numbers next to each other are in four folds.
            assert all(len(set(fold_of[np.argsort(y)[first : first + 4]])) == 4 for first in range(0, 57, 4))
    together = [[a == b for a in fold_of for b in fold_of] for fold_of in deals]
    assert together[0] != together[1] != together[2]
    again = make_repeated_fold_ids(4, y, 3, np.random.RandomState(1), classes=classes, groups=groups)
    np.testing.assert_array_equal(deals, again)


def test_a_splitter_repeats_itself():
    y = np.random.RandomState(0).randint(2, size=40)
    splitter = RepeatedStratifiedKFold(n_splits=4, n_repeats=3, random_state=0)
    deals = make_repeated_fold_ids(splitter, y)
    assert len(deals) == 3
    for place, (_, held_out) in enumerate(splitter.split(y, y)):
        np.testing.assert_array_equal(np.flatnonzero(deals[place // 4] == place % 4), held_out)
    with pytest.raises(ValueError, match="n_repeats=2 repeats a number of folds, but cv=RepeatedStratifiedKFold"):
        make_repeated_fold_ids(splitter, y, 2)
    with pytest.raises(ValueError, match="holds some rows out twice"):
        make_fold_ids(splitter, y)
    with pytest.raises(ValueError, match="puts rows of group 1 into several folds"):
        make_repeated_fold_ids(2 * list(KFold(3).split(y)), y, groups=np.arange(40) // 10)


@pytest.mark.parametrize("classes", [True, False])
@pytest.mark.parametrize("cv", [4, None, GroupKFold(4)])
def test_groups_are_held_out_together(cv, classes):
    rng = np.random.RandomState(0)
    groups, y = np.array(list("abcdefgh"))[rng.randint(8, size=80)], rng.randint(3, size=80)
    fold_of = make_fold_ids(cv, y, classes=classes, groups=groups)
    assert all(len(np.unique(fold_of[groups == name])) == 1 for name in "abcdefgh")
    assert set(fold_of) == set(range(5 if cv is None else 4))
