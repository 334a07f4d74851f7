"""The choice among the ways to train a student, and the terms of the bound, on rows held out from it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import softmax, xlogy
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import Ridge

from ._cohorts import TeacherCohort
from ._costs import cost_matrix
from ._cross_fitting import predict_unseen_proba
from ._debiased_cost import debiased_cost
from ._fitting import final_step
from ._material import Candidate, Material, fit_candidate
from ._networks import NetworkClassifier
from ._parallel import run_each
from ._resampling import error_of_mean
from ._tables import Table, take_rows
from ._transport import transport

# Of the measure, not of the training: exact transport between samples of one distribution is not 0, and debiasing by
# this much entropy, in mean costs, brings it near.
REG_OF_MEASURE = 0.1
ROWS_FOR_TRANSPORT = 200
MOST_ITERATIONS = 100


@dataclass(frozen=True)
class Judgement:
    """What a candidate does on the rows held out from it; losses, and groups where there are any, are one a row."""

    brier: np.ndarray
    log_loss: np.ndarray
    wrong: np.ndarray
    feature_alignment: float
    label_alignment: float
    groups: np.ndarray | None = None


def judge_candidate(
    student: BaseEstimator,
    material: Material,
    candidate: Candidate,
    rows: np.ndarray,
    held_out: np.ndarray,
    measured: bool = True,
) -> Judgement:
    """Fit a clone to some rows and judge it on others; its alignment is ``measured`` only for who asks.

    Further rows of the groups that it is judged on teach it nothing.
    """
    groups = None if material.groups is None else material.groups[held_out]
    if groups is not None:
        material = material.without_groups(groups)
    fitted = fit_candidate(clone(student), material, candidate, rows)
    X, y = take_rows(material.X, held_out), material.y[held_out]
    proba = predict_unseen_proba(fitted, X, material.classes, len(rows))
    codes = np.searchsorted(material.classes, y)
    truth = np.eye(len(material.classes))[codes]
    feature_alignment = label_alignment = np.nan
    if measured and material.alignment is not None and isinstance(final_step(fitted), NetworkClassifier):
        feature_alignment, label_alignment = measure_alignment(fitted, material, rows, held_out, proba)
    return Judgement(
        ((proba - truth) ** 2).sum(axis=1),
        -np.log(np.maximum(proba[np.arange(len(y)), codes], np.finfo(float).tiny)),
        proba.argmax(axis=1) != codes,
        feature_alignment,
        label_alignment,
        groups,
    )


def measure_alignment(
    fitted: BaseEstimator, material: Material, rows: np.ndarray, held_out: np.ndarray, proba: np.ndarray
) -> tuple[float, float]:
    """Feature and label alignment of a fitted student on held-out rows whose class the teacher's cohort has.

    The yardstick is the same for every student: ridge regression from its features to the prototypes of the classes,
    fitted to its training rows. Features: debiased transport cost to the teacher's rows, in mean costs between two of
    these. Labels: KL of the student's probabilities from those of the teacher's head, in nats.
    """
    cohort, cost = material.yardstick or material.alignment.cohort, material.alignment.cost
    codes = np.searchsorted(material.classes, material.y[rows])
    judged = cohort.known[np.searchsorted(material.classes, material.y[held_out])]
    if not cohort.known[codes].any() or not judged.any():
        return np.nan, np.nan
    X, proba = take_rows(material.X, held_out[judged]), proba[judged]
    mapped = map_to_teacher(fitted, cohort, take_rows(material.X, rows), codes, X)
    weights = (cohort.shares / np.maximum(np.bincount(cohort.codes, minlength=len(cohort.shares)), 1))[cohort.codes]
    scale = cohort.scale_of(cost)
    features = debiased_cost(
        mapped,
        cohort.features,
        cost,
        target_weights=weights,
        reg=REG_OF_MEASURE * scale,
        max_rows=ROWS_FOR_TRANSPORT,
        max_iter=MOST_ITERATIONS,
    )
    scores = (mapped @ cohort.coef.T + cohort.intercept)[:, cohort.known]
    heard = proba[:, cohort.known] / proba[:, cohort.known].sum(axis=1, keepdims=True)
    teacher = softmax(scores, axis=1)
    labels = (xlogy(teacher, teacher) - teacher * np.log(np.maximum(heard, 1e-12))).sum(axis=1).mean()
    return features / scale, float(labels)


def map_to_teacher(
    fitted: BaseEstimator, cohort: TeacherCohort, X: Table, codes: np.ndarray, X_new: Table
) -> np.ndarray:
    """A student's features of new rows in the teacher's space, by ridge regression to the prototypes of the classes.

    The regression is fitted to the given rows, those of classes that the teacher's cohort has.
    """
    known = cohort.known[codes]
    ridge = Ridge().fit(_features_of(fitted, take_rows(X, np.flatnonzero(known))), cohort.prototypes[codes[known]])
    # For one column scikit-learn gives a vector.
    return ridge.predict(_features_of(fitted, X_new)).reshape(-1, cohort.features.shape[1])


def plan_between_classes(
    mapped: np.ndarray, codes: np.ndarray, cohort: TeacherCohort, rows: np.ndarray, cost: str, classes: np.ndarray
) -> pd.DataFrame:
    """Mass that exact transport moves from the student's rows of each class to the teacher's of each class.

    Classes that both cohorts have, with their shares in the student's cohort on either side.
    """
    used = cohort.known[codes]
    sides = [np.eye(len(classes))[:, part] for part in (codes[used], cohort.codes[rows])]
    weights = [cohort.shares @ (side / np.maximum(side.sum(axis=1, keepdims=True), 1)) for side in sides]
    plan = transport(cost_matrix(mapped[used], cohort.features[rows], cost), *weights).plan
    shared = pd.Index(classes[cohort.known])
    summed = (sides[0] @ plan @ sides[1].T)[np.ix_(cohort.known, cohort.known)]
    return pd.DataFrame(summed, index=shared.rename("student"), columns=shared.rename("teacher"))


def _features_of(student: BaseEstimator, X: Table) -> np.ndarray:
    return np.asarray(student.transform(X), dtype=np.float64)


def judge_candidates(
    student: BaseEstimator,
    trials: Sequence[tuple[Material, Candidate]],
    fold_of: np.ndarray,
    folds: Sequence[int],
    *,
    n_jobs: int | None,
    verbose: bool,
    measured: bool = True,
) -> list[Judgement]:
    """Judge each candidate with its material on each of the folds, and join what the folds say."""
    jobs = [(trial, fold) for trial in trials for fold in folds]
    calls = (
        (student, *trial, np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold), measured)
        for trial, fold in jobs
    )
    found = run_each(judge_candidate, calls, len(jobs), n_jobs=n_jobs, description="alignment", show=verbose)
    return [_join(found[start : start + len(folds)]) for start in range(0, len(found), len(folds))]


def _join(parts: Sequence[Judgement]) -> Judgement:
    return Judgement(
        np.concatenate([part.brier for part in parts]),
        np.concatenate([part.log_loss for part in parts]),
        np.concatenate([part.wrong for part in parts]),
        _mean_of_known([part.feature_alignment for part in parts]),
        _mean_of_known([part.label_alignment for part in parts]),
        None if parts[0].groups is None else np.concatenate([part.groups for part in parts]),
    )


def _mean_of_known(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else np.nan


def choose_candidate(
    candidates: Sequence[Candidate], judgements: Sequence[Judgement]
) -> tuple[Candidate, pd.DataFrame]:
    """The candidate with the best Brier score on held-out rows, the first of equals, and the scores.

    Evidence of a standard error is not asked for: on a hundred rows a gain of several points would go unseen, and
    the candidates were found harmless on average.
    """
    losses = np.column_stack([judgement.brier for judgement in judgements])
    excess = losses - losses[:, [0]]
    scores = pd.DataFrame(
        {
            "alignment": [candidate.alignment for candidate in candidates],
            "tied": [candidate.tied for candidate in candidates],
            "brier": losses.mean(axis=0),
            "excess": excess.mean(axis=0),
            "standard_error": [error_of_mean(column, judgements[0].groups) for column in excess.T],
        }
    )
    return candidates[int(losses.mean(axis=0).argmin())], scores


def tabulate_alignment(judgements: dict[str, Judgement], teacher_wrong: np.ndarray | None) -> pd.DataFrame:
    """The three terms of the bound, and what the students do, one row a student."""
    return pd.DataFrame(
        {
            name: {
                "teacher_error": np.nan if teacher_wrong is None else teacher_wrong.mean(),
                "feature_alignment": judged.feature_alignment,
                "label_alignment": judged.label_alignment,
                "error": judged.wrong.mean(),
                "log_loss": judged.log_loss.mean(),
                "brier": judged.brier.mean(),
            }
            for name, judged in judgements.items()
        }
    ).T.rename_axis("student")


def warn_of_harm(alone: Judgement, aligned: Judgement, chosen: Candidate) -> None:
    """Warn when the aligned student is worse than the student alone, or no nearer to the teacher."""
    excess = aligned.log_loss - alone.log_loss
    error = error_of_mean(excess, alone.groups)
    if excess.mean() > error:
        warnings.warn(
            f"With alignment={chosen.alignment!r} the student is worse than alone on {len(excess)} held-out rows: its "
            f"log-loss is {excess.mean():.3f} nats higher (standard error {error:.3f}). Use alignment='auto', which "
            "falls back on the student alone.",
            UserWarning,
            stacklevel=4,
        )
    elif chosen.uses_cohort and not aligned.feature_alignment < alone.feature_alignment:
        warnings.warn(
            f"alignment={chosen.alignment!r} brought the student's features no nearer to the teacher's: the "
            f"transport cost on {len(excess)} held-out rows is {aligned.feature_alignment:.3f}, "
            f"{alone.feature_alignment:.3f} for the student alone. Raise alignment_weight, or leave the alignment out.",
            UserWarning,
            stacklevel=4,
        )
