"""Checks of the cohort, a line each: missing modalities, batches, unlabeled pairs from elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..evaluation import check_cohort
from ._input import CliData
from ._text import quote

NO_BATCH = "no batch"


def check_data(
    data: CliData,
    y: np.ndarray,
    unlabeled: tuple[pd.DataFrame, np.ndarray | None],
    *,
    batch: str | None,
    groups: str | None,
    seed: int,
) -> list[str]:
    """What the study could be misled by, with what to do; of each group one row counts.

    Parameters
    ----------
    data : CliData
    y : ndarray of shape (n_samples,)
        Labels with names that can be read.
    unlabeled : tuple (table, groups or None)
        Rows without a label; those censored before a horizon differ from the others by their outcome, and are not
        among them.
    batch, groups : str or None
        Names of the columns.
    seed : int
    """
    rows = _first_rows(data.groups, len(y))
    table, table_groups = unlabeled
    checks = check_cohort(
        data.X[rows],
        y[rows],
        data.modalities,
        batch=None if data.batch is None else data.batch.fillna(NO_BATCH)[rows].to_numpy().astype(str),
        X_unlabeled=table[_first_rows(table_groups, len(table))] if len(table) else None,
        random_state=seed,
    )
    return [_with_option(advice, batch, groups) for advice in checks["advice"][checks["concern"].astype(bool)]]


def _first_rows(groups: np.ndarray | None, n_rows: int) -> np.ndarray:
    """Mask of the first row of each group; of all rows without groups."""
    return np.ones(n_rows, dtype=bool) if groups is None else ~pd.Series(groups).duplicated().to_numpy()


def _with_option(advice: str, batch: str | None, groups: str | None) -> str:
    """The advice with the option that follows it."""
    if "batch as groups" not in advice:
        return advice
    done = f"--groups {quote(batch)}"
    return f"{advice[:-1]} ({done} does that here)." if groups == batch else f"{advice[:-1]}: {done}."
