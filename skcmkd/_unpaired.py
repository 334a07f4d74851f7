"""UnpairedDistiller: the teacher's cohort is another set of samples, with other columns."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import validate_data

from ._alignment_choice import choose_candidate, judge_candidates, tabulate_alignment, warn_of_harm
from ._cohorts import REPRESENTATIONS, Alignment, choose_representation, represent_by
from ._cross_fitting import assign_folds, unseen_proba
from ._material import LABELS_ONLY, Candidate, Material, fit_candidate, gather_material, list_candidates
from ._networks import NetworkClassifier
from ._side_data import SideData, check_side_data
from ._soft_targets import check_student, final_step
from ._student_predictions import StudentPredictions, clone_or_network, seed_of
from ._transport import COSTS
from ._validation import (
    ArrayLike,
    HasMethods,
    Interval,
    StrOptions,
    Table,
    as_codes,
    as_table,
    check_labels,
    check_missing_values,
    check_same_index,
    check_text_columns,
    check_values,
    keep_earlier_fit,
    set_seeds,
)
from .information import log_ratio_coordinates

ALIGNMENTS = (
    "auto", "none", "self_training", "prototypes", "classwise", "feature", "joint", "bilevel", "published",
    "fused_gromov",
)  # fmt: skip
INNER_LEARNING_RATES = {"published": 1e-5}
TEACHER_FOLDS = 5


class UnpairedDistiller(StudentPredictions, BaseEstimator):
    """Train a classifier of one modality with the help of another cohort, in which another modality was measured."""

    def __init__(
        self,
        student: BaseEstimator | None = None,
        teacher: BaseEstimator | None = None,
        *,
        alignment: str = "auto",
        alignment_weight: float = 10.0,
        cost: str = "cosine",
        reg: float = 0.0,
        reg_m: float | None = None,
        inner_steps: int = 1,
        inner_learning_rate: float | None = None,
        alpha: float | str = "auto",
        temperature: float = 1.0,
        representation: str = "auto",
        linked_columns: Any = None,
        cv: Any = 5,
        check_alignment: bool = True,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.student = student
        self.teacher = teacher
        self.alignment = alignment
        self.alignment_weight = alignment_weight
        self.cost = cost
        self.reg = reg
        self.reg_m = reg_m
        self.inner_steps = inner_steps
        self.inner_learning_rate = inner_learning_rate
        self.alpha = alpha
        self.temperature = temperature
        self.representation = representation
        self.linked_columns = linked_columns
        self.cv = cv
        self.check_alignment = check_alignment
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own convention
        "student": [HasMethods(["fit", "predict"]), None],
        "teacher": [HasMethods(["fit", "predict"]), None],
        "alignment": [StrOptions(set(ALIGNMENTS))],
        "alignment_weight": [Interval(Real, 0, None, closed="left")],
        "cost": [StrOptions(set(COSTS))],
        "reg": [Interval(Real, 0, None, closed="left")],
        "reg_m": [Interval(Real, 0, None, closed="neither"), None],
        "inner_steps": [Interval(Integral, 1, None, closed="left")],
        "inner_learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "alpha": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "representation": [StrOptions({"auto", *REPRESENTATIONS})],
        "linked_columns": "no_validation",
        "cv": ["cv_object"],
        "check_alignment": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def fit(
        self,
        X: Table,
        y: ArrayLike,
        *,
        teacher_data: tuple[Table, ArrayLike] | None = None,
        unlabeled: tuple[Table] | None = None,
        bridge: tuple[Table, Table] | None = None,
    ) -> UnpairedDistiller:
        with keep_earlier_fit(self):
            self._validate_params()
            X = as_table(X, estimator=self)
            validate_data(self, X, y, skip_check_array=True)
            check_same_index(X, y, "y")
            y = check_labels(y)
            check_consistent_length(X, y)
            self.classes_, _ = as_codes(y)
            seed = seed_of(self.random_state)
            student = set_seeds(clone_or_network(self.student), seed)
            check_text_columns(X, student, "X", "student")
            check_values(X, "X")
            check_missing_values(X, student, "X", "student")
            teacher = set_seeds(clone_or_network(self.teacher), seed)
            if teacher_data is not None or unlabeled is not None:
                self._check_student(student)
            side = check_side_data(X, y, teacher_data, unlabeled, bridge, self.linked_columns, student, teacher)
            self.teacher_: BaseEstimator | None = None
            self.alignment_: pd.DataFrame | None = None
            self.candidate_scores_: pd.DataFrame | None = None
            self.history_: pd.DataFrame | None = None
            material = self._gather(X, y, side, teacher)
            chosen = self._choose(student, material, seed)
            self.student_ = fit_candidate(student, material, chosen)
            self.best_alignment_, self.is_tied_ = chosen.alignment, chosen.tied
            if isinstance(final_step(self.student_), NetworkClassifier):
                self.history_ = pd.DataFrame(list(final_step(self.student_).net_.history)).drop(columns="batches")
        return self

    def _gather(self, X: Table, y: np.ndarray, side: SideData, teacher: BaseEstimator) -> Material:
        """Fit the teacher to its cohort, and gather what the student can be taught from."""
        own: dict[str, Any] = {"alpha": self.alpha, "temperature": float(self.temperature)}
        self._teacher_wrong = None
        if side.X_teacher is None:
            return Material(X, y, self.classes_, **own, X_unlabeled=side.X_unlabeled)
        self._say_what_is_not_shared(side.y_teacher)
        method = choose_representation(teacher, self.representation)
        self.teacher_ = teacher.fit(side.X_teacher, side.y_teacher)
        proba = np.empty((0, 0))
        if self.check_alignment or self.alignment == "auto" or method == "predict_proba":
            folds = assign_folds(self.cv if isinstance(self.cv, Integral) else TEACHER_FOLDS, side.y_teacher)
            proba = unseen_proba(teacher, side.X_teacher, side.y_teacher, folds, self.n_jobs)
            self._teacher_wrong = np.unique(side.y_teacher)[proba.argmax(axis=1)] != side.y_teacher
        own_features = (
            log_ratio_coordinates(proba) if method == "predict_proba" else represent_by(teacher, side.X_teacher, method)
        )
        alignment = Alignment(
            self.alignment,
            None,
            self.alignment_weight,
            self.cost,
            self.reg,
            self.reg_m,
            self.inner_steps,
            self.inner_learning_rate or INNER_LEARNING_RATES.get(self.alignment, 1e-2),
        )
        return gather_material(X, y, self.classes_, side, teacher, own_features, method, alignment, **own)

    def _choose(self, student: BaseEstimator, material: Material, seed: int | None) -> Candidate:
        """The alignment to use; sets ``alignment_`` and ``candidate_scores_``."""
        automatic = self.alignment == "auto"
        chosen = Candidate(self.alignment, material.is_tied)
        candidates = list_candidates(student, material) if automatic else [LABELS_ONLY, chosen]
        if chosen.uses_cohort and not automatic and material.alignment is None:
            candidates = [LABELS_ONLY]
        if candidates[0] == candidates[-1] or not (automatic or self.check_alignment):
            return candidates[-1]
        fold_of = assign_folds(self.cv, material.y)
        folds = range(int(fold_of.max()) + 1) if automatic else (0,)
        options: dict[str, Any] = {"n_jobs": self.n_jobs, "verbose": bool(self.verbose)}
        judged = judge_candidates(student, [(material, c) for c in candidates], fold_of, folds, **options)
        if automatic:
            chosen, self.candidate_scores_ = choose_candidate(candidates, judged)
        table = {"alone": judged[0], "aligned": judged[candidates.index(chosen)]}
        if chosen.uses_cohort or chosen.tied:
            shuffled = material.with_shuffled_teacher(check_random_state(seed))
            (table["shuffled teacher"],) = judge_candidates(student, [(shuffled, chosen)], fold_of, folds, **options)
        self.alignment_ = tabulate_alignment(table, self._teacher_wrong)
        if not automatic:
            warn_of_harm(table["alone"], table["aligned"], chosen)
        return chosen

    def _check_student(self, student: BaseEstimator) -> None:
        """Raise when the student cannot be trained as asked."""
        if self.alignment in ("auto", "none", "self_training"):
            check_student(student)
        elif not isinstance(final_step(student), NetworkClassifier):
            raise ValueError(
                f"alignment={self.alignment!r} aligns a network's representation, and the student is a "
                f"{final_step(student).__class__.__name__}. Use NetworkClassifier, or a Pipeline that ends in one, or "
                "one of the alignments 'none' and 'self_training'."
            )

    def _say_what_is_not_shared(self, y_teacher: np.ndarray) -> None:
        """Set ``shared_classes_`` and warn of classes that one cohort lacks."""
        other = np.unique(y_teacher)
        self.shared_classes_ = np.intersect1d(self.classes_, other)
        missing, unknown = np.setdiff1d(self.classes_, other).tolist(), np.setdiff1d(other, self.classes_).tolist()
        if missing or unknown:
            parts = [f"{missing} are missing in the teacher's cohort and are taught by labels alone"] * bool(missing)
            parts += [f"{unknown} are missing in y and will not be predicted"] * bool(unknown)
            warnings.warn(f"The cohorts do not have the same classes: {'; '.join(parts)}.", UserWarning, stacklevel=4)

    def _student_table(self, X: Table) -> Table:
        X = as_table(X, estimator=self)
        validate_data(self, X, reset=False, skip_check_array=True)
        return X
