"""Input of PredictedTeacherFeatures: the target of the scores, the student's scaler, and names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler

from .._distillation._pair_checks import check_pairs
from .._distillation._targets import ClassificationTarget, RegressionTarget, Target
from .._distillation._training_data import stack_tables
from .._validation._columns import Columns
from .._validation._sklearn import ArrayLike, n_samples
from .._validation._table_checks import UNLABELED_PAIRS_NAMES, check_numeric
from .._validation._tables import Table, check_same_columns
from .._validation._target_checks import (
    check_comparable_groups,
    check_continuous_target,
    check_labels,
    check_target,
    encode_labels,
)
from ._data import PairedData
from ._input import add_pairs, check_paired_data, open_pair_tables, teacher_column_indices


def check_one_teacher(teacher_columns: Any) -> None:
    """Raise if the columns are those of several teachers."""
    if isinstance(teacher_columns, Mapping):
        raise ValueError(
            f"teacher_columns is a dict of {', '.join(map(repr, teacher_columns))}, and the features are those of one "
            "teacher. Give the columns of one, or all as a list."
        )


def check_predictor(predictor: BaseEstimator | None) -> None:
    """Raise if it predicts classes."""
    if predictor is not None and is_classifier(predictor):
        raise ValueError(
            f"The predictor {predictor.__class__.__name__} is a classifier, and scores, columns and components are "
            "numbers. Give a regressor."
        )


def check_map_target(
    predicted: str | None, teacher: BaseEstimator | None, y: ArrayLike | None, X: Table
) -> tuple[np.ndarray, Target | None]:
    """The target of a teacher's scores, of the rows of X, and its kind; NaN and None where no scores are predicted."""
    if predicted != "scores":
        return np.full(n_samples(X), np.nan), None
    if y is None:
        raise ValueError(
            "predicted='scores' needs y, which the teacher is fitted to, and y is None. Give y, or set predicted to "
            "'columns' or 'components', which need none."
        )
    if np.ndim(y) == 2 and np.shape(y)[1] > 1:
        is_class = False
    else:
        is_class = check_target(y)[1] if teacher is None else not is_regressor(teacher)
    y = check_labels(y) if is_class else check_continuous_target(y)
    if is_class:
        return y, ClassificationTarget(encode_labels(y)[0])
    return y, RegressionTarget(y.reshape(len(y), -1).shape[1])


def check_teacher_of_pairs(predicted: str, teacher: BaseEstimator | None) -> None:
    """Raise if scores of unlabeled pairs alone are to be predicted and the teacher is yet to be fitted."""
    if predicted == "scores" and not isinstance(teacher, FrozenEstimator):
        raise ValueError(
            "unlabeled_pairs were given without X_teacher, so no labeled row has what the teacher is fitted to. Give "
            "X_teacher; or as teacher a FrozenEstimator, which was fitted to other rows; or set predicted to 'columns' "
            "or 'components', which need no teacher."
        )


def check_map_data(
    X: Table,
    y: np.ndarray,
    sample_weight: ArrayLike | None,
    groups: ArrayLike | None,
    X_teacher: Table | None,
    unlabeled_pairs: tuple[Any, ...] | None,
    student_columns: Columns,
    teacher_columns: Columns,
) -> PairedData:
    """``check_paired_data``, and unlabeled pairs alone where no labeled row has the teacher's modality."""
    if X_teacher is not None or student_columns is not None or unlabeled_pairs is None:
        return check_paired_data(
            X, y, sample_weight, groups, X_teacher, unlabeled_pairs, student_columns, teacher_columns
        )
    data = check_paired_data(X, y, sample_weight, groups, None, None, None, None)
    X_unlabeled, X_teacher, pair_groups = open_pair_tables(unlabeled_pairs)
    names = UNLABELED_PAIRS_NAMES
    complete = check_pairs(data.X, X_teacher, (X_unlabeled, X_teacher), names, ("X", names[1]))
    if pair_groups is not None:
        check_comparable_groups(data.groups, pair_groups, "unlabeled_pairs[2]")
    columns = teacher_column_indices(X_teacher, teacher_columns, None)
    return replace(add_pairs(data, X_unlabeled, X_teacher, pair_groups, complete), teacher_columns=columns)


def pairs_as_rows(data: PairedData, target: Target | None) -> PairedData:
    """The unlabeled pairs alone, as labeled rows, where no other row has the teacher's modality.

    Their labels are all classes in turn: a frozen teacher reads none.
    """
    if target is None:
        y = np.full(data.n_unlabeled, np.nan)
    elif len(target.classes):
        y = np.resize(target.classes, data.n_unlabeled)
    else:
        y = np.zeros((data.n_unlabeled, target.n_outputs))
    has_student = np.ones(data.n_unlabeled, dtype=bool)
    pairs = PairedData(data.X_unlabeled, y, has_student, data.X_teacher_unlabeled, groups=data.unlabeled_groups)
    return replace(pairs, teacher_columns=data.teacher_columns)


def fit_scaler(data: PairedData) -> StandardScaler:
    """A scaler of the student's columns, fitted to labeled rows and unlabeled pairs."""
    parts = [data.X]
    check_numeric(data.X, "X", "student")
    if data.X_unlabeled is not None:
        check_same_columns(data.X, data.X_unlabeled, UNLABELED_PAIRS_NAMES[0], "X")
        check_numeric(data.X_unlabeled, UNLABELED_PAIRS_NAMES[0], "student")
        parts.append(data.X_unlabeled)
    # Centered, a sparse table would be dense.
    scaler = StandardScaler(with_mean=not issparse(data.X)).set_output(transform="default")
    return scaler.fit(stack_tables(parts))


def standardize_student(data: PairedData, scaler: StandardScaler | None) -> PairedData:
    """The data with the student's columns standardized, if there is a scaler."""
    X_unlabeled = None if data.X_unlabeled is None else standardize_table(data.X_unlabeled, scaler)
    return replace(data, X=standardize_table(data.X, scaler), X_unlabeled=X_unlabeled)


def standardize_table(X: Table, scaler: StandardScaler | None) -> Table:
    """A table standardized by a scaler, if there is one; a DataFrame stays one."""
    if scaler is None:
        return X
    values = scaler.transform(X)
    return pd.DataFrame(values, index=X.index, columns=X.columns) if isinstance(X, pd.DataFrame) else values


def check_new_names(names: Iterable[str]) -> None:
    """Raise if a predicted feature has the name of another column."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(
            f"The output would have two columns named {repeated[0]!r}, one of them predicted. Rename the column of X "
            "or of X_teacher."
        )
