"""The choice among the ways to train a student, and the terms of the bound, on rows held out from it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from .._model_selection._pipelines import final_step
from .._model_selection._probabilities import predict_unseen_proba
from .._model_selection._resampling import error_of_mean
from .._utils._parallel import run_each
from .._validation._tables import take_rows
from ..networks._mlp import NetworkClassifier
from ._alignment_measures import measure_alignment
from ._candidates import Candidate, Material, fit_candidate


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
