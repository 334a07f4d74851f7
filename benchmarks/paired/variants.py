"""Variants of the default that were tried on the digits, with linear students and teachers and 900 unlabeled pairs.

    python benchmarks/paired/variants.py [--splits 0] [--variants ...]

Twenty seconds a variant and split. Each variant is the default with one thing changed. ``results/variants.csv`` has its
mean gains over the student alone, and those over the default with their standard error over the pairs of views; it
continues where it was stopped.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from cells import Samples, all_cells, split_samples
from learners import LINEAR_TEACHER, make_student, make_teacher
from scipy.special import softmax
from shared.scoring import compare, score_rows

from skcmkd import PairedDistiller
from skcmkd.paired import _cross_fitted_teachers, _fit
from skcmkd.paired._cross_fitted_teachers import CrossFittedTeachers

RESULTS = Path(__file__).parent / "results" / "variants.csv"
DEFAULT = "default"
SCORES = {"points": ("accuracy_gain", 100), "nats": ("log_loss_gain", 1)}
soft_targets_of = CrossFittedTeachers._unlabeled_soft_targets
predict_after_a_round = _cross_fitted_teachers.predict_after_a_round


def distill(samples: Samples, penalty: float = 1.0, **settings: Any) -> PairedDistiller:
    """The default; ``penalty`` times the student's own."""
    student, teacher = (make(samples, LINEAR_TEACHER, samples.seed) for make in (make_student, make_teacher))
    student[-1].C /= penalty
    model = PairedDistiller(student, teacher, random_state=samples.seed, **settings)
    return model.fit(samples.X, samples.y, X_teacher=samples.X_teacher, unlabeled_pairs=samples.unlabeled_pairs)


def with_weight(samples: Samples, alpha: float) -> PairedDistiller:
    """Another share of the unlabeled pairs; labels alone on the labeled rows, as in the default."""
    with mock.patch.object(_fit, "equal_row_weights_alpha", return_value=alpha):
        return distill(samples)


def sharpened(samples: Samples, power: float) -> PairedDistiller:
    """Soft targets of the unlabeled pairs raised to a power."""

    def targets(teachers: CrossFittedTeachers, *arguments: Any) -> np.ndarray:
        return softmax(power * np.log(soft_targets_of(teachers, *arguments).clip(1e-9)), axis=1)

    with mock.patch.object(CrossFittedTeachers, "_unlabeled_soft_targets", targets):
        return distill(samples)


def averaged_rounds(samples: Samples) -> PairedDistiller:
    """Each member predicts the pairs by the geometric mean of both rounds."""

    def predict(members: Any, first: list[np.ndarray], *arguments: Any, **settings: Any) -> list[np.ndarray]:
        second = predict_after_a_round(members, first, *arguments, **settings)
        logs = ((np.log(a.clip(1e-6)) + np.log(b.clip(1e-6))) / 2 for a, b in zip(first, second, strict=True))
        return [softmax(values, axis=1) for values in logs]

    with mock.patch.object(_cross_fitted_teachers, "predict_after_a_round", predict):
        return distill(samples)


VARIANTS: dict[str, Callable[[Samples], PairedDistiller]] = {
    DEFAULT: distill,
    "three rounds": lambda samples: distill(samples, n_rounds=3),
    "mean of both rounds": averaged_rounds,
    "student's penalty times 3": lambda samples: distill(samples, penalty=3),
    "student's penalty divided by 3": lambda samples: distill(samples, penalty=1 / 3),
    "share .95": lambda samples: with_weight(samples, 0.95),
    "share .8": lambda samples: with_weight(samples, 0.8),
    "sharper soft targets, power 1.2": lambda samples: sharpened(samples, 1.2),
    "flatter soft targets, power .8": lambda samples: sharpened(samples, 0.8),
}


def run_split(seed: int, names: list[str]) -> list[dict[str, Any]]:
    """A row for each variant: means over the pairs of views."""
    gains: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for cell in all_cells("digits", seed):
        if (cell.n_labeled, cell.n_unlabeled) != (100, 900):
            continue
        samples = split_samples(cell)
        test = samples.X_test, samples.y_test
        alone = score_rows(make_student(samples, LINEAR_TEACHER, seed).fit(samples.X, samples.y), *test)
        for name in names:
            gains[name].append(compare(score_rows(VARIANTS[name](samples), *test), alone))
    default, rows = pd.DataFrame(gains[DEFAULT]), []
    for name in names:
        table = pd.DataFrame(gains[name])
        row: dict[str, Any] = {"variant": name, "split": seed, "cells": len(table)}
        for score, (column, scale) in SCORES.items():
            change = scale * (table[column] - default[column])
            row |= {score: scale * table[column].mean(), f"{score}_more": change.mean()}
            row[f"{score}_more_error"] = change.std() / np.sqrt(len(change))
        rows.append(row | {"worse_by_a_point": float((table["accuracy_gain"] < -0.01).mean())})
    return rows


def main() -> None:
    """Run what is not yet in the results, and print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", nargs="+", type=int, default=[0])
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS), metavar="VARIANT")
    options = parser.parse_args()
    rows = pd.read_csv(RESULTS).to_dict("records") if RESULTS.exists() else []
    for seed in options.splits:
        done = {row["variant"] for row in rows if row["split"] == seed}
        missing = [name for name in options.variants if name not in done]
        if missing:
            new = run_split(seed, [DEFAULT, *(name for name in missing if name != DEFAULT)])
            rows += [row for row in new if row["variant"] not in done]
            pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.4g")
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
