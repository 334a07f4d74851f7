"""One teacher or several: which columns each sees, and how their opinions are pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from .._distillation._targets import ClassTarget, Target
from .._validation._columns import Columns, column_positions, drop_teacher_columns
from .._validation._sklearn import feature_names, n_columns_of
from .._validation._table_checks import measured_rows
from .._validation._tables import Table, stack_columns, take_columns
from ..information import class_information, gaussian, label_information
from ._pairs import Pairs

# Without an upper limit a teacher that is never needed would be sent to a weight of exactly 0 in endless steps.
LARGEST_LOG_RATIO = 12.0


@dataclass
class TeacherSide:
    """A teacher and what it sees, row for row with the pairs: of labelled rows, and of pairs without a label."""

    name: str
    model: BaseEstimator
    X: Table
    measured: np.ndarray
    X_unlabeled: Table | None
    unlabeled_measured: np.ndarray


def teacher_positions(
    X: Table, teacher_columns: Columns | Mapping[str, Columns], student_positions: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Positions of each teacher's columns in the teacher's table.

    X is the teacher's table, or, where the student's positions are given, the table of both modalities. Of such a
    table a selector before may have taken a teacher away: a modality none of whose names is there is left out.
    """
    several = isinstance(teacher_columns, Mapping)
    named = teacher_columns if several else {"": teacher_columns}
    table = "X_teacher" if student_positions is None else "X"
    present = set(() if feature_names(X) is None else feature_names(X))
    others = np.arange(n_columns_of(X))
    if student_positions is not None:
        others = np.setdiff1d(others, student_positions)
    place = np.full(n_columns_of(X), -1)
    place[others] = np.arange(len(others))
    positions = {}
    for name, columns in named.items():
        what = f"teacher_columns[{name!r}]" if several else "teacher_columns"
        if student_positions is not None and _is_absent(columns, present):
            continue
        own = column_positions(X, columns, what, table)
        if (place[own] < 0).any():
            raise ValueError(f"{what} and student_columns share columns of X; give each column to one of the two.")
        positions[name] = place[own]
    return positions


def _is_absent(columns: Columns, present: set[str]) -> bool:
    named = not callable(columns) and not isinstance(columns, (slice, range)) and len(present) > 0
    columns = [columns] if isinstance(columns, str) else columns
    return named and len(columns) > 0 and all(isinstance(column, str) and column not in present for column in columns)


def gather_sides(
    pairs: Pairs, models: Mapping[str, BaseEstimator], positions: Mapping[str, np.ndarray], *, sees_student: bool
) -> list[TeacherSide]:
    """Each teacher with its columns, and with the student's beside them where it is to see both.

    A ready teacher that was fitted to a table with fewer named columns gets those.
    """
    sides = []
    for name, own in positions.items():
        tables = [_own_columns(table, own) for table in (pairs.X_teacher, pairs.X_teacher_unlabeled)]
        frozen = isinstance(models[name], FrozenEstimator)
        if frozen and not sees_student:
            tables = [_columns_of_fit(table, models[name]) for table in tables]
        X, X_unlabeled = tables
        measured = measured_rows(X)
        unlabeled_measured = np.zeros(0, dtype=bool) if X_unlabeled is None else measured_rows(X_unlabeled)
        if not measured.any():
            raise ValueError(f"The columns of teacher {name!r} are missing in all rows: nothing to learn from.")
        if sees_student:
            measured = measured & pairs.studied
            X = stack_columns(pairs.X, X)
            X_unlabeled = None if X_unlabeled is None else stack_columns(pairs.X_unlabeled, X_unlabeled)
            if frozen:
                X, X_unlabeled = (_columns_of_fit(table, models[name]) for table in (X, X_unlabeled))
        sides.append(TeacherSide(name, models[name], X, measured, X_unlabeled, unlabeled_measured))
    return sides


def _own_columns(X: Table | None, own: np.ndarray) -> Table | None:
    """Columns of a table; the table itself, and no copy of it, where they are all of them in their order."""
    if X is None or np.array_equal(own, np.arange(n_columns_of(X))):
        return X
    return take_columns(X, own)


def _columns_of_fit(X: Table | None, model: BaseEstimator) -> Table | None:
    """The columns that a ready model was fitted to, by name; the table as it is where either has no names."""
    names = getattr(model, "feature_names_in_", None)
    if X is None or names is None or feature_names(X) is None:
        return X
    try:
        return drop_teacher_columns(X, names)
    except ValueError as error:
        raise ValueError(
            f"The ready teacher {model.estimator.__class__.__name__} was fitted to {len(names)} columns that are not "
            f"all in the teacher's table: {str(error).partition('columns: ')[2].partition('. Give')[0]}. Name the "
            "columns as they were named then."
        ) from error


