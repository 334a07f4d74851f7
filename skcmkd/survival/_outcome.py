"""The outcome as users give it: time and event in two vectors, a structured array or a DataFrame."""

from __future__ import annotations

import reprlib
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from .._validation._array_checks import check_1d, check_same_length
from .._validation._sklearn import ArrayLike
from .._validation._tables import check_same_index


def time_and_event(y: Any, *, time: str | None = None, event: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Split an outcome into times and events, and check both.

    Parameters
    ----------
    y : structured ndarray of shape (n_samples,), DataFrame or tuple
        A structured array of a Boolean and a numeric field, as scikit-survival takes it; a DataFrame with the columns
        "event" and "duration", as hazardous takes it, or with those named by ``time`` and ``event``; a tuple
        ``(time, event)``.
    time, event : str or None, default=None
        Names of the fields or columns; None finds them as described.

    Returns
    -------
    time : ndarray of shape (n_samples,)
        Time to the event or to the end of the follow-up, of 0 or more, in any unit.
    event : ndarray of bool of shape (n_samples,)
        True where the event was seen, False where the row was censored: event-free so far.

    Raises
    ------
    ValueError
        If a column is missing or ambiguous, a time is negative, missing or infinite, an event is neither 0 nor 1, or
        the lengths differ.

    References
    ----------
    Polsterl (2020). scikit-survival. JMLR 21(212). Alberge et al. (2025). Survival models: proper scoring rule and
    stochastic optimization with competing risks. AISTATS, the package hazardous.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd.survival import time_and_event
    >>> y = np.array([(True, 5.0), (False, 8.0)], dtype=[("died", bool), ("days", float)])
    >>> time_and_event(y)
    (array([5., 8.]), array([ True, False]))
    """
    if isinstance(y, tuple) and len(y) == 2:
        return check_time_and_event(*y)
    if isinstance(y, np.ndarray) and y.dtype.names:
        fields = {name: y[name] for name in y.dtype.names}
        is_boolean = {name: y.dtype[name].kind == "b" for name in fields}
        time = time or _only(fields, [name for name in fields if not is_boolean[name]], "time")
        event = event or _only(fields, [name for name in fields if is_boolean[name]], "event")
    elif hasattr(y, "columns"):
        fields = {name: y[name] for name in y.columns}
        time, event = time or "duration", event or "event"
    else:
        raise ValueError(
            f"y is {reprlib.repr(y)}, a {type(y).__name__}. Give a tuple (time, event), a structured array of a "
            "Boolean and a numeric field, or a DataFrame with the columns 'event' and 'duration'."
        )
    for parameter, name in (("time", time), ("event", event)):
        if name not in fields:
            raise ValueError(
                f"y has no column {name!r}, it has {', '.join(map(repr, fields))}. Name the one with {parameter}=."
            )
    return check_time_and_event(fields[time], fields[event])


def _only(fields: dict[str, Any], candidates: list[str], parameter: str) -> str:
    if len(candidates) != 1:
        kind = "Boolean" if parameter == "event" else "numeric"
        raise ValueError(
            f"y has {len(candidates)} {kind} fields among {', '.join(map(repr, fields))}, and one is needed. Name it "
            f"with {parameter}=."
        )
    return candidates[0]


def check_time_and_event(time: ArrayLike, event: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Times as floats of 0 or more, and events as Booleans; row labels of both must agree."""
    check_same_index(time, event, "event", "time")
    times, events = check_1d(time, "time"), check_1d(event, "event")
    check_same_length(times, events, "event", "time")
    return _check_times(times), _check_events(events)


def _check_times(values: np.ndarray) -> np.ndarray:
    numbers = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0))
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"time holds {values[first]!s} in row {first} (counted from 0), and {int(wrong.sum())} of {len(wrong)} "
            "times are missing, infinite, negative or no number. A time runs from the start of the follow-up to the "
            "event or to the last contact, in days, say: leave out these rows, or mend them."
        )
    return numbers


def _check_events(values: np.ndarray) -> np.ndarray:
    missing = pd.isna(values)
    if missing.any():
        raise ValueError(
            f"event is missing in {int(missing.sum())} of {len(values)} rows, the first row {int(missing.argmax())} "
            "(counted from 0). Leave out these rows; of a row without an event say 0, and its last contact as time."
        )
    objects = values.astype(object)
    known = (objects == 0) | (objects == 1)
    if not known.all():
        value = objects[int(known.argmin())]
        raise ValueError(
            f"event holds {value!r}, and must be 1 where the event was seen and 0 where the row was censored. Compare "
            f"it with the value that marks the event, such as event == {value!r}; of several kinds of events the "
            "others count as censored then."
        )
    return (objects == 1).astype(bool)


def check_horizon(horizon: Any) -> float:
    """A time above 0."""
    if isinstance(horizon, bool) or not isinstance(horizon, Real) or not 0 < float(horizon) < np.inf:
        raise ValueError(f"horizon={horizon!r} must be a finite number above 0, in the unit of time.")
    return float(horizon)


def check_followed_to(time: np.ndarray, horizon: float) -> None:
    """Raise where no row was followed to the horizon: nothing is known about that time."""
    last = float(time.max())
    if horizon > last:
        raise ValueError(
            f"horizon={horizon:g} is beyond the last time, {last:g}: no row was followed so long. Give a horizon of at "
            f"most {last:g}, better one that many rows reach, in the unit of time."
        )
