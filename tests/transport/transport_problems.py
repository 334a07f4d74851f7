"""Random problems of optimal transport, with the objective and a solver written out."""

import numpy as np
import pytest
from scipy.special import logsumexp, xlogy

from skcmkd._transport._costs import cost_matrix

CASES = {"exact": {}, "entropic": {"reg": 0.1}}
every_case = pytest.mark.parametrize("options", CASES.values(), ids=CASES)


def draw(n, m, seed=0, p=5):
    rng = np.random.RandomState(seed)
    return rng.normal(size=(n, p)), rng.normal(size=(m, p)) + 0.5


def draw_cost(n, m, seed=0):
    return cost_matrix(*draw(n, m, seed), "euclidean")


def draw_weights(n, seed=0):
    weights = np.random.RandomState(seed).uniform(0.2, 1, size=n)
    return weights / weights.sum()


def kl(p, q):
    return np.sum(xlogy(p, p / q) - p + q)


def objective(P, C, a, b, reg=0.0):
    return np.sum(P * C) + reg * kl(P, np.outer(a, b))


def sinkhorn(C, a, b, reg, n_iterations=5000):
    """Sinkhorn on potentials in units of the cost, until they stay as they are."""
    f, g = np.zeros(len(a)), np.zeros(len(b))
    for _ in range(n_iterations):
        before = f
        f = -reg * logsumexp((g - C) / reg, b=b, axis=1)
        g = -reg * logsumexp((f[:, None] - C) / reg, b=a[:, None], axis=0)
        if np.abs(f - before).max() < 1e-14:
            break
    return np.exp((f[:, None] + g - C) / reg) * np.outer(a, b)
