"""The models of the command line: a selector, and a distiller with the library's own default student and teacher.

A linear student, which has to be requested, is tuned alone first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .._distillation._delegate import clone_or_default
from .._linear_model._logistic import make_default_classifier
from .._linear_model._ridge import LeaveOutRidge
from .._model_selection._folds import make_fold_ids
from .._model_selection._probabilities import predict_proba_for
from .._model_selection._row_scores import log_loss
from .._validation._columns import column_indices
from .._validation._sklearn import set_random_states
from .._validation._table_checks import observed_rows
from .._validation._tables import Table, take_columns, take_rows
from ..networks._mlp import NetworkClassifier, NetworkRegressor
from ..paired._classifier import PairedDistiller
from ..paired._regressor import PairedDistillerRegressor
from ..selection._selector import CCHSelector
from ._input import CliData

DEFAULT, LINEAR, NETWORK = "default", "linear", "network"
PENALTIES = {LogisticRegression: ("C", np.logspace(-4, 1, 6)), Ridge: ("alpha", np.logspace(5, -1, 7))}
MAX_INNER_FOLDS = 5
FEW_LABELED = 200


@dataclass(frozen=True)
class NoSelector:
    """In the place of the selector where no teacher is wanted: of a table it keeps the student's columns.

    Attributes
    ----------
    student : str
    columns : list of str
        The student's.
    confidence : float
        That of the selector.
    """

    student: str
    columns: list[str]
    confidence: float

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The student's columns."""
        return X[self.columns]


class TunedDistiller(PairedDistiller):
    """PairedDistiller whose linear student first gets the penalty that is best for it without a teacher."""

    def fit(
        self,
        X: Table,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        *,
        groups: np.ndarray | None = None,
        X_teacher: Table | None = None,
        unlabeled_pairs: tuple[Any, ...] | None = None,
    ) -> TunedDistiller:
        params = {"sample_weight": sample_weight, "X_teacher": X_teacher, "unlabeled_pairs": unlabeled_pairs}
        return _tune_and_fit(self, PairedDistiller.fit, X, y, groups, params)


class TunedDistillerRegressor(PairedDistillerRegressor):
    """PairedDistillerRegressor whose linear student first gets the penalty that is best for it without a teacher."""

    def fit(
        self,
        X: Table,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        *,
        groups: np.ndarray | None = None,
        X_teacher: Table | None = None,
        unlabeled_pairs: tuple[Any, ...] | None = None,
    ) -> TunedDistillerRegressor:
        params = {"sample_weight": sample_weight, "X_teacher": X_teacher, "unlabeled_pairs": unlabeled_pairs}
        return _tune_and_fit(self, PairedDistillerRegressor.fit, X, y, groups, params)


def _tune_and_fit(
    distiller: Any,
    fit: Callable[..., Any],
    X: Table,
    y: np.ndarray,
    groups: np.ndarray | None,
    params: Mapping[str, Any],
) -> Any:
    """Tune the student without a teacher on the rows that have its modality, then fit the distiller.

    A student that is too weakly penalized gains from any soft targets, those of a permuted teacher too.
    """
    table = take_columns(X, column_indices(X, distiller.student_columns, "student_columns"))
    rows = np.flatnonzero(observed_rows(table))
    groups_of_rows = None if groups is None else groups[rows]
    student = tune_penalty(distiller.student, take_rows(table, rows), y[rows], groups_of_rows)
    tuned = fit(clone(distiller).set_params(student=student), X, y, groups=groups, **params)
    # The fitted attributes of the copy, and the distiller's own parameters.
    vars(distiller).update(vars(tuned) | distiller.get_params(deep=False))
    return distiller


def make_teacher(kind: str, of_classes: bool, seed: int) -> BaseEstimator:
    """The model that reads a teacher's modality."""
    if kind == DEFAULT:
        return _with_imputer(make_default_model(of_classes), seed)
    if kind == NETWORK:
        return _with_imputer(NetworkClassifier() if of_classes else NetworkRegressor(), seed)
    if of_classes:
        return make_default_classifier()
    # LeaveOutRidge imputes and standardizes too, but single empty cells are refused to a model without that tag.
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), LeaveOutRidge())


def make_default_model(of_classes: bool) -> BaseEstimator:
    """What ``PairedDistiller`` (or its regressor) takes for a student or teacher of None, by the function it calls."""
    distiller = PairedDistiller if of_classes else PairedDistillerRegressor
    return clone_or_default(None, distiller._default_student)


def describe_models(kind: str) -> str:
    """A kind of models, in words."""
    return "those of PairedDistiller by default" if kind == DEFAULT else kind


def note_on_models(kind: str, n_labeled: int) -> list[str]:
    """A note where networks have few labeled rows."""
    if kind == LINEAR or n_labeled >= FEW_LABELED:
        return []
    return [
        f"{n_labeled} labeled rows are few for the networks of --model {kind}: --model linear may predict better, and "
        "takes less time."
    ]


def make_student(kind: str, of_classes: bool, seed: int) -> Pipeline:
    """The model that reads the student's modality; the penalty of a linear one is to be tuned."""
    if kind in (DEFAULT, NETWORK):
        return make_teacher(kind, of_classes, seed)
    linear = LogisticRegression(max_iter=2000) if of_classes else Ridge()
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), linear)


