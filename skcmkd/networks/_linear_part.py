"""The linear model beside a network's hidden layers: its row loss, with a cross-validated ridge penalty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from ._training import RowLoss

# Inverse penalties, as in the package's logistic regression.
CS = tuple(np.logspace(-4, 1, 6))
# Weights of the linear part to choose from. Held-out rows are too few to leave the linear part out by.
LINEAR_WEIGHTS = (0.25, 0.5, 0.75, 1.0)
N_FOLDS = 5
MAX_ITERATIONS = 200
GRADIENT_TOLERANCE = 1e-4


def linear_folds(strata: np.ndarray | None, n_rows: int, seed: int, groups: np.ndarray | None = None) -> np.ndarray:
    """Random fold of each row: strata are spread evenly over the folds; a group is in one fold.

    Parameters
    ----------
    strata : ndarray of shape (n_rows,) or None
    n_rows, seed : int
    groups : ndarray of shape (n_rows,), default=None
        With groups the strata are not used.

    Returns
    -------
    ndarray of int of shape (n_rows,)
    """
    random_state = np.random.RandomState(seed)
    if groups is not None:
        names, codes = np.unique(groups, return_inverse=True)
        return random_state.permutation(len(names))[codes] % N_FOLDS
    order = random_state.permutation(n_rows)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    folds = np.empty(n_rows, dtype=int)
    folds[order] = np.arange(n_rows) % N_FOLDS
    return folds


def fit_linear_part(
    row_loss: RowLoss, X: np.ndarray, targets: Sequence[np.ndarray], n_outputs: int, folds: np.ndarray
) -> tuple[nn.Linear, np.ndarray]:
    """Fit a linear model by sum of row losses + |W|^2 / (2 C), with the C of least cross-validated loss among ``CS``.

    The search starts at the strongest penalty and stops where the loss no longer falls; each fit starts from the one
    before. The models of all folds and that of all rows are fitted at once, on the processor in double precision,
    without random numbers. With one fold only, C is the least.

    Parameters
    ----------
    row_loss : callable
        ``row_loss(output, *targets)`` gives one loss a row.
    X : ndarray of shape (n_rows, n_features)
        Standardized columns.
    targets : sequence of ndarray of shape (n_rows, ...)
    n_outputs : int
    folds : ndarray of int of shape (n_rows,)
        Fold of each row for the choice of C.

    Returns
    -------
    linear : torch.nn.Linear
        Of single precision.
    out_of_fold : ndarray of shape (n_rows, n_outputs)
        Output for each row of the model that is not fitted to the row's fold; NaN with one fold only.
    """
    names = np.unique(folds)
    held_out = torch.as_tensor(folds == names[:, None]) if len(names) > 1 else torch.zeros(0, len(X), dtype=torch.bool)
    n_models = len(held_out) + 1
    # The last model is of all rows.
    trained = torch.cat([~held_out, torch.ones(1, len(X), dtype=torch.bool)])
    table = torch.as_tensor(X, dtype=torch.float64)
    repeated = [_repeat_rows(target, n_models) for target in targets]

    def outputs(parameters: Tensor) -> Tensor:
        return table @ parameters[:, :, :-1].mT + parameters[:, None, :, -1]

    def losses(parameters: Tensor) -> Tensor:
        return row_loss(outputs(parameters).flatten(0, 1), *repeated).view(n_models, len(table))

    best = parameters = torch.zeros(n_models, n_outputs, X.shape[1] + 1, dtype=torch.float64)
    best_loss = np.inf
    for C in CS if len(held_out) else CS[:1]:
        parameters = _minimize(lambda p: (losses(p) * trained).sum() / len(table), parameters, C * len(table))
        with torch.no_grad():
            loss = losses(parameters)[:-1][held_out].sum().item()
        if not loss < best_loss:
            break
        best, best_loss = parameters, loss
    out_of_fold = np.full((len(table), n_outputs), np.nan)
    for rows, output in zip(held_out.numpy(), outputs(best).numpy(), strict=False):
        out_of_fold[rows] = output[rows]
    return as_linear(best[-1, :, :-1], best[-1, :, -1]), out_of_fold


def choose_linear_weight(
    row_loss: RowLoss, hidden: np.ndarray, linear: np.ndarray, targets: Sequence[np.ndarray]
) -> float:
    """The weight w of least mean loss of (1 - w) hidden + w linear over rows that neither is fitted to.

    Parameters
    ----------
    row_loss : callable
        ``row_loss(output, *targets)`` gives one loss a row.
    hidden, linear : ndarray of shape (n_rows, n_outputs)
    targets : sequence of ndarray of shape (n_rows, ...)

    Returns
    -------
    float
        One of ``LINEAR_WEIGHTS``.

    References
    ----------
    Breiman. Stacked regressions. Machine Learning 24 (1996).
    """
    rows = [_repeat_rows(target, 1) for target in targets]
    losses = [row_loss(torch.as_tensor((1 - w) * hidden + w * linear), *rows).mean().item() for w in LINEAR_WEIGHTS]
    return LINEAR_WEIGHTS[int(np.argmin(losses))]


def as_linear(weight: Tensor, intercept: Tensor) -> nn.Linear:
    """A linear layer with these weights, in single precision; draws no random numbers."""
    linear = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    state = {"weight": weight.detach().float().clone(), "bias": intercept.detach().float().clone()}
    linear.load_state_dict(state, assign=True)
    return linear


def _repeat_rows(target: np.ndarray, n_models: int) -> Tensor:
    """The rows of a target once for each model, numbers in double precision."""
    rows = torch.as_tensor(target)
    rows = rows.double() if rows.is_floating_point() else rows
    return rows.repeat(n_models, *[1] * (rows.ndim - 1))


def _minimize(mean_loss: Callable[[Tensor], Tensor], start: Tensor, n_penalized: float) -> Tensor:
    """Parameters of least mean loss + |W|^2 / (2 n_penalized) by L-BFGS; the last of each row are intercepts."""
    parameters = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [parameters],
        max_iter=MAX_ITERATIONS,
        tolerance_grad=GRADIENT_TOLERANCE,
        tolerance_change=1e-9,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = mean_loss(parameters) + parameters[..., :-1].square().sum() / (2 * n_penalized)
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(closure)
    return parameters.detach()
