"""Two networks of two modalities, trained at the same time on labels and on each other's probabilities."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from .._distillation._training_data import stack_tables
from .._model_selection._pipelines import final_estimator, fit_transformers
from .._validation._failures import explain_failure
from .._validation._table_checks import UNLABELED_PAIRS_NAMES, observed_rows
from .._validation._tables import Table, take_rows
from ..networks._base import training_settings
from ..networks._fit import (
    TrainedNetwork,
    early_stopping_mask,
    fit_scaler,
    module_factory,
    train_with_early_stopping,
)
from ..networks._mlp import NetworkClassifier
from ._data import PairedData, fit_alone


def check_network(model: BaseEstimator, role: str) -> None:
    """Raise unless the model is a network or a pipeline that ends in one."""
    last = final_estimator(model)
    if not isinstance(last, NetworkClassifier):
        raise ValueError(
            f"The {role} {last.__class__.__name__} cannot be trained together with another model: both must be a "
            f"NetworkClassifier, or a Pipeline that ends in one. PairedDistiller takes other models."
        )


def fit_networks(
    student: BaseEstimator,
    teacher: BaseEstimator,
    data: PairedData,
    classes: np.ndarray,
    alpha: float,
    temperature: float,
) -> None:
    """Fit both networks, or the pipelines that end in them, in place.

    With alpha 0 each is fitted alone, by its ``fit``; without a teacher's table the student alone is fitted.

    Parameters
    ----------
    student, teacher : NetworkClassifier or Pipeline
    data : PairedData
    classes : ndarray of shape (n_classes,)
    alpha, temperature : float
    """
    explain_student = partial(explain_failure, student, "student", lambda: _student_tables(data), {"y": data.y})
    explain_teacher = partial(explain_failure, teacher, "teacher", lambda: _teacher_tables(data), {"y": data.y})
    if data.X_teacher is not None and alpha > 0:
        with explain_student(), explain_teacher():
            fit_mutual(student, teacher, data, classes, alpha, temperature)
        return
    with explain_student():
        fit_alone(student, data.X, data, np.ones(len(data.y), dtype=bool))
    if data.X_teacher is not None:
        with explain_teacher():
            fit_alone(teacher, data.X_teacher, data, observed_rows(data.X_teacher))


def fit_mutual(
    student: BaseEstimator,
    teacher: BaseEstimator,
    data: PairedData,
    classes: np.ndarray,
    alpha: float,
    temperature: float,
) -> None:
    """Fit both networks together, in place; parameters as in ``fit_networks``.

    Each of the four parts of the loss is a weighted mean over its own rows. Batches, steps and epochs are the
    student's. Rows held out for early stopping are labeled ones, and the unlabeled pairs of their groups.
    """
    from .._losses._soft_targets import MutualLoss
    from ..networks._modules import ParallelModules
    from ..networks._training import wrap_submodule

    networks = final_estimator(student), final_estimator(teacher)
    has_teacher = observed_rows(data.X_teacher)
    student_X = _transform(student, data.X, data.y, data.X_unlabeled)
    teacher_X = _transform(
        teacher, take_rows(data.X_teacher, has_teacher), data.y[has_teacher], data.X_teacher_unlabeled
    )
    student_X, teacher_X = (_validate(*pair, classes) for pair in zip(networks, (student_X, teacher_X), strict=True))

    # A row of weight 0 must not set the scale of a column, nor be held out, as in a network's own fit.
    codes, row_weight, has_both, groups = _row_values(data, classes, has_teacher)
    counted = row_weight > 0
    _check_teacher_rows(has_both & counted)
    if not counted.all():
        student_X, teacher_X = student_X[counted], teacher_X[counted[has_both]]
        codes, row_weight, has_both = codes[counted], row_weight[counted], has_both[counted]
        groups = None if groups is None else groups[counted]
    (student_scaler, student_X), (teacher_scaler, teacher_X) = fit_scaler(student_X), fit_scaler(teacher_X)
    labeled = codes >= 0
    # The loss of a row without a teacher does not depend on the teacher's columns.
    stacked = np.zeros((len(codes), student_X.shape[1] + teacher_X.shape[1]), dtype=np.float32)
    stacked[:, : student_X.shape[1]] = student_X
    stacked[has_both, student_X.shape[1] :] = teacher_X

    weights = (
        _mean_weights(labeled * row_weight, 1 - alpha),
        _mean_weights(labeled * has_both * row_weight, 1 - alpha),
        _mean_weights(has_both * row_weight, alpha),
    )
    settings = [training_settings(network) for network in networks]
    builders = [
        module_factory(one, table.shape[1], len(classes))
        for one, table in zip(settings, (student_X, teacher_X), strict=True)
    ]
    _, net = train_with_early_stopping(
        settings[0],
        lambda: ParallelModules(student_X.shape[1], *(build() for build in builders)),
        MutualLoss(temperature),
        stacked,
        (codes.clip(min=0), *weights),
        early_stopping_mask(
            codes, len(codes), settings[0].validation_fraction, settings[0].seed, groups, counted=labeled
        ),
    )
    parts, scalers = (net.module_.first, net.module_.second), (student_scaler, teacher_scaler)
    for network, part, scaler in zip(networks, parts, scalers, strict=True):
        network._set_trained(TrainedNetwork(wrap_submodule(net, part), scaler))


def _transform(model: BaseEstimator, X: Table, y: np.ndarray, X_unlabeled: Table | None) -> Table:
    """Labeled rows, then unlabeled ones, transformed by a pipeline's steps, which are fitted to the labeled rows."""
    return fit_transformers(model, X if X_unlabeled is None else stack_tables([X, X_unlabeled]), y)


