"""Scores of each held-out row, and the intervals of their paired differences."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.special import xlogy
from scipy.stats import t as t_distribution

from .._model_selection._resampling import error_of_mean
from ._cross_validate import ALONE, TEACHER, Answers

# Whether more is better.
SIGN = {"accuracy": 1, "log_loss": -1, "brier": -1, "r2": 1, "squared_error": -1}
INTERVAL = ["gain", "standard_error", "lower", "upper"]
DIFFERENCE = [*INTERVAL, "better", "worse"]
SMALLEST = np.finfo(np.float64).eps


def score_rows(y: np.ndarray, answers: Answers, classes: np.ndarray | None) -> dict[str, np.ndarray]:
    """Scores of each row that a model was asked about; NaN where they need probabilities and there are none."""
    truth = y[answers.rows]
    if classes is None:
        return {"squared_error": (truth - answers.prediction) ** 2}
    scores = {
        "accuracy": (answers.prediction == truth).astype(float),
        "log_loss": np.full(len(truth), np.nan),
        "brier": np.full(len(truth), np.nan),
    }
    if answers.proba is not None:
        own = np.searchsorted(classes, truth)
        said = answers.proba[np.arange(len(truth)), own]
        scores["log_loss"] = -np.log(np.clip(said, SMALLEST, 1))
        scores["brier"] = ((answers.proba - (truth[:, None] == classes)) ** 2).sum(axis=1)
    return scores


def agree_rows(
    answers: Answers, teacher: Answers, classes: np.ndarray | None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The rows that both a model and the teacher were asked about, and how near their answers are."""
    rows, own, others = np.intersect1d(answers.rows, teacher.rows, return_indices=True)
    prediction, teachers = answers.prediction[own], teacher.prediction[others]
    if classes is None:
        return rows, {"squared_difference": (prediction - teachers) ** 2}
    divergence = np.full(len(rows), np.nan)
    if answers.proba is not None and teacher.proba is not None:
        q, p = teacher.proba[others], np.clip(answers.proba[own], SMALLEST, 1)
        divergence = (xlogy(q, q) - xlogy(q, p)).sum(axis=1)
    return rows, {"same_prediction": (prediction == teachers).astype(float), "kl": divergence}


def gather_rows(
    y: np.ndarray, folds: Iterable[dict[str, Answers]], classes: np.ndarray | None
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, float]]]:
    """Scores and agreement of each row, averaged over the repeats that held it out, and each fold's alpha.

    Columns are (model, score). The average comes first, so that rows, not answers, are counted.
    """
    scored: list[pd.DataFrame] = []
    agreed: list[pd.DataFrame] = []
    alphas = []
    for answers in folds:
        teacher = answers[TEACHER]
        scored.append(_as_columns({n: (a.rows, score_rows(y, a, classes)) for n, a in answers.items()}))
        agreed.append(_as_columns({n: agree_rows(a, teacher, classes) for n, a in answers.items() if n != TEACHER}))
        alphas.append({name: a.alpha for name, a in answers.items()})
    every = pd.RangeIndex(len(y), name="row")
    rows, agreement = (pd.concat(parts).groupby(level=0).mean().reindex(every) for parts in (scored, agreed))
    return rows, agreement, alphas


def _as_columns(parts: dict[str, tuple[np.ndarray, dict[str, np.ndarray]]]) -> pd.DataFrame:
    columns = {
        (model, score): pd.Series(values, index=rows)
        for model, (rows, scores) in parts.items()
        for score, values in scores.items()
    }
    return pd.DataFrame(columns).rename_axis(columns=["model", "score"])


def mean_interval(values: np.ndarray, unit_of: np.ndarray, confidence: float) -> tuple[float, float, float, float]:
    """A mean over rows, its standard error, and Student's interval of it.

    Rows of a unit (a patient, say) may depend on each other; the units do not.
    """
    n_rows = len(values)
    if n_rows == 0:
        return np.nan, np.nan, np.nan, np.nan
    mean = float(values.mean())
    n_units = len(np.unique(unit_of))
    if n_units < 2:
        return mean, np.nan, np.nan, np.nan
    error = error_of_mean(values, unit_of)
    margin = float(t_distribution.ppf((1 + confidence) / 2, n_units - 1)) * error
    return mean, error, mean - margin, mean + margin


def compare_rows(
    rows: pd.DataFrame, model: str, score: str, unit_of: np.ndarray, confidence: float, base: str = ALONE
) -> dict[str, float]:
    """The gain of a model over another on the rows where both were scored."""
    gain = (SIGN[score] * (rows[model, score] - rows[base, score])).to_numpy()
    both = ~np.isnan(gain)
    gain = gain[both]
    mean, error, lower, upper = mean_interval(gain, unit_of[both], confidence)
    return {
        "n_rows": int(both.sum()),
        "gain": mean,
        "standard_error": error,
        "lower": lower,
        "upper": upper,
        "better": float((gain > 0).mean()) if len(gain) else np.nan,
        "worse": float((gain < 0).mean()) if len(gain) else np.nan,
    }


def compare_classes(
    rows: pd.DataFrame, y: np.ndarray, classes: np.ndarray, unit_of: np.ndarray, confidence: float
) -> pd.DataFrame:
    """Scores of each model in each class, and their gains over the student alone."""
    found = {}
    for model in dict.fromkeys(rows.columns.get_level_values("model")):
        for label in classes.tolist():
            own = y == label
            part = rows[own]
            figures: dict[str, float] = {"n_rows": int(part[model, "accuracy"].notna().sum())}
            for score, name in (("accuracy", "recall"), ("log_loss", "log_loss")):
                figures[name] = part[model, score].mean()
                difference = compare_rows(part, model, score, unit_of[own], confidence)
                figures |= {f"{name}_{end}": np.nan if model == ALONE else difference[end] for end in INTERVAL}
            found[model, label] = figures
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(["model", "class"])


def mean_agreement(row_agreement: pd.DataFrame) -> pd.DataFrame:
    """Agreement with the teacher, a row a model; the root of a mean squared difference."""
    found = {}
    for model in dict.fromkeys(row_agreement.columns.get_level_values("model")):
        rows = row_agreement[model]
        means = rows.mean()
        if "squared_difference" in means:
            means = pd.Series({"root_mean_squared_difference": np.sqrt(means["squared_difference"])})
        found[model] = {"n_rows": int(rows.iloc[:, 0].notna().sum()), **means}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("model")


def add_explained(rows: pd.DataFrame, names: tuple[str, ...], y: np.ndarray) -> pd.DataFrame:
    """With a column r2 = 1 - error / Var(y) for each of the models, on the rows where all of them were scored.

    Var(y) is that of these rows, so that means over them are R^2, and differences are paired.
    """
    scored = np.all([rows[name, "squared_error"].notna() for name in names], axis=0)
    spread = y[scored].var() if scored.any() else 0.0
    r2 = {(name, "r2"): (1 - rows[name, "squared_error"] / (spread or np.nan)).where(scored) for name in set(names)}
    return rows.join(pd.DataFrame(r2))
