"""The forty tasks of `bmi`, the public exam of estimators of mutual information, drawn with NumPy.

Czyz, P., Grabowski, F., Vogt, J. E., Beerenwinkel, N., Marx, A. (2023). Beyond normal: on the evaluation of mutual
information estimators. NeurIPS, arXiv 2306.11078. The authors' package, benchmark-mi (MIT), needs numpy below 2 and an
old jax, so the distributions are written down anew from its definitions, under its names; `results/bmi_reference.csv`
has its own truths (`bmi_exam.py`). One task more has a label: the mixture of Gao, Kannan, Oh, Viswanath (2017).
Estimating mutual information for discrete-continuous mixtures. NeurIPS; a sampler of the same package.

Maps that can be undone keep the mutual information, so the truth is that of what they are applied to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from known_information import half_cube, normal_information, spiral, student_t_mi, swiss_roll
from scipy.special import ndtr

Table = np.ndarray
Draw = Callable[[np.random.RandomState, int], tuple[Table, Table]]

CORRELATION = 0.75
# Two coordinates of each side share a latent: x_i = 2 z_i + e_i, y_i = 2 z_i + e_i'.
PAIR_CORRELATION = 2**2 / (2**2 + 1)
N_PAIRS = 2
DENSE_CORRELATION = 0.5
# Weights, means of the two normal components of each coordinate.
BIMODAL = (((0.3, 0.0), (0.7, 5.0)), ((0.5, -1.0), (0.5, 3.0)))


@dataclass(frozen=True)
class Task:
    """A distribution of two variables: ``draw(rng, n_samples)`` gives both tables, ``nats`` is their information."""

    name: str
    group: str
    draw: Draw
    nats: float
    is_label: bool = False

    def sample(self, n_samples: int, seed: int) -> tuple[Table, Table]:
        """Both tables, or a table and a label."""
        return self.draw(np.random.RandomState(seed), n_samples)


def mapped(task: Task, name: str, group: str, map_x: Callable, map_y: Callable) -> Task:
    """The task with each side put through a map that can be undone."""

    def draw(rng: np.random.RandomState, n: int) -> tuple[Table, Table]:
        X, Y = task.draw(rng, n)
        return map_x(X), map_y(Y)

    return replace(task, name=f"{name}-{task.name}", group=group, draw=draw)


def normal(name: str, group: str, correlation: Table) -> Task:
    """Jointly normal sides of the same number of columns."""
    root = np.linalg.cholesky(correlation).T

    def draw(rng: np.random.RandomState, n: int) -> tuple[Table, Table]:
        X, Y = np.hsplit(rng.standard_normal((n, len(root))) @ root, 2)
        return X, Y

    return Task(name, group, draw, normal_information(correlation))


def dense(d: int) -> Task:
    """Every two columns are correlated alike."""
    c = DENSE_CORRELATION
    return normal(f"multinormal-dense-{d}-{d}-{c}", "normal", (1 - c) * np.eye(2 * d) + c)


def two_pairs(d: int) -> Task:
    """Column i of one side is correlated with column i of the other, for two i."""
    pairs = np.zeros(d)
    pairs[:N_PAIRS] = PAIR_CORRELATION
    correlation = np.eye(2 * d) + np.kron([[0, 1], [1, 0]], np.diag(pairs))
    return normal(f"multinormal-sparse-{d}-{d}-{N_PAIRS}-2.0", "normal", correlation)


def student(d: int, degrees_of_freedom: int) -> Task:
    """Uncorrelated columns that share one divisor a row."""

    def draw(rng: np.random.RandomState, n: int) -> tuple[Table, Table]:
        scale = np.sqrt(rng.chisquare(degrees_of_freedom, size=(n, 1)) / degrees_of_freedom)
        X, Y = np.hsplit(rng.standard_normal((n, 2 * d)) / scale, 2)
        return X, Y

    name = f"student-identity-{d}-{d}-{degrees_of_freedom}"
    return Task(name, "heavy tails", draw, student_t_mi(d, degrees_of_freedom))


def additive_noise(epsilon: float) -> Task:
    """X uniform on [0, 1], Y = X + a uniform number of [-epsilon, epsilon]."""

    def draw(rng: np.random.RandomState, n: int) -> tuple[Table, Table]:
        X = rng.uniform(size=(n, 1))
        return X, X + rng.uniform(-epsilon, epsilon, size=(n, 1))

    nats = 1 / (4 * epsilon) if epsilon > 0.5 else epsilon - np.log(2 * epsilon)
    return Task(f"1v1-additive-{epsilon}", "one column", draw, float(nats))


def uniform_label(n_classes: int) -> Task:
    """A label k of equally likely classes, and one column uniform on [k, k + 2]."""

    def draw(rng: np.random.RandomState, n: int) -> tuple[Table, Table]:
        label = rng.randint(n_classes, size=n)
        return label[:, None] + rng.uniform(0, 2, size=(n, 1)), label

    nats = np.log(n_classes) - (n_classes - 1) / n_classes * np.log(2)
    return Task(f"discrete-uniform-{n_classes}", "label", draw, float(nats), is_label=True)


def bimodal_cdf(x: Table, components: tuple) -> Table:
    """Distribution function of a mixture of normal components."""
    return sum(weight * ndtr(x - mean) for weight, mean in components)


def bimodal(components: tuple) -> Callable:
    """Map of a standard normal column to the mixture, increasing: bisection of its distribution function."""

    def to_mixture(x: Table) -> Table:
        lower, upper = np.full(x.shape, -20.0), np.full(x.shape, 20.0)
        for _ in range(60):
            middle = (lower + upper) / 2
            below = bimodal_cdf(middle, components) < ndtr(x)
            lower, upper = np.where(below, middle, lower), np.where(below, upper, middle)
        return (lower + upper) / 2

    return to_mixture


def wiggly_x(x: Table) -> Table:
    """An increasing, wavy map."""
    return x + 0.4 * np.sin(x) + 0.2 * np.sin(1.7 * x + 1) + 0.03 * np.sin(3.3 * x - 2.5)


def wiggly_y(y: Table) -> Table:
    """Another one."""
    return y - 0.4 * np.sin(0.4 * y) + 0.17 * np.sin(1.3 * y + 3.5) + 0.02 * np.sin(4.3 * y - 2.5)


def list_tasks() -> dict[str, Task]:
    """All tasks by name, in the order of the package; the label last."""
    line = normal(f"1v1-normal-{CORRELATION}", "one column", np.array([[1, CORRELATION], [CORRELATION, 1]]))
    uniform = mapped(line, "normal_cdf", "one column", ndtr, ndtr)
    cauchy = replace(student(1, 1), group="one column")
    both = {d: two_pairs(d) for d in (3, 5, 25)}
    uniforms = {d: mapped(task, "normal_cdf", "transformed", ndtr, ndtr) for d, task in both.items()}

    def turned(task: Task) -> Task:
        return mapped(task, "spiral", "transformed", lambda X: spiral(X, 0, 1), lambda Y: spiral(Y, 1, 2))

    tasks = [
        line,
        uniform,
        additive_noise(0.1),
        additive_noise(0.75),
        replace(mapped(line, "", "one column", *map(bimodal, BIMODAL)), name=f"1v1-bimodal-{CORRELATION}"),
        mapped(line, "wiggly", "one column", wiggly_x, wiggly_y),
        mapped(line, "half_cube", "one column", half_cube, half_cube),
        cauchy,
        mapped(cauchy, "asinh", "one column", np.arcsinh, np.arcsinh),
        mapped(uniform, "swissroll_x", "transformed", swiss_roll, np.asarray),
        *(dense(d) for d in (2, 3, 5, 25, 50)),
        two_pairs(2),
        *both.values(),
        *(student(d, tails) for d, tails in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3))),
        *uniforms.values(),
        *(mapped(task, "half_cube", "transformed", half_cube, half_cube) for task in both.values()),
        *map(turned, both.values()),
        *map(turned, uniforms.values()),
        *(mapped(student(d, t), "asinh", "heavy tails", np.arcsinh, np.arcsinh) for d, t in ((2, 1), (3, 2), (5, 2))),
        uniform_label(5),
    ]
    return {task.name: task for task in tasks}


TASKS = list_tasks()
