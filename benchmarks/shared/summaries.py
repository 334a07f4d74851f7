"""Wins, ties, losses and mean gains over the cells of a grid."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from skcmkd._model_selection._intervals import wald_interval

from .scoring import SCORES
from .storage import read_table

CONFIDENCE = 0.9
OUTCOMES = ("wins", "ties", "losses")


def read_results(folder: Path, keys: Sequence[str]) -> pd.DataFrame:
    """All rows of the grid; each cell and method once."""
    cells = pd.concat([read_table(path) for path in sorted(folder.glob("*.csv.gz"))], ignore_index=True)
    repeated = cells.duplicated([*keys, "seed", "method"])
    if repeated.any():
        raise ValueError(f"{repeated.sum()} rows of the results are there twice.")
    return cells


def interval_over_splits(gain: pd.Series, seed: pd.Series) -> tuple[float, float, float]:
    """Mean gain over cells, and the ends of its interval.

    Cells of one seed share their samples, so only the means of the seeds are independent: a t-interval of those.
    """
    means = gain.groupby(seed).mean()
    if len(means) < 2:
        return gain.mean(), np.nan, np.nan
    interval = wald_interval(means.to_numpy(), CONFIDENCE)
    return interval.value, interval.lower, interval.upper


def count(rows: pd.DataFrame, score: str) -> dict[str, float]:
    """Wins, ties and losses of cells: a win or loss is a gain beyond its standard error over the test rows."""
    rows = rows[rows[f"{score}_gain"].notna()]
    gain, error = rows[f"{score}_gain"], rows[f"{score}_gain_error"]
    mean, lower, upper = interval_over_splits(gain, rows["seed"])
    counts = (gain > error).sum(), (gain.abs() <= error).sum(), (gain < -error).sum()
    return {f"{score} {outcome}": int(n) for outcome, n in zip(OUTCOMES, counts, strict=True)} | {
        f"{score} share of losses": (gain < -error).mean(),
        f"{score} gain": mean,
        f"{score} gain, lower": lower,
        f"{score} gain, upper": upper,
    }


def summarize(
    cells: pd.DataFrame, by: Sequence[str], scores: Sequence[str] = SCORES, times: Sequence[str] = ("seconds",)
) -> pd.DataFrame:
    """One row for each group and method."""
    table = []
    for key, rows in cells.groupby([*by, "method"], sort=False):
        row = dict(zip([*by, "method"], key, strict=True)) | {"cells": len(rows), "seeds": rows["seed"].nunique()}
        row |= {"failures": rows[scores[0]].isna().sum()}
        row |= {name: rows[name].mean() for name in (*scores, *times)}
        for score in scores:
            row |= count(rows, score)
        table.append(row)
    return pd.DataFrame(table)
