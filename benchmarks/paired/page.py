"""The page's tables: ``results/tables.rst``, from the tables that ``tables.py`` wrote.

Gains are points of accuracy, nats of log-loss, or points of R^2, each with the half of its 90 % interval over splits.
"""

from pathlib import Path

import cells  # noqa: F401 - puts the shared code on the path
import numpy as np
import pandas as pd
from shared.list_table import list_table
from shared.storage import read_table
from shared.summaries import OUTCOMES
from tables import RESULTS, SETTING

POINTS = ("accuracy", "r2")


def write_gain(row: pd.Series, score: str) -> str:
    """A gain with its half interval, in points where the score is a fraction."""
    scale, digits = (100, 1) if score in POINTS else (1, 3)
    gain, half = scale * row[f"{score} gain"], scale * (row[f"{score} gain, upper"] - row[f"{score} gain"])
    if np.isnan(gain):
        return ""
    return f"{gain:+.{digits}f}" + ("" if np.isnan(half) else f" ± {half:.{digits}f}")


def write_counts(row: pd.Series, score: str) -> str:
    """Cells that are better, level and worse."""
    return " / ".join(f"{row[f'{score} {part}']:.0f}" for part in OUTCOMES)


def overview(gains: pd.DataFrame, score: str) -> pd.DataFrame:
    """A row for each method, a column for each family and numbers of labeled and unlabeled samples."""
    rows = gains[gains[f"{score} gain"].notna()]
    settings = [f"{family}, {n}" + f" + {m}" * (m > 0) for family, n, m in rows[SETTING].itertuples(index=False)]
    texts = [write_gain(row, score) for _, row in rows.iterrows()]
    long = pd.DataFrame({"method": rows["method"], "setting": settings, "text": texts})
    wide = long.pivot_table(index="method", columns="setting", values="text", aggfunc="first", fill_value="")
    wide = wide.loc[long["method"].unique(), long["setting"].unique()]
    return wide.rename_axis(columns=None).reset_index()


def of_one_setting(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """Everything about the methods in the cells of one family and size."""
    columns = {"method": rows["method"], "cells": rows["cells"].astype(str), "splits": rows["seeds"].astype(str)}
    columns[score] = [write_gain(row, score) for _, row in rows.iterrows()]
    if score == "accuracy":
        columns["log-loss"] = [write_gain(row, "log_loss") for _, row in rows.iterrows()]
    columns["better / level / worse"] = [write_counts(row, score) for _, row in rows.iterrows()]
    columns["seconds"] = rows["seconds"].map("{:.2f}".format)
    return pd.DataFrame(columns)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as short texts."""
    return table.map(lambda value: f"{value:.3g}" if isinstance(value, float) else str(value))


def main(folder: Path = RESULTS) -> None:
    """Write the tables."""
    gains = read_table(folder / "gains.csv")
    parts = []
    scores = [score for score in ("accuracy", "log_loss", "r2") if f"{score} gain" in gains]
    for score in scores:
        parts += [f"Mean gains, {score}\n", list_table(overview(gains, score))]
    for key, rows in gains.groupby(SETTING, sort=False):
        score = "accuracy" if rows["accuracy gain"].notna().any() else "r2"
        parts += [", ".join(map(str, key)) + "\n", list_table(of_one_setting(rows, score))]
    for name in ("harm", "against_fixed", "proof"):
        parts += [f"{name}\n", list_table(rounded(read_table(folder / f"{name}.csv")))]
    (folder / "tables.rst").write_text("\n".join(parts))


if __name__ == "__main__":
    main()
