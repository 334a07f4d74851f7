"""The models of a report on a distiller of paired tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import has_fit_parameter

from .._distillation._delegate import resolve_seed
from .._model_selection._pipelines import apply_class_weight
from .._model_selection._probabilities import predict_smoothed_proba
from .._validation._failures import explain_failure
from .._validation._sklearn import n_features
from .._validation._table_checks import observed_rows
from .._validation._tables import Table, stack_columns, take_columns, take_rows
from .._validation._target_checks import normalize_weight
from ..paired._data import PairedData
from ..paired._input import split_tables
from ..paired._pooling import AveragePool
from ..paired._teachers import TeacherInputs, prepare_teachers
from ._cross_validate import FUSED, TEACHER, Predictions, fit_rows, no_predictions, predict_rows
from ._input import ReportData, SideTables
from ._permutation import permute_observed_rows, permute_teacher_columns


@dataclass(frozen=True)
class PairedModels:
    """A distiller of paired tables, and its data.

    Attributes
    ----------
    distiller : PairedDistiller or PairedDistillerRegressor
        Unfitted.
    data : ReportData
    X_teacher : table of shape (n_samples, n_teacher_features) or None
        None where ``X`` holds both modalities.
    unlabeled_pairs : SideTables or None
    fused : estimator or None
        The model of both tables.
    """

    distiller: BaseEstimator
    data: ReportData
    X_teacher: Table | None = None
    unlabeled_pairs: SideTables | None = None
    fused: BaseEstimator | None = None

    def split(self, train: np.ndarray, test: np.ndarray) -> PairedSplit:
        return PairedSplit(
            self.distiller,
            self.data,
            self.tables(),
            train,
            test,
            unlabeled_pairs=None
            if self.unlabeled_pairs is None
            else self.unlabeled_pairs.exclude(self.data.held_out_groups(train)),
            fused=self.fused,
        )

    def tables(self) -> PairedData:
        """The student's and the teacher's table."""
        distiller, data = self.distiller, self.data
        return split_tables(data.X, data.y, self.X_teacher, distiller.student_columns, distiller.teacher_columns)


@dataclass(frozen=True)
class TeacherTable:
    """The best candidate of a selector that kept no teacher: the distiller does not read it.

    Attributes
    ----------
    name : str
    X : table of shape (n_samples, n_columns)
    """

    name: str
    X: Table


@dataclass(frozen=True)
class PairedSplit:
    """A distiller of paired tables on one split.

    Attributes
    ----------
    distiller : PairedDistiller or PairedDistillerRegressor
        Unfitted.
    data : ReportData
    tables : PairedData
        Row for row with ``data``.
    train, test : ndarray of int
        Positions in ``data``.
    unlabeled_pairs : SideTables or None
        Those that the distiller is fitted to.
    fused : estimator or None
    metadata : tuple of str
        Which of ``sample_weight`` and ``groups`` the distiller's ``fit`` gets.
    row_ids : ndarray of shape (n_samples,) or None
        Position of each row of ``data`` among the rows of the report; None where they are the same.
    candidate : TeacherTable or None
        Read by the teacher where ``tables`` has none of its columns.
    choices : dict
        What the steps before the distiller chose.
    """

    distiller: BaseEstimator
    data: ReportData
    tables: PairedData
    train: np.ndarray
    test: np.ndarray
    unlabeled_pairs: SideTables | None = None
    fused: BaseEstimator | None = None
    metadata: tuple[str, ...] = ("sample_weight", "groups")
    row_ids: np.ndarray | None = None
    candidate: TeacherTable | None = None
    choices: dict[str, Any] = field(default_factory=dict)

    def fit_distilled(self) -> BaseEstimator:
        return self._fit(clone(self.distiller))

    def fit_alone(self) -> BaseEstimator:
        return self._fit(clone(self.distiller).set_params(alpha=0))

    def fit_permuted(self, distilled: BaseEstimator, random_state: np.random.RandomState) -> BaseEstimator:
        # With alpha="auto" the control would choose 0 and ignore the permuted teacher.
        return self._fit(clone(self.distiller).set_params(alpha=distilled.alpha_), random_state)

    def is_alone(self, distilled: BaseEstimator) -> bool:
        return bool(distilled.alpha_ == 0)

    def predict(self, fitted: BaseEstimator) -> Predictions:
        test = self.test[self.tables.has_student[self.test]]
        return self._with_row_ids(predict_rows(fitted, self.data.X, test, self.data, len(self.train)))

    def predict_with_teacher(self, distilled: BaseEstimator) -> dict[str, Predictions]:
        table = self._teacher_table()
        if table is None:
            names = [TEACHER] if self.fused is None else [TEACHER, FUSED]
            return dict.fromkeys(names, no_predictions(self.data))
        predictions = {TEACHER: self._predict_teachers(distilled, self._teachers(*table))}
        if self.fused is not None:
            predictions[FUSED] = self._predict_fused(self.fused, *table)
        return {name: self._with_row_ids(prediction) for name, prediction in predictions.items()}

    def choice(self, distilled: BaseEstimator) -> dict[str, Any]:
        return self.choices

    def _fit(self, distiller: BaseEstimator, permutation: np.random.RandomState | None = None) -> BaseEstimator:
        """Fit a distiller in place to the training rows, with the teacher's rows permuted if there is a generator."""
        params: dict[str, Any] = {
            name: values[self.train]
            for name in self.metadata
            if (values := getattr(self.data, name)) is not None and has_fit_parameter(distiller, name)
        }
        X, pairs, student = take_rows(self.data.X, self.train), self.unlabeled_pairs, self.tables.student_columns
        if student is None and self.tables.X_teacher is not None:
            params["X_teacher"] = take_rows(self.tables.X_teacher, self.train)
        if permutation is not None:
            if student is None:
                params["X_teacher"] = permute_observed_rows(params["X_teacher"], permutation)
            else:
                X = permute_teacher_columns(X, student, permutation)
            if pairs is not None:
                pairs = _permute_pairs(pairs, student, permutation)
        return distiller.fit(
            X, self.data.y[self.train], unlabeled_pairs=None if pairs is None else pairs.as_tuple(), **params
        )

    def _teacher_table(self) -> tuple[Table, dict[str, np.ndarray]] | None:
        """The teacher's table and each teacher's columns of it; None where there is none."""
        if self.tables.X_teacher is not None:
            return self.tables.X_teacher, self.tables.teacher_columns
        teacher, candidate = self.distiller.teacher, self.candidate
        if candidate is None or (isinstance(teacher, Mapping) and candidate.name not in teacher):
            return None
        is_named = isinstance(self.distiller.teacher_columns, Mapping)
        return candidate.X, {candidate.name if is_named else "": np.arange(n_features(candidate.X))}

    def _teachers(self, X_teacher: Table, columns: dict[str, np.ndarray]) -> list[TeacherInputs]:
        """The teachers, unfitted, with the rows that each reads."""
        return prepare_teachers(
            replace(self.tables, X_teacher=X_teacher, teacher_columns=columns),
            self.distiller.teacher,
            isinstance(self.distiller.teacher_columns, Mapping),
            self.distiller._default_student,
            self.distiller.teacher_input,
            resolve_seed(self.distiller.random_state),
        )

    def _predict_teachers(self, distilled: BaseEstimator, teachers: list[TeacherInputs]) -> Predictions:
        """The distiller's teachers, pooled with its weights over those that each row has."""
        models = distilled.teacher_
        if models is None:
            models = {side.name: self._fit_teacher(side) for side in teachers}
        elif not isinstance(models, Mapping):
            models = {teachers[0].name: models}
        if len(teachers) == 1:
            (side,) = teachers
            n_training = int(side.observed[self.train].sum())
            test = self.test[side.observed[self.test]]
            return predict_rows(models[side.name], side.X, test, self.data, n_training)
        fixed = self.distiller.teacher_weights
        # A distiller that used no teacher has no ``teacher_weights_``.
        weights = distilled.teacher_weights_ or (fixed if isinstance(fixed, Mapping) else dict.fromkeys(models, 1.0))
        predictions = [self._predict_teacher(models[side.name], side) for side in teachers]
        return self._pool(predictions, np.array([weights[side.name] for side in teachers]))

    def _predict_teacher(self, model: BaseEstimator, side: TeacherInputs) -> np.ndarray:
        """Probabilities or predictions of one of several teachers for the held-out rows; NaN of rows it has not."""
        classes, observed = self.data.classes, side.observed[self.test]
        prediction = np.full((len(self.test), 1 if classes is None else len(classes)), np.nan)
        if observed.any():
            X, n_training = take_rows(side.X, self.test[observed]), int(side.observed[self.train].sum())
            if classes is None:
                prediction[observed] = np.reshape(model.predict(X), (-1, 1))
            else:
                prediction[observed] = predict_smoothed_proba(model, X, classes, n_training)
        return prediction

    def _pool(self, predictions: list[np.ndarray], weights: np.ndarray) -> Predictions:
        pooled, classes = AveragePool(weights)(predictions), self.data.classes
        if not isinstance(self.distiller.teacher_weights, Mapping):
            # Fitted weights may all be 0, and the teachers are scored all the same.
            equal = AveragePool(np.ones(len(weights)))(predictions)
            pooled = np.where(np.isnan(pooled), equal, pooled)
        known = ~np.isnan(pooled).any(axis=1)
        rows, pooled = self.test[known], pooled[known]
        if classes is None:
            return Predictions(rows, pooled[:, 0], None)
        return Predictions(rows, classes[pooled.argmax(axis=1)], pooled)

    def _predict_fused(self, model: BaseEstimator, X_teacher: Table, columns: dict[str, np.ndarray]) -> Predictions:
        """The model of all that teacher and student read, on the rows that have both.

        The teacher's columns come first: a pipeline that finds them by position still does.
        """
        X_teacher = take_columns(X_teacher, np.unique(np.concatenate(list(columns.values()))))
        X, observed = stack_columns(X_teacher, self.tables.X), observed_rows(X_teacher) & self.tables.has_student
        fitted = self._fit_observed(model, X, observed, "fused", "X beside X_teacher")
        n_training = int(observed[self.train].sum())
        return predict_rows(fitted, X, self.test[observed[self.test]], self.data, n_training)

    def _fit_teacher(self, side: TeacherInputs) -> BaseEstimator:
        return self._fit_observed(side.model, side.X, side.observed, "teacher", "X_teacher")

    def _fit_observed(
        self, model: BaseEstimator, X: Table, observed: np.ndarray, role: str, table_name: str
    ) -> BaseEstimator:
        """Fit a clone to the observed training rows, weighted as the distiller weights them."""
        weight = None if self.data.sample_weight is None else self.data.sample_weight[self.train]
        class_weight = getattr(self.distiller, "class_weight", None)
        weight = normalize_weight(apply_class_weight(weight, class_weight, self.data.y[self.train]))
        weight = None if weight is None else weight[observed[self.train]]
        rows = self.train[observed[self.train]]
        with explain_failure(model, role, lambda: {table_name: take_rows(X, rows)}, {"y": self.data.y}):
            return fit_rows(clone(model), X, rows, self.data, weight)

    def _with_row_ids(self, predictions: Predictions) -> Predictions:
        return predictions if self.row_ids is None else replace(predictions, rows=self.row_ids[predictions.rows])


def _permute_pairs(pairs: SideTables, student: np.ndarray | None, random_state: np.random.RandomState) -> SideTables:
    if student is None:
        X, X_teacher = pairs.tables
        return replace(pairs, tables=(X, permute_observed_rows(X_teacher, random_state)))
    return replace(pairs, tables=(permute_teacher_columns(pairs.tables[0], student, random_state),))
