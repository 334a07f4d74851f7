"""Simulated modalities and a time to an event, with the true risk known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from sklearn.utils import Bunch, check_random_state

from ._bunch import check_count, check_finite, make_bunch, modality_frame

HORIZON = 1.0
QUADRATURE_NODES = 60


def make_survival_modalities(
    n_samples: int = 200,
    *,
    n_signal: int = 5,
    n_noise: int = 10,
    signal: Mapping[str, float] | None = None,
    log_hazard_ratio: float = 1.5,
    event_rate: float = 0.3,
    censoring: float = 0.3,
    censoring_dependence: float = 0.0,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Draw modalities that measure one hidden number, and a time to an event whose hazard depends on it.

    With u ~ N(0, 1) hidden, e ~ N(0, 1) anew in each column, h = 1 the horizon::

        signal column  signal[modality] u / sqrt(n_signal) + e,      noise column  e
        time to event  exponential with rate r exp(b u),             b = log_hazard_ratio
        censoring      exponential with rate c exp(g v)              g = censoring_dependence

    where v is the standardized sum of the student's signal columns. The constant r gives the share ``event_rate`` of
    events by the horizon, and c the share ``censoring`` of rows that are censored before it.

    Parameters
    ----------
    n_samples : int, default=200
        Number of rows.
    n_signal, n_noise : int, default=5, 10
        Number of columns of each kind in each modality; n_noise may be 0.
    signal : dict of str to float, default={"teacher": 2.0, "student": 0.7}
        Names of the modalities, and the effect of u on each, in standard deviations of a column's error; the last is
        the student's.
    log_hazard_ratio : float, default=1.5
        Change of the logarithm of the hazard by one standard deviation of u.
    event_rate : float in (0, 1), default=0.3
        Probability of the event by the horizon, over the rows.
    censoring : float in [0, 1), default=0.3
        Expected share of the rows drawn that are censored before the horizon; with 0 no row is ever censored.
    censoring_dependence : float, default=0.0
        Change of the logarithm of the censoring hazard by one standard deviation of v. Not 0: rows are censored by
        their student's columns, and weights of one censoring distribution for all rows are wrong.
    random_state : int, RandomState or None, default=None
        Seed.

    Returns
    -------
    Bunch
        ``data`` (DataFrame), ``modalities`` (dict, name to its columns), ``target`` (Series: whether the event comes by
        the horizon, 0 or 1, also of the censored rows), ``time`` and ``event`` (Series, as they are seen), ``horizon``
        (1.0), ``true_risk`` (Series, probability of the event by the horizon given u), ``modality_risk`` (DataFrame,
        the same given the columns of a modality alone: the best possible prediction from it), ``DESCR``.

    Raises
    ------
    ValueError
        If a number is out of range, or so many rows cannot be censored before the horizon.

    References
    ----------
    Bender, Augustin, Blettner. Generating survival times to simulate Cox proportional hazards models. Statistics in
    Medicine 24, 2005.

    Examples
    --------
    >>> from skcmkd.datasets import make_survival_modalities
    >>> drawn = make_survival_modalities(1000, random_state=0)
    >>> censored_before = (drawn.time < drawn.horizon) & ~drawn.event
    >>> round(float(censored_before.mean()), 1), round(float(drawn.target.mean()), 1)
    (0.3, 0.3)
    """
    rng = check_random_state(random_state)
    signals = {"teacher": 2.0, "student": 0.7} if signal is None else dict(signal)
    _check(n_samples, n_signal, n_noise, signals, log_hazard_ratio, event_rate, censoring, censoring_dependence)
    hidden = rng.standard_normal(n_samples)
    tables, modality_risk, index = {}, {}, pd.RangeIndex(n_samples)
    rate = _baseline_rate(log_hazard_ratio, event_rate)
    for name, strength in signals.items():
        columns = rng.standard_normal((n_samples, n_signal + n_noise))
        columns[:, :n_signal] += strength / np.sqrt(n_signal) * hidden[:, None]
        names = [*(f"signal_{i}" for i in range(n_signal)), *(f"noise_{i}" for i in range(n_noise))]
        tables[name] = modality_frame(name, columns, names, index)
        summed = columns[:, :n_signal].sum(axis=1) / np.sqrt(n_signal)
        modality_risk[name] = _risk_given_sum(summed, strength, rate, log_hazard_ratio)
    hazard = rate * np.exp(log_hazard_ratio * hidden)
    event_time = rng.exponential(size=n_samples) / hazard
    censoring_hazard = np.exp(censoring_dependence * summed / np.sqrt(1 + strength**2))
    censoring_time = rng.exponential(size=n_samples) / censoring_hazard
    censoring_time = censoring_time / _censoring_rate(hazard, censoring_hazard, censoring) if censoring else np.inf
    return make_bunch(
        tables,
        pd.Series((event_time <= HORIZON).astype(int), index, name="event_by_horizon"),
        make_survival_modalities.__doc__ or "",
        time=pd.Series(np.minimum(event_time, censoring_time), index, name="time"),
        event=pd.Series(event_time <= censoring_time, index, name="event"),
        horizon=HORIZON,
        true_risk=pd.Series(-np.expm1(-hazard * HORIZON), index, name="true_risk"),
        modality_risk=pd.DataFrame(modality_risk, index),
    )


