"""The model that reads nothing: the shares of the classes, or the mean, of the training rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor

from ._cross_validate import ALONE, Predictions, SplitResult, predict_rows
from ._input import ReportData

MAJORITY, MEAN = "majority class", "mean"


def name_baseline(classes: np.ndarray | None) -> str:
    """Name of the model that reads nothing."""
    return MEAN if classes is None else MAJORITY


def predict_baseline(data: ReportData, train: np.ndarray, rows: np.ndarray) -> Predictions:
    """Predict the class shares of the training rows and the largest class, or the mean, for each of some rows.

    Scores are not weighted, so neither is this.
    """
    model = DummyRegressor() if data.classes is None else DummyClassifier(strategy="prior")
    fitted = model.fit(np.zeros((len(train), 1)), data.y[train])
    return predict_rows(fitted, np.zeros((len(data.y), 1)), rows, data, len(train))


def with_baseline(
    results: Sequence[SplitResult], splits: Sequence[tuple[np.ndarray, np.ndarray]], data: ReportData
) -> list[dict[str, Predictions]]:
    """The predictions of each split, after those of the baseline for the rows that the student alone predicted."""
    name = name_baseline(data.classes)
    return [
        {name: predict_baseline(data, train, result.predictions[ALONE].rows), **result.predictions}
        for (train, _), result in zip(splits, results, strict=True)
    ]


def class_metrics(
    y: np.ndarray, splits: Sequence[dict[str, Predictions]], classes: np.ndarray, row_scores: pd.DataFrame
) -> pd.DataFrame:
    """Balanced accuracy and area under the ROC curve of each model.

    Balanced accuracy is the mean over the classes of the share of their rows that are predicted right. The area of a
    class is the share of pairs of a row of the class and another row, **held out by the same split**, of which the row
    of the class has the higher probability, equal ones counted half: models of different splits have different scales.
    Of two classes both areas are the same; of more this is the mean of one class against the rest.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    splits : sequence of dict of str to Predictions
        For each split the predictions of each model.
    classes : ndarray of shape (n_classes,)
        Sorted.
    row_scores : DataFrame of shape (n_samples, n_models * n_scores)
        Columns (model, score).

    Returns
    -------
    DataFrame
        Index ``model``, columns ``balanced_accuracy`` and ``roc_auc``. NaN for an area without any such pair, as
        where each split holds out a single row, or without probabilities.
    """
    result = {}
    for model in dict.fromkeys(row_scores.columns.get_level_values("model")):
        recall = row_scores[model, "accuracy"].groupby(y).mean()
        predictions = [split[model] for split in splits if model in split]
        result[model] = {"balanced_accuracy": recall.mean(), "roc_auc": _mean_area(y, predictions, classes)}
    return pd.DataFrame.from_dict(result, orient="index").rename_axis("model")


def _mean_area(y: np.ndarray, splits: Sequence[Predictions], classes: np.ndarray) -> float:
    ordered, n_pairs = np.zeros(len(classes)), np.zeros(len(classes))
    for split in splits:
        if split.proba is None:
            continue
        of_class = y[split.rows][:, None] == classes
        for position, (is_class, proba) in enumerate(zip(of_class.T, split.proba.T, strict=True)):
            ordered[position] += _n_ordered(proba[is_class], proba[~is_class])
            n_pairs[position] += is_class.sum() * (~is_class).sum()
    known = n_pairs > 0
    return float((ordered[known] / n_pairs[known]).mean()) if known.any() else np.nan


def _n_ordered(high: np.ndarray, low: np.ndarray) -> float:
    """Number of pairs in which the first is higher, equal ones counted half."""
    in_order = np.sort(low)
    return float((np.searchsorted(in_order, high, "left") + np.searchsorted(in_order, high, "right")).sum() / 2)
