"""Which models a report compares: one description for each kind of estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from .._distillation._delegate import clone_or_default, resolve_seed
from .._model_selection._pipelines import final_estimator
from .._validation._sklearn import set_random_states
from .._validation._tables import Table, as_table, check_same_rows
from .._validation._target_checks import pop_groups
from ._cross_validate import ReportModels
from ._input import ReportData, check_side_tables
from ._paired import PairedModels
from ._pipeline import PipelineModels, check_transform_input
from ._unpaired import UnpairedModels

REMEDY = "Give a PairedDistiller, a PairedDistillerRegressor or a Pipeline that ends in one, or an UnpairedDistiller."


def check_estimator(estimator: BaseEstimator) -> None:
    """Raise unless the estimator is a distiller, or a Pipeline that ends in one of paired tables."""
    if isinstance(estimator, type):
        raise ValueError(f"The report needs an estimator, and got the class {estimator.__name__}: write brackets, ().")
    distiller = final_estimator(estimator)
    name = distiller.__class__.__name__
    if is_unpaired(distiller):
        if isinstance(estimator, Pipeline):
            raise ValueError(
                f"A Pipeline before an {name} would transform X alone, and not the tables beside it. Put the "
                "transformers into the student's own pipeline, and give the distiller."
            )
        return
    parameters = distiller.get_params(deep=False) if hasattr(distiller, "get_params") else {}
    lacking = [part for part in ("student", "teacher", "teacher_columns", "alpha") if part not in parameters]
    if lacking or not has_fit_parameter(distiller, "X_teacher"):
        lack = f"has no parameter {lacking[0]!r}" if lacking else "takes no X_teacher in fit"
        raise ValueError(f"The report compares a distiller with its parts, but {name} {lack}. {REMEDY}")
    if not is_classifier(distiller) and not is_regressor(distiller):
        raise ValueError(f"{name} is neither a classifier nor a regressor: there is no score to compare by.")


def is_unpaired(distiller: BaseEstimator) -> bool:
    """Whether a distiller takes the teacher's own cohort."""
    return hasattr(distiller, "fit") and has_fit_parameter(distiller, "teacher_data")


def make_models(
    estimator: BaseEstimator,
    data: ReportData,
    fused: BaseEstimator | str | None,
    *,
    X_teacher: Table | None,
    unlabeled_pairs: tuple[Any, ...] | None,
    teacher_data: tuple[Any, ...] | None,
    unlabeled: tuple[Any, ...] | None,
    bridge: tuple[Any, ...] | None,
) -> ReportModels:
    """The models of an estimator.

    Parameters
    ----------
    estimator, fused, X_teacher, unlabeled_pairs, teacher_data, unlabeled, bridge
        As passed to ``DistillationReport.from_estimator``.
    data : ReportData
    """
    if is_unpaired(estimator):
        return make_unpaired_models(estimator, data, teacher_data, unlabeled, bridge, fused)
    return make_paired_models(estimator, data, X_teacher, unlabeled_pairs, fused)


def make_paired_models(
    estimator: BaseEstimator,
    data: ReportData,
    X_teacher: Table | None,
    unlabeled_pairs: tuple[Any, ...] | None,
    fused: BaseEstimator | str | None,
) -> PairedModels | PipelineModels:
    """The models of a distiller of paired tables, or of a Pipeline that ends in one.

    Parameters
    ----------
    estimator, X_teacher, unlabeled_pairs, fused
        As passed to ``DistillationReport.from_estimator``.
    data : ReportData
    """
    distiller = final_estimator(estimator)
    form = ("(X_unlabeled, X_teacher_unlabeled)", 2) if distiller.student_columns is None else ("(table,)", 1)
    pairs = check_side_tables(unlabeled_pairs, "unlabeled_pairs", *form)
    fused = make_fused_model(fused, distiller)
    X_teacher = None if X_teacher is None else as_table(X_teacher, "X_teacher")
    if isinstance(estimator, Pipeline):
        check_transform_input(estimator, pairs)
        if distiller.student_columns is None and X_teacher is None:
            _raise_no_teacher(distiller)
        return PipelineModels(estimator, data, X_teacher, pairs, fused)
    models = PairedModels(distiller, data, X_teacher, pairs, fused)
    tables = models.tables()
    if tables.X_teacher is None:
        _raise_no_teacher(distiller)
    check_same_rows(tables.X, tables.X_teacher, "X_teacher")
    return models


def make_unpaired_models(
    distiller: BaseEstimator,
    data: ReportData,
    teacher_data: tuple[Any, ...] | None,
    unlabeled: tuple[Any, ...] | None,
    bridge: tuple[Any, ...] | None,
    fused: BaseEstimator | str | None = None,
) -> UnpairedModels:
    """The models of a distiller of unpaired cohorts.

    Parameters
    ----------
    distiller, teacher_data, unlabeled, bridge, fused
        As passed to ``DistillationReport.from_estimator``.
    data : ReportData
    """
    if fused is not None and fused != "teacher":
        raise ValueError(
            f"fused={fused!r} needs rows with both modalities: unpaired cohorts have no fused model. Leave it out."
        )
    if teacher_data is None:
        raise ValueError(
            "There is no teacher's cohort, so nothing to compare the student alone with. Give "
            "teacher_data=(X_teacher, y_teacher)."
        )
    (X_teacher, y_teacher), groups = pop_groups(teacher_data, "teacher_data", "(X_teacher, y_teacher)", 2)
    return UnpairedModels(
        distiller,
        data,
        (as_table(X_teacher, "teacher_data[0]"), y_teacher, *([] if groups is None else [groups])),
        check_side_tables(unlabeled, "unlabeled", "(X_unlabeled,)", 1),
        check_side_tables(bridge, "bridge", "(X_bridge, X_teacher_bridge)", 2),
    )


def check_accepted(distiller: BaseEstimator, params: Mapping[str, Any]) -> None:
    """Raise on data that the distiller's ``fit`` does not take."""
    for name, value in params.items():
        if value is not None and not has_fit_parameter(distiller, name):
            raise ValueError(
                f"{name} was given, and the fit of {distiller.__class__.__name__} takes none. Leave it out."
            )


def make_fused_model(fused: BaseEstimator | str | None, distiller: BaseEstimator) -> BaseEstimator | None:
    """The model of both tables, with the distiller's seed; None where there is none.

    "teacher" is a copy of the distiller's teacher: there is none where that is a dict or frozen, or is one teacher that
    reads both tables already.
    """
    if fused is not None and fused != "teacher" and not hasattr(fused, "fit"):
        raise ValueError(f"fused={fused!r} must be an estimator, 'teacher' or None.")
    if isinstance(fused, str):
        teacher, columns = distiller.teacher, distiller.teacher_columns
        is_single = not isinstance(columns, Mapping) or len(columns) == 1
        reads_both = is_single and distiller.teacher_input == "both"
        if reads_both or isinstance(teacher, (Mapping, FrozenEstimator)):
            return None
        fused = clone_or_default(teacher, distiller._default_student)
    return None if fused is None else set_random_states(clone(fused), resolve_seed(distiller.random_state))


def _raise_no_teacher(distiller: BaseEstimator) -> None:
    lack = "There is no teacher's table, so nothing to compare the student alone with."
    if distiller.student_columns is None:
        remedy = "Give X_teacher, or set the distiller's student_columns where X holds both modalities."
    else:
        remedy = (
            "The table has the student's columns alone: the selector before it kept no teacher, or the "
            "teacher's columns were left out. Train the student alone, or give them, too."
        )
    raise ValueError(f"{lack} {remedy}")
