"""Both modalities of the same samples, side by side."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from sklearn.base import BaseEstimator

from .._model_selection._pipelines import fit_with_metadata
from .._validation._sklearn import n_samples
from .._validation._table_checks import UNLABELED_PAIRS_NAMES
from .._validation._tables import Table, take_rows

# Fold of an unlabeled pair whose group has no labeled row.
NO_FOLD = -1


@dataclass(frozen=True)
class PairedData:
    """Labeled rows and unlabeled pairs, whether they came as two tables or as one.

    Attributes
    ----------
    X : table of shape (n_samples, n_features)
        The student's.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    has_student : ndarray of shape (n_samples,)
        Mask of the rows that have the student's modality.
    X_teacher : table of shape (n_samples, n_teacher_features) or None
    X_unlabeled, X_teacher_unlabeled : tables of n_unlabeled rows, or None
        Unlabeled pairs that have both modalities.
    sample_weight : ndarray of shape (n_samples,) or None
    groups, unlabeled_groups : ndarray of shape (n_samples,) and (n_unlabeled,), or None
        Names of groups.
    n_incomplete_pairs : int
        Unlabeled pairs that were left out since they lack a modality.
    teacher_columns : dict of str to ndarray of int
        Positions of each teacher's columns in ``X_teacher``, by the name of the teacher, which is "" unless the
        parameter ``teacher_columns`` is a dict.
    student_columns : ndarray of int or None
        Positions of the student's columns in the one table of both modalities; None for two tables.
    """

    X: Table
    y: np.ndarray
    has_student: np.ndarray
    X_teacher: Table | None = None
    X_unlabeled: Table | None = None
    X_teacher_unlabeled: Table | None = None
    sample_weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    unlabeled_groups: np.ndarray | None = None
    n_incomplete_pairs: int = 0
    teacher_columns: dict[str, np.ndarray] = field(default_factory=dict)
    student_columns: np.ndarray | None = None

    @property
    def teacher_table_name(self) -> str:
        """The name of the teacher's table in messages, in the words of the form that the user chose."""
        return "X_teacher" if self.student_columns is None else "the teacher's columns of X (all but student_columns)"

    @property
    def pair_names(self) -> tuple[str, str]:
        """The names of both tables of the unlabeled pairs in messages."""
        return UNLABELED_PAIRS_NAMES if self.student_columns is None else (UNLABELED_PAIRS_NAMES[0],) * 2

    @property
    def usable(self) -> np.ndarray:
        """Mask of the rows that have the student's modality and a weight above 0."""
        return self.has_student if self.sample_weight is None else self.has_student & (self.sample_weight > 0)

    @property
    def row_weight(self) -> np.ndarray | None:
        """Weights of labeled rows, then of unlabeled pairs, which have the mean of the positive ones."""
        if self.sample_weight is None:
            return None
        mean = self.sample_weight[self.sample_weight > 0].mean()
        return np.concatenate([self.sample_weight, np.full(self.n_unlabeled, mean)])

    @property
    def n_unlabeled(self) -> int:
        return 0 if self.X_unlabeled is None else n_samples(self.X_unlabeled)

    @property
    def group_ids(self) -> np.ndarray | None:
        """Groups of labeled rows, then of unlabeled pairs, as numbers; without names each pair is a separate group."""
        if self.groups is None:
            return None
        if self.unlabeled_groups is not None:
            return np.unique(np.concatenate([self.groups, self.unlabeled_groups]), return_inverse=True)[1]
        ids = np.unique(self.groups, return_inverse=True)[1]
        return np.concatenate([ids, ids.max() + 1 + np.arange(self.n_unlabeled)])

    def unlabeled_fold_ids(self, fold_ids: np.ndarray) -> np.ndarray:
        """The fold of the labeled rows of each unlabeled pair's group; NO_FOLD if it has none."""
        if self.groups is None or self.unlabeled_groups is None:
            return np.full(self.n_unlabeled, NO_FOLD)
        fold_of_group = dict(zip(self.groups, fold_ids, strict=True))
        return np.array([fold_of_group.get(group, NO_FOLD) for group in self.unlabeled_groups])


def fit_alone(model: BaseEstimator, X: Table, data: PairedData, rows: np.ndarray) -> BaseEstimator:
    """Fit a model by its ``fit`` to some of the labeled rows, given by a mask; ``X`` has all of them."""
    weight, groups = (None if a is None else a[rows] for a in (data.sample_weight, data.groups))
    return fit_with_metadata(model, take_rows(X, rows), data.y[rows], weight, groups)
