"""Logistic regression with its penalty chosen by cross-validation."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from .._model_selection._folds import stratified_folds
from .._model_selection._probabilities import MIN_PROBABILITY
from .._validation._sklearn import ArrayLike
from .._validation._target_checks import check_groups

CS = tuple(np.logspace(-4, 1, 6))


class GroupLogisticRegressionCV(ClassifierMixin, BaseEstimator):
    """Logistic regression whose penalty is the one with the least held-out log-loss among ``Cs``.

    With more columns than rows it works in the rows' own space, onto which an orthogonal projection changes no
    prediction of a ridge-penalised model.

    Unlike a grid search it says nothing when a class has fewer rows than there are folds, scores a class that a
    training part lacks as improbable instead of failing, and starts each penalty from the one before. With ``groups``
    in fit no group is split between training and judging a penalty.
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
        splits = self._splits(codes, groups)
        models = [self._model() for _ in splits]
        least = np.inf
        # The loss over the penalties has one valley, and weak penalties are the slow ones to fit.
        for penalty in sorted(self.Cs):
            loss = 0.0
            for model, (train, test) in zip(models, splits, strict=True):
                model.set_params(C=penalty).fit(X[train], codes[train])
                proba = np.zeros((len(test), len(self.classes_)))
                proba[:, model.classes_] = model.predict_proba(X[test])
                loss -= np.log(np.clip(proba[np.arange(len(test)), codes[test]], MIN_PROBABILITY, 1)).sum()
            if loss >= least:
                break
            least, self.C_ = loss, float(penalty)
        self.model_ = self._model().set_params(C=self.C_).fit(X, codes)
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return self.model_.predict_proba(self._project(X))

    def predict(self, X: ArrayLike) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _project(self, X: np.ndarray) -> np.ndarray:
        return X if self.basis_ is None else X @ self.basis_

    def _model(self) -> LogisticRegression:
        return LogisticRegression(max_iter=2000, tol=1e-3, warm_start=True)

    def _splits(self, codes: np.ndarray, groups: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
        """Training and held-out rows of each fold, without folds that would leave one class to train on."""
        fold_ids = stratified_folds(codes, self.n_folds, groups)
        splits = [(np.flatnonzero(fold_ids != fold), np.flatnonzero(fold_ids == fold)) for fold in range(self.n_folds)]
        return [(train, test) for train, test in splits if len(test) and len(np.unique(codes[train])) > 1]


def make_default_classifier() -> Pipeline:
    """Make the classifier that informations are measured with unless another is given.

    Median imputation, standardised columns, and a logistic regression whose penalty is chosen inside. Its last step
    takes ``groups`` in ``fit``: rows that stay together when the penalty is chosen.

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
    )
