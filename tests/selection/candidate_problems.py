"""Candidate teachers of four classes, for the tests of their figures and of how they are judged."""

from dataclasses import replace

import numpy as np
from scipy.special import softmax

from skcmkd.selection._candidates import Comparison, SelectionSettings, TeacherCandidate
from skcmkd.selection._criteria import proba_estimators

N = 200


def judgement(**changed):
    settings = {
        "estimators": proba_estimators(),
        "representation": "predictions",
        "use_proba": True,
        "use_log_ratios": True,
        "criterion": None,
        "metric": "advantage",
        "n_subsamples": 20,
        "confidence": 0.9,
        "refit": False,
    }
    return SelectionSettings(**(settings | changed))


def make_candidates():
    """Four classes, two bits: one teacher knows the first bit, a second repeats it, a third knows the other bit."""
    rng = np.random.RandomState(0)
    codes = rng.randint(4, size=N)
    student = softmax(0.5 * np.eye(4)[codes] + rng.normal(size=(N, 4)), axis=1)

    def knows(bit):
        return np.where(bit(np.arange(4))[None] == bit(codes)[:, None], 0.45, 0.05)

    def candidate(name, proba):
        return TeacherCandidate(name, np.arange(N), codes, [Comparison(proba, student, np.zeros(N, dtype=int), None)])

    first, other = knows(lambda code: code // 2), knows(lambda code: code % 2)
    return [candidate("first", first), candidate("same", first + 0.0), candidate("other", other)]


def on_rows(candidate, rows):
    parts = [Comparison(one.teacher[rows], one.student[rows], one.block_ids[rows], None) for one in candidate.repeats]
    return TeacherCandidate(candidate.name, rows, candidate.y[rows], parts)


def dealt(*candidates):
    """One candidate whose deals are those of the given ones."""
    return replace(candidates[0], repeats=[one.repeats[0] for one in candidates])
