"""The models of a report on a distiller whose teacher has its own cohort."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from .._distillation._delegate import clone_or_default, resolve_seed
from .._validation._failures import explain_failure
from .._validation._sklearn import set_random_states
from .._validation._table_checks import observed_rows
from .._validation._tables import take_rows
from ._baseline import class_metrics
from ._cross_validate import TEACHER, Predictions, fit_rows, make_splits, predict_rows
from ._input import ReportData, SideTables, check_teacher_cohort
from ._permutation import permute_observed_rows
from ._scores import collect_row_scores

N_FOLDS = 5


@dataclass(frozen=True)
class UnpairedModels:
    """A distiller of unpaired cohorts, and its data.

    Attributes
    ----------
    distiller : UnpairedDistiller
        Unfitted.
    data : ReportData
        The student's cohort.
    teacher_data : tuple (X_teacher, y_teacher) or (X_teacher, y_teacher, groups)
        The teacher's cohort; its groups are not compared with those of ``data``.
    unlabeled : SideTables or None
    bridge : SideTables or None
    """

    distiller: BaseEstimator
    data: ReportData
    teacher_data: tuple[Any, ...]
    unlabeled: SideTables | None = None
    bridge: SideTables | None = None

    def split(self, train: np.ndarray, test: np.ndarray) -> UnpairedSplit:
        held_out = self.data.held_out_groups(train)
        unlabeled, bridge = (None if side is None else side.exclude(held_out) for side in (self.unlabeled, self.bridge))
        # The report measures the control itself.
        distiller = clone(self.distiller).set_params(check_alignment=False)
        return UnpairedSplit(distiller, self.data, train, test, self.teacher_data, unlabeled, bridge)


@dataclass(frozen=True)
class UnpairedSplit:
    """A distiller of unpaired cohorts on one split.

    Attributes
    ----------
    distiller : UnpairedDistiller
        Unfitted.
    data : ReportData
    train, test : ndarray of int
        Positions in ``data``.
    teacher_data : tuple (X_teacher, y_teacher) or (X_teacher, y_teacher, groups)
    unlabeled, bridge : SideTables or None
        Those that the distiller is fitted to.
    """

    distiller: BaseEstimator
    data: ReportData
    train: np.ndarray
    test: np.ndarray
    teacher_data: tuple[Any, ...]
    unlabeled: SideTables | None = None
    bridge: SideTables | None = None

    def fit_distilled(self) -> BaseEstimator:
        return self._fit(clone(self.distiller), self.teacher_data, self.bridge)

    def fit_alone(self) -> BaseEstimator:
        alone = clone(self.distiller).set_params(alignment="none", linked_columns=None)
        return alone.fit(take_rows(self.data.X, self.train), self.data.y[self.train], groups=self._groups())

    def fit_permuted(self, distilled: BaseEstimator, random_state: np.random.RandomState) -> BaseEstimator:
        """Fit the alignment that was chosen with the rows of the teacher's table in another order than its labels.

        The teacher's rows of the bridge are permuted, too.
        """
        X_teacher, *labels = self.teacher_data
        bridge, linked_columns = None, None
        if distilled.used_bridge_:
            bridge, linked_columns = self.bridge, self.distiller.linked_columns
        if bridge is not None:
            X, X_bridge = bridge.tables
            bridge = replace(bridge, tables=(X, permute_observed_rows(X_bridge, random_state)))
        control = clone(self.distiller).set_params(alignment=distilled.best_alignment_, linked_columns=linked_columns)
        return self._fit(control, (permute_observed_rows(X_teacher, random_state), *labels), bridge)

    def is_alone(self, distilled: BaseEstimator) -> bool:
        return distilled.best_alignment_ == "none" and not distilled.used_bridge_

    def predict(self, fitted: BaseEstimator) -> Predictions:
        test = self.test[observed_rows(take_rows(self.data.X, self.test))]
        return predict_rows(fitted, self.data.X, test, self.data, len(self.train))

    def predict_with_teacher(self, distilled: BaseEstimator) -> dict[str, Predictions]:
        """No held-out row has the teacher's modality."""
        return {}

    def choice(self, distilled: BaseEstimator) -> dict[str, Any]:
        return {
            "training_mode": distilled.training_mode_,
            "alignment": distilled.best_alignment_,
            "used_bridge": distilled.used_bridge_,
        }

    def _fit(self, distiller: BaseEstimator, teacher_data: tuple[Any, ...], bridge: SideTables | None) -> BaseEstimator:
        sides = {"unlabeled": self.unlabeled, "bridge": bridge}
        return distiller.fit(
            take_rows(self.data.X, self.train),
            self.data.y[self.train],
            groups=self._groups(),
            teacher_data=teacher_data,
            **{name: None if side is None else side.as_tuple() for name, side in sides.items()},
        )

    def _groups(self) -> np.ndarray | None:
        return None if self.data.groups is None else self.data.groups[self.train]


def score_teacher(
    distiller: BaseEstimator,
    teacher_data: tuple[Any, ...],
    cv: Any,
    n_repeats: int,
    random_state: np.random.RandomState,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of the teacher on held-out rows of its own cohort, averaged over repeats, and its ``class_metrics``.

    Parameters
    ----------
    distiller : UnpairedDistiller
    teacher_data : tuple (X_teacher, y_teacher) or (X_teacher, y_teacher, groups)
    cv : int or splitter
        A number of folds is that of the teacher's cohort, too; a splitter is for the student's rows.
    n_repeats : int
    random_state : RandomState

    Returns
    -------
    scores : DataFrame of shape (n_teacher_samples, n_scores)
        Observed rows alone.
    metrics : DataFrame of shape (1, 2)
    """
    cohort = check_teacher_cohort(teacher_data)
    teacher = set_random_states(clone_or_default(distiller.teacher), resolve_seed(distiller.random_state))
    splits = []
    # The cohort may be smaller than the student's.
    n_units = len(cohort.y) if cohort.groups is None else len(np.unique(cohort.groups))
    n_folds = min(int(cv) if isinstance(cv, Integral) else N_FOLDS, n_units)
    for train, test in make_splits(n_folds, n_repeats, cohort, random_state):
        with explain_failure(teacher, "teacher", lambda: {"teacher_data[0]": cohort.X}):
            fitted = fit_rows(clone(teacher), cohort.X, train, cohort)
            predictions = predict_rows(fitted, cohort.X, test, cohort, len(train))
        splits.append({TEACHER: predictions})
    scores = collect_row_scores(cohort.y, splits, cohort.classes)[0]
    metrics = class_metrics(cohort.y, splits, np.unique(cohort.y), scores)
    return pd.DataFrame(scores[TEACHER]), metrics
