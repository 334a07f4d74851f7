"""What the paired distillers are given, checked: parameters, tables, student and teachers."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from .._distillation._delegate import check_kind, check_student_values, clone_or_network, seed_of
from .._distillation._fit_student import check_student_of_weights
from .._distillation._objectives import Objective
from .._distillation._targets import ClassTarget, Target
from .._model_selection._pipelines import final_step, takes
from .._validation._columns import column_positions
from .._validation._sklearn import N_JOBS, ArrayLike, HasMethods, Interval, StrOptions, n_columns_of, set_seeds
from .._validation._table_checks import NAMES, check_missing_values, check_text_columns, measured_rows
from .._validation._tables import Table, as_table, check_same_index, take_rows
from .._validation._target_checks import check_groups, check_groups_of_pairs, check_sample_weight
from ..networks._mlp import NetworkClassifier
from ._pairs import Pairs, Unlabeled, check_pairs, check_teacher_table, check_two_tables, split_one_table
from ._teachers import TeacherSide, gather_sides, teacher_positions

AUTO, ANALYTIC = "auto", "analytic"
EQUAL, GAP, LEARNED = "equal", "gap", "learned"
# What both paired distillers may be given.
PARAMETERS: dict[str, Any] = {
    "student": [HasMethods(["fit", "predict"]), None],
    "teacher": [HasMethods(["fit", "predict"]), dict, None],
    "student_columns": "no_validation",
    "teacher_columns": "no_validation",
    "teacher_sees": [StrOptions({"teacher", "both"})],
    "teacher_weights": [StrOptions({EQUAL, GAP, LEARNED}), dict],
    "alpha": [Interval(Real, 0, 1, closed="both"), StrOptions({AUTO, ANALYTIC})],
    "cv": ["cv_object"],
    "n_jobs": N_JOBS,
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


@dataclass
class Given:
    """What ``fit`` was given, as two tables: the student's, and the teacher's or None."""

    X: Table
    X_teacher: Table | None
    unlabeled: Unlabeled | None
    teacher_positions: dict[str, np.ndarray]
    sample_weight: np.ndarray | None = None
    groups: np.ndarray | None = None


def open_tables(
    distiller: Any,
    X: Table,
    y: ArrayLike,
    X_teacher: Table | None,
    unlabeled_pairs: tuple[Any, ...] | None,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> Given:
    """Check what ``fit`` was given, in either form; sets the distiller's names and positions of columns."""
    X = as_table(X, estimator=distiller)
    teacher_columns = getattr(distiller, "teacher_columns", None)
    distiller._student_positions = None
    positions: dict[str, np.ndarray] = {}
    if distiller.student_columns is None:
        X_teacher, unlabeled = check_two_tables(X_teacher, unlabeled_pairs)
        if X_teacher is not None and teacher_columns is not None:
            positions = teacher_positions(X_teacher, teacher_columns, None)
    else:
        distiller._student_positions = column_positions(X, distiller.student_columns, "student_columns")
        distiller._n_table_columns = n_columns_of(X)
        if teacher_columns is not None:
            positions = teacher_positions(X, teacher_columns, distiller._student_positions)
        X, X_teacher, unlabeled = split_one_table(X, distiller._student_positions, X_teacher, unlabeled_pairs)
        if teacher_columns is not None and X_teacher is not None and not positions:
            raise ValueError(
                f"teacher_columns={reprlib.repr(teacher_columns)} names none of the columns of X, and X has "
                f"{n_columns_of(X_teacher)} columns that are not the student's. Name the teacher's columns as X does."
            )
    if X_teacher is not None and teacher_columns is None:
        positions = {"": np.arange(n_columns_of(X_teacher))}
    validate_data(distiller, X, y, skip_check_array=True)
    check_same_index(X, y, "y")
    check_same_index(X, sample_weight, "sample_weight")
    weight, groups = check_sample_weight(sample_weight, X), check_groups(groups, X)
    if unlabeled is not None and unlabeled.groups is not None:
        name = NAMES[1] if distiller.student_columns is not None else "unlabeled_pairs[2]"
        if not takes(distiller, "groups"):
            raise ValueError(f"{name} names groups, and {distiller.__class__.__name__} takes none. Leave them out.")
        check_groups_of_pairs(groups, unlabeled.groups, name)
    return Given(X, X_teacher, unlabeled, positions, weight, groups)


