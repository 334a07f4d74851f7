"""Ridge regression with everything a table needs, in closed form: it is fitted thousands of times."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from .._validation._dataframes import as_pandas
from .._validation._tables import Table

ALPHAS = tuple(np.logspace(-1, 5, 13))
# A singular value below this share of the largest is rounding, not data.
RELATIVE_RANK = 1e-10


class LeaveOutRidge(RegressorMixin, BaseEstimator):
    """Median imputation, standardised columns, and the ridge penalty with the least leave-one-out error.

    With U s V' the standardised table, h = s^2 / (s^2 + penalty) and the leverage of a row
    l_i = 1/n + sum_j h_j U_ij^2, the left-out residual is (y_i - fit_i) / (1 - l_i). With ``groups`` in fit each group
    is left out whole, and l is its block of the hat matrix; a single group leaves nothing to choose by, and the
    penalty is the largest. It is chosen for the first ``n_selection_targets`` targets (all when None) and serves all of them. Text
    and categories become one column a category.
    """

    def __init__(self, alphas: tuple[float, ...] = ALPHAS, n_selection_targets: int | None = None) -> None:
        self.alphas = alphas
        self.n_selection_targets = n_selection_targets

    def fit(self, X: Table, y: np.ndarray, *, groups: np.ndarray | None = None) -> LeaveOutRidge:
        numbers = to_design_matrix(X)
        y = np.asarray(y, dtype=np.float64)
        self.median_ = _medians(numbers)
        filled = np.where(np.isnan(numbers), self.median_, numbers)
        self.mean_, spread = filled.mean(axis=0), filled.std(axis=0)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        U, s, Vt = np.linalg.svd((filled - self.mean_) / self.scale_, full_matrices=False)
        full_rank = s > RELATIVE_RANK * max(s.max(initial=0.0), 1.0)
        U, s, Vt = U[:, full_rank], s[full_rank], Vt[full_rank]
        self.intercept_ = y.mean(axis=0)
        centered = (y - self.intercept_).reshape(len(y), -1)
        projected = U.T @ centered
        selection_targets = slice(self.n_selection_targets)
        blocks = None if groups is None else _group_blocks(groups)
        single_group = blocks is not None and len(blocks) == 1 and len(blocks[0]) == 1
        least = np.inf
        for alpha in self.alphas if not single_group else (max(self.alphas),):
            shrinkage = s**2 / (s**2 + alpha)
            leverage = 1 / len(y) + U**2 @ shrinkage
            fit = U @ (shrinkage[:, None] * projected[:, selection_targets])
            residual = centered[:, selection_targets] - fit
            if blocks is None:
                left_out = residual / (1 - leverage)[:, None]
            else:
                left_out = residual if single_group else _leave_group_out_residuals(residual, U, shrinkage, blocks)
            error = (left_out**2).mean()
            if error < least:
                least, self.alpha_, self.effective_dof_ = error, alpha, float(leverage.sum())
        coef = Vt.T @ ((s / (s**2 + self.alpha_))[:, None] * projected)
        self.coef_ = coef if y.ndim > 1 else coef[:, 0]
        return self

    def predict(self, X: Table) -> np.ndarray:
        check_is_fitted(self)
        numbers = to_design_matrix(X)
        filled = np.where(np.isnan(numbers), self.median_, numbers)
        return (filled - self.mean_) / self.scale_ @ self.coef_ + self.intercept_


def _group_blocks(groups: np.ndarray) -> list[np.ndarray]:
    """Rows of the groups of one size, (n_groups, size), for each size."""
    _, group_ids, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(group_ids, kind="stable")
    size_of = sizes[group_ids[order]]
    return [order[size_of == size].reshape(-1, size) for size in np.unique(sizes)]


def _leave_group_out_residuals(
    residual: np.ndarray, U: np.ndarray, shrinkage: np.ndarray, blocks: list[np.ndarray]
) -> np.ndarray:
    """(I - H_gg)^-1 r_g of each group, H the hat matrix: its residuals by the model fitted without it."""
    left_out = np.empty_like(residual)
    for rows in blocks:
        own = U[rows]
        hat = 1 / len(U) + (own * shrinkage) @ own.transpose(0, 2, 1)
        left_out[rows] = np.linalg.solve(np.eye(rows.shape[1]) - hat, residual[rows])
    return left_out


def to_design_matrix(X: Table) -> np.ndarray:
    """Numbers, with one column for each category of a column that holds none."""
    if not hasattr(X, "columns"):
        return np.asarray(X.toarray() if issparse(X) else X, dtype=np.float64)
    table = as_pandas(X)
    if all(pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes):
        return table.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.hstack([_encode_column(table.iloc[:, position]) for position in range(table.shape[1])])


def _encode_column(values: pd.Series) -> np.ndarray:
    """One column of numbers, or one a category; none of a text that names the rows."""
    observed = values.notna().to_numpy()
    if not isinstance(values.dtype, pd.CategoricalDtype):
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.notna().to_numpy()[observed].all():
            return numbers.to_numpy(dtype=np.float64, na_value=np.nan)[:, None]
    if values.nunique() > len(values) / 2:
        return np.empty((len(values), 0))
    columns = pd.get_dummies(values).to_numpy(dtype=np.float64, copy=True)
    columns[~observed] = np.nan
    return columns


def _medians(numbers: np.ndarray) -> np.ndarray:
    """Median of each column's known values; 0 where there is none."""
    medians = np.zeros(numbers.shape[1])
    missing = np.isnan(numbers)
    observed = ~missing.all(axis=0)
    if missing.any():
        medians[observed] = np.nanmedian(numbers[:, observed], axis=0)
    return medians
