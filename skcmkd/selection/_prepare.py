"""What came in, checked, and seen by each modality's encoders: all that candidates are judged from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from .._linear_model._ridge import to_design_matrix
from .._model_selection._folds import make_repeated_fold_ids
from .._validation._array_checks import check_same_length
from .._validation._columns import check_modalities
from .._validation._sklearn import ArrayLike, draw_seed, n_samples, set_random_states
from .._validation._table_checks import (
    UNLABELED_PAIRS_NAMES,
    check_no_infinity,
    check_numeric,
    observed_rows,
)
from .._validation._tables import (
    Table,
    as_table,
    check_same_columns,
    check_same_index,
    stack_rows,
    take_columns,
    take_rows,
)
from .._validation._target_checks import (
    check_comparable_groups,
    check_groups,
    check_target,
    encode_labels,
    pop_groups,
)
from ..information import ESTIMATORS
from ._candidates import SelectionSettings
from ._criteria import METRIC_OF_CRITERION, generic_estimators, proba_estimators
from ._encoders import ModalityData, Repeat, encode_out_of_fold, make_encoder

# An embedding is measured within its fold, so its folds must be large.
N_FOLDS = {"predictions": 5, "embedding": 2}
# The luck of one deal is most of a standard error with 60 rows and half of one with 200 (benchmarks/deals_of_folds.py).
N_REPEATS_SMALL, MIN_ROWS_SINGLE_REPEAT = 3, 1000


@dataclass(frozen=True)
class SelectionData:
    """The modalities' columns, what their encoders made of the rows in each deal, and how to judge it."""

    positions: dict[str, np.ndarray]
    repeats: list[Repeat]
    encoders: dict[str, BaseEstimator]
    settings: SelectionSettings
    seed: int

    @property
    def cohort(self) -> ModalityData:
        """The rows, in their first deal."""
        return self.repeats[0].data


def prepare_selection(
    selector: Any,
    X: Table,
    y: ArrayLike,
    unlabeled_pairs: tuple[Table, ...] | None = None,
    groups: ArrayLike | None = None,
) -> SelectionData:
    """Check what came in and let each modality's encoders see it."""
    selector._validate_params()
    X = as_table(X, estimator=selector, sparse=False)
    validate_data(selector, X, y, skip_check_array=True)
    check_same_index(X, y, "y")
    y, is_class = check_target(y)
    check_same_length(X, y, "y")
    groups = check_groups(groups, X)
    classes = encode_labels(y)[0] if is_class else None
    positions = check_modalities(X, selector.modalities, selector.student)
    random = check_random_state(selector.random_state)
    seed = draw_seed(random)
    cv = selector.cv if selector.cv is not None else N_FOLDS[selector.representation]
    settings = _resolve_settings(selector, classes, seed)
    n_repeats = _resolve_n_repeats(selector, len(y), settings.refit)
    splits = make_repeated_fold_ids(cv, y, n_repeats, random, classes=is_class, groups=groups)
    X_all = X
    unlabeled = None if unlabeled_pairs is None else _check_unlabeled(X, unlabeled_pairs, groups)
    if unlabeled is not None:
        X_all = stack_rows(X, unlabeled)
        # Each of these rows is seen by the encoder of one fold, like the labelled ones.
        unlabeled_rows = np.arange(n_samples(unlabeled))
        splits = [np.append(fold_ids, unlabeled_rows % (fold_ids.max() + 1)) for fold_ids in splits]
    if isinstance(selector.encoder, Mapping):
        unknown = sorted(set(selector.encoder) - set(selector.modalities))
        if unknown:
            raise ValueError(
                f"encoder names {unknown[0]!r}, which is not among the modalities: {', '.join(selector.modalities)}."
            )
    tables = {name: take_columns(X_all, columns) for name, columns in positions.items()}
    encoders = {name: set_random_states(clone(_resolve_encoder(selector, name, classes)), seed) for name in tables}
    observed = {name: observed_rows(X_all) for name, X_all in tables.items()}
    for name, part in list(tables.items()):
        if _user_encoder(selector, name) is None:
            check_numeric(part, f"modality {name!r}", "encoder", categories=True)
        check_no_infinity(part, f"modality {name!r}")
        if _user_encoder(selector, name) is None:
            # Slicing arrays costs a tenth of slicing DataFrames, and the default encoders look at no names.
            tables[name] = to_design_matrix(part)
        if not observed[name][: len(y)].any():
            raise ValueError(
                f"Modality {name!r} is missing in all {len(y)} rows: nothing to measure. Leave it out of modalities."
            )
    repeats = []
    for fold_ids in splits:
        cohort = ModalityData(tables, observed, y, classes, fold_ids, groups)
        views = encode_out_of_fold(
            cohort, encoders, selector.representation, n_jobs=selector.n_jobs, verbose=bool(selector.verbose)
        )
        repeats.append(Repeat(cohort, views))
    return SelectionData(positions, repeats, encoders, settings, seed)


