"""Logistic regression with its penalty chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from .._model_selection._folds import stratified_folds
from .._model_selection._row_scores import log_loss
from .._validation._sklearn import ArrayLike
from .._validation._target_checks import check_groups
from ._newton_logistic import newton_logistic

CS = tuple(np.logspace(-4, 1, 6))
# With more parameters than this a step of Newton's method takes longer than a fit by L-BFGS.
MAX_NEWTON_PARAMETERS = 120


class GroupLogisticRegressionCV(ClassifierMixin, BaseEstimator):
    """Logistic regression with the penalty of least cross-validated log-loss among ``Cs``.

    With more columns than rows it is fitted in the row space of the table: an orthogonal projection onto it changes no
    prediction of a ridge-penalized model.

    Unlike a grid search it accepts classes with fewer rows than there are folds, gives a class that is missing from a
    training part the least probability of ``log_loss`` instead of failing, and starts each penalty from the solution
    of the one before. With ``groups`` in ``fit`` no group is in the training rows and in the validation fold at once.
    All folds are fitted together, by Newton's method, unless the parameters are many.

    Parameters
    ----------
    Cs : tuple of float, default=CS
        Inverse penalties. The search starts at the least and stops where the loss no longer falls.
    n_folds : int, default=5

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    C_ : float
        The inverse penalty taken.
    basis_ : ndarray of shape (n_features, n_samples) or None
        Orthonormal basis of the row space; None where columns are no more than rows.
    model_ : LogisticRegression
        Fitted to all rows, in the row space.
    """

    def __init__(self, Cs: tuple[float, ...] = CS, n_folds: int = 5) -> None:
        self.Cs = Cs
        self.n_folds = n_folds

    def fit(self, X: ArrayLike, y: ArrayLike, *, groups: ArrayLike | None = None) -> GroupLogisticRegressionCV:
        X, y = validate_data(self, X, y, dtype=np.float64)
        groups = check_groups(groups, X)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.C_ = float(min(self.Cs))
        self.basis_ = None
        if X.shape[1] > X.shape[0]:
            self.basis_ = np.linalg.svd(X, full_matrices=False)[2].T
        X = self._project(X)
        splits, n_classes = self._splits(codes, groups), len(self.classes_)
        n_parameters = (1 if n_classes == 2 else n_classes) * (X.shape[1] + 1)
        path = _newton_path if n_classes > 1 and n_parameters <= MAX_NEWTON_PARAMETERS else _lbfgs_path
        best_loss = np.inf
        # The loss has one minimum over the penalties, and weak penalties are slow to fit.
        best_model = None
        for C, loss, model in path(X, codes, splits, sorted(self.Cs)):
            if loss >= best_loss:
                break
            best_loss, self.C_, best_model = loss, float(C), model
        self.model_: LogisticRegression = best_model or _make_lbfgs().set_params(C=self.C_).fit(X, codes)
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return self.model_.predict_proba(self._project(X))

    def predict(self, X: ArrayLike) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _project(self, X: np.ndarray) -> np.ndarray:
        return X if self.basis_ is None else X @ self.basis_

    def _splits(self, codes: np.ndarray, groups: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
        """Training and held-out rows of each fold, without folds whose training rows are of one class."""
        fold_ids = stratified_folds(codes, self.n_folds, groups)
        splits = [(np.flatnonzero(fold_ids != fold), np.flatnonzero(fold_ids == fold)) for fold in range(self.n_folds)]
        return [(train, test) for train, test in splits if len(test) and len(np.unique(codes[train])) > 1]


# Yielded for each inverse penalty: the penalty, the log-loss summed over held-out rows, the model of all rows or None.
PathPoint = tuple[float, float, LogisticRegression | None]


def _newton_path(
    X: np.ndarray, codes: np.ndarray, splits: list[tuple[np.ndarray, np.ndarray]], Cs: list[float]
) -> Iterator[PathPoint]:
    """The models of all folds and that of all rows for each penalty, fitted at once."""
    X_ones = np.column_stack([X, np.ones(len(X))])
    n_classes = codes.max() + 1
    weights = np.ones((len(splits) + 1, len(X)))
    for weight, (train, _) in zip(weights, splits, strict=False):
        weight[np.setdiff1d(np.arange(len(X)), train)] = 0.0
    # Training rows that lack a class have a model without it.
    present = np.stack([np.bincount(codes[weight > 0], minlength=n_classes) > 0 for weight in weights])
    batches = [np.flatnonzero((present == classes).all(axis=1)) for classes in np.unique(present, axis=0)]
    scored = [np.flatnonzero(present[batch[0]])[1 if present[batch[0]].sum() == 2 else 0 :] for batch in batches]
    targets = [(codes == classes[:, None]).astype(float) for classes in scored]
    solutions = [np.zeros((len(b), len(classes), X.shape[1] + 1)) for b, classes in zip(batches, scored, strict=True)]
    for C in Cs:
        proba = np.zeros((len(weights), n_classes, len(X)))
        for index, (batch, classes) in enumerate(zip(batches, scored, strict=True)):
            parameters, scored_proba = newton_logistic(X_ones, targets[index], weights[batch], C, solutions[index])
            solutions[index] = parameters
            proba[np.ix_(batch, classes)] = scored_proba
            if len(classes) == 1:
                proba[batch, np.flatnonzero(present[batch[0]])[0]] = 1 - scored_proba[:, 0]
        losses = [log_loss(proba[fold].T[test], codes[test]).sum() for fold, (_, test) in enumerate(splits)]
        # All rows are the last model, and have all classes.
        of_all = next(index for index, batch in enumerate(batches) if batch[-1] == len(splits))
        yield C, float(sum(losses)), _as_model(solutions[of_all][-1], C, n_classes)


def _as_model(parameters: np.ndarray, C: float, n_classes: int) -> LogisticRegression:
    """A fitted logistic regression with these coefficients, and the intercepts last."""
    model = LogisticRegression(C=C)
    model.classes_, model.n_features_in_ = np.arange(n_classes), parameters.shape[1] - 1
    model.coef_, model.intercept_ = parameters[:, :-1].copy(), parameters[:, -1].copy()
    return model


def _lbfgs_path(
    X: np.ndarray, codes: np.ndarray, splits: list[tuple[np.ndarray, np.ndarray]], Cs: list[float]
) -> Iterator[PathPoint]:
    """The models of the folds for each penalty, one after the other."""
    models, n_classes = [_make_lbfgs() for _ in splits], codes.max() + 1
    for C in Cs:
        loss = 0.0
        for model, (train, test) in zip(models, splits, strict=True):
            model.set_params(C=C).fit(X[train], codes[train])
            proba = np.zeros((len(test), n_classes))
            proba[:, model.classes_] = model.predict_proba(X[test])
            loss += log_loss(proba, codes[test]).sum()
        yield C, float(loss), None


def _make_lbfgs() -> LogisticRegression:
    return LogisticRegression(max_iter=2000, tol=1e-3, warm_start=True)


def make_default_classifier() -> Pipeline:
    """Make the default classifier of the estimators of mutual information.

    Median imputation, standardized columns, and a logistic regression with a cross-validated penalty. The last step
    accepts ``groups`` in ``fit``: rows of a group are then in one fold.

    Returns
    -------
    Pipeline
        Unfitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skcmkd.information import make_default_classifier
    >>> X, y = load_iris(return_X_y=True)
    >>> make_default_classifier().fit(X, y).score(X, y) > 0.9
    True
    """
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        GroupLogisticRegressionCV(),
    ).set_output(transform="default")
