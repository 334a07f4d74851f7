import numpy as np
import pandas as pd
import pytest

from skcmkd._validation._target_checks import check_groups, check_labels, merge_group_ids, normalized_sample_weight


def test_missing_labels_name_their_table():
    assert check_labels([True, False]).dtype == bool
    for labels in ([0, 1, np.nan], ["a", None, "b"]):
        with pytest.raises(ValueError, match=r"teacher_data\[1\] holds 1 missing labels .* among 3 rows"):
            check_labels(labels, "teacher_data[1]")
    with pytest.raises(ValueError, match="y holds 1 missing labels"):
        check_labels([0, None])


def test_weights_get_mean_one():
    np.testing.assert_allclose(normalized_sample_weight([1, 3], np.ones((2, 1))), [0.5, 1.5])
    with pytest.raises(ValueError, match="Negative values"):
        normalized_sample_weight([1, -1], np.ones((2, 1)))


def test_groups_of_several_tables_mean_the_same():
    first, second, none, last = merge_group_ids(
        np.array(["a", "b", "a"]), [(2, np.array(["c", "a"])), (3, None), (1, np.array(["c"], dtype=object))]
    )
    assert first.tolist() == [0, 1, 0]
    assert second.tolist() == [2, 0]
    assert last.tolist() == [2]
    assert not set(none) & {0, 1, 2}
    assert len(set(none)) == 3
    # Patient 1 is not patient "1".
    assert len(set(np.concatenate(merge_group_ids(np.array([1, 2]), [(1, np.array(["1"]))])))) == 3


def test_groups_go_row_for_row():
    X = pd.DataFrame({"a": [1, 2, 3]}, index=["x", "y", "z"])
    assert check_groups(None, X) is None
    assert check_groups(pd.Series(["p", "q", "p"], index=X.index), X).tolist() == ["p", "q", "p"]
    with pytest.raises(ValueError, match=r"The rows of groups carry the same labels as those of X in another order"):
        check_groups(pd.Series(["p", "q", "p"], index=X.index[::-1]), X)
    with pytest.raises(ValueError, match=r"bridge\[2\] has 4 rows and bridge\[0\] has 3"):
        check_groups([1, 2, 3, 4], X, "bridge[2]", "bridge[0]")
