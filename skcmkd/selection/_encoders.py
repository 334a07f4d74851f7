"""What models of one modality make of rows that they have not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from .._linear_model._logistic import make_default_classifier
from .._linear_model._ridge import LeaveOutRidge
from .._model_selection._cross_fitting import check_training_classes
from .._model_selection._pipelines import fit_with_metadata
from .._model_selection._probabilities import predict_smoothed_proba
from .._utils._parallel import parallel_map
from .._validation._failures import explain_failure
from .._validation._tables import Table, take_rows
from ..networks._mlp import NetworkClassifier, NetworkRegressor


@dataclass(frozen=True)
class ModalityData:
    """All rows that were given, labelled ones first, each with the fold that holds it out.

    ``y`` belongs to the labelled rows: class labels, or numbers where ``classes`` is None; so do ``groups``.
    ``observed`` are masks of the rows where a modality was measured, taken before its columns were encoded.
    """

    tables: Mapping[str, Table]
    observed: Mapping[str, np.ndarray]
    y: np.ndarray
    classes: np.ndarray | None
    fold_ids: np.ndarray
    groups: np.ndarray | None = None

    @property
    def n_labeled(self) -> int:
        """Number of labelled rows."""
        return len(self.y)

    @property
    def encoded_y(self) -> np.ndarray:
        """Positions among the classes, or the numbers."""
        return self.y.astype(float) if self.classes is None else np.searchsorted(self.classes, self.y)

    def take(self, rows: np.ndarray) -> ModalityData:
        """The cohort on some rows, given in order."""
        labeled = rows[rows < self.n_labeled]
        return ModalityData(
            {name: take_rows(table, rows) for name, table in self.tables.items()},
            {name: mask[rows] for name, mask in self.observed.items()},
            self.y[labeled],
            self.classes,
            self.fold_ids[rows],
            self.take_groups(labeled),
        )

    def take_groups(self, rows: np.ndarray) -> np.ndarray | None:
        """Groups of some labelled rows, or None where there are none."""
        return None if self.groups is None else self.groups[rows]


@dataclass(frozen=True)
class ModalityPredictions:
    """One modality's view of the rows by models that have not seen them; rows of NaN were not measured.

    ``predictions`` are class probabilities or one column of numbers, None where the encoder predicts nothing;
    ``embedding`` is None unless it was asked for.
    """

    predictions: np.ndarray | None
    embedding: np.ndarray | None


@dataclass(frozen=True)
class Repeat:
    """A cohort dealt into folds, and each modality's view of it."""

    data: ModalityData
    views: Mapping[str, ModalityPredictions]


def make_encoder(representation: str, classes: np.ndarray | None) -> BaseEstimator:
    """The model of one modality that is used unless another is given."""
    if representation == "predictions":
        return LeaveOutRidge() if classes is None else make_default_classifier()
    network = NetworkRegressor() if classes is None else NetworkClassifier()
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), network)


def encode_out_of_fold(
    data: ModalityData,
    encoders: Mapping[str, BaseEstimator],
    representation: str,
    *,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> dict[str, ModalityPredictions]:
    """The view of each modality: one encoder a fold, fitted to the labelled rows outside it."""
    folds = np.unique(data.fold_ids)
    calls = [(encoders[name], name, data, fold, representation) for name in encoders for fold in folds]
    encoded = parallel_map(_encode_fold, calls, len(calls), n_jobs=n_jobs, description="encoders", verbose=verbose)
    parts: dict[str, list[tuple[np.ndarray, ModalityPredictions]]] = {name: [] for name in encoders}
    for (_, name, *_rest), part in zip(calls, encoded, strict=True):
        parts[name].append(part)
    return {name: _merge_folds(own, len(data.fold_ids)) for name, own in parts.items()}


def _encode_fold(
    encoder: BaseEstimator, name: str, data: ModalityData, fold: int, representation: str
) -> tuple[np.ndarray, ModalityPredictions]:
    """The fold's measured rows and their view by an encoder fitted without them."""
    observed, table = data.observed[name], data.tables[name]
    held_out = data.fold_ids == fold
    train = np.flatnonzero((observed & ~held_out)[: data.n_labeled])
    rows = np.flatnonzero(observed & held_out)
    if len(rows) == 0:
        return rows, ModalityPredictions(None, None)
    if data.classes is not None:
        check_training_classes(data.y[train], encoder, [fold])
    elif len(train) < 2:
        raise ValueError(
            f"Modality {name!r} was measured in {len(train)} labelled rows outside fold {fold}: too few to learn from. "
            "Give another cv, or leave the modality out."
        )
    X_held_out = take_rows(table, rows)
    predictions = embedding = None
    with explain_failure(encoder, "encoder", lambda: {f"modality {name!r}": take_rows(table, observed)}):
        model = fit_with_metadata(clone(encoder), take_rows(table, train), data.y[train], None, data.take_groups(train))
        if data.classes is None:
            predictions = np.asarray(model.predict(X_held_out), dtype=float).reshape(len(rows), 1)
        elif hasattr(model, "predict_proba"):
            predictions = predict_smoothed_proba(model, X_held_out, data.classes, len(train))
        if representation == "embedding":
            embedding = np.asarray(model.transform(X_held_out), dtype=float)
    return rows, ModalityPredictions(predictions, embedding)


def _merge_folds(parts: list[tuple[np.ndarray, ModalityPredictions]], n_rows: int) -> ModalityPredictions:
    """The view of all rows from those of the folds."""

    def scatter(values_of: list[tuple[np.ndarray, np.ndarray | None]]) -> np.ndarray | None:
        available = [(rows, values) for rows, values in values_of if values is not None]
        if not available:
            return None
        whole = np.full((n_rows, available[0][1].shape[1]), np.nan)
        for rows, values in available:
            whole[rows] = values
        return whole

    return ModalityPredictions(
        scatter([(rows, merged.predictions) for rows, merged in parts]),
        scatter([(rows, merged.embedding) for rows, merged in parts]),
    )