def tune_penalty(model: Pipeline, X: Table, y: np.ndarray, groups: np.ndarray | None) -> Pipeline:
    """The model with the penalty of its last step that predicts held-out rows best, groups kept together.

    A model whose last step has no penalty to be tuned is returned as it is.
    """
    step, last = model.steps[-1]
    if type(last) not in PENALTIES:
        return model
    name, values = PENALTIES[type(last)]
    of_classes = isinstance(last, LogisticRegression)
    fold_ids = make_fold_ids(n_inner_folds(groups), y, classes=of_classes, groups=groups)
    loss = partial(_mean_log_loss, np.unique(y)) if of_classes else _mean_squared_error
    candidates = [clone(last).set_params(**{name: value}) for value in values]
    losses = [_losses_of_fold(model[:-1], candidates, X, y, fold_ids == fold, loss) for fold in np.unique(fold_ids)]
    return clone(model).set_params(**{f"{step}__{name}": values[np.mean(losses, axis=0).argmin()]})


def _losses_of_fold(
    steps: Pipeline,
    candidates: Sequence[BaseEstimator],
    X: Table,
    y: np.ndarray,
    held_out: np.ndarray,
    loss: Callable[[BaseEstimator, Table, np.ndarray], float],
) -> list[float]:
    """Losses on the held-out rows of all candidates for the last step; the steps before it are fitted once."""
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    steps = clone(steps)
    Z = steps.fit_transform(take_rows(X, train), y[train])
    Z_test = steps.transform(take_rows(X, test))
    return [loss(candidate.fit(Z, y[train]), Z_test, y[test]) for candidate in candidates]


def n_inner_folds(groups: np.ndarray | None) -> int:
    """Folds inside a training part, which may have fewer groups than the whole."""
    return MAX_INNER_FOLDS if groups is None else min(MAX_INNER_FOLDS, len(np.unique(groups)))


def make_selector(data: CliData, n_folds: int, seed: int, n_jobs: int | None = None, verbose: int = 0) -> CCHSelector:
    """The selector among all candidate teachers."""
    return CCHSelector(data.modalities, data.student, cv=n_folds, random_state=seed, n_jobs=n_jobs, verbose=verbose)


def make_distiller(
    data: CliData, kind: str, n_folds: int, seed: int, n_jobs: int | None = None, verbose: int = 0
) -> PairedDistiller | PairedDistillerRegressor:
    """The distiller behind the selector."""
    of_classes = data.classes is not None
    return (TunedDistiller if of_classes else TunedDistillerRegressor)(
        make_student(kind, of_classes, seed),
        make_teacher(kind, of_classes, seed),
        student_columns=data.student_columns,
        # Without pairs "auto" is 0 as well, with a warning of what the report says in its own words.
        alpha=0.0 if data.unlabeled_pairs is None else "auto",
        cv=n_folds,
        random_state=seed,
        n_jobs=n_jobs,
        verbose=verbose,
    )


def make_select_distill(data: CliData, kind: str, n_folds: int, seed: int) -> Pipeline:
    """Selector and distiller, to which groups and unlabeled pairs are routed, and weights to the distiller."""
    request = {"groups": True, "unlabeled_pairs": True}
    with config_context(enable_metadata_routing=True):
        selector = make_selector(data, n_folds, seed).set_fit_request(**request)
        distiller = make_distiller(data, kind, n_folds, seed).set_fit_request(**request, sample_weight=True)
    return Pipeline([("select", selector), ("distill", distiller)], transform_input=["unlabeled_pairs"])


def fit_selector(data: CliData, seed: int, n_jobs: int | None, verbose: int) -> CCHSelector:
    """The selector, fitted to all labeled rows and to the unlabeled pairs."""
    selector = make_selector(data, n_inner_folds(data.groups), seed, n_jobs, verbose)
    return selector.fit(data.X, data.y, groups=data.groups, unlabeled_pairs=data.unlabeled_pairs)


def fit_select_distill(
    data: CliData, kind: str, seed: int, n_jobs: int | None, verbose: int, *, alone: bool = False
) -> tuple[CCHSelector | NoSelector, PairedDistiller | PairedDistillerRegressor]:
    """The selector and the distiller behind it, fitted to all labeled rows and to the unlabeled pairs.

    Alone, the distiller finds no teacher's columns and trains the student by itself, as behind a selector that keeps
    no candidate.
    """
    if alone:
        confidence = make_selector(data, n_inner_folds(data.groups), seed).confidence
        selector = NoSelector(data.student, data.student_columns, confidence)
    else:
        selector = fit_selector(data, seed, n_jobs, verbose)
    distiller = make_distiller(data, kind, n_inner_folds(data.groups), seed, n_jobs, verbose)
    pairs = data.unlabeled_pairs
    if pairs is not None:
        pairs = (selector.transform(pairs[0]), *pairs[1:])
    X, weight = selector.transform(data.X), data.sample_weight
    return selector, distiller.fit(X, data.y, sample_weight=weight, groups=data.groups, unlabeled_pairs=pairs)


def _with_imputer(model: BaseEstimator, seed: int) -> Pipeline:
    """Single empty cells are filled, which changes nothing where there are none."""
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    return make_pipeline(imputer, set_random_states(model, seed))


def _mean_log_loss(classes: np.ndarray, model: BaseEstimator, X: Table, y: np.ndarray) -> float:
    """Also where a class is missing in the training rows or in the held-out ones."""
    return float(log_loss(predict_proba_for(model, X, classes), np.searchsorted(classes, y)).mean())


def _mean_squared_error(model: BaseEstimator, X: Table, y: np.ndarray) -> float:
    return float(((model.predict(X) - y) ** 2).mean())
