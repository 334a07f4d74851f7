"""Settings and candidate teachers of four classes, for the tests of their metrics and of their ranking."""

from dataclasses import replace

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from skcmkd.selection._added import AddedInformation
from skcmkd.selection._candidates import Comparison, TeacherCandidate
from skcmkd.selection._criteria import proba_estimators
from skcmkd.selection._representations import REPRESENTATIONS
from skcmkd.selection._settings import SelectionSettings

N = 200


def make_settings(**changed):
    settings = {
        "representation": REPRESENTATIONS["predictions"],
        "encoders": {"student": LogisticRegression(), "teacher": LogisticRegression()},
        "default_encoders": frozenset(),
        "estimators": proba_estimators(),
        "coordinates": "probabilities",
        "criterion": None,
        "metric": "advantage",
        "needs_pairs": False,
        "cv": 5,
        "n_repeats": 1,
        "n_subsamples": 20,
        "refit": False,
        "confidence": 0.9,
        "seed": 0,
        "n_jobs": None,
        "verbose": False,
    }
    return SelectionSettings(**(settings | changed))


def make_candidates():
    """Four classes, two bits: a teacher predicts the first bit, a second copies it, a third predicts the other bit."""
    rng = np.random.RandomState(0)
    codes = rng.randint(4, size=N)
    student = softmax(0.5 * np.eye(4)[codes] + rng.normal(size=(N, 4)), axis=1)

    def predicts(bit):
        return np.where(bit(np.arange(4))[None] == bit(codes)[:, None], 0.45, 0.05)

    def candidate(name, proba):
        added = AddedInformation([student, proba], codes, np.arange(N) % 5, True)
        comparison = Comparison(proba, student, np.zeros(N, dtype=int), None, added)
        return TeacherCandidate(name, np.arange(N), codes, [comparison], n_folds=5)

    first, second = predicts(lambda code: code // 2), predicts(lambda code: code % 2)
    return [candidate("first", first), candidate("copy", first + 0.0), candidate("second", second)]


def on_rows(candidate, rows):
    parts = [
        Comparison(each.teacher[rows], each.student[rows], each.block_ids[rows], None, each.added.take(rows))
        for each in candidate.repeats
    ]
    return TeacherCandidate(candidate.name, rows, candidate.y[rows], parts, candidate.n_folds)


def repeated(*candidates):
    """One candidate whose repeats are those of the given ones."""
    return replace(candidates[0], repeats=[each.repeats[0] for each in candidates])