def _check(
    n_samples: int,
    n_signal: int,
    n_noise: int,
    signals: dict[str, float],
    log_hazard_ratio: float,
    event_rate: float,
    censoring: float,
    censoring_dependence: float,
) -> None:
    for name, count, minimum in (("n_samples", n_samples, 1), ("n_signal", n_signal, 1), ("n_noise", n_noise, 0)):
        check_count(name, count, minimum)
    numbers = {f"signal[{name!r}]": strength for name, strength in signals.items()}
    numbers |= {"log_hazard_ratio": log_hazard_ratio, "censoring_dependence": censoring_dependence}
    for name, value in {**numbers, "event_rate": event_rate, "censoring": censoring}.items():
        check_finite(name, value)
    if not signals:
        raise ValueError("signal={} must name at least one modality, such as {'rna': 2.0, 'panel': 0.7}.")
    if not 0 < event_rate < 1:
        raise ValueError(f"event_rate={event_rate!r} must lie between 0 and 1: the share of events by the horizon.")
    if not 0 <= censoring < 1:
        raise ValueError(f"censoring={censoring!r} must be a share of the rows, from 0 to below 1.")


def _normal_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean over a standard normal variable, of values at the nodes of the quadrature (last axis)."""
    return values @ weights / np.sqrt(2 * np.pi)


def _baseline_rate(log_hazard_ratio: float, event_rate: float) -> float:
    """Rate r with E[1 - exp(-r exp(b u) h)] = event_rate."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)

    def excess(log_rate: float) -> float:
        return float(_normal_mean(-np.expm1(-np.exp(log_rate + log_hazard_ratio * nodes) * HORIZON), weights))

    width = 40 + 10 * abs(log_hazard_ratio)
    return float(np.exp(brentq(lambda log_rate: excess(log_rate) - event_rate, -width, width)))


def _risk_given_sum(summed: np.ndarray, strength: float, rate: float, log_hazard_ratio: float) -> np.ndarray:
    """P(event by the horizon | columns): u given the sum of the signal columns is normal."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)
    variance = 1 / (1 + strength**2)
    hidden = variance * strength * summed[:, None] + np.sqrt(variance) * nodes
    return _normal_mean(-np.expm1(-rate * np.exp(log_hazard_ratio * hidden) * HORIZON), weights)


def _censoring_rate(hazard: np.ndarray, relative: np.ndarray, share: float) -> float:
    """Rate c with mean P(censored before event and horizon) = share; both times are exponential."""

    def excess(log_rate: float) -> float:
        censoring_hazard = np.exp(log_rate) * relative
        total = censoring_hazard + hazard
        return float((censoring_hazard / total * -np.expm1(-total * HORIZON)).mean()) - share

    # At most every row is censored at once.
    return float(np.exp(brentq(excess, -50, 50)))
