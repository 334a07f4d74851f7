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

from .._linear_model._ridge import as_design
from .._model_selection._folds import deal_folds
from .._validation._array_checks import check_same_length
from .._validation._columns import check_modalities
from .._validation._sklearn import ArrayLike, draw_seed, n_rows_of, set_seeds
from .._validation._table_checks import (
    NAMES,
    check_missing_values,
    check_numbers,
    check_text_columns,
    check_values,
    measured_rows,
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
    as_codes,
    check_groups,
    check_groups_of_pairs,
    check_label_or_quantity,
    split_groups,
)
from ..information import ESTIMATORS
from ._candidates import Judgement
from ._criteria import FIGURE_OF, class_score_family, estimator_family
from ._encoders import Cohort, Deal, make_encoder, represent

# An embedding is measured within its fold, so its folds must be large.
N_FOLDS = {"predictions": 5, "embedding": 2}
# The luck of one deal is most of a standard error with 60 rows and half of one with 200 (benchmarks/deals_of_folds.py).
N_DEALS, FEWEST_ROWS_OF_ONE_DEAL = 3, 1000


@dataclass(frozen=True)
class Study:
    """The modalities' columns, what their encoders made of the rows in each deal, and how to judge it."""

    positions: dict[str, np.ndarray]
    deals: list[Deal]
    encoders: dict[str, BaseEstimator]
    judgement: Judgement
    seed: int

    @property
    def cohort(self) -> Cohort:
        """The rows, in their first deal."""
        return self.deals[0].cohort


def study_tables(
    selector: Any,
    X: Table,
    y: ArrayLike,
    unlabeled_pairs: tuple[Table, ...] | None = None,
    groups: ArrayLike | None = None,
) -> Study:
    """Check what came in and let each modality's encoders see it."""
    selector._validate_params()
    X = as_table(X, estimator=selector, sparse=False)
    validate_data(selector, X, y, skip_check_array=True)
    check_same_index(X, y, "y")
    y, is_class = check_label_or_quantity(y)
    check_same_length(X, y, "y")
    groups = check_groups(groups, X)
    classes = as_codes(y)[0] if is_class else None
    positions = check_modalities(X, selector.modalities, selector.student)
    random = check_random_state(selector.random_state)
    seed = draw_seed(random)
    cv = selector.cv if selector.cv is not None else N_FOLDS[selector.representation]
    judgement = _judgement(selector, classes, seed)
    n_repeats = _number_of_deals(selector, len(y), judgement.refit)
    dealt = deal_folds(cv, y, n_repeats, random, classes=is_class, groups=groups)
    table = X
    unlabeled = None if unlabeled_pairs is None else _check_unlabeled(X, unlabeled_pairs, groups)
    if unlabeled is not None:
        table = stack_rows(X, unlabeled)
        # Each of these rows is seen by the encoder of one fold, like the labelled ones.
        further = np.arange(n_rows_of(unlabeled))
        dealt = [np.append(fold_of, further % (fold_of.max() + 1)) for fold_of in dealt]
    if isinstance(selector.encoder, Mapping):
        unknown = sorted(set(selector.encoder) - set(selector.modalities))
        if unknown:
            raise ValueError(
                f"encoder names {unknown[0]!r}, which is not among the modalities: {', '.join(selector.modalities)}."
            )
    tables = {name: take_columns(table, columns) for name, columns in positions.items()}
    encoders = {name: set_seeds(clone(_encoder_of(selector, name, classes)), seed) for name in tables}
    measured = {name: measured_rows(table) for name, table in tables.items()}
    for name, part in list(tables.items()):
        if _own_encoder(selector, name) is None:
            check_numbers(part, f"modality {name!r}", "encoder", categories=True)
        else:
            check_text_columns(part, encoders[name], f"modality {name!r}", "encoder")
            check_missing_values(take_rows(part, measured[name]), encoders[name], f"modality {name!r}", "encoder")
        check_values(part, f"modality {name!r}")
        if _own_encoder(selector, name) is None:
            # Slicing arrays costs a tenth of slicing DataFrames, and the default encoders look at no names.
            tables[name] = as_design(part)
        if not measured[name][: len(y)].any():
            raise ValueError(
                f"Modality {name!r} is missing in all {len(y)} rows: nothing to measure. Leave it out of modalities."
            )
    deals = []
    for fold_of in dealt:
        cohort = Cohort(tables, measured, y, classes, fold_of, groups)
        views = represent(
            cohort, encoders, selector.representation, n_jobs=selector.n_jobs, show=bool(selector.verbose)
        )
        deals.append(Deal(cohort, views))
    return Study(positions, deals, encoders, judgement, seed)


