import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from skcmkd.evaluation._permutation import permute_observed_rows, permute_teacher_columns

TABLE = np.random.RandomState(0).rand(12, 5)


def test_only_observed_rows_are_permuted():
    T = pd.DataFrame(TABLE.copy(), index=[f"sample {i}" for i in range(12)])
    T.iloc[[2, 5, 11]] = np.nan
    permuted = permute_observed_rows(T, np.random.RandomState(0))
    assert permuted.index.equals(T.index)
    assert permuted.isna().all(axis=1).tolist() == T.isna().all(axis=1).tolist()
    assert (permuted.dropna() != T.dropna()).any(axis=None)
    position = {value: row for row, value in enumerate(T[0]) if not np.isnan(value)}
    order = permuted[0].dropna().map(position).astype(int)
    np.testing.assert_array_equal(permuted.dropna(), T.iloc[order])


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame, csr_matrix], ids=["array", "frame", "sparse"])
def test_the_students_columns_stay_as_they_are(form):
    student = np.array([3, 1])
    permuted = permute_teacher_columns(form(TABLE), student, np.random.RandomState(0))
    assert isinstance(permuted, type(form(TABLE)))
    permuted = permuted.toarray() if isinstance(permuted, csr_matrix) else np.asarray(permuted)
    np.testing.assert_array_equal(permuted[:, student], TABLE[:, student])
    teacher = [0, 2, 4]
    assert (permuted[:, teacher] != TABLE[:, teacher]).any()
    # Whole rows move: sorted by their first column the two are equal.
    for values in (permuted, TABLE):
        np.testing.assert_array_equal(
            values[np.argsort(values[:, 0])][:, teacher], TABLE[np.argsort(TABLE[:, 0])][:, teacher]
        )
