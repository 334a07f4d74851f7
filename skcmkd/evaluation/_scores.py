"""Scores of each held-out row, and the intervals of their paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._model_selection._intervals import Interval, corrected_rows_interval, split_interval
from .._model_selection._row_scores import brier_score, kl_divergence, log_loss, squared_error
from .._model_selection._standard_errors import overlap_factor
from ._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER, Predictions

# Whether more is better.
HIGHER_IS_BETTER = {"accuracy": 1, "log_loss": -1, "brier": -1, "r2": 1, "squared_error": -1}
# Three repeats of five folds: with five splits the corrected t has 4 degrees of freedom, and is half as wide again.
MIN_SPLITS = 15
INTERVAL = ["gain", "standard_error", "lower", "upper"]
DIFFERENCE = [*INTERVAL, "frac_better", "frac_worse"]


def row_scores(y: np.ndarray, predictions: Predictions, classes: np.ndarray | None) -> dict[str, np.ndarray]:
    """Scores of each row that a model predicted; NaN where they need probabilities and there are none."""
    y_true = y[predictions.rows]
    if classes is None:
        return {"squared_error": squared_error(predictions.prediction, y_true)}
    scores = {
        "accuracy": (predictions.prediction == y_true).astype(float),
        "log_loss": np.full(len(y_true), np.nan),
        "brier": np.full(len(y_true), np.nan),
    }
    if predictions.proba is not None:
        codes = np.searchsorted(classes, y_true)
        scores["log_loss"] = log_loss(predictions.proba, codes)
        scores["brier"] = brier_score(predictions.proba, codes)
    return scores


def row_agreement(
    predictions: Predictions, teacher: Predictions, classes: np.ndarray | None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The rows that both a model and the teacher predicted, and how near their predictions are."""
    rows, in_model, in_teacher = np.intersect1d(predictions.rows, teacher.rows, return_indices=True)
    prediction, teacher_prediction = predictions.prediction[in_model], teacher.prediction[in_teacher]
    if classes is None:
        return rows, {"squared_difference": squared_error(prediction, teacher_prediction)}
    divergence = np.full(len(rows), np.nan)
    if predictions.proba is not None and teacher.proba is not None:
        divergence = kl_divergence(teacher.proba[in_teacher], predictions.proba[in_model])
    return rows, {"same_prediction": (prediction == teacher_prediction).astype(float), "kl": divergence}


def collect_row_scores(
    y: np.ndarray, splits: Sequence[dict[str, Predictions]], classes: np.ndarray | None
) -> tuple[pd.DataFrame, pd.DataFrame | None, list[dict[str, float]], pd.DataFrame]:
    """Scores and agreement of each row, averaged over the repeats that held it out, and each split's alpha and means.

    Columns are (model, score). The average comes first, so that rows, not predictions, are counted. There is no
    agreement where no model predicts with the teacher's modality.
    """
    every = pd.RangeIndex(len(y), name="row")
    scores = [_as_columns({n: (p.rows, row_scores(y, p, classes)) for n, p in split.items()}) for split in splits]
    agreement = [
        _as_columns({n: row_agreement(p, split[TEACHER], classes) for n, p in split.items() if n != TEACHER})
        for split in splits
        if split.keys() > {TEACHER}
    ]
    means = [pd.concat(parts).groupby(level=0).mean().reindex(every) for parts in (scores, agreement) if parts]
    alphas = [{name: predictions.alpha for name, predictions in split.items()} for split in splits]
    of_splits = pd.DataFrame([part.mean() for part in scores], index=pd.RangeIndex(len(scores), name="split"))
    return means[0], means[1] if agreement else None, alphas, of_splits


def _as_columns(parts: dict[str, tuple[np.ndarray, dict[str, np.ndarray]]]) -> pd.DataFrame:
    columns = {
        (model, score): pd.Series(values, index=rows)
        for model, (rows, scores) in parts.items()
        for score, values in scores.items()
    }
    return pd.DataFrame(columns).rename_axis(columns=["model", "score"])


@dataclass(frozen=True)
class Design:
    """How a report counts its rows: what may depend on each other, and how many training rows the splits share.

    Attributes
    ----------
    unit_ids : ndarray of shape (n_samples,)
        Rows of a unit (a patient, say) may depend on each other; the units do not.
    confidence : float in (0, 1)
    factor : float
        ``overlap_factor`` of the splits.
    test_train_ratio : float
        n_test / n_train of a split.
    """

    unit_ids: np.ndarray
    confidence: float
    factor: float = 1.0
    test_train_ratio: float = 0.0

    def interval(self, values: np.ndarray, rows: np.ndarray) -> Interval:
        """Interval of the mean of values of some rows, at positions or in a mask."""
        return corrected_rows_interval(values, self.factor, self.confidence, self.unit_ids[rows])

    def interval_of_splits(self, values: np.ndarray, value: float) -> Interval:
        """Interval of the expectation by the mean of each split, NaN where it has none, about the mean of all rows."""
        return split_interval(values[~np.isnan(values)], self.test_train_ratio, self.confidence, value=value)


