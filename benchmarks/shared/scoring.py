"""Scores of each test row, and paired gains with their standard errors."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

SCORES = ("accuracy", "log_loss", "brier")
LARGER_IS_BETTER = ("accuracy", "r2")
SMALLEST_PROBABILITY = 1e-7


def score_rows(model: Any, X: pd.DataFrame, y: pd.Series) -> dict[str, np.ndarray]:
    """Accuracy, log-loss and Brier score of each test row; a class that the model does not know has probability 0."""
    proba = model.predict_proba(X)
    hit = np.asarray(y)[:, None] == np.asarray(model.classes_)
    return {
        "accuracy": hit[np.arange(len(hit)), proba.argmax(axis=1)].astype(float),
        "log_loss": -np.log((proba * hit).sum(axis=1).clip(SMALLEST_PROBABILITY, 1)),
        "brier": ((proba - hit) ** 2).sum(axis=1) + ~hit.any(axis=1),
    }


def compare(rows: Mapping[str, np.ndarray], alone: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Each score, how much better it is than that of labels only, and the standard error over the test rows."""
    found = {}
    for score, values in rows.items():
        better = values - alone[score] if score in LARGER_IS_BETTER else alone[score] - values
        found[score] = values.mean()
        found[f"{score}_gain"] = better.mean()
        found[f"{score}_gain_error"] = better.std(ddof=1) / np.sqrt(len(better))
    return found


def try_fit(fit: Callable[..., Any], *given: Any) -> tuple[Any, str]:
    """The fitted model, or None and what went wrong: one failure does not end a run of hours."""
    with warnings.catch_warnings():
        # That a cohort lacks a class, or that a small fold has few of one, is what some cells are about.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return fit(*given), ""
        except ValueError as error:
            return None, str(error)
