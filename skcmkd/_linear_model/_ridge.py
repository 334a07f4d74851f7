"""Ridge regression with everything a table needs, in closed form: it is fitted thousands of times."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from .._validation._dataframes import as_pandas
from .._validation._tables import Table

PENALTIES = tuple(np.logspace(-1, 5, 13))
# A singular value below this share of the largest is rounding, not data.
RELATIVE_RANK = 1e-10


class TunedRidge(RegressorMixin, BaseEstimator):
    """Median imputation, standardised columns, and the ridge penalty with the least leave-one-out error.

    With U s V' the standardised table, h = s^2 / (s^2 + penalty) and the leverage of a row
    l_i = 1/n + sum_j h_j U_ij^2, the left-out residual is (y_i - fit_i) / (1 - l_i). With ``groups`` in fit each group
    is left out whole, and l is its block of the hat matrix; a single group leaves nothing to choose by, and the
    penalty is the largest. It is chosen for the first ``n_judged`` targets (all when None) and serves all of them. Text
    and categories become one column a category.
    """

    def __init__(self, penalties: tuple[float, ...] = PENALTIES, n_judged: int | None = None) -> None:
        self.penalties = penalties
        self.n_judged = n_judged

    def fit(self, X: Table, y: np.ndarray, *, groups: np.ndarray | None = None) -> TunedRidge:
        numbers = as_design(X)
        y = np.asarray(y, dtype=np.float64)
        self.medians_ = _medians(numbers)
        filled = np.where(np.isnan(numbers), self.medians_, numbers)
        self.centre_, spread = filled.mean(axis=0), filled.std(axis=0)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        U, s, Vt = np.linalg.svd((filled - self.centre_) / self.scale_, full_matrices=False)
        full_rank = s > RELATIVE_RANK * max(s.max(initial=0.0), 1.0)
        U, s, Vt = U[:, full_rank], s[full_rank], Vt[full_rank]
        self.intercept_ = y.mean(axis=0)
        centred = (y - self.intercept_).reshape(len(y), -1)
        projected = U.T @ centred
        judged = slice(self.n_judged)
        blocks = None if groups is None else _rows_of_groups(groups)
        alone = blocks is not None and len(blocks) == 1 and len(blocks[0]) == 1
        least = np.inf
        for penalty in self.penalties if not alone else (max(self.penalties),):
            shrinkage = s**2 / (s**2 + penalty)
            leverage = 1 / len(y) + U**2 @ shrinkage
            fit = U @ (shrinkage[:, None] * projected[:, judged])
            residual = centred[:, judged] - fit
            if blocks is None:
                left_out = residual / (1 - leverage)[:, None]
            else:
                left_out = residual if alone else _leave_groups_out(residual, U, shrinkage, blocks)
            error = (left_out**2).mean()
            if error < least:
                least, self.penalty_, self.n_dimensions_ = error, penalty, float(leverage.sum())
        coef = Vt.T @ ((s / (s**2 + self.penalty_))[:, None] * projected)
        self.coef_ = coef if y.ndim > 1 else coef[:, 0]
        return self

    def predict(self, X: Table) -> np.ndarray:
        check_is_fitted(self)
        numbers = as_design(X)
        filled = np.where(np.isnan(numbers), self.medians_, numbers)
        return (filled - self.centre_) / self.scale_ @ self.coef_ + self.intercept_


def _rows_of_groups(groups: np.ndarray) -> list[np.ndarray]:
    """Rows of the groups of one size, (n_groups, size), for each size."""
    _, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(group_of, kind="stable")
    size_of = sizes[group_of[order]]
    return [order[size_of == size].reshape(-1, size) for size in np.unique(sizes)]


def _leave_groups_out(
    residual: np.ndarray, U: np.ndarray, shrinkage: np.ndarray, blocks: list[np.ndarray]
) -> np.ndarray:
    """(I - H_gg)^-1 r_g of each group, H the hat matrix: its residuals by the model fitted without it."""
    left_out = np.empty_like(residual)
    for rows in blocks:
        own = U[rows]
        hat = 1 / len(U) + (own * shrinkage) @ own.transpose(0, 2, 1)
        left_out[rows] = np.linalg.solve(np.eye(rows.shape[1]) - hat, residual[rows])
    return left_out


def as_design(X: Table) -> np.ndarray:
    """Numbers, with one column for each category of a column that holds none."""
    if not hasattr(X, "columns"):
        return np.asarray(X.toarray() if issparse(X) else X, dtype=np.float64)
    table = as_pandas(X)
    if all(pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes):
        return table.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.hstack([_columns_of(table.iloc[:, position]) for position in range(table.shape[1])])


def _columns_of(values: pd.Series) -> np.ndarray:
    """One column of numbers, or one a category; none of a text that names the rows."""
    known = values.notna().to_numpy()
    if not isinstance(values.dtype, pd.CategoricalDtype):
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.notna().to_numpy()[known].all():
            return numbers.to_numpy(dtype=np.float64, na_value=np.nan)[:, None]
    if values.nunique() > len(values) / 2:
        return np.empty((len(values), 0))
    columns = pd.get_dummies(values).to_numpy(dtype=np.float64, copy=True)
    columns[~known] = np.nan
    return columns


def _medians(numbers: np.ndarray) -> np.ndarray:
    """Median of each column's known values; 0 where there is none."""
    medians = np.zeros(numbers.shape[1])
    missing = np.isnan(numbers)
    known = ~missing.all(axis=0)
    if missing.any():
        medians[known] = np.nanmedian(numbers[:, known], axis=0)
    return medians
