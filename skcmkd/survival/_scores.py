"""Scores of predicted risks under censoring."""

from __future__ import annotations

import numpy as np

from .._validation._array_checks import check_1d, check_same_length
from .._validation._sklearn import ArrayLike
from ._horizon import label_at, uncensored_probability, weight_of
from ._kaplan_meier import KaplanMeier, kaplan_meier_of_censoring
from ._outcome import check_followed_to, check_horizon, check_time_and_event
from ._pairs import PairWeight, auc_pairs, harrell_pairs, sum_pairs, uno_pairs


def ipcw_brier_score(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, horizon: float, *, censoring: KaplanMeier | None = None
) -> float:
    """Score predicted risks at a horizon by the Brier score, with weights against censoring.

    With y_i and w_i of :func:`horizon_labels` and p_i the predicted probability of the event by the horizon::

        1/n sum_i w_i (y_i - p_i)^2

    over the rows with a label; n counts all rows. Less is better.

    Parameters
    ----------
    time : array-like of shape (n_samples,)
        Time to the event or to censoring, of 0 or more.
    event : array-like of shape (n_samples,)
        1 where the event was seen, 0 where the row was censored.
    risk : array-like of shape (n_samples,)
        Predicted probability of the event by the horizon.
    horizon : float
        Above 0, in the unit of time.
    censoring : KaplanMeier, default=None
        Censoring distribution of the training rows; None estimates it from these rows.

    Returns
    -------
    float
        The score; without censoring the mean squared error of the probability.

    Raises
    ------
    ValueError
        If time, event or risk are not as described, the horizon is beyond the last time, or a weight is infinite.

    References
    ----------
    Graf, Schmoor, Sauerbrei, Schumacher. Assessment and comparison of prognostic classification schemes for survival
    data. Statistics in Medicine 18, 1999.

    Examples
    --------
    >>> from skcmkd.survival import ipcw_brier_score
    >>> ipcw_brier_score([1, 2, 4, 5], [1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5], horizon=3)
    0.25
    """
    time, event, risk = _check(time, event, risk)
    if not ((risk >= 0) & (risk <= 1)).all():
        wrong = risk[(risk < 0) | (risk > 1)][0]
        raise ValueError(
            f"risk holds {wrong:g}, and must hold probabilities of the event by the horizon, from 0 to 1, such as "
            "predict_proba(X)[:, 1]."
        )
    horizon = _check_horizon(time, horizon)
    label = label_at(time, event, horizon)
    return float(brier_rows(label, _uncensored(time, event, horizon, censoring), risk).mean())


def cumulative_dynamic_auc(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, horizon: float, *, censoring: KaplanMeier | None = None
) -> float:
    """Score how well risks separate the rows with an event by a horizon from those without.

    With labels y and weights w of :func:`horizon_labels`::

        v_ij = w_i w_j 1{y_i = 1, y_j = 0}
        AUC  = sum_ij v_ij (1{risk_i > risk_j} + 1/2 1{risk_i = risk_j}) / sum_ij v_ij

    Parameters
    ----------
    time : array-like of shape (n_samples,)
        Time to the event or to censoring, of 0 or more.
    event : array-like of shape (n_samples,)
        1 where the event was seen, 0 where the row was censored.
    risk : array-like of shape (n_samples,)
        Predicted risk, of any scale.
    horizon : float
        Above 0, in the unit of time.
    censoring : KaplanMeier, default=None
        Censoring distribution of the training rows; None estimates it from these rows.

    Returns
    -------
    float
        Between 0 and 1; 0.5 for a constant risk.

    Raises
    ------
    ValueError
        If time, event or risk are not as described, the horizon is beyond the last time, no pair can be compared, or a
        weight is infinite.

    References
    ----------
    Uno, Cai, Tian, Wei. Evaluating prediction rules for t-year survivors with censored regression models. JASA 102,
    2007.

    Examples
    --------
    >>> from skcmkd.survival import cumulative_dynamic_auc
    >>> cumulative_dynamic_auc([1, 2, 4, 5], [1, 0, 1, 0], [0.9, 0.1, 0.3, 0.2], horizon=3)
    1.0
    """
    time, event, risk = _check(time, event, risk)
    horizon = _check_horizon(time, horizon)
    return _share(*auc_pairs(time, event, horizon, _uncensored(time, event, horizon, censoring)), risk)


