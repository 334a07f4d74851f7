"""What the three failure modes share: samples, controls, and gains over the same student alone."""

import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import PairedDistiller
from skcmkd.information import make_default_classifier

# Code that several benchmarks share lies in the folder beside this one.
sys.path.append(str(Path(__file__).parents[1]))
from shared.samples import cut_order, digit_tables, stratified_order
from shared.summaries import interval_over_splits

RESULTS = Path(__file__).parent / "results"
Table = pd.DataFrame | np.ndarray


@dataclass(frozen=True)
class Samples:
    """Labeled rows of both tables, unlabeled pairs or None, and test rows of both tables."""

    X: Table
    X_teacher: Table
    y: Any
    unlabeled_pairs: tuple[Table, Table] | None
    X_test: Table
    X_teacher_test: Table
    y_test: Any


def take(table: Any, rows: np.ndarray) -> Any:
    """Rows of a DataFrame, a Series or an array."""
    return table.iloc[rows] if hasattr(table, "iloc") else table[rows]


def split(X: Table, X_teacher: Table, y: Any, sizes: tuple[int, int, int], order: np.ndarray) -> Samples:
    """Test, labeled and unlabeled rows, in this order of the sizes."""
    test, labeled, unlabeled = cut_order(order, sizes, "The table")
    return Samples(
        take(X, labeled),
        take(X_teacher, labeled),
        take(y, labeled),
        (take(X, unlabeled), take(X_teacher, unlabeled)) if len(unlabeled) else None,
        take(X, test),
        take(X_teacher, test),
        take(y, test),
    )


def split_digits(student: str, teacher: str, sizes: tuple[int, int, int], seed: int) -> Samples:
    """Two views of the handwritten digits, stratified by class."""
    tables, target = digit_tables()
    order = stratified_order(np.ones(len(target), bool), target.to_numpy(), seed)
    return split(tables[student], tables[teacher], target, sizes, order)


def labeled_only(samples: Samples) -> Samples:
    """The same samples without the unlabeled pairs."""
    return replace(samples, unlabeled_pairs=None)


def permute_teacher(samples: Samples, seed: int) -> Samples:
    """The teacher's rows belong to other samples: what it predicts of a row is that of a random one."""
    rng = np.random.RandomState(seed)

    def permute(table: Table) -> Table:
        shuffled = take(table, rng.permutation(len(table)))
        return shuffled.set_axis(table.index) if hasattr(table, "index") else shuffled

    pairs = samples.unlabeled_pairs and (samples.unlabeled_pairs[0], permute(samples.unlabeled_pairs[1]))
    return replace(samples, X_teacher=permute(samples.X_teacher), unlabeled_pairs=pairs)


def tuned_linear(samples: Samples) -> BaseEstimator:
    """A logistic regression with the penalty that suits it alone, chosen on the labels; not fitted."""
    penalty = make_default_classifier().fit(samples.X, samples.y)[-1].C_
    return make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=1000, tol=1e-3))


def distill(student: BaseEstimator, teacher: BaseEstimator, samples: Samples, **settings: Any) -> BaseEstimator:
    """The fitted distiller."""
    model = PairedDistiller(clone(student), clone(teacher), random_state=0, **settings)
    with warnings.catch_warnings():
        # Without unlabeled pairs the default says that it trains the student alone; that is one of the results.
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(samples.X, samples.y, X_teacher=samples.X_teacher, unlabeled_pairs=samples.unlabeled_pairs)


def summarize(
    table: pd.DataFrame, by: list[str], gains: Mapping[str, Callable[[pd.Series], pd.Series]]
) -> pd.DataFrame:
    """Mean gains with 90 % intervals over the seeds; cells of one seed share their samples."""
    rows = []
    for key, part in table.groupby(by, sort=False):
        row = dict(zip(by, key, strict=True)) | {"cells": len(part), "seeds": part["seed"].nunique()}
        for name, scale in gains.items():
            mean, lower, upper = interval_over_splits(scale(part[name]), part["seed"])
            row |= {name: mean, f"{name}_lower": lower, f"{name}_upper": upper}
        rows.append(row)
    return pd.DataFrame(rows)


def points(gain: pd.Series) -> pd.Series:
    """Points of accuracy."""
    return 100 * gain


def nats(gain: pd.Series) -> pd.Series:
    """Nats of log-loss."""
    return gain


def with_interval(row: pd.Series, name: str, form: str = "+.1f") -> str:
    """Mean and interval as text."""
    return f"{row[name]:{form}} ({row[f'{name}_lower']:{form}} to {row[f'{name}_upper']:{form}})"
