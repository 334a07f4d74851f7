import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold, cross_val_predict
from sklearn.svm import LinearSVC

from skcmkd._cross_fitting import assign_folds, predict_aligned_proba, stratified_folds, unseen_proba


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    y = np.array(["a", "b", "c"])[rng.randint(3, size=60)]
    X = rng.normal(size=(60, 4)) + (y == "a")[:, None]
    return X, y


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_unseen_probabilities_are_cross_val_predicts(data, n_jobs):
    X, y = data
    expected = cross_val_predict(LogisticRegression(), X, y, cv=StratifiedKFold(4), method="predict_proba")
    np.testing.assert_allclose(unseen_proba(LogisticRegression(), X, y, assign_folds(4, y), n_jobs), expected)


def test_unseen_probabilities_of_a_class_that_sits_in_one_fold(data):
    """No model knew the class where it was held out, so nobody expected it."""
    X, y = data
    y = np.where(y == "b", "a", y)
    y[7] = "z"
    proba = unseen_proba(LogisticRegression(), X, y, assign_folds(3, y), None)
    assert proba.shape == (60, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert proba[7, list(np.unique(y)).index("z")] == 0


def test_model_without_probabilities(data):
    X, y = data
    with pytest.raises(ValueError, match=r"LinearSVC has no predict_proba.*CalibratedClassifierCV"):
        predict_aligned_proba(LinearSVC().fit(X, y), X, np.unique(y))


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
    fold_of = assign_folds(KFold(12), y)
    assert np.bincount(fold_of).tolist() == [2] * 12


def test_teacher_that_gives_nan():
    class Broken(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X) * np.nan

    with pytest.raises(ValueError, match=r"Broken.predict_proba gave NaN or infinity for 4 of 4 rows"):
        predict_aligned_proba(Broken().fit([[0], [1], [2], [3]], [0, 0, 1, 1]), np.zeros((4, 1)), np.array([0, 1]))


def test_classes_a_model_does_not_know_get_nothing(data):
    X, y = data
    known = y != "b"
    model = LogisticRegression().fit(X[known], y[known])
    proba = predict_aligned_proba(model, X, np.array(["a", "b", "c"]))
    np.testing.assert_allclose(proba[:, [0, 2]], model.predict_proba(X))
    assert (proba[:, 1] == 0).all()


def test_mass_on_other_classes_is_spread_back(data):
    X, y = data
    proba = predict_aligned_proba(LogisticRegression().fit(X, y), X, np.array(["a", "c"]))
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_no_class_in_common(data):
    X, y = data
    with pytest.raises(ValueError, match=r"knows the classes \['a', 'b', 'c'\] and y has \['x', 'z'\]"):
        predict_aligned_proba(LogisticRegression().fit(X, y), X, np.array(["x", "z"]))


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
        assign_folds(cv, np.array(y))


def test_one_class_left_in_a_fold():
    y = np.repeat([0, 1], 10)
    with pytest.raises(
        ValueError, match=r"fit LogisticRegression when fold \[0\] is held out, and they hold 1 classes"
    ):
        unseen_proba(LogisticRegression(), np.ones((20, 1)), y, assign_folds(KFold(2), y), None)


@pytest.mark.parametrize("classes", [True, False])
@pytest.mark.parametrize("cv", [4, None, GroupKFold(4)])
def test_groups_are_held_out_together(cv, classes):
    rng = np.random.RandomState(0)
    groups, y = np.array(list("abcdefgh"))[rng.randint(8, size=80)], rng.randint(3, size=80)
    fold_of = assign_folds(cv, y, classes=classes, groups=groups)
    assert all(len(np.unique(fold_of[groups == name])) == 1 for name in "abcdefgh")
    assert set(fold_of) == set(range(5 if cv is None else 4))


def test_splitter_that_parts_a_group():
    groups = np.arange(20) // 2
    with pytest.raises(ValueError, match=r"puts rows of group 3 into several folds.* such as GroupKFold"):
        assign_folds(list(KFold(3).split(groups)), np.arange(20) % 2, groups=groups)
    with pytest.raises(ValueError, match="5 folds need at least 5 groups, but groups holds 2 in 20 rows"):
        assign_folds(5, np.arange(20) % 2, groups=np.arange(20) // 10)


def test_grouped_folds_are_whole_stratified_and_silent():
    groups = np.arange(60) // 3
    codes = np.repeat([0, 1], [42, 18])
    fold_of = stratified_folds(codes, 4, groups)
    assert all(len(np.unique(fold_of[groups == group])) == 1 for group in range(20))
    assert sorted(np.bincount(fold_of[codes == 1])) == [3, 3, 6, 6]
    assert set(stratified_folds(np.array([0, 0, 1]), 5, np.array(["a", "a", "b"]))) == {0, 1}
    np.testing.assert_array_equal(stratified_folds(codes, 5, np.arange(60)), stratified_folds(codes, 5))


def test_groups_are_dealt_out_as_scikit_learn_deals_rows_of_their_most_frequent_class():
    rng = np.random.RandomState(0)
    groups, codes = rng.permutation(np.arange(90) % 20), rng.randint(3, size=90)
    frequent = [np.bincount(codes[groups == group]).argmax() for group in range(20)]
    fold_of = stratified_folds(codes, 4, groups)
    for fold, (_, test) in enumerate(StratifiedKFold(4).split(frequent, frequent)):
        np.testing.assert_array_equal(np.unique(groups[fold_of == fold]), test)
