"""Parameters of a selection with every "auto" resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._validation._sklearn import set_random_states
from ..information import ESTIMATORS
from ._criteria import Criterion, InformationEstimators, generic_estimators, metric_names, proba_estimators
from ._representations import Representation

# Other folds move an estimate by about half of what another cohort of 60 rows does (benchmarks/interval_coverage).
N_REPEATS_SMALL, MIN_ROWS_SINGLE_REPEAT = 3, 1000


@dataclass(frozen=True)
class SelectionSettings:
    """How candidates are measured and decided.

    Attributes
    ----------
    representation : Predictions or Embedding
    encoders : mapping of str to estimator
        Encoder of each modality, not fitted, with its ``random_state`` set.
    default_encoders : frozenset of str
        Modalities whose encoder is the default one.
    estimators : InformationEstimators
    coordinates : {"probabilities", "log_ratios", "values"}
        How ``estimators`` take a representation: class probabilities as they are or as log-ratios, or any numbers.
    criterion : callable or None
        The user's own criterion.
    metric : str
        Name of the metric whose interval decides.
    needs_pairs : bool
        Whether a candidate without unlabeled pairs is refused whatever its metrics.
    cv : int or splitter
    n_repeats, n_subsamples : int
    refit : bool
    confidence : float
    seed : int
    n_jobs : int or None
    verbose : bool
    """

    representation: Representation
    encoders: Mapping[str, BaseEstimator]
    default_encoders: frozenset[str]
    estimators: InformationEstimators
    coordinates: Literal["probabilities", "log_ratios", "values"]
    criterion: Criterion | None
    metric: str
    needs_pairs: bool
    cv: Any
    n_repeats: int
    n_subsamples: int
    refit: bool
    confidence: float
    seed: int
    n_jobs: int | None
    verbose: bool

    @property
    def metric_names(self) -> list[str]:
        """Names of the metrics of each candidate, in their order."""
        return metric_names(with_criterion=self.criterion is not None)

    def decides_by_metric(self, n_unlabeled: int) -> bool:
        """Whether the metric decides on a candidate with so many unlabeled pairs; else it is refused."""
        return n_unlabeled > 0 or not self.needs_pairs


def resolve_encoders(
    encoder: BaseEstimator | Mapping[str, BaseEstimator] | None,
    modalities: Mapping[str, Any],
    representation: Representation,
    classes: np.ndarray | None,
    seed: int,
) -> tuple[dict[str, BaseEstimator], frozenset[str]]:
    """Encoder of each modality, and the names of those that have the default encoder."""
    user_encoders = encoder if isinstance(encoder, Mapping) else dict.fromkeys(modalities, encoder)
    unknown = sorted(set(user_encoders) - set(modalities))
    if unknown:
        raise ValueError(f"encoder names {unknown[0]!r}, which is not among the modalities: {', '.join(modalities)}.")
    default = frozenset(name for name in modalities if user_encoders.get(name) is None)
    method = representation.required_method(classes)
    encoders = {}
    for name in modalities:
        model = representation.default_encoder(classes) if name in default else user_encoders[name]
        if not hasattr(model, method):
            raise ValueError(
                f"The encoder {model.__class__.__name__} of {name!r} has no {method}, which "
                f"representation={representation.name!r} needs. Give another encoder."
            )
        encoders[name] = set_random_states(clone(model), seed)
    return encoders, default


def resolve_estimators(
    mutual_information: str | Callable[..., float],
    representation: Representation,
    classes: np.ndarray | None,
    seed: int,
) -> tuple[InformationEstimators, Literal["probabilities", "log_ratios", "values"]]:
    """Estimators of mutual information, and the coordinates that they take."""
    is_proba = representation.required_method(classes) == "predict_proba"
    if mutual_information == "auto":
        mutual_information = representation.default_estimator(classes)
    if mutual_information == "classifier":
        if not is_proba:
            raise ValueError(
                "mutual_information='classifier' takes class probabilities only; for embeddings or a continuous "
                "target choose 'auto', 'cca', 'gaussian' or 'ksg'."
            )
        return proba_estimators(), "probabilities"
    estimator = ESTIMATORS[mutual_information] if isinstance(mutual_information, str) else mutual_information
    return generic_estimators(estimator, seed), "log_ratios" if is_proba else "values"


def resolve_refit(
    refit: bool | str, encoder: object, representation: Representation, classes: np.ndarray | None
) -> bool:
    """Whether encoders are refitted on each half: "auto" does so where that takes seconds."""
    return classes is None and representation.is_fast and encoder is None if refit == "auto" else bool(refit)


def resolve_n_repeats(
    n_repeats: int | str, cv: Any, representation: Representation, refit: bool, n_labeled: int
) -> int:
    """Number of assignments of the rows to folds."""
    if n_repeats != "auto":
        return int(n_repeats)
    is_number = cv is None or isinstance(cv, Integral)
    is_fast = representation.is_fast and not refit
    return N_REPEATS_SMALL if is_number and is_fast and n_labeled < MIN_ROWS_SINGLE_REPEAT else 1
