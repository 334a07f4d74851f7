import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd.evaluation._input import SideTables, check_report_data, check_side_tables, check_teacher_cohort

TABLE = np.random.RandomState(0).rand(12, 2)
LABELS = np.arange(12) % 2


def test_rows_of_other_samples_are_refused():
    X = pd.DataFrame(TABLE, index=[f"sample {i}" for i in range(12)])
    with pytest.raises(ValueError, match="in another order"):
        check_report_data(LogisticRegression(), X, pd.Series(LABELS, index=X.index[::-1]), None, None)


def test_classes_are_those_of_a_classifier():
    data = check_report_data(LogisticRegression(), TABLE, np.where(LABELS, "ill", "healthy"), None, None)
    assert data.classes.tolist() == ["healthy", "ill"]
    continuous = check_report_data(Ridge(), TABLE, LABELS, None, None)
    assert continuous.classes is None
    assert continuous.y.dtype == float


def test_rows_of_held_out_groups_leave_the_tables_beside():
    groups = np.repeat(["a", "b", "c"], 4)
    data = check_report_data(LogisticRegression(), TABLE, LABELS, None, groups)
    assert set(data.held_out_groups(np.flatnonzero(groups != "b"))) == {"b"}
    side = SideTables((TABLE, pd.DataFrame(TABLE)), groups)
    kept = side.exclude(np.array(["b"]))
    np.testing.assert_array_equal(kept.tables[0], TABLE[groups != "b"])
    np.testing.assert_array_equal(kept.tables[1], TABLE[groups != "b"])
    assert set(kept.as_tuple()[2]) == {"a", "c"}
    assert side.exclude(np.array(["a", "b", "c"])) is None
    assert side.exclude(None) is side
    assert SideTables((TABLE,)).exclude(np.array(["b"])).as_tuple() == (TABLE,)


def test_side_tables_are_checked():
    assert check_side_tables(None, "bridge", "(X, T)", 2) is None
    side = check_side_tables((TABLE, TABLE, LABELS), "bridge", "(X, T)", 2)
    assert side.groups.tolist() == LABELS.tolist()
    with pytest.raises(ValueError, match=r"bridge must be a tuple \(X, T\), got a tuple of 1"):
        check_side_tables((TABLE,), "bridge", "(X, T)", 2)
    with pytest.raises(ValueError, match=r"bridge\[2\] has 11 rows and bridge\[0\] has 12"):
        check_side_tables((TABLE, TABLE, LABELS[:11]), "bridge", "(X, T)", 2)


def test_a_teachers_cohort_has_its_observed_rows():
    X = TABLE.copy()
    X[3] = np.nan
    cohort = check_teacher_cohort((X, LABELS, np.arange(12)))
    np.testing.assert_array_equal(cohort.X, np.delete(TABLE, 3, axis=0))
    assert cohort.y.tolist() == np.delete(LABELS, 3).tolist()
    assert 3 not in cohort.groups
    with pytest.raises(ValueError, match=r"teacher_data\[1\] has 11 rows"):
        check_teacher_cohort((X, LABELS[:11]))
