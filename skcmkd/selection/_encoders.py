"""What models of one modality make of rows that they have not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from .._linear_model._logistic import make_label_classifier
from .._linear_model._ridge import TunedRidge
from .._model_selection._cross_fitting import check_training_classes
from .._model_selection._pipelines import fit_weighted
from .._model_selection._probabilities import predict_unseen_proba
from .._utils._parallel import run_each
from .._validation._tables import Table, take_rows
from ..networks._mlp import NetworkClassifier, NetworkRegressor


@dataclass(frozen=True)
class Cohort:
    """All rows that were given, labelled ones first, each with the fold that holds it out.

    ``y`` belongs to the labelled rows: class labels, or numbers where ``classes`` is None; so do ``groups``.
    ``measured`` are masks of the rows where a modality was measured, taken before its columns were encoded.
    """

    tables: Mapping[str, Table]
    measured: Mapping[str, np.ndarray]
    y: np.ndarray
    classes: np.ndarray | None
    fold_of: np.ndarray
    groups: np.ndarray | None = None

    @property
    def n_labelled(self) -> int:
        """Number of labelled rows."""
        return len(self.y)

    @property
    def target(self) -> np.ndarray:
        """Positions among the classes, or the numbers."""
        return self.y.astype(float) if self.classes is None else np.searchsorted(self.classes, self.y)

    def of_rows(self, rows: np.ndarray) -> Cohort:
        """The cohort on some rows, given in order."""
        labelled = rows[rows < self.n_labelled]
        return Cohort(
            {name: take_rows(table, rows) for name, table in self.tables.items()},
            {name: mask[rows] for name, mask in self.measured.items()},
            self.y[labelled],
            self.classes,
            self.fold_of[rows],
            self.groups_of(labelled),
        )

    def groups_of(self, rows: np.ndarray) -> np.ndarray | None:
        """Groups of some labelled rows, or None where there are none."""
        return None if self.groups is None else self.groups[rows]


@dataclass(frozen=True)
class View:
    """One modality's view of the rows by models that have not seen them; rows of NaN were not measured.

    ``predictions`` are class probabilities or one column of numbers, None where the encoder predicts nothing;
    ``embedding`` is None unless it was asked for.
    """

    predictions: np.ndarray | None
    embedding: np.ndarray | None


@dataclass(frozen=True)
class Deal:
    """A cohort dealt into folds, and each modality's view of it."""

    cohort: Cohort
    views: Mapping[str, View]


def make_encoder(representation: str, classes: np.ndarray | None) -> BaseEstimator:
    """The model of one modality that is used unless another is given."""
    if representation == "predictions":
        return TunedRidge() if classes is None else make_label_classifier()
    network = NetworkRegressor() if classes is None else NetworkClassifier()
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), network)


def represent(
    cohort: Cohort,
    encoders: Mapping[str, BaseEstimator],
    representation: str,
    *,
    n_jobs: int | None = None,
    show: bool = False,
) -> dict[str, View]:
    """The view of each modality: one encoder a fold, fitted to the labelled rows outside it."""
    folds = np.unique(cohort.fold_of)
    calls = [(encoders[name], name, cohort, fold, representation) for name in encoders for fold in folds]
    found = run_each(_view_of_fold, calls, len(calls), n_jobs=n_jobs, description="encoders", show=show)
    parts: dict[str, list[tuple[np.ndarray, View]]] = {name: [] for name in encoders}
    for (_, name, *_rest), part in zip(calls, found, strict=True):
        parts[name].append(part)
    return {name: _assemble(own, len(cohort.fold_of)) for name, own in parts.items()}


def _view_of_fold(
    encoder: BaseEstimator, name: str, cohort: Cohort, fold: int, representation: str
) -> tuple[np.ndarray, View]:
    """The fold's measured rows and their view by an encoder fitted without them."""
    measured, table = cohort.measured[name], cohort.tables[name]
    held_out = cohort.fold_of == fold
    train = np.flatnonzero((measured & ~held_out)[: cohort.n_labelled])
    rows = np.flatnonzero(measured & held_out)
    if len(rows) == 0:
        return rows, View(None, None)
    if cohort.classes is not None:
        check_training_classes(cohort.y[train], encoder, [fold])
    elif len(train) < 2:
        raise ValueError(
            f"Modality {name!r} was measured in {len(train)} labelled rows outside fold {fold}: too few to learn from. "
            "Give another cv, or leave the modality out."
        )
    model = fit_weighted(clone(encoder), take_rows(table, train), cohort.y[train], None, cohort.groups_of(train))
    seen = take_rows(table, rows)
    predictions = embedding = None
    if cohort.classes is None:
        predictions = np.asarray(model.predict(seen), dtype=float).reshape(len(rows), 1)
    elif hasattr(model, "predict_proba"):
        predictions = predict_unseen_proba(model, seen, cohort.classes, len(train))
    if representation == "embedding":
        embedding = np.asarray(model.transform(seen), dtype=float)
    return rows, View(predictions, embedding)


def _assemble(parts: list[tuple[np.ndarray, View]], n_rows: int) -> View:
    """The view of all rows from those of the folds."""

    def place(found: list[tuple[np.ndarray, np.ndarray | None]]) -> np.ndarray | None:
        given = [(rows, values) for rows, values in found if values is not None]
        if not given:
            return None
        whole = np.full((n_rows, given[0][1].shape[1]), np.nan)
        for rows, values in given:
            whole[rows] = values
        return whole

    return View(
        place([(rows, view.predictions) for rows, view in parts]),
        place([(rows, view.embedding) for rows, view in parts]),
    )
