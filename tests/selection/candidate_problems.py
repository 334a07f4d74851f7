"""Candidate teachers of four classes, for the tests of their figures and of how they are judged."""

from dataclasses import replace

import numpy as np
from scipy.special import softmax

from skcmkd.selection._candidates import Candidate, Comparison, Judgement
from skcmkd.selection._criteria import class_score_family

N = 200


def judgement(**changed):
    settings = {
        "family": class_score_family(),
        "representation": "predictions",
        "probabilities": True,
        "coordinates": True,
        "criterion": None,
        "figure": "advantage",
        "n_subsamples": 20,
        "confidence": 0.9,
        "refit": False,
    }
    return Judgement(**(settings | changed))


def make_candidates():
    """Four classes, two bits: one teacher knows the first bit, a second repeats it, a third knows the other bit."""
    rng = np.random.RandomState(0)
    codes = rng.randint(4, size=N)
    student = softmax(0.5 * np.eye(4)[codes] + rng.normal(size=(N, 4)), axis=1)

    def knows(bit):
        return np.where(bit(np.arange(4))[None] == bit(codes)[:, None], 0.45, 0.05)

    def candidate(name, proba):
        return Candidate(name, np.arange(N), codes, [Comparison(proba, student, np.zeros(N, dtype=int), None)])

    first, other = knows(lambda code: code // 2), knows(lambda code: code % 2)
    return [candidate("first", first), candidate("same", first + 0.0), candidate("other", other)]


def on_rows(candidate, rows):
    parts = [
        Comparison(one.teacher[rows], one.student[rows], one.block_of[rows], None) for one in candidate.comparisons
    ]
    return Candidate(candidate.name, rows, candidate.y[rows], parts)


def dealt(*candidates):
    """One candidate whose deals are those of the given ones."""
    return replace(candidates[0], comparisons=[one.comparisons[0] for one in candidates])
