import warnings

import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
)

from skcmkd._model_selection._folds import group_folds, make_fold_ids, make_repeated_fold_ids, stratified_folds


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_stratified_folds_are_scikit_learns(seed, shuffle):
    """Where the classes first appear in the order of their codes, which matters in scikit-learn alone."""
    rng = np.random.RandomState(seed)
    codes = rng.randint(rng.randint(1, 5), size=rng.randint(20, 80))
    n_folds, order = rng.randint(2, 6), np.sort(np.unique(codes, return_index=True)[1])
    codes = np.argsort(codes[order])[np.searchsorted(np.unique(codes), codes)]
    fold_ids = stratified_folds(codes, n_folds, shuffle=np.random.RandomState(1) if shuffle else None)
    splitter = StratifiedKFold(n_folds, shuffle=shuffle, random_state=1 if shuffle else None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        splits = list(splitter.split(codes, codes))
    for fold, (_, test) in enumerate(splits):
        np.testing.assert_array_equal(np.flatnonzero(fold_ids == fold), test)


def test_stratified_folds_do_not_depend_on_which_class_comes_first():
    codes = np.repeat([1, 0], [7, 6])
    sizes = [np.bincount(stratified_folds(order, 5)[order == 1], minlength=5) for order in (codes, codes[::-1])]
    np.testing.assert_array_equal(*sizes)


def test_adjacent_replicates_mostly_stay_together():
    patients = np.repeat(np.arange(50), 4)
    fold_ids = stratified_folds(patients % 2, 5)
    split = sum(len(np.unique(fold_ids[patients == patient])) > 1 for patient in range(50))
    assert split < 10


def test_small_class_is_spread_without_a_warning():
    fold_ids = stratified_folds(np.repeat([0, 1], [10, 2]), 5)
    assert len(set(fold_ids[10:])) == 2


def test_any_splitter_that_holds_each_row_out_once():
    y = np.repeat([0, 1, 2], 8)
    fold_ids = make_fold_ids(KFold(12), y)
    assert np.bincount(fold_ids).tolist() == [2] * 12


@pytest.mark.parametrize(
    ("cv", "y", "message"),
    [
        (5, [0, 0, 1, 1], "5 folds need at least 5 rows.*there are 4 labeled rows"),
        (5, [0, 0, 0, 1, 1], r"\(0: 3, 1: 2\)"),
        (ShuffleSplit(2, test_size=0.9, random_state=0), [0, 1] * 10, "holds some rows out twice"),
        (ShuffleSplit(1, test_size=0.5, random_state=0), [0, 1] * 10, "never holds some rows out"),
    ],
)
def test_bad_folds(cv, y, message):
    with pytest.raises(ValueError, match=message):
        make_fold_ids(cv, np.array(y))


def test_splitter_that_splits_a_group():
    groups = np.arange(20) // 2
    with pytest.raises(ValueError, match=r"puts rows of group 3 into several folds.* such as GroupKFold"):
        make_fold_ids(list(KFold(3).split(groups)), np.arange(20) % 2, groups=groups)
    with pytest.raises(ValueError, match="5 folds need at least 3 groups, but groups holds 2 in 20 rows"):
        make_fold_ids(5, np.arange(20) % 2, groups=np.arange(20) // 10)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_groups_have_one_algorithm(seed, shuffle):
    """StratifiedGroupKFold, or GroupKFold for a continuous target, whoever asks."""
    rng = np.random.RandomState(seed)
    groups, codes = rng.permutation(np.arange(120) % 30), rng.randint(3, size=120)
    for y, splitter_class in ((codes, StratifiedGroupKFold), (None, GroupKFold)):
        state = np.random.RandomState(1) if shuffle else None
        fold_ids = group_folds(groups, 4, y, state)
        splitter = splitter_class(4, shuffle=shuffle, random_state=1 if shuffle else None)
        for fold, (_, test) in enumerate(splitter.split(codes, codes, groups)):
            np.testing.assert_array_equal(np.flatnonzero(fold_ids == fold), test)
        if not shuffle:
            target = rng.normal(size=120) if y is None else np.array(list("abc"))[y]
            np.testing.assert_array_equal(make_fold_ids(4, target, classes=y is not None, groups=groups), fold_ids)
    np.testing.assert_array_equal(stratified_folds(codes, 4, groups), group_folds(groups, 4, codes))


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_folds_of_groups_are_those_of_scikit_learn_at_any_size(n_classes):
    """Uneven classes and groups; scikit-learn's class is six times as slow."""
    rng = np.random.RandomState(n_classes)
    for _ in range(40):
        n_rows = rng.randint(20, 150)
        codes = rng.choice(n_classes, size=n_rows, p=rng.dirichlet(np.ones(n_classes)))
        groups = rng.randint(rng.randint(4, n_rows), size=n_rows) * 3
        n_folds = min(rng.randint(2, 6), len(np.unique(groups)), np.bincount(codes).max())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            splits = StratifiedGroupKFold(n_folds).split(codes, codes, groups)
            held_out = [rows for _, rows in splits if len(rows)]
        fold_ids = group_folds(groups, n_folds, codes)
        assert [np.flatnonzero(fold_ids == fold).tolist() for fold in range(fold_ids.max() + 1)] == [
            rows.tolist() for rows in held_out
        ]


def test_grouped_folds_are_whole_stratified_and_silent():
    groups = np.arange(60) // 3
    codes = np.repeat([0, 1], [42, 18])
    fold_ids = stratified_folds(codes, 4, groups)
    assert all(len(np.unique(fold_ids[groups == group])) == 1 for group in range(20))
    assert sorted(np.bincount(fold_ids[codes == 1])) == [3, 3, 6, 6]


@pytest.mark.parametrize(
    ("codes", "groups", "n_folds"),
    [
        ([0, 0, 1], ["a", "a", "b"], 2),  # fewer groups than folds
        ([0, 0, 1, 1, 2, 2, 2], list("abcdefg"), 3),  # every class has fewer rows than folds
        ([0, 1, 2, 3], list("abcd"), 4),  # classes of one row
        ([0, 1, 0, 1], list("aaaa"), 1),
        ([0] * 9 + [1], list("aaaaaaaabb"), 2),
    ],
)
def test_few_groups_have_fewer_folds_without_gaps(codes, groups, n_folds):
    fold_ids = stratified_folds(np.array(codes), 5, np.array(groups))
    assert set(fold_ids) == set(range(n_folds))
    assert all(len(set(fold_ids[np.array(groups) == name])) == 1 for name in groups)


@pytest.mark.parametrize("classes", [True, False])
@pytest.mark.parametrize(
    ("cv", "n_groups", "n_folds"), [(5, 3, 3), (5, 4, 4), (5, 9, 5), (3, 3, 3), (2, 2, 2), (2, 9, 2)]
)
def test_a_number_of_folds_adapts_to_the_groups(cv, n_groups, n_folds, classes):
    groups = np.arange(36) % n_groups
    y = np.arange(36) // n_groups % 2
    fold_ids = make_fold_ids(cv, y if classes else y + np.arange(36) / 40, classes=classes, groups=groups)
    assert set(fold_ids) == set(range(n_folds))


@pytest.mark.parametrize(("cv", "n_groups", "n_least"), [(5, 2, 3), (3, 2, 3), (5, 1, 3), (2, 1, 2)])
def test_below_three_groups_a_number_of_folds_is_an_error(cv, n_groups, n_least):
    message = f"{cv} folds need at least {n_least} groups, but groups holds {n_groups} in 36 rows"
    with pytest.raises(ValueError, match=message):
        make_fold_ids(cv, np.arange(36) % 2, groups=np.arange(36) % n_groups)


def test_a_number_of_folds_needs_as_many_rows_of_some_class_also_with_groups():
    with pytest.raises(ValueError, match=r"5 folds need at least 5 rows of the largest class.*\(0: 4, 1: 4\)"):
        make_fold_ids(5, np.arange(8) % 2, groups=np.arange(8))


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("classes", [True, False])
def test_repeats_of_the_folds(classes, grouped):
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=61) if classes else rng.normal(size=61)
    groups = np.repeat(np.arange(21), 3)[:61] if grouped else None
    repeats = make_repeated_fold_ids(4, y, 3, np.random.RandomState(1), classes=classes, groups=groups)
    np.testing.assert_array_equal(repeats[0], make_fold_ids(4, y, classes=classes, groups=groups))
    for fold_ids in repeats:
        assert set(fold_ids) == set(range(4))
        assert np.ptp(np.bincount(fold_ids)) <= (6 if grouped else 1)
        if grouped:
            assert all(len(np.unique(fold_ids[groups == group])) == 1 for group in range(21))
        elif classes:
            assert all(np.ptp(np.bincount(fold_ids[y == code], minlength=4)) <= 1 for code in range(3))
        else:
            # Four numbers next to each other are in four folds.
            assert all(len(set(fold_ids[np.argsort(y)[first : first + 4]])) == 4 for first in range(0, 57, 4))
    together = [[a == b for a in fold_ids for b in fold_ids] for fold_ids in repeats]
    assert together[0] != together[1] != together[2]
    again = make_repeated_fold_ids(4, y, 3, np.random.RandomState(1), classes=classes, groups=groups)
    np.testing.assert_array_equal(repeats, again)


def test_a_splitter_repeats_itself():
    y = np.random.RandomState(0).randint(2, size=40)
    splitter = RepeatedStratifiedKFold(n_splits=4, n_repeats=3, random_state=0)
    repeats = make_repeated_fold_ids(splitter, y)
    assert len(repeats) == 3
    for split, (_, held_out) in enumerate(splitter.split(y, y)):
        np.testing.assert_array_equal(np.flatnonzero(repeats[split // 4] == split % 4), held_out)
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
    fold_ids = make_fold_ids(cv, y, classes=classes, groups=groups)
    assert all(len(np.unique(fold_ids[groups == name])) == 1 for name in "abcdefgh")
    assert set(fold_ids) == set(range(5 if cv is None else 4))
