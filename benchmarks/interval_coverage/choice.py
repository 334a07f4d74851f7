"""Which interval holds in every cell, and which of those is the narrowest."""

from pathlib import Path

import numpy as np
import pandas as pd
from settings import CONFIDENCE, LINEAR, REPORT, SELECTOR

# The scores that decide.
DECISIVE = {REPORT: ("brier", "squared_error"), SELECTOR: ("advantage", "added")}
# What a choice is made for. Where a teacher adds nothing, the interval is often the point zero.
PARTS = ("report", "advantage", "added", "added, of nothing")
NOTHING_ADDED = ("noise", "nearly equal")
# How far coverage may fall below the confidence.
TOLERANCE = 0.02
ESTIMANDS = {"models": "models as trained", "expected": "expectation at this sample size"}
CELL = ["product", "gain", "target", "n_rows", "grouped", "student", "score"]
# No gain by construction: an interval above the threshold is an error there.
NULLS = {("null", "brier"), ("null", "squared_error"), ("tie", "advantage"), ("noise", "added")}
# Those of one repeat that the page shows beside those of three; the others differ little from "wald".
SINGLE = ("wald", "corrected rows", "corrected t")


def read_coverage(path: Path) -> pd.DataFrame:
    """The stored table; "null" is the name of a gain."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def decisive_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the scores that decide, each with its part and its width by that of one repeat's "wald"."""
    scores = [score for names in DECISIVE.values() for score in names]
    rows = table[table["score"].isin(scores)]
    base = rows[(rows["method"] == "wald") & (rows["n_repeats"] == 1)].set_index([*CELL, "estimand"])
    rows = rows.join(base["width"].rename("base_width"), on=[*CELL, "estimand"])
    part = rows["score"].where(rows["product"] == SELECTOR, "report")
    part = part.mask((part == "added") & rows["gain"].isin(NOTHING_ADDED), "added, of nothing")
    return rows.assign(part=part, relative_width=rows["width"] / rows["base_width"])


def describe_cell(row: pd.Series) -> str:
    """A cell in words."""
    parts = [row["gain"], row["target"], f"{row['n_rows']} rows"]
    return ", ".join([*parts, *["groups"] * bool(row["grouped"]), *[row["student"]] * (row["student"] != LINEAR)])


def summarize_methods(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each part, estimand and method: coverage and width over the cells, and whether it is the choice."""
    summary = []
    keys = ["part", "estimand", "method", "n_repeats"]
    for key, rows in decisive_rows(table).groupby(keys):
        least = CONFIDENCE[rows["product"].iloc[0]] - TOLERANCE
        worst, error = rows.loc[rows["coverage"].idxmin()], np.sqrt(rows["coverage"] * (1 - rows["coverage"]))
        is_null = [pair in NULLS for pair in zip(rows["gain"], rows["score"], strict=True)]
        summary.append(
            dict(zip(keys, key, strict=True))
            | {
                "confidence": CONFIDENCE[rows["product"].iloc[0]],
                "n_cells": len(rows),
                "least_draws": rows["n_draws"].min(),
                "lowest_coverage": worst["coverage"],
                "lowest_in": describe_cell(worst),
                "median_coverage": rows["coverage"].median(),
                "n_below": int((rows["coverage"] < least).sum()),
                "n_clearly_below": int((rows["coverage"] + 2 * error / np.sqrt(rows["n_draws"]) < least).sum()),
                "relative_width": np.exp(np.log(rows["relative_width"]).mean()),
                "highest_size": rows.loc[is_null, "above_threshold"].max(),
            }
        )
    summary = pd.DataFrame(summary).assign(chosen=False)
    for _, rows in summary.groupby(["part", "estimand"]):
        # Cells of a slow student have one repeat alone.
        most = rows.groupby("n_repeats")["n_cells"].transform("max")
        holds = rows[(rows["n_below"] == 0) & (rows["n_cells"] == most)]
        if len(holds):
            summary.loc[holds["relative_width"].idxmin(), "chosen"] = True
    return summary


def as_page(summary: pd.DataFrame, estimand: str = "expected") -> pd.DataFrame:
    """A row for each method, the narrowest first, and three columns for each part: coverage, cells below and width."""
    rows = summary[(summary["estimand"] == estimand) & ((summary["n_repeats"] > 1) | summary["method"].isin(SINGLE))]
    rows = rows.assign(method=rows["method"] + [f", {r} repeat{'s' * (r > 1)}" for r in rows["n_repeats"]])
    order = rows.groupby("method")["relative_width"].mean().sort_values().index
    page = pd.DataFrame(index=order)
    for part in (part for part in PARTS if part in set(rows["part"])):
        of_part = rows[rows["part"] == part].set_index("method")
        lowest = (100 * of_part["lowest_coverage"]).map("{:.1f}".format)
        page[f"{part}: lowest coverage, %"] = lowest.where(~of_part["chosen"], "**" + lowest + "**")
        page["cells below" + " " * PARTS.index(part)] = (
            of_part["n_below"].astype(str) + " of " + of_part["n_cells"].astype(str)
        )
        page["width" + " " * PARTS.index(part)] = of_part["relative_width"].map("{:.2f}".format)
    return page.fillna("").rename_axis("method").reset_index().rename(columns=str.strip)
