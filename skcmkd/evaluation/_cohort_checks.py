"""Checks of a cohort before a study: missing modalities, batches, and unlabeled pairs from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_random_state

from .._model_selection._cross_fitting import cross_fit_proba
from .._model_selection._folds import stratified_folds
from .._model_selection._resampling import permutation_p_value
from .._validation._array_checks import check_same_length
from .._validation._columns import Columns, column_indices
from .._validation._sklearn import ArrayLike, n_samples
from .._validation._table_checks import observed_rows
from .._validation._tables import (
    Table,
    as_table,
    check_same_columns,
    check_same_index,
    stack_rows,
    take_columns,
    take_rows,
)
from .._validation._target_checks import check_groups, check_target
from ..information import make_default_classifier

COLUMNS = ["n_rows", "effect", "p_value", "concern", "advice"]
# Fewer rows of a kind tell nothing.
MIN_ROWS = 10
N_FOLDS = 5
# Two cohorts that are told apart no better than this are alike enough for soft targets.
MIN_AUC = 0.6


def check_cohort(
    X: Table,
    y: ArrayLike,
    modalities: Mapping[str, Columns],
    *,
    batch: ArrayLike | None = None,
    X_unlabeled: Table | None = None,
    level: float = 0.01,
    n_permutations: int = 999,
    random_state: int | np.random.RandomState | None = None,
) -> pd.DataFrame:
    """Check what a study of this cohort could be misled by, with a line of advice for each concern.

    - ``missing by label``: whether a modality is measured more often for some labels. Effect: Cramer's V of measured
      and class, sqrt(chi2 / n), or of a continuous label the correlation ratio; both 0 to 1.
    - ``missing by batch``: the same of batches.
    - ``batch by label``: whether batches differ in the label. Effect: Cramer's V, sqrt(chi2 / (n (k - 1))) with k the
      smaller number of classes and batches, or the correlation ratio.
    - ``unlabeled``: whether rows without a label look like those with one, by a classifier that tells them apart on
      out-of-fold rows from one modality (a two-sample test). Effect: the AUC, 0.5 where they are alike.

    P-values of the first three come from permuted rows, of the last from the ranks of the out-of-fold probabilities.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_samples, n_features)
        Labeled rows, all modalities side by side; a modality that was not measured is missing in the whole row.
    y : array-like of shape (n_samples,)
        Class labels, or a continuous target.
    modalities : dict of str to columns
        Columns of each modality, as in :class:`CCHSelector`.
    batch : array-like of shape (n_samples,), default=None
        Batch of each row, such as the hospital or the plate; None leaves these checks out.
    X_unlabeled : DataFrame or array-like of shape (n_unlabeled, n_features), default=None
        Rows without a label, with the columns of ``X``; None leaves this check out.
    level : float in (0, 1), default=0.01
        A p-value up to this is a concern; with several checks take a small one.
    n_permutations : int, default=999
        Permutations of rows behind a p-value.
    random_state : int, RandomState or None, default=None
        Seed of permutations and folds.

    Returns
    -------
    DataFrame
        Index ``check``, ``subject`` (a modality, or "batch"). ``n_rows``, ``effect``, ``p_value``, ``concern``, and
        ``advice``, empty without a concern. A modality that all rows or none have is not checked for missing rows, and
        one with fewer than 10 labeled or unlabeled rows not against unlabeled ones.

    Raises
    ------
    ValueError
        If tables, labels and batches differ in length or columns, a modality names unknown columns, or ``level`` or
        ``n_permutations`` are out of range.

    Notes
    -----
    Rows count as independent: with several samples of a patient give one row of each. Nothing is said where the p-value
    is above the level: a small cohort has little power.

    References
    ----------
    Lopez-Paz, Oquab. Revisiting classifier two-sample tests. ICLR 2017. Phipson, Smyth. Permutation p-values should
    never be zero. 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd import check_cohort
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(200, random_state=0)
    >>> table = drawn.data.copy()
    >>> table.loc[drawn.target == 1, drawn.modalities["teacher"]] = np.nan
    >>> checks = check_cohort(table, drawn.target, drawn.modalities, random_state=0)
    >>> print(checks.loc[("missing by label", "teacher"), "advice"])
    'teacher' is measured in 100 % of 0 and in 0 % of 1: ask why, and do not read its absence as a result.
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} must lie between 0 and 1, such as 0.01.")
    if n_permutations < 1 / level - 1:
        raise ValueError(
            f"n_permutations={n_permutations!r} gives p-values of 1 / {n_permutations + 1} at least, above "
            f"level={level}. Give {int(np.ceil(1 / level))} or more."
        )
    X, random = as_table(X), check_random_state(random_state)
    check_same_index(X, y, "y")
    labels, is_class = check_target(y)
    check_same_length(X, labels, "y")
    batches = check_groups(batch, X, "batch")
    tables = {
        name: take_columns(X, column_indices(X, columns, f"modalities[{name!r}]"))
        for name, columns in modalities.items()
    }
    rows = list(_check_missing(tables, labels, batches, is_class, n_permutations, random))
    if batches is not None:
        rows.append(_check_batch(labels, batches, is_class, n_permutations, random))
    if X_unlabeled is not None:
        X_unlabeled = as_table(X_unlabeled, "X_unlabeled")
        check_same_columns(X, X_unlabeled, "X_unlabeled", "X")
        rows += _check_unlabeled(X, X_unlabeled, modalities, random)
    index = pd.MultiIndex.from_tuples([row[:2] for row in rows], names=["check", "subject"])
    frame = pd.DataFrame([row[2:] for row in rows], index, columns=["n_rows", "effect", "p_value", "advice"])
    concern = (frame["p_value"] <= level) & ~(
        (index.get_level_values("check") == "unlabeled") & (frame["effect"] < MIN_AUC)
    )
    frame.insert(3, "concern", concern)
    frame["advice"] = frame["advice"].where(concern, "")
    return frame[COLUMNS]