def make_models(distiller: Any, names: list[str]) -> tuple[BaseEstimator, dict[str, BaseEstimator]]:
    """Unfitted copies of the student and of the teacher of each name, with the distiller's seed."""
    seed = seed_of(distiller.random_state)
    network = distiller._default_student
    student = set_seeds(clone_or_network(distiller.student, network), seed)
    given = distiller.teacher
    if isinstance(given, Mapping):
        named = isinstance(distiller.teacher_columns, Mapping)
        unknown = sorted(set(names) - set(given))
        if unknown or not named:
            raise ValueError(
                f"teacher is a dict of {', '.join(map(repr, given))}; it needs teacher_columns as a dict of the same "
                f"names{f', and lacks {unknown[0]!r}' if named else ', and that is no dict'}."
            )
    return student, {
        name: set_seeds(clone_or_network(given[name] if isinstance(given, Mapping) else given, network), seed)
        for name in names
    }


def check_given(
    distiller: Any,
    target: Target,
    given: Given,
    y: np.ndarray,
    student: BaseEstimator,
    teachers: Mapping[str, BaseEstimator],
) -> tuple[Pairs, list[TeacherSide]]:
    """Raise on what student and teachers cannot take."""
    X = given.X
    check_kind(student, classes=isinstance(target, ClassTarget))
    if given.sample_weight is not None:
        check_student_of_weights(student, "sample_weight or class_weight")
    if given.X_teacher is None:
        # In the one-table form a selector may have taken the teacher away, and left rows that it alone was measured on.
        alone = np.ones(len(y), dtype=bool) if distiller.student_columns is None else measured_rows(X)
        studied = alone if alone.any() else ~alone
        unmeasured = np.zeros(len(y), dtype=bool)
        pairs = Pairs(X, y, None, unmeasured, studied, sample_weight=given.sample_weight, groups=given.groups)
        sides = []
    else:
        pairs = check_pairs(X, y, given.X_teacher, given.unlabeled, given.sample_weight, given.groups)
        sees_student = distiller.teacher_sees == "both"
        sides = gather_sides(pairs, teachers, given.teacher_positions, sees_student=sees_student)
        for side in sides:
            target.check_teacher(side.model)
            check_teacher_table(side.model, side.X, side.measured)
            if side.unlabeled_measured.any():
                further = take_rows(side.X_unlabeled, side.unlabeled_measured)
                check_text_columns(further, side.model, NAMES[1], "teacher")
                check_missing_values(further, side.model, NAMES[1], "teacher")
    check_student_values(take_rows(X, pairs.studied), student)
    if pairs.X_unlabeled is not None:
        check_text_columns(pairs.X_unlabeled, student, NAMES[0], "student")
        check_missing_values(pairs.X_unlabeled, student, NAMES[0], "student")
    unstudied = np.setdiff1d(target.classes, y[pairs.studied]).tolist()
    if unstudied:
        raise ValueError(
            f"Class {unstudied[0]!r} has rows of the teacher's table alone: X is missing throughout in all of them, so "
            "no student can learn it. Leave these rows out."
        )
    return pairs, sides


def check_objective(objective: Objective | None, student: BaseEstimator, alpha: float | str) -> None:
    """Raise when another objective than soft targets is asked of a student that is no network, or trains no head."""
    model = final_step(student)
    if objective is None or objective.is_soft_targets:
        return
    if alpha == ANALYTIC:
        raise ValueError(
            f"alpha={ANALYTIC!r} is a formula for soft targets. Set alpha to a number or to {AUTO!r} for "
            f"objective={[term for term, _ in objective.terms]!r}."
        )
    if alpha == 1 and objective.sees_features_alone:
        raise ValueError(
            f"With alpha=1 and objective={[term for term, _ in objective.terms]!r} nothing trains the student's last "
            "layer. Lower alpha, or add ('soft_targets', 1.0) to the objective."
        )
    if not isinstance(model, NetworkClassifier):
        raise ValueError(
            f"objective={[term for term, _ in objective.terms]!r} needs a network as student, and "
            f"{model.__class__.__name__} is none. Use NetworkClassifier, or objective='soft_targets'."
        )