def pool(opinions: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Linear pool sum_m w_m q_m / sum_m w_m of each row over the teachers that it was measured on.

    An opinion of NaN was not given; a row without any keeps NaN.
    """
    if len(opinions) == 1:
        return opinions[0]
    given = np.stack([~np.isnan(opinion).any(axis=1) for opinion in opinions])
    share = given * weights[:, None]
    # Rows that only teachers of weight 0 know have no opinion.
    total = share.sum(axis=0)
    mixed = sum(s[:, None] * np.nan_to_num(opinion) for s, opinion in zip(share, opinions, strict=True))
    return np.where(total[:, None] > 0, mixed / np.where(total > 0, total, 1.0)[:, None], np.nan)


def learn_weights(
    opinions: Sequence[np.ndarray], y: np.ndarray, target: Target, sample_weight: np.ndarray | None = None
) -> np.ndarray:
    """Weights whose pool has the least mean loss on rows that no teacher has seen: Brier score, or squared error."""
    known = ~np.all([np.isnan(opinion).any(axis=1) for opinion in opinions], axis=0)
    row_weight = None if sample_weight is None else sample_weight[known]
    opinions = [opinion[known] for opinion in opinions]

    def weights_of(log_ratios: np.ndarray) -> np.ndarray:
        return softmax(np.concatenate([[0.0], log_ratios]).clip(-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO))

    found = minimize(
        lambda log_ratios: np.average(
            target.losses(pool(opinions, weights_of(log_ratios)), y[known]), weights=row_weight
        ),
        np.zeros(len(opinions) - 1),
    )
    return weights_of(found.x)


def gap_weights(opinions: Sequence[np.ndarray], student: np.ndarray, y: np.ndarray, target: Target) -> np.ndarray:
    """Weights in proportion to each teacher's complementarity gap I(T; S) - I(S; Y) on its rows, where it is positive.

    All informations are of out-of-fold opinions. With no positive gap the teacher with the largest has all of the
    weight.
    """
    gaps = np.empty(len(opinions))
    for place, opinion in enumerate(opinions):
        rows = ~np.isnan(opinion).any(axis=1) & ~np.isnan(student).any(axis=1)
        if not rows.any():
            raise ValueError(
                f"Teacher {place} of {len(opinions)} was measured on no row that the student was measured on, so "
                "teacher_weights='gap' has nothing to compare. Use 'learned', 'equal' or a dict."
            )
        gaps[place] = _gap(opinion[rows], student[rows], y[rows], target)
    if (gaps > 0).any():
        return gaps.clip(min=0) / gaps.clip(min=0).sum()
    return (np.arange(len(gaps)) == gaps.argmax()).astype(float)


def _gap(opinion: np.ndarray, student: np.ndarray, y: np.ndarray, target: Target) -> float:
    if isinstance(target, ClassTarget):
        codes = np.searchsorted(target.classes, y)
        return class_information(opinion, student) - label_information(student, codes)
    return gaussian(opinion, student) - gaussian(student, y.reshape(len(y), -1))


def check_weights(teacher_weights: Any, teacher_columns: Any) -> None:
    """Raise unless fixed weights name the teachers of ``teacher_columns``, are finite, not negative and not all 0."""
    if isinstance(teacher_weights, str):
        return
    known = list(teacher_columns) if isinstance(teacher_columns, Mapping) else []
    odd = sorted(set(known) ^ set(teacher_weights))
    if odd:
        raise ValueError(
            f"teacher_weights as a dict must name the teachers of teacher_columns as a dict, "
            f"{', '.join(map(repr, known)) or 'which is none'}; not in both: {', '.join(map(repr, odd))}."
        )
    numbers = all(isinstance(weight, Real) for weight in teacher_weights.values())
    weights = np.array(list(teacher_weights.values()), dtype=np.float64) if numbers else np.full(1, np.nan)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ValueError(f"teacher_weights={teacher_weights!r} must be finite, not negative, and not all 0.")


def given_weights(teacher_weights: Any, names: Sequence[str]) -> np.ndarray:
    """Fixed weights of some of the teachers, or equal ones; they add up to 1."""
    if isinstance(teacher_weights, str):
        return np.full(len(names), 1 / len(names))
    weights = np.array([teacher_weights[name] for name in names], dtype=np.float64)
    if not weights.any():
        raise ValueError(f"teacher_weights={teacher_weights!r} gives 0 to all teachers that are there: {list(names)}.")
    return weights / weights.sum()
