"""The weight that the teachers' opinions deserve, tried on held-out rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from .._distillation._fit_student import fit_student
from .._distillation._targets import Target
from .._distillation._training_data import Lesson
from .._model_selection._pipelines import final_step
from .._model_selection._resampling import error_of_mean, one_standard_error_choice
from .._utils._parallel import run_each
from .._validation._sklearn import n_rows_of
from .._validation._tables import take_rows
from ..networks._base import Network
from ._pairs import Pairs
from ._soft_targets import Opinions

# alpha="auto" holds one weight against the student alone: more weights were dearer and no better.
WEIGHT, WEIGHT_WITH_MANY_PAIRS = 0.25, 0.5


@dataclass
class Trial:
    """Students judged on rows held out from them and from their teachers: each weight's opinions and losses."""

    alphas: tuple[float, ...]
    rows: np.ndarray
    opinions: dict[float, np.ndarray]
    losses: np.ndarray
    groups: np.ndarray | None = None

    def scores(self, name: str) -> pd.DataFrame:
        """Of each weight the mean loss, how much more it is than the student's alone, and the standard error."""
        excess = self.losses - self.losses[:, [0]]
        return pd.DataFrame(
            {
                name: self.losses.mean(axis=0),
                "excess": excess.mean(axis=0),
                "standard_error": [error_of_mean(column, self.groups) for column in excess.T],
            },
            index=pd.Index(self.alphas, name="alpha"),
        )

    def choice(self) -> float:
        """The smallest weight that no other beats by a standard error.

        Half of one gained a little more, and harmed twice as many students.
        """
        return self.alphas[one_standard_error_choice(self.losses, self.groups)]


def candidate_weight(pairs: Pairs) -> float:
    """The weight that is tried: more where the teacher labels more rows than are labelled."""
    n_unlabeled = 0 if pairs.X_unlabeled is None else n_rows_of(pairs.X_unlabeled)
    return WEIGHT_WITH_MANY_PAIRS if n_unlabeled > len(pairs.y) else WEIGHT


def without_refit(student: BaseEstimator) -> BaseEstimator:
    """An unfitted student that is only judged: a network stops early and is not trained once more on all rows.

    That training would take two fifths of the time that judging takes, and the weights that it chose were no better.
    """
    student = clone(student)
    model = final_step(student)
    # A network of the user's own may have no such parameter.
    if isinstance(model, Network) and "refit" in model.get_params(deep=False):
        model.set_params(refit=False)
    return student


def try_weights(
    student: BaseEstimator,
    opinions: Opinions,
    alphas: tuple[float, ...],
    temperature: float,
    *,
    n_jobs: int | None,
    verbose: bool,
) -> Trial:
    """Fit a student for each weight without each judging fold, and judge it there."""
    pairs, target, student = opinions.pairs, opinions.target, without_refit(student)
    jobs = [(fold, alpha) for fold in opinions.judges for alpha in alphas]
    rows_of = {fold: np.flatnonzero(pairs.studied & (opinions.fold_of == fold)) for fold in opinions.judges}
    # One lesson a fold, for all weights.
    calls = (
        (student, target, lesson, alpha, temperature, pairs, rows_of[fold])
        for fold, lesson in ((fold, opinions.lesson_without(fold)) for fold in opinions.judges)
        for alpha in alphas
    )
    fits = run_each(_student_opinion, calls, len(jobs), n_jobs=n_jobs, description="alpha", show=verbose)
    rows = np.flatnonzero(pairs.heard & np.isin(opinions.fold_of, opinions.judges))
    if len(rows) < 2:
        raise ValueError(
            f"{len(rows)} rows with the student's modality and a positive weight lie where students are judged, in "
            f"{len(opinions.judges)} fold(s); at least 2 are needed. Give another cv, or set alpha to a number."
        )
    opinion = {alpha: np.full((len(pairs.y), target.width), np.nan) for alpha in alphas}
    for (fold, alpha), part in zip(jobs, fits, strict=True):
        opinion[alpha][rows_of[fold]] = part
    opinion = {alpha: values[rows] for alpha, values in opinion.items()}
    losses = np.column_stack([target.losses(values, pairs.y[rows]) for values in opinion.values()])
    if pairs.sample_weight is not None:
        losses *= (pairs.sample_weight[rows] / pairs.sample_weight[rows].mean())[:, None]
    return Trial(alphas, rows, opinion, losses, None if pairs.groups is None else pairs.groups[rows])


def _student_opinion(
    student: BaseEstimator,
    target: Target,
    lesson: Lesson,
    alpha: float,
    temperature: float,
    pairs: Pairs,
    rows: np.ndarray,
) -> np.ndarray:
    if len(rows) == 0:
        return np.empty((0, target.width))
    return target.opinion(fit_student(clone(student), lesson, alpha, temperature), take_rows(pairs.X, rows))
