"""Two networks of two modalities, trained at the same time on labels and on each other."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from .._model_selection._pipelines import final_step, fit_transformers
from .._validation._sklearn import draw_seed
from .._validation._tables import Table, stack_rows, take_rows
from ..networks._fit import hold_out_rows, perceptron_of, standardise, train_as_set
from ..networks._mlp import NetworkClassifier
from ._pairs import Pairs


def check_network(model: BaseEstimator, role: str) -> None:
    """Raise unless the model is a network or a pipeline that ends in one."""
    last = final_step(model)
    if not isinstance(last, NetworkClassifier):
        raise ValueError(
            f"The {role} {last.__class__.__name__} cannot teach and be taught at the same time: both models must be "
            f"a NetworkClassifier, or a Pipeline that ends in one. PairedDistiller takes other models."
        )


def fit_side_by_side(
    student: BaseEstimator,
    teacher: BaseEstimator,
    pairs: Pairs,
    classes: np.ndarray,
    alpha: float,
    temperature: float,
) -> None:
    """Fit both networks, or the pipelines that end in them, in place: each to the labels and to the other.

    Each of the four parts of the loss is a mean over its own rows. Batches, steps and epochs are the student's. Rows
    held out for early stopping are labelled ones.
    """
    from .._losses._soft_targets import MutualLoss
    from ..networks._modules import SideBySide
    from ..networks._training import part_of_network

    measured = pairs.measured
    networks = final_step(student), final_step(teacher)
    X = _through_steps(student, pairs.X, pairs.y, pairs.X_unlabeled)
    X_teacher = _through_steps(
        teacher, take_rows(pairs.X_teacher, measured), pairs.y[measured], pairs.X_teacher_unlabeled
    )
    own, others = (
        standardise(network, _validated(network, table, classes))
        for network, table in zip(networks, (X, X_teacher), strict=True)
    )
    n_labelled, n_rows = len(pairs.y), len(own)
    labelled = np.arange(n_rows) < n_labelled
    paired = np.concatenate([measured, np.ones(n_rows - n_labelled, dtype=bool)])
    # The loss of a row without a teacher does not look at the teacher's side.
    both = np.zeros((n_rows, own.shape[1] + others.shape[1]), dtype=np.float32)
    both[:, : own.shape[1]] = own
    both[paired, own.shape[1] :] = others

    codes = np.zeros(n_rows, dtype=np.int64)
    codes[labelled] = np.searchsorted(classes, pairs.y)
    weights = _mean_over(labelled, 1 - alpha), _mean_over(labelled & paired, 1 - alpha), _mean_over(paired, alpha)
    seed = draw_seed(check_random_state(networks[0].random_state))
    held_out = hold_out_rows(codes[labelled], n_labelled, networks[0].validation_fraction, seed)
    if held_out is not None:
        held_out = np.concatenate([held_out, np.zeros(n_rows - n_labelled, dtype=bool)])
    builders = [
        perceptron_of(network, table.shape[1], len(classes))
        for network, table in zip(networks, (own, others), strict=True)
    ]
    net = train_as_set(
        networks[0],
        lambda: SideBySide(own.shape[1], *(build() for build in builders)),
        MutualLoss(temperature),
        both,
        (codes, *weights),
        held_out,
        seed,
    )
    for network, part in zip(networks, (net.module_.first, net.module_.second), strict=True):
        network.net_ = part_of_network(net, part)
        network.n_iter_ = len(net.history)


def _through_steps(model: BaseEstimator, X: Table, y: np.ndarray, X_unlabeled: Table | None) -> Table:
    """Labelled rows, then the others, as a pipeline's steps give them to the network; the labelled fit the steps."""
    X, X_unlabeled = fit_transformers(model, X, y, X_unlabeled)
    return X if X_unlabeled is None else stack_rows(X, X_unlabeled)


def _validated(network: NetworkClassifier, X: Table, classes: np.ndarray) -> np.ndarray:
    """The table as the network's fit takes it; sets what fit sets of columns and classes."""
    network._validate_params()
    network.classes_ = classes
    return validate_data(network, X, dtype=(np.float64, np.float32))


def _mean_over(rows: np.ndarray, share: float) -> np.ndarray:
    """Weights of all rows with which their mean is the share times the mean over the given rows."""
    return (rows * (share * len(rows) / max(rows.sum(), 1))).astype(np.float32)
