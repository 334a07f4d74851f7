"""One teacher or several: the unfitted model of each, and its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from .._distillation._delegate import clone_or_default
from .._distillation._select import without_refit
from .._distillation._targets import Target
from .._validation._columns import select_student_columns
from .._validation._sklearn import feature_names, n_features, set_random_states
from .._validation._table_checks import observed_rows
from .._validation._tables import Table, abbreviate, stack_columns, take_columns
from ._data import PairedData

# Names of a single teacher and of the student's own model in ``teacher_weights_``.
TEACHER, STUDENT = "teacher", "student"


@dataclass(frozen=True)
class TeacherInputs:
    """A teacher, unfitted, and its table; or the student's own model, with the student's.

    Attributes
    ----------
    name : str
        Its name in ``teacher_columns``, or ""; "student" of the student's own model.
    model : estimator
    X : table of shape (n_samples, n_columns)
        Row for row with the labeled rows of the ``PairedData``.
    observed : ndarray of shape (n_samples,)
        Mask of the rows that have the teacher's modality.
    X_unlabeled : table of shape (n_unlabeled, n_columns) or None
        Row for row with the unlabeled pairs.
    unlabeled_observed : ndarray of shape (n_unlabeled,)
        Mask of the pairs that have the teacher's modality.
    """

    name: str
    model: BaseEstimator
    X: Table
    observed: np.ndarray
    X_unlabeled: Table | None
    unlabeled_observed: np.ndarray

    @property
    def role(self) -> str:
        return "student" if self.name == STUDENT else "teacher"


def own_model(student: BaseEstimator, data: PairedData, target: Target) -> TeacherInputs | None:
    """The student's own model as a member of the pool; None if it predicts no probabilities of classes."""
    if len(target.classes) and not hasattr(student, "predict_proba"):
        return None
    observed = np.ones(data.n_unlabeled, dtype=bool)
    return TeacherInputs(STUDENT, without_refit(student), data.X, data.has_student, data.X_unlabeled, observed)


def prepare_teachers(
    data: PairedData,
    teacher: BaseEstimator | Mapping[str, BaseEstimator] | None,
    has_names: bool,
    default: type[BaseEstimator],
    teacher_input: str,
    seed: int | None,
) -> list[TeacherInputs]:
    """An unfitted copy of each teacher, with its table.

    Parameters
    ----------
    data : PairedData
    teacher : estimator, dict of them or None
        The distiller's parameter; None is the default.
    has_names : bool
        Whether the parameter ``teacher_columns`` is a dict.
    default : class of an estimator
    teacher_input : {"teacher", "both"}
        "both" adds the student's columns to those of each teacher.
    seed : int or None
    """
    if isinstance(teacher, Mapping):
        unknown = sorted(set(data.teacher_columns) - set(teacher))
        if unknown or not has_names:
            raise ValueError(
                f"teacher is a dict of {', '.join(map(repr, teacher))}; it needs teacher_columns as a dict of the same "
                f"names{f', and lacks {unknown[0]!r}' if has_names else ', and that is no dict'}."
            )
    inputs = []
    for name, positions in data.teacher_columns.items():
        model = clone_or_default(teacher[name] if isinstance(teacher, Mapping) else teacher, default)
        inputs.append(_make_inputs(data, name, set_random_states(model, seed), positions, teacher_input == "both"))
    return inputs


def _make_inputs(data: PairedData, name: str, model: BaseEstimator, positions: np.ndarray, both: bool) -> TeacherInputs:
    """One teacher's table; for a frozen teacher the columns that it was fitted to, by name."""
    X, X_unlabeled = (_take_columns(table, positions) for table in (data.X_teacher, data.X_teacher_unlabeled))
    frozen = isinstance(model, FrozenEstimator)
    if frozen and not both:
        X, X_unlabeled = (_select_feature_names_in(table, model) for table in (X, X_unlabeled))
    observed = observed_rows(X)
    unlabeled_observed = np.zeros(0, dtype=bool) if X_unlabeled is None else observed_rows(X_unlabeled)
    if not observed.any():
        raise ValueError(f"The columns of teacher {name!r} are missing in all rows: nothing to learn from.")
    if both:
        observed = observed & data.has_student
        X = stack_columns(data.X, X)
        X_unlabeled = None if X_unlabeled is None else stack_columns(data.X_unlabeled, X_unlabeled)
        if frozen:
            X, X_unlabeled = (_select_feature_names_in(table, model) for table in (X, X_unlabeled))
    return TeacherInputs(name, model, X, observed, X_unlabeled, unlabeled_observed)


def _take_columns(X: Table | None, positions: np.ndarray) -> Table | None:
    """Columns of a table; the table itself, and no copy of it, if these are all columns in their order."""
    if X is None or np.array_equal(positions, np.arange(n_features(X))):
        return X
    return take_columns(X, positions)


def _select_feature_names_in(X: Table | None, model: BaseEstimator) -> Table | None:
    """The columns that a fitted model was fitted to, by name; the table as it is if either has no names."""
    names = getattr(model, "feature_names_in_", None)
    if X is None or names is None or feature_names(X) is None:
        return X
    known = set(feature_names(X))
    missing = [repr(name) for name in names if name not in known]
    if missing:
        raise ValueError(
            f"The frozen teacher {model.estimator.__class__.__name__} was fitted to {len(names)} columns that are not "
            f"all in the teacher's table: {abbreviate(missing)}. Name the columns as they were named then."
        )
    return select_student_columns(X, names)
