"""The control of a report: the teacher's rows in random order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .._validation._sklearn import n_features, n_samples
from .._validation._table_checks import observed_rows
from .._validation._tables import Table, stack_columns, take_columns, take_rows


def permute_observed_rows(X: Table, random_state: np.random.RandomState) -> Table:
    """A table with its observed rows in another order; row labels and rows missing throughout stay where they are."""
    observed = np.flatnonzero(observed_rows(X))
    order = np.arange(n_samples(X))
    order[observed] = random_state.permutation(observed)
    permuted = take_rows(X, order)
    return permuted.set_axis(X.index) if isinstance(X, pd.DataFrame) else permuted


def permute_teacher_columns(X: Table, student: np.ndarray, random_state: np.random.RandomState) -> Table:
    """One table of both modalities with the observed rows of the teacher's columns in another order.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
    student : ndarray of int
        Positions of the student's columns; all others are the teacher's.
    random_state : RandomState
    """
    teacher = np.setdiff1d(np.arange(n_features(X)), student)
    permuted = permute_observed_rows(take_columns(X, teacher), random_state)
    mixed = take_columns(stack_columns(take_columns(X, student), permuted), np.argsort(np.append(student, teacher)))
    return mixed.set_axis(X.index) if isinstance(X, pd.DataFrame) else mixed
