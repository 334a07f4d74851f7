"""The models of a report on a Pipeline that ends in a distiller of paired tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import process_routing

from .._validation._columns import column_indices
from .._validation._tables import Table, stack_rows, take_columns, take_rows
from ..paired._input import split_tables
from ..selection._selector import CCHSelector
from ._input import ReportData, SideTables
from ._paired import PairedSplit, TeacherTable


@dataclass(frozen=True)
class PipelineModels:
    """A Pipeline that ends in a distiller of paired tables, and its data.

    On each split the steps before the distiller are fitted to the training rows once. The student alone, the distilled
    student and the control are then fits of the distiller to what these steps give.

    Attributes
    ----------
    pipeline : Pipeline
        Unfitted.
    data : ReportData
    X_teacher : table of shape (n_samples, n_teacher_features) or None
    unlabeled_pairs : SideTables or None
    fused : estimator or None
    """

    pipeline: Pipeline
    data: ReportData
    X_teacher: Table | None = None
    unlabeled_pairs: SideTables | None = None
    fused: BaseEstimator | None = None

    def split(self, train: np.ndarray, test: np.ndarray) -> PairedSplit:
        rows, pairs = np.concatenate([train, test]), self.unlabeled_pairs
        if pairs is not None:
            pairs = pairs.exclude(self.data.held_out_groups(train))
        steps = _FittedSteps(self.pipeline, self.data, train, pairs)
        X, candidate, choices = steps.transform(take_rows(self.data.X, test))
        distiller = self.pipeline.steps[-1][1]
        X_teacher = None if self.X_teacher is None else take_rows(self.X_teacher, rows)
        data = self.data.take(rows, X)
        return PairedSplit(
            distiller,
            data,
            split_tables(X, data.y, X_teacher, distiller.student_columns, distiller.teacher_columns),
            np.arange(len(train)),
            np.arange(len(train), len(rows)),
            unlabeled_pairs=steps.pairs if "unlabeled_pairs" in steps.distiller_requests else None,
            fused=self.fused,
            metadata=tuple(name for name in steps.distiller_requests if name != "unlabeled_pairs"),
            row_ids=rows,
            candidate=candidate,
            choices=choices,
        )


class _FittedSteps:
    """The steps of a pipeline before the last, fitted to training rows as ``Pipeline.fit`` fits them.

    Metadata go to the steps that request them. Unlike ``Pipeline.fit`` this transforms the tables of the unlabeled
    pairs alone, so that the tuple may carry groups.

    Parameters
    ----------
    pipeline : Pipeline
    data : ReportData
    train : ndarray of int
    pairs : SideTables or None

    Attributes
    ----------
    steps : list of fitted transformers
    X : table
        The training rows as the last of them gives them.
    pairs : SideTables or None
        The unlabeled pairs as the last of them gives them.
    distiller_requests : tuple of str
        The metadata that the last step of the pipeline requests.
    """

    def __init__(self, pipeline: Pipeline, data: ReportData, train: np.ndarray, pairs: SideTables | None) -> None:
        self.steps: list[BaseEstimator] = []
        self.X, self.pairs = take_rows(data.X, train), pairs
        self._selector_input: Table | None = None
        metadata: dict[str, Any] = {
            name: values[train] for name in ("sample_weight", "groups") if (values := getattr(data, name)) is not None
        }
        requested = _requests(pipeline, [*metadata, *(["unlabeled_pairs"] if pairs is not None else [])])
        for name, step in pipeline.steps[:-1]:
            if name not in requested:
                continue
            if self.pairs is not None:
                metadata["unlabeled_pairs"] = self.pairs.as_tuple()
            self._fit_step(clone(step), data.y[train], {key: metadata[key] for key in requested[name]})
        self.distiller_requests = requested[pipeline.steps[-1][0]]

    def _fit_step(self, step: BaseEstimator, y: np.ndarray, params: dict[str, Any]) -> None:
        if isinstance(step, CCHSelector):
            self._selector_input = self.X
        self.X = step.fit_transform(self.X, y, **params)
        if self.pairs is not None:
            self.pairs = replace(self.pairs, tables=tuple(map(step.transform, self.pairs.tables)))
        self.steps.append(step)

    def transform(self, X: Table) -> tuple[Table, TeacherTable | None, dict[str, Any]]:
        """Transform the training rows and other rows; also what a selector among the steps chose.

        Returns
        -------
        X : table
            The training rows, then the other rows.
        candidate : TeacherTable or None
            The selector's best candidate, read from the selector's input.
        choices : dict
            ``teacher``, the kept teachers or the best candidate where none is kept, and ``kept``.
        """
        candidate, choices = None, {}
        for step in self.steps:
            if isinstance(step, CCHSelector):
                name = step.results_.index[0]
                both = stack_rows(self._selector_input, X)
                columns = column_indices(both, step.modalities[name], f"modalities[{name!r}]")
                candidate = TeacherTable(name, take_columns(both, columns))
                choices = {"teacher": ", ".join(step.teachers_ or [name]), "kept": bool(step.teachers_)}
            X = step.transform(X)
        return stack_rows(self.X, X), candidate, choices


def check_transform_input(pipeline: Pipeline, unlabeled_pairs: SideTables | None) -> None:
    """Raise unless the steps before the distiller transform the unlabeled pairs, and no other side table."""
    transformed = set(pipeline.transform_input or ())
    if unlabeled_pairs is not None and "unlabeled_pairs" not in transformed:
        raise ValueError(
            "unlabeled_pairs must pass the steps before the distiller. Set transform_input=['unlabeled_pairs'] in the "
            "Pipeline."
        )
    unsupported = sorted(transformed - {"unlabeled_pairs"})
    if unsupported:
        raise ValueError(
            f"transform_input={pipeline.transform_input!r} names {unsupported[0]!r}: a report passes unlabeled_pairs "
            "alone through the steps before the distiller. Put other transformers into the teacher's own pipeline."
        )


def _requests(pipeline: Pipeline, names: list[str]) -> dict[str, tuple[str, ...]]:
    """The metadata that each step requests in ``fit``; raise where a step takes some and has no request set."""
    with config_context(enable_metadata_routing=True):
        routed = process_routing(pipeline, "fit", **dict.fromkeys(names, True))
    return {
        name: tuple(routed[name]["fit_transform" if hasattr(step, "fit_transform") else "fit"])
        for name, step in pipeline.steps
        if step is not None and step != "passthrough"
    }
