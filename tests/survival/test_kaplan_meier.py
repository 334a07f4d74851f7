import numpy as np
import pytest

from skcmkd.survival import kaplan_meier, kaplan_meier_of_censoring

from .outcomes import EVENT, TIME, draw_outcome, survival_by_hand, uncensored_before_by_hand


def test_curve_and_interval_equal_those_of_lifelines():
    """KaplanMeierFitter of lifelines 0.30.3 on the same rows; its default interval is the same."""
    curve = kaplan_meier(TIME, EVENT)
    np.testing.assert_array_equal(curve.time, [1, 2, 3, 4, 5, 7, 8, 11])
    expected = [
        (0.95, 0.6947431932565701, 0.9928022285933972),
        (0.8999999999999999, 0.6560307072615669, 0.9740101743957749),
        (0.8, 0.5511455642807276, 0.9198179135884562),
        (0.7466666666666666, 0.493937356442236, 0.886038037740318),
        (0.6933333333333334, 0.4399673675605704, 0.8492776763760929),
        (0.5672727272727274, 0.3132690645603289, 0.7581323468081038),
        (0.4412121212121212, 0.2070603149465821, 0.6536731200566216),
        (0.3309090909090909, 0.106759645494674, 0.5788629121245009),
    ]
    np.testing.assert_allclose(np.column_stack([curve.survival, *curve.interval()]), expected, rtol=1e-10)


def test_rows_of_a_group_are_no_independent_rows():
    """A group of each row is Greenwood's variance, and rows that come twice, in groups, count once."""
    time, event = draw_outcome(40, 0, rounded=True)
    curve, rows = kaplan_meier(time, event), np.arange(40)
    each = kaplan_meier(time, event, rows)
    np.testing.assert_allclose(each.interval(0.9), curve.interval(0.9), rtol=1e-10)
    twice = [np.r_[values, values] for values in (time, event, rows)]
    np.testing.assert_allclose(kaplan_meier(*twice).interval(0.9), curve.interval(0.9), rtol=1e-10)
    np.testing.assert_array_equal(kaplan_meier(*twice).survival, kaplan_meier(*twice[:2]).survival)
    lower, upper = kaplan_meier(*twice[:2]).interval(0.9)
    known = curve.survival > 0
    assert (lower[known] > curve.interval(0.9)[0][known]).all()
    assert (upper[known] < curve.interval(0.9)[1][known]).all()
    with pytest.raises(ValueError, match="groups has 39 rows and time has 40"):
        kaplan_meier(time, event, rows[1:])


@pytest.mark.parametrize("rounded", [False, True])
def test_curves_equal_the_products_written_out(rounded):
    time, event = draw_outcome(40, 0, rounded=rounded)
    points = np.r_[0.0, time, time + 0.5]
    expected = [survival_by_hand(time, event, t) for t in points]
    np.testing.assert_allclose(kaplan_meier(time, event).at(points), expected, rtol=1e-10)
    expected = [uncensored_before_by_hand(time, event, t) for t in points]
    np.testing.assert_allclose(kaplan_meier_of_censoring(time, event).before(points), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("rounded", [False, True])
def test_both_curves_multiply_to_the_share_of_rows_still_followed(rounded):
    time, event = draw_outcome(60, 1, rounded=rounded)
    points = np.linspace(0, time.max(), 31)
    product = kaplan_meier(time, event).at(points) * kaplan_meier_of_censoring(time, event).at(points)
    np.testing.assert_allclose(product, (time > points[:, None]).mean(axis=1), atol=1e-12)


def test_without_censoring_it_is_the_share_of_later_rows():
    time, event = draw_outcome(30, 2, censoring=0)
    curve = kaplan_meier(time, event)
    np.testing.assert_allclose(curve.at(time), (time > time[:, None]).mean(axis=1), atol=1e-12)
    assert np.isnan(curve.interval()[0][-1])  # the curve is 0
    np.testing.assert_array_equal(kaplan_meier_of_censoring(time, event).at(time), 1)


@pytest.mark.parametrize("confidence", [95, 0, 1.0, np.nan])
def test_an_interval_needs_a_probability(confidence):
    with pytest.raises(ValueError, match=f"confidence={confidence} must lie between 0 and 1"):
        kaplan_meier(TIME, EVENT).interval(confidence)


def test_numbers_at_risk():
    np.testing.assert_array_equal(kaplan_meier(TIME, EVENT).count_at_risk([0, 3, 3.5, 12, 13]), [20, 18, 15, 3, 0])