def concordance_index(time: ArrayLike, event: ArrayLike, risk: ArrayLike) -> float:
    """Score how well risks order the rows by the time of their event: Harrell's C.

    The share of pairs in which the row with the earlier event has the higher risk; equal risks count half. A pair
    can be compared if the earlier time is an event; a row censored at the time of an event was without it longer.

    Parameters
    ----------
    time : array-like of shape (n_samples,)
        Time to the event or to censoring, of 0 or more.
    event : array-like of shape (n_samples,)
        1 where the event was seen, 0 where the row was censored.
    risk : array-like of shape (n_samples,)
        Predicted risk, of any scale: a higher risk means an earlier event.

    Returns
    -------
    float
        Between 0 and 1; 0.5 for a constant risk. With much censoring it depends on the censoring:
        :func:`ipcw_concordance_index` does not.

    Raises
    ------
    ValueError
        If time, event or risk are not as described, or no pair can be compared.

    References
    ----------
    Harrell, Lee, Mark. Multivariable prognostic models. Statistics in Medicine 15, 1996.

    Examples
    --------
    >>> from skcmkd.survival import concordance_index
    >>> concordance_index([1, 2, 4, 5], [1, 0, 1, 0], [0.9, 0.1, 0.3, 0.4])
    0.75
    """
    time, event, risk = _check(time, event, risk)
    return _share(*harrell_pairs(time, event), risk)


def ipcw_concordance_index(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, horizon: float, *, censoring: KaplanMeier | None = None
) -> float:
    """Score how well risks order the rows by the time of their event, with weights against censoring: Uno's C.

    Each pair of :func:`concordance_index` whose earlier time t_i is at most the horizon has the weight 1 / G(t_i-)^2.

    Parameters
    ----------
    time : array-like of shape (n_samples,)
        Time to the event or to censoring, of 0 or more.
    event : array-like of shape (n_samples,)
        1 where the event was seen, 0 where the row was censored.
    risk : array-like of shape (n_samples,)
        Predicted risk, of any scale: a higher risk means an earlier event.
    horizon : float
        Later events are not compared; above 0, in the unit of time.
    censoring : KaplanMeier, default=None
        Censoring distribution of the training rows; None estimates it from these rows.

    Returns
    -------
    float
        Between 0 and 1; 0.5 for a constant risk.

    Raises
    ------
    ValueError
        If time, event or risk are not as described, the horizon is beyond the last time, no pair can be compared, or a
        weight is infinite.

    References
    ----------
    Uno, Cai, Pencina, D'Agostino, Wei. On the C-statistics for evaluating overall adequacy of risk prediction
    procedures with censored survival data. Statistics in Medicine 30, 2011.

    Examples
    --------
    >>> from skcmkd.survival import ipcw_concordance_index
    >>> ipcw_concordance_index([1, 2, 4, 5], [1, 0, 1, 0], [0.9, 0.1, 0.3, 0.4], horizon=5).__round__(3)
    0.571
    """
    time, event, risk = _check(time, event, risk)
    horizon = _check_horizon(time, horizon)
    return _share(*uno_pairs(time, event, horizon, _uncensored(time, event, horizon, censoring)), risk)


def brier_rows(label: np.ndarray, uncensored: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Part of each row in the Brier score; 0 of a row without a label."""
    return weight_of(label, uncensored) * (np.nan_to_num(label) - risk) ** 2


def _share(first: np.ndarray, pair_weight: PairWeight, risk: np.ndarray) -> float:
    concordant, total = sum_pairs(first, pair_weight, risk, np.zeros(len(risk), dtype=int), 1)
    if total[-1] == 0:
        raise ValueError(
            f"No pair of the {len(risk)} rows can be compared: it takes a row with an event, and one that was followed "
            "longer. Give more rows, or another horizon."
        )
    return float(concordant[-1] / total[-1])


def _check(time: ArrayLike, event: ArrayLike, risk: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    times, events = check_time_and_event(time, event)
    risk = check_1d(risk, "risk").astype(np.float64)
    check_same_length(times, risk, "risk", "time")
    if not np.isfinite(risk).all():
        raise ValueError(
            f"risk is missing or infinite in {int((~np.isfinite(risk)).sum())} of {len(risk)} rows. Score the rows "
            "that have a prediction."
        )
    return times, events, risk


def _check_horizon(time: np.ndarray, horizon: float) -> float:
    horizon = check_horizon(horizon)
    check_followed_to(time, horizon)
    return horizon


def _uncensored(time: np.ndarray, event: np.ndarray, horizon: float, censoring: KaplanMeier | None) -> np.ndarray:
    censoring = kaplan_meier_of_censoring(time, event) if censoring is None else censoring
    return uncensored_probability(time, horizon, censoring)
