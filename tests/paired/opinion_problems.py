"""A small problem for the tests of teachers' opinions and of the weights that they deserve."""

import numpy as np
from skcmkd.paired._pairs import Pairs

from skcmkd._distillation._targets import ClassTarget
from skcmkd._model_selection._folds import stratified_folds
from skcmkd.paired._soft_targets import Opinions
from skcmkd.paired._teachers import TeacherSide

TARGET = ClassTarget(np.array([0, 1]))


def side(teacher, pairs, columns=slice(None), measured=None):
    T, unlabeled = pairs.X_teacher[:, columns], pairs.X_teacher_unlabeled[:, columns]
    return TeacherSide("", teacher, T, pairs.has_teacher if measured is None else measured, unlabeled, np.ones(7, bool))


def form(teacher, pairs, sides=None, target=TARGET, **changed):
    settings = {"weigh": None, "judged": True, "n_jobs": None, "verbose": False}
    codes = pairs.y if target is TARGET else np.arange(40) % 4
    sides = [side(teacher, pairs)] if sides is None else sides
    return Opinions(target, pairs, sides, stratified_folds(codes, 4), **{**settings, **changed})


def make_pairs():
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=40)
    X = rng.normal(size=(40, 2)) + y[:, None]
    T = rng.normal(size=(40, 3)) + 2 * y[:, None]
    measured = np.arange(40) >= 5
    return Pairs(X, y, T, measured, np.ones(40, dtype=bool), rng.normal(size=(7, 2)), rng.normal(size=(7, 3)))
