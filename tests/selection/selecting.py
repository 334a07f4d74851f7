"""Simulated modalities and fast selectors, for the tests of CCHSelector."""

from sklearn.linear_model import LogisticRegression

from skcmkd import CCHSelector
from skcmkd.datasets import make_gaussian_modalities

SIGNALS = {"weak": 0.0, "student": 0.5, "strong": 2.5}
# A fixed penalty, one repeat and few halves, where a test does not concern them.
FAST = {
    "criterion": "added",
    "encoder": LogisticRegression(C=0.1),
    "n_repeats": 1,
    "n_subsamples": 2,
    "random_state": 0,
}


def make_modalities(n=240, random_state=0):
    return make_gaussian_modalities(n, specific_signal=SIGNALS, random_state=random_state)


def fast_selector(drawn, **changed):
    return CCHSelector(**{"modalities": drawn.modalities, "student": "student", **FAST, **changed})
