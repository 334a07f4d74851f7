"""Student and teacher of the command line, and their training: selection, then distillation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .._linear_model._logistic import make_default_classifier
from .._linear_model._ridge import LeaveOutRidge
from .._model_selection._folds import make_fold_ids
from .._model_selection._probabilities import predict_smoothed_proba
from .._validation._table_checks import observed_rows
from ..networks._mlp import NetworkClassifier, NetworkRegressor
from ..paired._classifier import PairedDistiller
from ..paired._regressor import PairedDistillerRegressor
from ..selection._selector import CCHSelector
from ._input import CliData

LINEAR, NETWORK = "linear", "network"
PENALTIES = {LogisticRegression: ("C", np.logspace(-4, 1, 6)), Ridge: ("alpha", np.logspace(5, -1, 7))}


@dataclass(frozen=True)
class FittedPipeline:
    """A selector and a distiller that were fitted to the same rows, and the table that the distiller saw."""

    selector: CCHSelector
    distiller: PairedDistiller | PairedDistillerRegressor
    table: pd.DataFrame
    y: np.ndarray
    fit_params: dict

    @property
    def teacher(self) -> str:
        """The kept teacher, or the first candidate where none was kept."""
        return (self.selector.teachers_ or list(self.selector.results_.index))[0]

    def refit(self, alpha: float, table: pd.DataFrame, unlabeled: tuple | None) -> BaseEstimator:
        """The distiller with a weight and tables of its own, otherwise as it was fitted."""
        model = clone(self.distiller).set_params(alpha=alpha)
        return model.fit(table, self.y, **self.fit_params | {"unlabeled_pairs": unlabeled})


def make_teacher(kind: str, of_classes: bool, seed: int) -> BaseEstimator:
    """The model that learns from a teacher's modality."""
    if kind == NETWORK:
        return _with_imputer(NetworkClassifier if of_classes else NetworkRegressor, seed)
    if of_classes:
        return make_default_classifier()
    # TunedRidge fills and standardises too, but single empty cells are refused to a model that does not say so.
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), LeaveOutRidge())


def make_student(
    kind: str, X: pd.DataFrame, y: np.ndarray, classes: np.ndarray | None, groups: np.ndarray | None, seed: int
) -> Pipeline:
    """The student; the penalty of a linear one is the best for it alone on these rows.

    A student that is too weakly penalised gains from any soft targets, those of a teacher without knowledge too.
    """
    if kind == NETWORK:
        return _with_imputer(NetworkRegressor if classes is None else NetworkClassifier, seed)
    linear = Ridge() if classes is None else LogisticRegression(max_iter=2000)
    model = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), linear)
    rows = np.flatnonzero(observed_rows(X))
    groups = None if groups is None else groups[rows]
    return tune_penalty(model, X.iloc[rows], y[rows], classes, groups)


def tune_penalty(
    model: Pipeline, X: pd.DataFrame, y: np.ndarray, classes: np.ndarray | None, groups: np.ndarray | None
) -> Pipeline:
    """The model with the penalty of its last step that predicts held-out rows best, groups kept together."""
    step, last = model.steps[-1]
    name, values = PENALTIES[type(last)]
    row_fold_ids = make_fold_ids(n_inner_folds(groups), y, classes=classes is not None, groups=groups)
    best, least = values[0], np.inf
    for value in values:
        model.set_params(**{f"{step}__{name}": value})
        loss = sum(_loss(model, X, y, classes, row_fold_ids == fold) for fold in np.unique(row_fold_ids))
        # The loss has one valley over the penalties, and weak penalties are slow to fit.
        if loss >= least:
            break
        best, least = value, loss
    return model.set_params(**{f"{step}__{name}": float(best)})


def n_inner_folds(groups: np.ndarray | None) -> int:
    """Folds inside a training part, which may have fewer groups than the whole."""
    return 5 if groups is None else min(5, len(np.unique(groups)))


def fit_selector(data: CliData, rows: np.ndarray, seed: int, n_jobs: int | None = 1, verbose: int = 0) -> CCHSelector:
    """The selector, fitted to some of the labelled rows and to pairs without a label."""
    groups = None if data.groups is None else data.groups[rows]
    selector = CCHSelector(
        data.modalities,
        data.student,
        cv=n_inner_folds(groups),
        random_state=seed,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    pairs = _with_groups(data, data.unlabeled)
    return selector.fit(data.X.iloc[rows], data.y[rows], unlabeled_pairs=pairs, groups=groups)


def fit_pipeline(
    data: CliData,
    rows: np.ndarray,
    kind: str,
    seed: int,
    n_jobs: int | None = 1,
    verbose: int = 0,
) -> FittedPipeline:
    """Select a teacher and distil on some of the labelled rows, with pairs without a label beside them."""
    selector = fit_selector(data, rows, seed, n_jobs, verbose)
    X, y = data.X.iloc[rows], data.y[rows]
    groups = None if data.groups is None else data.groups[rows]
    of_classes = data.classes is not None
    distiller = (PairedDistiller if of_classes else PairedDistillerRegressor)(
        make_student(kind, X[data.student_columns], y, data.classes, groups, seed),
        make_teacher(kind, of_classes, seed),
        student_columns=data.student_columns,
        cv=n_inner_folds(groups),
        random_state=seed,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    table = selector.transform(X)
    pairs = _with_groups(data, selector.transform(data.unlabeled))
    fit_params = {"groups": groups, "unlabeled_pairs": pairs}
    return FittedPipeline(selector, distiller.fit(table, y, **fit_params), table, y, fit_params)


def _with_groups(data: CliData, unlabeled: pd.DataFrame) -> tuple[Any, ...] | None:
    """Unlabelled pairs and, where there are some, their groups; None without pairs."""
    if not len(unlabeled):
        return None
    return (unlabeled,) if data.unlabeled_groups is None else (unlabeled, data.unlabeled_groups)


def _with_imputer(network: type[BaseEstimator], seed: int) -> Pipeline:
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), network(random_state=seed))


def _loss(model: Pipeline, X: pd.DataFrame, y: np.ndarray, classes: np.ndarray | None, held_out: np.ndarray) -> float:
    """Sum over the held-out rows of the log-loss, or of the squared error."""
    fitted = model.fit(X[~held_out], y[~held_out])
    if classes is None:
        return float(((fitted.predict(X[held_out]) - y[held_out]) ** 2).sum())
    proba = predict_smoothed_proba(fitted, X[held_out], classes, int((~held_out).sum()))
    return float(-np.log(proba[np.arange(len(proba)), np.searchsorted(classes, y[held_out])]).sum())
