"""Which interval holds in every cell, and which of those is the narrowest."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from settings import CONFIDENCE, LINEAR, REPORT, SELECTOR

# The scores that decide.
DECISIVE = {REPORT: ("brier", "squared_error"), SELECTOR: ("advantage", "added")}
# How far coverage may fall below the confidence.
TOLERANCE = 0.02
ESTIMANDS = {"models": "models as trained", "expected": "expectation at this size"}
CELL = ["product", "gain", "target", "n_rows", "grouped", "student", "score"]
METHOD = ["method", "n_repeats"]
# Gains of zero by construction, by score: an interval above the threshold there is an error.
NULLS = {("null", "brier"), ("null", "squared_error"), ("tie", "advantage"), ("noise", "added")}


def decisive_rows(table: pd.DataFrame, product: str) -> pd.DataFrame:
    """Rows of a product by the scores that decide, with the width by that of one repeat's "wald"."""
    rows = table[(table["product"] == product) & table["score"].isin(DECISIVE[product])]
    base = rows[(rows["method"] == "wald") & (rows["n_repeats"] == 1)]
    base = base.set_index([*CELL, "estimand"])["width"].rename("base_width")
    rows = rows.join(base, on=[*CELL, "estimand"])
    return rows.assign(relative_width=rows["width"] / rows["base_width"])


def describe_cell(row: pd.Series) -> str:
    """A cell in words."""
    parts = [row["gain"], row["target"], f"{row['n_rows']} rows"]
    parts += ["groups"] * bool(row["grouped"]) + ([] if row["student"] == LINEAR else [row["student"]])
    return ", ".join([*parts, row["score"]])


def summarize_methods(table: pd.DataFrame, product: str) -> pd.DataFrame:
    """One row for each estimand and method: coverage and width over the cells, and whether it is the choice."""
    confidence, summary = CONFIDENCE[product], []
    for (estimand, method, n_repeats), rows in decisive_rows(table, product).groupby(["estimand", *METHOD]):
        worst = rows.loc[rows["coverage"].idxmin()]
        is_null = [key in NULLS for key in zip(rows["gain"], rows["score"], strict=True)]
        error = np.sqrt(rows["coverage"] * (1 - rows["coverage"]) / rows["n_draws"])
        least = confidence - TOLERANCE
        summary.append(
            {
                "product": product,
                "estimand": estimand,
                "method": method,
                "n_repeats": n_repeats,
                "confidence": confidence,
                "n_cells": len(rows),
                "lowest_coverage": worst["coverage"],
                "lowest_in": describe_cell(worst),
                "median_coverage": rows["coverage"].median(),
                "highest_coverage": rows["coverage"].max(),
                "n_below": int((rows["coverage"] < least).sum()),
                "n_clearly_below": int((rows["coverage"] + 2 * error < least).sum()),
                "relative_width": np.exp(np.log(rows["relative_width"]).mean()),
                "highest_size": rows.loc[is_null, "above_threshold"].max(),
            }
        )
    summary = pd.DataFrame(summary)
    return summary.assign(chosen=is_chosen(summary))


def is_chosen(summary: pd.DataFrame, by: Sequence[str] = ("product", "estimand")) -> pd.Series:
    """The narrowest method of each estimand among those without a cell below, where it was run in the most cells."""
    chosen = pd.Series(False, index=summary.index)
    for _, rows in summary.groupby(list(by)):
        # Cells of a slow student have one repeat alone.
        most = rows.groupby("n_repeats")["n_cells"].transform("max")
        holds = rows[(rows["n_below"] == 0) & (rows["n_cells"] == most)]
        if len(holds):
            chosen[holds["relative_width"].idxmin()] = True
    return chosen


def as_page(summary: pd.DataFrame) -> pd.DataFrame:
    """The summary as a table to read: the narrowest first, shares in percent."""
    summary = summary[summary["estimand"] != "modalities"].sort_values(["product", "estimand", "relative_width"])

    def percent(name: str) -> pd.Series:
        return (100 * summary[name]).map(lambda value: "" if np.isnan(value) else f"{value:.1f}")

    return pd.DataFrame(
        {
            "of": summary["product"],
            "interval of": summary["estimand"].map(ESTIMANDS),
            "method": summary["method"] + [", 1 repeat" if r == 1 else f", {r} repeats" for r in summary["n_repeats"]],
            "chosen": summary["chosen"].map({True: "yes", False: ""}),
            "cells": summary["n_cells"],
            "lowest coverage": percent("lowest_coverage"),
            "in": summary["lowest_in"],
            "median": percent("median_coverage"),
            "cells below": summary["n_below"].astype(str) + " (" + summary["n_clearly_below"].astype(str) + ")",
            "width": summary["relative_width"].map("{:.2f}".format),
            "above 0 at no gain": percent("highest_size"),
        }
    )
