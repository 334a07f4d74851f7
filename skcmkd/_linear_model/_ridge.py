"""Ridge regression in closed form, and tables as numbers for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .._validation._dataframes import as_pandas
from .._validation._tables import Table

ALPHAS = tuple(np.logspace(-1, 5, 13))
# Singular values below this fraction of the largest are rounding errors.
RELATIVE_RANK = 1e-10


class LeaveOutRidge(RegressorMixin, BaseEstimator):
    """Median imputation, standardized columns, and the ridge penalty with the least leave-one-out error.

    With U s V' the standardized table, h = s^2 / (s^2 + alpha) and the leverage of a row
    l_i = 1/n + sum_j h_j U_ij^2, the left-out residual is (y_i - fit_i) / (1 - l_i). With ``groups`` in ``fit`` each
    group is left out whole, and l is its block of the hat matrix; with a single group the penalty is the largest.

    The table holds numbers; ``to_design_matrix`` turns categories into columns, once and before rows are split.
    It is fitted thousands of times, and takes a singular value decomposition each.

    Parameters
    ----------
    alphas : tuple of float, default=ALPHAS
        Penalties to choose from.
    n_selection_targets : int, default=None
        The penalty is chosen for the first so many outputs, all when None, and used for all.

    Attributes
    ----------
    alpha_ : float
        The penalty taken.
    effective_dof_ : float
        Trace of the hat matrix, with the intercept.
    median_, mean_, scale_ : ndarray of shape (n_features,)
        Of the columns; constant columns have scale 1.
    coef_ : ndarray of shape (n_features,) or (n_features, n_outputs)
        Of the standardized columns.
    intercept_ : float or ndarray of shape (n_outputs,)
    """

    def __init__(self, alphas: tuple[float, ...] = ALPHAS, n_selection_targets: int | None = None) -> None:
        self.alphas = alphas
        self.n_selection_targets = n_selection_targets

    def fit(self, X: Table, y: np.ndarray, *, groups: np.ndarray | None = None) -> LeaveOutRidge:
        numbers = self._validate(X, reset=True)
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
        least_error = np.inf
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
            if error < least_error:
                least_error, self.alpha_, self.effective_dof_ = error, alpha, float(leverage.sum())
        coef = Vt.T @ ((s / (s**2 + self.alpha_))[:, None] * projected)
        self.coef_ = coef if y.ndim > 1 else coef[:, 0]
        return self

    def predict(self, X: Table) -> np.ndarray:
        check_is_fitted(self)
        numbers = self._validate(X, reset=False)
        filled = np.where(np.isnan(numbers), self.median_, numbers)
        return (filled - self.mean_) / self.scale_ @ self.coef_ + self.intercept_

    def _validate(self, X: Table, reset: bool) -> np.ndarray:
        """Numbers of a table, (n_rows, n_features), missing values as NaN."""
        if self._is_valid(X, reset):
            if reset:
                self.n_features_in_ = X.shape[1]
            return X
        X = validate_data(
            self,
            X,
            reset=reset,
            accept_sparse=True,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            ensure_min_features=0,
        )
        return X.toarray() if issparse(X) else X

    def _is_valid(self, X: Table, reset: bool) -> bool:
        """Whether scikit-learn's checks, a third of the time of a fit to 50 rows, would pass the table as it is."""
        return (
            type(X) is np.ndarray
            and X.dtype == np.float64
            and X.ndim == 2
            and len(X) > 0
            # Models of earlier files have no number of features.
            and (reset or X.shape[1] == getattr(self, "n_features_in_", None))
            and not hasattr(self, "feature_names_in_")
            and not np.isinf(X).any()
        )


def _group_blocks(groups: np.ndarray) -> list[np.ndarray]:
    """Rows of the groups of each size, as an array (n_groups, size) for each size."""
    _, group_ids, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(group_ids, kind="stable")
    size_of = sizes[group_ids[order]]
    return [order[size_of == size].reshape(-1, size) for size in np.unique(sizes)]


def _leave_group_out_residuals(
    residual: np.ndarray, U: np.ndarray, shrinkage: np.ndarray, blocks: list[np.ndarray]
) -> np.ndarray:
    """Residuals of each group by the model fitted without it: (I - H_gg)^-1 r_g, with the hat matrix H.

    Parameters
    ----------
    residual : ndarray of shape (n_rows, n_outputs)
        Of the fit to all rows.
    U : ndarray of shape (n_rows, rank)
        Left singular vectors.
    shrinkage : ndarray of shape (rank,)
    blocks : list of ndarray of shape (n_groups, size)
        Rows of the groups of each size.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
    """
    left_out = np.empty_like(residual)
    for rows in blocks:
        U_groups = U[rows]
        hat = 1 / len(U) + (U_groups * shrinkage) @ U_groups.transpose(0, 2, 1)
        left_out[rows] = np.linalg.solve(np.eye(rows.shape[1]) - hat, residual[rows])
    return left_out


def to_design_matrix(X: Table) -> np.ndarray:
    """Turn a table into numbers, one column for each category of a column of text or categories.

    The columns depend on the rows given: call it once for all rows, before they are split.

    Parameters
    ----------
    X : table of shape (n_rows, n_features)

    Returns
    -------
    ndarray of shape (n_rows, n_numbers)
        Missing values are NaN. Text with more values than half of the rows is an identifier and left out.
    """
    if not hasattr(X, "columns"):
        return np.asarray(X.toarray() if issparse(X) else X, dtype=np.float64)
    table = as_pandas(X)
    if all(pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes):
        return table.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.hstack([_encode_column(table.iloc[:, position]) for position in range(table.shape[1])])


def _encode_column(values: pd.Series) -> np.ndarray:
    """One column of numbers, or one for each category; none of an identifier."""
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
    """Median of the observed values of each column; 0 in a column without any."""
    medians = np.zeros(numbers.shape[1])
    missing = np.isnan(numbers)
    observed = ~missing.all(axis=0)
    if missing.any():
        medians[observed] = np.nanmedian(numbers[:, observed], axis=0)
    return medians
