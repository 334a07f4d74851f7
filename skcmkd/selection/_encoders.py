"""Out-of-fold encodings: each modality's rows by encoders that were not fitted to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import BaseEstimator

from .._model_selection._cross_fitting import check_training_classes, fit_without_folds
from .._model_selection._probabilities import predict_smoothed_proba
from .._utils._parallel import parallel_map
from .._validation._failures import explain_failure
from .._validation._sklearn import n_samples
from .._validation._tables import Table, take_rows
from ._representations import Representation


@dataclass(frozen=True)
class ModalityData:
    """All samples, labeled ones first, with the fold of each.

    Attributes
    ----------
    tables : mapping of str to table of shape (n_rows, n_features)
        Columns of each modality.
    observed : mapping of str to ndarray of shape (n_rows,)
        Mask of the rows where a modality was measured, taken before its columns were encoded.
    y : ndarray of shape (n_labeled,)
        Class labels, or a continuous target.
    classes : ndarray of shape (n_classes,) or None
        Sorted class labels; None for a continuous target.
    fold_ids : ndarray of shape (n_rows,)
        Fold that holds the row out.
    groups : ndarray of shape (n_labeled,) or None
    """

    tables: Mapping[str, Table]
    observed: Mapping[str, np.ndarray]
    y: np.ndarray
    classes: np.ndarray | None
    fold_ids: np.ndarray
    groups: np.ndarray | None = None

    @property
    def n_labeled(self) -> int:
        """Number of labeled rows."""
        return len(self.y)

    @property
    def encoded_y(self) -> np.ndarray:
        """Position of each label among the classes, or the continuous target, of shape (n_labeled,)."""
        return self.y.astype(float) if self.classes is None else np.searchsorted(self.classes, self.y)

    def take(self, rows: np.ndarray) -> ModalityData:
        """The data of some rows, given as increasing positions."""
        labeled = rows[rows < self.n_labeled]
        return replace(
            self,
            tables={name: take_rows(table, rows) for name, table in self.tables.items()},
            observed={name: mask[rows] for name, mask in self.observed.items()},
            y=self.y[labeled],
            fold_ids=self.fold_ids[rows],
            groups=self.take_groups(labeled),
        )

    def take_groups(self, rows: np.ndarray) -> np.ndarray | None:
        """Groups of some labeled rows; None without groups."""
        return None if self.groups is None else self.groups[rows]


@dataclass(frozen=True)
class Encoding:
    """Out-of-fold outputs of one modality's encoders; NaN in rows where the modality was not measured.

    Attributes
    ----------
    predictions : ndarray of shape (n_rows, n_classes) or (n_rows, 1), or None
        Class probabilities or predicted values; None where the encoder has no ``predict_proba``.
    embedding : ndarray of shape (n_rows, n_components) or None
        None unless embeddings represent the modalities.
    """

    predictions: np.ndarray | None
    embedding: np.ndarray | None

    def get(self, representation: Representation) -> np.ndarray | None:
        """The array that represents the modality."""
        return getattr(self, representation.name)


@dataclass(frozen=True)
class Repeat:
    """One assignment of the rows to folds, with the encoding of each modality."""

    data: ModalityData
    encodings: Mapping[str, Encoding]


def encode_out_of_fold(
    data: ModalityData,
    encoders: Mapping[str, BaseEstimator],
    representation: Representation,
    *,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> dict[str, Encoding]:
    """Encode each modality with one encoder per fold, fitted to the labeled rows of the other folds.

    Parameters
    ----------
    data : ModalityData
    encoders : mapping of str to estimator
        Encoder of each modality, not fitted.
    representation : Predictions or Embedding
    n_jobs, verbose
        The selector's parameters.
    """
    calls = [
        (encoders[name], name, data, fold, representation)
        for name in encoders
        for fold in np.unique(data.fold_ids[data.observed[name]])
    ]
    parts = parallel_map(_encode_fold, calls, len(calls), n_jobs=n_jobs, description="encoders", verbose=verbose)
    return {
        name: _merge_folds(
            [part for call, part in zip(calls, parts, strict=True) if call[1] == name], len(data.fold_ids)
        )
        for name in encoders
    }


def _encode_fold(
    encoder: BaseEstimator, name: str, data: ModalityData, fold: int, representation: Representation
) -> tuple[np.ndarray, Encoding]:
    """Positions of the fold's measured rows, and their encoding by an encoder fitted without the fold."""
    X, observed, classes = data.tables[name], data.observed[name], data.classes
    n_train = int((observed & (data.fold_ids != fold))[: data.n_labeled].sum())

    def encode(model: BaseEstimator, X: Table) -> Encoding:
        predictions = None
        if classes is None:
            predictions = np.asarray(model.predict(X), dtype=float).reshape(n_samples(X), 1)
        elif hasattr(model, "predict_proba"):
            predictions = predict_smoothed_proba(model, X, classes, n_train)
        return Encoding(predictions, representation.embed(model, X))

    def check(y: np.ndarray, encoder: BaseEstimator, excluded_folds: Sequence[int]) -> None:
        if classes is not None:
            check_training_classes(y, encoder, excluded_folds)
        elif len(y) < 2:
            raise ValueError(
                f"Modality {name!r} was measured in {len(y)} labeled rows outside fold {fold}: too few to fit an "
                "encoder. Give another cv, or leave the modality out."
            )

    with explain_failure(encoder, "encoder", lambda: {f"modality {name!r}": take_rows(X, observed)}, {"y": data.y}):
        fit = fit_without_folds(encoder, X, data.y, data.fold_ids, (fold,), encode, check, observed, groups=data.groups)
    return fit.rows, fit.prediction


def _merge_folds(parts: list[tuple[np.ndarray, Encoding]], n_rows: int) -> Encoding:
    """Encoding of all rows from the positions and encodings of the folds' rows."""

    def scatter(values_of_folds: list[tuple[np.ndarray, np.ndarray | None]]) -> np.ndarray | None:
        available = [(rows, values) for rows, values in values_of_folds if values is not None]
        if not available:
            return None
        merged = np.full((n_rows, available[0][1].shape[1]), np.nan)
        for rows, values in available:
            merged[rows] = values
        return merged

    return Encoding(
        scatter([(rows, part.predictions) for rows, part in parts]),
        scatter([(rows, part.embedding) for rows, part in parts]),
    )
