"""Privileged features that are too good: the gain of the student while the teacher comes nearer to the label itself.

Yang, Sanghavi, Rahmanian, Bakus, Vishwanathan. Toward understanding privileged features distillation in
learning-to-rank. NeurIPS 2022, arXiv 2209.08754: "as the predictive power of a privileged feature increases, the
performance of the resulting student model initially increases but then decreases".

The student's 20 columns x are normal, P(y = 1) = 1 / (1 + exp(-b x)). The teacher's table is z = d (y - 1/2) + noise
and four columns of noise: with d = 0 it knows nothing, with d = 6 it is the label. A linear teacher of x and z is the
true model, so that soft targets are right for the student at any weight and nothing but their variance changes. Losses
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

N_COLUMNS, N_SIGNAL, SIGNAL, N_NOISE = 20, 5, 1.5, 4
SEPARATIONS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
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
BY = ["pairs", "method", "separation"]
GAINS = {"accuracy_gain": points, "log_loss_gain": nats}


def teacher_accuracy(separation: float) -> float:
    """Accuracy of the best model of the teacher's table alone: Phi(d / 2), both classes being equally likely."""
    return float(ndtr(separation / 2))


def draw(separation: float, seed: int, sizes: tuple[int, int, int] = SIZES) -> tuple[Samples, np.ndarray]:
    """Samples and the true probability of each test row; draws of one seed differ in the separation alone."""
    rng = np.random.RandomState(seed)
    n = sum(sizes)
    X = rng.standard_normal((n, N_COLUMNS))
    probability = expit(SIGNAL / np.sqrt(N_SIGNAL) * X[:, :N_SIGNAL].sum(axis=1))
    y = (rng.uniform(size=n) < probability).astype(int)
    Z = rng.standard_normal((n, 1 + N_NOISE))
    Z[:, 0] += separation * (y - 0.5)
    return split(X, Z, y, sizes, np.arange(n)), probability[: sizes[0]]


def expected_scores(model: BaseEstimator, X: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Accuracy and log-loss in expectation over the labels of the test rows."""
    p = model.predict_proba(X)[:, 1].clip(1e-7, 1 - 1e-7)
    return {
        "accuracy": np.where(p > 0.5, probability, 1 - probability).mean(),
        "log_loss": -(probability * np.log(p) + (1 - probability) * np.log1p(-p)).mean(),
    }


def cells() -> Iterator[dict[str, Any]]:
    """Every separation of every draw."""
    for seed in range(N_DRAWS):
        for separation in SEPARATIONS:
            yield {"seed": seed, "separation": separation}


def run_cell(cell: dict[str, Any], sizes: tuple[int, int, int] = SIZES) -> list[dict[str, Any]]:
    """A row for each method and kind of pairs: gains over the same student alone."""
    drawn, probability = draw(cell["separation"], cell["seed"], sizes)
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
    """Mean gains by separation, with the accuracy of the teacher's table."""
    summary = summarize(table, BY, GAINS)
    return summary.assign(teacher_accuracy=summary["separation"].map(teacher_accuracy))


def rise_and_fall(table: pd.DataFrame) -> pd.DataFrame:
    """How much the best separation gains over the weakest and over the strongest teacher, in nats.

    The best one is chosen on the even draws and measured on the odd ones, since the best of eight means is too good.
    """
    odd = table["seed"] % 2 == 1
    rows = []
    for (pairs, method), part in table.groupby(BY[:2], sort=False):
        wide = part.set_index(["seed", "separation"])["log_loss_gain"].unstack()  # noqa: PD010
        best = wide[~odd.groupby(table["seed"]).first()].mean().idxmax()
        held_out = wide[odd.groupby(table["seed"]).first()]
        changes = pd.DataFrame(
            {
                "rise": held_out[best] - held_out[min(SEPARATIONS)],
                "fall": held_out[best] - held_out[max(SEPARATIONS)],
                "at_best": held_out[best],
                "at_end": held_out[max(SEPARATIONS)],
                "at_start": held_out[min(SEPARATIONS)],
            }
        ).reset_index()
        row = summarize(
            changes.assign(pairs=pairs, method=method), BY[:2], dict.fromkeys(changes.columns[1:], nats)
        ).assign(best_separation=best, best_accuracy=teacher_accuracy(best))
        rows.append(row)
    return pd.concat(rows, ignore_index=True)
