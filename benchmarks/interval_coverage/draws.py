"""Draws of a cell: out-of-fold losses of both models, and their mean losses on fresh rows, kept in one file a block.

A block is a compressed file of arrays, with b draws, R repeats, K folds, n rows and s scores, losses float32:

``losses`` (b, R, n, s, 2)
    Out-of-fold, of the base and of the model; base less model is the gain of a row.
``fold_ids`` (b, R, n)
``fold_losses`` (b, R, K, s, 2)
    Means over fresh rows, of the models of each fold: the truth of the models as trained.
``final_losses`` (b, s, 2)
    Of models trained on all n rows: their mean gain over draws is the expectation at this sample size.
``half_losses`` (b, M, 2, s, 2)
    Mean out-of-fold losses of both halves of M random partitions of the rows, each half cross-validated by itself.
"""

from pathlib import Path

import numpy as np
from models import encode, fit_encoders, fit_pools, report_losses, selector_losses
from settings import REPORT, Cell
from sklearn import config_context
from tables import Rows, draw_tables, take

from skcmkd._model_selection._folds import group_folds, stratified_folds

N_FOLDS = 5
BLOCK = 50


def make_fold_ids(cell: Cell, rows: Rows, random_state: np.random.RandomState) -> np.ndarray:
    """Folds as those of a report: shuffled, stratified by class, groups whole."""
    codes = rows.y if cell.n_classes else None
    if rows.groups is not None:
        return group_folds(rows.groups, N_FOLDS, codes, random_state)
    order = random_state.permutation(len(rows.y))
    fold_ids = np.empty(len(rows.y), dtype=int)
    fold_ids[order] = stratified_folds(np.zeros(len(rows.y), dtype=int) if codes is None else codes[order], N_FOLDS)
    return fold_ids


def repeat_of_report(cell, labeled, pairs, test, fold_ids, random_state):
    """Out-of-fold losses, (n, s, 2), and those of each fold's models on the test rows, (K, s, 2)."""
    losses, fold_losses = None, []
    for fold in range(N_FOLDS):
        train, held_out = (take(labeled, np.flatnonzero(mask)) for mask in (fold_ids != fold, fold_ids == fold))
        found, fresh = report_losses(cell, train, pairs, (held_out, test), random_state)
        losses = np.empty((len(fold_ids), *found.shape[1:])) if losses is None else losses
        losses[fold_ids == fold] = found
        fold_losses.append(fresh.mean(axis=0))
    return losses, np.stack(fold_losses)


def repeat_of_selector(cell, labeled, test, fold_ids):
    """As ``repeat_of_report``, and the out-of-fold predictions: weights of a fold's pool come from the other folds."""
    out_of_fold, fresh = None, []
    for fold in range(N_FOLDS):
        train, held_out = (take(labeled, np.flatnonzero(mask)) for mask in (fold_ids != fold, fold_ids == fold))
        encoders = fit_encoders(cell, train)
        found = encode(encoders, held_out)
        out_of_fold = np.empty((2, len(fold_ids), found.shape[2])) if out_of_fold is None else out_of_fold
        out_of_fold[:, fold_ids == fold] = found
        fresh.append(encode(encoders, test))
    losses, fold_losses = np.empty((len(fold_ids), 2, 2)), []
    for fold in range(N_FOLDS):
        held_out = fold_ids == fold
        pools = fit_pools(cell, out_of_fold[:, ~held_out], labeled.y[~held_out])
        losses[held_out] = selector_losses(cell, pools, out_of_fold[:, held_out], labeled.y[held_out])
        fold_losses.append(selector_losses(cell, pools, fresh[fold], test.y).mean(axis=0))
    return losses, np.stack(fold_losses), out_of_fold


def half_losses(cell, half, pairs, random_state):
    """Mean out-of-fold losses of a half of the rows, cross-validated by itself, (s, 2)."""
    fold_ids = make_fold_ids(cell, half, random_state)
    losses = []
    for fold in range(N_FOLDS):
        train, held_out = (take(half, np.flatnonzero(mask)) for mask in (fold_ids != fold, fold_ids == fold))
        losses += report_losses(cell, train, pairs, (held_out,), random_state)
    return np.concatenate(losses).mean(axis=0)


def draw(cell: Cell, seed: int) -> dict[str, np.ndarray]:
    """The arrays of one draw."""
    labeled, pairs, test = draw_tables(cell, cell.random_state(seed, 0))
    random_state = cell.random_state(seed, 1)
    fold_ids = np.stack([make_fold_ids(cell, labeled, random_state) for _ in range(cell.n_repeats)])
    if cell.product == REPORT:
        parts = [repeat_of_report(cell, labeled, pairs, test, folds, random_state) for folds in fold_ids]
        final = report_losses(cell, labeled, pairs, (test,), random_state)[0]
    else:
        parts = [repeat_of_selector(cell, labeled, test, folds) for folds in fold_ids]
        pools = fit_pools(cell, parts[0][2], labeled.y)
        encoders = fit_encoders(cell, labeled)
        final = selector_losses(cell, pools, encode(encoders, test), test.y)
    arrays = {
        "losses": np.stack([part[0] for part in parts]).astype(np.float32),
        "fold_ids": fold_ids.astype(np.int8),
        "fold_losses": np.stack([part[1] for part in parts]).astype(np.float32),
        "final_losses": final.mean(axis=0).astype(np.float32),
    }
    if cell.n_half_pairs:
        pairs_of_halves = []
        for _ in range(cell.n_half_pairs):
            halves = np.array_split(random_state.permutation(cell.n_rows), 2)
            pairs_of_halves.append([half_losses(cell, take(labeled, half), pairs, random_state) for half in halves])
        arrays["half_losses"] = np.array(pairs_of_halves, dtype=np.float32)
    return arrays


def block_path(cache: Path, cell: Cell, block: int) -> Path:
    """File of a block of draws."""
    return cache / cell.name / f"{block:02d}.npz"


def draw_block(cache: Path, cell: Cell, block: int) -> None:
    """Draw a block and store it, unless it is there."""
    path = block_path(cache, cell, block)
    if path.exists():
        return
    seeds = range(BLOCK * block, min(BLOCK * (block + 1), cell.n_draws))
    with config_context(assume_finite=True):
        draws = [draw(cell, seed) for seed in seeds]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part.npz")
    np.savez_compressed(partial, **{name: np.stack([each[name] for each in draws]) for name in draws[0]})
    partial.rename(path)


def read_draws(cache: Path, cell: Cell) -> dict[str, np.ndarray] | None:
    """All stored draws of a cell; None without any."""
    paths = sorted(path for path in (cache / cell.name).glob("*.npz") if ".part" not in path.name)
    blocks = [dict(np.load(path)) for path in paths]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]} if blocks else None