def compares_splits(model: str, base: str, n_splits: int) -> bool:
    """Whether two models have one distribution if the teacher knows nothing, and enough splits show its variance.

    Rows show what these two draws of it differ by, which is not what the teacher knows.
    """
    return {model, base} == {DISTILLED, SHUFFLED} and n_splits >= MIN_SPLITS


def splits_factor(splits: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """``overlap_factor`` of training and held-out rows of each split."""
    held_out = np.concatenate([test for _, test in splits])
    n_rows = len(np.unique(held_out))
    return overlap_factor(n_rows, float(np.mean([len(train) for train, _ in splits])))


def splits_ratio(splits: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Mean n_test / n_train of the splits."""
    return float(np.mean([len(test) / len(train) for train, test in splits]))


def paired_difference(
    rows: pd.DataFrame,
    model: str,
    score: str,
    design: Design,
    base: str = ALONE,
    *,
    of_splits: pd.DataFrame | None = None,
) -> dict[str, float]:
    """The gain of a model over another on the rows where both were scored; index of the rows their positions.

    With the mean scores of each split the interval is that of the expectation, else that of the models as trained.
    """
    gain = _gain(rows, model, base, score).dropna()
    if of_splits is None:
        interval = design.interval(gain.to_numpy(), gain.index.to_numpy())
    else:
        value = float(gain.mean()) if len(gain) else np.nan
        interval = design.interval_of_splits(_gain(of_splits, model, base, score).to_numpy(), value)
    return {
        "n_rows": len(gain),
        "gain": interval.value,
        "standard_error": interval.standard_error,
        "lower": interval.lower,
        "upper": interval.upper,
        "frac_better": float((gain > 0).mean()) if len(gain) else np.nan,
        "frac_worse": float((gain < 0).mean()) if len(gain) else np.nan,
    }


def _gain(table: pd.DataFrame, model: str, base: str, score: str) -> pd.Series:
    return HIGHER_IS_BETTER[score] * (table[model, score] - table[base, score])


def per_class_differences(rows: pd.DataFrame, y: np.ndarray, classes: np.ndarray, design: Design) -> pd.DataFrame:
    """Scores of each model in each class, and their gains over the student alone."""
    result = {}
    for model in dict.fromkeys(rows.columns.get_level_values("model")):
        for label in classes.tolist():
            in_class = y == label
            part = rows[in_class]
            metrics: dict[str, float] = {"n_rows": int(part[model, "accuracy"].notna().sum())}
            for score, name in (("accuracy", "recall"), ("log_loss", "log_loss"), ("brier", "brier")):
                metrics[name] = part[model, score].mean()
                difference = paired_difference(part, model, score, design)
                metrics |= {f"{name}_{end}": np.nan if model == ALONE else difference[end] for end in INTERVAL}
            result[model, label] = metrics
    return pd.DataFrame.from_dict(result, orient="index").rename_axis(["model", "class"])


def mean_agreement(agreement_rows: pd.DataFrame) -> pd.DataFrame:
    """Agreement with the teacher, a row a model; the root of a mean squared difference."""
    result = {}
    for model in dict.fromkeys(agreement_rows.columns.get_level_values("model")):
        rows = agreement_rows[model]
        means = rows.mean()
        if "squared_difference" in means:
            means = pd.Series({"root_mean_squared_difference": np.sqrt(means["squared_difference"])})
        result[model] = {"n_rows": int(rows.iloc[:, 0].notna().sum()), **means}
    return pd.DataFrame.from_dict(result, orient="index").rename_axis("model")


def add_r2(
    rows: pd.DataFrame, names: tuple[str, ...], y: np.ndarray, of_splits: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """With a column r2 = 1 - error / Var(y) for each of the models, on the rows where all of them were scored.

    Var(y) is that of these rows, in the means of each split too, so that means over rows are R^2, and differences are
    paired.
    """
    scored = np.all([rows[name, "squared_error"].notna() for name in names], axis=0)
    spread = y[scored].var() if scored.any() else 0.0
    with_r2 = rows.join(_r2(rows[scored], names, spread))
    return with_r2, None if of_splits is None else of_splits.join(_r2(of_splits, names, spread))


def _r2(table: pd.DataFrame, names: tuple[str, ...], spread: float) -> pd.DataFrame:
    return pd.DataFrame({(name, "r2"): 1 - table[name, "squared_error"] / (spread or np.nan) for name in set(names)})
