"""Cohorts of simulated samples, where the best possible classifier is known.

A class c has a mean m_c in four dimensions; z ~ N(m_c, I) is all that the modalities share. The student's input is
A z + noise, the teacher's B z + less noise, so the best prediction from either table has a closed form.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from cohorts import LINKED, PAIRED, Cell, Cohorts, Setting
from scipy.special import softmax

FAMILY = "simulated"
N_CLASSES, N_LATENT = 4, 4
N_STUDENT, N_TEACHER, N_LINKED = 30, 40, 10
STUDENT_NOISE, TEACHER_NOISE = 6.0, 1.0
SEPARATION = 2.5
N_TEST = 4000
SHIFTED_PRIORS = (0.55, 0.25, 0.15, 0.05)
SHIFT, MISSING = "class shares differ", "class missing in the teacher's cohort"
UNDECLARED = "linked columns, not declared"
SETTINGS = (
    *(Setting(100, 600, name=name) for name in ("disjoint", SHIFT, MISSING, LINKED, UNDECLARED)),
    *(Setting(100, 600, n_bridge=n) for n in (10, 30, 100, 300)),
    Setting(300, 600),
    *(Setting(n, 600, n_unlabeled=300) for n in (100, 300)),
    *(Setting(n, n, name=PAIRED) for n in (100, 300)),
    *(Setting(100, 600, n_bridge=100, name=name) for name in (SHIFT, MISSING)),
)


@dataclass(frozen=True)
class Truth:
    """The probability of each class given a row of one modality: p(c | x) of normal classes that share a covariance.

    x | c ~ N(L m_c, L L' + s^2 I). By Woodbury's identity u = L' x, in the latent's dimensions, is sufficient.
    """

    loadings: np.ndarray
    noise: np.ndarray
    means: np.ndarray
    priors: np.ndarray

    @property
    def classes_(self) -> np.ndarray:
        """Class labels."""
        return np.arange(len(self.means))

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Class probabilities of each row."""
        weighted = self.loadings / self.noise[:, None] ** 2
        precision = self.loadings.T @ weighted
        # Given x, the latent without its class has this gain; the class then acts by a linear score.
        shrink = np.linalg.inv(np.eye(len(precision)) + precision)
        centers = self.means @ (np.eye(len(precision)) - shrink)
        scores = X.to_numpy() @ weighted @ shrink @ self.means.T
        return softmax(scores - 0.5 * (centers * self.means).sum(axis=1) + np.log(self.priors), axis=1)


@dataclass(frozen=True)
class World:
    """What stays the same for all samples of one seed."""

    means: np.ndarray
    student: np.ndarray
    teacher: np.ndarray
    student_noise: np.ndarray
    teacher_noise: np.ndarray
    columns: tuple[list[str], list[str]]

    def truth(self, priors: np.ndarray) -> Truth:
        """The best classifier of the student's table with these class priors."""
        return Truth(self.student, self.student_noise, self.means, priors)


def make_world(rng: np.random.RandomState, n_linked: int) -> World:
    """Class means, loadings, and the names of the columns; linked columns measure the same and bear the same name."""
    directions = np.linalg.qr(rng.standard_normal((N_LATENT, N_LATENT)))[0][:N_CLASSES]
    student = rng.standard_normal((N_STUDENT, N_LATENT))
    teacher = rng.standard_normal((N_TEACHER, N_LATENT))
    teacher[:n_linked] = student[:n_linked]
    names = [f"gene {i}" for i in range(n_linked)]
    return World(
        SEPARATION * directions,
        student,
        teacher,
        np.full(N_STUDENT, STUDENT_NOISE),
        np.full(N_TEACHER, TEACHER_NOISE),
        (
            names + [f"student {i}" for i in range(n_linked, N_STUDENT)],
            names + [f"teacher {i}" for i in range(n_linked, N_TEACHER)],
        ),
    )


def draw_samples(
    world: World, n: int, priors: np.ndarray, rng: np.random.RandomState
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Both modalities and the class of n samples; every class of the cohort has two samples or more."""
    present = np.flatnonzero(priors)
    y = rng.choice(len(priors), size=n, p=priors)
    y[: 2 * len(present)] = np.repeat(present, 2)[:n]
    y = rng.permutation(y)
    z = world.means[y] + rng.standard_normal((n, N_LATENT))
    X = z @ world.student.T + world.student_noise * rng.standard_normal((n, N_STUDENT))
    T = z @ world.teacher.T + world.teacher_noise * rng.standard_normal((n, N_TEACHER))
    return pd.DataFrame(X, columns=world.columns[0]), pd.DataFrame(T, columns=world.columns[1]), pd.Series(y, name="y")


def draw_simulated(cell: Cell) -> Cohorts:
    """Fresh samples for each cohort; a larger labeled cohort of a seed begins with the smaller one's samples."""
    setting, seed = cell.setting, cell.seed
    linked = setting.name in (LINKED, UNDECLARED)
    world = make_world(np.random.RandomState(seed), N_LINKED if linked else 0)
    equal = np.full(N_CLASSES, 1 / N_CLASSES)
    teacher_priors = equal
    if setting.name == SHIFT:
        teacher_priors = np.array(SHIFTED_PRIORS)
    elif setting.name == MISSING:
        teacher_priors = np.append(equal[:-1], 0) / equal[:-1].sum()
    streams = [np.random.RandomState([seed, part]) for part in range(5)]
    X, T, y = draw_samples(world, 300, equal, streams[0])
    X, T, y = X[: setting.n_labeled], T[: setting.n_labeled], y[: setting.n_labeled]
    if setting.name == PAIRED:
        teacher_data = (T, y)
    else:
        teacher_data = draw_samples(world, setting.n_teacher, teacher_priors, streams[1])[1:]
    bridge = draw_samples(world, 300, equal, streams[2])[:2]
    unlabeled = draw_samples(world, max(setting.n_unlabeled, 2 * N_CLASSES), equal, streams[3])[0]
    X_test, T_test, y_test = draw_samples(world, N_TEST, equal, streams[4])
    return Cohorts(
        **vars(cell),
        X=X,
        y=y,
        teacher_data=teacher_data,
        unlabeled=(unlabeled,) if setting.n_unlabeled else None,
        bridge=tuple(part[: setting.n_bridge] for part in bridge) if setting.n_bridge else None,
        X_test=X_test,
        y_test=y_test,
        teacher_test=(T_test, y_test),
        truth=world.truth(equal),
    )


def cells(seed: int) -> Iterator[Cell]:
    """Every setting."""
    for setting in SETTINGS:
        yield Cell(FAMILY, "student", "teacher", setting, seed)