def _number_of_deals(selector: Any, n_labelled: int, refit: bool) -> int:
    """How often the rows are dealt into folds, with what "auto" stands for written out."""
    if selector.n_repeats != "auto":
        return int(selector.n_repeats)
    counted = selector.cv is None or isinstance(selector.cv, Integral)
    quick = selector.representation == "predictions" and not refit
    return N_DEALS if counted and quick and n_labelled < FEWEST_ROWS_OF_ONE_DEAL else 1


def _check_unlabeled(X: Table, unlabeled_pairs: tuple[Any, ...], groups: np.ndarray | None) -> Table | None:
    """Samples without a label, less those of a group that has a labelled row: they are no further evidence."""
    expected = "(table,) of one table with the columns of X"
    (unlabeled,), further = split_groups(unlabeled_pairs, "unlabeled_pairs", expected, 1)
    unlabeled = as_table(unlabeled, NAMES[0], sparse=False)
    check_same_columns(X, unlabeled, NAMES[0], "X")
    further = check_groups(further, unlabeled, NAMES[1], NAMES[0])
    if further is None:
        return unlabeled
    apart = ~np.isin(further, check_groups_of_pairs(groups, further, NAMES[1]))
    return take_rows(unlabeled, apart) if apart.any() else None


def _own_encoder(selector: Any, name: str) -> BaseEstimator | None:
    return selector.encoder.get(name) if isinstance(selector.encoder, Mapping) else selector.encoder


def _encoder_of(selector: Any, name: str, classes: np.ndarray | None) -> BaseEstimator:
    """The modality's encoder, checked for what the representation asks of it."""
    own = _own_encoder(selector, name)
    encoder = make_encoder(selector.representation, classes) if own is None else own
    method = "predict" if classes is None else "predict_proba"
    method = "transform" if selector.representation == "embedding" else method
    if not hasattr(encoder, method):
        raise ValueError(
            f"The encoder {encoder.__class__.__name__} of {name!r} has no {method}, which "
            f"representation={selector.representation!r} needs. Give another encoder."
        )
    return encoder


def _judgement(selector: Any, classes: np.ndarray | None, seed: int) -> Judgement:
    """How to judge, with what "auto" stands for written out."""
    chosen = selector.mutual_information
    scores = classes is not None and selector.representation == "predictions"
    if chosen == "auto":
        chosen = "classifier" if scores else "gaussian" if selector.representation == "predictions" else "ksg"
    if chosen == "classifier" and not scores:
        raise ValueError(
            "mutual_information='classifier' measures class probabilities only; for embeddings or a quantity "
            "choose 'auto', 'cca', 'gaussian' or 'ksg'."
        )
    if chosen == "classifier":
        family = class_score_family()
    else:
        family = estimator_family(ESTIMATORS[chosen] if isinstance(chosen, str) else chosen, seed)
    refit = selector.refit
    if refit == "auto":
        refit = classes is None and selector.representation == "predictions" and selector.encoder is None
    return Judgement(
        family=family,
        representation=selector.representation,
        probabilities=chosen == "classifier",
        coordinates=scores,
        criterion=None if isinstance(selector.criterion, str) else selector.criterion,
        figure=FIGURE_OF[selector.criterion] if isinstance(selector.criterion, str) else "criterion",
        n_subsamples=selector.n_subsamples,
        confidence=selector.confidence,
        refit=bool(refit),
    )
