"""Two networks of two modalities, trained at the same time on labels and on each other."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from .._distillation._training_data import stack_tables
from .._model_selection._pipelines import final_estimator, fit_transformers
from .._validation._sklearn import draw_seed
from .._validation._table_checks import observed_rows
from .._validation._tables import Table, take_rows
from ..networks._fit import early_stopping_mask, fit_scaler, module_factory, train_with_early_stopping
from ..networks._mlp import NetworkClassifier
from ._data import PairedData


def check_network(model: BaseEstimator, role: str) -> None:
    """Raise unless the model is a network or a pipeline that ends in one."""
    last = final_estimator(model)
    if not isinstance(last, NetworkClassifier):
        raise ValueError(
            f"The {role} {last.__class__.__name__} cannot teach and be taught at the same time: both models must be "
            f"a NetworkClassifier, or a Pipeline that ends in one. PairedDistiller takes other models."
        )


def fit_mutual(
    student: BaseEstimator,
    teacher: BaseEstimator,
    data: PairedData,
    classes: np.ndarray,
    alpha: float,
    temperature: float,
) -> None:
    """Fit both networks, or the pipelines that end in them, in place: each to the labels and to the other.

    Each of the four parts of the loss is a weighted mean over its own rows. Batches, steps and epochs are the
    student's. Rows held out for early stopping are labeled ones, and the unlabeled pairs of their groups.
    """
    from .._losses._soft_targets import MutualLoss
    from ..networks._modules import ParallelModules
    from ..networks._training import wrap_submodule

    networks = final_estimator(student), final_estimator(teacher)
    has_teacher = observed_rows(data.X_teacher)
    student_X, teacher_X = (
        fit_scaler(network, _validate(network, table, classes))
        for network, table in zip(
            networks,
            (
                _transform(student, data.X, data.y, data.X_unlabeled),
                _transform(
                    teacher, take_rows(data.X_teacher, has_teacher), data.y[has_teacher], data.X_teacher_unlabeled
                ),
            ),
            strict=True,
        )
    )
    n_labeled, n_rows = len(data.y), len(student_X)
    labeled = np.arange(n_rows) < n_labeled
    has_both = np.concatenate([has_teacher, np.ones(n_rows - n_labeled, dtype=bool)])
    # The loss of a row without a teacher does not read the teacher's columns.
    stacked = np.zeros((n_rows, student_X.shape[1] + teacher_X.shape[1]), dtype=np.float32)
    stacked[:, : student_X.shape[1]] = student_X
    stacked[has_both, student_X.shape[1] :] = teacher_X

    codes = np.zeros(n_rows, dtype=np.int64)
    codes[labeled] = np.searchsorted(classes, data.y)
    row_weight = np.ones(n_rows)
    if data.sample_weight is not None:
        row_weight[labeled] = data.sample_weight / data.sample_weight.mean()
    weights = (
        _mean_weights(labeled * row_weight, 1 - alpha),
        _mean_weights(labeled * has_both * row_weight, 1 - alpha),
        _mean_weights(has_both * row_weight, alpha),
    )
    seed = draw_seed(check_random_state(networks[0].random_state))
    builders = [
        module_factory(network, table.shape[1], len(classes))
        for network, table in zip(networks, (student_X, teacher_X), strict=True)
    ]
    net = train_with_early_stopping(
        networks[0],
        lambda: ParallelModules(student_X.shape[1], *(build() for build in builders)),
        MutualLoss(temperature),
        stacked,
        (codes, *weights),
        _hold_out_rows(data, codes, networks[0].validation_fraction, seed),
        seed,
    )
    for network, part in zip(networks, (net.module_.first, net.module_.second), strict=True):
        network.net_ = wrap_submodule(net, part)
        network.n_iter_ = len(net.history)


def _transform(model: BaseEstimator, X: Table, y: np.ndarray, X_unlabeled: Table | None) -> Table:
    """Labeled rows, then the others, as a pipeline's steps transform them; the steps are fitted to the labeled rows."""
    return fit_transformers(model, X if X_unlabeled is None else stack_tables([X, X_unlabeled]), y)


def _validate(network: NetworkClassifier, X: Table, classes: np.ndarray) -> np.ndarray:
    """The table as the network's fit takes it; sets the network's columns and classes."""
    network._validate_params()
    network.classes_ = classes
    return validate_data(network, X, dtype=(np.float64, np.float32))


def _hold_out_rows(data: PairedData, codes: np.ndarray, fraction: float, seed: int) -> np.ndarray | None:
    """Mask of the rows held out for early stopping, among all rows."""
    n_labeled, groups = len(data.y), data.group_ids
    labeled_groups = None if groups is None else groups[:n_labeled]
    held_out = early_stopping_mask(codes[:n_labeled], n_labeled, fraction, seed, labeled_groups)
    if held_out is None:
        return None
    mask = np.zeros(len(codes), dtype=bool)
    mask[:n_labeled] = held_out
    return mask if groups is None else np.isin(groups, groups[mask])


def _mean_weights(row_weight: np.ndarray, fraction: float) -> np.ndarray:
    """Weights of all rows with which their mean is the share times the weighted mean of the rows."""
    return (row_weight * (fraction * len(row_weight) / (row_weight.sum() or 1))).astype(np.float32)
