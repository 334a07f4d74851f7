"""Privileged features that are too good: the gain of the student while the teacher comes nearer to the label itself.

Yang, Sanghavi, Rahmanian, Bakus, Vishwanathan. Toward understanding privileged features distillation in
learning-to-rank. NeurIPS 2022, arXiv 2209.08754: "as the predictive power of a privileged feature increases, the
performance of the resulting student model initially increases but then decreases".

The student's 20 columns x are normal, P(y = 1) = 1 / (1 + exp(-b x)). Two columns of the teacher's table know
something: z = d (y - 1/2) + noise is a noisy copy of the *label*, the label at d = 6; w = b x + s noise measures the
*probability*, exactly at s = 0. Three further columns are noise. Two paths lead from chance to a teacher that is never
wrong: z grows alone, or w first becomes exact, and then z grows. A linear teacher of x, w and z is nearly the true
model, so that its soft targets are right for the student at any weight, and little but their variance changes. Losses
are expectations under the true probabilities of the test rows.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from common import Samples, distill, labeled_only, nats, points, split, summarize, tuned_linear
from no_transfer import LABELED, UNLABELED
from scipy.special import expit, ndtr
from sklearn.base import BaseEstimator

from skcmkd.information import make_default_classifier

N_COLUMNS, N_SIGNAL, SIGNAL, N_TEACHER = 20, 5, 1.5, 5
LABEL, PROBABILITY = "the label", "the probability, then the label"
# Noise of the measured probability, and separation of the copied label: weakest teacher first.
PATHS = {
    LABEL: [(np.inf, d) for d in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)],
    PROBABILITY: [*((s, 0.0) for s in (np.inf, 3.0, 1.5, 0.7)), *((0.0, d) for d in (0.0, 1.0, 2.0, 3.0, 6.0))],
}
SIZES = (4000, 100, 1000)  # test, labeled, unlabeled
N_DRAWS = 16
DEFAULT = "default (stacked)"
SETTINGS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    "teacher's table, weight 0.5": {"teacher_weights": "equal", "alpha": 0.5},
    "teacher's table, weight 1": {"teacher_weights": "equal", "alpha": 1.0},
    "both tables, weight 0.5": {"teacher_input": "both", "teacher_weights": "equal", "alpha": 0.5},
    "both tables, weight 1": {"teacher_input": "both", "teacher_weights": "equal", "alpha": 1.0},
}
BY = ["path", "pairs", "method", "step"]
GAINS = {"accuracy_gain": points, "log_loss_gain": nats}


def teacher_accuracy(noise: float, separation: float) -> float:
    """Accuracy of the best model of the teacher's table alone, by Gauss-Hermite quadrature over b x.

    Given b x = u and y, the model decides by the sign of normal log-odds: u + d z where w is exact, d z where it
    is noise, and w where there is no z.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    u, weights = SIGNAL * nodes, weights / np.sqrt(2 * np.pi)
    if separation > 0:
        known = u if noise == 0 else 0 * u
        right = [ndtr(separation / 2 + sign * known / separation) for sign in (1, -1)]
    else:
        right = [ndtr(sign * u / noise) if noise > 0 else (sign * u > 0) + (u == 0) / 2 for sign in (1, -1)]
    return float(weights @ (expit(u) * right[0] + expit(-u) * right[1]))


def draw(noise: float, separation: float, seed: int, sizes: tuple[int, int, int] = SIZES) -> tuple[Samples, np.ndarray]:
    """Samples and the true probabilities of the test rows; one seed has one student's table and label."""
    rng = np.random.RandomState(seed)
    n = sum(sizes)
    X = rng.standard_normal((n, N_COLUMNS))
    log_odds = SIGNAL / np.sqrt(N_SIGNAL) * X[:, :N_SIGNAL].sum(axis=1)
    probability = expit(log_odds)
    y = (rng.uniform(size=n) < probability).astype(int)
    Z = rng.standard_normal((n, N_TEACHER))
    Z[:, 0] += separation * (y - 0.5)
    if np.isfinite(noise):
        Z[:, 1] = log_odds + noise * Z[:, 1]
    return split(X, Z, y, sizes, np.arange(n)), probability[: sizes[0]]


def expected_scores(model: BaseEstimator, X: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Accuracy and log-loss in expectation over the labels of the test rows."""
    p = model.predict_proba(X)[:, 1].clip(1e-7, 1 - 1e-7)
    return {
        "accuracy": np.where(p > 0.5, probability, 1 - probability).mean(),
        "log_loss": -(probability * np.log(p) + (1 - probability) * np.log1p(-p)).mean(),
    }


def cells() -> Iterator[dict[str, Any]]:
    """Every step of both paths in every draw."""
    for path, steps in PATHS.items():
        for seed in range(N_DRAWS):
            for step in range(len(steps)):
                yield {"seed": seed, "path": path, "step": step}


def run_cell(cell: dict[str, Any], sizes: tuple[int, int, int] = SIZES) -> list[dict[str, Any]]:
    """A row for each method and kind of pairs: gains over the same student alone."""
    drawn, probability = draw(*PATHS[cell["path"]][cell["step"]], cell["seed"], sizes)
    student, teacher = tuned_linear(drawn), make_default_classifier()
    alone = expected_scores(student.fit(drawn.X, drawn.y), drawn.X_test, probability)
    rows = []
    for pairs, samples in ((LABELED, labeled_only(drawn)), (UNLABELED, drawn)):
        for method, settings in SETTINGS.items():
            scores = expected_scores(distill(student, teacher, samples, **settings), drawn.X_test, probability)
            gains = {
                "accuracy_gain": scores["accuracy"] - alone["accuracy"],
                "log_loss_gain": alone["log_loss"] - scores["log_loss"],
            }
            rows.append(cell | {"pairs": pairs, "method": method} | scores | gains)
    return rows


def means(table: pd.DataFrame) -> pd.DataFrame:
    """Mean gains by step, with the accuracy of the teacher's table."""
    summary = summarize(table, BY, GAINS)
    accuracies = [
        teacher_accuracy(*PATHS[path][step]) for path, step in zip(summary["path"], summary["step"], strict=True)
    ]
    return summary.assign(teacher_accuracy=accuracies)


def rise_and_fall(table: pd.DataFrame) -> pd.DataFrame:
    """How much the best step of a path gains over the weakest and over the strongest teacher, in nats.

    The best one is chosen on the even draws and measured on the odd ones, since the best of eight means is too good.
    """
    rows = []
    for (path, pairs, method), part in table.groupby(BY[:-1], sort=False):
        by_draw = part.pivot_table("log_loss_gain", "seed", "step")
        odd = by_draw.index % 2 == 1
        best, held_out = by_draw[~odd].mean().idxmax(), by_draw[odd]
        first, last = held_out.columns[[0, -1]]
        changes = pd.DataFrame(
            {
                "rise": held_out[best] - held_out[first],
                "fall": held_out[best] - held_out[last],
                "at_start": held_out[first],
                "at_best": held_out[best],
                "at_end": held_out[last],
            }
        )
        names = dict.fromkeys(changes.columns, nats)
        changes = changes.reset_index().assign(path=path, pairs=pairs, method=method)
        accuracy = teacher_accuracy(*PATHS[path][best])
        rows.append(summarize(changes, BY[:-1], names).assign(best_step=best, best_accuracy=accuracy))
    return pd.concat(rows, ignore_index=True)
