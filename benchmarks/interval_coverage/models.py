"""The two models that a cell compares, fitted to some rows: their losses on others.

A report compares two students, a selector two predictions of the label.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from fast import N_INNER_FOLDS, as_target, distill_linear, fit_linear
from settings import NETWORK, REPORT, TUNED, Cell
from sklearn.linear_model import LogisticRegression
from tables import Rows

from skcmkd import NetworkClassifier, PairedDistiller
from skcmkd._model_selection._row_scores import brier_score, log_loss, squared_error
from skcmkd._model_selection._stacking import fit_stack
from skcmkd.information import make_default_classifier

ALPHA = {"null": 0.5, "nearly equal": 0.02, "small": 0.5, "clear": 0.5}
# Of the selector's encoders; one that is chosen within each fit takes ten times as long.
ENCODER_PENALTY = 10.0
# It predicts class probabilities, or a continuous target, (n_rows, n_outputs).
Predictor = Callable[[np.ndarray], np.ndarray]


def scores_of(cell: Cell) -> tuple[str, ...]:
    """Names of the scores."""
    if cell.product == REPORT:
        return ("brier", "log_loss", "accuracy") if cell.n_classes else ("squared_error",)
    return ("advantage", "added")


def row_losses(cell: Cell, prediction: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Losses of each row by the scores of a report, (n_rows, n_scores); of accuracy the error."""
    if cell.n_classes is None:
        return squared_error(prediction[:, 0], y)[:, None]
    return np.column_stack([brier_score(prediction, y), log_loss(prediction, y), prediction.argmax(axis=1) != y])


def fit_students(cell: Cell, rows: Rows, pairs: Rows | None, random_state: np.random.RandomState) -> list[Predictor]:
    """The base and the distilled student; the base of "null" has a shuffled teacher, that of all others none."""
    fit = fit_network if cell.student == NETWORK else distill_linear
    shuffled, n_classes = rows.T[random_state.permutation(len(rows.y))], cell.n_classes
    if cell.gain == "null":
        base = fit(rows, shuffled, pairs, ALPHA[cell.gain], n_classes)
    elif cell.student == NETWORK:
        base = fit_network(rows, rows.T, None, 0.0, n_classes)
    else:
        weight = np.ones((1, len(rows.y)))
        base = fit_linear(rows.S, as_target(rows.y, n_classes), weight, of_classes=n_classes is not None)[0]
    return [base, fit(rows, rows.T, pairs, ALPHA[cell.gain], n_classes)]


def fit_network(rows: Rows, T: np.ndarray, pairs: Rows | None, alpha: float, n_classes: int | None) -> Predictor:
    """``distill_linear`` with a network as the student."""
    distiller = PairedDistiller(
        NetworkClassifier(random_state=0),
        LogisticRegression(),
        alpha=alpha,
        teacher_weights="equal",
        cv=N_INNER_FOLDS,
        random_state=0,
    )
    tuples = None if pairs is None else (pairs.S, pairs.T)
    return distiller.fit(rows.S, rows.y, X_teacher=T, unlabeled_pairs=tuples).predict_proba


def report_losses(
    cell: Cell,
    train: Rows,
    pairs: Rows | None,
    scored: Sequence[Rows],
    random_state: np.random.RandomState,
) -> list[np.ndarray]:
    """Losses of base and distilled student on each table of rows, (n_rows, n_scores, 2)."""
    models = fit_students(cell, train, pairs, random_state)
    return [np.stack([row_losses(cell, model(rows.S), rows.y) for model in models], axis=-1) for rows in scored]


def fit_encoders(cell: Cell, rows: Rows) -> list[Predictor]:
    """Encoders of the student's and the teacher's columns."""
    if cell.student == TUNED:
        return [make_default_classifier().fit(table, rows.y).predict_proba for table in (rows.S, rows.T)]
    fit = partial(fit_linear, of_classes=cell.n_classes is not None, penalty=ENCODER_PENALTY)
    target, weight = as_target(rows.y, cell.n_classes), np.ones((1, len(rows.y)))
    return [fit(table, target, weight)[0] for table in (rows.S, rows.T)]


def encode(encoders: Sequence[Predictor], rows: Rows) -> np.ndarray:
    """Predictions of student and teacher, (2, n_rows, n_outputs)."""
    return np.stack([encoder(table) for encoder, table in zip(encoders, (rows.S, rows.T), strict=True)])


def label_losses(cell: Cell, predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Log-loss or squared error of each row."""
    return squared_error(predictions[:, 0], y) if cell.n_classes is None else log_loss(predictions, y)


def fit_pools(cell: Cell, out_of_fold: np.ndarray, y: np.ndarray) -> list[Predictor]:
    """Pools of the student's model alone, and of both, by out-of-fold predictions (2, n_rows, n_outputs)."""
    target, weight, of_classes = as_target(y, cell.n_classes), np.ones(len(y)), cell.n_classes is not None
    return [fit_stack(out_of_fold[:size], target, weight, np.eye(size)[0], of_classes=of_classes) for size in (1, 2)]


def selector_losses(cell: Cell, pools: Sequence[Predictor], predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Losses of the student's and the teacher's model and of the pool without and with the teacher, (n_rows, 2, 2).

    The mean difference of the first two is the advantage, that of the last two what the teacher adds.
    """
    advantage = [label_losses(cell, part, y) for part in predictions]
    added = [label_losses(cell, pool(predictions[:size]), y) for size, pool in enumerate(pools, start=1)]
    return np.stack([np.stack(advantage, axis=-1), np.stack(added, axis=-1)], axis=1)
