import numpy as np
import pandas as pd
import pytest

from skcmkd.survival import time_and_event

TIME, EVENT = np.array([3.0, 1.0, 2.0]), np.array([True, False, True])
STRUCTURED = np.array(list(zip(EVENT, TIME, strict=True)), dtype=[("died", bool), ("days", float)])
FRAME = pd.DataFrame({"duration": [3, 1, 2], "event": [1, 0, 1]})


@pytest.mark.parametrize(
    "y",
    [
        STRUCTURED,
        STRUCTURED[["days", "died"]],
        FRAME,
        (TIME, EVENT),
        (TIME.tolist(), [1, 0, 1]),
        (pd.Series([3, 1, 2]), pd.Series([1.0, 0.0, 1.0])),
        (pd.Series([3, 1, 2], dtype="Int64"), pd.Series([True, False, True], dtype="boolean")),
    ],
    ids=["scikit-survival", "other order", "hazardous", "vectors", "lists", "series", "nullable"],
)
def test_every_form_gives_the_same(y):
    time, event = time_and_event(y)
    np.testing.assert_array_equal(time, TIME)
    np.testing.assert_array_equal(event, EVENT)
    assert (time.dtype, event.dtype) == (np.float64, bool)


def test_columns_by_name():
    cohort = FRAME.rename(columns={"duration": "os_days", "event": "died"}).assign(age=60)
    time, event = time_and_event(cohort, time="os_days", event="died")
    np.testing.assert_array_equal(time, TIME)
    np.testing.assert_array_equal(event, EVENT)
    with pytest.raises(ValueError, match=r"no column 'duration', it has 'os_days', 'died', 'age'.*time="):
        time_and_event(cohort)


def test_a_structured_array_with_two_times_is_ambiguous():
    y = np.zeros(3, dtype=[("died", bool), ("days", float), ("age", float)])
    with pytest.raises(ValueError, match=r"2 numeric fields among 'died', 'days', 'age'.*time="):
        time_and_event(y)
    assert time_and_event(y, time="days")[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([1, -2, 3], [1, 0, 1], r"time holds -2 in row 1 .*1 of 3 times.*leave out"),
        ([1, np.nan, 3], [1, 0, 1], r"time holds nan in row 1"),
        ([1, np.inf, 3], [1, 0, 1], r"time holds inf in row 1"),
        ([1, "unknown", 3], [1, 0, 1], r"time holds unknown in row 1"),
        ([1, 2, 3], [1, 2, 1], r"event holds 2, and must be 1 .*event == 2"),
        ([1, 2, 3], ["alive", "dead", "alive"], r"event holds 'alive'.*Compare"),
        ([1, 2, 3], [1, np.nan, 1], r"event is missing in 1 of 3 rows, the first row 1"),
        ([1, 2, 3], [1, 0], r"event has 2 rows and time has 3"),
        (pd.Series([1, 2], ["a", "b"]), pd.Series([1, 0], ["b", "a"]), r"rows of event carry the same labels"),
    ],
)
def test_bad_outcomes(time, event, message):
    with pytest.raises(ValueError, match=message):
        time_and_event((time, event))


def test_no_outcome_at_all():
    with pytest.raises(ValueError, match=r"y is .*a list. Give a tuple \(time, event\)"):
        time_and_event([1, 2, 3])
