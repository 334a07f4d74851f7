import numpy as np
import pandas as pd
import pytest

from skcmkd import CCHSelector
from skcmkd.datasets import make_gaussian_modalities
from skcmkd.selection._prepare import check_selection_target, check_unlabeled_pairs, make_repeats

from .problems import make_settings

N = 90


@pytest.fixture(scope="module")
def drawn():
    return make_gaussian_modalities(N, n_classes=3, random_state=0)


def repeats_of(drawn, unlabeled=None, **settings):
    y, classes = check_selection_target(drawn.data, drawn.target)
    columns = {name: drawn.data.columns.get_indexer(names) for name, names in drawn.modalities.items()}
    rng = np.random.RandomState(0)
    return make_repeats(drawn.data, y, classes, columns, None, unlabeled, make_settings(**settings), rng)


def test_unlabeled_rows_are_split_over_the_folds(drawn):
    repeat = repeats_of(drawn, drawn.data.iloc[:13])[0]
    data = repeat.data
    assert data.n_labeled == N
    assert len(data.fold_ids) == N + 13
    np.testing.assert_array_equal(np.bincount(data.fold_ids[N:]), [3, 3, 3, 2, 2])
    pd.testing.assert_frame_equal(data.tables["student"].iloc[N:], data.tables["student"].iloc[:13])
    assert np.isfinite(repeat.encodings["teacher"].predictions).all()


def test_repeats_assign_the_same_rows_to_other_folds(drawn):
    unlabeled = drawn.data.iloc[:13]
    repeats = repeats_of(drawn, unlabeled, n_repeats=3)
    assert len(repeats) == 3
    np.testing.assert_array_equal(repeats[0].data.fold_ids, repeats_of(drawn, unlabeled)[0].data.fold_ids)
    first, second, third = (repeat.encodings["teacher"].predictions for repeat in repeats)
    assert not np.allclose(first, second)
    assert not np.allclose(second, third)
    again = repeats_of(drawn, unlabeled, n_repeats=3)
    np.testing.assert_array_equal(again[2].encodings["teacher"].predictions, third)


def test_a_continuous_target_has_no_classes(drawn):
    np.testing.assert_array_equal(check_selection_target(drawn.data, drawn.target)[1], np.unique(drawn.target))
    assert check_selection_target(drawn.data, drawn.data.iloc[:, 0])[1] is None


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (pd.DataFrame({"a": [1]}), r"must be a tuple \(table,\) of one table.*got a DataFrame"),
        ((pd.DataFrame({"a": [1]}),), r"unlabeled_pairs\[0\] must have the columns of X"),
    ],
)
def test_bad_unlabeled_pairs(drawn, pairs, message):
    with pytest.raises(ValueError, match=message):
        check_unlabeled_pairs(drawn.data, pairs, None)


def test_unlabeled_pairs_of_a_labeled_patient_are_left_out(drawn):
    unlabeled = drawn.data.iloc[:6].reset_index(drop=True)
    patients = np.array([f"P{row}" for row in range(N)])
    pairs = (unlabeled, ["P0", "P1", "X", "X", "Y", "Z"])
    pd.testing.assert_frame_equal(check_unlabeled_pairs(drawn.data, pairs, patients), unlabeled.iloc[2:])
    assert check_unlabeled_pairs(drawn.data, (unlabeled.iloc[:2], ["P0", "P1"]), patients) is None
    assert check_unlabeled_pairs(drawn.data, None, patients) is None
    with pytest.raises(ValueError, match=r"unlabeled_pairs\[1\] names groups and X has none"):
        check_unlabeled_pairs(drawn.data, pairs, None)


def test_results_are_those_without_the_pairs_of_a_labeled_patient(drawn):
    unlabeled = -drawn.data.iloc[:6].reset_index(drop=True)
    patients = [f"P{row}" for row in range(N)]
    selector = CCHSelector(
        drawn.modalities, "student", encoder=make_settings().encoders, n_repeats=1, n_subsamples=2, random_state=0
    )
    names = ["P0", "P1", "X", "X", "Y", "Z"]
    first, second = (
        selector.fit(drawn.data, drawn.target, groups=patients, unlabeled_pairs=pairs).results_
        for pairs in ((unlabeled, names), (unlabeled.iloc[2:],))
    )
    assert (first["n_unlabeled"] == 4).all()
    pd.testing.assert_frame_equal(first, second)
