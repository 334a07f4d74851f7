"""Outcomes of the tests: a small one with equal times of events and censoring, and drawn ones."""

import numpy as np

# Several rows share the times 3, 5, 7, 8 and 12; at 3 there are two events and a censored row.
TIME = np.array([5, 3, 8, 8, 1, 12, 7, 3, 9, 4, 12, 6, 2, 8, 11, 5, 10, 3, 7, 12.0])
EVENT = np.array([1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0])
RISK = np.array([55, 40, 50, 20, 90, 10, 45, 70, 30, 60, 15, 35, 80, 50, 25, 50, 20, 65, 30, 30]) / 100


def draw_outcome(n_rows, seed, *, rounded=False, censoring=1.0):
    """Exponential times of events and of censoring; with ``rounded`` they are rounded up to whole numbers."""
    generator = np.random.RandomState(seed)
    event_time = generator.exponential(5, n_rows)
    censoring_time = generator.exponential(5 / censoring, n_rows) if censoring else np.full(n_rows, np.inf)
    time, event = np.minimum(event_time, censoring_time), event_time <= censoring_time
    return (np.ceil(time) if rounded else time), event


def survival_by_hand(time, event, at):
    """The product over event times, written out; a row censored at an event time is at risk there."""
    value = 1.0
    for t in sorted({t for t, e in zip(time, event, strict=True) if e and t <= at}):
        at_risk = sum(other >= t for other in time)
        events = sum(other == t and e for other, e in zip(time, event, strict=True))
        value *= 1 - events / at_risk
    return value


def uncensored_before_by_hand(time, event, at):
    """Probability of not being censored before a time; rows with an event leave before those censored then."""
    value = 1.0
    for t in sorted({t for t, e in zip(time, event, strict=True) if not e and t < at}):
        rows = list(zip(time, event, strict=True))
        at_risk = sum(other > t or (other == t and not e) for other, e in rows)
        value *= 1 - sum(other == t and not e for other, e in rows) / at_risk
    return value