def _resolve_n_repeats(selector: Any, n_labeled: int, refit: bool) -> int:
    """How often the rows are dealt into folds, with what "auto" stands for written out."""
    if selector.n_repeats != "auto":
        return int(selector.n_repeats)
    counted = selector.cv is None or isinstance(selector.cv, Integral)
    quick = selector.representation == "predictions" and not refit
    return N_REPEATS_SMALL if counted and quick and n_labeled < MIN_ROWS_SINGLE_REPEAT else 1


def _check_unlabeled(X: Table, unlabeled_pairs: tuple[Any, ...], groups: np.ndarray | None) -> Table | None:
    """Samples without a label, less those of a group that has a labelled row: they are no further evidence."""
    expected = "(table,) of one table with the columns of X"
    (unlabeled,), unlabeled_groups = pop_groups(unlabeled_pairs, "unlabeled_pairs", expected, 1)
    unlabeled = as_table(unlabeled, UNLABELED_PAIRS_NAMES[0], sparse=False)
    check_same_columns(X, unlabeled, UNLABELED_PAIRS_NAMES[0], "X")
    unlabeled_groups = check_groups(unlabeled_groups, unlabeled, UNLABELED_PAIRS_NAMES[1], UNLABELED_PAIRS_NAMES[0])
    if unlabeled_groups is None:
        return unlabeled
    apart = ~np.isin(unlabeled_groups, check_comparable_groups(groups, unlabeled_groups, UNLABELED_PAIRS_NAMES[1]))
    return take_rows(unlabeled, apart) if apart.any() else None


def _user_encoder(selector: Any, name: str) -> BaseEstimator | None:
    return selector.encoder.get(name) if isinstance(selector.encoder, Mapping) else selector.encoder


def _resolve_encoder(selector: Any, name: str, classes: np.ndarray | None) -> BaseEstimator:
    """The modality's encoder, checked for what the representation asks of it."""
    user_encoder = _user_encoder(selector, name)
    encoder = make_encoder(selector.representation, classes) if user_encoder is None else user_encoder
    method = "predict" if classes is None else "predict_proba"
    method = "transform" if selector.representation == "embedding" else method
    if not hasattr(encoder, method):
        raise ValueError(
            f"The encoder {encoder.__class__.__name__} of {name!r} has no {method}, which "
            f"representation={selector.representation!r} needs. Give another encoder."
        )
    return encoder


def _resolve_settings(selector: Any, classes: np.ndarray | None, seed: int) -> SelectionSettings:
    """How to judge, with what "auto" stands for written out."""
    criterion = selector.mutual_information
    scores = classes is not None and selector.representation == "predictions"
    if criterion == "auto":
        criterion = "classifier" if scores else "gaussian" if selector.representation == "predictions" else "ksg"
    if criterion == "classifier" and not scores:
        raise ValueError(
            "mutual_information='classifier' measures class probabilities only; for embeddings or a quantity "
            "choose 'auto', 'cca', 'gaussian' or 'ksg'."
        )
    if criterion == "classifier":
        estimators = proba_estimators()
    else:
        estimators = generic_estimators(ESTIMATORS[criterion] if isinstance(criterion, str) else criterion, seed)
    refit = selector.refit
    if refit == "auto":
        refit = classes is None and selector.representation == "predictions" and selector.encoder is None
    return SelectionSettings(
        estimators=estimators,
        representation=selector.representation,
        use_proba=criterion == "classifier",
        use_log_ratios=scores,
        criterion=None if isinstance(selector.criterion, str) else selector.criterion,
        metric=METRIC_OF_CRITERION[selector.criterion] if isinstance(selector.criterion, str) else "criterion",
        n_subsamples=selector.n_subsamples,
        confidence=selector.confidence,
        refit=bool(refit),
    )