Row = tuple[str, str, int, float, float, str]


def _check_missing(
    tables: Mapping[str, Table],
    labels: np.ndarray,
    batches: np.ndarray | None,
    is_class: bool,
    n_permutations: int,
    random: np.random.RandomState,
) -> Iterator[Row]:
    for name, table in tables.items():
        observed = observed_rows(table)
        if observed.all() or not observed.any():
            continue
        for values, what, has_classes in ((labels, "label", is_class), (batches, "batch", True)):
            if values is None or len(np.unique(values)) < 2:
                continue
            effect, p_value = _association(observed, values, has_classes, n_permutations, random)
            if has_classes:
                where = _shares(observed, values)
            else:
                means = values[observed].mean(), values[~observed].mean()
                where = f"where the label is {means[0]:.3g} on average, and missing where it is {means[1]:.3g}"
            remedy = (
                "ask why, and do not read its absence as a result"
                if what == "label"
                else "compare modalities on the same rows, and give batch as groups to the report"
            )
            yield f"missing by {what}", name, len(observed), effect, p_value, f"{name!r} is measured {where}: {remedy}."


def _check_batch(
    labels: np.ndarray, batches: np.ndarray, is_class: bool, n_permutations: int, random: np.random.RandomState
) -> Row:
    if len(np.unique(batches)) < 2 or len(np.unique(labels)) < 2:
        return "batch by label", "batch", len(labels), 0.0, 1.0, ""
    effect, p_value = _association(batches, labels, is_class, n_permutations, random)
    advice = (
        f"batches differ in the label (effect {effect:.2f}): a model may learn the batch. Give batch as groups to the "
        "report, so that whole batches are held out."
    )
    if is_class and pd.DataFrame({"y": labels, "batch": batches}).groupby("batch")["y"].nunique().max() == 1:
        advice = (
            "each batch holds one class alone: no method can tell batch and label apart. Measure each class in several "
            "batches."
        )
    return "batch by label", "batch", len(labels), effect, p_value, advice


def _check_unlabeled(
    X: Table, X_unlabeled: Table, modalities: Mapping[str, Columns], random: np.random.RandomState
) -> Iterator[Row]:
    both = stack_rows(X, X_unlabeled)
    has_label = np.arange(n_samples(both)) < n_samples(X)
    for name, columns in modalities.items():
        table = take_columns(both, column_indices(both, columns, f"modalities[{name!r}]"))
        observed = observed_rows(table)
        table, labeled = take_rows(table, observed), has_label[observed]
        if min(labeled.sum(), (~labeled).sum()) < MIN_ROWS:
            continue
        folds = stratified_folds(labeled.astype(int), N_FOLDS, shuffle=random)
        model = make_pipeline(SimpleImputer(keep_empty_features=True), make_default_classifier())
        score = cross_fit_proba(model, table, labeled, folds, n_jobs=None)[:, 1]
        test = mannwhitneyu(score[labeled], score[~labeled], alternative="greater")
        auc = float(test.statistic / (labeled.sum() * (~labeled).sum()))
        advice = (
            f"{name!r} tells unlabeled rows from labeled ones (AUC {auc:.2f}): they may come from elsewhere, where "
            "soft targets are wrong. Compare distillation with and without them."
        )
        yield "unlabeled", name, len(labeled), auc, float(test.pvalue), advice


def _association(
    kind: np.ndarray, values: np.ndarray, is_class: bool, n_permutations: int, random: np.random.RandomState
) -> tuple[float, float]:
    """Effect from 0 to 1 of a kind of rows on a class or number, and its p-value by permuted rows."""
    codes = np.unique(kind, return_inverse=True)[1].ravel()
    effect_of = _cramers_v(codes, values) if is_class else _correlation_ratio(codes, values)
    permuted = np.array([effect_of(random.permutation(codes)) for _ in range(n_permutations)])
    effect = effect_of(codes)
    # Permutations that give the same table may differ by rounding.
    return effect, permutation_p_value(effect - 1e-12, permuted)


def _cramers_v(codes: np.ndarray, values: np.ndarray) -> Callable[[np.ndarray], float]:
    """sqrt(chi2 / (n (k - 1))) of kinds of rows, in any order, and classes."""
    classes = np.unique(values, return_inverse=True)[1].ravel()
    expected = np.outer(np.bincount(codes), np.bincount(classes)) / len(codes)
    n_cells, n_classes, scale = expected.size, expected.shape[1], len(codes) * (min(expected.shape) - 1)

    def effect_of(codes: np.ndarray) -> float:
        counts = np.bincount(codes * n_classes + classes, minlength=n_cells).reshape(expected.shape)
        return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / scale))

    return effect_of


def _correlation_ratio(codes: np.ndarray, values: np.ndarray) -> Callable[[np.ndarray], float]:
    """Square root of the share of the variance of numbers that lies between kinds of rows, in any order."""
    deviations, sizes = values - values.mean(), np.bincount(codes)
    total = (deviations**2).sum()
    return lambda codes: float(np.sqrt((np.bincount(codes, deviations) ** 2 / sizes).sum() / total))


def _shares(observed: np.ndarray, classes: np.ndarray) -> str:
    """The classes where a modality is measured most and least often."""
    share = pd.Series(observed).groupby(classes).mean().sort_values(ascending=False, kind="stable")
    most, least = share.index[0], share.index[-1]
    return f"in {100 * share.iloc[0]:.0f} % of {most} and in {100 * share.iloc[-1]:.0f} % of {least}"
