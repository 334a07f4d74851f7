import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from skcmkd.survival import (
    concordance_index,
    cumulative_dynamic_auc,
    ipcw_brier_score,
    ipcw_concordance_index,
    kaplan_meier,
    kaplan_meier_of_censoring,
)

from .outcomes import EVENT, RISK, TIME, draw_outcome, uncensored_before_by_hand

HORIZONS = [3.0, 7.5, 8.0]


def weight_by_hand(t, horizon, train):
    return 1 / uncensored_before_by_hand(*train, min(t, horizon))


def label_by_hand(t, e, horizon):
    if e and t <= horizon:
        return 1
    return 0 if t >= horizon else None


def brier_by_hand(time, event, risk, horizon, train):
    total = 0.0
    for t, e, p in zip(time, event, risk, strict=True):
        label = label_by_hand(t, e, horizon)
        if label is not None:
            total += weight_by_hand(t, horizon, train) * (label - p) ** 2
    return total / len(time)


def auc_by_hand(time, event, risk, horizon, train):
    rows = list(zip(time, event, risk, strict=True))
    above = below = 0.0
    for t, e, p in rows:
        for other, other_event, q in rows:
            if label_by_hand(t, e, horizon) == 1 and label_by_hand(other, other_event, horizon) == 0:
                weight = weight_by_hand(t, horizon, train) * weight_by_hand(other, horizon, train)
                above += weight * ((p > q) + (p == q) / 2)
                below += weight
    return above / below


def concordance_by_hand(time, event, risk, horizon=None, train=None):
    rows = list(zip(time, event, risk, strict=True))
    above = below = 0.0
    for t, e, p in rows:
        if not e or (horizon is not None and t > horizon):
            continue
        weight = 1.0 if train is None else uncensored_before_by_hand(*train, t) ** -2
        for other, other_event, q in rows:
            if other > t or (other == t and not other_event):
                above += weight * ((p > q) + (p == q) / 2)
                below += weight
    return above / below


def held_out(seed):
    """Outcome and risk of held-out rows, and the outcome of training rows."""
    time, event = draw_outcome(30, seed, rounded=seed % 2 == 1)
    return (time, event, np.random.RandomState(seed + 50).rand(30).round(1)), draw_outcome(50, seed + 100)


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize(
    ("score", "by_hand"),
    [
        (ipcw_brier_score, brier_by_hand),
        (cumulative_dynamic_auc, auc_by_hand),
        (ipcw_concordance_index, concordance_by_hand),
    ],
)
def test_equal_to_the_sums_written_out(score, by_hand, horizon):
    expected = by_hand(TIME, EVENT, RISK, horizon, (TIME, EVENT))
    np.testing.assert_allclose(score(TIME, EVENT, RISK, horizon), expected, rtol=1e-10)
    for seed in range(2):
        rows, train = held_out(seed)
        made = score(*rows, 3.0, censoring=kaplan_meier_of_censoring(*train))
        np.testing.assert_allclose(made, by_hand(*rows, 3.0, train), rtol=1e-10)
        assert made != score(*rows, 3.0)  # the censoring of the training rows is another one


def test_harrells_c_equals_the_sum_written_out_and_lifelines():
    """concordance_index of lifelines 0.30.3 on the same rows, some with equal times or risks."""
    np.testing.assert_allclose(concordance_index(TIME, EVENT, RISK), 0.95419847328244278, rtol=1e-12)
    for seed in range(4):
        rows, _ = held_out(seed)
        np.testing.assert_allclose(concordance_index(*rows), concordance_by_hand(*rows), rtol=1e-12)


def test_more_rows_than_a_batch():
    time, event = draw_outcome(700, 5)
    risk = np.random.RandomState(5).rand(700)
    first = np.flatnonzero(event)
    later = time > time[first, None]
    expected = (later & (risk[first, None] > risk)).sum() / later.sum()
    np.testing.assert_allclose(concordance_index(time, event, risk), expected, rtol=1e-12)


def test_without_censoring_they_are_the_scores_of_classification():
    time, event = draw_outcome(60, 6, censoring=0)
    risk = np.random.RandomState(6).rand(60)
    np.testing.assert_allclose(ipcw_brier_score(time, event, risk, 3.0), brier_score_loss(time <= 3, risk), rtol=1e-12)
    np.testing.assert_allclose(
        cumulative_dynamic_auc(time, event, risk, 3.0), roc_auc_score(time <= 3, risk), rtol=1e-12
    )
    np.testing.assert_allclose(
        ipcw_concordance_index(time, event, risk, time.max()), concordance_index(time, event, risk), rtol=1e-12
    )


def test_a_constant_risk_is_worth_a_half_and_the_variance_of_the_event():
    constant = np.full(20, 1 - kaplan_meier(TIME, EVENT).at([7.5])[0])
    assert cumulative_dynamic_auc(TIME, EVENT, constant, 7.5) == 0.5
    assert concordance_index(TIME, EVENT, constant) == 0.5
    assert ipcw_concordance_index(TIME, EVENT, constant, 7.5) == 0.5
    np.testing.assert_allclose(
        ipcw_brier_score(TIME, EVENT, constant, 7.5), constant[0] * (1 - constant[0]), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ipcw_brier_score(TIME, EVENT, 2 * RISK, 5), r"risk holds 1.1, and must hold probabilities"),
        (lambda: ipcw_brier_score(TIME, EVENT, RISK, 13), r"horizon=13 is beyond the last time, 12"),
        (lambda: cumulative_dynamic_auc(TIME, EVENT, RISK[:5], 5), r"risk has 5 rows and time has 20"),
        (lambda: concordance_index(TIME, EVENT, np.full(20, np.nan)), r"risk is missing or infinite in 20 of 20 rows"),
        (lambda: concordance_index([1, 2], [0, 0], [1, 2]), r"No pair of the 2 rows can be compared"),
        (lambda: cumulative_dynamic_auc([3, 4], [1, 0], [1, 2], 2), r"No pair of the 2 rows"),
        (
            lambda: ipcw_brier_score(TIME, EVENT, RISK, 9, censoring=kaplan_meier_of_censoring([1, 2, 3], [1, 0, 0])),
            r"censored before horizon=9.*earlier horizon",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