def _validate(network: NetworkClassifier, X: Table, classes: np.ndarray) -> np.ndarray:
    """The table as the network's fit takes it; sets the network's columns and classes."""
    network._validate_params()
    network.classes_ = classes
    return validate_data(network, X, dtype=(np.float64, np.float32))


def _row_values(
    data: PairedData, classes: np.ndarray, has_teacher: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Of labeled rows, then unlabeled pairs: position of the class or -1, weight, whether both modalities, group.

    Unlabeled pairs have the mean of the weights of labeled rows that are not 0.
    """
    codes = np.full(len(data.y) + data.n_unlabeled, -1)
    codes[: len(data.y)] = np.searchsorted(classes, data.y)
    weight = np.ones(len(codes)) if data.row_weight is None else data.row_weight
    return codes, weight, np.concatenate([has_teacher, np.ones(data.n_unlabeled, dtype=bool)]), data.group_ids


def _check_teacher_rows(rows: np.ndarray) -> None:
    if not rows.any():
        raise ValueError(
            "sample_weight is 0 in all rows of X_teacher that hold values: the teacher has nothing to learn from. Give "
            "some of these rows a weight, or leave X_teacher out to train the student alone."
        )


def _mean_weights(row_weight: np.ndarray, fraction: float) -> np.ndarray:
    """Weights of all rows with which their mean is a fraction of the weighted mean."""
    return (row_weight * (fraction * len(row_weight) / (row_weight.sum() or 1))).astype(np.float32)


def _student_tables(data: PairedData) -> dict[str, Any]:
    tables = {"X": data.X, UNLABELED_PAIRS_NAMES[0]: data.X_unlabeled}
    return {name: table for name, table in tables.items() if table is not None}


def _teacher_tables(data: PairedData) -> dict[str, Any]:
    if data.X_teacher is None:
        return {}
    tables = {
        data.teacher_table_name: take_rows(data.X_teacher, observed_rows(data.X_teacher)),
        data.pair_names[1]: data.X_teacher_unlabeled,
    }
    return {name: table for name, table in tables.items() if table is not None}
