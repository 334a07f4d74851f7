"""Wins, ties, losses and mean gains over the cells of a grid."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from .scoring import SCORES

CONFIDENCE = 0.9


def read_results(folder: Path, keys: Sequence[str]) -> pd.DataFrame:
    """All rows of the grid; each cell and method once."""
    cells = pd.concat([pd.read_csv(path) for path in sorted(folder.glob("*.csv.gz"))], ignore_index=True)
    repeated = cells.duplicated([*keys, "seed", "method"])
    if repeated.any():
        raise ValueError(f"{repeated.sum()} rows of the results are there twice.")
    return cells


def interval_over_splits(gain: pd.Series, seed: pd.Series) -> tuple[float, float, float]:
    """Mean gain over cells, and the ends of its interval.

    Cells of one seed share their samples, so the means of the seeds are what is independent: a t-interval of those.
    """
    means = gain.groupby(seed).mean()
    if len(means) < 2:
        return gain.mean(), np.nan, np.nan
    half = student_t.ppf(0.5 + CONFIDENCE / 2, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
    return means.mean(), means.mean() - half, means.mean() + half


def count(rows: pd.DataFrame, score: str) -> dict[str, float]:
    """Wins, ties and losses of cells: a tie is a gain of at most its standard error over the test rows, either way."""
    rows = rows[rows[f"{score}_gain"].notna()]
    gain, error = rows[f"{score}_gain"], rows[f"{score}_gain_error"]
    mean, lower, upper = interval_over_splits(gain, rows["seed"])
    return {
        f"{score} wins": int((gain > error).sum()),
        f"{score} ties": int((gain.abs() <= error).sum()),
        f"{score} losses": int((gain < -error).sum()),
        f"{score} share of losses": (gain < -error).mean(),
        f"{score} gain": mean,
        f"{score} gain, lower": lower,
        f"{score} gain, upper": upper,
    }


def summarise(
    cells: pd.DataFrame, by: Sequence[str], scores: Sequence[str] = SCORES, times: Sequence[str] = ("seconds",)
) -> pd.DataFrame:
    """One row for each group and method."""
    found = []
    for key, rows in cells.groupby([*by, "method"], sort=False):
        row = dict(zip([*by, "method"], key, strict=True)) | {"cells": len(rows), "seeds": rows["seed"].nunique()}
        row |= {"failures": rows[scores[0]].isna().sum()}
        row |= {name: rows[name].mean() for name in (*scores, *times)}
        for score in scores:
            row |= count(rows, score)
        found.append(row)
    return pd.DataFrame(found)
