"""Scores of each test row, and paired gains with their standard errors."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from skcmkd._model_selection._standard_errors import standard_error_of_mean

SCORES = ("accuracy", "log_loss", "brier")
LARGER_IS_BETTER = ("accuracy", "r2")
MIN_PROBABILITY = 1e-7


def score_rows(model: Any, X: pd.DataFrame, y: pd.Series) -> dict[str, np.ndarray]:
    """Accuracy, log-loss and Brier score of each test row; a class that is not the model's has probability 0."""
    proba = model.predict_proba(X)
    hit = np.asarray(y)[:, None] == np.asarray(model.classes_)
    return {
        "accuracy": hit[np.arange(len(hit)), proba.argmax(axis=1)].astype(float),
        "log_loss": -np.log((proba * hit).sum(axis=1).clip(MIN_PROBABILITY, 1)),
        "brier": ((proba - hit) ** 2).sum(axis=1) + ~hit.any(axis=1),
    }


def compare(rows: Mapping[str, np.ndarray], alone: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Each score, how much better it is than that of labels only, and the standard error over the test rows."""
    scores = {}
    for score, values in rows.items():
        better = values - alone[score] if score in LARGER_IS_BETTER else alone[score] - values
        scores[score] = values.mean()
        scores[f"{score}_gain"] = better.mean()
        scores[f"{score}_gain_error"] = standard_error_of_mean(better)
    return scores


def try_fit(fit: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
    """The fitted model, or None and the message of its error: one failure does not end a run of hours."""
    with warnings.catch_warnings():
        # Some cells are about cohorts that lack a class, or small folds with few rows of one.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return fit(*arguments), ""
        except ValueError as error:
            return None, str(error)
